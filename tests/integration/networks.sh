#!/bin/bash
# Networks beside the routed one: private ones of tenants, several interfaces, live, over restarts, and nothing left.
. "$(dirname "$0")/../lib/lib.sh"
BRIDGE=btbr$$
EXTRA_CONF="bridges = $BRIDGE" t_begin
as() {
	local token=$1
	shift
	BERTH_TOKEN=$token setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/berth" "$@"
}
create() { B create "$@" --template busybox --memory 32M --disk 32M; }
net() { field "$1" 'net|join(" ")'; }
inside() { B exec "$1" -- ip address show dev "$2"; }
ping_from() { B exec "$1" -- ping -c1 -W2 "$2"; }
no_ping_from() { ! ping_from "$@"; }
no_bridge() { ! ip -o link | found "$INSTANCE-"; }
for t in acme globex; do B tenant create $t >/dev/null; done
acme=$(B token create a --role owner --tenant acme 2>/dev/null) globex=$(B token create g --role owner --tenant globex 2>/dev/null)

# Networks.
ok "a tenant makes one" as "$acme" network create back --prefix 10.9.0.0/24 --prefix fd09::/64
ok "another one of the same name and prefix" as "$globex" network create back --prefix 10.9.0.0/24
fails 4 "a network 'back' already" "names are taken once" as "$acme" network create back --prefix 10.8.0.0/24
fails 2 "prefix.*needs one" "it has a prefix" as "$acme" network create none
fails 2 "two of one family" "one a family" as "$acme" network create two --prefix 10.1.0.0/24 --prefix 10.2.0.0/24
fails 2 "between /8 and /30" "with room" as "$acme" network create two --prefix 10.1.0.0/32
fails 2 "prefix.*no addresses" "of addresses that one can have" as "$acme" network create two --prefix 127.0.0.0/24
fails 2 "bridge is the operator's to make" "no bridge of the host's" as "$acme" network create lan --kind bridge --bridge lo
fails 2 "bridge.*is of the kind bridge alone" "in no way" as "$acme" network create lan --prefix 10.3.0.0/24 --bridge lo
fails 2 "tenant.*no tenant 'globex'" "nor for others" as "$acme" network create lan --prefix 10.3.0.0/24 --tenant globex
fails 2 "lo is none of the host's that networks may be on" "the operator names it in the configuration" B network create lan --kind bridge --bridge lo
is "each sees its own" "acme globex" "$(as "$acme" network list -o json | jq -r '.[].tenant') $(as "$globex" network list -o json | jq -r '.[].tenant')"
fails 3 "no network 'globex:back'" "not another's" as "$acme" network show globex:back

# Attached.
ok "one container" create a1 --tenant acme --net back --start
is "has the first addresses" "back:10.9.0.1+fd09::1" "$(net acme:a1)"
ok "another chooses" create a2 --tenant acme --net back:10.9.0.7 --start
like "beside the routed ones" "$SUBNET\." "$(field acme:a2 'ip[0]')"
ok "a third of another tenant" create g1 --tenant globex --net back:10.9.0.1 --start
like "which is inside" "inet 10.9.0.7/24" "$(inside acme:a2 eth1)"
fails 4 "10.9.0.7 of the network back is another container's" "an address is given once" create a3 --tenant acme --net back:10.9.0.7
fails 2 "no address of the network" "and is of the network" create a3 --tenant acme --net back:10.8.0.7
fails 2 "nobody answers DHCP" "which has no DHCP" create a3 --tenant acme --net back:dhcp
fails 2 "net.*no network 'absent'" "which must be there" create a3 --tenant acme --net absent
fails 2 "back is given twice" "and is given once" create a3 --tenant acme --net back --net back
ok "they reach each other" ping_from acme:a1 10.9.0.7
ok "by IPv6, too, once it has some" B set acme:a2 net=back:10.9.0.7+fd09::7
ok "live" wait_for 5 ping_from acme:a1 fd09::7
is "a bridge a network" 2 "$(ip -o link | grep -c "$INSTANCE-[0-9a-f-]*:")"
ok "the other tenant's has the same address, and is alone" eval 'B exec globex:g1 -- ip address | found 10.9.0.1/24'
ok "it reaches nobody" no_ping_from globex:g1 10.9.0.7
ok "nor does the host" eval '! ping -c1 -W1 10.9.0.7'
ok "out by the routed one" eval 'B exec acme:a1 -- ip route | found "default via 169.254.0.1 dev eth0"'
B exec globex:g1 -- ip route add "$SUBNET.250" via 10.9.0.1 dev eth1 2>/dev/null
fails 4 "has 2 containers on it" "one in use stays" as "$acme" network delete back
mac=$(B exec acme:a2 -- cat /sys/class/net/eth1/address)
is "whose MAC" a2 "$(B which "$mac" --no-header | awk '{ print $1 }')"
is "whose interface" a2 "$(B which "$(ip -o link | grep -o "${INSTANCE}$(field acme:a2 ctid)-1" | head -n 1)" --no-header | awk '{ print $1 }')"

