/* What the packet filter has. */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/nfnl.h"
#include "daemon/engine/nfnl_message.h"

/* How often a list is asked for that somebody's change cuts short: each time that takes some milliseconds at the most. */
enum { NFNL_DUMPS = 200 };

static int
nfnl_say_unsteady(struct err *e)
{
	return err_set(e, ERR_BUSY, "somebody changes the host's nft rules all the time: they can't be listed");
}

static size_t
nfnl_begin_question(struct buf *out, const struct nfnl_table *table, uint16_t type, uint16_t flags)
{
	return nfnl_begin(out, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, 1, table->family, 0);
}

struct nfnl_comment {
	char *out;
	size_t size;
	int error;
	bool found;
};

/* As nft keeps it: a byte of type, 0 for a comment, a byte of length, the text. */
static void
nfnl_copy_comment(const struct nlattr *data, struct nfnl_comment *comment)
{
	const char *at = nfnl_value(data), *end = nfnl_attr_end(data);
	size_t len;

	for (; end - at >= 2; at += 2 + len) {
		len = (unsigned char)at[1];
		if (len > (size_t)(end - at) - 2)
			return;
		if (at[0] == 0)
			snprintf(comment->out, comment->size, "%.*s", (int)len, at + 2);
	}
}

static int
nfnl_take_table(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *attrs[NFTA_TABLE_MAX + 1];
	struct nfnl_comment *comment = arg;

	if (m->nlmsg_type == NLMSG_ERROR) {
		comment->error = nfnl_error_of(m);
		return 0;
	}
	nfnl_sort_message(m, attrs, NFTA_TABLE_MAX + 1);
	comment->found = true;
	if (attrs[NFTA_TABLE_USERDATA])
		nfnl_copy_comment(attrs[NFTA_TABLE_USERDATA], comment);
	return 1;
}

int
nfnl_read_comment(int fd, const struct nfnl_table *table, char *comment_out, size_t size, struct err *e)
{
	struct nfnl_comment comment = { .out = comment_out, .size = size };
	AUTO_BUF struct buf question = { 0 };
	size_t at = nfnl_begin_question(&question, table, NFT_MSG_GETTABLE, NLM_F_ACK);

	comment_out[0] = '\0';
	nfnl_put_text(&question, NFTA_TABLE_NAME, table->name);
	nfnl_end(&question, at);
	if (nfnl_ask(fd, &question, nfnl_take_table, &comment) < 0)
		return err_sys(e, "look for the nft table '%s'", table->name);
	errno = comment.error;
	if (comment.error && comment.error != ENOENT)
		return err_sys(e, "look for the nft table '%s'", table->name);
	return comment.found;
}

struct nfnl_chains {
	const char *table;
	struct strv *names; /* NULL: one is looked for */
	int error;
	bool found, changed;
};

static int
nfnl_take_chain(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *attrs[NFTA_CHAIN_MAX + 1];
	struct nfnl_chains *chains = arg;
	const char *table, *name;

	chains->changed = chains->changed || (m->nlmsg_flags & NLM_F_DUMP_INTR);
	if (m->nlmsg_type == NLMSG_ERROR)
		chains->error = nfnl_error_of(m);
	if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
		return 0;
	nfnl_sort_message(m, attrs, NFTA_CHAIN_MAX + 1);
	table = nfnl_text(attrs[NFTA_CHAIN_TABLE]);
	name = nfnl_text(attrs[NFTA_CHAIN_NAME]);
	if (!table || !name || strcmp(table, chains->table) != 0)
		return 1;
	chains->found = true;
	if (chains->names && !strv_add(chains->names, name))
		chains->error = ENOMEM;
	return 1;
}

