/*
 * The database: the only SQLite user. One file a noun; SQL is named constants with bound parameters. Writes happen inside
 * the caller's transaction.
 */
#ifndef BERTH_STORE_H
#define BERTH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/store/row.h"
#include "daemon/util/prefix.h"
#include "schema/audit.h"
#include "schema/container.h"
#include "schema/ip.h"
#include "schema/network.h"
#include "schema/operation.h"
#include "schema/protocol.h"
#include "schema/spec.h"
#include "schema/tenant.h"
#include "schema/webhook.h"
#include "schema/usage.h"

struct store;

/* Opens path (":memory:" for tests), brings it to the newest schema; a database of a newer daemon is refused. */
int store_open(const char *path, struct store **store_out, struct err *e);
void store_close(struct store *s);

/* The code of an error that says that the file is there but damaged. Nothing was written to it. */
#define STORE_UNUSABLE "database_unusable"
/* Whether there is a file with something in it. */
bool store_exists(const char *path);

/* A database in memory, of the bytes of a copy, which are left as they are. */
int store_load(const void *data, size_t len, struct store **store_out, struct err *e);
/* All of it to a new file, on disk when this returns; an old file of that name is removed. */
int store_save(struct store *s, const char *path, struct err *e);

/* A copy made a piece at a time while the store is used; one at a time. */
struct store_copy;
int store_copy_begin(struct store *s, const char *path, struct store_copy **copy_out, struct err *e);
/* 1 there is more to do, 0 it is whole, -1. */
int store_copy_step(struct store_copy *copy, struct err *e);
void store_copy_end(struct store_copy *copy);

/*
 * What is read after store_hold() is read under one lock, till the next transaction or store_let_go(): to be called at least each
 * second, so that the log of changes can be carried over. Nobody but this process writes. s may be NULL.
 */
void store_hold(struct store *s);
void store_let_go(struct store *s);

/* How large the database is. 1, or -1. */
int store_bytes(struct store *s, int64_t *bytes_out, struct err *e);

/* A transaction that is rolled back unless it was committed. */
struct txn {
	struct store *store; /* NULL when it isn't open */
};

int txn_begin(struct txn *txn, struct store *s, struct err *e);
int txn_commit(struct txn *txn, struct err *e);
void txn_end(struct txn *txn);
#define AUTO_TXN __attribute__((cleanup(txn_end)))
/* Between transactions, for those that follow: whether they are on disk when their commit returns. They are, until it is called. */
int store_set_durable(struct store *s, bool durable, struct err *e);
/* Called once, inside the next transaction that is committed, as its last part; it fails if this fails. NULL: nothing is called. */
typedef int store_last_part(void *arg, struct err *e);
void store_before_commit(struct store *s, store_last_part *fn, void *arg);

/* Gives each row of a list; 0 to go on, 1 to stop. */
typedef int store_each(void *arg, const void *record);

/* Nouns of a table each, by the text key of its first column. Getters: 1 found, 0 absent, -1 error. */
enum store_table { TABLE_TENANT, TABLE_PLAN, TABLE_TOKEN, TABLE_IP_POOL, TABLE_NETWORK, TABLE_WEBHOOK, STORE_TABLES };
/* Room for a record of any of them; each begins with the set of fields that it has. */
union table_record {
	struct field_set set;
	struct tenant tenant;
	struct plan plan;
	struct token token;
	struct ip_pool ip_pool;
	struct network network;
	struct webhook webhook;
};
const struct schema *store_table_schema(enum store_table table);
int store_table_get(struct store *s, enum store_table table, const char *key, void *record_out, struct err *e);
int store_table_insert(struct store *s, enum store_table table, const void *record, struct err *e);
/* All columns; the key stays. */
int store_table_update(struct store *s, enum store_table table, const char *key, const void *record, struct err *e);
int store_table_delete(struct store *s, enum store_table table, const char *key, struct err *e);
/* By key, those after `after`; tenant (or NULL: all) narrows them to what it may see. */
int store_table_list(struct store *s, enum store_table table, const char *tenant, const char *after, int64_t limit,
                     store_each *each, void *arg, struct err *e);

/* Tenants. 1 found, 0 absent, -1 error. */
/* Before a tenant goes: its history bears a name that no other gets, NAME~NUMBER. */
int store_tenant_bury(struct store *s, const char *name, struct err *e);
int store_tenant_used(struct store *s, const char *name, struct totals *used_out, struct err *e);
/* Of all tenants, or of what has processes alone. */
int store_all_used(struct store *s, bool running, struct totals *used_out, struct err *e);
int store_tenant_number(struct store *s, const char *name, int64_t *number_out, struct err *e);
int store_tenant_add(struct store *s, int64_t number, const char *name, int64_t now, struct err *e);

