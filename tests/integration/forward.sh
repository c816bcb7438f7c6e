#!/bin/bash
# Ports of the host that are a container's, through the daemon: the operator's, a tenant's block, who holds what, what is refused; kept
# over the daemon's death, restarts and delete. What they do to packets is net_forward's.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
as() {
	local token=$1
	shift
	BERTH_TOKEN=$token setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/berth" "$@"
}
# Ports that no other test has: the host's addresses are everybody's.
P=$((20000 + NUMBER * 100))
port() { echo $((P + $1)); }
for t in acme globex; do B tenant create $t >/dev/null 2>&1; done
acme=$(B token create a --role owner --tenant acme 2>/dev/null) globex=$(B token create g --role owner --tenant globex 2>/dev/null)
B create web --tenant acme --template busybox --memory 32M --disk 32M --start >/dev/null 2>&1
B create shop --tenant globex --template busybox --memory 32M --disk 32M >/dev/null 2>&1
own=$(ip -4 -o address show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
four=$(field acme:web 'ip[]' | grep -v : | head -n 1)
wait_for 10 B exec acme:web -- true
B exec acme:web -- sh -c 'mkdir -p /www; echo hello >/www/index.html; httpd -p 80 -h /www' >/dev/null 2>&1
answers() { curl -s -m 3 "http://$1:$2/"; }

ok "the operator forwards" B forward add acme:web tcp "$(port 0)" to 80
[ -z "$own" ] || is "the host's port answers" hello "$(answers "$own" "$(port 0)")"
ok "a range by UDP" B forward add acme:web udp "$(port 10)-$(port 19)" to 5000-5009
is "listed" "tcp $(port 0) - acme web 80 1
udp $(port 10)-$(port 19) - acme web 5000-5009 2" "$(B forward list --no-header | tr -s ' ' | sed 's/ $//')"
like "show tells them" "forwards +tcp $(port 0) to 80,udp" "$(B show acme:web)"

# A tenant's block.
fails 2 "operator's to set: it lies in none of the tenant's forward_ports" "a tenant has none of its own" as "$acme" forward add web tcp "$(port 20)" to 22
ok "a block" B tenant set acme forward_ports="$(port 20)-$(port 29)"
fails 4 "Ports of $(port 29)-$(port 39) are the tenant acme's already" "a port is one tenant's" B tenant set globex forward_ports="$(port 29)-$(port 39)"
fails 2 "item 1: must be a port or a range" "a block is ports" B tenant set globex forward_ports=all
ok "the next block" B tenant set globex forward_ports="$(port 30)-$(port 39)"
ok "now its owner forwards" as "$acme" forward add web tcp "$(port 20)" to 22
ok "a range" as "$acme" forward add web udp "$(port 21)-$(port 25)"
fails 2 "operator's to set" "not past its block" as "$acme" forward add web tcp "$(port 28)-$(port 30)"
fails 2 "operator's to set" "nor in another's" as "$acme" forward add web tcp "$(port 31)"
[ -z "$own" ] || fails 2 "operator's to set" "nor on an address that he names" as "$acme" forward add web tcp "$(port 26)" on "$own"
fails 2 "operator's to set" "nor takes the operator's away" as "$acme" forward delete web 1
fails 2 "operator's to set" "nor on creating" as "$acme" create x --template busybox --forwards "tcp $(port 31)"
ok "its own it does" as "$acme" forward delete web udp "$(port 21)-$(port 25)"
is "it sees its own alone" web "$(as "$acme" forward list -q | sort -u)"
is "another nothing" "" "$(as "$globex" forward list -q)"

# Refused.
fails 2 "forwards.*'5000' must be tcp or udp" "words are told" B forward add acme:web 5000
fails 2 "must be as many ports" "as many as come in" B forward add acme:web tcp "$(port 40)-$(port 41)" to 22
fails 2 "taken by forward 1 already" "one's own port twice" B forward add acme:web tcp "$(port 0)" to 22
fails 4 "forwarded to another container already" "another's" B forward add globex:shop tcp "$(port 0)"
fails 4 "forwarded to another container already" "part of a range" B forward add globex:shop udp "$(port 15)-$(port 25)"
ok "the same port of the other protocol is free" B forward add globex:shop udp "$(port 0)"
[ -z "$own" ] || fails 4 "forwarded to another container already" "one address of all" B forward add globex:shop tcp "$(port 0)" on "$own"
fails 2 "192.0.2.77 is none of the host's own" "an address that isn't the host's" B forward add globex:shop tcp "$(port 41)" on 192.0.2.77
fails 2 "$four is none of the host's own" "nor a container's" B forward add globex:shop tcp "$(port 41)" on "$four"
fails 2 "loopback" "nor loopback" B forward add globex:shop tcp "$(port 41)" on 127.0.0.1
python3 "$TOP/tests/lib/net_packet.py" serve "$(port 42)" >/dev/null 2>&1 &
listener=$!
wait_for 5 python3 "$TOP/tests/lib/net_packet.py" ask tcp 127.0.0.1 "$(port 42)"
fails 4 "Port tcp $(port 42) is held by a service of the host \(python3?" "a service of the host is named" B forward add globex:shop tcp "$(port 40)-$(port 45)" to 1-6
fails 4 "Port udp $(port 42) is held" "also by UDP" B forward add globex:shop udp "$(port 42)"
fails 4 "is held by a service" "and on creating" B create x --template busybox --forwards "tcp $(port 42)"
is "of which nothing stays" "" "$(state x)"
kill $listener; wait $listener 2>/dev/null
wait_for 5 B forward add globex:shop tcp "$(port 42)" && pass "once it has ended the port is free" || fail "once it has ended the port is free"
fails 2 "more than 1024 ports" "a bound" B forward add globex:shop tcp 1-2000

# Whatever happens.
elements() { nft -j list map inet "$INSTANCE" forward4 | jq -c '[.nftables[].map?.elem // empty | .[]] | sort'; }
before=$(elements)
like "elements are there" "$(port 0)" "$before"
t_stop_daemon KILL
is "they stay while the daemon is dead" "$before" "$(elements)"
[ -z "$own" ] || is "and work" hello "$(answers "$own" "$(port 0)")"
t_start_daemon
is "and are the same after its start" "$before" "$(elements)"
ok "another address" B set acme:web ip=auto4,"$SUBNET.200"
ok "it moves" B set acme:web ip="$SUBNET.200"
[ -z "$own" ] || is "and the forward with it" hello "$(answers "$own" "$(port 0)")"
ok "delete" B delete -y --force acme:web
unlike "takes its ports back" "$SUBNET.200" "$(nft list table inet "$INSTANCE")"
ok "another has them" B forward add globex:shop tcp "$(port 0)"
ok "delete" B delete -y --force globex:shop
is "nothing is left of any" "[]" "$(elements)"
