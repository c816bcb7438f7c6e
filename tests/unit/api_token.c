/* A token's text: one alone opens. */
#include <stdio.h>

#include "daemon/model/token.h"
#include "daemon/store/sql.h"
#include "tests/unit/world.h"

enum { TOKENS = 64, SECRET_AT = sizeof "berth_0123456789abcdef_" - 1 };

static int
make_token_world(void **state)
{
	struct err e = { 0 };

	assert_int_equal(token_setup(&e), 0);
	return make_world(state);
}

static void
make_token(struct world *w, char text_out[TOKEN_TEXT_SIZE])
{
	struct token body = { 0 }, made = { 0 };
	struct err e = { 0 };

	row_put_text(&token_schema, &body, "name", "x");
	row_put_text(&token_schema, &body, "role", "viewer");
	row_put_text(&token_schema, &body, "tenant", "default");
	assert_int_equal(token_create(&w->model, &who_daemon, &body, false, &made, text_out, &e), 0);
	record_clear(&token_schema, &body);
	record_clear(&token_schema, &made);
}

static bool
opens(struct world *w, const char *text)
{
	struct err e = { 0 };
	struct who who;
	bool open = token_authenticate(&w->model, text, &who, &e) == 0;

	assert_true(open || e.kind == ERR_UNAUTHORIZED);
	return open;
}

static void
test_any_other_byte_closes(void **state)
{
	struct world *w = *state;
	char valid[TOKEN_TEXT_SIZE], text[TOKEN_TEXT_SIZE];

	make_token(w, valid);
	assert_true(opens(w, valid));
	for (size_t i = 0; i < strlen(valid); i++)
		for (int c = 1; c <= 0xff; c++) {
			memcpy(text, valid, sizeof text);
			text[i] = (char)c;
			assert_int_equal(opens(w, text), (unsigned char)valid[i] == c);
		}
}

/* libsodium decodes any byte past ASCII as it does '_': so it takes a secret with that letter, which is every second one. */
static void
test_no_byte_past_ascii_is_a_letter(void **state)
{
	struct world *w = *state;
	char valid[TOKEN_TEXT_SIZE];
	int letters = 0;

	for (int n = 0; n < TOKENS; n++) {
		make_token(w, valid);
		for (char *at = valid + SECRET_AT; (at = strchr(at, '_')); *at++ = '_', letters++)
			for (int c = 0x80; c <= 0xff; c++) {
				*at = (char)c;
				assert_false(opens(w, valid));
			}
		assert_true(opens(w, valid));
	}
	assert_true(letters > 0);
}

static void
test_what_is_behind_or_missing_closes(void **state)
{
	static const char *const behind[] = { "=", "A", "_", " ", "\n", "\xc3\xa4", "\xff" };
	struct world *w = *state;
	char valid[TOKEN_TEXT_SIZE], text[TOKEN_TEXT_SIZE + 4];

	make_token(w, valid);
	for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
		snprintf(text, sizeof text, "%s%s", valid, behind[i]);
		assert_false(opens(w, text));
	}
	for (size_t len = 0; len < strlen(valid); len++) {
		snprintf(text, sizeof text, "%.*s", (int)len, valid);
		assert_false(opens(w, text));
	}
}

/* What the engine is given to tell of a stream's caller is read as it was written, or not at all. */
static void
test_a_caller_in_words(void **state)
{
	static const struct who callers[] = {
		{ .role = ROLE_OWNER, .tenant = "acme", .credential = "0123456789abcdef", .actor = "token:0123456789abcdef" },
		{ .role = ROLE_VIEWER, .tenant = "acme", .credential = "0123456789abcdef", .actor = "uid:1000", .expires_at = 1e9 },
		{ .role = ROLE_ADMIN, .actor = "uid:0" },
	};
	static const char *const wrong[] = { "",
		                             "-",
		                             "owner",
		                             "none acme - 0 uid:1",
		                             "owner acme - 0",
		                             "owner acme - x uid:1",
		                             "owner acme - 0 uid:1 more",
		                             "root - - 0 uid:0",
		                             "owner aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa - 0 uid:1" };
	char text[WHO_TEXT_SIZE];
	struct who who;

	for (size_t i = 0; i < sizeof callers / sizeof *callers; i++) {
		who_write(&callers[i], text);
		assert_true(who_read(text, &who));
		assert_int_equal(who.role, callers[i].role);
		assert_int_equal(who.expires_at, callers[i].expires_at);
		assert_string_equal(who.tenant, callers[i].tenant);
		assert_string_equal(who.credential, callers[i].credential);
		assert_string_equal(who.actor, callers[i].actor);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(who_read(wrong[i], &who));
}

/* When a token was last used is written down to the minute. On a full or read-only disk it isn't, and what is there can be read. */
static void
test_opens_where_nothing_can_be_written(void **state)
{
	static const char read_only[] = "PRAGMA query_only = ON", writable[] = "PRAGMA query_only = OFF";
	struct world *w = *state;
	char text[TOKEN_TEXT_SIZE];
	struct token token = { 0 };
	char id[TOKEN_ID_SIZE];
	struct err e = { 0 };

	make_token(w, text);
	assert_true(token_name(text, id));
	assert_int_equal(sql_script(w->model.store, read_only, &e), 0);
	assert_true(opens(w, text));
	assert_int_equal(sql_script(w->model.store, writable, &e), 0);
	assert_true(opens(w, text));
	assert_int_equal(store_table_get(w->model.store, TABLE_TOKEN, id, &token, &e), 1);
	assert_true(token.used_at > 0);
	record_clear(&token_schema, &token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_token_world, end_world)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_any_other_byte_closes),
		TEST(test_no_byte_past_ascii_is_a_letter),
		TEST(test_what_is_behind_or_missing_closes),
		TEST(test_a_caller_in_words),
		TEST(test_opens_where_nothing_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
