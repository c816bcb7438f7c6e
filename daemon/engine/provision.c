#include "daemon/engine/provision.h"

int
provision_run(const struct spec *spec, unsigned int parts, const char *password, pid_t init_pid, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

