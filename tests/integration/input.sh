#!/bin/bash
# Bad input: each a precise answer that names the field, nothing changed, and the daemon alive.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
C=/v1/containers
ok "one container" B create web --template busybox --disk 64M --ip "$SUBNET.50"
before=$(B list -o json)

api_is 422 invalid "an unknown key" POST $C '{"name":"a","template":"busybox","colour":"red"}'
like "is named" '"colour"' "$(cat "$T/body")"
api POST $C '{"name":"A_","template":"busybox","memory":1,"cpus":"many","pids":-1,"hostname":"-x-"}' >/dev/null
is "several wrong fields are told together" "cpus hostname memory name pids" "$(jq -r '[.invalid_params[].name] | sort | unique | join(" ")' <"$T/body")"
api_is 422 invalid "a missing field" POST $C '{"name":"a"}'
api_is 422 invalid "a wrong type" POST $C '{"name":"a","template":"busybox","memory":[]}'
api_is 422 invalid "null" POST $C '{"name":"a","template":"busybox","memory":null}'
api_is 422 invalid "a number past every bound" POST $C '{"name":"a","template":"busybox","memory":99999999999999999999999}'
api_is 422 invalid "a NUL in a text" POST $C '{"name":"a\u0000b","template":"busybox"}'
api_is 422 invalid "a line break in a text" POST $C '{"name":"a","template":"busybox","hostname":"x\ny"}'
api_is 422 invalid "a name that is no DNS label" POST $C '{"name":"1a","template":"busybox"}'
api_is 422 invalid "a name that is a UUID" POST $C '{"name":"aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa","template":"busybox"}'
api_is 422 invalid "a template that doesn't exist" POST $C '{"name":"a","template":"nothing"}'
api_is 422 invalid "an address outside the prefixes" POST $C '{"name":"a","template":"busybox","ip":["8.8.8.8"]}'
api_is 422 invalid "a loopback address" POST $C '{"name":"a","template":"busybox","ip":["127.0.0.1"]}'
api_is 409 name_taken "a name that is taken" POST $C '{"name":"web","template":"busybox"}'
api_is 409 address_taken "an address that is taken" POST $C "{\"name\":\"a\",\"template\":\"busybox\",\"ip\":[\"$SUBNET.50\"]}"
api_is 422 invalid "a read-only field" PATCH $C/web '{"ctid":5}'
api_is 422 invalid "a field that can't be changed" PATCH $C/web '{"template":"busybox"}'
api_is 412 precondition_failed "a stale If-Match" PATCH $C/web '{"pids":100}' -H 'If-Match: "999"'
api_is 404 not_found "an unknown container" GET $C/nothing
api_is 404 not_found "a path that isn't there" GET /v1/nothing
api_is 405 method_not_allowed "a method that isn't there" PUT $C/web '{}'
api_is 400 bad_request "no JSON" POST $C '{"name":'
api_is 400 bad_request "JSON and more" POST $C '{}{}'
api_is 400 bad_request "an array" POST $C '[]'
api_is 400 bad_request "an empty body" POST $C ' '
api_is 400 bad_request "JSON too deep" POST $C "$(printf '[%.0s' $(seq 1000))"
api_is 422 invalid "an unknown query parameter" GET "$C?colour=red"
api_is 422 invalid "a limit out of range" GET "$C?limit=0"
api GET "$C?name=%25" >/dev/null
is "a % in a filter is literal" 0 "$(jq '.items | length' <"$T/body")"
api GET "$C?name=w_b" >/dev/null
is "an _ in a filter is literal" 0 "$(jq '.items | length' <"$T/body")"

