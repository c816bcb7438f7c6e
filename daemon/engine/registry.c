#include "daemon/engine/registry.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/net.h"
#include "daemon/engine/registry_file.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "daemon/util/prefix.h"
#include "schema/check.h"
#include "schema/forward.h"
#include "schema/network.h"

static void
registry_free_container(struct container *ct)
{
	record_clear(&place_schema, &ct->place);
	record_clear(&observed_schema, &ct->exit);
	free(ct->rescue);
	free(ct);
}

static struct container *
registry_new_container(struct registry *r)
{
	struct container *ct = calloc(1, sizeof *ct);

	if (!ct)
		return NULL;
	ct->monitor = -1;
	ct->state = STATE_STOPPED;
	LIST_INSERT_HEAD(&r->containers, ct, link);
	return ct;
}

void
registry_remove(struct registry *r, struct container *ct)
{
	LIST_REMOVE(ct, link);
	registry_free_container(ct);
}

static int
registry_take_file(const struct place *place, void *arg, struct err *e)
{
	struct registry *r = arg;
	struct container *ct = registry_new_container(r);

	if (!ct || !record_copy(&place_schema, &ct->place, place))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (place->ctid > r->high_ctid)
		r->high_ctid = place->ctid;
	return 0;
}

static struct template_entry *
registry_find_template(const struct registry *r, const char *name)
{
	struct template_entry *t;
	char full[96];

	LIST_FOREACH(t, &r->templates, link)
	{
		snprintf(full, sizeof full, "%s@%s", t->template.name, t->template.version);
		if (strcmp(full, name) == 0)
			return t;
	}
	return NULL;
}

const struct template *
registry_template(const struct registry *r, const char *name)
{
	const struct template_entry *t = registry_find_template(r, name);

	return t ? &t->template : NULL;
}

void
registry_remove_template(struct registry *r, const char *name)
{
	struct template_entry *t = registry_find_template(r, name);

	if (!t)
		return;
	LIST_REMOVE(t, link);
	record_clear(&template_schema, &t->template);
	free(t);
}

static int
registry_read_meta(const char *dir, struct template *template, struct err *e)
{
	AUTO_CLOSE int fd = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FREE char *text = NULL;
	struct json_object *json;
	int rc;

	if (fd < 0)
		return err_sys(e, "open template '%s'", dir);
	if (fd_read_file(fd, "meta", 64 * 1024, &text, NULL, e) < 0)
		return -1;
	json = json_tokener_parse(text);
	rc = json ? record_from_file_json(&template_schema, json, template, e)
	          : err_set(e, ERR_INTERNAL, "'%s/meta' is no JSON", dir);
	json_object_put(json);
	return rc < 0 ? -1 : record_check(&template_schema, template, true, e);
}