B stop --kill globex:g1 >/dev/null 2>&1
unlike "the bridge of one that is stopped is nothing left over" "the bridge $INSTANCE" "$(B doctor 2>&1)"
B start globex:g1 >/dev/null 2>&1

# More of them, live.
ok "a second network" as "$acme" network create db --prefix 192.168.50.0/24
ok "attached live" as "$acme" set a1 net=back,db
ok "as the next interface" wait_for 5 eval 'inside acme:a1 eth2 | found 192.168.50.1/24'
is "what it had stays" "back:10.9.0.1+fd09::1 db:192.168.50.1" "$(net acme:a1)"
ok "the first one taken away" as "$acme" set a1 net=db
ok "its interface has gone" eval '! inside acme:a1 eth1'
ok "the other is still eth2" eval 'inside acme:a1 eth2 | found 192.168.50.1/24'
ok "its address is free" B set acme:a2 net=back:10.9.0.1
ok "at once" wait_for 5 eval 'inside acme:a2 eth1 | found 10.9.0.1/24'
ok "after a restart" B restart acme:a1 acme:a2
ok "it is all there" eval 'inside acme:a1 eth2 | found 192.168.50.1/24 && inside acme:a2 eth1 | found 10.9.0.1/24'
t_stop_daemon KILL
nft delete table bridge "$INSTANCE"
t_start_daemon
ok "the daemon's next start puts back rules that somebody removed" eval 'nft list table bridge $INSTANCE | found "\"$INSTANCE$(field acme:a2 ctid)-1\" \. 10.9.0.1"'
B exec acme:a2 -- reboot >/dev/null 2>&1
ok "reboot from inside" wait_for 10 eval '[ "$(field acme:a2 restarts)" = 1 ]'
ok "leaves it as it was" wait_for 10 eval 'inside acme:a2 eth1 | found 10.9.0.1/24'

# A bridge of the host's, with a router on it that answers DHCP. The test's own, not Berth's.
LAN=btlan$$
lan() { nsenter --net="/run/netns/$LAN" "$@"; }
ip netns add "$LAN"
ip link add "$BRIDGE" type bridge mcast_snooping 0
ip link add "btp$$" type veth peer name lan0 netns "$LAN"
ip link set "btp$$" master "$BRIDGE" up
ip link set "$BRIDGE" up
lan ip address add 192.168.77.1/24 dev lan0
lan ip link set lan0 up
lan ip link set lo up
# Not by lan(): what the number is of would be the function's shell.
nsenter --net="/run/netns/$LAN" dnsmasq --keep-in-foreground --port=0 --interface=lan0 --dhcp-range=192.168.77.100,192.168.77.150 --dhcp-authoritative \
	--pid-file= --leasefile-ro --user=root >"$T/dnsmasq" 2>&1 &
