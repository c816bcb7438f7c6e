#!/bin/bash
# exec: three streams kept apart, exit codes, terminals, large transfers, and a client that vanishes.
. "$(dirname "$0")/../lib/lib.sh"
t_begin
ok "create and start" B create web --template busybox --memory 256M --disk 512M --start

out=$(B exec web -- sh -c 'echo out; echo err >&2' 2>"$T/err")
is "standard output" out "$out"
is "standard error apart" err "$(cat "$T/err")"
is "standard input" hello "$(echo hello | B exec web -- cat)"
B exec web -- sh -c 'exit 7'; is "its exit code" 7 $?
B exec web -- sh -c 'kill -9 $$' 2>/dev/null; is "a signal's end" 137 $?
B exec web -- /no/such/thing 2>/dev/null; is "no such command" 127 $?
B exec web -- /etc/passwd 2>/dev/null; is "not executable" 126 $?
is "arguments arrive as they are" 'a b|$x|*|' "$(B exec web -- sh -c 'printf "%s|" "$@"' sh 'a b' '$x' '*')"
is "environment" v "$(B exec --env K=v web -- sh -c 'echo $K')"
is "its own where the caller gives none" "root /root C.UTF-8 berth" "$(B exec web -- sh -c 'echo $USER $HOME $LANG $container')"
is "the caller's first" C "$(B exec --env LANG=C web -- sh -c 'echo $LANG')"
unlike "nothing of the host's environment" 'SECRET_OF_HOST' "$(SECRET_OF_HOST=1 B exec web -- env)"
is "as another user, by number" 33 "$(B exec --user 33 web -- id -u)"
# The fourth is the directory that ls reads.
is "exactly three descriptors" "0 1 2 3" "$(B exec web -- ls /proc/self/fd | xargs)"
fails 2 'user' "a user with a leading zero" B exec --user 01 web -- true
fails 2 'user' "a negative user" B exec --user=-1 web -- true
fails 2 'user' "a user past the range" B exec --user 4294967296 web -- true
fails 3 '' "an unknown container" B exec nothing -- true

head -c 100000000 /dev/urandom >"$T/big"
is "100 MB through standard input" "$(sha256sum <"$T/big" | cut -c1-64)" "$(B exec web -- sha256sum <"$T/big" | cut -c1-64)"
is "100 MB there and back" "$(sha256sum <"$T/big" | cut -c1-64)" "$(B exec web -- cat <"$T/big" | sha256sum | cut -c1-64)"

cat >"$T/shell.py" <<'END'
import sys
from terminal import Terminal
t = Terminal(sys.argv[1:])
t.size(31, 97)
t.until(b"# ")
t.type(b"stty size; tty; echo done-$((1+1))\n")
t.until(b"done-2")
t.size(44, 111)
t.type(b"i=0; until [ \"$(stty size)\" = \"$((40+4)) 111\" ] || [ $i = 100 ]; do usleep 50000; i=$((i+1)); done; stty size; exit 5\n")
t.until(b"44 111")
t.until(b"its end")
t.end()
END
out=$(PYTHONPATH=$TOP/tests/lib python3 -B "$T/shell.py" "$BUILD/berth" enter web)
like "a terminal of its own" '/dev/pts/' "$out"
like "with the window's size" '31 97' "$out"

# The window changes while the daemon answers: a relay holds the answer back for as long as that takes.
cat >"$T/resized.py" <<'END'
import socket, sys, threading
from terminal import Terminal
daemon, here = sys.argv[1:3]
listener = socket.socket(socket.AF_UNIX)
listener.bind(here)
listener.listen()
def pass_on(source, sink, first=lambda: None):
    data = source.recv(65536)
    first()
    while data:
        sink.sendall(data)
        data = source.recv(65536)
    sink.shutdown(socket.SHUT_WR)
def relay():
    client = listener.accept()[0]
    server = socket.socket(socket.AF_UNIX)
    server.connect(daemon)
    threading.Thread(target=pass_on, args=(client, server), daemon=True).start()
    pass_on(server, client, lambda: t.size(44, 111))
t = Terminal([sys.argv[3], "--socket", here, "enter", "web"])
t.size(31, 97)
threading.Thread(target=relay, daemon=True).start()
t.until(b"# ")
t.type(b"stty size; exit\n")
t.until(b"\n44 111")
t.end()
END
like "also where it changed just before" '44 111' "$(PYTHONPATH=$TOP/tests/lib python3 -B "$T/resized.py" "$BERTH_SOCKET" "$T/relay" "$BUILD/berth")"
like "which follows the window" '44 111' "$out"
like "and the shell's exit code" 'code 5' "$out"

"$BUILD/berth" exec web -- sh -c 'echo $$ >/tmp/pid; exec sleep 4242' &
client=$!
ok "a long command runs" wait_for 10 B exec web -- sh -c 'kill -0 $(cat /tmp/pid)'
kill -9 $client
wait $client 2>/dev/null
ok "a vanished client's command is killed" wait_for 10 eval '! B exec web -- sh -c "kill -0 \$(cat /tmp/pid)"'

"$BUILD/berth" exec web -- sleep 4243 &
client=$!
sleep 0.5
ok "stop while a command runs" B stop --kill web
wait $client; code=$?
[ $code != 0 ] && pass "the command's client hears of it ($code)" || fail "the client says success"
fails 4 "stopped" "exec in a stopped container" B exec web -- true

# What fails inside the host is for its log: a tenant is told of no path.
B start web >/dev/null 2>&1
t_stop_daemon
mkdir "$T/programs"
ln -s "$BUILD"/berth-* "$T/programs"
sed -i "s,^libexec_dir = .*,libexec_dir = $T/programs," "$T/conf"
t_start_daemon
OWNER=$(B token create panel --role owner --tenant default 2>/dev/null)
ln -sf "$T/conf" "$T/programs/berth-job"
out=$(BERTH_TOKEN=$OWNER timeout 20 "$BUILD/berth" exec web -- true 2>&1)
like "a stream that the host can't begin is refused" "Internal error" "$out"
unlike "without a word of the host" "$T|berth-job|ermission" "$out"
like "which its log has" "EXEC: run '$T/programs/berth-job': Permission denied" "$(cat "$T/log")"
out=$(curl -s --max-time 20 --unix-socket "$BERTH_SOCKET" -H "Authorization: Bearer $OWNER" http://b/v1/containers/web/limits)
like "a question that the host can't put is refused" "Something went wrong on the host" "$out"
unlike "without a word of the host" "$T|berth-job|ermission" "$out"
like "nor is it lost" "a request of a tenant to the engine failed: run '$T/programs/berth-job'" "$(cat "$T/log")"
ln -sf "$BUILD/berth-job" "$T/programs/berth-job"
ok "and the next one is begun" env BERTH_TOKEN="$OWNER" "$BUILD/berth" exec web -- true
