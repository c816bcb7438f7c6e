"""The longest silence of a source, in ms, until SIGTERM.

    gaps.py stream ADDRESS PORT    bytes of a TCP stream
    gaps.py socket PATH            answers of GET /v1/containers on a Unix socket, a connection each
"""
import select
import signal
import socket
import sys
import time

PAUSE_S = 0.005


def ask(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(path)
        s.sendall(b"GET /v1/containers HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n")
        return s.recv(64).startswith(b"HTTP/1.1 200")


def stream(address, port):
    s = socket.create_connection((address, int(port)), 5)

    def heard():
        if not select.select([s], [], [], PAUSE_S)[0]:
            return False
        if not s.recv(65536):
            raise SystemExit("the stream ended")
        return True

    return heard


def answers(path):
    def heard():
        time.sleep(PAUSE_S)
        try:
            return ask(path)
        except OSError:
            return False

    return heard


def main():
    heard = stream(*sys.argv[2:]) if sys.argv[1] == "stream" else answers(sys.argv[2])
    longest, last = 0.0, time.monotonic()
    ended = []
    signal.signal(signal.SIGTERM, lambda number, frame: ended.append(number))
    print("ready", file=sys.stderr, flush=True)
    while not ended:
        if heard():
            now = time.monotonic()
            longest, last = max(longest, now - last), now
    longest = max(longest, time.monotonic() - last)
    print("%d" % (longest * 1000))


main()
