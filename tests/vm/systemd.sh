#!/bin/bash
# Berth under systemd as PID 1 with pure cgroup v2, as it was installed: units, watchdog, socket, journal, scopes, machined.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -d /run/systemd/system ] || skip_all "needs systemd as PID 1"
T=$(mktemp -d /tmp/bt.XXXXXX)
export BERTH_SOCKET=/run/berth/berth.sock
B() { berth "$@"; }
main_pid() { systemctl show -p MainPID --value berthd; }
api_pid() { pgrep -P "$(main_pid)" -x berth-api; }
answers() { curl -sf --max-time 5 --unix-socket "$BERTH_SOCKET" http://berth/v1 >/dev/null; }
# pool_mount PID: the pool's mount id and place as that process sees them.
pool_mount() { awk '$5 == "/var/lib/berth/pool" { print $1, $5 }' "/proc/$1/mountinfo"; }
unit_is() { [ "$(systemctl is-active "$1")" = "$2" ]; }

slow_hogs() {
	mkdir -p /etc/berth
	touch /etc/berth/berthd.conf
	cp /etc/berth/berthd.conf "$T/conf"
	printf 'memory_high = 90\n' >>/etc/berth/berthd.conf
	systemctl restart berthd
}

end() {
	trap - EXIT
	[ ! -e "$T/conf" ] || cp "$T/conf" /etc/berth/berthd.conf
	rm -rf /run/systemd/system/berthd.service.d
	systemctl daemon-reload
	systemctl restart berthd
	B delete --force web inner >/dev/null 2>&1
	rm -rf "$T"
	[ "$failed" = 0 ] || journalctl -b -u berthd --no-pager | tail -n 40
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" = 0 ]
	exit
}
trap end EXIT

# The socket starts the daemon.
systemctl daemon-reload
systemctl stop berthd.service 2>/dev/null
ok "the socket listens" systemctl start berthd.socket
is "without its daemon" inactive "$(systemctl is-active berthd)"
ok "who connects starts the daemon" B list
is "which runs" active "$(systemctl is-active berthd)"
is "in the host's mount namespace" "$(readlink /proc/1/ns/mnt)" "$(readlink "/proc/$(main_pid)/ns/mnt")"
B template list --no-header --fields name 2>/dev/null | found '^busybox' || ok "a template" B template build busybox
ok "a container starts" B create web --template busybox --memory 64M --disk 64M --pids 100 --start
pid=$(field web pid)

# Stop and restart.
mount=$(pool_mount 1)
like "PID 1 sees the pool's mount" pool "$mount"
ok "restart" systemctl restart berthd
is "the container runs on" "running $pid" "$(state web) $(field web pid)"
is "PID 1 sees the same mount" "$mount" "$(pool_mount 1)"
is "and the daemon too" "$mount" "$(pool_mount "$(main_pid)")"
for i in 1 2 3; do
	(for n in $(seq 20); do answers || echo "call $n failed"; sleep 0.05; done) >"$T/calls.$i" 2>&1 &
done
ok "restart under calls" systemctl restart berthd
wait
is "connections wait over a restart" "" "$(cat "$T"/calls.*)"
kill -9 "$(main_pid)"
ok "killed, it comes back" wait_for 30 unit_is berthd active
is "with the container as it was" "running $pid" "$(state web) $(field web pid)"

# A container is a scope of systemd's.
ctid=$(field web ctid)
scope=berth-$ctid.scope
group=/sys/fs/cgroup/berth.slice/$scope
group_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
is "its init is in the scope's payload" "/berth.slice/$scope/payload" "$(group_of "$pid")"
is "its monitor beside that" "/berth.slice/$scope/monitor" "$(group_of "$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")")"
is "systemd knows the scope" "active berth.slice yes" "$(systemctl show -p ActiveState -p Slice -p Delegate --value "$scope" | sort | xargs echo | awk '{ print $1, $2, $3 }')"
is "the payload alone is the container's" "0 0 $(field web id_base)" "$(stat -c %u "$group" "$group/monitor" "$group/payload" | xargs)"
is "and carries the limits" "67108864 100" "$(cat "$group/payload/memory.max" "$group/payload/pids.max" | xargs)"
ok "limits change live" B set web memory=96M pids=120
is "in the kernel" "100663296 120" "$(cat "$group/payload/memory.max" "$group/payload/pids.max" | xargs)"
systemctl daemon-reload
is "and stay over a reload of systemd" "100663296 120" "$(cat "$group/payload/memory.max" "$group/payload/pids.max" | xargs)"
is "which knows its processes" web "$(B which "$pid" --no-header --fields name 2>/dev/null || B which "$pid")"
like "the slice keeps the host's reserve" '^MemoryMax=[0-9]+$' "$(systemctl show -p MemoryMax berth.slice)"
systemctl restart berthd
is "which a restart doesn't touch" no "$(systemctl show -p NeedDaemonReload --value berth.slice)"
like "systemctl status shows the processes" "$pid" "$(systemctl status --no-pager "$scope")"
like "and the memory" 'Memory: [0-9.]+[KM]' "$(systemctl status --no-pager "$scope")"
like "systemd-cgls shows the container" "berth-$ctid.scope" "$(systemd-cgls --no-pager /berth.slice)"
like "systemd-cgtop too" "berth.slice/berth-$ctid.scope +[0-9]+" "$(systemd-cgtop -b -n 2 -d 200ms --depth 4)"
unlike "the daemon's own unit holds none of it" 'berth-monitor|init' "$(systemctl status --no-pager berthd | grep -A9 CGroup)"

