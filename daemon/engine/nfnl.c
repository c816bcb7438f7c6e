#include "daemon/engine/nfnl.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/util/fd.h"

/* The kernel fills whole buffers of this size in a dump. */
enum { NFNL_RECEIVE = 32 * 1024, NFNL_SEND = 4 << 20 };

int
nfnl_open(int *fd_out, struct err *e)
{
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int size = NFNL_SEND;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&kernel, sizeof kernel) < 0)
		return err_sys(e, "open the packet filter");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	*fd_out = take_fd(&fd);
	return 0;
}

static size_t
nfnl_begin(struct buf *out, uint16_t type, uint16_t flags, uint32_t seq, uint8_t family, uint16_t resource)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags), .nlmsg_seq = seq };
	struct nfgenmsg message = { .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htobe16(resource) };
	size_t at = out->len;

	buf_add(out, &header, sizeof header);
	buf_add(out, &message, sizeof message);
	return at;
}

static void
nfnl_end(struct buf *out, size_t at)
{
	uint32_t len = (uint32_t)(out->len - at);

	if (!out->failed)
		memcpy(out->data + at + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof len);
}

static void
nfnl_put(struct buf *out, uint16_t type, const void *data, size_t len)
{
	static const char zeros[NLA_ALIGNTO];
	struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	buf_add(out, &attr, sizeof attr);
	buf_add(out, data, len);
	buf_add(out, zeros, (size_t)NLA_ALIGN(len) - len);
}

static void
nfnl_put_text(struct buf *out, uint16_t type, const char *text)
{
	nfnl_put(out, type, text, strlen(text) + 1);
}

static size_t
nfnl_nest(struct buf *out, uint16_t type)
{
	size_t at = out->len;
	struct nlattr attr = { .nla_type = type | NLA_F_NESTED };

	buf_add(out, &attr, sizeof attr);
	return at;
}

static void
nfnl_close(struct buf *out, size_t at)
{
	uint16_t len = (uint16_t)(out->len - at);

	if (!out->failed)
		memcpy(out->data + at + offsetof(struct nlattr, nla_len), &len, sizeof len);
}

void
nfnl_batch_clear(struct nfnl_batch *b)
{
	buf_clear(&b->out);
	b->seq = 0;
	b->last = 0;
}

