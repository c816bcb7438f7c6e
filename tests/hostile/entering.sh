#!/bin/bash
# Entering a container whose root waits for whoever enters: exec, its programs, descriptors, terminals, users, working directories.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "create and start" B create evil --template busybox --memory 128M --disk 128M --pids 200 --start
ok "its tools are brought in" bring "$BUILD/tests/hostile/watch" evil /bin/spy
# An exec whose body curl sends as it is: what a client of the API may say. Prints the status, or what the stream brought.
raw_exec() {
	curl -s --max-time 10 --unix-socket "$BERTH_SOCKET" -H 'Upgrade: berth-stream/1' -H 'Connection: Upgrade' -H 'Content-Type: application/json' \
		-w '\n%{http_code}\n' --data-binary "$1" http://b/v1/containers/evil/exec --output - </dev/null | tr -d '\0'
}
programs() { sha256sum "$BUILD"/berth-{job,launch,create,monitor} "$BUILD/berthd" | sha256sum; }

case_cve_2019_5736_what_enters_keeps_its_program() {
	local before racer
	before=$(programs)
	ok "a shell that is /proc/self/exe" B exec evil -- sh -c 'rm /bin/ls; printf "#!/proc/self/exe\n" >/bin/ls; chmod 755 /bin/ls'
	B exec evil -- sh -c 'i=0; while [ $i -lt 2000 ]; do for e in /proc/[0-9]*/exe; do [ "$(busybox readlink $e)" = /bin/busybox ] || echo evil >>$e; done 2>/dev/null; i=$((i+1)); done' >/dev/null 2>&1 &
	racer=$!
	for _ in $(seq 20); do B exec evil -- ls >/dev/null 2>&1; B exec evil -- /proc/self/exe >/dev/null 2>&1; done
	kill $racer 2>/dev/null; wait $racer 2>/dev/null
	is "the host's programs keep their hash" "$before" "$(programs)"
	B exec evil -- sh -c 'rm -f /bin/ls; ln -s /bin/busybox /bin/ls'
}

case_cve_2024_21626_no_descriptor_leads_out() {
	local cwd out
	is "an exec has 0, 1 and 2, and what ls reads" "0 1 2 3" "$(B exec evil -- ls /proc/self/fd | xargs)"
	is "init has 0, 1 and 2 from its start" "0 1 2" "$(find "/proc/$(field evil pid)/fd" -type l -printf "%f\\n" | sort -n | xargs)"
	B exec evil -- sh -c 'ln -sfn /proc/self/fd/7 /fd7; ln -sfn /proc/self/cwd /cwd; ln -sfn /proc/self/root/../.. /up'
	for cwd in /proc/self/fd/{3,4,5,6,7,8,9,10,11,12} /proc/self/fd/8/../../.. /proc/1/cwd /proc/1/root /proc/self/cwd /proc/self/root/.. /fd7 /cwd /up ../../../../.. .; do
		out=$(raw_exec "{\"argv\":[\"/bin/busybox\",\"ls\",\"-la\"],\"cwd\":\"$cwd\"}")
		unlike "cwd of $cwd leads nowhere" "canary|bt\.|registry" "$out"
	done
	for cwd in "" /no/such /etc/passwd /proc/self/fd/7; do
		out=$(raw_exec "{\"argv\":[\"true\"],\"cwd\":\"$cwd\"}")
		like "cwd of '$cwd' is refused by name" '"name":"cwd"' "$out"
		like "as invalid" '^422$' "$out"
	done
}

case_cve_2016_9962_who_enters_is_out_of_reach() {
	local watcher
	B exec evil -- /bin/spy watch 4 >"$T/watch" 2>&1 &
	watcher=$!
	while kill -0 $watcher 2>/dev/null; do
		B exec evil -- true >/dev/null 2>&1
		raw_exec '{"argv":["true"],"tty":true}' >/dev/null 2>&1
	done
	wait $watcher
	like "processes were seen on their way in" '^seen [1-9]' "$(tail -n 1 "$T/watch")"
	like "nothing of theirs was reached" ' reached 0$' "$(tail -n 1 "$T/watch")"
	unlike "neither descriptors nor memory, root, program or environment" REACHED "$(cat "$T/watch")"
	unlike "no environment of the host inside" 'JOURNAL|SUDO|BERTH_SOCKET|BUILD=' "$(B exec evil -- sh -c 'cat /proc/*/environ 2>/dev/null | tr "\0" "\n"')"
}

