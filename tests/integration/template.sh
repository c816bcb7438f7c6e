#!/bin/bash
# Templates: built from the operator's recipes, in versions; a failed or cancelled build leaves nothing behind.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
t_stop_daemon
cp -a "$TOP/templates" "$T/recipes"
chown -R 0:0 "$T/recipes"
sed -i "s,^recipes_dir = .*,recipes_dir = $T/recipes," "$T/conf"
recipe() {
	mkdir -p "$T/recipes/$1"
	cp "$T/recipes/busybox/recipe" "$T/recipes/$1/recipe"
	printf '#!/bin/bash\n%s\n' "$2" >"$T/recipes/$1/build"
	chmod 755 "$T/recipes/$1/build"
}
recipe broken 'mkdir -p "$1/etc"; echo half >"$1/etc/half"; mount -t tmpfs none "$1/etc"; echo "why it broke" >&2; exit 3'
recipe slow 'sleep 4711 & mkdir -p "$1/etc"; sleep 4712'
recipe writable 'true'
chmod 777 "$T/recipes/writable"
t_start_daemon
before=$(find "$T/s/templates" -mindepth 1 -maxdepth 2 | sort)
fails 1 'why it broke|broke' "a build that fails says why" B template build broken
is "and leaves nothing behind" "$before" "$(find "$T/s/templates" -mindepth 1 -maxdepth 2 | sort)"
fails 5 'writable|root' "a recipe that others can write is refused" B template build writable
fails 3 "no recipe 'nothing' in .*: there are broken, busybox, debian-12, slow" "a recipe that isn't there" B template build nothing
fails 2 '' "a recipe outside" B template build ../busybox
op=$(B template build slow --no-wait)
sleep 1
ok "a long build is cancelled" B operation cancel "$op"
B operation wait "$op" >/dev/null 2>&1
is "its operation says so" cancelled "$(B operation show "$op" -o json | jq -r .state)"
is "nothing of it runs" "" "$(pgrep -f 'sleep 471[12]')"
is "nothing of it lies there" "$before" "$(find "$T/s/templates" -mindepth 1 -maxdepth 2 | sort)"
ok "a version of its own" B template build busybox --version 2.0
ok "a container of it" B create web --template busybox@2.0 --disk 64M
is "is made of it" busybox@2.0 "$(field web template)"
fails 4 'use' "it can't be deleted under it" B template delete busybox@2.0
fails 4 '' "nor built again" B template build busybox --version 2.0
ok "delete the container" B delete -y web
ok "then the template" B template delete busybox@2.0
unlike "it is gone" '2\.0' "$(B template list)"
