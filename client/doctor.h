#ifndef BERTH_CLIENT_DOCTOR_H
#define BERTH_CLIENT_DOCTOR_H

#include "client/client.h"

int doctor_show(struct client *c, const struct args *args, struct err *e);

extern const struct opt doctor_opts[];

#endif
