#!/bin/bash
# Pools of addresses: who is given what, who holds it, who held it when.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF="addresses = 203.0.113.0/28"$'\n'"addresses = 2001:db8:77::/64"$'\n'"addresses = 2001:db8:88::/48" t_begin
as() {
	local token=$1
	shift
	BERTH_TOKEN=$token setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/berth" "$@"
}
create() { B create "$@" --template busybox --memory 32M --disk 32M; }
address() { field "$1" 'ip|join(" ")'; }
for t in acme globex; do B tenant create $t >/dev/null; done
acme=$(B token create a --role owner --tenant acme 2>/dev/null) globex=$(B token create g --role owner --tenant globex 2>/dev/null)

# Pools.
ok "a pool" B ip create public --prefix 203.0.113.0/29 --reserved 203.0.113.1 --reserved 203.0.113.3 --tenants acme --rest 3600
fails 2 "prefix.*198.51.100.0/24 is not this host's to give: put it into 'addresses'" "only of what the configuration gives" B ip create x --prefix 198.51.100.0/24
fails 4 "pool public has addresses of 203.0.113.4/30 already" "an address is of one pool" B ip create x --prefix 203.0.113.4/30
fails 4 "a pool 'public' already" "names are taken once" B ip create public --prefix 203.0.113.8/29
fails 2 "reserved.*203.0.113.12 is none of" "what is reserved is of the pool" B ip create x --prefix 203.0.113.8/30 --reserved 203.0.113.9 --reserved 203.0.113.12
fails 2 "tenants.*no tenant 'nobody'" "tenants must be there" B ip create x --prefix 203.0.113.8/30 --tenants nobody
fails 2 "must not be auto, auto4" "auto is no name" B ip create auto --prefix 203.0.113.8/30
like "listed" '^public +203.0.113.0/29 +0 ' "$(B ip pools)"

# Given.
ok "by the pool's name" create a1 --tenant acme --ip public
is "the lowest that isn't reserved" 203.0.113.2 "$(address acme:a1)"
ok "its tenant may, too" as "$acme" create a2 --template busybox --memory 32M --disk 32M --ip public --ip auto6
like "the next, and one of the other family" "^203.0.113.4 $SUBNET6" "$(address acme:a2)"
fails 2 "ip.*there is no pool 'public'" "another tenant is told of none" as "$globex" create g1 --template busybox --ip public
fails 2 "ip.*there is no pool 'absent'" "as of one that isn't there" as "$globex" create g1 --template busybox --ip absent
is "nor sees it" "[]" "$(as "$globex" ip pools -o json | jq -c .)"
fails 3 "no pool 'public'" "by name" as "$globex" ip show public
is "its own tenant doesn't see whom else it is granted to" null "$(as "$acme" ip show public -o json | jq '.tenants // .reserved // .used')"
fails 2 "ip.*operator's to give" "nor chooses a number" as "$acme" create a3 --template busybox --ip 203.0.113.5
ok "the operator does, also a reserved one" create a3 --tenant globex --ip 203.0.113.3
ok "more than there are" create a4 --tenant acme --ip public --ip public
fails 1 "pool public has no free address left" "are refused" create a5 --tenant acme --ip public
is "the pool counts them" 5 "$(B ip show public -o json | jq .used)"
is "held ones are listed with who holds them" "203.0.113.2 acme a1 public" "$(B ip list --pool public --no-header --fields address,tenant,name,pool | awk 'NR == 1 { print $1, $2, $3, $4 }')"
is "in order" "203.0.113.2 203.0.113.3 203.0.113.4 203.0.113.5 203.0.113.6" "$(B ip list --pool public -q | tr '\n' ' ' | sed 's/ $//')"
is "of a container" "203.0.113.5 203.0.113.6" "$(B ip list --container acme:a4 -q | tr '\n' ' ' | sed 's/ $//')"
is "a tenant sees its own" acme "$(as "$acme" ip list -o json | jq -r '[.[].tenant]|unique|join(" ")')"
fails 5 "owner doesn't allow" "but no history" as "$acme" ip history 203.0.113.2

