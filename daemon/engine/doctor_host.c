/* What the machine should be like for hundreds of containers. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>

#include "daemon/engine/apparmor.h"
#include "daemon/engine/claims.h"
#include "daemon/engine/copy.h"
#include "daemon/engine/doctor.h"
#include "daemon/engine/firewall.h"
#include "daemon/engine/idrange.h"
#include "daemon/engine/nic_policy.h"
#include "daemon/engine/volume_backend.h"
#include "daemon/util/fd.h"

enum { SPACE_LOW_PERCENT = 15, SPACE_OUT_PERCENT = 5, LOOP_MAJOR = 7 };

static void
doctor_check_kernel(struct doctor *d)
{
	struct doctor_kernel kernel;
	struct utsname name;
	const char *defect;

	if (uname(&name) < 0 || !doctor_parse_kernel(name.release, name.version, &kernel)) {
		doctor_tell(d, "kernel", DOCTOR_WARNING, DOCTOR_BY_HAND, NULL, "the kernel's version can't be told");
		return;
	}
	if (kernel.major < 6 || (kernel.major == 6 && kernel.minor < 1)) {
		doctor_tell(d, "kernel", DOCTOR_PROBLEM, DOCTOR_BY_HAND, "boot a kernel of 6.1 or later",
		            "the kernel %s is older than 6.1", name.release);
		return;
	}
	defect = doctor_known_defect(&kernel);
	if (defect)
		doctor_tell(d, "kernel", DOCTOR_PROBLEM, DOCTOR_BY_HAND, "install the distribution's newest kernel and reboot",
		            "the kernel %d.%d.%d has %s", kernel.major, kernel.minor, kernel.patch, defect);
	else
		doctor_tell(d, "kernel", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "Linux %s", name.release);
}

static void
doctor_check_cgroups(struct doctor *d)
{
	const struct layout *layout = &d->job->spec.layout;
	static const char *const needed[] = { "memory", "cpu", "pids" };

	if (strcmp(layout->cgroup_mode, "hybrid") == 0) {
		doctor_tell(d, "cgroups", DOCTOR_NOTE, DOCTOR_BY_HAND,
		            "boot with systemd.unified_cgroup_hierarchy=1, or without cgroup v1 controllers",
		            "limits are in cgroup v1: no memory.high, no swap limit where swapaccount is off, slower attachment");
		for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
			bool there = false;

			for (size_t k = 0; k < layout->cgroup_roots.n; k++)
				there |= strncmp(layout->cgroup_roots.v[k], needed[i], strlen(needed[i])) == 0 &&
				         layout->cgroup_roots.v[k][strlen(needed[i])] == '=';
			if (!there)
				doctor_tell(d, "cgroups", DOCTOR_PROBLEM, DOCTOR_BY_HAND, "enable it in the kernel",
				            "there is no %s controller: that limit isn't enforced", needed[i]);
		}
	} else {
		doctor_tell(d, "cgroups", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "cgroup v2");
	}
}

static void
doctor_check_storage(struct doctor *d)
{
	AUTO_CLOSE int pool = open(d->job->spec.settings.pool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct layout *layout = &d->job->spec.layout;
	const struct volume_backend *backend = volume_backend_get(layout->storage, NULL);

	if (pool < 0 || !backend || !backend->fits(pool))
		doctor_tell(d, "storage", DOCTOR_PROBLEM, DOCTOR_BY_HAND, backend ? backend->remedy : NULL,
		            "the pool doesn't lie on %s any more: disk quotas don't hold",
		            backend ? backend->needs : "its storage");
	else if (strcmp(layout->storage, "dir") == 0)
		doctor_tell(d, "storage", DOCTOR_WARNING, DOCTOR_BY_HAND,
		            "put the pool on btrfs, or on ext4 or xfs with project quotas",
		            "the pool has no disk quotas: one container can fill it for all");
	else if (layout->pool_device && strtol(layout->pool_device, NULL, 10) == LOOP_MAJOR)
		doctor_tell(d, "storage", DOCTOR_NOTE, DOCTOR_BY_HAND,
		            "mount a file system with quotas on a device of its own at the pool's path",
		            "the pool is a loop file: random writes run at about a fifth of the disk's speed");
	else
		doctor_tell(d, "storage", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "the pool is %s", layout->storage);
}

/* what: of which there are so many in all and so many left. */
static void
doctor_judge_space(struct doctor *d, const char *check, const char *path, const char *what, uint64_t left, uint64_t all)
{
	uint64_t percent = left * 100 / all;
	enum doctor_severity severity = percent < SPACE_OUT_PERCENT   ? DOCTOR_PROBLEM
	                                : percent < SPACE_LOW_PERCENT ? DOCTOR_WARNING
	                                                              : DOCTOR_OK;

	doctor_tell(d, check, severity, DOCTOR_BY_HAND, severity == DOCTOR_OK ? NULL : "free or add space",
	            "'%s' has %" PRIu64 " %% of its %s free", path, percent, what);
}

