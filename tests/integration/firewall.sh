#!/bin/bash
# A container's firewall through the daemon: its owner's rules, the operator's, the plan's; changed live, kept over the daemon's death and
# restarts; the kernel's log. What the rules do to packets is net_firewall's.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF="sample_interval = 1" t_begin
as() {
	local token=$1
	shift
	BERTH_TOKEN=$token setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/berth" "$@"
}
B tenant create acme >/dev/null
acme=$(B token create a --role owner --tenant acme 2>/dev/null)
ok "a plan blocks ports" B plan create small --cpus 1 --memory 64M --disk 64M --blocked-ports 25 --blocked-ports "tcp 465" --connections 200
ok "its tenant takes it" as "$acme" create web --template busybox --plan small
B create near --tenant acme --template busybox --memory 32M --disk 32M --start >/dev/null 2>&1
id=acme:web
is "the container has what the plan gives" '["25","tcp 465"] 200' "$(B show $id -o json | jq -c '.blocked_ports' | tr '\n' ' ')$(field $id connections)"
ok "start" as "$acme" start web
four() { field "$1" 'ip[]' | grep -v : | head -n 1; }
veth=$INSTANCE$(field $id ctid)
web=$(four $id) near=$(four acme:near)
wait_for 10 B exec $id -- true
chain() { nft list chain inet "$INSTANCE" "$1${veth#"$INSTANCE"}" 2>/dev/null; }
like "the plan's ports are blocked" 'tcp dport 25 goto rejected' "$(chain o)"
like "TCP's alone, where it says so" 'tcp dport 465 ' "$(chain o)"
unlike "not UDP's" 'udp dport 465 ' "$(chain o)"
like "and connections are counted" 'ct count over 200' "$(chain i)"
fails 1 'refused' "which its root feels" B exec $id -- nc -w 2 "$near" 25 </dev/null

# Rules one by one.
ok "it is pinged" ping -n -q -c1 -W2 "$web"
ok "its owner adds a rule" as "$acme" firewall add web allow in tcp 80 from 203.0.113.0/24
ok "one more, as one word" as "$acme" firewall add web "default in deny log"
ok "one before" as "$acme" firewall add web --at 1 deny out udp 123
fails 1 '' "it isn't pinged any more" ping -n -q -c1 -W1 "$web"
ok "the operator one of his" B firewall add $id --operator allow in icmp from "$SUBNET.0/24"
is "listed in the order in which they are asked" "operator 1 allow in icmp from $SUBNET.0/24
blocked 1 reject out any 25
blocked 2 reject out tcp 465
container 1 deny out udp 123
container 2 allow in tcp 80 from 203.0.113.0/24
container 3 default in deny log" "$(as "$acme" firewall list web --no-header | tr -s ' ' | sed 's/ $//')"
ok "the neighbour pings it" B exec acme:near -- ping -c1 -W2 "$web"
like "show tells them" 'firewall +deny out udp 123,allow in tcp 80' "$(B show $id)"
dmesg -C
B exec acme:near -- nc -w 1 "$web" 81 </dev/null >/dev/null 2>&1
like "the kernel's log names instance, container and what was done" "$veth acme:web deny in: IN=.*DPT=81" "$(dmesg)"
ok "take one out by its number" as "$acme" firewall delete web 1
ok "and by its words" as "$acme" firewall delete web allow in tcp 80 from 203.0.113.0/24
is "the rest stays" '["default in deny log"]' "$(B show $id -o json | jq -c .firewall)"
fails 3 "no number 7: it has 1" "one that isn't there" as "$acme" firewall delete web 7
ok "all at once" as "$acme" set web firewall="default in deny,allow in tcp 80,allow in icmp"
fails 2 "firewall.*'tpc' must be tcp, udp" "a wrong word is told" as "$acme" firewall add web allow in tpc 80
api_is 422 invalid "with its rule" PATCH "/v1/containers/$id" '{"firewall":["allow in tcp 80","allow in tcp 80 from 10.0.0.1/8"]}'
like "by number and word" "rule 2: the word '10.0.0.1/8' has bits beyond its length" "$(jq -r '.invalid_params[0].reason' <"$T/body")"
etag=$(field $id revision)
B set $id labels=a=b >/dev/null
is "nobody's change is lost" 412 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$BERTH_SOCKET" -X PATCH -H "If-Match: \"$etag\"" -H 'Content-Type: application/json' -d '{"firewall":[]}' "http://berth/v1/containers/$id")"

