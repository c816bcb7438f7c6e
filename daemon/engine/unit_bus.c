#include "daemon/engine/unit_bus.h"
#include "daemon/util/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BUS_CALL_US = 10 * 1000000, BUS_JOB_US = 20 * 1000000 };

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

static int
bus_err(int rc, const char *what, struct err *e)
{
	errno = -rc;
	return err_sys(e, "%s", what);
}

static int
bus_on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *ignored)
{
	struct unit_bus *u = arg;
	const char *path, *unit, *result;
	uint32_t id;

	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0 || !u->job || strcmp(path, u->job) != 0)
		return 0;
	snprintf(u->result, sizeof u->result, "%s", result);
	return 0;
}

int
unit_bus_open(struct unit_bus *u, struct err *e)
{
	int rc = sd_bus_open_system(&u->bus);

	if (rc < 0) {
		errno = -rc;
		return err_set(e, ERR_UNAVAILABLE,
		               "the system bus can't be reached (%s): Berth under systemd needs it; apt install dbus",
		               strerror(-rc));
	}
	sd_bus_set_method_call_timeout(u->bus, BUS_CALL_US);
	rc = sd_bus_match_signal(u->bus, NULL, SYSTEMD, MANAGER_PATH, MANAGER, "JobRemoved", bus_on_job_removed, u);
	return rc < 0 ? bus_err(rc, "listen to systemd", e) : 0;
}

void
unit_bus_close(struct unit_bus *u)
{
	sd_bus_flush_close_unref(u->bus);
	u->bus = NULL;
}

int
unit_bus_new(struct unit_bus *u, sd_bus_message **m_out, const char *method, struct err *e)
{
	int rc = sd_bus_message_new_method_call(u->bus, m_out, SYSTEMD, MANAGER_PATH, MANAGER, method);

	return rc < 0 ? bus_err(rc, "make a message", e) : 0;
}

/* The signal may have come before the reply that names the job was looked at: it waits in the bus's queue until here. */
static int
bus_wait_job(struct unit_bus *u, sd_bus_message *reply, struct err *e)
{
	uint64_t until_us = (uint64_t)clock_us(CLOCK_MONOTONIC) + BUS_JOB_US;
	int rc = sd_bus_message_read(reply, "o", &u->job);

	u->result[0] = '\0';
	while (rc >= 0 && !u->result[0]) {
		uint64_t now_us = (uint64_t)clock_us(CLOCK_MONOTONIC);

		if (now_us >= until_us)
			return err_set(e, ERR_TIMEOUT, "systemd didn't finish its job in %d s", BUS_JOB_US / 1000000);
		rc = sd_bus_process(u->bus, NULL);
		if (rc == 0)
			rc = sd_bus_wait(u->bus, until_us - now_us);
	}
	u->job = NULL;
	if (rc < 0)
		return bus_err(rc, "hear from systemd", e);
	if (strcmp(u->result, "done") != 0)
		return err_set(e, ERR_CONFLICT, "systemd's job ended as '%s'", u->result);
	return 0;
}

int
unit_bus_call(struct unit_bus *u, sd_bus_message *m, bool job, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int rc = sd_bus_call(u->bus, m, BUS_CALL_US, &error, &reply);

	u->there = sd_bus_error_has_name(&error, SYSTEMD ".UnitExists");
	if (rc < 0)
		rc = err_set(e, ERR_CONFLICT, "systemd refuses: %s", error.message ? error.message : strerror(-rc));
	else
		rc = job ? bus_wait_job(u, reply, e) : 0;
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	sd_bus_message_unref(m);
	return rc;
}

int
unit_bus_stop(struct unit_bus *u, const char *unit, struct err *e)
{
	sd_bus_message *m = NULL;
	int rc;

	if (unit_bus_new(u, &m, "StopUnit", e) < 0)
		return -1;
	rc = sd_bus_message_append(m, "ss", unit, "replace");
	if (rc < 0) {
		sd_bus_message_unref(m);
		return bus_err(rc, "make a message", e);
	}
	return unit_bus_call(u, m, true, e);
}