const struct template *
registry_add_template(struct registry *r, const char *name, const char *version, struct err *e)
{
	struct template_entry *t = calloc(1, sizeof *t);
	char dir[SPEC_PATH_MAX], full[96];

	if (!t) {
		err_set(e, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	spec_template_dir(r->settings, name, version, dir);
	if (registry_read_meta(dir, &t->template, e) < 0) {
		record_clear(&template_schema, &t->template);
		free(t);
		return NULL;
	}
	snprintf(full, sizeof full, "%s@%s", name, version);
	registry_remove_template(r, full);
	LIST_INSERT_HEAD(&r->templates, t, link);
	return &t->template;
}

static void
registry_load_versions(struct registry *r, int templates_fd, const char *name)
{
	struct err unread = { 0 };
	DIR *dir = fd_open_dir(templates_fd, name, &unread);
	struct dirent *entry;

	while (dir && fd_next_entry(dir, &entry, &unread) == 1) {
		struct err e = { 0 };

		if (!check_template_version(entry->d_name) && !registry_add_template(r, name, entry->d_name, &e))
			log_err(&e, "template %s@%s is unusable", name, entry->d_name);
	}
	if (err_is_set(&unread))
		log_err(&unread, "versions of the template %s", name);
	if (dir)
		closedir(dir);
}

int
registry_load_templates(struct registry *r, struct err *e)
{
	DIR *dir = opendir(r->settings->templates_dir);
	struct dirent *entry;
	int more;

	if (!dir)
		return err_sys(e, "open '%s'", r->settings->templates_dir);
	while ((more = fd_next_entry(dir, &entry, e)) == 1)
		if (!check_template_name(entry->d_name))
			registry_load_versions(r, dirfd(dir), entry->d_name);
	closedir(dir);
	return more < 0 ? err_wrap(e, "'%s'", r->settings->templates_dir) : 0;
}

int
registry_load(struct registry *r, const struct settings *s, struct err *e)
{
	struct container *ct;

	r->settings = s;
	r->high_ctid = FIRST_CTID - 1;
	if (registry_file_scan(s, &r->high_ctid, registry_take_file, r, e) < 0)
		return -1;
	LIST_FOREACH(ct, &r->containers, link)
	if ((ct->place.id_base - s->id_base) / ID_RANGE > r->last_slot)
		r->last_slot = (ct->place.id_base - s->id_base) / ID_RANGE;
	return registry_load_templates(r, e);
}

void
registry_clear(struct registry *r)
{
	struct container *ct;
	struct template_entry *t;

	while ((ct = LIST_FIRST(&r->containers)))
		registry_remove(r, ct);
	while ((t = LIST_FIRST(&r->templates))) {
		LIST_REMOVE(t, link);
		record_clear(&template_schema, &t->template);
		free(t);
	}
}

struct container *
registry_find(const struct registry *r, const char *id)
{
	struct container *ct;

	LIST_FOREACH(ct, &r->containers, link)
	if (strcmp(ct->place.id, id) == 0)
		return ct;
	return NULL;
}

struct container *
registry_by_ctid(const struct registry *r, int64_t ctid)
{
	struct container *ct;

	LIST_FOREACH(ct, &r->containers, link)
	if (ct->place.ctid == ctid)
		return ct;
	return NULL;
}

struct container *
registry_by_uid(const struct registry *r, int64_t uid)
{
	struct container *ct;

	LIST_FOREACH(ct, &r->containers, link)
	if (uid >= ct->place.id_base && uid - ct->place.id_base < ID_RANGE)
		return ct;
	return NULL;
}

struct container *
registry_by_veth(const struct registry *r, const char *veth)
{
	struct container *ct;

	/* Also one on a network, VETH-N. */
	LIST_FOREACH(ct, &r->containers, link)
	if (strncmp(ct->place.veth, veth, strcspn(veth, "-")) == 0 && ct->place.veth[strcspn(veth, "-")] == '\0')
		return ct;
	return NULL;
}

struct container *
registry_by_address(const struct registry *r, const char *address)
{
	struct prefix asked, held;
	struct container *ct;

	/* Prefixes, too: none of a container's overlaps another's. */
	if (!address_parse_held(address, &asked))
		return NULL;
	LIST_FOREACH(ct, &r->containers, link)
	for (size_t i = 0; i < ct->place.ip.n; i++)
		if (address_parse_held(ct->place.ip.v[i], &held) && prefix_overlaps(&held, &asked))
			return ct;
	return NULL;
}

bool
registry_uses_template(const struct registry *r, const char *name)
{
	const struct container *ct;

	LIST_FOREACH(ct, &r->containers, link)
	if (strcmp(ct->place.template, name) == 0)
		return true;
	return false;
}

static bool
registry_in_prefix(const char *prefix, const struct address *a)
{
	struct prefix p;

	return prefix_parse(prefix, &p) && prefix_contains(&p, a) && !prefix_is_reserved(&p, a);
}

static const char registry_foreign[] =
        "lies in no prefix that the operator gave for containers (options subnet4, subnet6, addresses)";

static bool
registry_gives_prefix(const struct settings *s, const struct prefix *held)
{
	struct prefix p;

	for (size_t i = 0; i < s->addresses.n; i++)
		if (prefix_parse(s->addresses.v[i], &p) && p.length <= held->length && prefix_contains(&p, &held->base))
			return true;
	return prefix_parse(s->subnet6, &p) && p.length <= held->length && prefix_contains(&p, &held->base);
}

/* Why containers may not have the address; NULL: they may. */
static const char *
registry_refuse_address(const struct settings *s, const char *text)
{
	struct prefix held;
	struct address a;

	if (!address_parse_held(text, &held) || check_held(text))
		return "is no unicast address";
	if (strchr(text, '/'))
		return registry_gives_prefix(s, &held) ? NULL : registry_foreign;
	a = held.base;
	if (registry_in_prefix(s->subnet4, &a) || registry_in_prefix(s->subnet6, &a))
		return NULL;
	for (size_t i = 0; i < s->addresses.n; i++)
		if (registry_in_prefix(s->addresses.v[i], &a))
			return NULL;
	return registry_foreign;
}

static bool
registry_same_address(const char *a, const char *b)
{
	struct prefix x, y;

	return address_parse_held(a, &x) && address_parse_held(b, &y) && prefix_overlaps(&x, &y);
}

static int
registry_check_addresses(const struct registry *r, const struct container *self, const struct strv *ip, struct err *e)
{
	for (size_t i = 0; i < ip->n; i++) {
		const struct container *holder = registry_by_address(r, ip->v[i]);
		const char *why = registry_refuse_address(r->settings, ip->v[i]);

		if (why)
			err_param(e, "ip", "%s %s", ip->v[i], why);
		else if (holder && holder != self)
			return err_code(e, (err_set(e, ERR_CONFLICT, "Address %s belongs to another container", ip->v[i]),
			                    "address_taken"));
		else if (!holder && net_refuse_host_address(ip->v[i], e) < 0)
			return -1;
		for (size_t j = 0; j < i; j++)
			if (registry_same_address(ip->v[j], ip->v[i]))
				err_param(e, "ip", "%s is given twice", ip->v[i]);
	}
	return err_is_set(e) ? -1 : 0;
}

/* On one wire: a private network's number is its tenant's own. */
static bool
registry_same_network(const struct nic *a, int64_t a_tenant, const struct nic *b, int64_t b_tenant)
{
	if (a->kind != b->kind || strcmp(a->bridge, b->bridge) != 0 || a->vlan != b->vlan)
		return false;
	return a->bridge[0] || (a->number == b->number && (a->kind == NIC_BRIDGE || a_tenant == b_tenant));
}

static bool
registry_nics_clash(const struct nic *a, const struct nic *b)
{
	for (size_t i = 0; !a->dhcp && i < a->naddresses; i++)
		for (size_t j = 0; !b->dhcp && j < b->naddresses; j++)
			if (address_equal(&a->addresses[i].base, &b->addresses[j].base))
				return true;
	return false;
}

static bool
registry_nic_is_free(const struct registry *r, const struct container *self, const struct nic *nic, int64_t tenant_number)
{
	const struct container *ct;
	struct nic other;

	LIST_FOREACH(ct, &r->containers, link)
	for (size_t i = 0; ct != self && i < ct->place.nics.n; i++)
		if (nic_parse(ct->place.nics.v[i], &other) &&
		    registry_same_network(nic, tenant_number, &other, ct->place.tenant_number) && registry_nics_clash(nic, &other))
			return false;
	return true;
}

/* A bridge is one that the operator named, an address nobody else's on the same wire, and each interface a place of its own. */
static int
registry_check_nics(const struct registry *r, const struct container *self, const struct strv *nics, int64_t tenant_number,
                    struct err *e)
{
	struct nic nic, other;

	for (size_t i = 0; i < nics->n; i++) {
		if (!nic_parse(nics->v[i], &nic))
			return err_param(e, "net", "'%.60s' is no interface", nics->v[i]);
		for (size_t j = 0; j < i; j++)
			if (nic_parse(nics->v[j], &other) && other.index == nic.index)
				return err_param(e, "net", "two interfaces are eth%lld", (long long)nic.index);
		if (nic.bridge[0] && !strv_contains(&r->settings->bridges, nic.bridge))
			return err_param(e, "net", "the bridge %s is none that the operator gave for containers (option bridges)",
			                 nic.bridge);
		if (!registry_nic_is_free(r, self, &nic, tenant_number))
			return err_code(e, (err_set(e, ERR_CONFLICT, "An address of a network belongs to another container"),
			                    "address_taken"));
	}
	return 0;
}

static int
registry_check_forward(const struct registry *r, const struct container *self, const struct forward *wanted, struct err *e)
{
	const struct container *ct;
	char why[RULE_WHY_MAX];
	struct forward other;

	LIST_FOREACH(ct, &r->containers, link)
	for (size_t i = 0; ct != self && i < ct->place.forwards.n; i++) {
		if (!forward_parse(ct->place.forwards.v[i], &other, why) || !forward_overlaps(wanted, &other))
			continue;
		err_set(e, ERR_CONFLICT, "A port of %s %u-%u is forwarded to another container already",
		        wanted->protocol == RULE_TCP ? "tcp" : "udp", wanted->from.first, wanted->from.last);
		return err_code(e, "port_taken");
	}
	return 0;
}

/* What it has already was judged when it came. */
static int
registry_check_forwards(const struct registry *r, const struct container *self, const struct strv *forwards, struct err *e)
{
	char why[RULE_WHY_MAX];
	struct forward wanted;

	for (size_t i = 0; i < forwards->n; i++) {
		if (self && strv_contains(&self->place.forwards, forwards->v[i]))
			continue;
		if (!forward_parse(forwards->v[i], &wanted, why))
			return err_param(e, "forwards", "%s", why);
		if (registry_check_forward(r, self, &wanted, e) < 0)
			return -1;
	}
	return 0;
}

int
registry_check_config(const struct registry *r, const struct container *ct, const struct container_config *config, struct err *e)
{
	if (!config->id || strcmp(config->id, ct->place.id) != 0 || !config->tenant ||
	    strcmp(config->tenant, ct->place.tenant) != 0)
		return err_set(e, ERR_DENIED, "The request contradicts the registry about the container's tenant");
	if (!config->template || strcmp(config->template, ct->place.template) != 0)
		return err_set(e, ERR_DENIED, "The request contradicts the registry about the container's template");
	if (registry_check_addresses(r, ct, &config->ip, e) < 0)
		return -1;
	if (registry_check_nics(r, ct, &config->nics, ct->place.tenant_number, e) < 0)
		return -1;
	return registry_check_forwards(r, ct, &config->forwards, e);
}

/* Ranges are given out in turn, so that a freed one rests as long as possible; -1: all are taken. */
static int64_t
registry_free_slot(const struct registry *r)
{
	for (int64_t i = 1; i <= r->settings->id_count; i++) {
		int64_t slot = (r->last_slot + i) % r->settings->id_count;

		if (!registry_by_uid(r, r->settings->id_base + slot * ID_RANGE))
			return slot;
	}
	return -1;
}

static bool
registry_fill_place(struct place *place, const struct settings *s, const struct container_config *config, int64_t tenant_number,
                    int64_t ctid, int64_t slot)
{
	place->id = strdup(config->id);
	place->name = strdup(config->name);
	place->tenant = strdup(config->tenant);
	place->template = strdup(config->template);
	place->tenant_number = tenant_number;
	place->ctid = ctid;
	place->id_base = s->id_base + slot * ID_RANGE;
	if (asprintf(&place->veth, "%s%lld", s->instance, (long long)ctid) < 0)
		place->veth = NULL;
	for (const struct field *f = place_schema.fields; f->name; f++)
		record_mark(&place_schema, place, f->name, true);
	return place->id && place->name && place->tenant && place->template && place->veth && place_take(place, config);
}

/* Firewall and private networks go by the number: one tenant's isn't another's. */
static int
registry_check_tenant(const struct registry *r, const char *tenant, int64_t number, struct err *e)
{
	const struct container *ct;

	LIST_FOREACH(ct, &r->containers, link)
	if ((strcmp(ct->place.tenant, tenant) == 0) != (ct->place.tenant_number == number))
		return err_set(e, ERR_DENIED, "The request contradicts the registry about the tenant's number");
	return 0;
}

struct container *
registry_add(struct registry *r, const struct container_config *config, int64_t tenant_number, struct err *e)
{
	struct container *ct;
	int64_t slot;

	if (!config->id || !config->name || !config->tenant || !config->template) {
		err_set(e, ERR_BAD_REQUEST, "a new container needs id, name, tenant and template");
		return NULL;
	}
	if (registry_find(r, config->id)) {
		err_code(e, (err_set(e, ERR_CONFLICT, "There is a container with the id %s already", config->id), "id_taken"));
		return NULL;
	}
	if (!registry_template(r, config->template)) {
		err_param(e, "template", "'%s' doesn't exist; 'berth template list' shows those that do", config->template);
		return NULL;
	}
	if (registry_check_tenant(r, config->tenant, tenant_number, e) < 0 ||
	    registry_check_addresses(r, NULL, &config->ip, e) < 0 ||
	    registry_check_nics(r, NULL, &config->nics, tenant_number, e) < 0 ||
	    registry_check_forwards(r, NULL, &config->forwards, e) < 0)
		return NULL;
	slot = registry_free_slot(r);
	if (slot < 0) {
		err_set(e, ERR_NO_SPACE, "All %lld id ranges are taken; raise id_count", (long long)r->settings->id_count);
		return NULL;
	}
	ct = registry_new_container(r);
	if (!ct || !registry_fill_place(&ct->place, r->settings, config, tenant_number, r->high_ctid + 1, slot)) {
		if (ct)
			registry_remove(r, ct);
		err_set(e, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	r->high_ctid++;
	r->last_slot = slot;
	ct->state = STATE_CREATING;
	return ct;
}

void
registry_observe(const struct registry *r, const struct container *ct, const char *storage, struct observed *out)
{
	memset(out, 0, sizeof *out);
	*out = ct->exit;
	out->id = ct->place.id;
	out->ctid = ct->place.ctid;
	out->id_base = ct->place.id_base;
	out->state = (char *)(uintptr_t)container_state_name(ct->state);
	out->started_at = ct->started_at;
	out->restarts = ct->restarts;
	out->pid = ct->pid;
	out->template = ct->place.template;
	out->storage = (char *)(uintptr_t)storage;
	out->rescue = ct->rescue;
	out->note = (char *)(uintptr_t)ct->note;
	for (const struct field *f = observed_schema.fields; f->name; f++)
		if (strncmp(f->name, "exit", 4) != 0)
			record_mark(&observed_schema, out, f->name, true);
	record_mark(&observed_schema, out, "rescue", ct->rescue != NULL);
	record_mark(&observed_schema, out, "note", ct->note[0] != '\0');
}
