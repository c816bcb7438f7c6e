#include "daemon/engine/nfnl_message.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

size_t
nfnl_begin(struct buf *out, uint16_t type, uint16_t flags, uint32_t seq, uint8_t family, uint16_t resource)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags), .nlmsg_seq = seq };
	struct nfgenmsg message = { .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htobe16(resource) };
	size_t at = out->len;

	buf_add(out, &header, sizeof header);
	buf_add(out, &message, sizeof message);
	return at;
}

void
nfnl_end(struct buf *out, size_t at)
{
	uint32_t len = (uint32_t)(out->len - at);

	if (!out->failed)
		memcpy(out->data + at + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof len);
}

void
nfnl_put(struct buf *out, uint16_t type, const void *data, size_t len)
{
	static const char zeros[NLA_ALIGNTO];
	struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	buf_add(out, &attr, sizeof attr);
	buf_add(out, data, len);
	buf_add(out, zeros, (size_t)NLA_ALIGN(len) - len);
}

void
nfnl_put_text(struct buf *out, uint16_t type, const char *text)
{
	nfnl_put(out, type, text, strlen(text) + 1);
}

void
nfnl_put_u16(struct buf *out, uint16_t type, uint16_t value)
{
	value = htobe16(value);
	nfnl_put(out, type, &value, sizeof value);
}

void
nfnl_put_u32(struct buf *out, uint16_t type, uint32_t value)
{
	value = htobe32(value);
	nfnl_put(out, type, &value, sizeof value);
}

void
nfnl_put_u64(struct buf *out, uint16_t type, uint64_t value)
{
	value = htobe64(value);
	nfnl_put(out, type, &value, sizeof value);
}

size_t
nfnl_nest(struct buf *out, uint16_t type)
{
	size_t at = out->len;
	struct nlattr attr = { .nla_type = type | NLA_F_NESTED };

	buf_add(out, &attr, sizeof attr);
	return at;
}

void
nfnl_close(struct buf *out, size_t at)
{
	uint16_t len = (uint16_t)(out->len - at);

	if (!out->failed)
		memcpy(out->data + at + offsetof(struct nlattr, nla_len), &len, sizeof len);
}

/* The macros of <linux/netlink.h> cast const and alignment away. */
const void *
nfnl_data(const struct nlmsghdr *m)
{
	return (const char *)m + NLMSG_HDRLEN;
}

const struct nlmsghdr *
nfnl_next(const struct nlmsghdr *m, ssize_t *left)
{
	*left -= (ssize_t)NLMSG_ALIGN(m->nlmsg_len);
	return (const struct nlmsghdr *)(const void *)((const char *)m + NLMSG_ALIGN(m->nlmsg_len));
}

int
nfnl_error_of(const struct nlmsghdr *m)
{
	const struct nlmsgerr *error = nfnl_data(m);

	return m->nlmsg_len < NLMSG_LENGTH(sizeof *error) ? EBADMSG : -error->error;
}

#define NFNL_ATTRS(at) ((const struct nlattr *)(const void *)(at))
#define NFNL_OK(a, end)                                                                                                            \
	((const char *)(a) + sizeof(struct nlattr) <= (end) && (a)->nla_len >= sizeof(struct nlattr) &&                            \
	 (const char *)(a) + (a)->nla_len <= (end))
#define NFNL_NEXT(a) NFNL_ATTRS((const char *)(a) + NLA_ALIGN((a)->nla_len))

static void
nfnl_sort(const char *at, const char *end, const struct nlattr **out, size_t n)
{
	memset(out, 0, n * sizeof(struct nlattr *));
	for (const struct nlattr *a = NFNL_ATTRS(at); NFNL_OK(a, end); a = NFNL_NEXT(a))
		if ((a->nla_type & NLA_TYPE_MASK) < n)
			out[a->nla_type & NLA_TYPE_MASK] = a;
}

void
nfnl_sort_message(const struct nlmsghdr *m, const struct nlattr **out, size_t n)
{
	nfnl_sort((const char *)nfnl_data(m) + NLMSG_ALIGN(sizeof(struct nfgenmsg)), (const char *)m + m->nlmsg_len, out, n);
}

void
nfnl_sort_nest(const struct nlattr *nest, const struct nlattr **out, size_t n)
{
	nfnl_sort(nfnl_value(nest), nfnl_attr_end(nest), out, n);
}

const struct nlattr *
nfnl_first(const struct nlattr *nest)
{
	const struct nlattr *a = NFNL_ATTRS(nfnl_value(nest));

	return NFNL_OK(a, nfnl_attr_end(nest)) ? a : NULL;
}

const struct nlattr *
nfnl_after(const struct nlattr *nest, const struct nlattr *a)
{
	const struct nlattr *next = NFNL_NEXT(a);

	return NFNL_OK(next, nfnl_attr_end(nest)) ? next : NULL;
}

const char *
nfnl_value(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

const char *
nfnl_attr_end(const struct nlattr *a)
{
	return (const char *)a + a->nla_len;
}

const char *
nfnl_text(const struct nlattr *a)
{
	return a && a->nla_len > NLA_HDRLEN && nfnl_attr_end(a)[-1] == '\0' ? nfnl_value(a) : NULL;
}

uint64_t
nfnl_u64(const struct nlattr *a)
{
	uint64_t value = 0;

	if (a && a->nla_len >= NLA_HDRLEN + sizeof value)
		memcpy(&value, nfnl_value(a), sizeof value);
	return be64toh(value);
}
