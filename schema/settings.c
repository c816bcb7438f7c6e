#include "schema/settings.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/audit.h"
#include "schema/check.h"
#include "schema/container.h"

#ifndef BERTH_LIBEXECDIR
#define BERTH_LIBEXECDIR "/usr/libexec/berth"
#endif
#ifndef BERTH_DATADIR
#define BERTH_DATADIR "/usr/share/berth"
#endif

static const char *
check_path(const char *text)
{
	size_t len = strlen(text);

	if (text[0] != '/' || strstr(text, "/../") || (len >= 3 && strcmp(text + len - 3, "/..") == 0))
		return "must be an absolute path without '..'";
	return check_line(text);
}

static const char *
check_storage(const char *text)
{
	static const char *const kinds[] = { "auto", "btrfs", "prjquota", "dir" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(text, kinds[i]) == 0)
			return NULL;
	return "must be auto, btrfs, prjquota or dir";
}

static const char *
check_log_level(const char *text)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(text, levels[i]) == 0)
			return NULL;
	return "must be error, warning, info or debug";
}

static const char *
check_interface(const char *text)
{
	size_t len = strcspn(text, "/:\" \t\\");

	return len == 0 || text[len] || text[0] == '.' ? "must be an interface's name, such as eth0" : check_line(text);
}

bool
settings_is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET)
		return ntohl(a4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return address->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a6->sin6_addr);
}

bool
settings_parse_loopback(const char *text, struct sockaddr_storage *address_out, socklen_t *len_out)
{
	struct sockaddr_in *a4 = (struct sockaddr_in *)address_out;
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)address_out;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2], *end;
	size_t len = colon ? (size_t)(colon - text) : 0;
	unsigned long port;

	if (len == 0 || len >= sizeof host || !isdigit((unsigned char)colon[1]))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	port = strtoul(colon + 1, &end, 10);
	if (*end || port == 0 || port > 65535)
		return false;
	memset(address_out, 0, sizeof *address_out);
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		*len_out = sizeof *a6;
		a6->sin6_family = AF_INET6;
		a6->sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host + 1, &a6->sin6_addr) == 1 && settings_is_loopback(address_out);
	}
	*len_out = sizeof *a4;
	a4->sin_family = AF_INET;
	a4->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &a4->sin_addr) == 1 && settings_is_loopback(address_out);
}

static const char *
check_token_listen(const char *text)
{
	struct sockaddr_storage address;
	socklen_t len;

	if (text[0] == '/')
		return check_path(text);
	if (strcmp(text, "off") == 0 || settings_parse_loopback(text, &address, &len))
		return NULL;
	return "must be a Unix socket's path, a loopback address with a port (127.0.0.1:8440, [::1]:8440), or off: a proxy with "
	       "TLS "
	       "stands before it";
}

bool
settings_token_listen_is_off(const struct settings *s)
{
	return s->token_listen.n == 1 && strcmp(s->token_listen.v[0], "off") == 0;
}

enum { JOBS_MAX = 256, JOBS_A_CPU = 4 };

#define S settings
#define PATH_MAX_LEN 200

