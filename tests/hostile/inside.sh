#!/bin/bash
# Root inside a container tries what root may: each attempt is refused, and the host's canaries are untouched.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
guest=$BUILD/tests/hostile/guest
echo untouched >"$T/canary"
sleep 900 &
canary=$!
ok "create and start" B create evil --template busybox --memory 128M --disk 128M --pids 100 --start
ok "its tool is brought in" sh -c '"$BUILD/berth" exec evil -- sh -c "cat >/bin/guest && chmod 755 /bin/guest" <"$1"' sh "$guest"
while read -r attempt; do
	like "$attempt" '^refused' "$(B exec evil -- /bin/guest "$attempt" 2>&1 </dev/null)"
done < <("$guest")

pid=$(field evil pid)
is "init has exactly three descriptors of its own" "0 1 2" "$(find "/proc/$pid/fd" -maxdepth 1 -lname '/dev/*' -printf '%f ' | xargs)"
for set in CapInh CapAmb; do is "init: $set is empty" 0000000000000000 "$(awk -v s="$set:" '$1 == s { print $2 }' "/proc/$pid/status")"; done
for set in CapInh CapAmb; do is "exec: $set is empty" 0000000000000000 "$(B exec evil -- awk -v s="$set:" '$1 == s { print $2 }' /proc/self/status)"; done
bounding=$((16#$(awk '$1 == "CapBnd:" { print $2 }' "/proc/$pid/status")))
for cap in 16 17 25 32 33 34 35 36 37 38 39; do
	[ $((bounding >> cap & 1)) = 0 ] && pass "capability $cap is not in the bounding set" || fail "capability $cap is in the bounding set"
done
is "the host's processes can't be seen" "" "$(B exec evil -- sh -c "ls /proc | grep -x $$")"
is "the host's mounts can't be seen" "" "$(B exec evil -- cat /proc/self/mountinfo | grep -F "$T")"
is "the daemon's sockets can't be reached" "" "$(B exec evil -- cat /proc/net/unix | grep -E 'berth|monitor')"
unlike "the cgroups of others can't be seen" 'evil|memory' "$(B exec evil -- ls /sys/fs/cgroup | grep -E "^$INSTANCE")"

# A setuid-root file made inside does nothing outside, and nobody outside gets at it.
B exec evil -- sh -c 'cp /bin/busybox /root/suid && chmod 4755 /root/suid'
like "the pool is nosuid, nodev, noexec" 'nosuid.*nodev.*noexec' "$(grep " $T/s/pool " /proc/self/mountinfo)"
if setpriv --reuid 65534 --regid 65534 --clear-groups ls "$T/s/pool" >/dev/null 2>&1; then fail "a host user can enter the pool"; else pass "a host user can't enter the pool"; fi

# CVE-2019-5736: what enters the container is rewritten from inside through /proc/PID/exe.
before=$(sha256sum "$BUILD/berth-job" "$BUILD/berth-launch" "$BUILD/berth-monitor" | sha256sum)
ok "a shell that is /proc/self/exe" B exec evil -- sh -c 'cp /bin/busybox /bin/real; rm /bin/ls; printf "#!/proc/self/exe\n" >/bin/ls; chmod 755 /bin/ls'
B exec evil -- sh -c 'i=0; while [ $i -lt 2000 ]; do for e in /proc/[0-9]*/exe; do [ "$(/bin/real readlink $e)" = /bin/busybox ] || echo evil >>$e; done 2>/dev/null; i=$((i+1)); done' >/dev/null 2>&1 &
racer=$!
for _ in $(seq 30); do B exec evil -- ls >/dev/null 2>&1; B exec evil -- /bin/real true >/dev/null 2>&1; done
kill $racer 2>/dev/null; wait $racer 2>/dev/null
is "the host's programs keep their hash" "$before" "$(sha256sum "$BUILD/berth-job" "$BUILD/berth-launch" "$BUILD/berth-monitor" | sha256sum)"

# CVE-2024-21626: a working directory of a descriptor left open.
for n in $(seq 3 12); do
	out=$(curl -s --max-time 5 --unix-socket "$BERTH_SOCKET" -H 'Upgrade: berth-stream/1' -H 'Connection: Upgrade' -H 'Content-Type: application/json' \
		--data-binary "{\"argv\":[\"/bin/real\",\"ls\"],\"cwd\":\"/proc/self/fd/$n\"}" http://b/v1/containers/evil/exec --output - | tr -d '\0')
	unlike "cwd of /proc/self/fd/$n leads nowhere" 'canary|berth' "$out"
done

# CVE-2016-9962: what is entering can't be traced or have its descriptors opened: the racer above tried exe; its environment is the container's.
unlike "no environment of the host inside" 'JOURNAL|SUDO|BERTH_SOCKET' "$(B exec evil -- sh -c 'cat /proc/*/environ 2>/dev/null | tr "\0" "\n"')"

is "the canary file is untouched" untouched "$(cat "$T/canary")"
kill -0 $canary && pass "the canary process lives" || fail "the canary process has ended"
kill $canary
ok "the daemon is alive" B version
