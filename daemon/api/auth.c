#include "daemon/api/auth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "daemon/api/api.h"
#include "daemon/model/token.h"
#include "daemon/util/fd.h"

enum { AUTH_GROUPS_MAX = 65536 };

/* SO_PEERCRED tells the primary group only. */
struct auth_groups {
	gid_t few[64];
	gid_t *many; /* or NULL */
	gid_t *v;
	size_t n;
};

static void
auth_groups_clear(struct auth_groups *groups)
{
	free(groups->many);
}
#define AUTO_GROUPS __attribute__((cleanup(auth_groups_clear)))

static int
auth_read_groups(int fd, struct auth_groups *groups, struct err *e)
{
	socklen_t len = sizeof groups->few;

	groups->v = groups->few;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups->few, &len) < 0) {
		if (errno != ERANGE || len > AUTH_GROUPS_MAX * sizeof *groups->v)
			return err_sys(e, "read a peer's groups");
		groups->v = groups->many = malloc(len);
		if (!groups->many || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups->many, &len) < 0)
			return err_sys(e, "read a peer's groups");
	}
	groups->n = len / sizeof *groups->v;
	return 0;
}

static int
auth_has_group(int fd, gid_t group, struct err *e)
{
	AUTO_GROUPS struct auth_groups groups = { 0 };

	if (auth_read_groups(fd, &groups, e) < 0)
		return -1;
	for (size_t i = 0; i < groups.n; i++)
		if (groups.v[i] == group)
			return 1;
	return 0;
}

static int
auth_identify_token_only(int fd, struct peer *peer_out, struct err *e)
{
	struct sockaddr_storage address = { 0 };
	socklen_t address_len = sizeof address;
	struct ucred cred = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t len = sizeof cred;

	if (getsockname(fd, (struct sockaddr *)&address, &address_len) < 0)
		return err_sys(e, "look at a connection");
	if (address.ss_family == AF_UNIX && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return err_sys(e, "read a peer's credentials");
	*peer_out = (struct peer){ .uid = cred.uid, .gid = cred.gid, .token_only = true, .tcp = address.ss_family != AF_UNIX };
	return 0;
}

int
auth_identify(const struct api *api, int fd, bool token_only, struct peer *peer_out, struct err *e)
{
	struct ucred cred;
	socklen_t len = sizeof cred;
	int member = 0;

	if (token_only)
		return auth_identify_token_only(fd, peer_out, e);
	*peer_out = (struct peer){ 0 };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return err_sys(e, "read a peer's credentials");
	if (cred.uid != 0 && api->has_admin_group && cred.gid != api->admin_gid) {
		member = auth_has_group(fd, api->admin_gid, e);
		if (member < 0)
			return -1;
	}
	peer_out->uid = cred.uid;
	peer_out->gid = cred.gid;
	peer_out->pid = cred.pid;
	peer_out->admin = cred.uid == 0 || (api->has_admin_group && (cred.gid == api->admin_gid || member));
	return 0;
}

static int
auth_by_token(struct api *api, const char *header, struct who *who_out, struct err *e)
{
	static const char scheme[] = "Bearer ";

	if (strncasecmp(header, scheme, sizeof scheme - 1) != 0)
		return err_set(e, ERR_UNAUTHORIZED, "Authorization must read: Bearer TOKEN");
	return token_authenticate(&api->model, header + sizeof scheme - 1, who_out, e);
}

int
auth_who(struct api *api, int fd, const struct peer *peer, const struct http_request *request, struct who *who_out, struct err *e)
{
	AUTO_GROUPS struct auth_groups groups = { 0 };

	*who_out = (struct who){ .role = ROLE_NONE };
	if (peer->token_only && !request->authorization[0])
		return err_set(e, ERR_UNAUTHORIZED, "Only bearer tokens count here: send Authorization: Bearer TOKEN");
	/* Without its database it serves the host's root and admins alone. */
	if (peer->token_only && !api->model.store)
		return err_code(
		        e, (err_set(e, ERR_UNAVAILABLE, "The database can't be used: no token can be looked up"), STORE_UNUSABLE));
	if (request->authorization[0] && api->model.store)
		return auth_by_token(api, request->authorization, who_out, e);
	if (!peer->admin && api->model.store)
		return auth_read_groups(fd, &groups, e) < 0
		               ? -1
		               : token_identify(&api->model, peer->uid, peer->gid, groups.v, groups.n, who_out, e);
	*who_out = (struct who){ .role = peer->admin && !request->authorization[0] ? ROLE_ADMIN : ROLE_NONE };
	snprintf(who_out->actor, sizeof who_out->actor, "uid:%u", (unsigned int)peer->uid);
	return 0;
}
