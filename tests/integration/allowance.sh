#!/bin/bash
# A month's traffic: at 80 % and at 100 % of it something happens, once; more traffic or the next month takes it back.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF=$'sample_interval = 1\nusage_interval = 1' t_begin
B tenant create acme >/dev/null 2>&1
B plan create small --cpus 1 --memory 64M --disk 64M --traffic 100000 --traffic-100 suspend >/dev/null 2>&1 || fail "create plan"
B create one --tenant acme --template busybox --plan small --start >/dev/null 2>&1 || fail "create one"
B create two --tenant acme --template busybox --memory 64M --disk 64M --start >/dev/null 2>&1 || fail "create two"
TWO=$(field acme:two 'ip[]' | grep -v :)
udp() { nsenter -t "$(field acme:one pid)" -n python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range($1): s.sendto(b'x' * (1000 - 28), ('$TWO', 9))"; }
# What happened for it, in order.
events() { B events -o json 2>/dev/null | jq -r '.[] | select(.type | startswith("container.traffic")) | "\(.type) \(.data.action)"' | tr '\n' ' '; }
one() { B show acme:one -o json | jq -r ".$1"; }

is "its plan's allowance" "100000 suspend" "$(one traffic) $(one traffic_100)"
udp 50
sleep 2.5
is "at a half nothing happens" "" "$(events)"
udp 32
ok "at four fifths there is an event" wait_for 6 eval '[ "$(events)" = "container.traffic_80 event " ]'
is "and it runs" running "$(one state)"
sleep 2
is "one event" "container.traffic_80 event " "$(events)"
udp 25
ok "at all of it it is suspended" wait_for 15 eval '[ "$(one state)" = suspended ]'
is "with an event" "container.traffic_80 event container.traffic_100 suspend " "$(events)"
is "why and by whom is told" "its traffic of this month is used up, daemon:traffic" "$(one suspended), $(one suspended_by)"
OWNER=$(B token create t --role owner --tenant acme 2>/dev/null)
fails 4 "traffic of this month" "its tenant can't start it" env BERTH_TOKEN="$OWNER" "$BUILD/berth" start one
fails 2 "operator.s to set" "nor give it more" env BERTH_TOKEN="$OWNER" "$BUILD/berth" set one traffic=1G
t_stop_daemon KILL
t_start_daemon || exit 1
sleep 3
is "a new daemon does nothing again" "container.traffic_80 event container.traffic_100 suspend " "$(events)"
ok "more traffic" B set acme:one traffic=120000
ok "and it runs again" wait_for 15 eval '[ "$(one state)" = running ]'
like "with an event; at four fifths of that it is still" "traffic_reset event $" "$(events)"
udp 20
ok "used up again" wait_for 15 eval '[ "$(one state)" = suspended ]'
# The state is told at once, the operation ends when all is down.
ok "an operator has the last word" wait_for 15 B unsuspend acme:one
ok "it runs" wait_for 15 eval '[ "$(one state)" = running ]'
sleep 2.5
is "and goes on" running "$(one state)"
ok "he suspends it for a reason of his own" B suspend acme:one --reason "invoice 4711"

# The next month: what was counted and has happened is of the last one.
last=$(date -u -d "$(date -u +%Y-%m-01) -1 month" +%s)
sqlite3 "$T/s/db/berth.db" "PRAGMA busy_timeout = 5000; UPDATE allowance SET month = $last; UPDATE usage_month SET start = $last" >/dev/null
ok "the month begins anew" wait_for 8 eval '[[ "$(events)" == *"traffic_reset event " ]]'
is "what he suspended stays so" "suspended invoice 4711" "$(one state) $(one suspended)"
B unsuspend acme:one >/dev/null 2>&1
wait_for 15 eval '[ "$(one state)" = running ]'
wait_for 15 B set acme:one traffic=10000 traffic_80=suspend
udp 9
ok "suspend at four fifths" wait_for 15 eval '[ "$(one state)" = suspended ]'
sqlite3 "$T/s/db/berth.db" "PRAGMA busy_timeout = 5000; UPDATE allowance SET month = $last; DELETE FROM usage_month" >/dev/null
ok "the next month lifts what was done for the last" wait_for 15 eval '[ "$(one state)" = running ]'
ok "no limit" wait_for 15 B set acme:one traffic=none
fails 2 "event, throttle or suspend" "an action that there isn't" B set acme:one traffic_80=delete

# Slow rather than down.
throttled() { one throttled; }
rates() { tc qdisc show dev "$INSTANCE$(one ctid)" | grep -oE 'rate [0-9A-Za-z]+'; }
ok "its interface is slower than the host's" B set acme:one traffic=1G traffic_80=event traffic_100=throttle rate_in=20
is "by a rate of its own" "rate 20Mbit" "$(rates)"
B set acme:one traffic=1000 >/dev/null 2>&1
udp 2
ok "used up it is throttled" wait_for 15 eval '[ "$(throttled)" = true ]'
ok "to the rate of the configuration" wait_for 5 eval '[ "$(rates)" = "rate 1Mbit" ]'
is "and runs" running "$(one state)"
fails 2 "throttled" "its tenant can't lift that" env BERTH_TOKEN="$OWNER" "$BUILD/berth" set one throttled=false
B restart acme:one >/dev/null 2>&1
is "a restart leaves it so" "rate 1Mbit" "$(rates)"
ok "more traffic" B set acme:one traffic=1G
ok "lifts it" wait_for 15 eval '[ "$(throttled)" != true ]'
ok "back to its own rate" wait_for 5 eval '[ "$(rates)" = "rate 20Mbit" ]'
