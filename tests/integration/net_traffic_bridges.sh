#!/bin/bash
# What is counted for the bill of interfaces on bridges of the host's: each packet of IP once at the container's port, by family and
# class, with a container's routed traffic in one generation; not what a tenant's containers say to each other in private.
. "$(dirname "$0")/../lib/net.sh"
n_begin
n_lan 192.168.7.200/24
n_settings ab 10.77.0.0/16 fd77:1::/64 '"bridges":["br0"],"traffic_free":["192.168.7.200/32"],"sample_interval":1'
private() { nic "$1" 1 "private 1 - 0 10.9.0.$2/24 -"; }
bridged() { nic "$1" 2 "bridge 1 br0 0 192.168.7.1$2/24,fd07::1$2/64 192.168.7.1"; }

tool host-setup "$T/ab/101" || fail "host-setup"
n_container ab 103 1 10.77.0.4
is "where nobody is on a bridge no table looks at bridges" "" "$(host nft list tables | grep bridge)"
NICS="[$(private 1 1),$(bridged 2 1)]" n_container ab 101 1 10.77.0.2
NICS="[$(private 1 2),$(bridged 2 2)]" n_container ab 102 1 10.77.0.3
generation() { host nft list table "$1" ab_traffic | awk -F'"' '/comment/ { print $2; exit }'; }
like "with the first there is one" "^[0-9a-f-]{36}\$" "$(generation bridge)"
is "of the same generation as the other" "$(generation inet)" "$(generation bridge)"
# counted NUMBER NAME: "PACKETS BYTES", on bridges
counted() { host nft list counter bridge ab_traffic "c$1_$2" | awk '/packets/ { print $2, $4 }'; }
all() { local n; for n in out4_paid out4_free out6_paid out6_free in4_paid in4_free in6_paid in6_free; do echo "$n $(counted "$1" "$n")"; done; }
send() { in_ns "$1" ping -n -q -c "$2" -i 0.01 -s $(($3 - 28)) "$4" >/dev/null; }
send6() { in_ns "$1" ping -n -q -c "$2" -i 0.01 -s $(($3 - 48)) "$4" >/dev/null; }
# What the sampler makes of both tables: "BYTES PACKETS" by NUMBER and NAME. The lines are those of schema/sample.h.
user=${API_USER:-berth-api}
jq -n '{cgroup_mode: "v2", cgroup_roots: ["unified=/sys/fs/cgroup"], storage: "dir", seccomp_file: "/x", pool_device: ""}' >"$T/layout"
sample() {
	local field=14
	case $2 in *4_free) field=16 ;; *6_paid) field=18 ;; *6_free) field=20 ;; esac
	case $2 in in*) field=$((field + 8)) ;; esac
	nsenter --net="/run/netns/bt$$-host" python3 "$TOP/tests/lib/sample.py" "$BUILD" "$TOP" ab "$T/layout" "$user" >"$T/samples" 2>"$T/sampler" || tail -n 3 "$T/sampler" >&2
	awk -v n="$1" -v f=$field '$1 == n { print $f, $(f + 1) }' "$T/samples"
}

