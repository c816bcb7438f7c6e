/* The container's root: overlay over idmapped layers of the template (below) and the volume (above). */
#ifndef BERTH_ROOTFS_H
#define BERTH_ROOTFS_H

#include <sys/types.h>

#include "schema/spec.h"

/*
 * Mounts the root with the id map of userns_fd. The result is a detached mount (an open_tree-like descriptor), or, on kernels
 * that can't, one attached below a private mount point; either way the caller must be in a mount namespace of its own
 * (unshare(CLONE_NEWNS), / made private). The thread's fsuid is restored. mount_fd_out: for move_mount() or fchdir()+chroot().
 */
int rootfs_mount(const struct spec *spec, int userns_fd, int *mount_fd_out, struct err *e);

/*
 * A throwaway user namespace with the container's map, for work on a tree that isn't running: forks a child into it that waits.
 * The caller closes the descriptor and then calls rootfs_userns_end().
 */
int rootfs_userns_begin(const struct spec *spec, int *userns_fd_out, pid_t *holder_out, struct err *e);
void rootfs_userns_end(pid_t holder);

/*
 * Runs `work(arg)` as the container's root, chrooted in its tree, with no capability outside its user namespace and no
 * descriptor but 0-2 and one back to the caller: in the running container when init_pid > 0 (its namespaces entered by pidfd),
 * else in a throwaway one. What it returns by filling e comes back. Blocks at most timeout_ms.
 */
int rootfs_run_inside(const struct spec *spec, pid_t init_pid, int (*work)(void *arg, struct err *e), void *arg, int timeout_ms,
		      struct err *e);

#endif
