#!/bin/bash
# One tenant against another and against the host, by all that writes a configuration or tells something. matrix.sh tries every
# operation by every role; here is what takes more than one request.
. "$(dirname "$0")/../lib/lib.sh"
# Of its own, for others run beside it.
NET=198.18.$((RANDOM % 250))
EXTRA_CONF="addresses = $NET.0/24" t_begin
. "$TOP/tests/lib/tenants.sh"

# CVE-2026-48751, 62940, 62941, 34177: what creates and what changes asks the same rules, of what comes out.
case_cve_2026_48751_one_policy_on_every_path() {
	local field value n=0
	while read -r field; do
		for value in 1 '"x"'; do
			is "create with $field=$value" 422 "$(status_as "$acme" POST '/v1/containers' "{\"name\":\"x\",\"template\":\"busybox\",\"$field\":$value}")"
			is "set $field=$value" 422 "$(status_as "$acme" PATCH /v1/containers/web "{\"$field\":$value}")"
		done
		n=$((n + 1))
	done < <(fields_of ContainerCreate '.value.description | test("host.s roles alone")')
	[ $n -ge 8 ] && pass "$n fields are the operator's" || fail "only $n fields were found"
	# The merged result: each half is right by itself.
	is "up to the total" 202 "$(status_as "$acme" POST /v1/containers '{"name":"two","template":"busybox","memory":"400M","disk":"64M"}')"
	settle
	is "a change beyond it" 409 "$(status_as "$acme" PATCH /v1/containers/web '{"memory":"128M"}')"
	is "a plan beyond it" 409 "$(B plan create big --memory 256M >/dev/null 2>&1; status_as "$acme" PATCH /v1/containers/web '{"plan":"big"}')"
	is "a creation by the same plan" 409 "$(status_as "$acme" POST /v1/containers '{"name":"three","template":"busybox","plan":"big"}')"
	is "two changes in one, of which one is the operator's" 422 "$(status_as "$acme" PATCH /v1/containers/web '{"memory":"32M","cpu_weight":1000}')"
	is "nothing of it is taken" 67108864 "$(B show acme:web -o json | jq .memory)"
	ok "delete" B delete -y acme:two
	# What a tenant was forbidden after it had begun.
	ok "forbid the console" B tenant set acme forbid=console
	is "the console is forbidden at once" 403 "$(status_as "$acme" POST /v1/containers/web/console '{}' -H 'Upgrade: berth-stream/1' -H 'Connection: Upgrade')"
	ok "allow it" B tenant set acme forbid=
}

case_cve_2026_62313_what_is_left_out_is_no_less_safe() {
	local field
	is "a creation of a name alone" 202 "$(status_as "$globex" POST '/v1/containers' '{"name":"bare","template":"busybox","disk":"64M","memory":"64M"}')"
	settle
	for field in memory cpus pids disk cpu_weight io_weight; do
		like "$field is limited" '^[1-9]' "$(B show globex:bare -o json | jq ".$field")"
	done
	is "swap is none" 0 "$(B show globex:bare -o json | jq .swap)"
	is "source addresses are its own" 2 "$(B show globex:bare -o json | jq '.ip | length')"
	for field in memory cpus pids disk swap hostname ip; do
		like "$field can't be taken away" '^4(22|00)$' "$(status_as "$globex" PATCH /v1/containers/bare "{\"$field\":null}")"
		like "nor left empty" '^4(22|00)$' "$(status_as "$globex" POST /v1/containers "{\"name\":\"y\",\"template\":\"busybox\",\"$field\":null}")"
	done
	is "an empty change changes nothing" "$(B show globex:bare -o json | jq -c '[.memory,.cpus,.pids,.disk]')" \
		"$(as "$globex" PATCH /v1/containers/bare '{}' >/dev/null; B show globex:bare -o json | jq -c '[.memory,.cpus,.pids,.disk]')"
	ok "delete" B delete -y globex:bare
}

# There are no copies of containers yet: what a creation takes from elsewhere is a template, a plan and a pool's address.
case_cve_2026_55621_rights_on_what_is_taken_from() {
	ok "a pool of globex's" B ip create hidden --prefix $NET.16/28 --tenants globex
	is "its pool can't be taken from" "$(as "$acme" POST /v1/containers '{"name":"x","template":"busybox","ip":["nopool"]}' | sed 's/nopool/X/g')" \
		"$(as "$acme" POST /v1/containers '{"name":"x","template":"busybox","ip":["hidden"]}' | sed 's/hidden/X/g')"
	is "nor by a change" 422 "$(status_as "$acme" PATCH /v1/containers/web '{"ip":["hidden"]}')"
	like "nor an address of it" '^422$' "$(status_as "$acme" PATCH /v1/containers/web "{\"ip\":[\"$NET.17\"]}")"
	is "by its owner it can" 202 "$(status_as "$globex" PATCH /v1/containers/web '{"ip":["hidden"]}')"
	settle
}

