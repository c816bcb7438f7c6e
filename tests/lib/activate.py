"""
Starts a program as systemd would: activate.py SOCKET NOTIFY_SOCKET WATCHDOG_MS [--token WHERE] COMMAND…; its process is the program's.
NOTIFY_SOCKET "-": none. WHERE is a path or ADDRESS:PORT, handed over by the name that berthd-token.socket gives.
"""
import os
import socket
import sys


def listen(where):
    if where.startswith("/"):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if os.path.exists(where):
            os.unlink(where)
        listener.bind(where)
        os.chmod(where, 0o666)
    else:
        host, _, port = where.rpartition(":")
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
    listener.listen(64)
    return listener


path, notify, watchdog_ms = sys.argv[1:4]
command = sys.argv[4:]
listeners, names = [listen(path)], ["berthd.socket"]
if command[0] == "--token":
    listeners.append(listen(command[1]))
    names.append("token")
    command = command[2:]
copies = [os.dup(listener.fileno()) for listener in listeners]
high = [os.dup2(copy, 60 + i) for i, copy in enumerate(copies)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
    os.set_inheritable(3 + i, True)
pid = str(os.getpid())
os.environ.update(LISTEN_PID=pid, LISTEN_FDS=str(len(listeners)), LISTEN_FDNAMES=":".join(names))
if notify != "-":
    os.environ.update(NOTIFY_SOCKET=notify, WATCHDOG_PID=pid, WATCHDOG_USEC=str(int(watchdog_ms) * 1000))
os.closerange(60, 70)
os.execv(command[0], command)
