#!/bin/bash
# What a container has in the tables, put there without nft, is what nft lists for it and would have made of that listing itself: rules
# of every kind, elements of every set. And when tables are made anew, what containers have stays.
# shellcheck disable=SC2034
. "$(dirname "$0")/../lib/net.sh"
n_begin
n_namespace copy

n_settings ab 10.77.0.0/16 fd77:1::/64 '"firewall_log_group":7,"firewall_log":60,"uplink":"up0","uplink_rate":100'
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
rich='"id_base":1355284480,"firewall_operator":["deny in tcp 443 from 203.0.113.7","allow out tcp 25 to 192.0.2.128/25"],"blocked_ports":["25","tcp 465","6881-6889"],"connections":5000,
"firewall":["allow in tcp 22 from 203.0.113.0/24 log","allow in tcp 80","allow in udp 7","deny in udp 1000-2000 from 198.51.100.0/23","reject in tcp 1-21","deny in any 9 log",
"allow in icmp","allow in icmpv6 from 2001:db8::/33","deny in any from 2001:db8:0:1::/64","deny in any from 10.0.0.0/7","reject in any from ::/0","allow out udp 53 to 2001:db8::53",
"deny out any to 0.0.0.0/0","default in deny log","default out reject"],
"forwards":["tcp 8080 to 80","udp 5000-5002","tcp 443 on 192.0.2.1","tcp 53 to 5353 on 2001:db8:1::1"]'
nic() { printf '"%d 6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f%04x %s"' "$1" "$1" "$2"; }
host ip link add br0 type bridge
nics="[$(nic 1 "private 1 - 0 10.9.0.1/24,fd09::1/64 -"),$(nic 2 "bridge 1 br0 0 192.168.7.11/24,fd07::11/64 192.168.7.1"),$(nic 3 "bridge 2 br0 0 dhcp:192.168.8.0/24,fd08::/64 192.168.8.1,fd08::1")]"
NICS=$nics PLACE=$rich n_container ab 101 1 203.0.113.17 2001:db8:77::17 2001:db8:78::/61

expected='	chain i101 {
		ct state new add @connections { oifname ct count over 5000 } counter name "denied" drop
		ip saddr 203.0.113.7 tcp dport 443 counter name "denied" drop
		ip saddr 203.0.113.0/24 tcp dport 22 add @log_rates { oifname limit rate 60/minute burst 10 packets } log prefix "ab101 t1:c101 allow in: " group 7
		ip saddr 203.0.113.0/24 tcp dport 22 return
		tcp dport 80 return
		udp dport 7 return
		ip saddr 198.51.100.0/23 udp dport 1000-2000 counter name "denied" drop
		tcp dport 1-21 goto rejected
		tcp dport 9 add @log_rates { oifname limit rate 60/minute burst 10 packets } log prefix "ab101 t1:c101 deny in: " group 7
		tcp dport 9 counter name "denied" drop
		udp dport 9 add @log_rates { oifname limit rate 60/minute burst 10 packets } log prefix "ab101 t1:c101 deny in: " group 7
		udp dport 9 counter name "denied" drop
		meta l4proto icmp return
		ip6 saddr 2001:db8::/33 meta l4proto ipv6-icmp return
		ip6 saddr 2001:db8:0:1::/64 counter name "denied" drop
		ip saddr 10.0.0.0/7 counter name "denied" drop
		meta nfproto ipv6 goto rejected
		add @log_rates { oifname limit rate 60/minute burst 10 packets } log prefix "ab101 t1:c101 deny in: " group 7
		counter name "denied" drop
	}
	chain o101 {
		ct state new add @connections { iifname ct count over 5000 } counter name "denied" drop
		ip daddr 192.0.2.128/25 tcp dport 25 return
		tcp dport 25 goto rejected
		udp dport 25 goto rejected
		tcp dport 465 goto rejected
		tcp dport 6881-6889 goto rejected
		udp dport 6881-6889 goto rejected
		ip6 daddr 2001:db8::53 udp dport 53 return
		meta nfproto ipv4 counter name "denied" drop
		goto rejected
	}'
chains() { for c in i101 o101; do host nft list chain inet ab $c | grep -v '^table\|^}'; done; }
is "each rule as one would have written it" "$expected" "$(chains)"

