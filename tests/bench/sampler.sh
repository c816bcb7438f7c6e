#!/bin/bash
# What it costs to read the traffic counters and control groups of 1,000 containers, and how much a container's start pays for the
# counters of the others. In a network namespace and control groups of its own.
. "$(dirname "$0")/../lib/net.sh"
n_begin
I=sbench
n_settings $I 10.77.0.0/16 fd77:1::/64
user=${API_USER:-berth-api}
roots() { awk '$3 == "cgroup2" { print "unified=" $2 } $3 == "cgroup" { n = split($4, o, ","); for (i = 1; i <= n; i++) if (o[i] ~ /^(memory|cpu|pids|blkio)$/) print o[i] "=" $2 }' /proc/mounts | sort -u; }
mode=v2; roots | found '^memory=' && mode=hybrid
jq -n --arg m $mode --arg r "$(roots)" '{cgroup_mode: $m, cgroup_roots: ($r | split("\n") | sort_by(startswith("unified") | not)), storage: "dir", seccomp_file: "/x", pool_device: ""}' >"$T/layout"
dirs() { jq -r '.cgroup_roots[] | sub("^[a-z]*="; "")' "$T/layout" | sort -u; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
clean() {
	local d
	for d in $(dirs); do find "$d/$I" -mindepth 1 -type d -delete 2>/dev/null; rmdir "$d/$I" 2>/dev/null; done
	n_end
}
trap clean EXIT
others() {
	local i id
	for ((i = 101; i < 101 + $1; i++)); do
		id=$(printf '6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f%04x' "$i")
		[ -e "$T/$I/s/registry/$id" ] || sed "s/6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f0065/$id/; s/${I}101/$I$i/; s/\"ctid\":101/\"ctid\":$i/" "$T/$I/first" >"$T/$I/s/registry/$id"
	done
}
cp "$T/$I/s/registry/6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f0065" "$T/$I/first"
n_namespace ct
n_spec $I 5000 1 10.77.9.9 fd77:1::9:9
cp "$T/$I/5000" "$T/$I/one"
for n in 1 100 1000; do
	others $n
	start=$(date +%s%N)
	tool host-setup "$T/$I/101" >/dev/null || fail host-setup
	printf '%5d containers: %d ms to make all tables; a start pays, preparing and attaching, us: ' $n $((($(date +%s%N) - start) / 1000000))
	tool time "$T/$I/one" "/run/netns/bt$$-ct" >"$T/times"
	echo "$(cut -d' ' -f1 "$T/times" | median) $(cut -d' ' -f2 "$T/times" | median)"
	for d in $(dirs); do
		mkdir -p "$d/$I"
		for ((i = 101; i < 101 + n; i++)); do mkdir -p "$d/$I/$i"; done
	done
	nsenter --net="/run/netns/bt$$-host" python3 "$TOP/tests/bench/sampler.py" "$BUILD" "$TOP" $I "$T/layout" "$user" 20 || fail sampler
done
