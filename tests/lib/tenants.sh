# Sourced by hostile tests after t_begin: two tenants, each with a container and a token, and requests by them.
# shellcheck shell=bash disable=SC2034
for t in acme globex; do ok "tenant $t" B tenant create $t --containers 4 --memory 512M; done
acme=$(B token create a --role owner --tenant acme 2>/dev/null)
globex=$(B token create g --role owner --tenant globex 2>/dev/null)
auditor=$(B token create o --role auditor 2>/dev/null)
ok "containers" B create web --tenant acme --template busybox --memory 64M --disk 64M
ok "containers" B create web --tenant globex --template busybox --memory 64M --disk 64M
# as TOKEN METHOD PATH [BODY [CURL-OPTION…]]: status on the first line, then the body.
as() {
	: >"$T/body"
	curl -s --max-time 20 -w '%{http_code}\n' -o "$T/body" --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $1" -X "$2" ${4:+--data-binary "$4"} "${@:5}" "http://b$3"
	printf '%s\n' "$(<"$T/body")"
}
status_as() { curl -s --max-time 20 -w '%{http_code}' -o /dev/null --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $1" -X "$2" ${4:+--data-binary "$4"} "${@:5}" "http://b$3"; }
fields_of() { curl -s --unix-socket "$BERTH_SOCKET" http://b/v1/openapi.json | jq -r ".components.schemas[\"$1\"].properties | to_entries[] | select($2) | .key"; }
settle() { wait_for 20 eval '[ "$(B operation list -o json | jq "[.[]|select(.state|test(\"queued|running\"))]|length")" = 0 ]'; }
