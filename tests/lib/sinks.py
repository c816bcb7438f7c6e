"""sinks.py SECONDS PORT…: takes from one sender a port, all at once; prints megabits a second on the wire of each."""
import select
import socket
import sys
import time

# A full TCP segment of IPv4 with timestamps, and what of it is payload.
FRAME, PAYLOAD = 1514, 1448
# They have found their speeds after so many seconds.
SETTLED = 1


def main():
    seconds, ports = float(sys.argv[1]), [int(p) for p in sys.argv[2:]]
    listeners = [socket.create_server(("", p)) for p in ports]
    print("ready", file=sys.stderr, flush=True)
    peers = []
    for listener in listeners:
        listener.settimeout(20)
        peers.append(listener.accept()[0])
    moved = dict.fromkeys(peers, 0)
    start = time.monotonic() + SETTLED
    while (now := time.monotonic()) < start + seconds:
        for peer in select.select(peers, [], [], 0.1)[0]:
            size = len(peer.recv(1 << 18))
            moved[peer] += size if now >= start else 0
    print(*("%.2f" % (moved[p] * 8 * FRAME / PAYLOAD / seconds / 1e6) for p in peers))


main()
