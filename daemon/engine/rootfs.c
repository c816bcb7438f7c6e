#include "daemon/engine/rootfs.h"

int
rootfs_mount(const struct spec *spec, int userns_fd, int *mount_fd_out, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
rootfs_userns_begin(const struct spec *spec, int *userns_fd_out, pid_t *holder_out, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

void
rootfs_userns_end(pid_t holder)
{
	
}

int
rootfs_run_inside(const struct spec *spec, pid_t init_pid, int (*work)(void *arg, struct err *e), void *arg, int timeout_ms, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

