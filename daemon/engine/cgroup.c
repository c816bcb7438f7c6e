#include "daemon/engine/cgroup.h"

int
cgroup_host_setup(const struct settings *s, struct layout *layout, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
cgroup_host_cleanup(const struct settings *s, const struct layout *layout, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

size_t
cgroup_paths(const struct settings *s, const struct layout *layout, int64_t ctid, char paths_out[][CGROUP_PATH_MAX])
{
	return 0;
}

int
cgroup_create(const struct spec *spec, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
cgroup_apply(const struct spec *spec, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
cgroup_remove(const struct spec *spec, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
cgroup_delegate(const struct spec *spec, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
cgroup_entry_open(const struct spec *spec, struct cgroup_entry *entry_out, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

void
cgroup_entry_close(struct cgroup_entry *entry)
{
	
}

int
cgroup_entry_join(const struct cgroup_entry *entry)
{
	return 0;
}

int
cgroup_read(const struct spec *spec, struct cgroup_usage usage_out[CGROUP_RESOURCE_COUNT], struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

