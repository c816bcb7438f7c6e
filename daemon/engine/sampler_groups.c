#include "daemon/engine/sampler_groups.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/cgroup_file.h"
#include "daemon/util/fd.h"

enum { GROUPS_FILES = 9, GROUPS_TEXT = 8192, GROUPS_BUCKETS = 1024 };

/* Takes a file's text apart into a sample. */
typedef void groups_parse(const struct groups *g, const char *text, struct sample *sample);

struct groups_file {
	const char *controller; /* the hierarchy that has it */
	const char *name;
	groups_parse *parse;
};

struct group {
	struct group *next;
	int64_t ctid;
	int64_t epoch; /* 0: closed */
	int fds[GROUPS_FILES];
	bool seen;
};

struct groups {
	const struct settings *settings;
	const struct layout *layout;
	const struct groups_file *files;
	size_t nfiles;
	size_t open, max;
	int64_t boot;
	char device[40]; /* "MAJOR:MINOR " whose requests are counted; "": all */
	struct group *buckets[GROUPS_BUCKETS];
};

static int64_t
groups_number(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	return end == text || value < 0 ? SAMPLE_UNKNOWN : value;
}

/* What follows `word` wherever it stands in the text. */
static int64_t
groups_after(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? groups_number(at + strlen(word)) : SAMPLE_UNKNOWN;
}

static void
groups_parse_memory(const struct groups *g, const char *text, struct sample *sample)
{
	sample->v[SAMPLE_MEMORY] = groups_number(text);
}

static void
groups_parse_peak(const struct groups *g, const char *text, struct sample *sample)
{
	sample->v[SAMPLE_MEMORY_PEAK] = groups_number(text);
}

static void
groups_parse_cpu(const struct groups *g, const char *text, struct sample *sample)
{
	sample->v[SAMPLE_CPU_US] = groups_after(text, "usage_usec ");
}

static void
groups_parse_pids(const struct groups *g, const char *text, struct sample *sample)
{
	sample->v[SAMPLE_PIDS] = groups_number(text);
}

static void
groups_add(int64_t *sum, int64_t value)
{
	if (value > 0 && *sum <= INT64_MAX - value)
		*sum += value;
}

/* A line a device; of a loop device and the disk below it only the pool's own counts. */
static void
groups_parse_io(const struct groups *g, const char *text, struct sample *sample)
{
	static const struct {
		const char *word;
		enum sample_value value;
	} words[] = { { "rbytes=", SAMPLE_IO_READ },
		      { "wbytes=", SAMPLE_IO_WRITE },
		      { "rios=", SAMPLE_IO_READS },
		      { "wios=", SAMPLE_IO_WRITES } };
	size_t len = strlen(g->device);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		sample->v[words[i].value] = 0;
	while (text && *text) {
		const char *end = strchr(text, '\n'), *at;

		for (size_t i = 0; strncmp(text, g->device, len) == 0 && i < sizeof words / sizeof *words; i++) {
			at = strstr(text, words[i].word);
			if (at && (!end || at < end))
				groups_add(&sample->v[words[i].value], groups_number(at + strlen(words[i].word)));
		}
		text = end ? end + 1 : NULL;
	}
}

static void
groups_parse_blkio(const struct groups *g, const char *text, int64_t *read, int64_t *write)
{
	size_t len = strlen(g->device);

	*read = *write = 0;
	while (text && *text) {
		const char *end = strchr(text, '\n'), *word = strchr(text, ' ');

		if (word && strncmp(text, g->device, len) == 0 && strncmp(word, " Read ", 6) == 0)
			groups_add(read, groups_number(word + 6));
		else if (word && strncmp(text, g->device, len) == 0 && strncmp(word, " Write ", 7) == 0)
			groups_add(write, groups_number(word + 7));
		text = end ? end + 1 : NULL;
	}
}

static void
groups_parse_blkio_bytes(const struct groups *g, const char *text, struct sample *sample)
{
	groups_parse_blkio(g, text, &sample->v[SAMPLE_IO_READ], &sample->v[SAMPLE_IO_WRITE]);
}

