#!/bin/bash
# Completion in bash as it is installed: verbs, options and values from the program, names from the daemon.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "a container" B create web --template busybox --memory 64M
ok "another" B create shop --template busybox --memory 64M

# completed WORD…: what bash would offer for the last word, in one line.
completed() {
	PATH=$BUILD:$PATH bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; _berth
		printf "%s\n" "${COMPREPLY[@]}" | sort | xargs' "$TOP/client/bash-completion/berth" "$@"
}
like "verbs" '\bcreate\b.*\bdoctor\b.*\brecover\b.*\bstart\b' "$(completed berth '')"
is "a verb that was begun" "recover" "$(completed berth rec)"
like "verbs of two words" '\bboot\b.*\bshutdown\b' "$(completed berth host '')"
is "containers, asked from the daemon" "shop web" "$(completed berth stop '')"
is "a container that was begun" "web" "$(completed berth show w)"
like "options" '\-\-memory.*\-\-onboot|\-\-onboot.*\-\-memory' "$(completed berth create x --)"
like "templates" 'busybox' "$(completed berth create x --template '')"
is "nothing where nothing fits" "" "$(completed berth show nothing-like-it)"
is "a name is no command" "" "$(completed berth show '$(touch '"$T"'/bad)')"
ok "and isn't run" test ! -e "$T/bad"
t_stop_daemon
is "without a daemon there is no noise" "" "$(completed berth stop '' 2>&1)"
like "and verbs all the same" '\bcreate\b' "$(completed berth '')"
t_start_daemon
