/* The templates that containers are made from. */
#ifndef BERTH_MODEL_TEMPLATE_H
#define BERTH_MODEL_TEMPLATE_H

#include "daemon/model/model.h"

/* NAME or NAME@VERSION to NAME@VERSION, the newest where none is named. ERR_INVALID on `field`. *ref_out: for the caller to free.
 */
int template_resolve(struct model *m, const char *field, const char *text, char **ref_out, struct err *e);
/* By {id} of a path; ERR_NOT_FOUND. The caller clears *template_out. */
int template_find(struct model *m, const char *text, struct template *template_out, struct err *e);

#endif
