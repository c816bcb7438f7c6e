/* What a host needs before its first container, made by a job when the daemon starts, and its end. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/engine/apparmor.h"
#include "daemon/engine/cgroup.h"
#include "daemon/engine/idrange.h"
#include "daemon/engine/job.h"
#include "daemon/engine/net.h"
#include "daemon/engine/seccomp.h"
#include "daemon/engine/template.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

/* Nothing of root's may lie where somebody else could put something in its place. */
static int
host_make_dir(const char *path, mode_t mode, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (fd_mkdir_p(AT_FDCWD, path, 0755, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open '%s'", path);
	if (st.st_uid != 0)
		return err_set(e, ERR_CONFLICT, "'%s' must belong to root: chown it, or choose another directory", path);
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		return err_sys(e, "set the mode of '%s'", path);
	return 0;
}

static int
host_make_below(const char *parent, const char *name, mode_t mode, struct err *e)
{
	char path[SPEC_PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", parent, name);
	return host_make_dir(path, mode, e);
}

/* The database's directory is the api's, and the only thing that is. */
static int
host_make_db(const struct settings *s, struct err *e)
{
	char path[SPEC_PATH_MAX];
	const struct passwd *user;
	AUTO_CLOSE int fd = -1;

	errno = 0;
	user = getpwnam(s->api_user);
	if (!user)
		return err_set(e, ERR_CONFLICT,
		               "there is no user '%s': make it (systemd-sysusers, or adduser --system --group), or set api_user",
		               s->api_user);
	snprintf(path, sizeof path, "%s/db", s->state_dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, user->pw_uid, user->pw_gid) < 0 || fchmod(fd, 0700) < 0)
		return err_sys(e, "give '%s' to %s", path, s->api_user);
	return 0;
}

static int
host_up_dirs(struct job *job, struct err *e)
{
	const struct settings *s = &job->spec.settings;

	if (host_make_dir(s->state_dir, 0711, e) < 0 || host_make_below(s->state_dir, "registry", 0700, e) < 0)
		return -1;
	if (host_make_dir(s->pool_dir, 0700, e) < 0 || host_make_dir(s->templates_dir, 0700, e) < 0)
		return -1;
	if (host_make_dir(s->run_dir, 0755, e) < 0 || host_make_below(s->run_dir, "ct", 0700, e) < 0)
		return -1;
	if (host_make_db(s, e) < 0)
		return -1;
	template_sweep(s);
	return 0;
}

static int
host_up_ids(struct job *job, struct err *e)
{
	return idrange_check_host(&job->spec.settings, e);
}

static int
host_up_net(struct job *job, struct err *e)
{
	return net_host_setup(&job->spec.settings, &job->spec.layout, e);
}

static void
host_down_net(struct job *job)
{
	net_host_cleanup(&job->spec.settings, NULL);
}

static int
host_up_cgroup(struct job *job, struct err *e)
{
	return cgroup_host_setup(&job->spec.settings, &job->spec.layout, e);
}

static void
host_down_cgroup(struct job *job)
{
	cgroup_host_cleanup(&job->spec.settings, &job->spec.layout, NULL);
}

static int
host_up_pool(struct job *job, struct err *e)
{
	return volume_host_setup(&job->spec.settings, &job->spec.layout, e);
}

static void
host_down_pool(struct job *job)
{
	volume_host_cleanup(&job->spec.settings, false, NULL);
}

static int
host_up_seccomp(struct job *job, struct err *e)
{
	char path[SPEC_PATH_MAX];

	snprintf(path, sizeof path, "%s/seccomp.bpf", job->spec.settings.run_dir);
	if (seccomp_compile(path, e) < 0)
		return -1;
	return record_set_text(&layout_schema, &job->spec.layout, "seccomp_file", path, e);
}

static int
host_up_apparmor(struct job *job, struct err *e)
{
	return apparmor_host_setup(&job->spec.layout, e);
}

static const struct step host_steps[] = {
	{ "directories", host_up_dirs, NULL },       { "user ids", host_up_ids, NULL },
	{ "network", host_up_net, host_down_net },   { "control groups", host_up_cgroup, host_down_cgroup },
	{ "storage", host_up_pool, host_down_pool }, { "system call filter", host_up_seccomp, NULL },
	{ "AppArmor", host_up_apparmor, NULL },
};

/* A daemon that starts anew finds its host set up, perhaps with containers running on it: a failure then takes nothing down. */
static void
host_steps_of(const struct settings *s, struct step *steps)
{
	char path[SPEC_PATH_MAX];

	memcpy(steps, host_steps, sizeof host_steps);
	snprintf(path, sizeof path, "%s/layout", s->run_dir);
	if (access(path, F_OK) < 0)
		return;
	for (size_t i = 0; i < sizeof host_steps / sizeof *host_steps; i++)
		steps[i].down = NULL;
}

int
host_setup_run(struct job *job, struct err *e)
{
	struct step steps[sizeof host_steps / sizeof *host_steps];
	struct json_object *json;

	/* What was found before is found anew. */
	record_clear(&layout_schema, &job->spec.layout);
	host_steps_of(&job->spec.settings, steps);
	if (job_run_steps(job, steps, sizeof steps / sizeof *steps, e) < 0)
		return -1;
	if (record_check(&layout_schema, &job->spec.layout, true, e) < 0)
		return -1;
	json = record_to_json(&layout_schema, &job->spec.layout, true);
	job->result = json ? strdup(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN)) : NULL;
	json_object_put(json);
	return job->result ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

static int
host_destroy_state(const struct settings *s, struct err *e)
{
	AUTO_CLOSE int state = open(s->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (state < 0)
		return err_sys(e, "open '%s'", s->state_dir);
	if (fd_remove_tree(state, "registry", e) < 0 || fault_at("host-cleanup.registry", e) < 0)
		return -1;
	return fd_remove_tree(state, "db", e);
}

static int
host_back_cgroup(struct job *job, struct err *e)
{
	return cgroup_host_cleanup(&job->spec.settings, &job->spec.layout, e);
}

static int
host_back_net(struct job *job, struct err *e)
{
	return net_host_cleanup(&job->spec.settings, e);
}

static int
host_back_pool(struct job *job, struct err *e)
{
	return volume_host_cleanup(&job->spec.settings, job->request.force, e);
}

static int
host_back_state(struct job *job, struct err *e)
{
	return job->request.force ? host_destroy_state(&job->spec.settings, e) : 0;
}

int
host_cleanup_run(struct job *job, struct err *e)
{
	/* The groups first: they say whether a container still runs. Each absent part is fine: one that was cut short is run again.
	 */
	static const struct step steps[] = {
		{ "control groups", host_back_cgroup, NULL },
		{ "network", host_back_net, NULL },
		{ "storage", host_back_pool, NULL },
		{ "state", host_back_state, NULL },
	};

	return job_run_steps(job, steps, sizeof steps / sizeof *steps, e);
}
