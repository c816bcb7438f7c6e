#!/bin/bash
# A container's life: made, started, stopped, restarted, frozen, deleted; what it does by itself is told truly.
. "$(dirname "$0")/../lib/lib.sh"
t_begin

ok "dry run" B query POST '/v1/containers?dry_run=1' -d '{"name":"web","template":"busybox"}'
is "a dry run changes nothing" "" "$(B list --no-header)"
ok "create" B create web --template busybox --memory 64M --cpus 0.5 --disk 64M --pids 64
is "it is stopped" stopped "$(state web)"
ok "start" B start web
is "it runs" running "$(state web)"
is "its CTID is the first" 101 "$(field web ctid)"
like "it has an IPv4 address of the subnet" "^$SUBNET\.[0-9]+$" "$(field web 'ip[]' | grep -v :)"
like "it has an IPv6 address of the subnet" "^$SUBNET6" "$(field web 'ip[]' | grep :)"
is "its host name is its own" web "$(B exec web -- hostname)"
is "its init is process 1" 1 "$(B exec web -- pidof init)"
is "root inside is uid 0" 0 "$(B exec web -- id -u)"
like "and another on the host" "^$ID_BASE|^[0-9]{9,}" "$(stat -c %u "/proc/$(field web pid)")"
fails 4 'already' "a second start" B start web
fails 4 'running' "a delete while it runs" B delete -y web
ok "freeze" B freeze web
is "it is frozen" frozen "$(state web)"
ok "thaw" B thaw web
is "it runs again" running "$(state web)"

B exec web -- sh -c 'echo kept >/root/file'
before=$(field web pid)
ok "restart" B restart web
told=0
for _ in $(seq 10); do B restart web --kill >/dev/null && [ "$(field web 'pid > 1')" = true ] && told=$((told + 1)); done
is "with its start's end its process is told, each time" 10 $told
is "it runs after the restart" running "$(state web)"
# of TYPE: the kind of operation that the newest such event names.
of() {
	local operation
	operation=$(B events -o json | jq -r --arg type "$1" '[.[] | select(.type == $type)] | last.operation // "none"')
	if [ "$operation" = none ]; then echo none; else B operation show "$operation" -o json | jq -r .kind; fi
}
is "the events of both name it" "container_restart container_restart" "$(of container.stopped) $(of container.started)"
[ "$before" != "$(field web pid)" ] && pass "with a new init" || fail "the same init after a restart"
is "its data is kept" kept "$(B exec web -- cat /root/file)"

before=$(field web pid)
B exec web -- reboot >/dev/null 2>&1
ok "a reboot from inside" wait_for 20 eval '[ "$(field web pid)" != '"$before"' ] && [ "$(state web)" = running ]'
is "is counted" 1 "$(field web restarts)"
B exec web -- poweroff >/dev/null 2>&1
ok "a poweroff from inside stops it" wait_for 20 eval '[ "$(state web)" = stopped ]'
like "and is told as one" 'poweroff' "$(field web exit)"
is "unasked: its event names no operation" none "$(of container.stopped)"
ok "start again" B start web
kill -9 "$(field web pid)"
ok "init's violent end" wait_for 10 eval '[ "$(state web)" = crashed ]'
like "is told with its signal" 'signal 9|KILL' "$(field web exit)"
ok "it starts after a crash" B start web
ok "stop --kill" B stop --kill web
is "it is stopped" stopped "$(state web)"
is "by an operation, which the event names" container_stop "$(of container.stopped)"
fails 4 "isn't running|not running" "a second stop" B stop web
ok "several at once" B create two --template busybox --memory 64M --disk 64M --start
is "created and started in one" running "$(state two)"
waits_for_root() { [ "$(B operation show "$1" -o json | jq -r .step)" = "earlier root" ]; }
# Unmounting writes back what the whole pool has in memory: a stop doesn't wait for that; what mounts or removes the root does.
ok "stop" B stop two
root="$T/r/ct/$(field two ctid)/root"
exec 9<"$root"
ok "its root is let go soon" flock -w 20 9
operation=$(B start two --no-wait)
ok "a start waits while an earlier root is there" wait_for 5 eval '[ "$(state two)" = starting ]'
sleep 0.3
is "as long as it is" starting "$(state two)"
ok "and can be cancelled" B operation cancel "$operation"
ok "without having run" wait_for 10 eval '[ "$(state two)" = stopped ]'
B start two --no-wait >/dev/null
exec 9<&-
ok "it starts when the root is gone" wait_for 20 eval '[ "$(state two)" = running ]'
B stop --kill two >/dev/null
exec 9<"$root"
flock -w 20 9
operation=$(B delete -y two --no-wait)
ok "a delete waits for it, too" wait_for 10 waits_for_root "$operation"
like "and is shown as such" '^  state +deleting' "$(B show two)"
ok "it can be cancelled meanwhile" B operation cancel "$operation"
ok "at once" wait_for 10 eval '[ "$(B operation show '"$operation"' -o json | jq -r .state)" = cancelled ]'
is "with the container as it was" stopped "$(state two)"
operation=$(B delete -y two --no-wait)
ok "asked again, it waits again" wait_for 10 waits_for_root "$operation"
exec 9<&-
ok "and then removes it" wait_for 20 eval '! B show two'
ok "another" B create two --template busybox --memory 64M --disk 64M --start
ok "stop by --all" B stop --kill --all
ok "delete several" B delete -y web two
is "none is left" "" "$(B list --no-header)"
ok "numbers are never used again" B create three --template busybox --disk 64M
is "the next number" 104 "$(field three ctid)"
ok "delete --force of a running one" B start three
ok "delete --force" B delete --force -y three
fails 3 'not|no ' "show of what isn't there" B show three
