#!/usr/bin/env python3
"""A taken-over api: a program that speaks the engine's protocol with every privilege the api has.

It must not join two containers to one id, address or volume, take the host's addresses, reach host files, run what the host
owns, or make the engine crash. Nonsense ends the api, never the engine.

Usage: taken_over_api.py BUILD_DIR CONFIG_FILE   (the configuration of an instance of its own, with the template busybox)
"""
import hashlib
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))
from engine_wire import Wire  # noqa: E402

FAKE_API = """#!/usr/bin/env python3
import array, os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.connect({path!r})
s.sendmsg([b"L"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [4]))])
os.close(4)
s.recv(1)
"""


class Api:
    """The engine's peer. accept() gives the link of the api that the engine has just started."""

    def __init__(self, wire, build, config):
        self.wire, self.failures, self.checks = wire, 0, 0
        self.dir = tempfile.mkdtemp(prefix="bt.", dir="/tmp")
        libexec = os.path.join(self.dir, "libexec")
        os.mkdir(libexec)
        for name in os.listdir(build):
            if name.startswith("berth-") and name != "berth-api":
                os.symlink(os.path.join(build, name), os.path.join(libexec, name))
        path = os.path.join(self.dir, "link")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(16)
        self.listener.settimeout(30)
        fake = os.path.join(libexec, "berth-api")
        with open(fake, "w", encoding="utf-8") as f:
            f.write(FAKE_API.format(path=path))
        os.chmod(fake, 0o755)
        self.engine = subprocess.Popen([os.path.join(build, "berthd"), "--foreground", "--config", config,
                                        "--libexec-dir", libexec], stdin=subprocess.DEVNULL)
        self.link = self.control = None
        self.accept()

    def accept(self):
        """Takes the link of a newly started api and reads the handshake."""
        self.control, _ = self.listener.accept()
        _, ancillary, _, _ = self.control.recvmsg(1, socket.CMSG_SPACE(4))
        (fd,) = struct.unpack("i", ancillary[0][2])
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=fd)
        self.templates = []
        self.containers = []
        while True:
            name, values = self.wire.recv(self.link)
            if name == "REPLY_TEMPLATE":
                self.templates.append("%s@%s" % (values["name"], values["version"]))
            if name in (None, "REPLY_READY"):
                return

    def ask(self, name, fds=(), **values):
        """Sends a request and returns its DONE."""
        values.setdefault("op", str(uuid.uuid4()))
        self.wire.send(self.link, name, values, fds)
        while True:
            reply, got = self.wire.recv(self.link, 120)
            if reply is None:
                return {"kind": "ended"}
            if reply == "REPLY_OBSERVED" and "ctid" in got:
                self.containers.append(got)
            if reply == "REPLY_DONE" and got.get("op") == values["op"]:
                return got

    def check(self, what, right):
        self.checks += 1
        if not right:
            self.failures += 1
        print("%s %s" % ("ok  " if right else "FAIL", what), flush=True)

    def refused(self, what, kind, done):
        self.check("%s: %s" % (what, kind), done.get("kind") == kind)

    def ends_api(self, what, data, fds=()):
        """What the engine answers by ending the api, and by starting another."""
        try:
            import array
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            self.link.sendmsg([data], ancillary)
            self.link.settimeout(10)
            while self.link.recv(1 << 18):
                pass
            ended = True
        except (ConnectionError, BrokenPipeError):
            ended = True
        except TimeoutError:
            ended = False
        self.check("%s ends the api" % what, ended and self.engine.poll() is None)
        self.control.close()
        self.accept()

    def close(self):
        self.engine.terminate()
        self.engine.wait(20)
        shutil.rmtree(self.dir)


def config_of(name, template, ip, **more):
    config = {"id": str(uuid.uuid4()), "name": name, "tenant": "default", "template": template, "hostname": name, "memory": 64 << 20,
              "swap": 0, "cpus": 500, "cpu_weight": 100, "pids": 64, "disk": 64 << 20, "io_weight": 100, "io_read": 0, "io_write": 0,
              "ip": ip, "onboot": 0}
    config.update(more)
    return config