head -c 2000000 /dev/zero | tr '\0' 'a' >"$T/large"
code=$(curl -s -o "$T/body" -w '%{http_code}' --unix-socket "$BERTH_SOCKET" -H 'Content-Type: application/json' --data-binary "@$T/large" http://b$C)
is "a body over the limit" 413 "$code"
cat >"$T/raw.py" <<'END'
import socket, sys
for name, data in (("garbage", b"\x00\x01\x02\r\n\r\n"), ("no version", b"GET /v1\r\n\r\n"), ("two lengths", b"POST /v1/containers HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
                   ("negative length", b"POST /v1/containers HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), ("long header", b"GET /v1 HTTP/1.1\r\nX: " + b"a" * 100000 + b"\r\n\r\n"),
                   ("long path", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n"), ("bad chunk", b"POST /v1/containers HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
                   ("both lengths", b"POST /v1/containers HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")):
    s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1])
    try:
        s.sendall(data); reply = s.recv(65536)
    except OSError:
        reply = b""
    print(name, reply.split(b" ")[1].decode() if reply.startswith(b"HTTP/1.") else "closed")
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1])
s.sendall(b"GET /v1 HTTP/1.0\r\n\r\n"); print("http10", s.recv(65536).split(b" ")[1].decode())
END
out=$(python3 "$T/raw.py" "$BERTH_SOCKET")
unlike "malformed HTTP is refused" ' (200|201|202|500|502|503)$' "$(grep -v http10 <<<"$out")"
like "HTTP/1.0 without Host works" 'http10 200' "$out"
is "nothing was changed" "$before" "$(B list -o json)"
ok "the daemon is alive" B version

as_user 65534 "$BUILD/berth" list >/dev/null 2>"$T/err"; is "another user is denied" 5 $?
like "and told which group" 'berth' "$(cat "$T/err")"
fails 2 'memory' "the client: a wrong size" B create x --template busybox --memory 1X
fails 2 'cpus' "the client: no number" B create x --template busybox --cpus many
fails 2 'colour|unknown' "the client: an unknown key" B set web colour=red
fails 2 '' "the client: an unknown verb" B lits
fails 2 "'berth help show' tells" "the client: a missing word points to the verb's own help" B show
is "exec's usage has its options before the command's" "Usage: berth exec NAME [OPTION]… -- COMMAND…" "$(B help exec | head -n 1)"
is "no line of a help ends with a space" "" "$(for v in create set exec recover "tenant create"; do B help $v; done | grep -n ' $')"
printf 'ssh-ed25519 AAAA me\r\nroot:$y$secret:1:0\n' >"$T/shadow"
fails 2 'line 2 of .*/shadow must be a public key' "the client: a file that is no file of keys" B create x --template busybox --ssh-key "$T/shadow"
unlike "what it holds isn't shown" 'secret' "$(B create x --template busybox --ssh-key "$T/shadow" 2>&1)"
printf '# mine\r\n\r\nssh-ed25519 AAAA me\r\n' >"$T/keys.pub"
ok "the client: a file of keys with other line ends" B create x --template busybox --ssh-key "$T/keys.pub" --dry-run
is "nothing to do is told, and no error" "0 There is no container that it applies to" "$(out=$(B stop --label nobody 2>&1); echo "$? $out")"
is "but not to who wants it quiet" "" "$(B stop --label nobody -q 2>&1)"
fails 2 'verb .rm.\. Did you mean .delete' "another tool's word is told in ours" B rm web
fails 2 'Did you mean .ip list' "in a group as well" B ip ls
is "what is near nothing isn't guessed at" "berth: There is no verb 'foo'
'berth help' tells how to use it." "$(B help foo 2>&1)"
fails 2 'cpus: .0. must be from 0.01 to 4096' "bounds as the help has them" B create x --template busybox --cpus 0
fails 2 'kind.*must be the kind of an operation' "a kind of operations that there is none of" B operation list --kind create
fails 2 'kind.*must be the kind of an operation' "in the audit neither" B audit --kind create
fails 2 '^berth: --last 0 must be from 1' "the option is named as it was typed" B audit --last 0
fails 2 'timeout and --kill exclude' "what contradicts itself" B stop web --timeout 5 --kill
fails 2 'token create. needs NAME --role ROLE' "what is required is in the usage" B token create
fails 3 "no token 'web': it goes by its id" "a token by its name" B token show web
fails 3 "no webhook 'web': it goes by its id" "a webhook" B webhook show web
fails 2 'state.*must be.*running' "a state that there is none of" B list --state up
fails 2 'state.*must be.*queued' "of an operation neither" B operation list --state running,failed
fails 3 '^berth: Process 1 belongs to no container' "which names what it was asked for: a process" B which 1
fails 3 '^berth: 198.51.100.7 belongs to no container' "an address" B which 198.51.100.7
fails 3 '^berth: User id 1 belongs to no container' "a user id" B which uid:1
BERTH_SOCKET=$T/nothing fails 7 '' "the client: no daemon" "$BUILD/berth" list

