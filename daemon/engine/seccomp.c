#include "daemon/engine/seccomp.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "daemon/util/fd.h"

enum { SECCOMP_PROGRAM_MAX = BPF_MAXINSNS * sizeof(struct sock_filter) };

int
seccomp_read(const char *path, void **program_out, size_t *len_out, struct err *e)
{
	AUTO_FREE char *data = NULL;
	size_t len;

	if (fd_read_file(AT_FDCWD, path, SECCOMP_PROGRAM_MAX, &data, &len, e) < 0)
		return -1;
	if (len == 0 || len % sizeof(struct sock_filter) != 0)
		return err_set(e, ERR_INTERNAL, "'%s' holds no filter program", path);
	*program_out = take_ptr(&data);
	*len_out = len;
	return 0;
}

int
seccomp_install(const void *program, size_t len)
{
	struct sock_fprog prog = { (unsigned short)(len / sizeof(struct sock_filter)), (struct sock_filter *)(uintptr_t)program };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}
