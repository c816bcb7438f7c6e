#include "schema/answer.h"

#include <string.h>

#include "schema/audit.h"
#include "schema/capacity.h"
#include "schema/check.h"
#include "schema/container.h"
#include "schema/ip.h"
#include "schema/network.h"
#include "schema/operation.h"
#include "schema/spec.h"
#include "schema/tenant.h"
#include "schema/webhook.h"
#include "schema/usage.h"

/* A row that no record holds: an answer's own. An object without a schema may hold anything; a list with one holds such objects. */
#define SHOWN(NAME, TYPE, CHECK, OBJECT, HELP)                                                                                     \
	{                                                                                                                          \
		.name = NAME, .type = TYPE, .flags = FIELD_READONLY, .check = CHECK, .object = OBJECT, .help = HELP                \
	}
#define TEXT(NAME, HELP) SHOWN(NAME, FIELD_STRING, NULL, NULL, HELP)
#define NUMBER(NAME, HELP) SHOWN(NAME, FIELD_INT, NULL, NULL, HELP)
#define TRUTH(NAME, HELP) SHOWN(NAME, FIELD_BOOL, NULL, NULL, HELP)
#define OBJECT(NAME, SCHEMA, HELP) SHOWN(NAME, FIELD_OBJECT, NULL, SCHEMA, HELP)
#define LIST(NAME, SCHEMA, HELP) SHOWN(NAME, FIELD_LIST, NULL, SCHEMA, HELP)
#define UUID(NAME, HELP) SHOWN(NAME, FIELD_STRING, check_uuid, NULL, HELP)

#define ROWS(name, ...)                                                                                                            \
	static const struct field name##_fields[] = { __VA_ARGS__, END_FIELDS };                                                   \
	static const struct schema name##_schema = { #name, 0, name##_fields }

#define ANSWER(name, help, ...) const struct answer name##_answer = { #name, help, { __VA_ARGS__ } }

ROWS(features, TEXT("version", "The daemon's."), TEXT("api", "v1: what it answers only ever grows."),
     LIST("features", NULL, "What this daemon can do, beyond what every one can."), TEXT("instance", "Its name on this host."),
     TEXT("role", "The caller's."), TEXT("tenant", "The caller's, if he is one's."),
     TEXT("actor", "Who the caller is, as the audit names him."));
ANSWER(features, "Version and features.", &features_schema);

ROWS(reference, TEXT("openapi", "The version of OpenAPI."), OBJECT("info", NULL, "What it is of."),
     OBJECT("servers", NULL, "Where it is."), OBJECT("security", NULL, "How callers are known."),
     OBJECT("tags", NULL, "The resources."), OBJECT("paths", NULL, "The operations."),
     OBJECT("components", NULL, "What they take and answer."));
ANSWER(reference, "This document.", &reference_schema);

ROWS(invalid_param, TEXT("name", "The parameter."), TEXT("reason", "What is wrong with it, to be read after its name."));
ROWS(problem, TEXT("type", "about:blank"), TEXT("title", "The kind of problem, for people."), NUMBER("status", "The HTTP status."),
     TEXT("detail", "What went wrong, and what to do about it."), TEXT("code", "For programs: it stays as it is."),
     TRUTH("retryable", "Whether the same request may succeed later."),
     LIST("invalid_params", &invalid_param_schema, "Every parameter that is wrong."));
ANSWER(problem, "What went wrong (RFC 9457).", &problem_schema);

ANSWER(container, "A container.", &container_view_schema);

#define FIGURE(NAME, HELP)                                                                                                         \
	{                                                                                                                          \
		.name = NAME, .type = FIELD_MILLI, .flags = FIELD_READONLY | FIELD_NULLABLE, .help = HELP                          \
	}
ROWS(limit, FIGURE("configured", "As it was set."), FIGURE("effective", "As the kernel enforces it."), FIGURE("used", "Now."),
     FIGURE("peak", "The most since the start."), FIGURE("hits", "How often it held something back since the start."),
     FIGURE("pressure", "Percentage of the last minute in which something inside waited for it."));
ROWS(limits, OBJECT("memory", &limit_schema, "In bytes."), OBJECT("swap", &limit_schema, "In bytes."),
     OBJECT("cpus", &limit_schema, "As a number of CPUs; used is CPU time since the start, in seconds."),
     OBJECT("cpu_weight", &limit_schema, "A share."), OBJECT("pids", &limit_schema, "Processes and threads."),
     OBJECT("disk", &limit_schema, "In bytes."), OBJECT("io_weight", &limit_schema, "A share."),
     OBJECT("io_read", &limit_schema, "In bytes a second; used is bytes since the start."),
     OBJECT("io_write", &limit_schema, "In bytes a second; used is bytes since the start."));
ANSWER(limits, "Each limit with its figures; null is what nobody knows.", &limits_schema);

