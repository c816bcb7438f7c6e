#!/bin/bash
# A container's firewall with real packets: two tenants, an uplink, an internet; order of rules, defaults, ports, prefixes, what exists
# already, logging, the limit of connections, and that whoever flushes the rules gets them back.
# shellcheck disable=SC1083,SC2034,SC2093
. "$(dirname "$0")/../lib/net.sh"
n_begin

n_settings ab 10.77.0.0/16 fd77:1::/64 '"firewall_log_group":7,"firewall_log":60'
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
n_container ab 101 1 203.0.113.17 2001:db8:77::17
n_container ab 102 2 203.0.113.18 2001:db8:77::18
internet ip address add 192.0.2.101/24 dev net0
internet ip route add 2001:db8:77::/64 via 2001:db8:1::1
web=203.0.113.17 web6=2001:db8:77::17 far=192.0.2.100 far6=2001:db8:1::100
serve() { local n=$1; shift; for p in "$@"; do in_ns "$n" python3 "$PACKET" echo "$p" >/dev/null 2>&1 & done; }
serve ab101 22 80 443 8000 8010; serve ab102 80; serve inet 25 53 80 465
in_ns ab101 python3 "$PACKET" serve 7000 >/dev/null 2>&1 &
from() { local n=$1; shift; echo x | in_ns2 "$n" python3 "$PACKET" hold "$@" 1 | found -x 1; }
in_ns2() { local n=$1; shift; ip netns exec "bt$$-$n" "$@"; }
for n in "ab101 22" "ab102 80" "inet 465"; do
	set -- $n
	wait_for 5 from "$1" tcp 127.0.0.1 "$2"
