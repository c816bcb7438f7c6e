/*
 * net_tool VERB SPEC [NETNS-FILE]: the network part of a job alone, for tests in network namespaces of their own.
 * VERB: host-setup, host-cleanup, attach, update (old addresses follow), policy and nics (the former
 * spec follows), isolate (numbers of networks follow), elements, detach, forget (its counters), time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/engine/firewall.h"
#include "daemon/engine/net.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/nic_isolation.h"
#include "daemon/engine/traffic.h"
#include "daemon/util/log.h"

static int64_t
tool_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Attaches and detaches; prints the microseconds of preparing, which a start does beside other things, and of attaching. */
static int
tool_time(const struct spec *spec, int netns, struct err *e)
{
	int64_t start, prepared;

	for (int i = 0; i < 20; i++) {
		start = tool_us();
		if (net_prepare(spec, e) < 0)
			return -1;
		prepared = tool_us();
		if (net_attach(spec, netns, e) < 0)
			return -1;
		printf("%lld %lld\n", (long long)(prepared - start), (long long)(tool_us() - prepared));
		if (net_detach(spec, e) < 0)
			return -1;
		/* What the kernel has put off until later isn't the next one's. */
		usleep(50000);
	}
	return 0;
}

static int64_t
tool_cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Interfaces on networks, live. */
static int
tool_nics(const struct spec *spec, const char *former, int netns, struct err *e)
{
	struct spec old = { 0 };
	int rc = former ? spec_load(&old, AT_FDCWD, former, e) : err_set(e, ERR_BAD_REQUEST, "which was the spec before?");

	if (rc == 0)
		rc = nic_update(spec, &old.config.nics, netns, e);
	record_clear(&spec_schema, &old);
	return rc;
}

/* The microseconds since tool_start(), and those of them in which this process worked. */
struct tool_clock {
	int64_t us, cpu_us;
};

static struct tool_clock
tool_start(void)
{
	return (struct tool_clock){ tool_us(), tool_cpu_us() };
}

static void
tool_print(const struct tool_clock *start)
{
	printf("%lld %lld\n", (long long)(tool_us() - start->us), (long long)(tool_cpu_us() - start->cpu_us));
}

/* All that a container without rules of its own has: it comes, it goes. */
static int
tool_elements(const struct spec *spec, struct err *e)
{
	static const struct strv none = { 0 };
	struct tool_clock start = tool_start();

	if (firewall_add(&spec->settings, &spec->place, &spec->config.ip, e) < 0)
		return -1;
	tool_print(&start);
	start = tool_start();
	if (firewall_change(&spec->settings, &spec->place, &spec->config.ip, &none, true, e) < 0)
		return -1;
	tool_print(&start);
	return 0;
}

static int
tool_policy(const struct spec *spec, const char *former, struct err *e)
{
	struct spec old = { 0 };
	struct tool_clock start;
	int rc = former ? spec_load(&old, AT_FDCWD, former, e) : err_set(e, ERR_BAD_REQUEST, "which was the spec before?");

	start = tool_start();
	if (rc == 0)
		rc = firewall_set_policy(&spec->settings, &old.place, &spec->place, e);
	if (rc == 0)
		tool_print(&start);
	record_clear(&spec_schema, &old);
	return rc;
}

static int
tool_run(const char *verb, struct spec *spec, int netns, char **old_ip, struct err *e)
{
	struct strv old = { 0 };
	int rc = -1;

	if (strcmp(verb, "host-setup") == 0) {
		rc = net_host_setup(&spec->settings, &spec->layout, e);
		for (size_t i = 0; rc == 0 && i < spec->layout.dns.n; i++)
			printf("dns %s\n", spec->layout.dns.v[i]);
		return rc;
	}
	for (char **ip = old_ip; ip && *ip; ip++)
		if (!strv_add(&old, *ip))
			abort();
	if (strcmp(verb, "host-cleanup") == 0)
		rc = net_host_cleanup(&spec->settings, e);
	else if (strcmp(verb, "attach") == 0)
		rc = net_prepare(spec, e) < 0 ? -1 : net_attach(spec, netns, e);
	else if (strcmp(verb, "update") == 0)
		rc = net_update(spec, &old, netns, e);
	else if (strcmp(verb, "detach") == 0)
		rc = net_detach(spec, e);
	else if (strcmp(verb, "forget") == 0)
		rc = traffic_forget(&spec->settings, spec->place.ctid, e);
	else if (strcmp(verb, "policy") == 0)
		rc = tool_policy(spec, old_ip ? *old_ip : NULL, e);
	else if (strcmp(verb, "nics") == 0)
		rc = tool_nics(spec, old_ip ? *old_ip : NULL, netns, e);
	else if (strcmp(verb, "isolate") == 0)
		rc = nic_isolation_set(&spec->settings, &old, e);
	else if (strcmp(verb, "elements") == 0)
		rc = tool_elements(spec, e);
	else if (strcmp(verb, "time") == 0)
		rc = tool_time(spec, netns, e);
	else
		err_set(e, ERR_BAD_REQUEST, "no verb '%s'", verb);
	strv_clear(&old);
	return rc;
}

int
main(int argc, char **argv)
{
	struct spec spec = { 0 };
	struct err e = { 0 };
	int netns = -1, rc;

	log_init("net_tool", LOG_LEVEL_INFO);
	if (argc < 3)
		return 2;
	if (argc > 3)
		netns = open(argv[3], O_RDONLY | O_CLOEXEC);
	rc = spec_load(&spec, AT_FDCWD, argv[2], &e);
	if (rc == 0)
		rc = tool_run(argv[1], &spec, netns, argc > 4 ? argv + 4 : NULL, &e);
	if (rc < 0) {
		log_err(&e, "%s", argv[1]);
		for (size_t i = 0; i < e.nparams; i++)
			fprintf(stderr, "%s: %s\n", e.params[i].name, e.params[i].reason);
	}
	record_clear(&spec_schema, &spec);
	return rc < 0;
}