is "nothing was sent, nothing is billed: neighbour discovery is nobody's" "" "$(all 101 | awk '$2 != 0')"
send ab101 10 1000 192.168.7.1
is "sent to the LAN" "10 10000" "$(counted 101 out4_paid)"
is "received from there" "10 10000" "$(counted 101 in4_paid)"
is "ARP isn't, nor is IPv6" "" "$(all 101 | awk '/6_/ && $2 != 0')"
send ab101 7 500 192.168.7.200
is "free networks apart" "7 3500 7 3500" "$(counted 101 out4_free) $(counted 101 in4_free)"
is "what is paid hasn't grown" "10 10000" "$(counted 101 out4_paid)"
send6 ab101 5 600 fd07::1
is "IPv6" "5 3000 5 3000" "$(counted 101 out6_paid) $(counted 101 in6_paid)"
send lan 3 700 192.168.7.11
is "asked from the LAN" "13 12100 13 12100" "$(counted 101 out4_paid) $(counted 101 in4_paid)"
send ab101 2 1000 192.168.7.2
is "the host on its bridge" "15 14100 15 14100" "$(counted 101 out4_paid) $(counted 101 in4_paid)"
before=$(all 102)
send ab101 4 900 192.168.7.12
is "another container on the bridge: out here" "19 17700" "$(counted 101 out4_paid)"
is "in there, once" "$(awk '$1 == "in4_paid" { print $2 + 4, $3 + 3600 }' <<<"$before")" "$(counted 102 in4_paid)"
lan_mac=$(in_ns lan cat /sys/class/net/lan0/address)
in_ns ab101 python3 "$PACKET" send eth2 udp src=192.168.7.11 dst=192.168.7.255 to=ff:ff:ff:ff:ff:ff token=x
is "what goes to all is sent once" "20" "$(counted 101 out4_paid | cut -d' ' -f1)"
before=$(all 101) size=$(counted 101 out4_paid | cut -d' ' -f2)
send ab101 6 1000 10.9.0.2 || fail "the private network"
in_ns ab101 python3 "$PACKET" send eth2 udp src=192.168.7.77 dst=192.168.7.1 to="$lan_mac" token=x
in_ns ab101 python3 "$PACKET" send eth2 ether type=8899 to="$lan_mac" token=x
is "a private network, a forged source, a frame that is no IP: not counted" "$before" "$(all 101)"
send ab101 10 1000 192.0.2.100
is "what is routed is counted there" "10 10000" "$(host nft list counter inet ab_traffic c101_out4_paid | awk '/packets/ { print $2, $4 }')"
is "and not here" "$before" "$(all 101)"
is "a reading is the sum" "$((size + 10000)) 30" "$(sample 101 out4_paid)"
is "of each" "3500 7" "$(sample 101 in4_free)"
is "of who is on no bridge" "0 0" "$(sample 103 out4_paid)"

# Rules remade, interfaces changed, live and not.
ok "the daemon starts again" tool host-setup "$T/ab/101"
is "counts are kept" "$before" "$(all 101)"
was=$(generation inet)
cp "$T/ab/101" "$T/ab/former"
NICS="[$(private 2 1)]" n_spec ab 101 1 10.77.0.2
ok "the bridge's interface is another's, live" tool nics "$T/ab/101" "/run/netns/bt$$-ab101" "$T/ab/former"
cp "$T/ab/102" "$T/ab/former"
NICS="[$(private 2 2),$(bridged 1 2)]" n_spec ab 102 1 10.77.0.3
ok "two in private" eval 'tool detach $T/ab/former && n_attach ab 102 && in_ns ab101 ping -c2 -W2 10.9.0.2'
is "are still not counted" "$before" "$(all 101)"
cp "$T/ab/101" "$T/ab/former"
NICS="[$(private 2 1),$(bridged 3 1)]" n_spec ab 101 1 10.77.0.2
ok "on the bridge again" tool nics "$T/ab/101" "/run/netns/bt$$-ab101" "$T/ab/former"
send ab101 1 1000 192.168.7.1
is "it goes on" "21 $((size + 1000))" "$(counted 101 out4_paid)"
ok "detach" tool detach "$T/ab/101"
is "counts outlive the interface" "21 $((size + 1000))" "$(counted 101 out4_paid)"
n_attach ab 101
send ab101 1 1000 192.168.7.1
is "and go on with the next one" "22 $((size + 2000))" "$(counted 101 out4_paid)"
is "of the same generation" "$was $was" "$(generation inet) $(generation bridge)"

# Somebody takes one of the two away: none is read, and both begin anew, for half a sum would be billed twice.
host nft delete table bridge ab_traffic
is "without the bridges' table nothing is read" "" "$(sample 101 out4_paid)"
ok "the daemon's next start brings it back" tool host-setup "$T/ab/101"
[ "$(generation inet)" != "$was" ] && pass "of another generation" || fail "the same generation after a loss"
is "both" "$(generation inet)" "$(generation bridge)"
is "from 0" "0 0" "$(sample 101 out4_paid)"
send ab101 1 1000 192.168.7.1
is "each that ran on" "1000 1" "$(sample 101 out4_paid)"
host nft delete table inet ab_traffic
ok "likewise the other" n_attach ab 101
is "from 0, too" "0 0" "$(sample 101 out4_paid)"
host nft flush ruleset
ok "after a flush" n_attach ab 102
is "all are there" "0 0 0 0" "$(sample 101 out4_paid) $(sample 102 in4_paid)"

# A deleted one's go.
tool detach "$T/ab/101" && tool forget "$T/ab/101" || fail "forget"
is "in both tables" "" "$(host nft list ruleset | grep c101_)"
like "another's stay" "c102_out4_paid" "$(host nft list table bridge ab_traffic)"
tool detach "$T/ab/102"
ok "clean up" tool host-cleanup "$T/ab/102"
is "no table is left" "" "$(host nft list tables)"
