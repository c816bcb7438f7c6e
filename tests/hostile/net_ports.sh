#!/bin/bash
# Ports of bridges: frames for nobody, which a bridge would give to all, reach no container and aren't billed to any; what is for one is
# for it alone, however long it was silent; no frame makes the bridge believe that somebody is elsewhere, or changes its spanning tree.
. "$(dirname "$0")/../lib/net.sh"
n_begin
n_lan
n_settings ab 10.77.0.0/16 fd77:1::/64 '"bridges":["br0"]'
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
private() { nic 1 1 "private 1 - 0 10.9.0.$1/24 -"; }
bridged() { nic 2 2 "bridge 1 br0 0 192.168.7.1$1/24,fd07::1$1/64 192.168.7.1"; }
NICS="[$(private 1),$(bridged 1)]" n_container ab 101 1 10.77.0.2
NICS="[$(private 2),$(bridged 2)]" n_container ab 102 1 10.77.0.3
NICS="[$(private 3),$(bridged 3)]" n_container ab 103 1 10.77.0.4
NICS="[$(nic 2 2 "bridge 1 br0 0 dhcp:192.168.7.0/24 192.168.7.1")]" n_container ab 104 2 10.77.0.5

NOBODY=02:de:ad:00:00:01 LLDP=01:80:c2:00:00:0e
watched() { in_ns "$1" tcpdump -U -n -i "$2" -w "$T/$1.$2" >/dev/null 2>"$T/tcpdump" & wait_for 10 grep -q "listening on" "$T/tcpdump" || fail "tcpdump on $1"; rm "$T/tcpdump"; }
for w in "ab101 eth1" "ab102 eth1" "ab103 eth1" "ab101 eth2" "ab102 eth2" "ab103 eth2" "ab104 eth2" "lan lan0"; do watched $w; done
caught() { grep -qa "BERTH:$2;" "$T/$1"; }
# Who has seen it, of those named; after a last packet to all of them has come.
seen() {
	local token=$1 w
	shift
	for w in "$@"; do ! caught "$w" "$token" || printf '%s ' "$w"; done
}
mac_in() { in_ns "$1" cat "/sys/class/net/$2/address"; }
send() { local ns=$1; shift; in_ns "$ns" python3 "$PACKET" send "$@"; }
# All that was sent before it has arrived where it was going to: what is for all comes last.
over() {
	local ns=$1 iface=$2 src=$3 w
	shift 3
	last=$((${last:-0} + 1))
	send "$ns" "$iface" udp src="$src" dst=255.255.255.255 to=ff:ff:ff:ff:ff:ff token="last$last"
	for w in "$@"; do wait_for 10 caught "$w" "last$last" || fail "a broadcast reaches $w"; done
}
billed() { host nft list counters table bridge ab_traffic | awk '/counter c/ { c = $2 } /packets/ && $2 > 0 { print c, $2, $4 }'; }
port() { bridge -n "bt$$-host" -d link show dev "$1" | grep -oE '(^| )(learning|flood|guard) (on|off)' | xargs; }
entries() { bridge -n "bt$$-host" fdb show br "$1" | grep -F "$2" | grep -oE 'dev [^ ]+|static|sticky' | sort -u | tr '\n' ' '; }
LAN=$(mac_in lan lan0) TWO=$(mac_in ab102 eth2)

# On the LAN, and between a tenant's own.
before=$(billed)
for ns in lan ab101; do
	[ $ns = lan ] && iface=lan0 src=192.168.7.1 || { iface=eth2 src=192.168.7.11; }
	for n in 1 2 3; do send $ns $iface udp src=$src dst=192.168.7.99 to=$NOBODY token="$ns$n"; done
done
is "neither is billed for what the LAN sends to nobody" "$(grep -v c101_ <<<"$before")" "$(billed | grep -v c101_)"
over ab101 eth2 192.168.7.11 ab102.eth2 ab103.eth2 ab104.eth2 lan.lan0
over lan lan0 192.168.7.1 ab101.eth2 ab102.eth2 ab103.eth2 ab104.eth2
is "what the LAN sends to nobody reaches no container" "" "$(seen lan3 ab101.eth2 ab102.eth2 ab103.eth2 ab104.eth2)"
is "what a container sends to nobody reaches the LAN alone" "lan.lan0 " "$(seen ab1013 ab102.eth2 ab103.eth2 ab104.eth2 lan.lan0)"
send ab101 eth1 udp src=10.9.0.1 dst=10.9.0.99 to=$NOBODY token=private
over ab101 eth1 10.9.0.1 ab102.eth1 ab103.eth1
is "on a private network it reaches nobody" "" "$(seen private ab102.eth1 ab103.eth1)"

