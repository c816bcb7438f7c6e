/* What containers used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/model/container.h"
#include "schema/check.h"

/* Rows that one answer may be made from: some hundred milliseconds, in which nobody else is answered. */
enum { USAGE_LOOKUPS_MAX = 100000 };

static const char *const usage_groups[] = {
	[USAGE_BY_CONTAINER] = "container", [USAGE_BY_TENANT] = "tenant", [USAGE_BY_PLAN] = "plan"
};

static bool
usage_has(const struct call *c, const char *name)
{
	return record_has(c->op->query, &c->query, name);
}

/* The longest period at whose beginnings both ends lie. */
static enum usage_level
usage_level_fitting(int64_t from, int64_t until, bool open)
{
	for (int i = USAGE_MONTH; i > USAGE_MINUTE; i--) {
		enum usage_level level = (enum usage_level)i;

		if (usage_start(level, from) == from && (open || usage_start(level, until) == until))
			return level;
	}
	return USAGE_MINUTE;
}

/* Where a time that isn't given begins: what people look at by such periods. */
static int64_t
usage_default_from(enum usage_level level, bool whole, int64_t now)
{
	if (whole || level == USAGE_DAY)
		return usage_start(USAGE_MONTH, now);
	if (level == USAGE_MINUTE)
		return now - 3600;
	if (level == USAGE_HOUR)
		return now - 86400;
	return now - 365LL * 86400;
}

static int
usage_take_time(struct call *c, struct usage_filter *filter)
{
	int64_t now = model_now();
	bool open = !usage_has(c, "to") || c->query.to >= now;

	filter->whole = !usage_has(c, "by");
	if (!filter->whole)
		usage_level_of_name(c->query.by, &filter->level);
	filter->from = usage_has(c, "from") ? c->query.from : usage_default_from(filter->level, filter->whole, now);
	filter->until = open ? now + 1 : c->query.to;
	if (filter->from >= filter->until)
		return err_param(&c->err, "from", "must lie before %s", open ? "now" : "to");
	if (filter->whole)
		filter->level = usage_level_fitting(filter->from, filter->until, open);
	filter->from = usage_start(filter->level, filter->from);
	filter->until = usage_next(filter->level, filter->until - 1);
	return 0;
}

/* Each period is looked up for each container. */
static int
usage_check_size(struct call *c, const struct usage_filter *filter)
{
	static const int64_t seconds[USAGE_LEVELS] = { 60, 3600, 86400, 28LL * 86400 };
	int64_t meters, periods = (filter->until - filter->from) / seconds[filter->level] + 1;

	if (store_usage_meters(c->api->model.store, filter, &meters, &c->err) < 0)
		return -1;
	if (periods <= USAGE_LOOKUPS_MAX / (meters + 1))
		return 0;
	return err_param(
	        &c->err, usage_has(c, "by") ? "by" : "from",
	        "would add up %lld periods (each a %s) of %lld containers: choose a longer period, a shorter time or fewer "
	        "containers",
	        (long long)periods, usage_level_name(filter->level), (long long)meters);
}

static int
usage_add_item(void *arg, const void *record)
{
	struct page *page = arg;
	struct json_object *json;

	if (page_is_full(page))
		return 1;
	json = record_to_json(&usage_schema, record, false);
	if (page_add(page, json, "%lld", strtoll(page->last, NULL, 10) + 1) < 0)
		return -1;
	return reply_select(page->c, json);
}

/* The cursor counts. */
static int
usage_read(struct call *c, struct usage_filter *filter, const char *after, struct page *page)
{
	const char *why;

	filter->limit = page->left + 1;
	if (after[0] && (field_parse_int(after, &filter->skip, &why) < 0 || filter->skip < 0))
		return err_param(&c->err, "cursor", "is none that this server gave");
	snprintf(page->last, sizeof page->last, "%s", after);
	if (usage_take_time(c, filter) < 0 || usage_check_size(c, filter) < 0)
		return -1;
	return store_usage_list(c->api->model.store, filter, usage_add_item, page, &c->err);
}

static int
usage_read_container(struct call *c, char *after, struct page *page)
{
	struct usage_filter filter = { .group = USAGE_BY_CONTAINER };
	struct container_view view = { 0 };
	int rc = container_find(&c->api->model, &c->who, c->arg, &view, &c->err);

	filter.container = view.config.id;
	if (rc == 0)
		rc = usage_read(c, &filter, after, page);
	record_clear(&container_view_schema, &view);
	return rc;
}

struct answered
usage_handle_container(struct call *c)
{
	return handler_list(c, usage_read_container);
}

static int
usage_read_all(struct call *c, char *after, struct page *page)
{
	struct usage_filter filter = { .group = USAGE_BY_CONTAINER, .plan = c->query.plan };
	char container[UUID_SIZE];

	if (c->query.tenant && !who_sees(&c->who, c->query.tenant))
		return 0;
	if (handler_filter_container(c, container) < 0)
		return -1;
	filter.container = container[0] ? container : NULL;
	filter.tenant = c->who.tenant[0] ? c->who.tenant : c->query.tenant;
	for (size_t i = 0; c->query.group && i < sizeof usage_groups / sizeof *usage_groups; i++)
		if (strcmp(usage_groups[i], c->query.group) == 0)
			filter.group = (enum usage_group)i;
	return usage_read(c, &filter, after, page);
}

struct answered
usage_handle_list(struct call *c)
{
	return handler_list(c, usage_read_all);
}
