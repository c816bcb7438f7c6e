#!/bin/bash
# The console: recorded from the first line, followed, attached to by several, bounded; and what is written into a new container.
. "$(dirname "$0")/../lib/lib.sh"
EXTRA_CONF='console_log = 16K' t_begin
printf 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJwMZ0x0x0x0x0x0x0x0x0x0x0x0x0x0x0x0x0x0 test\n' >"$T/key.pub"
ok "create with a password and a key" sh -c 'echo correct-horse | "$BUILD/berth" create web --template busybox --disk 64M --password-stdin --ssh-key "$T/key.pub" --hostname host.example'
ok "start" B start web
host_dns=$(awk '$1 == "nameserver" && $2 !~ /^(127\.|::1)/' /etc/resolv.conf | head -n 3)
[ -z "$host_dns" ] || is "the host's name servers are the container's" "$host_dns" "$(B exec web -- grep ^nameserver /etc/resolv.conf)"
ok "name servers are changed while it runs" B set web dns=192.0.2.53,2001:db8::53
is "they are inside" "nameserver 192.0.2.53 nameserver 2001:db8::53" "$(B exec web -- cat /etc/resolv.conf | xargs)"
is "host name" host.example "$(B exec web -- hostname)"
like "/etc/hosts" '127.0.1.1.*host' "$(B exec web -- cat /etc/hosts)"
like "root's password is hashed" '^root:\$' "$(B exec web -- head -n1 /etc/shadow)"
is "the key is there" "$(cat "$T/key.pub")" "$(B exec web -- cat /root/.ssh/authorized_keys)"
is "for root alone" "600 700" "$(B exec web -- stat -c %a /root/.ssh/authorized_keys /root/.ssh | xargs)"
ok "a login prompt" wait_for 10 eval 'B logs web | found login:'

cat >"$T/attach.py" <<'END'
import sys, time
from terminal import Terminal
t = Terminal(sys.argv[1:])
time.sleep(0.5)
t.type(b"\r")
t.until(b"login:")
t.type(b"root\r")
t.until(b"assword:")
t.type(b"correct-horse\r")
time.sleep(1)
t.type(b"echo logged-$((40+2))\r")
t.until(b"logged-42")
t.type(b"exit\r")
time.sleep(0.3)
t.type(b"\x1d")
time.sleep(0.3)
t.end()
END
out=$(PYTHONPATH=$TOP/tests/lib timeout 60 python3 -B "$T/attach.py" "$BUILD/berth" console web)
like "log in with the password" 'logged-42' "$out"
like "Ctrl-] leaves" 'code 0' "$out"
like "the log has it" 'logged-42' "$(B logs web)"

canary=correct-horse
is "the password is in no file of the daemon's" "" "$(grep -rlF "$canary" "$T/s/db" "$T/s/registry" "$T/r" "$T/log" 2>/dev/null | grep -v console.log)"
is "nor in the manifest" "" "$(grep -lF "$canary" "$T"/s/pool/*/manifest)"
unlike "nor in any answer" "$canary" "$(B operation list -o json; B events -o json; B show web -o json)"

timeout 5 "$BUILD/berth" logs -f web >"$T/followed" &
follower=$!
sleep 0.5
B exec web -- sh -c 'echo to-the-console >/dev/console'
ok "logs -f shows what comes" wait_for 4 grep -q to-the-console "$T/followed"
wait $follower
B exec web -- sh -c 'i=0; while [ $i -lt 3000 ]; do echo "line $i of a flood on the console"; i=$((i+1)); done >/dev/console'
sleep 0.5
size=$(du -cb "$T"/r/ct/101/console.log* | tail -n 1 | cut -f 1)
[ "$size" -le 65536 ] && pass "a flood stays within bounds ($size bytes)" || fail "the console log has $size bytes"
like "the newest is kept" 'line 2999 of' "$(B logs web --tail 3)"
is "tail" 3 "$(B logs web --tail 3 | wc -l)"

# Rotated twice while the follower doesn't look.
"$BUILD/berth" logs -f --tail 0 web >"$T/followed" &
follower=$! job=''
wait_for 5 eval 'job=$(pgrep -P "$DAEMON" -f "berth-job logs")'
wait_for 5 eval 'B exec web -- sh -c "echo before the gap >/dev/console"; grep -q "before the gap" "$T/followed"'
kill -STOP "$job"
files=$(stat -c %i "$T/r/ct/101/console.log") line=0
while [ "$(wc -l <<<"$files")" -lt 3 ] && [ $line -lt 3000 ]; do
	B exec web -- sh -c "i=$line; while [ \$i -lt $((line + 50)) ]; do echo \"counted \$i, while nobody looks\"; i=\$((i+1)); done >/dev/console"
	line=$((line + 50))
	sleep 0.1
	files=$(printf '%s\n%s\n' "$files" "$(stat -c %i "$T/r/ct/101/console.log")" | uniq)
done
kill -CONT "$job"
ok "logs -f goes on after two rotations" wait_for 5 grep -q "counted $((line - 1))," "$T/followed"
is "with each line, once" "$line" "$(grep -c '^counted' "$T/followed")"
kill $follower

ok "set a new password" sh -c 'echo other-battery | "$BUILD/berth" set web password'
ok "rescue: stop" B stop --kill web
B start web >/dev/null; B exec web -- sh -c 'echo mine >/root/mine'; B stop --kill web >/dev/null
ok "start --rescue" B start web --rescue busybox
is "it shows so" busybox "$(field web rescue | cut -d@ -f1)"
like "so does the list" '^NAME STATE   RESCUE .*web  running busybox@' "$(B list | tr '\n' ' ')"
is "not to a program" name,state,template,cpus,memory,disk,ipv4,ipv6 "$(B list -o csv | head -n 1 | tr -d '\r')"
is "the container's own tree is at /mnt" mine "$(B exec web -- cat /mnt/root/mine)"
ok "which can be mended" B exec web -- sh -c 'echo mended >/mnt/root/mine'
ok "leave the rescue" B restart web --kill
unlike "the list says nothing of it any more" RESCUE "$(B list)"
is "what was mended is there" mended "$(B exec web -- cat /root/mine)"
