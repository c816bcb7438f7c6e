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
	is "nor enter it any more" "suspended" "$(as "$acme" POST /v1/containers/web/exec '{"argv":["true"]}' "${STREAM[@]}" | sed 1d | jq -r .code)"
	is "by its console neither" "suspended" "$(as "$acme" POST /v1/containers/web/console '{}' "${STREAM[@]}" | sed 1d | jq -r .code)"
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

# Own: one operation after the other, so that it is always locked.
case_a_tenant_keeps_his_container_busy() {
	local busy op
	ok "start" B start acme:web
	ok "its init ignores the word to end" B exec acme:web -- sh -c 'printf "#!/bin/sh\nsleep 300\n" >/etc/rc.stop'
	is "its tenant stops it for an hour" 202 "$(status_as "$acme" POST /v1/containers/web/stop '{"timeout":3600}')"
	(while :; do status_as "$acme" POST /v1/containers/web/stop '{"timeout":3600}'; status_as "$acme" POST /v1/containers/web/start ''; done >/dev/null) &
	busy=$!
	fails 4 "under way on this container: wait for its end, or cancel it" "the operator is told" B suspend acme:web --kill --reason abuse
	op=$(B operation list -o json | jq -r '[.[]|select(.tenant=="acme" and .state=="running")][0].id')
	ok "he cancels it" B operation cancel "$op"
	is "its tenant's turn it isn't" "423 locked" "$(as "$acme" POST /v1/containers/web/stop '{"timeout":3600}' | sed 1d | jq -r '"\(.status) \(.code)"')"
	ok "but his" wait_for 10 B suspend acme:web --kill --reason abuse
	kill $busy
	wait $busy 2>/dev/null
	is "it is down" suspended "$(field acme:web state)"
	ok "lift" B unsuspend acme:web
	wait_for 10 eval '[ "$(field acme:web state)" = running ]'
	ok "and out of the way" B stop --kill acme:web
}

case_a_container_reboots_against_it() {
	ok "start" B start acme:web
	ok "it reboots when it is told to end" B exec acme:web -- sh -c 'printf "#!/bin/sh\nreboot -f\n" >/etc/rc.stop'
	ok "suspend" B suspend acme:web --reason abuse --timeout 5
	is "it is down" "suspended 0" "$(B show acme:web -o json | jq -r '"\(.state) \(.pid)"')"
	ok "lift" B unsuspend acme:web
	ok "it runs" wait_for 10 eval '[ "$(field acme:web state)" = running ]'
	ok "it reboots at once, always" B exec acme:web -- sh -c 'printf "#!/bin/sh\nreboot -f\n" >/etc/rc; rm /etc/rc.stop; (sleep 0.5; reboot -f) >/dev/null 2>&1 &'
	ok "so that it waits before it starts again" wait_for 30 eval '[ "$(field acme:web restarts)" -ge 5 ] && [ "$(field acme:web state)" = starting ]'
	ok "suspend" B suspend acme:web --reason abuse --freeze
	is "it is down" "suspended 0" "$(B show acme:web -o json | jq -r '"\(.state) \(.pid)"')"
	ok "its next start never comes" eval '! wait_for 7 eval "[ \"\$(field acme:web state)\" != suspended ]"'
	ok "another" eval 'B delete -y acme:web && B create web --tenant acme --template busybox --memory 64M --disk 64M'
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

case_a_suspended_container_stays_frozen() {
	local counts pid
	ok "start" B start acme:web
	B exec acme:web -- sh -c 'while :; do echo >>/root/count; sleep 0.1; done' >/dev/null 2>&1 &
	ok "something goes on in it" wait_for 10 B exec acme:web -- test -s /root/count
	fails 2 "freeze.*without timeout and kill" "one or the other" B suspend acme:web --freeze --kill --reason abuse
	ok "suspend" B suspend acme:web --freeze --reason abuse
	pid=$(field acme:web pid)
	is "it is suspended, and there" "suspended true" "$(field acme:web state) $([ "$pid" -gt 0 ] && echo true)"
	counts=$(stat -c %s "/proc/$pid/root/root/count")
	is "nothing of its tenant's helps" "$refused" "$(every_path web | words)"
	is "what he may set doesn't lift it" 202 "$(status_as "$acme" PATCH /v1/containers/web '{"memory":"48M","onboot":true}')"
	settle
	t_stop_daemon KILL
	t_start_daemon
	is "a new daemon leaves it so" "suspended $pid" "$(field acme:web state) $(field acme:web pid)"
	kill -9 "$(pgrep -P "$DAEMON" -f berth-api)"; wait_for 10 t_answers
	is "a new api as well" "suspended $pid" "$(field acme:web state) $(field acme:web pid)"
	is "again nothing helps" "$refused" "$(every_path web | words)"
	is "nothing has gone on" "$counts" "$(stat -c %s "/proc/$pid/root/root/count")"
	like "the event tells" '"frozen":true' "$(as "$acme" GET '/v1/events?since=0&follow=false' '' | grep -A1 'event: container.suspended' | tail -n 1)"
	fails 4 "delete it by force" "it isn't deleted by the way" B delete -y acme:web
	ok "lift" B unsuspend acme:web
	ok "it goes on" wait_for 10 eval '[ "$(stat -c %s "/proc/$pid/root/root/count")" -gt "$counts" ]'
	is "as the same" "running $pid" "$(field acme:web state) $(field acme:web pid)"
	is "nothing failed" 0 "$(B operation list -o json | jq '[.[]|select(.name=="web" and .tenant=="acme" and .state=="failed")]|length')"
	ok "its tenant may freeze it" B freeze acme:web
	ok "which doesn't keep it from being suspended" B suspend acme:web --freeze --reason again
	is "then it isn't his to thaw" "suspended" "$(as "$acme" POST /v1/containers/web/thaw '' | sed 1d | jq -r .code)"
	ok "it may be stopped after all" B suspend acme:web --kill --reason enough
	is "then it is down" "suspended 0 enough" "$(B show acme:web -o json | jq -r '"\(.state) \(.pid) \(.suspended)"')"
	ok "lift" B unsuspend acme:web
	ok "it starts again" wait_for 10 eval '[ "$(field acme:web state)" = running ]'
	ok "suspend" B suspend acme:web --freeze --reason abuse
	ok "the host's end" B host shutdown
	is "takes it down" "suspended 0" "$(B show acme:web -o json | jq -r '"\(.state) \(.pid)"')"
	ok "the host's boot" B host boot
	is "doesn't bring it up" "suspended 0" "$(B show acme:web -o json | jq -r '"\(.state) \(.pid)"')"
	ok "lift" B unsuspend acme:web
	ok "it starts again" wait_for 10 eval '[ "$(field acme:web state)" = running ]'
	ok "suspend" B suspend acme:web --freeze --reason abuse
	ok "by force it is deleted" B delete -y --force acme:web
	ok "another" B create web --tenant acme --template busybox --memory 64M --disk 64M
	ok "one at rest is suspended as ever" B suspend acme:web --freeze --reason abuse
	is "and rests" "suspended 0" "$(B show acme:web -o json | jq -r '"\(.state) \(.pid)"')"
	ok "lift" B unsuspend acme:web
	is "rests" stopped "$(field acme:web state)"
}

t_run_cases
