#include "schema/spec.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/util/fd.h"
#include "daemon/util/signals.h"
#include "schema/check.h"
#include "schema/forward.h"
#include "schema/network.h"

static const char *
check_signal(const char *text)
{
	return signals_number(text) > 0 ? NULL : "must be a signal, such as TERM, USR2 or RTMIN+4";
}

#define L layout
static const struct field layout_fields[] = { STRING_FIELD(L, cgroup_mode, FIELD_REQUIRED, 8, NULL, "systemd, v2 or hybrid."),
	                                      LIST_FIELD(L, cgroup_roots, FIELD_REQUIRED, 16, NULL, "CONTROLLER=MOUNT POINT."),
	                                      STRING_FIELD(L, storage, FIELD_REQUIRED, 16, NULL, "Storage backend."),
	                                      STRING_FIELD(L, pool_device, 0, 32, NULL, "MAJOR:MINOR of the pool's device."),
	                                      STRING_FIELD(L, seccomp_file, FIELD_REQUIRED, 256, NULL, "Compiled seccomp program."),
	                                      STRING_FIELD(L, apparmor, 0, 64, check_line, "AppArmor profile."),
	                                      LIST_FIELD(L, dns, 0, 3, check_address, "Default name servers."),
	                                      END_FIELDS };

#define P place
static const struct field place_fields[] = { STRING_FIELD(P, id, FIELD_REQUIRED, 36, check_uuid, "UUID."),
	                                     STRING_FIELD(P, name, FIELD_REQUIRED, 40, check_name, "Name."),
	                                     STRING_FIELD(P, tenant, FIELD_REQUIRED, 40, check_name, "Tenant."),
	                                     INT_FIELD(P, tenant_number, FIELD_REQUIRED, 1, INT32_MAX, 0, "Tenant's number."),
	                                     INT_FIELD(P, ctid, FIELD_REQUIRED, FIRST_CTID, INT32_MAX, 0, "Host-wide number."),
	                                     INT_FIELD(P, id_base, FIELD_REQUIRED, ID_RANGE, 4294901760, 0, "First host uid."),
	                                     STRING_FIELD(P, veth, FIELD_REQUIRED, 15, check_line, "Host end of its veth."),
	                                     STRING_FIELD(P, template, FIELD_REQUIRED, 80, check_template, "NAME@VERSION."),
	                                     LIST_FIELD(P, ip, 0, 16, check_held, "Addresses."),
	                                     LINES_FIELD(P, firewall, 0, RULE_LIST_MAX, rule_explain, "Firewall rules."),
	                                     LINES_FIELD(P, firewall_operator, 0, RULE_LIST_MAX, rule_explain_operator,
	                                                 "The operator's."),
	                                     LINES_FIELD(P, blocked_ports, 0, 32, rule_explain_ports, "Outgoing ports."),
	                                     INT_FIELD(P, connections, 0, 0, 16777216, 0, "Connections at once."),
	                                     LIST_FIELD(P, nics, 0, NIC_MAX, check_nic, "Interfaces on networks."),
	                                     LINES_FIELD(P, forwards, 0, FORWARD_LIST_MAX, forward_explain, "Ports of the host."),
	                                     INT_FIELD(P, net_weight, 0, 0, NET_WEIGHT_MAX, NET_WEIGHT, "Share of the uplink."),
	                                     END_FIELDS };

#define T template
static const struct field template_fields[] = {
	STRING_FIELD(T, name, FIELD_REQUIRED, 40, check_template_name, "Name."),
	STRING_FIELD(T, version, FIELD_REQUIRED, 32, check_template_version, "Version."),
	STRING_FIELD(T, description, 0, 200, check_line, "What it is."),
	LIST_FIELD(T, init, FIELD_REQUIRED, 16, check_line, "Command line of its init."),
	STRING_FIELD(T, stop_signal, FIELD_REQUIRED, 16, check_signal, "Signal that asks init to power off."),
	STRING_FIELD(T, reboot_signal, FIELD_REQUIRED, 16, check_signal, "Signal that asks init to reboot."),
	STRING_FIELD(T, os, 0, 32, check_line, "Operating system."),
	SIZE_FIELD(T, size, FIELD_READONLY, 0, INT64_MAX, 0, "Bytes on disk."),
	TIME_FIELD(T, built_at, FIELD_READONLY, "When it was built."),
	END_FIELDS
};

