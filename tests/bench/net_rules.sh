#!/bin/bash
# What one container's part of the packet filter costs while 0, 100 and 1,000 others have theirs, without rules of their own and with:
# microseconds of making and of removing what each has (interface and addresses: plain), and of its own rules (rules); the median of
# many. And the whole table anew. In namespaces of its own.
. "$(dirname "$0")/../lib/net.sh"
n_begin
n_settings ab 10.77.0.0/16 fd77:1::/64
rules='"firewall":["allow in tcp 22 from 203.0.113.0/24","allow in tcp 80","allow in tcp 443","allow in icmp","allow in icmpv6","deny out tcp 25","default in deny log"],"blocked_ports":["25","6881-6889"],"connections":5000'
# others N PLACE: registry entries alone, from one made by n_spec.
others() {
	local n=$1 i
	PLACE=$2 n_spec ab 201 1 10.77.1.1 fd77:1::1:1
	for ((i = 300; i < 300 + n; i++)); do
		id=$(printf '6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f%04x' $i)
		sed "s/6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f[0-9a-f]*/$id/; s/ab201/ab$i/; s/\"ctid\":201/\"ctid\":$i/; s/10\.77\.1\.1/10.77.$((2 + i / 250)).$((1 + i % 250))/; s/fd77:1::1:1/fd77:1::2:$i/" \
			"$T/ab/s/registry/6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f00c9" >"$T/ab/s/registry/$id"
	done
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
column() { awk -v n="$1" '{ print $n }' "$2" | median; }
measure() {
	local n=$1 kind=$2 place=$3 what start all i
	others "$n" "$place"
	PLACE=$rules n_spec ab 101 1 10.77.0.2 fd77:1::2
	cp "$T/ab/101" "$T/ab/with"
	n_spec ab 101 1 10.77.0.2 fd77:1::2
	cp "$T/ab/101" "$T/ab/without"
	start=$(date +%s%N)
	tool host-setup "$T/ab/101" >/dev/null || fail "host-setup with $n"
	all=$((($(date +%s%N) - start) / 1000000))
	for what in plain-on plain-off rules-on rules-off; do : >"$T/$what"; done
	for ((i = 0; i < 15; i++)); do
		tool elements "$T/ab/without" | tee >(sed -n 1p >>"$T/plain-on") | sed -n 2p >>"$T/plain-off"
		tool policy "$T/ab/with" /nowhere "$T/ab/without" >>"$T/rules-on"
		tool policy "$T/ab/without" /nowhere "$T/ab/with" >>"$T/rules-off"
	done
	printf '%5d others, %s:' "$n" "$kind"
	for what in plain-on plain-off rules-on rules-off; do
		printf ' %s %5d us (%4d of CPU),' "$what" "$(column 1 "$T/$what")" "$(column 2 "$T/$what")"
	done
	printf ' all anew %4d ms\n' "$all"
}
for n in 0 100 1000; do measure $n "without rules" ""; done
for n in 0 100 1000; do measure $n "with rules" "$rules"; done
tool host-cleanup "$T/ab/101"
