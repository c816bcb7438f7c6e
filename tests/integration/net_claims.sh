#!/bin/bash
# Instances on one host: what one claims no other gets; what they share is given back by the last; a vanished one blocks nobody.
. "$(dirname "$0")/../lib/net.sh"
n_begin

n_settings ab 10.77.0.0/16 fd77:1::/64
n_settings abc 10.78.0.0/16 fd78:1::/64
# with KEY VALUE: abc's settings with one other value.
with() {
	sed -E "s|\"$1\":(\"[^\"]*\"\|[0-9]+\|\[[^]]*\])|\"$1\":$2|" "$T/abc/settings" >"$T/abc/changed"
	cp "$T/abc/settings" "$T/abc/kept"
	cp "$T/abc/changed" "$T/abc/settings"
	n_spec abc 109 1
	cp "$T/abc/kept" "$T/abc/settings"
	tool host-setup "$T/abc/109" 2>&1
}
host sysctl -a 2>/dev/null | grep -E 'net.ipv[46].(ip_forward|conf.(all|default|up0).)' >"$T/before"
ok "the first instance" tool host-setup "$T/ab/101"
ok "may start again" tool host-setup "$T/ab/101"
like "an id range inside its own is refused" "id_base.*'ab'" "$(with id_base $((1342177280 + 2 * 6553600 + 65536)))"
like "project ids" "project_base.*'ab'" "$(with project_base 702099)"
like "an IPv4 subnet within" "subnet4.*'ab'" "$(with subnet4 '"10.77.200.0/24"')"
like "an IPv4 subnet around" "subnet4.*'ab'" "$(with subnet4 '"10.0.0.0/8"')"
like "an IPv6 subnet" "subnet6.*'ab'" "$(with subnet6 '"fd77::/16"')"
like "a public prefix" "addresses.*'ab'" "$(with addresses '["203.0.113.16/30"]')"
like "a public prefix in its subnet" "addresses.*'ab'" "$(with addresses '["10.77.3.0/24"]')"
like "a subnet that the host lives in" "subnet4.*up0" "$(with subnet4 '"192.0.0.0/16"')"
like "the same name" "instance.*$T/ab/s" "$(with instance '"ab"')"
is "none of them left a table" "table arp ab table inet ab table inet ab_traffic" "$(host nft list tables | sort | tr '\n' ' ' | sed 's/ $//')"
ok "one beside it" tool host-setup "$T/abc/101"
ok "the first leaves" tool host-cleanup "$T/ab/101"
is "the host still forwards" "1 1" "$(host sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding | tr '\n' ' ' | sed 's/ $//')"
like "and answers on 169.254.0.1" 169.254.0.1/32 "$(host ip address show dev lo)"
ok "what it had is free" tool host-setup "$T/ab/101"
rm -rf "$T/abc/s"
like "one whose directories are gone blocks nobody" "vanished" "$(sed -i 's|10.77.0.0/16|10.78.0.0/16|' "$T/ab/settings"; n_spec ab 101 1; tool host-setup "$T/ab/101" 2>&1)"
is "its rules are gone" "table arp ab table inet ab table inet ab_traffic" "$(host nft list tables | sort | tr '\n' ' ' | sed 's/ $//')"
unlike "and its routes" fd78 "$(host ip -6 route)"
ok "the last leaves" tool host-cleanup "$T/ab/101"
is "the sysctls are what they were" "" "$(host sysctl -a 2>/dev/null | grep -E 'net.ipv[46].(ip_forward|conf.(all|default|up0).)' | diff "$T/before" -)"
unlike "169.254.0.1 is gone" 169.254 "$(host ip address show dev lo)"
is "so are the claims" "" "$(ls "$T/claims" 2>/dev/null)"
unlike "and the routes" unreachable "$(host ip route; host ip -6 route)"

# A host whose router is known by advertisements goes on hearing it.
internet sysctl -qw net.ipv6.conf.all.forwarding=1
host ip -6 route del default
advertise() { internet python3 "$PACKET" send net0 ra src="$(internet ip -6 -o address show dev net0 scope link | awk '{ sub("/.*", "", $4); print $4 }')" dst=ff02::1 to=33:33:00:00:00:01; }
wait_for 5 bash -c "! ip -n bt$$-inet address show dev net0 tentative | grep -q fe80"
advertise
ok "the host has a router" wait_for 3 bash -c "ip -n bt$$-host -6 route | grep -q '^default.*proto ra'"
ok "set up again" tool host-setup "$T/ab/101"
like "it keeps the router" '^default.*proto ra' "$(host ip -6 route)"
host ip -6 route flush proto ra
advertise
ok "and hears it again" wait_for 3 bash -c "ip -n bt$$-host -6 route | grep -q '^default.*proto ra'"
is "by accept_ra" 2 "$(host sysctl -n net.ipv6.conf.up0.accept_ra)"
ok "clean up" tool host-cleanup "$T/ab/101"
is "accept_ra is back" 1 "$(host sysctl -n net.ipv6.conf.up0.accept_ra)"
like "the router is still there" '^default.*proto ra' "$(host ip -6 route)"

host nft 'table ip docker { chain FORWARD { type filter hook forward priority 0; policy drop; }; }'
like "a foreign chain that drops what is forwarded is told" "docker FORWARD" "$(tool host-setup "$T/ab/101" 2>&1)"
like "and left alone" 'policy drop' "$(host nft list table ip docker)"
tool host-cleanup "$T/ab/101"

# As many switch it off who have none: for all interfaces, and those to come.
host sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ok "a host without IPv6" tool host-setup "$T/ab/101"
n_container ab 103 1 10.77.0.4 fd77:1::4
n_container ab 104 1 10.77.0.5 fd77:1::5
ok "containers have it all the same" reaches ab103 fd77:1::5
is "its other interfaces don't" 1 "$(host sysctl -n net.ipv6.conf.up0.disable_ipv6)"
tool detach "$T/ab/103"; tool detach "$T/ab/104"; tool host-cleanup "$T/ab/101"