# Live, and back.
ok "a change takes another" B set acme:a1 ip=public,auto6
like "what it holds stays" "^203.0.113.2 $SUBNET6" "$(address acme:a1)"
id=$(field acme:a4 id)
before=$(date +%s)
sleep 1.1
ok "given back" B delete -y acme:a4
fails 1 "has no free address left" "it rests" create a5 --tenant acme --ip public
ok "a shorter rest" B ip set public rest=0
ok "and it is free" create a5 --tenant acme --ip public
is "the lowest one" 203.0.113.5 "$(address acme:a5)"
like "who holds it now stands first" "^203.0.113.5 +acme +a5 .* -$" "$(B ip history 203.0.113.5 --no-header | head -n 1)"
like "then who held it" "^203.0.113.5 +acme +a4 +$id .*Z +[0-9T:-]+Z$" "$(B ip history 203.0.113.5 --no-header | sed -n 2p)"
is "an abuse desk asks for a time" a4 "$(B ip history 203.0.113.5 --at "$before" -o json | jq -r '.[].name')"
is "before it was ever held" "[]" "$(B ip history 203.0.113.5 --at 2020-01-01 -o json | jq -c .)"
fails 2 "at.*is no time" "a time must be one" B ip history 203.0.113.5 --at yesterday
fails 3 "is no address" "an address, too" B ip history nonsense

# Automatic ones.
ok "auto takes from it" B ip set public automatic=yes
ok "for those it is granted to" create a6 --tenant acme --ip auto4
is "first" 203.0.113.6 "$(address acme:a6)"
ok "when it is full" create a7 --tenant acme --ip auto4
like "the private subnet serves" "^$SUBNET\." "$(address acme:a7)"
ok "others" create g2 --tenant globex --ip auto4
like "are given of the private subnet" "^$SUBNET\." "$(address globex:g2)"
ok "a pool of IPv6 for all" B ip create six --prefix 2001:db8:77::/64 --tenants '*'
ok "serves" as "$globex" create g3 --template busybox --memory 32M --disk 32M --ip six --start
is "with its first" 2001:db8:77::1 "$(address globex:g3)"
ok "which is inside" eval 'B exec globex:g3 -- ip -6 address | found 2001:db8:77::1'
ok "another is added while it runs" B set globex:g3 ip=six,six
ok "it is inside as well" wait_for 5 eval 'B exec globex:g3 -- ip -6 address | found 2001:db8:77::2'

