/* Who asks: from the socket alone. */
#ifndef BERTH_API_AUTH_H
#define BERTH_API_AUTH_H

#include "daemon/api/route.h"

int auth_identify(const struct api *api, int fd, struct peer *peer_out, struct err *e);

#endif