DNSMASQ=$!
rm_lan() {
	kill $DNSMASQ 2>/dev/null
	wait $DNSMASQ 2>/dev/null
	ip link delete "$BRIDGE"
	ip netns delete "$LAN"
}
trap 'rm_lan; t_end' EXIT
ok "the operator makes a network on it" B network create lan --kind bridge --bridge "$BRIDGE" --prefix 192.168.77.0/24 --gateway 192.168.77.1 --tenants acme
fails 2 "net.*no network 'lan'" "for those it is granted to" as "$globex" create g3 --template busybox --net lan
used() { as "$acme" tenant show acme -o json | jq ".used.addresses${1-}"; }
had=$(used)
ok "a container is on it" create b1 --tenant acme --ip auto6 --net lan:192.168.77.9 --start
ok "reached by the LAN" wait_for 5 lan ping -c1 -W1 192.168.77.9
ok "its router is its way out" eval 'B exec acme:b1 -- ip route | found "default via 192.168.77.1 dev eth1"'
ok "its tenant attaches another" as "$acme" create b2 --template busybox --memory 32M --disk 32M --net lan:dhcp --start
B exec acme:b2 -- udhcpc -i eth1 -n -q -t 5 -s /bin/true >"$T/udhcpc" 2>&1
lease=$(grep -oE '192\.168\.77\.1[0-9]+' "$T/udhcpc" | tail -n 1)
like "which is given an address by DHCP" "^192.168.77.1[0-9][0-9]$" "$lease"
B exec acme:b2 -- ip address add "${lease:-192.168.77.199}/24" dev eth1
ok "and uses it" wait_for 5 B exec acme:b2 -- ping -c1 -W1 192.168.77.1
is "whose it is is known" b2 "$(B which "$lease" --no-header | awk '{ print $1 }')"
is "as of a static one" b1 "$(B which 192.168.77.9 --no-header | awk '{ print $1 }')"
B exec acme:b2 -- ip address add 192.168.77.99/32 dev eth1
ok "no other that is free" eval '! B exec acme:b2 -- ping -c1 -W1 -I 192.168.77.99 192.168.77.1'
# As root inside would, also while no daemon runs.
b2=$(field acme:b2 pid)
within() { nsenter --net="/proc/$b2/ns/net" "$@" </dev/null; }
uses() { within ip address replace "$1/24" dev eth1; within ping -c1 -W1 -I "$1" 192.168.77.1; }
asks() { within busybox udhcpc -i eth1 -n -q -t 5 -s /bin/true "$@" 2>&1 | sed -n 's/.*lease of \([0-9.]*\) obtained.*/\1/p'; }
t_stop_daemon KILL
is "a renewal while no daemon runs" "$lease" "$(asks)"
other=$(asks -x 0x3d:007e)
unlike "another lease" "^($lease)?$" "$other"
ok "is used" wait_for 5 uses "$other"
ok "as the first is" wait_for 5 uses "$lease"
t_start_daemon
ok "they are after the daemon's next start" eval 'wait_for 5 uses "$lease" && wait_for 5 uses "$other"'
is "which knows them" b2 "$(B which "$other" --no-header | awk '{ print $1 }')"
t_stop_daemon KILL
nft delete table bridge "$INSTANCE"
t_start_daemon
ok "and after somebody removed the rules" eval 'wait_for 5 uses "$lease" && wait_for 5 uses "$other"'
within ip address add 192.168.77.98/32 dev eth1
ok "nothing else is" eval '! uses 192.168.77.98'
ok "restarted" B restart acme:b2
b2=$(field acme:b2 pid)
ok "it uses none" eval '! uses "$lease"'
is "and nobody has it" "" "$(B which "$lease" --no-header 2>/dev/null)"
is "until it is given it again" "$lease" "$(asks)"
ok "and uses it again" wait_for 5 uses "$lease"
B exec acme:b2 -- ip address add 192.168.77.9/32 dev eth1
ok "not another's" eval '! B exec acme:b2 -- ping -c1 -W1 -I 192.168.77.9 192.168.77.1'
B exec acme:b2 -- ip address add 192.168.77.1/32 dev eth1 2>/dev/null
lan ip neighbour flush all
ok "nor the router's" eval 'B exec acme:b2 -- arping -c2 -w2 -U -I eth1 -s 192.168.77.1 192.168.77.1; B exec acme:b1 -- ping -c1 -W1 192.168.77.1'
# Of the operator's addresses a tenant has as many as he may; of his own as many as he likes.
is "static ones there count to its total, leased ones don't" 4 "$(used "-$had")"
B tenant set acme addresses="$(used)" >/dev/null
fails 4 "addresses $(used +1) of $(used)" "which is a limit" as "$acme" set b2 net=lan:192.168.77.10
fails 4 "addresses $(used +3) of $(used)" "to a new one as well" as "$acme" create b4 --template busybox --memory 32M --disk 32M --net lan:192.168.77.10
ok "one for another is no more" as "$acme" set b1 net=lan:192.168.77.11
ok "nor is one in a network of its own" as "$acme" set b2 net=lan:dhcp,db
B tenant set acme addresses=none >/dev/null
fails 3 "no network 'lan'" "who isn't granted it doesn't see it" as "$globex" network show lan
# Tenants on it are apart, unless the operator wants them to be neighbours.
is "a bridge keeps tenants apart" tenants "$(B network show lan -o json | jq -r .isolation)"
is "a private network has nobody to keep apart" null "$(as "$acme" network show back -o json | jq .isolation)"
fails 2 "isolation.*is of the kind bridge alone" "nor takes the option" as "$acme" network set back isolation=none
fails 2 "isolation.*none or tenants" "which has two values" B network set lan isolation=all
B network set lan tenants=acme,globex >/dev/null
ok "another tenant's is on it" create g2 --tenant globex --ip auto6 --net lan:192.168.77.20 --start
ok "it reaches the router" wait_for 5 ping_from globex:g2 192.168.77.1
ok "not its neighbour" no_ping_from globex:g2 192.168.77.11
fails 5 "the operator's" "its tenant doesn't change that" as "$globex" network set lan isolation=none
api PATCH "/v1/networks/lan?dry_run=1" '{"isolation":"none"}' >/dev/null
ok "nor does a trial" no_ping_from globex:g2 192.168.77.11
ok "the operator does" B network set lan isolation=none
ok "live" wait_for 5 ping_from globex:g2 192.168.77.11
ok "and back" B network set lan isolation=tenants
ok "live, too" wait_for 5 no_ping_from globex:g2 192.168.77.11
t_stop_daemon KILL
nft delete table bridge "$INSTANCE"
t_start_daemon
ok "it holds after the rules were made anew" no_ping_from globex:g2 192.168.77.11
B delete -y --force globex:g2 >/dev/null
B network set lan tenants=acme >/dev/null
fails 5 "the operator's" "who is can't change it" as "$acme" network set lan description=mine
is "a tenant isn't told whose it is besides" null "$(as "$acme" network show lan -o json | jq '.tenants // .used')"
# Who holds them is listed, and kept.
held=$(date +%s)
is "what is held on it is listed" "192.168.77.11 acme b1 lan" "$(B ip list --container acme:b1 -o json | jq -r '.[] | select(.network) | "\(.address) \(.tenant) \(.name) \(.network)"')"
is "for its tenant, too" "192.168.77.11" "$(as "$acme" ip list -o json | jq -r '.[] | select(.network) | .address')"
is "none of a tenant's own network is" "" "$(B ip list -o json | jq -r '.[] | select(.address | test("^(10.9|192.168.50)")) | .address')"
is "pages go on after it" "$(B ip list -q | sort)" "$(for ((i = 0; i < 50; i++)); do api GET "/v1/addresses?limit=1${next:+&cursor=$next}" | jq -r '.items[].address'; next=$(jq -r '.next // empty' <"$T/body"); [ -n "$next" ] || break; done | sort)"
since=$(B ip history 192.168.77.11 -o json | jq -r '.[0].since')
B set acme:b1 net=lan:192.168.77.11+192.168.77.12 >/dev/null 2>&1; B set acme:b1 net=lan:192.168.77.11 >/dev/null 2>&1
is "a change of others leaves when it was given" "$since" "$(B ip history 192.168.77.11 -o json | jq -r '.[0].since')"
B delete -y --force acme:b1 acme:b2 >/dev/null
is "who held it is known afterwards" "b1 lan" "$(B ip history 192.168.77.11 --at "$held" -o json | jq -r '.[] | .name + " " + .network')"
like "until when" "^192.168.77.11 +acme +b1 .* lan +[0-9T:-]+Z +[0-9T:-]+Z$" "$(B ip history 192.168.77.11 --no-header)"
is "of each" "b1" "$(B ip history 192.168.77.12 -o json | jq -r '.[].name')"
ok "the bridge itself stays" ip link show "$BRIDGE"
ok "the VLAN of one that can't filter them" B network create vlan --kind bridge --bridge "$BRIDGE" --vlan 7
fails 4 "doesn't filter VLANs|has no VLAN filtering" "is told at the start" create b3 --tenant acme --net vlan --start

# Gone.
ok "deleted" B delete -y --force acme:a1 acme:a2 acme:b3 globex:g1
ok "no bridge is left" wait_for 5 no_bridge
B network delete lan vlan >/dev/null
ok "nor an element" wait_for 5 eval '! nft list table bridge $INSTANCE | found "elements"'
ok "a network goes" as "$acme" network delete back
ok "a tenant goes with its networks" B tenant delete globex
B create left --template busybox --tenant acme --net db --start >/dev/null
