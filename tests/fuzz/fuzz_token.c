/* A token's text, made from a valid one by the input: only that text opens, and it opens for whom it was given to. */
#include <stdlib.h>
#include <string.h>

#include "daemon/model/token.h"
#include "daemon/util/log.h"
#include "tests/fuzz/fuzz.h"

static struct settings settings;
static struct model model = { .settings = &settings };
static char valid[TOKEN_TEXT_SIZE];

/* A byte past ASCII is no letter, wherever it stands. */
static void
check_high_bytes(void)
{
	char text[TOKEN_TEXT_SIZE];
	struct err e = { 0 };
	struct who who;

	for (size_t i = 0; i < strlen(valid); i++)
		for (int high = 0x80; high <= 0xff; high++) {
			memcpy(text, valid, sizeof text);
			text[i] = (char)high;
			err_clear(&e);
			if (token_authenticate(&model, text, &who, &e) == 0)
				__builtin_trap();
		}
}

/* One with the letter that libsodium takes such bytes for: every second token has it. */
static void
make_valid(void)
{
	struct token body = { 0 };
	struct err e = { 0 };

	row_put_text(&token_schema, &body, "name", "fuzz");
	row_put_text(&token_schema, &body, "role", "viewer");
	row_put_text(&token_schema, &body, "tenant", "default");
	do {
		struct token made = { 0 };

		if (token_create(&model, &who_daemon, &body, false, &made, valid, &e) < 0)
			abort();
		record_clear(&token_schema, &made);
	} while (!strchr(valid + strlen("berth_0123456789abcdef_"), '_'));
	record_clear(&token_schema, &body);
}

static void
make_world(void)
{
	struct err e = { 0 };

	log_init("fuzz", LOG_LEVEL_ERROR);
	if (token_setup(&e) < 0 || !settings_apply_defaults(&settings) || store_open(":memory:", &model.store, &e) < 0)
		abort();
	make_valid();
	check_high_bytes();
}

/* Pairs of bytes: where, and by what the character there is changed; what follows 0xff is put behind it, or cuts it short. */
static void
make_text(const uint8_t *data, size_t size, char *out, size_t out_size)
{
	size_t len = strlen(valid);

	memcpy(out, valid, len + 1);
	for (; size >= 2 && data[0] != 0xff; data += 2, size -= 2)
		out[data[0] % len] = (char)(out[data[0] % len] ^ data[1]);
	if (size >= 2 && data[1] < len)
		out[data[1]] = '\0';
	else if (size >= 2 && size - 1 < out_size - len) {
		memcpy(out + len, data + 1, size - 1);
		out[len + size - 1] = '\0';
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TOKEN_TEXT_SIZE + 256];
	struct err e = { 0 };
	struct who who;
	bool opens;

	if (!model.store)
		make_world();
	make_text(data, size, text, sizeof text);
	opens = token_authenticate(&model, text, &who, &e) == 0;
	if (opens != (strcmp(text, valid) == 0))
		__builtin_trap();
	if (opens ? who.role != ROLE_VIEWER || strcmp(who.tenant, "default") != 0 : e.kind != ERR_UNAUTHORIZED)
		__builtin_trap();
	/* And as it comes. */
	if (size < sizeof text) {
		memcpy(text, data, size);
		text[size] = '\0';
		if (token_authenticate(&model, text, &who, &e) == 0 && strcmp(text, valid) != 0)
			__builtin_trap();
	}
	return 0;
}
