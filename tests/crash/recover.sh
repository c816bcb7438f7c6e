#!/bin/bash
# The database is lost, cut off, overwritten, of another version: containers go on, nothing is written over, `berth recover` rebuilds
# it from manifests and the newest copy, and tells what it couldn't.
. "$(dirname "$0")/../lib/lib.sh"
export EXTRA_CONF='copy_interval = 1'
t_begin
DB=$T/s/db/berth.db
query() { python3 -c 'import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); r=c.execute(sys.argv[2]).fetchall(); c.commit(); print(*r)' "$DB" "$1"; }
told() { B list -o json | jq -cS '[.[] | {name, id, ctid, state, memory, disk, ip, tenant, template, hostname, onboot}]'; }
crash() { kill -9 "$DAEMON"; wait "$DAEMON" 2>/dev/null; wait_for 5 eval '! pgrep -f "^$BUILD/berth-api" >/dev/null || true'; sleep 0.2; }

ok "a running container" B create calm --template busybox --memory 64M --disk 64M --start
ok "one that is stopped" B create web --template busybox --memory 48M --onboot
ok "its memory is changed" B set web memory=80M
pid=$(field calm pid)
before=$(told)
fails 4 "sound" "there is nothing to recover" B recover

# Lost, without any copy.
token=$(B token create stream --role operator 2>/dev/null)
seconds=$((50000 + $$ % 10000))
body="{\"argv\":[\"sleep\",\"$seconds\"]}"
stream() { printf 'POST /v1/containers/calm/exec HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer %s\r\nConnection: Upgrade\r\nUpgrade: berth-stream/1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "$token" ${#body} "$body"; }
exec 8> >(exec socat - "UNIX-CONNECT:$T/r/token.sock" >/dev/null 2>&1)
stream >&8
streams() { pgrep -f "^sleep $seconds\$" >/dev/null; }
ok "a token's command runs" wait_for 10 streams
crash
rm -rf "$DB"* "$T/s/pool/.copies"
sed -i '/^copy_interval/d' "$T/conf"
t_start_daemon
fails 1 "The database is gone, but 2 containers are registered.*berth recover" "nothing is served" B list
fails 1 "berth recover" "nor is anything created" B create more --template busybox
ok "the host can be checked" eval 'B doctor >/dev/null; [ $? -lt 2 ]'
ok "and a token's command, while nobody can revoke it" streams
is "the running one goes on" "$pid" "$(pgrep -P "$(pgrep -f "name $INSTANCE-101" | head -n 1)" | head -n 1)"
out=$(B recover --dry-run 2>&1)
like "a dry run tells" "calm +101 +manifest" "$out"
ok "and writes nothing" test ! -e "$DB"
out=$(B recover 2>&1)
like "it is rebuilt" "web +102 +manifest" "$out"
like "without a copy that is told" "no copy was found.*tokens" "$out"
ok "the command of a token that isn't known any more ends" wait_for 20 eval '! streams'
exec 8>&-
wait_for 5 eval 'B list >/dev/null 2>&1'
is "all is as it was" "$before" "$(told)"
is "the running one noticed nothing" "$pid" "$(field calm pid)"
ok "and can be used" B exec calm -- true
ok "the stopped one starts" B start web
ok "and stops" B stop web
fails 4 "another container" "addresses are known to be taken" B create more --template busybox --ip "$(field web 'ip[0]')"

# With a copy, in all the ways in which a file gets lost.
t_stop_daemon
echo 'copy_interval = 1' >>"$T/conf"
t_start_daemon
ok "one that will be made anew" B create again --template busybox --memory 32M --disk 32M
ok "a copy comes to the pool" wait_for 10 eval 'ls "$T/s/pool/.copies"/berth-*.db >/dev/null 2>&1'
like "the doctor knows of it" "^ok +the newest copy of the database is 0 hours old" "$(B doctor --all)"
is "which is root's" "600 root" "$(stat -c '%a %U' "$T/s/pool/.copies"/berth-*.db)"
sleep 2.2
sed -i '/^copy_interval/d' "$T/conf"
before=$(told)
operations=$(B operation list -o json | jq length)
for how in "cut off" overwritten "of zeros" "cut off in its header" "with a damaged page"; do
	crash
	rm -f "$DB"-wal "$DB"-shm
	case $how in
	"cut off") truncate -s $(($(stat -c %s "$DB") / 2)) "$DB" ;;
	overwritten) head -c 65536 /dev/urandom >"$DB" ;;
	"of zeros") head -c 65536 /dev/zero >"$DB" ;;
	"cut off in its header") truncate -s 50 "$DB" ;;
	"with a damaged page") dd if=/dev/urandom of="$DB" bs=4096 seek=3 count=6 conv=notrunc status=none ;;
	esac
	sum=$(sha256sum <"$DB")
	t_start_daemon || fail "$how: the daemon starts"
	fails 1 "The database can't be used.*berth recover" "$how: nothing is served" B list
	is "$how: it isn't written to" "$sum" "$(sha256sum <"$DB")"
	out=$(B recover -o json 2>"$T/err")
	is "$how: it is rebuilt" '["manifest","manifest","manifest"]' "$(jq -c '[.containers[].source]' <<<"$out")"
	like "$how: of the copy" '^"berth-[0-9-]+\.db"$' "$(jq .copy <<<"$out")"
	like "$how: with what that means for tokens" "revoked since counts again" "$(jq -r '.notes[]' <<<"$out")"
	wait_for 5 eval 'B list >/dev/null 2>&1'
	is "$how: all is as it was" "$before" "$(told)"
	ok "$how: operations are known" test "$(B operation list -o json | jq length)" -ge "$operations"
	ok "$how: the damaged file is kept" eval 'sha256sum "$DB".damaged-* | found "${sum%% *}"'
	rm -f "$DB".damaged-*
