/* The host's own claims on user and group ids. */
#ifndef BERTH_IDRANGE_H
#define BERTH_IDRANGE_H

#include "schema/settings.h"

/* ERR_CONFLICT naming file and entry when the containers' ids overlap /etc/passwd, /etc/group, /etc/subuid or /etc/subgid. */
int idrange_check_host(const struct settings *s, struct err *e);

#endif
