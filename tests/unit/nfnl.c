/* What is told to the packet filter: keys in whole words, ends of intervals, and messages whose parts add up. */
#include "tests/unit/unit.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/engine/nfnl_message.h"
#include "daemon/engine/nfnl_rule.h"
#include "daemon/engine/nfnl_set.h"

static struct address
address_of(const char *text)
{
	struct address a;

	assert_true(address_parse(text, &a));
	return a;
}

static struct prefix
prefix_of(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

static void
test_parts_fill_whole_words(void **state)
{
	static const unsigned char want[] = { 192, 0, 2, 1, 6, 0, 0, 0, 0x01, 0xbb, 0, 0 };
	const struct address a = address_of("192.0.2.1");
	struct nfnl_value v = { .len = 0 };

	nfnl_value_add_address(&v, &a);
	assert_int_equal(nfnl_value_len(&v), 4);
	nfnl_value_add_protocol(&v, IPPROTO_TCP);
	assert_int_equal(nfnl_value_len(&v), 8);
	nfnl_value_add_port(&v, 443);
	assert_int_equal(nfnl_value_len(&v), sizeof want);
	assert_memory_equal(v.bytes, want, sizeof want);
}

static void
test_one_alone_has_its_length(void **state)
{
	static const unsigned char mac[6] = { 2, 1, 2, 3, 4, 5 };
	struct nfnl_value v = { .len = 0 }, port = { .len = 0 }, name = { .len = 0 };

	nfnl_value_add(&v, mac, sizeof mac);
	assert_int_equal(nfnl_value_len(&v), 6);
	nfnl_value_add_port(&port, 1);
	assert_int_equal(nfnl_value_len(&port), 2);
	nfnl_value_add_ifname(&name, "ab101");
	assert_int_equal(nfnl_value_len(&name), 16);
	assert_memory_equal(name.bytes, "ab101\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void
test_names_and_keys_stay_in_bounds(void **state)
{
	struct nfnl_value v = { .len = 0 };

	nfnl_value_add_ifname(&v, "sixteen-letters-and-more");
	assert_memory_equal(v.bytes, "sixteen-letters", 16);
	for (int i = 0; i < 9; i++)
		nfnl_value_add_ifname(&v, "ab101");
	assert_int_equal(nfnl_value_len(&v), NFNL_VALUE_MAX);
}

static void
test_marks_have_the_order_that_is_compared(void **state)
{
	struct nfnl_value v = { .len = 0 }, ordered = { .len = 0 };
	uint32_t mark = 7;

	nfnl_value_add_mark(&v, mark);
	assert_memory_equal(v.bytes, &mark, sizeof mark);
	nfnl_value_add_ordered_mark(&ordered, mark);
	assert_memory_equal(ordered.bytes, "\0\0\0\7", 4);
}

static void
test_intervals_have_their_ends(void **state)
{
	static const char *const cases[][2] = {
		{ "10.77.0.0/16", "10.77.255.255" },
		{ "192.0.2.128/25", "192.0.2.255" },
		{ "192.0.2.7/32", "192.0.2.7" },
		{ "0.0.0.0/0", "255.255.255.255" },
		{ "2001:db8:7::/61", "2001:db8:7:7:ffff:ffff:ffff:ffff" },
		{ "2001:db8::/33", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8::1/128", "2001:db8::1" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct prefix p = prefix_of(cases[i][0]);
		const struct address last = address_of(cases[i][1]);
		struct prefix within = { .base = last, .length = p.length };
		struct nfnl_value v = { .len = 0 }, first = { .len = 0 };

		nfnl_value_add_first(&first, &within);
		assert_memory_equal(first.bytes, p.base.bytes, first.len);
		nfnl_value_add_last(&v, &p);
		assert_int_equal(nfnl_value_len(&v), last.family == AF_INET6 ? 16 : 4);
		assert_memory_equal(v.bytes, last.bytes, v.len);
	}
}

/* Attributes of a list fill it, each at a multiple of four. */
static void
check_list(const char *at, size_t len)
{
	while (len > 0) {
		struct nlattr attr;
		size_t whole;

		assert_true(len >= sizeof attr);
		memcpy(&attr, at, sizeof attr);
		assert_true(attr.nla_len >= NLA_HDRLEN);
		whole = (size_t)NLA_ALIGN(attr.nla_len);
		assert_true(whole <= len);
		if (attr.nla_type & NLA_F_NESTED)
			check_list(at + NLA_HDRLEN, attr.nla_len - (size_t)NLA_HDRLEN);
		at += whole;
		len -= whole;
	}
}

static size_t
check_messages(const struct nfnl_batch *b)
{
	size_t at = 0, n = 0, own = NLMSG_HDRLEN + 4;

	assert_false(b->out.failed);
	for (struct nlmsghdr m; at < b->out.len; at += NLMSG_ALIGN(m.nlmsg_len), n++) {
		assert_true(b->out.len - at >= sizeof m);
		memcpy(&m, b->out.data + at, sizeof m);
		assert_true(m.nlmsg_len >= own && m.nlmsg_len <= b->out.len - at);
		assert_int_equal(m.nlmsg_len % NLMSG_ALIGNTO, 0);
		assert_int_equal(m.nlmsg_seq, n);
		check_list(b->out.data + at + own, m.nlmsg_len - own);
	}
	assert_int_equal(at, b->out.len);
	return n;
}

static void
test_messages_add_up(void **state)
{
	static const char *const peers[] = { "192.0.2.0/24", "192.0.2.0/23", "192.0.2.1/32", "0.0.0.0/0", "2001:db8::/33", "::/0" };
	const struct nfnl_table inet = { NFPROTO_INET, "ab" }, bridge = { NFPROTO_BRIDGE, "ab" };
	AUTO_BATCH struct nfnl_batch b = { 0 };
	struct nfnl_element element = { .chain = "i101" };
	struct nfnl_rule r;

	nfnl_value_add_ifname(&element.key, "ab101");
	nfnl_add_chain(&b, &inet, "i101");
	nfnl_flush_chain(&b, &inet, "i101");
	nfnl_drop_element(&b, &inet, "policy_in", &element);
	nfnl_delete_chain(&b, &inet, "i101");
	for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
		const struct prefix p = prefix_of(peers[i]);

		nfnl_begin_rule(&r, &b, i % 2 ? &inet : &bridge, "i101");
		nfnl_match_address(&r, i % 2, &p);
		nfnl_match_protocol(&r, IPPROTO_TCP);
		nfnl_match_ports(&r, 20, (uint16_t)(20 + i));
		nfnl_match_new(&r);
		nfnl_end_above_rate(&r, NFT_META_OIFNAME, "log_rates", 60, 10);
		nfnl_end_below_connections(&r, NFT_META_OIFNAME, "connections", 5);
		nfnl_log(&r, "ab101 acme:shop deny in: ", i % 2 ? 7 : -1);
		nfnl_count(&r, "denied");
		nfnl_verdict(&r, NFT_GOTO, "denied");
		nfnl_end_rule(&r);
	}
	nfnl_flush_set(&b, &inet, "veths");
	/* The beginning of the transaction is the first. */
	assert_int_equal(check_messages(&b), 1 + 5 + 6 + 1);
}

/* A part of a list of chains, as the kernel gives it. */
static void
answer_chains(int fd, const char *const *names, size_t n, uint16_t flags)
{
	AUTO_BUF struct buf out = { 0 };

	for (size_t i = 0; i < n; i++) {
		size_t at = nfnl_begin(&out, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_MULTI | flags, 1, NFPROTO_INET, 0);

		nfnl_put_text(&out, NFTA_CHAIN_TABLE, "ab");
		nfnl_put_text(&out, NFTA_CHAIN_NAME, names[i]);
		nfnl_end(&out, at);
	}
	nfnl_end(&out, nfnl_begin(&out, NLMSG_DONE, NLM_F_MULTI | flags, 1, NFPROTO_INET, 0));
	assert_int_equal(send(fd, out.data, out.len, 0), (ssize_t)out.len);
}

/* What was in the midst of it when somebody changed the rules isn't all. */
static void
test_a_list_that_was_cut_short_is_asked_for_again(void **state)
{
	static const char *const names[] = { "input", "gate_input", "i101" };
	const struct nfnl_table inet = { NFPROTO_INET, "ab" };
	AUTO_STRV struct strv chains = { 0 };
	struct err e = { 0 };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	answer_chains(ends[1], names, 1, NLM_F_DUMP_INTR);
	answer_chains(ends[1], names, 3, 0);
	assert_int_equal(nfnl_read_chains(ends[0], &inet, &chains, &e), 0);
	assert_int_equal(chains.n, 3);
	assert_string_equal(chains.v[1], "gate_input");
	close(ends[0]);
	close(ends[1]);
}

static void
test_nothing_to_do_needs_no_kernel(void **state)
{
	AUTO_BATCH struct nfnl_batch b = { 0 };
	struct err e = { 0 };

	assert_int_equal(nfnl_send(-1, &b, &e), 0);
	assert_int_equal(nfnl_run(&b, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_fill_whole_words),
		cmocka_unit_test(test_one_alone_has_its_length),
		cmocka_unit_test(test_names_and_keys_stay_in_bounds),
		cmocka_unit_test(test_marks_have_the_order_that_is_compared),
		cmocka_unit_test(test_intervals_have_their_ends),
		cmocka_unit_test(test_messages_add_up),
		cmocka_unit_test(test_a_list_that_was_cut_short_is_asked_for_again),
		cmocka_unit_test(test_nothing_to_do_needs_no_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