# What the kernel was given, step by step and byte by byte; of fixed sets the other way round is as good.
copy() { in_ns copy "$@"; }
listed() { "$1" nft list table "$2" ab | grep -v 'packets [0-9]' | tr -d ' \t{}' | tr -s ',\n' '\n' | sort; }
given() {
	"$1" nft --debug=netlink list table "$2" ab | awk '/^[a-z]+ ab / { set = $3 }
		/^\telement/ && set !~ /^@(private|closed|__|connections|log_rates)/ { print set, $0 }
		/^  \[/ { gsub(/__[a-z]+[0-9]+/, "__"); printf "%s %05d %s\n", set, n[set]++, $0 }' | sort
}
copy nft add table inet other
for family in inet arp bridge; do host nft list table $family ab; done | ip netns exec "bt$$-copy" nft -f - || fail "nft takes its own listing"
for family in inet arp bridge; do
	is "nft lists $family as before when it has made it of its listing" "$(listed host $family)" "$(listed copy $family)"
	given host $family >"$T/given.$family"
	given copy $family >"$T/given.copy"
	is "and gives the kernel the same" "" "$(diff "$T/given.$family" "$T/given.copy")"
done
for set in veths src4 src6 source_prefixes tenant classes peer4 peer6 peer_prefixes policy_in policy_out forward4 forward6 forward_on4 forward_on6 \
	forwarded4 forwarded6 port4 port6 port_on4 port_on6 hairpin; do
	ok "which is something: $set" grep -q "^@$set " "$T/given.inet"
done
for set in ports inner dhcp macs own4 own6 targets network held4 held6 routers4 routers6 leased4 leased6; do
	ok "on bridges as well: $set" grep -q "^@$set " "$T/given.bridge"
done

# Tables are made anew while packets come that must not pass, and such as must.
all() { given host inet; given host bridge; }
all >"$T/before"
internet nft 'add table inet t; add chain inet t c { type filter hook prerouting priority 0; }; add rule inet t c ip saddr 203.0.113.99 counter'
in_ns ab101 nft 'add table inet t; add chain inet t c { type filter hook prerouting priority 0; }; add rule inet t c udp dport 81 counter; add rule inet t c udp dport 7 counter'
passed_by() { in_ns "$1" nft list chain inet t c | awk -v n="$2" '/packets/ && ++i == n { for (k = 1; k < NF; k++) if ($k == "packets") print $(k + 1) }'; }
in_ns ab101 ip address add 203.0.113.99/32 dev lo
in_ns ab101 ip neighbour replace 169.254.0.1 lladdr "$(host ip -j link show ab101 | jq -r '.[0].address')" dev eth0
flood() { in_ns2 "$1" python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
while True:
    for to in sys.argv[2:]:
        try: s.sendto(b"x", (to.split(":")[0], int(to.split(":")[1])))
        except OSError: pass
    time.sleep(0.0005)' "${@:2}" & }
in_ns2() { local n=$1; shift; exec ip netns exec "bt$$-$n" "$@"; }
flood ab101 203.0.113.99 192.0.2.100:9; spoofer=$!
flood inet 192.0.2.100 203.0.113.17:81 203.0.113.17:7; sender=$!
checked() { [ "$(passed_by ab101 2)" -gt "$1" ]; }
wait_for 10 checked 0 || fail "what may pass does"
for i in 1 2 3 4 5; do
	tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
done
wait_for 10 checked "$(passed_by ab101 2)"
is "no forged packet passes meanwhile" 0 "$(passed_by inet 1)"
is "nor one that the container's own rules refuse" 0 "$(passed_by ab101 1)"
like "they were sent" 'packets [1-9]' "$(host nft list counter inet ab spoofed)"
as_before() { all | diff "$T/before" -; }
is "each container's part is as it was" "" "$(as_before)"

host nft 'add chain inet ab gate_prerouting { type filter hook prerouting priority -320; }; add rule inet ab gate_prerouting iifname "ab101" drop;
	add chain inet ab gate_postrouting { type filter hook postrouting priority -320; }; add rule inet ab gate_postrouting oifname "ab101" drop;
	flush set inet ab veths; flush set inet ab src4; flush map inet ab policy_in; flush chain inet ab i101'
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
is "what a start that was killed had begun is ended" "" "$(as_before)"
for wrong in '' 'add set inet ab veths { type ipv4_addr; };'; do
	host nft "delete table inet ab; delete table arp ab; delete table bridge ab; add table inet ab; $wrong
		add chain inet ab every { type filter hook prerouting priority -400; }; add rule inet ab every drop"
	tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
	is "tables of another kind are made whole ($wrong)" "" "$(as_before)"
	like "of ARP as well" '"ab101" . 203.0.113.17' "$(host nft list set arp ab src4)"
done
wait_for 10 checked "$(passed_by ab101 2)"
is "and meanwhile neither came through" "0 0" "$(passed_by inet 1) $(passed_by ab101 1)"
kill $spoofer $sender

host nft 'add chain inet ab foreign { type filter hook forward priority -50; }; add rule inet ab foreign drop; add rule inet ab prerouting drop;
	add element inet ab veths { "ab999" }; delete element inet ab src6 { "ab101" . 2001:db8:77::17 }; add chain inet ab i999; flush chain inet ab i101;
	flush chain bridge ab port; flush set bridge ab ports; add element bridge ab own4 { "ab101-1" . 10.9.0.9 }'
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
is "whatever somebody has changed in them is put right" "" "$(as_before)"
host nft flush ruleset
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
is "so they are after somebody's flush" "" "$(as_before)"
host nft 'delete element inet ab policy_in { "ab101" }'
cp "$T/ab/101" "$T/ab/former"
PLACE=${rich%%,\"firewall_operator*} n_spec ab 101 1 203.0.113.17
tool policy "$T/ab/101" /nowhere "$T/ab/former" >/dev/null || fail "policy"
unlike "rules go, whatever somebody has taken away of them" '[io]101' "$(host nft list table inet ab)"
# What isn't there any more comes back with the next container, each table by itself.
host nft delete table arp ab
n_container ab 102 1 10.77.0.3 fd77:1::3
like "ARP's table" '"ab102" . 10.77.0.3' "$(host nft list set arp ab src4)"
like "with what others have" '"ab101" . 203.0.113.17' "$(host nft list set arp ab src4)"
host nft 'flush table inet ab_traffic; delete map inet ab_traffic in4_paid'
n_container ab 103 1 10.77.0.4 fd77:1::4
like "a map of counters" '"ab101" : "c101_in4_paid"' "$(host nft list map inet ab_traffic in4_paid)"
host nft 'flush chain bridge ab port; flush chain bridge ab leases; flush chain bridge ab prerouting; delete set bridge ab own4'
NICS="[$(nic 1 "private 1 - 0 10.9.0.4/24 -")]" n_container ab 104 1 10.77.0.5 fd77:1::5
like "a set of bridges'" '"ab104-1" . 10.9.0.4' "$(host nft list set bridge ab own4)"
like "and what asks it" '@own4' "$(host nft list chain bridge ab port)"