ROWS(template_more, TEXT("id", "NAME@VERSION."), NUMBER("containers", "Made from it, of all tenants; for the host's roles."));
ANSWER(template, "A template.", &template_schema, &template_more_schema);

ANSWER(tenant, "A tenant, its totals and what it uses of them.", &tenant_schema);
ANSWER(plan, "A named size.", &plan_schema);
ROWS(network_more, NUMBER("used", "Interfaces of containers on it; a bridge's are told to the host's roles."));
ANSWER(network, "A network.", &network_schema, &network_more_schema);
ROWS(ip_pool_more, NUMBER("used", "Addresses that containers hold; for the host's roles."));
ANSWER(ip_pool, "A pool of addresses.", &ip_pool_schema, &ip_pool_more_schema);
ANSWER(address, "Who holds an address, or held it.", &ip_holding_schema);
ANSWER(usage, "What was used in a period.", &usage_schema);
ROWS(token_more, TEXT("token", "Its text, with the answer to its making alone."));
ANSWER(token, "A credential.", &token_schema, &token_more_schema);

ROWS(operation_more, NUMBER("position", "While it waits for its turn: how many of its tenant's are before it, and one."),
     OBJECT("error", &problem_schema, "Why it failed."), OBJECT("result", NULL, "What it found, where it looked for something."));
ANSWER(operation, "A call that takes time.", &operation_schema, &operation_more_schema);

ROWS(event, NUMBER("seq", "Where it stands: `since` goes on after it. Each tenant's are numbered for themselves."),
     SHOWN("time", FIELD_TIME, NULL, NULL, "When it happened."),
     TEXT("type", "What happened: container.started, operation.failed…"), UUID("container", "The container's UUID."),
     TEXT("tenant", "The container's tenant."), TEXT("name", "The container's name."),
     UUID("operation", "The operation that did it."), OBJECT("data", NULL, "What else there is to say."));
ANSWER(event, "Something that happened.", &event_schema);

ROWS(webhook_more, NUMBER("pending", "Events that it has yet to be told, of whatever type."),
     TEXT("secret", "What signs its requests, with the answer to its making alone, where it was made here."));
ANSWER(webhook, "Whom to tell of events.", &webhook_schema, &webhook_more_schema);

ROWS(audit_more, NUMBER("seq", "Its number. Each tenant's are numbered for themselves."));
ANSWER(audit, "Somebody changed something, or would have.", &audit_schema, &audit_more_schema);

ROWS(finding, TEXT("severity", "ok, note, warning or problem."), TEXT("check", "What was looked at, for scripts."),
     TEXT("text", "What was found."), TEXT("remedy", "What to do."), TRUTH("fixable", "POST /v1/doctor/fix does it."),
     TRUTH("fixed", "It was put right."));
ROWS(doctor, LIST("items", &finding_schema, "The findings."));
ANSWER(doctor, "What the doctor found.", &doctor_schema);

ROWS(capacity_more, LIST("addresses", &capacity_addresses_schema, "Of each pool, and of the host's private subnets."));
ANSWER(capacity, "What the host has, and what was promised of it.", &capacity_schema, &capacity_more_schema);

ROWS(recovered, TEXT("name", "The container's name."), UUID("id", "Its UUID."), TEXT("tenant", "Its tenant."),
     NUMBER("ctid", "Its host-wide number."), TEXT("source", "Where it was found: copy or manifest."),
     TEXT("problem", "Why it couldn't be taken over."));
ROWS(recovery, TEXT("copy", "The copy of the database that was begun with."),
     LIST("containers", &recovered_schema, "Each with where it came from."),
     LIST("gone", NULL, "In the copy, and not on the host any more."), LIST("notes", NULL, "What to look at."));
ANSWER(recovery, "What the rebuilt database holds.", &recovery_schema);

ROWS(which, UUID("id", "The container's UUID."), NUMBER("ctid", "Its host-wide number."), TEXT("name", "Its name."),
     TEXT("tenant", "Its tenant."), TEXT("state", "Its state."));
ANSWER(which, "The container that it belongs to.", &which_schema);

static const struct field *
answer_find(const struct schema *schema, const char *name)
{
	const struct field *inner;

	for (const struct field *f = schema->fields; f->name; f++) {
		if (f->flags & FIELD_FLAT) {
			inner = answer_find(f->object, name);
			if (inner)
				return inner;
		} else if (strcmp(f->name, name) == 0 && !(f->flags & (FIELD_SECRET | FIELD_INTERNAL | FIELD_TRANSIENT))) {
			return f;
		}
	}
	return NULL;
}

const struct field *
answer_field(const struct answer *answer, const char *name)
{
	const struct field *f = NULL;

	for (const struct schema *const *part = answer->parts; !f && *part; part++)
		f = answer_find(*part, name);
	return f;
}
