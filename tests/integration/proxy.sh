#!/bin/bash
# Behind nginx and haproxy, with the configuration that Berth ships and a certificate of its own making: tokens, streams, upgrades and
# large bodies pass through TLS as they are.
. "$(dirname "$0")/../lib/lib.sh"
for program in nginx haproxy openssl; do
	command -v "$program" >/dev/null || skip_all "$program isn't installed: scripts/deps check"
done
export EXTRA_CONF="max_body = 8M"
t_begin
TS=$T/r/token.sock
B tenant create acme >/dev/null 2>&1
token=$(B token create panel --role owner --tenant acme 2>/dev/null)
auth="Authorization: Bearer $token"
ports=($((21000 + NUMBER)) $((22000 + NUMBER)))
proxies=()
t_end_first() { [ ${#proxies[@]} = 0 ] || { kill "${proxies[@]}"; wait "${proxies[@]}"; } 2>/dev/null; }

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=berth.example.org \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$T/berth.key" -out "$T/berth.crt" 2>/dev/null
cat "$T/berth.crt" "$T/berth.key" >"$T/berth.pem"

# As shipped, but for places and ports.
sed -E "s#/run/berth/token.sock#$TS#; s#/etc/nginx/berth-proxy.conf#$T/berth-proxy.conf#; s#/etc/nginx/berth\.#$T/berth.#
	s#^(\s*listen) 8443#\1 127.0.0.1:${ports[0]}#; /listen \[::\]/d" "$TOP/doc/examples/nginx.conf" >"$T/site.conf"
cp "$TOP/doc/examples/nginx-berth-proxy.conf" "$T/berth-proxy.conf"
cat >"$T/nginx.conf" <<-END
	daemon off;
	user www-data;
	worker_processes 1;
	pid $T/nginx.pid;
	error_log $T/nginx.log;
	events { worker_connections 512; }
	http {
		access_log off;
		client_body_temp_path $T/nginx-body; proxy_temp_path $T/nginx-proxy; fastcgi_temp_path $T/nginx-f;
		uwsgi_temp_path $T/nginx-u; scgi_temp_path $T/nginx-s;
		include $T/site.conf;
	}
END
sed -E "s#unix@/run/berth/token.sock#unix@$TS#; s#bind :8443#bind 127.0.0.1:${ports[1]}#; s#/etc/haproxy/berth.pem#$T/berth.pem#; /log \/dev\/log/d; /^\tlog global/d" \
	"$TOP/doc/examples/haproxy.cfg" >"$T/haproxy.cfg"
ok "nginx takes the configuration" nginx -t -q -c "$T/nginx.conf"
ok "so does haproxy" haproxy -c -q -f "$T/haproxy.cfg"
nginx -c "$T/nginx.conf" >>"$T/nginx.log" 2>&1 &
proxies+=($!)
haproxy -db -f "$T/haproxy.cfg" >"$T/haproxy.log" 2>&1 &
proxies+=($!)

C=(curl -s -m 20 --cacert "$T/berth.crt")
# ask URL [OPTION…]: body to $T/body, head to $T/head, status to $status.
ask() { status=$("${C[@]}" -o "$T/body" -D "$T/head" -w '%{http_code}' "$@"); }
proxied() { python3 "$TOP/tests/lib/proxied.py" "$@"; }
api_connections() { ss -Hxa src "$TS" | grep -c ESTAB; }
up() { "${C[@]}" -o /dev/null "$1"; }
# What twenty requests take, in ms.
twenty() {
	local begin
	begin=$(date +%s%N)
	for _ in $(seq 20); do ask "$url/v1/containers/$name" -H "$auth"; done
	echo $((($(date +%s%N) - begin) / 1000000))
}
python3 -c 'import json; print(json.dumps({"name": "large", "template": "busybox", "labels": ["note=" + "x" * 5000000]}))' >"$T/large"
python3 -c 'print("{\"name\":\"" + "x" * 9000000 + "\"}")' >"$T/larger"

through() {
	local proxy=$1 url=https://localhost:$2 name=$1 op begin alone beside
	ok "$proxy answers" wait_for 10 up "$url/v1"
	ask "$url/v1"
	is "$proxy: no token is 401" "401 unauthorized" "$status $(jq -r .code <"$T/body")"
	like "which asks for one" '^www-authenticate: Bearer' "$(tr '[:upper:]' '[:lower:]' <"$T/head" | sed 's/bearer/Bearer/')"
	ask "$url/v1" -H "$auth"
	is "with it one is its owner" "200 owner" "$status $(jq -r .role <"$T/body")"
	ask "$url/v1" -H "$auth" -H 'X-Forwarded-For: 127.0.0.1' -H 'Forwarded: for=127.0.0.1'
	is "whatever address is claimed" "200 owner" "$status $(jq -r .role <"$T/body")"
	ask "$url/" -H "$auth"
	is "nothing else is reached" 404 "$status"

	# Create, and follow it as it goes on.
	ask "$url/v1/containers" -H "$auth" -H "Idempotency-Key: $proxy" --json "{\"name\":\"$name\",\"template\":\"busybox\",\"memory\":\"64M\",\"disk\":\"64M\"}"
	is "create is 202" 202 "$status"
	op=$(jq -r .id <"$T/body")
	like "the place of its operation passes" "^[Ll]ocation: /v1/operations/$op" "$(cat "$T/head")"
	like "it is followed to its end" ' end .*"state":"succeeded"' "$(proxied follow "$url" "$token" "/v1/operations/$op/events")"
	proxied follow "$url" "$token" "/v1/events?container=$name" >"$T/followed" &
	follower=$!
	wait_for 5 grep -q container.created "$T/followed"
	begin=$(date +%s%N)
	ask "$url/v1/containers/$name/start" -X POST -H "$auth"
	ok "an event passes while the stream goes on" wait_for 5 grep -q container.started "$T/followed"
	ok "at once" test $((($(date +%s%N) - begin) / 1000000)) -lt $((3000 * ${T_SLOW:-1}))
	kill $follower 2>/dev/null

	# Upgrades.
	is "a command inside" "in
7" "$(echo in | proxied exec "$url" "$token" "$name" sh -c 'cat; exit 7'; echo $?)"
	is "a million bytes both ways" "$(head -c 1000000 /dev/zero | sha256sum)" "$(head -c 1000000 /dev/zero | proxied exec "$url" "$token" "$name" cat | sha256sum)"
	ask "$url/v1/containers/$name/exec" -H "$auth" --json '{"argv":["true"]}'
	is "without the upgrade it is told" "426 upgrade_required" "$status $(jq -r .code <"$T/body")"
	B exec "acme:$name" -- sh -c 'echo written to the console >/dev/console'
	like "the console's log" 'written to the console' "$("${C[@]}" -H "$auth" "$url/v1/containers/$name/logs?tail=5")"
	"${C[@]}" -N -H "$auth" "$url/v1/containers/$name/logs?follow=true" >"$T/logs" &
	follower=$!
	sleep 0.5
	B exec "acme:$name" -- sh -c 'echo and more of it >/dev/console'
	ok "followed, as it is written" wait_for 5 grep -q 'and more of it' "$T/logs"
	kill $follower

	# Kept connections, to the proxy and from it.
	is "many requests over one connection" "200 1" "$(proxied kept "$url" "$token" /v1/containers 50)"
	ok "few connections to the API" test "$(api_connections)" -le 20

	# Large, too large, slow.
	ask "$url/v1/containers" -H "$auth" --json @"$T/large"
	is "a body of 5 MB is judged by the API" "422 invalid" "$status $(jq -r .code <"$T/body")"
	ask "$url/v1/containers" -H "$auth" --json @"$T/larger"
	is "one that is too large for it as well" "413 body_too_large" "$status $(jq -r .code <"$T/body")"
	alone=$(twenty)
	"${C[@]}" --limit-rate 60k -H "$auth" "$url/v1/openapi.json" -o "$T/slow" &
	slow=$!
	beside=$(twenty)
	ok "beside a slow reader others are served: $beside ms, alone $alone" test "$beside" -lt $((3 * alone + 2000))
	wait $slow
	ok "and he gets all of it" jq -e .openapi "$T/slow"
}
through nginx "${ports[0]}"
through haproxy "${ports[1]}"
is "what the proxies say of it" "" "$(grep -E '\[(crit|alert|emerg)\]' "$T/nginx.log"; grep -E 'ALERT' "$T/haproxy.log")"