ok "a daemon that slows hogs down" slow_hogs
ok "does so from the next start" B restart web
pid=$(field web pid)
ok "live too" B set web memory=100M
is "at that part of the memory" "$((104857600 / 100 * 90 / 4096 * 4096))" "$(cat "$group/payload/memory.high")"
like "show tells the pressure" '^[0-9]' "$(B show web -o json | jq .limits.memory.pressure)"

machine=berth-$ctid
listed() { machinectl list --no-legend | awk -v n="$machine" '$1 == n { f = 1 } END { exit !f }'; }
leader() { machinectl show -p Leader --value "$machine" 2>/dev/null; }
ok "machined lists it" wait_for 10 listed
is "with its init and scope" "$pid $scope" "$(machinectl show -p Leader --value "$machine") $(machinectl show -p Unit --value "$machine")"
like "machinectl status shows its processes" "$pid" "$(machinectl status --no-pager "$machine")"
invocation=$(systemctl show -p InvocationID --value "$scope")
B exec web -- reboot
rebooted() { [ "$(state web)" = running ] && [ "$(field web pid)" != "$pid" ]; }
ok "a reboot from inside" wait_for 20 rebooted
pid=$(field web pid)
is "stays in its scope" "/berth.slice/$scope/payload $invocation" "$(group_of "$pid") $(systemctl show -p InvocationID --value "$scope")"
led() { [ "$(leader)" = "$pid" ]; }
ok "machined has the new init" wait_for 10 led
for i in 1 2 3; do
	ok "restart $i, a new scope at once" B restart web
done
ok "stop" B stop web
gone() { ! systemctl list-units --all --no-legend "$scope" | found . && [ ! -e "$group" ] && ! listed; }
ok "the scope, its group and the machine are gone" wait_for 5 gone
systemctl mask --now --runtime systemd-machined >/dev/null 2>&1
ok "without machined it starts too" B start web
systemctl unmask --runtime systemd-machined >/dev/null 2>&1
kill -9 "$(awk '/^PPid/ { print $2 }' "/proc/$(field web pid)/status")"
crashed() { [ "$(state web)" != running ] && [ ! -e "$group" ]; }
ok "a monitor that is killed takes all with it" wait_for 10 crashed
ok "and the next start finds a clean place" B start web
pid=$(field web pid)
ok "the daemon's end leaves the scopes" systemctl restart berthd
is "as they were" "running $pid" "$(state web) $(field web pid)"
unlike "nothing of a container's was in its unit" 'remains running|left-over process' "$(journalctl -b -u berthd --no-pager | grep -v berth-api | tail -n 8)"

