#!/bin/bash
# Two daemons on one host: what would overlap is refused by name, and one's end takes nothing from the other.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
other=${INSTANCE%z}y n=${SUBNET##*.}
second=''
mkdir -p "$T/o"
t_end_first() {
	[ -n "$second" ] || return 0
	kill -TERM "$second" 2>/dev/null
	wait "$second"
	"$BUILD/berthd" --cleanup --force --destroy --config "$T/o/conf"
}
# other_conf ID_BASE SUBNET4 SUBNET6
other_conf() {
	sed -e "s#^\( *instance = \).*#\1$other#" -e "s#^\( *id_base = \).*#\1$1#" -e "s#^\( *subnet4 = \).*#\1$2#" -e "s#^\( *subnet6 = \).*#\1$3#" \
		-e "s#$T/s#$T/o/s#" -e "s#$T/r#$T/o/r#" -e "s#^\( *project_base = \).*#\1$((900000 + n * 1000))#" "$T/conf" >"$T/o/conf"
}
second() { BERTH_SOCKET=$T/o/r/berth.sock "$BUILD/berth" "$@"; }
# The other half of the instance's own range of numbers: 50 of 100 each.
sed -i 's/^\( *id_count = \).*/\150/' "$T/conf"
t_stop_daemon
t_start_daemon
free_base=$((ID_BASE + 50 * 65536)) free4=10.201.$n.0/24 free6=fd77:7e57:1$n::/64

refused() {
	local what=$1 option=$2 out code
	shift 2
	other_conf "$@"
	out=$(timeout 20 "$BUILD/berthd" --foreground --config "$T/o/conf" 2>&1); code=$?
	[ $code != 0 ] && [ $code != 124 ] && pass "$what is refused" || fail "$what: exit $code: $out"
	like "$what: its last words say by whom" "option '$option'.* of instance '${WHOSE:-$INSTANCE}'" "$(tail -n 1 <<<"$out")"
}
refused "an overlapping id range" id_base $((ID_BASE + 65536)) "$free4" "$free6"
refused "the last id of the other's range" id_base $((ID_BASE + 49 * 65536)) "$free4" "$free6"
refused "the same IPv4 subnet" subnet4 $free_base "$SUBNET.0/24" "$free6"
refused "an IPv4 subnet within the other's" subnet4 $free_base "$SUBNET.128/25" "$free6"
# Another test's may be met first.
WHOSE='[a-z]+' refused "an IPv4 subnet around the other's" subnet4 $free_base "${SUBNET%.*}.0.0/16" "$free6"
refused "the same IPv6 subnet" subnet6 $free_base "$free4" "${SUBNET6}:/64"
[ ! -e "$CLAIMS/$other" ] && pass "a refused one claims nothing" || fail "a refused one has left its claim"

other_conf $free_base "$free4" "$free6"
mkdir -p "$T/o/s/templates"; chmod 711 "$T/o/s"; chmod 700 "$T/o/s/templates"
cp -a "$T/s/templates/busybox" "$T/o/s/templates/"
"$BUILD/berthd" --foreground --config "$T/o/conf" >>"$T/log" 2>&1 </dev/null &
second=$!
ok "a second one starts beside the first" wait_for 30 curl -sf --unix-socket "$T/o/r/berth.sock" http://b/v1
ok "a container in the first" B create web --template busybox --memory 64M --disk 64M --start
ok "one of the same name in the second" second create web --template busybox --memory 64M --disk 64M --start
is "each has its own number 101" "101 101" "$(field web ctid) $(second show web -o json | jq .ctid)"
is "and other users" 1 "$([ "$(stat -c %u "/proc/$(field web pid)")" != "$(stat -c %u "/proc/$(second show web -o json | jq .pid)")" ] && echo 1)"
ip1=$(field web 'ip[0]') ip2=$(second show web -o json | jq -r '.ip[0]')
ok "the host reaches the first's" ping -c 1 -W 2 "$ip1"
ok "the host reaches the second's" ping -c 1 -W 2 "$ip2"
is "the first knows nothing of the second's" 3 "$(B which "$ip2" >/dev/null 2>&1; echo $?)"

# The first one's state with another run directory: it would know nothing of what runs.
pid=$(field web pid)
sed "s#^\( *run_dir = \).*#\1$T/other#" "$T/conf" >"$T/moved"
moved() { timeout 20 "$BUILD/berthd" "$@" --config "$T/moved" 2>&1; }
like "a second daemon on the same state is refused" "another berthd runs with the state directory '$T/s'" "$(moved --foreground)"
like "a cleanup as well" "another berthd runs" "$(moved --cleanup --force)"
t_stop_daemon
like "so is another run directory while the first is set up" "option 'run_dir'.*set up with $T/r.*--cleanup" "$(moved --foreground)"
t_start_daemon
is "and nothing happened to its container" "running $pid" "$(state web) $(field web pid)"
rm -rf "$T/other"

kill -TERM $second; wait $second
ok "the second is cleaned up" "$BUILD/berthd" --cleanup --force --destroy --config "$T/o/conf"
second=''
ok "the first goes on" B exec web -- true
ok "and is reached still" ping -c 1 -W 2 "$ip1"
ok "and reaches its router" B exec web -- ping -c 1 -W 2 169.254.0.1
is "forwarding is on" 1 "$(cat /proc/sys/net/ipv4/ip_forward)"
is "nothing of the second's is left" "" "$(ip -o link | grep -oE "${other}[0-9]+"; nft list tables | grep -E " $other(_traffic)?\$"; losetup -a | grep -F "$T/o/"; ls -d "$CLAIMS/$other" 2>/dev/null; find /sys/fs/cgroup -maxdepth 3 -name "$other")"
