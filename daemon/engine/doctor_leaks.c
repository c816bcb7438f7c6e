/* What lies about without a container that it belongs to, and containers that lack what they need. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/doctor.h"
#include "daemon/engine/monitor_call.h"
#include "daemon/engine/net.h"
#include "daemon/engine/net_link.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/shape.h"
#include "daemon/engine/registry_file.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "schema/check.h"

enum { PROBED_MAX = 20000 };

struct known {
	const struct settings *settings;
	struct strv ids;
	struct strv bridges; /* of networks that they are on, whether they run or not */
	int64_t *ctids;
	size_t n;
};

static void
known_clear(struct known *known)
{
	strv_clear(&known->ids);
	strv_clear(&known->bridges);
	free(known->ctids);
}

static int
known_take_bridges(struct known *known, const struct place *place, struct err *e)
{
	/* Borrows. */
	const struct spec spec = { .settings = *known->settings, .place = *place };
	char device[IFNAMSIZ];
	struct nic nic;

	for (size_t i = 0; i < place->nics.n; i++)
		if (nic_parse(place->nics.v[i], &nic) && nic_device(&spec, &nic, device, NULL) == 0 &&
		    !strv_add(&known->bridges, device))
			return err_set(e, ERR_INTERNAL, "out of memory");
	return 0;
}

static int
known_take(const struct place *place, void *arg, struct err *e)
{
	struct known *known = arg;
	int64_t *grown = reallocarray(known->ctids, known->n + 1, sizeof *grown);

	if (grown)
		known->ctids = grown;
	if (!grown || !strv_add(&known->ids, place->id))
		return err_set(e, ERR_INTERNAL, "out of memory");
	known->ctids[known->n++] = place->ctid;
	return known_take_bridges(known, place, e);
}

static bool
known_has(const struct known *known, int64_t ctid)
{
	for (size_t i = 0; i < known->n; i++)
		if (known->ctids[i] == ctid)
			return true;
	return false;
}

/* What the number has on the host, for people. false: nothing. */
static bool
leak_describe(const struct spec *spec, char *out, size_t size)
{
	char groups[CGROUP_ROOTS_MAX][CGROUP_PATH_MAX], run[SPEC_PATH_MAX];
	size_t n = cgroup_paths(&spec->settings, &spec->layout, spec->place.ctid, groups);
	bool group = false, veth = if_nametoindex(spec->place.veth) > 0;
	char nic[IFNAMSIZ];

	for (size_t i = 0; i < n; i++)
		group |= access(groups[i], F_OK) == 0;
	for (int64_t i = 1; !veth && i <= NIC_MAX; i++) {
		nic_veth(&spec->settings, spec->place.ctid, i, nic);
		veth = if_nametoindex(nic) > 0;
	}
	veth |= shape_is_left(&spec->settings, spec->place.ctid);
	snprintf(run, sizeof run, "%s/ct/%" PRId64, spec->settings.run_dir, spec->place.ctid);
	snprintf(out, size, "%s%s%s", group ? " control groups" : "", veth ? " an interface" : "",
	         access(run, F_OK) == 0 ? " a run directory" : "");
	return *out;
}

