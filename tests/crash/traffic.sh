#!/bin/bash
# Traffic of a known size, routed and by a bridge of the host's, while a process of the daemon is killed at any moment, ten times: in
# the end each byte is billed once. Also where the database is one from a copy, and so knows less than was counted.
. "$(dirname "$0")/../lib/lib.sh"
BRIDGE=btbr$$
t_end_first() { ip link delete "$BRIDGE"; }
EXTRA_CONF=$'sample_interval = 1\nusage_interval = 1\ncopy_interval = 0\nbridges = '$BRIDGE t_begin
ip link add "$BRIDGE" type bridge mcast_snooping 0
ip link set "$BRIDGE" up
B network create lan --kind bridge --bridge "$BRIDGE" --prefix 192.168.77.0/24 >/dev/null 2>&1 || fail "the network"
B create one --template busybox --memory 64M --disk 64M --net lan --start >/dev/null 2>&1 || fail "create one"
B create two --template busybox --memory 64M --disk 64M --net lan --start >/dev/null 2>&1 || fail "create two"
# Asked while there is a daemon to ask.
ONE=$(field one pid) TWO=$(field two 'ip[]' | grep -v :) NEAR=$(field two 'net[0]' | cut -d: -f2)
# Of so many half are routed.
COUNT=4000 SIZE=700 total=0
used() { B usage one -o json 2>/dev/null | jq -r '[.[].out4_paid] | add // 0'; }
# Over about a second and a half.
send() { nsenter -t "$ONE" -n python3 -c "
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range($COUNT):
    s.sendto(b'x' * ($SIZE - 28), (('$TWO', '$NEAR')[i % 2], 9))
    if i % 40 == 0: time.sleep(0.015)"; }
children() { pgrep -P "$DAEMON" -f "$1" | head -n 1; }
billed() { wait_for 8 eval '[ "$(used)" = '$total' ]'; }

targets=(engine api sampler)
for round in $(seq 10); do
	target=${targets[$((round % 3))]}
	send &
	sender=$!
	sleep "0.$((RANDOM % 10))"
	case $target in engine) pid=$DAEMON ;; *) pid=$(children "berth-$target") ;; esac
	kill -9 "$pid" 2>/dev/null
	if [ "$target" = engine ]; then
		wait "$DAEMON" 2>/dev/null
		t_start_daemon || { fail "the daemon starts again"; exit 1; }
	fi
	wait $sender
	total=$((total + COUNT * SIZE))
	wait_for 15 t_answers || fail "$target killed: the daemon answers"
	if billed; then pass "$target killed: $total bytes, to the byte"; else fail "$target killed: $(used) bytes billed of $total"; fi
	[ "$round" != 5 ] || { t_stop_daemon; sqlite3 "$T/s/db/berth.db" ".backup $T/copy"; known=$total; t_start_daemon || exit 1; }
done
is "never more" "$total" "$(sleep 2.2; used)"

t_stop_daemon
rm -f "$T"/s/db/berth.db-*
cat "$T/copy" >"$T/s/db/berth.db"
is "a database from a copy knows less" 1 "$((known < total))"
t_start_daemon || exit 1
if billed; then pass "until the next reading: each byte once"; else fail "$(used) bytes billed of $total"; fi
is "and no more" "$total" "$(sleep 2.2; used)"
