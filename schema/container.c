#include "schema/container.h"

#include <string.h>

#include "schema/check.h"
#include "schema/forward.h"
#include "schema/network.h"

#define C container_config
#define MAKE FIELD_CREATE
#define OPS FIELD_OPERATOR
#define SEEN FIELD_READONLY
#define HOST (FIELD_READONLY | FIELD_HOST)
#define MAKE_LIVE (FIELD_CREATE | FIELD_PATCH | FIELD_LIVE)

#define KIB 1024LL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

static const struct field container_config_fields[] = {
	STRING_FIELD(C, id, MAKE | OPS, 36, check_uuid, "UUID; chosen by the daemon when left out."),
	STRING_FIELD(C, name, MAKE | FIELD_REQUIRED, 40, check_name, "Name, unique in the tenant."),
	STRING_FIELD(C, tenant, MAKE, 40, check_name, "Tenant that owns it; 'default' when left out."),
	STRING_FIELD(C, template, MAKE | FIELD_REQUIRED, 80, check_template, "What it is made from."),
	STRING_FIELD(C, hostname, MAKE_LIVE, 64, check_hostname, "Host name inside; the container's name when left out."),
	SIZE_FIELD(C, memory, MAKE_LIVE, 16 * MIB, 64 * TIB, 512 * MIB, "Memory limit in bytes."),
	SIZE_FIELD(C, swap, MAKE_LIVE | OPS, 0, 64 * TIB, 0, "Swap limit in bytes, beside the memory."),
	MILLI_FIELD(C, cpus, MAKE_LIVE, 10, 4096000, 1000, "CPU limit as a number of CPUs, such as 1.5."),
	INT_FIELD(C, cpu_weight, MAKE_LIVE | OPS, 1, 10000, 100, "Share of CPU when the host is busy; 100 is usual."),
	INT_FIELD(C, pids, MAKE_LIVE, 16, 4194304, 512, "Limit of processes and threads."),
	SIZE_FIELD(C, disk, MAKE_LIVE, 16 * MIB, 4096 * TIB, 10 * GIB, "Disk space limit in bytes."),
	INT_FIELD(C, io_weight, MAKE_LIVE | OPS, 1, 10000, 100, "Share of disk bandwidth when the disk is busy; 100 is usual."),
	SIZE_FIELD(C, io_read, MAKE_LIVE | OPS, 0, TIB, 0, "Disk read limit in bytes a second; 0 is none."),
	SIZE_FIELD(C, io_write, MAKE_LIVE | OPS, 0, TIB, 0, "Disk write limit in bytes a second; 0 is none."),
	LIST_FIELD(C, ip, MAKE_LIVE, 16, check_address_or_auto,
	           "Addresses: numeric ones, auto (one of each family), auto4, auto6, or a pool's name for one of it; auto when "
	           "left out."),
	LIST_FIELD(C, dns, MAKE_LIVE, 3, check_address, "Name servers; the host's own when left out."),
	LIST_FIELD(C, ssh_keys, MAKE_LIVE, 32, check_ssh_key, "Public keys that may log in as root by SSH."),
	BOOL_FIELD(C, onboot, MAKE_LIVE | FIELD_NO_PRESET | FIELD_NULLABLE, 0,
	           "Start it when the host boots; when left out it is as it was before the boot."),
	INT_FIELD(C, boot_priority, MAKE_LIVE | OPS, 0, 1000, 0, "When the host boots the highest starts first; it stops last."),
	INT_FIELD(C, boot_delay, MAKE_LIVE | OPS, 0, 3600, 0,
	          "Seconds that the next one waits after its start when the host boots."),
	STRING_FIELD(C, plan, MAKE_LIVE, 60, check_plan,
	             "Plan that its sizes come from; what is given beside it counts more. Kept as NAME@VERSION."),
	STRING_FIELD(C, owner, MAKE_LIVE | OPS, 80, check_line, "Whose it is, in the operator's books."),
	STRING_FIELD(C, billing, MAKE_LIVE | OPS, 80, check_line, "Its number in the operator's books."),
	LIST_FIELD(C, labels, MAKE_LIVE, 32, check_label, "Labels of your own, as KEY=VALUE."),
	STRING_FIELD(C, suspended, SEEN, 200, check_line, "Why it is suspended; not there unless it is."),
	STRING_FIELD(C, suspended_by, SEEN, 64, check_line, "Who suspended it."),
	TIME_FIELD(C, suspended_at, SEEN, "When it was suspended."),
	STRING_FIELD(C, password, MAKE_LIVE | FIELD_SECRET, 256, check_password, "Root's password; hashed inside, never kept."),
	LINES_FIELD(C, firewall, MAKE_LIVE, RULE_LIST_MAX, rule_explain,
	            "Firewall rules, of which the first that fits decides, on each of its interfaces: 'allow in tcp 22 from "
	            "203.0.113.0/24', 'deny out udp', 'default in deny log'."),
	LINES_FIELD(C, firewall_operator, MAKE_LIVE | OPS, RULE_LIST_MAX, rule_explain_operator,
	            "The operator's firewall rules: they come before the container's own."),
	LINES_FIELD(
	        C, blocked_ports, MAKE_LIVE | OPS, 32, rule_explain_ports,
	        "Ports that it can't reach outside, as PORT or PORT-PORT for TCP and UDP, or 'tcp 25' for one of them; a rule of "
	        "the operator's may allow some of it."),
	INT_FIELD(C, connections, MAKE_LIVE | OPS, 0, 16777216, 0,
	          "Connections at once by an interface, of both directions, established after its start; 0 is no limit."),
	SIZE_FIELD(
	        C, traffic, MAKE_LIVE | OPS | FIELD_NO_PRESET | FIELD_NULLABLE, 0, INT64_C(1) << 60, 0,
	        "Traffic a month in bytes, in and out together, without that of the host's free networks; no limit when left out."),
	STRING_FIELD(C, traffic_80, MAKE_LIVE | OPS, 8, check_traffic_action,
	             "What happens when four fifths of it are used: event (when left out), throttle or suspend."),
	STRING_FIELD(C, traffic_100, MAKE_LIVE | OPS, 8, check_traffic_action,
	             "What happens when it is used up: event (when left out), or throttle or suspend until the next month or more "
	             "traffic."),
	LIST_FIELD(
	        C, net, MAKE_LIVE, NIC_MAX, check_net,
	        "Networks beside the routed one, each an interface of its own, eth1 and so on: NETWORK for free addresses of it, "
	        "NETWORK:ADDRESS+ADDRESS for chosen ones, NETWORK:dhcp on a bridge."),
	LIST_FIELD(C, nics, SEEN | FIELD_INTERNAL, NIC_MAX, check_nic, "The same, for the engine."),
	LINES_FIELD(
	        C, forwards, MAKE_LIVE, FORWARD_LIST_MAX, forward_explain,
	        "Ports of the host that are its own: 'tcp 2222 to 22', 'udp 5000-5009', 'tcp 443 on 203.0.113.1'. A tenant takes "
	        "those of its forward_ports."),
	MILLI_FIELD(C, rate_in, MAKE_LIVE | OPS, 0, RATE_MAX, 0,
	            "What it receives at most, in megabits a second, such as 100 or 2.5; 0 is no limit."),
	MILLI_FIELD(C, rate_out, MAKE_LIVE | OPS, 0, RATE_MAX, 0, "What it sends at most, in megabits a second; 0 is no limit."),
	SIZE_FIELD(C, rate_burst, MAKE_LIVE | OPS, 0, GIB, 0,
	           "Bytes that it may send or receive at once at full speed, four minutes' worth at most; 0 is a hundredth of a "
	           "second's."),
	BOOL_FIELD(C, throttled, SEEN, 0, "Whether its rates are those of one whose month's traffic is used up."),
	INT_FIELD(C, net_weight, MAKE_LIVE | OPS, NET_WEIGHT_MIN, NET_WEIGHT_MAX, NET_WEIGHT,
	          "Its share of what is sent by the host's `uplink` when that is full."),
	END_FIELDS
};

