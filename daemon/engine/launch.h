/* One launch: what its parts (launch.c, launch_mounts.c, launch_init.c) share. */
#ifndef BERTH_LAUNCH_H
#define BERTH_LAUNCH_H

#include <sys/types.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/confine.h"
#include "daemon/engine/job.h"
#include "schema/spec.h"

struct launch {
	struct job *job;
	const struct spec *spec;
	bool gives_root; /* and its lock, to the monitor */
	struct confine confine;
	struct cgroup_entry entry;
	int home; /* the host's mount namespace */
	int home_net;
	int run_dir; /* the job's working directory */
	int sync;    /* SEQPACKET to the future init: struct init_report from it, one byte to it */
	int netns;
	pid_t pid; /* the future init; the monitor's child */
	int pidfd;
	int unit;           /* to berth-unit, where systemd's scope is the container's */
	int net;            /* SEQPACKET to the network helper */
	size_t net_pending; /* answers that it owes */
	int root;           /* its root mount */
	int root_lock;      /* see root_lock.h */
	int dev;            /* the tmpfs at its /dev */
	int master;         /* its console's pty */
};

/* What the future init says; each stage once. A failure ends it. */
enum init_stage {
	INIT_JOINED = 1, /* in its cgroups and cgroup namespace */
	INIT_EXEC,       /* next is execve(): then the socket's end means success */
	INIT_FAILED
};

struct init_report {
	enum init_stage stage;
	int error; /* errno */
	char what[64];
};

/* What launches ask of `berth-job net`, descriptor 4: NET_ATTACH comes with the network namespace. Each is answered. */
enum net_command {
	NET_ATTACH = 'a',
	NET_DETACH = 'd',
	NET_MORE_DISK = 'm', /* not the network's, but this job is at hand: room for what overlay makes when it is mounted */
	NET_OWN_DISK = 'o'   /* the limit as it was */
};

struct net_answer {
	int32_t rc;
	struct err error;
};

/* Loading the network's libraries and using them goes on beside the mounts. */
int launch_net_begin(struct launch *l, struct err *e);
int launch_net_attach(struct launch *l, struct err *e);
int launch_net_wait(struct launch *l, struct err *e);
void launch_net_detach(struct launch *l);
/* Has the volume a little more than its limit, or again just that. */
int launch_net_disk(struct launch *l, bool more, struct err *e);

/* Under systemd: the monitor's scope is made beside the rest; in the end machined is told, and not waited for. */
int launch_unit_begin(struct launch *l, struct err *e);
int launch_unit_wait(struct launch *l, struct err *e);
void launch_unit_register(struct launch *l);

/* The whole of it: until init runs, or nothing of it is left. Tells the monitor on descriptor 4. */
int launch_run(struct job *job, bool gives_root, struct err *e);

bool launch_monitor_gone(void);

/* The new process's side, up to execve(). Never returns. */
void launch_init(const struct launch *l) __attribute__((noreturn));

/* In this order. The tree is attached at the working directory, the rest within it; launch_pivot() makes it the root. */
int launch_mount_tree(struct launch *l, struct err *e);
int launch_mount_dev(struct launch *l, struct err *e);
int launch_mount_kernel(struct launch *l, struct err *e);
int launch_mount_cgroup(struct launch *l, struct err *e);
int launch_pivot(struct launch *l, struct err *e);

#endif
