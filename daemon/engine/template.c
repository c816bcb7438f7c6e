#include "daemon/engine/job.h"
#include "daemon/engine/template.h"

int
template_build_run(struct job *job, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
template_delete_run(struct job *job, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}


void
template_sweep(const struct settings *s)
{
}
