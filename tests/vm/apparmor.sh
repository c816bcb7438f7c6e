#!/bin/bash
# Containers run under their AppArmor profile, whose denials hold against the container's root and which lets a system work.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/apparmor.sh"
names=()

end() {
	trap - EXIT
	[ ${#names[@]} = 0 ] || B delete -y --force "${names[@]}" >/dev/null 2>&1
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" = 0 ]
	exit
}
trap end EXIT

like "the containers' profile is loaded" '^berth-container \(enforce\)' "$(cat /sys/kernel/security/apparmor/profiles)"
for template in busybox debian-12; do
	if ! B template list --no-header --fields name | found "^$template"; then
		[ "$template" = busybox ] || { skip "the template debian-12 isn't here"; continue; }
		ok "build busybox" B template build busybox
	fi
	name=${template%-12}
	names+=("$name")
	ok "$name: starts" B create "$name" --template "$template" --memory 512M --disk 512M --start
	ok "can be entered" wait_for 60 B exec "$name" -- true
	is "its init is under the profile" "berth-container (enforce)" "$(B exec "$name" -- cat /proc/1/attr/current)"
	is "the host says so too" "berth-container (enforce)" "$(cat "/proc/$(field "$name" pid)/attr/current")"
	is "so is what enters it" "berth-container (enforce)" "$(B exec "$name" -- cat /proc/self/attr/current)"
	like "a file system of the host's kernel is refused" 'denied|cannot mount' "$(B exec "$name" -- mount -t debugfs none /mnt 2>&1)"
	ok "mounts of its own work" B exec "$name" -- sh -c 'mount -t tmpfs none /mnt && umount /mnt'
	ok "it signals its own" B exec "$name" -- sh -c 'sleep 60 & kill $!'
	fails 1 'denied|not permitted|Read-only|cannot|can.t|I/O error' "its profile can't be left" \
		B exec "$name" -- sh -c 'echo "changeprofile unconfined" >/proc/self/attr/current'
done
if [ ${#names[@]} -gt 1 ]; then
	ok "systemd reaches running" wait_for 120 eval '[ "$(B exec debian -- systemctl is-system-running)" = running ]'
	ok "dpkg works" B exec debian -- dpkg --audit
	ok "su works" B exec debian -- su -s /bin/sh nobody -c true
fi
api=$(pgrep -P "$(systemctl show -p MainPID --value berthd 2>/dev/null || echo 0)" -x berth-api)
[ -z "$api" ] || is "the api is under its own profile" "berth-api (enforce)" "$(cat "/proc/$api/attr/current")"

# The service's own sender of webhooks.
conf=/etc/berth/berthd.conf
hooks=$(mktemp -d)
cp -p $conf "$hooks/conf"
printf '%s\n' "hook_http = yes" "hook_allow = 127.0.0.1/32" >>$conf
ok "the service may post to this host" systemctl restart berthd
python3 -B "$TOP/tests/lib/hook_receiver.py" "$hooks" >"$hooks/log" 2>&1 &
receiver=$!
wait_for 10 test -s "$hooks/port" || fail "a receiver: $(cat "$hooks/log")"
ok "a webhook" B webhook create probe --url "http://127.0.0.1:$(cat "$hooks/port")/ok"
ok "what happens" B tenant create probe
ok "is posted" wait_for 10 grep -q tenant.created "$hooks/got"
is "by a sender under its own profile" "berth-hook (enforce)" "$(cat "/proc/$(pgrep -o -x berth-hook)/attr/current")"
B tenant delete probe >/dev/null 2>&1
B webhook delete "$(B webhook list -q)" >/dev/null 2>&1
is "the webhook is gone" "" "$(B webhook list -q)"
is "nothing that it needs is refused" "" "$(denials berth-hook)"
kill $receiver
cat "$hooks/conf" >$conf
systemctl restart berthd
rm -rf "$hooks"

# An instance with its state elsewhere.
other=$(mktemp -d /srv/other.XXXXXX)
chmod 755 "$other"
printf '%s\n' "instance = other" "state_dir = $other/s" "run_dir = $other/r" "storage = dir" "id_base = 2684354560" "id_count = 10" "token_listen = 127.0.0.1:18440" "project_base = 900000" \
	"subnet4 = 10.201.0.0/24" "subnet6 = fd77:7e57:201::/64" >"$other/conf"
berthd --foreground --config "$other/conf" >"$other/log" 2>&1 &
daemon=$!
ok "one with its state elsewhere answers" wait_for 10 berth --socket "$other/r/berth.sock" list; [ "$failed" = 0 ] || cat "$other/log"
other_token=$(berth --socket "$other/r/berth.sock" token create probe --role auditor 2>/dev/null)
is "and over its loopback port" 200 "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $other_token" http://127.0.0.1:18440/v1/containers)"
kill $daemon
wait $daemon 2>/dev/null
ok "and leaves" berthd --cleanup --destroy --config "$other/conf"
rm -rf "$other"
ok "the denials are seen" eval 'dmesg 2>/dev/null | found "apparmor=\"DENIED\".*berth-container" || journalctl -k --no-pager | found "berth-container"'
