/* Where a container's groups lie. Stands alone: the engine, which links no libcgroup, tells monitors their directories. */
#include "daemon/engine/cgroup.h"

#include <stdio.h>
#include <string.h>

/* "CONTROLLER=MOUNT POINT" → the mount point. */
static const char *
cgroup_root_dir(const char *root)
{
	const char *equals = strchr(root, '=');

	return equals ? equals + 1 : root;
}

static bool
cgroup_path_known(char paths[][CGROUP_PATH_MAX], size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(paths[i], path) == 0)
			return true;
	return false;
}

size_t
cgroup_paths(const struct settings *s, const struct layout *layout, int64_t ctid, char paths_out[][CGROUP_PATH_MAX])
{
	char path[CGROUP_PATH_MAX];
	size_t n = 0;

	for (size_t i = 0; i < layout->cgroup_roots.n && n < CGROUP_ROOTS_MAX; i++) {
		const char *dir = cgroup_root_dir(layout->cgroup_roots.v[i]);
		int len = snprintf(path, sizeof path, "%s/%s/%lld", dir, s->instance, (long long)ctid);

		/* Two controllers may share one hierarchy. */
		if (len >= (int)sizeof path || cgroup_path_known(paths_out, n, path))
			continue;
		memcpy(paths_out[n++], path, sizeof path);
	}
	return n;
}
