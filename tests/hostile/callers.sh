#!/bin/bash
# Callers that are slow, many, silent, deaf or endless: the others are served meanwhile, and the daemon keeps its size.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF='max_connections = 200' t_begin
ok "a container" B create web --template busybox --memory 64M --disk 64M --start
api_pid=$(pgrep -P "$DAEMON" -f berth-api)
size() { awk '/^(Rss|Pss_Dirty):/ { n += $2 } END { print n }' "/proc/$api_pid/smaps_rollup"; }
fds() { find "/proc/$api_pid/fd" -type l | wc -l; }
fds_back() { [ "$(fds)" -le $((fds_before + 2)) ]; }
# The slowest of ten calls, in ms.
slowest() {
	local worst=0 start ms
	for _ in $(seq 10); do
		start=$(date +%s%N)
		B show web >/dev/null 2>&1 || { echo 99999; return; }
		ms=$((($(date +%s%N) - start) / 1000000))
		[ $ms -gt $worst ] && worst=$ms
		sleep 0.1
	done
	echo $worst
}
size_before=$(size)
fds_before=$(fds)
# beside WHAT [UID]: while such a caller is at work, others are served.
beside() {
	local what=$1 ms
	python3 -B "$TOP/tests/hostile/callers.py" "$BERTH_SOCKET" "$what" 4 ${2:+"$2"} >"$T/out" 2>&1 &
	local caller=$!
	sleep 1
	ms=$(slowest)
	[ "$ms" -lt $((1000 * ${T_SLOW:-1})) ] && pass "beside $what ${2:+of user $2 }others are served in $ms ms" || fail "beside $what ${2:+of user $2 }others wait for $ms ms"
	ok "exec works beside $what" B exec web -- true
	wait $caller
	unlike "$what runs" 'Traceback' "$(cat "$T/out")"
}
for what in slow_headers slow_body silent; do beside $what 65534; done
for what in never_reads deaf_follower; do beside $what; done
ok "connections are given back" wait_for 15 fds_back
grown=$(($(size) - size_before))
[ $grown -lt 8192 ] && pass "the api has grown by $grown kB" || fail "the api has grown by $grown kB"
# A request must come whole within its time.
out=$(python3 -B "$TOP/tests/hostile/callers.py" "$BERTH_SOCKET" slow_headers 40 65534 2>&1)
like "slow headers come to an end" '^ended [1-9][0-9]* of' "$out"
is "all of them" "" "$(awk '$2 != $4' <<<"$out")"
is "the same api is at work" "$api_pid" "$(pgrep -P "$DAEMON" -f berth-api)"
ok "the daemon is alive" B version

# Values that would write a line of their own wherever they went.
for value in '"a\nb"' '"a\rb"' '"a\u0000b"' '"a\u001b[2Jb"'; do
	for field in hostname password name tenant template; do
		api POST /v1/containers "$(printf '{"name":"x","template":"busybox","%s":%s}' $field "$value")" >/dev/null
		is "$field $value is refused" 422 "$status"
	done
	api POST /v1/containers "{\"name\":\"x\",\"template\":\"busybox\",\"ssh_keys\":[$(sed 's/^"/"ssh-ed25519 AAAA /' <<<"$value")]}" >/dev/null
	is "ssh_keys $value is refused" 422 "$status"
	api POST /v1/containers "{\"name\":\"x\",\"template\":\"busybox\",$value:1}" >/dev/null
	is "a key $value is refused" 422 "$status"
done
is "none was made" web "$(B list -q)"
is "the log holds no control characters" "" "$(grep -aP '[\x00-\x08\x0b-\x1f\x7f]' "$T/log")"
is "nor a line of theirs" "" "$(grep -avE '^[0-9-]{10}T[0-9:]{8}Z berth' "$T/log")"
