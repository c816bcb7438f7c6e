#!/bin/bash
# Packets made by hand by a container's root: foreign sources, ARP and neighbour discovery for others, router advertisements, tags,
# fragments, redirects. None gets anywhere, and no neighbour or the host believes one.
. "$(dirname "$0")/../lib/net.sh"
n_begin

n_settings ab 10.77.0.0/16 fd77:1::/64
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
n_container ab 101 1 10.77.0.2 fd77:1::2
n_container ab 102 1 10.77.0.3 fd77:1::3
host_mac=$(host cat /sys/class/net/ab101/address)
own_mac=$(in_ns ab101 cat /sys/class/net/eth0/address)
spoofed() { host nft list counter inet ab spoofed | awk '/packets/ { print $2 }'; }
watch_on() { in_ns "$1" python3 "$PACKET" watch "$2" 300 >"$T/seen.$1" & wait_for 5 grep -q watching "$T/seen.$1"; }
seen() { wait_for 3 grep -qx "$2" "$T/seen.$1"; }
# What would have come has come by then.
QUIET=0.2
[ -z "${T_SLOW:-}" ] || QUIET=1
unseen() { sleep "$QUIET"; ! grep -qx "$2" "$T/seen.$1"; }
send() { in_ns ab101 python3 "$PACKET" send eth0 "$@" to="$host_mac"; }

watch_on inet net0
watch_on ab102 eth0
in_ns host python3 "$PACKET" serve 4001 >/dev/null 2>&1 &

send udp src=10.77.0.2 dst=192.0.2.100 token=good4
ok "an own IPv4 source passes" seen inet good4
send udp src=fd77:1::2 dst=2001:db8:1::100 token=good6
ok "an own IPv6 source passes" seen inet good6
send fragments src=10.77.0.2 dst=192.0.2.100 token=goodfrag
ok "own fragments pass" seen inet goodfrag
send udp src=10.77.0.2 dst=10.77.0.3 token=mac mac=02:00:de:ad:be:ef
ok "another source MAC gets no further than the host's router, which puts its own" seen ab102 mac

before=$(spoofed) n=0
for a in 10.77.0.3 10.77.0.99 8.8.8.8 192.0.2.1 192.0.2.100 127.0.0.1 203.0.113.10 169.254.0.1; do
	for kind in udp fragments; do
		n=$((n + 1))
		send "$kind" src=$a dst=192.0.2.100 token="bad$n"
		ok "$kind from $a doesn't pass" unseen inet "bad$n"
	done
	send udp src=$a dst=10.77.0.3 token="near$n"
	ok "nor to a neighbour" unseen ab102 "near$n"
done
for a in fd77:1::3 fd77:1::99 2001:db8:1::1 2001:db8:1::100 2001:db8:77::1 ::1 ::ffff:10.77.0.2 fe80::1; do
	for kind in udp fragments options; do
		n=$((n + 1))
		send "$kind" src=$a dst=2001:db8:1::100 token="bad$n"
		ok "$kind from $a doesn't pass" unseen inet "bad$n"
	done
	send udp src=$a dst=fd77:1::3 token="near$n"
	ok "nor to a neighbour" unseen ab102 "near$n"
done
if [ "$(spoofed)" -gt "$before" ]; then pass "they are counted"; else fail "they are counted: $(spoofed)"; fi
before=$(spoofed)
send udp src=0.0.0.0 dst=255.255.255.255 dport=67 token=dhcp
is "a look for DHCP isn't" "$before" "$(spoofed)"

send udp src=10.77.0.3 dst=192.0.2.100 token=vlan vlan=7
ok "a tagged packet doesn't pass" unseen inet vlan
send udp src=10.77.0.3 dst=192.0.2.100 token=vlan0 vlan=0
ok "nor a forged one with tag 0" unseen inet vlan0
send source-route src=10.77.0.2 dst=192.0.2.1 via=192.0.2.100 token=route
ok "nor by a source route" unseen inet route
for a in 224.0.0.251 239.1.2.3 255.255.255.255 10.77.255.255 192.0.2.255; do
	send udp src=10.77.0.2 dst=$a token="cast$a"
	ok "$a reaches no neighbour and no uplink" unseen ab102 "cast$a"
	ok "nor the uplink" unseen inet "cast$a"
done

arp() { in_ns ab101 python3 "$PACKET" arp eth0 "$@"; }
is "ARP for the router is answered" "$host_mac" "$(arp 10.77.0.2 169.254.0.1)"
for a in 10.77.0.3 10.77.0.99 192.0.2.1 192.0.2.100; do
	is "ARP as $a isn't" "" "$(arp $a 169.254.0.1)"
	unlike "and leaves no neighbour" "^$a dev ab101 .*lladdr" "$(host ip neighbour show)"
done
is "ARP for a neighbour isn't answered" "" "$(arp 10.77.0.2 10.77.0.3)"

for k in ns na; do
	for a in fd77:1::3 2001:db8:1::100; do
		send $k src=$a dst=fe80::1 target=$a lladdr="$own_mac"
		unlike "$k as $a leaves no neighbour" "^$a dev ab101.*lladdr" "$(host ip -6 neighbour show)"
	done
done
send na src=fe80::bad dst=fe80::1 target=fd77:1::3 lladdr="$own_mac"
unlike "an advertisement of another's address is no one's" "^fd77:1::3 dev ab101.*lladdr" "$(host ip -6 neighbour show)"
ok "the neighbour is still reached" reaches host fd77:1::3

