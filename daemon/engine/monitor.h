/*
 * A running container's monitor, berth-monitor: its init's parent. It holds the console's pty and its log, stops, freezes and
 * kills, records how init ended, and restarts it after a reboot from inside. It outlives the daemon.
 *
 * Started by the engine, in RUN_DIR/ct/<ctid> as working directory, as
 *
 *   berth-monitor --name INSTANCE-CTID --job LIBEXEC/berth-launch --stop SIGNAL --reboot SIGNAL --console-log BYTES
 *                 --kill DIR --group DIR... [--launch-fd N]
 *
 *   --kill   the container's cgroup in the v2 tree: cgroup.kill, cgroup.freeze
 *   --group  each of its cgroups, removed (with what was made below) when init has ended
 *   --launch-fd  job channel for the first launch, handed on to the job as descriptor 3
 *
 *   --tidy       what a monitor that was killed left is removed; --launch-fd is the one client, nothing is launched
 *
 * To start init it runs `berth-launch launch root` in the same directory: the job reads ./spec, reports on descriptor 3 (if it is
 * open) and hands init over on descriptor 4, see struct monitor_init. In the directory the monitor makes `monitor` (socket),
 * `console.log`, `console.log.1` and, at the end, `exit` (one line of JSON: struct observed's exit fields).
 *
 * On the socket (SOCK_SEQPACKET, root alone): whoever connects is sent MONITOR_STATE, then again at each change; the
 * connection's end means that the monitor is gone, but for the root's unmount (root_lock.h). The layout is fixed: a new daemon
 * meets old monitors.
 */
#ifndef BERTH_MONITOR_H
#define BERTH_MONITOR_H

#include <stdint.h>

enum { MONITOR_MAGIC = 0x424d4f4e, MONITOR_VERSION = 1 };

enum monitor_verb {
	MONITOR_STATE = 1, /* monitor → client: a = enum container_state, pid, start_time, b = restarts, c = started_at (epoch s) */
	MONITOR_DONE = 2,  /* monitor → client: the end of its command: a = 0, or an errno with text */
	MONITOR_EXIT = 3,  /* monitor → client: init ended for good: a = state, b = exit status, c = signal, text = how */
	MONITOR_STOP = 16, /* client → monitor: a = seconds until it kills; DONE after init ended */
	MONITOR_KILL = 17,
	MONITOR_FREEZE = 18, /* DONE when all are frozen */
	MONITOR_THAW = 19,
	MONITOR_ATTACH = 20, /* client → monitor, with one descriptor, a stream socket: the console's bytes flow there; a, b = rows,
	                        columns */
	MONITOR_RESIZE = 21 /* client → monitor, after its ATTACH: the console's window; a, b = rows, columns */
};

struct monitor_msg {
	uint32_t magic;
	uint16_t version;
	uint16_t verb;
	uint32_t serial; /* of a command, repeated in its DONE */
	int32_t pid;
	uint64_t start_time; /* field 22 of init's stat */
	int64_t a, b, c;
	char text[128];
};

/*
 * launch job → monitor, descriptor 4, one datagram; error: an errno, 0 when init runs. Its descriptors then: the console pty's
 * master, the mount of init's root, the lock that goes with it (root_lock.h); of the last two none for a monitor that ran the job
 * without the word `root`, as they did before an upgrade.
 */
enum { MONITOR_INIT_FDS = 3 };

struct monitor_init {
	uint32_t magic;
	int32_t pid;
	int32_t error;
	char text[256];
};

#endif
