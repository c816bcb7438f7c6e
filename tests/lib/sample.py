#!/usr/bin/env python3
"""berth-sampler alone. sample.py BUILD TOP INSTANCE LAYOUT-FILE USER: one pass of it, a line a container, as it is sent."""
import fcntl
import json
import os
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
from engine_wire import Wire


class Sampler:
    def __init__(self, build, top, instance, layout, user):
        self.wire = Wire(top)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Descriptor 3 is the channel in the sampler, and nobody's here.
        self.channel, theirs = (socket.socket(fileno=fcntl.fcntl(s.detach(), fcntl.F_DUPFD_CLOEXEC, 10)) for s in (ours, theirs))
        os.dup2(theirs.fileno(), 3)
        self.child = subprocess.Popen([os.path.join(build, "berth-sampler")], pass_fds=[3])
        theirs.close()
        os.close(3)
        settings = {"instance": instance, "api_user": user, "sample_interval": 60}
        self.wire.send(self.channel, "SPEC", {"settings": settings, "layout": json.load(open(layout))})
        self.channel.settimeout(60)

    def take(self):
        """A pass's lines, and the bytes that they came in."""
        lines, size = [], 0
        while True:
            data = self.channel.recv(1 << 18)
            if not data:
                sys.exit("the sampler ended")
            size += len(data)
            _, values = self.wire.decode(data)
            lines += values.get("lines", [])
            if values.get("last"):
                return lines, size

    def again(self):
        self.channel.send(b"x")

    def end(self):
        self.channel.close()
        self.child.wait(10)


if __name__ == "__main__":
    sampler = Sampler(*sys.argv[1:6])
    for line in sampler.take()[0]:
        print(line)
    sampler.end()
