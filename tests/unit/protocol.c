/* Messages over a socket pair, requests against their rules, errors as ends of requests; stream frames. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "schema/protocol.h"
#include "schema/stream.h"
#include "tests/unit/records.h"

struct pair {
	int a;
	int b;
};

static struct pair
make_pair(int flags)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0, ends), 0);
	return (struct pair){ ends[0], ends[1] };
}

static void
close_pair(struct pair *p)
{
	close(p->a);
	close(p->b);
}

static void
test_every_message_arrives(void **state)
{
	struct pair p = make_pair(0);
	int fds[8] = { 0 };

	for (int type = 0; type < MSG_TYPE_COUNT; type++) {
		const struct msg_info *info = msg_info((enum msg_type)type);
		void *record = records_new(info->schema);
		AUTO_MSG struct msg msg = { 0 };
		struct err e = { 0 };

		records_fill(info->schema, record, false);
		assert_int_equal(msg_send(p.a, (enum msg_type)type, record, fds, info->fds, &e), 0);
		assert_int_equal(msg_recv(p.b, &msg, &e), 1);
		assert_int_equal(msg.type, type);
		assert_int_equal(msg.nfds, info->fds);
		assert_true(records_equal(info->schema, record, msg.record));
		records_free(info->schema, record);
	}
	close_pair(&p);
}

static void
test_wrong_number_of_descriptors(void **state)
{
	struct pair p = make_pair(0);
	int fds[8] = { 0 }, before = next_fd();

	for (int type = 0; type < MSG_TYPE_COUNT; type++) {
		const struct msg_info *info = msg_info((enum msg_type)type);
		void *record = records_new(info->schema);

		records_fill(info->schema, record, false);
		for (unsigned int n = 0; n < 3; n++) {
			struct msg msg = { 0 };
			struct err e = { 0 };

			if (n == info->fds)
				continue;
			assert_int_equal(msg_send(p.a, (enum msg_type)type, record, fds, n, &e), 0);
			assert_int_equal(msg_recv(p.b, &msg, &e), -1);
			assert_int_equal(e.kind, ERR_BAD_REQUEST);
			assert_int_equal(next_fd(), before);
		}
		records_free(info->schema, record);
	}
	close_pair(&p);
}

static void
test_malformed_headers(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = { { "", 1 },
		     { "HTRB\1\0", 6 },
		     { "HTRB\1\0\0", 7 },
		     { "BRTH\1\0\0\0", 8 },
		     { "HTRB\2\0\0\0", 8 },
		     { "HTRB\1\0\377\377", 8 },
		     { "HTRB\1\0\0\1", 8 },
		     { "HTRB\1\0\0\0", 8 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct msg msg = { 0 };
		struct err e = { 0 };

		assert_int_equal(msg_decode(rows[i].bytes, rows[i].len, &msg, &e), -1);
		assert_true(err_is_set(&e));
		assert_null(msg.record);
	}
}

static void
test_ends_of_a_link(void **state)
{
	struct pair p = make_pair(SOCK_NONBLOCK);
	struct progress progress = { 0 };
	struct msg msg = { 0 };
	struct err e = { 0 };
	int rc = 0;

	assert_int_equal(msg_recv(p.b, &msg, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	records_fill(&progress_schema, &progress, false);
	for (int i = 0; i < 100000 && rc == 0; i++)
		rc = msg_send(p.a, REPLY_PROGRESS, &progress, NULL, 0, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_BUSY);
	close(p.b);
	assert_int_equal(msg_send(p.a, REPLY_PROGRESS, &progress, NULL, 0, &e), -1);
	assert_int_equal(e.kind, ERR_UNAVAILABLE);
	close(p.a);
	p = make_pair(0);
	close(p.a);
	assert_int_equal(msg_recv(p.b, &msg, &e), 0);
	close(p.b);
	record_clear(&progress_schema, &progress);
}

static void
test_too_large(void **state)
{
	struct pair p = make_pair(0);
	struct request r = { 0 };
	struct err e = { 0 };
	char text[1000];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	records_fill_field(&request_schema, 0, &r, false);
	for (int i = 0; i < MSG_MAX / 1000 + 1; i++)
		strv_add(&r.argv, text);
	record_mark(&request_schema, &r, "argv", true);
	assert_int_equal(msg_send(p.a, REQUEST_EXEC, &r, NULL, 0, &e), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	record_clear(&request_schema, &r);
	close_pair(&p);
}

/* The engine's rule, told again here: what it guards against is worth writing twice. */
static const struct {
	enum msg_type type;
	const char *needs;
	const char *takes;
} rules[] = {
	{ REQUEST_CREATE, "id config tenant_number", "" },
	{ REQUEST_DELETE, "id", "force timeout" },
	{ REQUEST_START, "id config", "rescue" },
	{ REQUEST_STOP, "id", "timeout kill" },
	{ REQUEST_RESTART, "id config", "timeout kill" },
	{ REQUEST_FREEZE, "id", "" },
	{ REQUEST_THAW, "id", "" },
	{ REQUEST_SET, "id config changed", "" },
	{ REQUEST_EXEC, "id argv", "env user cwd tty rows columns upgrade caller" },
	{ REQUEST_CONSOLE, "id", "rows columns upgrade caller" },
	{ REQUEST_LOGS, "id", "follow tail caller" },
	{ REQUEST_LIMITS, "id config", "" },
	{ REQUEST_WHICH, "", "pid uid address mac veth" },
	{ REQUEST_DOCTOR, "", "fix" },
	{ REQUEST_CAPACITY, "", "" },
	{ REQUEST_TEMPLATE_BUILD, "template", "version" },
	{ REQUEST_TEMPLATE_DELETE, "template", "" },
	{ REQUEST_CANCEL, "", "" },
	{ REQUEST_SUSPEND, "id config changed", "timeout kill freeze" },
	{ REQUEST_RECOVER, "", "" },
	{ REQUEST_COPY, "", "" },
	{ REQUEST_METER, "", "ctids" },
	{ REQUEST_HOST_SETUP, "", "" },
	{ REQUEST_HOST_CLEANUP, "", "" },
};