case_cve_2016_10124_no_typing_for_whoever_entered() {
	cat >"$T/typing.py" <<-'END'
		import sys, time
		from terminal import Terminal
		t = Terminal(sys.argv[1:])
		t.type(b"tty >/tmp/tty; echo ready-$((1+1))\n")
		t.until(b"ready-2")
		time.sleep(2)
		t.type(b"exit 0\n")
		t.until(b"nothing", 0.5)
		t.end()
	END
	PYTHONPATH=$TOP/tests/lib python3 -B "$T/typing.py" "$BUILD/berth" enter evil >"$T/typed" 2>&1 &
	local typist=$!
	ok "somebody has entered on a terminal" wait_for 10 B exec evil -- test -s /tmp/tty
	like "it is one of the container's own" '^/dev/pts/[1-9]' "$(B exec evil -- cat /tmp/tty)"
	ok "its tool is brought in" bring "$BUILD/tests/hostile/guest" evil /bin/guest
	like "typing into it is refused" '^refused EPERM' "$(B exec evil -- sh -c 'exec </dev/console; guest tiocsti')"
	like "also by the number's upper half" '^refused EPERM' "$(B exec evil -- /bin/guest tiocsti_high)"
	like "and by the 32-bit entry" '^refused EPERM' "$(B exec evil -- /bin/guest i386_tiocsti)"
	wait $typist
	like "the shell ends as it was told" 'code 0' "$(cat "$T/typed")"
}

case_cve_2026_30892_a_user_is_who_is_named() {
	local user
	B exec evil -- sh -c 'cp /etc/passwd /etc/passwd.was; printf "1:x:0:0::/:/bin/sh\n33:x:0:0::/:/bin/sh\nminus:x:-1:0::/:/bin/sh\nfar:x:70000:70000::/:/bin/sh\nhuge:x:4294967296:0::/:/bin/sh\n" >>/etc/passwd'
	is "1 is the uid 1, whatever user has that name" 1 "$(B exec --user 1 evil -- id -u)"
	is "33 as well" 33 "$(B exec --user 33 evil -- id -u)"
	is "65535 is one" 65535 "$(B exec --user 65535 evil -- id -u)"
	for user in 01 1x -1 +1 ' 1' '1 ' 0x1 65536 4294967296 4294967297 18446744073709551616 '' 1.0 1e0 '1\n' $'\u0661'; do
		like "'$user' is refused" '^422$' "$(raw_exec "{\"argv\":[\"id\"],\"user\":\"$user\"}")"
	done
	for user in minus far huge; do
		unlike "'$user' of its passwd isn't root" 'uid=0' "$(raw_exec "{\"argv\":[\"id\"],\"user\":\"$user\"}")"
	done
	# A passwd that is no file, or without an end.
	for script in 'mkfifo /etc/passwd' 'ln -s /dev/zero /etc/passwd' 'mkdir /etc/passwd' 'head -c 6000000 /dev/zero | tr "\0" a >/etc/passwd' \
		'ln -s /proc/1/root/etc/passwd /etc/passwd'; do
		B exec evil -- sh -c "rm -rf /etc/passwd; $script"
		is "root is root with '${script:0:30}'" 0 "$(timeout 10 "$BUILD/berth" exec evil -- awk '$1 == "Uid:" { print $2 }' /proc/self/status)"
		timeout 10 "$BUILD/berth" exec --user www-data evil -- true >/dev/null 2>&1
		[ $? != 124 ] && pass "nobody waits for it" || fail "an exec hangs with '$script'"
	done
	B exec evil -- sh -c 'rm -rf /etc/passwd; mv /etc/passwd.was /etc/passwd'
}

case_cve_2022_29162_no_inheritable_capabilities() {
	local set pid
	pid=$(field evil pid)
	for set in CapInh CapAmb; do
		is "init: $set is empty" 0000000000000000 "$(awk -v s="$set:" '$1 == s { print $2 }' "/proc/$pid/status")"
		is "exec: $set is empty" 0000000000000000 "$(B exec evil -- awk -v s="$set:" '$1 == s { print $2 }' /proc/self/status)"
		is "exec as a user: $set is empty" 0000000000000000 "$(B exec --user 33 evil -- awk -v s="$set:" '$1 == s { print $2 }' /proc/self/status)"
	done
	is "a user has no effective one" 0000000000000000 "$(B exec --user 33 evil -- awk '$1 == "CapEff:" { print $2 }' /proc/self/status)"
	is "nor another group" 33 "$(B exec --user 33 evil -- id -G)"
}

