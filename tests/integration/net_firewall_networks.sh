#!/bin/bash
# A container's firewall on its other interfaces: on a bridge of the host's and on a private network it holds as on eth0, or a blocked
# port would be open by the second interface. Where the kernel tracks no connections on bridges, what is denied is denied all the same.
# shellcheck disable=SC1083,SC2034
. "$(dirname "$0")/../lib/net.sh"
n_begin
n_lan 192.168.7.3/24
n_settings ab 10.77.0.0/16 fd77:1::/64 '"bridges":["br0"],"firewall_log_group":7,"firewall_log":60'
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
private() { nic 1 "$2" "private 1 - 0 10.9.0.$1/24 -"; }
bridged() { nic "$1" 2 "bridge 1 br0 0 192.168.7.1$2/24,fd07::1$2/64 192.168.7.1"; }
NICS="[$(private 1 1),$(bridged 2 1)]" n_container ab 101 1 10.77.0.2
NICS="[$(private 2 1),$(bridged 2 2)]" n_container ab 102 1 10.77.0.3
# Another tenant's private network with the same addresses.
NICS="[$(private 1 3)]" n_container ab 103 2 10.77.0.4
NICS="[$(private 2 3)]" n_container ab 104 2 10.77.0.5
tracks() { host nft list chain bridge ab tracking >/dev/null 2>&1; }
rejects() { host nft list chain bridge ab rejected | found 'reject with'; }

serve() { local n=$1; shift; for p in "$@"; do in_ns "$n" python3 "$PACKET" echo "$p" >/dev/null 2>&1 & done; }
in_ns2() { local n=$1; shift; ip netns exec "bt$$-$n" "$@"; }
from() { local n=$1; shift; echo x | in_ns2 "$n" python3 "$PACKET" hold "$@" 1 | found -x 1; }
blocked() { ! from "$@"; }
serve lan 25 53 80 465; serve ab101 22 80; serve ab102 25 80; serve ab104 80
for n in "lan 465" "ab101 80" "ab102 80" "ab104 80"; do
	set -- $n
	wait_for 5 from "$1" tcp 127.0.0.1 "$2"
