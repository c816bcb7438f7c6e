#!/bin/bash
# Many ask at once: nothing is lost or given twice, who asks for much waits for himself, and what waits outlives the api.
# shellcheck disable=SC2154
# Alone: its flood has to come faster than it is worked off.
. "$(dirname "$0")/../lib/lib.sh"
TEMPLATES=busybox EXTRA_CONF='max_jobs = 4
tenant_jobs = 2
tenant_queued = 210' t_begin
crowd() { python3 -B "$TOP/tests/lib/crowd.py" "$BERTH_SOCKET"; }
token() { B token create "$@" 2>/dev/null; }
open() { B operation list -o json | jq '[.[]|select(.state=="queued" or .state=="running")]|length'; }
none_open() { [ "$(open)" = 0 ]; }
as() { BERTH_TOKEN=$1 B "${@:2}"; }
registry() { cat "$T"/s/registry/????????-*; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
declare -A owner
tenants=()
for i in $(seq 20); do
	tenants+=("t$i")
	B tenant create "t$i" --containers 2 --memory 64M -q
	owner[t$i]=$(token panel --role owner --tenant "t$i")
done

# Twenty tenants, each with two callers that ask for the same names: two containers each are had once each, the third is too much.
for t in "${tenants[@]}"; do
	for caller in a b; do
		for name in web db third; do
			printf '["%s","%s","POST","/v1/containers",{"name":"%s","template":"busybox","memory":"32M","disk":"32M"}]\n' \
				"$t$caller" "${owner[$t]}" "$name"
		done
	done
done >"$T/requests"
crowd <"$T/requests" >"$T/answers"
is "each of 120 requests is answered" 120 "$(wc -l <"$T/answers")"
is "forty are accepted" 40 "$(jq -s '[.[]|select(.status==202)]|length' <"$T/answers")"
is "the others conflict" '["name_taken","tenant_limit"]' "$(jq -sc '[.[]|select(.status!=202).body.code]|unique' <"$T/answers")"
ok "all end" wait_for 60 none_open
is "all that was accepted succeeds" '["succeeded"]' "$(B operation list -o json --kind container_create | jq -c '[.[].state]|unique')"
B list -o json >"$T/list"
is "two a tenant" '[[20,2]]' "$(jq -c '[group_by(.tenant)[]|length]|group_by(.)|map([length,.[0]])' <"$T/list")"
for what in .id .ctid .id_base '.ip[0]' '.ip[1]' '.tenant+":"+.name'; do
	is "forty different: $what" 40 "$(jq "[.[]|$what]|unique|length" <"$T/list")"
done
is "the totals are what the containers have" '[[2,67108864]]' "$(B tenant list -o json | jq -r '.[].name' | grep '^t' |
	while read -r t; do B tenant show "$t" -o json | jq -c '[.used.containers,.used.memory]'; done | sort -u | jq -sc .)"
is "the registry has the same addresses" "$(jq -r '.[].ip[]' <"$T/list" | sort)" "$(registry | jq -r '.ip[]' | sort)"
is "the doctor finds nothing wrong" "" "$(B doctor -o json | jq -r '.[]|select(.severity=="problem").text')"
B delete -y --force --all >/dev/null 2>&1
ok "all are gone" wait_for 60 none_open

# A tenant's flood, and another's one.
B tenant create flood -q
B tenant set t1 memory=none -q
flood=$(token f --role owner --tenant flood) one=${owner[t1]}
start=$(now_ms)
ok "one alone" as "$one" create alone --template busybox --disk 32M
alone=$(($(now_ms) - start))
# The engine stands still meanwhile: on a busy host the flood would come more slowly than it is worked off.
kill -STOP "$DAEMON"
for i in $(seq 260); do
	printf '["f","%s","POST","/v1/containers",{"name":"f%d","template":"busybox","disk":"32M","ip":[]}]\n' "$flood" "$i"
done | crowd >"$T/flood"
kill -CONT "$DAEMON"
start=$(now_ms)
ok "beside a flood another's one goes on" as "$one" create beside --template busybox --disk 32M
beside=$(($(now_ms) - start))
waiting=$(B operation list -o json --state queued | jq length)
accepted=$(jq -s '[.[]|select(.status==202)]|length' <"$T/flood")
[ "$waiting" -gt 100 ] && pass "while $waiting of the flood wait" || fail "only $waiting of the flood wait: it is no flood"
[ $beside -lt $((4 * alone + 500)) ] && pass "in $beside ms, for $alone ms alone" || fail "it takes $beside ms, for $alone ms alone"
[ "$accepted" -ge 200 ] && pass "$accepted of the flood are accepted" || fail "only $accepted of the flood are accepted"
is "what is too much is refused, to be tried later" '[503,"queue_full",true,true]' \
	"$(jq -sc '[.[]|select(.status!=202)|[.status,.body.code,.body.retryable,(.retry|tonumber>0)]]|unique|.[0]' <"$T/flood")"

# What waits tells so, and can be cancelled.
last=$(jq -rs '[.[]|select(.status==202).body.id]|last' <"$T/flood")
like "it tells its position" '^[0-9]+$' "$(as "$flood" operation show "$last" -o json | jq .position)"
ok "cancelled" as "$flood" operation cancel "$last"
is "at once" cancelled "$(as "$flood" operation show "$last" -o json | jq -r .state)"
ok "an operator's suspension goes before" timeout $((10 * ${T_SLOW:-1})) "$BUILD/berth" suspend t1:alone --reason unpaid
ok "and his own work isn't behind" timeout $((10 * ${T_SLOW:-1})) "$BUILD/berth" create mine --template busybox --disk 32M

# Its api dies with the queue full.
waiting=$(B operation list -o json --state queued | jq length)
api_pid=$(pgrep -P "$DAEMON" -f berth-api)
kill -9 "$api_pid"
ok "another api comes" wait_for 20 t_answers
[ "$waiting" -gt 50 ] && pass "$waiting waited when the api died" || fail "only $waiting waited when the api died"
still=$(B operation list -o json --state queued | jq length)
[ "$still" -gt $((waiting / 2)) ] && pass "$still go on waiting" || fail "only $still go on waiting"
t_stop_daemon KILL
t_start_daemon && pass "also after the engine's death" || fail "a daemon comes back"
ok "all end" wait_for 120 none_open
B operation list -o json | jq -r '.[]|select(.tenant=="flood")|.state+" "+(.error.code//"")' | sort | uniq -c >"$T/ends"
unlike "in ways that are known" "$(printf '^ *[0-9]+ (queued|running)')" "$(cat "$T/ends")"
made=$(B list -o json --tenant flood | jq length)
is "what succeeded is there, and nothing else" "$(B operation list -o json --kind container_create --state succeeded | jq '[.[]|select(.tenant=="flood")]|length')" "$made"
is "all at rest" '["stopped"]' "$(B list -o json --tenant flood | jq -c '[.[].state]|unique')"
is "as many in the registry as there are containers" "$(B list -o json | jq length)" "$(registry | jq -s length)"
is "the doctor finds nothing wrong" "" "$(B doctor -o json | jq -r '.[]|select(.severity=="problem").text')"
sed 's/^/      /' "$T/ends"
for _ in 1 2 3; do
	none_open && B delete -y --force --all >/dev/null 2>&1
	[ "$(B list -q | wc -l)" != 0 ] || break
done
is "all can be deleted" 0 "$(B list -q | wc -l)"
