#!/bin/bash
# Tenants share a host: each has what it may have, sees its own alone, and nobody grants himself more.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
token() { B token create "$@" 2>/dev/null; }
# as TOKEN COMMAND…: the client with a token, as somebody who is nobody on the host.
as() {
	local token=$1
	shift
	BERTH_TOKEN=$token setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/berth" "$@"
}

ok "a tenant" B tenant create acme --containers 2 --memory 512M --billing C-17
ok "another" B tenant create globex --forbid console
fails 4 "a tenant 'acme' already" "names are taken once" B tenant create acme
fails 2 "must be nesting" "what isn't known can't be forbidden" B tenant create x --forbid dancing
acme=$(token panel --role owner --tenant acme) globex=$(token panel --role owner --tenant globex)
viewer=$(token eyes --role viewer --tenant acme) auditor=$(token audit --role auditor)
like "a token's text" '^berth_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$' "$acme"
unlike "which nothing keeps" "$(cut -d_ -f3- <<<"$acme")" "$(B token list -o json; cat "$T/log"; cat "$T"/s/db/berth.db* | tr -d "\0")"
fails 3 "no token 'ffff" "a token that isn't there" B token show ffff

# What a tenant may have.
ok "its owner creates" as "$acme" create web --template busybox --memory 256M --disk 64M --labels role=front --labels tier=1
is "in his tenant" acme "$(as "$acme" show web -o json | jq -r .tenant)"
fails 4 'memory 552M of 512M' "no more than the totals" as "$acme" create big --template busybox --memory 296M --disk 64M
ok "up to them" as "$acme" create db --template busybox --memory 256M --disk 64M
fails 4 'containers 3 of 2' "also of containers" as "$acme" create third --template busybox --memory 16M --disk 64M
fails 4 'memory 528M of 512M' "nor by a change" as "$acme" set web memory=272M
is "what it uses is told" '{"containers":2,"memory":536870912}' "$(as "$acme" tenant show acme -o json | jq -c '.used|{containers,memory}')"
ok "lowered below what is used" B tenant set acme memory=128M
ok "what doesn't grow may still be changed" as "$acme" set web labels=role=back
ok "raised again, or lifted" B tenant set acme memory=none containers=none

# A tenant sees its own alone.
ok "the other has a web, too" as "$globex" create web --template busybox --memory 64M --disk 64M
is "two of one name" "acme:web globex:web" "$(B list --name web -o json | jq -r '.[]|.tenant+":"+.name' | sort | tr '\n' ' ' | sed 's/ $//')"
id=$(as "$globex" show web -o json | jq -r .id)
foreign=$(as "$acme" show "$id" 2>&1; echo $?) missing=$(as "$acme" show 00000000-0000-4000-8000-000000000000 2>&1; echo $?)
is "another's is as one that isn't there" "${missing//00000000-0000-4000-8000-000000000000/X}" "${foreign//$id/X}"
fails 3 "no container 'globex:web'" "by its full name" as "$acme" show globex:web
fails 3 "no container '101'" "numbers are the host's" as "$acme" show 101
is "lists hold its own" "db web" "$(as "$acme" list -q | sort | tr '\n' ' ' | sed 's/ $//')"
is "also when asked for another's" "[]" "$(as "$acme" list --tenant globex -o json | jq -c .)"
is "so do operations" acme "$(as "$acme" operation list -o json | jq -r '[.[].tenant]|unique|join(" ")')"
is "and events, counted by themselves" true "$(as "$acme" events -o json | jq '[.[].tenant]|unique==["acme"]')"
is "without gaps" true "$(as "$acme" events -o json | jq '[.[].seq]==[range(1;length+1)]')"
operation=$(as "$globex" operation list -o json | jq -r '.[0].id')
fails 3 "no operation" "another's operation" as "$acme" operation show "$operation"
fails 3 "no tenant 'globex'" "another tenant" as "$acme" tenant show globex
is "numbers of the host aren't shown" null "$(as "$acme" show web -o json | jq '.ctid // .pid // .id_base // .storage')"
is "they are to an auditor" 101 "$(as "$auditor" show acme:web -o json | jq .ctid)"

