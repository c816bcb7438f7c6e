#!/bin/bash
# Packets made by hand by a container's root on its private network and on a bridge of the host's: other MACs and addresses, ARP and
# neighbour discovery for others, router advertisements, DHCP servers, tags, fragments, frames that are no IP. tcpdump sees none.
. "$(dirname "$0")/../lib/net.sh"
n_begin

# What a host's own rules would hold back is let through: a first fragment is seen.
host sysctl -qw net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-iptables=0 2>/dev/null

n_lan

n_settings ab 10.77.0.0/16 fd77:1::/64 '"bridges":["br0"]'
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
NICS="[$(nic 1 1 "private 1 - 0 10.9.0.1/24,fd09::1/64 -"),$(nic 2 2 "bridge 1 br0 0 192.168.7.11/24,fd07::11/64 192.168.7.1")]" n_container ab 101 1 10.77.0.2
NICS="[$(nic 1 1 "private 1 - 0 10.9.0.2/24,fd09::2/64 -"),$(nic 2 2 "bridge 1 br0 0 192.168.7.12/24,fd07::12/64 192.168.7.1")]" n_container ab 102 1 10.77.0.3
NICS="[$(nic 1 3 "private 1 - 0 10.9.0.2/24,fd09::2/64 -")]" n_container ab 103 2 10.77.0.4

for n in 101:eth1 102:eth1 102:eth2 103:eth1; do
	in_ns "ab${n%:*}" tcpdump -U -n -p -i "${n#*:}" -w "$T/${n%:*}.${n#*:}" >/dev/null 2>"$T/tcpdump.$n" &
	wait_for 5 grep -q "listening on" "$T/tcpdump.$n"
done
in_ns lan tcpdump -U -n -p -i lan0 -w "$T/lan.lan0" >/dev/null 2>"$T/tcpdump.lan" &
wait_for 5 grep -q "listening on" "$T/tcpdump.lan"

QUIET=0.15
[ -z "${T_SLOW:-}" ] || QUIET=1
token=0
caught() { grep -qa "BERTH:$2;" "$T/$1"; }
mac_in() { in_ns "$1" cat "/sys/class/net/$2/address"; }
send() { in_ns ab101 python3 "$PACKET" send "$@"; }
passes() {
	local what=$1 witness=$2
	shift 2
	token=$((token + 1))
	send "$@" token="t$token"
	ok "$what" wait_for 2 caught "$witness" "t$token"
}
# All that must not arrive, in one wait: forged WHAT WITNESS IFACE KIND…
FORGED=()
forged() {
	local what=$1 witness=$2
	shift 2
	token=$((token + 1))
	printf '%s ' "$@" "token=t$token" >>"$T/forged"
	echo >>"$T/forged"
	FORGED+=("$witness t$token $what")
}
forged_over() {
	local witness token what
	ip netns exec "bt$$-ab101" python3 "$PACKET" send-lines <"$T/forged" || fail "they are sent"
	: >"$T/forged"
	sleep "$QUIET"
	while read -r witness token what; do
		if caught "$witness" "$token"; then fail "$what doesn't pass"; else pass "$what doesn't pass"; fi
	done < <(printf '%s\n' "${FORGED[@]}")
	FORGED=()
}
spoofed() { host nft list counter bridge ab spoofed | awk '/packets/ { print $2 }'; }

in_ns ab101 ping -c1 -W2 10.9.0.2 >/dev/null && in_ns ab101 ping -c1 -W2 fd09::2 >/dev/null && pass "neighbours on a private network" || fail "neighbours on a private network"
ok "the LAN is reached" in_ns ab101 ping -c1 -W2 192.168.7.1
ok "by IPv6" in_ns ab101 ping -c1 -W2 fd07::1
ok "from it, too" in_ns lan ping -c1 -W2 192.168.7.12
# The kernel gives it itself, and answers for it once it has asked whether it is free.
ok "by the link-local address of its MAC" wait_for 10 in_ns ab101 ping -c1 -W1 "$(in_ns ab102 ip -6 -o address show dev eth1 scope link | awk '{ sub("/.*", "", $4); print $4 }')%eth1"
ok "another tenant's of the same number is another network" eval '! in_ns ab103 ping -c1 -W1 10.9.0.1'

