#include "daemon/model/template.h"

#include <stdio.h>
#include <string.h>

#include "daemon/util/fd.h"
#include "schema/check.h"

static int
template_lookup(struct model *m, const char *text, struct template *template_out, struct err *e)
{
	if (check_template(text))
		return 0;
	return strchr(text, '@') ? store_template_get(m->store, text, template_out, e)
	                         : store_template_latest(m->store, text, template_out, e);
}

int
template_resolve(struct model *m, const char *field, const char *text, char **ref_out, struct err *e)
{
	struct template template = { 0 };
	char *ref = NULL;
	int rc = template_lookup(m, text, &template, e);

	if (rc == 1 && asprintf(&ref, "%s@%s", template.name, template.version) < 0)
		rc = err_set(e, ERR_INTERNAL, "out of memory");
	record_clear(&template_schema, &template);
	if (rc == 0)
		return err_param(e, field, "there is no template '%s': see 'berth template list', or build it", text);
	if (rc < 0)
		return -1;
	*ref_out = ref;
	return 0;
}

int
template_find(struct model *m, const char *text, struct template *template_out, struct err *e)
{
	int rc = template_lookup(m, text, template_out, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "There is no template '%s'", text);
	return rc < 0 ? -1 : 0;
}
