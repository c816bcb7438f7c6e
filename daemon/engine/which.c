/* Whose is it: a process, user id, address, MAC or interface of the host. */
#include "daemon/engine/which.h"

#include <ctype.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/net.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/nic_lease.h"
#include "daemon/util/fd.h"

/* By its cgroup, which a process inside can't leave; its user ids are only the fallback. */
static struct container *
which_by_pid(const struct engine *engine, int64_t pid, struct err *e)
{
	AUTO_FREE char *cgroups = NULL;
	char path[64];

	snprintf(path, sizeof path, "/proc/%lld/cgroup", (long long)pid);
	if (fd_read_file(AT_FDCWD, path, 64 * 1024, &cgroups, NULL, NULL) < 0) {
		err_set(e, ERR_NOT_FOUND, "There is no process %lld on this host", (long long)pid);
		return NULL;
	}
	return registry_by_ctid(&engine->registry, cgroup_ctid_of(engine->settings, &engine->layout, cgroups));
}

static struct container *
which_by_mac(const struct engine *engine, const char *mac)
{
	struct container *ct;
	char text[18];

	LIST_FOREACH(ct, &engine->registry.containers, link)
	{
		const struct spec spec = { .settings = *engine->settings, .place = ct->place }; /* borrowed */
		unsigned char m[6];

		/* The routed interface is number 0. */
		for (int64_t i = 0; i <= NIC_MAX; i++) {
			nic_mac(&spec, i, m);
			snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
			if (strcasecmp(text, mac) == 0)
				return ct;
		}
	}
	return NULL;
}

/* On a bridge of the host's: on a private network others may have the same. */
static bool
which_is_on_bridge(const struct place *place, const struct address *a)
{
	struct nic nic;

	for (size_t i = 0; i < place->nics.n; i++) {
		if (!nic_parse(place->nics.v[i], &nic) || nic.kind != NIC_BRIDGE || nic.dhcp)
			continue;
		for (size_t j = 0; j < nic.naddresses; j++)
			if (address_equal(&nic.addresses[j].base, a))
				return true;
	}
	return false;
}

/* Its own, or one that a DHCP server has given to it. */
static struct container *
which_by_address(const struct engine *engine, const char *text, struct err *e)
{
	AUTO_LEASES struct nic_leases leases = { .v = NULL };
	struct container *ct = registry_by_address(&engine->registry, text), *other;
	struct address a;

	if (ct || !address_parse(text, &a))
		return ct;
	LIST_FOREACH(other, &engine->registry.containers, link)
	if (which_is_on_bridge(&other->place, &a))
		return other;
	if (nic_lease_read(engine->settings->instance, &leases, e) < 0)
		return NULL;
	for (size_t i = 0; !ct && i < leases.n; i++)
		if (address_equal(&leases.v[i].address, &a))
			ct = registry_by_veth(&engine->registry, leases.v[i].interface);
	return ct;
}

/* What was asked for, as the caller wrote it. */
static int
which_is_absent(const struct request *request, struct err *e)
{
	const char *text = request->address ? request->address : request->mac ? request->mac : request->veth;

	if (record_has(&request_schema, request, "pid"))
		return err_set(e, ERR_NOT_FOUND, "Process %lld belongs to no container of this host", (long long)request->pid);
	if (record_has(&request_schema, request, "uid"))
		return err_set(e, ERR_NOT_FOUND, "User id %lld belongs to no container of this host", (long long)request->uid);
	return err_set(e, ERR_NOT_FOUND, "%s belongs to no container of this host", text ? text : "It");
}

int
which_find_json(const struct engine *engine, const struct request *request, char **json_out, struct err *e)
{
	const struct registry *r = &engine->registry;
	const struct container *ct = NULL;
	struct json_object *json;

	if (record_has(&request_schema, request, "pid"))
		ct = which_by_pid(engine, request->pid, e);
	else if (record_has(&request_schema, request, "uid"))
		ct = registry_by_uid(r, request->uid);
	else if (request->address)
		ct = which_by_address(engine, request->address, e);
	else if (request->mac)
		ct = which_by_mac(engine, request->mac);
	else if (request->veth)
		ct = registry_by_veth(r, request->veth);
	if (!ct)
		return err_is_set(e) ? -1 : which_is_absent(request, e);
	json = json_object_new_object();
	json_object_object_add(json, "id", json_object_new_string(ct->place.id));
	json_object_object_add(json, "ctid", json_object_new_int64(ct->place.ctid));
	json_object_object_add(json, "name", json_object_new_string(ct->place.name));
	json_object_object_add(json, "tenant", json_object_new_string(ct->place.tenant));
	json_object_object_add(json, "state", json_object_new_string(container_state_name(ct->state)));
	*json_out = strdup(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
	json_object_put(json);
	return *json_out ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}