static void
doctor_check_space(struct doctor *d, const char *check, const char *path)
{
	struct statvfs vfs;

	if (statvfs(path, &vfs) < 0 || vfs.f_blocks == 0) {
		doctor_tell(d, check, DOCTOR_PROBLEM, DOCTOR_BY_HAND, NULL, "'%s' can't be looked at: %s", path, strerror(errno));
		return;
	}
	if (vfs.f_flag & ST_RDONLY) {
		doctor_tell(d, check, DOCTOR_PROBLEM, DOCTOR_BY_HAND, "look at the kernel's log, check the file system, remount it",
		            "'%s' is read-only", path);
		return;
	}
	doctor_judge_space(d, check, path, "space", vfs.f_bavail, vfs.f_blocks);
	/* btrfs has no such number. */
	if (vfs.f_files > 0)
		doctor_judge_space(d, check, path, "inodes", vfs.f_favail, vfs.f_files);
}

/* The database may lie on a file system of its own. */
static void
doctor_check_state(struct doctor *d)
{
	char db[SPEC_PATH_MAX];

	snprintf(db, sizeof db, "%s/db", d->job->spec.settings.state_dir);
	doctor_check_space(d, "state-space", db);
}

/*
 * What the kernel shares among all containers. Those of inotify count against the user that made the containers' user namespaces,
 * which is root for all of them together.
 */
static const struct {
	const char *path;
	int64_t least;
	const char *text;
} doctor_sysctls[] = {
	{ "fs/inotify/max_user_instances", 65536, "every systemd holds several; all containers count together" },
	{ "fs/inotify/max_user_watches", 1048576, "all containers count together" },
	{ "fs/aio-max-nr", 1048576, "databases of all containers share it" },
	{ "kernel/pty/max", 16384, "terminals of all containers share it" },
	{ "kernel/pid_max", 1048576, "process numbers of all containers come from it" },
	{ "net/ipv4/neigh/default/gc_thresh3", 8192, "each container is a neighbour or two" },
	{ "net/ipv6/neigh/default/gc_thresh3", 8192, "each container is a neighbour or two" },
	{ "net/netfilter/nf_conntrack_max", 262144, "connections of all containers share it" },
	{ "vm/max_map_count", 262144, "databases and search engines want it, and a container can't raise it" },
};

static int
doctor_set_sysctl(const struct settings *s, const char *path, const char *value, struct err *e)
{
	AUTO_CLOSE int claims = -1;

	return claims_lock(s, &claims, e) < 0 ? -1 : claims_set_sysctl(claims, path, value, e);
}

/* -1: this kernel has none such. */
static int64_t
doctor_read_sysctl(const char *path)
{
	AUTO_FREE char *text = NULL;
	char full[128];

	snprintf(full, sizeof full, "/proc/sys/%s", path);
	return fd_read_file(AT_FDCWD, full, 128, &text, NULL, NULL) < 0 ? -1 : strtoll(text, NULL, 10);
}