const struct schema container_config_schema = { "container_config", sizeof(struct container_config), container_config_fields };

#undef C
#define C container_view

static const struct field container_view_fields[] = {
	OBJECT_FIELD(C, config, SEEN | FIELD_FLAT, &container_config_schema, "What was chosen."),
	INT_FIELD(C, ctid, HOST, 0, INT64_MAX, 0, "Host-wide number, from 101, never used again."),
	STRING_FIELD(C, state, SEEN, 16, NULL,
	             "creating, stopped, starting, running, stopping, frozen, crashed, deleting or suspended."),
	STRING_FIELD(C, desired, SEEN, 16, NULL, "What it should be: running or stopped."),
	STRING_FIELD(C, exit, SEEN, 256, NULL,
	             "How its init last ended: 'poweroff', 'killed', 'exit status 3', 'signal 11 (SEGV)'…"),
	INT_FIELD(C, exit_status, SEEN, 0, 255, 0, "Exit status of its init, where it exited."),
	INT_FIELD(C, exit_signal, SEEN, 0, 64, 0, "Signal that ended its init, where one did."),
	TIME_FIELD(C, exited_at, SEEN, "When its init last ended."),
	TIME_FIELD(C, started_at, SEEN, "When its init was last started."),
	TIME_FIELD(C, created_at, SEEN, "When it was created."),
	INT_FIELD(C, restarts, SEEN, 0, INT64_MAX, 0, "Restarts from inside since the last start."),
	INT_FIELD(C, revision, SEEN, 0, INT64_MAX, 0, "Grows with each change of the configuration; the ETag."),
	INT_FIELD(C, id_base, HOST, 0, UINT32_MAX, 0, "First host uid and gid of its range of 65536."),
	INT_FIELD(C, pid, HOST, 0, INT32_MAX, 0, "Its init's process number on the host."),
	STRING_FIELD(C, storage, HOST, 32, NULL, "Storage backend: btrfs or prjquota (quota enforced), or dir (no disk quota)."),
	STRING_FIELD(C, rescue, SEEN, 80, NULL, "Template it was booted from for rescue."),
	END_FIELDS
};

