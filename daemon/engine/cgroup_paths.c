/* Where a container's groups lie. Stands alone: the engine, which links no libcgroup, tells monitors their directories. */
#include "daemon/engine/cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
cgroup_is_systemd(const struct layout *layout)
{
	return strcmp(layout->cgroup_mode, "systemd") == 0;
}

bool
cgroup_is_v2(const struct layout *layout)
{
	return strcmp(layout->cgroup_mode, "hybrid") != 0;
}

const char *
cgroup_slice_name(const struct settings *s, char name[CGROUP_UNIT_MAX])
{
	snprintf(name, CGROUP_UNIT_MAX, "%s.slice", s->instance);
	return name;
}

const char *
cgroup_scope_name(const struct settings *s, int64_t ctid, char name[CGROUP_UNIT_MAX])
{
	snprintf(name, CGROUP_UNIT_MAX, "%s-%" PRId64 ".scope", s->instance, ctid);
	return name;
}

const char *
cgroup_machine_name(const struct settings *s, int64_t ctid, char name[CGROUP_UNIT_MAX])
{
	snprintf(name, CGROUP_UNIT_MAX, "%s-%" PRId64, s->instance, ctid);
	return name;
}

/* "CONTROLLER=MOUNT POINT" → the mount point. */
static const char *
cgroup_root_dir(const char *root)
{
	const char *equals = strchr(root, '=');

	return equals ? equals + 1 : root;
}

const char *
cgroup_unified_root(const struct layout *layout)
{
	return layout->cgroup_roots.n > 0 ? cgroup_root_dir(layout->cgroup_roots.v[0]) : "";
}

int
cgroup_dir_path(const struct settings *s, const struct layout *layout, const char *root, int64_t ctid, char path[CGROUP_PATH_MAX])
{
	char slice[CGROUP_UNIT_MAX], scope[CGROUP_UNIT_MAX];
	const char *parent = cgroup_is_systemd(layout) ? cgroup_slice_name(s, slice) : s->instance;
	int len;

	if (ctid == 0)
		len = snprintf(path, CGROUP_PATH_MAX, "%s/%s", root, parent);
	else if (cgroup_is_systemd(layout))
		len = snprintf(path, CGROUP_PATH_MAX, "%s/%s/%s/payload", root, parent, cgroup_scope_name(s, ctid, scope));
	else
		len = snprintf(path, CGROUP_PATH_MAX, "%s/%s/%" PRId64, root, parent, ctid);
	return len < CGROUP_PATH_MAX ? 0 : -1;
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
		/* Two controllers may share one hierarchy. */
		if (cgroup_dir_path(s, layout, cgroup_root_dir(layout->cgroup_roots.v[i]), ctid, path) < 0 ||
		    cgroup_path_known(paths_out, n, path))
			continue;
		memcpy(paths_out[n++], path, sizeof path);
	}
	return n;
}

int64_t
cgroup_ctid_of(const struct settings *s, const struct layout *layout, const char *proc_text)
{
	char needle[64];
	const char *at;

	if (cgroup_is_systemd(layout))
		snprintf(needle, sizeof needle, ":/%s.slice/%s-", s->instance, s->instance);
	else
		snprintf(needle, sizeof needle, ":/%s/", s->instance);
	at = strstr(proc_text, needle);
	return at ? strtoll(at + strlen(needle), NULL, 10) : 0;
}
