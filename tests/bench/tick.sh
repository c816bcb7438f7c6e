# shellcheck shell=bash
# Sourced while the daemon is down.
# A template of the smallest init: what is measured is Berth, not a distribution.
mkdir -p "$T/recipes/tick"
cat >"$T/recipes/tick/recipe" <<'END'
description = the smallest init
os = busybox
init = /sbin/init
stop_signal = USR2
reboot_signal = TERM
END
printf '#!/bin/bash\nmkdir -p "$1"/{sbin,etc,proc,sys,dev,run,tmp,root,mnt}\ncp %q "$1/sbin/init"\ncp %q "$1/sbin/true"\n%s\n' \
	"$BUILD/tests/bench/tick" "$BUILD/tests/bench/tick" \
	'printf "root:x:0:0:root:/root:/sbin/true\n" >"$1/etc/passwd"; printf "root:*:19000::::::\n" >"$1/etc/shadow"; printf "root:x:0:\n" >"$1/etc/group"' \
	>"$T/recipes/tick/build"
chmod 755 "$T/recipes/tick/build"
sed -i "s,^recipes_dir = .*,recipes_dir = $T/recipes," "$T/conf"
