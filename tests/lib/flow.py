"""flow.py in|out ADDRESS PORT BYTES: sends to, or takes from, a listener; prints megabits a second on the wire of what it moved."""
import fcntl
import socket
import struct
import sys
import time

# A full TCP segment of IPv4 with timestamps, and what of it is payload.
FRAME, PAYLOAD = 1514, 1448
SIOCOUTQ = 0x5411


def connect(address, port):
    for _ in range(100):
        try:
            return socket.create_connection((address, port), timeout=60)
        except OSError:
            time.sleep(0.05)
    sys.exit("nobody listens")


def waiting(peer):
    """Bytes that the other side has yet to take."""
    return struct.unpack("i", fcntl.ioctl(peer, SIOCOUTQ, bytes(4)))[0]


def main():
    direction, address, port, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    peer = connect(address, port)
    start, moved, block = time.monotonic(), 0, bytes(65536)
    if direction == "in":
        while moved < size:
            moved += peer.send(block[:size - moved])
        while waiting(peer):
            time.sleep(0.002)
    else:
        # Until the first of it comes the other side is still starting what it sends with.
        peer.recv(65536)
        start = time.monotonic()
        while data := peer.recv(65536):
            moved += len(data)
    print("%.3f" % (moved * 8 * FRAME / PAYLOAD / (time.monotonic() - start) / 1e6))


main()
