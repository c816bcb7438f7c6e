/* berth-unit: what a job or a monitor asks of systemd and machined; see unit.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/spawn.h"
#include "daemon/engine/unit.h"
#include "daemon/engine/unit_bus.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

static int
unit_say(int rc, const struct err *e)
{
	struct unit_answer answer = { .rc = rc };

	if (rc < 0)
		answer.error = *e;
	return fd_send(SPAWN_UNIT, &answer, sizeof answer, NULL, 0, 0);
}

/* In the order of the words behind the slice's name; as many of systemd's unit as one of ours. */
static const struct {
	const char *property;
	uint64_t factor;
} slice_limits[] = { { "MemoryMax", 1 }, { "CPUQuotaPerSecUSec", 1000 }, { "TasksMax", 1 } };

enum { SLICE_LIMITS = sizeof slice_limits / sizeof *slice_limits };

static uint64_t
slice_limit(char **words, size_t i)
{
	uint64_t value = strtoull(words[1 + i], NULL, 10);

	return value > 0 ? value * slice_limits[i].factor : UINT64_MAX;
}

/* What is so already isn't set again: systemd would tell each reader of its status that the unit has changed. */
static bool
slice_is_limited(struct unit_bus *u, char **words)
{
	char *path = NULL;
	size_t same = 0;

	if (sd_bus_path_encode("/org/freedesktop/systemd1/unit", words[0], &path) < 0)
		return false;
	while (same < SLICE_LIMITS) {
		uint64_t value = 0;

		if (sd_bus_get_property_trivial(u->bus, "org.freedesktop.systemd1", path, "org.freedesktop.systemd1.Slice",
		                                slice_limits[same].property, NULL, 't', &value) < 0 ||
		    value != slice_limit(words, same))
			break;
		same++;
	}
	free(path);
	return same == SLICE_LIMITS;
}

static int
slice_fill(sd_bus_message *m, char **words, bool fresh)
{
	int rc = sd_bus_message_append(m, "s", words[0]);

	if (rc >= 0)
		rc = fresh ? sd_bus_message_append(m, "s", "fail") : sd_bus_message_append(m, "b", 1);
	if (rc >= 0)
		rc = sd_bus_message_open_container(m, 'a', "(sv)");
	if (rc >= 0 && fresh)
		rc = sd_bus_message_append(m, "(sv)", "Description", "s", "Berth's containers");
	for (size_t i = 0; rc >= 0 && i < SLICE_LIMITS; i++)
		rc = sd_bus_message_append(m, "(sv)", slice_limits[i].property, "t", slice_limit(words, i));
	if (rc >= 0)
		rc = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "CPUAccounting", "b", 1, "MemoryAccounting", "b", 1,
		                           "IOAccounting", "b", 1, "TasksAccounting", "b", 1);
	if (rc >= 0)
		rc = sd_bus_message_close_container(m);
	return rc < 0 || !fresh ? rc : sd_bus_message_append(m, "a(sa(sv))", 0);
}

static int
slice_set(struct unit_bus *u, char **words, bool fresh, struct err *e)
{
	sd_bus_message *m = NULL;
	int rc;

	if (unit_bus_new(u, &m, fresh ? "StartTransientUnit" : "SetUnitProperties", e) < 0)
		return -1;
	rc = slice_fill(m, words, fresh);
	if (rc >= 0)
		return unit_bus_call(u, m, fresh, e);
	sd_bus_message_unref(m);
	errno = -rc;
	return err_sys(e, "make a message");
}

/* SLICE MEMORY CPU_MILLI PIDS: the containers' parent, with the host's reserve taken off. 0: no limit. */
static int
unit_slice(struct unit_bus *u, char **words, struct err *e)
{
	if (unit_bus_open(u, e) < 0)
		return -1;
	if (slice_set(u, words, true, e) == 0)
		return 0;
	if (!u->there)
		return err_wrap(e, "make '%s'", words[0]);
	err_clear(e);
	if (slice_is_limited(u, words))
		return 0;
	return slice_set(u, words, false, e) < 0 ? err_wrap(e, "limit '%s'", words[0]) : 0;
}

/* UNIT */
static int
unit_stop(struct unit_bus *u, char **words, struct err *e)
{
	return unit_bus_open(u, e) < 0 ? -1 : unit_bus_stop(u, words[0], e);
}

/* SCOPE SLICE ROOT TEXT MONITOR MACHINE UUID VETH */
static int
unit_scope(struct unit_bus *u, char **words, struct err *e)
{
	struct unit_scope scope = { words[0], words[1], words[2], words[3], (pid_t)strtol(words[4], NULL, 10) };

	return unit_scope_enter(u, &scope, e);
}

/* A launch that fails closes the channel instead. */
static void
unit_scope_leader(char **words)
{
	struct unit_machine machine = { .name = words[5], .uuid = words[6], .veth = words[7] };
	struct unit_leader leader = { 0 };
	int fds[FD_PASS_MAX];
	size_t nfds = 0;

	if (fd_recv(SPAWN_UNIT, &leader, sizeof leader, fds, &nfds, 0) != (ssize_t)sizeof leader || nfds != 1)
		return;
	machine.leader = leader.pid;
	machine.pidfd = fds[0];
	unit_machine_register(&machine);
}

static const struct {
	const char *verb;
	int nwords;
	int (*run)(struct unit_bus *u, char **words, struct err *e);
	void (*after)(char **words);
} verbs[] = {
	{ "slice", 4, unit_slice, NULL },
	{ "stop", 1, unit_stop, NULL },
	{ "scope", 8, unit_scope, unit_scope_leader },
};

static int
unit_run(size_t verb, char **words)
{
	struct unit_bus u = { 0 };
	struct err e = { 0 };
	int rc;

	if (fcntl(SPAWN_UNIT, F_SETFD, FD_CLOEXEC) < 0) {
		log_error("berth-unit is run by Berth's other programs alone");
		return 2;
	}
	rc = verbs[verb].run(&u, words, &e);
	unit_bus_close(&u);
	if (unit_say(rc, &e) == 0 && rc == 0 && verbs[verb].after)
		verbs[verb].after(words);
	return rc < 0;
}

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	log_init("berth-unit", LOG_LEVEL_INFO);
	if (argc == 3 && strcmp(argv[1], "unregister") == 0) {
		unit_machine_unregister(argv[2]);
		return 0;
	}
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (argc == verbs[i].nwords + 2 && strcmp(argv[1], verbs[i].verb) == 0)
			return unit_run(i, argv + 2);
	fprintf(stderr, "berth-unit is run by Berth's other programs alone\n");
	return 2;
}
