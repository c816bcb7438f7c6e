/* A container's traffic of a month against what it may have: what is to happen, and that it happens once. */
#ifndef BERTH_MODEL_ALLOWANCE_H
#define BERTH_MODEL_ALLOWANCE_H

#include "daemon/model/model.h"

/* Who suspends for it: what he did is lifted when there is traffic again. */
extern const struct who who_allowance;

struct allowance_verdict {
	int64_t share;   /* reached: 0, 80 or 100 */
	int64_t crossed; /* since it was last looked at: each of these has an event; 0: none */
	bool lowered;    /* a new month, or more traffic */
	bool suspend;    /* now */
	bool unsuspend;
	bool throttled; /* what it is to be */
	bool changed;   /* to be recorded */
};
/* A pure rule. month: the present one's beginning. */
struct allowance_verdict allowance_judge(const struct allowance_row *row, int64_t month);
/* In one transaction: the events, and that they have been. */
int allowance_record(struct model *m, const struct allowance_row *row, const struct allowance_verdict *verdict, int64_t month,
                     struct err *e);

#endif