def malformed(api, wire, template, subnet):
    good = wire.encode("REQUEST_START", {"op": str(uuid.uuid4()), "id": str(uuid.uuid4()), "config": config_of("x", template, [])})
    api.ends_api("an unknown message type", struct.pack("<IHH", 0x42525448, 1, 999))
    api.ends_api("a wrong magic", b"XXXX" + good[4:])
    api.ends_api("a truncated record", good[:-3])
    api.ends_api("an empty datagram's worth of header", good[:5])
    api.ends_api("a reply of the engine's own", wire.encode("REPLY_GONE", {"id": str(uuid.uuid4())}))
    api.ends_api("a job's spec", wire.encode("SPEC", {"settings": {"pool_dir": "/"}}))
    api.ends_api("a request to clean the host up", wire.encode("REQUEST_HOST_CLEANUP", {"op": str(uuid.uuid4())}))
    api.ends_api("a request to set the host up", wire.encode("REQUEST_HOST_SETUP", {"op": str(uuid.uuid4())}))
    null = os.open("/dev/null", os.O_RDONLY)
    api.ends_api("a descriptor where none belongs", good, [null])
    api.ends_api("an exec without a descriptor",
                 wire.encode("REQUEST_EXEC", {"op": str(uuid.uuid4()), "id": str(uuid.uuid4()), "argv": ["true"]}))
    os.close(null)
    for field, value in (("template", "../../etc"), ("name", "a/b"), ("name", "a\nb"), ("id", "../../../../etc/passwd"),
                         ("hostname", "x\ny"), ("memory", 1), ("memory", -1), ("cpus", 1 << 60), ("tenant", "..")):
        bad = config_of("x", template, [])
        bad[field] = value
        api.ends_api("%s=%r in a create" % (field, value),
                     wire.encode("REQUEST_CREATE", {"op": str(uuid.uuid4()), "id": str(uuid.uuid4()), "tenant_number": 1, "config": bad}))
    api.ends_api("a network's number that is none", wire.encode("ISOLATION", {"networks": ["3", "1 }; flush ruleset"]}))
    api.ends_api("a missing field", wire.encode("REQUEST_CREATE", {"op": str(uuid.uuid4())}))
    api.ends_api("a field that the request doesn't take", wire.encode("REQUEST_STOP", {"op": str(uuid.uuid4()), "id": str(uuid.uuid4()),
                                                                                       "argv": ["/bin/sh"]}))


