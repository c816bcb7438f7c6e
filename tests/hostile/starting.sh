#!/bin/bash
# Starting a tree that its root, or whoever made its template, has prepared: places of mounts that are links, swapped all the time, or
# filled with what looks like the kernel's. tree.sh and mounts.sh go through each place by itself.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
mkdir -m 777 "$T/bait" "$T/bait/"{pts,shm,sys,self,net}
for f in hostname shadow null console ptmx keys core_pattern current exec uid_map; do echo untouched >"$T/bait/$f"; done
bait() { find "$T/bait" -printf '%p %y %m %U %s %l\n' | sort | sha256sum; }
# Without what tests beside this one mount: pools and network namespaces.
mounts() { cut -d " " -f 5 /proc/self/mountinfo | grep -vE "/pool$|^/run/netns/" | sort | sha256sum; }
before=$(bait) mounts_before=$(mounts)
untouched() {
	is "$1: nothing was done outside" "$before" "$(bait)"
	is "$1: nothing was mounted outside" "$mounts_before" "$(mounts)"
}
ok "create" B create web --template busybox --memory 64M --disk 64M

# The whole tree lies open under a rescue system while something in it goes on swapping; the start that follows takes it as it happens to be.
case_cve_2021_30465_targets_swapped_in_a_loop() {
	local i
	for i in 1 2 3 4 5; do
		B start web --rescue busybox >/dev/null 2>&1 || { fail "a rescue"; return; }
		B exec web -- sh -c "cd /mnt; for d in dev proc sys run etc; do (while :; do mv \$d \$d.was; ln -s $T/bait \$d; rm -f \$d; mkdir \$d; rmdir \$d; ln -s / \$d; rm -f \$d; mv \$d.was \$d; done) 2>/dev/null & done; sleep 0.$((RANDOM % 9))" >/dev/null 2>&1 &
		sleep 0.5
		B stop --kill web >/dev/null 2>&1
		wait $! 2>/dev/null
		B start web >/dev/null 2>"$T/out"
		case $? in
		0) pass "it starts" ;;
		4) like "it is refused, naming the place" 'no directory' "$(cat "$T/out")" ;;
		*) fail "a start: $(cat "$T/out")" ;;
		esac
		B stop --kill web >/dev/null 2>&1
		untouched "swapped"
	done
	B start web --rescue busybox >/dev/null 2>&1
	B exec web -- sh -c 'cd /mnt; for d in dev proc sys run etc; do rm -rf $d; [ -d $d.was ] && mv $d.was $d || mkdir -p $d; done' >/dev/null 2>&1
	B stop --kill web >/dev/null 2>&1
}

# What is written inside while it runs: names, keys and passwords, below directories that come and go.
case_cve_2015_1335_files_swapped_while_they_are_written() {
	local flipper i code
	B delete -y --force web >/dev/null 2>&1
	ok "a new one runs" B create web --template busybox --memory 64M --disk 64M --start
	B exec web -- sh -c "cp -a /etc /etc.was; cp -a /root /root.was; while :; do for d in etc root; do rm -rf /\$d; ln -s $T/bait /\$d; rm -f /\$d; ln -s /proc/1/root/$T/bait /\$d; rm -f /\$d; cp -a /\$d.was /\$d; done; done" >/dev/null 2>&1 &
	flipper=$!
	for i in 1 2 3 4 5 6; do
		timeout 30 "$BUILD/berth" set web "hostname=h$i" >/dev/null 2>&1; code=$?
		[ $code != 124 ] || fail "a change hangs"
		echo "password-$i" | timeout 30 "$BUILD/berth" set web password >/dev/null 2>&1
		timeout 30 "$BUILD/berth" set web "ssh_keys=ssh-ed25519 AAAA k$i" >/dev/null 2>&1
	done
	kill $flipper; wait $flipper 2>/dev/null
	untouched "written"
	B delete -y --force web >/dev/null 2>&1
	is "it can be deleted" "" "$(state web)"
}

