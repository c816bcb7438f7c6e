/*
 * The engine's memory of what exists: containers with their identity and observed state, and templates. It is the authority on
 * numbers, id ranges and addresses: whatever the api asks for is checked against it.
 */
#ifndef BERTH_REGISTRY_H
#define BERTH_REGISTRY_H

#include <sys/queue.h>

#include "daemon/engine/monitor.h"
#include "schema/protocol.h"

struct engine;
struct event;
struct task;

struct container {
	LIST_ENTRY(container) link;
	struct engine *engine; /* for its events */
	struct place place;
	enum container_state state;
	struct observed exit; /* its exit fields alone */
	int64_t started_at;
	int64_t restarts;
	int32_t pid;
	char *rescue; /* template booted for rescue, or NULL */
	int monitor;  /* connection, -1 when it isn't running */
	struct event *monitor_event;
	char note[64];     /* its monitor's word with the state */
	bool tidying;      /* the monitor is one that removes what another left */
	bool exit_told;    /* the monitor has sent MONITOR_EXIT */
	struct task *task; /* the one exclusive operation on it */
};

struct template_entry {
	LIST_ENTRY(template_entry) link;
	struct template template;
};

LIST_HEAD(container_list, container);
LIST_HEAD(template_list, template_entry);

struct registry {
	const struct settings *settings;
	struct container_list containers;
	struct template_list templates;
	int64_t high_ctid; /* highest number ever given */
	int64_t last_slot; /* id ranges are handed out in turn */
};

/* Reads registry files and templates' metas. */
int registry_load(struct registry *r, const struct settings *s, struct err *e);
/* Also later: what is on disk and not known yet is added. */
int registry_load_templates(struct registry *r, struct err *e);
void registry_clear(struct registry *r);

struct container *registry_find(const struct registry *r, const char *id);
/* By name@version. */
const struct template *registry_template(const struct registry *r, const char *name);
/* Reads the meta of NAME@VERSION again after a build; NULL and e on failure. */
const struct template *registry_add_template(struct registry *r, const char *name, const char *version, struct err *e);
void registry_remove_template(struct registry *r, const char *name);
bool registry_uses_template(const struct registry *r, const char *name);

/* A new container with number and id range; checks that the id is new, the template there, every address free and allowed. */
struct container *registry_add(struct registry *r, const struct container_config *config, int64_t tenant_number, struct err *e);
void registry_remove(struct registry *r, struct container *ct);
/* Whether `config` may be run for `ct`: same tenant and template, addresses allowed and nobody else's. */
int registry_check_config(const struct registry *r, const struct container *ct, const struct container_config *config,
                          struct err *e);

/* Fills a record that borrows ct's strings; don't clear it. */
void registry_observe(const struct registry *r, const struct container *ct, const char *storage, struct observed *out);

/* Which container a uid, address, veth or MAC belongs to; NULL: none. */
struct container *registry_by_uid(const struct registry *r, int64_t uid);
struct container *registry_by_address(const struct registry *r, const char *address);
struct container *registry_by_veth(const struct registry *r, const char *veth);
struct container *registry_by_ctid(const struct registry *r, int64_t ctid);

#endif
