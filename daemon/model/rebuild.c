#include "daemon/model/rebuild.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/address.h"
#include "daemon/model/container.h"
#include "daemon/model/journal.h"
#include "daemon/model/nics.h"
#include "daemon/util/fd.h"

#define CONFIG (&container_config_schema)
#define VIEW (&container_view_schema)

enum { REBUILD_COPY_MAX = 1 << 30 };

struct rebuild {
	struct model model;
	struct strv told; /* UUIDs */
	struct json_object *report, *containers, *gone, *notes;
};

static int
rebuild_out_of_memory(struct err *e)
{
	return err_set(e, ERR_INTERNAL, "out of memory");
}

static struct json_object *
rebuild_add_list(struct rebuild *r, const char *name)
{
	struct json_object *list = json_object_new_array();

	json_object_object_add(r->report, name, list);
	return list;
}

struct rebuild *
rebuild_new(const struct settings *settings)
{
	struct rebuild *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->model.settings = settings;
	r->report = json_object_new_object();
	r->containers = rebuild_add_list(r, "containers");
	r->gone = rebuild_add_list(r, "gone");
	r->notes = rebuild_add_list(r, "notes");
	return r;
}

void
rebuild_free(struct rebuild *r)
{
	if (!r)
		return;
	store_close(r->model.store);
	strv_clear(&r->told);
	json_object_put(r->report);
	free(r);
}

static void __attribute__((format(printf, 2, 3))) rebuild_note(struct json_object *list, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	json_object_array_add(list, json_object_new_string(text));
}

int
rebuild_take_copy(struct rebuild *r, const char *name, int fd, struct err *e)
{
	AUTO_FREE char *data = NULL;
	struct err why = { 0 };
	size_t len = 0;

	if (r->model.store)
		return 0;
	if (fd_read_all(fd, REBUILD_COPY_MAX, &data, &len, &why) < 0 || store_load(data, len, &r->model.store, &why) < 0) {
		rebuild_note(r->notes, "the copy %s can't be used: %s", name, why.message);
		return 0;
	}
	json_object_object_add(r->report, "copy", json_object_new_string(name));
	return store_operation_lose(r->model.store, model_now(), e);
}

static int
rebuild_begin(struct rebuild *r, struct txn *txn, struct err *e)
{
	if (!r->model.store && store_open(":memory:", &r->model.store, e) < 0)
		return -1;
	return txn_begin(txn, r->model.store, e);
}

/* What a row refers to; the handshake tells which templates are there. */
static int
rebuild_refer(struct rebuild *r, const struct place *place, struct err *e)
{
	struct store *s = r->model.store;
	int64_t number;
	int rc = store_tenant_number(s, place->tenant, &number, e);

	if (rc == 0)
		rc = store_tenant_add(s, place->tenant_number, place->tenant, model_now(), e) < 0 ? -1 : 1;
	return rc < 0 ? -1 : store_template_mention(s, place->template, e);
}

/* Names don't change: whoever else had it in the copy has been deleted since. */
static int
rebuild_free_name(struct rebuild *r, const struct place *place, struct err *e)
{
	struct container_view other = { 0 };
	int rc = store_container_get_name(r->model.store, place->tenant, place->name, &other, e);

	if (rc == 1 && strcmp(other.config.id, place->id) != 0) {
		rebuild_note(r->gone, "%s:%s, an earlier one of this name (%s)", place->tenant, place->name, other.config.id);
		rc = store_container_delete(r->model.store, other.config.id, e);
	}
	record_clear(VIEW, &other);
	return rc < 0 ? -1 : 0;
}

/* The registry decides who it is and which addresses it has. */
static bool
rebuild_identify(struct container_config *config, const struct place *place)
{
	if (!row_put_text(CONFIG, config, "id", place->id) || !row_put_text(CONFIG, config, "name", place->name) ||
	    !row_put_text(CONFIG, config, "tenant", place->tenant) || !row_put_text(CONFIG, config, "template", place->template))
		return false;
	strv_clear(&config->ip);
	strv_clear(&config->nics);
	record_mark(CONFIG, config, "ip", true);
	record_mark(CONFIG, config, "nics", true);
	return strv_copy(&config->ip, &place->ip) && strv_copy(&config->nics, &place->nics);
}

