#include "daemon/engine/listener.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine/net.h"
#include "daemon/util/fd.h"
#include "schema/forward.h"

/* include/net/tcp_states.h: a datagram socket that isn't connected is in the state of a closed one. */
enum { STATE_TCP_LISTEN = 10, STATE_UDP_BOUND = 7 };

/* A line of /proc/net/tcp and its kin: the local address as 32-bit words in the host's order. */
struct listener {
	struct address address;
	unsigned int port, state;
	unsigned long inode;
};

static bool
listener_parse(const char *line, bool is6, struct listener *out)
{
	char address[33];
	unsigned int words[4] = { 0 };

	if (sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu", address, &out->port, &out->state,
	           &out->inode) != 4)
		return false;
	if (sscanf(address, "%8x%8x%8x%8x", &words[0], &words[1], &words[2], &words[3]) != (is6 ? 4 : 1))
		return false;
	out->address.family = is6 ? AF_INET6 : AF_INET;
	memcpy(out->address.bytes, words, is6 ? 16 : 4);
	return true;
}

static bool
listener_serves(const struct listener *l, const struct forward *f)
{
	static const unsigned char any[16], loopback6[16] = { [15] = 1 };
	size_t len = l->address.family == AF_INET6 ? 16 : 4;

	if (l->port < f->from.first || l->port > f->from.last ||
	    l->state != (f->protocol == RULE_TCP ? STATE_TCP_LISTEN : STATE_UDP_BOUND))
		return false;
	if (memcmp(l->address.bytes, any, len) == 0)
		return f->on.family == AF_UNSPEC || l->address.family == AF_INET6 || f->on.family == AF_INET;
	if (f->on.family != AF_UNSPEC)
		return address_equal(&l->address, &f->on);
	return len == 4 ? l->address.bytes[0] != 127 : memcmp(l->address.bytes, loopback6, len) != 0;
}

static bool
listener_holds(int proc, const char *pid, const char *link)
{
	char path[64], target[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof path, "%.20s/fd", pid);
	dir = fd_open_dir(proc, path, NULL);
	if (!dir)
		return false;
	while (!found && fd_next_entry(dir, &entry, NULL) == 1) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		found = strcmp(target, link) == 0;
	}
	closedir(dir);
	return found;
}

/* Looked for on a refusal alone: it reads every process's descriptors. */
static void
listener_name(unsigned long inode, char *who, size_t size)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char link[64], path[64];

	who[0] = '\0';
	snprintf(link, sizeof link, "socket:[%lu]", inode);
	while (proc && !who[0] && fd_next_entry(proc, &entry, NULL) == 1) {
		AUTO_FREE char *comm = NULL;

		if (!isdigit((unsigned char)entry->d_name[0]) || !listener_holds(dirfd(proc), entry->d_name, link))
			continue;
		snprintf(path, sizeof path, "%.20s/comm", entry->d_name);
		if (fd_read_file(dirfd(proc), path, 64, &comm, NULL, NULL) == 0)
			snprintf(who, size, "%.*s", (int)strcspn(comm, "\n"), comm);
	}
	if (proc)
		closedir(proc);
}

static bool
listener_find_in(const char *path, bool is6, const struct forward *f, struct listener *out)
{
	FILE *file = fopen(path, "re");
	char line[512];
	bool found = false;

	while (file && !found && fgets(line, sizeof line, file))
		found = listener_parse(line, is6, out) && listener_serves(out, f);
	if (file)
		fclose(file);
	return found;
}

/* Of the ports that the forward would take, one on which the host serves others; who, "" where that can't be told. */
static bool
listener_find(const struct forward *f, unsigned int *port_out, char *who, size_t size)
{
	bool tcp = f->protocol == RULE_TCP;
	struct listener l;

	if (!listener_find_in(tcp ? "/proc/net/tcp" : "/proc/net/udp", false, f, &l) &&
	    !listener_find_in(tcp ? "/proc/net/tcp6" : "/proc/net/udp6", true, f, &l))
		return false;
	*port_out = l.port;
	listener_name(l.inode, who, size);
	return true;
}

static int
listener_check(const struct forward *f, struct err *e)
{
	char address[ADDRESS_TEXT_MAX], who[64];
	unsigned char type = RTN_LOCAL;
	unsigned int port;

	if (f->on.family != AF_UNSPEC && net_look_up(&f->on, &type, e) < 0)
		return -1;
	if (type != RTN_LOCAL)
		return err_param(e, "forwards", "%s is none of the host's own addresses", address_format(&f->on, address));
	if (!listener_find(f, &port, who, sizeof who))
		return 0;
	err_set(e, ERR_CONFLICT, "Port %s %u is held by a service of the host%s%s%s", f->protocol == RULE_TCP ? "tcp" : "udp", port,
	        who[0] ? " (" : "", who, who[0] ? ")" : "");
	return err_code(e, "port_taken");
}

int
listener_check_forwards(const struct place *old, const struct place *place, struct err *e)
{
	char why[RULE_WHY_MAX];
	struct forward f;

	for (size_t i = 0; i < place->forwards.n; i++) {
		if (old && strv_contains(&old->forwards, place->forwards.v[i]))
			continue;
		if (!forward_parse(place->forwards.v[i], &f, why))
			return err_param(e, "forwards", "%s", why);
		if (listener_check(&f, e) < 0)
			return -1;
	}
	return 0;
}
