/*
 * berth-api: parses what strangers send, decides who may do what, writes the database. Started by the engine as root with
 * its descriptors, it keeps no privilege.
 */
#include "daemon/api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <json-c/json.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/api/idempotency.h"
#include "daemon/api/recovery.h"
#include "daemon/api/sandbox.h"
#include "daemon/model/ip_pool.h"
#include "daemon/model/journal.h"
#include "daemon/model/operation.h"
#include "daemon/model/token.h"
#include "daemon/util/fd.h"
#include "daemon/util/lockdown.h"
#include "daemon/util/log.h"

enum { API_SETTINGS_MAX = 1 << 20, API_PURGE_S = 3600 };

static int
api_read_settings(struct settings *settings, struct err *e)
{
	AUTO_CLOSE int fd = API_SETTINGS_FD;
	AUTO_FREE char *text = calloc(1, API_SETTINGS_MAX + 1);
	struct json_object *json;
	size_t len = 0;
	ssize_t n = 1;
	int rc;

	if (!text)
		return err_set(e, ERR_INTERNAL, "out of memory");
	/* A memfd may stand at its end; a pipe can't be moved. */
	if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return err_sys(e, "read the settings");
	while (len < API_SETTINGS_MAX && (n = read(fd, text + len, API_SETTINGS_MAX - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return err_sys(e, "read the settings");
	json = json_tokener_parse(text);
	rc = json ? record_from_file_json(&settings_schema, json, settings, e)
	          : err_set(e, ERR_BAD_REQUEST, "the settings are no JSON");
	json_object_put(json);
	return rc == 0 ? settings_check(settings, e) : -1;
}

/* A connection a descriptor, and some for the database. */
static void
api_raise_files(int64_t connections)
{
	struct rlimit limit;
	rlim_t wanted = (rlim_t)(connections + connections / 8) + 64;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < wanted)
			log_warning("only %llu descriptors for %lld connections", (unsigned long long)limit.rlim_cur,
			            (long long)connections);
	}
}

static int
api_enter_directory(const struct api *api, uid_t uid, struct err *e)
{
	char path[SPEC_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%s/db", api->settings.state_dir);
	if (chdir(path) < 0 || stat(".", &st) < 0)
		return err_sys(e, "enter '%s'", path);
	if (st.st_uid != uid || (st.st_mode & 077))
		return err_set(e, ERR_INTERNAL, "'%s' must belong to %s, with mode 0700", path, api->settings.api_user);
	umask(077);
	return 0;
}

static int
api_drop(struct api *api, struct err *e)
{
	const struct passwd *user = getpwnam(api->settings.api_user);
	const struct group *group = getgrnam(api->settings.admin_group);

	if (!user)
		return err_set(e, ERR_INTERNAL, "There is no user '%s' (option api_user)", api->settings.api_user);
	if (user->pw_uid == 0)
		return err_set(e, ERR_INTERNAL, "api_user must not be root");
	api->has_admin_group = group != NULL;
	if (group)
		api->admin_gid = group->gr_gid;
	else
		log_warning("there is no group '%s': only root may use the API", api->settings.admin_group);
	api_raise_files(api->settings.max_connections);
	if (api_enter_directory(api, user->pw_uid, e) < 0)
		return -1;
	return lockdown_drop(user->pw_uid, user->pw_gid, NULL, 0, e);
}

static void
api_on_purge(evutil_socket_t fd, short what, void *arg)
{
	struct api *api = arg;
	AUTO_TXN struct txn txn = { 0 };
	struct err e = { 0 };

	if (api->recovery)
		return;
	if (txn_begin(&txn, api->model.store, &e) < 0 ||
	    store_operation_purge(api->model.store, model_now() - OPERATION_KEPT_S, &e) < 0 || idempotency_purge(api, &e) < 0 ||
	    store_holding_purge(api->model.store, model_now() - HOLDINGS_KEPT_S, &e) < 0 ||
	    store_audit_keep(api->model.store, api->settings.audit_days, api->settings.audit_rows, &e) < 0 ||
	    store_audit_purge(api->model.store, &e) < 0 || store_event_purge(api->model.store, EVENTS_KEPT, &e) < 0 ||
	    txn_commit(&txn, &e) < 0)
		log_err(&e, "purge what is old");
}

static int
api_open_store(struct api *api, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (store_open(API_DATABASE, &api->model.store, e) < 0)
		return -1;
	/* The handshake tells which are there. */
	if (txn_begin(&txn, api->model.store, e) < 0 || store_template_forget(api->model.store, e) < 0)
		return -1;
	return txn_commit(&txn, e);
}

/* Nothing that is damaged is written to; a host that never had a database is told from one that lost it by the handshake. */
static int
api_find_store(struct api *api, struct err *e)
{
	bool lost = !store_exists(API_DATABASE);

	if (lost) {
		if (store_open(":memory:", &api->model.store, e) < 0)
			return -1;
	} else if (api_open_store(api, e) == 0)
		return 0;
	else if (strcmp(e->code, STORE_UNUSABLE) != 0)
		return -1;
	api->recovery = recovery_new(api, lost ? NULL : e);
	err_clear(e);
	return api->recovery ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

/* What is only counted yet is written before the end. */
static void
api_on_end(evutil_socket_t fd, short what, void *arg)
{
	event_base_loopbreak(((struct api *)arg)->base);
}

static int
api_run(struct api *api, struct err *e)
{
	const struct timeval hour = { API_PURGE_S, 0 };
	struct event *purge, *end;

	api->base = event_base_new();
	end = api->base ? evsignal_new(api->base, SIGTERM, api_on_end, api) : NULL;
	if (!end || event_add(end, NULL) < 0)
		return err_set(e, ERR_INTERNAL, "no event loop");
	if (api_make_parts(api, e) < 0 || token_setup(e) < 0 || idempotency_setup(api, e) < 0 || sandbox_filter(e) < 0 ||
	    api_find_store(api, e) < 0)
		return -1;
	api->link = link_new(api, api->base, API_LINK_FD, e);
	if (!api->link)
		return -1;
	purge = event_new(api->base, -1, EV_PERSIST, api_on_purge, api);
	if (!purge || event_add(purge, &hour) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	api_on_purge(-1, 0, api);
	event_base_dispatch(api->base);
	event_free(purge);
	event_free(end);
	return 0;
}

static void
api_clear(struct api *api)
{
	http_server_free(api->http);
	free(api->reference);
	link_free(api->link);
	api_free_parts(api);
	store_close(api->model.store);
	if (api->base)
		event_base_free(api->base);
	strv_clear(&api->known);
	record_clear(&settings_schema, &api->settings);
}

/* As many as there are. */
static void
api_take_token_listeners(struct api *api)
{
	int fd = API_TOKENS_FD, listens;
	socklen_t len = sizeof listens;

	while (api->ntokens < TOKEN_LISTEN_MAX && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
		api->token_fds[api->ntokens++] = fd++;
	close_range((unsigned int)fd, ~0U, 0);
}

int
main(void)
{
	struct api api = { .listen_fd = API_LISTEN_FD, .model.settings = &api.settings, .started_at = time(NULL) };
	struct err e = { 0 };
	int rc;

	signal(SIGPIPE, SIG_IGN);
	log_init("berth-api", LOG_LEVEL_INFO);
	for (int fd = API_LISTEN_FD; fd <= API_SETTINGS_FD; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
			log_error("berth-api is started by berthd, with descriptors 3, 4 and 5");
			return 2;
		}
	api_take_token_listeners(&api);
	rc = api_read_settings(&api.settings, &e);
	if (rc == 0) {
		log_init("berth-api", log_level_of(api.settings.log_level));
		log_stay_open();
		rc = api_drop(&api, &e) < 0 ? -1 : api_run(&api, &e);
	}
	if (rc < 0)
		log_err(&e, "berth-api ends");
	api_clear(&api);
	return rc < 0;
}