done

# The copy knows one of the same name, which was deleted since.
earlier=$(field again id)
ok "one is deleted" B delete -y again
ok "and made anew" B create again --template busybox --memory 48M --disk 32M
before=$(told)
crash
rm -f "$DB"*
t_start_daemon
# On a busy host it may take a while.
kill -STOP "$DAEMON"
B recover >"$T/recovered" 2>&1 &
recovering=$!
sleep 16.5
kill -CONT "$DAEMON"
wait $recovering
is "a slow one is waited for" 0 $?
out=$(cat "$T/recovered")
like "an earlier one of the name is in nobody's way" "no longer there: default:again, an earlier one.*$earlier" "$out"
like "and it is built of the copy" "rebuilt from manifests and the copy" "$out"
wait_for 5 eval 'B list >/dev/null 2>&1'
is "all is as it was, with the later one" "$before" "$(told)"
ok "it can be deleted" B delete -y again

# Manifests that are lost or damaged.
calm=$(field calm id) web=$(field web id)
crash
echo '{"place": {' >"$T/s/pool/$calm/manifest"
rm "$T/s/pool/$web/manifest" "$T/r/ct/102/spec" "$DB"*
rm -rf "$T/s/pool/.copies"
mkdir -p "$T/s/pool/5f0c1c52-95f7-4d3c-8a58-3a3c6d1e0001"
t_start_daemon
out=$(B recover -o json 2>/dev/null); code=$?
is "what is left to look at is told" 1 $code
is "a running one is known by its last start" launch "$(jq -r '.containers[] | select(.name == "calm").source' <<<"$out")"
is "one without a manifest by the registry" registry "$(jq -r '.containers[] | select(.name == "web").source' <<<"$out")"
like "and why" "no manifest" "$(jq -r '.containers[] | select(.name == "web").problem' <<<"$out")"
like "a stray volume is told" "left alone" "$(jq -r '.containers[] | select(.id == "5f0c1c52-95f7-4d3c-8a58-3a3c6d1e0001").problem' <<<"$out")"
rmdir "$T/s/pool/5f0c1c52-95f7-4d3c-8a58-3a3c6d1e0001"
wait_for 5 eval 'B list >/dev/null 2>&1'
is "the running one has its memory" $((64 << 20)) "$(field calm memory)"
is "and its process" "$pid" "$(field calm pid)"
ok "the other can be started" B start web
ok "given limits" B set web memory=80M
ok "and deleted" B delete -y --force web

# Another version's.
t_stop_daemon
version=$(query 'PRAGMA user_version' | tr -dc 0-9)
query 'PRAGMA user_version = 1000' >/dev/null
out=$(timeout 20 "$BUILD/berthd" --foreground --config "$T/conf" 2>&1)
like "a newer one is refused" "newer berthd.*schema 1000" "$out"
is "and not touched" 1000 "$(query 'PRAGMA user_version' | tr -dc 0-9)"
query "PRAGMA user_version = $version" >/dev/null
t_start_daemon
is "its containers went on" "$pid" "$(field calm pid)"

