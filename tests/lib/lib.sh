# Sourced by every test on real containers: an instance of its own, and a census that nothing of it remains.
#
# A test is a script that sources this, calls t_begin, does its checks with ok/is/fails/says, and ends. t_begin's trap does the
# rest: the daemon is ended, the instance cleaned up, the census taken, and the counts printed, whatever happened.
#
#   B         the client, on this instance        api METHOD PATH [JSON]   a request, body to stdout, status to $status
#   $T        the test's directory                 $INSTANCE, $SUBNET (10.2xx.y), $SUBNET6 (fd77:…)
# shellcheck shell=bash disable=SC2034,SC2120
set -uo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
NAME=$(basename "$0" .sh)
passed=0 failed=0 skipped=0 T='' DAEMON='' status='' NOW=''
export LC_ALL=C.UTF-8

pass() { passed=$((passed + 1)); printf 'ok    %s%s\n' "$NOW" "$*"; }
fail() { failed=$((failed + 1)); printf 'FAIL  %s%s\n' "$NOW" "$*"; }
# The whole test can't run on this host.
skip_all() { printf 'skip  %s: %s\n0 passed, 0 failed, 1 skipped\n' "$NAME" "$*"; exit 0; }
# One check can't.
skip() { skipped=$((skipped + 1)); printf 'skip  %s%s\n' "$NOW" "$*"; }