static int
leak_remove(const struct spec *spec, struct err *e)
{
	char run[SPEC_PATH_MAX], name[24];
	AUTO_CLOSE int dir = -1;

	if (cgroup_remove(spec, e) < 0 || fault_at("doctor.groups", e) < 0 || net_detach(spec, e) < 0 || nic_sweep(spec, e) < 0 ||
	    fault_at("doctor.network", e) < 0)
		return -1;
	snprintf(run, sizeof run, "%s/ct", spec->settings.run_dir);
	snprintf(name, sizeof name, "%" PRId64, spec->place.ctid);
	dir = open(run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open '%s'", run);
	return fd_remove_tree(dir, name, e) < 0 ? -1 : fault_at("doctor.run-directory", e);
}

static void
leak_check_number(struct doctor *d, struct spec *spec)
{
	struct monitor_state state;
	struct err e = { 0 };
	AUTO_CLOSE int monitor = -1;
	char what[100];

	if (!leak_describe(spec, what, sizeof what))
		return;
	if (monitor_call_open(spec, &monitor, &state, &e) > 0)
		doctor_tell(d, "leak", DOCTOR_PROBLEM, DOCTOR_BY_HAND, "find out with 'berth which' what runs in it, then end it",
		            "a container runs as number %" PRId64 ", which isn't registered", spec->place.ctid);
	else if (!d->fix)
		doctor_tell(d, "leak", DOCTOR_WARNING, DOCTOR_CAN_FIX, "berth doctor --fix",
		            "left over from number %" PRId64 ", which isn't registered:%s", spec->place.ctid, what);
	else if (err_clear(&e), leak_remove(spec, &e) < 0)
		doctor_tell(d, "leak", DOCTOR_WARNING, DOCTOR_BY_HAND, "see what still uses it",
		            "left over from number %" PRId64 ":%s: %s", spec->place.ctid, what, e.message);
	else
		doctor_tell(d, "leak", DOCTOR_OK, DOCTOR_FIXED, NULL, "number %" PRId64 " had left%s: removed", spec->place.ctid,
		            what);
}

/* Neither registered since, nor gone: a container may be made or removed at this moment. */
static bool
leak_is_lasting(const struct settings *s, const char *id)
{
	char path[SPEC_PATH_MAX];

	snprintf(path, sizeof path, "%s/registry/%s", s->state_dir, id);
	if (access(path, F_OK) == 0)
		return false;
	snprintf(path, sizeof path, "%s/%s", s->pool_dir, id);
	return access(path, F_OK) == 0;
}

/* The numbers of a container's configuration, as its manifest has it. */
static int
leak_read_config(const struct settings *s, char *id, int64_t ctid, struct container_config *out, struct err *e)
{
	struct manifest manifest = { .id = id, .place.ctid = ctid };
	int rc = volume_load_manifest(s, &manifest, e);

	if (rc == 0 && manifest.problem)
		rc = err_set(e, ERR_CONFLICT, "%s", manifest.problem);
	if (rc == 0)
		*out = (struct container_config){ .disk = manifest.config.disk,
			                          .rate_out = manifest.config.rate_out,
			                          .throttled = manifest.config.throttled };
	manifest.id = NULL;
	record_clear(&manifest_schema, &manifest);
	return rc;
}

static int
leak_limit_again(struct spec *spec, struct err *e)
{
	if (leak_read_config(&spec->settings, spec->place.id, spec->place.ctid, &spec->config, e) < 0)
		return -1;
	return volume_set_quota(spec, e);
}

/* Limits lie in the file system's books, not in the volume: an operator may have made those anew. */
static void
leak_check_limit(struct doctor *d, char *id, int64_t ctid)
{
	struct spec spec = d->job->spec; /* borrows */
	struct volume_usage usage;
	struct err e = { 0 };

	spec.place = (struct place){ .id = id, .ctid = ctid };
	/* Storage without limits tells no usage either. */
	if (volume_read(&spec, &usage, NULL) < 0 || usage.effective >= 0 || usage.used < 0)
		return;
	if (!d->fix)
		doctor_tell(d, "quota", DOCTOR_PROBLEM, DOCTOR_CAN_FIX, "berth doctor --fix",
		            "the volume of the container %s has no limit", id);
	else if (leak_limit_again(&spec, &e) < 0)
		doctor_tell(d, "quota", DOCTOR_PROBLEM, DOCTOR_BY_HAND, "change the container's disk with 'berth set'",
		            "the volume of the container %s has no limit: %s", id, e.message);
	else
		doctor_tell(d, "quota", DOCTOR_OK, DOCTOR_FIXED, NULL, "the volume of the container %s had no limit: set again",
		            id);
}

/* A volume may be a customer's data: nothing here removes one. */
static void
leak_check_volumes(struct doctor *d, const struct known *known)
{
	const struct settings *s = &d->job->spec.settings;
	const char *pool = s->pool_dir;
	DIR *dir = opendir(pool);
	struct dirent *entry;

	while (dir && fd_next_entry(dir, &entry, NULL) == 1)
		if (!check_uuid(entry->d_name) && !strv_contains(&known->ids, entry->d_name) && leak_is_lasting(s, entry->d_name))
			doctor_tell(d, "volume", DOCTOR_WARNING, DOCTOR_BY_HAND,
			            "look at its manifest; 'berth recover' takes it up again if its container is wanted",
			            "the volume %s belongs to no registered container", entry->d_name);
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < known->ids.n; i++) {
		char path[SPEC_PATH_MAX];

		snprintf(path, sizeof path, "%s/%s", pool, known->ids.v[i]);
		if (access(path, F_OK) < 0)
			doctor_tell(d, "volume", DOCTOR_PROBLEM, DOCTOR_BY_HAND,
			            "restore it from a backup, or delete the container",
			            "the container %s has no volume: '%s' is missing", known->ids.v[i], path);
		else
			leak_check_limit(d, known->ids.v[i], known->ctids[i]);
	}
}

