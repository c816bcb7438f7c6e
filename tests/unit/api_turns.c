/* Whose turn it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/api/turns.h"

enum { PLACES = 3, CAP = 2, MANY = 200 };

struct job {
	struct turn turn; /* first */
	char name;
};

static int64_t
cap(void *arg, const struct lane *lane)
{
	return lane->class == TURN_TENANT ? CAP : INT64_MAX;
}

static void
ask(struct turns *turns, struct job *job, enum turn_class class, const char *tenant, char name)
{
	*job = (struct job){ .name = name };
	assert_true(turns_wait(turns, &job->turn, class, tenant));
}

/* Begins what may begin; the names in order. */
static const char *
begin(struct turns *turns, int64_t places)
{
	static char names[MANY + 1];
	struct turn *turn;
	size_t n = 0;

	while ((turn = turns_next(turns, places, cap, NULL)))
		names[n++] = ((struct job *)turn)->name;
	names[n] = '\0';
	return names;
}

static void
end_all(struct turns *turns)
{
	while (!TAILQ_EMPTY(&turns->running))
		turns_end(turns, TAILQ_FIRST(&turns->running));
}

static void
test_first_come(void **state)
{
	struct turns turns = { 0 };
	struct job jobs[4];

	turns_init(&turns);
	for (int i = 0; i < 4; i++)
		ask(&turns, &jobs[i], TURN_HOST, "", (char)('a' + i));
	assert_string_equal(begin(&turns, PLACES), "abc");
	assert_string_equal(begin(&turns, PLACES), "");
	turns_end(&turns, &jobs[1].turn);
	assert_string_equal(begin(&turns, PLACES), "d");
	end_all(&turns);
	for (int i = 0; i < TURN_CLASSES; i++)
		assert_true(TAILQ_EMPTY(&turns.lanes[i]));
	assert_int_equal(turns.n_running, 0);
}

/* Who asks for two hundred has two at once; who asks for one is next. */
static void
test_a_flood_delays_itself(void **state)
{
	static struct job flood[MANY];
	struct turns turns = { 0 };
	struct job one, two;

	turns_init(&turns);
	for (int i = 0; i < MANY; i++)
		ask(&turns, &flood[i], TURN_TENANT, "acme", 'a');
	assert_string_equal(begin(&turns, PLACES), "aa");
	assert_int_equal(turns_waiting_of(&turns, TURN_TENANT, "acme"), MANY - CAP);
	ask(&turns, &one, TURN_TENANT, "globex", 'g');
	ask(&turns, &two, TURN_TENANT, "umbra", 'u');
	assert_string_equal(begin(&turns, PLACES), "g");
	turns_end(&turns, &flood[0].turn);
	assert_string_equal(begin(&turns, PLACES), "u");
	turns_end(&turns, &one.turn);
	assert_string_equal(begin(&turns, PLACES), "a");
	end_all(&turns);
	for (int i = 3; i < MANY; i++)
		turns_end(&turns, &flood[i].turn);
	assert_int_equal(turns_waiting(&turns, TURN_TENANT), 0);
	assert_true(TAILQ_EMPTY(&turns.lanes[TURN_TENANT]));
}

/* One place: tenants go round, every second one is the host's, and what is urgent is before all. */
static void
test_classes_and_rounds(void **state)
{
	static const struct {
		enum turn_class class;
		const char *tenant;
		char name;
	} asked[] = {
		{ TURN_TENANT, "acme", 'a' },   { TURN_TENANT, "acme", 'a' },  { TURN_TENANT, "acme", 'a' },
		{ TURN_TENANT, "globex", 'g' }, { TURN_TENANT, "umbra", 'u' }, { TURN_HOST, "", 'h' },
		{ TURN_HOST, "acme", 'H' },     { TURN_HOST, "", 'h' },        { TURN_URGENT, "umbra", '!' },
	};
	struct job jobs[sizeof asked / sizeof *asked];
	struct turns turns = { 0 };
	char order[sizeof asked / sizeof *asked + 1] = "";

	turns_init(&turns);
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		ask(&turns, &jobs[i], asked[i].class, asked[i].tenant, asked[i].name);
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		order[i] = begin(&turns, 1)[0];
		end_all(&turns);
	}
	assert_string_equal(order, "!haHghuaa");
}

/* One that leaves the queue frees no place but its own; what was under way before a restart counts. */
static void
test_leaving(void **state)
{
	struct turns turns = { 0 };
	struct job old = { .name = 'o' }, jobs[3];

	turns_init(&turns);
	assert_true(turns_run(&turns, &old.turn, TURN_TENANT, "acme"));
	for (int i = 0; i < 3; i++)
		ask(&turns, &jobs[i], TURN_TENANT, "acme", (char)('a' + i));
	assert_string_equal(begin(&turns, PLACES), "a");
	turns_end(&turns, &jobs[1].turn);
	assert_string_equal(begin(&turns, PLACES), "");
	turns_end(&turns, &old.turn);
	assert_string_equal(begin(&turns, PLACES), "c");
	end_all(&turns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_come),
		cmocka_unit_test(test_a_flood_delays_itself),
		cmocka_unit_test(test_classes_and_rounds),
		cmocka_unit_test(test_leaving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