/* A value that is to be at least so much, with why. */
static void
doctor_check_sysctl(struct doctor *d, const char *path, int64_t least, enum doctor_severity severity, const char *why)
{
	int64_t value = doctor_read_sysctl(path);
	char name[128], want[32], remedy[256];
	struct err e = { 0 };

	if (value < 0)
		return;
	snprintf(name, sizeof name, "%s", path);
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '.';
	snprintf(want, sizeof want, "%" PRId64, least);
	snprintf(remedy, sizeof remedy, "berth doctor --fix, and '%s = %s' in /etc/sysctl.d/berth.conf for the next boot", name,
	         want);
	if (value >= least)
		doctor_tell(d, "sysctl", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "%s is %" PRId64, name, value);
	else if (!d->fix)
		doctor_tell(d, "sysctl", severity, DOCTOR_CAN_FIX, remedy, "%s is %" PRId64 ": %s", name, value, why);
	else if (doctor_set_sysctl(&d->job->spec.settings, path, want, &e) < 0)
		doctor_tell(d, "sysctl", severity, DOCTOR_BY_HAND, remedy, "%s is %" PRId64 " and can't be raised: %s", name, value,
		            e.message);
	else
		doctor_tell(d, "sysctl", DOCTOR_OK, DOCTOR_FIXED, NULL, "%s was %" PRId64 ", is %s until the next boot", name,
		            value, want);
}

/* Routers of all containers have one address, on the host's lo: one that may only be asked for on its own interface isn't found. */
static void
doctor_check_arp(struct doctor *d)
{
	int64_t value = doctor_read_sysctl("net/ipv4/conf/all/arp_ignore");

	if (value == 1 || value == 2 || value == 8)
		doctor_tell(d, "sysctl", DOCTOR_PROBLEM, DOCTOR_BY_HAND,
		            "'sysctl net.ipv4.conf.all.arp_ignore=0', also in /etc/sysctl.d, and the value for single interfaces",
		            "net.ipv4.conf.all.arp_ignore is %" PRId64 ": no container finds its way out by IPv4", value);
	else if (value >= 0)
		doctor_tell(d, "sysctl", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "net.ipv4.conf.all.arp_ignore is %" PRId64, value);
}

static void
doctor_check_network(struct doctor *d)
{
	AUTO_STRV struct strv foreign = { 0 };
	const char *instance = d->job->spec.settings.instance;

	doctor_check_sysctl(d, "net/ipv4/ip_forward", 1, DOCTOR_PROBLEM, "no packet reaches or leaves a container");
	doctor_check_sysctl(d, "net/ipv6/conf/all/forwarding", 1, DOCTOR_PROBLEM, "no IPv6 packet reaches or leaves a container");
	doctor_check_arp(d);
	firewall_find_foreign(instance, &foreign);
	for (size_t i = 0; i < foreign.n; i++)
		doctor_tell(d, "firewall", DOCTOR_WARNING, DOCTOR_BY_HAND, "let interfaces of the instance's name through there",
		            "the chain %s drops what it doesn't know: containers (%s*) reach the network only if it lets them",
		            foreign.v[i], instance);
}

static void
doctor_check_networks(struct doctor *d)
{
	switch (nic_policy_look_at_kernel(d->job->spec.settings.instance)) {
	case NIC_POLICY_NOTHING:
		doctor_tell(d, "networks", DOCTOR_NOTE, DOCTOR_BY_HAND,
		            "boot a kernel with CONFIG_NF_TABLES_BRIDGE, as Debian's is",
		            "the kernel has no nftables for bridges: containers can't be on networks");
		break;
	case NIC_POLICY_STATELESS:
		doctor_tell(
		        d, "networks", DOCTOR_NOTE, DOCTOR_BY_HAND,
		        "boot a kernel with CONFIG_NF_CONNTRACK_BRIDGE, as Debian's is, or keep containers that need such rules "
		        "off networks",
		        "the kernel doesn't track connections on bridges: on networks, firewall rules judge TCP by what opens a "
		        "connection and all other packets one by one ('default in deny' stops the answers to UDP), and no "
		        "connection counts to 'connections'");
		break;
	case NIC_POLICY_TRACKS:
		doctor_tell(d, "networks", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "the kernel tracks connections on bridges");
		break;
	}
}

