#!/bin/bash
# HTTP, JSON and peers as a stranger may send them: one precise answer each, nothing of a second request, the api as large as before.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "a tenant" B tenant create acme
api_pid=$(pgrep -P "$DAEMON" -f berth-api)
ask() {
	local verdict what
	while read -r verdict what; do
		case $verdict in ok) pass "$what" ;; *) fail "$what" ;; esac
	done < <(python3 -B "$TOP/tests/hostile/requests.py" "$BERTH_SOCKET" "$1" 2>&1)
	is "the same api is at work" "$api_pid" "$(pgrep -P "$DAEMON" -f berth-api)"
	is "the tenant that all were after is there" "acme default" "$(B tenant list -q | sort | xargs)"
	is "no container was made" "" "$(B list -q)"
}
case_requests_are_smuggled() { ask smuggling; }
case_paths_and_queries() { ask paths; }
case_heads_without_end() { ask heads; }
case_cve_2026_40251_bodies_cut_empty_deep_and_huge() { ask bodies; }
case_identity_comes_from_the_socket_alone() { ask peers; }
case_the_log_holds_no_line_of_theirs() {
	is "no control characters" "" "$(grep -aP '[\x00-\x08\x0b-\x1f\x7f]' "$T/log")"
	is "no C1 ones" "" "$(grep -aP '\xc2[\x80-\x9f]' "$T/log")"
	is "each line is the daemon's" "" "$(grep -avE '^(<[0-7]>)?([0-9T:-]+Z )?berth' "$T/log" | grep -vE 'NOTE:|this does not|default settings|DUP|no-holes|free-space|^ *$')"
}
t_run_cases
