/*
 * What the engine tells a job: its options, the host's layout, the container's configuration, and what the engine alone
 * decides about it. Written as JSON (root, 0600) it is the launch spec, from which a monitor restarts a container while
 * no daemon runs. Holds no secret.
 */
#ifndef BERTH_SPEC_H
#define BERTH_SPEC_H

#include "schema/container.h"
#include "schema/settings.h"

/* What the host-setup job found or made; the same for all containers. */
struct layout {
	struct field_set set;
	char *cgroup_mode;        /* "systemd": v2, by its units; "v2"; "hybrid": v1 controllers and a v2 tree without them */
	struct strv cgroup_roots; /* hybrid: "memory=/sys/fs/cgroup/memory"…; both: "unified=/sys/fs/cgroup[/unified]" */
	char *storage;            /* the backend chosen: "btrfs", "prjquota" or "dir" */
	char *pool_device;        /* MAJOR:MINOR of the pool's block device, "" where there is none */
	char *seccomp_file;       /* the compiled filter program of containers */
	char *apparmor;           /* their AppArmor profile; not given where there is none */
	struct strv dns;          /* the name servers to use where a container names none */
};

/* The identity that the engine's registry holds for a container. The numbers are chosen by the engine. */
struct place {
	struct field_set set;
	char *id;   /* UUID */
	char *name; /* for people: logs, host name default */
	char *tenant;
	int64_t tenant_number; /* from 1; the firewall's mark */
	int64_t ctid;
	int64_t id_base;
	char *veth;     /* <instance><ctid> */
	char *template; /* NAME@VERSION */
	struct strv ip; /* addresses that it holds, running or not */
	/* What its firewall is made from, as in the configuration. */
	struct strv firewall;
	struct strv firewall_operator;
	struct strv blocked_ports;
	int64_t connections;
	struct strv nics; /* interfaces on networks */
	struct strv forwards;
	int64_t net_weight;
};

/* Takes over from the configuration what both have: addresses, and what the firewall is made from. false: out of memory. */
bool place_take(struct place *place, const struct container_config *config);
/* Whether a field of that name is among them. */
bool place_has(const char *field);

/* A built template: TEMPLATES_DIR/NAME/VERSION/meta; the tree is in rootfs/ beside it. */
struct template
{
	struct field_set set;
	char *name;
	char *version;
	char *description;
	struct strv init;  /* argv of PID 1 */
	char *stop_signal; /* "RTMIN+4", "USR2"… asks init to power off */
	char *reboot_signal;
	char *os;     /* "debian", "busybox": tells provisioning where things lie */
	int64_t size; /* bytes */
	int64_t built_at;
};

struct spec {
	struct field_set set;
	struct settings settings;
	struct layout layout;
	struct place place;
	struct template template;
	struct template rescue; /* given when another template is booted, with the container's tree mounted at /mnt */
	struct container_config config;
};

extern const struct schema layout_schema;
extern const struct schema place_schema;
extern const struct schema template_schema;
extern const struct schema spec_schema;

/* It holds from now on what the configuration says. false: out of memory, and nothing is changed. */
bool place_take_addresses(struct place *place, const struct container_config *config);

/*
 * Where things lie. Each fills buf and returns it; all are absolute. VOLUME is POOL_DIR/<uuid>: `fs` (the subvolume or
 * directory with `upper` and `work`), `manifest`. RUN is RUN_DIR/ct/<ctid>: `spec`, `monitor` (socket), `console.log`,
 * `console.log.1`, `exit`, `root` (a lock, see engine/root_lock.h).
 */
enum { SPEC_PATH_MAX = 512 };
const char *spec_volume_dir(const struct spec *spec, char buf[SPEC_PATH_MAX]);
const char *spec_run_dir(const struct spec *spec, char buf[SPEC_PATH_MAX]);
const char *spec_template_dir(const struct settings *s, const char *name, const char *version, char buf[SPEC_PATH_MAX]);

/* File form, both ways. *spec must be zeroed; the caller clears it also on error. */
int spec_save(const struct spec *spec, int dirfd, const char *name, struct err *e);
int spec_load(struct spec *spec, int dirfd, const char *name, struct err *e);

#endif
