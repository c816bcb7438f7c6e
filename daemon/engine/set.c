/* A changed configuration: what the kernel allows takes effect at once, everything is recorded; a failure undoes what was done. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/change.h"
#include "daemon/engine/firewall.h"
#include "daemon/engine/job.h"
#include "daemon/engine/listener.h"
#include "daemon/engine/monitor_call.h"
#include "daemon/engine/net.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/provision.h"
#include "daemon/engine/registry_file.h"
#include "daemon/engine/rootfs.h"
#include "daemon/engine/shape.h"
#include "daemon/engine/uplink.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { SET_START_TRIES = 100, SET_START_PAUSE_MS = 100 };

/* The job comes first, so that a step finds the rest of it. */
struct set {
	struct job job;
	bool running;
	pid_t init;
	int run_dir;
	struct spec old;          /* the running container's launch spec */
	struct spec launch;       /* the same with the new configuration */
	struct place place;       /* the registry's with the new configuration */
	struct volume_usage disk; /* before */
};

static const char *const limit_fields[] = { "memory", "swap", "cpus", "cpu_weight", "pids", "io_weight", "io_read", "io_write" };

static const struct {
	const char *field;
	unsigned int part;
} provision_fields[] = {
	{ "hostname", PROVISION_HOSTNAME },
	{ "dns", PROVISION_DNS },
	{ "ssh_keys", PROVISION_SSH_KEYS },
	{ "password", PROVISION_PASSWORD },
};

static struct set *
set_of(struct job *job)
{
	return (struct set *)job;
}

static bool
set_changes(const struct set *s, const char *field)
{
	return strv_contains(&s->job.request.changed, field);
}

static unsigned int
set_provision_parts(const struct set *s)
{
	unsigned int parts = 0;

	for (size_t i = 0; i < sizeof provision_fields / sizeof *provision_fields; i++)
		if (set_changes(s, provision_fields[i].field))
			parts |= provision_fields[i].part;
	return parts;
}

static bool
set_changes_limits(const struct set *s)
{
	for (size_t i = 0; i < sizeof limit_fields / sizeof *limit_fields; i++)
		if (set_changes(s, limit_fields[i]))
			return true;
	return false;
}

static bool
set_changes_place(const struct set *s)
{
	for (size_t i = 0; i < s->job.request.changed.n; i++)
		if (place_has(s->job.request.changed.v[i]))
			return true;
	return false;
}

/*
 * 1 it runs, 0 it doesn't. One that is just restarting reads its spec and makes its groups in these moments: not to be disturbed.
 */
static int
set_find_init(struct set *s, struct err *e)
{
	const struct timespec pause = { .tv_nsec = SET_START_PAUSE_MS * 1000000L };
	struct monitor_state state;

	for (int i = 0; i < SET_START_TRIES; i++) {
		AUTO_CLOSE int monitor = -1;
		int rc = monitor_call_open(&s->job.spec, &monitor, &state, e);

		if (rc <= 0)
			return rc;
		if (state.state != STATE_STARTING && state.pid > 0) {
			s->init = state.pid;
			return 1;
		}
		nanosleep(&pause, NULL);
	}
	return err_set(e, ERR_LOCKED, "The container is restarting; try again");
}

