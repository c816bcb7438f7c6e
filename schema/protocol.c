#include "schema/protocol.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/util/fd.h"
#include "schema/check.h"
#include "schema/network.h"

#define R request
#define ARG_MAX_COUNT 4096

static const struct field request_fields[] = { STRING_FIELD(R, op, FIELD_REQUIRED, 36, check_uuid, "Operation."),
	                                       STRING_FIELD(R, id, 0, 36, check_uuid, "Container."),
	                                       OBJECT_FIELD(R, config, 0, &container_config_schema, "Its whole configuration."),
	                                       INT_FIELD(R, tenant_number, 0, 1, INT32_MAX, 0, "Tenant's number."),
	                                       LIST_FIELD(R, changed, 0, 64, check_line, "Fields that changed."),
	                                       BOOL_FIELD(R, force, 0, 0, "Stop it first."),
	                                       BOOL_FIELD(R, fix, 0, 0, "Put right what is safe to."),
	                                       INT_FIELD(R, timeout, 0, 0, 3600, 0, "Seconds until it is killed."),
	                                       BOOL_FIELD(R, kill, 0, 0, "Kill it at once."),
	                                       STRING_FIELD(R, rescue, 0, 80, check_template, "Template to boot instead."),
	                                       LIST_FIELD(R, argv, 0, ARG_MAX_COUNT, NULL, "Command and its arguments."),
	                                       LIST_FIELD(R, env, 0, ARG_MAX_COUNT, check_env, "Environment."),
	                                       STRING_FIELD(R, user, 0, 32, check_user, "User inside."),
	                                       STRING_FIELD(R, cwd, 0, 4096, NULL, "Working directory inside."),
	                                       BOOL_FIELD(R, tty, 0, 0, "Give it a terminal."),
	                                       INT_FIELD(R, rows, 0, 0, 10000, 0, "Terminal's rows."),
	                                       INT_FIELD(R, columns, 0, 0, 10000, 0, "Terminal's columns."),
	                                       BOOL_FIELD(R, follow, 0, 0, "Go on with what comes."),
	                                       INT_FIELD(R, tail, 0, -1, 1000000, -1, "Last lines only."),
	                                       BOOL_FIELD(R, upgrade, 0, 0, "The client speaks berth-stream/1."),
	                                       STRING_FIELD(R, template, 0, 80, check_template, "Template."),
	                                       STRING_FIELD(R, version, 0, 32, check_template_version, "Version."),
	                                       INT_FIELD(R, pid, 0, 1, INT32_MAX, 0, "Process."),
	                                       INT_FIELD(R, uid, 0, 0, UINT32_MAX, 0, "User id on the host."),
	                                       STRING_FIELD(R, address, 0, 64, check_address, "Address."),
	                                       STRING_FIELD(R, mac, 0, 17, check_line, "MAC address."),
	                                       STRING_FIELD(R, veth, 0, 15, check_line, "Interface on the host."),
	                                       LIST_FIELD(R, ctids, 0, 512, check_line, "Numbers of containers that are no more."),
	                                       STRING_FIELD(R, caller, 0, SESSION_CALLER_MAX, check_line, "Who opened the stream."),
	                                       BOOL_FIELD(R, freeze, 0, 0, "Freeze it rather than stop it."),
	                                       END_FIELDS };

#define O observed
static const struct field observed_fields[] = { STRING_FIELD(O, id, FIELD_REQUIRED, 36, check_uuid, "Container."),
	                                        INT_FIELD(O, ctid, 0, FIRST_CTID, INT32_MAX, 0, "Its number."),
	                                        INT_FIELD(O, id_base, 0, 0, UINT32_MAX, 0, "Its first uid."),
	                                        STRING_FIELD(O, state, 0, 16, NULL, "State."),
	                                        STRING_FIELD(O, exit, 0, 256, check_line, "How its init ended."),
	                                        INT_FIELD(O, exit_status, 0, 0, 255, 0, "Status."),
	                                        INT_FIELD(O, exit_signal, 0, 0, 64, 0, "Signal."),
	                                        TIME_FIELD(O, exited_at, 0, "When it ended."),
	                                        TIME_FIELD(O, started_at, 0, "When it was started."),
	                                        INT_FIELD(O, restarts, 0, 0, INT64_MAX, 0, "Restarts from inside."),
	                                        INT_FIELD(O, pid, 0, 0, INT32_MAX, 0, "Its init."),
	                                        STRING_FIELD(O, template, 0, 80, check_template, "NAME@VERSION."),
	                                        STRING_FIELD(O, storage, 0, 16, NULL, "Backend."),
	                                        STRING_FIELD(O, rescue, 0, 80, check_template, "Booted from this."),
	                                        STRING_FIELD(O, note, 0, 64, check_line, "Why it is in this state."),
	                                        END_FIELDS };

