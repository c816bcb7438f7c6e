/* The words of a firewall's rules: what is taken, what is refused and by which word. */
#include "schema/rule.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "schema/container.h"
#include "schema/forward.h"
#include "schema/tenant.h"
#include "tests/unit/unit.h"

static struct rule
taken(const char *text)
{
	char why[RULE_WHY_MAX] = "";
	struct rule rule;

	if (!rule_parse(text, &rule, why))
		fail_msg("'%s' is refused: %s", text, why);
	return rule;
}

static void
takes(void **state)
{
	char address[ADDRESS_TEXT_MAX];
	struct rule r = taken("allow in tcp 22 from 203.0.113.0/24");

	assert_int_equal(r.action, RULE_ALLOW);
	assert_int_equal(r.direction, RULE_IN);
	assert_int_equal(r.protocol, RULE_TCP);
	assert_int_equal(r.port.first, 22);
	assert_int_equal(r.port.last, 22);
	assert_string_equal(address_format(&r.peer.base, address), "203.0.113.0");
	assert_int_equal(r.peer.length, 24);
	assert_false(r.log || r.is_default);
	r = taken("deny out tcp 25");
	assert_int_equal(r.action, RULE_DENY);
	assert_int_equal(r.direction, RULE_OUT);
	assert_int_equal(r.peer.base.family, AF_UNSPEC);
	r = taken("  reject  out udp 6881-6889 to 2001:db8::1 log ");
	assert_int_equal(r.action, RULE_REJECT);
	assert_int_equal(r.port.last, 6889);
	assert_int_equal(r.peer.length, 128);
	assert_true(r.log);
	r = taken("deny in");
	assert_int_equal(r.protocol, RULE_ANY);
	assert_int_equal(r.port.first, 0);
	r = taken("deny in from 198.51.100.7");
	assert_int_equal(r.peer.length, 32);
	r = taken("default in deny log");
	assert_true(r.is_default && r.log);
	assert_int_equal(r.direction, RULE_IN);
	assert_int_equal(r.action, RULE_DENY);
	taken("allow in any 1-65535 from 0.0.0.0/0");
	taken("allow in icmpv6 from ::/0");
	taken("deny out log");
}

static void
refuses(void **state)
{
	static const char *const wrong[][2] = {
		{ "", "missing" },
		{ "permit in", "'permit' must be allow, deny, reject or default" },
		{ "allow", "a word is missing at the end, which must be in or out" },
		{ "allow inn tcp", "'inn' must be in or out" },
		{ "Allow in", "'Allow'" },
		{ "allow in tpc 22", "'tpc' must be tcp, udp" },
		{ "allow in tcp 0", "'0' must be a port" },
		{ "allow in tcp 65536", "'65536' must be a port" },
		{ "allow in tcp 022", "'022' must be a port" },
		{ "allow in tcp 22,80", "'22,80' must be a port" },
		{ "allow in tcp 22-", "'22-' must be a port" },
		{ "allow in tcp 90-80", "'90-80' ends before it begins" },
		{ "allow in tcp +22", "'+22' must be a port, from or log" },
		{ "allow in icmp 8", "'8' isn't taken" },
		{ "allow in to 10.0.0.0/8", "'to' must be 'from'" },
		{ "allow out tcp 25 from 10.0.0.0/8", "'from' must be 'to'" },
		{ "allow in from 10.0.0.1/8", "'10.0.0.1/8' has bits beyond its length" },
		{ "allow in from 10.0.0.0/33", "'10.0.0.0/33' must be an address" },
		{ "allow in from 10.0.0.0/08", "'10.0.0.0/08' must be an address" },
		{ "allow in from 010.0.0.0/8", "'010.0.0.0/8' must be an address" },
		{ "allow in from 10.0.0.0/+8", "'10.0.0.0/+8' must be an address" },
		{ "allow in from 10.0.0.0/ 8", "'10.0.0.0/' must be an address" },
		{ "allow in from ::ffff:10.0.0.0/104", "in IPv6's clothes" },
		{ "allow in from ::ffff:10.0.0.1", "in IPv6's clothes" },
		{ "allow in from web.example.org", "'web.example.org' must be an address" },
		{ "allow in from", "a word is missing at the end" },
		{ "allow in icmp from ::/0", "'::/0' must be IPv4" },
		{ "allow in icmpv6 from 10.0.0.0/8", "'10.0.0.0/8' must be IPv6" },
		{ "allow in tcp 22 log log", "'log' is too much" },
		{ "allow in log tcp 22", "'tcp' is too much" },
		{ "default deny in", "'deny' must be in or out" },
		{ "default in tcp", "'tcp' must be allow, deny or reject" },
		{ "default in deny tcp", "'tcp' must be log" },
		{ "allow in tcp 22; flush ruleset", "'22;' must be a port" },
		{ "allow in tcp 22 }", "'}' must be a port, from or log" },
		{ "allow in from 10.0.0.0/8\nadd", "plain ASCII" },
		{ "allow\tin", "plain ASCII" },
		{ "allow in from 10.0.0.0/8\xc2\xa0", "plain ASCII" },
		{ "a b c d e f g h i j k l m", "more than 12 words" },
	};
	char why[RULE_WHY_MAX], longest[400];
	struct rule rule;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (rule_parse(wrong[i][0], &rule, why))
			fail_msg("'%s' is taken", wrong[i][0]);
		if (!strstr(why, wrong[i][1]))
			fail_msg("'%s': no \"%s\" in: %s", wrong[i][0], wrong[i][1], why);
	}
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_false(rule_parse(longest, &rule, why));
	assert_non_null(strstr(why, "longer than"));
}

