#!/bin/bash
# Interfaces with DHCP on a bridge of the host's: each uses what a server gave to it, and nothing else, whatever its container's root, a
# neighbour's or an accomplice far away sends; and what it has outlives the rules' remaking.
. "$(dirname "$0")/../lib/net.sh"
n_begin
command -v dnsmasq >/dev/null && command -v busybox >/dev/null || skip_all "needs dnsmasq and busybox"
n_lan
n_settings ab 10.77.0.0/16 fd77:1::/64 '"bridges":["br0"]'
tool host-setup "$T/ab/101" >/dev/null || fail "host-setup"
leased() { nic 1 2 "bridge 1 br0 0 dhcp:192.168.7.0/24,fd07::/64 192.168.7.1"; }
NICS="[$(nic 1 2 "bridge 1 br0 0 192.168.7.11/24 192.168.7.1")]" n_container ab 101 1 10.77.0.2
for n in 102 103 104; do NICS="[$(leased)]" n_container ab $n $((n - 100)) 10.77.0.$((n - 90)); done

serve() { ip netns exec "bt$$-lan" dnsmasq --keep-in-foreground --port=0 --interface=lan0 --dhcp-range=192.168.7.100,192.168.7.199,"$1" --dhcp-authoritative \
	--conf-file=/dev/null --pid-file= --leasefile-ro --no-ping --user=root >"$T/dnsmasq" 2>&1 & SERVER=$!; wait_for 5 grep -q "DHCP, IP range" "$T/dnsmasq"; }
serve 2h
cat >"$T/bound" <<'END'
#!/bin/sh
[ "$1" != bound ] || ip address replace "$ip/24" dev "$interface"
END
chmod +x "$T/bound"
# lease N [OPTION…]: what the server gives to it.
lease() { local n=$1; shift; in_ns "ab$n" busybox udhcpc -i eth1 -n -q -t 4 -T 1 -s "$T/bound" "$@" 2>&1 | sed -n 's/.*lease of \([0-9.]*\) obtained.*/\1/p'; }
take() { in_ns "ab$1" ip address replace "$2/24" dev eth1; }
leave() { in_ns "ab$1" ip address delete "$2/24" dev eth1; }
# uses N ADDRESS: the router answers it there. One that is somebody else's inside isn't.
uses() { in_ns lan ip neighbour flush all; wait_for "${3:-3}" in_ns "ab$1" ping -c1 -W1 -I "$2" 192.168.7.1 >/dev/null 2>&1; }
refuses() { local n=$1 a=$2 rc; take "$n" "$a"; uses "$n" "$a" 1; rc=$?; in_ns "ab$n" python3 "$PACKET" arp eth1 "$a" 192.168.7.1 >"$T/arp"; leave "$n" "$a"; [ $rc != 0 ] && [ ! -s "$T/arp" ]; }
mac_in() { in_ns "$1" cat "/sys/class/net/$2/address"; }
known() { host nft list set bridge ab leases4 2>/dev/null | grep -o '"ab'"$1"'-1" \. 0x[0-9a-f]*' | awk '{ print $3 }' | while read -r hex; do printf '%d.%d.%d.%d\n' "0x${hex:2:2}" "0x${hex:4:2}" "0x${hex:6:2}" "0x${hex:8:2}"; done | sort; }
taken() { host nft list set bridge ab taken4 2>/dev/null | grep -c '0x1 \. 0x'; }
LAN=$(mac_in lan lan0) ONE=$(mac_in ab101 eth1) TWO=$(mac_in ab102 eth1) THREE=$(mac_in ab103 eth1) ALL=ff:ff:ff:ff:ff:ff

ok "before a server has given it one, it uses none" refuses 102 192.168.7.77
a2=$(lease 102)
like "it is given one" '^192\.168\.7\.1[0-9][0-9]$' "$a2"
is "which is known" "$a2" "$(known 102)"
ok "uses it" uses 102 "$a2"
ok "and is reached there" in_ns lan ping -c1 -W2 "$a2"
ok "not another that is free" refuses 102 192.168.7.78
a3=$(lease 103)
ok "a second one, too" uses 103 "$a3"
ok "not its neighbour's" refuses 103 "$a2"
ok "whom that doesn't disturb" uses 102 "$a2"

