#include "daemon/engine/doctor.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DOCTOR_ADD = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY };

static const char *const doctor_severities[DOCTOR_SEVERITY_COUNT] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_NOTE] = "note",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_PROBLEM] = "problem",
};

void
doctor_tell(struct doctor *d, const char *check, enum doctor_severity severity, enum doctor_mend mend, const char *remedy,
            const char *fmt, ...)
{
	struct json_object *item = json_object_new_object();
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	json_object_object_add_ex(item, "severity", json_object_new_string(doctor_severities[severity]), DOCTOR_ADD);
	json_object_object_add_ex(item, "check", json_object_new_string(check), DOCTOR_ADD);
	json_object_object_add_ex(item, "text", json_object_new_string(text), DOCTOR_ADD);
	if (remedy && mend != DOCTOR_FIXED)
		json_object_object_add_ex(item, "remedy", json_object_new_string(remedy), DOCTOR_ADD);
	json_object_object_add_ex(item, "fixable", json_object_new_boolean(mend == DOCTOR_CAN_FIX), DOCTOR_ADD);
	json_object_object_add_ex(item, "fixed", json_object_new_boolean(mend == DOCTOR_FIXED), DOCTOR_ADD);
	json_object_array_add(d->items, item);
}

int
doctor_run(struct job *job, struct err *e)
{
	struct doctor d = { .job = job, .items = json_object_new_array(), .fix = job->request.fix };
	struct json_object *json = json_object_new_object();
	const char *text;

	json_object_object_add(json, "items", d.items);
	doctor_check_host(&d);
	doctor_check_leaks(&d);
	text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	job->result = text ? strdup(text) : NULL;
	json_object_put(json);
	return job->result ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}
