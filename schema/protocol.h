/*
 * What the daemon's processes say to each other: one datagram a message on a SOCK_SEQPACKET socketpair, with descriptors by
 * SCM_RIGHTS where its row says so. The rows are closed: an unknown type, a wrong length or a record that doesn't pass its
 * table is an error, and the engine ends an api that sent one.
 *
 *   api → engine     REQUEST_*: each carries `op`, the operation's UUID, by which replies are told apart
 *   engine → api     REPLY_*: observed states, progress, ends
 *   engine → job     the REQUEST_* it is to carry out (for what the engine starts itself: REQUEST_HOST_*), then SPEC
 *   job → engine     REPLY_PROGRESS and at last REPLY_DONE
 *   engine → sampler SPEC, once, with the settings and the layout
 *   sampler → engine REPLY_SAMPLES, passed on to the api as they are
 *   api → engine → hook sender   HOOK_SEND, after SPEC at its beginning; HOOK_ENDED comes back
 *   api → engine     ISOLATION, at the handshake's end and after each change
 *   both ways        ALIVE, answered with the same number
 */
#ifndef BERTH_PROTOCOL_H
#define BERTH_PROTOCOL_H

#include "schema/container.h"
#include "schema/spec.h"
#include "schema/webhook.h"

enum { MSG_MAX = 160 * 1024 };

/* The descriptors that the engine starts the api with; from the last one on those that take tokens, up to TOKEN_LISTEN_MAX. */
enum { API_LISTEN_FD = 3, API_LINK_FD = 4, API_SETTINGS_FD = 5, API_TOKENS_FD = 6 };

enum msg_type {
#define MSG(id, schema, fds, help) id,
#include "schema/protocol.def"
#undef MSG
	MSG_TYPE_COUNT
};

struct msg_info {
	const char *name;
	const struct schema *schema;
	unsigned int fds; /* exactly so many descriptors come along */
};

/* A request about one container, or about nothing but itself. Which fields a type needs is in msg_check_request(). */
struct request {
	struct field_set set;
	char *op; /* operation's UUID */
	char *id; /* container's UUID */
	struct container_config
	        config;        /* create, start, restart, set, limits: the whole merged configuration, addresses resolved */
	int64_t tenant_number; /* create */
	struct strv changed;   /* set: names of the fields that changed */
	int64_t force;         /* delete: stop it first */
	int64_t fix;           /* doctor: put right what is safe to */
	int64_t timeout;       /* stop, restart: seconds */
	int64_t kill;          /* stop: at once */
	char *rescue;          /* start: NAME@VERSION */
	struct strv argv;      /* exec */
	struct strv env;       /* exec: KEY=VALUE */
	char *user;            /* exec */
	char *cwd;             /* exec */
	int64_t tty;           /* exec */
	int64_t rows;
	int64_t columns;
	int64_t follow;  /* logs */
	int64_t tail;    /* logs: last lines only; -1 all */
	int64_t upgrade; /* exec, console: 1 when the client asked for the upgrade (always so now) */
	char *template;  /* template_build: recipe's name; template_delete: NAME@VERSION */
	char *version;   /* template_build: version to make; chosen when left out */
	int64_t pid;     /* which */
	int64_t uid;
	char *address;
	char *mac;
	char *veth;
	struct strv ctids; /* meter: containers that are no more */
	char *caller;      /* exec, console, logs: who opened it; the api's words, told to the next one */
	int64_t freeze;    /* suspend: rather than stop it */
};

/* An observed container: sent for each one after REPLY_READY's handshake begins, and after each change. */
struct observed {
	struct field_set set;
	char *id;
	int64_t ctid;
	int64_t id_base;
	char *state; /* container_state_name() */
	char *exit;
	int64_t exit_status;
	int64_t exit_signal;
	int64_t exited_at;
	int64_t started_at;
	int64_t restarts;
	int64_t pid;
	char *template;
	char *storage;
	char *rescue;
	char *note; /* absent, or what its monitor has to say of the state: why it waits before a restart */
};

