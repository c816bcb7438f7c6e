#!/bin/bash
# An uplink that is full is shared by weight, whatever root inside makes of his packets; it is given back as it was.
# Alone: it measures rates.
. "$(dirname "$0")/../lib/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root"
NS=bt$$-inet UP=btu$$ OTHER=btv$$
t_end_first() {
	ip link del "$UP"
	ip link del "$OTHER"
	ip netns del "$NS"
}
ip netns add "$NS" || exit 1
ip link add "$UP" type veth peer name net0 netns "$NS"
ip link add "$OTHER" type veth peer name net1 netns "$NS"
# Megabits a second; a slow host's own speed has to be above them.
RATE=100
[ -z "${T_SLOW:-}" ] || RATE=6
CONF_UP="uplink = $UP"$'\n'"uplink_rate = $RATE"
EXTRA_CONF=$CONF_UP t_begin

NET=198.18.$NUMBER
ip address add "$NET.1/24" dev "$UP"
ip link set "$UP" up
ip -n "$NS" address add "$NET.2/24" dev net0
ip -n "$NS" link set net0 up

root_of() { tc qdisc show dev "$1" | awk '/ root / { print $2 }'; }
classes() { tc class show dev "$UP" | grep -c "htb.*leaf\|htb.*prio"; }
# rates NAME…: megabits a second of each of those containers, all sending at once, and always more than there is room for, as bbr
# doesn't; PRIORITY: what the first gives its packets.
rates() {
	local port=6000 ports=() name senders=() out
	for name; do ports+=($((port++))); done
	coproc SINKS { ip netns exec "$NS" python3 "$TOP/tests/lib/sinks.py" "4" "${ports[@]}" 2>&1; }
	local sinks=$SINKS_PID
	read -r out <&"${SINKS[0]}"
	port=6000
	for name; do
		nsenter -t "$(field "$name" pid)" -n python3 -c "
import socket
s = socket.socket()
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b'reno')
s.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, $([ $port = 6000 ] && echo "${PRIORITY:-0}" || echo 0))
s.connect(('$NET.2', $port))
try:
    while True: s.sendall(bytes(65536))
except OSError: pass" &
		senders+=($!)
		((port++))
	done
	read -r out <&"${SINKS[0]}"
	kill "${senders[@]}" 2>/dev/null
	wait "${senders[@]}" "$sinks" 2>/dev/null
	echo "$out"
}
# within WHAT WANTED PERCENT GOT
within() {
	if awk -v w="$2" -v p="$3" -v g="$4" 'BEGIN { exit !(g >= w * (1 - p / 100) && g <= w * (1 + p / 100)) }'; then
		pass "$1 ($4)"
	else
		fail "$1: wanted $2 ± $3 %, got $4"
	fi
}
# shares WHAT RATIO "A B": B has so many times as much as A, and both together all.
shares() {
	local a b
	read -r a b <<<"$3"
	within "$1" "$2" 10 "$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f", b / (a ? a : 1e-9) }')"
	within "and together all" $RATE 5 "$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.1f", a + b }')"
}

is "the uplink is the daemon's" "tbf" "$(root_of "$UP")"
for c in light heavy; do B create $c --template busybox --memory 64M --disk 64M --start >/dev/null || fail "create $c"; done
is "everybody weighs the same" "100 100" "$(field light net_weight) $(field heavy net_weight)"
ok "until one weighs more, live" B set heavy net_weight=300
within "who sends alone has all of it" $RATE 5 "$(rates light)"
shares "by weight" 3 "$(rates light heavy)"
ok "weights the other way, live" B set heavy net_weight=50
shares "are followed" 0.5 "$(rates light heavy)"

ok "a heavy one again" B set heavy net_weight=300
class=$(nft list map inet "$INSTANCE" classes | grep -oE "\"$INSTANCE$(field heavy ctid)\" : [0-9a-f]+:[0-9a-f]+" | awk '{ print $3 }')
like "which has a class" '^[0-9a-f]+:[0-9a-f]+$' "$class"
shares "that root in another can't put his packets in" 3 \
	"$(PRIORITY=$((0x${class%:*} << 16 | 0x${class#*:})) rates light heavy)"

before=$(classes)
B stop heavy >/dev/null && B start heavy >/dev/null
is "a restart makes no second class" "$before" "$(classes)"
t_stop_daemon && t_start_daemon
shares "weights outlive a restart, and the daemon's" 3 "$(rates light heavy)"
tc qdisc del dev "$UP" root
t_stop_daemon && t_start_daemon
is "what somebody took away is made again, with who runs" "tbf $before" "$(root_of "$UP") $(classes)"

B plan create small --net-weight 20 >/dev/null
ok "a plan has a weight" B create sold --template busybox --plan small --memory 64M --disk 64M --start
is "which its containers get" 20 "$(field sold net_weight)"
is "with a class of their own" $((before + 1)) "$(classes)"
ok "one is deleted" B delete --force sold
is "its class with it" "$before" "$(classes)"
fails 2 "net_weight" "a weight too small" B set light net_weight=9
B tenant create acme >/dev/null
B create theirs --tenant acme --template busybox --memory 64M --disk 64M >/dev/null
token=$(B token create desk --role owner --tenant acme 2>/dev/null)
fails 2 "net_weight: is the operator" "its owner gives himself no weight" env BERTH_TOKEN="$token" setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$BUILD/berth" set theirs net_weight=1000
is "it has what it had" 100 "$(field acme:theirs net_weight)"

# conf TEXT: starts the daemon with that in place of its uplink.
conf() { t_stop_daemon; { grep -v '^[[:space:]]*uplink' "$T/conf"; echo "$1"; } >"$T/conf.new"; mv "$T/conf.new" "$T/conf"; }
tc qdisc add dev "$OTHER" root handle 7: pfifo
conf "uplink = $OTHER"$'\n'"uplink_rate = 40"
fails 2 "uplink: .* somebody has given it a queueing discipline, 7:" "an uplink that somebody else has configured" \
	timeout 30 "$BUILD/berthd" --foreground --config "$T/conf"
is "stays as it was" "pfifo" "$(root_of "$OTHER")"
conf "uplink = btw$$"$'\n'"uplink_rate = 40"
fails 2 "no interface 'btw$$'" "an interface that isn't there" timeout 30 "$BUILD/berthd" --foreground --config "$T/conf"
conf "uplink = $UP"
fails 2 "uplink_rate" "an uplink without a rate" timeout 30 "$BUILD/berthd" --foreground --config "$T/conf"
conf ""
t_start_daemon
is "without the option it has its default back" "noqueue" "$(root_of "$UP")"
ok "and weights do nothing" B set light net_weight=500
conf "$CONF_UP"
t_start_daemon
is "with it again it is shared" "tbf" "$(root_of "$UP")"
t_stop_daemon
ok "and cleaned up" "$BUILD/berthd" --cleanup --force --destroy --config "$T/conf"
is "it has that back, too" "noqueue" "$(root_of "$UP")"
