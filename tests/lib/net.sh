# Sourced by tests of the network alone: a host, an "internet" and containers, each a network namespace that the test makes. The
# machine's own interfaces, rules and sysctls stay out of it.
#
#   host COMMAND…, internet COMMAND…, in_ns NAME COMMAND…      runs it there
#   n_container INSTANCE NUMBER TENANT ADDRESS…                makes and attaches the container INSTANCE+NUMBER
# shellcheck shell=bash disable=SC2034,SC2153
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PACKET=$TOP/tests/lib/net_packet.py
NAMESPACES=()

in_ns() { local n=$1; shift; ip netns exec "bt$$-$n" "$@" </dev/null; }
host() { in_ns host "$@"; }
internet() { in_ns inet "$@"; }
tool() { host "$BUILD/net_tool" "$@"; }

n_namespace() {
	ip netns add "bt$$-$1" || exit 1
	NAMESPACES+=("bt$$-$1")
	in_ns "$1" ip link set lo up
}

# n_settings INSTANCE SUBNET4 SUBNET6 [MORE-JSON]
n_settings() {
	local i=$1
	mkdir -p "$T/$i/s/registry" "$T/$i/r"
	printf '"settings":{"instance":"%s","state_dir":"%s","run_dir":"%s","claims_dir":"%s","subnet4":"%s","subnet6":"%s",
		"id_base":%d,"id_count":100,"project_base":%d,"nat":true,"management":["198.51.100.0/24","2001:db8:99::/64"],
		"addresses":["203.0.113.%d/29"]%s}' \
		"$i" "$T/$i/s" "$T/$i/r" "$T/claims" "$2" "$3" $((1342177280 + ${#i} * 6553600)) $((700000 + ${#i} * 1000)) \
		$((${#i} * 8)) "${4:+,$4}" >"$T/$i/settings"
	n_spec "$i" 101 1
}

# n_spec INSTANCE NUMBER TENANT ADDRESS…; PLACE: more of its place, as JSON; NICS: a JSON list of its interfaces on networks
n_spec() {
	local i=$1 n=$2 t=$3 ips
	shift 3
	ips=$(printf ',"%s"' "$@")
	[ $# -gt 0 ] || ips=,
	printf '{%s,"layout":{"cgroup_mode":"v2","cgroup_roots":["unified=/x"],"storage":"dir","seccomp_file":"/x"},
		"place":{"id":"6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f%04x","name":"c%d","tenant":"t%d","tenant_number":%d,"ctid":%d,
		"id_base":%d,"veth":"%s%d","template":"busybox@1","ip":[%s],"nics":%s%s},"config":{"ip":[%s],"nics":%s}}' \
		"$(cat "$T/$i/settings")" "$n" "$n" "$t" "$t" "$n" 1342177280 "$i" "$n" "${ips:1}" "${NICS:-[]}" "${PLACE:+,$PLACE}" "${ips:1}" "${NICS:-[]}" >"$T/$i/$n"
	jq -c .place "$T/$i/$n" >"$T/$i/s/registry/$(jq -r .place.id "$T/$i/$n")"
}

n_attach() { tool attach "$T/$1/$2" "/run/netns/bt$$-$1$2"; }

n_container() {
	n_spec "$@"
	n_namespace "$1$2"
	n_attach "$1" "$2" || fail "attach $1$2"
}

# A LAN on a bridge of the host's, br0, where the host is 192.168.7.2 and a router 192.168.7.1 and fd07::1. n_lan [ADDRESS…]: more of the router's.
n_lan() {
	local a
	n_namespace lan
	ip -n "bt$$-host" link add br0 type bridge mcast_snooping 0
	ip -n "bt$$-host" link add port0 type veth peer name lan0 netns "bt$$-lan"
	host ip link set port0 master br0
	host ip link set port0 up
	host ip link set br0 up
	host ip address add 192.168.7.2/24 dev br0
	for a in 192.168.7.1/24 "$@"; do in_ns lan ip address add "$a" dev lan0; done
	in_ns lan ip address add fd07::1/64 dev lan0 nodad
	in_ns lan ip link set lan0 up
}
# nic INDEX ID WORDS: an interface on a network, for NICS.
nic() { printf '"%d 6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f%04x %s"' "$1" "$2" "$3"; }

# The host's own duplicate detection is over: nothing of its addresses changes by itself any more.
n_settled() { ! host ip address show tentative | found inet6; }

# The uplink 192.0.2.1, and the internet at 192.0.2.100, which knows no way to private addresses.
n_begin() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -x "$BUILD/net_tool" ] || { echo "no net_tool in $BUILD: make net_tool" >&2; exit 1; }
	T=$(mktemp -d /tmp/bt.XXXXXX)
	trap n_end EXIT
	trap 'exit 130' INT TERM
	n_namespace host
	n_namespace inet
	host sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.all.accept_redirects=0
	ip -n "bt$$-host" link add up0 type veth peer name net0 netns "bt$$-inet"
	host ip address add 192.0.2.1/24 dev up0
	host ip address add 2001:db8:1::1/64 dev up0 nodad
	host ip link set up0 up
	internet ip address add 192.0.2.100/24 dev net0
	internet ip address add 198.51.100.7/32 dev lo
	internet ip address add 2001:db8:1::100/64 dev net0 nodad
	internet ip address add 2001:db8:99::7/128 dev lo
	internet ip link set net0 up
	internet ip route add 203.0.113.0/24 via 192.0.2.1
	host ip route add default via 192.0.2.100
	host ip route add default via 2001:db8:1::100
	# Its own duplicate detection is over: nothing of it changes any more.
	wait_for 5 n_settled
	wait_for 5 host ping -c1 -W1 192.0.2.100 || fail "the uplink works"
}

n_end() {
	trap - EXIT
	local job n
	for n in "${NAMESPACES[@]}"; do
		for job in $(ip netns pids "$n"); do kill "$job" 2>/dev/null; done
		ip netns del "$n"
	done
	wait 2>/dev/null
	rm -rf "$T"
	printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
	[ $failed = 0 ] || exit 1
	exit 0
}

pings() { in_ns "$1" ping -n -q -c1 -W1 "$2"; }
no_ping() { ! pings "$@"; }
# A busy host may take more than a ping's second for the first one.
reaches() { wait_for 5 pings "$@"; }

# n_listen NS PORT: answers TCP and UDP on every address with the peer's address, of both families.
n_listen() { in_ns "$1" python3 "$PACKET" serve "$2" >/dev/null 2>&1 & wait_for 5 in_ns "$1" python3 "$PACKET" ask tcp ::1 "$2"; }
# n_asks NS tcp|udp ADDRESS PORT: prints how the server saw the asker.
n_asks() { local n=$1; shift; in_ns "$n" python3 "$PACKET" ask "$@"; }
refused() { ! n_asks "$@"; }
