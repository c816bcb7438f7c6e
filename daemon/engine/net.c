#include "daemon/engine/net.h"

int
net_host_setup(const struct settings *s, struct layout *layout, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
net_host_cleanup(const struct settings *s, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
net_attach(const struct spec *spec, int netns_fd, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
net_update(const struct spec *spec, const struct strv *old, int netns_fd, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
net_detach(const struct spec *spec, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

