/*
 * The doctor's findings. A check looks at one thing and tells what it found; where it may put things right and was asked to, it
 * does so first. doctor_host.c: the machine; doctor_leaks.c: what Berth left on it.
 */
#ifndef BERTH_DOCTOR_H
#define BERTH_DOCTOR_H

#include "daemon/engine/job.h"

enum doctor_severity {
	DOCTOR_OK,
	DOCTOR_NOTE,    /* worth knowing */
	DOCTOR_WARNING, /* will hurt one day */
	DOCTOR_PROBLEM, /* hurts now */
	DOCTOR_SEVERITY_COUNT
};

enum doctor_mend {
	DOCTOR_BY_HAND,
	DOCTOR_CAN_FIX, /* `berth doctor --fix` does it */
	DOCTOR_FIXED
};

struct json_object;

struct doctor {
	struct job *job;
	struct json_object *items;
	bool fix;
};

/* check: its name, for scripts. remedy: what to do, or NULL. */
void doctor_tell(struct doctor *d, const char *check, enum doctor_severity severity, enum doctor_mend mend, const char *remedy,
                 const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* The kernel's release, and the stable version that Debian builds it from where `version` (uname -v) names one. */
struct doctor_kernel {
	int major, minor, patch;
};
bool doctor_parse_kernel(const char *release, const char *version, struct doctor_kernel *out);
/* A defect known in this kernel by which a container may break out, as text; NULL: none of those that we know of. */
const char *doctor_known_defect(const struct doctor_kernel *kernel);

void doctor_check_host(struct doctor *d);
void doctor_check_leaks(struct doctor *d);

#endif
