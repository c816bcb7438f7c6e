#!/bin/bash
# shellcheck disable=SC2154,SC2034
# The audit: who changed what, or would have; kept whatever happens, by nobody to be changed, to each tenant its own.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
token() { B token create "$@" 2>/dev/null; }
as() {
	local token=$1
	shift
	BERTH_TOKEN=$token setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/berth" "$@"
}
# entries [OPTION…]: KIND STATUS CODE of each, the oldest first, joined by commas.
entries() { B audit -o json "$@" | jq -r 'reverse | map([.kind, .status, .code // empty] | join(" ")) | join(", ")'; }

B tenant create acme >/dev/null 2>&1; B tenant create globex >/dev/null 2>&1
acme=$(token panel --role owner --tenant acme) globex=$(token panel --role owner --tenant globex) viewer=$(token eyes --role viewer --tenant acme)
auditor=$(token look --role auditor)
id=token:$(cut -d_ -f2 <<<"$acme")
web='{"name":"web","template":"busybox","memory":"32M","disk":"32M","password":"canary-hunter2"}'

# What, on what, by whom, with which result.
is "a token's creation is told, and which it is" "token_create 201 acme ${id#token:}" "$(B audit -o json --kind token_create | jq -r '.[-1] | "\(.kind) \(.status) \(.tenant) \(.object)"')"
is "by root, with hints" "uid:0 admin 0 true true" "$(B audit -o json --kind tenant_create | jq -r '.[0] | "\(.actor) \(.role) \(.uid) \(.pid > 0) \(.cgroup | startswith("/"))"')"
api POST /v1/containers "$web" -H "Authorization: Bearer $acme" >/dev/null
operation=$(jq -r .id <"$T/body")
ok "a job ends" wait_for 20 eval 'api GET "/v1/operations/$operation" | jq -e .ended_at'
is "a job is told when it is asked for, and its end" "container_create 202, container_create 200" "$(entries --kind container_create)"
is "with its operation, the container, and who asked" "$operation $(field acme:web id) $id" "$(B audit -o json --kind container_create | jq -r '.[0] | "\(.operation) \(.container) \(.actor)"')"
ok "start" as "$acme" start web
ok "exec" as "$acme" exec web -- true
ended() { [ "$(entries --kind container_exec)" = "container_exec 101, container_exec 200" ]; }
ok "a session is told, and its end" wait_for 5 ended
curl -s -m 1 -o /dev/null --unix-socket "$BERTH_SOCKET" -H 'Connection: Upgrade' -H 'Upgrade: berth-stream/1' -H "Authorization: Bearer $acme" --json '{}' http://berth/v1/containers/web/console
is "of a console, too" "container_console 101" "$(entries --kind container_console | cut -d, -f1)"
fails 4 "" "what is in conflict" as "$acme" start web
is "is told" "409 state_conflict" "$(B audit -o json --kind container_start --last 1 | jq -r '.[0] | "\(.status) \(.code)"' | sed 's/ [a-z_]*$/ state_conflict/')"
fails 5 "" "what is denied" as "$viewer" stop web
is "is told" "container_stop 403 denied" "$(entries --kind container_stop)"
api POST /v1/containers '{"name":"UPPER","template":"busybox"}' -H "Authorization: Bearer $acme" >/dev/null
is "what is wrong is told" "422 UPPER" "$(B audit -o json --kind container_create --last 1 | jq -r '.[0] | "\(.status) \(.object)"')"
fails 5 "" "a wrong token" as "${acme}x" start web
is "is told, without a name that isn't proved" "401 unauthorized uid:65534" "$(B audit -o json --kind container_start --last 1 | jq -r '.[0] | "\(.status) \(.code) \(.actor)"')"
fails 5 "" "a stranger" as_user 65533 "$BUILD/berth" stop acme:web
is "is told" "403 none" "$(B audit -o json --actor uid:65533 | jq -r '.[0] | "\(.status) \(.role)"')"
before=$(B audit -o json --last 1 | jq '.[0].seq')
B list >/dev/null; B show acme:web >/dev/null; api PATCH '/v1/containers/acme:web?dry_run=true' '{"memory":"64M"}' >/dev/null
is "what changes nothing isn't" "$before" "$(B audit -o json --last 1 | jq '.[0].seq')"
ok "a revocation" B token delete "$(cut -d_ -f2 <<<"$viewer")"
is "is told with the tenant's" "token_delete 200 acme" "$(B audit -o json --kind token_delete | jq -r '.[0] | "\(.kind) \(.status) \(.tenant)"')"
ok "what the daemon does unasked" eval 'B host boot; [ "$(B audit -o json --kind host_boot | jq length)" -ge 1 ]'
like "the table" '^20[0-9-]+T[0-9:]+Z +token:[0-9a-f]{16} +container_exec +acme +web +200' "$(B audit --kind container_exec)"

# A key goes with a session as with all that is posted: it is opened once.
stream() {
	curl -s -m 5 -o "$T/body" -w '%{http_code}' --unix-socket "$BERTH_SOCKET" -H 'Connection: Upgrade' -H 'Upgrade: berth-stream/1' -H 'Idempotency-Key: once' \
		--json '{"argv":["/bin/sh","-c","echo x >>/root/count"]}' http://berth/v1/containers/acme:web/exec
}
is "a session with an Idempotency-Key" 101 "$(stream)"
ok "does its work" wait_for 5 B exec acme:web -- test -s /root/count
is "its repeat is refused" "409 idempotency_answer_gone" "$(stream) $(jq -r .code <"$T/body")"
is "and does nothing" x "$(B exec acme:web -- cat /root/count)"