done
blocked() { ! from "$@"; }
# policy RULES…: web's own; OPERATOR, BLOCKED, CONNECTIONS: the operator's.
list() { [ $# = 0 ] || printf '%s\n' "$@" | jq -R . | jq -sc .; }
policy() {
	cp "$T/ab/101" "$T/ab/former"
	PLACE='"firewall":'$(list "$@" | grep . || echo '[]')',"firewall_operator":['${OPERATOR:-}'],"blocked_ports":['${BLOCKED:-}'],"connections":'${CONNECTIONS:-0} \
		n_spec ab 101 1 $web $web6
	tool policy "$T/ab/101" /nowhere "$T/ab/former" >"$T/took" 2>&1 || fail "policy $*: $(tail -n 3 "$T/took")"
}

ok "without rules all is open" from inet tcp $web 22
ok "by IPv6" from inet tcp $web6 22
ok "and out" from ab101 tcp $far 25
unlike "and there is no chain" 'chain [io]101' "$(host nft list table inet ab)"
unlike "nor does a packet pass one that would lead there" 'chain policy_' "$(host nft list table inet ab)"

policy "default in deny" "allow in tcp 22 from 192.0.2.100" "allow in any 8000-8010" "allow in icmp"
ok "what is allowed comes in" from inet tcp $web 22
ok "a range by TCP" from inet tcp $web 8010
ok "and by UDP" from inet udp $web 8000
ok "by IPv6 as well" from inet udp $web6 8010
ok "the rest doesn't" blocked inet tcp $web 80
ok "nor by UDP" blocked inet udp $web 22
ok "nor what is for IPv4 alone by IPv6" blocked inet tcp $web6 22
ok "a ping of the family that is allowed" reaches inet $web
ok "not of the other" no_ping inet $web6
ok "nor from a neighbour" blocked ab102 tcp $web 80
ok "the container's own go out, and their answers come" from ab101 tcp $far 80
ok "by UDP and IPv6" from ab101 udp $far6 53
ok "others are as they were" from inet tcp 203.0.113.18 80
ok "it still has its router" reaches host $web
is "what was refused is counted" 1 "$(($(host nft list counter inet ab denied | awk '/packets/ { print $2 }') > 0))"

policy "deny in tcp 22 from 192.0.2.100" "allow in tcp 22 from 192.0.2.0/24" "deny in tcp 22"
ok "the first that fits decides" blocked inet tcp $web 22
policy "allow in tcp 22 from 192.0.2.100" "deny in tcp 22 from 192.0.2.0/24"
ok "the other way round" from inet tcp $web 22
policy "deny in tcp 22 from 192.0.2.101" "deny in tcp 22 from 192.0.2.128/25"
ok "another's address isn't his" from inet tcp $web 22
policy "deny in tcp 22 from 192.0.2.101" "deny in tcp 22 from 192.0.2.96/28" "deny in tcp 22 from 192.0.2.100"
ok "one of several" blocked inet tcp $web 22
policy "deny in tcp 21-23" "deny in tcp 22-80" "deny in tcp 22" "deny in tcp 443"
for p in 22 80 443; do ok "and by ports: $p" blocked inet tcp $web $p; done
ok "no more than these" from inet tcp $web 8000
policy "deny in any from ::/0"
ok "all of IPv6" blocked inet tcp $web6 22
ok "and none of IPv4" from inet tcp $web 22

policy "default out deny" "allow out udp 53 to 192.0.2.0/24" "allow out icmpv6"
ok "out goes what is allowed" from ab101 udp $far 53
ok "no more" blocked ab101 tcp $far 80
ok "nor to a neighbour" blocked ab101 tcp 203.0.113.18 80
ok "a ping by IPv6" reaches ab101 $far6
ok "not by IPv4" no_ping ab101 $far
ok "what is asked for from outside is answered" from inet tcp $web 22
policy "reject out tcp 80" "reject in udp 443"
like "with a reset" 'refused' "$(in_ns ab101 python3 -c 'import socket; socket.create_connection(("192.0.2.100", 80), 3)' 2>&1)"
like "a datagram is answered as to a closed port" 'refused' "$(in_ns inet python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3); s.connect(("203.0.113.17", 443)); s.send(b"x"); s.recv(9)' 2>&1)"

OPERATOR='"allow out tcp 25 to 192.0.2.101","deny in tcp 443"' BLOCKED='"25","tcp 465"' policy "allow out tcp 25" "allow out tcp 465" "allow in tcp 443" "allow in tcp 22"
ok "blocked ports stay blocked, whatever its own rules say" blocked ab101 tcp $far 25
ok "by IPv6" blocked ab101 tcp $far6 25
ok "also one of TCP alone" blocked ab101 tcp $far 465
ok "by UDP that is open" from ab101 udp $far 465
ok "where the operator allows it it is" from ab101 tcp 192.0.2.101 25
ok "the operator's rules come first" blocked inet tcp $web 443
ok "its own do as well" from inet tcp $web 22
ok "a blocked port is blocked for it alone" from ab102 tcp $far 25

# What exists when rules become stricter.
flows() {
	mkfifo "$T/$1.in"
	in_ns2 "$2" python3 "$PACKET" hold "$3" "$4" "$5" "$6" <"$T/$1.in" >"$T/$1.out" 2>/dev/null &
	exec {FLOW[$1]}>"$T/$1.in"
}
alive() {
	local out=$T/$1.out before
	before=$(wc -l <"$out")
	echo "x$RANDOM" >&"${FLOW[$1]}"
	wait_for 20 eval '[ "$(wc -l <"$out")" -gt "$before" ]'
	tail -n 1 "$out"
}
end_flow() { exec {FLOW[$1]}>&-; rm "$T/$1.in"; }
declare -A FLOW
policy "default in allow"
flows A inet tcp $web 80 2; flows U inet udp $web6 80 1; flows O ab101 tcp $far 80 1
is "connections run" "2 1 1" "$(alive A) $(alive U) $(alive O)"
policy "default in allow" "allow in tcp 22"
is "a change that doesn't concern them leaves them alone" "2 1 1" "$(alive A) $(alive U) $(alive O)"
policy "default in deny"
is "a stricter one ends them, but those of the other direction" "0 0 1" "$(alive A) $(alive U) $(alive O)"
policy "deny out tcp 80"
is "and those" 0 "$(alive O)"
for f in A U O; do end_flow $f; done

CONNECTIONS=3 policy
flows A inet tcp $web 80 6
is "no more connections than the limit" 3 "$(alive A)"
ok "nor out, of the same count" blocked ab101 tcp $far 80
CONNECTIONS=3 policy "allow in tcp 80" "deny in tcp 22"
ok "who changes his rules isn't given new ones" blocked inet tcp $web 80
is "and loses none" 3 "$(alive A)"
ok "others have none" from inet tcp 203.0.113.18 80
CONNECTIONS=20 policy
ok "a higher limit" from inet tcp $web 80
end_flow A
CONNECTIONS=0 policy
is "without one nothing is left of it" "" "$(host nft list set inet ab connections | grep elements)"

host python3 "$PACKET" nflog 7 >"$T/logged" &
wait_for 5 grep -q listening "$T/logged"
policy "deny in udp 22 log" "allow in tcp 22 log" "default in deny log"
from inet tcp $web 22; from inet tcp $web 80; in_ns inet python3 "$PACKET" ask udp $web 22
wait_for 3 grep -q 'deny in' "$T/logged"
like "what is refused is logged, with instance and container" '^ab101 t1:c101 deny in: $' "$(cat "$T/logged")"
like "what is let in as well" '^ab101 t1:c101 allow in: $' "$(cat "$T/logged")"
: >"$T/logged"
in_ns inet python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(500): s.sendto(b"x", ("203.0.113.17", 22))'
sleep 0.3
n=$(wc -l <"$T/logged")
if [ "$n" -le 14 ]; then pass "five hundred packets are at most a burst of lines"; else fail "five hundred packets are $n lines"; fi

policy "deny in tcp 22"
host nft flush ruleset
OPERATOR='"deny in tcp 80"' policy "deny in tcp 443"
ok "after somebody's flush a change brings back all of it" blocked inet tcp $web 443
ok "the operator's" blocked inet tcp $web 80
like "isolation as well" 'ab101' "$(host nft list set inet ab src4)"
host nft flush ruleset
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
ok "so does the daemon's start" blocked inet tcp $web 443
host nft 'add table inet other; add chain inet other mine { type filter hook forward priority 5; }'
OPERATOR='' policy
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
like "somebody else's table stays" 'chain mine' "$(host nft list table inet other)"
unlike "what led to rules goes with the last at the daemon's start" 'chain policy_' "$(host nft list table inet ab)"
policy "deny in tcp 22 log" "default out deny log"
ok "and is there again with the first" blocked inet tcp $web 22
ok "to what goes out as well" blocked ab101 tcp $far 80
ok "and to the host" no_ping ab101 192.0.2.1
tool detach "$T/ab/101" || fail "detach"
is "a removed container leaves nothing of its rules" "" "$(host nft list table inet ab | grep -E '[io]101|ab101')"
ok "whom nothing was for has his way" from inet tcp 203.0.113.18 80
tool host-cleanup "$T/ab/101" || fail "cleanup"
is "nothing is left" "table inet other" "$(host nft list tables)"
