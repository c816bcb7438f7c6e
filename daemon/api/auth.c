#include "daemon/api/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/api/api.h"
#include "daemon/util/fd.h"

enum { AUTH_GROUPS_MAX = 65536 };

/* SO_PEERCRED tells the primary group only. */
static int
auth_has_group(int fd, gid_t group, struct err *e)
{
	gid_t few[64];
	AUTO_FREE gid_t *many = NULL;
	gid_t *groups = few;
	socklen_t len = sizeof few;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, few, &len) < 0) {
		if (errno != ERANGE || len > AUTH_GROUPS_MAX * sizeof *many)
			return err_sys(e, "read a peer's groups");
		groups = many = malloc(len);
		if (!many || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, many, &len) < 0)
			return err_sys(e, "read a peer's groups");
	}
	for (size_t i = 0; i < len / sizeof *groups; i++)
		if (groups[i] == group)
			return 1;
	return 0;
}

int
auth_identify(const struct api *api, int fd, struct peer *peer_out, struct err *e)
{
	struct ucred cred;
	socklen_t len = sizeof cred;
	int member = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return err_sys(e, "read a peer's credentials");
	if (cred.uid != 0 && api->has_admin_group && cred.gid != api->admin_gid) {
		member = auth_has_group(fd, api->admin_gid, e);
		if (member < 0)
			return -1;
	}
	peer_out->uid = cred.uid;
	peer_out->gid = cred.gid;
	peer_out->admin = cred.uid == 0 || (api->has_admin_group && (cred.gid == api->admin_gid || member));
	return 0;
}