static void
groups_parse_blkio_requests(const struct groups *g, const char *text, struct sample *sample)
{
	groups_parse_blkio(g, text, &sample->v[SAMPLE_IO_READS], &sample->v[SAMPLE_IO_WRITES]);
}

/* "some avg10=… total=MICROSECONDS" comes first. */
static void
groups_parse_stall_cpu(const struct groups *g, const char *text, struct sample *sample)
{
	sample->v[SAMPLE_STALL_CPU_US] = groups_after(text, "total=");
}

static void
groups_parse_stall_memory(const struct groups *g, const char *text, struct sample *sample)
{
	sample->v[SAMPLE_STALL_MEMORY_US] = groups_after(text, "total=");
}

static void
groups_parse_stall_io(const struct groups *g, const char *text, struct sample *sample)
{
	sample->v[SAMPLE_STALL_IO_US] = groups_after(text, "total=");
}

#define GROUPS_SHARED                                                                                                              \
	{ "unified", "cpu.stat", groups_parse_cpu }, { "unified", "cpu.pressure", groups_parse_stall_cpu },                        \
	        { "unified", "memory.pressure", groups_parse_stall_memory },                                                       \
	{                                                                                                                          \
		"unified", "io.pressure", groups_parse_stall_io                                                                    \
	}

static const struct groups_file groups_v2[] = {
	GROUPS_SHARED,
	{ "unified", "memory.current", groups_parse_memory },
	{ "unified", "memory.peak", groups_parse_peak },
	{ "unified", "pids.current", groups_parse_pids },
	{ "unified", "io.stat", groups_parse_io },
};

static const struct groups_file groups_v1[] = {
	GROUPS_SHARED,
	{ "memory", "memory.usage_in_bytes", groups_parse_memory },
	{ "memory", "memory.max_usage_in_bytes", groups_parse_peak },
	{ "pids", "pids.current", groups_parse_pids },
	{ "blkio", "blkio.throttle.io_service_bytes", groups_parse_blkio_bytes },
	{ "blkio", "blkio.throttle.io_serviced", groups_parse_blkio_requests },
};

/* Numbers of groups begin anew with each boot. */
static int64_t
groups_boot(void)
{
	AUTO_FREE char *text = NULL;

	if (fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, NULL, NULL) < 0)
		return 0;
	return (int64_t)(strtoull(text, NULL, 16) << 30 & INT64_MAX);
}

