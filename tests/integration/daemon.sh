#!/bin/bash
# The daemon comes and goes; containers, consoles and reboots from inside go on, and what is so is told truly afterwards.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "three containers" sh -c 'for n in a b c; do "$BUILD/berth" create $n --template busybox --memory 64M --disk 64M --start || exit 1; done'
pid=$(field a pid)
engine=$DAEMON

kill -9 "$engine"; wait "$engine" 2>/dev/null
[ -d "/proc/$pid" ] && pass "kill -9 of the engine: the container runs" || fail "the container has ended with the engine"
B exec a -- true >/dev/null 2>&1; is "the client says that the daemon is gone" 7 $?
b_init=$(pgrep -P "$(pgrep -f -- "--name $INSTANCE-102 ")" | head -n 1)
kill -9 "$b_init"
c_init=$(pgrep -P "$(pgrep -f -- "--name $INSTANCE-103 ")" | head -n 1)
nsenter -t "$c_init" -p -m -U --preserve-credentials kill -TERM 1 2>/dev/null || kill -TERM "$c_init"
sleep 4
t_start_daemon
is "a is still running" running "$(state a)"
is "with the same init" "$pid" "$(field a pid)"
is "b's end in the gap is told" crashed "$(state b)"
is "c's reboot in the gap restarted it" running "$(state c)"
[ "$(field c pid)" != "$c_init" ] && pass "with a new init" || fail "c has the same init"
ok "exec works again" B exec a -- true
ok "stop works again" B stop --kill a

api_pid=$(pgrep -P "$DAEMON" -f berth-api)
kill -9 "$api_pid"
ok "kill -9 of the api: another answers" wait_for 10 t_answers
is "with the same truth" "crashed running stopped" "$(B list --no-header --fields state | xargs -n1 | sort | xargs)"

t_stop_daemon TERM
t_start_daemon
is "a proper restart" "crashed running stopped" "$(B list --no-header --fields state | xargs -n1 | sort | xargs)"
t_stop_daemon TERM
ulimit -Sn 256
t_start_daemon
is "a low soft limit of descriptors is raised: each running container takes one" "$(ulimit -Hn)" "$(awk '/^Max open files/ { print $4 }' "/proc/$DAEMON/limits")"
ok "all are deleted" B delete -y --force a b c

# Killed while it begins a process, it leaves that one its lock, until a program runs there.
t_stop_daemon KILL
(exec 9<>"$T/r/berthd.lock"; flock 9; sleep 0.5) &
left=$!
wait_for 5 eval '! flock -n "$T/r/berthd.lock" true'
t_start_daemon || fail "the next daemon waits for it"
ok "the next daemon waits for it" B list
wait $left
