#!/bin/bash
# Ports of the host that are a container's, with real packets: from the internet, from the host itself, from its neighbour, from another
# tenant and from the container itself; both protocols and families; ranges; what goes and what comes.
. "$(dirname "$0")/../lib/net.sh"
n_begin
n_settings ab 10.77.0.0/16 fd77:1::/64
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
n_container ab 101 1 10.77.0.2 fd77:1::2
n_container ab 102 1 10.77.0.3 fd77:1::3
n_container ab 103 2 10.77.0.4 fd77:1::4
host ip address add 192.0.2.2/24 dev up0
internet ip address add 192.0.2.101/24 dev net0
for p in 22 5000 5001 5002 5003; do in_ns ab101 python3 "$PACKET" serve $p >/dev/null 2>&1 & done
in_ns ab102 python3 "$PACKET" serve 22 >/dev/null 2>&1 &
for p in 5000 5003; do wait_for 5 in_ns ab101 python3 "$PACKET" ask tcp ::1 $p; done
wait_for 5 in_ns ab102 python3 "$PACKET" ask tcp ::1 22
h4=192.0.2.1 h6=2001:db8:1::1
list() { [ $# = 0 ] || printf '%s\n' "$@" | jq -R . | jq -sc .; }
# forwards NUMBER LINE…: of that container; MORE: more of its place. IP: its addresses.
forwards() {
	local n=$1
	shift
	cp "$T/ab/$n" "$T/ab/former"
	PLACE='"forwards":'$(list "$@" | grep . || echo '[]')${MORE:+,$MORE} n_spec ab "$n" 1 ${IP:-10.77.0.$((n - 99)) fd77:1::$((n - 99))}
	tool policy "$T/ab/$n" /nowhere "$T/ab/former" >"$T/took" 2>&1 || fail "forwards $*: $(tail -n 3 "$T/took")"
}
refused inet tcp $h4 2222 && pass "nothing is forwarded at first" || fail "nothing is forwarded at first"

forwards 101 "tcp 2222 to 22" "udp 2222 to 22" "tcp 5000-5002" "udp 6000-6003 to 5000-5003"
is "from the internet: TCP" 192.0.2.100 "$(n_asks inet tcp $h4 2222)"
is "UDP" 192.0.2.100 "$(n_asks inet udp $h4 2222)"
is "IPv6" 2001:db8:1::100 "$(n_asks inet tcp $h6 2222)"
is "UDP by IPv6" 2001:db8:1::100 "$(n_asks inet udp $h6 2222)"
is "another address of the host's" 192.0.2.100 "$(n_asks inet tcp 192.0.2.2 2222)"
is "a range's first" 192.0.2.100 "$(n_asks inet tcp $h4 5000)"
is "a range's last" 192.0.2.100 "$(n_asks inet tcp $h4 5002)"
ok "not one past it" refused inet tcp $h4 5003
is "a range that is moved" 192.0.2.100 "$(n_asks inet udp $h4 6003)"
ok "not by the other protocol" refused inet tcp $h4 6003
ok "nor the port that it is inside" refused inet tcp $h4 22
is "the host itself" $h4 "$(n_asks host tcp $h4 2222)"
is "by IPv6" $h6 "$(n_asks host udp $h6 2222)"
ok "but not by loopback" refused host tcp 127.0.0.1 2222
is "a neighbour sees it under the host's address" 10.77.0.3 "$(n_asks ab102 tcp $h4 2222)"
is "by IPv6" fd77:1::3 "$(n_asks ab102 udp $h6 2222)"
is "so does another tenant's" 10.77.0.4 "$(n_asks ab103 tcp $h4 2222)"
is "by IPv6" fd77:1::4 "$(n_asks ab103 tcp $h6 5001)"
ok "whom its private address doesn't answer" refused ab103 tcp 10.77.0.2 22
ok "nor other ports of the host" refused ab103 tcp $h4 22
like "the container itself: by TCP" '^192\.0\.2\.' "$(n_asks ab101 tcp $h4 2222)"
like "by UDP" '^192\.0\.2\.' "$(n_asks ab101 udp $h4 2222)"
like "by IPv6" '^(2001:db8|fe80)' "$(n_asks ab101 tcp $h6 2222)"
like "what goes by without being for the host isn't touched" '^$' "$(n_asks ab102 tcp 192.0.2.100 2222)"

forwards 102 "tcp 22 to 22 on 192.0.2.2"
is "one for a single address of the host" 192.0.2.100 "$(n_asks inet tcp 192.0.2.2 22)"
ok "not for the others" refused inet tcp $h4 22
ok "nor for the other family" refused inet tcp $h6 22

# With the firewall.
MORE='"firewall":["allow in tcp 22 from 192.0.2.101","default in deny"]' forwards 101 "tcp 2222 to 22"
ok "the container's rules see who asks" refused inet tcp $h4 2222
ok "and its own port" eval 'internet ip route replace 192.0.2.1 dev net0 src 192.0.2.101; [ "$(n_asks inet tcp $h4 2222)" = 192.0.2.101 ]'
internet ip route del 192.0.2.1

forwards 101 "tcp 2223 to 22"
ok "one that is taken back is no more" refused inet tcp $h4 2222
is "the new one is" 192.0.2.100 "$(n_asks inet tcp $h4 2223)"
IP="10.77.0.3 fd77:1::3" tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
is "the daemon's start keeps it" 192.0.2.100 "$(n_asks inet tcp $h4 2223)"
host nft flush ruleset
forwards 101 "tcp 2224 to 22"
is "after somebody's flush a change brings all back" 192.0.2.100 "$(n_asks inet tcp $h4 2224)"
is "others' as well" 192.0.2.100 "$(n_asks inet tcp 192.0.2.2 22)"
# More complaints than fit in the socket's buffer at once.
host nft flush ruleset
mapfile -t many < <(for ((p = 10240; p < 18432; p += 1024)); do echo "tcp $p-$((p + 1023)) to 5000-6023"; done)
forwards 101 "tcp 2224 to 22" "${many[@]}"
is "so does a change of thousands of ports" "192.0.2.100 192.0.2.100" "$(n_asks inet tcp $h4 17409) $(n_asks inet tcp 192.0.2.2 22)"
IP="10.77.0.9" forwards 101 "tcp 2224 to 22"
like "it follows the container's address" '10.77.0.9 . 22' "$(host nft list map inet ab forward4)"
unlike "alone" '10.77.0.2 ' "$(host nft list map inet ab forward4; host nft list set inet ab forwarded4)"
is "of the family that there is" "" "$(host nft list map inet ab forward6 | grep elements)"
tool detach "$T/ab/101" || fail "detach"; tool detach "$T/ab/102" || fail "detach"
is "removed containers leave nothing" "" "$(host nft list table inet ab | sed -n '/map forward/,/}/p; /set forwarded/,/}/p; /set hairpin/,/}/p' | grep elements)"
tool host-cleanup "$T/ab/101" || fail "cleanup"
is "nothing is left" "" "$(host nft list tables)"
