#!/bin/bash
# A container's own tree turned against the host: symlinks where Berth mounts, writes and reads. Nothing is followed outside.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
mkdir -m 777 "$T/bait"
echo untouched >"$T/bait/hostname"
cp "$T/bait/hostname" "$T/bait/shadow"
bait() { find "$T/bait" -printf '%p %m %u %s %l\n' | sort; }
before=$(bait)
# Without what tests beside this one mount: pools and network namespaces.
mounts() { cut -d " " -f 5 /proc/self/mountinfo | grep -vE "/pool$|^/run/netns/" | sort; }
mounts_before=''
# try NAME COMMAND-INSIDE…: poisons a running tree, stops it, then starts, sets and executes in it.
try() {
	local name=$1
	shift
	B create "$name" --template busybox --disk 64M --memory 64M --start >/dev/null 2>&1 || { fail "$name: create"; return; }
	B exec "$name" -- sh -c "$*" >/dev/null 2>&1
	B stop --kill "$name" >/dev/null 2>&1
	mounts_before=$(mounts)
	local out code
	out=$(B start "$name" 2>&1); code=$?
	case $code in
	0) pass "$name: starts with the link left inside" ;;
	1 | 4) like "$name: the start is refused, saying why" 'link|symbolic|directory|mount|not|no ' "$out" ;;
	*) fail "$name: exit $code: $out" ;;
	esac
	B set "$name" hostname=changed >/dev/null 2>&1
	echo newpass | B set "$name" password >/dev/null 2>&1
	B exec "$name" -- true >/dev/null 2>&1
	is "$name: nothing was written outside" "$before" "$(bait)"
	is "$name: nothing was mounted outside" "$mounts_before" "$(mounts)"
	B delete -y --force "$name" >/dev/null 2>&1
	is "$name: it is deleted" "" "$(state "$name")"
}
try etc-link "cp -a /etc /x; rm -rf /etc; ln -s $T/bait /etc"
try etc-files "rm -f /etc/hostname /etc/shadow /etc/hosts /etc/resolv.conf; for f in hostname shadow hosts resolv.conf; do ln -s $T/bait/\$f /etc/\$f; done"
try etc-fifo "rm -f /etc/hostname /etc/shadow; mkfifo /etc/hostname /etc/shadow"
try ssh-link "rm -rf /root/.ssh; ln -s $T/bait /root/.ssh"
try root-link "rm -rf /root; ln -s $T/bait /root"
try dev-console "rm -rf /dev/console; ln -s $T/bait/hostname /dev/console"
ok "the daemon is alive" B version
is "no process was left" "" "$(pgrep -f -- "--name $INSTANCE-" || true)"
