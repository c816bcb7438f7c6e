/* Templates: TEMPLATES_DIR/NAME/VERSION/{rootfs/,meta}, never changed once they are there. */
#ifndef BERTH_TEMPLATE_H
#define BERTH_TEMPLATE_H

#include "schema/spec.h"

/* Removes what builds and deletions that were killed left behind. */
void template_sweep(const struct settings *s);

#endif
