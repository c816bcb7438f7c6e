#!/bin/bash
# What `make install DESTDIR=` puts there works from there, by options alone; `make uninstall` takes all of it back; the programs are hardened.
. "$(dirname "$0")/../lib/lib.sh"
[ -e "$BUILD/Makefile" ] || skip_all "$BUILD holds no Makefile"
t_begin
t_stop_daemon
# The installed one is the same instance in other places.
ok "the built daemon's instance goes" "$BUILD/berthd" --cleanup --config "$T/conf"
D=$T/dest
ok "make install DESTDIR=" make -C "$BUILD" -s install DESTDIR="$D"
# place NAME: where it was installed.
place() { find "$D" -type f -name "$1" -perm -u+x | head -n 1; }
programs=("$(place berth)" "$(place berthd)")
libexec=$(dirname "$(place berth-job)")
programs+=("$libexec"/berth-*)
recipes=$(find "$D" -type d -path '*/berth/templates')
is "what it needs is there" "" "$(for f in "${programs[@]}" "$recipes/busybox/build" "$recipes/debian-12/recipe"; do [ -e "$f" ] || echo "$f"; done)"
for f in berth.1 berthd.8 berthd.conf.5 berthd.service berthd.socket berth-containers.service; do
	is "$f is installed once" 1 "$(find "$D" -type f -name "$f" | wc -l)"
done
is "nobody but root can write any of it" "" "$(find "$D" ! -type l \( ! -user root -o -perm /022 \))"
is "no path of the build is in what is installed" "" "$(grep -rlF "$BUILD" "$D" | grep -vE '/(berth|berthd|berth-[a-z]+)$')"

# hardened PROGRAM: what it lacks.
hardened() {
	local head symbols
	head=$(readelf -Whld "$1") symbols=$(readelf -W --dyn-syms "$1")
	grep -qE 'Type: +DYN' <<<"$head" || echo PIE
	grep -q 'GNU_RELRO' <<<"$head" || echo RELRO
	grep -qE 'BIND_NOW|FLAGS_1.*NOW' <<<"$head" || echo now
	grep -qE 'GNU_STACK .* RW ' <<<"$head" || echo noexecstack
	grep -q '__stack_chk_fail' <<<"$symbols" || echo stack-protector
	grep -q '_chk@' <<<"$symbols" || echo FORTIFY
	# Debian's own start-up objects have no mark of it, so neither has the program: what counts are the instructions.
	[ "$(uname -m)" != x86_64 ] || [ "$(objdump -d --no-show-raw-insn "$1" | grep -c endbr64)" -gt 10 ] || echo CET
}
if grep -qE '^SAN_FLAGS = +-' "$BUILD/Makefile"; then
	skip "a build for tests isn't hardened"
else
	for p in "${programs[@]}"; do is "${p##*/} is hardened" "" "$(hardened "$p" | xargs)"; done
fi

# Without a file: each path is an option.
mkdir -p "$T/o"
options=()
while IFS='= ' read -r name value; do
	[ -z "$name" ] || options+=("--${name//_/-}" "$value")
done < <(sed -e 's/ = /=/' -e "s#$T/s#$T/o/s#; s#$T/r#$T/o/r#" "$T/conf" | grep -v '_dir=.*/recipes\|^libexec_dir\|^recipes_dir')
options+=(--libexec-dir "$libexec" --recipes-dir "$recipes" --templates-dir "$T/o/templates" --pool-dir "$T/o/pool" --socket "$T/o/socket")
mkdir "$T/o/templates"
cp -a "$T/s/templates/busybox" "$T/o/templates/"
t_end_first() {
	[ ! -e "$T/o/r/layout" ] || "${programs[1]}" --cleanup --force --destroy --config /dev/null "${options[@]}" || fail "it is cleaned up"
	rm -rf "$T/o"
}
# It keeps the standard error that it was given, as a log.
background() { "${programs[1]}" --config /dev/null "${options[@]}" >>"$T/log" 2>&1 </dev/null; }
ok "the installed daemon goes into the background when it is ready" background
berth() { BERTH_SOCKET=$T/o/socket "${programs[0]}" "$@"; }
ok "its client reaches it at once" berth create web --template busybox --memory 64M --disk 64M --start
is "a container of it runs" web "$(berth exec web -- hostname)"
is "its parts are the installed ones" "" "$(for p in /proc/[0-9]*; do
	exe=$(readlink "$p/exe") && tr '\0' ' ' <"$p/cmdline" | found -F -- "--name $INSTANCE-" && [ "${exe#"$D"}" = "$exe" ] && echo "$exe"; done 2>/dev/null)"
ok "the pool is where it was told" test -d "$T/o/pool/$(berth show web -o json | jq -r .id)"
ok "delete" berth delete -y --force web
kill "$(cat "$T/o/r/berthd.lock")"
ok "the daemon ends" wait_for 10 eval '! kill -0 "$(cat "$T/o/r/berthd.lock")"'
ok "cleanup by the same options" "${programs[1]}" --cleanup --force --destroy --config /dev/null "${options[@]}"
ok "make uninstall DESTDIR=" make -C "$BUILD" -s uninstall DESTDIR="$D"
is "no file is left" "" "$(find "$D" ! -type d)"
