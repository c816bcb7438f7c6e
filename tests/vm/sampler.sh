#!/bin/bash
# The sampler reads what containers use under an AppArmor profile of its own, which lets nobody do more who has come to be in it.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/apparmor.sh"

end() {
	trap - EXIT
	B delete -y --force read >/dev/null 2>&1
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" = 0 ]
	exit
}
trap end EXIT

B template list --no-header --fields name | found '^busybox' || ok "build busybox" B template build busybox
ok "a container" B create read --template busybox --memory 64M --disk 64M --start
group=/sys/fs/cgroup/berth.slice/berth-$(field read ctid).scope/payload
sampler=$(pgrep -P "$(systemctl show -p MainPID --value berthd)" -x berth-sampler)
is "the sampler is under its own profile" "berth-sampler (enforce)" "$(cat "/proc/$sampler/attr/current")"
# Of groups and of counters, something of each.
read_of() { B query GET /v1/metrics | awk '/^berth_container_(memory_bytes|cpu_seconds_total|processes)[{].*name="read"/ && $2 > 0 { sub("[{].*", ""); print }' | sort -u | xargs; }
ok "memory, CPU and processes are read" wait_for 30 eval '[ "$(read_of)" = "berth_container_cpu_seconds_total berth_container_memory_bytes berth_container_processes" ]'
B exec read -- ping -c 1 -W 1 169.254.0.1 >/dev/null 2>&1
counted() { [ "$(B query GET /v1/metrics | awk '/^berth_container_traffic_bytes_total[{].*name="read"/ { sum += $2 } END { print (sum > 0) }')" = 1 ]; }
ok "so are the counters" wait_for 30 counted
is "nothing that it needs is refused" "" "$(denials berth-sampler)"

is "groups may be read, and counters asked for" "works works works works " "$(under berth-sampler "open('$group/memory.current').read()" "open('$group/cpu.stat').read()" \
	"open('$group/io.stat').read()" "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)")"
is "not changed, nor who is in them" "13 13 13 " "$(under berth-sampler "open('$group/memory.max', 'w')" "open('$group/cgroup.procs')" "open('$group/cgroup.kill', 'w')")"
is "secrets, the database and containers' files are out of reach" "13 13 13 13 " "$(under berth-sampler "open('/etc/shadow')" "open('/var/lib/berth/db/berth.db')" \
	"os.listdir('/var/lib/berth/pool')" "open('/root/x', 'w')")"
is "so are the daemon, the world and other programs" "13 13 13 13 " "$(under berth-sampler "socket.socket(socket.AF_UNIX).connect('/run/berth/berth.sock')" \
	"socket.socket(socket.AF_INET)" "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)" "os.execv('/bin/true', ['true'])")"