static const struct field settings_fields[] = {
	STRING_FIELD(S, instance, 0, 6, check_instance,
	             "Name that prefixes what is host-wide: cgroup parent, nft table, veths; 1 to 6 letters."),
	STRING_FIELD(S, log_level, 0, 8, check_log_level, "error, warning, info or debug."),
	STRING_FIELD(S, socket, 0, 100, check_path, "Unix socket of the API."),
	LIST_FIELD(S, token_listen, 0, TOKEN_LISTEN_MAX, check_token_listen,
	           "Where callers with a bearer token alone are served, whoever they are on this host, such as a proxy: a Unix "
	           "socket's path, or a loopback ADDRESS:PORT; `off`: nowhere; RUN_DIR/token.sock when left out."),
	STRING_FIELD(S, state_dir, 0, PATH_MAX_LEN, check_path, "What outlives a reboot: database, registry."),
	STRING_FIELD(S, run_dir, 0, 80, check_path, "What doesn't: sockets, launch specs, console logs."),
	STRING_FIELD(S, pool_dir, 0, PATH_MAX_LEN, check_path, "Where the containers' volumes lie; STATE_DIR/pool when left out."),
	STRING_FIELD(S, templates_dir, 0, PATH_MAX_LEN, check_path,
	             "Where built templates lie; STATE_DIR/templates when left out."),
	STRING_FIELD(S, recipes_dir, 0, PATH_MAX_LEN, check_path, "Template recipes: a folder each, owned by root."),
	STRING_FIELD(S, libexec_dir, 0, PATH_MAX_LEN, check_path, "Where the daemon's helper programs are."),
	STRING_FIELD(S, claims_dir, 0, PATH_MAX_LEN, check_path,
	             "Shared by all instances of a host: who holds which id range, subnet, sysctl."),
	STRING_FIELD(S, api_user, 0, 32, check_user, "User of the API process; in a group of its own."),
	STRING_FIELD(S, admin_group, 0, 32, check_user, "Members of this group may do everything."),
	STRING_FIELD(
	        S, storage, 0, 8, check_storage,
	        "How volumes get disk quotas: btrfs (subvolumes; on a loop file where the pool's file system is another), "
	        "prjquota (project quotas of an ext4 or xfs mounted with the option prjquota; of files too, one per 16 KiB of "
	        "disk and at least 8192), dir (not at all), or auto: as the pool was made; a new one btrfs or prjquota, as its "
	        "file system allows, else btrfs on a loop file."),
	SIZE_FIELD(S, pool_size, 0, 256LL << 20, 1LL << 50, 20LL << 30,
	           "Size of the loop file that is made for a btrfs pool; sparse."),
	INT_FIELD(S, id_base, 0, ID_RANGE, 4294901760, 1879048192,
	          "First host uid and gid of the containers' ranges; a multiple of 65536."),
	INT_FIELD(S, id_count, 0, 1, 32768, 4000, "How many ranges of 65536 ids: the most containers."),
	INT_FIELD(S, project_base, 0, 1, 4000000000, 1879048,
	          "First project quota id of storage prjquota; a container takes one, of ID_COUNT."),
	STRING_FIELD(S, subnet4, 0, 64, check_prefix, "Private IPv4 subnet for automatic addresses."),
	STRING_FIELD(S, subnet6, 0, 64, check_prefix, "Private IPv6 subnet for automatic addresses."),
	LIST_FIELD(S, addresses, 0, 64, check_prefix, "Further prefixes from which containers may have addresses."),
	LIST_FIELD(S, management, 0, 64, check_prefix, "The operator's networks: containers can't reach them."),
	LIST_FIELD(S, dns, 0, 3, check_address, "Name servers for containers; the host's own when left out."),
	BOOL_FIELD(S, nat, 0, 1, "Translate the private subnets' outbound addresses to the host's."),
	INT_FIELD(S, reserve_memory, 0, 0, 90, 5, "Percent of memory that containers together never get."),
	INT_FIELD(S, reserve_cpu, 0, 0, 90, 5, "Percent of CPU that containers together never get."),
	INT_FIELD(S, reserve_pids, 0, 100, 1000000, 2000, "Process numbers kept free for the host."),
	INT_FIELD(S, max_jobs, FIELD_NO_PRESET, 1, JOBS_MAX, 0, "Jobs that run at once; four a CPU when left out."),
	INT_FIELD(S, tenant_jobs, FIELD_NO_PRESET, 1, JOBS_MAX, 0,
	          "Jobs of one tenant's callers at once, where the tenant's `jobs` doesn't say; half of MAX_JOBS when left out."),
	INT_FIELD(S, max_queued, 0, 1, 65536, 1024,
	          "Operations that may wait for their turn: so many of tenants' callers, and so many of the host's roles."),
	INT_FIELD(S, tenant_queued, 0, 1, 65536, 256, "Operations of one tenant's callers that may wait."),
	SIZE_FIELD(S, max_body, 0, 4096, 16 << 20, 1 << 20, "Largest request body of the API."),
	INT_FIELD(S, copy_interval, 0, 0, 2678400, 86400,
	          "Seconds between copies of the database to the pool, from which `berth recover` rebuilds it; 0: none."),
	INT_FIELD(S, max_connections, 0, 16, 65536, 1024,
	          "Connections of the API at once; half of them of one user of the host, of one token of a host's role, and over "
	          "loopback addresses together."),
	INT_FIELD(S, tenant_requests, FIELD_NO_PRESET, 1, 65536, 0,
	          "Requests and streams of one tenant's callers at once; a quarter of MAX_CONNECTIONS when left out."),
	INT_FIELD(S, tenant_streams, FIELD_NO_PRESET, 1, 65536, 0,
	          "Streams (events, exec, console, logs) of one tenant's callers at once; an eighth of MAX_CONNECTIONS when left "
	          "out."),
	INT_FIELD(S, client_timeout, 0, 1, 3600, 60,
	          "Seconds in which a caller's request must have arrived, its head in 10 at most, and something of an answer been "
	          "taken by him; then the connection is closed."),
	INT_FIELD(S, stop_timeout, 0, 1, 3600, 30, "Seconds a stop waits before it kills, unless the caller says."),
	INT_FIELD(S, boot_parallel, 0, 1, 64, 4, "Containers that start at once when the host boots."),
	INT_FIELD(S, shutdown_timeout, 0, 5, 3600, 120, "Seconds that all containers together have when the host shuts down."),
	SIZE_FIELD(S, console_log, 0, 4096, 1 << 30, 256 << 10, "Size at which a console log is rotated; one older is kept."),
	INT_FIELD(
	        S, memory_high, 0, 50, 100, 100,
	        "Percent of its memory past which a container is slowed down and reclaimed from; 100: killed at its limit alone."),
	LIST_FIELD(S, traffic_free, 0, 256, check_prefix,
	           "Networks with which traffic is free: counted apart from what is paid, and against no allowance."),
	INT_FIELD(S, sample_interval, 0, 1, 60, 10, "Seconds between readings of all containers' counters."),
	INT_FIELD(S, usage_interval, 0, 1, 60, 60,
	          "Seconds between writes of what was read to the database: what a power cut may lose of the traffic."),
	INT_FIELD(S, usage_minutes, 0, 1, 744, 6, "Hours for which usage is kept by the minute."),
	INT_FIELD(S, usage_hours, 0, 1, 400, 14, "Days for which it is kept by the hour."),
	INT_FIELD(S, usage_days, 0, 31, 4000, 400, "Days for which it is kept by the day."),
	INT_FIELD(S, usage_months, 0, 1, 1200, 120, "Months for which it is kept by the month."),
	INT_FIELD(S, firewall_log, 0, 0, 6000, 60,
	          "Lines a minute that a container's firewall rules with the word 'log' may write; 0: none."),
	INT_FIELD(S, firewall_log_group, FIELD_NO_PRESET, 0, 65535, 0,
	          "Group of nfnetlink_log that gets these lines, as of ulogd; the kernel's log when left out."),
	INT_FIELD(S, audit_days, 0, AUDIT_DAYS_MIN, AUDIT_DAYS_MAX, 400, "Days for which the audit is kept."),
	INT_FIELD(
	        S, audit_rows, 0, AUDIT_ROWS_MIN, AUDIT_ROWS_MAX, 100000,
	        "Entries of the audit that are kept of one tenant at most: its own newest push out its own oldest, nobody else's."),
	LIST_FIELD(S, bridges, 0, 64, check_line, "The host's bridges on which networks may be made; no tenant can name another."),
	LIST_FIELD(S, hook_allow, 0, 64, check_prefix,
	           "Networks that the host's own webhooks may reach, though they are private or the host's; the most specific "
	           "prefix counts."),
	LIST_FIELD(S, hook_allow_tenants, 0, 64, check_prefix,
	           "The same for tenants' webhooks, which else reach public addresses alone."),
	BOOL_FIELD(S, hook_http, 0, 0, "Webhooks may be http, too, which anybody on the way can read."),
	STRING_FIELD(S, hook_ca, 0, PATH_MAX_LEN, check_path, "File of certificates that webhooks trust besides the system's."),
	STRING_FIELD(S, hook_user, 0, 32, check_user, "User of the process that sends webhooks; it needs no file of the daemon's."),
	INT_FIELD(S, hook_retry, 0, 1, 300, 5,
	          "Seconds after which a webhook that failed is tried again; doubled each time, to an hour."),
	INT_FIELD(S, hook_give_up, 0, 10, 2592000, 259200, "Seconds of failing after which a webhook is ended, with an event."),
	MILLI_FIELD(S, throttle_rate, 0, 1, 10 * 1000 * 1000, 1000,
	            "Megabits a second that a container sends and receives at most once its traffic is used up, where that "
	            "throttles it."),
	STRING_FIELD(S, uplink, 0, 15, check_interface,
	             "Interface by which the host reaches the world: what containers send by it is shared by their `net_weight` "
	             "when it is full. Left alone when left out."),
	MILLI_FIELD(S, uplink_rate, FIELD_NO_PRESET, 1000, RATE_MAX, 0,
	            "Megabits a second that the uplink carries; a little less than the line, so that packets wait here."),
	END_FIELDS
};