/* The kernel gives the chains of all tables of the family; *changed_out: it may have left some out. */
static int
nfnl_read_chains_once(int fd, const struct nfnl_table *table, struct strv *names, bool *changed_out, struct err *e)
{
	struct nfnl_chains chains = { .table = table->name, .names = names };
	AUTO_BUF struct buf question = { 0 };

	nfnl_end(&question, nfnl_begin_question(&question, table, NFT_MSG_GETCHAIN, NLM_F_DUMP));
	if (nfnl_ask(fd, &question, nfnl_take_chain, &chains) < 0)
		return err_sys(e, "list the chains of the nft table '%s'", table->name);
	*changed_out = chains.changed;
	errno = chains.error;
	return chains.error ? err_sys(e, "list the chains of the nft table '%s'", table->name) : 0;
}

int
nfnl_read_chains(int fd, const struct nfnl_table *table, struct strv *names_out, struct err *e)
{
	bool changed = true;

	for (int i = 0; changed && i < NFNL_DUMPS; i++) {
		strv_clear(names_out);
		if (nfnl_read_chains_once(fd, table, names_out, &changed, e) < 0)
			return -1;
	}
	return changed ? nfnl_say_unsteady(e) : 0;
}

int
nfnl_find_chain(int fd, const struct nfnl_table *table, const char *chain, struct err *e)
{
	struct nfnl_chains chains = { .table = table->name };
	AUTO_BUF struct buf question = { 0 };
	size_t at = nfnl_begin_question(&question, table, NFT_MSG_GETCHAIN, NLM_F_ACK);

	nfnl_put_text(&question, NFTA_CHAIN_TABLE, table->name);
	nfnl_put_text(&question, NFTA_CHAIN_NAME, chain);
	nfnl_end(&question, at);
	if (nfnl_ask(fd, &question, nfnl_take_chain, &chains) < 0)
		return err_sys(e, "look for the nft chain '%s'", chain);
	errno = chains.error;
	if (chains.error && chains.error != ENOENT)
		return err_sys(e, "look for the nft chain '%s'", chain);
	return chains.found;
}

struct nfnl_dump {
	nfnl_take_counter *take;
	void *arg;
	int error;
	bool changed;
};

static int
nfnl_take_object(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *attrs[NFTA_OBJ_MAX + 1], *data[NFTA_COUNTER_MAX + 1];
	struct nfnl_dump *dump = arg;
	const char *name;

	dump->changed = dump->changed || (m->nlmsg_flags & NLM_F_DUMP_INTR);
	if (m->nlmsg_type == NLMSG_ERROR)
		dump->error = nfnl_error_of(m);
	if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
		return 0;
	nfnl_sort_message(m, attrs, NFTA_OBJ_MAX + 1);
	name = nfnl_text(attrs[NFTA_OBJ_NAME]);
	if (!name || !attrs[NFTA_OBJ_DATA])
		return 1;
	nfnl_sort_nest(attrs[NFTA_OBJ_DATA], data, NFTA_COUNTER_MAX + 1);
	dump->take(dump->arg, name, nfnl_u64(data[NFTA_COUNTER_BYTES]), nfnl_u64(data[NFTA_COUNTER_PACKETS]));
	return 1;
}

