#!/bin/bash
# Daemon and monitors are killed, nothing comes back: the host is cleaned up all the same.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "a container" B create one --template busybox --memory 64M --start
ok "another" B create two --template busybox --memory 64M --start
ok "one that is stopped" B create three --template busybox --memory 64M
t_stop_daemon KILL
for ctid in 101 102; do kill -9 "$(pgrep -f "^berth-monitor --name $INSTANCE-$ctid ")"; done
ok "their inits end" wait_for 5 eval '! pgrep -f "berth-monitor --name $INSTANCE-"'
fails 4 "stop it first, or use --force" "a cleanup is refused while something of them is left" "$BUILD/berthd" --cleanup --config "$T/conf"
ok "a forced one does it" "$BUILD/berthd" --cleanup --force --config "$T/conf"
wait_for 60 eval '[ -z "$(census)" ]'
is "nothing is left on the host" "" "$(census)"
t_start_daemon
is "the containers are all there" "one three two" "$(B list --no-header --fields name | tr -d ' ' | sort | xargs)"
ok "and start" B start one two three
# What it was set up with is told in the run directory: without it, all of that is found anew.
rm "$T/r/layout"
kill -9 "$DAEMON"
wait "$DAEMON" 2>/dev/null
DAEMON=''
fails 4 "stop it first, or use --force" "without knowledge of the host's layout, one that runs is in a cleanup's way" "$BUILD/berthd" --cleanup --config "$T/conf"
ok "a forced one does it" "$BUILD/berthd" --cleanup --force --config "$T/conf"
ok "with nothing left" wait_for 60 eval '[ -z "$(census)" ]'
fails 3 "nothing of this instance is set up" "then there is nothing to do" "$BUILD/berthd" --cleanup --config "$T/conf"
is "and nothing is made for that" "" "$(census)"
t_start_daemon
is "the containers are all there again" "one three two" "$(B list --no-header --fields name | tr -d ' ' | sort | xargs)"
