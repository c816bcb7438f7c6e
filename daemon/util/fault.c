#include "daemon/util/fault.h"

#ifdef BERTH_FAULT

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define FAULT_POINT(name) name,
static const char *const fault_points[] = {
#include "daemon/util/fault.def"
};
#undef FAULT_POINT

enum { FAULT_POINTS = sizeof fault_points / sizeof *fault_points, FAULT_EXIT = 137 };
_Static_assert((int)FAULT_POINTS + (int)FAULT_EXTRA_MAX <= (int)FAULT_POINTS_MAX, "the plan has no place for so many points");

static struct fault_plan *fault_plan;

static void __attribute__((constructor)) fault_open_plan(void)
{
	const char *path = getenv("BERTH_FAULT");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	struct fault_plan *plan;

	if (fd < 0)
		return;
	plan = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (plan != MAP_FAILED && plan->magic == FAULT_MAGIC)
		fault_plan = plan;
}

static int
fault_act(struct fault_slot *slot, const char *point, struct err *e)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	uint32_t action = __atomic_load_n(&slot->action, __ATOMIC_ACQUIRE);

	if (__atomic_load_n(&slot->skip, __ATOMIC_RELAXED) > 0) {
		__atomic_sub_fetch(&slot->skip, 1, __ATOMIC_RELAXED);
		return 0;
	}
	__atomic_add_fetch(&slot->hit, 1, __ATOMIC_RELAXED);
	if (action == FAULT_KILL) {
		__atomic_store_n(&slot->action, FAULT_NONE, __ATOMIC_RELEASE);
		kill(getpid(), SIGKILL);
		/* The first process of a pid namespace can't kill itself, and a sandbox may not let it try. */
		_exit(FAULT_EXIT);
	}
	if (action == FAULT_FAIL && e) {
		__atomic_store_n(&slot->action, FAULT_NONE, __ATOMIC_RELEASE);
		return err_set(e, ERR_INTERNAL, "made to fail at %s", point);
	}
	while (action == FAULT_PAUSE) {
		nanosleep(&pause, NULL);
		action = __atomic_load_n(&slot->action, __ATOMIC_ACQUIRE);
	}
	return action == FAULT_KILL ? fault_act(slot, point, e) : 0;
}

/* Two processes may enter the same one: then each counts its own. */
static size_t
fault_extra(const char *point)
{
	uint32_t n = __atomic_load_n(&fault_plan->extras, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n && i < FAULT_EXTRA_MAX; i++)
		if (strncmp(fault_plan->extra[i], point, FAULT_NAME_MAX) == 0)
			return i;
	n = __atomic_fetch_add(&fault_plan->extras, 1, __ATOMIC_ACQ_REL);
	if (n >= FAULT_EXTRA_MAX)
		return FAULT_EXTRA_MAX - 1;
	snprintf(fault_plan->extra[n], FAULT_NAME_MAX, "%s", point);
	return n;
}

int
fault_at(const char *point, struct err *e)
{
	size_t i = 0;

	if (!fault_plan)
		return 0;
	while (i < FAULT_POINTS && strcmp(fault_points[i], point) != 0)
		i++;
	if (i == FAULT_POINTS)
		i += fault_extra(point);
	__atomic_add_fetch(&fault_plan->passed[i], 1, __ATOMIC_RELAXED);
	for (size_t s = 0; s < FAULT_SLOTS; s++) {
		struct fault_slot *slot = &fault_plan->slots[s];

		if (__atomic_load_n(&slot->action, __ATOMIC_ACQUIRE) != FAULT_NONE &&
		    strncmp(slot->point, point, sizeof slot->point) == 0 && fault_act(slot, point, e) < 0)
			return -1;
	}
	return 0;
}

int
fault_at_step(const char *prefix, const char *step, struct err *e)
{
	char point[FAULT_NAME_MAX];

	snprintf(point, sizeof point, "%s.%s", prefix, step);
	for (char *c = point; *c; c++)
		if (isspace((unsigned char)*c))
			*c = '-';
	return fault_at(point, e);
}

int64_t
fault_deadline(int64_t usual_ms)
{
	uint32_t wanted = fault_plan ? __atomic_load_n(&fault_plan->deadline_ms, __ATOMIC_RELAXED) : 0;

	return wanted > 0 && wanted < usual_ms ? wanted : usual_ms;
}

int64_t
fault_delay(int64_t usual_ms)
{
	return fault_plan ? 0 : usual_ms;
}

void
fault_print_list(void)
{
	for (size_t i = 0; i < FAULT_POINTS; i++)
		printf("%s\n", fault_points[i]);
}

#else

/* ISO C wants a declaration in every file. */
typedef int fault_is_off;

#endif