# ok WHAT COMMAND…: it succeeds.
ok() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then pass "$what"; else fail "$what: exit $?: $(tail -n 3 <<<"$out")"; fi
}
# is WHAT WANTED GOT
is() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1: wanted '${2:0:600}', got '${3:0:600}'"; fi; }
# like WHAT PATTERN TEXT: an extended regular expression.
like() { if grep -qE -- "$2" <<<"$3"; then pass "$1"; else fail "$1: no '$2' in: $(head -c 600 <<<"$3")"; fi; }
unlike() { if grep -qE -- "$2" <<<"$3"; then fail "$1: '$2' in: $(grep -E -- "$2" <<<"$3" | head -n 3)"; else pass "$1"; fi; }
# fails STATUS PATTERN WHAT COMMAND…: it exits with STATUS and says PATTERN on standard error.
fails() {
	local wanted=$1 pattern=$2 what=$3 out code
	shift 3
	out=$("$@" 2>&1 >/dev/null); code=$?
	if [ "$code" != "$wanted" ]; then
		fail "$what: wanted exit $wanted, got $code: $(tail -n 3 <<<"$out")"
	elif ! grep -qE -- "$pattern" <<<"$out"; then
		fail "$what: no '$pattern' in: $(head -c 600 <<<"$out")"
	else
		pass "$what"
	fi
}
# found [OPTION…] PATTERN: grep at a pipe's end that reads it all. `grep -q` leaves early and its writer may fail for it.
found() { [ -n "$(grep "$@")" ]; }
# wait_for SECONDS COMMAND…: until it succeeds; on a host T_SLOW times as slow it may take as much longer.
wait_for() {
	local end=$((SECONDS + $1 * ${T_SLOW:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt "$end" ] || return 1
		sleep 0.1
	done
}

B() { "$BUILD/berth" "$@"; }
export -f B
# bring PROGRAM CONTAINER PATH: one of this build, to be run inside.
bring() { "$BUILD/berth" exec "$2" -- sh -c "cat >$3 && chmod 755 $3" <"$1"; }
state() { B list --no-header --fields name,state | awk -v n="$1" '$1 == n { print $2 }'; }
# One field of `show NAME -o json`.
field() { B show "$1" -o json | jq -r ".$2"; }
# The client as another user; pass by path: functions don't cross.
as_user() {
	local user=$1
	shift
	setpriv --reuid "$user" --regid "$user" --clear-groups env BERTH_SOCKET="$BERTH_SOCKET" "$@"
}
api() {
	local method=$1 path=$2 body=${3-}
	status=$(curl -s -o "$T/body" -w '%{http_code}' --unix-socket "$BERTH_SOCKET" -X "$method" \
		${body:+-H 'Content-Type: application/json' --data-binary "$body"} "${@:4}" "http://berth$path")
	cat "$T/body"
}
# api_is STATUS CODE WHAT METHOD PATH [JSON]: a refusal with that status and stable code.
api_is() {
	local wanted=$1 code=$2 what=$3
	shift 3
	api "$@" >/dev/null
	if [ "$status" = "$wanted" ] && [ "$(jq -r .code <"$T/body" 2>/dev/null)" = "$code" ]; then
		pass "$what"
	else
		fail "$what: wanted $wanted $code, got $status $(head -c 400 "$T/body")"
	fi
}

# What this instance may leave on a host, a line each. Empty: nothing.
census() {
	local pid exe
	for pid in /proc/[0-9]*; do
		exe=$(cat "$pid/cmdline" 2>/dev/null | tr '\0' ' ') || continue
		case $exe in
		*"--name $INSTANCE-"* | *"$T/"*) [ "${pid#/proc/}" = $$ ] || grep -q "^PPid:[[:space:]]*$$\$" "$pid/status" || echo "process ${pid#/proc/} $exe" ;;
		esac
		if awk -v b="$ID_BASE" '/^Uid:/ { exit !($2 >= b && $2 < b + 6553600) }' "$pid/status" 2>/dev/null; then
			echo "process ${pid#/proc/} of the instance's users: $exe"
		fi
	done
	grep " $T/" /proc/self/mountinfo | awk '{ print "mount " $5 }'
	find /sys/fs/cgroup -maxdepth 3 -type d \( -name "$INSTANCE" -o -name "$INSTANCE.slice" \) 2>/dev/null | sed 's/^/cgroup /'
	ip -o link | awk -F': ' -v n="^${INSTANCE}[-0-9]" '$2 ~ n { print "link " $2 }'
	nft list tables 2>/dev/null | grep -E " $INSTANCE(_traffic)?\$"
	losetup -a | grep -F "$T/"
	[ ! -e "$CLAIMS/$INSTANCE" ] || echo "claim $INSTANCE"
	[ ! -e "$T/r" ] || find "$T/r" | sed 's/^/run file /'
}

# A number that no test beside this one has, nor one that was killed and is there still: a link to the pid of who took it.
NUMBERS=/run/berth-tests
CLAIMS=${CLAIMS:-/run/berth-claims}
t_take_number() {
	local tries owner letters=abcdefghijklmnopqrst
	mkdir -p "$NUMBERS"
	# From 1: a zero in an IPv6 address is written in more ways than one.
	NUMBER=$(($$ % 79 + 1))
	for ((tries = 0; tries < 79; tries++, NUMBER = NUMBER % 79 + 1)); do
		INSTANCE=t${letters:$((NUMBER / 20)):1}${letters:$((NUMBER % 20)):1}z
		[ ! -e "$CLAIMS/$INSTANCE" ] || continue
		owner=$(readlink "$NUMBERS/$NUMBER") && ! kill -0 "$owner" 2>/dev/null && rm -f "$NUMBERS/$NUMBER"
		! ln -s $$ "$NUMBERS/$NUMBER" 2>/dev/null || return 0
	done
	echo "79 tests run already" >&2
	exit 1
}

# An instance of its own: its number chooses name, ids and subnets.
t_begin() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -x "$BUILD/berthd" ] || { echo "no berthd in $BUILD: build first, or set BUILD" >&2; exit 1; }
	t_take_number
	ID_BASE=$((1342177280 + NUMBER * 100 * 65536))
	SUBNET=10.200.$NUMBER SUBNET6=fd77:7e57:$NUMBER:
	T=$(mktemp -d /tmp/bt.XXXXXX)
	chmod 755 "$T"
	export T BUILD BERTH_SOCKET="$T/r/berth.sock" INSTANCE
	cat >"$T/conf" <<-END
		instance = $INSTANCE
		state_dir = $T/s
		run_dir = $T/r
		libexec_dir = $BUILD
		recipes_dir = $TOP/templates
		claims_dir = $CLAIMS
		pool_size = ${POOL_SIZE:-2G}
		id_base = $ID_BASE
		id_count = ${ID_COUNT:-100}
		project_base = $((700000 + NUMBER * 1000))
		subnet4 = $SUBNET.0/24
		subnet6 = ${SUBNET6}:/64
		stop_timeout = 10
		${EXTRA_CONF:-}
	END
	SYSCTLS=$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding)
	trap t_end EXIT
	trap 'exit 130' INT TERM
	t_use_templates
	t_start_daemon || { fail "the daemon starts"; exit 1; }
}

