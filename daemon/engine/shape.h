/*
 * How fast a container's interfaces to the outside are: the routed one, and those on bridges of the host; what passes between a
 * tenant's own containers on a private network isn't limited. Each interface has the whole rate.
 */
#ifndef BERTH_SHAPE_H
#define BERTH_SHAPE_H

#include "schema/spec.h"

/* Makes the rates of the interfaces that are there those of spec->config. */
int shape_apply(const struct spec *spec, struct err *e);
/* The same for interfaces that have just been made: nothing of them is limited yet. */
int shape_attach(const struct spec *spec, struct err *e);
/* Takes away what lies beside the interfaces themselves, which the kernel removes with the container. Absent is success. */
int shape_remove(const struct spec *spec, struct err *e);
/* The same of the whole instance. */
int shape_sweep(const char *instance, struct err *e);
/*
 * What lies beside interfaces that are gone, named in *names_out; NULL: nobody asks. With remove it goes. A stopped container may
 * have some: the next start uses it. Nothing while another process makes some, whatever it waits for.
 */
int shape_sweep_idle(const struct settings *s, bool remove, struct strv *names_out, struct err *e);
/* Whether something of the number's is there. */
bool shape_is_left(const struct settings *s, int64_t ctid);

#endif
