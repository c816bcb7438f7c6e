#!/bin/bash
# Storage prjquota on ext4 and xfs: the kernel keeps each container to its disk and files, nothing else on the file system is touched,
# and nothing of a quota outlives its container.
. "$(dirname "$0")/../lib/lib.sh"
[ "$(id -u)" = 0 ] || skip_all "needs root"
for disk in /data1 /data2; do grep -q " $disk .*prjquota" /proc/mounts || skip_all "needs $disk with project quotas"; done

limit_of() { B show "$1" -o json | jq -r ".limits.disk.$2"; }
# A number's limits as repquota tells them: bytes and files.
row() { repquota -Pnv "$disk" | awk -v n="#$1" '$1 == n { print $5 + 0, $8 + 0 }'; }
rows() { repquota -Pnv "$disk" | awk -v b="$base" 'substr($1, 2) + 0 >= b && substr($1, 2) + 0 < b + 100 && $5 + $8 > 0'; }
project_of() { lsattr -pd "$1" | awk '{ print $1 }'; }
write() { B exec "$1" -- dd if=/dev/zero of="/root/$2" bs=1M count="$3" 2>&1; }
inside() { B exec "$1" -- stat -f -c "$2" /; }
used_at_most() { [ "$(limit_of "$1" used)" -le "$2" ]; }

# The pool lies in a directory that is a project of the operator's: neither its number nor its limits are ours.
operator_project() {
	mkdir -p "$disk/op/pool"
	chattr -p 4242 +P "$disk/op"
	chattr -p 4242 +P "$disk/op/pool"
	setquota -P 4242 0 3000000 0 500000 "$disk"
}
# daemon_on POOL_DIR [STORAGE]: a fresh instance there.
daemon_on() {
	sed -i '/^pool_dir =/d; /^storage =/d' "$T/conf"
	printf 'pool_dir = %s\nstorage = %s\n' "$1" "${2:-auto}" >>"$T/conf"
	t_use_templates
	t_start_daemon
}
daemon_off() {
	t_stop_daemon
	mkdir -p "$pool/.copies"
	ok "clean up with --destroy" "$BUILD/berthd" --cleanup --destroy --config "$T/conf"
}
# refused POOL_DIR STORAGE PATTERN WHAT
refused() {
	sed -i '/^pool_dir =/d; /^storage =/d' "$T/conf"
	printf 'pool_dir = %s\nstorage = %s\n' "$1" "$2" >>"$T/conf"
	like "$4" "$3" "$(timeout 60 "$BUILD/berthd" --foreground --config "$T/conf" 2>&1)"
}

