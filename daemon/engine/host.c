#include "daemon/engine/job.h"

int
host_setup_run(struct job *job, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
host_cleanup_run(struct job *job, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

