/* The store: migrations, rows by the field tables, locks and references that the schema itself holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "daemon/store/sql.h"

static const char uuid[] = "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11";
static const char other_uuid[] = "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a12";

static struct store *
open_store(void)
{
	struct store *s = NULL;
	struct err e = { 0 };

	assert_int_equal(store_open(":memory:", &s, &e), 0);
	return s;
}

/* A value in every column's field. */
static void
fill(const struct schema *schema, void *record)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		const struct field *f = &schema->fields[i];

		if (!row_is_column(f))
			continue;
		record_mark_row(record, i, true);
		if (f->type == FIELD_STRING)
			*field_string(f, record) = strdup("a 'quoted' \"text\" \xc3\xa4");
		else if (f->type == FIELD_LIST)
			assert_true(strv_add(field_list(f, record), "one, \"two\"") && strv_add(field_list(f, record), ""));
		else
			*field_int(f, record) = (int64_t)i + 7;
	}
}

static void
assert_same(const struct schema *schema, const void *a, const void *b)
{
	struct json_object *x = record_to_json(schema, a, true), *y = record_to_json(schema, b, true);

	assert_string_equal(json_object_to_json_string(x), json_object_to_json_string(y));
	json_object_put(x);
	json_object_put(y);
}

static void
put_template(struct store *s, const char *name, const char *version, int64_t built_at)
{
	struct template t = { 0 };
	struct err e = { 0 };

	fill(&template_schema, &t);
	row_put_text(&template_schema, &t, "name", name);
	row_put_text(&template_schema, &t, "version", version);
	row_put_int(&template_schema, &t, "built_at", built_at);
	assert_int_equal(store_template_put(s, &t, &e), 0);
	record_clear(&template_schema, &t);
}

static int
put_container(struct store *s, const char *id, const char *name, struct err *e)
{
	struct container_view v = { 0 };
	int rc;

	row_put_text(&container_config_schema, &v.config, "id", id);
	row_put_text(&container_config_schema, &v.config, "name", name);
	row_put_text(&container_config_schema, &v.config, "tenant", "default");
	row_put_text(&container_config_schema, &v.config, "template", "busybox@1");
	row_put_text(&container_view_schema, &v, "desired", "stopped");
	row_put_text(&container_view_schema, &v, "state", "stopped");
	row_put_int(&container_view_schema, &v, "revision", 1);
	row_put_int(&container_view_schema, &v, "created_at", 1);
	rc = store_container_insert(s, &v, e);
	record_clear(&container_view_schema, &v);
	return rc;
}

static void
test_container_holds_every_field(void **state)
{
	struct store *s = open_store();
	struct container_view in = { 0 }, out = { 0 };
	struct err e = { 0 };

	put_template(s, "busybox", "1", 1);
	fill(&container_config_schema, &in.config);
	fill(&container_view_schema, &in);
	row_put_text(&container_config_schema, &in.config, "id", uuid);
	row_put_text(&container_config_schema, &in.config, "tenant", "default");
	row_put_text(&container_config_schema, &in.config, "template", "busybox@1");
	assert_int_equal(store_container_insert(s, &in, &e), 0);
	assert_int_equal(store_container_get(s, uuid, &out, &e), 1);
	assert_same(&container_config_schema, &in.config, &out.config);
	record_mark(&container_view_schema, &out, "config", false);
	assert_same(&container_view_schema, &in, &out);
	record_clear(&container_view_schema, &in);
	record_clear(&container_view_schema, &out);
	store_close(s);
}

static void
test_operation_holds_every_field(void **state)
{
	struct store *s = open_store();
	struct operation in = { 0 }, out = { 0 };
	struct err e = { 0 };

	fill(&operation_schema, &in);
	row_put_text(&operation_schema, &in, "id", uuid);
	assert_int_equal(store_operation_insert(s, &in, &e), 0);
	assert_int_equal(store_operation_get(s, uuid, &out, &e), 1);
	assert_same(&operation_schema, &in, &out);
	record_clear(&operation_schema, &in);
	record_clear(&operation_schema, &out);
	store_close(s);
}

