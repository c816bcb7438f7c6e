#!/bin/bash
# The doctor finds what was left behind and kernel settings that are too low, says what to do, and puts right what is safe to.
# Alone: another instance would keep the settings of the host raised.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
instances=/proc/sys/fs/inotify/max_user_instances
before=$(cat "$instances")

finding() { jq -r --arg check "$1" --arg text "$2" '.[] | select(.check == $check and (.text | test($text))) | "\(.severity) \(.fixable) \(.fixed)"' <<<"$3"; }
ok "a container" B create web --template busybox --memory 32M --disk 32M --start
ok "one that goes" B create gone --template busybox --memory 32M --disk 32M
number=$(field gone ctid)
ok "and is gone" B delete -y gone

found=$(B doctor -o json)
is "no problem: exit 0" 0 "$(B doctor >/dev/null 2>&1; echo $?)"
is "the kernel is fine" "ok false false" "$(finding kernel Linux "$found")"
is "nothing is left over" "" "$(finding leak . "$found")"
for check in kernel cgroups storage pool-space state-space sysctl clock ids copies apparmor; do
	ok "it looks at: $check" jq -e --arg check "$check" 'any(.[]; .check == $check)' <<<"$found"
done
for name in net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.all.arp_ignore kernel.pid_max fs.inotify.max_user_instances; do
	ok "and at: $name" jq -e --arg name "$name is " 'any(.[]; .check == "sysctl" and (.text | startswith($name)))' <<<"$found"
done
# What rules on networks mean is the kernel's to say; nft asks it beside the daemon, and changes nothing.
if nft -c -f - 2>/dev/null <<<"add table bridge ${INSTANCE}x; add chain bridge ${INSTANCE}x c { type filter hook prerouting priority 0; }; add rule bridge ${INSTANCE}x c ct state new accept"; then
	is "connections on bridges are tracked" "ok false false" "$(finding networks "tracks connections on bridges" "$found")"
else
	is "that connections on bridges aren't tracked is told" "note false false" "$(finding networks "doesn't track connections on bridges: .*TCP by what opens.*UDP.*'connections'" "$found")"
	like "with what to do" "do: boot a kernel with CONFIG_NF_CONNTRACK_BRIDGE" "$(B doctor)"
fi
like "what is registered is counted" "1 container registered" "$(B doctor --all)"
unlike "only what matters is shown to people" "^ok" "$(B doctor)"

# As a daemon that died badly would have left it.
group=$(find /sys/fs/cgroup -maxdepth 3 -type d -name "$INSTANCE" | head -n 1)/$number
slice=/sys/fs/cgroup/$INSTANCE.slice
left=$group
[ ! -d "$slice" ] || { group=$slice/$INSTANCE-$number.scope; left=$group/payload; }
mkdir -p "$left" "$T/r/ct/$number"
ip link add "$INSTANCE$number" type veth peer name "${INSTANCE}x"
stray=$T/s/pool/11111111-2222-4333-8444-555555555555
mkdir "$stray"
is "leftovers are found" "warning true false" "$(finding leak "number $number.*groups.*interface.*directory" "$(B doctor -o json)")"
is "a volume of nobody's too" "warning false false" "$(finding volume 11111111 "$(B doctor -o json)")"
like "and told what to do" "do: berth doctor --fix" "$(B doctor)"

fixed=$(B doctor --fix -o json)
is "they are removed" "ok false true" "$(finding leak "number $number" "$fixed")"
is "truly" "" "$(ls -d "$group" "$T/r/ct/$number" "/sys/class/net/$INSTANCE$number" 2>/dev/null)"
is "the volume is left alone" yes "$([ -d "$stray" ] && echo yes)"
if [ "$before" -lt 65536 ]; then
	is "a setting that was too low is raised" 65536 "$(cat "$instances")"
else
	skip "no setting of this host is too low"
fi
is "the container runs on" running "$(state web)"
is "afterwards nothing is left to fix" "" "$(jq -r '.[] | select(.fixable)' <<<"$(B doctor -o json)")"
rmdir "$stray"

# Beside containers that are registered: a rate that nobody has any more, and a network's bridge on which nobody is.
web=$INSTANCE$(field web ctid)
B create idle --template busybox --memory 32M --disk 32M --rate-out 1 >/dev/null 2>&1
half=$INSTANCE$(field idle ctid)i
litter() { ip link add "$web-7i" type ifb && ip link add "$half" type ifb && ip link add "$INSTANCE-9-9" type bridge; }
left_of_it() { ip -o link | grep -oE " ($web-7i|$half|$INSTANCE-9-9):" | tr -d ' :' | tr '\n' ' '; }
litter
found=$(B doctor -o json)
is "what a rate was made of is a leak" "warning true false" "$(finding leak "interface $web-7i" "$found")"
is "what a stopped one with a rate needs isn't" "" "$(finding leak "$half" "$found")"
is "a bridge of nobody's is" "warning true false" "$(finding leak "bridge $INSTANCE-9-9" "$found")"
is "both are fixed" "ok false true ok false true" "$(B doctor --fix -o json | jq -r '.[] | select(.check == "leak") | "\(.severity) \(.fixable) \(.fixed)"' | tr '\n' ' ' | sed 's/ $//')"
is "the other is left" "$half " "$(left_of_it)"
ip link delete "$half"
litter
t_stop_daemon KILL
t_start_daemon
is "the daemon's start removes all that nobody uses" "" "$(left_of_it)"
is "the container runs on" running "$(state web)"

volume=$T/s/pool/$(field web id)
mv "$volume" "$T/s/pool/.aside"
fails 1 '' "a problem: exit 1" eval 'B doctor 1>&2'
like "a volume that is missing is one" "problem.*no volume" "$(B doctor)"
mv "$T/s/pool/.aside" "$volume"
if [ "$(field web storage)" = btrfs ]; then
	btrfs qgroup limit none "$volume/fs"
	is "a limit that was taken away is one" "problem true false" "$(finding quota "no limit" "$(B doctor -o json)")"
	is "it is set again" "ok false true" "$(finding quota "had no limit" "$(B doctor --fix -o json)")"
	is "as it was" 33554432 "$(B show web -o json | jq .limits.disk.effective)"
fi

api_is 422 invalid "a wrong parameter" POST "/v1/doctor/fix?dry=1"
like "a dry run" '"kind":"doctor_fix"' "$(api POST "/v1/doctor/fix?dry_run=1")"
fails 5 'may not|admin|group' "strangers may not ask" as_user 65534 "$BUILD/berth" doctor

t_stop_daemon
ok "the instance leaves" "$BUILD/berthd" --cleanup --force --destroy --config "$T/conf"
# The last of several instances does.
if [ -z "$(find "$CLAIMS" -maxdepth 1 -type f -regex '.*/[a-z]+' ! -name lock 2>/dev/null)" ]; then
	is "and puts the setting back" "$before" "$(cat "$instances")"
else
	skip "another instance is here: the setting stays raised"
fi