"$BUILD/berthd" --check-config --config /dev/stdin <<<$'subnet4 = 10.0.0.0/8\ncolour = red' >/dev/null 2>"$T/err"; is "a wrong option" 2 $?
like "is told by line and name" ':2:.*colour' "$(cat "$T/err")"
wrong_option() { "$BUILD/berthd" --check-config --config /dev/stdin <<<"$1" 2>&1; }
like "a number past its bounds too, and its bounds" ":1: option 'stop_timeout' must be from 1 to 3600" "$(wrong_option 'stop_timeout = 0')"
like "one that is unknown" ":1: option 'colour' is unknown" "$(wrong_option 'colour = red')"
like "several values on one line" ":1: option 'addresses' .* each value has a line of its own" "$(wrong_option 'addresses = 203.0.113.0/26, 198.51.100.0/24')"
like "one that is set twice" ":3: option 'id_count' is set a second time" "$(wrong_option $'id_count = 1\n\nid_count = 2')"
is "but lists" "The configuration is right." "$(wrong_option $'dns = 192.0.2.1\ndns = 192.0.2.2\naddresses = 203.0.113.0/29\n  203.0.113.8/29')"
fails 2 'pool-size' "a wrong option on the command line" "$BUILD/berthd" --check-config --config /dev/null --pool-size 1
fails 4 'another berthd' "a second daemon" "$BUILD/berthd" --foreground --config "$T/conf"

ok "a container with all that can be chosen" B set web labels=a=b "firewall=allow in tcp 22" traffic=1T traffic_80=event traffic_100=throttle
ok "a network" B network create back --prefix 10.9.0.0/24
ok "it is on it" B set web net=back
page=$(B show web)
for field in $(B show web -o json | jq -r 'del(.limits) | keys[]'); do grep -q "^  $field " <<<"$page" || echo "$field"; done >"$T/missing"
is "a person's page shows every field" "" "$(cat "$T/missing")"
fails 2 "at 3 must be from 1 to 2" "a rule's place that there isn't" B firewall add web --at 3 allow in tcp 23
fails 3 "no 'allow in tcp 23': give it as it is listed" "a rule that there isn't" B firewall delete web allow in tcp 23
ok "start" B start web
like "CPU time isn't taken for a number of CPUs" '^cpus +1\.0 +1\.0 +[0-9.]+s ' "$(B show web)"
fails 4 "isn't frozen: it is running" "thawed is who was frozen" B thaw web
ok "freeze" B freeze web
fails 4 "is frozen already" "frozen once" B freeze web
ok "thaw" B thaw web
ok "fill it" eval 'B exec web -- dd if=/dev/zero of=/root/fill bs=1M count=20 2>/dev/null && B exec web -- sync'
fails 4 'disk holds [0-9]+M: the limit can.t become 16M' "sizes in units" B set web disk=16M
cat >"$T/narrow.py" <<'END'
import sys
from terminal import Terminal
t = Terminal(["sh", "-c", "stty cols 80; exec \"$@\"", "-", *sys.argv[1:]])
t.until(b"\0", 5)
t.end()
END
id=$(B operation list -q | head -n 1)
like "on a narrow terminal an id stays whole" "$id" "$(PYTHONPATH=$TOP/tests/lib python3 "$T/narrow.py" "$BUILD/berth" operation list)"
is "and no line of the overview is cut" "" "$(PYTHONPATH=$TOP/tests/lib python3 "$T/narrow.py" "$BUILD/berth" help | tr -d '\r' | LC_ALL=C.UTF-8 grep -E '.{81}')"
