#include "daemon/engine/volume.h"

int
volume_host_setup(const struct settings *s, struct layout *layout, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
volume_host_cleanup(const struct settings *s, bool destroy, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
volume_create(const struct spec *spec, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
volume_set_quota(const struct spec *spec, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
volume_delete(const struct spec *spec, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
volume_read(const struct spec *spec, struct volume_usage *usage_out, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
volume_open(const struct spec *spec, int *fd_out, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
volume_write_manifest(const struct spec *spec, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

