/* A container's scope: made with its monitor as the only process, which then moves below, so that the payload can have limits. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/engine/cgroup_file.h"
#include "daemon/engine/unit_bus.h"
#include "daemon/util/fd.h"

enum { SCOPE_TRIES = 250, SCOPE_PAUSE_MS = 20, SCOPE_PATH_MAX = 300 };

static const char *const scope_controllers[] = { "memory", "cpu", "pids", "io" };

static void
scope_path(const struct unit_scope *scope, char path[SCOPE_PATH_MAX])
{
	snprintf(path, SCOPE_PATH_MAX, "%s/%s/%s", scope->root, scope->slice, scope->name);
}

static bool
scope_holds_monitor(const struct unit_scope *scope)
{
	char path[64], wanted[SCOPE_PATH_MAX];
	AUTO_FREE char *text = NULL;

	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)scope->monitor);
	snprintf(wanted, sizeof wanted, "0::/%s/%s/monitor\n", scope->slice, scope->name);
	return fd_read_file(AT_FDCWD, path, 64 * 1024, &text, NULL, NULL) == 0 && strstr(text, wanted);
}

/* Of an earlier life, with something of the container's still in it. */
static bool
scope_is_populated(const struct unit_scope *scope)
{
	char dir[SCOPE_PATH_MAX], path[SCOPE_PATH_MAX + 32];
	AUTO_FREE char *text = NULL;

	scope_path(scope, dir);
	snprintf(path, sizeof path, "%s/payload/cgroup.events", dir);
	return fd_read_file(AT_FDCWD, path, 4096, &text, NULL, NULL) == 0 && strstr(text, "populated 1");
}

/*
 * Limits are the payload's. On the way down systemd ends what is ordered after the scopes first: that service stops the
 * containers properly.
 */
static int
scope_fill(sd_bus_message *m, const struct unit_scope *scope)
{
	int rc = sd_bus_message_append(m, "ss", scope->name, "fail");

	if (rc >= 0)
		rc = sd_bus_message_open_container(m, 'a', "(sv)");
	if (rc >= 0)
		rc = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)", "Description", "s", scope->text, "Slice", "s", scope->slice,
		                           "PIDs", "au", 1, (uint32_t)scope->monitor, "Delegate", "b", 1, "CollectMode", "s",
		                           "inactive-or-failed");
	if (rc >= 0)
		rc = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)", "CPUAccounting", "b", 1, "MemoryAccounting", "b", 1,
		                           "IOAccounting", "b", 1, "TasksAccounting", "b", 1, "TasksMax", "t", UINT64_MAX, "Before",
		                           "as", 1, "berth-containers.service");
	if (rc >= 0)
		rc = sd_bus_message_close_container(m);
	return rc < 0 ? rc : sd_bus_message_append(m, "a(sa(sv))", 0);
}

static int
scope_start(struct unit_bus *u, const struct unit_scope *scope, struct err *e)
{
	sd_bus_message *m = NULL;
	int rc;

	if (unit_bus_new(u, &m, "StartTransientUnit", e) < 0)
		return -1;
	rc = scope_fill(m, scope);
	if (rc >= 0)
		return unit_bus_call(u, m, true, e);
	sd_bus_message_unref(m);
	errno = -rc;
	return err_sys(e, "make a message");
}

/* The scope of the last life ends with its monitor, a moment after that has said so. */
static int
scope_start_when_free(struct unit_bus *u, const struct unit_scope *scope, struct err *e)
{
	const struct timespec pause = { .tv_nsec = SCOPE_PAUSE_MS * 1000000L };
	int rc;

	for (int i = 0; (rc = scope_start(u, scope, e)) < 0 && u->there && i < SCOPE_TRIES; i++) {
		if (scope_is_populated(scope))
			return err_set(e, ERR_CONFLICT, "'%s' still holds processes of the container: systemctl status %s",
			               scope->name, scope->name);
		err_clear(e);
		nanosleep(&pause, NULL);
	}
	return rc;
}

/* Processes may be in the leaves alone. */
static int
scope_divide(const struct unit_scope *scope, struct err *e)
{
	char path[SCOPE_PATH_MAX], text[32];
	AUTO_CLOSE int dir = -1;

	scope_path(scope, path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || (mkdirat(dir, "monitor", 0755) < 0 && errno != EEXIST))
		return err_sys(e, "make '%s/monitor'", path);
	snprintf(text, sizeof text, "%d", (int)scope->monitor);
	if (fd_write_kernel(dir, "monitor/cgroup.procs", text, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof scope_controllers / sizeof *scope_controllers; i++) {
		snprintf(text, sizeof text, "+%s", scope_controllers[i]);
		if (cgroup_file_word(dir, "cgroup.controllers", scope_controllers[i]) &&
		    fd_write_kernel(dir, "cgroup.subtree_control", text, e) < 0)
			return -1;
	}
	return 0;
}

int
unit_scope_enter(struct unit_bus *u, const struct unit_scope *scope, struct err *e)
{
	if (scope_holds_monitor(scope))
		return 0;
	if (unit_bus_open(u, e) < 0 || scope_start_when_free(u, scope, e) < 0)
		return err_wrap(e, "make '%s'", scope->name);
	return scope_divide(scope, e);
}
