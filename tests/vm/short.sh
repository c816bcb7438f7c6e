#!/bin/bash
# What every change has to pass on a production host: the service, a container of each template, quota, restart of the daemon, reboot.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib/lib.sh"

[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -d /run/systemd/system ] || skip_all "needs systemd as PID 1"
export BERTH_SOCKET=/run/berth/berth.sock
B() { berth "$@"; }

end() {
	trap - EXIT
	if [ "$failed" != 0 ] || [ "${BOOT:-0}" != 0 ]; then B delete -y --force busy deb pin >/dev/null 2>&1; fi
	[ "$failed" = 0 ] || journalctl -b -u berthd --no-pager | tail -n 30
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" = 0 ]
	exit
}
trap end EXIT

# Another instance, whose pool lies on an ext4 with project quotas. Not with the installed api: its profile knows one database.
on_ext4() {
	local conf=/run/ext.conf daemon
	local BERTH_SOCKET=/run/ext/berth.sock
	printf '%s\n' 'instance = ext' 'state_dir = /data1/s' 'run_dir = /run/ext' 'id_base = 1342177280' 'id_count = 100' \
		'project_base = 700000' 'subnet4 = 10.200.1.0/24' 'subnet6 = fd77:7e57:1::/64' "libexec_dir = $BUILD" >$conf
	mkdir -m 711 /data1/s && mkdir -m 700 /data1/s/templates && cp -a /var/lib/berth/templates/busybox /data1/s/templates/
	berthd --foreground --config $conf >/run/ext.log 2>&1 &
	daemon=$!
	ok "ext4: a pool with project quotas" wait_for 30 B list
	ok "busybox on it" B create busy --template busybox --memory 64M --disk 64M --start
	is "by project quotas" prjquota "$(field busy storage)"
	fails 1 'quota' "which hold" B exec busy -- dd if=/dev/zero of=/root/fill bs=1M count=100
	ok "and go with it" B delete -y --force busy
	is "for good" "" "$(repquota -Pn /data1 | awk '/^#7000[0-9][0-9] / && $3 + $4 + $5 + $8 > 0')"
	[ "$failed" = 0 ] || tail -n 20 /run/ext.log
	kill $daemon && wait $daemon
	ok "the instance is cleaned up" berthd --cleanup --destroy --config $conf
}

is "the service is up" active "$(systemctl is-active berthd)"

if [ "${BOOT:-0}" = 0 ]; then
	ok "a template" B template build busybox
	on_ext4
	ok "busybox" B create busy --template busybox --memory 64M --disk 64M --start
	ok "Debian" B create deb --template debian-12 --memory 512M --disk 512M --start
	ok "systemd inside reaches running" wait_for 120 eval '[ "$(B exec deb -- systemctl is-system-running)" = running ]'
	fails 1 'quota|space' "the disk's quota holds" B exec busy -- dd if=/dev/zero of=/root/fill bs=1M count=100
	ok "the container's root makes place again" B exec busy -- rm /root/fill
	is "the kernel's limit is the one asked for" 67108864 "$(api GET /v1/containers/busy/limits | jq .memory.effective)"
	before="$(field busy pid) $(field deb pid)"
	ok "the daemon restarts" systemctl restart berthd
	is "its containers run on" "$before" "$(field busy pid) $(field deb pid)"
	ok "and can be entered" B exec deb -- true
	ok "one is stopped" B stop busy
	ok "another is to start with the host" B create pin --template busybox --memory 64M --onboot --boot-priority 10 --boot-delay 3
else
	ok "after a reboot what ran runs again" wait_for 120 eval '[ "$(state deb)" = running ]'
	is "what is to start with the host does" running "$(state pin)"
	is "the stopped one is down" stopped "$(state busy)"
	told=$(B events -o json)
	ok "before it, Debian was powered off in order" jq -e '[.[] | select(.name == "deb" and .type == "container.stopped" and .data.exit == "poweroff")] | length > 0' <<<"$told"
	ok "and came back after the one of the higher priority" jq -e '[.[] | select(.type == "container.started") | .name] | .[-2:] == ["pin", "deb"]' <<<"$told"
	ok "the stopped one starts" B start busy
	is "the unit is up" active "$(systemctl is-active berth-containers)"
fi
