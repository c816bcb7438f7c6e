#!/bin/bash
# The Debian package: installed, upgraded, removed, installed again, purged.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -d /run/systemd/system ] || skip_all "needs systemd as PID 1"
export BERTH_SOCKET=/run/berth/berth.sock DEBIAN_FRONTEND=noninteractive
B() { berth "$@"; }
deb=$(ls "$TOP"/berth_*.deb) || skip_all "needs the package"
work=$(mktemp -d)

end() {
	trap - EXIT
	dpkg-query -W -f '${db:Status-Status}\n' berth 2>/dev/null | found '^installed$' || dpkg -i "$deb" >/dev/null 2>&1
	B delete -y --force kept >/dev/null 2>&1
	rm -rf "$work"
	[ "$failed" = 0 ] || journalctl -b -u berthd -u berth-containers --no-pager | tail -n 30
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" = 0 ]
	exit
}
trap end EXIT
# newer VERSION: the same package with another version.
newer() {
	dpkg-deb -R "$deb" "$work/tree" && sed -i "s/^Version: .*/Version: $1/" "$work/tree/DEBIAN/control" &&
		dpkg-deb --root-owner-group -b "$work/tree" "$work/berth_$1.deb" >/dev/null && rm -r "$work/tree"
}
daemon() { systemctl show -p MainPID --value berthd; }

is "it is installed" installed "$(dpkg-query -W -f '${db:Status-Status}' berth)"
ok "with a group of admins" getent group berth
like "and a user for the api, who can't log in" 'nologin$' "$(getent passwd berth-api)"
for unit in berthd.service berthd.socket berthd-token.socket berth-containers.service; do
	is "$unit is up" active "$(systemctl is-active $unit)"
	is "and comes with the host" enabled "$(systemctl is-enabled $unit)"
done
is "the database belongs to the api alone" "berth-api 700" "$(stat -c '%U %a' /var/lib/berth/db)"
like "AppArmor's profiles are loaded" '^berth-container' "$(cat /sys/kernel/security/apparmor/profiles)"
ok "the configuration is right" berthd --check-config
is "who comes with a token alone is asked for it" 401 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket /run/berth/token.sock http://localhost/v1)"
for page in "1 berth" "8 berthd" "5 berthd.conf"; do ok "a man page: $page" test -e "/usr/share/man/man${page% *}/${page#* }.${page% *}.gz"; done
ok "a template is there" eval 'B template list --no-header | found busybox || B template build busybox'
ok "a container" B create kept --template busybox --memory 64M --disk 64M --start

# An upgrade: the daemon is another, nothing else is.
newer 99.0
before=$(daemon) pid=$(field kept pid)
(for _ in $(seq 60); do B list >/dev/null 2>>"$work/refused" || echo refused >>"$work/refused"; sleep 0.1; done) &
asking=$!
ok "an upgrade" apt-get -qq install -y --no-install-recommends "$work/berth_99.0.deb"
wait $asking
unlike "the daemon was replaced" "^$before\$" "$(daemon)"
is "the container runs on" "$pid running" "$(field kept pid) $(state kept)"
is "who asks meanwhile is answered" "" "$(cat "$work/refused" 2>/dev/null)"
ok "and can be entered" B exec kept -- true
is "the unit of the containers wasn't touched" active "$(systemctl is-active berth-containers.service)"

# Removed: in order, and the host is as it was. The data stay.
id=$(field kept id)
ok "it is removed" apt-get -qq remove -y berth
ok "its containers have ended" test ! -e "/proc/$pid"
is "no control group is left" "" "$(ls -d /sys/fs/cgroup/berth.slice/berth-* 2>/dev/null)"
is "no firewall" "" "$(nft list tables | grep -wE "berth(_traffic)?")"
is "no mount" "" "$(grep /var/lib/berth /proc/self/mountinfo)"
is "no daemon" "" "$(pgrep -x berthd)"
ok "the configuration stays" test -e /etc/berth/berthd.conf
ok "it is installed again" apt-get -qq install -y --no-install-recommends "$deb"
ok "what ran runs again" wait_for 30 eval '[ "$(state kept)" = running ]'
is "and is the same" "$id" "$(field kept id)"

ok "it is purged" eval 'apt-get -qq purge -y berth >"$work/purge" 2>&1'
like "which says what it kept" "kept in /var/lib/berth" "$(cat "$work/purge")"
ok "the configuration is gone" test ! -e /etc/berth/berthd.conf
ok "the database isn't" test -e /var/lib/berth/db/berth.db
ok "it is installed once more" dpkg -i "$deb"
ok "no container was lost" B show kept