static int
set_open_netns(const struct set *s, int *fd_out, struct err *e)
{
	AUTO_CLOSE int pidfd = -1, fd = -1;
	char path[64];

	if (rootfs_open_init(&s->job.spec, s->init, &pidfd, e) < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/%d/ns/net", s->init);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Alive after the opening: so it was that process's. */
	if (fd < 0 || pidfd_send_signal(pidfd, 0, NULL, 0) < 0)
		return err_set(e, ERR_CONFLICT, "The container stopped meanwhile");
	*fd_out = take_fd(&fd);
	return 0;
}

/* For what is undone: it may have died since, or have been restarted. 1 it runs, 0 it doesn't, and *fd_out is -1; -1: unknown. */
static int
set_open_netns_now(struct set *s, int *fd_out)
{
	int rc;

	*fd_out = -1;
	if (set_open_netns(s, fd_out, NULL) == 0)
		return 1;
	rc = set_find_init(s, NULL);
	return rc == 1 && set_open_netns(s, fd_out, NULL) < 0 ? -1 : rc;
}

static int
set_settle(const struct set *s, const struct spec *now, struct err *e)
{
	AUTO_CLOSE int netns = -1;

	if (!change_is_left(now))
		return 0;
	if (s->running && set_open_netns(s, &netns, e) < 0)
		return -1;
	return change_settle(now, netns, e);
}

/* What one before this left half done is undone first; then it is noted what this is about to do. */
static int
set_intent_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);
	struct spec now = s->running ? s->old : job->spec, meant = s->running ? s->launch : job->spec; /* borrow */

	if (!s->running) {
		now.config.ip = job->spec.place.ip;
		now.config.nics = job->spec.place.nics;
		meant.place = s->place;
	}
	if (set_settle(s, &now, e) < 0)
		return -1;
	return set_changes_place(s) ? change_begin(&meant, e) : 0;
}

static void
set_intent_down(struct job *job)
{
	change_end(&job->spec, NULL);
}

static int
set_limits_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);

	if (!s->running || !set_changes_limits(s) || cgroup_apply(&s->launch, e) == 0)
		return 0;
	/* Some of them may have been written. */
	cgroup_apply(&s->old, NULL);
	return -1;
}

static void
set_limits_down(struct job *job)
{
	struct set *s = set_of(job);

	if (s->running && set_changes_limits(s))
		cgroup_apply(&s->old, NULL);
}

static int
set_quota_up(struct job *job, struct err *e)
{
	return set_changes(set_of(job), "disk") ? volume_set_quota(&job->spec, e) : 0;
}

static int
set_disk_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);

	if (!set_changes(s, "disk"))
		return 0;
	return volume_read(&job->spec, &s->disk, e) < 0 ? -1 : set_quota_up(job, e);
}

/* The former configuration isn't told; what the file system had is. It comes back also where the container has used more meanwhile.
 */
static void
set_disk_down(struct job *job)
{
	const struct set *s = set_of(job);

	if (set_changes(s, "disk") && s->disk.effective >= 0)
		volume_force_quota(&job->spec, s->disk.effective, NULL);
}

static int
set_network(const struct set *s, const struct spec *to, const struct spec *from, struct err *e)
{
	AUTO_CLOSE int netns = -1;

	return set_open_netns(s, &netns, e) < 0 ? -1 : net_update(to, &from->config.ip, netns, e);
}

static void
set_network_down(struct job *job)
{
	struct set *s = set_of(job);
	struct spec former = job->spec; /* borrows */
	AUTO_CLOSE int netns = -1;

	if (!set_changes(s, "ip"))
		return;
	former.config.ip = job->spec.place.ip;
	if (s->running)
		set_open_netns_now(s, &netns);
	/* Wherever it is: the firewall must not go on taking it for its own. */
	net_update(s->running ? &s->old : &former, &job->spec.config.ip, netns, NULL);
}

static int
set_network_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);
	int rc;

	if (!set_changes(s, "ip"))
		return 0;
	/* A stopped one's former addresses may be somebody else's when it starts: the firewall must know already. */
	rc = s->running ? set_network(s, &s->launch, &s->old, e) : net_update(&job->spec, &job->spec.place.ip, -1, e);
	if (rc == 0)
		return 0;
	set_network_down(job);
	return -1;
}

static int
set_firewall_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);

	if (!set_changes_place(s))
		return 0;
	if (listener_check_forwards(&job->spec.place, &s->place, e) < 0)
		return -1;
	return firewall_set_policy(&job->spec.settings, &job->spec.place, &s->place, e);
}

static void
set_firewall_down(struct job *job)
{
	struct set *s = set_of(job);

	if (set_changes_place(s))
		firewall_set_policy(&job->spec.settings, &s->place, &job->spec.place, NULL);
}

