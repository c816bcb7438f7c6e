#!/usr/bin/env python3
"""berth-api against an engine of make-believe. As root: test_api.py FAKE_ENGINE BERTH_API"""
import http.client, json, os, shutil, socket, sqlite3, subprocess, sys, tempfile, threading, time

ENGINE, API = sys.argv[1], sys.argv[2]
USER = os.environ.get("BERTH_TEST_USER", "nobody")
DIR = tempfile.mkdtemp(prefix="ba.")
SECRET = "canary-hunter2"
failures = 0


class Connection(http.client.HTTPConnection):
    def __init__(self, timeout=10):
        super().__init__("berth", timeout=timeout)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(DIR + "/sock")


def check(ok, what, *more):
    global failures
    if not ok:
        failures += 1
        print("FAIL", what, *more)


def call(method, path, body=None, headers={}):
    c = Connection()
    c.request(method, path, body if body is None or isinstance(body, (bytes, str)) else json.dumps(body), headers)
    r = c.getresponse()
    data = r.read()
    c.close()
    kind = r.getheader("Content-Type") or ""
    return r.status, (json.loads(data) if "json" in kind and data else data), r


def raw(data, shut=False, timeout=5):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)
    s.connect(DIR + "/sock")
    try:
        s.sendall(data)
    except OSError:
        pass
    if shut:
        s.shutdown(socket.SHUT_WR)
    out = b""
    try:
        while True:
            piece = s.recv(65536)
            if not piece:
                break
            out += piece
    except socket.timeout:
        pass
    s.close()
    return out


class Engine:
    def __init__(self, settings=""):
        self.env = dict(os.environ, FAKE_SETTINGS=settings)

    def __enter__(self):
        self.p = subprocess.Popen([ENGINE, API, DIR, USER], env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.pid = int(self.p.stdout.readline().split()[1])
        self.said = []
        self.errors = []
        for pipe, to in ((self.p.stdout, self.said), (self.p.stderr, self.errors)):
            threading.Thread(target=lambda pipe=pipe, to=to: to.extend(iter(pipe.readline, "")), daemon=True).start()
        for _ in range(100):
            try:
                if call("GET", "/v1")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.02)
        raise SystemExit("the api doesn't come up: " + "".join(self.errors))

    def __exit__(self, *_):
        self.p.stdin.close()
        self.p.wait(10)
        time.sleep(0.05)
        check("status 0\n" in self.said, "the api ends well", self.said[-2:], self.errors)


def follow(path, limit=5):
    """The events of a stream until it ends: (event, data)."""
    c = Connection(timeout=limit)
    c.request("GET", path)
    r = c.getresponse()
    out, event = [], None
    for line in r:
        line = line.decode().rstrip("\n")
        if line.startswith("event: "):
            event = line[7:]
        elif line.startswith("data: "):
            out.append((event, json.loads(line[6:])))
    c.close()
    return out


def done(answer):
    status, op, r = answer
    check(status == 202, "accepted", status, op)
    if status != 202:
        return {}
    check(r.getheader("Location") == "/v1/operations/" + op["id"], "Location")
    events = follow("/v1/operations/" + op["id"] + "/events")
    check(events and events[-1][0] == "end", "operation ends", events)
    return events[-1][1]


def problem(answer, status, code, *params):
    got, body, r = answer
    check(got == status and isinstance(body, dict) and body.get("code") == code, "problem %d %s" % (status, code), got, body)
    check(r.getheader("Content-Type") == "application/problem+json", "problem's type")
    names = [p["name"] for p in body.get("invalid_params", [])] if isinstance(body, dict) else []
    for name in params:
        check(name in names, "names the parameter " + name, body)
    return body


