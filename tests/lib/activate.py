"""Starts a program as systemd would: activate.py SOCKET NOTIFY_SOCKET WATCHDOG_MS COMMAND…; its process is the program's."""
import os
import socket
import sys

path, notify, watchdog_ms = sys.argv[1:4]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
if os.path.exists(path):
    os.unlink(path)
listener.bind(path)
os.chmod(path, 0o666)
listener.listen(64)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
pid = str(os.getpid())
os.environ.update(
    LISTEN_PID=pid, LISTEN_FDS="1", NOTIFY_SOCKET=notify, WATCHDOG_PID=pid, WATCHDOG_USEC=str(int(watchdog_ms) * 1000)
)
os.execv(sys.argv[4], sys.argv[4:])
