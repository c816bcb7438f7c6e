#!/bin/bash
# berth usage NAME --plot: what a container used, as a chart of the terminal's width.
. "$(dirname "$0")/../lib/lib.sh"
export EXTRA_CONF=$'sample_interval = 1\nusage_interval = 1'
t_begin
B create web --template busybox --memory 64M --disk 64M --start >/dev/null 2>&1 || fail "create web"
B exec web -- sh -c 'i=0; while [ $i -lt 1500000 ]; do i=$((i+1)); done'
used() { [ "$(B usage web -o json | jq '.[0].cpu > 0.5 and .[0].memory > 0')" = true ]; }
# How many lines hold such a character.
braille() { LC_ALL=C grep -c $'\xe2[\xa0-\xa3]'; }
ok "there is something to draw" wait_for 10 used
out=$(B usage web --plot --by minute)
like "CPU" '^cpu by minute: CPU time in seconds' "$out"
like "and memory" '^memory by minute: ' "$out"
is "as wide as is usual" 80 "$(B usage web --plot --by minute | wc -L)"
is "drawn in braille" 1 "$(grep -m 1 ┤ <<<"$out" | braille)"
top=$(grep -m 1 -oE '^ +[0-9.]+ ┤' <<<"$out" | tr -d ' ┤')
is "the scale is what was used" true "$(B usage web --by minute -o json | jq --arg top "$top" '[.[].cpu] | max - ($top | tonumber) | fabs < 0.5')"
like "labels in units" '^ +[0-9.]+[KM] ┤' "$(B usage web --plot --by minute --fields memory)"
like "its time's ends" "^ +$(date -u +%m-%d) [0-9:]+ UTC +[0-9-]+ [0-9:]+ UTC$" "$out"
out=$(LC_ALL=C B usage web --plot --by minute --fields memory)
unlike "ASCII where the locale isn't UTF-8" $'[^ -~]' "$(LC_ALL=C tr -d '\n' <<<"$out")"
like "which is drawn as well" '[#:.] *$' "$(grep -m 1 ' +' <<<"$out")"
for by in hour day month; do is "by $by" 1 "$(B usage web --plot --by $by | grep -m 1 ┤ | braille)"; done
like "by what there is room for" '^pids_peak by minute' "$(B usage web --plot --fields pids-peak --from "$(date -u -d '2 hours ago' +%FT%TZ)")"
like "coarser for a longer time" '^cpu by day' "$(B usage web --plot --from "$(date -u -d '60 days ago' +%F)")"
like "a time of which nothing is known" '^Nothing is known' "$(B usage web --plot --from "$(date -u -d '300 days ago' +%F)" --to "$(date -u -d '299 days ago' +%F)")"
cat >"$T/narrow.py" <<'END'
import sys
from terminal import Terminal
t = Terminal(["sh", "-c", "stty cols 50 rows 20; exec \"$@\"", "sh"] + sys.argv[1:])
t.until(b"UTC\r\n")
t.end()
END
is "as wide as the terminal" 50 "$(PYTHONPATH=$TOP/tests/lib timeout 20 python3 -B "$T/narrow.py" "$BUILD/berth" usage web --plot --by minute --fields cpu | tr -d '\r' | grep -E '┤|└' | wc -L)"
fails 2 "name it" "of one container alone" B usage --plot
fails 2 "could be drawn" "a field that is no figure" B usage web --plot --fields tenant
fails 2 "no field.*memory" "a field that there isn't" B usage web --plot --fields memori
fails 2 "picture" "not as JSON" B usage web --plot -o json
fails 2 "minute, hour" "a period that there isn't" B usage web --plot --by year
fails 2 "before" "a time that ends before it begins" B usage web --plot --from 2025-02-01 --to 2025-01-01
fails 3 "" "a container that there isn't" B usage nobody --plot
