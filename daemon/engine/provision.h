/*
 * What Berth writes into a container's tree: host name, hosts, resolv.conf, machine-id, root's password and keys. Runs inside
 * (rootfs_run_inside), so that whatever symlinks the tree holds lead nowhere else. The password arrives in memory only and is
 * hashed there (crypt(3), yescrypt).
 */
#ifndef BERTH_PROVISION_H
#define BERTH_PROVISION_H

#include <sys/types.h>

#include "schema/spec.h"

enum provision_part {
	PROVISION_HOSTNAME = 1 << 0, /* /etc/hostname, the 127.0.1.1 line of /etc/hosts; sethostname() in a running container */
	PROVISION_DNS = 1 << 1,      /* /etc/resolv.conf */
	PROVISION_MACHINE_ID = 1 << 2,
	PROVISION_PASSWORD = 1 << 3, /* /etc/shadow */
	PROVISION_SSH_KEYS = 1 << 4, /* /root/.ssh/authorized_keys: the whole file */
};

/* password: NULL unless PROVISION_PASSWORD. init_pid: 0 when it isn't running. */
int provision_run(const struct spec *spec, unsigned int parts, const char *password, pid_t init_pid, struct err *e);

#endif