# One that has never said a word, and one that the bridge would have forgotten.
host ip link set br0 type bridge fdb_flush 2>/dev/null || host ip link set br0 type bridge flush
send lan lan0 udp src=192.168.7.1 dst=192.168.7.12 to="$TWO" token=silent
send ab101 eth1 udp src=10.9.0.1 dst=10.9.0.2 to="$(mac_in ab102 eth1)" token=silent
over lan lan0 192.168.7.1 ab101.eth2 ab102.eth2 ab103.eth2 ab104.eth2
over ab101 eth1 10.9.0.1 ab102.eth1 ab103.eth1
is "one that is silent is reached, and it alone" "ab102.eth2 " "$(seen silent ab101.eth2 ab102.eth2 ab103.eth2 ab104.eth2)"
is "on a private network, too" "ab102.eth1 " "$(seen silent ab102.eth1 ab103.eth1)"
ok "and answers" in_ns lan ping -c1 -W2 192.168.7.12

# Somebody else claims to have its MAC, or the router's: also by frames that no bridge passes on.
send lan lan0 udp src=192.168.7.66 dst=192.168.7.1 to=ff:ff:ff:ff:ff:ff mac="$TWO" token=moved
is "it stays where it is" "dev ab102-2 static sticky " "$(entries br0 "$TWO")"
for mac in "$LAN" "$TWO" $NOBODY; do send ab101 eth2 ether type=88cc to=$LLDP mac="$mac" token=lldp; done
over ab101 eth2 192.168.7.11 lan.lan0
unlike "a frame to the bridge itself makes nobody's address the sender's" "ab101-2" "$(entries br0 "$LAN")$(entries br0 $NOBODY)"
send ab103 eth2 udp src=192.168.7.13 dst=192.168.7.12 to="$TWO" token=mine
send ab103 eth2 udp src=192.168.7.13 dst=192.168.7.1 to="$LAN" token=router
over ab103 eth2 192.168.7.13 ab101.eth2 ab102.eth2 lan.lan0
is "what is for them is still theirs" "ab102.eth2 lan.lan0 " "$(seen mine ab101.eth2 ab102.eth2)$(seen router ab101.eth2 lan.lan0)"

# The daemon's next start puts right what somebody, or an older one, has left; never a port that isn't Berth's.
is "a port" "guard on learning off flood off" "$(port ab102-2)"
bridge -n "bt$$-host" link set dev ab102-2 learning on flood on guard off
bridge -n "bt$$-host" fdb del "$TWO" dev ab102-2 master
ok "the daemon starts again" tool host-setup "$T/ab/101"
is "it is as it was" "guard on learning off flood off dev ab102-2 static sticky " "$(port ab102-2) $(entries br0 "$TWO")"
is "the LAN's own is as ever" "guard off learning on flood on" "$(port port0)"
like "which is learned" "dev port0" "$(entries br0 "$LAN")"
host ip link set ab103-1 nomaster
ok "one that somebody took off its bridge is no obstacle" tool host-setup "$T/ab/101"

# Changed live: the number is another network's.
cp "$T/ab/102" "$T/ab/former"
NICS="[$(nic 2 1 "private 1 - 0 10.9.0.2/24 -")]" n_spec ab 102 1 10.77.0.3
ok "an interface becomes another network's, live" tool nics "$T/ab/102" "/run/netns/bt$$-ab102" "$T/ab/former"
is "its old port has gone" "" "$(entries br0 "$TWO")"
private=$(host ip -o link show type bridge | grep -o 'ab-1-1')
is "the new one is guarded" "guard on learning off flood off dev ab102-2 static sticky " "$(port ab102-2) $(entries "$private" "$TWO")"
in_ns ab101 ip neighbour flush all
ok "and used" in_ns ab101 ping -c1 -W2 10.9.0.2

# A bridge with a spanning tree: who takes part in it from inside is shut off, and is the root of nothing.
root() { host cat /sys/class/net/br0/bridge/root_id; }
if host ip link set br0 type bridge stp_state 1 2>/dev/null; then
	was=$(root)
	in_ns ab101 python3 "$PACKET" bpdu eth2 0000.000000000001
	ok "a container's BPDU shuts its port" wait_for 5 eval 'bridge -n bt$$-host link show dev ab101-2 | found "state disabled"'
	is "the root is still who it was" "$was" "$(root)"
	ok "the others go on" in_ns ab103 ping -c1 -W2 192.168.7.1
else
	skip "spanning trees: this kernel lacks them"
fi
for n in 101 102 103 104; do tool detach "$T/ab/$n" || fail "detach $n"; done
tool host-cleanup "$T/ab/101" || fail "cleanup"
