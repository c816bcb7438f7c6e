/* Who asks: by the socket's word, or by a token. */
#ifndef BERTH_API_AUTH_H
#define BERTH_API_AUTH_H

#include "daemon/api/route.h"

/* At accept. Of a token-only listener peers have a uid to be counted by, and no more. */
int auth_identify(const struct api *api, int fd, bool token_only, struct peer *peer_out, struct err *e);
/*
 * Of each request, so that what is revoked ends at once. A token counts more than the socket; one that is wrong is refused,
 * whoever sends it.
 * On failure who_out->credential tells whether the token was a right one that has ended.
 */
int auth_who(struct api *api, int fd, const struct peer *peer, const struct http_request *request, struct who *who_out,
             struct err *e);

#endif