/* Credentials of a user or a group of the host; 1 found, 0 absent, -1 error. */
int store_token_by_uid(struct store *s, int64_t uid, struct token *token_out, struct err *e);
int store_token_by_gid(struct store *s, int64_t gid, struct token *token_out, struct err *e);
int store_token_used(struct store *s, const char *id, int64_t now, struct err *e);
/* With its tenant's end. */
int store_token_delete_of(struct store *s, const char *tenant, struct err *e);

/* Containers. Getters: 1 found, 0 absent, -1 error; *view_out must be zeroed, the caller clears it in any case. */
int store_container_get(struct store *s, const char *id, struct container_view *view_out, struct err *e);
int store_container_get_ctid(struct store *s, int64_t ctid, struct container_view *view_out, struct err *e);
int store_container_get_name(struct store *s, const char *tenant, const char *name, struct container_view *view_out, struct err *e);
int store_container_insert(struct store *s, const struct container_view *view, struct err *e);
/* The configuration and the revision after the one given. */
int store_container_write_config(struct store *s, const char *id, const struct container_config *config, struct err *e);
int store_container_write_observed(struct store *s, const struct observed *observed, struct err *e);
int store_container_write_state(struct store *s, const char *id, enum container_state state, struct err *e);
int store_container_write_desired(struct store *s, const char *id, const char *desired, struct err *e);
int store_container_delete(struct store *s, const char *id, struct err *e);

struct container_filter {
	const char *name, *tenant, *state; /* NULL: any */
	const char *template;              /* NAME or NAME@VERSION */
	const char *plan;                  /* the same */
	const char *owner, *billing;
	const char *label;                     /* KEY=VALUE, or KEY for any value */
	const char *after_tenant, *after_name; /* the last page's last row, or NULL */
	int64_t limit;
};
/* By tenant and name. */
int store_container_list(struct store *s, const struct container_filter *filter, store_each *each, void *arg, struct err *e);

/* Addresses. */
/* 1 with its holder's UUID, 0 when it is free, -1 error. */
int store_address_holder(struct store *s, const struct address *address, char holder_out[37], struct err *e);
/* By its first address, where it is a whole prefix. */
int store_address_add(struct store *s, const struct prefix *held, const char *container, struct err *e);
int store_address_remove(struct store *s, const struct address *address, const char *container, struct err *e);
/* In order, given as struct address: those from first to last that are held, or that others than `container` released after
 * `since`. */
int store_address_range(struct store *s, const struct address *first, const struct address *last, const char *container,
                        int64_t since, store_each *each, void *arg, struct err *e);
int store_address_of(struct store *s, const char *container, store_each *each, void *arg, struct err *e);

/* Who holds and held which: the database notes it itself. Given as struct ip_holding, without the pool. */
struct holding_filter {
	const char *tenant, *container;     /* NULL: any */
	const struct address *first, *last; /* those in between, of one family; NULL: all */
	const struct address *after;        /* the last page's last one, or NULL */
	const char *after_network;          /* with its network, or NULL */
	int64_t limit;
};
int store_holding_list(struct store *s, const struct holding_filter *filter, store_each *each, void *arg, struct err *e);
struct history_filter {
	bool has_at; /* only who held it at that time */
	int64_t at;
	int64_t skip, limit;
};
/* The latest first; of the prefixes around it as well. whole: the prefix that it is part of now, by its first address; or itself.
 */
int store_holding_history(struct store *s, const struct address *address, const struct address *whole,
                          const struct history_filter *filter, store_each *each, void *arg, struct err *e);
int store_holding_count(struct store *s, const struct address *first, const struct address *last, int64_t *count_out,
                        struct err *e);
int store_holding_purge(struct store *s, int64_t before, struct err *e);

/* Networks; tenant NULL: the host's. */
int store_network_find(struct store *s, const char *tenant, const char *name, struct network *network_out, struct err *e);
/* The number of the next one, and how many there are. */
int store_network_next(struct store *s, const char *tenant, int64_t *number_out, int64_t *count_out, struct err *e);
/* Containers on it. */
int store_network_used(struct store *s, const char *id, int64_t *used_out, struct err *e);
/* Numbers of the host's that keep tenants apart. */
int store_network_isolated(struct store *s, struct strv *numbers_out, struct err *e);
/* Addresses of them; NULL: the container is on it without one. 1 held, 0 free, -1. */
int store_network_holder(struct store *s, const char *id, const struct address *address, const char *container, char holder_out[37],
                         struct err *e);
int store_network_hold(struct store *s, const char *id, const struct address *address, const char *container, struct err *e);
/* It is on these networks and no other, with those addresses: who holds one already has held it since. */
int store_network_settle(struct store *s, const char *container, const struct nic *nics, size_t n, struct err *e);
int store_network_delete_of(struct store *s, const char *tenant, struct err *e);