static int
set_networks(const struct set *s, const struct spec *to, const struct spec *from, struct err *e)
{
	AUTO_CLOSE int netns = -1;

	return set_open_netns(s, &netns, e) < 0 ? -1 : nic_update(to, &from->config.nics, netns, e);
}

static void
set_networks_down(struct job *job)
{
	struct set *s = set_of(job);
	AUTO_CLOSE int netns = -1;

	/* While nobody knows whether it runs its interfaces stay guarded, also by more than they need. */
	if (set_changes(s, "nics") && s->running && set_open_netns_now(s, &netns) >= 0)
		nic_update(&s->old, &s->launch.config.nics, netns, NULL);
}

static int
set_networks_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);
	int rc;

	if (!set_changes(s, "nics"))
		return 0;
	rc = s->running ? set_networks(s, &s->launch, &s->old, e) : nic_update(&job->spec, &job->spec.place.nics, -1, e);
	if (rc < 0)
		set_networks_down(job);
	return rc;
}

static const char *const rate_fields[] = { "rate_in", "rate_out", "rate_burst", "throttled", "nics" };

static bool
set_changes_rates(const struct set *s)
{
	for (size_t i = 0; i < sizeof rate_fields / sizeof *rate_fields; i++)
		if (set_changes(s, rate_fields[i]))
			return true;
	return false;
}

static void
set_rates_down(struct job *job)
{
	struct set *s = set_of(job);

	if (s->running && set_changes_rates(s))
		shape_apply(&s->old, NULL);
}

/* Of a stopped one nothing is there to be limited; what was there goes. */
static int
set_rates_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);

	if (!set_changes_rates(s))
		return 0;
	if (!s->running)
		return shape_remove(&job->spec, e);
	if (shape_apply(&s->launch, e) == 0)
		return 0;
	set_rates_down(job);
	return -1;
}

/* By the options of now, which a container that has run for long doesn't know. */
static int
set_weight(const struct job *job, int64_t weight, struct err *e)
{
	return uplink_set(&job->spec.settings, &job->spec.place, weight, e);
}

static void
set_weight_down(struct job *job)
{
	struct set *s = set_of(job);

	if (s->running && set_changes(s, "net_weight"))
		set_weight(job, s->old.config.net_weight, NULL);
}

static int
set_weight_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);

	if (!set_changes(s, "net_weight"))
		return 0;
	if (!s->running)
		return uplink_clear(&job->spec.settings, &job->spec.place, e);
	return set_weight(job, job->spec.config.net_weight, e);
}

static int
set_provision_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);
	unsigned int parts = set_provision_parts(s);

	if (parts == 0)
		return 0;
	/* The running tree isn't the container's own, and that one is mounted inside. */
	if (s->running && !record_is_empty(&s->old.rescue))
		return err_set(
		        e, ERR_CONFLICT,
		        "The container is booted for rescue; restart it to change its host name, name servers, keys or password");
	return provision_run(&job->spec, parts, job->request.config.password, s->init, e);
}

/* A password is gone once it was replaced; what else was told before is known for a running container alone. */
static void
set_provision_down(struct job *job)
{
	struct set *s = set_of(job);
	unsigned int parts = set_provision_parts(s) & ~(unsigned int)PROVISION_PASSWORD;

	if (s->running && parts)
		provision_run(&s->old, parts, NULL, s->init, NULL);
}

static int
set_registry_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);

	return set_changes_place(s) ? registry_file_write(&job->spec.settings, &s->place, e) : 0;
}

static void
set_registry_down(struct job *job)
{
	if (set_changes_place(set_of(job)))
		registry_file_write(&job->spec.settings, &job->spec.place, NULL);
}

/* What a start does by the launch spec, and a change of a running container as well. */
static int (*const set_live[])(struct job *job, struct err *e) = {
	set_limits_up,   set_quota_up, set_network_up, set_firewall_up,
	set_networks_up, set_rates_up, set_weight_up,  set_provision_up,
};

