#!/bin/bash
# shellcheck disable=SC2154,SC2034
# Webhooks: events are posted, signed, in order, until they are taken; nowhere but where they may go.
. "$(dirname "$0")/../lib/lib.sh"
CA=$(mktemp -d /tmp/bt.XXXXXX)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout "$CA/key" -out "$CA/cert" -subj /CN=127.0.0.1 \
	-addext 'subjectAltName=IP:127.0.0.1' >/dev/null 2>&1
chmod 755 "$CA"; chmod 644 "$CA/cert"
EXTRA_CONF="hook_http = yes
hook_allow = 127.0.0.1/32
hook_allow_tenants = 127.0.0.2/32
hook_ca = $CA/cert
hook_retry = 1
hook_give_up = $((10 * ${T_SLOW:-1}))" t_begin
receivers=()
t_end_first() { kill "${receivers[@]}" 2>/dev/null; rm -rf "$CA"; }
# receive FOLDER [CERTIFICATE KEY]: a receiver; its port is in $port.
receive() {
	mkdir -p "$T/$1"
	python3 -B "$TOP/tests/lib/hook_receiver.py" "$T/$1" "${@:2}" >"$T/$1/log" 2>&1 &
	receivers+=($!)
	receiver=$!
	wait_for 10 eval "[ -s '$T/$1/port' ] && (exec 3<>/dev/tcp/127.0.0.1/\$(cat '$T/$1/port'))" || fail "a receiver: $(cat "$T/$1/log")"
	port=$(cat "$T/$1/port")
}
hook() { B webhook create "$@" -o json | jq -r .id; }
told() { B webhook show "$1" -o json | jq -r ".$2"; }
# seqs FOLDER PATH: the numbers that were taken there, in their order.
seqs() { jq -r --arg p "$2" 'select(.path == $p and (.broken | not)) | .headers["berth-delivery"]' "$T/$1/got" 2>/dev/null | tr '\n' ' ' | sed 's/ $//'; }
events() { for _ in $(seq "$1"); do B tenant set acme description="$RANDOM" >/dev/null 2>&1; done; }
drained() { [ "$(told "$1" pending)" = 0 ]; }
as() {
	local token=$1
	shift
	BERTH_TOKEN=$token setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/berth" "$@"
}

receive plain
U=http://127.0.0.1:$port
B tenant create acme >/dev/null 2>&1; B tenant create globex >/dev/null 2>&1
secret=$(B webhook create panel --url "$U/ok/panel" 2>/dev/null)
panel=$(B webhook list -q)
like "a secret is made and shown once" '^[0-9a-f]{64}$' "$secret"
unlike "and never again" "$secret" "$(B webhook show "$panel" -o json; B webhook list -o json; B audit -o json; B events -o json; cat "$T/log")"

# What comes, and that it is ours.
events 3
ok "events are told" wait_for 10 eval 'drained "$panel" && [ -s "$T/plain/got" ]'
wait_for 5 eval '[ "$(seqs plain /ok/panel | wc -w)" = 3 ]'
first=$(B events -o json | jq '[.[] | select(.type == "tenant.changed")] | .[0].seq')
is "each once, in order" "$first $((first + 1)) $((first + 2))" "$(seqs plain /ok/panel)"
head -n 1 "$T/plain/got" >"$T/one"
jq -rj .body "$T/one" >"$T/one.body"
is "as the journal has it" "$(B events -o json | jq -cS ".[] | select(.seq == $first)")" "$(jq -cS . "$T/one.body")"
stamp=$(jq -r '.headers["berth-timestamp"]' "$T/one") signature=$(jq -r '.headers["berth-signature"]' "$T/one")
# As the guide says it is done.
eval "$(sed -n 's/^    \(signature() .*\)/\1/p' "$TOP/doc/panel.md")"
is "signed, by the guide's openssl" "$signature" "$(signature "$secret" "$stamp" "$T/one.body")"
sed -n '/^import hashlib, hmac, time/,/^```/p' "$TOP/doc/panel.md" | grep -v '^```' >"$T/verify.py"
cat >>"$T/verify.py" <<-'END'
	import sys
	body, headers = open(sys.argv[4], "rb").read(), {"Berth-Timestamp": sys.argv[2], "Berth-Signature": sys.argv[3]}
	print(is_from_berth(sys.argv[1], headers, body), is_from_berth(sys.argv[1] + "x", headers, body), is_from_berth(sys.argv[1], headers, body + b" "))