#define PR progress
static const struct field progress_fields[] = { STRING_FIELD(PR, op, FIELD_REQUIRED, 36, check_uuid, "Operation."),
	                                        STRING_FIELD(PR, step, 0, 64, check_line, "Step."),
	                                        INT_FIELD(PR, percent, 0, 0, 100, 0, "Percent."),
	                                        STRING_FIELD(PR, text, 0, 512, check_line, "A line for people."), END_FIELDS };

#define D done
static const struct field done_fields[] = { STRING_FIELD(D, op, FIELD_REQUIRED, 36, check_uuid, "Operation."),
	                                    STRING_FIELD(D, kind, 0, 40, check_line, "Error kind."),
	                                    STRING_FIELD(D, code, 0, 40, check_line, "Error code."),
	                                    STRING_FIELD(D, message, 0, 512, NULL, "Error message."),
	                                    LIST_FIELD(D, params, 0, ERR_PARAMS_MAX, NULL, "Wrong parameters."),
	                                    STRING_FIELD(D, result, 0, MSG_MAX - 4096, NULL, "JSON."),
	                                    BOOL_FIELD(D, cut_short, 0, 0, "What it did wasn't undone."),
	                                    END_FIELDS };

#define RD ready
static const struct field ready_fields[] = {
	STRING_FIELD(RD, storage, 0, 16, NULL, "Backend."), LIST_FIELD(RD, dns, 0, 3, check_address, "Default name servers."),
	LIST_FIELD(RD, operations, 0, READY_OPERATIONS_MAX, check_uuid, "Operations under way."), END_FIELDS
};

#define SN session_note
static const struct field session_fields[] = { STRING_FIELD(SN, op, FIELD_REQUIRED, 36, check_uuid, "Stream."),
	                                       STRING_FIELD(SN, caller, 0, SESSION_CALLER_MAX, check_line, "Who opened it."),
	                                       END_FIELDS };

#define SM samples
static const struct field samples_fields[] = { INT_FIELD(SM, time_ms, FIELD_REQUIRED, 0, INT64_MAX, 0, "When the pass began."),
	                                       BOOL_FIELD(SM, last, 0, 0, "The pass ends here."),
	                                       STRING_FIELD(SM, generation, FIELD_REQUIRED, 36, check_line,
	                                                    "Of the traffic counters."),
	                                       LIST_FIELD(SM, lines, 0, SAMPLES_MAX, check_line, "A container each."), END_FIELDS };

static const struct field isolation_fields[] = { LIST_FIELD(isolation, networks, 0, NETWORKS_MAX, check_line, "Their numbers."),
	                                         END_FIELDS };

static const struct field alive_fields[] = { INT_FIELD(alive, serial, FIELD_REQUIRED, 0, INT64_MAX, 0, "Number."), END_FIELDS };

#define M manifest
static const struct field manifest_fields[] = { STRING_FIELD(M, op, FIELD_REQUIRED, 36, check_uuid, "Operation."),
	                                        STRING_FIELD(M, id, FIELD_REQUIRED, 36, check_uuid, "Container."),
	                                        OBJECT_FIELD(M, place, 0, &place_schema, "Its identity."),
	                                        OBJECT_FIELD(M, config, 0, &container_config_schema, "Its configuration."),
	                                        INT_FIELD(M, revision, 0, 0, INT64_MAX, 0, "Revision."),
	                                        TIME_FIELD(M, created_at, 0, "When its volume was made."),
	                                        STRING_FIELD(M, source, 0, 16, check_line, "Where its configuration comes from."),
	                                        STRING_FIELD(M, problem, 0, 512, check_line, "What is wrong."),
	                                        END_FIELDS };

#define DC database_copy
static const struct field database_copy_fields[] = { STRING_FIELD(DC, op, FIELD_REQUIRED, 36, check_uuid, "Operation."),
	                                             STRING_FIELD(DC, name, FIELD_REQUIRED, 64, check_line, "Its name."),
	                                             END_FIELDS };

