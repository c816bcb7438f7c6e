/* Where webhooks may go: to public addresses, and where the operator says so by name. */
#ifndef BERTH_HOOK_ADDRESS_H
#define BERTH_HOOK_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/util/prefix.h"
#include "schema/settings.h"

/*
 * NULL, or why not. own: the host's addresses. host: for a webhook of the host's own. The most specific prefix counts; of one that
 * allows and one that refuses with the same length the one that allows.
 */
const char *hook_address_refuse(const struct settings *settings, bool host, const struct address *own, size_t nown,
                                const struct address *address);

#endif
