#!/bin/bash
# A container that restarts, or dies, in the midst of a change: what is told of it afterwards is what the host does. The change waits where the
# test wants it to: for the registry's lock.
# shellcheck disable=SC2034
. "$(dirname "$0")/../lib/lib.sh"
t_begin
B create web --template busybox --memory 64M --disk 64M --start >/dev/null 2>&1 || fail "create"
wait_for 10 B exec web -- true
veth=$INSTANCE$(field web ctid)
rules() { nft list chain inet "$INSTANCE" "i${veth#"$INSTANCE"}" 2>/dev/null; }
may_send() { nft list set inet "$INSTANCE" src4 | found "\"$veth\" \\. $1"; }
inside() { B exec web -- ip -o -4 address show dev eth0 | awk '{ print $4 }'; }
# changes COMMAND… -- FIELD=VALUE…: the command is run when the condition `begun` holds.
changes() {
	local meanwhile=()
	while [ "$1" != -- ]; do meanwhile+=("$1"); shift; done
	shift
	exec {lock}<"$T/s/registry"
	flock "$lock"
	B set web "$@" >"$T/change" 2>&1 {lock}<&- &
	wait_for 10 begun || fail "the change doesn't begin: $(cat "$T/change")"
	"${meanwhile[@]}"
	exec {lock}<&-
	wait $!
}
reboots() {
	local n
	n=$(field web restarts)
	B exec web -- reboot
	wait_for 10 eval '[ "$(field web restarts)" -gt "$n" ] && [ "$(state web)" = running ]' || fail "no restart"
}
dies() {
	B exec web -- poweroff
	wait_for 10 eval '[ "$(state web)" = stopped ]' || fail "no end"
}

ok "rules" B set web "firewall=deny in tcp 1111"
begun() { rules | found 'dport 7777'; }
ok "a change of them while it reboots" changes reboots -- "firewall=deny in tcp 7777"
like "the new ones are in force" 'dport 7777' "$(rules)"
unlike "the former aren't" 'dport 1111' "$(rules)"
begun() { may_send "$SUBNET.77"; }
former=$(field web 'ip[]' | grep -v :)
ok "a change of its address while it reboots" changes reboots -- "ip=$SUBNET.77"
is "inside it is the new one" "$SUBNET.77/32" "$(inside)"
ok "by which it is reached" ping -n -q -c1 -W2 "$SUBNET.77"
ok "and not the former" eval '! may_send "$former"'
begun() { may_send "$SUBNET.78"; }
fails 4 '' "a change that fails because it dies" changes dies -- "ip=$SUBNET.78" rate_out=5 hostname=other
is "has changed nothing" "$SUBNET.77" "$(field web 'ip[]')"
ok "nor does the firewall hold the address for its own" eval '! may_send "$SUBNET.78"'
unlike "nor for its tenant's" "$SUBNET.78" "$(nft list set inet "$INSTANCE" peer4)"
ok "it starts again" B start web
is "as it was" "$SUBNET.77/32" "$(wait_for 10 B exec web -- true; inside)"
