#!/bin/bash
# What the daemon writes to is full or read-only, or the daemon has no descriptor or memory left: requests fail and say so, nothing is
# half done, containers go on, and everything works once there is room again.
. "$(dirname "$0")/../lib/lib.sh"
export POOL_SIZE=512M
t_end_first() {
	rm -f "$T"/s/{db,registry}/filler 2>/dev/null
	t_stop_daemon
	for d in db registry; do umount "$T/s/$d" 2>/dev/null; done
}
t_begin
ok "a running container" B create calm --template busybox --memory 64M --start
ok "one that is stopped" B create web --template busybox --memory 64M
pid=$(field calm pid)
OWNER=$(B token create panel --role owner --tenant default 2>/dev/null)
told() { B list -o json | jq -cS '[.[] | {name, id, state, memory, disk, ip}]'; }
goes_on() {
	is "$1: the container goes on" "$pid" "$(field calm pid)"
	ok "$1: and works" B exec calm -- true
}
# Its tenant does nothing that isn't recorded.
refuses_tenant() { fails 1 "full|[Nn]o space" "$1: its tenant doesn't get in" env BERTH_TOKEN="$OWNER" "$BUILD/berth" exec calm -- true; }
# The same files on a small file system of their own.
t_stop_daemon
for d in db registry; do
	cp -a "$T/s/$d" "$T/$d.kept"
	mount -t tmpfs -o "size=6M,nr_inodes=100,mode=0700" tmpfs "$T/s/$d"
	cp -a "$T/$d.kept/." "$T/s/$d"
	chown --reference="$T/$d.kept" "$T/s/$d"
done
t_start_daemon
before=$(told)

head -c 8M /dev/zero >"$T/s/db/filler" 2>/dev/null
for i in $(seq 30); do B set web memory=$((60 + i))M >"$T/out" 2>&1 || break; done
like "a full state disk: a change is refused" "full|[Nn]o space" "$(cat "$T/out")"
fails 1 "full|[Nn]o space" "a full state disk: a creation is refused" B create more --template busybox
ok "a full state disk: what is there can be read" B list
like "a full state disk: the doctor says which and how much" "^problem +'$T/s/db' has 0 % of its space free" "$(B doctor)"
ok "a full state disk: its tenant sees what there is" env BERTH_TOKEN="$OWNER" "$BUILD/berth" list
goes_on "a full state disk"
like "a full state disk: who goes in is in the log" "CONTAINER_EXEC by uid:0 in .* can.t be recorded" "$(cat "$T/log")"
refuses_tenant "a full state disk"
t_stop_daemon KILL
t_start_daemon || fail "a full state disk: the daemon starts"
goes_on "a full state disk, a new daemon"
rm "$T/s/db/filler"
touch "$T"/s/db/filler{1..90}
like "few inodes: the doctor says so, too" "^(problem|warning) +'$T/s/db' has [0-9]+ % of its inodes free" "$(B doctor)"
rm "$T"/s/db/filler?*
ok "room again: a change succeeds" B set web memory=64M
is "room again: all is as it was" "$before" "$(told)"
open_operations() { B operation list -o json | jq '[.[] | select(.state == "running" or .state == "queued")] | length'; }
is "room again: no operation is left open" 0 "$(open_operations)"

# One that is under way when the disk fills: what became of it is told as soon as there is room, by the same daemon.
kill -STOP "$DAEMON"
B freeze calm >"$T/freeze" 2>&1 &
freeze=$!
under_way() { [ "$(open_operations)" = 1 ]; }
ok "an operation is under way" wait_for 10 under_way
head -c 8M /dev/zero >"$T/s/db/filler" 2>/dev/null
for i in $(seq 60); do timeout 5 "$BUILD/berth" tenant create "t$i" >"$T/out" 2>&1 || break; done
like "the disk fills up meanwhile" "full|[Nn]o space" "$(cat "$T/out")"
kill -CONT "$DAEMON"
done_but_open() { [ "$(state calm)" = running ] && grep -q 'FREEZE calm: done' "$T/log"; }
ok "it is done, which can't be recorded" wait_for 10 done_but_open
ok "what is there can be read" B list
rm "$T/s/db/filler"
ok "room again: it ends" wait_for 10 eval '[ "$(open_operations)" = 0 ]'
wait $freeze
is "well" "0 frozen" "$? $(state calm)"
ok "and the next one can begin" B thaw calm