for i in eth1 eth2; do
	[ $i = eth1 ] && own=10.9.0.1 own6=fd09::1 near=10.9.0.2 near6=fd09::2 foreign=10.9.0.77 foreign6=fd09::77 witness=102.eth1 ||
		{ own=192.168.7.11 own6=fd07::11 near=192.168.7.1 near6=fd07::1 foreign=192.168.7.12 foreign6=fd07::12 witness=lan.lan0; }
	[ $i = eth1 ] && to=$(mac_in ab102 eth1) || to=$(mac_in lan lan0)
	mine=$(mac_in ab101 $i) before=$(spoofed)
	local_=$(in_ns ab101 ip -6 -o address show dev $i scope link | awk '{ sub("/.*", "", $4); print $4 }')
	passes "$i: an own source" $witness $i udp src=$own dst=$near to="$to"
	passes "$i: of IPv6" $witness $i udp src=$own6 dst=$near6 to="$to"
	passes "$i: own fragments" $witness $i fragments src=$own dst=$near to="$to"
	passes "$i: of IPv6, too" $witness $i fragments src=$own6 dst=$near6 to="$to"
	for src in $foreign $near 10.77.0.2 8.8.8.8 127.0.0.1 0.0.0.0; do
		for kind in udp fragments; do forged "$i: $kind from $src" $witness $i $kind src=$src dst=$near to="$to"; done
	done
	for src in $foreign6 $near6 fe80::1 fe80::bad 2001:db8::1 ::1; do
		for kind in udp fragments options; do forged "$i: $kind from $src" $witness $i $kind src=$src dst=$near6 to="$to"; done
	done
	forged "$i: another MAC" $witness $i udp src=$own dst=$near to="$to" mac=02:00:de:ad:be:ef
	forged "$i: the neighbour's MAC" $witness $i udp src=$own dst=$near to="$to" mac="$to"
	forged "$i: a tagged packet" $witness $i udp src=$own dst=$near to="$to" vlan=7
	forged "$i: one with tag 0" $witness $i udp src=$foreign dst=$near to="$to" vlan=0
	forged "$i: with two tags" $witness $i udp src=$own dst=$near to="$to" vlan=7 outer=8
	forged "$i: a DHCP server's offer" $witness $i udp src=$own dst=$near sport=67 dport=68 to="$to"
	forged "$i: in fragments" $witness $i fragments src=$own dst=$near sport=67 dport=68 to="$to"
	forged "$i: a DHCPv6 server's" $witness $i udp src=$own6 dst=$near6 sport=547 dport=546 to="$to"
	for src in $local_ $own6 fe80::1; do
		for dst in ff02::1 $near6; do forged "$i: a router advertisement of $src" $witness $i ra src="$src" dst=$dst to="$to"; done
		forged "$i: a redirect of $src" $witness $i redirect6 src="$src" dst=$near6 target=2001:db8::9 to="$to"
		forged "$i: a router advertisement in fragments of $src" $witness $i ra src="$src" dst=$near6 to="$to" cut=32
		forged "$i: behind options, in fragments" $witness $i ra src="$src" dst=$near6 to="$to" cut=16 options=1
	done
	for target in $foreign6 $near6 fe80::1; do
		for src in $own6 "$local_" $target; do
			forged "$i: an advertisement of $target by $src" $witness $i na src="$src" dst=ff02::1 target=$target lladdr="$mine" to="$to"
		done
		forged "$i: a solicitation that claims $target" $witness $i ns src=$target dst=$near6 target=$near6 lladdr="$mine" to="$to"
		forged "$i: a duplicate search for $target" $witness $i ns src=:: dst=ff02::1 target=$target lladdr="$mine" to="$to"
	done
	for type in 8899 88cc 8863 0042 9000; do forged "$i: a frame of type $type" $witness $i ether type=$type to="$to"; done
	forged_over
	if [ "$(spoofed)" -gt "$before" ]; then pass "$i: they are counted"; else fail "$i: they are counted"; fi
	for sender in $foreign $near 192.0.2.1; do
		in_ns ab101 python3 "$PACKET" arp $i "$sender" $near >/dev/null
		unlike "$i: ARP as $sender leaves no neighbour" "^$sender .*$mine" "$(in_ns ab102 ip neighbour show; in_ns lan ip neighbour show)"
	done
	like "$i: as oneself it is answered" "$to" "$(in_ns ab101 python3 "$PACKET" arp $i $own $near)"
done

