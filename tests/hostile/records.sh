#!/bin/bash
# What Berth keeps beside a container and reads again: logs, manifests, launch specs; and what is given on to programs. Archives, push
# and pull, snapshots and copies don't exist yet: doc/security.md says so, and what they will have to meet.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "create and start" B create web --template busybox --memory 64M --disk 64M --start
id=$(field web id)

# CVE-2026-48750, CVE-2025-54293: files by name that are links by now.
case_cve_2026_48750_logs_and_records_that_are_links() {
	local dir file
	dir=$T/r/ct/101
	B exec web -- sh -c 'echo words >/dev/console'
	ok "there is a log" wait_for 5 eval 'B logs web | found words'
	like "the console's log is in a directory of root's" '^root 7[0-5]0$' "$(stat -c '%U %a' "$dir")"
	B stop --kill web >/dev/null 2>&1
	for file in console.log console.log.1 exit; do
		[ ! -e "$dir/$file" ] || mv "$dir/$file" "$dir/$file.was"
		ln -sfn "$T/canary" "$dir/$file"
		unlike "a log that is a link shows nothing: $file" untouched "$(B logs web 2>&1)"
		unlike "nor does what is shown: $file" untouched "$(B show web 2>&1)"
		rm -f "$dir/$file"
		[ ! -e "$dir/$file.was" ] || mv "$dir/$file.was" "$dir/$file"
	done
	ln -sfn "$T/canary" "$dir/console.log"
	B start web >/dev/null 2>&1
	B exec web -- sh -c 'echo flood >/dev/console' >/dev/null 2>&1
	is "nor is one written to" untouched "$(cat "$T/canary")"
	B stop --kill web >/dev/null 2>&1
	[ ! -L "$dir/console.log" ] || rm -f "$dir/console.log"
	ok "it starts without" B start web
}

# CVE-2026-34178: what is read is what was checked, once.
case_cve_2026_34178_one_manifest() {
	local manifest
	manifest=$T/s/pool/$id/manifest
	like "it is root's alone" '^root 600$' "$(stat -c '%U %a' "$manifest")"
	is "there is one" 1 "$(find "${manifest%/*}" -maxdepth 1 -name "${manifest##*/}*" | wc -l)"
	is "which no path inside leads to" "" "$(B exec web -- find / -xdev -name 'manifest*' 2>/dev/null)"
	# A second key of the same name, and one that contradicts the registry.
	B stop --kill web >/dev/null 2>&1
	cp -p "$manifest" "$T/manifest.was"
	sed -i 's/"tenant":"default"/"tenant":"default","tenant":"globex"/; s/"memory":67108864/"memory":67108864,"memory":1099511627776/' "$manifest"
	ok "the running configuration is the database's" B start web
	is "not the file's" "default 67108864" "$(B show web -o json | jq -r '"\(.tenant) \(.memory)"')"
	B stop --kill web >/dev/null 2>&1
	rm -f "$manifest"
	ln -s "$T/canary" "$manifest"
	B set web memory=48M >/dev/null 2>&1
	is "one that is a link is replaced, never written through" untouched "$(cat "$T/canary")"
	rm -f "$manifest"
	cp -p "$T/manifest.was" "$manifest"
	ok "it starts" B start web
}

# CVE-2026-28384: nothing of a request becomes an option or a word of a shell.
case_cve_2026_28384_no_words_for_programs() {
	local word before
	before=$(find "$T" -maxdepth 1 | grep -v "/body$" | sort)
	for word in '$(touch pwned)' '`touch pwned`' ';touch pwned' '|touch pwned' '--help' '-o' '--use-compress-program=sh' 'a b' "a'b" '../busybox' 'busybox/../x' '/etc'; do
		api_is 422 invalid "a recipe '$word'" POST /v1/templates "$(jq -nc --arg w "$word" '{template:$w}')"
		api_is 422 invalid "a version '$word'" POST /v1/templates "$(jq -nc --arg w "$word" '{template:"busybox",version:$w}')"
	done
	for word in compressor compression command args script url source mirror suite env format; do
		api_is 422 invalid "$word is none of its fields" POST /v1/templates "{\"template\":\"busybox\",\"$word\":\"sh -c id\"}"
	done
	is "nothing was made" "$before" "$(find "$T" -maxdepth 1 | grep -v "/body$" | sort)"
	is "nor anywhere" "" "$(find / -xdev -name pwned -newer "$T/conf" 2>/dev/null | head -n 1)"
}

# Own: what a console says to whoever reads its log on a terminal.
case_a_console_says_things_to_terminals() {
	local seen
	B exec web -- sh -c 'printf "\033]0;title\007\033[2J\033[8mhidden\033]52;c;ZXZpbA==\007\302\2332J\033P+q544e\033\\\\\033[6n\033[31mred\033[0m\nplain\n" >/dev/console'
	sleep 0.5
	cat >"$T/read.py" <<-'END'
		import sys
		from terminal import Terminal
		t = Terminal(sys.argv[1:])
		t.until(b"nothing", 3)
		t.end()
	END
	seen=$(PYTHONPATH=$TOP/tests/lib python3 -B "$T/read.py" "$BUILD/berth" logs web)
	like "its lines are shown" plain "$seen"
	is "no title, clipboard, cursor or question of theirs" "" "$(grep -aoP '\x1b[^\[]|\x1b\[[0-9;]*[^0-9;m]|\xc2\x9b' <<<"$seen" | head -n 3)"
}

t_run_cases
