/* The daemon's options: one table for berthd.conf, the command line, their defaults, bounds and help. */
#ifndef BERTH_SETTINGS_H
#define BERTH_SETTINGS_H

#include <sys/socket.h>

#include "schema/field.h"

enum { TOKEN_LISTEN_MAX = 4 };

/* User ids, and as many group ids, that a container has; the first container's number. */
enum { ID_RANGE = 65536, FIRST_CTID = 101 };

struct settings {
	struct field_set set;
	char *instance;
	char *log_level;
	char *socket;
	struct strv token_listen;
	char *state_dir;
	char *run_dir;
	char *pool_dir;
	char *templates_dir;
	char *recipes_dir;
	char *libexec_dir;
	char *claims_dir;
	char *api_user;
	char *admin_group;
	char *storage;
	int64_t pool_size;
	int64_t id_base;
	int64_t id_count;
	int64_t project_base;
	char *subnet4;
	char *subnet6;
	struct strv addresses;
	struct strv management;
	struct strv dns;
	int64_t nat;
	int64_t reserve_memory;
	int64_t reserve_cpu;
	int64_t reserve_pids;
	int64_t max_jobs;
	int64_t tenant_jobs;
	int64_t max_queued;
	int64_t tenant_queued;
	int64_t max_body;
	int64_t copy_interval;
	int64_t max_connections;
	int64_t tenant_requests;
	int64_t tenant_streams;
	int64_t client_timeout;
	int64_t stop_timeout;
	int64_t boot_parallel;
	int64_t shutdown_timeout;
	int64_t console_log;
	int64_t memory_high;
	struct strv traffic_free;
	int64_t sample_interval;
	int64_t usage_interval;
	int64_t usage_minutes;
	int64_t usage_hours;
	int64_t usage_days;
	int64_t usage_months;
	int64_t firewall_log;
	int64_t firewall_log_group;
	int64_t audit_days;
	int64_t audit_rows;
	struct strv bridges;
	struct strv hook_allow;
	struct strv hook_allow_tenants;
	int64_t hook_http;
	char *hook_ca;
	char *hook_user;
	int64_t hook_retry;
	int64_t hook_give_up;
	int64_t throttle_rate; /* kbit/s */
	char *uplink;
	int64_t uplink_rate; /* kbit/s */
};

extern const struct schema settings_schema;

/* Gives each option that isn't given its default, those derived from others (pool_dir from state_dir…) last. false: out of memory.
 */
bool settings_apply_defaults(struct settings *s);
/* ADDRESS:PORT of a loopback address, [ADDRESS]:PORT of IPv6's. */
bool settings_parse_loopback(const char *text, struct sockaddr_storage *address_out, socklen_t *len_out);
bool settings_is_loopback(const struct sockaddr_storage *address);
/* token_listen = off */
bool settings_token_listen_is_off(const struct settings *s);
/* Rules between options, after the defaults; all that is wrong is reported together. */
int settings_check(const struct settings *s, struct err *e);

#endif