static bool
has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ')
		if (strncmp(at, word, len) == 0 && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static void
check_rule(size_t row)
{
	struct request full = { 0 };
	struct err e = { 0 };

	records_fill(&request_schema, &full, false);
	for (size_t i = 1; request_schema.fields[i].name; i++)
		record_mark_row(&full, i, has_word(rules[row].needs, request_schema.fields[i].name));
	assert_int_equal(msg_check_request(rules[row].type, &full, &e), 0);
	for (size_t i = 1; request_schema.fields[i].name; i++) {
		const char *name = request_schema.fields[i].name;
		bool needed = has_word(rules[row].needs, name);
		int wanted = needed ? -1 : has_word(rules[row].takes, name) ? 0 : -1;

		record_mark_row(&full, i, !needed);
		if (msg_check_request(rules[row].type, &full, &e) != wanted)
			fail_msg("%s with '%s' changed", msg_info(rules[row].type)->name, name);
		record_mark_row(&full, i, needed);
	}
	record_clear(&request_schema, &full);
}

static void
test_requests_have_what_they_need_and_no_more(void **state)
{
	struct request r = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(rules); i++)
		check_rule(i);
	for (int type = 0; type < MSG_TYPE_COUNT; type++) {
		bool known = false;

		for (size_t i = 0; i < COUNT(rules); i++)
			known = known || rules[i].type == (enum msg_type)type;
		if (!known)
			assert_int_equal(msg_check_request((enum msg_type)type, &r, &e), -1);
		assert_int_equal(known, strncmp(msg_info((enum msg_type)type)->name, "REQUEST_", 8) == 0);
	}
	assert_int_equal(msg_check_request((enum msg_type)1000, &r, &e), -1);
	assert_null(msg_info((enum msg_type)1000));
	assert_null(msg_info((enum msg_type) - 1));
}

/* A command without a word would be run as nothing. */
static void
test_a_needed_list_has_an_item(void **state)
{
	struct request r = { 0 };
	struct err e = { 0 };

	records_fill(&request_schema, &r, false);
	strv_clear(&r.argv);
	r.set = (struct field_set){ 0 };
	record_mark(&request_schema, &r, "id", true);
	record_mark(&request_schema, &r, "argv", true);
	assert_int_equal(msg_check_request(REQUEST_EXEC, &r, &e), -1);
	assert_true(strv_add(&r.argv, "true"));
	assert_int_equal(msg_check_request(REQUEST_EXEC, &r, &e), 0);
	record_clear(&request_schema, &r);
}