# Nothing of it reached another network, and the host is none of theirs.
ok "nothing came to another tenant" eval '! grep -qa BERTH: "$T/103.eth1"'
token=$((token + 1))
bridge=$(host ip -o link show type bridge | grep -o 'ab-1-1')
for dst in 192.168.7.2 10.77.0.3 192.0.2.100; do
	send eth1 udp src=10.9.0.1 dst=$dst to="$(host cat "/sys/class/net/$bridge/address")" token="host$token"
done
n_listen host 4005
ok "the host itself isn't on a private network" eval '! in_ns ab101 ip route get 192.168.7.2 oif eth1 >/dev/null || ! in_ns ab101 timeout 1 python3 "$PACKET" ask tcp 10.9.0.254 4005'
ok "on a bridge its services are closed" refused ab101 tcp 192.168.7.2 4005
ok "to the LAN they aren't" n_asks lan tcp 192.168.7.2 4005
ok "it answers pings" in_ns ab101 ping -c1 -W1 192.168.7.2

# A VLAN of a bridge that filters them: the container is in it alone, and never sees a tag.
vlan_setup() {
	ip -n "bt$$-host" link add br1 type bridge mcast_snooping 0 vlan_filtering 1 &&
		ip -n "bt$$-host" link add port1 type veth peer name trunk0 netns "bt$$-lan" &&
		host ip link set port1 master br1 && host ip link set port1 up && host ip link set br1 up &&
		host bridge vlan add dev port1 vid 7 && in_ns lan ip link set trunk0 up &&
		in_ns lan ip link add link trunk0 name trunk0.7 type vlan id 7 &&
		in_ns lan ip address add 192.168.8.1/24 dev trunk0.7 && in_ns lan ip link set trunk0.7 up &&
		in_ns lan ip address add 192.168.9.1/24 dev trunk0
}
if vlan_setup 2>"$T/vlan"; then
	jq -c '.settings.bridges = ["br0", "br1"]' <<<"{$(cat "$T/ab/settings")}" | sed 's/^{//; s/}$//' >"$T/ab/settings.new"
	mv "$T/ab/settings.new" "$T/ab/settings"
	NICS="[$(nic 1 7 "bridge 2 br1 7 192.168.8.11/24 -"),$(nic 2 8 "bridge 3 br1 0 192.168.9.12/24 -")]" n_container ab 104 1 10.77.0.5
	ok "a VLAN: its own is reached" in_ns ab104 ping -c1 -W2 192.168.8.1
	ok "another interface is in the untagged one" in_ns ab104 ping -c1 -W2 192.168.9.1
	in_ns lan tcpdump -U -n -p -i trunk0 -w "$T/lan.trunk0" >/dev/null 2>"$T/tcpdump.trunk" &
	wait_for 5 grep -q "listening on" "$T/tcpdump.trunk"
	to=$(mac_in lan trunk0)
	in_ns ab104 python3 "$PACKET" send eth1 udp src=192.168.8.11 dst=192.168.8.1 to="$to" token=tagown
	ok "what it sends arrives" wait_for 2 caught lan.trunk0 tagown
	ok "with the tag of its VLAN" eval 'LC_ALL=C grep -qaP "\x81\x00\x00\x07\x08\x00" "$T/lan.trunk0"'
	for vlan in 7 8 1 0; do in_ns ab104 python3 "$PACKET" send eth1 udp src=192.168.8.11 dst=192.168.8.1 to="$to" vlan=$vlan token="tag$vlan;"; done
	sleep "$QUIET"
	for vlan in 7 8 1 0; do ok "a tag $vlan of its own making doesn't pass" eval "! caught lan.trunk0 tag$vlan"; done
	tool detach "$T/ab/104" "/run/netns/bt$$-ab104" || fail "detach 104"
else
	skip "VLANs of bridges: this kernel lacks them: $(head -n 1 "$T/vlan")"
fi

# Given back.
for n in 101 102 103; do tool detach "$T/ab/$n" "/run/netns/bt$$-ab$n" || fail "detach $n"; done
is "no bridge of Berth's is left" "" "$(host ip -o link | grep 'ab-')"
ok "the host's own is" host ip link show br0
unlike "nor an element" "elements = \{ [^0e]" "$(host nft list table bridge ab)"
tool host-cleanup "$T/ab/101" || fail "cleanup"
is "nor the table" "" "$(host nft list tables | grep -w ab)"
