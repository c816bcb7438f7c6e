#!/bin/bash
# Storage without quotas says so; a full pool and a foreign one are told, and nothing is half made.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF='storage = dir' t_begin
ok "dir: create and start" B create web --template busybox --disk 64M --start
is "show names the backend" dir "$(field web storage)"
is "no disk limit is claimed" null "$(B show web -o json | jq .limits.disk.effective)"
ok "data is kept over a restart" sh -c '"$BUILD/berth" exec web -- sh -c "echo kept >/root/f" && "$BUILD/berth" restart web --kill'
is "it is" kept "$(B exec web -- cat /root/f)"
ok "delete" B delete -y --force web
is "its volume is gone" "" "$(find "$T/s/pool" -mindepth 1 -maxdepth 1 ! -name '.*')"

t_stop_daemon
ok "clean up with --destroy" "$BUILD/berthd" --cleanup --destroy --config "$T/conf"
t_use_templates
sed -i 's/^storage = dir/storage = btrfs/; s/^pool_size = .*/pool_size = 256M/' "$T/conf"
rm -rf "$T/s/pool"; mkdir -m 700 "$T/s/pool" && echo mine >"$T/s/pool/foreign"
"$BUILD/berthd" --foreground --config "$T/conf" >"$T/out" 2>&1; is "a pool directory with something foreign is refused" 4 $?
like "and what lies there is named" 'foreign' "$(cat "$T/out")"
is "it is untouched" mine "$(cat "$T/s/pool/foreign")"
rm -rf "$T/s/pool"
if ! grep -q prjquota /proc/self/mounts; then
	sed 's/^storage = .*/storage = prjquota/' "$T/conf" >"$T/conf.prjquota"
	like "project quotas that the file system hasn't are refused with the remedy" 'storage = prjquota.*option prjquota.*tune2fs' \
		"$(timeout 60 "$BUILD/berthd" --foreground --config "$T/conf.prjquota" 2>&1)"
	is "nothing is mounted then" "" "$(grep " $T/s/pool " /proc/self/mountinfo)"
fi
mkdir "$T/small"
mount -t tmpfs -o size=1m none "$T/small"
like "a loop file that can't be made is told in mkfs.btrfs's own words" "mkfs.btrfs of '$T/small/s/pool.img.new' failed: ERROR: .*" \
	"$(sed "s#= $T/s\$#= $T/small/s#" "$T/conf" >"$T/conf.small"; timeout 60 "$BUILD/berthd" --foreground --config "$T/conf.small" 2>&1)"
is "and isn't left half made" "" "$(ls "$T/small/s/"pool.img* 2>/dev/null)"
umount "$T/small"
t_start_daemon
like "that the pool is a loop file, and slow, is told when it is made" "loop file '$T/s/pool.img': random writes .* fifth" "$(cat "$T/log")"
unlike "what mkfs.btrfs says otherwise isn't" 'NOTE|DUP' "$(cat "$T/log")"
is "btrfs on a loop file" btrfs "$(B create one --template busybox --disk 200M --start >/dev/null; field one storage)"
out=$(B exec one -- sh -c 'dd if=/dev/zero of=/root/a bs=1M count=180' 2>&1)
like "the pool's own end, or the quota, stops a writer" 'No space|quota|180\+0' "$out"
for n in two three four five; do
	B create $n --template busybox --disk 200M --start >/dev/null 2>&1
	B exec $n -- sh -c 'dd if=/dev/zero of=/root/a bs=1M count=100' >/dev/null 2>&1
done
out=$(B create six --template busybox --disk 100M 2>&1); code=$?
[ $code = 0 ] && like "in a full pool a create succeeds whole" created "$out" || like "or says that there is no space" 'pace|full' "$out"
ok "list still answers" B list
mapfile -t names < <(B list -q)
ok "all can be deleted in a full pool" B delete -y --force "${names[@]}"
ok "and there is space again" B create again --template busybox --disk 100M --start
