#!/bin/bash
# Callers with a token alone have listeners of their own, a Unix socket and a loopback port: whoever they are on this host, only the
# token counts; and who guesses is slowed down, alone.
. "$(dirname "$0")/../lib/lib.sh"
export EXTRA_CONF="tenant_streams = 6"
t_begin
PORT=$((20000 + NUMBER))
TS=$T/r/token.sock
# at WHERE METHOD PATH [CURL OPTION…]: body to $T/body, head to $T/head, status to $status.
at() {
	local where=("--unix-socket" "$TS") to=http://localhost
	[ "$1" = unix ] || { where=(); to=http://$1; }
	status=$(curl -s -m 10 -o "$T/body" -D "$T/head" -w '%{http_code}' "${where[@]}" -X "$2" "${@:4}" "$to$3")
}
bearer() { printf 'Authorization: Bearer %s' "$1"; }
code() { jq -r .code <"$T/body"; }

is "its socket is there, for all" "srw-rw-rw-" "$(stat -c %A "$TS")"
B tenant create acme >/dev/null 2>&1
acme=$(B token create panel --role owner --tenant acme 2>/dev/null) admin=$(B token create root --role admin 2>/dev/null)
at unix GET /v1
is "no token is 401, also of root" "401 unauthorized" "$status $(code)"
like "which says what is wanted" '^WWW-Authenticate: Bearer' "$(cat "$T/head")"
at unix GET /v1/containers -H "$(bearer "${acme}x")"
is "a wrong one as well" "401 unauthorized" "$status $(code)"
at unix GET /v1/containers -H "Authorization: Basic cm9vdDpyb290"
is "and another scheme" "401 unauthorized" "$status $(code)"
at unix GET /v1 -H "$(bearer "$acme")"
is "a right one is its owner" "200 owner acme" "$status $(jq -r '"\(.role) \(.tenant)"' <"$T/body")"
at unix GET /v1 -H "$(bearer "$admin")" -H 'X-Forwarded-For: 10.0.0.1' -H 'Forwarded: for=10.0.0.1'
is "an admin's is one" "200 admin" "$status $(jq -r .role <"$T/body")"
own() { BERTH_TOKEN=$acme BERTH_SOCKET=$TS setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/berth" "$@"; }
ok "the client speaks to it" own create web --template busybox --memory 64M --disk 64M --start
is "a command inside, with its streams and its code" "out
7" "$(own exec web -- sh -c 'echo out; echo err >&2; exit 7' 2>/dev/null; echo $?)"
is "bytes both ways" 300000 "$(head -c 300000 /dev/zero | own exec web -- cat | wc -c)"
fails 5 "token" "without its token it says so" env -u BERTH_TOKEN BERTH_SOCKET="$TS" "$BUILD/berth" list

# Revoked at once, also what goes on.
short=$(B token create short --role owner --tenant acme 2>/dev/null)
curl -sN --unix-socket "$TS" -H "$(bearer "$short")" http://localhost/v1/events >"$T/followed" &
follower=$!
BERTH_TOKEN=$short BERTH_SOCKET=$TS "$BUILD/berth" exec web -- sh -c 'echo begun; exec sleep 300' >"$T/ran" 2>&1 </dev/null &
runner=$!
ok "streams of a token" wait_for 10 grep -q begun "$T/ran"
like "go on" 'container.started' "$(wait_for 5 grep -q container.started "$T/followed"; cat "$T/followed")"
ok "revoked" B token delete "$(cut -d_ -f2 <<<"$short")"
gone() { ! kill -0 "$1" 2>/dev/null; }
ok "events end with their token" wait_for 3 gone $follower
ok "commands too" wait_for 3 gone $runner
nothing_sleeps() { ! B exec acme:web -- pidof sleep; }
ok "also inside" wait_for 5 nothing_sleeps

# A tenant's streams are bounded, not those of others.
pids=()
for _ in 1 2 3 4 5 6; do curl -sN --unix-socket "$TS" -H "$(bearer "$acme")" http://localhost/v1/events >/dev/null & pids+=($!); done
six() { [ "$(find "/proc/$(pgrep -P "$DAEMON" -x berth-api)/fd" -lname 'socket:*' | wc -l)" -ge 11 ]; }
wait_for 5 six
at unix GET '/v1/events' -H "$(bearer "$acme")"
is "one more is refused" "429 too_many_streams" "$status $(code)"
like "with a time" '^Retry-After: [0-9]' "$(cat "$T/head")"
at unix POST /v1/containers/web/exec -H "$(bearer "$acme")" -H 'Connection: Upgrade' -H 'Upgrade: berth-stream/1' -d '{"argv":["true"]}'
is "also a command" "429 too_many_streams" "$status $(code)"
at unix GET '/v1/containers' -H "$(bearer "$acme")"
is "what is no stream goes on" 200 "$status"
ok "and so do others" B exec acme:web -- true
kill "${pids[@]}"
at_last() { own exec web -- true; }
ok "and it, when some have ended" wait_for 5 at_last

# Guessing: past a measure the answer is 429, and the connection ends. Who has a right token notices nothing.
id=$(cut -d_ -f2 <<<"$acme")
guess() {
	curl -s --unix-socket "$1" -H "$(bearer "berth_${id}_$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d =)")" \
		-o /dev/null -w '%{http_code}\n' "http://localhost/v1?fields=[1-60]" | sort -u | xargs
}
is "who guesses is told to wait" "401 429" "$(guess "$TS")"
at unix GET /v1 -H "$(bearer "berth_${id}_AAAA")"
is "typed" "429 too_many_failures" "$status $(code)"
like "with a time" '^Retry-After: [0-9]' "$(cat "$T/head")"
like "and cut off" '^Connection: close' "$(cat "$T/head")"
at unix GET /v1 -H "$(bearer "$acme")"
is "the token's owner is served, from the same source at that" "200 owner" "$status $(jq -r .role <"$T/body")"
like "the log tells of it" "wrong tokens faster than" "$(cat "$T/log")"
is "on the API's socket as well" "401 429" "$(sleep 16; guess "$BERTH_SOCKET")"
ok "where the peer's credentials still count" B list

# A loopback port. And a token that has some seconds left: what it began ends with it.
brief=$(B token create brief --role viewer --tenant acme --lifetime 3600 2>/dev/null)
t_stop_daemon
sqlite3 "$T/s/db/berth.db" "UPDATE token SET expires_at = strftime('%s') + $((8 * ${T_SLOW:-1})) WHERE name = 'brief'"
printf 'token_listen = %s\n' "127.0.0.1:$PORT" "[::1]:$PORT" "$T/r/t2.sock" "$TS" >>"$T/conf"
t_start_daemon
curl -sN --unix-socket "$TS" -H "$(bearer "$brief")" http://localhost/v1/events >/dev/null &
follower=$!
sleep 1
ok "a stream goes on while its token lives" kill -0 $follower
for where in "127.0.0.1:$PORT" "[::1]:$PORT"; do
	at "$where" GET /v1
	is "$where: 401 without" 401 "$status"
	at "$where" GET /v1 -H "$(bearer "$acme")"
	is "its owner" "200 owner" "$status $(jq -r .role <"$T/body")"
done
is "another socket" 200 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$T/r/t2.sock" -H "$(bearer "$acme")" http://localhost/v1)"
is "an exec over it" "in 0" "$(echo in | python3 "$TOP/tests/lib/proxied.py" exec "http://127.0.0.1:$PORT" "$acme" web cat) $?"
ok "and ends with it" wait_for 10 gone $follower
for _ in $(seq 40); do at unix GET /v1 -H "$(bearer "$brief")"; done
is "one that has ended is told so, however often it is shown" "401 unauthorized" "$status $(code)"
is "nothing listens but there" "127.0.0.1:$PORT [::1]:$PORT" "$(ss -Htln "sport = :$PORT" | awk '{ print $4 }' | sort | xargs)"
for bad in 0.0.0.0:80 192.0.2.1:8440 '*:8440' localhost:8440 127.0.0.1 127.0.0.1:0 127.0.0.1:99999 '[::]:80' relative.sock; do
	fails 2 "token.listen.*(loopback|path)" "not $bad" "$BUILD/berthd" --check-config --config "$T/conf" --token-listen "$bad"
done
fails 2 "token_listen.*off" "off is alone" "$BUILD/berthd" --check-config --config "$T/conf" --token-listen off --token-listen 127.0.0.1:1
t_stop_daemon
sed -i '/^token_listen/d' "$T/conf"

# systemd's sockets, by their names.
activate=(python3 "$TOP/tests/lib/activate.py" "$BERTH_SOCKET" - 0 --token)
berthd=("$BUILD/berthd" --foreground --config "$T/conf")
"${activate[@]}" "127.0.0.1:$PORT" "${berthd[@]}" >>"$T/log" 2>&1 </dev/null &
DAEMON=$!
ok "started by systemd" wait_for 20 t_answers
at "127.0.0.1:$PORT" GET /v1 -H "$(bearer "$acme")"
is "its socket named token takes tokens" 200 "$status"
at "127.0.0.1:$PORT" GET /v1
is "alone" 401 "$status"
at unix GET /v1 -H "$(bearer "$acme")"
is "beside what the option names" 200 "$status"
t_stop_daemon
fails 2 "token_listen' is off.*berthd-token.socket" "one that the options don't want is refused" "${activate[@]}" "$T/r/token.sock" "${berthd[@]}" --token-listen off
fails 2 "reached from outside" "and one that isn't loopback's" "${activate[@]}" "0.0.0.0:$PORT" "${berthd[@]}"
t_start_daemon --token-listen off && ok "off: nothing is there" test ! -S "$T/r/token.sock" || fail "off"
