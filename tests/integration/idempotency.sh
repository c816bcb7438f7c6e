#!/bin/bash
# shellcheck disable=SC2154
# Idempotency-Key: the same request with the same key is done once, whatever happens in between.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
# keyed KEY PATH BODY: its answer, status in $status, headers in $T/headers.
keyed() { api POST "$2" "$3" -D "$T/headers" -H "Idempotency-Key: $1"; }
ended() { api GET "/v1/operations/$1" | jq -e .ended_at; }
web='{"name":"web","template":"busybox","memory":"32M","disk":"32M","password":"canary-hunter2"}'

first=$(keyed order-1 /v1/containers "$web" | jq -r .id)
is "a keyed request is accepted" 202 "$(keyed order-1 /v1/containers "$web" >/dev/null; echo "$status")"
is "its repeat is answered with the first one's operation" "$first" "$(jq -r .id <"$T/body")"
like "and where it is" "^Location: /v1/operations/$first" "$(cat "$T/headers")"
ok "which ends" wait_for 10 ended "$first"
is "the repeat tells the end as well" succeeded "$(keyed order-1 /v1/containers "$web" | jq -r .state)"
is "one was made" web "$(B list -q)"
keyed order-1 /v1/containers "${web/32M/64M}" >/dev/null
is "another request with the key is refused" "422 idempotency_key_reused" "$status $(jq -r .code <"$T/body")"
keyed order-1 "/v1/containers?dry_run=true" "$web" >/dev/null
is "a dry run is checked as one without" "409 name_taken" "$status $(jq -r .code <"$T/body")"
keyed 'a b' /v1/containers "$web" >/dev/null
is "a key is of printable characters" "422 Idempotency-Key" "$status $(jq -r '.invalid_params[0].name' <"$T/body")"
keyed "$(printf 'k%.0s' $(seq 129))" /v1/containers "$web" >/dev/null
is "at most 128 of them" "422 Idempotency-Key" "$status $(jq -r '.invalid_params[0].name' <"$T/body")"
keyed wrong-1 /v1/containers '{"name":"UPPER"}' >/dev/null
is "what was refused isn't kept" 422 "$status"
is "and may be sent rightly" 202 "$(keyed wrong-1 /v1/containers "${web/web/web2}" >/dev/null; echo "$status")"

# What isn't an operation has its first answer kept.
keyed plan-1 /v1/plans '{"name":"small","memory":"64M"}' >"$T/plan"
is "a plan is made" 201 "$status"
ok "changed" B plan set small memory=128M
is "its repeat is answered as the first one" "201 $(cat "$T/plan")" "$(keyed plan-1 /v1/plans '{"name":"small","memory":"64M"}' >"$T/again"; echo "$status $(cat "$T/again")")"
like "with its headers" '^Location: /v1/plans/small' "$(cat "$T/headers")"
token=$(keyed token-1 /v1/tokens '{"name":"x","role":"auditor"}' | jq -r .token)
keyed token-1 /v1/tokens '{"name":"x","role":"auditor"}' >/dev/null
is "a token's text is told once" "409 idempotency_answer_gone" "$status $(jq -r .code <"$T/body")"
is "and there is one" 1 "$(B token list -q | wc -l)"
unlike "no secret is kept" "canary-hunter2|$(cut -d_ -f3- <<<"$token")" "$(cat "$T"/s/db/* "$T/log" | tr -d '\0')"

# A key is its caller's own.
is "another caller's is another" 202 "$(api POST /v1/containers/web/start '{}' -H 'Idempotency-Key: order-1' -H "Authorization: Bearer $(B token create op --role operator 2>/dev/null)" >/dev/null; echo "$status")"

# Whatever dies in between: nothing is done twice.
for i in 1 2 3 4 5 6; do
	body="{\"name\":\"k$i\",\"template\":\"busybox\",\"memory\":\"32M\",\"disk\":\"32M\"}"
	curl -s --unix-socket "$BERTH_SOCKET" -H "Idempotency-Key: kill-$i" --json "$body" http://berth/v1/containers >/dev/null &
	curl=$!
	sleep 0.00$((i * 2))
	kill -9 "$(pgrep -P "$DAEMON" -f berth-api)"
	wait $curl
	wait_for 10 t_answers
	id=$(keyed "kill-$i" /v1/containers "$body" | jq -r .id)
	wait_for 10 ended "$id" || fail "the operation of kill-$i doesn't end"
	[ "$(B list --name "k$i" -q | wc -l)" -le 1 ] || fail "k$i was made twice"
done
is "each operation was made once" 6 "$(B operation list -o json | jq '[.[] | select(.kind == "container_create" and (.name // "" | startswith("k")))] | length')"