static int
rebuild_addresses(struct rebuild *r, const struct place *place, struct err *e)
{
	struct store *s = r->model.store;
	char holder[37];

	if (address_release_others(&r->model, place->id, &place->ip, e) < 0)
		return -1;
	for (size_t i = 0; i < place->ip.n; i++) {
		struct prefix held;
		int rc;

		if (!address_parse_held(place->ip.v[i], &held))
			continue;
		rc = store_address_holder(s, &held.base, holder, e);
		/* A container that the copy knew and that is gone, which isn't known yet. */
		if (rc == 1 && strcmp(holder, place->id) != 0)
			rc = store_address_remove(s, &held.base, holder, e);
		if (rc == 0)
			rc = store_address_add(s, &held, place->id, e);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
rebuild_insert(struct rebuild *r, const struct manifest *m, bool running, struct container_view *view, struct err *e)
{
	record_mark(VIEW, view, "config", true);
	row_put_int(VIEW, view, "created_at", record_has(&manifest_schema, m, "created_at") ? m->created_at : model_now());
	row_put_int(VIEW, view, "revision", m->revision > 0 ? m->revision : 1);
	row_put_int(VIEW, view, "ctid", m->place.ctid);
	row_put_int(VIEW, view, "id_base", m->place.id_base);
	if (!row_put_text(VIEW, view, "desired", running ? "running" : "stopped") ||
	    !row_put_text(VIEW, view, "state", container_state_name(STATE_STOPPED)))
		return rebuild_out_of_memory(e);
	return store_container_insert(r->model.store, view, e);
}

/* In the order of what is known best; what is said of a container whose configuration is lost. */
static const char *
rebuild_configure(struct container_config *config, const struct manifest *m, bool in_copy)
{
	if (record_has(&manifest_schema, m, "config")) {
		record_clear(CONFIG, config);
		return record_copy(CONFIG, config, &m->config) ? m->source : NULL;
	}
	if (in_copy)
		return "copy";
	record_apply_presets(CONFIG, config);
	return row_put_text(CONFIG, config, "hostname", m->place.name) ? "registry" : NULL;
}

static int
rebuild_report(struct rebuild *r, const struct manifest *m, const char *source, const char *name)
{
	struct json_object *row = json_object_new_object();

	json_object_object_add(row, "name", json_object_new_string(name));
	json_object_object_add(row, "id", json_object_new_string(m->id));
	if (m->place.tenant)
		json_object_object_add(row, "tenant", json_object_new_string(m->place.tenant));
	if (m->place.ctid)
		json_object_object_add(row, "ctid", json_object_new_int64(m->place.ctid));
	if (source)
		json_object_object_add(row, "source", json_object_new_string(source));
	if (m->problem)
		json_object_object_add(row, "problem", json_object_new_string(m->problem));
	return json_object_array_add(r->containers, row);
}

int
rebuild_take_container(struct rebuild *r, const struct manifest *m, bool running, struct err *e)
{
	struct container_view view = { 0 };
	AUTO_TXN struct txn txn = { 0 };
	const char *source = NULL;
	int found, rc;

	if (!record_has(&manifest_schema, m, "place"))
		return rebuild_report(r, m, NULL, "");
	if (!strv_add(&r->told, m->id))
		return rebuild_out_of_memory(e);
	if (rebuild_begin(r, &txn, e) < 0 || rebuild_refer(r, &m->place, e) < 0 || rebuild_free_name(r, &m->place, e) < 0)
		return -1;
	rc = found = store_container_get(r->model.store, m->id, &view, e);
	if (found >= 0) {
		source = rebuild_configure(&view.config, m, found == 1);
		rc = source && rebuild_identify(&view.config, &m->place) ? 0 : rebuild_out_of_memory(e);
	}
	if (rc == 0)
		rc = found ? store_container_write_config(r->model.store, m->id, &view.config, e)
		           : rebuild_insert(r, m, running, &view, e);
	if (rc == 0)
		rc = store_container_write_state(r->model.store, m->id, view.config.suspended ? STATE_SUSPENDED : STATE_STOPPED, e);
	if (rc == 0)
		rc = rebuild_addresses(r, &m->place, e);
	if (rc == 0)
		rc = nics_rebuild(&r->model, &view.config, &m->place, e);
	record_clear(VIEW, &view);
	if (rc < 0 || txn_commit(&txn, e) < 0)
		return err_wrap(e, "take up container '%s'", m->place.name);
	return rebuild_report(r, m, source, m->place.name);
}

struct rebuild_sweep {
	struct rebuild *r;
	struct strv gone;
};

static int
rebuild_note_gone(void *arg, const void *record)
{
	const struct container_view *view = record;
	struct rebuild_sweep *sweep = arg;

	if (strv_contains(&sweep->r->told, view->config.id))
		return 0;
	rebuild_note(sweep->r->gone, "%s:%s", view->config.tenant, view->config.name);
	return !strv_add(&sweep->gone, view->config.id);
}

static int
rebuild_sweep(struct rebuild *r, struct err *e)
{
	const struct container_filter all = { .limit = INT64_MAX };
	struct rebuild_sweep sweep = { .r = r };
	int rc = store_container_list(r->model.store, &all, rebuild_note_gone, &sweep, e);

	for (size_t i = 0; rc == 0 && i < sweep.gone.n; i++)
		rc = store_container_delete(r->model.store, sweep.gone.v[i], e);
	strv_clear(&sweep.gone);
	return rc;
}

int
rebuild_finish(struct rebuild *r, struct json_object **report_out, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (rebuild_begin(r, &txn, e) < 0 || rebuild_sweep(r, e) < 0 ||
	    journal_add(&r->model, EVENT_DATABASE_RECOVERED, NULL, NULL, NULL, e) < 0 || txn_commit(&txn, e) < 0)
		return -1;
	if (json_object_object_get(r->report, "copy"))
		rebuild_note(r->notes,
		             "who may do what is as the copy has it: a token that was revoked since counts again, one that was "
		             "made since doesn't (berth token list)");
	else
		rebuild_note(r->notes,
		             "no copy was found: operations, events, tokens, and what was wanted of stopped containers are lost");
	*report_out = json_object_get(r->report);
	return 0;
}

int
rebuild_save(const struct rebuild *r, const char *path, struct err *e)
{
	return store_save(r->model.store, path, e);
}
