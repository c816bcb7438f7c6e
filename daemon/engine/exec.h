/* One command entering a running container: what its parts share. */
#ifndef BERTH_EXEC_H
#define BERTH_EXEC_H

#include <sys/types.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/confine.h"
#include "schema/protocol.h"

struct exec_entry {
	const struct request *request;
	struct cgroup_entry groups;
	struct confine confine;
	int init; /* pidfd */
	int sync; /* SEQPACKET to the job: struct exec_report */
};

/*
 * The two processes behind the job say what they have done. The first enters the container and sends EXEC_STARTED with the
 * second's pidfd and the job's ends of its terminal (one) or pipes (stdin, stdout, stderr); the second, the command itself,
 * sends EXEC_READY just before execve().
 */
enum exec_stage { EXEC_STARTED = 1, EXEC_READY, EXEC_FAILED };

struct exec_report {
	int32_t stage;
	int32_t kind;   /* enum err_kind of EXEC_FAILED */
	char param[32]; /* the request's field that is wrong, or "" */
	char text[200];
};

enum { EXEC_PTY_FDS = 2, EXEC_PIPE_FDS = 4 };

/* The entering process, just cloned into the command's group. Never returns. */
void exec_enter(struct exec_entry *x) __attribute__((noreturn));

enum { EXEC_GROUPS_MAX = 256 };

/* A user as the container's own /etc/passwd and /etc/group have it. */
struct exec_user {
	uid_t uid;
	gid_t gid;
	gid_t groups[EXEC_GROUPS_MAX];
	size_t ngroups;
	char name[64];
	char home[256];
	char shell[256];
};

/* Looks `who` up, a name or a uid, in the files below the current root: the container's, for the caller is inside. */
int exec_user_find(const char *who, struct exec_user *user_out, struct err *e);

#endif
