#include "daemon/model/model.h"

#include <stdio.h>
#include <time.h>

int64_t
model_now(void)
{
	return time(NULL);
}

void
model_changed(struct model *m)
{
	if (m->changed)
		m->changed(m->changed_arg);
}

int
model_commit(struct model *m, struct txn *txn, struct err *e)
{
	if (txn_commit(txn, e) < 0)
		return -1;
	model_changed(m);
	return 0;
}

void
model_is_about(struct model *m, const char *tenant, const char *container, const char *object)
{
	struct subject *subject = m->subject;

	if (!subject)
		return;
	if (tenant)
		snprintf(subject->tenant, sizeof subject->tenant, "%s", tenant);
	if (container)
		snprintf(subject->container, sizeof subject->container, "%s", container);
	if (object)
		snprintf(subject->object, sizeof subject->object, "%s", object);
}
