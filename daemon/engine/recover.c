/* What is known of the containers besides the database: tells the api all of it, changes nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/copy.h"
#include "daemon/engine/job.h"
#include "daemon/engine/registry_file.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/strv.h"
#include "schema/check.h"

struct recover {
	struct job *job;
	struct strv registered;
};

static bool
recover_tell(struct manifest *m, const char *name, char **at, const char *text)
{
	free(*at);
	*at = strdup(text);
	record_mark(&manifest_schema, m, name, *at != NULL);
	return *at != NULL;
}

/* A manifest that can't be read: the spec of its last start holds the same, until the next boot. */
static void
recover_from_launch(const struct recover *r, struct manifest *m)
{
	char path[SPEC_PATH_MAX];
	struct spec spec = { 0 };

	snprintf(path, sizeof path, "%s/ct/%lld/spec", r->job->spec.settings.run_dir, (long long)m->place.ctid);
	if (spec_load(&spec, AT_FDCWD, path, NULL) == 0 && spec.place.id && strcmp(spec.place.id, m->id) == 0 &&
	    record_copy(&container_config_schema, &m->config, &spec.config) && recover_tell(m, "source", &m->source, "launch")) {
		record_mark(&manifest_schema, m, "config", true);
		free(m->problem);
		m->problem = NULL;
		record_mark(&manifest_schema, m, "problem", false);
	}
	record_clear(&spec_schema, &spec);
}

static int
recover_send(const struct recover *r, struct manifest *m, struct err *e)
{
	if (!recover_tell(m, "op", &m->op, r->job->request.op))
		return err_set(e, ERR_INTERNAL, "out of memory");
	return msg_send(r->job->channel, REPLY_MANIFEST, m, NULL, 0, e);
}

static int
recover_registered(const struct place *place, void *arg, struct err *e)
{
	struct recover *r = arg;
	struct manifest m = { 0 };
	int rc = 0;

	if (!strv_add(&r->registered, place->id) || !record_copy(&place_schema, &m.place, place) ||
	    !recover_tell(&m, "id", &m.id, place->id) || !recover_tell(&m, "source", &m.source, "manifest"))
		rc = err_set(e, ERR_INTERNAL, "out of memory");
	record_mark(&manifest_schema, &m, "place", true);
	if (rc == 0)
		rc = volume_load_manifest(&r->job->spec.settings, &m, e);
	if (rc == 0 && m.problem && record_has(&manifest_schema, &m, "created_at"))
		recover_from_launch(r, &m);
	if (rc == 0)
		rc = recover_send(r, &m, e);
	record_clear(&manifest_schema, &m);
	return rc;
}

/* A deletion's rest, or a volume of another host: its container isn't taken up. */
static int
recover_stray(const struct recover *r, const char *id, struct err *e)
{
	struct manifest m = { 0 };
	int rc = recover_tell(&m, "id", &m.id, id) &&
	                         recover_tell(&m, "problem", &m.problem,
	                                      "its volume is in the pool, but it isn't registered: a deletion's rest, left alone")
	                 ? recover_send(r, &m, e)
	                 : err_set(e, ERR_INTERNAL, "out of memory");

	record_clear(&manifest_schema, &m);
	return rc;
}

static int
recover_strays(const struct recover *r, struct err *e)
{
	const char *path = r->job->spec.settings.pool_dir;
	DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 0, more = -1;

	if (!dir)
		return err_sys(e, "read the pool '%s'", path);
	while (rc == 0 && (more = fd_next_entry(dir, &entry, e)) == 1)
		if (!check_uuid(entry->d_name) && !strv_contains(&r->registered, entry->d_name))
			rc = recover_stray(r, entry->d_name, e);
	closedir(dir);
	return rc < 0 || more < 0 ? -1 : 0;
}

static int
recover_copies(const struct recover *r, struct err *e)
{
	AUTO_STRV struct strv names = { 0 };
	AUTO_CLOSE int dir = -1;

	if (copy_open_dir(&r->job->spec.settings, &dir, e) < 0 || copy_list(dir, &names, e) < 0)
		return -1;
	for (size_t i = names.n; i-- > 0;) {
		struct database_copy copy = { .op = r->job->request.op, .name = names.v[i] };
		AUTO_CLOSE int fd = openat(dir, names.v[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			continue;
		record_mark(&database_copy_schema, &copy, "op", true);
		record_mark(&database_copy_schema, &copy, "name", true);
		if (msg_send(r->job->channel, REPLY_COPY, &copy, &fd, 1, e) < 0)
			return -1;
	}
	return 0;
}

int
recover_run(struct job *job, struct err *e)
{
	struct recover r = { .job = job };
	int64_t high = 0;
	int rc = recover_copies(&r, e) < 0 ? -1 : fault_at("recover.copies", e);

	if (rc == 0)
		rc = registry_file_scan(&job->spec.settings, &high, recover_registered, &r, e);
	if (rc == 0)
		rc = fault_at("recover.manifests", e);
	if (rc == 0)
		rc = recover_strays(&r, e);
	strv_clear(&r.registered);
	return rc;
}
