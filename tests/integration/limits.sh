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

# A host that is busy may let it have less than its limit for some time.
throttled() {
	B exec hog -- sh -c 'for i in 1 2; do timeout 2 sh -c "while :; do :; done" & done; wait' >/dev/null 2>&1
	[ "$(limit hog cpus hits)" -gt 0 ]
}
ok "CPU throttling is counted" wait_for 30 throttled
pressed() { limit hog cpus pressure | found -vE '^(0(\.0)?|null)$'; }
if [ -e /proc/pressure/cpu ]; then ok "and felt as pressure" wait_for 10 pressed; else skip "the kernel tells no pressure"; fi

# How long INSIDE takes there, in ms.
takes() {
	local start
	start=$(date +%s%N)
	B exec hog -- sh -c "$1" >/dev/null 2>&1
	echo $((($(date +%s%N) - start) / 1000000))
}
written=$(limit hog io_write used)
ok "disk bandwidth, live" B set hog io_write=1M io_read=1M
if [ "$(limit hog io_write effective)" != null ]; then
	is "is effective" "1048576 1048576" "$(limit hog io_write effective) $(limit hog io_read effective)"
	ms=$(takes 'dd if=/dev/zero of=/root/slow bs=512K count=4 conv=fsync')
	[ "$ms" -ge 1000 ] && pass "2 MiB at 1 MiB/s take their time ($ms ms)" || fail "2 MiB at 1 MiB/s took $ms ms"
	[ "$(limit hog io_write used)" -ge $((written + 2000000)) ] && pass "and are counted" || fail "io_write used: $(limit hog io_write used), was $written"
	ms=$(takes 'dd if=/root/slow of=/dev/null bs=512K iflag=direct')
	[ "$ms" -ge 1000 ] && pass "reading them too ($ms ms)" || fail "reading them took $ms ms"
	ok "no limit again" B set hog io_write=0 io_read=0
	is "is none" "0 0" "$(limit hog io_write effective) $(limit hog io_read effective)"
	ok "which is quick" [ "$(takes 'dd if=/dev/zero of=/root/slow bs=512K count=4 conv=fsync')" -lt $((1000 * ${T_SLOW:-1})) ]
else
	skip "this host has no limits of disk bandwidth"
fi
ok "swap, live" B set hog swap=32M
[ "$(limit hog swap effective)" = null ] && skip "this host has no limits of swap" || is "is effective" 33554432 "$(limit hog swap effective)"
ok "a share of the CPU, live" B set hog cpu_weight=300
[ "$(limit hog cpu_weight effective)" -ge 290 ] && pass "is effective" || fail "cpu_weight effective: $(limit hog cpu_weight effective)"

ok "more memory, live" B set hog memory=128M
is "it is effective at once" 134217728 "$(limit hog memory effective)"
ok "fewer processes, live" B set hog pids=30
is "effective" 30 "$(limit hog pids effective)"
ok "CPUs, live" B set hog cpus=0.7
is "effective" 0.7 "$(limit hog cpus effective)"
# To the last byte, also of what directories need; whoever did that to himself must be able to make room again.
B exec hog -- sh -c 'dd if=/dev/zero of=/root/full bs=1M; dd if=/dev/zero of=/root/full2 bs=4k; i=0; while mkdir /root/d$i; do i=$((i+1)); done' >/dev/null 2>&1
ok "a restart with a full disk" B restart hog --kill
ok "leaves it its root" B exec hog -- rm -f /root/full /root/full2
ok "which can be written to again" wait_for 10 B exec hog -- sh -c 'echo x >/root/room'
is "within the same limit" 67108864 "$(limit hog disk effective)"
# It fills whatever it gets while a change that is bound to fail gives it more; 20 tries, for it may be too slow for one.
B exec hog -- sh -c 'rm -rf /etc/hosts /root/*; mkdir -p /etc/hosts/in-the-way
	while :; do dd if=/dev/zero bs=64k count=64 >>/root/fill 2>/dev/null; done >/dev/null 2>&1 &'
overfull() { [ "$(limit hog disk used)" -gt 67108864 ]; }
for try in {1..20}; do
	fails 4 "can't write 'hosts'" "a change that fails after its disk has grown, $try" B set hog disk=1G hostname=bound-to-fail
	! overfull || break
done
is "the limit comes back whatever it holds by then" 67108864 "$(limit hog disk effective)"
ok "more disk helps one that holds more than it may" B set hog disk=256M
B restart hog --kill >/dev/null 2>&1
B exec hog -- rm -rf /root/fill /etc/hosts
# What was removed counts until the file system has committed it.
has_room() { B exec hog -- sync && B set hog disk=64M; }
ok "less disk, live" wait_for 60 has_room
ok "more disk, live" B set hog disk=128M
is "effective" 134217728 "$(limit hog disk effective)"
ok "host name, live" B set hog hostname=renamed
is "is so inside" renamed "$(B exec hog -- hostname)"
ok "a stop and a start" B restart hog --kill
is "keep what was set: memory" 134217728 "$(limit hog memory effective)"
is "and the host name" renamed "$(B exec hog -- hostname)"
B exec hog -- reboot >/dev/null 2>&1
ok "a reboot from inside" wait_for 20 eval '[ "$(field hog restarts)" = 1 ] && [ "$(state hog)" = running ]'
is "keeps them too" 134217728 "$(limit hog memory effective)"
ok "set on a stopped one" B stop --kill hog
ok "is recorded" B set hog pids=50
is "shown" 50 "$(limit hog pids configured)"
ok "and takes effect" B start hog
is "at the next start" 50 "$(limit hog pids effective)"
