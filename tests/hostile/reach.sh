#!/bin/bash
# What can be reached from inside: sockets and files of the daemon, services of the host, other tenants; and what a tenant can name.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "tenants" B tenant create acme
ok "tenants" B tenant create globex
ok "a container" B create evil --tenant acme --template busybox --memory 64M --disk 64M --start
ok "another's" B create other --tenant globex --template busybox --memory 64M --disk 64M --start
E() { "$BUILD/berth" exec acme:evil -- "$@"; }
ok "its tool is brought in" bring "$BUILD/tests/hostile/watch" acme:evil /bin/spy

case_sockets_and_files_of_the_daemon() {
	local name names
	names=$(awk 'NR > 1 && NF == 8 { print $8 }' /proc/net/unix | sort -u)
	like "the host has sockets of this instance" "$T/r/" "$names"
	while read -r name; do
		unlike "$name is out of reach" REACHED "$(E /bin/spy connect "$name")"
	done < <(grep -E "^@|$T|^/run/" <<<"$names" | head -n 60)
	for name in "$BERTH_SOCKET" "$T/r" "$T/s/pool" "$T/s/registry" "$T/s/db/berth.db" "$T/conf" /run/berth "$BUILD/berth-job"; do
		like "$name isn't there" 'No such file' "$(E ls "$name" 2>&1)"
	done
	is "no name of them in its mounts" "" "$(E cat /proc/self/mountinfo | grep -F "$T")"
	is "no socket of theirs is listed" "" "$(E cat /proc/net/unix | grep -E 'berth|monitor')"
	is "no process of the host is to be seen" "" "$(E sh -c 'cat /proc/[0-9]*/comm' | grep -E '^(berthd|berth-(api|monitor))$')"
}

case_setuid_files_do_nothing_on_the_host() {
	local suid
	E sh -c 'cp /bin/busybox /root/suid && chmod 6755 /root/suid'
	suid=$(find "$T/s/pool" -name suid -path '*root/suid' | head -n 1)
	like "the file lies in the pool, as root's" '^root 6755$' "$(stat -c '%U %a' "$suid")"
	like "which is nosuid, nodev, noexec" 'nosuid.*nodev.*noexec' "$(grep " $T/s/pool " /proc/self/mountinfo)"
	like "nobody runs it" 'denied|No such' "$(setpriv --reuid 65534 --regid 65534 --clear-groups "$suid" id 2>&1)"
	like "not even root" 'denied' "$("$suid" id 2>&1)"
	for d in "$T/s/pool" "$T/s/templates" "$T/s/registry" "$T/s/db"; do
		like "nobody enters ${d##*/}" 'denied' "$(setpriv --reuid 65534 --regid 65534 --clear-groups ls "$d" 2>&1)"
	done
}

case_services_of_the_host() {
	local address port
	cat >"$T/listen.py" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
		s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
		s.bind(("::", 0))
		s.listen(16)
		print(s.getsockname()[1], flush=True)
		while True:
		    c, who = s.accept()
		    print("REACHED from", who, flush=True)
		    c.close()
	END
	python3 "$T/listen.py" >"$T/listen" &
	local listener=$!
	wait_for 5 test -s "$T/listen"
	port=$(head -n 1 "$T/listen")
	like "the host's own loopback is served" . "$(curl -s --max-time 2 "http://127.0.0.1:$port" 2>&1; grep -c REACHED "$T/listen")"
	for address in $(ip -o addr | awk '{ sub("/.*", "", $4); print $4 }' | sort -u) 169.254.0.1 169.254.169.254 "$SUBNET.1" ::1 127.0.0.1; do
		E timeout 1 nc -w 1 "$address" "$port" </dev/null >/dev/null 2>&1 && fail "a connection to $address"
	done
	is "only loopback was" 1 "$(grep -c REACHED "$T/listen")"
	kill $listener; wait $listener 2>/dev/null
	E timeout 2 wget -q -O - http://169.254.169.254/latest/meta-data >/dev/null 2>&1
	[ $? != 0 ] && pass "no metadata" || fail "metadata is answered"
}

case_other_tenants_private_addresses() {
	local ip4 ip6
	ip4=$(B show globex:other -o json | jq -r '.ip[] | select(contains(":") | not)')
	ip6=$(B show globex:other -o json | jq -r '.ip[] | select(contains(":"))')
	"$BUILD/berth" exec globex:other -- sh -c 'while :; do echo REACHED | nc -l -p 4000; done' >/dev/null 2>&1 &
	local listener=$!
	unlike "not by IPv4" REACHED "$(E timeout 2 nc -w 1 "$ip4" 4000 </dev/null 2>&1)"
	unlike "not by IPv6" REACHED "$(E timeout 2 nc -w 1 "$ip6" 4000 </dev/null 2>&1)"
	kill $listener; wait $listener 2>/dev/null
}

# CVE-2017-5985, CVE-2022-47952: a tenant can't point at an interface, a namespace or a path of the host.
case_cve_2017_5985_nothing_of_the_host_can_be_named() {
	local key value token
	token=$(B token create t --role owner --tenant acme 2>/dev/null)
	as_tenant() { curl -s -o "$T/body" -w '%{http_code}' --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $token" -X "$1" --data-binary "$3" "http://b$2"; }
	for key in interface veth bridge vlan netns pidns userns namespace mounts mount path rootfs lower upper device devices config raw lxc hooks hook init kernel \
		apparmor seccomp capabilities privileged nesting cgroup cgroup_parent id_base uid_map project ctid host log console_log pid; do
		for value in '"/etc"' '"eth0"' '{"a":"b"}' 1; do
			is "create with $key=$value" 422 "$(as_tenant POST /v1/containers "{\"name\":\"x\",\"template\":\"busybox\",\"$key\":$value}")"
			is "set $key=$value" 422 "$(as_tenant PATCH /v1/containers/evil "{\"$key\":$value}")"
		done
	done
	for value in ../../etc /etc/passwd 'busybox/../../x' 'busybox@../x' 'file:///etc' 'busybox@1/..' '.' '..' '-rf' '$(id)' 'a;id' "busybox'" 'http://127.0.0.1/x'; do
		is "template $value" 422 "$(as_tenant POST /v1/containers "{\"name\":\"x\",\"template\":\"$value\"}")"
		like "rescue $value" '^422$' "$(as_tenant POST /v1/containers/evil/start "{\"rescue\":\"$value\"}")"
	done
	for value in lo eth0 /proc/1/ns/net 169.254.0.1 127.0.0.1 0.0.0.0 255.255.255.255 224.0.0.1 fe80::1 ::1 ff02::1 "$SUBNET.1" "$SUBNET.0" "$SUBNET.255" 8.8.8.8; do
		is "ip $value" 422 "$(as_tenant POST /v1/containers "{\"name\":\"x\",\"template\":\"busybox\",\"ip\":[\"$value\"]}")"
	done
	is "none was made" 1 "$(curl -s --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $token" http://b/v1/containers | jq '.items | length')"
	for path in '/v1/which?pid=1' /v1/doctor /v1/capacity /v1/recover /v1/host/boot /v1/host/shutdown; do
		unlike "$path isn't a tenant's" '^2' "$(as_tenant GET "$path" ''; echo; as_tenant POST "$path" '{}')"
	done
}

t_run_cases