# By systemd's own means.
ok "the scope is stopped" systemctl stop "$scope"
stopped() { [ "$(state web)" = stopped ]; }
ok "the container is" wait_for 10 stopped
like "in good order" poweroff "$(field web exit)"
ok "and starts again" B start web
pid=$(field web pid)

# A systemd inside has its own tree.
if B template list --no-header --fields name 2>/dev/null | found '^debian-12'; then
	ok "Debian" B create inner --template debian-12 --memory 512M --disk 1G --pids 300 --start
	ok "comes up" wait_for 180 eval '[ "$(B exec inner -- systemctl is-system-running 2>/dev/null)" = running ]'
	payload=/sys/fs/cgroup/berth.slice/berth-$(field inner ctid).scope/payload
	is "its systemd made the groups" "$(field inner id_base)" "$(stat -c %u "$payload/system.slice")"
	like "with controllers" 'memory' "$(cat "$payload/cgroup.subtree_control")"
	is "and limits of its own work" 20971520 "$(B exec inner -- systemd-run -q --pipe -p MemoryMax=20M sh -c 'cat "/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/memory.max"')"
	is "its own limit isn't its to change" 536870912 "$(B exec inner -- sh -c 'echo max >/sys/fs/cgroup/memory.max' >/dev/null 2>&1; cat "$payload/memory.max")"
	like "machinectl shows its units" 'system.slice' "$(machinectl status --no-pager "berth-$(field inner ctid)")"
	ok "it stops" B stop inner --timeout 60
else
	skip "there is no template debian-12"
fi

# The watchdog, of both loops.
mkdir -p /run/systemd/system/berthd.service.d
printf '[Service]\nWatchdogSec=4\n' >/run/systemd/system/berthd.service.d/test.conf
systemctl daemon-reload
systemctl restart berthd
B list >/dev/null
sleep 9
daemon=$(main_pid)
is "fed, the watchdog lets it live" "active 0" "$(systemctl is-active berthd) $(systemctl show -p NRestarts --value berthd)"
restarted() { unit_is berthd active && [ "$(main_pid)" != "$daemon" ] && [ "$(main_pid)" != 0 ] && answers; }
for process in api engine; do
	daemon=$(main_pid)
	hung=$daemon
	[ $process = engine ] || hung=$(api_pid)
	kill -STOP "$hung"
	ok "an $process that hangs is restarted" wait_for 40 restarted
	[ ! -e "/proc/$hung" ]; is "nothing of the old one remains" 0 $?
	is "its container runs on" "running $pid" "$(state web) $(field web pid)"
done
rm -rf /run/systemd/system/berthd.service.d
systemctl daemon-reload
systemctl restart berthd

# The journal.
entries() { journalctl -b --no-pager -o json "$@" | jq -r "${jq:-.MESSAGE}"; }
ok "freeze" B freeze web
ok "thaw" B thaw web
operation=$(B operation list --kind container_thaw -o json | jq -r '.[0].id')
journalctl --sync
like "the journal finds a container by its name" 'FREEZE web: done' "$(entries BERTH_CONTAINER=web)"
like "by its UUID" 'THAW web: done' "$(entries "BERTH_CONTAINER=$(field web id)")"
like "by its tenant" 'THAW web: done' "$(entries BERTH_TENANT=default)"
like "by an operation" 'THAW web: done' "$(entries "BERTH_OPERATION=$operation")"
unlike "messages carry no prefix" '<6>' "$(entries -u berthd)"
