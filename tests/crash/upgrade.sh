#!/bin/bash
# The daemon is replaced by a new binary at noon: what a customer's connection into a container, an open exec and a panel on the
# socket notice of it. SILENCE_MS (1000) is what a stream may miss on a busy machine, AWAY_MS (5000) the socket.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "a container that talks" B create web --template busybox --memory 64M --disk 64M --start
pid=$(field web pid)
address=$(field web 'ip[]' | grep -v :)
B exec web -- sh -c '(while :; do echo tick; usleep 10000; done | nc -l -p 7000) >/dev/null 2>&1 &' >/dev/null 2>&1

declare -A watching
# watch NAME ARGUMENTS…: measures until below() ends it.
watch() {
	python3 "$TOP/tests/lib/gaps.py" "${@:2}" >"$T/$1.out" 2>"$T/$1.err" &
	watching[$1]=$!
	wait_for 10 grep -q ready "$T/$1.err" || fail "watch the $1: $(tail -n 1 "$T/$1.err")"
}
# below WHAT NAME MS: its longest silence was shorter.
below() {
	local silence
	kill "${watching[$2]}" 2>/dev/null
	wait "${watching[$2]}"
	silence=$(cat "$T/$2.out")
	if [ "${silence:-$3}" -lt "$3" ]; then pass "$1: at most $silence ms"; else fail "$1: ${silence:-$(tail -n 1 "$T/$2.err")}, may be $3 ms"; fi
}

mkdir "$T/new"
cp "$BUILD"/berth "$BUILD"/berthd "$BUILD"/berth-* "$T/new/"
old=$BUILD
for signal in TERM KILL; do
	watch stream stream "$address" 7000
	watch socket socket "$BERTH_SOCKET"
	B exec web -- sh -c 'sleep 3; echo done; exit 7' >"$T/exec.out" 2>&1 &
	exec=$!
	sleep 0.5
	started=$(date +%s%N)
	t_stop_daemon $signal
	sed -i "s,^libexec_dir = .*,libexec_dir = $T/new," "$T/conf"
	BUILD=$T/new
	t_start_daemon || { fail "the new daemon starts"; break; }
	took=$((($(date +%s%N) - started) / 1000000))
	is "after $signal, it runs as before" "running $pid" "$(state web) $(field web pid)"
	ok "and can be entered" B exec web -- true
	wait $exec
	is "an exec that was open went on to its end" "7 done" "$? $(cat "$T/exec.out")"
	below "after $signal, silence of the stream" stream "${SILENCE_MS:-1000}"
	below "after $signal, no answer on the socket" socket "${AWAY_MS:-5000}"
	pass "the new daemon answered after $took ms"
	B exec web -- sh -c '(while :; do echo tick; usleep 10000; done | nc -l -p 7000) >/dev/null 2>&1 &' >/dev/null 2>&1
done
BUILD=$old
ok "it stops by the new daemon" "$BUILD/berth" stop web
