/* Webhooks: the admin's are told all events, or one tenant's; an owner's his tenant's own. find and records: as in tenant.h. */
#ifndef BERTH_MODEL_WEBHOOK_H
#define BERTH_MODEL_WEBHOOK_H

#include "daemon/model/model.h"
#include "schema/webhook.h"

enum { WEBHOOKS_OF_TENANT = 10, WEBHOOKS_OF_HOST = 100 };

int webhook_find(struct model *m, const struct who *who, const char *id, struct webhook *hook_out, struct err *e);
/* secret_out: the text that is shown once, where it was made here; "" else. */
int webhook_create(struct model *m, const struct who *who, const struct webhook *body, bool dry_run, struct webhook *hook_out,
                   char *secret_out, size_t size, struct err *e);
int webhook_change(struct model *m, const struct who *who, struct webhook *hook, const struct webhook *patch, bool dry_run,
                   struct err *e);
int webhook_delete(struct model *m, const struct who *who, const struct webhook *hook, bool dry_run, struct err *e);

/* The event of that number was taken. */
int webhook_delivered(struct model *m, struct webhook *hook, int64_t seq, struct err *e);
/* It wasn't: later again, or, after too long, never; hook->enabled tells. */
int webhook_failed(struct model *m, struct webhook *hook, const char *why, struct err *e);
/* Up to there nothing was for it. */
int webhook_pass(struct model *m, struct webhook *hook, int64_t seq, struct err *e);

#endif
