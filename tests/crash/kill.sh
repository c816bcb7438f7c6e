#!/bin/bash
# Any process of the daemon is killed at any moment of any operation: afterwards what it says is true, nothing is left over, and the
# same request succeeds. ROUNDS (24) moments are tried.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "a bystander" B create calm --template busybox --memory 64M --disk 64M --start
calm=$(field calm pid)

children() { pgrep -P "$DAEMON" -f "$1"; }
victim() {
	case $1 in
	engine) echo "$DAEMON" ;;
	api) children berth-api ;;
	job) children 'berth-(job|create)' ;;
	launch) pgrep -f "^$BUILD/berth-launch|berth-launch launch" | while read -r p; do grep -qz "^" "/proc/$p/cmdline" && readlink "/proc/$p/cwd" | found "^$T/" && echo "$p"; done ;;
	esac | head -n 1
}
# What is true without asking the daemon: which of the container's things exist.
settled() { ! B operation list -o json | jq -e '.[] | select(.state == "running" or .state == "queued")' >/dev/null; }

targets=(engine api job launch)
for round in $(seq "${ROUNDS:-24}"); do
	target=${targets[$((round % 4))]}
	op=$(shuf -n 1 -e create start stop delete set)
	B create web --template busybox --memory 64M --disk 64M >/dev/null 2>&1
	case $op in
	create) B delete -y web >/dev/null 2>&1; set -- create web --template busybox --memory 64M --disk 64M ;;
	start) set -- start web ;;
	stop) B start web >/dev/null 2>&1; set -- stop web ;;
	delete) set -- delete -y web ;;
	set) B start web >/dev/null 2>&1; set -- set web memory=80M pids=100 ;;
	esac
	"$BUILD/berth" "$@" >/dev/null 2>&1 &
	client=$!
	sleep "0.0$(printf '%02d' $((RANDOM % 25)))"
	pid=$(victim "$target")
	[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null
	what="$op, $target killed"
	if [ "$target" = engine ]; then
		wait "$DAEMON" 2>/dev/null
		t_start_daemon || { fail "$what: the daemon starts again"; exit 1; }
	else
		wait_for 15 t_answers || fail "$what: the daemon answers"
	fi
	wait $client 2>/dev/null
	wait_for 20 settled || fail "$what: an operation never ends: $(B operation list | head -n 3)"
	state=$(state web)
	case $state in
	running) if B exec web -- true >/dev/null 2>&1; then pass "$what: running, truly"; else fail "$what: running, but exec fails: $(B exec web -- true 2>&1)"; fi ;;
	stopped | crashed) pass "$what: $state" ;;
	'') pass "$what: gone" ;;
	*) fail "$what: it is $state" ;;
	esac
	[ "$(field calm pid)" = "$calm" ] || fail "$what: the bystander noticed"
	if [ -n "$state" ]; then
		out=$(B delete -y --force web 2>&1) || fail "$what: delete: $out"
	fi
	left=$(find "$T/s/pool" "$T/s/registry" "$T/r/ct" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -vE '^(high|\..*|101)$' | grep -v "$(field calm id)")
	[ -z "$left" ] || fail "$what: left behind: $left"
	out=$(B create web --template busybox --memory 64M --disk 64M --start 2>&1) || fail "$what: the same again: $out"
	B delete -y --force web >/dev/null 2>&1 || fail "$what: and its end"
done