END
is "signed, by the guide's Python" "True False False" "$(python3 "$T/verify.py" "$secret" "$stamp" "$signature" "$T/one.body")"
is "with the headers that tell it" "tenant.changed $panel application/json" "$(jq -r '.headers | "\(.["berth-event"]) \(.["berth-webhook"]) \(.["content-type"])"' "$T/one")"
fails 2 "none of created, .*traffic_reset$" "a type that there isn't: those that there are" B webhook create typo --url "$U/ok/typo" --types container.startd
fails 2 "no event.s type: there are container.*, operation.*, template.*, tenant.*, webhook.*, database" "nor such a kind" B webhook create typo --url "$U/ok/typo" --types tenant.created --types 'containers.*'
fails 2 "none of created" "nor half a word" B webhook create typo --url "$U/ok/typo" --types 'container.st*'
is "an own secret is taken" 201 "$(api POST /v1/webhooks "{\"name\":\"own\",\"url\":\"$U/ok/own\",\"secret\":\"canary-hunter2-0123\",\"types\":[\"container.*\"]}" >/dev/null; echo "$status")"
own=$(jq -r .id <"$T/body")
is "and isn't told" null "$(jq .secret <"$T/body")"
events 1
is "what isn't asked for isn't sent" "" "$(seqs plain /ok/own)"
api POST /v1/containers '{"name":"c1","tenant":"acme","template":"busybox","memory":"32M","disk":"32M"}' >/dev/null
ok "what is, is" wait_for 10 eval '[ -n "$(seqs plain /ok/own)" ]'
is "signed with the own secret" yes "$(jq -c 'select(.path == "/ok/own")' "$T/plain/got" | head -n 1 | python3 -c 'import hashlib, hmac, json, sys
r = json.load(sys.stdin)
h = r["headers"]
print("yes" if h["berth-signature"] == "sha256=" + hmac.new(b"canary-hunter2-0123", (h["berth-timestamp"] + "." + r["body"]).encode(), hashlib.sha256).hexdigest() else "no")')"
B webhook delete "$own" >/dev/null 2>&1

# Until it is taken, in order, whatever ends in between.
touch "$T/plain/broken"
maybe=$(hook maybe --url "$U/maybe")
events 3
ok "a failure is told" wait_for 10 eval '[ "$(told "$maybe" failures)" -ge 2 ]'
is "with its reason, and what waits" "it answered with 500 3 true" "$(told "$maybe" last_error) $(told "$maybe" pending) $(told "$maybe" 'next_try_at != null')"
ok "others don't wait for it" drained "$panel"
kill -KILL "$(pgrep -P "$DAEMON" -f berth-hook)"
events 1
rm "$T/plain/broken"
B webhook set "$maybe" name=mended >/dev/null 2>&1
ok "mended it is tried at once" wait_for 15 drained "$maybe"
is "in order, none left out, by another sender" "$(seq -s ' ' $(($(told "$maybe" position) - 3)) "$(told "$maybe" position)")" "$(seqs plain /maybe)"
touch "$T/plain/broken"
events 2
kill -KILL "$(pgrep -P "$DAEMON" -f berth-api)"
wait_for 10 t_answers
events 1
kill -TERM "$DAEMON"; wait "$DAEMON"
kill "$receiver"; wait "$receiver" 2>/dev/null
rm "$T/plain/broken"
t_start_daemon
ok "a refused connection is a failure" wait_for 10 eval 'told "$maybe" last_error | found -i "connect"'
receive plain
B webhook set "$maybe" name=again >/dev/null 2>&1
ok "what was missed comes after a restart of all" wait_for 20 drained "$maybe"
all=$(seqs plain /maybe | tr ' ' '\n' | uniq)
is "in order, none left out" "$(seq "$(head -n 1 <<<"$all")" "$(tail -n 1 <<<"$all")")" "$all"

# Over TLS.
receive tls "$CA/cert" "$CA/key"
tls=$(hook tls --url "https://127.0.0.1:$port/ok")
wrong=$(hook wrong --url "https://localhost.localdomain:$port/ok" --types 'tenant.*' 2>/dev/null)
other=$(hook other --url "https://127.0.0.2:$port/ok")
events 1
ok "https, by a certificate that is trusted" wait_for 10 eval '[ -n "$(seqs tls /ok)" ]'
ok "not for another name" wait_for 10 eval 'told "$other" last_error | found -i "certificate\|subject\|SSL"'
B webhook delete "$tls" "$wrong" "$other" >/dev/null 2>&1

# What an answer can't do.
port=$(cat "$T/plain/port")
redirect=$(hook redirect --url "$U/redirect") huge=$(hook huge --url "$U/huge") long=$(hook long --url "$U/long") slow=$(hook slow --url "$U/slow")
events 1
ok "a redirect isn't followed" wait_for 10 eval 'told "$redirect" last_error | found "redirects"'
unlike "not even tried" redirected "$(cat "$T/plain/got")"
ok "an answer without end is cut off, its status counts" wait_for 15 eval 'drained "$huge"'
ok "so is a head without end" wait_for 15 eval 'drained "$long" || [ "$(told "$long" failures)" -ge 1 ]'
ok "one that is slow delays nobody" wait_for 5 drained "$panel"
ok "and has failed after ten seconds" wait_for 25 eval '[ "$(told "$slow" failures)" -ge 1 ]'
like "which is told" "timed out" "$(told "$slow" last_error)"
ok "one that fails for too long is ended" wait_for 40 eval '[ "$(told "$redirect" enabled)" = false ]'
is "with an event" "redirect" "$(B events -o json | jq -r '[.[] | select(.type == "webhook.disabled" and .data.name == "redirect")][0].data.name')"
B webhook delete "$redirect" "$huge" "$long" "$slow" >/dev/null 2>&1

