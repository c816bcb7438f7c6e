#!/bin/bash
# Two tenants on one bridge of the host's that keeps tenants apart: no frame of one reaches the other, of whatever kind, by the bridge
# or by the host's own routing; the LAN, the host and their own containers they reach. It is changed live, and outlives the rules.
. "$(dirname "$0")/../lib/net.sh"
n_begin
# Bridged packets are the bridge's here, whatever the host's kernel does with others.
host sysctl -qw net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-iptables=0 2>/dev/null
n_lan
host ip address add fd07::2/64 dev br0 nodad
n_settings ab 10.77.0.0/16 fd77:1::/64 '"bridges":["br0"]'
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
isolate() { tool isolate "$T/ab/101" /nowhere "$@"; }
isolate 1 || fail "isolate"
on() { nic 1 "$1" "bridge $1 br0 0 192.168.7.$2/24,fd07::$2/64 192.168.7.1"; }
# What private networks alone pass knows nothing of bridges; that comes with the first of those.
hooks() { host nft list table bridge ab | grep -cE 'chain (isolation|output|answers) '; }
NICS="[$(nic 2 9 "private 9 - 0 10.9.0.1/24 -")]" n_container ab 101 1 10.77.0.2
is "a private network's packets pass no rules of bridges" 0 "$(hooks)"
cp "$T/ab/101" "$T/ab/former"
NICS="[$(on 1 11)]" n_spec ab 101 1 10.77.0.2
tool nics "$T/ab/101" "/run/netns/bt$$-ab101" "$T/ab/former" || fail "a bridge instead"
is "a bridge's do" 3 "$(hooks)"
NICS="[$(on 1 12)]" n_container ab 102 1 10.77.0.3
NICS="[$(on 1 13)]" n_container ab 103 2 10.77.0.4
# Of a network on the same bridge that keeps nobody apart.
NICS="[$(on 5 14)]" n_container ab 104 2 10.77.0.5
NICS="[$(on 5 15)]" n_container ab 105 3 10.77.0.6

watched() { in_ns "$1" tcpdump -U -n -p -Q in -i "$2" -w "$T/$1" >/dev/null 2>"$T/tcpdump" & wait_for 10 grep -q "listening on" "$T/tcpdump" || fail "tcpdump on $1"; rm "$T/tcpdump"; }
for w in "ab101 eth1" "ab102 eth1" "ab103 eth1" "ab104 eth1" "ab105 eth1" "lan lan0"; do watched $w; done
mac_in() { in_ns "$1" cat "/sys/class/net/$2/address"; }
# Who has seen it, of them all.
seen() { for w in ab101 ab102 ab103 ab104 ab105 lan; do ! grep -qa "BERTH:$1;" "$T/$w" || printf '%s ' "$w"; done; }
send() { in_ns "$1" python3 "$PACKET" send eth1 "${@:2}"; }
ALL=ff:ff:ff:ff:ff:ff HOST=$(host cat /sys/class/net/br0/address)
pings4() { in_ns "$1" ping -c1 -W1 "192.168.7.$2"; }
pings6() { in_ns "$1" ping -c1 -W1 "fd07::$2"; }
routed() { in_ns "ab$1" ip route replace "192.168.7.$2/32" via 192.168.7.2 dev eth1; in_ns "ab$1" ip -6 route replace "fd07::$2/128" via fd07::2 dev eth1; }
unrouted() { in_ns "ab$1" ip route delete "192.168.7.$2/32"; in_ns "ab$1" ip -6 route delete "fd07::$2/128"; }

for n in 101 103; do
	for to in 1 2; do
		ok "$n reaches the router, the host: $to" wait_for 3 pings4 ab$n $to
		ok "by IPv6" wait_for 3 pings6 ab$n $to
	done
	ok "and is reached" wait_for 3 in_ns lan ping -c1 -W1 192.168.7.$((n - 90))
done
ok "a tenant's own reach each other" wait_for 3 pings4 ab101 12
ok "by IPv6" wait_for 3 pings6 ab102 11

