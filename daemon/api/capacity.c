#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/model/capacity.h"
#include "daemon/util/json.h"

static int
capacity_add_addresses(void *arg, const void *record)
{
	struct json_object *json = record_to_json(&capacity_addresses_schema, record, false);

	return json ? json_object_array_add(arg, json) : -1;
}

static struct json_object *
capacity_json(struct model *m, struct capacity *capacity, struct err *e)
{
	struct json_object *json = NULL;

	if (capacity_add_promised(m, capacity, e) < 0)
		return NULL;
	json = record_to_json(&capacity_schema, capacity, false);
	if (json && capacity_list_addresses(m, capacity_add_addresses, json_put_list(json, "addresses"), e) == 0)
		return json;
	json_object_put(json);
	if (!err_is_set(e))
		err_set(e, ERR_INTERNAL, "out of memory");
	return NULL;
}

/* The host's half is the engine's word. */
static struct json_object *
capacity_finish(struct api *api, const char *result, struct err *e)
{
	struct json_object *there = json_tokener_parse(result), *json = NULL;
	struct capacity capacity = { 0 };

	if (!there)
		err_set(e, ERR_INTERNAL, "the engine's answer is no JSON");
	else if (record_from_file_json(&capacity_schema, there, &capacity, e) == 0)
		json = capacity_json(&api->model, &capacity, e);
	json_object_put(there);
	record_clear(&capacity_schema, &capacity);
	return json;
}

struct answered
capacity_handle_show(struct call *c)
{
	struct request request = { 0 };
	struct answered answered;

	answered = handler_name_request(&request) ? link_query_then(c, REQUEST_CAPACITY, &request, capacity_finish)
	                                          : reply_out_of_memory(c);
	record_clear(&request_schema, &request);
	return answered;
}
