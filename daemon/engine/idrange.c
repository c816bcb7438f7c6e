#include "daemon/engine/idrange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/util/fd.h"

/* Colon-separated: the first id is in column `first`; the count in the next one, or it is a single id. */
struct idrange_file {
	const char *path;
	int first;
	bool counted;
};

struct idrange_line {
	const char *owner;
	int64_t first;
	int64_t count;
};

static bool
idrange_number(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = text ? strtoll(text, &end, 10) : 0;
	return text && errno == 0 && end != text && *end == '\0' && *out >= 0;
}

/* false for a line that gives nobody an id: comments, NIS entries. */
static bool
idrange_parse(const struct idrange_file *file, char *line, struct idrange_line *out)
{
	char *columns[4] = { NULL };

	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
		columns[i] = strsep(&line, ":");
	out->owner = columns[0];
	out->count = 1;
	if (!columns[0] || !idrange_number(columns[file->first], &out->first))
		return false;
	return !file->counted || idrange_number(columns[file->first + 1], &out->count);
}

static int
idrange_check_file(const struct settings *s, const struct idrange_file *file, struct err *e)
{
	int64_t end = s->id_base + s->id_count * ID_RANGE;
	AUTO_FREE char *line = NULL;
	struct idrange_line row;
	size_t size = 0;
	FILE *in = fopen(file->path, "re");
	int rc = 0;

	if (!in)
		return errno == ENOENT ? 0 : err_sys(e, "read '%s'", file->path);
	while (rc == 0 && getline(&line, &size, in) >= 0) {
		if (!idrange_parse(file, line, &row) || row.count == 0 || row.first >= end || s->id_base - row.first >= row.count)
			continue;
		rc = err_set(e, ERR_CONFLICT,
		             "%s gives '%s' the ids from %lld to %lld, which overlap the containers' %lld to %lld: change id_base "
		             "or id_count",
		             file->path, row.owner, (long long)row.first, (long long)(row.first + (row.count - 1)),
		             (long long)s->id_base, (long long)end - 1);
	}
	fclose(in);
	return rc;
}

int
idrange_check_host(const struct settings *s, struct err *e)
{
	static const struct idrange_file files[] = {
		{ "/etc/passwd", 2, false },
		{ "/etc/group", 2, false },
		{ "/etc/subuid", 1, true },
		{ "/etc/subgid", 1, true },
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (idrange_check_file(s, &files[i], e) < 0)
			return -1;
	return 0;
}
