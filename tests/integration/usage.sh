#!/bin/bash
# Usage, as a provider bills it and a customer sees it: traffic to the byte over everything that a container goes through, resources,
# periods, groups, and whose figures who may see.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF=$'sample_interval = 1\nusage_interval = 1' t_begin

B plan create small --cpus 1 --memory 64M --disk 64M >/dev/null 2>&1
B plan create large --cpus 1 --memory 128M --disk 64M >/dev/null 2>&1
B tenant create acme >/dev/null 2>&1; B tenant create globex >/dev/null 2>&1
B create one --tenant acme --template busybox --plan small --start >/dev/null 2>&1 || fail "create one"
B create two --tenant acme --template busybox --plan small --start >/dev/null 2>&1 || fail "create two"
B create three --tenant globex --template busybox --memory 64M --disk 64M --start >/dev/null 2>&1 || fail "create three"
TWO=$(field acme:two 'ip[]' | grep -v :)
# shellcheck disable=SC2034
CTID=$(field acme:one ctid)
ONE=$(field acme:one id)
# used NAME FIELD: of this month.
used() { B usage "$1" -o json | jq -r "[.[] | .$2] | add // 0"; }
# udp NAME COUNT SIZE: so many datagrams of so many bytes of IPv4 from it to the second container.
udp() { nsenter -t "$(field "$1" pid)" -n python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range($2): s.sendto(b'x' * ($3 - 28), ('$TWO', 9))"; }
sent() { is "$1" "$2" "$(wait_for 6 used_is acme:one out4_paid "$2"; used acme:one out4_paid)"; }
used_is() { [ "$(used "$1" "$2")" = "$3" ]; }

status() { awk -v w="$1:" '$1 == w { print $2 }' "/proc/$(pgrep -P "$DAEMON" -f berth-sampler)/status"; }
is "the sampler may read counters and nothing else, as nobody of note, under a filter" "0000000000001000 0000000000000000 1 2 $(id -u berth-api)" \
	"$(status CapEff) $(status CapBnd) $(status NoNewPrivs) $(status Seccomp) $(status Uid)"
udp acme:one 100 1000
sent "what was sent is counted to the byte" 100000
is "and the datagrams" 100 "$(used acme:one out4_paid_packets)"
ok "received there, once" wait_for 6 used_is acme:two in4_paid 100000
B restart acme:one --kill >/dev/null 2>&1
udp acme:one 50 1000
sent "over a restart" 150000
B exec acme:one -- poweroff >/dev/null 2>&1
wait_for 20 eval '[ "$(field acme:one state)" = stopped ]'
B start acme:one >/dev/null 2>&1
udp acme:one 50 1000
sent "a poweroff from inside" 200000
udp acme:one 50 1000
t_stop_daemon KILL
t_start_daemon || exit 1
udp acme:one 50 1000
sent "the daemon's sudden end" 300000
udp acme:one 50 1000
wait_for 6 used_is acme:one out4_paid 350000
t_stop_daemon KILL
nft delete table inet "${INSTANCE}_traffic"
nft delete table inet "$INSTANCE"
t_start_daemon || exit 1
udp acme:one 50 1000
sent "a table that begins anew, as after the host's boot" 400000
nft delete table inet "${INSTANCE}_traffic"
ok "one that somebody deleted comes back by itself" wait_for 15 eval 'nft list counter inet "${INSTANCE}_traffic" "c${CTID}_out4_paid" 2>/dev/null'
udp acme:one 50 1000
sent "and what it counts is added" 450000

# Resources.
B exec acme:two -- sh -c 'dd if=/dev/zero of=/root/file bs=1M count=8 2>/dev/null; sync; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done' >/dev/null
has_all() { B usage acme:two -o json | jq -e '.[0] | [.seconds, .running, .cpu, .memory, .memory_peak, .pids_peak] | all(. != null and . > 0)'; }
wait_for 6 has_all
row=$(B usage acme:two -o json)
for f in seconds running cpu memory memory_peak pids_peak; do [ "$(jq ".[0].$f > 0" <<<"$row")" = true ] && pass "there is $f" || fail "no $f: $row"; done
[ "$(jq '.[0].memory_peak <= 70000000 and .[0].memory <= .[0].memory_peak and .[0].running <= .[0].seconds' <<<"$row")" = true ] && pass "figures fit together" || fail "figures: $row"
sum() { B usage acme:one --by "$1" "${@:2}" -o json | jq '[.[].out4_paid] | add'; }
for by in minute hour day month; do is "by $by it is the same" 450000 "$(sum $by --from "$(date -u -d '3 hours ago' +%FT%TZ)")"; done
is "of a time when there was nothing" "" "$(B usage --from 2020-01-01 --to 2020-02-01 --no-header)"

# Groups, and a plan that changes.
B set acme:one plan=large >/dev/null 2>&1
udp acme:one 10 1000
ok "from now on it is the new plan's" wait_for 6 eval '[ "$(B usage --group plan -o json | jq -r ".[] | select(.plan == \"large\") | .out4_paid")" = 10000 ]'
is "what was before stays the old one's" 450000 "$(B usage acme:one --plan small -o json | jq '[.[].out4_paid] | add')"
is "the container has both" 460000 "$(used acme:one out4_paid)"
like "a tenant's, as table" "^acme +2 " "$(B usage --group tenant --no-header)"
like "as CSV" "^globex,1," "$(B usage --group tenant -o csv --no-header)"

# A deleted container's traffic stays with its tenant.
udp acme:one 40 1000
B delete --force -y acme:one >/dev/null 2>&1
of_one() { B usage "$ONE" -o json | jq '[.[].out4_paid] | add'; }
ok "a deleted container's last bytes are billed" wait_for 6 eval '[ "$(of_one)" = 500000 ]'
in_acme() { B usage --tenant acme "$@" -o json | jq '[.[].out4_paid] | add'; }
ok "to its tenant" wait_for 6 eval '[ "$(in_acme --group tenant)" = "$(in_acme)" ] && [ "$(in_acme)" -ge 500000 ]'
ok "and then its counters go" wait_for 15 eval '! nft list counter inet "${INSTANCE}_traffic" "c${CTID}_out4_paid" 2>/dev/null'
sleep 2.5
is "with nothing counted twice" 500000 "$(of_one)"

# Whose figures who sees.
token() { B token create t --role "$1" ${2:+--tenant "$2"} 2>/dev/null; }
OWNER=$(token owner globex) AUDITOR=$(token auditor)
is "a tenant sees its own alone" "globex " "$(BERTH_TOKEN=$OWNER B usage --fields tenant --no-header | sort -u | tr '\n' ' ' | tr -s ' ')"
is "not by another's name" "" "$(BERTH_TOKEN=$OWNER B usage --tenant acme --no-header)"
is "nor by a UUID" "" "$(BERTH_TOKEN=$OWNER B usage "$ONE" --no-header)"
fails 3 "no container" "nor by a container's name" env BERTH_TOKEN="$OWNER" "$BUILD/berth" usage acme:two
like "an auditor sees all" "acme.*globex" "$(BERTH_TOKEN=$AUDITOR B usage --group tenant --fields tenant --no-header | tr '\n' ' ')"

fails 2 "minute, hour, day or month" "a period that there isn't" B usage --by week
fails 2 "from.*must lie before" "a time the wrong way round" B usage --from 2026-02-01 --to 2026-01-01
fails 2 "choose a longer period" "more than can be added up at once" B usage --by minute --from 2020-01-01
B delete --force -y acme:two >/dev/null 2>&1; B tenant delete acme >/dev/null 2>&1; B tenant create acme >/dev/null 2>&1
is "another tenant of that name begins at nothing" "" "$(B usage --tenant acme --no-header)"
like "what the former used is still there" "acme~[0-9]+" "$(B usage --group tenant --fields tenant --no-header)"
