"""Bad callers of the API, one a word: callers.py SOCKET WHAT SECONDS. Ends by itself; prints what it got."""
import os
import select
import socket
import sys
import time


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(2)
    s.connect(path)
    return s


def crowd(path, first):
    """As many connections as can be had, each with the beginning of a request."""
    got = []
    for _ in range(3000):
        try:
            s = connect(path)
            s.sendall(first)
            got.append(s)
        except OSError:
            continue
    return got


def ended(connections):
    """How many the server has ended."""
    n = 0
    for s in connections:
        s.setblocking(False)
        try:
            while True:
                if not s.recv(65536):
                    n += 1
                    break
        except BlockingIOError:
            pass
        except OSError:
            n += 1
    return n


def slow(path, first, seconds):
    connections = crowd(path, first)
    end = time.time() + seconds
    while time.time() < end:
        for s in connections:
            try:
                s.setblocking(False)
                s.send(b"a")
            except OSError:
                pass
        time.sleep(1)
    print("ended", ended(connections), "of", len(connections))


def slow_headers(path, seconds):
    slow(path, b"GET /v1 HTTP/1.1\r\nX-Slow: ", seconds)


def slow_body(path, seconds):
    slow(path, b"POST /v1/containers HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n", seconds)


def silent(path, seconds):
    connections = crowd(path, b"")
    time.sleep(seconds)
    print("ended", ended(connections), "of", len(connections))


def never_reads(path, seconds):
    """Asks without end and reads no answer: the server must stop reading, too."""
    s = connect(path)
    s.setblocking(False)
    request, sent, end = b"GET /v1/containers HTTP/1.1\r\nHost: b\r\n\r\n" * 1000, 0, time.time() + seconds
    while time.time() < end:
        if select.select([], [s], [], 0.2)[1]:
            try:
                sent += s.send(request)
            except BlockingIOError:
                pass
            except OSError:
                break
    print("sent", sent)


def deaf_follower(path, seconds):
    """Follows the events and never reads them."""
    followers = []
    for _ in range(20):
        s = connect(path)
        s.sendall(b"GET /v1/events?since=0 HTTP/1.1\r\nHost: b\r\n\r\n")
        followers.append(s)
    time.sleep(seconds)


def main():
    path, what, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    if len(sys.argv) > 4:
        os.setgroups([])
        os.setgid(int(sys.argv[4]))
        os.setuid(int(sys.argv[4]))
    globals()[what](path, seconds)


if __name__ == "__main__":
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (5000, max(5000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    main()
