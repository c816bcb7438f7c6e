#!/bin/bash
# What the daemon tells systemd, and takes from it: the socket, readiness, the watchdog while both event loops go on.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
t_stop_daemon
rm -f "$BERTH_SOCKET"
socat -u UNIX-RECV:"$T/notify" CREATE:"$T/told" &
listener=$!
t_end_first() { kill $listener; }
wait_for 5 test -S "$T/notify"
told() { tr '\0' '\n' <"$T/told" | grep -ao "$1" | wc -l; }
more_than() { [ "$(told WATCHDOG=1)" -gt "$1" ]; }

python3 "$TOP/tests/lib/activate.py" "$BERTH_SOCKET" "$T/notify" 3000 "$BUILD/berthd" --foreground --config "$T/conf" >>"$T/log" 2>&1 </dev/null &
DAEMON=$!
wait_for 10 test -S "$BERTH_SOCKET"
inode=$(stat -c %i "$BERTH_SOCKET")
ok "who connects before it is ready waits" B list
is_ready() { [ "$(told READY=1)" = 1 ]; }
ok "it says when it is ready" wait_for 5 is_ready
is "the socket is systemd's" "$inode" "$(stat -c %i "$BERTH_SOCKET")"
ok "the watchdog is fed" wait_for 10 more_than 2
api=$(pgrep -P "$DAEMON" -x berth-api)
kill -STOP "$api"
sleep 2.5
before=$(told WATCHDOG=1)
sleep 2
is "not while the api hangs" "$before" "$(told WATCHDOG=1)"
kill -CONT "$api"
ok "again when it goes on" wait_for 10 more_than "$before"
kill -STOP "$api"
kill -9 "$DAEMON"
ended() { [ ! -e "/proc/$api" ]; }
ok "an api that hangs goes with its engine" wait_for 5 ended
wait "$DAEMON" 2>/dev/null
DAEMON=''
sed -i "s#^\( *run_dir = .*\)#\1\nsocket = $T/r/other.sock#" "$T/conf"
fails 2 "option 'socket'" "a socket by another name is refused" \
	python3 "$TOP/tests/lib/activate.py" "$BERTH_SOCKET" "$T/notify" 3000 "$BUILD/berthd" --foreground --config "$T/conf"
sed -i '/^socket = /d' "$T/conf"
t_start_daemon && pass "without systemd it makes its own" || fail "without systemd it makes its own"
