/* A container's configuration from words: the options of create, the key=value of set. */
#ifndef BERTH_CHOICE_H
#define BERTH_CHOICE_H

#include "client/args.h"
#include "client/client.h"
#include "schema/container.h"

struct json_object;

/*
 * Puts one value into the record, checked against its row. `shown` is how the user wrote it ("--memory", "memory"); what is
 * wrong is collected in *e, each named so. Lists are appended to. Returns -1 when it is wrong.
 */
int choice_set(const struct schema *schema, void *record, const struct field *field, const char *shown, const char *value,
               struct err *e);
/* A word KEY=VALUE taken apart: a new text, in which '-' has become '_'; *value_out lies in it, NULL where there is no '='. */
char *choice_split(const char *word, const char **value_out);
/* The same for what may be changed; a list is replaced by VALUE,VALUE. */
int choice_set_key(const struct schema *schema, void *record, const char *key, const char *value, struct err *e);
/* Each option that was made from one of the schema's fields. */
int choice_take_options(const struct schema *schema, void *record, const struct args *args, struct err *e);

/* The lines of a file of public keys, without comments and empty ones. */
int choice_add_keys(struct container_config *config, const char *shown, const char *path, struct err *e);

/* A password: asked for twice without echo on a terminal, else the first line of standard input. */
int choice_read_password(struct container_config *config, struct err *e);

/* The body for the daemon, with the password where there is one; NULL when out of memory. */
struct json_object *choice_to_json(const struct container_config *config);

#endif
