#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/model/model.h"

/* The host's own address in its private subnet is never given away. */
enum { ADDRESS_FIRST = 2 };

struct address_search {
	const struct prefix *prefix;
	uint64_t n;
	struct address candidate;
	bool full;
};

static void
address_advance(struct address_search *search)
{
	do
		search->full = !prefix_nth(search->prefix, search->n++, &search->candidate);
	while (!search->full && prefix_is_reserved(search->prefix, &search->candidate));
}

/* Rows come in order: the first that isn't the candidate leaves a gap. */
static int
address_skip_held(void *arg, const void *record)
{
	struct address_search *search = arg;

	if (search->full || !address_equal(record, &search->candidate))
		return 1;
	address_advance(search);
	return 0;
}

static int
address_lowest_free(struct model *m, const char *subnet, struct address *out, struct err *e)
{
	struct address_search search = { .n = ADDRESS_FIRST };
	struct prefix prefix;
	struct address last;

	if (!prefix_parse(subnet, &prefix))
		return err_set(e, ERR_INTERNAL, "'%s' is no prefix", subnet);
	search.prefix = &prefix;
	address_advance(&search);
	memset(&last, 0xff, sizeof last);
	last.family = prefix.base.family;
	if (!search.full && store_address_range(m->store, &search.candidate, &last, address_skip_held, &search, e) < 0)
		return -1;
	if (search.full) {
		err_set(e, ERR_NO_SPACE, "The subnet %s has no free address left", subnet);
		return err_code(e, "addresses_exhausted");
	}
	*out = search.candidate;
	return 0;
}

static bool
address_in(const char *text, const struct address *address)
{
	struct prefix prefix;

	return prefix_parse(text, &prefix) && prefix_contains(&prefix, address) && !prefix_is_reserved(&prefix, address);
}

/* The first host address of a private subnet may be the host's. */
static bool
address_is_hosts(const char *subnet, const struct address *address)
{
	struct prefix prefix;
	struct address first;

	return prefix_parse(subnet, &prefix) && prefix_nth(&prefix, 1, &first) && address_equal(&first, address);
}

static bool
address_is_givable(const struct settings *s, const struct address *address)
{
	for (size_t i = 0; i < s->addresses.n; i++)
		if (address_in(s->addresses.v[i], address))
			return true;
	return (address_in(s->subnet4, address) || address_in(s->subnet6, address)) && !address_is_hosts(s->subnet4, address) &&
	       !address_is_hosts(s->subnet6, address);
}

static int
address_take(struct model *m, const char *container, const struct address *address, struct strv *out, struct err *e)
{
	char text[ADDRESS_TEXT_MAX], holder[37];
	int rc = store_address_holder(m->store, address, holder, e);

	address_format(address, text);
	if (rc < 0)
		return -1;
	if (strv_contains(out, text))
		return err_param(e, "ip", "%s is given twice", text);
	if (rc == 1 && strcmp(holder, container) != 0) {
		err_set(e, ERR_CONFLICT, "The address %s is another container's: choose one that is free, or auto", text);
		return err_code(e, "address_taken");
	}
	if (rc == 0 && store_address_add(m->store, address, container, e) < 0)
		return -1;
	return strv_add(out, text) ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

static int
address_take_chosen(struct model *m, const char *container, const char *text, struct strv *out, struct err *e)
{
	struct address address;

	if (!address_parse(text, &address))
		return err_param(e, "ip", "'%s' is no address", text);
	if (!address_is_givable(m->settings, &address))
		return err_param(e, "ip", "%s lies in none of this host's prefixes (%s, %s, or 'addresses' in its configuration)",
		                 text, m->settings->subnet4, m->settings->subnet6);
	return address_take(m, container, &address, out, e);
}

static int
address_take_auto(struct model *m, const char *container, const char *subnet, const struct strv *held, struct strv *out,
                  struct err *e)
{
	struct address address;

	for (size_t i = 0; held && i < held->n; i++)
		if (address_parse(held->v[i], &address) && address_in(subnet, &address) && !strv_contains(out, held->v[i]))
			return address_take(m, container, &address, out, e);
	if (address_lowest_free(m, subnet, &address, e) < 0)
		return -1;
	return address_take(m, container, &address, out, e);
}

static bool
address_wants_auto(const char *word, int family)
{
	return strcmp(word, "auto") == 0 || strcmp(word, family == AF_INET ? "auto4" : "auto6") == 0;
}

/* Chosen ones first, lest an automatic one takes what is asked for by number. */
int
address_assign(struct model *m, const char *container, struct container_config *config, const struct strv *held, struct err *e)
{
	AUTO_STRV struct strv out = { 0 };
	const struct strv *ip = &config->ip;
	int rc = 0;

	for (size_t i = 0; i < ip->n; i++)
		if (strncmp(ip->v[i], "auto", 4) != 0 && address_take_chosen(m, container, ip->v[i], &out, e) < 0)
			rc = -1;
	for (size_t i = 0; rc == 0 && i < ip->n; i++) {
		if (address_wants_auto(ip->v[i], AF_INET))
			rc = address_take_auto(m, container, m->settings->subnet4, held, &out, e);
		if (rc == 0 && address_wants_auto(ip->v[i], AF_INET6))
			rc = address_take_auto(m, container, m->settings->subnet6, held, &out, e);
	}
	if (rc < 0)
		return -1;
	if (out.n > 16)
		return err_param(e, "ip", "has more than 16 addresses");
	strv_clear(&config->ip);
	config->ip = out;
	memset(&out, 0, sizeof out);
	record_mark(&container_config_schema, config, "ip", true);
	return 0;
}

struct address_release {
	struct model *model;
	const struct strv *kept;
	struct strv gone;
};

static int
address_note_gone(void *arg, const void *record)
{
	struct address_release *release = arg;
	char text[ADDRESS_TEXT_MAX];

	address_format(record, text);
	if (strv_contains(release->kept, text))
		return 0;
	return strv_add(&release->gone, text) ? 0 : -1;
}

int
address_release_others(struct model *m, const char *container, const struct strv *kept, struct err *e)
{
	struct address_release release = { .model = m, .kept = kept };
	struct address address;
	int rc = store_address_of(m->store, container, address_note_gone, &release, e);

	for (size_t i = 0; rc == 0 && i < release.gone.n; i++)
		if (address_parse(release.gone.v[i], &address))
			rc = store_address_remove(m->store, &address, container, e);
	strv_clear(&release.gone);
	return rc;
}
