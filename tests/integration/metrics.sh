#!/bin/bash
# GET /v1/metrics: in both formats, as their own checkers want them; whose figures who sees; and a real Prometheus that scrapes them
# through the listener for tokens.
. "$(dirname "$0")/../lib/lib.sh"
export EXTRA_CONF=$'sample_interval = 1\nusage_interval = 1'
t_begin
PORT=$((20000 + NUMBER)) WEB=$((20100 + NUMBER)) SCRAPER=''
t_end_first() { [ -z "$SCRAPER" ] || { kill "$SCRAPER"; wait "$SCRAPER"; } 2>/dev/null; }
t_stop_daemon
echo "token_listen = 127.0.0.1:$PORT" >>"$T/conf"
t_start_daemon || exit 1
B tenant create acme >/dev/null 2>&1; B tenant create globex >/dev/null 2>&1
B create web --tenant acme --template busybox --memory 64M --disk 64M --cpus 1.5 --start >/dev/null 2>&1 || fail "create web"
B create db --tenant globex --template busybox --memory 96M --disk 64M --start >/dev/null 2>&1 || fail "create db"
B create mail --tenant acme --template busybox --memory 32M --disk 64M --start >/dev/null 2>&1 || fail "create mail"
B create idle --tenant acme --template busybox --memory 64M --disk 64M >/dev/null 2>&1 || fail "create idle"
auditor=$(B token create prometheus --role auditor 2>/dev/null) acme=$(B token create panel --role viewer --tenant acme 2>/dev/null)
ID=$(field acme:web id)
# metrics TOKEN [CURL OPTION…]: body to $T/metrics, head to $T/head.
metrics() { curl -s -D "$T/head" -o "$T/metrics" -H "Authorization: Bearer $1" "${@:2}" "http://127.0.0.1:$PORT/v1/metrics"; }
# value NAME LABELS: of what was read last.
value() { awk -v k="berth_$1${2:+{$2\}}" '$1 == k { print $2 }' "$T/metrics"; }
web="tenant=\"acme\",name=\"web\",id=\"$ID\""
sampled() { metrics "$auditor" && [ -n "$(value container_cpu_seconds_total "$web")" ]; }
ok "readings come" wait_for 10 sampled

like "text 0.0.4 is the default" '^Content-Type: text/plain; version=0.0.4; charset=utf-8' "$(cat "$T/head")"
is "memory limit" 67108864 "$(value container_memory_limit_bytes "$web")"
is "CPU limit" 1.500 "$(value container_cpu_limit "$web")"
like "CPU time" '^[0-9]+\.?[0-9]*$' "$(value container_cpu_seconds_total "$web")"
[ "$(value container_memory_bytes "$web")" -gt 0 ] && pass "memory" || fail "memory: $(value container_memory_bytes "$web")"
[ "$(value container_processes "$web")" -gt 0 ] && pass "processes" || fail "processes: $(value container_processes "$web")"
is "containers by state" "3 1 0" "$(value containers 'state="running"') $(value containers 'state="stopped"') $(value containers 'state="crashed"')"
is "a container's state" 1 "$(grep -c '^berth_container_state{.*name="idle".*state="stopped"} 1$' "$T/metrics")"
is "operations" 4 "$(value operations 'kind="container_create",state="succeeded"')"
like "the daemon's own" '^[0-9]+$' "$(value api_database_bytes)"
python3 - "$(field acme:web pid)" "$(field acme:mail 'ip[]' | grep -v :)" <<'E2'
import socket, subprocess, sys
subprocess.run(["nsenter", "-t", sys.argv[1], "-n", "python3", "-c", """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(10): s.sendto(b'x' * 972, ('%s', 9))""" % sys.argv[2]], check=True)
E2
sent_is() { metrics "$auditor" && [ "$(value container_traffic_bytes_total "$web,direction=\"out\",family=\"ipv4\",class=\"paid\"")" = 10000 ]; }
ok "traffic, to the byte" wait_for 6 sent_is
is "and packets" 10 "$(value container_traffic_packets_total "$web,direction=\"out\",family=\"ipv4\",class=\"paid\"")"
unlike "no secret" "$(cut -d_ -f3- <<<"$auditor")|$(cut -d_ -f3- <<<"$acme")" "$(cat "$T/metrics")"

metrics "$acme"
is "a tenant sees its own alone" "acme" "$(grep -oE 'tenant="[^"]*"' "$T/metrics" | sort -u | cut -d'"' -f2 | xargs)"
is "counts too" "2 3" "$(value containers 'state="running"') $(value operations 'kind="container_create",state="succeeded"')"
unlike "nothing of the host" 'berth_(api|build|sampler)_' "$(cat "$T/metrics")"
is "nobody without a token" 401 "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/v1/metrics")"
like "the client reads it" '^berth_containers' "$(B query GET /v1/metrics)"

