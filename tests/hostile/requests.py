#!/usr/bin/env python3
"""Requests that no client of good will sends: requests.py SOCKET CASE. One connection each; prints "ok WHAT" or "FAIL WHAT"."""
import json, os, re, socket, sys

SOCKET, CASE = sys.argv[1], sys.argv[2]
NOBODY = 65534


def exchange(data, seconds=5, keep=False):
    """All that comes back until the other side ends, or is silent."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(seconds)
    s.connect(SOCKET)
    out = b""
    try:
        for piece in data if isinstance(data, list) else [data]:
            s.sendall(piece)
    except OSError:
        pass
    try:
        if not keep:
            s.shutdown(socket.SHUT_WR)
        while True:
            piece = s.recv(65536)
            if not piece:
                break
            out += piece
    except OSError:
        pass
    s.close()
    return out


def statuses(out):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([1-5]\d\d) ", out)]


def check(what, right, got=b""):
    print("%s %s%s" % ("ok  " if right else "FAIL", what, "" if right else ": %r" % got[:300]), flush=True)


def is_problem(out):
    """The last answer is a problem whose text any parser of JSON reads."""
    try:
        problem = json.loads(out.rsplit(b"\r\n\r\n", 1)[1].decode("utf-8"))
        return bool(problem["code"] and problem["title"] and problem["status"])
    except (ValueError, KeyError, IndexError):
        return False


def refused(what, data, *wanted):
    out = exchange(data)
    got = statuses(out)
    check(what, len(got) == 1 and got[0] in wanted and is_problem(out), out)


def smuggling():
    inner = b"DELETE /v1/tenants/acme HTTP/1.1\r\n\r\n"
    for what, head, wanted in (
            ("two lengths", b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(inner), 400),
            ("two lengths that agree", b"Content-Length: %d\r\nContent-Length: %d\r\n" % (len(inner), len(inner)), 400),
            ("a length and chunks", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
            ("chunks and a length", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
            ("chunks twice", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
            ("another coding", b"Transfer-Encoding: gzip, chunked\r\n", 501),
            ("a space before the colon", b"Content-Length : 0\r\n", 400),
            ("a tab before the colon", b"Content-Length\t: 0\r\n", 400),
            ("a length folded", b"Content-Length:\r\n 0\r\n", 400),
            ("chunks folded", b"Transfer-Encoding:\r\n chunked\r\n", 400),
            ("a header folded", b"X: a\r\n b\r\n", 400),
            ("a signed length", b"Content-Length: +0\r\n", 400),
            ("a negative length", b"Content-Length: -1\r\n", 400),
            ("a list of lengths", b"Content-Length: 0, 0\r\n", 400),
            ("a length in hexadecimal", b"Content-Length: 0x0\r\n", 400),
            ("a length past 64 bits", b"Content-Length: 18446744073709551616\r\n", 400),
            ("two hosts", b"Host: a\r\nHost: b\r\n", 400),
            ("a NUL in a value", b"X: a\0b\r\n", 400),
            ("a NUL in a name", b"X\0: a\r\n", 400),
            ("a bare CR", b"X: a\rContent-Length: 5\r\n", 400),
            ("two credentials", b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", 400),
            ("two conditions", b"If-Match: \"1\"\r\nIf-Match: \"2\"\r\n", 400)):
        refused(what, b"POST /v1/tenants HTTP/1.1\r\nConnection: keep-alive\r\n" + head + b"\r\n" + inner, wanted)
    for what, line, wanted in (
            ("an absolute target", b"GET http://evil/v1 HTTP/1.1", 400),
            ("a tunnel", b"CONNECT evil:443 HTTP/1.1", 400),
            ("an asterisk", b"OPTIONS * HTTP/1.1", 400),
            ("HTTP/2's preface", b"PRI * HTTP/2.0", 400),
            ("HTTP/0.9", b"GET /v1", 505),
            ("HTTP/3.0", b"GET /v1 HTTP/3.0", 505),
            ("a word too many", b"GET /v1 x HTTP/1.1", 400),
            ("no target", b"GET  HTTP/1.1", 400),
            ("an unknown method", b"STEAL /v1 HTTP/1.1", 400)):
        refused(what, line + b"\r\n\r\n", wanted)
    # Behind a chunked body: neither a credential nor a key.
    out = exchange(b"POST /v1/tenants HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Bearer berth_x\r\nIf-Match: \"9\"\r\n\r\n")
    check("a trailer is no header", statuses(out) == [422], out)
    out = exchange(b"POST /v1/tenants?dry_run=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"a\r\n{}   \r\n0\r\n\r\n" + b"GET /v1 HTTP/1.1\r\n\r\n")
    check("an unclosed extension of a chunk ends with its line", len(statuses(out)) <= 2, out)
    out = exchange(b"GET /v1 HTTP/1.1\r\n\r\n" * 50)
    check("50 in a row are 50 answers: %d" % len(statuses(out)), statuses(out) == [200] * 50)


def paths():
    for path in (b"/v1/../v1/tenants", b"/v1/%2e%2e/tenants", b"/v1/containers/%2e%2e%2ftenants", b"/v1/containers/..;/tenants", b"//v1/tenants", b"/v1//tenants",
                 b"/v1/tenants/", b"/V1/tenants", b"/v1/tenants%00", b"/v1/tenants/%00", b"/v1/tenants/acme%00x", b"/v1/tenants/acme%0d%0aX: y", b"/v1/tenants/acme%2f",
                 b"/v1/tenants/acme#x", b"/v1\\tenants", b"/v1/tenants/%", b"/v1/tenants/%f", b"/v1/tenants/%zz", b"/v1/tenants/%c0%ae%c0%ae", b"/v1/tenants/%ff",
                 b"/v1/tenants/\xff\xfe", b"/v1/tenants/%e2%80%ae", b"/v1/tenants/" + b"a" * 5000, b"/v1/containers/x/../../tenants", b"/v1/tenants/acme/../acme"):
        out = exchange(b"GET %s HTTP/1.1\r\n\r\n" % path)
        check("%r is nothing" % path[:40], statuses(out) in ([404], [400]) and is_problem(out), out)
    refused("a target of 20000 bytes", b"GET /v1/" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n", 414, 431)
    for query in (b"?%00", b"?name=%00", b"?name=%zz", b"?%ff=1", b"?name=a&name=b", b"?" + b"a=1&" * 500, b"?dry_run=maybe", b"?limit=99999999999999999999", b"?limit=-1", b"?limit=1e3"):
        refused("the query %r" % query[:20], b"GET /v1/containers%s HTTP/1.1\r\n\r\n" % query, 400, 422)


def heads():
    refused("10000 header lines", b"GET /v1 HTTP/1.1\r\n" + b"X: y\r\n" * 10000 + b"\r\n", 431)
    refused("a header of a megabyte", b"GET /v1 HTTP/1.1\r\nX: " + b"y" * (1 << 20) + b"\r\n\r\n", 431)
    refused("a name of a megabyte", b"GET /v1 HTTP/1.1\r\n" + b"x" * (1 << 20) + b": y\r\n\r\n", 431)
    refused("a credential of 300 bytes", b"GET /v1 HTTP/1.1\r\nAuthorization: Bearer " + b"y" * 300 + b"\r\n\r\n", 431, 401)
    refused("a key of 300 bytes", b"POST /v1/tenants HTTP/1.1\r\nIdempotency-Key: " + b"y" * 300 + b"\r\n\r\n", 431, 422)
    out = exchange(b"\r\n" * 100000 + b"GET /v1 HTTP/1.1\r\n\r\n")
    check("100000 empty lines first are no answer of their own", len(statuses(out)) <= 1, out)


def post(body, path=b"/v1/containers", length=None):
    return b"POST %s HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (path, len(body) if length is None else length) + body


def bodies():
    good = b'{"name":"x","template":"busybox"}'
    for cut in range(1, len(good), 3):
        refused("a body cut after %d bytes" % cut, post(good[:cut]), 400)
    for what, body, wanted in (
            ("nothing", b"", 422), ("a NUL", b"\0", 400), ("null", b"null", 400), ("a list", b"[]", 400), ("a string", b'"x"', 400), ("a number", b"1", 400),
            ("two objects", b"{}{}", 400), ("a comment", b"{/**/}", 400), ("NaN", b'{"memory":NaN}', 422), ("single quotes", b"{'name':'x'}", 400),
            ("a comma too many", b'{"name":"x",}', 400), ("what is no UTF-8", b'{"name":"\xff"}', 400), ("half a surrogate", b'{"name":"\\ud800"}', 422),
            ("a NUL in a name", b'{"name":"a\\u0000b","template":"busybox"}', 422), ("an empty name", b'{"name":"","template":"busybox"}', 422),
            ("100 levels", b'{"labels":' + b"[" * 100 + b"]" * 100 + b"}", 400), ("100000 levels", b"[" * 100000, 400),
            ("100000 levels of objects", b'{"a":' * 100000, 400), ("a megabyte of name", b'{"name":"' + b"a" * 900000 + b'"}', 422),
            ("50000 keys", b"{" + b",".join(b'"k%d":1' % i for i in range(50000)) + b"}", 422), ("100000 labels", b'{"labels":[' + b'"a=b",' * 100000 + b'"a=b"]}', 422)):
        out = exchange(post(body), 20)
        check(what, len(statuses(out)) == 1 and statuses(out)[0] in (wanted, 413) and is_problem(out), out)
    doc = json.loads(exchange(b"GET /v1/openapi.json HTTP/1.1\r\nConnection: close\r\n\r\n").split(b"\r\n\r\n", 1)[1])
    n = 0
    for name, field in doc["components"]["schemas"]["ContainerCreate"]["properties"].items():
        types = json.dumps(field)
        if '"integer"' not in types and '"number"' not in types:
            continue
        n += 1
        for value in (b"-1", b"-9223372036854775808", b"-9223372036854775809", b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"1e400", b"-0.0000001",
                      b"1e-400", b"0.1e1", b'"1"', b'"1G "', b'" 1"', b'"9223372036854775807T"', b'"-1"', b'"1e9"', b'"0x10"', b"[1]", b"{}", b"true", b'""'):
            out = exchange(post(b'{"name":"x","template":"none@1","%s":%s}' % (name.encode(), value)))
            check("%s of %s is told, or passes and its template isn't there" % (name, value.decode()), statuses(out) in ([422], [400]) and is_problem(out), out)
    check("%d numbers" % n, n >= 10)
    refused("a length past the bound", b"POST /v1/containers HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n{}", 413)
    out = exchange([b"POST /v1/containers HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"10000\r\n" + b"a" * 65536 + b"\r\n"] * 64, 20)
    check("chunks without an end", statuses(out) == [413], out)
    out = exchange([b"POST /v1/containers HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"1\r\n \r\n" * 1000] * 20 + [b"0\r\n\r\n"], 20)
    check("20000 chunks of a byte", statuses(out) in ([400], [422], [413]), out)


def peers():
    """Who asks is who opened the socket, whatever his name and number say and whoever writes to it later."""
    out = []
    a, b = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        os.setgroups([]), os.setgid(NOBODY), os.setuid(NOBODY)
        s = socket.socket(socket.AF_UNIX)
        s.connect(SOCKET)
        socket.send_fds(b, [b"x"], [s.fileno()])
        os._exit(0)
    os.waitpid(pid, 0)
    _, fds, _, _ = socket.recv_fds(a, 1, 1)
    s = socket.socket(fileno=fds[0])
    s.settimeout(5)
    s.sendall(b"GET /v1/tenants HTTP/1.1\r\nConnection: close\r\n\r\n")
    out = s.recv(65536)
    check("root writes to a connection that nobody opened", statuses(out) == [403], out)
    for name in ("berthd", "berth-api", "root", "/usr/sbin/berthd --foreground"):
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            with open("/proc/self/comm", "w") as comm:
                comm.write(name[:15])
            os.setgroups([]), os.setgid(NOBODY), os.setuid(NOBODY)
            os.write(w, exchange(b"GET /v1/tenants HTTP/1.1\r\nX-Real-User: root\r\nX-Forwarded-User: root\r\nRemote-User: root\r\nConnection: close\r\n\r\n")[:4000])
            os._exit(0)
        os.waitpid(pid, 0)
        os.close(w)
        out = os.read(r, 4096)
        check("nobody who is called %s" % name, statuses(out) == [403], out)
    # A number that was root's a moment ago: many processes, of which each opens, ends and is followed by the next.
    seen = set()
    for _ in range(50):
        pid = os.fork()
        if pid == 0:
            s = socket.socket(socket.AF_UNIX)
            s.connect(SOCKET)
            os._exit(0)
        os.waitpid(pid, 0)
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setgroups([]), os.setgid(NOBODY), os.setuid(NOBODY)
            os.write(w, exchange(b"GET /v1/tenants HTTP/1.1\r\nConnection: close\r\n\r\n")[:4000])
            os._exit(0)
        os.waitpid(pid, 0)
        os.close(w)
        seen |= set(statuses(os.read(r, 4096)))
        os.close(r)
    check("nobody after root, 50 times", seen == {403}, repr(seen).encode())


globals()[CASE]()
