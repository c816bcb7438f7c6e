/*
 * libnftables reads every table's named objects before it adds an element or a rule: with the traffic counters of a thousand
 * containers that is most of a start's time, and for nothing, since it adds none of them to a rule. Its questions go out through
 * libmnl's mnl_socket_sendto(), which the dynamic linker takes from the program first. Here the one about a table of counters is
 * narrowed to a kind of object that there is none of. Where that name isn't taken from here, nothing is wrong but the time.
 */
#include <dlfcn.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct mnl_socket;
ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len);

struct nft_question {
	struct nlmsghdr header;
	struct nfgenmsg message;
	struct nlattr table;
	char rest[128];
};
struct nft_kind {
	struct nlattr attr;
	uint32_t type;
};

/* The objects of a table of traffic.c's, which is the only thing that is said of them. */
static bool
nft_asks_for_counters(const void *buf, size_t len, struct nft_question *out)
{
	static const char suffix[] = "_traffic";
	size_t name;

	if (len <= offsetof(struct nft_question, rest) || len > sizeof *out - sizeof(struct nft_kind))
		return false;
	memcpy(out, buf, len);
	if (out->header.nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETOBJ) ||
	    (out->header.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP || out->table.nla_type != NFTA_OBJ_TABLE ||
	    len != offsetof(struct nft_question, table) + NLA_ALIGN(out->table.nla_len))
		return false;
	name = out->table.nla_len - NLA_HDRLEN;
	return name > sizeof suffix && memcmp(out->rest + name - sizeof suffix, suffix, sizeof suffix) == 0;
}

ssize_t
mnl_socket_sendto(const struct mnl_socket *nl, const void *buf, size_t len)
{
	static ssize_t (*next)(const struct mnl_socket *, const void *, size_t);
	const struct nft_kind none = { { sizeof none, NFTA_OBJ_TYPE }, htobe32(NFT_OBJECT_TUNNEL) };
	struct nft_question narrowed = { 0 };

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "mnl_socket_sendto");
	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	if (!nft_asks_for_counters(buf, len, &narrowed))
		return next(nl, buf, len);
	memcpy((char *)&narrowed + len, &none, sizeof none);
	narrowed.header.nlmsg_len = (uint32_t)(len + sizeof none);
	return next(nl, &narrowed, len + sizeof none) < 0 ? -1 : (ssize_t)len;
}
