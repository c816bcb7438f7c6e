#!/bin/bash
# The engine against an api that has been taken over: tests/hostile/taken_over_api.py speaks its protocol.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
t_stop_daemon
out=$(python3 -B "$TOP/tests/hostile/taken_over_api.py" "$BUILD" "$T/conf" 2>>"$T/log")
while read -r verdict what; do
	case $verdict in ok) pass "$what" ;; FAIL) fail "$what" ;; esac
done <<<"$out"
like "it came to its end" '^[0-9]+ passed' "$out"
