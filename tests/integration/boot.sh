#!/bin/bash
# The host goes down and comes back: who ran, and who is marked so, comes up, in the order and with the pauses asked for.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF='boot_parallel = 1
shutdown_timeout = 20' t_begin

make() { local name=$1; shift; B create "$name" --template busybox --memory 32M --disk 32M "$@" >/dev/null 2>&1 || fail "create $name"; }
make ran --start
make first --boot-priority 100 --boot-delay 2 --start
make marked --onboot
make never --start
B set never onboot=no >/dev/null 2>&1 || fail "onboot=no"
make stopped --start
B stop stopped >/dev/null 2>&1
make off --start
B exec off -- poweroff >/dev/null 2>&1
ok "one powers itself off" wait_for 10 eval '[ "$(state off)" = stopped ]'
make crashed --start
kill -9 "$(field crashed pid)"
ok "one crashes" wait_for 10 eval '[ "$(state crashed)" = crashed ]'
states() { B list --no-header --fields name,state --sort name | tr -s ' ' | tr '\n' ' '; }
before=$(states)
is "who does what" "crashed crashed first running marked stopped never running off stopped ran running stopped stopped " "$before"

# A restart of the daemon alone starts nothing.
t_stop_daemon
t_start_daemon
is "a restarted daemon leaves all as it is" "$before" "$(states)"

# The host's end, and another boot: monitors, mounts, groups and the run directory are gone; what is kept is kept.
reboot_host() {
	t_stop_daemon
	"$BUILD/berthd" --cleanup --force --config "$T/conf" >>"$T/log" 2>&1 || fail "the host's end"
	rm -rf "$T/r"
	sqlite3 "$T/s/db/berth.db" "UPDATE host SET boot_id = 'another'"
	last=$(sqlite3 "$T/s/db/berth.db" "SELECT coalesce(max(seq), 0) FROM event")
	t_start_daemon
}
passed_by() { [ "$(B operation list --kind "$1" -o json | jq -r '.[0].state')" = succeeded ]; }
reboot_host
ok "the boot's operation ends" wait_for 30 passed_by host_boot
is "who belongs up is up" "crashed running first running marked running never stopped off stopped ran running stopped stopped " "$(states)"
starts=$(B events --since "$last" -o json | jq -r '.[] | select(.type == "container.started") | "\(.name) \(.time | fromdate)"')
is "the highest priority first" first "$(head -n 1 <<<"$starts" | cut -d' ' -f1)"
waited=$(awk 'NR == 1 { a = $2 } NR == 2 { print $2 - a }' <<<"$starts")
if [ "${waited:-0}" -ge 1 ]; then pass "the next waits for its delay"; else fail "the next waits for its delay: $starts"; fi
ok "they can be entered" wait_for 10 B exec ran -- true
like "it is told how many" '"containers":4,"failed":0' "$(B operation list --kind host_boot -o json | jq -c '.[0].result')"

t_stop_daemon
t_start_daemon
is "the next start of the daemon begins no other" 1 "$(B operation list --kind host_boot -o json | jq length)"
ok "asked again, nothing is left to do" B host boot

# Killed in the midst of it, the daemon goes on with it.
t_stop_daemon
"$BUILD/berthd" --cleanup --force --config "$T/conf" >>"$T/log" 2>&1
rm -rf "$T/r"
sqlite3 "$T/s/db/berth.db" "UPDATE host SET boot_id = 'a third'"
t_start_daemon
ok "the first is up" wait_for 10 eval '[ "$(state first)" = running ]'
t_stop_daemon KILL
t_start_daemon
ok "the pass ends" wait_for 30 passed_by host_boot
is "all are up" "crashed running first running marked running never stopped off stopped ran running stopped stopped " "$(states)"

# Down: in the reverse order, within a bounded time, and with the same wishes afterwards.
last=$(B events -n 1 -o json | jq '.[0].seq')
SECONDS=0
ok "shutdown" B host shutdown
if [ $SECONDS -lt 40 ]; then pass "in time"; else fail "in time: $SECONDS s"; fi
is "all are down" 0 "$(B list --no-header --fields state | grep -c running)"
is "the highest priority last" first "$(B events --since "$last" -o json | jq -r '[.[] | select(.type == "container.stopped")] | last.name')"
fails 1 'shutting down' "nothing starts meanwhile" B start ran
api_is 503 shutting_down "with a code of its own" POST /v1/containers/ran/start
reboot_host
ok "the next boot" wait_for 30 passed_by host_boot
is "brings back the same" "crashed running first running marked running never stopped off stopped ran running stopped stopped " "$(states)"
ok "a shutdown that is taken back" B host shutdown
ok "by a boot" B host boot
is "brings them back as well" "crashed running first running marked running never stopped off stopped ran running stopped stopped " "$(states)"
fails 5 'may not|admin|group' "strangers may not" as_user 65534 "$BUILD/berth" host shutdown
