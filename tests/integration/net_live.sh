#!/bin/bash
# A container's addresses through the daemon: given, changed while it runs and while it is stopped, refused; what it reaches of the host.
. "$(dirname "$0")/../lib/lib.sh"
own=$(ip -4 -o address show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
EXTRA_CONF="addresses = 203.0.113.64/28${own:+$'\n'addresses = $own/32}" t_begin

B create a --template busybox --memory 64M --disk 64M --start >/dev/null 2>&1 || fail "create a"
B create b --template busybox --memory 64M --disk 64M --start >/dev/null 2>&1 || fail "create b"
four() { field "$1" 'ip[]' | grep -v : | head -n 1; }
six() { field "$1" 'ip[]' | grep : | head -n 1; }
a4=$(four a) a6=$(six a) b4=$(four b)
inside() { B exec "$1" -- ip -o address show dev eth0 | awk '$3 ~ /inet/ && $4 !~ /^fe80/ { sub("/.*", "", $4); print $4 }' | sort | tr '\n' ' '; }
wait_for 10 B exec a -- true

like "its addresses are inside" "$a4" "$(inside a)"
like "of both families" "$a6" "$(inside a)"
ok "the host pings it" ping -n -q -c1 -W2 "$a4"
ok "by IPv6" ping -n -q -c1 -W2 "$a6"
ok "it pings its router" B exec a -- ping -c1 -W2 169.254.0.1
ok "and its neighbour" B exec a -- ping -c1 -W2 "$b4"

python3 "$TOP/tests/lib/net_packet.py" serve 17777 >/dev/null 2>&1 &
listener=$!
wait_for 5 python3 "$TOP/tests/lib/net_packet.py" ask tcp 127.0.0.1 17777
for host in 169.254.0.1 $(ip -4 -o address show scope global | awk '{ sub("/.*", "", $4); print $4 }'); do
	fails 1 '' "it reaches no service of the host on $host" B exec a -- nc -w 1 "$host" 17777
done
kill $listener; wait $listener 2>/dev/null

ok "change its addresses while it runs" B set a ip="$SUBNET.200,${SUBNET6}:c8,203.0.113.66"
like "the new ones are inside" "203.0.113.66" "$(inside a)"
like "all of them" "$SUBNET.200 .*$SUBNET6" "$(inside a)"
unlike "the old ones aren't" "$a4 |$a6 " "$(inside a)"
ok "the new ones answer" ping -n -q -c1 -W2 "$SUBNET.200"
ok "the public one too" ping -n -q -c1 -W2 203.0.113.66
ok "by IPv6" ping -n -q -c1 -W2 "${SUBNET6}:c8"
ok "it still has a router" B exec a -- ping -c1 -W2 169.254.0.1
if ping -n -q -c1 -W1 "$a4" >/dev/null 2>&1; then fail "the old one doesn't answer"; else pass "the old one doesn't answer"; fi
ok "restart" B restart a
wait_for 10 B exec a -- true
like "they stay" "203.0.113.66" "$(inside a)"

ok "stop" B stop a
ok "change them while it is stopped" B set a ip="$a4"
ok "its former one is another's" B set b ip="$SUBNET.200"
ok "start" B start a
wait_for 10 B exec a -- true
is "it has the one" "$a4 " "$(inside a)"
unlike "and may send from no other" "\"${INSTANCE}[0-9]+\" . 203.0.113.66|$INSTANCE$(field a ctid)\" . $SUBNET.200" "$(nft list set inet "$INSTANCE" src4)"
ok "it reaches its neighbour under its new address" B exec a -- ping -c1 -W2 "$SUBNET.200"

fails 4 'address|belongs' "an address of a neighbour's is refused" B set a ip="$SUBNET.200"
fails 2 'prefix' "one of no prefix of ours" B set a ip=198.18.0.1
[ -z "$own" ] || fails 4 "host's own" "the host's own" B set a ip="$own"
is "nothing has changed" "$a4 " "$(inside a)"
B exec a -- sh -c 'ip link set eth0 down; ip link set eth0 name gone' >/dev/null 2>&1
ok "its root can't keep an address from being taken back" B set a ip="$SUBNET.201"
ok "restart" B restart a
wait_for 10 B exec a -- true
is "the restart puts it right" "$SUBNET.201 " "$(inside a)"

ok "all its addresses are taken while it runs" B set a ip=
is "none is inside" "" "$(inside a)"
unlike "and it may send from none" "\"$INSTANCE$(field a ctid)\"" "$(nft list set inet "$INSTANCE" src4; nft list set inet "$INSTANCE" src6)"
ok "its former one is its neighbour's" B set b ip="$SUBNET.201"
ok "who can be changed" B set b cpu_weight=200
ok "restart" B restart a
wait_for 10 B exec a -- true
is "it comes up without" "" "$(inside a)"
ok "and gets one again" B set a ip=auto
like "which is inside" "$SUBNET\." "$(inside a)"
