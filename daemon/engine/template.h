/* Templates: TEMPLATES_DIR/NAME/VERSION/{rootfs/,meta}, never changed once they are there. */
#ifndef BERTH_TEMPLATE_H
#define BERTH_TEMPLATE_H

#include "daemon/engine/job.h"

/* Finishes what builds and deletions that were killed left behind. */
void template_sweep(const struct settings *s);

/*
 * template_recipe.c: RECIPES_DIR/NAME, the operator's code: refused unless root owns it all and nobody else can write to it.
 * Fills in what the file `recipe` says; the caller clears *template_out, also on error.
 */
int template_recipe_open(const struct settings *s, const char *name, struct template *template_out, int *fd_out, struct err *e);

/*
 * template_sandbox.c: runs `build` of the recipe with the target directory as argument, in mount and process namespaces that end
 * with it; `tmp` is its TMPDIR. Progress goes to the job's channel, and the end of its errors to e. ERR_CANCELLED, ERR_TIMEOUT.
 */
int template_sandbox_run(struct job *job, int recipe_fd, const char *target, const char *tmp, struct err *e);

#endif
