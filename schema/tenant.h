/* Whom a host serves, and what it sells: tenants with their totals, plans, and the credentials of those who call. */
#ifndef BERTH_SCHEMA_TENANT_H
#define BERTH_SCHEMA_TENANT_H

#include "schema/field.h"

/* Over all containers of a tenant. As a limit one that isn't given doesn't limit; the rows bear the same names in both. */
/* Whose is what nobody says whose it is; 001_init.sql makes it. */
#define TENANT_DEFAULT "default"

#define TENANT_TOTALS                                                                                                              \
	int64_t containers;                                                                                                        \
	int64_t cpus;                                                                                                              \
	int64_t memory;                                                                                                            \
	int64_t disk;                                                                                                              \
	int64_t pids;                                                                                                              \
	int64_t addresses;                                                                                                         \
	int64_t snapshots;                                                                                                         \
	int64_t backups;

struct totals {
	struct field_set set;
	TENANT_TOTALS
};

struct tenant {
	struct field_set set;
	char *name;
	char *description;
	char *billing;
	TENANT_TOTALS
	int64_t jobs;
	struct strv forbid;
	int64_t created_at;
	int64_t revision;
	struct totals used;
	struct strv forward_ports;
};

struct plan {
	struct field_set set;
	char *name;
	char *description;
	int64_t cpus;
	int64_t memory;
	int64_t swap;
	int64_t disk;
	int64_t pids;
	int64_t cpu_weight;
	int64_t io_weight;
	int64_t io_read;
	int64_t io_write;
	int64_t created_at;
	int64_t revision;
	int64_t connections;
	struct strv blocked_ports;
	int64_t traffic;
	char *traffic_80;
	char *traffic_100;
	int64_t rate_in;
	int64_t rate_out;
	int64_t rate_burst;
	int64_t net_weight;
};

/* A credential: a bearer token, or a user or group of the host. */
struct token {
	struct field_set set;
	char *id;
	char *name;
	char *role;
	char *tenant;
	int64_t uid;
	int64_t gid;
	int64_t lifetime;
	char *hash;
	int64_t created_at;
	char *created_by;
	int64_t expires_at;
	int64_t used_at;
	int64_t revision;
};

extern const struct schema totals_schema;
extern const struct schema tenant_schema;
extern const struct schema plan_schema;
extern const struct schema token_schema;

/* What a tenant may be forbidden. */
enum feature {
	FEATURE_NONE,
	FEATURE_NESTING,
	FEATURE_SNAPSHOTS,
	FEATURE_BACKUPS,
	FEATURE_CONSOLE,
	FEATURE_TEMPLATES,
	FEATURE_FIREWALL,
	FEATURE_SIZES,
	FEATURE_COUNT
};
const char *feature_name(enum feature feature);

#endif