# Where it doesn't go.
refused() { # WHAT URL REASON
	local id
	id=$(hook refused --url "$2")
	events 1
	if wait_for 12 eval "[ \"\$(told $id failures)\" -ge 1 ] 2>/dev/null"; then like "$1" "$3" "$(told "$id" last_error)"; else fail "$1: no failure"; fi
	B webhook delete "$id" >/dev/null 2>&1
}
refused "another loopback address" "http://127.9.9.9:$port/ok" "is loopback"
refused "written otherwise" "http://2130706689:$port/ok" "is loopback"
refused "in octal" "http://0177.0.1.1:$port/ok" "is loopback"
refused "within IPv6" "http://[::ffff:127.9.9.9]:$port/ok" "is loopback"
refused "translated to IPv6" "http://[64:ff9b::a00:1]/ok" "is private"
refused "IPv6 loopback" "http://[::1]:$port/ok" "is (loopback|the host's)"
name=
for n in "$(hostname)" ip6-localhost localhost; do ! getent ahosts "$n" | found -v '^127\.0\.0\.1 ' || name=${name:-$n}; done
if [ -n "$name" ]; then refused "a name that means such" "http://$name:$port/ok" "is (loopback|the host's|private)"; else skip "no name here means an address that is refused"; fi
refused "cloud metadata" "http://169.254.169.254/latest" "is link-local"
refused "a container" "http://$SUBNET.2/" "is a container's"
refused "private" "http://192.168.1.1/" "is private"
refused "multicast" "http://224.0.0.1/" "is multicast"
own_address=$(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
if [ -n "$own_address" ]; then refused "the host" "http://$own_address:$port/ok" "is the host's|is private"; else skip "the host has no address"; fi
unlike "none of it was reached" '"to": "127.9|"path": "/latest"' "$(cat "$T/plain/got")"
for url in ftp://example.org/ "http://user:pw@127.0.0.1/" "http://127.0.0.1/a b" "http:///x" "file:///etc/passwd" "https://:443/" "gopher://127.0.0.1/"; do
	api POST /v1/webhooks "$(jq -cn --arg u "$url" '{name: "x", url: $u}')" >/dev/null
	[ "$status" = 422 ] || fail "$url: $status"
done
is "a URL that is none is refused" "0" "$(B webhook list -o json | jq '[.[] | select(.name == "x")] | length')"

# A tenant's.
acme=$(B token create a --role owner --tenant acme 2>/dev/null) globex=$(B token create g --role owner --tenant globex 2>/dev/null)
viewer=$(B token create v --role viewer --tenant acme 2>/dev/null)
ok "an owner makes one" as "$acme" webhook create mine --url "http://127.0.0.2:$port/ok/acme"
mine=$(as "$acme" webhook list -q)
ok "globex, too" as "$globex" webhook create theirs --url "http://127.0.0.2:$port/ok/globex"
events 2
B tenant set globex description=x >/dev/null 2>&1
ok "it is told" wait_for 10 eval '[ "$(seqs plain /ok/acme | wc -w)" -ge 2 ] && [ -n "$(seqs plain /ok/globex)" ]'
is "its own alone" acme "$(jq -r 'select(.path == "/ok/acme") | .body | fromjson | .tenant' "$T/plain/got" | sort -u)"
is "by its own numbers" "$(as "$acme" events -o json | jq '.[-1].seq')" "$(seqs plain /ok/acme | awk '{ print $NF }')"
fails 2 "no tenant 'globex'" "not for another" as "$acme" webhook create x --tenant globex --url "http://127.0.0.2:$port/"
fails 3 "no webhook" "another's isn't there" as "$globex" webhook show "$mine"
fails 3 "no webhook" "nor to be deleted" as "$globex" webhook delete "$mine"
is "the list is one's own" 1 "$(as "$acme" webhook list -q | wc -l)"
fails 5 "viewer doesn't allow" "a viewer has none" as "$viewer" webhook list
as "$acme" webhook create peek --url "http://127.0.0.1:$port/ok/peek" >/dev/null 2>&1
events 1
peek=$(as "$acme" webhook list -o json | jq -r '.[] | select(.name == "peek").id')
ok "what the operator's own may reach is no tenant's" wait_for 10 eval 'told "$peek" last_error | found "the host.s\|loopback"'
for i in $(seq 12); do as "$acme" webhook create "n$i" --url "http://127.0.0.2:$port/" >/dev/null 2>&1; done
is "ten at most" 10 "$(as "$acme" webhook list -q | wc -l)"
ok "they go with the tenant" eval 'B delete -y --force acme:c1; B tenant delete acme && [ "$(B webhook list -o json | jq "[.[] | select(.tenant == \"acme\")] | length")" = 0 ]'
is "the sender is nobody" nobody "$(ps -o user= -p "$(pgrep -P "$DAEMON" -f berth-hook)")"
is "may gain nothing" "1 2 0000000000000000" "$(awk '/^NoNewPrivs|^Seccomp:|^CapBnd/ { print $2 }' "/proc/$(pgrep -P "$DAEMON" -f berth-hook)/status" | { read -r cap; read -r nnp; read -r sec; echo "$nnp $sec $cap"; })"