open='application/openmetrics-text;version=1.0.0'
metrics "$auditor" -H "Accept: $open,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
like "OpenMetrics where it is asked for" '^Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8' "$(cat "$T/head")"
is "which ends so" '# EOF' "$(tail -n 1 "$T/metrics")"
is "a counter's family has no suffix" "1 0" "$(grep -c '^# TYPE berth_container_cpu_seconds counter$' "$T/metrics") $(grep -c '^# TYPE .*_total' "$T/metrics")"
/usr/bin/python3 - "$T/metrics" <<'E2' && pass "families stand together, each sample once" || fail "OpenMetrics"
import re, sys
families, seen, now = set(), set(), None
lines = open(sys.argv[1]).read().split("\n")
assert lines[-1] == "" and lines[-2] == "# EOF" and "" not in lines[:-1]
for line in lines[:-2]:
    head = re.fullmatch(r"# (HELP|TYPE) (\S+) (.+)", line)
    if head:
        if head[1] == "HELP":
            assert head[2] not in families, line
            families.add(head[2])
            now = head[2]
        assert head[2] == now, line
        kind = head[3] if head[1] == "TYPE" else None
        continue
    sample = re.fullmatch(r'([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})?) (-?[0-9.]+)', line)
    assert sample, line
    name = sample[1].split("{")[0]
    assert name == now + ("_total" if kind == "counter" else ""), line
    assert sample[1] not in seen, line
    seen.add(sample[1])
E2
metrics "$auditor" -H "Accept: text/plain, $open;q=0.5"
like "who would rather have text has it" '^Content-Type: text/plain' "$(cat "$T/head")"
metrics "$auditor" -H "Accept: $(printf 'x/y%.0s,' $(seq 500))" -H "Accept: text/html"
like "also with more in Accept than can be read" '^Content-Type: text/plain' "$(cat "$T/head")"
metrics "$auditor" -H "Accept: text/html" -H "Accept: $open"
like "and in several lines" '^Content-Type: application/openmetrics-text' "$(cat "$T/head")"

if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
	skip "no prometheus here (scripts/deps check installs it): promtool, and a scrape"
	exit
fi
metrics "$auditor"
is "promtool accepts it, without a remark" "" "$(promtool check metrics <"$T/metrics" 2>&1)"
metrics "$acme"
is "a tenant's as well" "" "$(promtool check metrics <"$T/metrics" 2>&1)"

(umask 077; printf %s "$auditor" >"$T/auditor"; printf %s "$acme" >"$T/acme")
cat >"$T/prometheus.yml" <<-END
	global: { scrape_interval: 1s }
	scrape_configs:
	  - job_name: all
	    metrics_path: /v1/metrics
	    authorization: { credentials_file: $T/auditor }
	    static_configs: [ { targets: [ "127.0.0.1:$PORT" ] } ]
	  - job_name: acme
	    metrics_path: /v1/metrics
	    authorization: { credentials_file: $T/acme }
	    static_configs: [ { targets: [ "127.0.0.1:$PORT" ] } ]
END
ok "promtool reads the configuration" promtool check config "$T/prometheus.yml"
prometheus --config.file="$T/prometheus.yml" --storage.tsdb.path="$T/tsdb" --web.listen-address="127.0.0.1:$WEB" >"$T/prometheus.log" 2>&1 &
SCRAPER=$!
# ask QUERY: the values of a PromQL expression, with their names.
ask() { curl -s --get --data-urlencode "query=$1" "http://127.0.0.1:$WEB/api/v1/query" | jq -r '.data.result[] | "\(.metric.name) \(.value[1])"' | sort | xargs; }
both_up() { [ "$(ask 'sum(up)')" = "null 2" ]; }
ok "Prometheus scrapes both" wait_for 20 both_up
is "who sees all sees all" "db 100663296 idle 67108864 mail 33554432 web 67108864" "$(ask 'berth_container_memory_limit_bytes{job="all"}')"
is "the tenant's own alone" "idle 67108864 mail 33554432 web 67108864" "$(ask 'berth_container_memory_limit_bytes{job="acme"}')"
is "a counter" "web 10000" "$(ask "berth_container_traffic_bytes_total{job=\"all\",id=\"$ID\",direction=\"out\",family=\"ipv4\",class=\"paid\"}")"
B exec acme:web -- sh -c 'i=0; while [ $i -lt 600000 ]; do i=$((i+1)); done' >/dev/null
rated() { [ "$(ask 'rate(berth_container_cpu_seconds_total{job="all",name="web"}[1m]) > bool 0')" = "web 1" ]; }
ok "of which it makes rates" wait_for 10 rated
