/* `berthd --cleanup`: takes back what an instance put on the host. Runs alone, holding the daemon's lock. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/monitors.h"
#include "daemon/engine/root_lock.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { CLEANUP_WAIT_MS = 10000 };

static int
cleanup_connect(const struct settings *s, int64_t ctid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/ct/%lld/monitor", s->run_dir, (long long)ctid);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	return take_fd(&fd);
}

/* The monitor's connection ends when all of the container has. */
static int
cleanup_wait(int fd, const struct place *place, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct monitor_msg m;

	for (;;) {
		if (poll(&p, 1, CLEANUP_WAIT_MS) <= 0)
			return err_set(e, ERR_TIMEOUT, "container %lld doesn't end", (long long)place->ctid);
		if (recv(fd, &m, sizeof m, 0) <= 0)
			return 0;
	}
}

static int
cleanup_kill(int fd, const struct place *place, struct err *e)
{
	struct monitor_msg m = { .magic = MONITOR_MAGIC, .version = MONITOR_VERSION, .verb = MONITOR_KILL, .serial = 1 };

	if (fd_send(fd, &m, sizeof m, NULL, 0, 0) < 0)
		return err_sys(e, "kill container %lld", (long long)place->ctid);
	return cleanup_wait(fd, place, e);
}

/* What a killed monitor left, another removes. */
static int
cleanup_tidy(struct engine *engine, const struct container *ct, struct err *e)
{
	AUTO_CLOSE int ours = -1;
	int pair[2], rc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket");
	ours = pair[0];
	rc = monitors_spawn(engine, ct, NULL, pair[1], &pid, e);
	close(pair[1]);
	return rc < 0 ? -1 : cleanup_wait(ours, &ct->place, e);
}

static int
cleanup_container(struct engine *engine, const struct container *ct, bool force, struct err *e)
{
	AUTO_CLOSE int fd = cleanup_connect(engine->settings, ct->place.ctid);
	bool runs = fd >= 0 || monitors_left_something(engine, ct);

	if (runs && !force)
		return err_set(e, ERR_CONFLICT, "container '%s' is running: stop it first, or use --force", ct->place.name);
	if (runs && (fd < 0 ? cleanup_tidy(engine, ct, e) : cleanup_kill(fd, &ct->place, e)) < 0)
		return -1;
	return root_lock_wait(engine->settings, ct->place.ctid, NULL, NULL, e);
}

static int
cleanup_containers(struct engine *engine, bool force, struct err *e)
{
	const struct container *ct;

	LIST_FOREACH(ct, &engine->registry.containers, link)
	if (cleanup_container(engine, ct, force, e) < 0 || fault_at("cleanup.container", e) < 0)
		return -1;
	return 0;
}

/* The host has something of an instance's that has claimed its part of it. */
static bool
cleanup_is_claimed(const struct settings *s)
{
	char path[SPEC_PATH_MAX];

	return snprintf(path, sizeof path, "%s/%s", s->claims_dir, s->instance) < (int)sizeof path && access(path, F_OK) == 0;
}

/* One that destroyed was cut short after its last container. */
static int
cleanup_load_registry(struct engine *engine, struct err *e)
{
	char path[SPEC_PATH_MAX];

	if (snprintf(path, sizeof path, "%s/registry", engine->settings->state_dir) < (int)sizeof path && access(path, F_OK) < 0 &&
	    errno == ENOENT)
		return 0;
	return registry_load(&engine->registry, engine->settings, e);
}

static int
cleanup_load_layout(int run_fd, struct layout *layout, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct json_object *json;
	int rc;

	if (fd_read_file(run_fd, "layout", 64 * 1024, &text, NULL, e) < 0)
		return -1;
	json = json_tokener_parse(text);
	rc = json ? record_from_file_json(&layout_schema, json, layout, e) : err_set(e, ERR_INTERNAL, "'layout' is no JSON");
	json_object_put(json);
	return rc;
}

/*
 * What is there to be taken back. A set-up that was cut short has told nobody what it made, nor has a cleanup that came as far as
 * the run directory: there all of it is brought about first. 0: no more than the run directory.
 */
static int
cleanup_find(struct engine *engine, struct err *e)
{
	if (faccessat(engine->run_fd, "layout", F_OK, 0) == 0)
		return cleanup_load_layout(engine->run_fd, &engine->layout, e) < 0 ? -1 : 1;
	if (!cleanup_is_claimed(engine->settings) && LIST_EMPTY(&engine->registry.containers))
		return 0;
	return engine_setup_host(engine, e) < 0 ? -1 : 1;
}

static int
cleanup_host(struct engine *engine, bool force, bool destroy, struct err *e)
{
	struct done done = { 0 };
	int rc = cleanup_find(engine, e);

	if (rc <= 0)
		return rc;
	if (fault_at("cleanup.found", e) < 0 || cleanup_containers(engine, force, e) < 0)
		return -1;
	rc = engine_host_job(engine, REQUEST_HOST_CLEANUP, destroy, &done, e);
	record_clear(&done_schema, &done);
	return rc < 0 ? -1 : fault_at("cleanup.host", e);
}

int
engine_cleanup(const struct settings *settings, bool force, bool destroy, struct err *e)
{
	struct engine engine = { .settings = settings, .run_fd = -1 };
	int rc = -1;

	if (access(settings->run_dir, F_OK) < 0 && !cleanup_is_claimed(settings))
		return err_set(e, ERR_NOT_FOUND, "nothing of this instance is set up: there is no '%s'", settings->run_dir);
	if (engine_lock(settings, &engine.run_fd, e) < 0 || engine_end_orphans(&engine, e) < 0 ||
	    cleanup_load_registry(&engine, e) < 0 || cleanup_host(&engine, force, destroy, e) < 0)
		goto out;
	listen_remove(settings);
	if (fault_at("cleanup.sockets", e) < 0)
		goto out;
	rc = fd_remove_tree(AT_FDCWD, settings->run_dir, e);
out:
	registry_clear(&engine.registry);
	record_clear(&layout_schema, &engine.layout);
	if (engine.run_fd >= 0)
		close(engine.run_fd);
	return rc;
}