static void
test_errors_come_through(void **state)
{
	struct err e = { 0 }, got = { 0 };
	struct done done = { 0 };

	err_param(&e, "memory", "must be: large");
	err_param(&e, "cpus", "is wrong");
	err_code(&e, "special");
	assert_true(done_from_err(&done, "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11", &e));
	done_to_err(&done, &got);
	assert_int_equal(got.kind, ERR_INVALID);
	assert_string_equal(got.code, "special");
	assert_int_equal(got.nparams, 2);
	assert_string_equal(got.params[0].name, "memory");
	assert_string_equal(got.params[0].reason, "must be: large");
	record_clear(&done_schema, &done);
	for (int kind = 1; kind < ERR_KIND_COUNT; kind++) {
		AUTO_BUF struct buf out = { 0 };

		err_clear(&e);
		err_set(&e, (enum err_kind)kind, "a message\nof two lines");
		assert_true(done_from_err(&done, "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11", &e));
		assert_int_equal(msg_encode(REPLY_DONE, &done, &out, &e), 0);
		done_to_err(&done, &got);
		assert_int_equal(got.kind, kind);
		record_clear(&done_schema, &done);
	}
}

/* Three frames, one of them empty, fed in pieces of `step` bytes. */
static void
read_frames(const unsigned char *data, size_t len, size_t step)
{
	static const enum frame_type types[] = { FRAME_STDIN, FRAME_STDIN_END, FRAME_STDERR };
	static const char *const payloads[] = { "hello", "", "world!" };
	struct frame_reader r = { 0 };
	size_t frame = 0, have = 0;
	char got[16];

	for (size_t at = 0; at < len; at += step) {
		const unsigned char *p = data + at, *piece;
		size_t left = len - at < step ? len - at : step, n;
		struct err e = { 0 };
		int end, rc;

		while ((rc = frame_read(&r, &p, &left, &piece, &n, &end, &e)) == 1) {
			assert_true(frame < 3);
			assert_int_equal(r.type, types[frame]);
			if (n > 0)
				memcpy(got + have, piece, n);
			have += n;
			if (!end)
				continue;
			assert_int_equal(have, strlen(payloads[frame]));
			assert_memory_equal(got, payloads[frame], have);
			have = 0;
			frame++;
		}
		assert_int_equal(rc, 0);
	}
	assert_int_equal(frame, 3);
}

static void
test_frames_split_anywhere(void **state)
{
	unsigned char data[64];
	size_t len = 0;

	frame_header(data, FRAME_STDIN, 5);
	memcpy(data + 8, "hello", 5);
	frame_header(data + 13, FRAME_STDIN_END, 0);
	frame_header(data + 21, FRAME_STDERR, 6);
	memcpy(data + 29, "world!", 6);
	len = 35;
	for (size_t step = 1; step <= len; step++)
		read_frames(data, len, step);
}

static void
test_wrong_frames(void **state)
{
	static const unsigned char wrong[][FRAME_HEADER] = {
		{ FRAME_TYPE_COUNT },
		{ 255 },
		{ 0, 1 },
		{ 0, 0, 1 },
		{ 0, 0, 0, 1 },
		{ 0, 0, 0, 0, 0, 1, 0, 1 },
		{ 0, 0, 0, 0, 255, 255, 255, 255 },
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		const unsigned char *p = wrong[i], *piece;
		size_t len = FRAME_HEADER, n;
		struct frame_reader r = { 0 };
		struct err e = { 0 };
		int end;

		assert_int_equal(frame_read(&r, &p, &len, &piece, &n, &end, &e), -1);
		assert_true(err_is_set(&e));
	}
}

static void
test_the_largest_frame(void **state)
{
	unsigned char *data = calloc(1, FRAME_HEADER + FRAME_MAX);
	const unsigned char *p = data, *piece;
	size_t len = FRAME_HEADER + FRAME_MAX, n;
	struct frame_reader r = { 0 };
	struct err e = { 0 };
	int end;

	assert_non_null(data);
	frame_header(data, FRAME_STDOUT, FRAME_MAX);
	assert_int_equal(frame_read(&r, &p, &len, &piece, &n, &end, &e), 1);
	assert_int_equal(n, FRAME_MAX);
	assert_int_equal(end, 1);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_message_arrives),
		cmocka_unit_test(test_wrong_number_of_descriptors),
		cmocka_unit_test(test_malformed_headers),
		cmocka_unit_test(test_ends_of_a_link),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_requests_have_what_they_need_and_no_more),
		cmocka_unit_test(test_a_needed_list_has_an_item),
		cmocka_unit_test(test_errors_come_through),
		cmocka_unit_test(test_frames_split_anywhere),
		cmocka_unit_test(test_wrong_frames),
		cmocka_unit_test(test_the_largest_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
