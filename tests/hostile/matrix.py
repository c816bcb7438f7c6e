#!/usr/bin/env python3
"""Every operation of the API's reference, by every role, on an object of one's own, of somebody else's and on none: matrix.py SOCKET

What may be done is in the reference. Beyond it: to a tenant somebody else's object is as one that isn't there, in every answer,
however it is addressed, filtered for, named in a body or pointed at by a cursor. A new operation is tested by being in the table."""
import http.client, json, os, re, socket, sys, uuid

SOCKET = sys.argv[1]
OWN, FOREIGN = "acme", "globex"
TENANTS_ROLES = ("owner", "viewer")
NOBODY = 65534
failures, answers, compared = [], 0, 0


class Connection(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("localhost", timeout=30)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def call(token, method, path, body=None, upgrade=False):
    """token None: nobody whom the host knows; True: root."""
    global answers
    headers = {} if token in (None, True) else {"Authorization": "Bearer " + token}
    if upgrade:
        headers |= {"Connection": "Upgrade", "Upgrade": "berth-stream/1"}
    c = Connection()
    if token is None:
        os.setegid(NOBODY), os.seteuid(NOBODY)
    try:
        c.connect()
    finally:
        os.seteuid(0), os.setegid(0)
    c.request(method, path, None if body is None else json.dumps(body), headers)
    r = c.getresponse()
    text = b"" if r.status == 101 else r.read()
    c.close()
    answers += 1
    return r.status, {k.lower(): v for k, v in r.getheaders() if k.lower() not in ("date",)}, text.decode(errors="replace")


def root(method, path, body=None):
    status, _, text = call(True, method, path, body)
    if status >= 300:
        sys.exit("%s %s: %d %s" % (method, path, status, text))
    answer = json.loads(text)
    if status == 202:
        events = call(True, "GET", "/v1/operations/%s/events" % answer["id"])[2]
        if '"state":"succeeded"' not in events.splitlines()[-2]:
            sys.exit("%s %s: %s" % (method, path, events))
    return answer


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL  " + what)


doc = json.loads(call(True, "GET", "/v1/openapi.json")[2])
ops = [(path, method.upper(), op) for path, item in doc["paths"].items() for method, op in item.items() if "operationId" in op]


def example_body(op):
    return next((e["body"] for e in op["x-berth-examples"] if "body" in e and e["status"] < 400), None)


# The stage: two tenants with the same kinds of things, and a token a role.
for name in (OWN, FOREIGN):
    root("POST", "/v1/tenants", {"name": name})
root("POST", "/v1/plans", {"name": "small", "memory": "64M", "disk": "64M"})
tokens = {"none": None}
for role in ("admin", "operator", "auditor", "owner", "viewer"):
    tokens[role] = root("POST", "/v1/tokens", {"name": role, "role": role} | ({"tenant": OWN} if role in TENANTS_ROLES else {}))["token"]
others = root("POST", "/v1/tokens", {"name": "other", "role": "owner", "tenant": FOREIGN})
for name, prefix, tenant in (("office", "203.0.113.0/28", OWN), ("hidden", "203.0.113.16/28", FOREIGN)):
    root("POST", "/v1/ip-pools", {"name": name, "prefix": prefix, "tenants": [tenant]})
own = {"tenants": [OWN], "plans": ["small"], "templates": ["busybox"], "ip-pools": ["office"], "addresses": ["203.0.113.1"]}
foreign = {"tenants": [FOREIGN], "ip-pools": ["hidden"], "addresses": ["203.0.113.17"]}
for tenant, to in ((OWN, own), (FOREIGN, foreign)):
    name = "web" if tenant == OWN else "secret"
    root("POST", "/v1/containers", {"name": name, "tenant": tenant, "template": "busybox", "plan": "small", "owner": "o-" + name, "billing": "b-" + name,
                                    "labels": ["l-%s=1" % name], "ip": ["office" if tenant == OWN else "hidden"]})
    c = root("GET", "/v1/containers/%s:%s" % (tenant, name))
    to["containers"] = [c["id"], name, "%s:%s" % (tenant, name)]
    to["operations"] = [root("GET", "/v1/operations?container=" + c["id"])["items"][0]["id"]]
    to["ctid"] = c["ctid"]
# Whatever else a tenant may make for himself.
for path, method, op in ops:
    tag = op["tags"][0]
    if method == "POST" and path == "/v1/" + tag and "owner" in op["x-berth-roles"] and tag not in own:
        for token, tenant, to in ((tokens["owner"], OWN, own), (others["token"], FOREIGN, foreign)):
            body = {k: tenant if k == "tenant" else v for k, v in (example_body(op) or {}).items()}
            status, _, text = call(token, "POST", path, body)
            check(status == 201, "%s for %s: %d %s" % (path, tenant, status, text[:300]))
            made = json.loads(text)
            to[tag] = [made.get("id") or made["name"]]


def missing_for(text):
    """One that isn't there, of the same form."""
    if re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        return str(uuid.UUID(int=(0xabad1dea << 96) | 0x4000 << 64 | 0x8000 << 48, version=4))
    if re.fullmatch("[0-9a-f]{16}", text):
        return "abad1deaabad1dea"
    if text.isdigit():
        return "999"
    if text.startswith("203."):
        return "no.address"
    return text.replace(FOREIGN, "nobody").replace("secret", "absent").replace(OWN, "nobody").replace("web", "absent").replace("small", "absent").replace("busybox", "absent").replace("hidden", "absent").replace("office", "absent")


def neighbour_of(cursor):
    """A list goes on behind a place, whatever stands there: the one beside it, where nothing stands."""
    text = bytes.fromhex(cursor).decode()
    beside = ("8", "9") if text[-1].isdigit() else ("d", "e")
    return (text[:-1] + beside[text[-1] == beside[0]]).encode().hex()


def plain(answer, text):
    """The answer without the name that was asked for, and without what differs each time."""
    status, headers, body = answer
    headers = {k: v for k, v in headers.items() if k not in ("content-length", "location")}
    for name in {text, text.encode().hex()} - {""}:
        body = body.replace(name, "X")
    return status, headers, re.sub('"(id|created_at)":"[^"]*"', "", body)


def same(role, method, what, first, second, names):
    global compared
    compared += 1
    a, b = plain(first, names[0]), plain(second, names[1])
    check(a == b, "%s %s %s: %s's answer differs: %r, not %r" % (role, method, what, names[0], a, b))


def ask(role, path, method, op, query=None, body=None):
    known = {p["name"] for p in op["parameters"] if p["in"] == "query"}
    words = dict(query or {})
    if "dry_run" in known:
        words.setdefault("dry_run", "true")
    if path == "/v1/events":
        words["follow"] = "false"
    whole = path + "".join(("?" if i == 0 else "&") + k + "=" + str(v) for i, (k, v) in enumerate(words.items()))
    return call(tokens[role], method, whole, example_body(op) if body is None else body, "101" in op["responses"])


def test_id(path, method, op):
    tag = op["tags"][0]
    theirs = foreign.get(tag, [])
    ids = [(t, missing_for(t)) for t in theirs] or [(None, missing_for(t)) for t in own[tag]]
    if tag == "containers":
        ids.append((str(foreign["ctid"]), "999"))
    for role in tokens:
        may = role in op["x-berth-roles"]
        mine = [ask(role, path.replace("{id}", i), method, op) for i in own[tag]] if may else []
        for i, answer in zip(own[tag], mine):
            # A bare name is one of the caller's own tenant.
            if i == "web" and role not in TENANTS_ROLES:
                continue
            fits = answer[0] not in (401, 403, 404, 405, 500) or (role in TENANTS_ROLES and tag == "tokens" and answer[0] == 403)
            check(fits, "%s %s on its own %s: %d %s" % (role, op["operationId"], i, answer[0], answer[2][:200]))
        for theirs, none in ids:
            absent = ask(role, path.replace("{id}", none), method, op)
            check(absent[0] == (404 if may else 403), "%s %s on none (%s): %d %s" % (role, op["operationId"], none, absent[0], absent[2][:200]))
            if theirs is None:
                continue
            other = ask(role, path.replace("{id}", theirs), method, op)
            if not may or role in TENANTS_ROLES:
                same(role, method, path, other, absent, (theirs, none))
            elif ":" in theirs or theirs not in ("secret",):
                check(other[0] not in (401, 403, 404, 500), "%s %s on %s: %d %s" % (role, op["operationId"], theirs, other[0], other[2][:200]))


def test_plain(path, method, op):
    for role in tokens:
        answer = ask(role, path, method, op)
        denied = answer[0] == 403 and json.loads(answer[2])["code"] == "denied"
        check(denied != (role in op["x-berth-roles"]), "%s %s: %d %s" % (role, op["operationId"], answer[0], answer[2][:200]))


def test_hints(path, method, op):
    """Filters, cursors and members of a body that name somebody else's."""
    hints = {"tenant": [FOREIGN], "container": foreign["containers"], "name": ["secret"], "owner": ["o-secret"], "billing": ["b-secret"],
             "label": ["l-secret", "l-secret%3D1"], "cursor": [t.encode().hex() for v in foreign.values() if isinstance(v, list) for t in v],
             "actor": ["token:" + others["id"]], "target": foreign["containers"], "pool": foreign["ip-pools"], "id": foreign["containers"][:1]}
    full = path.replace("{id}", own.get(op["tags"][0], ["-"])[0])
    for p in op["parameters"]:
        for value in hints.get(p["name"], []) if p["in"] == "query" else []:
            none = neighbour_of(value) if p["name"] == "cursor" else missing_for(value.replace(others["id"], "abad1deaabad1dea"))
            for role in TENANTS_ROLES:
                if role in op["x-berth-roles"]:
                    same(role, method, path + "?" + p["name"], ask(role, full, method, op, {p["name"]: value}), ask(role, full, method, op, {p["name"]: none}), (value, none))
    if "requestBody" not in op:
        return
    schema = doc["components"]["schemas"][op["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
    for field in set(schema["properties"]) & set(hints):
        for value in hints[field]:
            for role in TENANTS_ROLES:
                bodies = [(example_body(op) or {}) | {field: v} for v in (value, missing_for(value))]
                if role in op["x-berth-roles"]:
                    same(role, method, path + " " + field, *(ask(role, full, method, op, None, b) for b in bodies), (value, missing_for(value)))


# What can't be tried without doing it comes last.
ops.sort(key=lambda o: o[2]["x-berth-kind"] == "job" and not any(p["name"] == "dry_run" for p in o[2]["parameters"]))
for path, method, op in ops:
    (test_id if "{id}" in path else test_plain)(path, method, op)
    test_hints(path, method, op)
print("%d operations, %d roles, %d answers, %d pairs of a foreign and a missing object compared, %d failures" % (len(ops), len(tokens), answers, compared, len(failures)))
sys.exit(bool(failures))
