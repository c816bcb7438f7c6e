#!/bin/bash
# Every place at which a fault build can be made to die × every operation that passes it: the process dies there, a daemon comes
# back, and what it says is true, nothing is left over, nothing runs for ever, and the same request succeeds.
# Needs a build with --enable-fault. --write brings doc/reliability.md up to date.
. "$(dirname "$0")/../lib/lib.sh"
[ "$(id -u)" = 0 ] || skip_all "needs root"
"$BUILD/berthd" --fault-list >/dev/null 2>&1 || skip_all "a build with --enable-fault is wanted; scripts/check crash makes one"
plan=$(mktemp)
export BERTH_FAULT=$plan
export PYTHONDONTWRITEBYTECODE=1
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
}
t_begin
mkdir_recipes
sed -i "s,^recipes_dir.*,recipes_dir = $T/recipes," "$T/conf"
printf 'addresses = 198.18.%s.0/28\ncopy_interval = 0\n' "$NUMBER" >>"$T/conf"
t_stop_daemon
export INSTANCE ID_BASE NUMBER TOP
python3 "$TOP/tests/crash/faults.py" "$@" 2>&1 | tee "$T/out" | grep --line-buffered -vE '^[0-9]+ passed'
code=${PIPESTATUS[0]}
read -r p f < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$T/out" | tail -n 1)
passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
[ $code = 0 ] || [ "${f:-1}" != 0 ] || fail "faults.py ended with $code"
