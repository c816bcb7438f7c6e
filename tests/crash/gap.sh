#!/bin/bash
# What goes on while parts of the daemon are gone, and how soon a new one knows of it. CONTAINERS (100) are adopted at the end.
. "$(dirname "$0")/../lib/lib.sh"
CONTAINERS=${CONTAINERS:-100}
ID_COUNT=200 POOL_SIZE=4G t_begin
inside() { B exec "$1" -- sh -c "$2"; }
ok "containers" sh -c 'for n in web talker loop ends; do "$BUILD/berth" create $n --template busybox --memory 64M --disk 64M --start || exit 1; done'
api_pid() { pgrep -P "$DAEMON" -f berth-api; }

# An exec is its job's, and the job is the caller's: the api's death is nobody's business.
B exec web -- sh -c 'echo begun; read line; echo "got $line"; exit 9' >"$T/exec.out" 2>&1 < <(sleep 3; echo after) &
exec=$!
wait_for 5 grep -q begun "$T/exec.out"
kill -9 "$(api_pid)"
ok "kill -9 of the api: another answers" wait_for 10 t_answers
wait $exec
is "an exec goes on, both ways, with its status" "9 begun got after" "$? $(xargs <"$T/exec.out")"

# Engine and api, both at once.
inside talker '(i=0; while :; do i=$((i+1)); echo "tick $i" >/dev/console; usleep 50000; done) >/dev/null 2>&1 </dev/null &'
ok "the console records" wait_for 5 eval 'B logs talker | found "tick 5"'
ends=$(field ends pid) api=$(api_pid)
kill -9 "$DAEMON" "$api"
wait "$DAEMON" 2>/dev/null
last=$(grep -ac tick "$T/r/ct/102/console.log")
sleep 1
kill -9 "$ends"
sleep 0.5
[ "$(grep -ac tick "$T/r/ct/102/console.log")" -gt $((last + 10)) ] && pass "the console is recorded meanwhile" || fail "the console's record stands still"
t_start_daemon
is "an end in the gap, as it was" "crashed 9" "$(field ends state) $(field ends exit_signal)"
like "an event tells of it" 'container.crashed' "$(B events -o json)"
is "the others run on" "running running" "$(state web) $(state talker)"

# An init that reboots at once, for ever.
inside loop 'printf "#!/bin/sh\nsleep 0.2\nreboot -f\n" >/etc/rc.local; chmod 755 /etc/rc.local'
B restart loop >/dev/null 2>&1
ok "a reboot loop is slowed down, and an event says so" wait_for 40 eval 'B events -o json | found container.backoff'
restarts=$(field loop restarts)
sleep 3
is "no restart meanwhile" "$restarts starting" "$(field loop restarts) $(state loop)"
ok "it can be stopped while it waits" timeout 5 "$BUILD/berth" stop loop
is "and is" stopped "$(state loop)"

# The signal is dropped as long as init has no handler for it.
B create early --template busybox --memory 64M --disk 64M >/dev/null
longest=0
for _ in 1 2 3 4 5; do
	"$BUILD/berth" start early >/dev/null 2>&1
	before=$(date +%s%N)
	"$BUILD/berth" stop --timeout 20 early >/dev/null 2>&1
	took=$((($(date +%s%N) - before) / 1000000))
	[ $took -le $longest ] || longest=$took
done
[ $longest -lt $((5000 * ${T_SLOW:-1})) ] && pass "a stop right after a start is heard ($longest ms at most)" || fail "a stop right after a start took $longest ms"
is "and it wasn't killed" poweroff "$(field early exit)"

B freeze web >/dev/null
fails 4 'frozen: thaw it first' "an exec into a frozen one is refused at once" timeout 5 "$BUILD/berth" exec web -- true
B thaw web >/dev/null

# A container ends while the engine, behind with its work, has a request for it before it that comes first.
for wanted in "delete 0" "freeze 4"; do
	read -r verb code <<<"$wanted"
	B create brief --template busybox --memory 64M --disk 64M --start >/dev/null 2>&1
	init=$(field brief pid)
	[ "$init" -gt 1 ] || { fail "the brief one doesn't run"; continue; }
	kill -STOP "$DAEMON"
	case $verb in
	delete) B delete -y --force brief >"$T/behind" 2>&1 & ;;
	freeze) B freeze brief >"$T/behind" 2>&1 & ;;
	esac
	asked=$!
	sleep 0.5
	kill -9 "$init"
	sleep 0.5
	kill -CONT "$DAEMON"
	wait $asked; got=$?
	is "$verb of a container that has just ended: $(tail -n 1 "$T/behind")" "$code" $got
done

ok "all end" B delete -y --force web talker loop ends early brief
for i in $(seq "$CONTAINERS"); do echo "c$i"; done >"$T/names"
xargs -P 2 -n 1 sh -c '"$BUILD/berth" create "$0" --template busybox --memory 32M --disk 32M --start' <"$T/names" >/dev/null 2>"$T/create.err" ||
	fail "make $CONTAINERS: $(grep -v started "$T/create.err" | head -n 2)"
for signal in KILL TERM; do
	t_stop_daemon $signal
	before=$(date +%s%N)
	t_start_daemon
	wait_for 5 eval '[ "$(B list --no-header --fields state | grep -c running)" = '"$CONTAINERS"' ]'
	took=$((($(date +%s%N) - before) / 1000000))
	is "after $signal, all are known" "$CONTAINERS" "$(B list --no-header --fields state | grep -c running)"
	echo "$took" >>"$T/adopted"
	[ $took -lt "${ADOPT_MS:-$((2000 * ${T_SLOW:-1}))}" ] && pass "$CONTAINERS are adopted in $took ms" || fail "$CONTAINERS are adopted in $took ms"
done

# Monitors that hang, each of them, as on a disk that stands still.
mapfile -t monitors < <(pgrep -f -- "--name $INSTANCE-")
is "each has a monitor" "$CONTAINERS" "${#monitors[@]}"
kill -STOP "${monitors[@]}"
t_stop_daemon KILL
before=$(date +%s%N)
t_start_daemon
took=$((($(date +%s%N) - before) / 1000000))
kill -CONT "${monitors[@]}"
[ $took -lt $((5000 * ${T_SLOW:-1})) ] && pass "$CONTAINERS that hang don't keep the daemon from starting ($took ms)" || fail "$CONTAINERS that hang keep the daemon for $took ms"
ok "and are known once they go on" wait_for 10 eval '[ "$(B list --no-header --fields state | grep -c running)" = '"$CONTAINERS"' ]'
[ -z "${ADOPTED:-}" ] || sort -n "$T/adopted" | head -n 1 >"$ADOPTED"
