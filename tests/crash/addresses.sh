#!/bin/bash
# Many make, change and delete containers at once while api and engine are killed: no address is ever two containers', in the database,
# in the engine's registry, or on the host; and none is lost.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF="addresses = 203.0.113.0/28"$'\n'"addresses = 2001:db8:66::/60" t_begin
B ip create few --prefix 203.0.113.0/29 --tenants '*' >/dev/null
B ip create nets --prefix 2001:db8:66::/62 --length 64 --tenants '*' >/dev/null
B network create lan --prefix 10.66.0.0/29 >/dev/null
WORKERS=3 END=$((SECONDS + 15 * ${T_SLOW:-1}))

# What is held, a line each: of the routed ones by the engine's registry, then of the network.
held() { cat "$T"/s/registry/*-* 2>/dev/null | jq -r '.ip[]?, (.nics[]? | split(" ")[6] | split(",")[] | "net " + .)'; }
twice() { held | sort | uniq -d; }
# Each of the two allocators by itself: what the one refuses the other mustn't have given.
given_twice() { sqlite3 "file:$T/s/db/berth.db?mode=ro" "SELECT value FROM container, json_each(ip) GROUP BY value HAVING count(*) > 1
	UNION SELECT value FROM container, json_each(net) WHERE value <> 'lan' GROUP BY value HAVING count(*) > 1" 2>/dev/null; }
refused() { B operation list -o json | jq -r '.[] | select(.error.code == "address_taken") | .id'; }
in_database() { B list -o json --fields ip,net 2>/dev/null | jq -r '.[] | .ip[]?, (.net[]? | split(":")[1:] | join(":") | split("+")[] | "net " + .)'; }

worker() {
	local w=$1 n
	RANDOM=$((BASHPID + SEED))
	while [ $SECONDS -lt $END ]; do
		n=w$w$((RANDOM % 2))
		case $((RANDOM % 5)) in
		0 | 1) timeout 20 "$BUILD/berth" create $n --template busybox --memory 32M --disk 32M --ip few --ip nets --net lan ;;
		2) timeout 20 "$BUILD/berth" set $n ip=few,few net=lan ;;
		3) timeout 20 "$BUILD/berth" set $n ip=auto4,nets net= ;;
		4) timeout 20 "$BUILD/berth" delete -y --force $n ;;
		esac >/dev/null 2>&1
	done
}
SEED=${SEED:-$RANDOM}
echo "seed $SEED"
RANDOM=$SEED
workers=()
for w in $(seq $WORKERS); do worker "$w" & workers+=($!); done
kills=0 seen='' given=''
busy() { kill -0 "${workers[@]}" 2>/dev/null; }
while busy && [ $kills -lt 12 ]; do
	sleep "0.$((RANDOM % 9 + 1))"
	seen+=$(twice) given+=$(given_twice)
	if ((RANDOM % 3)); then
		pid=$(pgrep -P "$DAEMON" -x berth-api | head -n 1)
		[ -n "$pid" ] && kill -KILL "$pid"
	else
		t_stop_daemon KILL
		t_start_daemon || fail "the daemon starts again"
	fi
	kills=$((kills + 1))
done
wait "${workers[@]}"
ok "what was under way comes to its end" wait_for 60 eval '[ "$(B operation list --state running -q; B operation list --state queued -q)" = "" ]'
made=$(($(cat "$T/s/registry/high") - 100))
[ $made -gt 3 ] && pass "$made containers were begun" || fail "only $made containers were begun"
[ $kills -gt 3 ] && pass "$kills times killed" || fail "only $kills times killed"
is "no address was two containers' meanwhile" "" "$seen"
is "nor was one given to two" "" "$given"
is "nor has the engine had to refuse one: nobody has asked for a certain one" "" "$(refused)"
is "nor is at the end" "" "$(twice)"
is "the database has none twice" "" "$(in_database | sort | uniq -d)"
is "and the same as the engine" "$(held | sed 's,^\(net .*\)/29$,\1,' | sort)" "$(in_database | sort)"
is "what is listed as held is that" "$(in_database | grep -v '^net ' | sort)" "$(B ip list -q | sort)"
for n in $(B list -q); do B delete -y --force "$n" >/dev/null 2>&1; done
is "all of it comes back" "" "$(held; B ip list -q)"
is "and is free" 0 "$(B network show lan -o json | jq .used)"
ok "for the next ones" B create last --template busybox --memory 32M --disk 32M --ip few --ip nets --net lan
