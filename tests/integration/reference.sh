#!/bin/bash
# The API's reference: each of its examples is played on a real host, as it stands there, and answered as it tells.
. "$(dirname "$0")/../lib/lib.sh"
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip_all "no python3-jsonschema"
TEMPLATES='' EXTRA_CONF='addresses = 203.0.113.0/24' t_begin
/usr/bin/python3 -B "$TOP/tests/lib/reference.py" "$BERTH_SOCKET" >"$T/played" 2>&1
while read -r verdict what; do
	case $verdict in
	ok) passed=$((passed + 1)) ;;
	FAIL) fail "$what" ;;
	*) echo "$verdict $what" ;;
	esac
done <"$T/played"
like "the examples were played" '^[0-9]+ examples, 0 failures' "$(cat "$T/played")"
is "none left a container" "" "$(B list -q)"
is "the reference is of what is built" "$("$BUILD/berthd" --openapi | jq -cS .)" "$(api GET /v1/openapi.json | jq -cS .)"

# Two public validators, pinned by their lock file.
if ! command -v npm >/dev/null; then
	skip "no npm: public validators of the reference"
elif ! timeout 20 npm ping >/dev/null 2>&1; then
	skip "npm's registry isn't reached: public validators of the reference"
else
	mkdir "$T/npm" && cp "$TOP"/tests/reference/* "$T/npm/"
	ok "the validators are installed" npm ci --prefix "$T/npm" --ignore-scripts --no-audit --no-fund
	"$BUILD/berthd" --openapi >"$T/npm/openapi.json"
	out=$(cd "$T/npm" && node validate.mjs openapi.json 2>&1)
	like "the reference is valid for the one" '^openapi-schema-validator: valid' "$out"
	like "and without a warning for the other" '^openapi-core: 0 errors, 0 warnings' "$out"
fi
