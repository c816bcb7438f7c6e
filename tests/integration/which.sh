#!/bin/bash
# Whose is it: a process, user id, address, MAC, interface; operations and events as records of what was done.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "two containers" sh -c 'for n in a b; do "$BUILD/berth" create $n --template busybox --memory 64M --disk 64M --start || exit 1; done'
pid=$(field b pid)
uid=$(stat -c %u "/proc/$pid")
like "which PID" '\bb\b' "$(B which "$pid")"
like "which uid" '\bb\b' "$(B which "uid:$uid")"
like "which IPv4" '\bb\b' "$(B which "$(field b 'ip[0]')")"
like "which IPv6" '\bb\b' "$(B which "$(field b 'ip[1]')")"
like "which veth" '\bb\b' "$(B which "${INSTANCE}102")"
like "which MAC" '\bb\b' "$(B which "$(B exec b -- cat /sys/class/net/eth0/address)")"
fails 3 '' "which of the host's own" B which 1

like "operations are kept" 'CONTAINER_START|container_start' "$(B operation list)"
op=$(B operation list -o json | jq -r '.[0].id')
ok "show one" B operation show "$op"
ok "wait for one that has ended" B operation wait "$op"
events=$(B events -o json)
like "events: created" 'container.created' "$events"
like "events: started" 'container.started' "$events"
last=$(jq -s 'flatten | map(.seq) | max' <<<"$events")
kill -9 "$pid"
ok "a crash is an event" wait_for 10 eval 'B events --since '"$last"' -o json | found container.crashed'
unlike "since leaves out what was" 'container.created' "$(B events --since "$last" -o json)"
is "the last ones only" 2 "$(B events -n 2 -o json | jq length)"
is "none but what comes" 0 "$(B events --tail 0 -o json | jq length)"
is "-f begins with the last ones" 3 "$(timeout $((2 * ${T_SLOW:-1})) "$BUILD/berth" events -f -n 3 -o json | wc -l)"

like "list as CSV" '^(name|NAME),' "$(B list -o csv | head -n 1)"
is "list as JSON is an array" 2 "$(B list -o json | jq length)"
is "fields" "a b" "$(B list --fields name --no-header | xargs)"
is "quiet: names alone" "a b" "$(B list -q | xargs)"
is "pages: each once" "a b" "$(api GET '/v1/containers?limit=1' | jq -r '.items[0].name') $(api GET "/v1/containers?limit=1&cursor=$(api GET '/v1/containers?limit=1' | jq -r .next)" | jq -r '.items[0].name')"
id=$(field a id)
is "by UUID" a "$(field "$id" name)"
is "by CTID" a "$(field 101 name)"
is "by tenant and name" a "$(field default:a name)"