# apart FROM ITS-NUMBER TO NEAR, which is one that it reaches: what all get, what some get, and what is for one alone, whose MAC is known.
apart() {
	local from=$1 a=$2 to=$3 target near
	target=$(mac_in "$to" eth1)
	send "$from" udp src=192.168.7.$a dst=192.168.7.255 to=$ALL token="broadcast$from$to"
	send "$from" udp src=192.168.7.$a dst=224.0.0.251 to=01:00:5e:00:00:fb token="multicast$from$to"
	send "$from" udp src=fd07::$a dst=ff02::1 to=33:33:00:00:00:01 token="all-nodes$from$to"
	send "$from" ns src=fd07::$a dst=ff02::1 target=fd07::$((a + 1)) lladdr="$(mac_in "$from" eth1)" to=33:33:00:00:00:01 token="discovery$from$to"
	send "$from" udp src=192.168.7.$a dst=192.168.7.13 to="$target" token="unicast$from$to"
	send "$from" fragments src=192.168.7.$a dst=192.168.7.13 to="$target" token="fragments$from$to"
	send "$from" udp src=fd07::$a dst=fd07::13 to="$target" token="six$from$to"
	in_ns "$from" python3 "$PACKET" arp eth1 192.168.7.$a 192.168.7.$((${to#ab} - 90)) >"$T/arp"
	is "$from: nobody of $to's answers ARP" "" "$(cat "$T/arp")"
	# What is sent last has come where it is let through.
	send "$from" udp src=192.168.7.$a dst=192.168.7.255 to=$ALL token="last$from$to"
	for near in "$4" lan; do wait_for 5 grep -qa "BERTH:last$from$to;" "$T/$near" || fail "$from reaches $near"; done
}
apart ab101 11 ab103 ab102
for kind in broadcast multicast all-nodes discovery last; do is "$kind of the first tenant's" "ab102 lan " "$(seen ${kind}ab101ab103)"; done
for kind in unicast fragments six; do is "$kind for the other's alone" "" "$(seen ${kind}ab101ab103)"; done
apart ab103 13 ab101 ab104
for kind in broadcast multicast all-nodes discovery last; do is "$kind of the second tenant's, of whom one is on the other network" "ab104 lan " "$(seen ${kind}ab103ab101)"; done
for kind in unicast fragments six; do is "$kind for the other's" "" "$(seen ${kind}ab103ab101)"; done
apart ab105 15 ab103 ab104
is "who is on a network that keeps nobody apart reaches his own, and none of those that are kept" "ab104 lan " "$(seen broadcastab105ab103)"
ok "neighbours there are neighbours" wait_for 3 pings4 ab105 14
in_ns lan python3 "$PACKET" send lan0 udp src=192.168.7.1 dst=192.168.7.255 to=$ALL token=fromlan
ok "the LAN's broadcasts reach all" wait_for 5 eval '[ "$(seen fromlan)" = "ab101 ab102 ab103 ab104 ab105 " ]'

# By the host, which forwards: one way, and with both tenants' help.
is "the host forwards" 1 "$(host sysctl -n net.ipv4.ip_forward)"
send ab101 udp src=192.168.7.11 dst=192.168.7.13 to="$HOST" token=bounced
send ab101 udp src=fd07::11 dst=fd07::13 to="$HOST" token=bounced6
send ab101 udp src=192.168.7.11 dst=192.168.7.1 to="$HOST" token=torouter
ok "what the host passes on to the router arrives" wait_for 3 grep -qa "BERTH:torouter;" "$T/lan"
is "to another tenant's it passes nothing" "" "$(seen bounced)$(seen bounced6)"
routed 101 13; routed 103 11
ok "nor where both try" eval '! pings4 ab101 13 && ! pings6 ab101 13'
unrouted 101 13; unrouted 103 11

# Live, and over the tables' remaking.
ok "a network is opened live" isolate
in_ns ab101 ip neighbour flush all; in_ns ab103 ip neighbour flush all
ok "they are neighbours" wait_for 3 pings4 ab101 13
ok "by IPv6" wait_for 3 pings6 ab103 11
ok "and closed" isolate 1
ok "at once, for what goes on as well" eval '! pings4 ab101 13 && ! pings6 ab103 11'
ok "the daemon starts again" tool host-setup "$T/ab/101"
ok "they are still apart" eval '! pings4 ab101 13'
host nft flush ruleset
ok "somebody flushed the rules, the daemon starts" tool host-setup "$T/ab/101"
ok "they are apart" eval '! pings4 ab101 13 && ! pings6 ab103 11'
ok "their own aren't" wait_for 3 pings4 ab101 12
tool detach "$T/ab/103" || fail "detach 103"
NICS="[$(on 1 13)]" n_spec ab 103 1 10.77.0.4
n_attach ab 103 || fail "attach 103 as the first tenant's"
ok "one that is the first tenant's now is a neighbour" wait_for 3 pings4 ab101 13
for n in 101 102 103 104 105; do tool detach "$T/ab/$n" || fail "detach $n"; done
unlike "no port is left" '"ab10' "$(host nft list table bridge ab; host nft list set inet ab bounced)"
tool host-cleanup "$T/ab/101" || fail "cleanup"
