#!/bin/bash
# A noisy neighbour: fork bomb, memory hog, disk and inode filler, console flood, at once. Another container and the daemon's other
# callers don't notice.
# Alone: it compares times with and without noise.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "a bad one" B create bad --template busybox --memory 64M --cpus 0.5 --pids 60 --disk 64M --start
ok "a good one" B create good --template busybox --memory 64M --cpus 0.5 --pids 60 --disk 64M --start
# The slowest of ten of a small piece of work inside, in ms.
work() {
	local worst=0 start ms
	for _ in $(seq 10); do
		start=$(date +%s%N)
		B exec good -- sh -c 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; echo x >/root/f; cat /root/f' >/dev/null 2>&1 || { echo 99999; return; }
		ms=$((($(date +%s%N) - start) / 1000000))
		[ $ms -gt $worst ] && worst=$ms
	done
	echo $worst
}
quiet=$(work)
noise() { "$BUILD/berth" exec bad -- sh -c "$1" >/dev/null 2>&1 & }
noise 'b() { b | b & }; b'
noise 'while :; do head -c 80000000 /dev/zero | tail -c 79999999 >/dev/null; done'
noise 'while :; do dd if=/dev/zero of=/root/fill bs=1M count=100; rm /root/fill; done'
noise 'i=0; while :; do echo x >/run/$i; i=$((i+1)); done'
noise 'while :; do echo flood flood flood >/dev/console; done'
noise 'while :; do mount -t tmpfs none /mnt; done'
noise 'i=0; while :; do mkdir /sys/fs/cgroup/g$i; i=$((i+1)); done'
sleep 2
loud=$(work)
[ "$loud" -lt $((quiet * 10 + 500)) ] && pass "the neighbour works on: $quiet ms quiet, $loud ms beside the noise" || fail "the neighbour suffers: $quiet ms, then $loud ms"
start=$(date +%s%N)
ok "the daemon answers" B list
ms=$((($(date +%s%N) - start) / 1000000))
[ $ms -lt $((1000 * ${T_SLOW:-1})) ] && pass "in $ms ms" || fail "in $ms ms"
ok "the host can fork" true
ok "another container can be made meanwhile" B create third --template busybox --disk 64M --start
ok "the bad one is stopped" B stop --kill bad
is "and is down" stopped "$(state bad)"
wait_for 5 eval '! pgrep -f -- "--name $INSTANCE-101 "' && pass "with all that it ran" || fail "its monitor is still there"
ok "it starts again" B start bad
fails 1 'No space|quota exceeded' "its disk is full" B exec bad -- dd if=/dev/zero of=/root/fill bs=1M count=100
ok "who filled his disk makes room again" B exec bad -- rm -f /root/fill
ok "the reboot loop: init that reboots at once" B exec bad -- sh -c 'printf "::sysinit:/sbin/reboot -f\n" >/etc/inittab'
B restart bad --kill >/dev/null 2>&1
sleep 3
n=$(field bad restarts)
[ "${n:-0}" -le 6 ] && pass "backs off ($n restarts in 3 s)" || fail "$n restarts in 3 s"
ok "and can be stopped" B stop --kill bad