int
nfnl_read_counters(int fd, const struct nfnl_table *table, nfnl_take_counter *take, void *arg, struct err *e)
{
	struct nfnl_dump dump = { .take = take, .arg = arg };
	AUTO_BUF struct buf question = { 0 };
	size_t at = nfnl_begin_question(&question, table, NFT_MSG_GETOBJ, NLM_F_DUMP);
	int rc;

	nfnl_put_text(&question, NFTA_OBJ_TABLE, table->name);
	nfnl_put_u32(&question, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nfnl_end(&question, at);
	rc = nfnl_ask(fd, &question, nfnl_take_object, &dump);
	errno = rc < 0 ? errno : dump.error;
	if (rc < 0 || dump.error)
		return err_sys(e, "read the traffic counters");
	return dump.changed;
}

static void
nfnl_take_nothing(void *arg, const char *name, uint64_t bytes, uint64_t packets)
{
	bool *found = arg;

	(void)name;
	(void)bytes;
	(void)packets;
	*found = true;
}

int
nfnl_find_counter(int fd, const struct nfnl_table *table, const char *name, struct err *e)
{
	bool found = false;
	struct nfnl_dump dump = { .take = nfnl_take_nothing, .arg = &found };
	AUTO_BUF struct buf question = { 0 };
	size_t at = nfnl_begin_question(&question, table, NFT_MSG_GETOBJ, NLM_F_ACK);
	int rc;

	nfnl_put_text(&question, NFTA_OBJ_TABLE, table->name);
	nfnl_put_text(&question, NFTA_OBJ_NAME, name);
	nfnl_put_u32(&question, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nfnl_end(&question, at);
	rc = nfnl_ask(fd, &question, nfnl_take_object, &dump);
	errno = rc < 0 ? errno : dump.error;
	if (rc < 0 || (dump.error && dump.error != ENOENT))
		return err_sys(e, "look for the nft counter '%s'", name);
	return found;
}

struct nfnl_elements {
	nfnl_take_element *take;
	void *arg;
	int error;
	bool changed;
};

static void
nfnl_take_one(const struct nfnl_elements *elements, const struct nlattr *element)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_MAX + 1], *key[NFTA_DATA_MAX + 1];
	struct nfnl_found found;

	nfnl_sort_nest(element, attrs, NFTA_SET_ELEM_MAX + 1);
	if (!attrs[NFTA_SET_ELEM_KEY])
		return;
	nfnl_sort_nest(attrs[NFTA_SET_ELEM_KEY], key, NFTA_DATA_MAX + 1);
	if (!key[NFTA_DATA_VALUE])
		return;
	found = (struct nfnl_found){
		.key = nfnl_value(key[NFTA_DATA_VALUE]),
		.len = (size_t)(nfnl_attr_end(key[NFTA_DATA_VALUE]) - nfnl_value(key[NFTA_DATA_VALUE])),
		.timeout_ms = nfnl_u64(attrs[NFTA_SET_ELEM_TIMEOUT]),
		.expires_ms = nfnl_u64(attrs[NFTA_SET_ELEM_EXPIRATION]),
	};
	elements->take(elements->arg, &found);
}

static int
nfnl_take_elements(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_LIST_MAX + 1], *list;
	struct nfnl_elements *elements = arg;

	elements->changed = elements->changed || (m->nlmsg_flags & NLM_F_DUMP_INTR);
	if (m->nlmsg_type == NLMSG_ERROR)
		elements->error = nfnl_error_of(m);
	if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
		return 0;
	nfnl_sort_message(m, attrs, NFTA_SET_ELEM_LIST_MAX + 1);
	list = attrs[NFTA_SET_ELEM_LIST_ELEMENTS];
	for (const struct nlattr *a = list ? nfnl_first(list) : NULL; a; a = nfnl_after(list, a))
		nfnl_take_one(elements, a);
	return 1;
}

int
nfnl_read_elements(int fd, const struct nfnl_table *table, const char *set, nfnl_take_element *take, void *arg, struct err *e)
{
	struct nfnl_elements elements = { .take = take, .arg = arg };
	AUTO_BUF struct buf question = { 0 };
	size_t at = nfnl_begin_question(&question, table, NFT_MSG_GETSETELEM, NLM_F_DUMP);
	int rc = -1, tries = 0;

	nfnl_put_text(&question, NFTA_SET_ELEM_LIST_TABLE, table->name);
	nfnl_put_text(&question, NFTA_SET_ELEM_LIST_SET, set);
	nfnl_end(&question, at);
	do {
		elements.changed = false;
		rc = nfnl_ask(fd, &question, nfnl_take_elements, &elements);
	} while (rc == 0 && elements.changed && !elements.error && ++tries < NFNL_DUMPS);
	errno = rc < 0 ? errno : elements.error;
	if (rc < 0 || (elements.error && elements.error != ENOENT))
		return err_sys(e, "read the nft set '%s'", set);
	if (elements.changed)
		return nfnl_say_unsteady(e);
	return elements.error != ENOENT;
}
