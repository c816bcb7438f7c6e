"""
A client as a panel behind a proxy would have it, of Python's own library.
  proxied.py exec URL TOKEN CONTAINER COMMAND…   a command inside, through an upgrade: standard input to it, its exit code ours
  proxied.py follow URL TOKEN PATH               a stream of events, each line "SECONDS-SINCE-BEGIN event data" when it arrives
  proxied.py kept URL TOKEN PATH N               N requests over one connection: the statuses, and how many connections it took
A URL of https is trusted whoever signed it: the tests' certificate is self-made.
"""
import http.client
import json
import os
import ssl
import struct
import sys
import time
import urllib.parse


def connect(url):
    at = urllib.parse.urlsplit(url)
    if at.scheme == "https":
        trust = ssl.create_default_context()
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(at.hostname, at.port, context=trust, timeout=30)
    return http.client.HTTPConnection(at.hostname, at.port, timeout=30)


def read_exactly(sock, n, have):
    while len(have) < n:
        more = sock.recv(65536)
        if not more:
            raise EOFError("the stream ended within a frame")
        have += more
    return bytes(have[:n]), have[n:]


def run(url, token, container, *argv):
    conn = connect(url)
    conn.connect()
    body = json.dumps({"argv": argv}).encode()
    conn.sock.sendall(
        b"POST /v1/containers/%s/exec HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nConnection: Upgrade\r\n"
        b"Upgrade: berth-stream/1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (container.encode(), token.encode(), len(body), body)
    )
    have = b""
    while b"\r\n\r\n" not in have:
        more = conn.sock.recv(65536)
        if not more:
            raise EOFError("no answer: %r" % have)
        have += more
    head, have = have.split(b"\r\n\r\n", 1)
    if b" 101 " not in head.split(b"\r\n")[0]:
        print(head.decode(), have.decode(), file=sys.stderr)
        return 125
    data = sys.stdin.buffer.read()
    for at in range(0, len(data), 32768):
        piece = data[at : at + 32768]
        conn.sock.sendall(struct.pack(">B3xI", 0, len(piece)) + piece)
    conn.sock.sendall(struct.pack(">B3xI", 6, 0))
    while True:
        frame, have = read_exactly(conn.sock, 8, have)
        kind, length = struct.unpack(">B3xI", frame)
        data, have = read_exactly(conn.sock, length, have)
        if kind in (1, 2):
            (sys.stdout if kind == 1 else sys.stderr).buffer.write(data)
        elif kind == 4:
            sys.stdout.flush()
            return json.loads(data)["exit"]
        elif kind == 5:
            print(data.decode(), file=sys.stderr)
            return 125


def follow(url, token, path):
    conn = connect(url)
    begin = time.monotonic()
    conn.request("GET", path, headers={"Authorization": "Bearer " + token})
    answer, event = conn.getresponse(), ""
    if answer.status != 200:
        print(answer.status, answer.read().decode(), file=sys.stderr)
        return 1
    while True:
        line = answer.readline()
        if not line:
            return 0
        if line.startswith(b"event: "):
            event = line[7:].decode().strip()
        elif line.startswith(b"data: "):
            print("%.2f %s %s" % (time.monotonic() - begin, event, line[6:].decode().strip()), flush=True)


def kept(url, token, path, n):
    conn = connect(url)
    statuses, ports = set(), set()
    for _ in range(int(n)):
        conn.request("GET", path, headers={"Authorization": "Bearer " + token})
        answer = conn.getresponse()
        answer.read()
        statuses.add(answer.status)
        ports.add(conn.sock.getsockname()[1] if conn.sock else None)
    print(*sorted(statuses), len(ports))
    return 0


if __name__ == "__main__":
    code = {"exec": run, "follow": follow, "kept": kept}[sys.argv[1]](*sys.argv[2:])
    sys.stdout.flush()
    os._exit(code)
