#include "daemon/engine/job.h"

int
limits_run(struct job *job, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