# Whole prefixes.
fails 2 "length.*is of IPv6" "an IPv4 pool gives no prefixes" B ip create x --prefix 203.0.113.8/30 --length 60
fails 2 "length.*at least 49" "a part isn't larger than the whole" B ip create x --prefix 2001:db8:88:8000::/49 --length 48
ok "a pool of prefixes" B ip create nets --prefix 2001:db8:88::/62 --length 64 --tenants '*' --rest 3600
ok "gives one by name" as "$globex" create g4 --template busybox --memory 32M --disk 32M --ip auto6 --ip nets --start
like "whole" "^$SUBNET6.* 2001:db8:88::/64$" "$(address globex:g4)"
ok "the container has an address of it" eval 'B exec globex:g4 -- ip -6 address | found "2001:db8:88::1/128"'
ok "and is reached by it" wait_for 5 ping -c1 -W1 2001:db8:88::1
B exec globex:g4 -- ip -6 address add 2001:db8:88:0:5::9/128 dev lo
ok "by every other, too" wait_for 5 ping -c1 -W1 2001:db8:88:0:5::9
ok "from which it may send" B exec globex:g4 -- ping -c1 -W2 -I 2001:db8:88:0:5::9 2001:db8:88::1
ok "what it doesn't use goes nowhere" eval 'B exec globex:g4 -- ip -6 route show type unreachable | found 2001:db8:88::/64'
ok "another is chosen, live" B set globex:g4 ip=auto6,nets,2001:db8:88:2::/64
ok "at once" wait_for 5 ping -c1 -W1 2001:db8:88:2::1
fails 4 "2001:db8:88::/64 is another container's" "none is given twice" create g5 --tenant globex --ip 2001:db8:88::/64
fails 2 "gives whole prefixes of length 64" "nor a part" create g5 --tenant globex --ip 2001:db8:88:1::/65
fails 2 "gives whole prefixes" "nor an address" create g5 --tenant globex --ip 2001:db8:88:1::7
fails 2 "nor a prefix without host bits" "nor what is none" create g5 --tenant globex --ip 2001:db8:88:1::7/64
fails 2 "is of a pool with a 'length'" "nor of another pool" create g5 --tenant globex --ip 2001:db8:77::/80
is "listed" "2001:db8:88::/64 2001:db8:88:2::/64" "$(B ip list --pool nets -q | tr '\n' ' ' | sed 's/ $//')"
held=$(date +%s)
is "whose an address within is" g4 "$(B ip history 2001:db8:88::dead:beef -o json | jq -r '.[].name')"
is "and who that is" g4 "$(B which 2001:db8:88:2:1::5 --no-header | awk '{ print $1 }')"
fails 4 "hold 2 prefixes of the pool" "the pool stays while it is held" B ip delete nets
ok "taken away live" B set globex:g4 ip=auto6,2001:db8:88:2::/64
ok "it isn't reached" eval '! ping -c1 -W1 2001:db8:88::1'
ok "another container" create g5 --tenant globex --ip nets
like "gets one that doesn't rest" "2001:db8:88:1::/64" "$(address globex:g5)"
ok "after a restart" B restart globex:g4
ok "it is there" wait_for 5 ping -c1 -W1 2001:db8:88:2::1

# What is gone.
ok "a pool goes" B ip delete six
is "what is held stays" "2001:db8:77::1 2001:db8:77::2" "$(address globex:g3)"
B delete -y --force globex:g2 globex:g3 globex:g4 globex:g5 globex:a3 >/dev/null 2>&1
ok "one of prefixes, too" B ip delete nets
is "whose an address within was is still known" "2001:db8:88::/64 g4" "$(B ip history 2001:db8:88::dead:beef --at "$held" -o json | jq -r '.[] | .address + " " + .name')"
is "by the whole prefix as well" g4 "$(B ip history 2001:db8:88::/64 -o json | jq -r '.[].name')"
is "one beside it is another's" g5 "$(B ip history 2001:db8:88:1::1 -o json | jq -r '.[].name')"
is "or nobody's" "[]" "$(B ip history 2001:db8:88:3::1 -o json | jq -c .)"
ok "a tenant goes" B tenant delete globex
ok "another of its name" eval 'B ip set public tenants=acme,globex 2>/dev/null; B tenant create globex && B ip set public tenants=acme,globex && B tenant delete globex && B tenant create globex'
is "has none of its grants" acme "$(B ip show public -o json | jq -r '.tenants|join(" ")')"
like "the history knows the former one" '^globex~' "$(B ip history 203.0.113.3 -o json | jq -r '.[0].tenant')"

# No address twice, whoever comes at once.
ok "a pool for many" B ip create many --prefix 203.0.113.8/29 --tenants '*'
makers=()
for i in $(seq 12); do create m$i --tenant acme --ip many >/dev/null 2>&1 & makers+=($!); done
wait "${makers[@]}"
is "each is given once" "6 6" "$(B ip list --pool many -q | wc -l) $(B ip list --pool many -q | sort -u | wc -l)"
is "nobody else was made" 6 "$(B list --tenant acme -q | grep -c ':m')"