const struct schema request_schema = { "request", sizeof(struct request), request_fields };
const struct schema observed_schema = { "observed", sizeof(struct observed), observed_fields };
const struct schema progress_schema = { "progress", sizeof(struct progress), progress_fields };
const struct schema done_schema = { "done", sizeof(struct done), done_fields };
const struct schema ready_schema = { "ready", sizeof(struct ready), ready_fields };
const struct schema session_schema = { "session", sizeof(struct session_note), session_fields };
const struct schema isolation_schema = { "isolation", sizeof(struct isolation), isolation_fields };
const struct schema alive_schema = { "alive", sizeof(struct alive), alive_fields };
const struct schema samples_schema = { "samples", sizeof(struct samples), samples_fields };
const struct schema manifest_schema = { "manifest", sizeof(struct manifest), manifest_fields };
const struct schema database_copy_schema = { "database_copy", sizeof(struct database_copy), database_copy_fields };

static const struct msg_info msg_infos[MSG_TYPE_COUNT] = {
#define MSG(id, schema, fds, help) [id] = { #id, &schema, fds },
#include "schema/protocol.def"
#undef MSG
};

const struct msg_info *
msg_info(enum msg_type type)
{
	return (unsigned int)type < MSG_TYPE_COUNT ? &msg_infos[type] : NULL;
}

/* Which fields each request needs, and which it may have besides; `op` always. */
static const struct {
	enum msg_type type;
	const char *needs;
	const char *takes;
} request_rules[] = {
	{ REQUEST_CREATE, "id config tenant_number", "" },
	{ REQUEST_DELETE, "id", "force timeout" },
	{ REQUEST_START, "id config", "rescue" },
	{ REQUEST_STOP, "id", "timeout kill" },
	{ REQUEST_RESTART, "id config", "timeout kill" },
	{ REQUEST_FREEZE, "id", "" },
	{ REQUEST_THAW, "id", "" },
	{ REQUEST_SET, "id config changed", "" },
	{ REQUEST_SUSPEND, "id config changed", "timeout kill freeze" },
	{ REQUEST_EXEC, "id argv", "env user cwd tty rows columns upgrade caller" },
	{ REQUEST_CONSOLE, "id", "rows columns upgrade caller" },
	{ REQUEST_LOGS, "id", "follow tail caller" },
	{ REQUEST_LIMITS, "id config", "" },
	{ REQUEST_WHICH, "", "pid uid address mac veth" },
	{ REQUEST_DOCTOR, "", "fix" },
	{ REQUEST_CAPACITY, "", "" },
	{ REQUEST_TEMPLATE_BUILD, "template", "version" },
	{ REQUEST_TEMPLATE_DELETE, "template", "" },
	{ REQUEST_CANCEL, "", "" },
	{ REQUEST_RECOVER, "", "" },
	{ REQUEST_COPY, "", "" },
	{ REQUEST_METER, "", "ctids" },
	{ REQUEST_HOST_SETUP, "", "" },
	{ REQUEST_HOST_CLEANUP, "", "" },
};

