#!/bin/bash
# What a container's network carries beside a bare veth pair with routes and no rules at all: between host and container, between two
# containers, with a firewall of their own and without; and between two on a network, beside a bare bridge. And what the least costs
# there that a host of private addresses does (nat-). Real containers of a real daemon, in a network namespace of its own, so that no
# other instance's rules are passed.
#
#   tests/bench/throughput.sh [ROUNDS [MS]]     BUILD names the build directory
if [ -z "${THROUGHPUT_NETNS:-}" ]; then
	CLAIMS=$(mktemp -d /tmp/btc.XXXXXX)
	export THROUGHPUT_NETNS=1 CLAIMS
	unshare --net "$0" "$@"
	code=$?
	rm -rf "$CLAIMS"
	exit $code
fi
. "$(dirname "$0")/../lib/lib.sh"
make -C "$BUILD" -s tests/bench/wire tests/bench/tick >/dev/null || exit 1
WIRE=$BUILD/tests/bench/wire PORT=5200 STREAM_PORT=5201
export PYTHONDONTWRITEBYTECODE=1 TEMPLATES=''
ip link set lo up
ip address add 192.0.2.1/32 dev lo
t_begin
t_stop_daemon
. "$TOP/tests/bench/tick.sh"
t_start_daemon
SERVERS=() SPACES=()
t_end_first() {
	local space
	[ ${#SERVERS[@]} = 0 ] || kill "${SERVERS[@]}" 2>/dev/null
	wait "${SERVERS[@]}" 2>/dev/null
	B delete -y --force --all >/dev/null 2>&1
	for space in "${SPACES[@]}"; do ip netns del "$space"; done
}
# serve NETNS-FILE
serve() {
	nsenter --net="$1" "$WIRE" serve $PORT &
	SERVERS+=($!)
	nsenter --net="$1" chrt -f 1 iperf3 -s -p $STREAM_PORT >/dev/null 2>&1 &
	SERVERS+=($!)
}
space() {
	ip netns add "$1"
	SPACES+=("$1")
	ip -n "$1" link set lo up
}

# lan KIND: a host (KIND's h) with two others (1 and 2) behind a veth pair each, and the same two on a bridge.
lan() {
	local kind=$1 host=btw$1$$h n link
	space "$host"
	ip netns exec "$host" sysctl -qw net.ipv4.ip_forward=1
	ip -n "$host" link add bare0 type bridge mcast_snooping 0
	ip -n "$host" link set bare0 up
	for n in 1 2; do
		space "btw$kind$$$n"
		for link in pair lan; do
			ip -n "$host" link add $link$n type veth peer name ${link}0 netns "btw$kind$$$n"
			ip -n "$host" link set $link$n up
			ip -n "btw$kind$$$n" link set ${link}0 up
		done
		ip -n "$host" address add 10.1.$n.1/24 dev pair$n
		ip -n "btw$kind$$$n" address add 10.1.$n.2/24 dev pair0
		ip -n "btw$kind$$$n" route add default via 10.1.$n.1
		ip -n "$host" link set lan$n master bare0
		ip -n "btw$kind$$$n" address add 10.2.0.$n/24 dev lan0
	done
}
# Bare; and one that does what any host of private addresses does: it tracks connections and hides them behind its own address.
lan b
lan n
ip netns exec "btwn$$h" nft -f - <<'END'
table inet nat {
	chain forward {
		type filter hook forward priority filter
		ct state established,related accept
	}
	chain postrouting {
		type nat hook postrouting priority srcnat
		ip saddr 10.1.0.0/16 oifname "uplink" masquerade
	}
}
END

# Berth: four containers. Two of them get rules later, as a provider and his customer would have.
B template build tick >/dev/null 2>&1 || { fail "the template"; exit 1; }
B network create back --prefix 10.9.0.0/24 >/dev/null 2>&1 || { fail "the network"; exit 1; }
for n in plain1 plain2 ruled1 ruled2; do
	B create $n --template tick --memory 32M --disk 32M --net back --start >/dev/null 2>&1 || { fail "container $n"; exit 1; }
done
inside() { echo "/proc/$(field "$1" pid)/ns/net"; }
address() { field "$1" 'ip[0]'; }
network() { field "$1" 'net[0]' | sed 's/^back://'; }
bare() { echo "/run/netns/btwb$$$1"; }
nat() { echo "/run/netns/btwn$$$1"; }
own=/proc/$$/ns/net
for n in 1 2; do
	serve "$(bare $n)"
	serve "$(nat $n)"
done
serve "$(inside plain2)"; serve "$(inside ruled2)"
# Whether bridged packets are led through the rules for routed ones as well (br_netfilter): as Debian is unless somebody loads it, or not.
bridges_filter() {
	local netns
	for netns in "$own" "$(bare h)"; do
		nsenter --net="$netns" sysctl -qw net.bridge.bridge-nf-call-{iptables,ip6tables,arptables}="$1" 2>/dev/null
	done
}
# measure ROUNDS MS: standard input has a line a way: name, what it is compared with, where it begins, where it ends.
measure() { ROUNDS=$1 MS=$2 WIRE=$WIRE PORT=$PORT STREAM_PORT=$STREAM_PORT python3 "$TOP/tests/bench/throughput.py" && pass "measured" || fail "measured"; }
bridges_filter 0
echo "Nobody has rules:"
measure "${1:-25}" "${2:-60}" <<END
bare-host - $(bare h) 10.1.2.2
host bare-host $own $(address plain2)
nat-host bare-host $(nat h) 10.1.2.2
bare-pair - $(bare 1) 10.1.2.2
nat-pair bare-pair $(nat 1) 10.1.2.2
pair bare-pair $(inside plain1) $(address plain2)
bare-bridge - $(bare 1) 10.2.0.2
network bare-bridge $(inside plain1) $(network plain2)
END

for n in ruled1 ruled2; do
	B set $n blocked_ports=25,6881-6889 connections=5000 >/dev/null 2>&1 || fail "ports and connections of $n"
	for rule in "allow in tcp 22 from 203.0.113.0/24" "allow in tcp 80" "allow in tcp 443" "allow in tcp $PORT-$STREAM_PORT" \
		"allow in udp 1024-65535" "allow in icmp" "deny out tcp 2525" "default in deny"; do
		# shellcheck disable=SC2086
		B firewall add $n $rule >/dev/null 2>&1 || fail "rule $rule of $n"
	done
done
echo "Others have rules, and those that have:"
measure "${1:-25}" "${2:-60}" <<END
bare-host - $(bare h) 10.1.2.2
host bare-host $own $(address plain2)
host-ruled bare-host $own $(address ruled2)
bare-pair - $(bare 1) 10.1.2.2
pair bare-pair $(inside plain1) $(address plain2)
pair-ruled bare-pair $(inside ruled1) $(address ruled2)
bare-bridge - $(bare 1) 10.2.0.2
network bare-bridge $(inside plain1) $(network plain2)
network-ruled bare-bridge $(inside ruled1) $(network ruled2)
END

bridges_filter 1
if [ "$(sysctl -n net.bridge.bridge-nf-call-iptables 2>/dev/null)" = 1 ]; then
	echo "Bridged packets are led through the rules for routed ones as well:"
	measure "${1:-25}" "${2:-60}" <<END
bare-bridge - $(bare 1) 10.2.0.2
network bare-bridge $(inside plain1) $(network plain2)
network-ruled bare-bridge $(inside ruled1) $(network ruled2)
END
fi
