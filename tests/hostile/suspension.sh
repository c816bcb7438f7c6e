#!/bin/bash
# A suspended container stays down, or frozen, whatever its tenant does from outside and from within.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
. "$TOP/tests/lib/tenants.sh"
STREAM=(-H 'Upgrade: berth-stream/1' -H 'Connection: Upgrade')
# What its tenant may send, all of it, on a container of his that is suspended: status and code of each.
every_path() {
	local path
	for path in start restart stop freeze thaw suspend unsuspend; do
		printf '%s %s\n' "$path" "$(as "$acme" POST "/v1/containers/$1/$path" "${2:-}" | sed 1d | jq -r '.code // .state')"
	done
	printf 'exec %s\n' "$(as "$acme" POST "/v1/containers/$1/exec" '{"argv":["true"]}' "${STREAM[@]}" | sed 1d | jq -r .code)"
	printf 'console %s\n' "$(as "$acme" POST "/v1/containers/$1/console" '{}' "${STREAM[@]}" | sed 1d | jq -r .code)"
	printf 'delete %s\n' "$(as "$acme" DELETE "/v1/containers/$1" '' | sed 1d | jq -r .code)"
	printf 'force %s\n' "$(as "$acme" DELETE "/v1/containers/$1?force=1" '' | sed 1d | jq -r .code)"
	printf 'create %s\n' "$(as "$acme" POST /v1/containers "{\"name\":\"$1\",\"template\":\"busybox\"}" | sed 1d | jq -r .code)"
	for path in '{"suspended":""}' '{"suspended":null}' '{"state":"running"}' '{"desired":"running"}' '{"suspended_by":"token"}'; do
		printf 'set %s\n' "$(as "$acme" PATCH "/v1/containers/$1" "$path" | sed 1d | jq -r .code)"
	done
}
refused='start suspended restart suspended stop suspended freeze suspended thaw suspended suspend denied unsuspend denied exec suspended console suspended delete suspended force suspended create name_taken set invalid set invalid set invalid set invalid set invalid '
words() { tr '\n' ' '; }

# Own: while it is on its way, the tenant calls it off.
case_a_tenant_cancels_what_the_operator_does() {
	local op suspending
	ok "start" B start acme:web
	ok "its init takes its time to end" B exec acme:web -- sh -c 'printf "#!/bin/sh\nsleep 300\n" >/etc/rc.stop'
	B suspend acme:web --reason abuse --timeout 4 >"$T/out" 2>&1 &
	suspending=$!
	wait_for 10 eval '[ -n "$(as "$acme" GET "/v1/operations?kind=container_suspend&state=running" "" | sed 1d | jq -r ".items[0].id // empty")" ]'
	op=$(as "$acme" GET '/v1/operations?kind=container_suspend' '' | sed 1d | jq -r '.items[0].id')
	is "its tenant can't cancel it" "403 operators_operation" "$(as "$acme" POST "/v1/operations/$op/cancel" '' | sed 1d | jq -r '"\(.status) \(.code)"')"
	is "to another it isn't there" 404 "$(status_as "$globex" POST "/v1/operations/$op/cancel" '')"
	if wait $suspending; then pass "it is suspended"; else fail "it isn't: $(cat "$T/out")"; fi
	is "and down" suspended "$(field acme:web state)"
	ok "lift" B unsuspend acme:web
	ok "its own operations it may cancel" wait_for 10 eval '[ "$(field acme:web state)" = running ]'
	as "$acme" POST /v1/containers/web/stop '{"timeout":300}' >/dev/null
	op=$(as "$acme" GET '/v1/operations?kind=container_stop' '' | sed 1d | jq -r '.items[0].id')
	is "as before" 202 "$(status_as "$acme" POST "/v1/operations/$op/cancel" '')"
	settle
	ok "and the operator any" B stop --kill acme:web
}

case_a_suspended_container_stays_down() {
	ok "start" B start acme:web
	ok "suspend" B suspend acme:web --kill --reason "invoice 4711"
	is "nothing of its tenant's helps" "$refused" "$(every_path web | words)"
	is "by its id neither" "$refused" "$(every_path "$(field acme:web id)" | sed 's/^create .*/create name_taken/' | words)"
	is "it is down" "suspended 0" "$(B show acme:web -o json | jq -r '"\(.state) \(.pid)"')"
	is "he sees why, by whom and when" 'invoice 4711 uid:0 true' "$(as "$acme" GET /v1/containers/web '' | sed 1d | jq -r '"\(.suspended) \(.suspended_by) \(.suspended_at != null)"')"
	is "what he may set doesn't lift it" 202 "$(status_as "$acme" PATCH /v1/containers/web '{"onboot":true,"labels":["a=b"]}')"
	settle
	t_stop_daemon KILL
	t_start_daemon
	is "a new daemon leaves it down" suspended "$(field acme:web state)"
	ok "the host's boot as well" B host boot
	is "though it is to come up with the host" suspended "$(field acme:web state)"
	ok "lift" B unsuspend acme:web
	ok "it runs again" wait_for 10 eval '[ "$(field acme:web state)" = running ]'
	ok "stop" B stop --kill acme:web
}

t_run_cases