/* Made with a container's first start on it: one without interfaces on which nobody is any more is left over. */
static void
leak_check_bridges(struct doctor *d, const struct known *known)
{
	AUTO_STRV struct strv names = { 0 };
	struct err e = { 0 };

	if (nic_sweep_devices(&d->job->spec.settings, &known->bridges, d->fix, &names, &e) < 0)
		doctor_tell(d, "leak", DOCTOR_WARNING, DOCTOR_BY_HAND, NULL, "the networks' bridges can't be looked at: %s",
		            e.message);
	for (size_t i = 0; i < names.n; i++)
		if (d->fix)
			doctor_tell(d, "leak", DOCTOR_OK, DOCTOR_FIXED, NULL, "the bridge %s had no interface: removed",
			            names.v[i]);
		else
			doctor_tell(d, "leak", DOCTOR_WARNING, DOCTOR_CAN_FIX, "berth doctor --fix",
			            "the bridge %s has no interface, and no container is on its network", names.v[i]);
}

/* The registered container that it is of has a rate, and so needs it with its next start. */
static bool
leak_is_rates(const struct doctor *d, const struct known *known, const char *ifb)
{
	const struct settings *s = &d->job->spec.settings;
	int64_t ctid = strtoll(ifb + strlen(s->instance), NULL, 10);
	struct container_config config = { 0 };

	for (size_t i = 0; i < known->n; i++)
		if (known->ctids[i] == ctid)
			return leak_read_config(s, known->ids.v[i], ctid, &config, NULL) < 0 || config.rate_out > 0 ||
			       config.throttled;
	/* Of others all is told by their number. */
	return true;
}

static void
leak_check_rate(struct doctor *d, const char *ifb)
{
	AUTO_NL struct nl_sock *sock = NULL;
	struct err e = { 0 };

	if (!d->fix)
		doctor_tell(d, "leak", DOCTOR_WARNING, DOCTOR_CAN_FIX, "berth doctor --fix",
		            "the interface %s is of a rate that its container doesn't have", ifb);
	else if (net_open(&sock, &e) < 0 || net_delete_link(sock, ifb, &e) < 0)
		doctor_tell(d, "leak", DOCTOR_WARNING, DOCTOR_BY_HAND, "see what still uses it",
		            "the interface %s is of a rate that its container doesn't have: %s", ifb, e.message);
	else
		doctor_tell(d, "leak", DOCTOR_OK, DOCTOR_FIXED, NULL, "the interface %s was of a rate that is no more: removed",
		            ifb);
}

static void
leak_check_rates(struct doctor *d, const struct known *known)
{
	AUTO_STRV struct strv names = { 0 };
	struct err e = { 0 };

	if (shape_sweep_idle(&d->job->spec.settings, false, &names, &e) < 0)
		doctor_tell(d, "leak", DOCTOR_WARNING, DOCTOR_BY_HAND, NULL, "what rates are made of can't be looked at: %s",
		            e.message);
	for (size_t i = 0; i < names.n; i++)
		if (!leak_is_rates(d, known, names.v[i]))
			leak_check_rate(d, names.v[i]);
}

/*
 * Whoever is made or removed at this moment is registered before its first trace and until after its last; one that comes after the
 * scan has a higher number than those probed.
 */
void
doctor_check_leaks(struct doctor *d)
{
	struct spec spec = d->job->spec;
	struct known known = { .settings = &d->job->spec.settings };
	struct err e = { 0 };
	int64_t high = FIRST_CTID - 1;
	char veth[32];

	if (registry_file_scan(&spec.settings, &high, known_take, &known, &e) < 0) {
		doctor_tell(d, "registry", DOCTOR_PROBLEM, DOCTOR_BY_HAND, NULL, "the registry can't be read: %s", e.message);
		known_clear(&known);
		return;
	}
	/* Borrowed, for the numbers alone. */
	spec.place = (struct place){ .veth = veth };
	for (int64_t n = high > PROBED_MAX ? high - PROBED_MAX : FIRST_CTID; n <= high; n++) {
		if (known_has(&known, n))
			continue;
		spec.place.ctid = n;
		snprintf(veth, sizeof veth, "%s%" PRId64, spec.settings.instance, n);
		leak_check_number(d, &spec);
	}
	leak_check_volumes(d, &known);
	leak_check_bridges(d, &known);
	leak_check_rates(d, &known);
	doctor_tell(d, "registry", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "%zu container%s registered", known.n, known.n == 1 ? "" : "s");
	known_clear(&known);
}