const struct schema container_view_schema = { "container", sizeof(struct container_view), container_view_fields };

static const char *const state_names[STATE_COUNT] = {
	[STATE_CREATING] = "creating", [STATE_STOPPED] = "stopped",   [STATE_STARTING] = "starting",
	[STATE_RUNNING] = "running",   [STATE_STOPPING] = "stopping", [STATE_FROZEN] = "frozen",
	[STATE_CRASHED] = "crashed",   [STATE_DELETING] = "deleting", [STATE_SUSPENDED] = "suspended",
};

bool
container_state_rests(enum container_state state)
{
	return state == STATE_STOPPED || state == STATE_CRASHED || state == STATE_SUSPENDED;
}

const char *
container_state_name(enum container_state state)
{
	return (unsigned int)state < STATE_COUNT ? state_names[state] : "unknown";
}

int
container_state_of_name(const char *name, enum container_state *state_out)
{
	for (size_t i = 0; i < STATE_COUNT; i++)
		if (strcmp(state_names[i], name) == 0) {
			*state_out = (enum container_state)i;
			return 1;
		}
	return 0;
}

const char *
check_container_state(const char *name)
{
	enum container_state state;

	if (container_state_of_name(name, &state))
		return NULL;
	return "must be creating, stopped, starting, running, stopping, frozen, crashed, deleting or suspended";
}
