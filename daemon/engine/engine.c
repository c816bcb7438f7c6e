#include "daemon/engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/engine/hook.h"
#include "daemon/engine/link.h"
#include "daemon/engine/monitors.h"
#include "daemon/engine/sampler.h"
#include "daemon/engine/sessions.h"
#include "daemon/engine/watchdog.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { ENGINE_LOCK_TRIES = 100, ENGINE_LOCK_PAUSE_NS = 10000000 };

/* One that was killed while it began a process has left it the lock, until a program runs there. */
static int
engine_flock(int fd)
{
	const struct timespec pause = { .tv_nsec = ENGINE_LOCK_PAUSE_NS };
	int rc;

	for (int i = 0; (rc = flock(fd, LOCK_EX | LOCK_NB)) < 0 && errno == EWOULDBLOCK && i < ENGINE_LOCK_TRIES; i++)
		nanosleep(&pause, NULL);
	return rc;
}

/* Whatever the run directory is called: a second one would take the first one's containers for dead, and remove them. */
static int
engine_lock_state(const struct settings *settings, struct err *e)
{
	AUTO_CLOSE int lock = -1;
	char path[SPEC_PATH_MAX];

	snprintf(path, sizeof path, "%s/berthd.lock", settings->state_dir);
	if (fd_mkdir_p(AT_FDCWD, settings->state_dir, 0711, e) < 0)
		return -1;
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		return err_sys(e, "open '%s'", path);
	if (engine_flock(lock) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(e, ERR_CONFLICT, "another berthd runs with the state directory '%s'", settings->state_dir);
		return err_sys(e, "lock '%s'", path);
	}
	take_fd(&lock); /* held for life */
	return 0;
}

int
engine_lock(const struct settings *settings, int *run_fd_out, struct err *e)
{
	AUTO_CLOSE int run = -1;
	AUTO_CLOSE int lock = -1;

	if (fd_mkdir_p(AT_FDCWD, settings->run_dir, 0755, e) < 0)
		return -1;
	run = open(settings->run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run < 0)
		return err_sys(e, "open '%s'", settings->run_dir);
	lock = openat(run, "berthd.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		return err_sys(e, "open '%s/berthd.lock'", settings->run_dir);
	if (engine_flock(lock) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(e, ERR_CONFLICT, "another berthd runs with the run directory '%s'", settings->run_dir);
		return err_sys(e, "lock '%s/berthd.lock'", settings->run_dir);
	}
	/* For scripts on a host without systemd. */
	if (ftruncate(lock, 0) < 0 || dprintf(lock, "%d\n", (int)getpid()) < 0)
		return err_sys(e, "write '%s/berthd.lock'", settings->run_dir);
	if (engine_lock_state(settings, e) < 0)
		return -1;
	*run_fd_out = take_fd(&run);
	take_fd(&lock); /* held for life */
	return 0;
}

int
engine_setup_host(struct engine *engine, struct err *e)
{
	struct done done = { 0 };
	struct json_object *json = NULL;
	int rc = engine_host_job(engine, REQUEST_HOST_SETUP, false, &done, e);

	if (rc == 0) {
		json = done.result ? json_tokener_parse(done.result) : NULL;
		rc = json ? record_from_file_json(&layout_schema, json, &engine->layout, e)
		          : err_set(e, ERR_INTERNAL, "the host-setup job gave no layout");
	}
	/* For `berthd --cleanup`, which must find what was made also when this process is gone. */
	if (rc == 0)
		rc = fd_replace_file(engine->run_fd, "layout", done.result, strlen(done.result), 0600, false, e);
	json_object_put(json);
	record_clear(&done_schema, &done);
	return rc < 0 ? err_wrap(e, "set up the host") : 0;
}

static void
engine_on_sigchld(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	pid_t pid;

	/* Ends are noticed by channels and links; here only the dead are buried. */
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == engine->api_pid)
			engine->api_pid = 0;
		else if (pid == engine->hook.pid)
			engine->hook.pid = 0;
		else if (pid == engine->sampler.pid)
			engine->sampler.pid = 0;
}

static void
engine_on_end(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;

	log_info("ending; containers go on");
	sd_notify(0, "STOPPING=1");
	event_base_loopbreak(engine->base);
}

static int
engine_init_events(struct engine *engine, struct err *e)
{
	engine->base = event_base_new();
	if (!engine->base)
		return err_set(e, ERR_INTERNAL, "can't make an event loop");
	engine->sigchld = evsignal_new(engine->base, SIGCHLD, engine_on_sigchld, engine);
	engine->sigterm = evsignal_new(engine->base, SIGTERM, engine_on_end, engine);
	engine->sigint = evsignal_new(engine->base, SIGINT, engine_on_end, engine);
	if (!engine->sigchld || !engine->sigterm || !engine->sigint)
		return err_set(e, ERR_INTERNAL, "out of memory");
	event_add(engine->sigchld, NULL);
	event_add(engine->sigterm, NULL);
	event_add(engine->sigint, NULL);
	return 0;
}

static void
engine_tell_ready(struct engine *engine)
{
	log_info("ready: %s", engine->settings->socket);
	sd_notify(0, "READY=1");
	if (engine->ready_fd >= 0)
		fd_write_all(engine->ready_fd, "R", 1);
}

/* Jobs of the moment go on to their own end; the api and its callers are cut off. */
static void
engine_clear(struct engine *engine)
{
	struct event *const events[] = { engine->sigchld, engine->sigterm, engine->sigint, engine->api_respawn, engine->watchdog };
	struct container *ct;

	if (engine->base) {
		hook_stop(engine);
		sampler_stop(engine);
		link_stop_api(engine);
	}
	LIST_FOREACH(ct, &engine->registry.containers, link)
	{
		if (ct->monitor_event)
			event_free(ct->monitor_event);
		if (ct->monitor >= 0)
			close(ct->monitor);
	}
	sessions_clear(engine);
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (events[i])
			event_free(events[i]);
	if (engine->base)
		event_base_free(engine->base);
	registry_clear(&engine->registry);
	record_clear(&layout_schema, &engine->layout);
	listen_close(&engine->listeners);
	if (engine->run_fd >= 0)
		close(engine->run_fd);
}

int
engine_run(const struct settings *settings, int ready_fd, struct err *e)
{
	struct engine engine = { .settings = settings, .run_fd = -1, .listeners.socket = -1, .api_link = -1, .ready_fd = ready_fd };
	int rc = -1;

	TAILQ_INIT(&engine.waiting);
	TAILQ_INIT(&engine.api_queue);
	/* Each running container is a descriptor, each stream two. */
	fd_raise_limit();
	if (engine_lock(settings, &engine.run_fd, e) < 0 || engine_end_orphans(&engine, e) < 0 ||
	    listen_open(settings, &engine.listeners, e) < 0 || engine_setup_host(&engine, e) < 0)
		goto out;
	if (engine_init_events(&engine, e) < 0 || registry_load(&engine.registry, settings, e) < 0)
		goto out;
	FAULT("engine.loaded");
	monitors_adopt(&engine);
	if (sessions_adopt(&engine, e) < 0)
		goto out;
	FAULT("engine.adopted");
	if (link_start_api(&engine, e) < 0 || watchdog_start(&engine, e) < 0 || sampler_start(&engine, e) < 0)
		goto out;
	FAULT("engine.api-started");
	engine_tell_ready(&engine);
	event_base_dispatch(engine.base);
	rc = engine.exit_status ? err_set(e, ERR_UNAVAILABLE, "the api can't be kept running") : 0;
out:
	engine_clear(&engine);
	return rc;
}
