#!/bin/bash
# Debian 12 with systemd: it comes up whole, and what a VPS customer does inside works.
. "$(dirname "$0")/../lib/lib.sh"
command -v mmdebstrap >/dev/null || skip_all "mmdebstrap is missing"
TEMPLATES=debian-12 POOL_SIZE=4G t_begin
ssh-keygen -q -t ed25519 -N '' -f "$T/key"
ok "create with a password and a key" sh -c 'echo correct-horse | "$BUILD/berth" create deb --template debian-12 --memory 512M --cpus 2 --disk 2G --pids 300 --password-stdin --ssh-key "$T/key.pub"'
ok "start" B start deb
ok "systemd reaches running" wait_for 60 eval '[ "$(B exec deb -- systemctl is-system-running)" = running ]'
is "no unit has failed" "" "$(B exec deb -- systemctl --failed --no-legend --plain)"
is "the machine id is the container's own" "$(field deb id | tr -d -)" "$(B exec deb -- cat /etc/machine-id)"
is "host name" deb "$(B exec deb -- hostnamectl hostname)"
ok "a user is added" B exec deb -- useradd -m -s /bin/bash anna
ok "and given sudo" B exec deb -- sh -c 'echo "anna ALL=(ALL) NOPASSWD:ALL" >/etc/sudoers.d/anna'
is "su" anna "$(B exec deb -- su - anna -c 'id -un')"
is "sudo (setuid) works" root "$(B exec deb -- su - anna -c 'sudo id -un')"
ok "file capabilities work: ping" B exec deb -- su - anna -c 'ping -c 1 -W 2 127.0.0.1'
ok "root inside gives some" B exec deb -- sh -c 'cp /usr/bin/grep /usr/local/bin/grep && setcap cap_net_bind_service+ep /usr/local/bin/grep'
is "they are what a user's process has" 0000000000000400 "$(B exec deb -- su - anna -c "/usr/local/bin/grep CapEff: /proc/self/status" | awk '{ print $2 }')"
ok "sshd listens" wait_for 20 B exec deb -- sh -c 'systemctl is-active ssh.socket ssh.service | grep -qx active'
ip=$(field deb 'ip[0]')
out=$(ssh -n -i "$T/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=$((10 * ${T_SLOW:-1})) -o LogLevel=ERROR "root@$ip" id -un 2>&1)
is "log in by ssh with the key" root "$out"
is "host keys are this container's" "$(B exec deb -- hostname)" "$(B exec deb -- awk '{print $3}' /etc/ssh/ssh_host_ed25519_key.pub | sed 's/.*@//')"
ok "dpkg works" B exec deb -- sh -c 'mkdir -p /tmp/p/DEBIAN /tmp/p/opt && printf "Package: trial\nVersion: 1\nArchitecture: all\nMaintainer: t <t@t>\nDescription: t\n" >/tmp/p/DEBIAN/control && echo x >/tmp/p/opt/trial && dpkg-deb -b /tmp/p /tmp/trial.deb && dpkg -i /tmp/trial.deb && test -e /opt/trial && dpkg -r trial'
like "the cgroups inside are the container's own" '^/(init.scope)?$' "$(B exec deb -- sh -c 'cut -d: -f3 /proc/1/cgroup' | head -n 1)"
ok "a service with limits of its own" B exec deb -- systemd-run --wait -p TasksMax=20 true
is "a login has a locale of UTF-8" "C.UTF-8 UTF-8" "$(B exec deb -- env -u LANG su - anna -c 'echo $LANG; locale charmap' | xargs)"
is "and a time zone" "UTC Etc/UTC" "$(B exec deb -- sh -c 'date +%Z; cat /etc/timezone' | xargs)"
# A network service that its owner starts, for every interface, and a file that was another provider's.
addresses() { B exec "$1" -- sh -c 'ip -o address show dev eth0 scope global; ip route; ip -6 route show default'; }
own=$(addresses deb)
B exec deb -- sh -c 'printf "[Match]\nName=*\n\n[Network]\nDHCP=yes\n" >/etc/systemd/network/10-all.network
	printf "auto eth0\niface eth0 inet static\n\taddress 192.0.2.77/24\n\tgateway 192.0.2.1\n" >/etc/network/interfaces
	systemctl unmask systemd-networkd.service systemd-networkd.socket; systemctl enable --now systemd-networkd' >/dev/null 2>&1
ok "systemd-networkd runs" wait_for 20 eval '[ "$(B exec deb -- systemctl is-active systemd-networkd)" = active ]'
ok "and leaves eth0 alone" wait_for 10 eval 'B exec deb -- networkctl list --no-legend | found "eth0 .*unmanaged"'
is "its addresses and routes stay" "$own" "$(addresses deb)"
ok "another is added beside it" B set deb ip=auto,auto4
ok "and is there" wait_for 5 eval 'B exec deb -- ip -o address show dev eth0 | found "$(field deb "ip|map(select(contains(\".\")))[1]")"'
own=$(addresses deb)
before=$(field deb pid)
B exec deb -- systemctl reboot >/dev/null 2>&1
ok "reboot from inside" wait_for 40 eval '[ "$(field deb pid)" != '"$before"' ] && [ "$(state deb)" = running ]'
ok "systemd reaches running again" wait_for 60 eval '[ "$(B exec deb -- systemctl is-system-running)" = running ]'
ok "its network service runs" wait_for 20 eval '[ "$(B exec deb -- systemctl is-active systemd-networkd)" = active ]'
is "and the addresses are those before" "$own" "$(addresses deb)"
ok "the user is still there" B exec deb -- id anna
SECONDS=0
ok "a stop by its own signal" B stop deb --timeout 30
[ $SECONDS -lt 25 ] && pass "ends by itself ($SECONDS s)" || fail "was killed after $SECONDS s"
like "as a poweroff" 'poweroff' "$(field deb exit)"
ok "second container from the same template" B create deb2 --template debian-12 --memory 512M --disk 2G --start
ok "comes up too" wait_for 60 eval '[ "$(B exec deb2 -- systemctl is-system-running)" = running ]'
[ "$(B exec deb2 -- cat /etc/machine-id)" != "$(field deb id | tr -d -)" ] && pass "with another machine id" || fail "the same machine id"

# The other network service of Debian's, with its own file and then with one that was another provider's.
lists=(-o "Dir::State::Lists=$T/apt" -o "Dir::Cache=$T/apt")
mkdir -p "$T/apt/partial"
if (cd "$T" && apt-get "${lists[@]}" update && apt-get "${lists[@]}" download ifupdown) >/dev/null 2>&1; then
	is_up() { wait_for 60 eval '[[ "$(B exec deb2 -- systemctl is-system-running)" = '"$1"' ]]'; }
	networking() { B exec deb2 -- systemctl "$1" networking 2>&1; }
	own=$(addresses deb2)
	ok "ifupdown is installed" eval 'B exec deb2 -- sh -c "cat >/root/i.deb && dpkg -i /root/i.deb" <"$(echo "$T"/ifupdown_*.deb)"'
	ok "its service starts" networking restart
	is "and leaves all as it was" "$own" "$(addresses deb2)"
	ok "another address is added beside it" B set deb2 ip=auto,auto4
	ok "and is there" wait_for 5 eval '[ "$(addresses deb2 | grep -c " inet ")" = 2 ]'
	own=$(addresses deb2)
	B exec deb2 -- sh -c 'printf "auto eth0\niface eth0 inet static\n\taddress 192.0.2.77/24\n\tgateway 192.0.2.1\n" >>/etc/network/interfaces'
	ok "it restarts" B restart deb2
	ok "and is up, but for that file" is_up '@(running|degraded)'
	is "what the host has set stays" "$own" "$(addresses deb2 | grep -v 192.0.2)"
	ok "one is taken away" B set deb2 ip=auto
	ok "and has gone" wait_for 5 eval '[ "$(addresses deb2 | grep -v 192.0.2 | grep -c " inet ")" = 1 ]'
else
	skip "ifupdown inside: no Debian mirror can be reached"
fi
fails 4 'used|use' "the template can't be deleted under them" B template delete "$(field deb template)"