# Own: what an exec may be told.
case_odd_arguments_and_environments() {
	local body long
	for body in '{}' '{"argv":[]}' '{"argv":"id"}' '{"argv":[1]}' '{"argv":[null]}' '{"argv":["a\u0000b"]}' '{"argv":["id"],"env":["A"]}' '{"argv":["id"],"env":["=b"]}' \
		'{"argv":["id"],"env":["A\n=b"]}' '{"argv":["id"],"env":["A=\u0000"]}' '{"argv":["id"],"tty":1}' '{"argv":["id"],"rows":-1}' '{"argv":["id"],"cwd":["/"]}' \
		'{"argv":["id"],"root":"/"}' '{"argv":["id"],"privileged":true}' '{"argv":["id"],"fds":[3]}'; do
		like "$body is refused" '^(422|400)$' "$(raw_exec "$body")"
	done
	like "5000 words are too many" '^(422|413)$' "$(raw_exec "{\"argv\":[$(printf '"a",%.0s' $(seq 5000))\"a\"]}")"
	long=$(head -c 40000 /dev/zero | tr '\0' a)
	like "a word of 40000 bytes is too long" '^(422|413)$' "$(raw_exec "{\"argv\":[\"true\",\"$long\"]}")"
	B exec evil -- ''; is "an empty command isn't found" 127 $?
	B exec evil -- / 2>/dev/null; is "a directory isn't run" 126 $?
	B exec evil -- mkfifo /tmp/fifo
	timeout 10 "$BUILD/berth" exec evil -- /tmp/fifo 2>/dev/null; is "nor a pipe, for which nobody waits" 126 $?
	B exec evil -- sh -c 'printf "#!/no/such\n" >/tmp/script; chmod 755 /tmp/script; printf "#!/tmp/loop\n" >/tmp/loop; chmod 755 /tmp/loop'
	B exec evil -- /tmp/script 2>/dev/null; is "a script without its interpreter isn't found" 127 $?
	B exec evil -- /tmp/loop 2>/dev/null; like "a script that is its own interpreter ends" '^12[67]$' $?
	is "LD_PRELOAD and PATH are the container's own matter" '/nowhere' "$(B exec --env LD_PRELOAD=/x --env PATH=/nowhere evil -- /bin/busybox sh -c 'echo $PATH')"
	is "words stay words" '-a|$(id)|;|`id`|' "$(B exec evil -- printf '%s|' -a '$(id)' ';' '`id`')"
}

# Own: what root inside puts where an exec with a terminal looks.
case_devpts_is_replaced() {
	local out
	for script in 'mount -t tmpfs none /dev/pts; mkfifo /dev/pts/ptmx' 'mount -t tmpfs none /dev/pts; ln -s /dev/zero /dev/pts/ptmx' \
		'mount -t tmpfs none /dev/pts; ln -s /proc/self/fd/3 /dev/pts/ptmx' 'mount -t tmpfs none /dev/pts'; do
		B exec evil -- sh -c "$script" >/dev/null 2>&1
		out=$(raw_exec '{"argv":["id"],"tty":true}')
		like "'${script:33:40}' is a conflict" '^409$' "$out"
		ok "an exec without one goes on" B exec evil -- true
		B exec evil -- umount /dev/pts >/dev/null 2>&1
	done
	like "put in order, it works again" '(^101$|uid=0)' "$(raw_exec '{"argv":["id"],"tty":true}')"
}

# Own: it kills, stops and moves whatever enters.
case_who_enters_is_harassed() {
	local racer codes code
	B exec evil -- sh -c 'end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do for p in /proc/[0-9]*; do p=${p#/proc/}; case $(cat /proc/$p/comm 2>/dev/null) in berth*) kill -STOP $p; kill -9 $p; echo $p >/sys/fs/cgroup/cgroup.procs;; esac; done; done' >/dev/null 2>&1 &
	racer=$!
	codes=0
	while kill -0 $racer 2>/dev/null; do
		timeout 30 "$BUILD/berth" exec evil -- true >/dev/null 2>&1; code=$?
		[ $code != 124 ] || codes=124
	done
	is "no exec hangs" 0 $codes
	ok "it goes on afterwards" B exec evil -- true
	ok "no job is left" wait_for 10 eval '[ -z "$(pgrep -P "$DAEMON" berth-job)" ]'
}

# Own: a user's command reaches neither root's terminal nor root's processes inside.
case_a_user_inside_is_no_root() {
	like "it can't read the shadow file" 'denied' "$(B exec --user 33 evil -- cat /etc/shadow 2>&1)"
	like "nor mount" '(denied|permitted)' "$(B exec --user 33 evil -- mount -t tmpfs none /mnt 2>&1)"
	like "nor look at init's descriptors" 'denied' "$(B exec --user 33 evil -- ls /proc/1/fd 2>&1)"
}

t_run_cases