static void
names_rule_and_word(void **state)
{
	struct container_config config = { 0 };
	struct err e = { 0 };

	assert_int_equal(record_set_text(&container_config_schema, &config, "firewall", "allow in tcp 22", &e), 0);
	assert_int_equal(record_set_text(&container_config_schema, &config, "firewall", "allow in tcp 99999", &e), -1);
	assert_string_equal(e.params[0].name, "firewall");
	assert_string_equal(e.params[0].reason,
	                    "rule 2: the word '99999' must be a port from 1 to 65535, or a range such as 8000-8010");
	record_clear(&container_config_schema, &config);
	err_clear(&e);
	record_set_text(&container_config_schema, &config, "firewall", "default in deny", &e);
	record_set_text(&container_config_schema, &config, "firewall", "default out deny", &e);
	assert_false(err_is_set(&e));
	assert_int_equal(record_set_text(&container_config_schema, &config, "firewall", "default in allow", &e), -1);
	assert_string_equal(e.params[0].reason, "rule 3: 'default in' is given by rule 1 already");
	err_clear(&e);
	assert_int_equal(record_set_text(&container_config_schema, &config, "firewall_operator", "default in deny", &e), -1);
	assert_non_null(strstr(e.params[0].reason, "'deny in' at the end"));
	err_clear(&e);
	assert_int_equal(record_set_text(&container_config_schema, &config, "blocked_ports", "25", &e), 0);
	assert_int_equal(record_set_text(&container_config_schema, &config, "blocked_ports", "tcp 6881-6889", &e), 0);
	assert_int_equal(record_set_text(&container_config_schema, &config, "blocked_ports", "smtp", &e), -1);
	assert_non_null(strstr(e.params[0].reason, "item 3: the word 'smtp' must be a port"));
	err_clear(&e);
	record_clear(&container_config_schema, &config);
}

static void
forwards(void **state)
{
	static const char *const wrong[][2] = {
		{ "2222 to 22", "'2222' must be tcp or udp" },
		{ "icmp 8", "'icmp' must be tcp or udp" },
		{ "tcp", "a word is missing at the end" },
		{ "tcp 0", "'0' must be a port" },
		{ "tcp 1-2000", "'1-2000' is more than 1024 ports" },
		{ "tcp 80-81 to 90", "'90' must be as many ports" },
		{ "tcp 80 to", "a word is missing at the end" },
		{ "tcp 80 on 127.0.0.1", "loopback" },
		{ "tcp 80 on 169.254.0.1", "link-local" },
		{ "tcp 80 on fe80::1", "link-local" },
		{ "tcp 80 on ::ffff:192.0.2.1", "in IPv6's clothes" },
		{ "tcp 80 on 192.0.2.0/24", "must be an IPv4 or IPv6 address" },
		{ "tcp 80 on 192.0.2.1 to 22", "'to' must be to or on, or not there" },
		{ "tcp 80 : 10.0.0.1 . 22 }", "':' must be to or on" },
	};
	char why[RULE_WHY_MAX];
	struct forward a, b;

	assert_true(forward_parse("tcp 2222 to 22", &a, why));
	assert_int_equal(a.from.first, 2222);
	assert_int_equal(a.to.first, 22);
	assert_true(forward_parse("udp 5000-5009 on 2001:db8::1", &a, why));
	assert_int_equal(a.to.last, 5009);
	assert_int_equal(a.on.family, AF_INET6);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		if (forward_parse(wrong[i][0], &a, why))
			fail_msg("'%s' is taken", wrong[i][0]);
		if (!strstr(why, wrong[i][1]))
			fail_msg("'%s': no \"%s\" in: %s", wrong[i][0], wrong[i][1], why);
	}
	assert_true(forward_parse("tcp 80-90", &a, why) && forward_parse("tcp 90-99 on 192.0.2.1", &b, why));
	assert_true(forward_overlaps(&a, &b) && forward_overlaps(&b, &a));
	assert_true(forward_parse("tcp 91", &a, why));
	assert_true(forward_overlaps(&a, &b));
	assert_true(forward_parse("udp 91", &a, why));
	assert_false(forward_overlaps(&a, &b));
	assert_true(forward_parse("tcp 91 on 192.0.2.2", &a, why));
	assert_false(forward_overlaps(&a, &b));
}

static void
grants(void **state)
{
	struct tenant tenant = { 0 };
	struct err e = { 0 };

	assert_int_equal(record_set_text(&tenant_schema, &tenant, "forward_ports", "20000-20019", &e), 0);
	assert_int_equal(record_set_text(&tenant_schema, &tenant, "forward_ports", "443", &e), 0);
	assert_int_equal(record_set_text(&tenant_schema, &tenant, "forward_ports", "tcp 443", &e), -1);
	assert_string_equal(e.params[0].reason, "item 3: must be a port or a range, such as 20000-20019");
	err_clear(&e);
	record_clear(&tenant_schema, &tenant);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes),    cmocka_unit_test(refuses), cmocka_unit_test(names_rule_and_word),
		cmocka_unit_test(forwards), cmocka_unit_test(grants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
