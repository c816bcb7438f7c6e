#!/bin/bash
# Every place at which a fault build can be made to die × every operation that passes it: the process dies there, a daemon comes
# back, and what it says is true, nothing is left over, nothing runs for ever, and the same request succeeds. Most of it is waiting:
# several instances share the operations (FAULT_WORKERS, 3).
# Needs a build with --enable-fault. --write brings doc/reliability.md up to date; --only [POINT][,[OPERATION][,FAULT]] tries a part, each a pattern (faults.py).
. "$(dirname "$0")/../lib/lib.sh"
[ "$(id -u)" = 0 ] || skip_all "needs root"
"$BUILD/berthd" --fault-list >/dev/null 2>&1 || skip_all "a build with --enable-fault is wanted; scripts/check crash makes one"
export PYTHONDONTWRITEBYTECODE=1 TOP

# faults WORD FOLDER [OPTION…]: faults.py, and its counts into these.
faults() {
	local p f
	python3 "$TOP/tests/crash/faults.py" "$@" 2>&1 | tee "$out" | grep --line-buffered -vE '^[0-9]+ passed'
	read -r p f < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$out" | tail -n 1)
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
}

if [ "${1-}" != --worker ]; then
	shared=$(mktemp -d /tmp/bt.XXXXXX)
	trap 'rm -rf "$shared"' EXIT
	for ((w = 1; w <= ${FAULT_WORKERS:-3}; w++)); do
		{ bash "$0" --worker "$shared" "$@" 2>&1 | tee "$shared/worker.$w" | grep --line-buffered -v 'passed, [0-9]* failed'; } &
	done
	wait
	out=$shared/sum
	for ((w = 1; w <= ${FAULT_WORKERS:-3}; w++)); do
		read -r p f < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed, 0 skipped$/\1 \2/p' "$shared/worker.$w")
		passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
	done
	faults --sum "$shared" "$@"
	printf '%d passed, %d failed, 0 skipped\n' $passed $failed
	[ $failed = 0 ]
	exit
fi

shared=$2
shift 2
plan=$(mktemp) UPLINK=btf$$
export BERTH_FAULT=$plan UPLINK
python3 "$TOP/tests/crash/faults.py" --new-plan "$plan"
mkdir_recipes() {
	mkdir -p "$T/recipes/stub"
	cp -r "$TOP/templates/busybox" "$T/recipes/"
	printf 'description = a stub\nos = stub\ninit = /init\nstop_signal = INT\nreboot_signal = TERM\n' >"$T/recipes/stub/recipe"
	printf '#!/bin/sh\necho "PROGRESS 50 half"\nprintf "#!/bin/sh\\n" >"$1/init"\nchmod 755 "$1/init"\n' >"$T/recipes/stub/build"
	chmod 755 "$T/recipes/stub/build"
}
# The last daemon isn't this shell's child, which could wait for it.
t_end_first() {
	DAEMON=$(cat "$T/pid" 2>/dev/null || echo "$DAEMON")
	kill "$DAEMON" 2>/dev/null
	wait_for 60 eval '! kill -0 "$DAEMON"'
	rm -f "$plan"
	ip link del "$UPLINK"
}
ip link add "$UPLINK" type veth peer name "${UPLINK}p" || exit 1
ip link set "$UPLINK" up
t_begin
mkdir_recipes
sed -i "s,^recipes_dir.*,recipes_dir = $T/recipes," "$T/conf"
cat >>"$T/conf" <<-END
	addresses = 198.18.$NUMBER.0/28
	uplink = $UPLINK
	uplink_rate = 1000
	hook_http = yes
	hook_allow = 127.0.0.1/32
	hook_retry = 1
END
echo 'copy_interval = 0' >>"$T/conf"
t_stop_daemon
export INSTANCE ID_BASE NUMBER CLAIMS
out=$T/out
faults --work "$shared" "$@"