def contradictions(api, template, subnet):
    create = lambda config: api.ask("REQUEST_CREATE", id=config["id"], tenant_number=1, config=config)
    net = subnet.rsplit(".", 1)[0]
    first = config_of("victim", template, [net + ".10"])
    done = create(first)
    api.check("a container is made", "kind" not in done)
    api.refused("the same address for a second one", "conflict", create(config_of("thief", template, [net + ".10"])))
    api.refused("the same id for a second one", "conflict", create(dict(config_of("thief", template, [net + ".11"]), id=first["id"])))
    for what, ip in (("an address outside the operator's prefixes", "8.8.8.8"), ("a loopback address", "127.0.0.1"),
                     ("the metadata address", "169.254.169.254"), ("the subnet's network address", net + ".0"),
                     ("an address outside, IPv6", "2001:db8::1")):
        done = create(config_of("thief", template, [ip]))
        api.check("%s is refused" % what, done.get("kind") in ("invalid", "ended"))
        if done.get("kind") == "ended":
            api.control.close()
            api.accept()
    nic = "1 6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11 %s 10.9.0.1/24 -"
    for what, nics in (("a bridge that the operator didn't name", [nic % "bridge 1 lo 0"]), ("an interface of the host's", [nic % "bridge 1 eth0 0"]),
                       ("two interfaces of one name", [nic % "private 1 - 0", nic % "private 2 - 0"])):
        api.refused(what, "invalid", create(config_of("thief", template, [net + ".12"], nics=nics)))
    networked = config_of("networked", template, [net + ".14"], nics=[nic % "private 1 - 0"])
    api.check("a container on a private network is made", "kind" not in create(networked))
    api.refused("its address there for another one", "conflict", create(config_of("thief", template, [net + ".12"], nics=[nic % "private 1 - 0"])))
    other = config_of("thief", template, [net + ".12"], tenant="other", nics=[nic % "private 1 - 0"])
    api.refused("another tenant with the first one's number", "denied", api.ask("REQUEST_CREATE", id=other["id"], tenant_number=1, config=other))
    api.refused("a template that isn't there", "invalid", create(config_of("thief", "nothing@1", [net + ".12"])))
    for field, value in (("tenant", "other"), ("template", "busybox@0")):
        api.refused("a start with another %s" % field, "denied",
                    api.ask("REQUEST_START", id=first["id"], config=dict(first, **{field: value})))
    second = config_of("second", template, [net + ".13"])
    api.check("a second container is made", "kind" not in create(second))
    api.refused("a start with the first one's address", "conflict",
                api.ask("REQUEST_START", id=second["id"], config=dict(second, ip=[net + ".10"])))
    api.refused("a start with the first one's configuration", "denied", api.ask("REQUEST_START", id=second["id"], config=first))
    api.refused("a set to the first one's address", "conflict",
                api.ask("REQUEST_SET", id=second["id"], config=dict(second, ip=[net + ".10"]), changed=["ip"]))
    api.refused("the deletion of a template in use", "conflict", api.ask("REQUEST_TEMPLATE_DELETE", template=template))
    victim = next(ct["ctid"] for ct in api.containers if ct["id"] == first["id"])
    for what, ctid, kind in (("the end of a container's counters that is there", str(victim), "conflict"),
                             ("of a number that is none", "1; flush ruleset", "bad_request"), ("of none's", "-1", "bad_request")):
        api.refused(what, kind, api.ask("REQUEST_METER", ctids=["4000", ctid]))
    api.refused("a stop of what isn't running", "conflict", api.ask("REQUEST_STOP", id=first["id"]))
    api.refused("the deletion of nothing", "not_found", api.ask("REQUEST_DELETE", id=str(uuid.uuid4())))
    api.refused("a recipe that isn't there", "not_found", api.ask("REQUEST_TEMPLATE_BUILD", template="nothing"))
    ours, theirs = socket.socketpair()
    done = api.ask("REQUEST_EXEC", fds=[theirs.fileno()], id=str(uuid.uuid4()), argv=["true"])
    theirs.close()
    api.check("an exec in nothing is answered on its own connection", done.get("kind") == "not_found" and b" 404 " in ours.recv(4096))
    for config in (first, second):
        api.check("%s is deleted" % config["name"], "kind" not in api.ask("REQUEST_DELETE", id=config["id"]))


def flood(api, wire, template):
    ops = set()
    for _ in range(2000):
        op = str(uuid.uuid4())
        ops.add(op)
        wire.send(api.link, "REQUEST_WHICH", {"op": op, "uid": 12345})
        while len(ops) > 100:
            name, values = wire.recv(api.link)
            ops.discard(values.get("op"))
    while ops:
        name, values = wire.recv(api.link)
        ops.discard(values.get("op"))
    api.check("2000 requests in a row are answered", api.engine.poll() is None)


def descriptors(api, wire):
    """What a job may be given in place of the database or a connection."""
    pipe_in, pipe_out = os.pipe()
    a, b = socket.socketpair()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("")
    listening.listen(1)
    kinds = {"a pipe that never ends": pipe_in, "the end of one to write to": pipe_out, "a directory": os.open("/", os.O_RDONLY),
             "a device without end": os.open("/dev/zero", os.O_RDONLY), "a socket": a.fileno(), "a path": os.open("/etc/shadow", os.O_PATH)}
    for what, fd in kinds.items():
        done = api.ask("REQUEST_COPY", fds=[fd])
        api.check("%s is no database" % what, done.get("kind") in ("bad_request", "internal"))
    kinds["a listening socket"] = listening.fileno()
    kinds["a file to read"] = os.open("/etc/hostname", os.O_RDONLY)
    for what, fd in kinds.items():
        for request, values in (("REQUEST_EXEC", {"argv": ["true"]}), ("REQUEST_LOGS", {}), ("REQUEST_CONSOLE", {})):
            done = api.ask(request, fds=[fd], id=str(uuid.uuid4()), **values)
            api.check("%s as a connection of %s" % (what, request), done.get("kind") == "not_found")
    api.check("the engine lives", api.engine.poll() is None)