# Answers that a container, or somebody with its help, makes up. FORGED: those that come to 102's port.
answer() { local ns=$1 iface=$2; shift 2; in_ns "$ns" python3 "$PACKET" send "$iface" "${KIND:-dhcp}" src=192.168.7.1 chaddr="$TWO" yiaddr=192.168.7.79 "$@"; }
in_ns ab102 tcpdump -U -n -p -i eth1 -w "$T/two" >/dev/null 2>"$T/tcpdump" & wait_for 10 grep -q "listening on" "$T/tcpdump"
arrived() { wait_for 3 grep -qa "BERTH:$1;" "$T/two"; }
teaches_not() { is "$1 teaches nothing" "$a2" "$(known 102)"; }
answer ab103 eth1 src="$a3" dst="$a2" to="$TWO" token=near
answer ab103 eth1 src="$a3" dst=255.255.255.255 to=$ALL token=near
answer ab101 eth1 src=192.168.7.11 dst=255.255.255.255 to=$ALL token=near
teaches_not "a neighbour's"
answer ab102 eth1 src="$a2" dst="$a2" to="$LAN" token=self
answer ab102 eth1 dst=255.255.255.255 to=$ALL token=self
teaches_not "one's own"
answer ab103 eth0 src=10.77.0.13 dst="$a2" to="$(host cat /sys/class/net/ab103/address)" token=routed
internet ip route add 192.168.7.0/24 via 192.0.2.1
answer inet net0 src=192.0.2.100 dst="$a2" to="$(host cat /sys/class/net/up0/address)" token=far
ok "one from far away arrives" arrived far
teaches_not "what is routed there"
answer lan lan0 dst=255.255.255.255 to=$ALL chaddr="$THREE" token=other
answer lan lan0 dst=192.168.7.79 to="$TWO" chaddr="$THREE" token=other
ok "one for another MAC arrives" arrived other
teaches_not "it"
answer lan lan0 dst=255.255.255.255 to=$ALL message=2 token=offer
answer lan lan0 dst=255.255.255.255 to=$ALL op=1 token=op
answer lan lan0 dst=255.255.255.255 to=$ALL dport=67 token=port
KIND=dhcp-fragments answer lan lan0 dst=255.255.255.255 to=$ALL token=fragments
answer lan lan0 dst=255.255.255.255 to=$ALL vlan=7 token=tag
answer lan lan0 dst="$a2" to="$TWO" yiaddr=0.0.0.0 token=inform
answer lan lan0 dst="$a2" to="$TWO" token=renewed
ok "all have come" arrived renewed
teaches_not "an offer, a question, a fragment, a tag, an answer for an address that it has"
answer lan lan0 dst=255.255.255.255 to=$ALL yiaddr=192.168.7.80 late=1 token=late
arrived late
is "an answer whose type isn't the first option does" "$(printf '%s\n' "$a2" 192.168.7.80 | sort)" "$(known 102)"
ok "the address is used" eval 'take 102 192.168.7.80; uses 102 192.168.7.80'
answer lan lan0 dst=255.255.255.255 to=$ALL yiaddr=8.8.8.8 token=beside
arrived beside
ok "one beside the network isn't" eval '! in_ns ab102 python3 "$PACKET" arp eth1 8.8.8.8 192.168.7.1 | found .'
answer lan lan0 dst=255.255.255.255 to=$ALL yiaddr=192.168.7.11 token=held
arrived held
ok "nor one that is another's in Berth's own books" refuses 102 192.168.7.11
answer lan lan0 dst=255.255.255.255 to=$ALL yiaddr=192.168.7.1 token=router
arrived router
ok "nor the router's" eval '! in_ns ab102 python3 "$PACKET" arp eth1 192.168.7.1 192.168.7.2 | found .'