#define SP spec
static const struct field spec_fields[] = { OBJECT_FIELD(SP, settings, FIELD_REQUIRED, &settings_schema, "The daemon's options."),
	                                    OBJECT_FIELD(SP, layout, 0, &layout_schema, "The host's layout."),
	                                    OBJECT_FIELD(SP, place, 0, &place_schema, "The container's identity."),
	                                    OBJECT_FIELD(SP, template, 0, &template_schema, "Its template."),
	                                    OBJECT_FIELD(SP, rescue, 0, &template_schema, "Template booted instead."),
	                                    OBJECT_FIELD(SP, config, 0, &container_config_schema, "Its configuration."),
	                                    END_FIELDS };

const struct schema layout_schema = { "layout", sizeof(struct layout), layout_fields };
const struct schema place_schema = { "place", sizeof(struct place), place_fields };
const struct schema template_schema = { "template", sizeof(struct template), template_fields };
const struct schema spec_schema = { "spec", sizeof(struct spec), spec_fields };

static const char *const place_shared[] = { "ip",          "firewall", "firewall_operator", "blocked_ports",
	                                    "connections", "nics",     "forwards",          "net_weight" };

bool
place_has(const char *field)
{
	for (size_t i = 0; i < sizeof place_shared / sizeof *place_shared; i++)
		if (strcmp(place_shared[i], field) == 0)
			return true;
	return false;
}

bool
place_take(struct place *place, const struct container_config *config)
{
	for (size_t i = 0; i < sizeof place_shared / sizeof *place_shared; i++) {
		const struct field *from = field_find(&container_config_schema, place_shared[i], NULL);
		const struct field *to = field_find(&place_schema, place_shared[i], NULL);

		if (to->type != FIELD_LIST) {
			*field_int(to, place) = *field_int(from, config);
		} else {
			struct strv copy = { 0 };

			if (!strv_copy(&copy, field_list(from, config)))
				return false;
			strv_clear(field_list(to, place));
			*field_list(to, place) = copy;
		}
		record_mark(&place_schema, place, to->name, true);
	}
	return true;
}

const char *
spec_volume_dir(const struct spec *spec, char buf[SPEC_PATH_MAX])
{
	snprintf(buf, SPEC_PATH_MAX, "%s/%s", spec->settings.pool_dir, spec->place.id);
	return buf;
}

const char *
spec_run_dir(const struct spec *spec, char buf[SPEC_PATH_MAX])
{
	snprintf(buf, SPEC_PATH_MAX, "%s/ct/%lld", spec->settings.run_dir, (long long)spec->place.ctid);
	return buf;
}

const char *
spec_template_dir(const struct settings *s, const char *name, const char *version, char buf[SPEC_PATH_MAX])
{
	snprintf(buf, SPEC_PATH_MAX, "%s/%s/%s", s->templates_dir, name, version);
	return buf;
}

int
spec_save(const struct spec *spec, int dirfd, const char *name, struct err *e)
{
	struct json_object *json = record_to_json(&spec_schema, spec, true);
	const char *text = json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN) : NULL;
	int rc;

	rc = text ? fd_replace_file(dirfd, name, text, strlen(text), 0600, false, e) : err_set(e, ERR_INTERNAL, "out of memory");
	json_object_put(json);
	return rc;
}

int
spec_load(struct spec *spec, int dirfd, const char *name, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct json_object *json;
	int rc;

	if (fd_read_file(dirfd, name, 1 << 20, &text, NULL, e) < 0)
		return -1;
	json = json_tokener_parse(text);
	if (!json)
		return err_set(e, ERR_INTERNAL, "'%s' is no JSON", name);
	rc = record_from_file_json(&spec_schema, json, spec, e);
	json_object_put(json);
	return rc;
}
