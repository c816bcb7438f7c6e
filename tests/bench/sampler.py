#!/usr/bin/env python3
"""What the sampler costs: sampler.py BUILD TOP INSTANCE LAYOUT-FILE USER PASSES; in the network namespace whose counters it reads."""
import fcntl, json, os, socket, statistics, subprocess, sys, time

build, top, instance, layout, user, passes = sys.argv[1:7]
sys.path.insert(0, os.path.join(top, "tests/lib"))
sys.dont_write_bytecode = True
from engine_wire import Wire

wire = Wire(top)
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
# Descriptor 3 is the channel in the sampler, and nobody's here.
ours, theirs = (socket.socket(fileno=fcntl.fcntl(s.detach(), fcntl.F_DUPFD_CLOEXEC, 10)) for s in (ours, theirs))
os.dup2(theirs.fileno(), 3)
child = subprocess.Popen([os.path.join(build, "berth-sampler")], pass_fds=[3])
theirs.close()
os.close(3)
wire.send(ours, "SPEC", {"settings": {"instance": instance, "api_user": user, "sample_interval": 60}, "layout": json.load(open(layout))})


def cpu():
    """Seconds, to the nanosecond where the kernel tells."""
    return int(open("/proc/%d/schedstat" % child.pid).read().split()[0]) / 1e9


def one():
    lines, size = 0, 0
    while True:
        ours.settimeout(60)
        data = ours.recv(1 << 18)
        if not data:
            sys.exit("the sampler ended")
        size += len(data)
        _, values = wire.decode(data)
        lines += len(values.get("lines", []))
        known = sum(1 for line in values.get("lines", []) if line.split()[1] != "0")
        if values.get("last"):
            return lines, size, known


lines, size, known = one()
times, walls = [], []
for _ in range(int(passes)):
    before, start = cpu(), time.monotonic()
    ours.send(b"x")
    one()
    times.append(cpu() - before)
    walls.append(time.monotonic() - start)
memory = next(line.split()[1] for line in open("/proc/%d/status" % child.pid) if line.startswith("VmRSS"))
print("%5d containers: %.1f ms of CPU a pass (%.1f ms at most), %.2f %% of a core at 10 s; %d bytes a pass, %s kB of memory, %d descriptors" % (
    lines, statistics.median(times) * 1000, max(times) * 1000, statistics.median(times) * 10, size, memory, len(os.listdir("/proc/%d/fd" % child.pid))))
ours.close()
child.wait(10)