case_cve_2026_34179_nobody_widens_his_own_credential() {
	local id body path
	id=$(cut -d_ -f2 <<<"$acme")
	for body in '{"role":"admin"}' '{"role":"owner"}' '{"tenant":"globex"}' '{"tenant":null}' '{"uid":0}' '{"gid":0}' '{"lifetime":999999999}' '{"expires_at":"2099-01-01T00:00:00Z"}' \
		'{"hash":"00"}' '{"id":"0000000000000000"}' '{"name":"x","role":"admin"}'; do
		is "set $body" 422 "$(status_as "$acme" PATCH "/v1/tokens/$id" "$body")"
	done
	for body in '{"name":"x","role":"admin"}' '{"name":"x","role":"operator"}' '{"name":"x","role":"auditor"}' '{"name":"x","role":"owner","tenant":"globex"}' \
		'{"name":"x","role":"owner","uid":12345}' '{"name":"x","role":"ADMIN"}' '{"name":"x","role":"owner","tenant":"acme","gid":0}'; do
		is "make $body" 422 "$(status_as "$acme" POST /v1/tokens "$body")"
	done
	for path in tenants/acme tenants/globex plans/big ip-pools/hidden; do
		like "change $path" '^40[345]$' "$(status_as "$acme" PATCH "/v1/$path" '{"description":"x"}')"
	done
	is "its role is as it was" "owner acme" "$(B token show "$id" -o json | jq -r '.role + " " + .tenant')"
	is "the tenant's totals as well" 536870912 "$(B tenant show acme -o json | jq .memory)"
}

# CVE-2025-54290, CVE-2016-6349: matrix.sh compares the answers; here is what changes with time.
case_cve_2025_54290_nothing_tells_of_another_tenant() {
	local i before after revision operation
	revision=$(B tenant show acme -o json | jq .revision)
	before=$(as "$acme" GET '/v1/events?since=0&follow=false' '' | grep '^id:' | tail -n 1)
	for i in 1 2 3; do
		as "$globex" PATCH /v1/containers/web "{\"labels\":[\"a=$i\"]}" >/dev/null
		settle
	done
	is "its events' numbers stand still while another works" "$before" "$(as "$acme" GET '/v1/events?since=0&follow=false' '' | grep '^id:' | tail -n 1)"
	as "$acme" PATCH /v1/containers/web '{"labels":["mine=1"]}' >/dev/null
	settle
	after=$(as "$acme" GET '/v1/events?since=0&follow=false' '' | grep '^id:' | tail -n 1)
	like "and go on by its own alone" '^[1-9]$' $((${after#id: } - ${before#id: }))
	is "revisions are an object's own" "$revision" "$(as "$acme" GET /v1/tenants/acme '' | tail -n +2 | jq .revision)"
	operation=$(B query GET '/v1/operations?tenant=globex' | jq -r '.items[0].id')
	like "another has an operation" '^[0-9a-f-]{36}$' "$operation"
	is "which is none for others" 404 "$(status_as "$acme" GET "/v1/operations/$operation" '')"
	is "another's running job locks nothing of one's own" 202 "$(as "$globex" POST /v1/containers/web/start '{}' >/dev/null; status_as "$acme" POST /v1/containers/web/start '{}')"
	settle
	unlike "headers tell nothing of others" 'globex' "$(curl -s -D - -o /dev/null --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $acme" http://b/v1/containers)"
	B stop --kill acme:web globex:web >/dev/null 2>&1
}

# Own: what a change would give back isn't free before it has: one that must fail lends nothing.
case_a_change_that_fails_lends_nothing() {
	ok "a tenant" B tenant create lender --disk 1G --containers 4 --memory 512M
	local lender
	lender=$(B token create l --role owner --tenant lender 2>/dev/null)
	ok "nearly all it may have" B create big --tenant lender --template busybox --memory 32M --disk 900M --start
	ok "with something on it" B exec lender:big -- dd if=/dev/zero of=/root/full bs=1M count=64
	is "smaller than what is on it" 202 "$(status_as "$lender" PATCH /v1/containers/big '{"disk":"16M"}')"
	is "while that is tried, nothing of it is free" "409 tenant_limit" \
		"$(as "$lender" POST /v1/containers '{"name":"more","template":"busybox","memory":"32M","disk":"800M"}' | sed 1d | jq -r '"\(.status) \(.code)"')"
	settle
	is "the change fails" "failed" "$(B operation list -o json | jq -r '[.[]|select(.tenant=="lender" and .kind=="container_set")][0].state')"
	is "the tenant has what it had" 943718400 "$(B tenant show lender -o json | jq .used.disk)"
	is "what succeeds frees it" 202 "$(status_as "$lender" PATCH /v1/containers/big '{"disk":"100M"}')"
	settle
	is "then it can be had" 202 "$(status_as "$lender" POST /v1/containers '{"name":"more","template":"busybox","memory":"32M","disk":"800M"}')"
	settle
	B delete -y --force lender:big lender:more >/dev/null 2>&1
}

t_run_cases
