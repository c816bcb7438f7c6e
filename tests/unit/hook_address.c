/* Where webhooks may go. */
#include "tests/unit/unit.h"

#include "daemon/engine/hook_address.h"
#include "schema/webhook.h"

struct address_row {
	const char *address;
	bool host;
	bool refused;
};

static void
assert_rows(const struct settings *s, const struct address_row *rows, size_t n)
{
	struct address own[2], address;

	assert_true(address_parse("8.8.4.4", &own[0]) && address_parse("10.20.0.1", &own[1]));
	for (size_t i = 0; i < n; i++) {
		assert_true(address_parse(rows[i].address, &address));
		if (!hook_address_refuse(s, rows[i].host, own, 2, &address) != !rows[i].refused)
			fail_msg("%s for the %s: %s", rows[i].address, rows[i].host ? "host" : "tenant",
			         rows[i].refused ? "allowed" : "refused");
	}
}

static void
test_public_addresses_alone(void **state)
{
	static char subnet4[] = "198.18.5.0/24", subnet6[] = "2a01:4f8:1::/64", given[] = "5.9.8.0/24", office[] = "5.9.9.0/28";
	char *addresses[] = { given }, *management[] = { office };
	const struct settings s = {
		.subnet4 = subnet4, .subnet6 = subnet6, .addresses = { addresses, 1 }, .management = { management, 1 }
	};
	static const struct address_row rows[] = {
		{ "1.1.1.1", false, false },
		{ "2606:4700::1111", false, false },
		{ "5.9.9.16", false, false },
		{ "8.8.4.4", false, true },
		{ "::ffff:8.8.4.4", true, true },
		{ "0.0.0.0", true, true },
		{ "10.1.2.3", true, true },
		{ "100.64.0.1", false, true },
		{ "100.128.0.1", false, false },
		{ "127.0.0.1", true, true },
		{ "127.255.255.254", false, true },
		{ "169.254.169.254", true, true },
		{ "172.15.255.255", false, false },
		{ "172.16.0.1", false, true },
		{ "172.31.255.255", false, true },
		{ "192.168.0.1", false, true },
		{ "198.18.5.9", false, true },
		{ "224.0.0.251", false, true },
		{ "255.255.255.255", false, true },
		{ "5.9.8.7", false, true },
		{ "5.9.9.1", true, true },
		{ "::", false, true },
		{ "::1", true, true },
		{ "::127.0.0.1", false, true },
		{ "::ffff:127.0.0.1", false, true },
		{ "::ffff:10.0.0.1", false, true },
		{ "::ffff:1.1.1.1", false, false },
		{ "64:ff9b::7f00:1", false, true },
		{ "64:ff9b::101:101", false, false },
		{ "2002:7f00:1::1", false, true },
		{ "2002:a00:1::1", false, true },
		{ "2001:0:1::1", false, true },
		{ "2a01:4f8:1::5", false, true },
		{ "fc00::1", false, true },
		{ "fd77:6265::1", false, true },
		{ "fe80::1", false, true },
		{ "ff02::1", false, true },
	};

	assert_rows(&s, rows, COUNT(rows));
}

static void
test_the_most_specific_prefix_counts(void **state)
{
	static char subnet4[] = "10.77.0.0/16", wide[] = "10.0.0.0/8", one[] = "10.20.0.7/32", own[] = "10.20.0.1/32";
	char *allow[] = { wide, own }, *tenants[] = { one };
	char none[] = "fd00::/64";
	const struct settings s = {
		.subnet4 = subnet4, .subnet6 = none, .hook_allow = { allow, 2 }, .hook_allow_tenants = { tenants, 1 }
	};
	static const struct address_row rows[] = {
		{ "10.20.0.9", true, false },
		/* What the operator allows his own is no tenant's. */
		{ "10.20.0.9", false, true },
		{ "10.20.0.7", false, false },
		{ "10.20.0.7", true, false },
		/* A container, and the host itself, where they aren't named. */
		{ "10.77.0.5", true, true },
		{ "10.20.0.1", true, false },
		{ "10.20.0.1", false, true },
		{ "8.8.4.4", true, true },
		{ "::ffff:10.20.0.9", false, true },
	};

	assert_rows(&s, rows, COUNT(rows));
}

static void
test_types_are_matched(void **state)
{
	char started[] = "container.started", all_of[] = "operation.*", all[] = "*";
	char *two[] = { started, all_of }, *one[] = { all };
	const struct strv none = { 0 }, some = { two, 2 }, star = { one, 1 };

	assert_true(webhook_wants(&none, "tenant.changed") && webhook_wants(&star, "tenant.changed"));
	assert_true(webhook_wants(&some, "container.started") && webhook_wants(&some, "operation.failed"));
	assert_false(webhook_wants(&some, "container.starting"));
	assert_false(webhook_wants(&some, "container.start"));
	assert_false(webhook_wants(&some, "operations.failed"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public_addresses_alone),
		cmocka_unit_test(test_the_most_specific_prefix_counts),
		cmocka_unit_test(test_types_are_matched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