static bool
request_lists(const char *words, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = words; (at = strstr(at, name)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

int
msg_check_request(enum msg_type type, const struct request *request, struct err *e)
{
	const char *needs = NULL, *takes = NULL;

	for (size_t i = 0; i < sizeof request_rules / sizeof *request_rules; i++)
		if (request_rules[i].type == type) {
			needs = request_rules[i].needs;
			takes = request_rules[i].takes;
		}
	if (!needs)
		return err_set(e, ERR_BAD_REQUEST, "message type %d is no request", (int)type);
	for (size_t i = 0; request_fields[i].name; i++) {
		const char *name = request_fields[i].name;
		bool given = record_has_row(request, i);

		/* An empty list says nothing: there is no command without a word. */
		if (given && request_fields[i].type == FIELD_LIST && request_lists(needs, name))
			given = field_list(&request_fields[i], request)->n > 0;
		if (!given && request_lists(needs, name))
			return err_set(e, ERR_BAD_REQUEST, "%s lacks '%s'", msg_infos[type].name, name);
		if (given && strcmp(name, "op") != 0 && !request_lists(needs, name) && !request_lists(takes, name))
			return err_set(e, ERR_BAD_REQUEST, "%s takes no '%s'", msg_infos[type].name, name);
	}
	return 0;
}

struct msg_header {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
};

enum { MSG_MAGIC = 0x42525448, MSG_VERSION = 1 };

int
msg_encode(enum msg_type type, const void *record, struct buf *out, struct err *e)
{
	struct msg_header header = { htole32(MSG_MAGIC), htole16(MSG_VERSION), htole16((uint16_t)type) };
	const struct msg_info *info = msg_info(type);

	if (!info)
		return err_set(e, ERR_INTERNAL, "no message type %d", (int)type);
	buf_add(out, &header, sizeof header);
	record_encode(info->schema, record, out);
	if (out->failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (out->len > MSG_MAX)
		return err_set(e, ERR_TOO_LARGE, "The request is larger than %d bytes", MSG_MAX);
	return 0;
}

int
msg_send(int sock, enum msg_type type, const void *record, const int *fds, size_t nfds, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	if (msg_encode(type, record, &out, e) < 0)
		return -1;
	if (fd_send(sock, out.data, out.len, fds, nfds, 0) == 0)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
		return err_set(e, ERR_UNAVAILABLE, "the other process has gone");
	if (errno == EAGAIN)
		return err_set(e, ERR_BUSY, "the other process doesn't keep up");
	return err_sys(e, "send %s", msg_infos[type].name);
}

int
msg_decode(const void *data, size_t len, struct msg *msg_out, struct err *e)
{
	const struct msg_info *info;
	struct msg_header header;
	void *record;
	unsigned int type;

	if (len < sizeof header)
		return err_set(e, ERR_BAD_REQUEST, "message of %zu bytes is too short", len);
	memcpy(&header, data, sizeof header);
	type = le16toh(header.type);
	if (le32toh(header.magic) != MSG_MAGIC || le16toh(header.version) != MSG_VERSION || type >= MSG_TYPE_COUNT)
		return err_set(e, ERR_BAD_REQUEST, "unknown message type %u", type);
	info = &msg_infos[type];
	record = calloc(1, info->schema->size);
	if (!record)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (record_decode(info->schema, (const char *)data + sizeof header, len - sizeof header, record, e) < 0) {
		record_clear(info->schema, record);
		free(record);
		return -1;
	}
	msg_out->type = type;
	msg_out->record = record;
	return 0;
}

int
msg_recv(int sock, struct msg *msg_out, struct err *e)
{
	/* One buffer a process: the event loops are single-threaded and a message is decoded before the next is read. */
	static char data[MSG_MAX];
	struct msg msg = { 0 };
	ssize_t n;

	n = fd_recv(sock, data, sizeof data, msg.fds, &msg.nfds, 0);
	if (n < 0 && errno == EAGAIN)
		return err_set(e, ERR_BUSY, "nothing there");
	if (n < 0 && errno == ECONNRESET)
		return 0;
	if (n < 0)
		return err_sys(e, "receive a message");
	if (n == 0 && msg.nfds == 0)
		return 0;
	if (msg_decode(data, (size_t)n, &msg, e) < 0)
		goto fail;
	if (msg.nfds != msg_infos[msg.type].fds) {
		err_set(e, ERR_BAD_REQUEST, "%s came with %zu descriptors", msg_infos[msg.type].name, msg.nfds);
		goto fail;
	}
	*msg_out = msg;
	explicit_bzero(data, (size_t)n);
	return 1;
fail:
	explicit_bzero(data, (size_t)n);
	msg_clear(&msg);
	return -1;
}

void
msg_clear(struct msg *msg)
{
	if (msg->record) {
		record_clear(msg_infos[msg->type].schema, msg->record);
		free(msg->record);
	}
	for (size_t i = 0; i < msg->nfds; i++)
		close(msg->fds[i]);
	memset(msg, 0, sizeof *msg);
}

bool
done_from_err(struct done *done, const char *op, const struct err *e)
{
	char line[300];

	if (!(done->op = strdup(op)) || !(done->kind = strdup(err_kind_info(e->kind)->code)) || !(done->code = strdup(e->code)) ||
	    !(done->message = strdup(e->message)))
		return false;
	for (size_t i = 0; i < e->nparams; i++) {
		snprintf(line, sizeof line, "%s: %s", e->params[i].name, e->params[i].reason);
		if (!strv_add(&done->params, line))
			return false;
		record_mark(&done_schema, done, "params", true);
	}
	record_mark(&done_schema, done, "op", true);
	record_mark(&done_schema, done, "kind", true);
	record_mark(&done_schema, done, "code", true);
	record_mark(&done_schema, done, "message", true);
	return true;
}

void
done_to_err(const struct done *done, struct err *e)
{
	err_set(e, err_kind_of_code(done->kind), "%s", done->message ? done->message : "");
	for (size_t i = 0; i < done->params.n; i++) {
		const char *colon = strstr(done->params.v[i], ": ");
		char name[64];

		if (!colon)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)(colon - done->params.v[i]), done->params.v[i]);
		err_param(e, name, "%s", colon + 2);
	}
	if (done->code)
		err_code(e, done->code);
}
