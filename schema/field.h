/*
 * One table describes a resource's or message's fields. JSON bodies, the engine's wire format, `key=value` words of the
 * client, help and the reference all come from the same rows.
 *
 * A described C structure ("record") begins with `struct field_set set`, which says of each row whether the field was given. Its
 * other members:
 *   FIELD_BOOL, FIELD_INT, FIELD_SIZE, FIELD_MILLI, FIELD_TIME   int64_t
 *   FIELD_STRING                                                 char * (owned, NUL-terminated, opaque bytes else)
 *   FIELD_LIST                                                   struct strv (owned)
 *   FIELD_OBJECT                                                 the sub-schema's structure, embedded
 */
#ifndef BERTH_FIELD_H
#define BERTH_FIELD_H

#include <json-c/json_types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/util/buf.h"
#include "daemon/util/err.h"
#include "daemon/util/strv.h"

enum field_type {
	FIELD_BOOL,
	FIELD_INT,
	FIELD_SIZE,  /* bytes; text may carry K, M, G, T (powers of 1024) */
	FIELD_MILLI, /* thousandths; JSON and text show a decimal: 1500 is 1.5 */
	FIELD_TIME,  /* seconds since the epoch, shown as RFC 3339 in UTC */
	FIELD_STRING,
	FIELD_LIST, /* of strings */
	FIELD_OBJECT
};

enum field_flag {
	FIELD_REQUIRED = 1 << 0,
	FIELD_CREATE = 1 << 1,     /* may be given when the object is made */
	FIELD_PATCH = 1 << 2,      /* may be changed afterwards */
	FIELD_LIVE = 1 << 3,       /* a change takes effect on a running container at once */
	FIELD_SECRET = 1 << 4,     /* never stored, logged, journalled or echoed */
	FIELD_READONLY = 1 << 5,   /* the daemon's own: shown, never taken */
	FIELD_INTERNAL = 1 << 6,   /* between daemon processes alone: neither taken nor shown */
	FIELD_NO_PRESET = 1 << 7,  /* a number that means something of its own when it isn't given */
	FIELD_NULLABLE = 1 << 8,   /* a number that null, or the text "none", takes away: it is FIELD_NULL until it is merged */
	FIELD_OPERATOR = 1 << 9,   /* set by the host's roles alone */
	FIELD_HOST = 1 << 10,      /* shown to the host's roles alone */
	FIELD_TRANSIENT = 1 << 11, /* given with a request, never kept */
	FIELD_FLAT = 1 << 12       /* an object whose fields are shown beside it, at its own level */
};

#define FIELD_NULL INT64_MIN

/* As many rows as the wire's one-byte index tells apart. */
enum { FIELDS_MAX = 256 };

struct field_set {
	uint64_t words[FIELDS_MAX / 64]; /* row i is bit i % 64 of word i / 64 */
};

/* Returns NULL when the text is right, else what is wrong with it ("is no DNS label…"), as a static string. */
typedef const char *field_check(const char *text);

/* The same for item i of a list, which may depend on the others; `why` names it, and its word. */
typedef bool field_explain(const struct strv *list, size_t i, char *why, size_t size);

struct schema;

struct field {
	const char *name;
	enum field_type type;
	unsigned int flags;
	size_t offset;
	int64_t min; /* numbers: the value; strings: the length; lists: the count */
	int64_t max;
	int64_t preset;     /* default of numbers, applied by record_apply_presets() */
	field_check *check; /* strings, and each item of a list */
	const struct schema *object;
	const char *help;
	field_explain *explain; /* lists, in place of `check` */
};

struct schema {
	const char *name;
	size_t size;
	const struct field *fields; /* ends with a row without a name; at most FIELDS_MAX */
};

/* The row of that name and its index, or NULL. index_out may be NULL. */
const struct field *field_find(const struct schema *schema, const char *name, size_t *index_out);

/* Whether row i of the record's schema was given. */
static inline bool
record_has_row(const void *record, size_t i)
{
	const struct field_set *set = record;

	return set->words[i / 64] >> i % 64 & 1;
}

static inline void
record_mark_row(void *record, size_t i, bool given)
{
	uint64_t *word = &((struct field_set *)record)->words[i / 64], bit = (uint64_t)1 << i % 64;

	*word = given ? *word | bit : *word & ~bit;
}

/* How many fields were given. */
size_t record_count(const void *record);
bool record_is_empty(const void *record);

/* By name, for code that isn't hot. A name that isn't in the schema is a programming error and aborts. */
bool record_has(const struct schema *schema, const void *record, const char *name);
void record_mark(const struct schema *schema, void *record, const char *name, bool given);

/* The typed places of a row in a record. */
int64_t *field_int(const struct field *field, const void *record);
char **field_string(const struct field *field, const void *record);
struct strv *field_list(const struct field *field, const void *record);
void *field_object(const struct field *field, const void *record);

/* Whether both records have the same in that row, given or not. */
bool field_equal(const struct field *field, const void *a, const void *b);
/* Bytes by the greatest unit that holds them exactly, as they may be given: "5G". Returns buf. */
const char *field_size_text(int64_t bytes, char *buf, size_t size);

