/* Who asks: by the socket's word, or by a token. */
#ifndef BERTH_API_AUTH_H
#define BERTH_API_AUTH_H

#include "daemon/api/route.h"

/* At accept. */
int auth_identify(const struct api *api, int fd, struct peer *peer_out, struct err *e);
/*
 * Of each request, so that what is revoked ends at once. A token counts more than the socket; one that is wrong is refused,
 * whoever sends it.
 */
int auth_who(struct api *api, int fd, const struct peer *peer, const struct http_request *request, struct who *who_out,
             struct err *e);

#endif
