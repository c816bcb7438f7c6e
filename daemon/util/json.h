/* Making JSON, a member a line. Each does nothing on NULL, as what is out of memory is; a key must be new and stay valid for as
 * long as the object. */
#ifndef BERTH_JSON_H
#define BERTH_JSON_H

#include <json-c/json_types.h>
#include <stdbool.h>
#include <stdint.h>

void json_put(struct json_object *json, const char *name, struct json_object *value); /* taken over */
void json_put_text(struct json_object *json, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void json_put_int(struct json_object *json, const char *name, int64_t value);
void json_put_bool(struct json_object *json, const char *name, bool value);
/* The new member, which belongs to json. */
struct json_object *json_put_object(struct json_object *json, const char *name);
struct json_object *json_put_list(struct json_object *json, const char *name);
/* To the end of a list. */
void json_append_text(struct json_object *list, const char *text);
struct json_object *json_append_object(struct json_object *list);

#endif
