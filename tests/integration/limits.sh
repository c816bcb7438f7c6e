#!/bin/bash
# Quotas are the kernel's: each is hit, a neighbour doesn't notice, and `show` tells configured, effective, used, peak and hits.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "create and start" B create hog --template busybox --memory 64M --cpus 0.3 --pids 40 --disk 64M --start
ok "and a neighbour" B create calm --template busybox --memory 64M --cpus 0.5 --pids 40 --disk 64M --start
limit() { B show "$1" -o json | jq -r ".limits.$2.$3"; }

is "memory configured" 67108864 "$(limit hog memory configured)"
is "memory effective" 67108864 "$(limit hog memory effective)"
is "cpus effective" 0.3 "$(limit hog cpus effective)"
is "pids effective" 40 "$(limit hog pids effective)"
is "disk effective" 67108864 "$(limit hog disk effective)"

B exec hog -- sh -c 'head -c 100000000 /dev/zero | tail -c 99999999 >/dev/null' >/dev/null 2>&1
[ "$(limit hog memory hits)" -gt 0 ] && pass "a memory hog is stopped and counted" || fail "memory hits: $(limit hog memory hits)"
is "its container goes on" running "$(state hog)"
out=$(B exec hog -- sh -c 'i=0; while [ $i -lt 100 ]; do sleep 30 & i=$((i+1)); done' 2>&1)
like "processes past the limit are refused" "can't fork|Resource temporarily" "$out"
[ "$(limit hog pids hits)" -gt 0 ] && pass "and counted" || fail "pids hits: $(limit hog pids hits)"
[ "$(limit hog pids used)" -le 40 ] && pass "never more than 40" || fail "pids used: $(limit hog pids used)"
out=$(B exec calm -- sh -c 'sleep 0 & wait; echo fine')
is "the neighbour can fork" fine "$out"
B restart hog --kill >/dev/null 2>&1

out=$(B exec hog -- sh -c 'dd if=/dev/zero of=/root/fill bs=1M count=200' 2>&1)
like "a disk filler is stopped" 'Disk quota|No space' "$out"
[ "$(limit hog disk used)" -le 67108864 ] && pass "within its quota" || fail "disk used: $(limit hog disk used)"
ok "removing works at the limit" B exec hog -- rm /root/fill
ok "and then writing" wait_for 20 B exec hog -- sh -c 'echo a >/root/small'
ok "the neighbour can write" B exec calm -- sh -c 'dd if=/dev/zero of=/root/f bs=1M count=20 2>/dev/null'

B exec hog -- sh -c 'timeout 2 sh -c "while :; do :; done"' >/dev/null 2>&1
[ "$(limit hog cpus hits)" -gt 0 ] && pass "CPU throttling is counted" || fail "cpus hits: $(limit hog cpus hits)"
pressed() { limit hog cpus pressure | found -vE '^(0(\.0)?|null)$'; }
if [ -e /proc/pressure/cpu ]; then ok "and felt as pressure" wait_for 10 pressed; else skip "the kernel tells no pressure"; fi

ok "more memory, live" B set hog memory=128M
is "it is effective at once" 134217728 "$(limit hog memory effective)"
ok "fewer processes, live" B set hog pids=30
is "effective" 30 "$(limit hog pids effective)"
ok "CPUs, live" B set hog cpus=0.7
is "effective" 0.7 "$(limit hog cpus effective)"
ok "more disk, live" B set hog disk=128M
is "effective" 134217728 "$(limit hog disk effective)"
ok "host name, live" B set hog hostname=renamed
is "is so inside" renamed "$(B exec hog -- hostname)"
ok "a stop and a start" B restart hog --kill
is "keep what was set: memory" 134217728 "$(limit hog memory effective)"
is "and the host name" renamed "$(B exec hog -- hostname)"
B exec hog -- reboot >/dev/null 2>&1
sleep 1
ok "a reboot from inside" wait_for 20 eval '[ "$(state hog)" = running ]'
is "keeps them too" 134217728 "$(limit hog memory effective)"
ok "set on a stopped one" B stop --kill hog
ok "is recorded" B set hog pids=50
is "shown" 50 "$(limit hog pids configured)"
ok "and takes effect" B start hog
is "at the next start" 50 "$(limit hog pids effective)"
