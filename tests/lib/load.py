"""
Many at once on the API's sockets; each prints a line of JSON of what it found.
  load.py followers SOCKET TOKEN_SOCKET TOKENS N SECONDS   N followers of events, half of them with the tokens of the file TOKENS by
      turns; all are there when "ready" is printed, then counted until each line that is read from standard input, a JSON array of
      event sequence numbers that everyone must see, is met
  load.py unread SOCKET N PATH [TOKEN]                     N connections that ask for PATH over and over and read nothing, until closed
  load.py bodies TOKEN_SOCKET TOKEN N BYTES                N bodies of BYTES that are sent but for their last byte: the statuses
  load.py calls SOCKET PATH SECONDS                        one after another: how many, and milliseconds in the middle, p99, worst
"""
import json
import selectors
import socket
import sys
import time


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    return s


def request(path, token=None):
    bearer = "Authorization: Bearer %s\r\n" % token if token else ""
    return ("GET %s HTTP/1.1\r\nHost: berth\r\n%s\r\n" % (path, bearer)).encode()


class Follower:
    def __init__(self, sock):
        self.sock = sock
        self.rest = b""
        self.seen = set()

    def read(self):
        more = self.sock.recv(262144)
        if not more:
            raise EOFError
        lines = (self.rest + more).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            if line.startswith(b"data: "):
                self.seen.add(json.loads(line[6:])["seq"])


def followers(path, token_path, tokens, n, seconds):
    tokens = open(tokens).read().split()
    select = selectors.DefaultSelector()
    all_of_them = []
    for i in range(int(n)):
        token = tokens[i % len(tokens)] if i % 2 else None
        s = connect(token_path if token else path)
        s.sendall(request("/v1/events?since=0", token))
        f = Follower(s)
        all_of_them.append(f)
        select.register(s, selectors.EVENT_READ, f)
    select.register(sys.stdin, selectors.EVENT_READ, None)
    print("ready", flush=True)
    wanted, begin, gone = None, 0, 0
    end = time.time() + float(seconds)
    while time.time() < end:
        for key, _ in select.select(0.2):
            if key.data is None:
                line = sys.stdin.readline()
                if not line:
                    return
                wanted, begin = set(json.loads(line)), time.time()
                continue
            try:
                key.data.read()
            except (EOFError, OSError):
                gone += 1
                select.unregister(key.fileobj)
                all_of_them.remove(key.data)
        if wanted is not None and all(wanted <= f.seen for f in all_of_them):
            print(json.dumps({"all": len(all_of_them), "gone": gone, "ms": int((time.time() - begin) * 1000)}), flush=True)
            wanted = None
    if wanted is not None:
        print(json.dumps({"all": sum(wanted <= f.seen for f in all_of_them), "gone": gone, "ms": None}), flush=True)


def unread(path, n, what, token=None):
    many = [connect(path) for _ in range(int(n))]
    for s in many:
        s.setblocking(False)
    begin, ended = time.time(), 0
    while many and time.time() - begin < 60:
        for s in list(many):
            try:
                s.send(request(what, token) * 20)
            except BlockingIOError:
                continue
            except OSError:
                many.remove(s)
                ended += 1
        time.sleep(0.2)
    print(json.dumps({"ended": ended, "s": int(time.time() - begin)}))


def bodies(path, token, n, size):
    many = []
    for _ in range(int(n)):
        s = connect(path)
        head = "POST /v1/containers HTTP/1.1\r\nHost: berth\r\nAuthorization: Bearer %s\r\nContent-Length: %s\r\n\r\n" % (token, size)
        try:
            s.sendall(head.encode() + b" " * (int(size) - 1))
        except OSError:
            pass
        many.append(s)
    time.sleep(0.5)
    statuses = {}
    for s in many:
        s.setblocking(False)
        try:
            status = s.recv(4096).split(b"\r\n")[0].decode()
        except BlockingIOError:
            status = "waiting"
        statuses[status] = statuses.get(status, 0) + 1
    print(json.dumps(statuses))


def calls(path, what, seconds):
    s = connect(path)
    took, end = [], time.time() + float(seconds)
    while time.time() < end:
        begin, have = time.perf_counter(), b""
        s.sendall(request(what))
        while b"\r\n\r\n" not in have:
            have += s.recv(65536)
        head, body = have.split(b"\r\n\r\n", 1)
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        while len(body) < length:
            body += s.recv(65536)
        took.append((time.perf_counter() - begin) * 1000)
        time.sleep(0.002)
    took.sort()
    print(json.dumps({"n": len(took), "p50": round(took[len(took) // 2], 2), "p99": round(took[len(took) * 99 // 100], 2), "worst": round(took[-1], 2)}))


{"followers": followers, "unread": unread, "bodies": bodies, "calls": calls}[sys.argv[1]](*sys.argv[2:])