def test_basics():
    status, body, r = call("GET", "/v1")
    check(status == 200 and body["api"] == "v1" and "version" in body and body["instance"] == "berth", "features", body)
    check({"firewall", "ip-pools", "networks", "usage", "webhooks"} <= set(body["features"]), "features are complete", body)
    check("Date" in r.headers, "Date")
    problem(call("GET", "/v2"), 404, "not_found")
    body, r = (lambda a: (problem(a, 405, "method_not_allowed"), a[2]))(call("PUT", "/v1/containers"))
    check(r.getheader("Allow") == "GET, POST", "Allow", r.getheader("Allow"))
    status, body, r = call("HEAD", "/v1")
    check(status == 200 and body == b"" and int(r.getheader("Content-Length")) > 50, "HEAD")
    problem(call("GET", "/v1/containers?nonsense=1&limit=0&limit=2"), 422, "invalid", "nonsense", "limit")
    problem(call("GET", "/v1/containers?name=%zz"), 400, "bad_request")
    problem(call("GET", "/v1/containers?fields=name,password"), 422, "invalid", "fields") if call("GET", "/v1/containers")[1]["items"] else None
    problem(call("GET", "/v1/containers?cursor=zz"), 422, "invalid", "cursor")
    status, body, _ = call("GET", "/v1/templates?limit=2")
    check([t["id"] for t in body["items"]] == ["busybox@1", "busybox@2"] and body["next"], "page of templates", body)
    status, body, _ = call("GET", "/v1/templates?limit=2&cursor=" + body["next"])
    check([t["id"] for t in body["items"]] == ["debian-12@1"] and body["next"] is None, "next page", body)
    check(call("GET", "/v1/templates/busybox")[1]["version"] == "2", "newest template")
    problem(call("GET", "/v1/templates/nope"), 404, "not_found")


def test_bad_bodies():
    bad = [b"", b"{", b"[]", b'{"name":"a"} x', b"nul", b"\xff\xfe", b'{"a":' * 40 + b"1" + b"}" * 40, b"{}\0{}", b'{"name":"a\xc3("}']
    for body in bad:
        status, answer, _ = call("POST", "/v1/containers", body)
        check(status in (400, 422), "bad body %r" % body[:20], status, answer)
    body = problem(call("POST", "/v1/containers", {"name": "UPPER", "template": "nope", "memory": "1x", "pids": 1, "ip": ["1.2.3.4"], "zzz": 1,
                                                   "tenant": "nobody", "cpus": True, "ctid": 5}),
                   422, "invalid", "name", "template", "memory", "pids", "ip", "zzz", "tenant", "cpus")
    problem(call("POST", "/v1/containers", {}), 422, "invalid", "name", "template")
    problem(call("POST", "/v1/containers", {"name": "a\u0000b", "template": "busybox"}), 422, "invalid", "name")
    for size in (-1, 0, 2**63, 2**64, 1e300):
        problem(call("POST", "/v1/containers", {"name": "a", "template": "busybox", "memory": size}), 422, "invalid", "memory")
    check(call("GET", "/v1/containers")[1]["items"] == [], "nothing was made")
    problem(call("POST", "/v1/containers", b"x" * 70000), 413, "body_too_large")
    problem(call("GET", "/v1/containers", b"{}"), 400, "bad_request")


