#!/bin/bash
# What tenants write into the host's packet filter, take of its ports, networks and listeners, and find in the audit.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
. "$TOP/tests/lib/tenants.sh"
ruleset() { nft -s list table inet "$INSTANCE" 2>/dev/null | grep -v 'counter packets' | sha256sum; }

case_words_of_a_firewall_are_no_rules_of_nft() {
	local rule before
	before=$(ruleset)
	for rule in 'allow in tcp 80; flush ruleset' 'allow in tcp 80 } chain x {' 'allow in tcp { 22, 80 }' 'allow in tcp 80 from @src4' 'allow in tcp 80 jump input' 'accept' \
		'allow in tcp 80 from any counter accept' 'allow in tcp $(id)' 'allow in tcp 99999' 'allow in tcp -1' 'allow in tcp 80-' 'allow in tcp 80-22' 'allow in icmp 8\n' \
		'allow in tcp 80\u0000' 'include \"/etc/passwd\"' 'define x = 1' 'allow forward tcp 80' 'allow in tcp 80 from 0.0.0.0/33' 'allow in tcp 80 from ::/129' 'allow in tcp 80 from lo' \
		'allow in tcp 80 to 169.254.169.254' '' ' ' "$(head -c 5000 /dev/zero | tr '\0' a)"; do
		is "the rule '${rule:0:40}'" 422 "$(status_as "$acme" PATCH /v1/containers/web "{\"firewall\":[\"$rule\"]}")"
	done
	is "100000 rules are too many" 1 "$(printf '{"firewall":[' >"$T/in"; for _ in $(seq 100000); do printf '"allow in tcp 80",'; done >>"$T/in"; printf '"allow in tcp 80"]}' >>"$T/in"
		status_as "$acme" PATCH /v1/containers/web '' --data-binary @"$T/in" | grep -cE '^4(22|13)')"
	is "another's firewall is none" 404 "$(status_as "$acme" PATCH /v1/containers/globex:web '{"firewall":["default in allow"]}')"
	is "nothing of it reached the filter" "$before" "$(ruleset)"
}

# Whatever a tenant allows, what the host forbids lies before it.
case_a_firewall_opens_nothing_of_the_host() {
	local port address
	is "everything is allowed" 202 "$(status_as "$acme" PATCH /v1/containers/web '{"firewall":["default in allow","default out allow"]}')"
	settle
	ok "start" B start acme:web
	ok "and a neighbour" B start globex:web
	cat >"$T/listen.py" <<-'END'
		import socket
		s = socket.socket()
		s.bind(("0.0.0.0", 0))
		s.listen(8)
		print(s.getsockname()[1], flush=True)
		while True:
		    c, _ = s.accept()
		    c.sendall(b"REACHED")
		    c.close()
	END
	python3 "$T/listen.py" >"$T/listen" &
	local listener=$!
	wait_for 5 test -s "$T/listen"
	port=$(head -n 1 "$T/listen")
	for address in "$SUBNET.1" 169.254.0.1 169.254.169.254 $(ip -4 -o address show scope global | awk '{ sub("/.*", "", $4); print $4 }' | head -n 3); do
		unlike "the host at $address" REACHED "$(B exec acme:web -- timeout 2 nc -w 1 "$address" "$port" </dev/null 2>&1)"
	done
	kill $listener; wait $listener 2>/dev/null
	unlike "nor another tenant" '1 packets received' "$(B exec acme:web -- ping -c 1 -W 1 "$(B show globex:web -o json | jq -r '.ip[] | select(contains(":") | not)')" 2>&1)"
	B stop --kill acme:web globex:web >/dev/null 2>&1
}

case_ports_and_networks_of_the_host() {
	local body
	for body in '{"forwards":["tcp 22 to 22"]}' '{"forwards":["tcp 1-65535 to 1-65535"]}' '{"forwards":["tcp 80 to 127.0.0.1:80"]}' '{"forwards":["sctp 80 to 80"]}'; do
		like "set $body" '^4(22|03|09)$' "$(status_as "$acme" PATCH /v1/containers/web "$body")"
	done
	for body in '{"name":"n","bridge":"docker0"}' '{"name":"n","bridge":"eth0"}' '{"name":"n","bridge":"../x"}' '{"name":"n","kind":"bridge","bridge":"lo"}' '{"name":"n","vlan":1}' \
		'{"name":"n","tenant":"globex"}' '{"name":"n","tenants":["globex"]}' '{"name":"n","number":1}' '{"name":"eth0; ip link"}'; do
		like "make a network $body" '^4(22|03|09)$' "$(status_as "$acme" POST /v1/networks "$body")"
	done
	ok "a network of globex's" B query POST /v1/networks -d '{"name":"inner","tenant":"globex","prefix":["10.0.0.0/24"]}'
	unlike "is none for others" inner "$(as "$acme" GET /v1/networks '')"
	is "by name" 404 "$(status_as "$acme" GET /v1/networks/globex:inner '')"
	is "nor to be taken away" 404 "$(status_as "$acme" DELETE /v1/networks/globex:inner '')"
}

# Who has a token alone: that he is root on this host counts for nothing there.
case_a_listener_for_tokens_knows_no_peers() {
	at() { curl -s --max-time 10 -o "$T/body" -w '%{http_code}' --unix-socket "$T/r/token.sock" "${@:3}" -X "$1" "http://b$2"; }
	is "root without one" 401 "$(at GET /v1/containers)"
	is "with a wrong one" 401 "$(at GET /v1/containers -H 'Authorization: Bearer berth_0000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')"
	is "with another scheme" 401 "$(at GET /v1/containers -H 'Authorization: Basic cm9vdDo=')"
	is "with two" 400 "$(at GET /v1/containers -H "Authorization: Bearer x" -H "Authorization: Bearer $acme")"
	is "with one behind the body" 401 "$(at POST /v1/tenants -H 'Transfer-Encoding: chunked' -H 'Trailer: Authorization' --data-binary '{"name":"x"}')"
	is "with a right one" 200 "$(at GET /v1/containers -H "Authorization: Bearer $acme")"
	unlike "which sees its own" globex "$(cat "$T/body")"
	is "headers of a proxy make nobody more" 401 "$(at GET /v1/tenants -H 'X-Forwarded-For: 127.0.0.1' -H 'X-Real-IP: ::1' -H 'Remote-User: root' -H 'Forwarded: for=127.0.0.1')"
}

case_the_audit_is_nobodys_to_change() {
	local token seen
	token=$(B token create op --role operator 2>/dev/null)
	as "$acme" PATCH /v1/containers/web '{"labels":["audited=1"]}' >/dev/null
	as "$globex" PATCH /v1/containers/web '{"labels":["audited=2"]}' >/dev/null
	settle
	seen=$(as "$acme" GET /v1/audit '')
	like "a tenant finds what it did" '"acme"' "$seen"
	is "not what others did" '["acme"]' "$(tail -n +2 <<<"$seen" | jq -c '[.items[].tenant] | unique')"
	unlike "nor who did it" "$(cut -d_ -f2 <<<"$globex")" "$seen"
	for who in "$acme" "$token"; do
		for method in POST PUT PATCH DELETE; do
			like "$method" '^40[345]$' "$(status_as "$who" $method /v1/audit '{}')$(status_as "$who" $method /v1/audit/1 '{}' | grep -v '^40[345]$')"
		done
	done
	unlike "no secret in it" 'berth_[0-9a-f]{16}_' "$(B query GET /v1/audit 2>&1)"
}

t_run_cases
