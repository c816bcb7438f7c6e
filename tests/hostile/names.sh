#!/bin/bash
# Words that tenants choose: names, labels, filters, cursors, keys, conditions.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib/lib.sh"
t_begin
. "$TOP/tests/lib/tenants.sh"

case_cve_2025_54291_wildcards_and_quotes_are_letters() {
	local text enc key
	for text in '%' '___' '*' "' OR '1'='1" '"' '\' 'w_b' '..' ; do
		enc=$(jq -rn --arg t "$text" '$t|@uri')
		for key in name tenant plan owner label; do
			is "$key=$text" '{"items":[],"next":null}' "$(as "$acme" GET "/v1/containers?$key=$enc" '' | tail -n +2)"
		done
		like "a container '$text'" '^404$' "$(status_as "$acme" GET "/v1/containers/$enc" '')"
		like "an operation" '^404$' "$(status_as "$acme" GET "/v1/operations/$enc" '')"
		like "a tenant" '^404$' "$(status_as "$acme" GET "/v1/tenants/$enc" '')"
	done
}

# Own: cursors are anybody's to write.
case_cursors_are_forged() {
	local cursor text
	for text in 'globex:web' ':' '' 'acme:web:x' $'a\nb' "' OR 1=1" 'zzzz:zzzz' '9223372036854775808'; do
		cursor=$(printf %s "$text" | od -An -tx1 | tr -d ' \n')
		unlike "a cursor of '${text//$'\n'/ }' shows nothing of others" globex "$(as "$acme" GET "/v1/containers?cursor=$cursor" '')"
		unlike "nor of their operations" globex "$(as "$acme" GET "/v1/operations?cursor=$cursor" '')"
		unlike "nor fails inside" '^5' "$(status_as "$acme" GET "/v1/tokens?cursor=$cursor" '')"
	done
	for cursor in zz 0 00 ff gg '%00' "$(head -c 199 /dev/zero | tr '\0' a)" "$(head -c 500 /dev/zero | tr '\0' a)" '../..' ; do
		like "a cursor $([ ${#cursor} -gt 20 ] && echo of ${#cursor} letters || echo "$cursor")" '^(4|200)' "$(status_as "$acme" GET "/v1/containers?cursor=$cursor" '')"
	done
}

# Own: the same key by two tenants, and by one for two things.
case_idempotency_keys_are_a_callers_own() {
	local one other
	one=$(as "$acme" POST /v1/containers '{"name":"key","template":"busybox","memory":"32M","disk":"64M"}' -H 'Idempotency-Key: shared')
	other=$(as "$globex" POST /v1/containers '{"name":"key","template":"busybox","memory":"32M","disk":"64M"}' -H 'Idempotency-Key: shared')
	is "each makes his own" "202 202" "$(head -n 1 <<<"$one") $(head -n 1 <<<"$other")"
	unlike "and hears nothing of the other's" "$(tail -n +2 <<<"$one" | jq -r .id)" "$other"
	settle
	is "the same again is the same" "$(tail -n +2 <<<"$one" | jq -r .id)" \
		"$(as "$acme" POST /v1/containers '{"name":"key","template":"busybox","memory":"32M","disk":"64M"}' -H 'Idempotency-Key: shared' | tail -n +2 | jq -r .id)"
	like "for something else it is refused" '^4(09|22)$' "$(status_as "$acme" POST /v1/containers '{"name":"key2","template":"busybox"}' -H 'Idempotency-Key: shared')"
	for t in acme globex; do B delete -y --force $t:key >/dev/null 2>&1; done
}

# Own: two who saw the same revision.
case_two_changes_of_one_revision() {
	local i revision pids
	for i in 1 2 3; do
		pids=()
		revision=$(B show acme:web -o json | jq .revision)
		for n in 1 2 3 4; do
			status_as "$acme" PATCH /v1/containers/web "{\"labels\":[\"n=$i-$n\"]}" -H "If-Match: \"$revision\"" >"$T/race$n" &
			pids+=($!)
		done
		wait "${pids[@]}"
		is "one of four wins" 1 "$(grep -l '^202' "$T"/race? | wc -l)"
		unlike "the others are told why" '^5' "$(cat "$T"/race?)"
		settle
	done
}

# Own: names that look like others', labels without end.
case_names_and_labels() {
	local text
	for text in 'аcme' 'ACME' 'acme ' ' acme' 'acme\n' 'ac\u0000me' 'acme\u200b' 'ａcme' 'acmé' 'acme.' '-acme' 'acme-' '1acme' 'xn--acme\u00ad' '' "$(head -c 41 /dev/zero | tr '\0' a)"; do
		is "a container '$text'" 422 "$(status_as "$acme" POST /v1/containers "{\"name\":\"$text\",\"template\":\"busybox\"}")"
		api POST /v1/tenants "{\"name\":\"$text\"}" >/dev/null; is "a tenant '$text'" 422 "$status"
	done
	for text in 'k=\u001b[2J' 'k=\u009b2J' 'k=a\nb' 'k=\u202ecod.exe' 'k=\u2028' 'K=v' '=v' 'k' 'k\u0000=v' "k=$(head -c 201 /dev/zero | tr '\0' a)"; do
		is "a label '${text:0:30}'" 422 "$(status_as "$acme" PATCH /v1/containers/web "{\"labels\":[\"$text\"]}")"
	done
	is "33 labels" 422 "$(status_as "$acme" PATCH /v1/containers/web "{\"labels\":[$(printf '"k%s=v",' $(seq 32))\"z=1\"]}")"
	is "32 of the greatest length" 202 "$(status_as "$acme" PATCH /v1/containers/web "{\"labels\":[$(for i in $(seq 31); do printf '"k%s=%0200d",' "$i" 0; done)\"z=1\"]}")"
	settle
	ok "the admin can list them" B list -o json
}

t_run_cases
