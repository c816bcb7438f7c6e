#!/bin/bash
# Rates of a container: both directions, changed live, kept over restarts, gone with it.
# Alone: it measures rates.
. "$(dirname "$0")/../lib/lib.sh"
t_begin

FLOW=$TOP/tests/lib/flow.py
# Megabits a second: rates, and what is more than any of them. A slow host's own speed has to be above them as well.
IN=20 OUT=10 LESS=8 MORE=40 FULL=50
[ -z "${T_SLOW:-}" ] || IN=5 OUT=3 LESS=2 MORE=8 FULL=10
# moves NAME in|out BYTES: megabits a second; for RATE * 300000 bytes it takes 2.4 seconds.
moves() {
	local address
	address=$(field "$1" 'ip[0]')
	if [ "$2" = in ]; then
		B exec "$1" -- sh -c 'nc -l -p 5000 >/dev/null' </dev/null >/dev/null 2>&1 &
	else
		B exec "$1" -- sh -c "dd if=/dev/zero bs=50000 count=$(($3 / 50000)) 2>/dev/null | nc -l -p 5000" </dev/null >/dev/null 2>&1 &
	fi
	python3 "$FLOW" "$2" "$address" 5000 "$3"
	wait $!
}
# iperf NAME OPTION…: what a well-known tool says of it from the host, at the end that receives: bits a second on the wire of payload of
# SIZE bytes a packet, by OVERHEAD bytes of headers; its first second doesn't count.
iperf() {
	local name=$1 address netns
	shift
	address=$(field "$name" 'ip[0]') netns=/proc/$(field "$name" pid)/ns/net
	nsenter --net="$netns" iperf3 -s -1 -p 5001 >/dev/null &
	wait_for 10 eval "nsenter --net=$netns ss -Hltn 'sport = :5001' | found ."
	iperf3 -c "$address" -p 5001 -O 1 -t 3 -J "$@" | jq --argjson size "$SIZE" --argjson overhead "$OVERHEAD" \
		'.end | (.sum_received // .sum).bits_per_second * ($size + $overhead) / $size / 1e6'
	wait $!
}
# within WHAT WANTED GOT: by five percent.
within() {
	if awk -v w="$2" -v g="$3" 'BEGIN { exit !(g >= w * 0.95 && g <= w * 1.05) }'; then pass "$1 ($3)"; else fail "$1: wanted $2 ± 5 %, got $3"; fi
}
above() { if awk -v w="$2" -v g="$3" 'BEGIN { exit !(g > w) }'; then pass "$1 ($3)"; else fail "$1: wanted more than $2, got $3"; fi }
ifbs() { ip -o link show type ifb | grep -oE " ${INSTANCE}[0-9-]+i:" | wc -l; }

B create fast --template busybox --memory 64M --disk 64M --start >/dev/null
above "without a rate it is as fast as the host" $FULL "$(moves fast in 20000000)"
is "and has nothing to queue in" 0 "$(ifbs)"

ok "rates, live" B set fast rate_in=$IN rate_out=$OUT
is "are shown" "$IN $OUT" "$(field fast rate_in) $(field fast rate_out)"
within "what it receives" $IN "$(moves fast in $((IN * 300000)))"
within "what it sends" $OUT "$(moves fast out $((OUT * 300000)))"
SIZE=1448 OVERHEAD=66
within "iperf3 says so of what it receives" $IN "$(iperf fast)"
within "of what it sends" $OUT "$(iperf fast -R)"
SIZE=1400 OVERHEAD=42
within "and of a flood of datagrams" $OUT "$(iperf fast -R -u -b ${FULL}M -l $SIZE)"
ok "others, live" B set fast rate_in=$LESS rate_out=$MORE
within "it receives slower" $LESS "$(moves fast in $((LESS * 300000)))"
within "it sends faster" $MORE "$(moves fast out $((MORE * 300000)))"

ok "a restart" B restart fast
within "keeps what it sends" $MORE "$(moves fast out $((MORE * 300000)))"
B exec fast -- reboot
wait_for 10 eval '[ "$(field fast restarts)" = 1 ] && [ "$(state fast)" = running ]'
within "a reboot from inside what it receives" $LESS "$(moves fast in $((LESS * 300000)))"

ok "no rates again" B set fast rate_in=0 rate_out=0
above "it receives as fast as the host" $FULL "$(moves fast in 20000000)"
above "and sends so" $FULL "$(moves fast out 20000000)"
is "nothing is left to queue in" 0 "$(ifbs)"

ok "a burst, and a rate from the start" B set fast rate_out=5 rate_burst=1M
B stop fast >/dev/null && B start fast >/dev/null
above "a burst goes at full speed" $FULL "$(moves fast out 500000)"
ok "one of minutes" B set fast rate_out=1 rate_burst=34361000
above "does as well" $FULL "$(moves fast out 2000000)"
ok "and a shorter one again" B set fast rate_out=5 rate_burst=1M
is "one container sends through one of them" 1 "$(ifbs)"
fails 2 "rate_in" "a rate past ten gigabits" B set fast rate_in=10001
fails 2 "rate_out" "a negative one" B set fast rate_out=-1

B plan create small --rate-in 15 --rate-out 3 >/dev/null
ok "a plan has rates" B create sold --template busybox --plan small --memory 64M --disk 64M --start
is "which its containers get" "15 3" "$(field sold rate_in) $(field sold rate_out)"
within "and are held to" 3 "$(moves sold out 1000000)"
ok "a deleted one" B delete --force sold
is "leaves the other's alone" 1 "$(ifbs)"