# A server believes whoever gives himself out for another.
client=0x3d:01${TWO//:/}
stolen=$(lease 103 -x "$client")
is "by another's client id a server gives another's address" "$a2" "$stolen"
ok "whoever asked so doesn't get to use it" refuses 103 "$a2"
leave 103 "$a2" 2>/dev/null
ok "whose it is does" uses 102 "$a2"
ask() { in_ns "ab$1" python3 "$PACKET" send eth1 "${KIND:-dhcp}" op=1 sport=68 dport=67 dst=192.168.7.1 to="$LAN" "${@:2}"; }
in_ns lan tcpdump -U -n -p -i lan0 -w "$T/lan" >/dev/null 2>"$T/tcpdump.lan" & wait_for 10 grep -q "listening on" "$T/tcpdump.lan"
ask 103 src="$a3" ciaddr="$a2" chaddr="$THREE" client="$TWO" message=7 token=release1
ask 103 src="$a3" ciaddr="$a2" chaddr="$TWO" message=7 token=release2
ask 103 src="$a3" ciaddr="$a3" chaddr="$THREE" message=7 late=1 token=release3
KIND=dhcp-fragments ask 103 src="$a3" ciaddr="$a3" chaddr="$THREE" message=7 token=release4
ask 103 src=0.0.0.0 chaddr="$TWO" message=3 token=request5
ask 103 src=192.168.7.77 chaddr="$THREE" message=8 token=inform6
ask 101 src=192.168.7.11 ciaddr="$a2" chaddr="$TWO" message=7 token=release9
ask 101 src=192.168.7.11 chaddr="$TWO" message=1 token=request10
KIND=dhcp-fragments ask 101 src=192.168.7.11 ciaddr="$a2" chaddr="$TWO" message=7 token=release11
ask 101 src=192.168.7.11 chaddr="$ONE" message=8 token=inform12
ok "a static address asks in its own name" wait_for 3 grep -qa "BERTH:inform12;" "$T/lan"
ask 103 src="$a3" ciaddr="$a3" chaddr="$THREE" message=8 token=inform7
ok "its own messages pass" wait_for 3 grep -qa "BERTH:inform7;" "$T/lan"
ok "nobody gives back another's, hides that he does, or asks for another" eval '! grep -qaE "BERTH:(release|request|inform6)" "$T/lan"'
ok "what it has stays" uses 103 "$a3"
ask 103 src="$a3" ciaddr="$a3" chaddr="$THREE" message=7 token=release8
ok "it gives back its own" wait_for 3 grep -qa "BERTH:release8;" "$T/lan"
ok "and doesn't use it any more" eval '! uses 103 "$a3" 1'
leave 103 "$a3"
ok "somebody else may" eval 'answer lan lan0 dst=255.255.255.255 to=$ALL chaddr=$(mac_in ab104 eth1) yiaddr="$a3" token=next; take 104 "$a3"; uses 104 "$a3"'
ask 104 src="$a3" ciaddr="$a3" chaddr="$(mac_in ab104 eth1)" message=7 token=release9
ok "who gives it back as well" wait_for 3 grep -qa "BERTH:release9;" "$T/lan"
leave 104 "$a3"
a3=$(lease 103)
ok "the first gets it again" uses 103 "$a3"

# By a lease's time, and each renewal anew.
of_time() { host nft list set bridge ab leases4 | tr ',' '\n' | grep -F "\"ab$1-1\" . $(printf '0x%02x%02x%02x%02x' ${2//./ })"; }
left() { host nft -j list set bridge ab leases4 | jq ".nftables[].set // empty | .elem[].elem | select(.val.concat == [\"ab$1-1\", $(printf '%d' "$(printf '0x%02x%02x%02x%02x' ${2//./ })")]) | .expires"; }
like "two hours are rounded up" 'timeout 6h' "$(of_time 103 "$a3")"
sleep 2
[ "$(left 103 "$a3")" -lt 21599 ] || fail "time passes: $(left 103 "$a3")"
answer lan lan0 dst="$a3" to="$THREE" chaddr="$THREE" yiaddr="$a3" lease=7200 token=again
ok "a renewal begins it anew" wait_for 3 eval '[ "$(left 103 "$a3")" -ge 21599 ]'

# As many as a server gives, but not without end.
for n in {1..30}; do echo "lan0 dhcp src=192.168.7.1 dst=255.255.255.255 to=$ALL chaddr=$THREE yiaddr=192.168.7.$((200 + n))"; done >"$T/flood"
ip netns exec "bt$$-lan" python3 "$PACKET" send-lines <"$T/flood" || fail "many answers are sent"
ok "many have come" eval 'uses 103 "$a3"'
n=$(known 103 | wc -l)
if [ "$n" -gt 10 ] && [ "$n" -le 20 ]; then pass "an interface gets twenty at once, and no more"; else fail "an interface gets twenty at once: $n"; fi

# Rules are made anew, by the next daemon or after somebody flushed them.
before=$(known 102; known 103)
ok "the daemon starts again" tool host-setup "$T/ab/101"
is "what is known stays" "$before" "$(known 102; known 103)"
# Older kernels list more left than there was in all, which nft doesn't take back.
host nft list table bridge ab |
	sed -E -e 's/comment "sets [0-9a-f]*"/comment "sets of another version"/' -e 's/timeout [0-9a-z]+ expires/timeout/' >"$T/table"
{ echo "delete table bridge ab"; cat "$T/table"; } >"$T/older"
host nft -f "$T/older" || fail "a table of another version"
ok "another version of it" tool host-setup "$T/ab/101"
unlike "makes its own table" "another version" "$(host nft list table bridge ab)"
is "what is known stays then, too" "$before" "$(known 102; known 103)"
ok "with its time" eval '[ "$(left 103 "$a3")" -gt 21000 ] && [ "$(left 103 "$a3")" -le 21601 ]'
ok "it is used" uses 102 "$a2"
ok "no other is" refuses 102 192.168.7.77
take 104 192.168.8.7
for how in "flush ruleset" "delete set bridge ab leases4"; do
	[ "$how" = "flush ruleset" ] || host nft flush table bridge ab
	host nft "$how" || fail "$how"
	ok "after '$how' the daemon starts again" tool host-setup "$T/ab/101"
	is "nobody is cut off: what it has it keeps" "$(printf '%s\n' 192.168.7.80 "$a2" | sort)" "$(known 102)"
	ok "and uses it" uses 102 "$a2"
	ok "nothing that it hasn't" refuses 102 192.168.7.77
done
is "also the third" "$a3" "$(known 103)"
like "for eight days at most" 'timeout 8d' "$(of_time 102 "$a2")"
unlike "an address of no network of its isn't learned" 192.168.8.7 "$(known 104)"
a2=$(lease 102)
ok "a lease goes on" uses 102 "$a2"

# Stopped, another network's, another kind: nothing of it stays.
tool detach "$T/ab/102" || fail "detach 102"
is "a stopped one has none" "" "$(known 102)"
NICS="[$(leased)]" n_spec ab 102 2 10.77.0.12
n_attach ab 102 || fail "start it again"
ok "after its start it must ask again" refuses 102 "$a2"
a2=$(lease 102)
ok "and is answered" uses 102 "$a2"
cp "$T/ab/102" "$T/ab/former"
NICS="[$(leased),$(nic 2 3 "private 1 - 0 10.9.0.1/24 -")]" n_spec ab 102 2 10.77.0.12
ok "another network is added live" tool nics "$T/ab/102" "/run/netns/bt$$-ab102" "$T/ab/former"
ok "its lease stays" uses 102 "$a2"
cp "$T/ab/102" "$T/ab/former"
NICS="[$(nic 1 2 "bridge 1 br0 0 192.168.7.12/24 192.168.7.1")]" n_spec ab 102 2 10.77.0.12
ok "a static address instead, live" tool nics "$T/ab/102" "/run/netns/bt$$-ab102" "$T/ab/former"
is "no lease stays" "" "$(known 102)"
ok "it uses its own" uses 102 192.168.7.12
ok "not the lease" refuses 102 "$a2"
for n in 101 102 103 104; do tool detach "$T/ab/$n" || fail "detach $n"; done
is "no address is taken any more" 0 "$(taken)"
kill $SERVER
wait $SERVER 2>/dev/null
tool host-cleanup "$T/ab/101" || fail "cleanup"
