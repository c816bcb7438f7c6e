#!/bin/bash
# The panel author's guide: each of its blocks does what it says.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
# run WHAT SCRIPT: by a shell that ends with the first command that fails.
run() { ok "$1" bash -e -o pipefail -c "$2"; }
shell=$T/guide.sh
awk '/^```/ { code = !code; next } !code && /^    / { print substr($0, 5) }' "$TOP/doc/panel.md" |
	sed "s|^S=.*|S=$BERTH_SOCKET|; /^curl -s --unix-socket \$S \"\$U\/containers?dry_run=true\"/s/$/ | jq -e '.invalid_params|length == 3'/" >"$shell"
awk '/^```/ { code = /python/; next } code' "$TOP/doc/panel.md" >"$T/guide.py"
# The shell's part ends with the tenant: Python's comes before that.
run "what it shows with curl" "$(sed '/-X DELETE.*\$ID/,$d' "$shell")"
ok "what it shows in Python" python3 -B "$T/guide.py"
run "how it ends" "$(sed -n '1,2p' "$shell"; echo 'ID=acme:web1'; sed -n '/-X DELETE.*\$ID/,$p' "$shell")"
is "nothing is left of it" "[][][]" "$(api GET /v1/containers | jq -c .items)$(api GET /v1/plans | jq -c .items)$(api GET /v1/tokens | jq -c .items)"