head -c 8M /dev/zero >"$T/s/registry/filler" 2>/dev/null
fails 1 "[Nn]o space" "a full registry: a creation is refused" B create more --template busybox
is "a full registry: and leaves nothing" "calm web" "$(B list --no-header --fields name | tr -d ' ' | sort | xargs)"
is "a full registry: no volume either" 2 "$(find "$T/s/pool" -mindepth 1 -maxdepth 1 -name '*-*-*' | wc -l)"
goes_on "a full registry"
rm "$T/s/registry/filler"
ok "room again: a creation succeeds" B create more --template busybox
ok "and a deletion" B delete -y more

t_stop_daemon
mount -o remount,ro "$T/s/db"
out=$(timeout 3 "$BUILD/berthd" --foreground --config "$T/conf" 2>&1)
like "a read-only state disk: the daemon says so" "Read-only" "$out"
ok "a read-only state disk: the container goes on" kill -0 "$pid"
mount -o remount,rw "$T/s/db"
t_start_daemon
goes_on "writable again"
ok "writable again: a change succeeds" B set web memory=64M

# A tenant without a quota fills the pool.
B exec calm -- sh -c 'head -c 700M /dev/zero >/root/filler' >/dev/null 2>&1
B create more --template busybox >"$T/out" 2>&1
code=$?
if [ $code = 0 ]; then
	pass "a full pool: there is room for what is shared with the template"
	B delete -y more >/dev/null 2>&1
else
	like "a full pool: a creation is refused" "[Nn]o space|full" "$(cat "$T/out")"
	is "a full pool: and leaves nothing" "calm web" "$(B list --no-header --fields name | tr -d ' ' | sort | xargs)"
fi
goes_on "a full pool"
ok "a full pool: a stopped one starts" B start web
ok "a full pool: and stops" B stop web
t_stop_daemon KILL
t_start_daemon || fail "a full pool: the daemon starts"
goes_on "a full pool, a new daemon"
B exec calm -- rm /root/filler
sync -f "$T/s/pool"
ok "room again: a creation succeeds" B create more --template busybox
ok "room again: and a deletion" B delete -y more

# Descriptors: those that are open stay, there are no new ones.
api=$(pgrep -P "$DAEMON" -f berth-api)
# Limits are a process's own user's to change, where root of this place isn't all-powerful.
limits() {
	local user=root
	[ "$1" = "$DAEMON" ] || user=berth-api
	setpriv --reuid "$user" --regid "$user" --clear-groups prlimit --pid "$@"
}
for who in api engine; do
	process=$api
	[ "$who" = api ] || process=$DAEMON
	limit=$(limits "$process" --nofile --raw --noheadings -o SOFT)
	limits "$process" --nofile="$(ls "/proc/$process/fd" | wc -l):"
	for i in 1 2 3; do timeout 5 "$BUILD/berth" start web >/dev/null 2>&1; timeout 5 "$BUILD/berth" list >/dev/null 2>&1; done
	ok "no descriptors for the $who: the init goes on" kill -0 "$pid"
	limits "$process" --nofile="$limit:"
	ok "descriptors again: the $who answers" wait_for 10 timeout 5 "$BUILD/berth" list
	wait_for 15 eval '! B operation list -o json | jq -e ".[] | select(.state == \"running\" or .state == \"queued\")"' || fail "$who: an operation doesn't end"
	goes_on "descriptors again"
	B start web >/dev/null 2>&1
	ok "descriptors again: a container stops" B stop web
	ok "descriptors again: a container starts" B start web
	ok "and stops" B stop web
done

# Memory: an allocation that fails ends a request, or the process, which comes back.
for who in api engine; do
	process=$(pgrep -P "$DAEMON" -f berth-api)
	[ "$who" = api ] || process=$DAEMON
	limits "$process" --as=$(($(awk '/^VmSize/ { print $2 }' "/proc/$process/status") * 1024)):
	for i in 1 2 3; do
		timeout 5 "$BUILD/berth" set web memory=$((70 + i))M >/dev/null 2>&1
		timeout 5 "$BUILD/berth" list >/dev/null 2>&1
	done
	ok "no memory for the $who: the init goes on" kill -0 "$pid"
	limits "$process" --as=unlimited: 2>/dev/null
	kill -0 "$DAEMON" 2>/dev/null || t_start_daemon
	ok "memory again: the daemon answers" wait_for 10 timeout 5 "$BUILD/berth" list
	goes_on "memory again for the $who"
	ok "memory again: a change succeeds" B set web memory=64M
done
is "in the end all is as it was" "$before" "$(told)"
