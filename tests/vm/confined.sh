#!/bin/bash
# The api and the sender of webhooks work under AppArmor profiles that let nobody do more who has come to be in one of them.
# shellcheck disable=SC2154
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/apparmor.sh"
conf=/etc/berth/berthd.conf
T=$(mktemp -d)

end() {
	trap - EXIT
	B delete -y --force probe >/dev/null 2>&1
	B tenant delete acme >/dev/null 2>&1
	[ ! -e "$T/conf" ] || { cat "$T/conf" >$conf; systemctl restart berthd; }
	[ -z "${receiver:-}" ] || kill "$receiver"
	rm -rf "$T"
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" = 0 ]
	exit
}
trap end EXIT

# What the api does all day: callers on each door, its database and the copy of it, streams, its helpers.
cp -p $conf "$T/conf"
printf '%s\n' "hook_http = yes" "hook_allow = 127.0.0.1/32" "hook_allow = ::1/128" "token_listen = 127.0.0.1:18441" "copy_interval = 1" >>$conf
ok "the service starts with all that it may have" systemctl restart berthd
api=$(pgrep -P "$(systemctl show -p MainPID --value berthd)" -x berth-api)
is "its api is confined" "berth-api (enforce)" "$(cat "/proc/$api/attr/current")"
B template list --no-header --fields name | found '^busybox' || ok "build busybox" B template build busybox
python3 -B "$TOP/tests/lib/hook_receiver.py" "$T" >"$T/log" 2>&1 &
receiver=$!
wait_for 10 test -s "$T/port" || fail "a receiver: $(cat "$T/log")"
ok "a webhook" B webhook create probe --url "http://localhost:$(cat "$T/port")/ok"
ok "a tenant" B tenant create acme
ok "is told to it, by name" wait_for 20 grep -q tenant.created "$T/got"
ok "a container" B create probe --template busybox --memory 64M --disk 64M --start
ok "is entered" B exec probe -- true
token=$(B token create probe --role auditor 2>/dev/null)
is "who comes with a token is served on the loopback" 200 "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" http://127.0.0.1:18441/v1/containers)"
ok "the audit tells of them" eval 'B audit --no-header | found exec'
ok "its database is copied" wait_for 30 eval 'ls /var/lib/berth/pool/.copies/*.db'
like "its log comes to the journal" 'berth-api: ready|ready: ' "$(journalctl -b -t berth-api --no-pager)"
kill "$api"
ok "one that is killed is replaced" wait_for 20 B list
B webhook delete "$(B webhook list -q)" >/dev/null 2>&1
B token delete "$(B token list -q --no-header | head -n 1)" -y >/dev/null 2>&1
is "nothing that the api needs is refused" "" "$(denials berth-api)"
is "nor what the sender needs" "" "$(denials berth-hook)"

# Whoever is in a profile without its process's own filter, as root.
secrets=("open('/etc/shadow')" "open('/etc/berth/berthd.conf')" "os.listdir('/var/lib/berth/pool')" "os.listdir('/var/lib/berth/registry')" "open('/proc/meminfo')"
	"open('/usr/share/dpkg/cputable')" "open('/root/x', 'w')" "open('/run/berth/layout')" "os.execv('/bin/true', ['true'])")
is "the api's lets one read the database's directory and who is on the host" "works works works " "$(under berth-api "os.listdir('/var/lib/berth/db')" "open('/etc/passwd')" "open('/proc/self/cgroup')")"
is "no secrets, other files or programs" "13 13 13 13 13 13 13 13 13 " "$(under berth-api "${secrets[@]}")"
is "nor the world: no datagrams, packets or kernel's sockets" "13 13 13 13 " "$(under berth-api "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)" \
	"socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)" "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)" "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)")"
is "nor another's capabilities" "1 1 " "$(under berth-api "os.chroot('/')" "socket.sethostname('x')")"
is "the sender's lets one reach the world" "works works works " "$(under berth-hook "socket.socket(socket.AF_INET)" "socket.getaddrinfo(b'localhost', 80)" "open('/etc/resolv.conf')")"
secrets[1]="open('/etc/fstab')"
is "no secrets, other files or programs" "13 13 13 13 13 13 13 13 13 " "$(under berth-hook "${secrets[@]}")"
is "nor the doors of the host's services" "13 13 13 13 " "$(under berth-hook "socket.socket(socket.AF_UNIX).connect('/run/berth/berth.sock')" \
	"socket.socket(socket.AF_UNIX).connect('/run/systemd/private')" "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)" "os.listdir('/var/lib/berth/db')")"