/* Frees what the record owns and zeroes it; secrets are wiped. */
void record_clear(const struct schema *schema, void *record);
/* *to must be zeroed or cleared. false when out of memory. */
bool record_copy(const struct schema *schema, void *to, const void *from);
/* Replaces in *to each field given in *from; FIELD_NULL takes it away. */
bool record_merge(const struct schema *schema, void *to, const void *from);
/* Gives each number that isn't given its preset. */
void record_apply_presets(const struct schema *schema, void *record);

/*
 * Checks every given field against its row, and that each FIELD_REQUIRED one is given (when required). All wrong fields
 * are reported together by err_param().
 */
int record_check(const struct schema *schema, const void *record, bool required, struct err *e);
/* One field; -1 after adding to e. */
int field_check_value(const struct field *field, const void *record, struct err *e);

/*
 * JSON: takes fields with any flag of `accept` (FIELD_CREATE, FIELD_PATCH, or 0 for all but READONLY and INTERNAL).
 * Unknown keys, wrong types and out-of-range values are all reported together. *record must be zeroed; on error the
 * caller still clears it.
 */
int record_from_json(const struct schema *schema, struct json_object *json, unsigned int accept, void *record, struct err *e);
/* The given fields, without SECRET and INTERNAL ones unless `internal` (root-only files; secrets stay out always). NULL when out of
 * memory. */
struct json_object *record_to_json(const struct schema *schema, const void *record, bool internal);
/* Like record_from_json() for files that Berth wrote itself: every field but secrets is taken. */
int record_from_file_json(const struct schema *schema, struct json_object *json, void *record, struct err *e);

/* Text, as `key=value` words and options carry it. Lists: one item is appended per call. */
int record_set_text(const struct schema *schema, void *record, const char *name, const char *text, struct err *e);

/*
 * Wire: a given field is u8 index, u32 little-endian length, payload; numbers are 8 bytes little-endian, a list is a row
 * of u32 length and bytes, an object is a nested record. Decoding trusts nothing: indexes strictly ascend, lengths are
 * checked, strings hold no NUL, each field is checked against its row.
 */
void record_encode(const struct schema *schema, const void *record, struct buf *out);
int record_decode(const struct schema *schema, const void *data, size_t len, void *record, struct err *e);

/* Numbers as people write them. size: "1.5G", "512M", "1048576"; milli: "1.5". -1 with a reason in *why. */
int field_parse_size(const char *text, int64_t *bytes_out, const char **why);
int field_parse_milli(const char *text, int64_t *milli_out, const char **why);
int field_parse_int(const char *text, int64_t *value_out, const char **why);
/* "2026-11-24T10:30:00Z", "2026-11-24" (its beginning, in UTC), or seconds since the epoch. */
int field_parse_time(const char *text, int64_t *seconds_out, const char **why);
int field_parse_bool(const char *text, int64_t *value_out, const char **why);

/* Rows. S is the structure, M the member, which is also the field's name. */
#define FIELD_ROW_(S, M, TYPE, FLAGS, MIN, MAX, PRESET, CHECK, OBJECT, HELP)                                                       \
	{                                                                                                                          \
#M, TYPE, FLAGS, offsetof(struct S, M), MIN, MAX, PRESET, CHECK, OBJECT, HELP, NULL                                \
	}
#define BOOL_FIELD(S, M, FLAGS, PRESET, HELP) FIELD_ROW_(S, M, FIELD_BOOL, FLAGS, 0, 1, PRESET, NULL, NULL, HELP)
#define INT_FIELD(S, M, FLAGS, MIN, MAX, PRESET, HELP) FIELD_ROW_(S, M, FIELD_INT, FLAGS, MIN, MAX, PRESET, NULL, NULL, HELP)
#define SIZE_FIELD(S, M, FLAGS, MIN, MAX, PRESET, HELP) FIELD_ROW_(S, M, FIELD_SIZE, FLAGS, MIN, MAX, PRESET, NULL, NULL, HELP)
#define MILLI_FIELD(S, M, FLAGS, MIN, MAX, PRESET, HELP) FIELD_ROW_(S, M, FIELD_MILLI, FLAGS, MIN, MAX, PRESET, NULL, NULL, HELP)
#define TIME_FIELD(S, M, FLAGS, HELP) FIELD_ROW_(S, M, FIELD_TIME, FLAGS, 0, INT64_MAX, 0, NULL, NULL, HELP)
#define STRING_FIELD(S, M, FLAGS, MAX, CHECK, HELP) FIELD_ROW_(S, M, FIELD_STRING, FLAGS, 0, MAX, 0, CHECK, NULL, HELP)
#define LIST_FIELD(S, M, FLAGS, MAX, CHECK, HELP) FIELD_ROW_(S, M, FIELD_LIST, FLAGS, 0, MAX, 0, CHECK, NULL, HELP)
#define LINES_FIELD(S, M, FLAGS, MAX, EXPLAIN, HELP)                                                                               \
	{                                                                                                                          \
#M, FIELD_LIST, FLAGS, offsetof(struct S, M), 0, MAX, 0, NULL, NULL, HELP, EXPLAIN                                 \
	}
#define OBJECT_FIELD(S, M, FLAGS, SCHEMA, HELP) FIELD_ROW_(S, M, FIELD_OBJECT, FLAGS, 0, 0, 0, NULL, SCHEMA, HELP)
#define END_FIELDS                                                                                                                 \
	{                                                                                                                          \
		.name = NULL                                                                                                       \
	}

#endif
