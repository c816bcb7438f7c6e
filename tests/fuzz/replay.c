/* Feeds each file of the given directories to the fuzz target it is linked with: `make check` without libFuzzer. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/util/fd.h"
#include "tests/fuzz/fuzz.h"

static int
replay_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	if (!dir) {
		perror(path);
		return -1;
	}
	while ((entry = readdir(dir))) {
		AUTO_FREE char *data = NULL;
		size_t len;

		if (entry->d_name[0] == '.' || fd_read_file(dirfd(dir), entry->d_name, 1 << 20, &data, &len, NULL) < 0)
			continue;
		LLVMFuzzerTestOneInput((const uint8_t *)data, len);
		n++;
	}
	closedir(dir);
	return n;
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '_'), *top = getenv("srcdir");
	char path[4096];
	int n;

	if (!name)
		return 2;
	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", top ? top : ".", name + 1);
	n = replay_dir(argc > 1 ? argv[1] : path);
	printf("%s: %d inputs\n", name + 1, n);
	return n > 0 ? 0 : 1;
}
