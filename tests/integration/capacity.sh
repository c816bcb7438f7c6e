#!/bin/bash
# What the host has, beside what was promised of it.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF='addresses = 198.18.77.0/24
reserve_memory = 10' t_begin
figure() { B capacity -o json | jq -c "$1"; }

is "of a new host nothing is promised" '[0,0,0,0,0]' "$(figure '[.containers,.cpus,.memory,.disk,.pids|.promised]')"
is "the pool is what it was made as" true "$(figure ".disk.total == $(stat -c %s "$T/s/pool.img" 2>/dev/null || echo .disk.total)")"
is "memory is the host's, without its reserve" true \
	"$(figure "(.memory.total / 1024 - $(awk '/^MemTotal/ { print $2 }' /proc/meminfo) | fabs) < 1024 and (.memory.there / .memory.total * 100 | round) == 90")"
is "so are processors" "$(nproc --all)" "$(figure .cpus.total)"
B ip create office --prefix 198.18.77.0/28 --reserved 198.18.77.3 >/dev/null
office() { figure ".addresses[] | select(.name == \"office\") | [.there,.promised,.left]"; }
is "of a pool's addresses neither ends nor reserved ones are to be had" '[13,0,13]' "$(office)"

ok "one that runs" B create web --template busybox --memory 64M --disk 64M --cpus 0.5 --pids 100 --start
ok "one that doesn't, larger than the host" B create two --template busybox --memory 60T --disk 32M --cpus 1.5 --pids 200 --ip office
is "all is promised" "[2,2,$(((60 << 40) + (64 << 20))),$((96 << 20)),300]" "$(figure '[.containers,.cpus,.memory,.disk,.pids|.promised]')"
is "what runs is told apart" "[1,0.5,$((64 << 20)),$((64 << 20)),100]" "$(figure '[.containers,.cpus,.memory,.disk,.pids|.running]')"
is "what is left is what is there without it" true "$(figure '[.containers,.memory,.disk,.pids|.left == .there - .promised]|all')"
is "which may be less than nothing" true "$(figure '.memory.left < 0')"
is "an address is gone" '[13,1,12]' "$(office)"
like "for people" '^memory +[0-9.]+[GT] +[0-9.]+[GT] +60.0T +64M +-[0-9.]+T +[0-9.]+[MGT]' "$(B capacity)"
is "addresses of IPv6 are endless" '["subnet6",null]' "$(figure '.addresses[] | select(.name == "subnet6") | [.name,.left]')"
is "for programs" resource,left "$(B capacity -o csv --fields resource,left | head -n 1 | tr -d '\r')"

ok "stopped" B stop --kill web
is "it runs no more" '[0,2]' "$(figure '[.containers|.running,.promised]')"
ok "frozen rather than stopped" sh -c '"$BUILD/berth" start web && "$BUILD/berth" suspend web --freeze --reason x'
is "it has what it has" 1 "$(figure .containers.running)"
ok "deleted" B delete -y --force web two
is "and what it had is there again" '[0,0,0,0,0]' "$(figure '[.containers,.cpus,.memory,.disk,.pids|.promised]')"
