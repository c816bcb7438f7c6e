#!/bin/bash
# The places where Berth mounts, replaced by root inside while the tree lay open under a rescue system: no link is followed, nothing
# is made, mounted or changed outside, and the tenant gets the tree back in order by himself.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
mkdir -m 777 "$T/bait" "$T/bait/pts" "$T/bait/shm"
echo untouched >"$T/bait/hostname"
bait() { find "$T/bait" -printf '%p %y %m %U %s %l\n' | sort; }
# Without what tests beside this one mount: pools and network namespaces.
mounts() { cut -d " " -f 5 /proc/self/mountinfo | grep -vE "/pool$|^/run/netns/" | sort; }
before=$(bait)
mounts_before=$(mounts)
ok "create" B create web --template busybox --memory 64M --disk 64M

# poison WHAT SCRIPT: with the tree at /mnt, what /mnt/$d is replaced by.
poison() {
	local d=$1 script=$2
	B start web --rescue busybox >/dev/null 2>&1 || { fail "rescue"; return 1; }
	B exec web -- sh -ec "cd /mnt; rm -rf $d; $script" || fail "$d is replaced"
	B stop --kill web >/dev/null 2>&1
}
# check WHAT: a start is refused as a conflict that names the place, or works; either way nothing happens outside.
check() {
	local what=$1 d=$2 out code
	out=$(B start web 2>&1)
	code=$?
	case $code in
	0) pass "$what: it starts" ;;
	4) like "$what: refused, naming the place" "/$d " "$out" ;;
	*) fail "$what: exit $code: $out" ;;
	esac
	[ "$code" != 0 ] || B stop --kill web >/dev/null 2>&1
	is "$what: nothing was done outside" "$before" "$(bait)"
	is "$what: nothing was mounted outside" "$mounts_before" "$(mounts)"
}
for d in dev proc sys run; do
	poison $d "ln -s $T/bait $d" && check "/$d an absolute link" $d
	poison $d "ln -s ../../../../../../..$T/bait $d" && check "/$d a relative link" $d
	poison $d "ln -s / $d" && check "/$d a link to the root" $d
	poison $d "mkdir -p x; ln -s x $d" && check "/$d a link inside" $d
	poison $d "ln -s /proc/1/root $d" && check "/$d a magic link" $d
	poison $d "echo a >$d" && check "/$d a file" $d
	poison $d "mkfifo $d" && check "/$d a pipe" $d
	poison $d ":" && check "/$d missing" $d
	poison $d "mkdir $d"
done
ok "put in order, it starts" B start web
is "with what it needs" running "$(state web)"
ok "and stops" B stop --kill web

# What a tenant makes below the mount points is covered, never used.
poison dev "mkdir -p dev/pts; ln -s $T/bait dev/shm; ln -s $T/bait/hostname dev/console; ln -s $T/bait/hostname dev/null; ln -s $T/bait/null dev/ptmx"
check "links below /dev" dev
poison proc "mkdir -p proc; mkdir proc/self proc/sys; ln -s $T/bait proc/1; ln -s $T/bait proc/keys"
check "files below /proc" proc
poison sys "mkdir -p sys/fs; ln -s $T/bait sys/fs/cgroup"
check "a link at /sys/fs/cgroup" sys
poison run "mkdir run; ln -s $T/bait run/lock"
check "a link below /run" run

# What is read and written in /etc, when it leads out.
for script in "ln -s $T/bait etc" "mkdir etc; for f in hostname hosts shadow resolv.conf passwd group machine-id; do ln -s $T/bait/\$f etc/\$f; done" \
	"mkdir etc; for f in hostname hosts shadow resolv.conf passwd group; do mkfifo etc/\$f; done" \
	"mkdir etc; for f in hostname hosts shadow resolv.conf passwd group; do mkdir etc/\$f; done" ; do
	poison etc "$script"
	B set web hostname=changed >/dev/null 2>&1
	echo other-battery | B set web password >/dev/null 2>&1
	B set web 'ssh_keys=ssh-ed25519 AAAA x' >/dev/null 2>&1
	check "/etc: ${script:0:24}" etc
	B set web hostname=again >/dev/null 2>&1
done
# /mnt itself, at which a rescue shows the tree.
poison mnt "ln -s $T/bait mnt"
ok "a rescue with /mnt a link in the tree" B start web --rescue busybox
is "shows the tree as ever" "$T/bait" "$(B exec web -- readlink /mnt/mnt)"
ok "is left" B stop --kill web
is "nothing was done outside" "$before" "$(bait)"
ok "delete" B delete -y web
is "the bait outlives it" "$before" "$(bait)"
ok "the daemon is alive" B version