# A tenant sees its own part, numbered for itself.
fails 3 "" "another's container" as "$globex" start acme:web
is "is told to who tried" "container_start 404 not_found acme:web" "$(as "$globex" audit -o json | jq -r '.[0] | "\(.kind) \(.status) \(.code) \(.object)"')"
is "not to whose it is" 0 "$(as "$acme" audit -o json | jq '[.[] | select(.tenant != "acme" or .status == 404)] | length')"
is "each has its own numbers, without gaps" "true true" "$(as "$acme" audit -o json | jq 'map(.seq) == [range(length; 0; -1)]') $(as "$globex" audit -o json | jq 'map(.seq) == [range(length; 0; -1)]')"
is "what the operator did to a tenant's is seen by it" "uid:0 null null" "$(B set acme:web labels=a=b >/dev/null; as "$acme" audit -o json --kind container_set | jq -r '.[-1] | "\(.actor) \(.pid) \(.cgroup)"')"
is "another's is as nobody's" "[] []" "$(as "$acme" audit -o json --tenant globex | jq -c .) $(as "$acme" audit -o json --tenant nobody | jq -c .)"
is "an auditor sees all" "true" "$(as "$auditor" audit -o json | jq '[.[].tenant] | contains(["acme", "globex"])')"
is "nobody sees nothing" 5 "$(as_user 65533 "$BUILD/berth" audit >/dev/null 2>&1; echo $?)"
# The cursor of one is none of another's.
cursor=$(api GET '/v1/audit?limit=1' '' -H "Authorization: Bearer $acme" | jq -r .next)
is "pages follow each other" "$(as "$acme" audit -o json | jq '.[1].seq')" "$(api GET "/v1/audit?limit=1&cursor=$cursor" '' -H "Authorization: Bearer $acme" | jq '.items[0].seq')"
all=$(B audit -o json --since 2020-01-01 | jq -c 'map(.seq)')
is "all pages are each entry once" true "$(jq '. == (unique | reverse)' <<<"$all")"
is "until a time" 0 "$(B audit -o json --until 2020-01-01 | jq length)"
is "by container" acme "$(B audit -o json --container acme:web | jq -r '[.[].tenant] | unique | join(" ")')"
is "by actor" "$id" "$(B audit -o json --actor "$id" | jq -r '[.[].actor] | unique | join(" ")')"

# Whoever floods it with what is refused is counted, and pushes nobody out.
for i in $(seq 60); do echo "url = http://berth/v1/containers/none$i/start"; done >"$T/curl"
before=$(as "$globex" audit -o json --since 2020-01-01 | jq length)
curl -s -K "$T/curl" -X POST --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $globex" >/dev/null
many=$(as "$globex" audit -o json --since 2020-01-01 | jq length)
is "a flood is written a little" true "$([ $((many - before)) -le 31 ] && echo true || echo "$before $many")"
is "a second token of the tenant has no more" "$many" "$(as "$globex" token create more --role owner >"$T/more" 2>/dev/null; many=$((many + 1)); curl -s -K "$T/curl" -X POST --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $(cat "$T/more")" >/dev/null; as "$globex" audit -o json --since 2020-01-01 | jq 'length - 1')"
ok "what succeeds is always written" eval 'as "$globex" token create one-more --role owner && [ "$(as "$globex" audit -o json --kind token_create | jq -r ".[0].object" | wc -c)" = 17 ]'
is "and others' refusals" "container_start 404" "$(as "$acme" start nowhere >/dev/null 2>&1; as "$acme" audit -o json --last 1 | jq -r '.[0] | "\(.kind) \(.status)"')"
kill -TERM "$DAEMON"; wait "$DAEMON"
t_start_daemon
is "the rest is told by their number" 121 "$(as "$globex" audit -o json --since 2020-01-01 --kind container_start | jq '[.[].count] | add')"

# Kept whatever happens.
all=$(B audit -o json --since 2020-01-01 | jq -cS 'map(select(.seq <= 20))')
kill -KILL "$(pgrep -P "$DAEMON" -f berth-api)"
ok "the api comes back" wait_for 10 t_answers
is "nothing is lost" "$all" "$(B audit -o json --since 2020-01-01 | jq -cS 'map(select(.seq <= 20))')"
is "no operation changes or removes it" "405 405 405 405" "$(for m in POST PUT PATCH DELETE; do api $m /v1/audit >/dev/null; echo "$status"; done | tr '\n' ' ' | sed 's/ $//')"
fails 3 "" "a token where none belongs" B token delete "$acme"
unlike "no secret is in it" "canary-hunter2|$(cut -d_ -f3- <<<"$acme")|$(cut -d_ -f3- <<<"$globex")" "$(B audit -o json --since 2020-01-01; cat "$T"/s/db/berth.db* | tr -d '\0')"
ok "the end of a tenant" eval 'B delete -y --force acme:web && B tenant delete acme && B tenant create acme'
is "another of its name sees nothing of it" tenant_create "$(as "$(token panel --role owner --tenant acme)" audit -o json | jq -r '.[-1].kind')"
ok "the operator still does" eval '[ "$(B audit -o json --tenant acme --kind container_exec | jq length)" -ge 2 ]'

# Where an event is asked for that isn't kept, or never was.
api_is 410 events_gone "a number past the newest is of another journal" GET '/v1/events?since=100000'
api_is 410 events_gone "for a tenant by its own numbers" GET '/v1/events?since=500' '' -H "Authorization: Bearer $globex"
last=$(as "$globex" events -o json | jq '.[-1].seq')
is "its last one is followed by none" 200 "$(api GET "/v1/events?since=$last&follow=false" '' -H "Authorization: Bearer $globex" >/dev/null; echo "$status")"
