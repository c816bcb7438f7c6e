/* machined's list of what runs on this host. Nothing depends on it. */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>

#include "daemon/engine/unit_bus.h"
#include "daemon/util/log.h"

enum { MACHINE_CALL_US = 5 * 1000000 };

#define MACHINED "org.freedesktop.machine1"
#define MACHINE_PATH "/org/freedesktop/machine1"
#define MACHINE_MANAGER "org.freedesktop.machine1.Manager"

static int
machine_send(sd_bus *bus, sd_bus_message *m, sd_bus_error *error)
{
	int rc = sd_bus_call(bus, m, MACHINE_CALL_US, error, NULL);

	sd_bus_message_unref(m);
	return rc;
}

static int
machine_forget(sd_bus *bus, const char *name)
{
	sd_bus_message *m = NULL;
	int rc = sd_bus_message_new_method_call(bus, &m, MACHINED, MACHINE_PATH, MACHINE_MANAGER, "UnregisterMachine");

	if (rc >= 0)
		rc = sd_bus_message_append(m, "s", name);
	/* At a container's end machined needn't be started for it. */
	if (rc >= 0)
		rc = sd_bus_message_set_auto_start(m, 0);
	if (rc >= 0)
		return machine_send(bus, m, NULL);
	sd_bus_message_unref(m);
	return rc;
}

static int
machine_add(sd_bus *bus, const struct unit_machine *machine, sd_bus_error *error)
{
	int32_t ifindex = (int32_t)if_nametoindex(machine->veth);
	sd_bus_message *m = NULL;
	sd_id128_t id;
	int rc = sd_id128_from_string(machine->uuid, &id);

	if (rc >= 0)
		rc = sd_bus_message_new_method_call(bus, &m, MACHINED, MACHINE_PATH, MACHINE_MANAGER, "RegisterMachineWithNetwork");
	if (rc >= 0)
		rc = sd_bus_message_append(m, "s", machine->name);
	if (rc >= 0)
		rc = sd_bus_message_append_array(m, 'y', &id, sizeof id);
	if (rc >= 0)
		rc = sd_bus_message_append(m, "ssus", "berth", "container", (uint32_t)machine->leader, "");
	if (rc >= 0)
		rc = sd_bus_message_append_array(m, 'i', &ifindex, ifindex > 0 ? sizeof ifindex : 0);
	if (rc >= 0)
		return machine_send(bus, m, error);
	sd_bus_message_unref(m);
	return rc;
}

static bool
machine_has_ended(const struct unit_machine *machine)
{
	struct pollfd p = { .fd = machine->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

void
unit_machine_register(const struct unit_machine *machine)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus = NULL;
	int rc = sd_bus_open_system(&bus);

	/* After a reboot from inside the last life's entry is still there, with another leader. */
	if (rc >= 0) {
		machine_forget(bus, machine->name);
		rc = machine_add(bus, machine, &error);
	}
	if (rc < 0)
		log_info("machined doesn't list %s: %s", machine->name, error.message ? error.message : strerror(-rc));
	/* Its number may be another's by now. */
	else if (machine_has_ended(machine))
		machine_forget(bus, machine->name);
	sd_bus_error_free(&error);
	sd_bus_flush_close_unref(bus);
}

void
unit_machine_unregister(const char *name)
{
	sd_bus *bus = NULL;

	if (sd_bus_open_system(&bus) >= 0)
		machine_forget(bus, name);
	sd_bus_flush_close_unref(bus);
}