routes=$(host ip route; host ip -6 route)
addresses=$(host ip -6 -o address show dev ab101)
host sysctl -qw net.ipv6.conf.ab101.accept_ra=2
send ra src=fe80::bad dst=ff02::1
send ra src=fe80::bad dst=fe80::1
send redirect src=10.77.0.2 dst=192.0.2.1 target=192.0.2.100
send redirect6 src=fe80::bad dst=2001:db8:1::1 target=2001:db8:1::100
sleep 0.3
is "no route of the host's changes by advertisements or redirects" "$routes" "$(host ip route; host ip -6 route)"
is "no address either" "$addresses" "$(host ip -6 -o address show dev ab101)"
send ra src=fd77:1::2 dst=fd77:1::3
send redirect src=10.77.0.2 dst=10.77.0.3 target=192.0.2.100
sleep 0.2
unlike "a neighbour takes no router advertisement" 'bad' "$(in_ns ab102 ip -6 route)"

# Somebody flushes the rules: until the next start the kernel alone holds out.
host nft flush ruleset
send udp src=10.77.0.99 dst=192.0.2.100 token=flushed
ok "without any rules a foreign IPv4 source doesn't pass either" unseen inet flushed
is "nor is ARP as another answered" "" "$(arp 192.0.2.100 169.254.0.1)"
unlike "nor remembered" "^192.0.2.100 dev ab101 .*lladdr" "$(host ip neighbour show)"
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"

# A whole prefix: each of its addresses, and none beside it.
n_container ab 103 1 10.77.0.4 2001:db8:5:1::/64
internet ip route add 2001:db8:5::/48 via 2001:db8:1::1
mac3=$(host cat /sys/class/net/ab103/address)
for a in 2001:db8:5:1::1 2001:db8:5:1:ffff:ffff:ffff:ffff; do
	in_ns ab103 python3 "$PACKET" send eth0 udp src=$a dst=2001:db8:1::100 token="own$a" to="$mac3"
	ok "$a of an own prefix passes" seen inet "own$a"
done
for a in 2001:db8:5:0:ffff:ffff:ffff:ffff 2001:db8:5:2::; do
	in_ns ab103 python3 "$PACKET" send eth0 udp src=$a dst=2001:db8:1::100 token="beside$a" to="$mac3"
	ok "$a beside it doesn't" unseen inet "beside$a"
done
ok "it is reached there" reaches inet 2001:db8:5:1::1
tool detach "$T/ab/103" || fail "detach it"
unlike "its elements have gone" "2001:db8:5" "$(host nft list table inet ab)"

# A stopped container's address changes: what it had is somebody else's now.
tool detach "$T/ab/102"
tool update "$T/ab/102" /nowhere >/dev/null 2>&1
n_spec ab 102 1 10.77.0.33 fd77:1::33
tool update "$T/ab/102" /nowhere 10.77.0.3 fd77:1::3 || fail "an update of a stopped container"
n_attach ab 102 || fail "start it again"
host_mac2=$(host cat /sys/class/net/ab102/address)
in_ns ab102 python3 "$PACKET" send eth0 udp src=10.77.0.33 dst=192.0.2.100 token=moved to="$host_mac2"
ok "the new address passes" seen inet moved
in_ns ab102 python3 "$PACKET" send eth0 udp src=10.77.0.3 dst=192.0.2.100 token=stale to="$host_mac2"
ok "the former one doesn't" unseen inet stale
in_ns ab102 python3 "$PACKET" send eth0 udp src=fd77:1::3 dst=2001:db8:1::100 token=stale6 to="$host_mac2"
ok "nor by IPv6" unseen inet stale6

# What root inside makes of his interface is his own loss: an address can be taken from him all the same.
in_ns ab101 ip link set eth0 down; in_ns ab101 ip link set eth0 name mine; in_ns ab101 ip link add eth0 type veth peer name eth1; in_ns ab101 ip link set mine up
n_spec ab 101 1 10.77.0.22
ok "the addresses of a container with a renamed eth0 change" tool update "$T/ab/101" "/run/netns/bt$$-ab101" 10.77.0.2 fd77:1::2
in_ns ab101 python3 "$PACKET" send mine udp src=10.77.0.2 dst=192.0.2.100 token=taken to="$host_mac"
ok "what was taken is refused" unseen inet taken
in_ns ab101 ip link del mine
n_spec ab 101 1 10.77.0.23
ok "and of one without any interface" tool update "$T/ab/101" "/run/netns/bt$$-ab101" 10.77.0.22

# Addresses that aren't to be given.
refuses() { tool attach "$T/ab/107" "/run/netns/bt$$-ab107" 2>&1; }
n_namespace ab107
for a in 192.0.2.1 2001:db8:1::1 192.0.2.255; do
	n_spec ab 107 1 "$a"
	like "the host's $a is refused" "host's own" "$(refuses)"
done
host sysctl -qw net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1
n_spec ab 107 1 10.77.0.7 fd77:1::7
is "another isn't, also where programs may bind to foreign addresses" "" "$(refuses)"
tool detach "$T/ab/107"; tool detach "$T/ab/102"; tool detach "$T/ab/101"
tool host-cleanup "$T/ab/101" || fail "cleanup"
is "nothing is left" "" "$(host nft list tables; host ip -br link show type veth | grep ab)"
