#!/bin/bash
# Many at once: five hundred followers of events, answers that nobody reads, bodies that don't end. Each identity has its bounds, the
# daemon keeps its size, and the others are served meanwhile.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF='client_timeout = 3
tenant_requests = 40
tenant_streams = 30' t_begin
TS=$T/r/token.sock
api_pid=$(pgrep -P "$DAEMON" -x berth-api)
load() { python3 -B "$TOP/tests/lib/load.py" "$@"; }
rss() { awk '/^VmRSS:/ { print $2 }' "/proc/$api_pid/status"; }
calls() { load calls "$BERTH_SOCKET" /v1/containers/t1:web 2; }
for i in $(seq 10); do
	B tenant create "t$i" -q
	B token create x --role viewer --tenant "t$i" 2>/dev/null
done >"$T/viewers"
B token create x --role auditor 2>/dev/null >"$T/auditor"
ok "a container" B create web --tenant t1 --template busybox --memory 64M --disk 64M --start
before=$(rss)
alone=$(calls)

# A busy machine slows down what stands alone as well.
is_quick() {
	if jq -ne --argjson it "$2" --argjson alone "$alone" --argjson slow "${T_SLOW:-1}" '$it.p99 < (60 + 10 * $alone.p99) * $slow' >/dev/null; then
		pass "a call $1 takes, in ms, $2; alone $alone"
	else
		fail "a call $1 takes, in ms, $2; alone $alone"
	fi
}

# Every follower sees every event, those of the host's roles all of them.
mkfifo "$T/in"
load followers "$BERTH_SOCKET" "$TS" "$T/auditor" 500 60 <"$T/in" >"$T/followed" 2>"$T/followers.err" &
followers=$!
exec 9>"$T/in"
ok "500 followers" wait_for 20 grep -q ready "$T/followed"
calls >"$T/beside" &
beside=$!
for _ in $(seq 10); do
	for verb in freeze thaw; do B $verb t1:web >/dev/null 2>&1; done
done
B events -o json | jq -c '[.[]|select(.type=="container.frozen" or .type=="container.thawed").seq]' >"$T/events"
is "twenty events" 20 "$(jq length "$T/events")"
cat "$T/events" >&9
told() { [ "$(wc -l <"$T/followed")" -ge 2 ]; }
wait_for 20 told
wait $beside
is "each sees each of them" '[500,0]' "$(tail -n 1 "$T/followed" | jq -c '[.all,.gone]')"
beside=$(cat "$T/beside")
is_quick "beside them" "$beside"
grown=$(($(rss) - before))
[ $grown -lt 16384 ] && pass "the api has grown by $grown kB with 500 followers" || fail "the api has grown by $grown kB"
exec 9>&-
wait $followers

# A tenant's own.
token=$(head -n 1 "$T/viewers") other=$(sed -n 2p "$T/viewers")
pids=()
for _ in $(seq 40); do curl -sN --unix-socket "$TS" -H "Authorization: Bearer $token" http://berth/v1/events >/dev/null & pids+=($!); done
status_of() { curl -s -m 2 -o "$T/body" -D "$T/head" -w '%{http_code}' --unix-socket "$TS" -H "Authorization: Bearer $1" "http://berth$2"; }
thirty() {
	local pid n=0
	for pid in "${pids[@]}"; do ! kill -0 "$pid" 2>/dev/null || n=$((n + 1)); done
	[ $n = 30 ]
}
ok "of forty streams a tenant has thirty" wait_for 20 thirty
is "no more" 429 "$(status_of "$token" /v1/events)"
is "typed, with a time" "too_many_streams true" "$(jq -r .code <"$T/body") $(grep -qi '^retry-after: [0-9]' "$T/head" && echo true)"
is "another has its own" 200 "$(status_of "$other" '/v1/events?follow=false')"
kill "${pids[@]}"
wait "${pids[@]}" 2>/dev/null

# Bodies that don't end: so many of a tenant's are kept, and these not for long.
owner=$(B token create o --role owner --tenant t3 2>/dev/null)
before=$(rss)
bodies=$(load bodies "$TS" "$owner" 30 1000000)
is "sixteen large bodies of one caller" 16 "$(jq .waiting <<<"$bodies")"
is "the others are told" 14 "$(jq '."HTTP/1.1 429 Too Many Requests"' <<<"$bodies")"
is "without a token none is taken" '["HTTP/1.1 401 Unauthorized"]' "$(load bodies "$TS" berth_0000000000000000_A 5 1000000 | jq -c keys)"
peak=$(awk '/^VmHWM:/ { print $2 }' "/proc/$api_pid/status")
[ $((peak - before)) -lt 65536 ] && pass "the api grew by $((peak - before)) kB for it" || fail "the api grew by $((peak - before)) kB for it"

# Answers that nobody reads.
for i in $(seq 12); do
	printf '["a","","POST","/v1/containers",{"name":"c%d","tenant":"t4","template":"busybox","memory":"32M","disk":"32M","ip":[]}]\n' "$i"
done | python3 -B "$TOP/tests/lib/crowd.py" "$BERTH_SOCKET" >/dev/null
before=$(rss)
load unread "$TS" 100 /v1/containers "$(sed -n 4p "$T/viewers")" >"$T/unread" &
unread=$!
load unread "$TS" 50 /v1/openapi.json "$(sed -n 5p "$T/viewers")" >"$T/unread2" &
unread2=$!
sleep 2
during=$(calls)
grown=$(($(rss) - before))
is_quick "beside 150 who don't read" "$during"
[ $grown -lt 49152 ] && pass "the api has grown by $grown kB for them" || fail "the api has grown by $grown kB for them"
wait $unread $unread2
is "all of them are cut off" "100 50" "$(jq .ended "$T/unread") $(jq .ended "$T/unread2")"
for took in $(jq .s "$T/unread") $(jq .s "$T/unread2"); do
	ok "in their time: $took s" test "$took" -ge 3 -a "$took" -lt $((60 * ${T_SLOW:-1}))
done
is "by the same api" "$api_pid" "$(pgrep -P "$DAEMON" -x berth-api)"
B delete -y --force --all >/dev/null 2>&1
