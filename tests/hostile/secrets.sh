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

# open_streams TOKEN: a command, the console and its log, by that token; and a command by root.
open_streams() {
	streams=()
	BERTH_TOKEN=$1 "$BUILD/berth" exec web -- sleep 7771 >/dev/null 2>&1 & streams+=($!)
	BERTH_TOKEN=$1 "$BUILD/berth" exec -t web -- sleep 7772 >/dev/null 2>&1 & streams+=($!)
	BERTH_TOKEN=$1 "$BUILD/berth" console web </dev/zero >/dev/null 2>&1 & streams+=($!)
	BERTH_TOKEN=$1 "$BUILD/berth" logs -f web >"$T/logged" 2>&1 & streams+=($!)
	"$BUILD/berth" exec acme:web -- sleep 7773 >/dev/null 2>&1 & roots=$!
	wait_for 10 eval '[ "$(inside | wc -l)" = 3 ] && [ "$(jobs_of | wc -l)" = 5 ]'
}
inside() { pgrep -f '^sleep 777[123]$'; }
# Each holds its record open.
jobs_of() { pgrep -f '^berth-job (exec|console|logs)$' | while read -r p; do ! ls -l "/proc/$p/fd" 2>/dev/null | found -F "$T/r/sessions/" || echo "$p"; done; }
streams_end() {
	wait_for 20 eval '[ "$(pgrep -f "^sleep 777[12]$" | wc -l)" = 0 ] && [ "$(jobs_of | wc -l)" = 1 ]' || return 1
	for stream in "${streams[@]}"; do wait_for 10 eval "! kill -0 $stream 2>/dev/null" || return 1; done
}
end_roots() {
	kill $roots
	wait $roots "${streams[@]}" 2>/dev/null
	wait_for 10 eval '[ -z "$(inside)$(jobs_of)" ]' || fail "what root began goes on: $(inside; jobs_of)"
}

# Own: what a job has in hand goes on without the api and without the daemon; its credential reaches it nevertheless.
case_a_revoked_token_ends_what_is_open() {
	local token how streams roots
	ok "start" B start acme:web
	for how in "nothing else" "a new api" "a new daemon" "a daemon that was killed"; do
		token=$(B token create o --role owner --tenant acme 2>/dev/null)
		open_streams "$token" || fail "the streams don't begin"
		case $how in
		"a new api") kill -9 "$(pgrep -P "$DAEMON" -f berth-api)"; wait_for 10 t_answers ;;
		"a new daemon") t_stop_daemon; t_start_daemon ;;
		"a daemon that was killed") t_stop_daemon KILL; t_start_daemon ;;
		esac
		is "after $how they go on" 5 "$(jobs_of | wc -l)"
		ok "the token is revoked" B token delete "$(cut -d_ -f2 <<<"$token")"
		ok "after $how that ends them all" streams_end
		is "but root's" 7773 "$(pgrep -af '^sleep 777[1-4]$' | cut -d' ' -f3 | sort -u)"
		is "the audit tells it" true "$(B audit -o json | jq --arg a "token:$(cut -d_ -f2 <<<"$token")" '[.[]|select(.actor==$a and .kind=="container_exec" and .status==200)]|length>=2')"
		end_roots
	done
	is "no record is left" 0 "$(find "$T/r/sessions" -type f | wc -l)"
	ok "stop" B stop --kill acme:web
}

t_run_cases