# What is the operator's to set.
fails 2 "cpu_weight.*operator" "weights" as "$acme" set web cpu_weight=10000
fails 2 "ip.*operator" "an address of one's own choice" as "$acme" set web "ip=$SUBNET.77"
fails 2 "id.*operator" "an id" as "$acme" create x --template busybox --id "$id"
fails 2 "tenant.*no tenant 'globex'" "another's tenant" as "$acme" create x --template busybox --tenant globex
fails 2 "tenant.*no tenant 'nowhere'" "as one that isn't there" as "$acme" create x --template busybox --tenant nowhere
B set acme:web cpu_weight=200 >/dev/null
ok "what the operator set stays when it is given again" as "$acme" set web cpu_weight=200 labels=a=b

# Roles.
ok "a viewer looks" as "$viewer" list
fails 5 "viewer doesn't allow" "but changes nothing" as "$viewer" start web
fails 5 "auditor doesn't allow" "an auditor neither" as "$auditor" start acme:web
ok "he reads everything" eval 'for v in "list" "tenant list" "token list" "webhook list" "plan list" "ip list" "network list" "operation list" "audit" "doctor" "capacity" "usage" "template list"; do as "$auditor" $v >/dev/null || exit 1; done'
operator=$(token helper --role operator)
ok "an operator does everything" eval 'hook=$(as "$operator" webhook create x --url https://192.0.2.1/ 2>&1) && as "$operator" webhook list -q | found . && as "$operator" plan create opsplan --memory 64M'
fails 5 "operator doesn't allow" "but make tenants" as "$operator" tenant create evil
fails 5 "operator doesn't allow" "or tokens" as "$operator" token create evil --role operator
fails 5 "operator doesn't allow" "or look for them" as "$operator" token list
fails 5 "viewer doesn't allow" "a viewer sees no webhook" as "$viewer" webhook list
B webhook delete "$(B webhook list -q)" >/dev/null 2>&1; B plan delete opsplan >/dev/null 2>&1
fails 5 "owner doesn't allow" "an owner is none of the host" as "$acme" doctor
fails 5 "owner doesn't allow" "what there is is the host's to know" as "$acme" capacity
fails 5 "owner doesn't allow" "nor a maker of tenants" as "$acme" tenant create evil
fails 5 "token isn.t valid" "a wrong token" as "${acme}x" list
fails 5 "token isn.t valid" "a cut one" as "${acme%?}" list
api_is 401 unauthorized "not even beside root's credentials" GET /v1/containers '' -H 'Authorization: Bearer berth_0000000000000000_AAAA'
fails 5 "may not do this: be root" "nobody" as_user 65534 "$BUILD/berth" list

# Nobody grants himself more.
fails 2 "role.*more than yours" "no higher role" as "$acme" token create x --role admin
fails 2 "tenant.*no tenant 'globex'" "no other tenant" as "$acme" token create x --role owner --tenant globex
fails 2 "uid.*admin's" "no user of the host" as "$acme" token create x --role owner --uid 1000
short=$(token short --role owner --tenant acme --lifetime 60)
fails 2 "lifetime.*longer than your own" "no longer life" as "$short" token create x --role owner --lifetime 3600
heir=$(as "$short" token create heir --role owner -o json | jq -r .expires_at)
is "one without end ends with its maker's" "$(B token list -o json | jq -r '.[]|select(.name=="short").expires_at')" "$heir"
fails 2 "can't be changed once it exists" "nor is a role changed" as "$acme" token set "$(cut -d_ -f2 <<<"$acme")" role=admin
is "an owner sees his tenant's tokens" acme "$(as "$acme" token list -o json | jq -r '[.[].tenant]|unique|join(" ")')"
fails 3 "no token" "another's token isn't there" as "$acme" token delete "$(cut -d_ -f2 <<<"$globex")"

