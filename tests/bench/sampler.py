#!/usr/bin/env python3
"""What the sampler costs: sampler.py BUILD TOP INSTANCE LAYOUT-FILE USER PASSES; in the network namespace whose counters it reads."""
import os, statistics, sys, time

sys.path.insert(0, os.path.join(sys.argv[2], "tests/lib"))
sys.dont_write_bytecode = True
from sample import Sampler

sampler = Sampler(*sys.argv[1:6])
pid = sampler.child.pid


def cpu():
    """Seconds, to the nanosecond where the kernel tells."""
    return int(open("/proc/%d/schedstat" % pid).read().split()[0]) / 1e9


lines, size = sampler.take()
times, walls = [], []
for _ in range(int(sys.argv[6])):
    before, start = cpu(), time.monotonic()
    sampler.again()
    sampler.take()
    times.append(cpu() - before)
    walls.append(time.monotonic() - start)
memory = next(line.split()[1] for line in open("/proc/%d/status" % pid) if line.startswith("VmRSS"))
print("%5d containers: %.1f ms of CPU a pass (%.1f ms at most), %.2f %% of a core at 10 s; %d bytes a pass, %s kB of memory, %d descriptors" % (
    len(lines), statistics.median(times) * 1000, max(times) * 1000, statistics.median(times) * 10, size, memory, len(os.listdir("/proc/%d/fd" % pid))))
sampler.end()