/* Restarted since the first step, it may have all of that by the former spec. */
static int
set_follow_restart(struct job *job, struct err *e)
{
	struct set *s = set_of(job);
	pid_t former = s->init;
	int rc = set_find_init(s, e);

	if (rc <= 0 || s->init == former)
		return rc < 0 ? -1 : 0;
	for (size_t i = 0; i < sizeof set_live / sizeof *set_live; i++)
		if (set_live[i](job, e) < 0)
			return -1;
	return 0;
}

static void
set_spec_down(struct job *job)
{
	struct set *s = set_of(job);

	if (s->running)
		spec_save(&s->old, s->run_dir, "spec", NULL);
}

/* From it the monitor restarts the container after a reboot from inside. */
static int
set_spec_up(struct job *job, struct err *e)
{
	struct set *s = set_of(job);

	if (!s->running || (spec_save(&s->launch, s->run_dir, "spec", e) == 0 && set_follow_restart(job, e) == 0))
		return 0;
	set_spec_down(job);
	return -1;
}

static int
set_take_place(struct place *place, const struct container_config *config, struct err *e)
{
	return place_take(place, config) ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

static int
set_manifest_up(struct job *job, struct err *e)
{
	struct place old = job->spec.place;
	int rc;

	/* For as long as it is written: what is undone goes back to the old one. */
	job->spec.place = set_of(job)->place;
	rc = volume_write_manifest(&job->spec, true, e);
	job->spec.place = old;
	return rc;
}

static const struct step set_steps[] = {
	{ "intent", set_intent_up, set_intent_down },
	{ "limits", set_limits_up, set_limits_down },
	{ "disk", set_disk_up, set_disk_down },
	{ "network", set_network_up, set_network_down },
	{ "firewall", set_firewall_up, set_firewall_down },
	{ "networks", set_networks_up, set_networks_down },
	{ "rates", set_rates_up, set_rates_down },
	{ "weight", set_weight_up, set_weight_down },
	{ "files", set_provision_up, set_provision_down },
	{ "registry", set_registry_up, set_registry_down },
	{ "launch spec", set_spec_up, set_spec_down },
	{ "manifest", set_manifest_up, NULL },
};

/* The launch spec but for the configuration stays what it is: also the template booted for rescue. */
static int
set_load_launch(struct set *s, struct err *e)
{
	char path[SPEC_PATH_MAX];

	s->run_dir = open(spec_run_dir(&s->job.spec, path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->run_dir < 0)
		return err_sys(e, "open '%s'", path);
	if (spec_load(&s->old, s->run_dir, "spec", e) < 0)
		return -1;
	if (!record_copy(&spec_schema, &s->launch, &s->old))
		return err_set(e, ERR_INTERNAL, "out of memory");
	record_clear(&container_config_schema, &s->launch.config);
	if (!record_copy(&container_config_schema, &s->launch.config, &s->job.spec.config))
		return err_set(e, ERR_INTERNAL, "out of memory");
	return set_take_place(&s->launch.place, &s->launch.config, e);
}

static int
set_look(struct set *s, struct err *e)
{
	int rc = set_find_init(s, e);

	if (rc <= 0)
		return rc;
	s->running = true;
	return set_load_launch(s, e);
}

int
set_run(struct job *job, struct err *e)
{
	struct set s = { .job = *job, .run_dir = -1 };
	int rc = set_look(&s, e);

	if (rc == 0 && !record_copy(&place_schema, &s.place, &job->spec.place))
		rc = err_set(e, ERR_INTERNAL, "out of memory");
	if (rc == 0)
		rc = set_take_place(&s.place, &job->spec.config, e);
	if (rc == 0)
		rc = job_run_steps(&s.job, set_steps, sizeof set_steps / sizeof *set_steps, e);
	record_clear(&spec_schema, &s.old);
	record_clear(&spec_schema, &s.launch);
	record_clear(&place_schema, &s.place);
	if (s.run_dir >= 0)
		close(s.run_dir);
	*job = s.job;
	return rc;
}