static void
doctor_check_clock(struct doctor *d)
{
	struct timex t = { 0 };

	if (adjtimex(&t) == TIME_ERROR || (t.status & STA_UNSYNC))
		doctor_tell(d, "clock", DOCTOR_WARNING, DOCTOR_BY_HAND, "run systemd-timesyncd or chrony",
		            "the clock isn't synchronised: events and logs can't be compared with others'");
	else
		doctor_tell(d, "clock", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "the clock is synchronised");
}

/* What `berth recover` builds on. */
static void
doctor_check_copies(struct doctor *d)
{
	const struct settings *s = &d->job->spec.settings;
	AUTO_STRV struct strv names = { 0 };
	AUTO_CLOSE int dir = -1;
	struct err e = { 0 };
	struct stat st;
	long long hours;

	if (s->copy_interval == 0) {
		doctor_tell(d, "copies", DOCTOR_NOTE, DOCTOR_BY_HAND, "set copy_interval",
		            "the database isn't copied to the pool: losing it would lose the history of operations");
		return;
	}
	if (copy_open_dir(s, &dir, &e) < 0 || copy_list(dir, &names, &e) < 0) {
		doctor_tell(d, "copies", DOCTOR_PROBLEM, DOCTOR_BY_HAND, NULL, "%s", e.message);
		return;
	}
	if (names.n == 0 || fstatat(dir, names.v[names.n - 1], &st, AT_SYMLINK_NOFOLLOW) < 0) {
		doctor_tell(d, "copies", DOCTOR_NOTE, DOCTOR_BY_HAND, NULL, "the database hasn't been copied to the pool yet");
		return;
	}
	hours = ((long long)time(NULL) - st.st_mtime) / 3600;
	if (hours > 2 * s->copy_interval / 3600 + 1)
		doctor_tell(d, "copies", DOCTOR_WARNING, DOCTOR_BY_HAND, "look into berthd's log for the reason",
		            "the newest copy of the database is %lld hours old", hours);
	else
		doctor_tell(d, "copies", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "the newest copy of the database is %lld hours old",
		            hours);
}

static void
doctor_check_ids(struct doctor *d)
{
	struct err e = { 0 };

	if (idrange_check_host(&d->job->spec.settings, &e) < 0)
		doctor_tell(d, "ids", DOCTOR_PROBLEM, DOCTOR_BY_HAND, "take the entry away, or move id_base", "%s", e.message);
	else
		doctor_tell(d, "ids", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "no user of the host has a container's ids");
}

static void
doctor_check_apparmor(struct doctor *d)
{
	const struct layout *layout = &d->job->spec.layout;

	if (layout->apparmor)
		doctor_tell(d, "apparmor", DOCTOR_OK, DOCTOR_BY_HAND, NULL, "containers run under the profile %s",
		            layout->apparmor);
	else if (apparmor_is_on())
		doctor_tell(d, "apparmor", DOCTOR_WARNING, DOCTOR_BY_HAND,
		            "install the package apparmor, then restart berthd and the containers",
		            "the kernel has AppArmor, but the containers' profile isn't loaded");
	else
		doctor_tell(d, "apparmor", DOCTOR_NOTE, DOCTOR_BY_HAND, "boot with apparmor=1 security=apparmor",
		            "the kernel has no AppArmor, or doesn't use it");
}

void
doctor_check_host(struct doctor *d)
{
	const struct settings *s = &d->job->spec.settings;

	doctor_check_kernel(d);
	doctor_check_cgroups(d);
	doctor_check_storage(d);
	doctor_check_state(d);
	doctor_check_space(d, "pool-space", s->pool_dir);
	doctor_check_network(d);
	doctor_check_networks(d);
	for (size_t i = 0; i < sizeof doctor_sysctls / sizeof *doctor_sysctls; i++)
		doctor_check_sysctl(d, doctor_sysctls[i].path, doctor_sysctls[i].least, DOCTOR_WARNING, doctor_sysctls[i].text);
	doctor_check_copies(d);
	doctor_check_clock(d);
	doctor_check_ids(d);
	doctor_check_apparmor(d);
}