# Who may.
for f in 'firewall_operator=deny in' blocked_ports= connections=0; do
	fails 2 "operator's to set" "its owner can't set ${f%%=*}" as "$acme" set web "$f"
done
fails 2 "operator's to set" "nor on creating" as "$acme" create x --template busybox --plan small --blocked-ports 26
ok "forbidden to the tenant" B tenant set acme forbid=firewall
fails 2 "forbidden 'firewall'" "it changes none" as "$acme" firewall add web default out deny
ok "but the rest of it" as "$acme" set web hostname=other
ok "the operator does" B firewall add $id default out deny
ok "allowed again" B tenant set acme forbid=
is "injected commands are no words" 2 "$(as "$acme" firewall add web 'allow in tcp 80; flush ruleset' >/dev/null 2>&1; echo $?)"

# Whatever happens to the daemon.
before=$(chain i; chain o)
like "the rules" 'tcp dport 80 return' "$before"
t_stop_daemon KILL
is "stay while it is dead" "$before" "$(chain i; chain o)"
t_start_daemon
is "are the same after its start" "$(sed 's/packets.*//' <<<"$before")" "$(chain i; chain o)"
ok "restart it" B restart $id
is "and after a restart" "$before" "$(chain i; chain o)"
nft delete table inet "$INSTANCE"
ok "a change after somebody's flush" as "$acme" firewall add web --at 1 allow in tcp 81
like "brings them all back" 'tcp dport 81 return' "$(chain i)"
like "and those of the operator" "ip saddr $SUBNET.0/24 meta l4proto icmp return" "$(chain i)"
nft "delete table inet $INSTANCE; delete table arp $INSTANCE; delete table inet ${INSTANCE}_traffic"
ok "if nobody changes anything, the daemon notices" wait_for 20 eval 'chain i | found "dport 81"'
like "with what keeps containers apart" "\"$veth\" \. $web" "$(nft list set inet "$INSTANCE" src4; nft list set arp "$INSTANCE" src4)"
ok "and says so" wait_for 5 grep -q 'nft tables .* whole' "$T/log"
nft "add chain inet $INSTANCE gate_prerouting { type filter hook prerouting priority -320; }; add rule inet $INSTANCE gate_prerouting iifname \"$veth\" drop"
fails 1 '' "one who was killed while he made them has shut containers out" B exec acme:near -- ping -c1 -W1 "$web"
nft delete table inet "${INSTANCE}_traffic"
ok "until somebody looks" wait_for 20 eval '! nft list chain inet "$INSTANCE" gate_prerouting >/dev/null 2>&1'
ok "stop" B stop $id
ok "rules of a stopped one change" as "$acme" set web "firewall=default in deny"
ok "start" B start $id
unlike "in time" 'dport 8[01]' "$(chain i)"
jq -e '.config.firewall' "$T/s/pool/$(field $id id)/manifest" >/dev/null && pass "the manifest has them" || fail "the manifest has them"
ok "another plan's" B plan set small blocked_ports=26
ok "are taken with it" as "$acme" set web plan=small@2
like "and blocked" 'tcp dport 26 ' "$(chain o)"
unlike "the former aren't" 'tcp dport 25 ' "$(chain o)"
ok "delete" B delete -y --force $id
is "nothing of its rules stays" "" "$(nft list table inet "$INSTANCE" | grep -E "$veth|chain [io]${veth#"$INSTANCE"}")"