# Users and groups of the host.
ok "a user bound to a tenant" B token create alice --role owner --tenant acme --uid 54321
is "needs no token" "acme:db acme:web" "$(as_user 54321 "$BUILD/berth" list -q | sort | tr '\n' ' ' | sed 's/ $//')"
ok "a group" B token create staff --role auditor --gid 54322
is "its members are known" 3 "$(as_user 54322 "$BUILD/berth" list -o json | jq length)"
fails 2 "uid.*credential" "each once" B token create again --role auditor --uid 54321
ok "revoked" B token delete "$(B token list -o json | jq -r '.[]|select(.name=="alice").id')"
fails 5 "may not do this" "at once" as_user 54321 "$BUILD/berth" list
ok "a token, too" B token delete "$(cut -d_ -f2 <<<"$viewer")"
fails 5 "token isn.t valid" "revoked at once" as "$viewer" list

# What a tenant is forbidden.
ok "start" as "$globex" start web
fails 5 "forbidden this.*console" "the console" as "$globex" console web
ok "but not its operator" B tenant set globex forbid=

# Plans.
ok "a plan" B plan create small --memory 96M --disk 64M --cpus 0.5 --cpu-weight 50
ok "a container of it" as "$acme" create p1 --template busybox --plan small
is "has its sizes and its version" '{"plan":"small@1","memory":100663296,"cpus":0.5,"cpu_weight":50}' \
	"$(as "$acme" show p1 -o json | jq -c '{plan,memory,cpus,cpu_weight}')"
ok "one with more memory" as "$acme" create p2 --template busybox --plan small --memory 128M
is "has what was given, too" '134217728 0.5' "$(as "$acme" show p2 -o json | jq -r '"\(.memory) \(.cpus)"')"
ok "the plan is changed" B plan set small memory=112M
is "a sold container isn't" 100663296 "$(field acme:p1 memory)"
ok "until it is moved" as "$acme" set p1 --plan small
is "then it is" '{"plan":"small@2","memory":117440512}' "$(as "$acme" show p1 -o json | jq -c '{plan,memory}')"
fails 2 "plan.*at version 2" "an old version is no longer sold" as "$acme" create p3 --template busybox --plan small@1
fails 2 "no plan 'huge'" "a plan that isn't there" as "$acme" create p3 --template busybox --plan huge
fails 5 "owner doesn't allow" "plans are the host's" as "$acme" plan create mine --memory 1G
is "by plan" "acme:p1" "$(B list --plan small@2 -q)"

# What was bought is bought.
ok "sizes are the operator's" B tenant set acme forbid=sizes
ok "a plan's are there for the taking" as "$acme" create p4 --template busybox --plan small
fails 2 "memory.*forbidden 'sizes'" "no others on creating" as "$acme" create p5 --template busybox --plan small --memory 128M
for f in memory=64M disk=96M cpus=2 pids=4000; do
	fails 2 "${f%%=*}.*forbidden 'sizes'" "nor afterwards: $f" as "$acme" set p4 "$f"
done
B plan set small memory=120M >/dev/null
fails 2 "plan.*forbidden 'sizes'" "nor another plan, nor its newer version" as "$acme" set p4 --plan small
ok "the rest is its owner's" as "$acme" set p4 hostname=mine
ok "what it has already may be said again" as "$acme" set p4 memory=112M
ok "the operator changes them" B set acme:p4 memory=64M
is "as he says" 67108864 "$(field acme:p4 memory)"
B tenant set acme forbid= >/dev/null
ok "allowed again" as "$acme" set p4 memory=80M
B delete -y acme:p4 >/dev/null

