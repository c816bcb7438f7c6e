#!/bin/bash
# Root inside a container tries what root may: each attempt is refused, and the host's canaries are untouched.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "create and start" B create evil --template busybox --memory 128M --disk 128M --pids 100 --start
ok "its tool is brought in" bring "$BUILD/tests/hostile/guest" evil /bin/guest
tried=''
# try PATTERN: the tool's attempts of that name, each refused.
try() {
	local attempt
	while read -r attempt; do
		tried="$tried $attempt"
		like "$attempt" '^refused' "$(B exec evil -- /bin/guest "$attempt" 2>&1)"
	done < <("$BUILD/tests/hostile/guest" | grep -E "$1")
}

case_cve_2022_0492_release_agent() { try '^(release_agent|new_user_namespace|clone_user_namespace|clone3|i386_user_namespace|write_cgroup_limit)$'; }
case_cve_2021_31440_calls_of_the_kernel() {
	try '^(bpf|perf|userfaultfd|io_uring|keyctl|add_key|request_key|kexec|init_module|finit_module|delete_module|open_by_handle|vsock|xdp)$'
	try '^(vsock_high|x32_|i386_(bpf|keyctl|vsock|socketcall))'
	try '^(swapon|quotactl|acct|syslog|iopl|settime)$'
}
case_masks_stay_locked() { try '^(umount|remount|bind_bare|clone_bare|fresh)_'; }
case_devices_and_switches_of_the_host() { try '^(mknod|mount_disk|open_|write_(core|modprobe|uevent|host|irq))'; }
case_out_of_root_quota_and_limits() { try '^(chroot_out|project_|sched_fifo|raise_nofile)'; }
case_every_attempt() { try "^($("$BUILD/tests/hostile/guest" | grep -vxF "$(xargs -n 1 <<<"$tried")" | paste -sd '|'))\$"; }

case_capabilities_that_no_container_has() {
	local cap bounding
	bounding=$((16#$(awk '$1 == "CapBnd:" { print $2 }' "/proc/$(field evil pid)/status")))
	for cap in 16 17 25 32 33 34 35 36 37 38 39; do
		[ $((bounding >> cap & 1)) = 0 ] && pass "capability $cap is not in the bounding set" || fail "capability $cap is in the bounding set"
	done
}

case_the_host_is_not_to_be_seen() {
	is "its processes" "" "$(B exec evil -- sh -c "ls /proc | grep -x $$")"
	is "its mounts" "" "$(B exec evil -- cat /proc/self/mountinfo | grep -F "$T")"
	unlike "the cgroups of others" 'evil|memory' "$(B exec evil -- ls /sys/fs/cgroup | grep -E "^$INSTANCE")"
	is "its keys" "" "$(B exec evil -- cat /proc/keys 2>/dev/null)"
}

# Own: what a container's root does with the cgroup tree that is his.
case_cgroups_of_its_own() {
	local init out
	init=$(field evil pid)
	B exec evil -- sh -c 'cd /sys/fs/cgroup; mkdir -p a/b/c; echo threaded >a/cgroup.type; echo $$ >a/cgroup.procs; echo $$ >a/b/cgroup.threads; echo +memory +pids +cpu >cgroup.subtree_control; echo max >pids.max; echo max >memory.max; echo 1 >cgroup.freeze; echo 1 >cgroup.kill' >/dev/null 2>&1
	sleep 0.5
	case $(state evil) in
	running) pass "it is running still" ;;
	*) B start evil >/dev/null 2>&1; pass "it has killed or frozen itself alone, and starts again" ;;
	esac
	B thaw evil >/dev/null 2>&1
	out=$(B exec evil -- cat /proc/1/cgroup)
	unlike "a tree mounted anew begins where its own does" "$INSTANCE|slice|system" "$(B exec evil -- sh -c 'mount -t cgroup2 none /mnt; find /mnt -maxdepth 2 -type d; umount /mnt' 2>&1)"
	unlike "its init is told of no group above" "$INSTANCE" "$out"
	is "the limit of processes is as it was" 100 "$(B show evil -o json | jq -r '.pids')"
	like "and holds" '(an.t fork|Resource|limit)' "$(timeout 20 "$BUILD/berth" exec evil -- sh -c 'i=0; while [ $i -lt 300 ]; do sleep 5 & i=$((i+1)); done' 2>&1)"
	wait_for 15 B exec evil -- true
	ok "exec goes on" B exec evil -- true
	init=$(field evil pid)
	like "its init is in the group that the host put it in" "$INSTANCE" "$(cat "/proc/$init/cgroup")"
	B exec evil -- sh -c 'cd /sys/fs/cgroup; rmdir a/b/c a/b a' >/dev/null 2>&1
}

# Own: things mounted over what Berth and others use inside.
case_mounted_over() {
	local d
	for d in /proc /sys /dev /etc /bin /run /; do
		B exec evil -- sh -c "mount -t tmpfs none $d" >/dev/null 2>&1
		timeout 20 "$BUILD/berth" exec evil -- /bin/true >/dev/null 2>&1
		[ $? != 124 ] && pass "an exec ends with a mount over $d" || fail "an exec hangs with a mount over $d"
		timeout 30 "$BUILD/berth" set evil hostname=over >/dev/null 2>&1
		[ $? != 124 ] && pass "so does a change" || fail "a change hangs with a mount over $d"
		ok "what it is and uses is shown" B show evil
		B stop --kill evil >/dev/null 2>&1
		ok "it stops and starts again" B start evil
	done
}

t_run_cases