/* First answers to requests with an Idempotency-Key, of each actor for himself. */
enum { ANSWER_DIGEST = 32 };
struct answer_row {
	unsigned char digest[ANSWER_DIGEST];
	char operation[37]; /* that was begun; "": none */
	int status;         /* 0: the answer isn't kept */
	char *headers, *body;
};
void store_answer_clear(struct answer_row *row);
/* One of after `since`. 1 found, 0 absent, -1 error; *row_out must be zeroed and is cleared by the caller. */
int store_answer_get(struct store *s, const char *actor, const char *key, int64_t since, struct answer_row *row_out, struct err *e);
int store_answer_add(struct store *s, const char *actor, const char *key, const struct answer_row *row, int64_t now, struct err *e);
int store_answer_fill(struct store *s, const char *actor, const char *key, int64_t status, const char *headers, const char *body,
                      struct err *e);
int store_answer_count(struct store *s, const char *actor, int64_t *count_out, struct err *e);
int store_answer_purge(struct store *s, int64_t before, struct err *e);

/* Webhooks: what they have beside their rows. 1 found, 0 absent, -1 error. */
int store_webhook_set_secret(struct store *s, const char *id, const char *secret, struct err *e);
int store_webhook_secret(struct store *s, const char *id, char *secret_out, size_t size, struct err *e);
int store_webhook_delete_of(struct store *s, const char *tenant, struct err *e);
/* Of a tenant; NULL: of the host. */
int store_webhook_count(struct store *s, const char *tenant, int64_t *count_out, struct err *e);
/* Events after that number. */
int store_webhook_pending(struct store *s, const char *tenant, int64_t position, int64_t *count_out, struct err *e);

/* The audit. The schema itself refuses to change an entry, or to remove one that is to be kept. */
/* For how long, and how many of a tenant's at most. */
int store_audit_keep(struct store *s, int64_t days, int64_t rows, struct err *e);
int store_audit_add(struct store *s, const struct audit_entry *entry, struct err *e);
/* The first one of an operation or a session. 1 found, 0 absent, -1 error; the caller clears it in any case. */
int store_audit_of(struct store *s, const char *operation, struct audit_entry *entry_out, struct err *e);
struct audit_row {
	int64_t seq; /* of a tenant's list its own number */
	struct audit_entry entry;
};
struct audit_filter {
	const char *own;                               /* the tenant whose own part it is, by its own numbers; NULL: all */
	const char *tenant, *actor, *kind, *container; /* NULL: any */
	bool has_since, has_until;
	int64_t since, until;
	int64_t before; /* a sequence number; 0 for the newest page */
	int64_t limit;
};
/* The newest first, given as struct audit_row. */
int store_audit_list(struct store *s, const struct audit_filter *filter, store_each *each, void *arg, struct err *e);
int store_audit_purge(struct store *s, struct err *e);

/* Templates. */
int store_template_get(struct store *s, const char *ref, struct template *template_out, struct err *e);
/* The newest version of that name. */
int store_template_latest(struct store *s, const char *name, struct template *template_out, struct err *e);
/* Sent by the engine: it is there. */
int store_template_put(struct store *s, const struct template *template, struct err *e);
/* A container refers to NAME@VERSION: there is a row, absent if it is new. */
int store_template_mention(struct store *s, const char *ref, struct err *e);
/* Before the engine tells all that it has. */
int store_template_forget(struct store *s, struct err *e);
/* Rows of absent templates that no container uses go. */
int store_template_prune(struct store *s, struct err *e);
int store_template_gone(struct store *s, const char *ref, struct err *e);
int store_template_mark_deleting(struct store *s, const char *ref, bool deleting, struct err *e);
int store_template_users(struct store *s, const char *ref, int64_t *count_out, struct err *e);
/* By name, then version; after_ref is the last page's last NAME@VERSION. */
int store_template_list(struct store *s, const char *name, const char *after_name, const char *after_version, int64_t limit,
                        store_each *each, void *arg, struct err *e);

