"""A command on a terminal of its own, typed at and read from: for tests of what needs one."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

# A host T_SLOW times as slow may take as much longer.
SLOW = int(os.environ.get("T_SLOW", "1"))


class Terminal:
    def __init__(self, argv):
        self.got = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)

    def size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.fd, text)

    def until(self, text, seconds=10):
        end = time.time() + seconds * SLOW
        while text not in self.got and time.time() < end:
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.got += os.read(self.fd, 65536)
                except OSError:
                    break
        return text in self.got

    def end(self):
        _, code = os.waitpid(self.pid, 0)
        sys.stdout.write(self.got.decode("utf-8", "replace"))
        print("code", os.waitstatus_to_exitcode(code))
