#!/bin/bash
# Passwords and credentials: where they might be kept, who might read them, and what lives on when they end.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
. "$TOP/tests/lib/tenants.sh"

case_a_password_is_kept_nowhere() {
	local canary=CaNaRy-4fd1c0de- key i
	B set acme:web hostname=x >/dev/null 2>&1
	(while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -E "${canary}[0-9a-z]"; done >"$T/seen") 2>/dev/null &
	local watcher=$!
	for i in 1 2 3; do
		printf '{"name":"pw%s","template":"busybox","memory":"32M","disk":"64M","password":"%s%s"}' $i $canary $i >"$T/in"
		as "$acme" POST /v1/containers '' -H "Idempotency-Key: pw$i" -H 'Content-Type: application/json' --data-binary @"$T/in" >>"$T/answers"
	done
	printf '{"name":"_","template":"nothing","password":"%sx","nope":1}' $canary >"$T/in"
	as "$acme" POST /v1/containers '' --data-binary @"$T/in" >>"$T/answers"
	printf '{"password":"%sy"' $canary >"$T/in"
	as "$acme" PATCH /v1/containers/web '' --data-binary @"$T/in" >>"$T/answers"
	printf '{"password":["%sz"]}' $canary >"$T/in"
	as "$acme" PATCH /v1/containers/web '' --data-binary @"$T/in" >>"$T/answers"
	printf '{"password":"%sw","%sk":1}' $canary key >"$T/in"
	as "$acme" PATCH /v1/containers/web '' --data-binary @"$T/in" >>"$T/answers"
	printf '{"password":"%sv"}' $canary >"$T/in"
	as "$acme" PATCH '/v1/containers/web?dry_run=1' '' --data-binary @"$T/in" >>"$T/answers"
	as "$acme" PATCH /v1/containers/web '' --data-binary @"$T/in" >>"$T/answers"
	settle
	kill $watcher; wait $watcher 2>/dev/null
	rm -f "$T/in"
	is "in no process's words or environment" "" "$(cat "$T/seen")"
	unlike "in no answer" "$canary" "$(cat "$T/answers")"
	for i in "$acme" "$auditor"; do
		for key in operations events containers; do
			unlike "in no $key" "$canary" "$(as "$i" GET "/v1/$key$([ $key = events ] && echo '?since=0&follow=false')" '')"
		done
	done
	is "in no file: database, its log, registry, manifests, launch specs, daemon's log" "" \
		"$(grep -rlaF "$canary" "$T/log" "$T/s/db" "$T/s/registry" "$T/r" 2>/dev/null; find "$T/s/pool" -maxdepth 3 -type f -print0 | xargs -0 -r grep -laF "$canary")"
	t_stop_daemon; t_start_daemon || fail "the daemon starts"
	is "nor after a restart" "" "$(grep -rlaF "$canary" "$T/log" "$T/s/db" "$T/s/registry" "$T/r" 2>/dev/null)"
	for i in 1 2 3; do B delete -y --force acme:pw$i >/dev/null 2>&1; done
}

# CVE-2025-54289: what somebody may read lets him into nobody's console.
case_cve_2025_54289_a_reader_gets_no_secret() {
	local seen
	ok "start" B start acme:web
	"$BUILD/berth" exec acme:web -- sleep 3 >/dev/null 2>&1 &
	sleep 0.5
	seen=$(as "$auditor" GET /v1/operations ''; as "$auditor" GET '/v1/events?since=0&follow=false' ''; as "$auditor" GET /v1/tokens '')
	unlike "no token's text, hash or secret" 'berth_[0-9a-f]{16}_|"hash"|"secret":"|"token":|websocket|/tmp/|"fds?"' "$seen"
	is "an auditor can't enter" 403 "$(status_as "$auditor" POST /v1/containers/acme:web/exec '{"argv":["id"]}' -H 'Upgrade: berth-stream/1' -H 'Connection: Upgrade')"
	is "nor attach" 403 "$(status_as "$auditor" POST /v1/containers/acme:web/console '{}' -H 'Upgrade: berth-stream/1' -H 'Connection: Upgrade')"
	wait $!
	ok "stop" B stop --kill acme:web
}

# Own: a credential that ends takes along what it has open.
case_a_revoked_token_follows_nothing() {
	local token id follower
	token=$(B token create f --role viewer --tenant acme 2>/dev/null)
	id=$(cut -d_ -f2 <<<"$token")
	curl -sN --max-time 20 --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $token" 'http://b/v1/events?since=0' >"$T/followed" &
	follower=$!
	wait_for 5 grep -q '^id:' "$T/followed"
	ok "it is revoked" B token delete "$id"
	wait_for 5 eval '! kill -0 $follower 2>/dev/null' && pass "its stream ends" || fail "its stream goes on"
	cp "$T/followed" "$T/before"
	as "$acme" PATCH /v1/containers/web '{"labels":["after=1"]}' >/dev/null
	settle
	is "it hears nothing more" "$(cat "$T/before")" "$(cat "$T/followed")"
	wait $follower 2>/dev/null
	ok "a tenant" B tenant create short
	token=$(B token create f --role owner --tenant short 2>/dev/null)
	curl -sN --max-time 20 --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $token" 'http://b/v1/events?since=0' >"$T/followed" &
	follower=$!
	sleep 0.3
	ok "it goes" B tenant delete short
	wait_for 5 eval '! kill -0 $follower 2>/dev/null' && pass "with its streams" || fail "its stream goes on"
	ok "another of its name comes" B tenant create short
	is "the old token opens nothing there" 401 "$(status_as "$token" GET /v1/containers '')"
	wait $follower 2>/dev/null
	is "nor has it heard of it" 1 "$(grep -c '^event: tenant.created' "$T/followed")"
	B tenant delete short >/dev/null 2>&1
}

t_run_cases
