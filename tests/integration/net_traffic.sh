#!/bin/bash
# What is counted for the bill: each packet once at each of its ends, by family and class; not what is dropped; whatever happens to
# the rules, the interface and the rest of the host's tables.
. "$(dirname "$0")/../lib/net.sh"
n_begin

n_settings ab 10.77.0.0/16 fd77:1::/64 '"traffic_free":["192.0.2.128/25","2001:db8:1:f::/64"],"sample_interval":1'
internet ip address add 192.0.2.200/32 dev lo
host ip route add 192.0.2.200/32 via 192.0.2.100
tool host-setup "$T/ab/101" || fail "host-setup"
n_container ab 101 1 10.77.0.2 fd77:1::2
n_container ab 102 1 10.77.0.3 fd77:1::3
# counted NUMBER NAME: "PACKETS BYTES"
counted() { host nft list counter inet ab_traffic "c$1_$2" | awk '/packets/ { print $2, $4 }'; }
all() { local n; for n in out4_paid out4_free out6_paid out6_free in4_paid in4_free in6_paid in6_free; do echo "$n $(counted "$1" "$n")"; done; }
# send NS COUNT SIZE ADDRESS: pings, each way COUNT packets of SIZE bytes of IPv4 in all.
send() { in_ns "$1" ping -n -q -c "$2" -i 0.01 -s $(($3 - 28)) "$4" >/dev/null; }
send6() { in_ns "$1" ping -n -q -c "$2" -i 0.01 -s $(($3 - 48)) "$4" >/dev/null; }

is "nothing was sent, nothing is billed: neighbour discovery is nobody's" "" "$(all 101 | awk '$2 != 0')"
send ab101 10 1000 192.0.2.100
is "sent to the outside" "10 10000" "$(counted 101 out4_paid)"
is "received from there" "10 10000" "$(counted 101 in4_paid)"
is "free networks apart" "0 0" "$(counted 101 out4_free)"
send ab101 7 500 192.0.2.200
is "to a free network" "7 3500" "$(counted 101 out4_free)"
is "and back" "7 3500" "$(counted 101 in4_free)"
is "what is paid hasn't grown" "10 10000" "$(counted 101 out4_paid)"
send6 ab101 5 600 2001:db8:1::1
is "IPv6, to the host" "5 3000" "$(counted 101 out6_paid)"
is "and from it" "5 3000" "$(counted 101 in6_paid)"
send ab101 4 900 10.77.0.3
is "to another container: out here" "14 13600" "$(counted 101 out4_paid)"
is "in there, once" "4 3600" "$(counted 102 in4_paid)"
is "and its answers likewise" "4 3600" "$(counted 102 out4_paid)"

# What Berth drops isn't billed.
before=$(all 101)
in_ns ab101 python3 "$PACKET" send eth0 udp src=10.77.0.3 dst=192.0.2.100 2>/dev/null
in_ns ab101 ping -n -q -c 2 -W 1 198.51.100.7 >/dev/null
n_asks ab101 tcp 192.0.2.1 22 >/dev/null 2>&1
is "a forged source, the management network, the host's services: not counted" "$before" "$(all 101)"

# Rules remade, options changed, the interface gone and back: the counts go on.
ok "the daemon starts again" tool host-setup "$T/ab/101"
is "counts are kept" "$before" "$(all 101)"
generation() { host nft list table inet ab_traffic | awk -F'"' '/comment/ { print $2; exit }'; }
was=$(generation)
ok "detach" tool detach "$T/ab/101"
is "counts outlive the interface" "$before" "$(all 101)"
n_attach ab 101
send ab101 1 1000 192.0.2.100
is "and go on with the next one" "15 14600" "$(counted 101 out4_paid)"
is "of the same generation" "$was" "$(generation)"
sed -i 's|"traffic_free":\[[^]]*\]|"traffic_free":[]|' "$T/ab/settings"
n_spec ab 101 1 10.77.0.2 fd77:1::2
ok "no network is free any more" tool host-setup "$T/ab/101"
send ab101 1 1000 192.0.2.200
is "it is paid now" "16 15600" "$(counted 101 out4_paid)"
is "what was free stays so" "7 3500" "$(counted 101 out4_free)"

# Somebody flushes the ruleset: the table begins anew, and says so.
host nft flush ruleset
ok "the next start brings it back" n_attach ab 102
like "another generation" "^[0-9a-f-]{36}\$" "$(generation)"
[ "$was" != "$(generation)" ] && pass "than before" || fail "the same generation after a flush"
is "of all registered containers" "0 0" "$(counted 101 out4_paid)"
send ab101 3 1000 192.0.2.100
is "that ran on" "3 3000" "$(counted 101 out4_paid)"

# As many as there may be: a start adds its own at the same price.
ok "clean up" tool host-cleanup "$T/ab/101"
is "no table is left" "" "$(host nft list tables)"
