#!/bin/bash
# A monitor that is busy isn't taken for dead: what runs goes on, whoever crowds around its socket, and whoever doesn't listen to it.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "a container" B create a --template busybox --memory 64M --disk 64M --start
pid=$(field a pid)
monitor=$(pgrep -f -- "--name $INSTANCE-101 ")
socket=$T/r/ct/101/monitor
lives() { if [ -d "/proc/$pid" ] && kill -0 "$monitor"; then pass "$1"; else fail "$1: its init or its monitor is gone"; fi; }
is_running() { [ "$(state a)" = running ] && [ "$(field a pid)" = "$pid" ]; }

# crowd N: so many connections to its monitor, or as many as its door takes; crowd_ends.
crowd() {
	coproc CROWD { exec python3 -B "$TOP/tests/lib/monitor.py" crowd "$socket" "$1"; }
	crowd_pid=$CROWD_PID
	read -r held <&"${CROWD[0]}"
}
crowd_ends() { eval "exec ${CROWD[1]}>&-"; wait "$crowd_pid"; }

t_stop_daemon TERM
crowd 24
t_start_daemon
lives "a daemon that starts while all places at the monitor are taken lets the container run"
is "which waits for a place to hear of it" starting "$(state a)"
crowd_ends
ok "then it is known again" wait_for 20 is_running
ok "a command runs" B exec a -- true

t_stop_daemon TERM
kill -STOP "$monitor"
crowd 100000
[ "$held" -gt 24 ] && pass "its door is full with $held" || fail "$held connections fill its door"
t_start_daemon
lives "one that can't even be reached isn't taken for dead"
fails 4 "is starting" "until then it isn't started" B start a
fails 7 "isn.t reached yet" "nor removed" B delete -y --force a
kill -CONT "$monitor"
crowd_ends
ok "it is reached in the end" wait_for 20 is_running
ok "a command runs then" B exec a -- true

kill -STOP "$DAEMON"
ok "its state changes many times while the daemon doesn't listen" python3 -B "$TOP/tests/lib/monitor.py" chatter "$socket" 400
kill -CONT "$DAEMON"
ok "the daemon comes back to it" wait_for 20 is_running
lives "and lets it run"
ok "stop works" B stop --kill a

ok "it starts again" B start a
cat >"$T/look.py" <<'END'
import sys, time
from terminal import Terminal
t = Terminal(sys.argv[1:])
t.type(b"\r")
t.until(b"login:", 30)
print("looks", flush=True)
time.sleep(60)
END
viewers=()
for i in 1 2 3 4 5 6 7 8; do
	PYTHONPATH=$TOP/tests/lib exec python3 -B "$T/look.py" "$BUILD/berth" console a >"$T/viewer.$i" 2>&1 &
	viewers+=($!)
done
all_look() { [ "$(grep -lx looks "$T"/viewer.* | wc -l)" = 8 ]; }
ok "eight look at the console" wait_for 30 all_look
fails 1 "as many viewers as it can" "the ninth is told so" timeout 20 "$BUILD/berth" console a
kill "${viewers[@]}"
