/* A container, as a user sets it and as it is seen. */
#ifndef BERTH_SCHEMA_CONTAINER_H
#define BERTH_SCHEMA_CONTAINER_H

#include "schema/field.h"

/* kbit/s: ten gigabits. */
enum { RATE_MAX = 10 * 1000 * 1000 };
enum { NET_WEIGHT_MIN = 10, NET_WEIGHT_MAX = 10000, NET_WEIGHT = 100 };

/* What a user may choose. The same rows make the API's bodies, the database's columns, the launch spec and the manifest. */
struct container_config {
	struct field_set set;
	char *id;
	char *name;
	char *tenant;
	char *template;
	char *hostname;
	int64_t memory;
	int64_t swap;
	int64_t cpus;
	int64_t cpu_weight;
	int64_t pids;
	int64_t disk;
	int64_t io_weight;
	int64_t io_read;
	int64_t io_write;
	struct strv ip;
	struct strv dns;
	struct strv ssh_keys;
	int64_t onboot;
	int64_t boot_priority;
	int64_t boot_delay;
	char *plan;
	char *owner;
	char *billing;
	struct strv labels;
	char *suspended;
	char *suspended_by;
	int64_t suspended_at;
	char *password;
	struct strv firewall;
	struct strv firewall_operator;
	struct strv blocked_ports;
	int64_t connections;
	int64_t traffic; /* bytes a month */
	char *traffic_80;
	char *traffic_100;
	struct strv net;
	struct strv nics; /* the same, as the engine is told of it: struct nic */
	struct strv forwards;
	int64_t rate_in; /* kbit/s, as rate_out */
	int64_t rate_out;
	int64_t rate_burst; /* bytes */
	int64_t throttled;  /* to option throttle_rate */
	int64_t net_weight; /* share of option uplink */
};

extern const struct schema container_config_schema;

/* observed state: what is so. The desired one is only "running" or "stopped". */
enum container_state {
	STATE_CREATING,
	STATE_STOPPED,
	STATE_STARTING,
	STATE_RUNNING,
	STATE_STOPPING,
	STATE_FROZEN,
	STATE_CRASHED, /* init ended by itself with a status or signal that is neither poweroff nor reboot */
	STATE_DELETING,
	STATE_SUSPENDED, /* at rest, and not to be started */
	STATE_COUNT
};

/* Nothing of it runs, and nothing is under way. */
bool container_state_rests(enum container_state state);
const char *container_state_name(enum container_state state);
/* 1 found, 0 unknown. */
int container_state_of_name(const char *name, enum container_state *state_out);
const char *check_container_state(const char *name);

/* What the daemon adds to the configuration when it shows a container. */
struct container_view {
	struct field_set set;
	struct container_config config;
	int64_t ctid;
	char *state;
	char *desired;
	char *exit;
	int64_t exit_status;
	int64_t exit_signal;
	int64_t exited_at;
	int64_t started_at;
	int64_t created_at;
	int64_t restarts;
	int64_t revision;
	int64_t id_base;
	int64_t pid;
	char *storage;
	char *rescue;
};

/* The rows beyond `config`, whose fields are shown beside them at the same level. */
extern const struct schema container_view_schema;

#endif
