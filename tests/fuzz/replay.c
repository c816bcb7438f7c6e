/* Feeds the fuzz target that it is linked with the inputs made from the tables and each file of its corpus: `make check` without
 * libFuzzer. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/util/fd.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seeds.h"

static void
replay_one(void *arg, const void *data, size_t len)
{
	int *n = arg;

	LLVMFuzzerTestOneInput(data, len);
	(*n)++;
}

static void
replay_dir(const char *path, int *n)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir) {
		perror(path);
		return;
	}
	while ((entry = readdir(dir))) {
		AUTO_FREE char *data = NULL;
		size_t len;

		if (entry->d_name[0] != '.' && fd_read_file(dirfd(dir), entry->d_name, 1 << 20, &data, &len, NULL) == 0)
			replay_one(n, data, len);
	}
	closedir(dir);
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '_'), *top = getenv("srcdir");
	char path[4096];
	int made = 0, kept = 0;

	if (!name)
		return 2;
	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", top ? top : ".", name + 1);
	seeds_each(name + 1, replay_one, &made);
	replay_dir(argc > 1 ? argv[1] : path, &kept);
	printf("%s: %d inputs from the tables, %d kept\n", name + 1, made, kept);
	return kept > 0 ? 0 : 1;
}