def identities(registry):
    """Of each entry what must never change."""
    found = {}
    for name in sorted(os.listdir(registry)):
        if len(name) == 36:
            entry = json.load(open(os.path.join(registry, name), encoding="utf-8"))
            found[name] = {k: entry.get(k) for k in ("id", "ctid", "slot", "id_base", "project", "tenant", "tenant_number", "template")}
    return found


def mutations(api, wire, template, subnet, registry):
    """Requests that are right but for one or two fields, at random: two containers stay two, in their places."""
    rng = random.Random(4711)
    net = subnet.rsplit(".", 1)[0]
    configs = [config_of(n, template, [net + ip]) for n, ip in (("one", ".30"), ("two", ".31"))]
    for config in configs:
        api.check("%s is made" % config["name"], "kind" not in api.ask("REQUEST_CREATE", id=config["id"], tenant_number=1, config=config))
    before = identities(registry)
    values = {"id": [configs[0]["id"], configs[1]["id"], str(uuid.uuid4())], "name": ["one", "two", "pool", "templates", "registry"], "tenant": ["default", "acme"],
              "template": [template, "busybox@0", "nothing@1"], "hostname": ["x", "localhost"], "ip": [[net + ".30"], [net + ".31"], [net + ".1"], [], [net + ".32"]],
              "memory": [16 << 20, 1 << 45], "disk": [16 << 20, 1 << 50], "pids": [16, 4194304], "cpus": [10, 4096000], "swap": [0, 1 << 40]}
    kinds, started = {}, time.time()
    for _ in range(250):
        if time.time() - started > 25:
            break
        target = rng.choice(configs)
        config = dict(target)
        for field in rng.sample(sorted(values), rng.choice((1, 1, 2))):
            config[field] = rng.choice(values[field])
        request = rng.choice(("REQUEST_SET", "REQUEST_SET", "REQUEST_LIMITS", "REQUEST_CREATE", "REQUEST_SUSPEND"))
        more = {"REQUEST_SET": {"changed": rng.sample(sorted(values), 3)}, "REQUEST_SUSPEND": {"changed": ["suspended"]}, "REQUEST_CREATE": {"tenant_number": rng.choice((1, 2))}}
        done = api.ask(request, id=rng.choice((target["id"], target["id"], configs[0]["id"])), config=config, **more.get(request, {}))
        kinds[done.get("kind", "done")] = kinds.get(done.get("kind", "done"), 0) + 1
        if done.get("kind") == "ended":
            api.control.close()
            api.accept()
    after = identities(registry)
    api.check("whatever of %s was answered, the two are who they were" % sum(kinds.values()), all(after.get(k) == v for k, v in before.items()))
    ranges = [v["id_base"] or v["slot"] for v in after.values()]
    api.check("no two have one range of ids", len(set(map(str, ranges))) == len(ranges))
    api.check("some were refused, some done: %s" % sorted(kinds), len(kinds) > 2)
    for name in after:
        api.check("%s goes" % name[:8], "kind" not in api.ask("REQUEST_DELETE", id=name, force=1))


def main():
    build, config = sys.argv[1], sys.argv[2]
    options = dict(line.split("=", 1) for line in open(config, encoding="utf-8").read().replace(" ", "").splitlines() if "=" in line)
    canary = tempfile.NamedTemporaryFile(prefix="bt.canary.")
    canary.write(b"untouched")
    canary.flush()
    before = hashlib.sha256(open("/etc/passwd", "rb").read()).hexdigest()
    wire = Wire(TOP)
    api = Api(wire, build, config)
    process = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
    try:
        template = next(t for t in api.templates if t.startswith("busybox@"))
        malformed(api, wire, template, options["subnet4"])
        contradictions(api, template, options["subnet4"])
        descriptors(api, wire)
        mutations(api, wire, template, options["subnet4"], os.path.join(options["state_dir"], "registry"))
        flood(api, wire, template)
        api.check("the engine lives", api.engine.poll() is None)
        api.check("the canary file is untouched", open(canary.name, "rb").read() == b"untouched")
        api.check("the canary process lives", process.poll() is None)
        api.check("the host's users are untouched", hashlib.sha256(open("/etc/passwd", "rb").read()).hexdigest() == before)
    finally:
        api.close()
        process.terminate()
        process.wait()
    print("%d passed, %d failed" % (api.checks - api.failures, api.failures))
    return 1 if api.failures else 0


if __name__ == "__main__":
    sys.exit(main())