# Built once a machine and recipe, then shared by all tests, as copies that the instance owns.
TEMPLATE_CACHE=${TEMPLATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth-tests}
t_use_templates() {
	mkdir -p "$T/s/templates"
	chmod 711 "$T/s"; chmod 700 "$T/s/templates"
	local t key
	for t in ${TEMPLATES-busybox}; do
		key=$(t_template_key "$t")
		[ -e "$key.tar" ] || continue
		tar -C "$T/s/templates" --xattrs --xattrs-include='*' -xpf "$key.tar"
	done
}
t_template_key() { printf '%s/%s-%s' "$TEMPLATE_CACHE" "$1" "$(cat "$TOP/templates/$1"/* | sha256sum | cut -c1-16)"; }
t_save_template() {
	local t=$1 key
	key=$(t_template_key "$t")
	mkdir -p "$TEMPLATE_CACHE"
	tar -C "$T/s/templates" --xattrs --xattrs-include='*' -cpf "$key.tar.$$" "$t" && mv "$key.tar.$$" "$key.tar"
}

t_start_daemon() {
	"$BUILD/berthd" --foreground --config "$T/conf" "$@" >>"$T/log" 2>&1 </dev/null &
	DAEMON=$!
	if ! wait_for 30 t_answers; then
		tail -n 20 "$T/log"
		return 1
	fi
	local t
	for t in ${TEMPLATES-busybox}; do
		[ -e "$T/s/templates/$t" ] || { B template build "$t" >/dev/null 2>"$T/build" && t_save_template "$t"; } ||
			{ fail "template $t: $(tail -n 5 "$T/build")"; return 1; }
	done
}
t_answers() { kill -0 "$DAEMON" && curl -sf --unix-socket "$BERTH_SOCKET" http://berth/v1 >/dev/null; }
# t_stop_daemon [SIGNAL]
t_stop_daemon() {
	[ -n "$DAEMON" ] || return 0
	kill "-${1:-TERM}" "$DAEMON" 2>/dev/null
	wait "$DAEMON" 2>/dev/null
	DAEMON=''
}

# A hostile test is made of functions case_NAME, which doc/security.md lists: each runs in the file's order, and after each the host's
# canaries are looked at. CASE=PATTERN runs those whose name matches.
t_run_cases() {
	local c canary
	echo untouched >"$T/canary"
	chmod 644 "$T/canary"
	sleep 3600 &
	canary=$!
	while read -r c; do
		[[ $c =~ ${CASE:-.} ]] || continue
		NOW="${c#case_}: "
		"$c" </dev/null
		is "the canary file is untouched" "untouched 644 0" "$(cat "$T/canary") $(stat -c '%a %u' "$T/canary")"
		if kill -0 $canary 2>/dev/null; then pass "the canary process lives"; else fail "the canary process has ended"; fi
		ok "the daemon is alive" t_answers
	done < <(grep -oE '^case_[a-z0-9_]+' "$0")
	NOW=''
	kill $canary
	wait $canary 2>/dev/null
}

# A test may name t_end_first: what it has to undo itself, whatever happened.
t_end() {
	trap - EXIT
	local left
	! declare -F t_end_first >/dev/null || t_end_first
	t_stop_daemon
	# The api ends when its engine has.
	sleep 0.2
	if [ -e "$T/r/layout" ]; then
		"$BUILD/berthd" --cleanup --force --destroy --config "$T/conf" >>"$T/log" 2>&1 || fail "the instance is cleaned up: $(tail -n 2 "$T/log")"
	fi
	# Of a daemon that refused to start there is no more than its lock.
	[ -e "$T/r/layout" ] || [ -e "$T/r/ct/101" ] || rm -rf "$T/r"
	# The kernel gives a loop device back after its last user: on a busy host another test's namespace may have a copy of the mount.
	wait_for 60 eval '[ -z "$(census)" ]'
	left=$(census)
	if [ -z "$left" ]; then pass "nothing is left"; else fail "left behind: $left"; fi
	if grep -qE 'AddressSanitizer|runtime error:' "$T/log"; then fail "a sanitizer complains: $(grep -m 3 -E 'AddressSanitizer|runtime error:' "$T/log")"; fi
	if [ $failed -gt 0 ] && [ -n "${KEEP_LOGS:-}" ]; then
		mkdir -p "$KEEP_LOGS" && cp "$T/log" "$KEEP_LOGS/$NAME.daemon.log"
	fi
	[ $failed = 0 ] || tail -n 15 "$T/log"
	rm -rf "$T"
	rm -f "$NUMBERS/$NUMBER"
	printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
	[ $failed = 0 ] || exit 1
	exit 0
}
