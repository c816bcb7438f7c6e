/*
 * The host comes and goes: containers that belong up start in their order, a few at a time, and stop in the reverse order within a
 * bounded time. One such pass at a time, an operation of its own that asks for one operation a container. A pass up is due when
 * the daemon starts for the first time since the host booted; what is wanted of the containers isn't changed by either.
 */
#ifndef BERTH_API_BOOT_H
#define BERTH_API_BOOT_H

#include "daemon/api/route.h"
#include "schema/protocol.h"

struct api;
struct boot;

struct boot *boot_new(struct api *api);
void boot_free(struct boot *boot);

/* After the handshake: begins the pass up when it is due. */
int boot_begin_due(struct boot *boot, struct err *e);
/* An operation has ended; one of the pass's own lets the next begin. */
void boot_ended(struct boot *boot, const struct done *done);
/* The pass with that operation begins nothing more. false: it is none of ours. */
bool boot_cancel(struct boot *boot, const char *operation);
/* ERR_UNAVAILABLE once the host is going down. */
int boot_check_start(const struct boot *boot, struct err *e);

/* Handlers. */
struct answered boot_handle(struct call *c);

#endif
