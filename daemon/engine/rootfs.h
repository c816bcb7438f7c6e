/* The container's root: overlay over idmapped layers of the template (below) and the volume (above). */
#ifndef BERTH_ROOTFS_H
#define BERTH_ROOTFS_H

#include <sys/types.h>

#include "schema/spec.h"

/*
 * Mounts the container's tree with the id map of userns_fd. The result is a detached mount, for move_mount(). The caller must
 * be in a mount namespace of its own (unshare(CLONE_NEWNS), / made private): on kernels that take no layers by descriptor
 * the layers get attached there. File-system ids are 0 again afterwards.
 */
int rootfs_mount(const struct spec *spec, int userns_fd, int *mount_fd_out, struct err *e);

/* The tree of spec->rescue instead, with what is written going to a tmpfs. */
int rootfs_mount_rescue(const struct spec *spec, int userns_fd, int *mount_fd_out, struct err *e);

/* A user namespace with the container's map and no process in it, for work on a tree that isn't running. */
int rootfs_userns_open(const struct spec *spec, int *userns_fd_out, struct err *e);

/* Writes the container's map for a process that was just cloned into a new user namespace. */
int rootfs_userns_map(const struct spec *spec, pid_t pid, struct err *e);

/* Makes `id` the thread's file-system uid and gid, with every capability kept: what root makes then belongs to that id. */
int rootfs_set_fsid(uint32_t id, struct err *e);

/* A pidfd of a running init; ERR_CONFLICT unless the process is alive and has this container's id map. */
int rootfs_open_init(const struct spec *spec, pid_t pid, int *pidfd_out, struct err *e);

/*
 * Runs `work(arg)` in a child as the container's root, with the container's tree as its root, no capability outside its user
 * namespace and no descriptor but 0-2 and one back to the caller: in the running container when init_pid > 0 (its user, mount,
 * network, IPC, UTS and cgroup namespaces), else in a throwaway user namespace where only the tree is mounted: no /proc, no /dev.
 * What it returns by filling e comes back, nothing else does. Blocks at most timeout_ms; then the child is killed: ERR_TIMEOUT.
 *
 * `work` must not load code from the tree: no NSS (getpwnam…), iconv, locale or dlopen.
 */
int rootfs_run_inside(const struct spec *spec, pid_t init_pid, int (*work)(void *arg, struct err *e), void *arg, int timeout_ms,
                      struct err *e);

#endif