static void
test_secrets_are_no_columns(void **state)
{
	struct store *s = open_store();
	struct err e = { 0 };
	int64_t n = -1;

	assert_int_equal(sql_number(s, &n, "SELECT count(*) FROM pragma_table_info('container') WHERE name = 'password'", &e, ""),
	                 1);
	assert_int_equal(n, 0);
	store_close(s);
}

/* With what stands beside one that was refused. */
static void
remove_database(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char file[128];

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(file, sizeof file, "%s%s", path, ends[i]);
		unlink(file);
	}
}

static void
test_migrations(void **state)
{
	char path[] = "/tmp/berth-store-XXXXXX";
	struct store *s = NULL;
	struct err e = { 0 };
	int64_t version = 0;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_open(path, &s, &e), 0);
		assert_int_equal(sql_number(s, &version, "PRAGMA user_version", &e, ""), 1);
		assert_true(version >= 1);
		if (i == 1)
			assert_int_equal(sql_script(s, "PRAGMA user_version = 1000", &e), 0);
		store_close(s);
	}
	assert_int_equal(store_open(path, &s, &e), -1);
	assert_non_null(strstr(e.message, "newer"));
	remove_database(path);
}

static void
test_a_failed_migration_changes_nothing(void **state)
{
	const char *const broken[] = { "SELECT 1;", "CREATE TABLE half (a); CREATE TABLE nonsense", NULL };
	struct store *s = open_store();
	struct err e = { 0 };
	int64_t n = -1;

	assert_int_equal(sql_script(s, "PRAGMA user_version = 1", &e), 0);
	assert_int_equal(store_migrate(s, ":memory:", broken, &e), -1);
	assert_int_equal(sql_number(s, &n, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'", &e, ""), 1);
	assert_int_equal(n, 0);
	store_close(s);
}

static void
test_an_older_database_is_kept(void **state)
{
	const char *more[64] = { 0 };
	char path[] = "/tmp/berth-store-XXXXXX", copy[64];
	struct store *s = NULL;
	struct err e = { 0 };
	int64_t version = 0, n = -1;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(store_open(path, &s, &e), 0);
	assert_int_equal(sql_number(s, &version, "PRAGMA user_version", &e, ""), 1);
	assert_in_range(version, 1, sizeof more / sizeof *more - 2);
	for (int64_t i = 0; i < version; i++)
		more[i] = "SELECT 1;";
	more[version] = "CREATE TABLE more (a TEXT) STRICT;";
	more[version + 1] = NULL;
	assert_int_equal(store_migrate(s, path, more, &e), 0);
	assert_int_equal(sql_number(s, &n, "PRAGMA user_version", &e, ""), 1);
	assert_int_equal(n, version + 1);
	store_close(s);
	snprintf(copy, sizeof copy, "%s.schema%d", path, (int)version);
	assert_int_equal(store_open(copy, &s, &e), 0);
	assert_int_equal(sql_number(s, &n, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'", &e, ""), 1);
	assert_int_equal(n, 0);
	store_close(s);
	remove_database(copy);
	remove_database(path);
}

/* A row of each kind of the first schema. */
static const char older_rows[] =
        "INSERT INTO template (ref, name, version) VALUES ('busybox@1', 'busybox', '1');"
        "INSERT INTO tenant (name, created_at) VALUES ('acme', 1);"
        "INSERT INTO container (id, name, tenant, template, hostname, memory, pids, disk, ip, onboot, desired, revision, "
        "created_at,"
        " ctid, state, id_base, pid) VALUES ('6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11', 'web', 'acme', 'busybox@1', 'web', 67108864, "
        "99,"
        " 1073741824, '[\"10.0.0.2\"]', 1, 'running', 3, 1, 101, 'running', 1879048192, 4711);"
        "INSERT INTO address (address, container) VALUES (x'0a000002', '6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11');"
        "INSERT INTO operation (id, kind, state, container, tenant, name, actor, created_at, undo) VALUES"
        " ('6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a12', 'container_stop', 'running', '6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11', 'acme',"
        " 'web', 0, 1, 'running');"
        "INSERT INTO event (time, type, container, tenant, name)"
        " VALUES (1, 'container.started', '6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11', 'acme', 'web');";

/* As the berthd that knew so many migrations left it: its rows are from the first of them, and `rows`, or NULL, from the last. */
static void
make_older(const char *path, size_t version, const char *rows)
{
	const char *migrations[64] = { 0 };
	struct store s = { 0 };
	struct err e = { 0 };

	assert_int_equal(store_connect(&s, path, &e), 0);
	migrations[0] = store_migrations[0];
	assert_int_equal(store_migrate(&s, path, migrations, &e), 0);
	assert_int_equal(sql_script(&s, older_rows, &e), 0);
	memcpy(migrations, store_migrations, version * sizeof *migrations);
	assert_int_equal(store_migrate(&s, path, migrations, &e), 0);
	if (rows)
		assert_int_equal(sql_script(&s, rows, &e), 0);
	for (size_t i = 0; i < SQL_CACHE; i++)
		sqlite3_finalize(s.cache[i].stmt);
	sqlite3_close(s.db);
}

static void
check_migrated(struct store *s)
{
	struct container_view view = { 0 };
	struct operation operation = { 0 };
	struct err e = { 0 };
	int64_t broken = -1;

	assert_int_equal(store_container_get(s, uuid, &view, &e), 1);
	assert_string_equal(view.config.name, "web");
	assert_string_equal(view.config.tenant, "acme");
	assert_int_equal(view.config.memory, 67108864);
	assert_int_equal(view.ctid, 101);
	assert_string_equal(view.state, "running");
	record_clear(&container_view_schema, &view);
	assert_int_equal(store_operation_get(s, other_uuid, &operation, &e), 1);
	assert_string_equal(operation.state, "running");
	record_clear(&operation_schema, &operation);
	assert_int_equal(sql_number(s, &broken, "SELECT count(*) FROM pragma_foreign_key_check", &e, ""), 1);
	assert_int_equal(broken, 0);
}

static void
test_each_older_database_is_migrated(void **state)
{
	for (size_t version = 1; store_migrations[version]; version++) {
		char dir[] = "/tmp/berth-store-XXXXXX", path[64], kept[96];
		struct store *s = NULL;
		struct err e = { 0 };

		assert_non_null(mkdtemp(dir));
		snprintf(path, sizeof path, "%s/db", dir);
		make_older(path, version, NULL);
		assert_int_equal(store_open(path, &s, &e), 0);
		check_migrated(s);
		store_close(s);
		/* Of each step on the way there. */
		for (size_t i = 1; i <= version; i++) {
			snprintf(kept, sizeof kept, "%s.schema%zu", path, i);
			unlink(kept);
		}
		unlink(path);
		assert_int_equal(rmdir(dir), 0);
	}
}

/* Whoever shares a bridge with others goes on doing so; new ones are for their tenants alone. */
static void
test_networks_of_older_databases_stay_open(void **state)
{
	static const char rows[] = "INSERT INTO network (id, name, tenant, kind, number, created_at, revision) VALUES"
	                           " ('6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a13', 'lan', NULL, 'bridge', 1, 1, 1),"
	                           " ('6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a14', 'back', 'acme', 'private', 1, 1, 1);";
	enum { BEFORE_ISOLATION = 19 };
	char path[] = "/tmp/berth-store-XXXXXX", kept[96];
	AUTO_STRV struct strv apart = { 0 };
	struct network network = { 0 };
	struct store *s = NULL;
	struct err e = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	make_older(path, BEFORE_ISOLATION, rows);
	assert_int_equal(store_open(path, &s, &e), 0);
	assert_int_equal(store_network_find(s, NULL, "lan", &network, &e), 1);
	assert_string_equal(network.isolation, "none");
	record_clear(&network_schema, &network);
	assert_int_equal(store_network_find(s, "acme", "back", &network, &e), 1);
	assert_null(network.isolation);
	record_clear(&network_schema, &network);
	assert_int_equal(store_network_isolated(s, &apart, &e), 0);
	assert_int_equal(apart.n, 0);
	assert_int_equal(sql_script(s, "UPDATE network SET isolation = 'tenants' WHERE kind = 'bridge'", &e), 0);
	assert_int_equal(store_network_isolated(s, &apart, &e), 0);
	assert_int_equal(apart.n, 1);
	assert_string_equal(apart.v[0], "1");
	store_close(s);
	for (int version = 1; version <= BEFORE_ISOLATION; version++) {
		snprintf(kept, sizeof kept, "%s.schema%d", path, version);
		unlink(kept);
	}
	remove_database(path);
}

static void
test_names_and_references(void **state)
{
	struct store *s = open_store();
	struct err e = { 0 };

	assert_int_equal(put_container(s, uuid, "web", &e), -1);
	put_template(s, "busybox", "1", 1);
	assert_int_equal(put_container(s, uuid, "web", &e), 0);
	assert_int_equal(put_container(s, other_uuid, "web", &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_int_equal(put_container(s, uuid, "web2", &e), -1);
	/* A template that went while it is used keeps its row, and loses it with its last user. */
	assert_int_equal(store_template_gone(s, "busybox@1", &e), 0);
	assert_int_equal(store_container_delete(s, uuid, &e), 0);
	assert_int_equal(store_template_prune(s, &e), 0);
	assert_int_equal(put_container(s, uuid, "web", &e), -1);
	store_close(s);
}

static void
test_one_open_operation_a_container(void **state)
{
	struct store *s = open_store();
	struct operation o = { 0 };
	struct err e = { 0 };

	row_put_text(&operation_schema, &o, "id", uuid);
	row_put_text(&operation_schema, &o, "kind", "container_start");
	row_put_text(&operation_schema, &o, "state", "queued");
	row_put_text(&operation_schema, &o, "container", uuid);
	row_put_int(&operation_schema, &o, "created_at", 1);
	assert_int_equal(store_operation_insert(s, &o, &e), 0);
	row_put_text(&operation_schema, &o, "id", other_uuid);
	assert_int_equal(store_operation_insert(s, &o, &e), -1);
	row_put_text(&operation_schema, &o, "state", "failed");
	assert_int_equal(store_operation_insert(s, &o, &e), 0);
	record_clear(&operation_schema, &o);
	store_close(s);
}

static int
count_events(void *arg, const void *record)
{
	++*(int *)arg;
	return 0;
}

static void
test_events_are_bounded(void **state)
{
	const struct event_filter all = { 0 };
	struct event_row event = { .time = 1, .type = "container.started" };
	struct store *s = open_store();
	struct err e = { 0 };
	int n = 0;

	for (int i = 0; i < 30; i++)
		assert_int_equal(store_event_add(s, &event, 10, &e), 0);
	assert_int_equal(store_event_list(s, &all, 0, 100, count_events, &n, &e), 0);
	assert_int_equal(n, 10);
	n = 0;
	assert_int_equal(store_event_list(s, &all, 28, 100, count_events, &n, &e), 0);
	assert_int_equal(n, 2);
	store_close(s);
}

static int
note_number(void *arg, const void *record)
{
	*(int64_t *)arg = ((const struct event_row *)record)->seq;
	return 0;
}

/* A tenant counts its own alone, and a busy one pushes nobody's out. */
static void
test_events_of_a_tenant_are_its_own(void **state)
{
	const struct event_filter acme = { .tenant = "acme" };
	struct event_row event = { .time = 1, .type = "container.started" };
	struct store *s = open_store();
	struct err e = { 0 };
	int64_t last = 0, first = 0;
	int n = 0;

	assert_int_equal(store_tenant_add(s, 7, "acme", 1, &e), 0);
	event.tenant = "acme";
	assert_int_equal(store_event_add(s, &event, 10, &e), 0);
	event.tenant = "default";
	for (int i = 0; i < 30; i++)
		assert_int_equal(store_event_add(s, &event, 10, &e), 0);
	event.tenant = "acme";
	assert_int_equal(store_event_add(s, &event, 10, &e), 0);
	assert_int_equal(store_event_list(s, &acme, 0, 100, count_events, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(store_event_list(s, &acme, 0, 100, note_number, &last, &e), 0);
	assert_int_equal(last, 2);
	assert_int_equal(store_event_first(s, &acme, &first, &e), 0);
	assert_int_equal(first, 1);
	store_close(s);
}

/* To the host a tenant's journal that was cut short leaves a gap, however old another's oldest is. */
static void
test_a_gap_in_the_events_is_known(void **state)
{
	const struct event_filter all = { 0 }, acme = { .tenant = "acme" };
	struct event_row event = { .time = 1, .type = "container.started", .tenant = "acme" };
	struct store *s = open_store();
	struct err e = { 0 };
	int64_t first = 0;

	assert_int_equal(store_tenant_add(s, 7, "acme", 1, &e), 0);
	assert_int_equal(store_event_first(s, &all, &first, &e), 0);
	assert_int_equal(first, 1);
	assert_int_equal(store_event_add(s, &event, 10, &e), 0);
	event.tenant = "default";
	for (int i = 0; i < 30; i++)
		assert_int_equal(store_event_add(s, &event, 10, &e), 0);
	/* Of 2 to 31 the newest ten are kept, and the first is. */
	assert_int_equal(store_event_first(s, &all, &first, &e), 0);
	assert_int_equal(first, 22);
	assert_int_equal(store_event_first(s, &acme, &first, &e), 0);
	assert_int_equal(first, 1);
	store_close(s);
}

static void
test_events_of_a_gone_tenant_go(void **state)
{
	const struct event_filter all = { 0 };
	struct event_row event = { .time = 1, .type = "container.started", .tenant = "acme" };
	struct store *s = open_store();
	struct err e = { 0 };
	int n = 0;

	assert_int_equal(store_tenant_add(s, 7, "acme", 1, &e), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(store_event_add(s, &event, 10, &e), 0);
	assert_int_equal(store_tenant_bury(s, "acme", &e), 0);
	event.tenant = "default";
	for (int i = 0; i < 8; i++)
		assert_int_equal(store_event_add(s, &event, 10, &e), 0);
	assert_int_equal(store_event_purge(s, 10, &e), 0);
	assert_int_equal(store_event_list(s, &all, 0, 100, count_events, &n, &e), 0);
	assert_int_equal(n, 10);
	store_close(s);
}

static void
test_rollback(void **state)
{
	struct store *s = open_store();
	struct template t = { 0 };
	struct err e = { 0 };

	{
		AUTO_TXN struct txn txn = { 0 };

		assert_int_equal(txn_begin(&txn, s, &e), 0);
		put_template(s, "busybox", "1", 1);
	}
	assert_int_equal(store_template_get(s, "busybox@1", &t, &e), 0);
	put_template(s, "busybox", "1", 5);
	put_template(s, "busybox", "2", 3);
	assert_int_equal(store_template_latest(s, "busybox", &t, &e), 1);
	assert_string_equal(t.version, "1");
	record_clear(&template_schema, &t);
	store_close(s);
}

static int
note_audit(void *arg, const void *record)
{
	*(int64_t *)arg = ((const struct audit_row *)record)->seq;
	return 0;
}

static int
count_audit(void *arg, const void *record)
{
	++*(int *)arg;
	return 0;
}

static void
add_audit(struct store *s, const char *tenant, int64_t time)
{
	struct audit_entry entry = { 0 };
	struct err e = { 0 };

	row_put_text(&audit_schema, &entry, "actor", "uid:0");
	row_put_text(&audit_schema, &entry, "kind", "container_start");
	row_put_text(&audit_schema, &entry, "tenant", tenant);
	row_put_int(&audit_schema, &entry, "time", time);
	row_put_int(&audit_schema, &entry, "status", 202);
	row_put_int(&audit_schema, &entry, "count", 1);
	assert_int_equal(store_audit_add(s, &entry, &e), 0);
	record_clear(&audit_schema, &entry);
}

static void
test_audit_holds_every_field(void **state)
{
	struct audit_entry entry = { 0 }, read = { 0 };
	struct store *s = open_store();
	struct err e = { 0 };

	fill(&audit_schema, &entry);
	row_put_text(&audit_schema, &entry, "operation", uuid);
	assert_int_equal(store_audit_add(s, &entry, &e), 0);
	assert_int_equal(store_audit_of(s, uuid, &read, &e), 1);
	assert_same(&audit_schema, &entry, &read);
	record_clear(&audit_schema, &entry);
	record_clear(&audit_schema, &read);
	assert_int_equal(store_audit_of(s, other_uuid, &read, &e), 0);
	store_close(s);
}

static void
test_audit_is_append_only(void **state)
{
	static const char *const refused[] = {
		"UPDATE audit SET actor = 'uid:1'",
		"UPDATE audit SET count = count + 1",
		"DELETE FROM audit",
		"DELETE FROM audit WHERE seq = 2",
		"DELETE FROM audit_keep",
		"UPDATE audit_keep SET days = 1",
		"UPDATE audit_keep SET rows = 0",
	};
	const struct audit_filter all = { .limit = 100 };
	struct store *s = open_store();
	int64_t now = time(NULL);
	struct err e = { 0 };
	int n = 0;

	/* One that is past the time for which it is kept, one that isn't. */
	add_audit(s, NULL, now - 401 * 86400);
	add_audit(s, NULL, now - 399 * 86400);
	add_audit(s, "default", now);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		assert_int_equal(sql_script(s, refused[i], &e), -1);
		err_clear(&e);
	}
	assert_int_equal(store_audit_list(s, &all, count_audit, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_int_equal(store_audit_purge(s, &e), 0);
	n = 0;
	assert_int_equal(store_audit_list(s, &all, count_audit, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(store_audit_keep(s, 30, 1000, &e), 0);
	assert_int_equal(store_audit_purge(s, &e), 0);
	n = 0;
	assert_int_equal(store_audit_list(s, &all, count_audit, &n, &e), 0);
	assert_int_equal(n, 1);
	store_close(s);
}

static void
test_audit_of_a_tenant_is_its_own(void **state)
{
	const struct audit_filter acme = { .own = "acme", .limit = 10000 }, all = { .limit = 10000 };
	struct store *s = open_store();
	int64_t now = time(NULL), last = 0;
	struct err e = { 0 };
	int n = 0;

	assert_int_equal(store_tenant_add(s, 2, "acme", 1, &e), 0);
	assert_int_equal(store_audit_keep(s, 400, 1000, &e), 0);
	add_audit(s, "acme", now);
	add_audit(s, NULL, now);
	for (int i = 0; i < 1500; i++)
		add_audit(s, "default", now);
	add_audit(s, "acme", now);
	/* The other's push out none of its own, and its numbers have no gaps. */
	assert_int_equal(store_audit_list(s, &acme, count_audit, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(store_audit_list(s, &acme, note_audit, &last, &e), 0);
	assert_int_equal(last, 1);
	n = 0;
	assert_int_equal(store_audit_list(s, &all, count_audit, &n, &e), 0);
	assert_int_equal(n, 1003);
	/* Another tenant of the name sees nothing of the former. */
	assert_int_equal(store_table_delete(s, TABLE_TENANT, "acme", &e), 0);
	assert_int_equal(store_tenant_add(s, 3, "acme", 1, &e), 0);
	n = 0;
	assert_int_equal(store_audit_list(s, &acme, count_audit, &n, &e), 0);
	assert_int_equal(n, 0);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_container_holds_every_field),
		cmocka_unit_test(test_operation_holds_every_field),
		cmocka_unit_test(test_secrets_are_no_columns),
		cmocka_unit_test(test_migrations),
		cmocka_unit_test(test_a_failed_migration_changes_nothing),
		cmocka_unit_test(test_each_older_database_is_migrated),
		cmocka_unit_test(test_networks_of_older_databases_stay_open),
		cmocka_unit_test(test_an_older_database_is_kept),
		cmocka_unit_test(test_names_and_references),
		cmocka_unit_test(test_one_open_operation_a_container),
		cmocka_unit_test(test_events_are_bounded),
		cmocka_unit_test(test_events_of_a_tenant_are_its_own),
		cmocka_unit_test(test_a_gap_in_the_events_is_known),
		cmocka_unit_test(test_events_of_a_gone_tenant_go),
		cmocka_unit_test(test_audit_holds_every_field),
		cmocka_unit_test(test_audit_is_append_only),
		cmocka_unit_test(test_audit_of_a_tenant_is_its_own),
		cmocka_unit_test(test_rollback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
