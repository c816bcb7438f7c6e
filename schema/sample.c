#include "schema/sample.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const traffic_names[TRAFFIC_COUNTERS] = { "out4_paid", "out4_free", "out6_paid", "out6_free",
	                                                     "in4_paid",  "in4_free",  "in6_paid",  "in6_free" };

const char *
traffic_name(size_t index)
{
	return traffic_names[index];
}

int
traffic_of_name(const char *name, size_t *index_out)
{
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		if (strcmp(traffic_names[i], name) == 0) {
			*index_out = i;
			return 1;
		}
	return 0;
}

void
sample_format(const struct sample *sample, struct buf *out)
{
	buf_addf(out, "%" PRId64 " %" PRId64, sample->ctid, sample->epoch);
	for (size_t i = 0; i < SAMPLE_VALUES; i++)
		buf_addf(out, " %" PRId64, sample->v[i]);
}

static bool
sample_number(const char **at, int64_t min, int64_t *value_out)
{
	char *end;

	errno = 0;
	*value_out = strtoll(*at, &end, 10);
	if (end == *at || errno == ERANGE || *value_out < min || (*end != ' ' && *end != '\0'))
		return false;
	*at = *end ? end + 1 : end;
	return true;
}

bool
sample_parse(const char *line, struct sample *sample_out)
{
	struct sample sample;

	if (!sample_number(&line, 1, &sample.ctid) || !sample_number(&line, 0, &sample.epoch))
		return false;
	for (size_t i = 0; i < SAMPLE_VALUES; i++)
		if (!sample_number(&line, SAMPLE_UNKNOWN, &sample.v[i]))
			return false;
	if (*line)
		return false;
	*sample_out = sample;
	return true;
}