limits_hold() {
	ok "a container of 64M" B create web --template busybox --disk 64M --start
	ok "and a neighbour" B create next --template busybox --disk 64M --start
	is "auto takes project quotas" prjquota "$(field web storage)"
	is "its df tells its limit" "65536 8192" "$(inside web '%b %S %c' | awk '{ print $1 * $2 / 1024, $3 }')"
	like "past its limit it can't write" 'quota|space' "$(write web fill 100)"
	ok "it holds no more than that" used_at_most web 67108864
	ok "on the host neither" eval '[ "$(du -sk "$pool/$(field web id)" | cut -f 1)" -le 65600 ]'
	ok "nearly all of it is its own" eval '! used_at_most web 60000000'
	like "nor reserve" 'quota|space' "$(B exec web -- fallocate -l 90000000 /root/reserved 2>&1)"
	B exec web -- rm -f /root/reserved
	ok "the neighbour can" eval 'write next fill 32'
	is "show tells the kernel's limit" 67108864 "$(limit_of web effective)"
	ok "it grows while running" B set web disk=96M
	is "df follows" 98304 "$(inside web '%b %S' | awk '{ print $1 * $2 / 1024 }')"
	ok "and there is room" eval 'write web more 24'
	fails 4 holds "it can't become less than is used" B set web disk=32M
	B exec web -- rm /root/fill /root/more
	ok "what is removed is given back" wait_for 20 used_at_most web 2000000
	ok "it shrinks" B set web disk=32M
	is "the kernel's limit too" 33554432 "$(limit_of web effective)"
	like "and that holds" 'quota|space' "$(write web fill 40)"
	B exec web -- rm /root/fill
}
files_hold() {
	B exec web -- mkdir /root/bomb
	like "too many files are refused" 'quota|space' "$(B exec web -- sh -c 'cd /root/bomb && seq 9000 | xargs touch' 2>&1)"
	is "none is left" 0 "$(inside web '%d')"
	B set web disk=256M
	ok "a larger disk has room for more" B exec web -- sh -c 'cd /root/bomb && seq 9000 | xargs touch'
	fails 4 files "it can't become one that has not" B set web disk=32M
	ok "the neighbour can make some" B exec next -- sh -c 'cd /root && seq 100 | xargs touch'
	ok "they can be removed" B exec web -- rm -rf /root/bomb
	ok "then it can" wait_for 20 B set web disk=32M
}
no_escape() {
	local attempt number
	number=$(project_of "$pool/$(field web id)/fs")
	ok "the number is of the instance's range" eval '[ "$number" -ge "$base" ] && [ "$number" -lt $((base + 100)) ]'
	is "and another's is another" "" "$([ "$number" != "$(project_of "$pool/$(field next id)/fs")" ] || echo same)"
	ok "a hostile root's tool is brought in" sh -c '"$BUILD/berth" exec web -- sh -c "cat >/bin/guest && chmod 755 /bin/guest" <"$BUILD/tests/hostile/guest"'
	for attempt in project_of_root project_of_file project_inheritance project_flag quotactl; do
		like "$attempt" '^refused' "$(B exec web -- /bin/guest "$attempt" 2>&1)"
	done
	B exec web -- sh -c 'mkdir -p /root/a/b && mv /etc /etc.old && cp -a /etc.old /etc && echo x >/root/a/b/c && ln /root/a/b/c /root/d'
	is "each of its files bears the number" "" "$(find "$pool/$(field web id)/fs" ! -type l -print0 | xargs -0 lsattr -pd | awk -v n="$number" '$1 != n')"
}
outlive() {
	local before after
	before="$(field web pid) $(limit_of web effective) $(limit_of next effective)"
	t_stop_daemon KILL
	t_start_daemon || fail "a daemon that was killed starts anew"
	after="$(field web pid) $(limit_of web effective) $(limit_of next effective)"
	is "containers and limits are as before" "$before" "$after"
	like "the doctor is content" prjquota "$(B doctor -o json | jq -r '.[] | select(.check == "storage") | .text')"
	setquota -P "$(project_of "$pool/$(field web id)/fs")" 0 0 0 0 "$disk"
	like "and sees that a limit was taken away" 'no limit' "$(B doctor -o json | jq -r '.[] | select(.check == "quota" and .fixable) | .text')"
	like "which it sets again" 'set again' "$(B doctor --fix -o json | jq -r '.[] | select(.check == "quota" and .fixed) | .text')"
	is "as it was" "$before" "$(field web pid) $(limit_of web effective) $(limit_of next effective)"
	like "and the limit still holds" 'quota|space' "$(write web fill 40)"
}
leave() {
	# The next number has files of somebody else's.
	local number
	number=$(($(project_of "$pool/$(field next id)/fs") + 1))
	mkdir "$disk/others" && chattr -p $number "$disk/others"
	fails 4 project_base "a number that others use isn't taken" B create late --template busybox --disk 64M
	rmdir "$disk/others"
	ok "delete" B delete -y --force web next
	is "no volume is left" "" "$(find "$pool" -mindepth 1 -maxdepth 1 ! -name '.*')"
	is "nor a limit" "" "$(rows)"
}

t_begin
pool=$T/s/pool
base=$(awk '$1 == "project_base" { print $3 }' "$T/conf")
daemon_off
for disk in /data1 /data2; do
	pool=$disk/op/pool
	echo "on $(stat -f -c %T "$disk")"
	operator_project
	operators=$(row 4242)
	daemon_on "$pool" || fail "a pool on $disk"
	limits_hold
	files_hold
	no_escape
	outlive
	leave
	daemon_off
	is "an operator's project is as it was" "$operators" "$(row 4242)"
	is "the pool's directory is empty" "" "$(find "$pool" -mindepth 1)"
	is "and not mounted" "" "$(grep " $pool " /proc/self/mountinfo)"
done

refused "$T/s/pool" prjquota 'storage = prjquota.*option prjquota.*tune2fs' "without project quotas it is refused with the remedy"
mkdir "$T/m"
truncate -s 300M "$T/image"
mke2fs -q -t ext4 -O project,quota "$T/image"
mount -o loop "$T/image" "$T/m"
refused "$T/m" prjquota 'storage = prjquota.*option prjquota' "so it is where they are counted and not enforced"
umount "$T/m"
