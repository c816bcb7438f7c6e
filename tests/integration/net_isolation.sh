#!/bin/bash
# What a container reaches and what it doesn't, by real packets between namespaces.
. "$(dirname "$0")/../lib/net.sh"
n_begin

n_settings ab 10.77.0.0/16 fd77:1::/64
n_settings abc 10.78.0.0/16 fd78:1::/64
# Of what is the host's: veths come and go.
sysctls() { host sysctl -a 2>/dev/null | grep -E '^net\.(ipv4|ipv6)\.(ip_forward|conf\.(all|default|up0|lo)\.)' | sort; }
sysctls >"$T/before"
# Docker's way: another program's rules send what is asked of the host's address on to a service elsewhere.
host nft 'table ip other { chain elsewhere { type nat hook prerouting priority -100; ip daddr 192.0.2.1 tcp dport 8080 dnat to 192.0.2.100:7777; }; }'
# Somebody behind the host who is no container.
n_namespace lan
ip -n "bt$$-host" link add lan0 type veth peer name eth0 netns "bt$$-lan"
host ip address add 10.9.0.1/24 dev lan0; host ip link set lan0 up
in_ns lan ip address add 10.9.0.2/24 dev eth0; in_ns lan ip link set eth0 up; in_ns lan ip route add default via 10.9.0.1
host nft 'table ip other { chain nat { type nat hook postrouting priority 100; ip saddr 10.9.0.0/24 masquerade; }; }'
wait_for 5 n_settled
addresses=$(host ip -o address show)
routes=$(host ip route; host ip -6 route)
ok "host-setup" tool host-setup "$T/ab/101"
ok "again, it changes nothing" tool host-setup "$T/ab/101"
ok "host-setup of a second instance whose name begins with the first's" tool host-setup "$T/abc/101"

n_container ab 101 1 10.77.0.2 fd77:1::2
n_container ab 102 1 10.77.0.3 fd77:1::3
n_container ab 103 2 10.77.0.4 fd77:1::4
n_container ab 104 2 10.77.0.5 203.0.113.18
n_container abc 105 1 10.78.0.2 fd78:1::2
for n in host inet ab101 ab102 ab103 ab104 abc105; do n_listen "$n" 7777; done

for a in 169.254.0.1 192.0.2.1 fe80::1%eth0 2001:db8:1::1; do
	ok "the host's $a answers a ping" reaches ab101 "$a"
done
for a in 10.77.0.2 fd77:1::2; do
	ok "the host pings $a" reaches host "$a"
	ok "the host opens a connection to $a" n_asks host tcp "$a" 7777
	ok "and asks it by UDP" n_asks host udp "$a" 7777
done
for a in 169.254.0.1 192.0.2.1 2001:db8:1::1 127.0.0.1; do
	for p in tcp udp; do
		[ "$a" = 127.0.0.1 ] && in_ns ab101 ip route replace 127.0.0.1/32 via 169.254.0.1 2>/dev/null
		[ "$a" = 127.0.0.1 ] || ok "no service of the host on $a by $p" refused ab101 "$p" "$a" 7777
	done
done
is "fe80::1 neither" 1 "$(n_asks ab101 tcp fe80::1%eth0 7777 >/dev/null; echo $?)"
is "others reach one that the host's rules send on to elsewhere" 192.0.2.1 "$(n_asks lan tcp 192.0.2.1 8080)"
ok "a container doesn't" refused ab101 tcp 192.0.2.1 8080

is "IPv4 leaves with the host's address" 192.0.2.1 "$(n_asks ab101 tcp 192.0.2.100 7777)"
is "IPv6 leaves with the host's address" 2001:db8:1::1 "$(n_asks ab101 tcp 2001:db8:1::100 7777)"
ok "ping leaves" reaches ab101 192.0.2.100
ok "a public address isn't translated" in_ns ab104 ip route replace default via 169.254.0.1 dev eth0 src 203.0.113.18
is "it is seen as it is" 203.0.113.18 "$(n_asks ab104 tcp 192.0.2.100 7777)"
ok "and is reached from outside" n_asks inet tcp 203.0.113.18 7777

is "the same tenant: seen with its own address" 10.77.0.2 "$(n_asks ab101 tcp 10.77.0.3 7777)"
is "the same tenant by IPv6" fd77:1::2 "$(n_asks ab101 tcp fd77:1::3 7777)"
for a in 10.77.0.4 10.77.0.5 fd77:1::4; do
	ok "another tenant's $a isn't reached" refused ab101 tcp "$a" 7777
	ok "nor pinged" no_ping ab101 "$a"
done
ok "its public address is" n_asks ab101 tcp 203.0.113.18 7777
for a in 10.78.0.2 fd78:1::2; do
	ok "another instance's $a isn't reached, though the tenant's number is the same" refused ab101 tcp "$a" 7777
	ok "nor pinged" no_ping ab101 "$a"
done
ok "nor the other way round" refused abc105 tcp 10.77.0.2 7777

# The internet would answer on all of these.
for a in 169.254.169.254 198.51.100.7; do internet ip address add "$a/32" dev lo 2>/dev/null; done
host ip route add 169.254.169.254/32 via 192.0.2.100
host ip route add 198.51.100.0/24 via 192.0.2.100
host ip route add 10.77.9.9/32 via 192.0.2.100
internet ip address add 10.77.9.9/32 dev lo
ok "the host reaches metadata" n_asks host tcp 169.254.169.254 7777
for a in 169.254.169.254 198.51.100.7 2001:db8:99::7 10.77.9.9; do
	ok "$a isn't reached" refused ab101 tcp "$a" 7777
	ok "nor pinged" no_ping ab101 "$a"
done
ok "from the management network a container is reached" internet ip route add 10.77.0.0/16 via 192.0.2.1
ok "a private address isn't reached from outside" refused inet tcp 10.77.0.2 7777
ok "nor pinged" no_ping inet 10.77.0.2
internet ip -6 route add fd77:1::/64 via 2001:db8:1::1
ok "nor by IPv6" refused inet tcp fd77:1::2 7777

host nft flush ruleset
n_container ab 106 2 10.77.0.7 fd77:1::7
like "after a flush of the ruleset, the next start brings the table back" "inet ab$" "$(host nft list tables)"
n_listen ab106 7777
ok "with the rules for those that ran on" refused ab101 tcp 192.0.2.1 7777
ok "and other tenants apart" refused ab101 tcp 10.77.0.7 7777
ok "and the same tenant together" n_asks ab103 tcp 10.77.0.7 7777
ok "those that ran before too" n_asks ab101 tcp 10.77.0.3 7777
is "and translated" 192.0.2.1 "$(n_asks ab101 tcp 192.0.2.100 7777)"

for n in 101 102 103 104 106; do ok "detach ab$n" tool detach "$T/ab/$n"; done
ok "detach twice" tool detach "$T/ab/101"
ok "a cleanup" tool host-cleanup "$T/ab/101"
ok "the other instance goes on" n_asks host tcp 10.78.0.2 7777
is "and forwards" 1 "$(host sysctl -n net.ipv4.ip_forward)"
ok "detach abc105" tool detach "$T/abc/105"
ok "the last one's cleanup" tool host-cleanup "$T/abc/101"
is "no table is left" "" "$(host nft list tables)"
is "the sysctls are what they were" "" "$(sysctls | diff "$T/before" -)"
is "the addresses are" "$addresses" "$(host ip -o address show)"
host ip route del 169.254.169.254/32; host ip route del 198.51.100.0/24; host ip route del 10.77.9.9/32
is "the routes are" "$routes" "$(host ip route; host ip -6 route)"