# Labels, owner, billing.
ok "the operator's books" B set acme:web owner=jo@example.org billing=4711
fails 2 "billing.*operator" "aren't the tenant's to write" as "$acme" set web billing=0
is "what -q prints can be given to a verb" acme:web "$(B list --billing 4711 -q)"
like "tenants stand before the names" '^acme +web ' "$(B list)"
unlike "a tenant's token needs none" acme "$(as "$acme" list)"
like "a tenant's totals are listed with what it uses" '^acme +[1-9] +(-|[1-9])' "$(B tenant list)"
like "and shown" '^used.memory +[1-9][0-9]*M' "$(B tenant show acme)"
is "by label" acme:web "$(B list --label a=b -q)"
is "by its key" acme:web "$(B list --label a -q)"
is "% is a letter" "" "$(B list --label '%' -q)$(B list --owner '%' -q)"
fails 2 "labels.*KEY=VALUE" "a label has a key" B set acme:web labels=blue

# The end of a tenant.
fails 4 "has 4 containers" "one with containers stays" B tenant delete acme
B delete -y --force acme:web acme:db acme:p1 acme:p2 >/dev/null 2>&1
before=$(B operation list -o json | jq '[.[]|select(.tenant=="acme")]|length')
ok "one without goes" B tenant delete acme
fails 5 "token isn.t valid" "its tokens with it" as "$acme" list
ok "another of the same name" B tenant create acme
acme=$(token panel --role owner --tenant acme)
is "sees nothing of the former" "[] 1" "$(as "$acme" operation list -o json | jq -c .) $(as "$acme" events -o json | jq length)"
is "whose history stays with the host" "$before" "$(B operation list -o json | jq '[.[]|select((.tenant // "")|startswith("acme~"))]|length')"
fails 4 "always there" "the default tenant stays" B tenant delete default

# Suspension: down until the operator lifts it.
globex=$(token again --role owner --tenant globex)
ok "a running container is suspended" B suspend globex:web --reason "unpaid invoice 4711"
is "a state of its own" "suspended stopped?" "$(state_of() { B show globex:web -o json | jq -r "$1"; }; state_of .state) $(pgrep -f -- "--name $INSTANCE-$(field globex:web ctid) " >/dev/null && echo runs || echo 'stopped?')"
like "the daemon's log names it whole" '^[-0-9T:]+Z berthd: SUSPEND globex:web: done$' "$(cat "$T/log")"
is "its tenant sees why" "unpaid invoice 4711" "$(as "$globex" show web -o json | jq -r .suspended)"
like "and who" '^uid:0$' "$(as "$globex" show web -o json | jq -r .suspended_by)"
fails 4 "suspended .unpaid invoice 4711.: the host's operator" "its tenant can't start it" as "$globex" start web
fails 4 "suspended" "nor restart it" as "$globex" restart web
fails 4 "suspended" "nor delete it" as "$globex" delete -y --force web
fails 5 "owner doesn't allow" "nor lift it" as "$globex" unsuspend web
fails 2 "suspended.*read-only" "by no other way" B query PATCH /v1/containers/globex:web -d '{"suspended":""}'
fails 4 "suspended" "not even the host's operator starts it" B start globex:web
fails 4 "suspended already" "once is enough" B suspend globex:web --reason again
fails 2 "reason" "without a reason" B suspend globex:web
kill -TERM "$DAEMON"; wait "$DAEMON"
t_start_daemon
is "a new daemon knows" suspended "$(field globex:web state)"
ok "the host's boot" B host boot
is "doesn't bring it up" suspended "$(field globex:web state)"
like "an event tells" 'unpaid invoice' "$(as "$globex" events -o json | jq -c '.[]|select(.type=="container.suspended")')"
ok "lifted" B unsuspend globex:web
is "it runs again as before when that is told" running "$(field globex:web state)"
is "nothing of it is left" null "$(field globex:web suspended)"
fails 4 "isn't suspended" "lifted once" B unsuspend globex:web
ok "one that rests" eval 'B stop globex:web && B suspend globex:web --reason abuse && B unsuspend globex:web'
is "rests" stopped "$(field globex:web state)"
ok "by label" eval 'B set globex:web labels=group=x && B suspend --label group=x --reason x'
is "only those" "suspended" "$(B list --label group -o json | jq -r '.[].state')"
