#!/bin/bash
# berth top: batches for pipes, and the screen: keys, sizes, signals; the terminal is as it was, whatever ended it.
# Alone: it shares out the processors.
. "$(dirname "$0")/../lib/lib.sh"
export EXTRA_CONF=$'sample_interval = 1\nusage_interval = 1'
t_begin
B tenant create acme >/dev/null 2>&1
B create busy --template busybox --memory 64M --disk 64M --start >/dev/null 2>&1 || fail "create busy"
B create calm --tenant acme --template busybox --memory 96M --disk 64M --start >/dev/null 2>&1 || fail "create calm"
B create idle --template busybox --memory 32M --disk 64M >/dev/null 2>&1 || fail "create idle"
B exec busy -- sh -c 'echo $$ >/worker; while :; do :; done' >/dev/null 2>&1 &
worker=$!
sleep 2
# What it gets of a busy host is what is to be seen: its hundredths of a second, and when.
spent() { B exec busy -- sh -c 'read -r up _ </proc/uptime; set -- $(cat "/proc/$(cat /worker)/stat"); echo $((${14} + ${15})) $up'; }
before=$(spent)
timeout 20 "$BUILD/berth" top -b -n 3 -d 2 >"$T/batch"
is "as many tables as wanted" 3 "$(grep -c '^NAME .*CPU%' "$T/batch")"
unlike "without escapes" $'\033' "$(cat "$T/batch")"
tail -n 4 "$T/batch" >"$T/last"
is "the busiest first, the unknown last" "busy acme:calm idle" "$(awk 'NF { print $1 }' "$T/last" | xargs)"
cpu=$(awk '$1 == "busy" { print int($2) }' "$T/last")
got=$(awk '{ printf "%d", ($3 - $1) / ($4 - $2) }' <<<"$before $(spent)")
[ "$cpu" -ge $((got / 2)) ] && [ "$cpu" -le $((got * 3 / 2 + 15)) ] && pass "its rate of CPU" || fail "CPU $cpu% of $got: $(cat "$T/last")"
ok "which is one" test "$got" -gt 5
is "its limit, its state" "64M running" "$(awk '$1 == "busy" { print $4, $10 }' "$T/last")"
is "what isn't read is not made up" "- - 32M - stopped" "$(awk '$1 == "idle" { print $2, $3, $4, $5, $10 }' "$T/last")"
is "another order" "idle busy acme:calm" "$(B top -b -n 1 --sort -limit | awk 'NR > 2 && NF { print $1 }' | xargs)"
is "a tenant's alone" "calm" "$(B top -b -n 1 --tenant acme | awk 'NR > 2 && NF { print $1 }' | sed s/acme:// | xargs)"
token=$(B token create panel --role viewer --tenant acme 2>/dev/null)
is "and by its token" "calm" "$(BERTH_TOKEN=$token B top -b -n 1 | awk 'NR > 2 && NF { print $1 }' | xargs)"
fails 2 "batch" "no screen without a terminal" B top
fails 2 "sort" "a wrong order" B top -b --sort colour
fails 2 "interval" "a wrong interval" B top -b -d 0

# screen MODE [PID]: berth top under a terminal of 24 x 80; what was seen, and what it left.
cat >"$T/screen.py" <<'END'
import os, signal, sys, time
from terminal import Terminal
mode, berth = sys.argv[1:3]
# A shell with jobs of its own: only there Ctrl-Z means something.
t = Terminal(["bash", "-c", """set -m
told() { [ "$(stty -g)" = "$before" ] && echo same-$1 || echo other-$1; }
before=$(stty -g)
"$0" top -d 1
code=$?
told $code
[ $code = 148 ] || exit 0
read -r
fg >/dev/null
told $?""", berth])
t.size(24, 80)
assert t.until(b"CPU%"), t.got
time.sleep(2.5)
child = int(open("/proc/%d/task/%d/children" % (t.pid, t.pid)).read().split()[0])
def fresh(text, seconds=5):
    t.got = b""
    return t.until(text, seconds)
if mode == "keys":
    print("marked", fresh(b"*CPU%"))
    t.type(b"m"); print("memory", fresh(b"*MEMORY"))
    t.type(b"r"); print("reversed", fresh(b"^MEMORY"))
    t.type(b"\033[C"); print("right", fresh(b"^LIMIT"))
    t.type(b"<"); t.type(b"n"); print("name", fresh(b"*NAME"))
    t.size(24, 40); os.kill(child, signal.SIGWINCH)
    fresh(b"\033[J")
    t.until(b"\033[J")
    lines = [l for l in t.got.split(b"\r\n") if b"CPU%" in l]
    print("narrow", lines and all(b"OUT/s" not in l for l in lines))
    t.size(5, 80); os.kill(child, signal.SIGWINCH)
    time.sleep(1.5); fresh(b"\033[J"); t.got = b""; t.until(b"\033[J")
    print("low", t.got.count(b"\r\n") <= 5)
    t.type(b"q")
elif mode == "stop":
    t.type(b"\x1a")
    print("given back", t.until(b"same-148"))
    print("stopped", open("/proc/%d/stat" % child).read().rsplit(")", 1)[1].split()[0])
    t.got = b""
    t.type(b"\n")
    print("back", t.until(b"CPU%"))
    t.type(b"\x03")
elif mode == "TERM":
    os.kill(child, signal.SIGTERM)
elif mode == "away":
    os.kill(int(sys.argv[3]), signal.SIGTERM)
    print("told", fresh(b"\033[1m"), t.until(b"daemon"), t.until(b"busy"))
    t.type(b"q")
t.until(b"-0" if mode != "TERM" else b"-143", 5)
print("shown again", t.got.rfind(b"\033[?25h\033[?1049l") > t.got.rfind(b"\033[?1049h"))
t.end()
END
screen() { PYTHONPATH=$TOP/tests/lib timeout 60 python3 -B "$T/screen.py" "$1" "$BUILD/berth" "${2-}" | tr -d '\r'; }
out=$(screen keys)
for what in marked memory reversed right name narrow low; do like "screen: $what" "^$what True" "$out"; done
like "q ends it, and the terminal is as before" '^same-0' "$(sed 's/.*\[?1049l//' <<<"$out")"
like "its screen is left" '^shown again True' "$out"
out=$(screen stop)
like "Ctrl-Z stops it" '^stopped T' "$out"
like "with the terminal given back" '^given back True' "$out"
like "fg goes on" '^back True' "$out"
like "and Ctrl-C ends it" 'same-0' "$out"
out=$(screen TERM)
like "a signal leaves the terminal as it was" 'same-143' "$out"
like "and its screen" '^shown again True' "$out"
out=$(screen away $DAEMON)
like "a daemon that is away is told of, on a screen that stays" '^told True True True' "$out"
like "q ends it as ever" 'same-0' "$out"
wait "$DAEMON"
t_start_daemon
kill $worker 2>/dev/null