# A start writes labels, id maps and limits below /proc: the real one, whatever the tree has there.
case_cve_2019_19921_a_tree_with_a_proc_of_its_own() {
	ok "create" B create web --template busybox --memory 64M --disk 64M
	for script in 'mkdir -p proc/self/attr proc/sys/kernel proc/sys/net proc/1; for f in proc/self/attr/exec proc/self/attr/current proc/self/uid_map proc/sys/kernel/core_pattern proc/keys proc/kcore; do echo fake >$f; done' \
		"mkdir -p proc/self; ln -s $T/bait proc/self/attr; ln -s $T/bait proc/sys; ln -s $T/bait/keys proc/keys; ln -s $T/bait proc/irq; ln -s $T/bait proc/bus" \
		"ln -s $T/bait proc" "ln -s self/cwd proc"; do
		B start web --rescue busybox >/dev/null 2>&1
		B exec web -- sh -ec "cd /mnt; rm -rf proc; $script" || fail "prepare ${script:0:20}"
		B stop --kill web >/dev/null 2>&1
		if B start web >/dev/null 2>"$T/out"; then
			is "/proc is the kernel's" proc "$(B exec web -- awk '$5 == "/proc" { for (i = 6; $i != "-"; i++); print $(i + 1); exit }' /proc/self/mountinfo)"
			like "its masks are real" '^refused|Permission|Read-only|^$' "$(B exec web -- sh -c 'echo x >/proc/sys/kernel/core_pattern' 2>&1)"
			is "and kcore is empty" "" "$(B exec web -- head -c 4 /proc/kcore 2>/dev/null | tr -d '\0')"
			is "the id map is its own" 65536 "$(B exec web -- awk '{ print $3 }' /proc/self/uid_map)"
		else
			like "the start is refused, naming the place" '/proc ' "$(cat "$T/out")"
		fi
		B stop --kill web >/dev/null 2>&1
		untouched "/proc"
	done
	B delete -y web >/dev/null 2>&1
}

# A template as its recipe made it, which is the operator's, from a tree that isn't.
poisoned_template() {
	local name=$1 script=$2
	mkdir -p "$T/recipes"
	rm -rf "$T/recipes/$name"
	cp -a "$TOP/templates/busybox" "$T/recipes/$name"
	printf '\ncd "$target"\n%s\n' "$script" >>"$T/recipes/$name/build"
	B template build "$name" >"$T/out" 2>&1
}
with_recipes() {
	t_stop_daemon
	sed -i "s|^[[:space:]]*recipes_dir = .*|recipes_dir = $T/recipes|" "$T/conf"
	mkdir -p "$T/recipes"
	cp -a "$TOP/templates/busybox" "$T/recipes/"
	t_start_daemon || fail "the daemon starts"
}
from_template() {
	local name=$1 what=$2 made=$3
	B delete -y --force web >/dev/null 2>&1
	if [ "$made" != 0 ]; then
		like "$what: the template is refused, naming the place" 'dev|proc|sys|run|etc' "$(cat "$T/out")"
	elif ! B create web --template "$name" --memory 64M --disk 64M >/dev/null 2>"$T/out"; then
		like "$what: the creation is refused, naming the place" '/etc.*(link|directory)' "$(cat "$T/out")"
	elif B start web >/dev/null 2>"$T/out"; then
		like "$what: /dev/null is the kernel's" '^crw-rw-rw-.* 1, +3 ' "$(B exec web -- ls -l /dev/null)"
		is "$what: /dev is its own" tmpfs "$(B exec web -- awk '$5 == "/dev" { for (i = 6; $i != "-"; i++); print $(i + 1); exit }' /proc/self/mountinfo)"
	else
		like "$what: the start is refused, naming the place" '/(dev|proc|sys|run|etc) ' "$(cat "$T/out")"
	fi
	untouched "$what"
	B delete -y --force web >/dev/null 2>&1
	B template delete "$name" >/dev/null 2>&1
}

case_cve_2025_31133_devices_of_a_template_are_links() {
	with_recipes
	poisoned_template links "ln -sf $T/bait/null dev/null; ln -sf $T/bait/console dev/console; rm -rf dev/pts; ln -s $T/bait/pts dev/pts; ln -s $T/bait/ptmx dev/ptmx; ln -s $T/bait/shm dev/shm"
	from_template links "links in /dev" $?
	is "nothing lies in the bait" 0 "$(find "$T/bait/pts" "$T/bait/shm" -mindepth 1 | wc -l)"
}

case_cve_2026_41579_the_dev_of_a_template_is_a_link() {
	local d
	for d in dev proc sys run etc; do
		poisoned_template whole "rm -rf $d; ln -s $T/bait $d"
		from_template whole "/$d a link" $?
		poisoned_template whole "rm -rf $d; ln -s ../../../../../../../../../..$T/bait $d"
		from_template whole "/$d a relative link" $?
	done
}

t_run_cases
