#include "daemon/engine/provision.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/provision_file.h"
#include "daemon/engine/rootfs.h"
#include "daemon/util/fd.h"
#include "schema/check.h"

enum { PROVISION_TIMEOUT_MS = 20000 };

/* What the child inside works from. */
struct provision {
	const struct spec *spec;
	unsigned int parts;
	const char *password;
	bool running;
};

static const char *
provision_hostname(const struct spec *spec)
{
	return spec->config.hostname && spec->config.hostname[0] ? spec->config.hostname : spec->place.name;
}

/* "127.0.1.1 a.example.com a": what makes a host find its own name, as Debian has it. */
static void
provision_add_host(struct buf *out, const char *name)
{
	size_t len = strcspn(name, ".");

	buf_addf(out, "127.0.1.1\t%s", name);
	if (name[len])
		buf_addf(out, " %.*s", (int)len, name);
	buf_addf(out, "\n");
}

static int
provision_write_hosts(int etc, const char *name, struct err *e)
{
	AUTO_BUF struct buf old = { 0 }, new = { 0 };
	const char *next, *line;
	bool done = false;
	struct stat st;
	size_t len;
	int rc = provision_read(etc, "hosts", &old, &st, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		buf_addf(&old, "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n");
	for (next = old.data; (next = provision_line(next, &line, &len));) {
		if (strncmp(line, "127.0.1.1", 9) != 0 || (line[9] != ' ' && line[9] != '\t')) {
			buf_add(&new, line, len);
			buf_addf(&new, "\n");
		} else if (!done) {
			provision_add_host(&new, name);
			done = true;
		}
	}
	if (!done)
		provision_add_host(&new, name);
	return provision_replace(etc, "hosts", &new, 0644, rc == 1 ? &st : NULL, e);
}

static int
provision_do_hostname(const struct provision *p, struct err *e)
{
	const char *name = provision_hostname(p->spec);
	AUTO_BUF struct buf text = { 0 };
	AUTO_CLOSE int etc = -1;

	buf_addf(&text, "%s\n", name);
	if (provision_open_dir("/etc", 0755, &etc, e) < 0 || provision_replace(etc, "hostname", &text, 0644, NULL, e) < 0 ||
	    provision_write_hosts(etc, name, e) < 0)
		return -1;
	if (p->running && sethostname(name, strlen(name)) < 0)
		return err_sys(e, "set the container's host name");
	return 0;
}

static int
provision_do_dns(const struct provision *p, struct err *e)
{
	const struct strv *dns = p->spec->config.dns.n > 0 ? &p->spec->config.dns : &p->spec->layout.dns;
	AUTO_BUF struct buf text = { 0 };
	AUTO_CLOSE int etc = -1;

	if (dns->n == 0)
		return 0;
	for (size_t i = 0; i < dns->n; i++)
		buf_addf(&text, "nameserver %s\n", dns->v[i]);
	if (provision_open_dir("/etc", 0755, &etc, e) < 0)
		return -1;
	return provision_replace(etc, "resolv.conf", &text, 0644, NULL, e);
}

/* The container's UUID without its dashes. Where nobody reads the file there is none. */
static int
provision_do_machine_id(const struct provision *p, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	AUTO_CLOSE int etc = -1;

	if (provision_open_dir("/etc", 0755, &etc, e) < 0)
		return -1;
	if (strcmp(p->spec->template.os ? p->spec->template.os : "", "debian") != 0 &&
	    faccessat(etc, "machine-id", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	for (const char *c = p->spec->place.id; *c; c++)
		if (*c != '-')
			buf_add(&text, c, 1);
	buf_addf(&text, "\n");
	return provision_replace(etc, "machine-id", &text, 0444, NULL, e);
}

static int
provision_do_password(const struct provision *p, struct err *e)
{
	const char *os = p->spec->template.os;

	return provision_set_password(p->password, os && strcmp(os, "busybox") == 0, e);
}

static int
provision_do_ssh_keys(const struct provision *p, struct err *e)
{
	const struct strv *keys = &p->spec->config.ssh_keys;
	AUTO_BUF struct buf text = { 0 };
	AUTO_CLOSE int root = -1, ssh = -1;

	for (size_t i = 0; i < keys->n; i++)
		buf_addf(&text, "%s\n", keys->v[i]);
	if (provision_open_dir("/root", 0700, &root, e) < 0 || provision_open_dir("/root/.ssh", 0700, &ssh, e) < 0)
		return -1;
	/* sshd heeds no keys in a directory that others can write. */
	if (fchmod(ssh, 0700) < 0)
		return err_sys(e, "set the mode of /root/.ssh in the container");
	return provision_replace(ssh, "authorized_keys", &text, 0600, NULL, e);
}

static const struct {
	unsigned int part;
	int (*run)(const struct provision *p, struct err *e);
} provision_rows[] = {
	{ PROVISION_HOSTNAME, provision_do_hostname },     { PROVISION_DNS, provision_do_dns },
	{ PROVISION_MACHINE_ID, provision_do_machine_id }, { PROVISION_PASSWORD, provision_do_password },
	{ PROVISION_SSH_KEYS, provision_do_ssh_keys },
};

static int
provision_work(void *arg, struct err *e)
{
	const struct provision *p = arg;

	umask(022);
	for (size_t i = 0; i < sizeof provision_rows / sizeof *provision_rows; i++)
		if ((p->parts & provision_rows[i].part) && provision_rows[i].run(p, e) < 0)
			return -1;
	return 0;
}

static int
provision_check_list(const char *field, const struct strv *list, field_check *check, struct err *e)
{
	const char *why;

	for (size_t i = 0; i < list->n; i++)
		if ((why = check(list->v[i])))
			return err_param(e, field, "%s", why);
	return 0;
}

/* A newline in any of these would write a line of its own. They were checked before; this is where it would hurt. */
static int
provision_check(const struct provision *p, struct err *e)
{
	const char *why = check_hostname(provision_hostname(p->spec));

	if (why)
		return err_param(e, "hostname", "%s", why);
	if (p->parts & PROVISION_PASSWORD) {
		why = p->password ? check_password(p->password) : "is missing";
		if (why)
			return err_param(e, "password", "%s", why);
	}
	if (provision_check_list("dns", &p->spec->config.dns, check_address, e) < 0 ||
	    provision_check_list("dns", &p->spec->layout.dns, check_address, e) < 0)
		return -1;
	return provision_check_list("ssh_keys", &p->spec->config.ssh_keys, check_ssh_key, e);
}

int
provision_run(const struct spec *spec, unsigned int parts, const char *password, pid_t init_pid, struct err *e)
{
	struct provision p = { .spec = spec, .parts = parts, .password = password, .running = init_pid > 0 };

	if (provision_check(&p, e) < 0)
		return -1;
	return rootfs_run_inside(spec, init_pid, provision_work, &p, PROVISION_TIMEOUT_MS, e);
}