/* Operations. */
int store_operation_insert(struct store *s, const struct operation *operation, struct err *e);
int store_operation_update(struct store *s, const struct operation *operation, struct err *e);
/* It runs: its request is no longer kept. */
int store_operation_started(struct store *s, const char *id, int64_t now, struct err *e);
int store_operation_keep_request(struct store *s, const char *id, const char *request, struct err *e);
int store_operation_get(struct store *s, const char *id, struct operation *operation_out, struct err *e);
/* The open one on a container. */
int store_operation_open(struct store *s, const char *container, struct operation *operation_out, struct err *e);
/* tenant: of this one alone; NULL: of any. */
int store_operation_seq(struct store *s, const char *id, const char *tenant, int64_t *seq_out, struct err *e);
/* The newest first. before: a sequence number, 0 for the newest page. open: only queued and running ones. */
struct operation_filter {
	const char *state, *container, *kind, *tenant; /* NULL: any */
	bool open;
	int64_t before;
	int64_t limit;
};
struct operation_count {
	const char *kind, *state;
	int64_t count;
};
/* Of all that are kept, given as struct operation_count; tenant NULL: of any. */
int store_operation_states(struct store *s, const char *tenant, store_each *each, void *arg, struct err *e);
int store_operation_list(struct store *s, const struct operation_filter *filter, store_each *each, void *arg, struct err *e);
/* Of a copy: what was open then has ended meanwhile, nobody knows how. */
int store_operation_lose(struct store *s, int64_t now, struct err *e);
/* Ended before that time. */
int store_operation_purge(struct store *s, int64_t before, struct err *e);

/* The host's boot that brought its containers up. 1 found, 0 absent, -1 error. */
enum { BOOT_ID_SIZE = 64 };
int store_host_boot(struct store *s, char boot_id_out[BOOT_ID_SIZE], struct err *e);
int store_host_set_boot(struct store *s, const char *boot_id, struct err *e);

/* Usage. Each container's number has a meter; a container that is gone keeps its last one. */
struct meter_row {
	int64_t id;
	bool gone; /* the container is no more, since: */
	int64_t until;
	char container[37];
};
/* 1 found, 0 absent, -1 error. */
int store_meter_get(struct store *s, int64_t ctid, struct meter_row *meter_out, struct err *e);
/* The last reading that is in the sums. 1 found, 0 absent, -1 error. */
struct reading_row {
	char generation[37];
	int64_t time;
	struct sample sample;
};
int store_reading_get(struct store *s, int64_t ctid, struct reading_row *reading_out, struct err *e);
int store_reading_put(struct store *s, const struct reading_row *reading, struct err *e);
/* To the period of each level that holds the moment. */
int store_usage_add(struct store *s, int64_t meter, int64_t time, const struct usage_sums *sums, struct err *e);
/* At most `limit` rows a level that began before; *purged_out is their number. */
int store_usage_purge(struct store *s, const int64_t before[USAGE_LEVELS], int64_t limit, int64_t *purged_out, struct err *e);
/* Meters that ended before, and of which no later month tells; readings of containers that have been gone for a day. */
int store_meter_prune(struct store *s, int64_t before, struct err *e);
enum usage_group { USAGE_BY_CONTAINER, USAGE_BY_TENANT, USAGE_BY_PLAN };
struct usage_filter {
	const char *tenant, *container, *plan; /* NULL: any; a plan by NAME or NAME@VERSION */
	enum usage_group group;
	enum usage_level level;
	bool whole; /* one row for all periods together */
	int64_t from, until;
	int64_t skip, limit;
};
/* How many meters it goes through. */
int store_usage_meters(struct store *s, const struct usage_filter *filter, int64_t *count_out, struct err *e);
/* By time, then tenant, name or plan; given as struct usage, derived. */
int store_usage_list(struct store *s, const struct usage_filter *filter, store_each *each, void *arg, struct err *e);

/* Allowances of traffic: what there is to judge by. */
struct allowance_row {
	char container[37];
	int64_t bytes; /* -1: none */
	char at_80[9], at_100[9];
	char suspended_by[64]; /* "": it isn't */
	bool throttled;
	int64_t month, share; /* what has happened already, and in which month; 0 */
	int64_t used;         /* bytes of this month */
};
int store_allowance_list(struct store *s, int64_t month, store_each *each, void *arg, struct err *e);
int store_allowance_put(struct store *s, const char *container, int64_t month, int64_t share, struct err *e);

/* Events. */
struct event_row {
	int64_t seq;
	int64_t time;
	const char *type;
	const char *container, *tenant, *name, *operation; /* or NULL */
	const char *data;                                  /* JSON object, or NULL */
};
int store_event_add(struct store *s, const struct event_row *event, int64_t keep, struct err *e);
/* With a tenant its own numbers stand for seq, here and in what is given. */
struct event_filter {
	const char *container, *tenant; /* NULL: any */
};
/* Those of tenants that are gone: among the newest `keep` alone. */
int store_event_purge(struct store *s, int64_t keep, struct err *e);
int store_event_list(struct store *s, const struct event_filter *filter, int64_t after, int64_t limit, store_each *each, void *arg,
                     struct err *e);
/* After which the newest `count` events lie. */
int store_event_before(struct store *s, const struct event_filter *filter, int64_t count, int64_t *seq_out, struct err *e);
/* The oldest that is still kept; 1 when there is none. */
int store_event_first(struct store *s, const struct event_filter *filter, int64_t *seq_out, struct err *e);

#endif
