/* Writes a target's first inputs, and the words that its mutations are made with: write_seeds TARGET DIR DICTIONARY */
#include <stdio.h>
#include <string.h>

#include "schema/ops.h"
#include "tests/fuzz/seeds.h"

struct place {
	const char *dir;
	int n;
};

static void
write_one(void *arg, const void *data, size_t len)
{
	struct place *place = arg;
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/seed-%05d", place->dir, place->n++);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, len, file) != len)
		perror(path);
	if (file)
		fclose(file);
}

static void
write_names(FILE *file, const struct schema *schema)
{
	for (const struct field *f = schema ? schema->fields : NULL; f && f->name; f++)
		fprintf(file, "\"%s\"\n", f->name);
}

static void
write_dictionary(FILE *file)
{
	static const char *const fixed[] = { "Authorization: Bearer berth_",
		                             "Content-Length: ",
		                             "Transfer-Encoding: chunked",
		                             "Idempotency-Key: ",
		                             "If-Match: ",
		                             "Last-Event-ID: ",
		                             "Expect: 100-continue",
		                             "Upgrade: berth-stream/1",
		                             "Connection: keep-alive",
		                             "HTTP/1.1",
		                             "HTTP/1.0",
		                             "/v1/",
		                             "%00",
		                             "%2e%2e",
		                             "%2F",
		                             "acme",
		                             "globex:secret",
		                             "acme:web",
		                             "busybox",
		                             "small",
		                             "office",
		                             "hidden",
		                             "null",
		                             "true",
		                             "auto",
		                             "dry_run=1",
		                             "limit=1" };

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		fprintf(file, "\"%s\"\n", fixed[i]);
	fputs("\"\\x0d\\x0a\"\n\"\\x0d\\x0a\\x0d\\x0a\"\n", file);
	for (int id = 0; id < OP_COUNT; id++) {
		const struct op *op = op_get((enum op_id)id);

		fprintf(file, "\"%s %s\"\n", op_method_name(op->method), op->path);
		write_names(file, op->body);
		write_names(file, op->query);
	}
}

int
main(int argc, char **argv)
{
	struct place place;
	FILE *file;

	if (argc != 4)
		return 2;
	place = (struct place){ argv[2], 0 };
	seeds_each(argv[1], write_one, &place);
	file = fopen(argv[3], "w");
	if (!file)
		return 1;
	write_dictionary(file);
	fclose(file);
	printf("%s: %d inputs from the tables\n", argv[1], place.n);
	return 0;
}