def test_http():
    def status(data, **k):
        out = raw(data, **k)
        return int(out.split()[1]) if out.startswith(b"HTTP/1.1 ") else out
    check(status(b"GARBAGE\r\n\r\n") == 400, "garbage")
    check(status(b"GET /v1 HTTP/1.0\r\n\r\n") == 200, "HTTP/1.0 without Host")
    check(status(b"GET /v1 HTTP/2.0\r\n\r\n") in (400, 505), "HTTP/2")
    check(status(b"GET v1 HTTP/1.1\r\n\r\n") == 400, "no path")
    check(status(b"CONNECT a:1 HTTP/1.1\r\n\r\n") in (400, 405), "CONNECT")
    check(status(b"GET /v1 HTTP/1.1\r\nX: " + b"y" * 20000 + b"\r\n\r\n") == 431, "long header")
    check(status(b"GET /" + b"y" * 9000 + b" HTTP/1.1\r\n\r\n") == 414, "long target")
    check(status(b"POST /v1/containers HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n") == 413, "length over the limit")
    check(status(b"POST /v1/containers HTTP/1.1\r\nContent-Length: -1\r\n\r\n") == 400, "negative length")
    check(status(b"POST /v1/containers HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400, "length and chunks")
    check(status(b"GET /v1 HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n") == 200, "another upgrade is ignored")
    out = raw(b"GET /v1 HTTP/1.1\r\n\r\n" * 3 + b"GET /v1 HTTP/1.1\r\nConnection: close\r\n\r\n")
    check(out.count(b"HTTP/1.1 200") == 4, "pipelining", out.count(b"HTTP/1.1 200"))
    out = raw(b"GET /v1 HTTP/1.1\r\n\r\nGET /v1 HTTP/1.1\r\n\r\n", shut=True)
    check(out.count(b"HTTP/1.1 200") == 2, "half closed", out)
    body = json.dumps({"name": "chunky", "template": "nope"}).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[i:i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
    out = raw(b"POST /v1/containers HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks)
    check(b" 422 " in out and b"'nope'" in out, "chunked body", out)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(DIR + "/sock")
    s.sendall(b"POST /v1/containers HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    check(s.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n", "100 Continue")
    s.sendall(b"{}")
    check(b" 422 " in s.recv(4096), "after 100")
    s.close()
    for i in range(1, 60):
        s = socket.socket(socket.AF_UNIX)
        s.connect(DIR + "/sock")
        s.sendall(b"POST /v1/containers HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"[:i])
        s.close()
    check(call("GET", "/v1")[0] == 200, "alive after cut requests")


def test_limits():
    crowd = []
    for _ in range(100):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(2)
        s.connect(DIR + "/sock")
        crowd.append(s)
    refused = 0
    for s in crowd:
        try:
            s.sendall(b"GET /v1 HTTP/1.1\r\n\r\n")
        except OSError:
            pass
        try:
            answer = s.recv(4096)
            refused += b" 503 " in answer
            if b" 503 " in answer:
                head, body = answer.split(b"\r\n\r\n")
                check(b"Content-Length: %d" % len(body) in head and json.loads(body)["code"] == "too_many_connections", "503", answer)
        except OSError:
            refused += 1
    check(20 <= refused <= 40, "connections over the limit are refused", refused)
    for s in crowd:
        s.close()
    time.sleep(0.2)
    check(call("GET", "/v1")[0] == 200, "alive after a crowd")


def test_life(engine):
    op = done(call("POST", "/v1/containers", {"name": "web", "template": "busybox", "memory": "64M", "cpus": 1.5, "password": SECRET,
                                              "ssh_keys": ["ssh-ed25519 AAAA x"]}))
    check(op["state"] == "succeeded" and op["percent"] == 100 and op["kind"] == "container_create", "created", op)
    status, web, r = call("GET", "/v1/containers/web")
    check(status == 200 and r.getheader("ETag") == '"1"', "show", status)
    check(web["template"] == "busybox@2" and web["hostname"] == "web" and web["state"] == "stopped" and web["ctid"] == 101 and
          web["memory"] == 64 << 20 and web["cpus"] == 1.5 and web["ip"] == ["10.77.0.2", "fd77:6265:7274:6800::2"] and "password" not in web,
          "view", web)
    for key in (web["id"], "101", "default:web"):
        check(call("GET", "/v1/containers/" + key)[1]["id"] == web["id"], "addressed by " + key)
    for key in ("nope", "102", "other:web", "00000000-0000-0000-0000-000000000000", "99999999999999999999", "%25", "a'b", "web%00"):
        check(call("GET", "/v1/containers/" + key)[0] == 404, "not found: " + key)
    check(set(call("GET", "/v1/containers/web?fields=name,ctid")[1]) == {"name", "ctid"}, "fields")
    problem(call("GET", "/v1/containers/web?fields=password"), 422, "invalid", "fields")
    problem(call("POST", "/v1/containers", {"name": "web", "template": "busybox"}), 409, "name_taken")
    problem(call("POST", "/v1/containers", {"name": "web2", "template": "busybox", "id": web["id"]}), 409, "id_taken")
    problem(call("POST", "/v1/containers", {"name": "web2", "template": "busybox", "ip": ["10.77.0.2"]}), 409, "address_taken")
    for ip in ("10.77.0.0", "10.77.0.1", "10.77.255.255", "192.168.0.1", "fd77:6265:7274:6800::"):
        problem(call("POST", "/v1/containers", {"name": "web2", "template": "busybox", "ip": [ip]}), 422, "invalid", "ip")
    problem(call("POST", "/v1/containers", {"name": "web2", "template": "busybox", "ip": ["10.77.0.9", "10.77.0.9"]}), 422, "invalid", "ip")
    status, would, _ = call("POST", "/v1/containers?dry_run=1", {"name": "db", "template": "debian-12", "ip": ["auto4", "auto4"]})
    check(status == 200 and would["ip"] == ["10.77.0.3", "10.77.0.4"], "dry run", would)
    check(call("GET", "/v1/containers/db")[0] == 404, "dry run changes nothing")
    op = done(call("POST", "/v1/containers", {"name": "bad", "template": "busybox", "hostname": "fail"}))
    check(op["state"] == "failed" and op["error"]["code"] == "pool_full" and op["error"]["status"] == 507, "failed creation", op)
    check(call("GET", "/v1/containers/bad")[0] == 404, "a failed creation leaves no row")
    done(call("POST", "/v1/containers", {"name": "bad", "template": "busybox", "ip": []}))
    check(call("GET", "/v1/containers/bad")[1]["ip"] == [], "no address")
    done(call("DELETE", "/v1/containers/bad"))

    problem(call("POST", "/v1/containers/web/stop"), 409, "not_running")
    problem(call("POST", "/v1/containers/web/exec", {"argv": ["true"]}), 426, "upgrade_required")
    up = {"Connection": "Upgrade", "Upgrade": "berth-stream/1"}
    problem(call("POST", "/v1/containers/web/exec", {"argv": ["true"]}, up), 409, "not_running")
    problem(call("POST", "/v1/containers/web/exec", {"user": "01"}, up), 422, "invalid", "argv", "user")
    body = problem(call("POST", "/v1/containers/web/exec", {"argv": "true"}, up), 422, "invalid", "argv")
    check(len(body["invalid_params"]) == 1, "what is wrong isn't missing as well", body)
    check(done(call("POST", "/v1/containers/web/start"))["state"] == "succeeded", "started")
    check(call("GET", "/v1/containers/web?fields=state,desired")[1] == {"state": "running", "desired": "running"}, "running")
    problem(call("POST", "/v1/containers/web/start"), 409, "already_running")
    problem(call("DELETE", "/v1/containers/web"), 409, "not_stopped")
    for verb, state in (("freeze", "frozen"), ("thaw", "running"), ("restart", "running")):
        done(call("POST", "/v1/containers/web/" + verb))
        check(call("GET", "/v1/containers/web")[1]["state"] == state, verb)
    problem(call("POST", "/v1/containers/web/start", {"rescue": "nope"}), 422, "invalid", "rescue")

    out = raw(b"GET /v1/containers/web/logs?tail=5 HTTP/1.1\r\n\r\n")
    check(out.endswith(b"stream\n"), "logs", out)
    body = b'{"argv":["true"]}'
    head = b"POST /v1/containers/web/exec HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: berth-stream/1\r\nContent-Length: %d\r\n\r\n" % len(body)
    check(raw(head + body).endswith(b"stream\n"), "exec")
    check(b" 400 " in raw(head + body + b"early"), "bytes before the 101")
    check(call("GET", "/v1/containers/web/limits")[1] == {"limits": []}, "limits")
    check(call("GET", "/v1/which?pid=5")[1] == {"id": "x"}, "which")
    problem(call("GET", "/v1/which"), 422, "invalid")
    problem(call("GET", "/v1/which?pid=5&uid=3"), 422, "invalid")

    etag = call("GET", "/v1/containers/web")[2].getheader("ETag")
    problem(call("PATCH", "/v1/containers/web", {"memory": "128M"}, {"If-Match": '"99"'}), 412, "precondition_failed")
    done(call("PATCH", "/v1/containers/web", {"memory": "128M"}, {"If-Match": etag}))
    status, web, r = call("GET", "/v1/containers/web")
    check(web["memory"] == 128 << 20 and web["revision"] == 2 and r.getheader("ETag") == '"2"', "changed", web)
    check(done(call("PATCH", "/v1/containers/web", {"memory": "128M"}))["state"] == "succeeded", "no change")
    check(call("GET", "/v1/containers/web")[1]["revision"] == 2, "no change, same revision")
    problem(call("PATCH", "/v1/containers/web", {"name": "x", "memory": 1, "nope": 2}), 422, "invalid", "name", "memory", "nope")
    op = done(call("PATCH", "/v1/containers/web", {"hostname": "fail", "ip": ["10.77.1.1"]}))
    check(op["state"] == "failed", "failed change", op)
    web = call("GET", "/v1/containers/web")[1]
    check(web["hostname"] == "web" and web["ip"][0] == "10.77.0.2", "a failed change is undone", web)
    done(call("PATCH", "/v1/containers/web", {"ip": ["10.77.1.1", "auto6"], "password": SECRET}))
    web = call("GET", "/v1/containers/web")[1]
    check(web["ip"] == ["10.77.1.1", "fd77:6265:7274:6800::2"], "addresses changed, the automatic one kept", web)
    check(call("POST", "/v1/containers?dry_run=1", {"name": "z", "template": "busybox", "ip": ["10.77.0.2"]})[0] == 200, "address given back")
    check(any("with a secret" in line for line in engine.said), "the engine got the secret")


def test_operations():
    status, op, _ = call("POST", "/v1/containers", {"name": "slow", "template": "busybox@1"})
    time.sleep(0.1)
    seen = call("GET", "/v1/operations/" + op["id"])[1]
    check(seen["state"] == "running" and seen["step"] == "volume" and seen["percent"] == 30, "progress", seen)
    body = problem(call("POST", "/v1/containers/slow/start"), 423, "locked")
    check(body["retryable"] is True, "locked is retryable", body)
    problem(call("DELETE", "/v1/containers/slow?force=1"), 423, "locked")
    problem(call("DELETE", "/v1/templates/busybox@1"), 409, "template_in_use")
    followed = []
    t = threading.Thread(target=lambda: followed.extend(follow("/v1/operations/" + op["id"] + "/events")))
    t.start()
    time.sleep(0.1)
    check(call("POST", "/v1/operations/" + op["id"] + "/cancel")[0] == 202, "cancel")
    t.join()
    check([e for e, _ in followed] == ["progress", "end"] and followed[-1][1]["state"] == "cancelled", "followed", followed)
    problem(call("POST", "/v1/operations/" + op["id"] + "/cancel"), 409, "already_ended")
    problem(call("GET", "/v1/operations/nope"), 404, "not_found")
    check(call("GET", "/v1/containers/slow")[0] == 404, "a cancelled creation leaves no row")
    page = call("GET", "/v1/operations?limit=3")[1]
    rest = call("GET", "/v1/operations?limit=1000&cursor=" + page["next"])[1]
    ids = [o["id"] for o in page["items"] + rest["items"]]
    check(len(ids) == len(set(ids)) and ids[0] == op["id"], "operations' pages", len(ids))
    check(all(o["state"] == "failed" for o in call("GET", "/v1/operations?state=failed")[1]["items"]), "filter")
    check(call("GET", "/v1/operations?container=web&kind=container_start")[1]["items"][0]["name"] == "web", "filter by container")
    op = done(call("POST", "/v1/templates", {"template": "busybox"}))
    check(op["template"] == "busybox@3" and op["result"] == {"template": "busybox@3"}, "built", op)
    done(call("DELETE", "/v1/templates/busybox@3"))
    problem(call("GET", "/v1/templates/busybox@3"), 404, "not_found")


def test_events():
    events = follow("/v1/events?follow=0")
    kinds = [e for e, _ in events]
    for kind in ("container.created", "container.started", "container.frozen", "container.thawed", "container.changed", "operation.failed",
                 "operation.cancelled", "template.built", "template.deleted", "container.deleted"):
        check(kind in kinds, "event " + kind, kinds)
    seqs = [d["seq"] for _, d in events]
    check(seqs == sorted(set(seqs)), "sequence")
    check(len(follow("/v1/events?follow=false&since=%d" % seqs[-3])) == 2, "since")
    check(set(d["name"] for _, d in follow("/v1/events?follow=0&container=web")) == {"web"}, "events of one container")
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(DIR + "/sock")
    s.sendall(b"GET /v1/events HTTP/1.1\r\nLast-Event-ID: %d\r\n\r\n" % seqs[-1])
    check(b"text/event-stream" in s.recv(4096), "stream's head")
    call("POST", "/v1/containers/web/freeze")
    got = s.recv(4096)
    check(b"event: container.frozen" in got and b"id: %d\n" % (seqs[-1] + 1) in got, "live event", got)
    s.close()
    time.sleep(0.1)
    done(call("POST", "/v1/containers/web/thaw"))
    slow = []
    for _ in range(10):
        s = socket.socket(socket.AF_UNIX)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        s.connect(DIR + "/sock")
        s.sendall(b"GET /v1/events HTTP/1.1\r\n\r\n")
        slow.append(s)
    for i in range(20):
        done(call("POST", "/v1/containers/web/" + ("freeze", "thaw")[i % 2]))
    for s in slow:
        s.close()


def test_many():
    for i in range(100):
        check(call("POST", "/v1/containers", {"name": "many-%03d" % i, "template": "busybox"})[0] == 202, "create many")
    time.sleep(0.3)
    seen, cursor = [], ""
    while cursor is not None:
        page = call("GET", "/v1/containers?limit=30" + ("&cursor=" + cursor if cursor else ""))[1]
        seen += [c["name"] for c in page["items"]]
        cursor = page["next"]
    check(seen == sorted(seen) and len(seen) == 101 and len(set(seen)) == 101, "pages of containers", len(seen))
    ips = [ip for c in call("GET", "/v1/containers?limit=1000")[1]["items"] for ip in c["ip"]]
    check(len(ips) == len(set(ips)) == 202, "every address once", len(ips))
    for name in ("many-0%25", "many-___", "%27%20OR%201=1--", "*"):
        check(call("GET", "/v1/containers?name=" + name)[1]["items"] == [], "literal filter " + name)
    check([c["name"] for c in call("GET", "/v1/containers?state=running")[1]["items"]] == ["web"], "filter by state")
    check(len(call("GET", "/v1/containers?template=busybox&limit=1000")[1]["items"]) == 101, "filter by template")
    check(call("GET", "/v1/containers?template=busy")[1]["items"] == [], "a template's name is whole")


def as_stranger(groups, what):
    """In a process of its own, which ends whatever happens."""
    pid = os.fork()
    if pid == 0:
        ok = False
        try:
            os.setgroups(groups)
            os.setgid(65533)
            os.setuid(65533)
            before = failures
            what()
            ok = failures == before
        finally:
            os._exit(not ok)
    check(os.waitpid(pid, 0)[1] == 0, what.__name__)


def stranger_is_denied():
    check(call("GET", "/v1")[0] == 200, "a stranger sees the features")
    problem(call("GET", "/v1/containers"), 403, "denied")
    problem(call("POST", "/v1/containers", {"zzz": 1}), 403, "denied")
    problem(call("GET", "/v1/containers/web"), 403, "denied")
    problem(call("GET", "/v1/containers/nope"), 403, "denied")


def member_is_admin():
    check(call("GET", "/v1/containers")[0] == 200, "a member of the admin group")


def test_strangers():
    os.chmod(DIR, 0o711)
    as_stranger([], stranger_is_denied)
    as_stranger([1, 2, 3], member_is_admin)


def test_restart():
    """Before: a creation that hangs and a deletion that hangs."""
    with Engine() as engine:
        time.sleep(0.3)
        check(call("GET", "/v1/containers/hang")[0] == 404, "an interrupted creation is rolled back")
        ops = call("GET", "/v1/operations?kind=container_create&state=failed")[1]["items"]
        check(ops[0]["error"]["code"] == "interrupted" and ops[0]["error"]["retryable"], "interrupted", ops[0])
        check(call("GET", "/v1/containers/web")[1]["state"] == "running", "states are kept")
        done(call("DELETE", "/v1/containers/web?force=1"))
        check(call("GET", "/v1/containers/web")[0] == 404, "deleted")
        check(not call("GET", "/v1/operations?state=queued")[1]["items"] and not call("GET", "/v1/operations?state=running")[1]["items"],
              "nothing left open")


def slow(name, token=None, status=202, **more):
    """A creation that lasts until it is cancelled."""
    headers = {"Authorization": "Bearer " + token} if token else {}
    got, op, r = call("POST", "/v1/containers", dict({"name": name, "hostname": "slow", "template": "busybox", "ip": []}, **more), headers)
    check(got == status, "%s: %d" % (name, status), got, op)
    return op if status == 202 else r


def cancel(op):
    status, body, _ = call("POST", "/v1/operations/" + op["id"] + "/cancel")
    check(status == 202, "cancelled", status, body)
    return body


def shown(op):
    return call("GET", "/v1/operations/" + op["id"])[1]


def settled(*ops):
    for _ in range(100):
        if all(shown(op)["state"] not in ("queued", "running") for op in ops):
            return
        time.sleep(0.02)
    check(False, "ended", [shown(op) for op in ops])


QUEUE = "max_jobs=3 tenant_jobs=2 tenant_queued=4 max_queued=6"


def test_queue():
    """Three places, of which a tenant's callers have two; four of theirs may wait, six in all."""
    tokens = {}
    with Engine(QUEUE) as engine:
        for tenant in "acme", "globex", "umbra":
            call("POST", "/v1/tenants", {"name": tenant})
            tokens[tenant] = call("POST", "/v1/tokens", {"name": "t", "role": "owner", "tenant": tenant})[1]["token"]
        a = [slow("a%d" % i, tokens["acme"]) for i in range(6)]
        time.sleep(0.1)
        check([shown(op)["state"] for op in a] == ["running"] * 2 + ["queued"] * 4, "a tenant's cap", [shown(op) for op in a])
        check([shown(op).get("position") for op in a] == [None, None, 1, 2, 3, 4], "positions")
        check("started_at" not in shown(a[2]) and "started_at" in shown(a[1]), "when it began")
        r = slow("a6", tokens["acme"], 503)
        check(int(r.getheader("Retry-After")) > 0, "Retry-After", r.headers)
        body = problem(call("POST", "/v1/containers", {"name": "a6", "template": "busybox"}, {"Authorization": "Bearer " + tokens["acme"]}), 503, "queue_full")
        check(body["retryable"] is True and "4 operations of this tenant" in body["detail"], "what is full", body)
        check(call("POST", "/v1/containers?dry_run=1", {"name": "a6", "template": "busybox"}, {"Authorization": "Bearer " + tokens["acme"]})[0] == 200,
              "a dry run doesn't wait")
        check(call("GET", "/v1/containers/acme:a6")[0] == 404, "refused before any side effect")
        g = [slow("g%d" % i, tokens["globex"]) for i in range(3)]
        check([shown(op).get("position") for op in g] == [None, 1, 2], "each tenant's positions are its own", [shown(op) for op in g])
        check(slow("u", tokens["umbra"], 503).getheader("Retry-After"), "six wait in all")
        host = slow("h0")
        check(shown(host)["position"] == 1, "the host's role waits in a lane of its own")

        # A free place is the host's; the next the other tenant's, then the first one's.
        cancel(a[0])
        settled(a[0])
        check(shown(host)["state"] == "running", "the host's role is next")
        cancel(host)
        settled(host)
        check(shown(a[2])["state"] == "running" and shown(g[1])["state"] == "queued", "then a tenant")
        cancel(a[2])
        settled(a[2])
        check(shown(g[1])["state"] == "running" and shown(a[3])["state"] == "queued", "then the other, whoever asked first")

        # In the queue.
        gone = cancel(a[4])
        check(gone["state"] == "cancelled" and shown(a[4])["error"]["code"] == "cancelled", "cancelled while it waits", gone)
        check(call("GET", "/v1/containers/acme:a4")[0] == 404 and [shown(a[i]).get("position") for i in (3, 5)] == [1, 2], "its place is free")
        problem(call("POST", "/v1/operations/" + a[4]["id"] + "/cancel"), 409, "already_ended")
        problem(call("POST", "/v1/containers/acme:a3/start"), 423, "locked")
        events = []
        t = threading.Thread(target=lambda: events.extend(follow("/v1/operations/" + a[3]["id"] + "/events")))
        t.start()
        time.sleep(0.1)

        # The tenant's own number of jobs.
        call("PATCH", "/v1/tenants/acme", {"jobs": 1})
        cancel(g[0])
        settled(g[0])
        check(shown(a[3])["state"] == "queued" and shown(g[2])["state"] == "running", "fewer jobs for a tenant", shown(a[3]))
        call("PATCH", "/v1/tenants/acme", {"jobs": 3})
        cancel(g[1])
        settled(g[1])
        check(shown(a[3])["state"] == "running", "more", shown(a[3]))
        cancel(a[3])
        t.join()
        check(events[0][1]["position"] == 1 and [e[1]["state"] for e in events][-1] == "cancelled" and "running" in [e[1]["state"] for e in events],
              "followed from the queue to the end", events)

        # What is urgent goes before, what only speaks to a monitor waits for nothing.
        for op in a[1], a[5], g[2]:
            cancel(op)
        settled(a[1], a[5], g[2])
        done(call("POST", "/v1/containers", {"name": "doomed", "template": "busybox", "ip": []}))
        done(call("POST", "/v1/containers", {"name": "busy", "template": "busybox", "ip": []}))
        done(call("POST", "/v1/containers/busy/start"))
        held = [slow("h%d" % i) for i in range(4)]
        doomed = call("DELETE", "/v1/containers/doomed")[1]
        check(shown(held[3])["position"] == 1 and shown(doomed)["position"] == 1, "the host's role waits as well", shown(doomed))
        check(done(call("POST", "/v1/containers/busy/stop"))["state"] == "succeeded", "a stop waits for no place")
        cancel(held[0])
        settled(held[0], doomed)
        check(shown(doomed)["state"] == "succeeded", "a deletion goes before", shown(doomed))

        secret = slow("secret", tokens["umbra"], password=SECRET)
        waiting = [slow("u%d" % i, tokens["umbra"]) for i in range(3)]
        check([shown(op)["state"] for op in [secret, *waiting]] == ["queued"] * 4, "they wait")

    # Three had begun, which is rolled back; the others wait again, but for the one whose secret nothing kept.
    with Engine(QUEUE) as engine:
        time.sleep(0.3)
        check(shown(secret)["error"]["code"] == "interrupted", "one with a secret is rolled back", shown(secret))
        check([shown(op)["state"] for op in waiting] == ["running", "running", "queued"], "what waited goes on", [shown(op) for op in waiting])
        check(shown(held[1])["error"]["code"] == "interrupted", "what ran doesn't", shown(held[1]))
        while True:
            left = [o for state in ("queued", "running") for o in call("GET", "/v1/operations?state=" + state)[1]["items"]]
            if not left:
                break
            for op in left:
                call("POST", "/v1/operations/" + op["id"] + "/cancel")
            time.sleep(0.05)
        check([c["name"] for c in call("GET", "/v1/containers")[1]["items"] if c["tenant"] in tokens] == [], "nothing stays")

        # Nothing starts once the host goes down, whatever waits.
        running = [slow("x%d" % i) for i in range(4)]
        done(call("POST", "/v1/host/shutdown"))
        check(shown(running[3])["error"]["code"] == "shutting_down", "what waits ends with the host", shown(running[3]))
        for op in running[:3]:
            cancel(op)
        settled(*running)


def test_database():
    for name in os.listdir(DIR + "/db"):
        with open(DIR + "/db/" + name, "rb") as f:
            check(SECRET.encode() not in f.read(), "no secret in " + name)
    db = sqlite3.connect(DIR + "/db/berth.db")
    check(db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", "integrity")
    check(db.execute("SELECT count(*) FROM address WHERE container NOT IN (SELECT id FROM container)").fetchone()[0] == 0, "addresses' owners")
    check(db.execute("SELECT count(*) FROM address").fetchone()[0] == 200, "addresses given back")
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    p = subprocess.run([ENGINE, API, DIR, USER], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    check(p.returncode != 0, "a newer database is refused")


try:
    with Engine() as engine:
        test_basics()
        test_bad_bodies()
        test_http()
        test_limits()
        test_life(engine)
        test_operations()
        test_events()
        test_many()
        test_strangers()
        call("POST", "/v1/containers", {"name": "hang", "template": "busybox", "password": SECRET})
        time.sleep(0.2)
        check(not [e for e in engine.errors if SECRET in e], "no secret in the log")
        status = open("/proc/%d/status" % engine.pid).read()
        check("CapEff:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status and "NoNewPrivs:\t1" in status and
              "Seccomp:\t2" in status and "Uid:\t0" not in status, "sandboxed")
    test_restart()
    test_queue()
    test_database()
finally:
    shutil.rmtree(DIR)
print("api: %s" % ("%d failures" % failures if failures else "all well"))
sys.exit(failures != 0)
