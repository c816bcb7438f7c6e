#!/usr/bin/env python3
"""Measures ways of throughput.sh's against bare ones; standard input has a line each: NAME COMPARED-WITH|- NETNS-FILE ADDRESS.

Each round goes all ways, forwards and back by turns; what counts is the median of the ratios within rounds, for a machine has moods.
"""
import os
import statistics
import subprocess
import sys

WIRE, PORT, MS, ROUNDS = os.environ["WIRE"], os.environ["PORT"], os.environ["MS"], int(os.environ["ROUNDS"])
WAYS = [line.split() for line in sys.stdin if line.strip()]
# What is measured, how its values are called, and whether less is better.
MEASURES = [
    ("out", ["out, Mbit/s"], False),
    ("in", ["in, Mbit/s"], False),
    ("small", ["small packets/s"], False),
    ("turns", ["way and back, us", "of it p99, us"], True),
]


def measure(what, netns, address):
    argv = ["nsenter", "--net=" + netns, WIRE, what, address, PORT, MS]
    return [float(v) for v in subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout.split()]


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