static size_t
nfnl_batch_add(struct nfnl_batch *b, enum nf_tables_msg_types type, uint16_t flags)
{
	if (b->seq == 0)
		nfnl_end(&b->out, nfnl_begin(&b->out, NFNL_MSG_BATCH_BEGIN, 0, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	b->last = nfnl_begin(&b->out, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, ++b->seq, NFPROTO_INET, 0);
	return b->last;
}

static void
nfnl_put_counter(struct buf *out, const char *table, const char *name)
{
	uint32_t type = htobe32(NFT_OBJECT_COUNTER);

	nfnl_put_text(out, NFTA_OBJ_TABLE, table);
	nfnl_put_text(out, NFTA_OBJ_NAME, name);
	nfnl_put(out, NFTA_OBJ_TYPE, &type, sizeof type);
}

void
nfnl_add_counter(struct nfnl_batch *b, const char *table, const char *name)
{
	size_t at = nfnl_batch_add(b, NFT_MSG_NEWOBJ, NLM_F_CREATE), data;
	uint64_t zero = 0;

	nfnl_put_counter(&b->out, table, name);
	data = nfnl_nest(&b->out, NFTA_OBJ_DATA);
	nfnl_put(&b->out, NFTA_COUNTER_BYTES, &zero, sizeof zero);
	nfnl_put(&b->out, NFTA_COUNTER_PACKETS, &zero, sizeof zero);
	nfnl_close(&b->out, data);
	nfnl_end(&b->out, at);
}

void
nfnl_delete_counter(struct nfnl_batch *b, const char *table, const char *name)
{
	size_t at = nfnl_batch_add(b, NFT_MSG_DELOBJ, 0);

	nfnl_put_counter(&b->out, table, name);
	nfnl_end(&b->out, at);
}

static void
nfnl_put_counted(struct buf *out, const char *table, const char *map, const char *ifname, const char *counter)
{
	size_t list, element, key;
	char padded[IFNAMSIZ] = "";

	snprintf(padded, sizeof padded, "%s", ifname);
	nfnl_put_text(out, NFTA_SET_ELEM_LIST_TABLE, table);
	nfnl_put_text(out, NFTA_SET_ELEM_LIST_SET, map);
	list = nfnl_nest(out, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = nfnl_nest(out, NFTA_LIST_ELEM);
	key = nfnl_nest(out, NFTA_SET_ELEM_KEY);
	nfnl_put(out, NFTA_DATA_VALUE, padded, sizeof padded);
	nfnl_close(out, key);
	if (counter)
		nfnl_put_text(out, NFTA_SET_ELEM_OBJREF, counter);
	nfnl_close(out, element);
	nfnl_close(out, list);
}

void
nfnl_add_counted(struct nfnl_batch *b, const char *table, const char *map, const char *ifname, const char *counter)
{
	size_t at = nfnl_batch_add(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE);

	nfnl_put_counted(&b->out, table, map, ifname, counter);
	nfnl_end(&b->out, at);
}

void
nfnl_delete_counted(struct nfnl_batch *b, const char *table, const char *map, const char *ifname)
{
	size_t at = nfnl_batch_add(b, NFT_MSG_DELSETELEM, 0);

	nfnl_put_counted(&b->out, table, map, ifname, NULL);
	nfnl_end(&b->out, at);
}

/* The macros of <linux/netlink.h> cast const and alignment away. */
static const void *
nfnl_data(const struct nlmsghdr *m)
{
	return (const char *)m + NLMSG_HDRLEN;
}

static const struct nlmsghdr *
nfnl_next(const struct nlmsghdr *m, ssize_t *left)
{
	*left -= (ssize_t)NLMSG_ALIGN(m->nlmsg_len);
	return (const struct nlmsghdr *)(const void *)((const char *)m + NLMSG_ALIGN(m->nlmsg_len));
}

/* Calls take() for each message of one datagram; 1: the answer goes on, 0: it has ended, -1 with errno. */
typedef int nfnl_take(const struct nlmsghdr *message, void *arg);

static int
nfnl_receive(int fd, nfnl_take *take, void *arg)
{
	/* Netlink's messages are aligned to 4, and the kernel writes whole ones. */
	static char data[NFNL_RECEIVE] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t n;
	int rc = 1;

	do
		n = recv(fd, data, sizeof data, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	for (const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)data; rc == 1 && NLMSG_OK(m, n);
	     m = nfnl_next(m, &n))
		rc = take(m, arg);
	return rc;
}

static int
nfnl_error_of(const struct nlmsghdr *m)
{
	const struct nlmsgerr *error = nfnl_data(m);

	return m->nlmsg_len < NLMSG_LENGTH(sizeof *error) ? EBADMSG : -error->error;
}

struct nfnl_answers {
	uint32_t last; /* the message that is answered also where nothing is wrong with it */
	int error;     /* the first */
};

static int
nfnl_take_ack(const struct nlmsghdr *m, void *arg)
{
	struct nfnl_answers *answers = arg;
	int error;

	if (m->nlmsg_type != NLMSG_ERROR)
		return 1;
	error = nfnl_error_of(m);
	if (error && !answers->error)
		answers->error = error;
	/* What isn't about one of ours is about the whole. */
	return m->nlmsg_seq != 0 && m->nlmsg_seq != answers->last;
}

static void
nfnl_ask_answer(struct nfnl_batch *b)
{
	struct nlmsghdr header;

	if (b->out.failed)
		return;
	memcpy(&header, b->out.data + b->last, sizeof header);
	header.nlmsg_flags |= NLM_F_ACK;
	memcpy(b->out.data + b->last, &header, sizeof header);
}

int
nfnl_commit(int fd, struct nfnl_batch *b, struct err *e)
{
	struct nfnl_answers answers = { .last = b->seq };
	int rc = 1;

	if (b->seq == 0)
		return 0;
	nfnl_ask_answer(b);
	nfnl_end(&b->out, nfnl_begin(&b->out, NFNL_MSG_BATCH_END, 0, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	if (b->out.failed)
		rc = err_set(e, ERR_INTERNAL, "out of memory");
	else if (send(fd, b->out.data, b->out.len, 0) < 0)
		rc = err_sys(e, "change the packet filter");
	nfnl_batch_clear(b);
	while (rc == 1)
		rc = nfnl_receive(fd, nfnl_take_ack, &answers);
	if (rc < 0)
		return err_is_set(e) ? -1 : err_sys(e, "change the packet filter");
	errno = answers.error;
	return answers.error ? err_sys(e, "change the packet filter") : 0;
}

static int
nfnl_ask(int fd, struct buf *out, struct err *e)
{
	if (out->failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return send(fd, out->data, out->len, 0) < 0 ? err_sys(e, "ask the packet filter") : 0;
}

#define NFNL_ATTRS(at) ((const struct nlattr *)(const void *)(at))
#define NFNL_OK(a, end)                                                                                                            \
	((const char *)(a) + sizeof(struct nlattr) <= (end) && (a)->nla_len >= sizeof(struct nlattr) &&                            \
	 (const char *)(a) + (a)->nla_len <= (end))
#define NFNL_NEXT(a) NFNL_ATTRS((const char *)(a) + NLA_ALIGN((a)->nla_len))

/* Sorts a message's or a nest's attributes by their type. */
static void
nfnl_sort(const char *at, const char *end, const struct nlattr **out, size_t n)
{
	memset(out, 0, n * sizeof(struct nlattr *));
	for (const struct nlattr *a = NFNL_ATTRS(at); NFNL_OK(a, end); a = NFNL_NEXT(a))
		if ((a->nla_type & NLA_TYPE_MASK) < n)
			out[a->nla_type & NLA_TYPE_MASK] = a;
}

static const char *
nfnl_value(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static const char *
nfnl_attr_end(const struct nlattr *a)
{
	return (const char *)a + a->nla_len;
}

static void
nfnl_sort_message(const struct nlmsghdr *m, const struct nlattr **out, size_t n)
{
	nfnl_sort((const char *)nfnl_data(m) + NLMSG_ALIGN(sizeof(struct nfgenmsg)), (const char *)m + m->nlmsg_len, out, n);
}

static const char *
nfnl_text(const struct nlattr *a)
{
	return a && a->nla_len > NLA_HDRLEN && nfnl_attr_end(a)[-1] == '\0' ? nfnl_value(a) : NULL;
}

static uint64_t
nfnl_u64(const struct nlattr *a)
{
	uint64_t value = 0;

	if (a && a->nla_len >= NLA_HDRLEN + sizeof value)
		memcpy(&value, nfnl_value(a), sizeof value);
	return be64toh(value);
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
nfnl_read_comment(int fd, const char *table, char *comment_out, size_t size, struct err *e)
{
	struct nfnl_comment comment = { .out = comment_out, .size = size };
	AUTO_BUF struct buf out = { 0 };
	size_t at = nfnl_begin(&out, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NLM_F_ACK, 1, NFPROTO_INET, 0);
	int rc;

	comment_out[0] = '\0';
	nfnl_put_text(&out, NFTA_TABLE_NAME, table);
	nfnl_end(&out, at);
	rc = nfnl_ask(fd, &out, e);
	if (rc < 0)
		return -1;
	do
		rc = nfnl_receive(fd, nfnl_take_table, &comment);
	while (rc == 1);
	if (rc < 0)
		return err_sys(e, "look for the nft table '%s'", table);
	errno = comment.error;
	if (comment.error && comment.error != ENOENT)
		return err_sys(e, "look for the nft table '%s'", table);
	return comment.found;
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
	nfnl_sort(nfnl_value(attrs[NFTA_OBJ_DATA]), nfnl_attr_end(attrs[NFTA_OBJ_DATA]), data, NFTA_COUNTER_MAX + 1);
	dump->take(dump->arg, name, nfnl_u64(data[NFTA_COUNTER_BYTES]), nfnl_u64(data[NFTA_COUNTER_PACKETS]));
	return 1;
}

int
nfnl_read_counters(int fd, const char *table, nfnl_take_counter *take, void *arg, struct err *e)
{
	struct nfnl_dump dump = { .take = take, .arg = arg };
	uint32_t type = htobe32(NFT_OBJECT_COUNTER);
	AUTO_BUF struct buf out = { 0 };
	size_t at = nfnl_begin(&out, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETOBJ, NLM_F_DUMP, 2, NFPROTO_INET, 0);
	int rc;

	nfnl_put_text(&out, NFTA_OBJ_TABLE, table);
	nfnl_put(&out, NFTA_OBJ_TYPE, &type, sizeof type);
	nfnl_end(&out, at);
	rc = nfnl_ask(fd, &out, e);
	if (rc < 0)
		return -1;
	do
		rc = nfnl_receive(fd, nfnl_take_object, &dump);
	while (rc == 1);
	errno = rc < 0 ? errno : dump.error;
	if (rc < 0 || dump.error)
		return err_sys(e, "read the traffic counters");
	return dump.changed;
}