struct progress {
	struct field_set set;
	char *op;
	char *step;
	int64_t percent; /* 0 to 100 */
	char *text;
};

/* The end of a request. kind is absent on success. */
struct done {
	struct field_set set;
	char *op;
	char *kind; /* the error kind's default code */
	char *code; /* the precise one */
	char *message;
	struct strv params; /* "name: reason" of ERR_INVALID */
	char *result;       /* JSON text for the caller, or absent */
	int64_t cut_short;  /* failed, and what it did wasn't undone */
};

/* End of the handshake: everything observed and every template has been sent. */
enum { READY_OPERATIONS_MAX = 2048 };
struct ready {
	struct field_set set;
	char *storage;
	struct strv dns;
	struct strv operations; /* those still under way in the engine, without streams */
};

/* A stream under way: to be known again by the api. */
enum { SESSION_CALLER_MAX = 200 };
struct session_note {
	struct field_set set;
	char *op;
	char *caller; /* as the request had it */
};

/* What is left of a container's record beside the database. */
struct manifest {
	struct field_set set;
	char *op;
	char *id;
	struct place place;             /* the registry's; not given for what isn't registered */
	struct container_config config; /* not given where nothing tells it */
	int64_t revision;
	int64_t created_at;
	char *source;  /* "manifest" or "launch": where the configuration comes from */
	char *problem; /* why it can't be taken up by this alone */
};

struct database_copy {
	struct field_set set;
	char *op;
	char *name;
};

/* A piece of the sampler's pass over all containers. */
struct samples {
	struct field_set set;
	int64_t time_ms;   /* since the epoch, when the pass began */
	int64_t last;      /* nothing of this pass follows */
	char *generation;  /* of the traffic counters; "": there are none */
	struct strv lines; /* sample_format() */
};
/* Lines a message: what is booked in one transaction, some milliseconds. */
enum { SAMPLES_MAX = 64 };

struct isolation {
	struct field_set set;
	struct strv networks; /* numbers of the host's own */
};

struct alive {
	struct field_set set;
	int64_t serial;
};

extern const struct schema request_schema;
extern const struct schema observed_schema;
extern const struct schema progress_schema;
extern const struct schema done_schema;
extern const struct schema ready_schema;
extern const struct schema session_schema;
extern const struct schema alive_schema;
extern const struct schema isolation_schema;
extern const struct schema samples_schema;
extern const struct schema manifest_schema;
extern const struct schema database_copy_schema;

/* NULL for an unknown type. */
const struct msg_info *msg_info(enum msg_type type);

/* Whether a request of this type has the fields that it needs and none that it doesn't take; the engine's and the api's one rule.
 */
int msg_check_request(enum msg_type type, const struct request *request, struct err *e);

/*
 * Sends one message; takes nothing over: the caller still closes fds. -1 with ERR_UNAVAILABLE when the peer is gone,
 * ERR_BUSY when a non-blocking socket is full.
 */
int msg_send(int sock, enum msg_type type, const void *record, const int *fds, size_t nfds, struct err *e);

/* A received message. The record is on the heap, made by its schema; msg_clear() frees it and closes the descriptors. */
struct msg {
	enum msg_type type;
	void *record;
	int fds[8];
	size_t nfds;
};

/* 1 got one, 0 the peer has closed, -1 error (kind ERR_BUSY: nothing there on a non-blocking socket; ERR_BAD_REQUEST: malformed).
 */
int msg_recv(int sock, struct msg *msg_out, struct err *e);
void msg_clear(struct msg *msg);
#define AUTO_MSG __attribute__((cleanup(msg_clear)))

/* Bytes of a datagram → message, without descriptors: what the fuzzer drives. */
int msg_decode(const void *data, size_t len, struct msg *msg_out, struct err *e);
int msg_encode(enum msg_type type, const void *record, struct buf *out, struct err *e);

/* Error ⇄ done. */
bool done_from_err(struct done *done, const char *op, const struct err *e);
void done_to_err(const struct done *done, struct err *e);

#endif
