#!/usr/bin/env python3
"""Measures ways of throughput.sh's against bare ones; standard input has a line each: NAME COMPARED-WITH|- NETNS-FILE ADDRESS.

Each round goes all ways, forwards and back by turns; what counts is the median of the ratios within rounds, for a machine has moods.
"""
import json
import os
import statistics
import subprocess
import sys

WIRE, PORT, STREAM_PORT = os.environ["WIRE"], os.environ["PORT"], os.environ["STREAM_PORT"]
MS, ROUNDS = os.environ["MS"], int(os.environ["ROUNDS"])
# A gigabyte for each 200 ms; each end is held on a processor, before all others, and no congestion control paces it.
STREAM = ["chrt", "-f", "1", "iperf3", "-J", "-A", "0,1", "-C", "reno", "-n", "%dM" % (5 * int(MS)), "-p", STREAM_PORT]
WAYS = [line.split() for line in sys.stdin if line.strip()]
# What is measured, how its values are called, and whether less is better.
MEASURES = [
    ("out", ["TCP out, Mbit/s"], False),
    ("in", ["TCP in, Mbit/s"], False),
    ("small", ["small packets/s"], False),
    ("turns", ["way and back, us", "of it p99, us"], True),
]


def output(netns, argv):
    argv = ["nsenter", "--net=" + netns] + argv
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout


def measure(what, netns, address):
    if what in ("out", "in"):
        end = json.loads(output(netns, STREAM + ["-c", address] + (["-R"] if what == "in" else [])))["end"]
        return [end["sum_received"]["bits_per_second"] / 1e6]
    return [float(v) for v in output(netns, [WIRE, what, address, PORT, MS]).split()]


def one_round(forwards):
    got = {}
    for what, _, _ in MEASURES:
        for name, _, netns, address in WAYS if forwards else reversed(WAYS):
            got[name, what] = measure(what, netns, address)
    return got


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return "%5.3f (%5.3f to %5.3f)" % (middle, low, high)


def main():
    measure("out", *WAYS[0][2:])
    rounds = [one_round(i % 2 == 0) for i in range(ROUNDS)]
    print("%-16s %-18s %10s %10s   ratio, and its quartiles" % ("way", "", "bare", "ours"))
    for name, bare, _, _ in WAYS:
        for what, labels, less in MEASURES if bare != "-" else []:
            for i, label in enumerate(labels):
                ours = [r[name, what][i] for r in rounds]
                theirs = [r[bare, what][i] for r in rounds]
                ratios = [b / o if less else o / b for o, b in zip(ours, theirs)]
                print("%-16s %-18s %10.1f %10.1f   %s" % (name, label, statistics.median(theirs), statistics.median(ours), quartiles(ratios)))


main()