done
list() { [ $# = 0 ] || printf '%s\n' "$@" | jq -R . | jq -sc .; }
policy() {
	cp "$T/ab/101" "$T/ab/former"
	PLACE='"firewall":'$(list "$@" | grep . || echo '[]')',"firewall_operator":['${OPERATOR:-}'],"blocked_ports":['${BLOCKED:-}'],"connections":'${CONNECTIONS:-0} \
		NICS="[$(private 1 1),$(bridged 2 1)]" n_spec ab 101 1 10.77.0.2
	tool policy "$T/ab/101" /nowhere "$T/ab/former" >"$T/took" 2>&1 || fail "policy $*: $(tail -n 3 "$T/took")"
}
own=192.168.7.11 own6=fd07::11 far=192.168.7.1 far6=fd07::1

ok "without rules all is open" from ab101 tcp $far 25
ok "in" from lan tcp $own 22
unlike "and there is no chain" 'chain [io]101' "$(host nft list table bridge ab)"
unlike "nor does a packet pass one that would lead there" 'chain policy_' "$(host nft list table bridge ab)"

# What the operator blocks, whatever the kernel.
OPERATOR='"deny out udp 53 to 192.168.7.3"' BLOCKED='"25","tcp 465"' policy "allow out tcp 25" "allow out tcp 465"
ok "a blocked port, by the bridge" blocked ab101 tcp $far 25
ok "by IPv6" blocked ab101 tcp $far6 25
ok "one of TCP alone" blocked ab101 tcp $far 465
ok "whose UDP is open" from ab101 udp $far 465
ok "by the private network" blocked ab101 tcp 10.9.0.2 25
ok "to a neighbour on the bridge" blocked ab101 tcp 192.168.7.12 25
ok "the operator's rule" blocked ab101 udp 192.168.7.3 53
ok "is for that address" from ab101 udp $far 53
ok "others go out" from ab101 tcp $far 80
ok "and others are as they were" from ab102 tcp $far 25
ok "what is asked for is answered" from lan tcp $own 22
ok "by UDP" from lan udp $own 80
like "it is counted" 'packets [1-9]' "$(host nft list counter bridge ab denied)"
if rejects; then
	like "a refusal is told" 'refused' "$(in_ns ab101 python3 -c 'import socket; socket.create_connection(("192.168.7.1", 25), 3)' 2>&1)"
else
	skip "refusals on bridges aren't told: this kernel lacks CONFIG_NFT_BRIDGE_REJECT"
fi

# A customer's own.
policy "default in deny" "allow in tcp 22 from 192.168.7.1" "allow in icmp"
ok "what is allowed comes in" from lan tcp $own 22
ok "the rest doesn't" blocked lan tcp $own 80
ok "nor by UDP" blocked lan udp $own 80
ok "nor by IPv6" blocked lan tcp $own6 22
ok "nor from a neighbour" blocked ab102 tcp $own 22
ok "nor from the host on its bridge" blocked host tcp $own 80
ok "nor in private" blocked ab102 tcp 10.9.0.1 80
ok "a ping of the family that is allowed" reaches lan $own
in_ns lan ip neighbour flush all
ok "ARP goes on" reaches lan $own
in_ns ab101 ip -6 neighbour flush all
ok "its own connections go out, and are answered, by IPv6, too" from ab101 tcp $far6 80
ok "by IPv4" from ab101 tcp $far 80
if tracks; then
	ok "an answer by UDP comes in" from ab101 udp $far 53
	ok "the neighbours' networks with the same addresses work" from ab103 tcp 10.9.0.2 80
else
	skip "an answer by UDP is judged like a question: this kernel lacks CONFIG_NF_CONNTRACK_BRIDGE"
	policy "default in deny" "allow in udp 1024-65535"
	ok "until such ports are allowed" from ab101 udp $far 53
fi
policy "default out deny" "allow out udp 53 to 192.168.7.0/24"
ok "out goes what is allowed" from ab101 udp $far 53
ok "no more" blocked ab101 tcp $far 80
ok "nor in private" blocked ab101 tcp 10.9.0.2 80
ok "what is asked for from outside is answered" from lan tcp $own 22
policy "deny in any from fd07::/64"
ok "all of IPv6" blocked lan tcp $own6 22
ok "none of IPv4" from lan tcp $own 22

# An opening in pieces is none.
policy "deny out tcp 80"
cat >"$T/pieces.py" <<'END'
import socket, struct, sys
iface, to, token = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", "")), sys.argv[3].encode()
own = bytes.fromhex(open("/sys/class/net/%s/address" % iface).read().strip().replace(":", ""))
def frame(off, more, body):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, (0x2000 if more else 0) | off, 64, 6, 0, socket.inet_aton("192.168.7.11"), socket.inet_aton("192.168.7.1"))
    total = sum(struct.unpack("!10H", head)); total = (total >> 16) + (total & 0xffff); total += total >> 16
    return to + own + b"\x08\x00" + head[:10] + struct.pack("!H", ~total & 0xffff) + head[12:] + body
tcp = struct.pack("!HHIIBBHHH", 4000, 80, 1, 0, 5 << 4, 2, 1024, 0, 0) + token
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind((iface, 0))
s.send(frame(0, True, tcp[:8])); s.send(frame(1, False, tcp[8:]))
ack = tcp[:13] + b"\x10" + tcp[14:24]
s.send(frame(0, True, ack)); s.send(frame(1, False, tcp[8:]))
END
in_ns lan tcpdump -U -n -p -i lan0 -w "$T/lan" >/dev/null 2>"$T/tcpdump" &
wait_for 5 grep -q "listening on" "$T/tcpdump"
in_ns ab101 python3 "$T/pieces.py" eth2 "$(in_ns lan cat /sys/class/net/lan0/address)" PIECES
in_ns ab101 python3 "$PACKET" send eth2 udp src=$own dst=$far to="$(in_ns lan cat /sys/class/net/lan0/address)" token=after
wait_for 5 grep -qa "after" "$T/lan"
ok "an opening cut in pieces doesn't pass" eval '! grep -qa PIECES "$T/lan"'

if tracks; then
	CONNECTIONS=3 policy
	exec {flow}> >(in_ns2 lan python3 "$PACKET" hold tcp $own 80 6 >"$T/flow" 2>/dev/null)
	echo x >&$flow
	ok "no more connections than the limit" wait_for 20 grep -qx 3 "$T/flow"
	exec {flow}>&-
else
	skip "connections on bridges aren't counted: this kernel lacks CONFIG_NF_CONNTRACK_BRIDGE"
fi
host python3 "$PACKET" nflog 7 >"$T/logged" &
wait_for 5 grep -q listening "$T/logged"
policy "deny in tcp 22 log"
from lan tcp $own 22
ok "what is refused is logged, with the interface" wait_for 5 grep -qx 'ab101-2 t1:c101 deny in: ' "$T/logged"

# Interfaces come and go, live; rules are lost, and are there again.
policy "deny out tcp 80"
cp "$T/ab/101" "$T/ab/former"
PLACE='"firewall":["deny out tcp 80"]' NICS="[$(bridged 3 1)]" n_spec ab 101 1 10.77.0.2
ok "another interface, live" tool nics "$T/ab/101" "/run/netns/bt$$-ab101" "$T/ab/former"
ok "has the rules" blocked ab101 tcp $far 80
ok "and no more than those" from ab101 tcp $far 25
unlike "those that have gone have none" '[io]101_[12]' "$(host nft list table bridge ab)"
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
ok "after the daemon's start" blocked ab101 tcp $far 80
host nft flush ruleset
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
ok "after somebody's flush" blocked ab101 tcp $far 80
cp "$T/ab/101" "$T/ab/former"
NICS="[$(bridged 3 1)]" n_spec ab 101 1 10.77.0.2
tool policy "$T/ab/101" /nowhere "$T/ab/former" >/dev/null || fail "policy"
ok "until there are none" from ab101 tcp $far 80
unlike "and no chain" 'chain [io]101' "$(host nft list table bridge ab)"
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
unlike "after the daemon's start no way to one" 'chain policy_' "$(host nft list table bridge ab)"
PLACE='"firewall":["deny out tcp 80"],"connections":5' NICS="[$(bridged 3 1)]" n_spec ab 101 1 10.77.0.2
n_attach ab 101
ok "a start has them" blocked ab101 tcp $far 80
for n in 101 102 103 104; do tool detach "$T/ab/$n" || fail "detach $n"; done
unlike "a removed container leaves nothing" '[io]10[1-4]|ab10[1-4]' "$(host nft list table bridge ab)"
ok "clean up" tool host-cleanup "$T/ab/101"
is "no table is left" "" "$(host nft list tables | grep -w ab)"