struct groups *
groups_new(const struct settings *s, const struct layout *layout, size_t files_max, struct err *e)
{
	struct groups *g = calloc(1, sizeof *g);
	char queue[32];

	if (!g) {
		err_set(e, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	g->settings = s;
	g->layout = layout;
	g->files = cgroup_is_v2(layout) ? groups_v2 : groups_v1;
	g->nfiles = cgroup_is_v2(layout) ? sizeof groups_v2 / sizeof *groups_v2 : sizeof groups_v1 / sizeof *groups_v1;
	g->max = files_max;
	g->boot = groups_boot();
	if (layout->pool_device && cgroup_device_queue(layout->pool_device, queue, sizeof queue))
		snprintf(g->device, sizeof g->device, "%s ", queue);
	return g;
}

static void
group_close(struct groups *g, struct group *group)
{
	for (size_t i = 0; i < g->nfiles; i++)
		if (group->fds[i] >= 0) {
			close(group->fds[i]);
			group->fds[i] = -1;
			g->open--;
		}
	group->epoch = 0;
}

void
groups_free(struct groups *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < GROUPS_BUCKETS; i++)
		for (struct group *group = g->buckets[i], *next; group; group = next) {
			next = group->next;
			group_close(g, group);
			free(group);
		}
	free(g);
}

static struct group *
group_find(struct groups *g, int64_t ctid)
{
	struct group **head = &g->buckets[ctid % GROUPS_BUCKETS], *group;

	for (group = *head; group; group = group->next)
		if (group->ctid == ctid)
			return group;
	group = calloc(1, sizeof *group);
	if (!group)
		return NULL;
	group->ctid = ctid;
	for (size_t i = 0; i < GROUPS_FILES; i++)
		group->fds[i] = -1;
	group->next = *head;
	*head = group;
	return group;
}

/* The mount point of a controller's hierarchy; with v2 all is in one. */
static const char *
groups_root(const struct groups *g, const char *controller)
{
	size_t len = strlen(controller);

	for (size_t i = 0; i < g->layout->cgroup_roots.n; i++) {
		const char *root = g->layout->cgroup_roots.v[i];

		if (strncmp(root, controller, len) == 0 && root[len] == '=')
			return root + len + 1;
	}
	return NULL;
}

static int
group_open_file(const struct groups *g, int64_t ctid, const struct groups_file *file)
{
	const char *root = groups_root(g, file->controller);
	char dir[CGROUP_PATH_MAX], path[CGROUP_PATH_MAX + 48];

	if (!root || cgroup_dir_path(g->settings, g->layout, root, ctid, dir) < 0)
		return -1;
	snprintf(path, sizeof path, "%s/%s", dir, file->name);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Each start has groups of its own, whose inode no other has while the host is up. */
static bool
group_open(struct groups *g, struct group *group)
{
	const char *root = groups_root(g, "unified");
	char dir[CGROUP_PATH_MAX];
	struct stat st;

	if (!root || cgroup_dir_path(g->settings, g->layout, root, group->ctid, dir) < 0 || stat(dir, &st) < 0)
		return false;
	for (size_t i = 0; i < g->nfiles; i++) {
		group->fds[i] = group_open_file(g, group->ctid, &g->files[i]);
		if (group->fds[i] >= 0)
			g->open++;
	}
	group->epoch = (int64_t)(((uint64_t)g->boot ^ st.st_ino) & INT64_MAX);
	if (group->epoch == 0)
		group->epoch = 1;
	return true;
}

/* false: the group is gone. A file that the host hasn't says nothing. */
static bool
group_read_file(const struct groups *g, int fd, const struct groups_file *file, struct sample *sample)
{
	char text[GROUPS_TEXT];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	/* Of a removed group; EOPNOTSUPP and the like are a switched-off PSI. */
	if (n < 0)
		return errno != ENODEV;
	text[n] = '\0';
	file->parse(g, text, sample);
	return true;
}

static bool
group_read(struct groups *g, struct group *group, struct sample *sample)
{
	for (size_t i = 0; i < SAMPLE_TRAFFIC; i++)
		sample->v[i] = SAMPLE_UNKNOWN;
	if (group->epoch == 0 && !group_open(g, group))
		return true;
	sample->epoch = group->epoch;
	for (size_t i = 0; i < g->nfiles; i++)
		if (group->fds[i] >= 0 && !group_read_file(g, group->fds[i], &g->files[i], sample))
			return false;
	return true;
}

void
groups_read(struct groups *g, struct sample *sample)
{
	struct group *group = group_find(g, sample->ctid);

	sample->epoch = 0;
	for (size_t i = 0; i < SAMPLE_TRAFFIC; i++)
		sample->v[i] = SAMPLE_UNKNOWN;
	if (!group)
		return;
	group->seen = true;
	/* What was kept open may be an earlier start's: the present one is looked for once. */
	for (int i = 0; i < 2 && !group_read(g, group, sample); i++) {
		group_close(g, group);
		sample->epoch = 0;
	}
	if (g->open > g->max)
		group_close(g, group);
}

void
groups_sweep(struct groups *g)
{
	for (size_t i = 0; i < GROUPS_BUCKETS; i++)
		for (struct group **at = &g->buckets[i], *group; (group = *at);) {
			if (group->seen) {
				group->seen = false;
				at = &group->next;
				continue;
			}
			*at = group->next;
			group_close(g, group);
			free(group);
		}
}
