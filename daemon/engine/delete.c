#include "daemon/engine/job.h"

int
delete_run(struct job *job, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

