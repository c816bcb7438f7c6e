#!/bin/bash
# What a tenant can have without end: mounts, control groups, watches, terminals, routes, neighbours, connections, shared memory, files.
# Each flood runs by itself for a moment; then the host and a neighbour work as before, and the flood ends with its container.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "a bad one" B create bad --template busybox --memory 96M --cpus 0.5 --pids 80 --disk 64M --start
ok "a good one" B create good --template busybox --memory 64M --cpus 0.5 --pids 60 --disk 64M --start
ok "its tool is brought in" bring "$BUILD/tests/hostile/flood" bad /bin/flood
slab() { awk '/^(Slab|SUnreclaim|KernelStack|PageTables|Percpu):/ { n += $2 } END { print int(n / 1024) }' /proc/meminfo; }
# flooded NAME [COMMAND…]: what the tool does by that name, or a command, beside a neighbour at work.
flooded() {
	local what=$1 flood start ms before after
	shift
	before=$(slab)
	if [ $# -gt 0 ]; then B exec bad -- "$@" >"$T/flood" 2>&1 & else B exec bad -- /bin/flood "$what" 3 >"$T/flood" 2>&1 & fi
	flood=$!
	sleep 1.5
	start=$(date +%s%N)
	like "a neighbour works" '^fine$' "$(B exec good -- sh -c 'echo x >/root/f; mount -t tmpfs none /mnt && umount /mnt && mkdir /sys/fs/cgroup/g && rmdir /sys/fs/cgroup/g && echo fine' 2>&1)"
	cat >"$T/openpt.py" <<-'END'
		import pty, os
		a, b = pty.openpty()
		os.close(a)
	END
	ok "the host has a terminal" python3 "$T/openpt.py"
	ok "and a process, a mount namespace, a network namespace" unshare -mn true
	ms=$((($(date +%s%N) - start) / 1000000))
	[ $ms -lt $((5000 * ${T_SLOW:-1})) ] && pass "in $ms ms" || fail "in $ms ms"
	wait $flood 2>/dev/null
	after=$(slab)
	[ $((after - before)) -lt 200 ] && pass "the kernel's own memory has grown by $((after - before)) MB" || fail "the kernel's own memory has grown by $((after - before)) MB"
	printf '   %s: %s\n' "$what" "$(tail -n 1 "$T/flood" | cut -c1-80)"
	B stop --kill bad >/dev/null 2>&1
	ok "it starts again" B start bad
}
case_terminals() { flooded ptys; }
case_mounts() { flooded mounts; }
case_control_groups() { flooded cgroups; }
case_watches() { flooded inotify; flooded fanotify; }
case_descriptors_in_flight() { flooded inflight; }
case_shared_memory_and_queues() { flooded shm; }
case_routes_and_neighbours() {
	flooded routes sh -c 'ip link add d0 type dummy 2>/dev/null; i=0; end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do ip route add 198.18.$((i / 250 % 250)).$((i % 250))/32 dev eth0 2>/dev/null; ip neigh add 169.254.$((i / 250 % 250)).$((i % 250 + 1)) lladdr 02:00:00:00:00:01 dev eth0 2>/dev/null; i=$((i + 1)); done; echo $i routes'
}
case_packets_to_everywhere() {
	flooded connections sh -c 'end=$(($(date +%s) + 3)); i=0; while [ $(date +%s) -lt $end ]; do for p in 1 2 3 4 5 6 7 8; do nc -w 1 198.18.0.$((i % 250)) $p </dev/null >/dev/null 2>&1 & done; wait; i=$((i + 1)); done; echo $i rounds'
	ok "the neighbour's network is there" B exec good -- ip route get 192.0.2.1
}
case_a_reboot_loop() {
	local n
	ok "init that reboots at once" B exec bad -- sh -c 'cp /etc/inittab /etc/inittab.was; printf "::sysinit:/sbin/reboot -f\n" >/etc/inittab'
	B restart bad --kill >/dev/null 2>&1
	sleep 3
	n=$(field bad restarts)
	[ "${n:-0}" -le 6 ] && pass "backs off ($n restarts in 3 s)" || fail "$n restarts in 3 s"
	ok "the neighbour works" B exec good -- true
	ok "it can be stopped" B stop --kill bad
	ok "and deleted" B delete -y bad
}
t_run_cases