const struct schema settings_schema = { "settings", sizeof(struct settings), settings_fields };

static bool
settings_default(struct settings *s, const char *name, const char *fmt, const char *arg)
{
	char **place = field_string(field_find(&settings_schema, name, NULL), s);

	if (record_has(&settings_schema, s, name))
		return true;
	record_mark(&settings_schema, s, name, true);
	return asprintf(place, fmt, arg) >= 0;
}

static bool
settings_default_token_listen(struct settings *s)
{
	char path[PATH_MAX_LEN];

	if (record_has(&settings_schema, s, "token_listen"))
		return true;
	record_mark(&settings_schema, s, "token_listen", true);
	return snprintf(path, sizeof path, "%s/token.sock", s->run_dir) < (int)sizeof path && strv_add(&s->token_listen, path);
}

static void
settings_default_number(struct settings *s, const char *name, int64_t value)
{
	const struct field *f = field_find(&settings_schema, name, NULL);

	if (record_has(&settings_schema, s, name))
		return;
	*field_int(f, s) = value < f->min ? f->min : value > f->max ? f->max : value;
	record_mark(&settings_schema, s, name, true);
}

bool
settings_apply_defaults(struct settings *s)
{
	bool ok = settings_default(s, "instance", "%s", "berth") && settings_default(s, "log_level", "%s", "info") &&
	          settings_default(s, "state_dir", "%s", "/var/lib/berth") && settings_default(s, "run_dir", "%s", "/run/berth") &&
	          settings_default(s, "socket", "%s/berth.sock", s->run_dir) && settings_default_token_listen(s) &&
	          settings_default(s, "pool_dir", "%s/pool", s->state_dir) &&
	          settings_default(s, "templates_dir", "%s/templates", s->state_dir) &&
	          settings_default(s, "recipes_dir", "%s", BERTH_DATADIR "/templates") &&
	          settings_default(s, "libexec_dir", "%s", BERTH_LIBEXECDIR) &&
	          settings_default(s, "claims_dir", "%s", "/run/berth-claims") &&
	          settings_default(s, "api_user", "%s", "berth-api") && settings_default(s, "admin_group", "%s", "berth") &&
	          settings_default(s, "hook_user", "%s", "nobody") && settings_default(s, "storage", "%s", "auto") &&
	          settings_default(s, "subnet4", "%s", "10.77.0.0/16") &&
	          settings_default(s, "subnet6", "%s", "fd77:6265:7274:6800::/64");

	record_apply_presets(&settings_schema, s);
	settings_default_number(s, "max_jobs", JOBS_A_CPU * sysconf(_SC_NPROCESSORS_ONLN));
	settings_default_number(s, "tenant_jobs", s->max_jobs / 2);
	settings_default_number(s, "tenant_requests", s->max_connections / 4);
	settings_default_number(s, "tenant_streams", s->max_connections / 8);
	return ok;
}

int
settings_check(const struct settings *s, struct err *e)
{
	int rc = record_check(&settings_schema, s, false, e);

	if (s->id_base % ID_RANGE != 0)
		rc = err_param(e, "id_base", "must be a multiple of 65536");
	else if (s->id_count > (4294967296 - ID_RANGE - s->id_base) / ID_RANGE)
		rc = err_param(e, "id_count", "reaches past the last user id, 4294901759");
	if (s->uplink && *s->uplink && s->uplink_rate == 0)
		rc = err_param(e, "uplink_rate", "is needed beside 'uplink': the megabits a second that it carries");
	if (s->token_listen.n > 1 && strv_contains(&s->token_listen, "off"))
		rc = err_param(e, "token_listen", "is off and names something: leave one out");
	if (strv_contains(&s->token_listen, s->socket))
		rc = err_param(e, "token_listen", "is what option 'socket' names: a socket of its own is needed");
	if (strchr(s->subnet4, ':'))
		rc = err_param(e, "subnet4", "must be an IPv4 prefix");
	if (!strchr(s->subnet6, ':'))
		rc = err_param(e, "subnet6", "must be an IPv6 prefix");
	return rc;
}
