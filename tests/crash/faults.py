#!/usr/bin/env python3
"""The matrix of tests/crash/faults.sh, which makes the instance: points of a fault build × operations.

    faults.py --new-plan FILE      an empty plan (struct fault_plan of daemon/util/fault.h)
    faults.py [--only [POINT][,[OPERATION][,FAULT]]] [--write]
"""
import http.client, json, mmap, os, re, signal, socket, struct, subprocess, sys, time

MAGIC, SLOTS, POINTS_MAX, NAME_MAX, EXTRA_MAX = 0x46415553, 4, 256, 48, 64
SLOT = struct.Struct(f"{NAME_MAX}sIII")
NONE, KILL, FAIL, PAUSE = range(4)
PASSED_AT = 4 + SLOTS * SLOT.size
EXTRAS_AT = PASSED_AT + 4 * POINTS_MAX
PLAN_SIZE = EXTRAS_AT + 4 + EXTRA_MAX * NAME_MAX
SETTLE_S = 12  # within so long everything has to be as it should


BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->\n"


def new_plan(path):
    with open(path, "wb") as f:
        f.write(struct.pack("I", MAGIC).ljust(PLAN_SIZE, b"\0"))


class Plan:
    def __init__(self, path, points):
        fd = os.open(path, os.O_RDWR)
        self.map = mmap.mmap(fd, PLAN_SIZE)
        os.close(fd)
        self.points, self.listed = points, len(points)

    def arm(self, point, action, skip=0, slot=0):
        assert point in self.points, point
        at = 4 + slot * SLOT.size
        self.map[at:at + SLOT.size] = SLOT.pack(point.encode(), NONE, skip, 0)
        struct.pack_into("I", self.map, at + NAME_MAX, action)

    def set(self, action, slot=0):
        struct.pack_into("I", self.map, 4 + slot * SLOT.size + NAME_MAX, action)

    def disarm(self):
        for slot in range(SLOTS):
            self.set(NONE, slot)

    def hit(self, slot=0):
        return struct.unpack_from("I", self.map, 4 + slot * SLOT.size + NAME_MAX + 8)[0]

    def learn(self):
        """Those that were passed and aren't in the table."""
        extras = min(struct.unpack_from("I", self.map, EXTRAS_AT)[0], EXTRA_MAX)
        for i in range(extras):
            at = EXTRAS_AT + 4 + i * NAME_MAX
            name = self.map[at:at + NAME_MAX].split(b"\0")[0].decode()
            if i + self.listed == len(self.points):
                self.points.append(name)

    def passed(self):
        self.learn()
        counts = struct.unpack_from(f"{POINTS_MAX}I", self.map, PASSED_AT)
        return {p for p, n in zip(self.points, counts) if n}

    def forget(self):
        self.map[PASSED_AT:EXTRAS_AT] = bytes(EXTRAS_AT - PASSED_AT)


def until(seconds, check):
    end = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > end:
            return None
        time.sleep(0.01)


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.environ["BERTH_SOCKET"])


def call(method, path, body=None, timeout=15):
    """Status and JSON; None when nobody answers."""
    connection = Connection("berth", timeout=timeout)
    try:
        connection.request(method, "/v1" + path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"} if body is not None else {})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}
    except (OSError, http.client.HTTPException):
        return None, {}
    finally:
        connection.close()


class Daemon:
    def __init__(self):
        self.build, self.dir = os.environ["BUILD"], os.environ["T"]
        self.process = None
        self.log = open(self.dir + "/log", "ab")

    def answers(self):
        return call("GET", "", timeout=3)[0] == 200

    def spawn(self):
        self.process = subprocess.Popen([self.build + "/berthd", "--foreground", "--config", self.dir + "/conf"],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        with open(self.dir + "/pid", "w", encoding="ascii") as f:
            f.write(f"{self.process.pid}\n")

    def start(self):
        """Seconds until it answers; None: it doesn't."""
        began = time.monotonic()
        self.spawn()
        return time.monotonic() - began if until(30, self.answers) else None

    def alive(self):
        return self.process.poll() is None

    def kill(self, signum=signal.SIGKILL):
        self.process.send_signal(signum)
        self.process.wait()

    def child(self, name):
        out = subprocess.run(["pgrep", "-P", str(self.process.pid), "-f", name], capture_output=True, text=True, check=False).stdout
        return int(out.split()[0]) if out else 0


class Host:
    """What is true without asking the daemon."""

    def __init__(self):
        self.dir, self.instance, self.base = os.environ["T"], os.environ["INSTANCE"], int(os.environ["ID_BASE"])
        self.build = os.environ["BUILD"]

    @staticmethod
    def read(path):
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def processes(self):
        for pid in os.listdir("/proc"):
            if pid.isdigit():
                yield int(pid), self.read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()

    def jobs(self):
        """The daemon's own programs that shouldn't outlive an operation."""
        return [line for pid, line in self.processes()
                if re.match(r"(\S*/)?berth-(job|create|launch)\b", line) and self.is_ours(pid)]

    def is_ours(self, pid):
        return f"BERTH_FAULT={os.environ['BERTH_FAULT']}" in self.read(f"/proc/{pid}/environ").split("\0")

    def monitors(self):
        found = (re.search(rf"--name {self.instance}-(\d+) ", line) for _, line in self.processes())
        return sorted(int(m.group(1)) for m in found if m)

    def with_ids(self, base):
        found = []
        for pid, line in self.processes():
            uid = re.search(r"^Uid:\s+(\d+)", self.read(f"/proc/{pid}/status"), re.M)
            if uid and base <= int(uid.group(1)) < base + 65536:
                found.append(f"{pid} {line}")
        return found

    def groups(self):
        """Control groups of containers: path by number."""
        out = subprocess.run(["find", "/sys/fs/cgroup", "-maxdepth", "4", "-type", "d", "-path", f"*/{self.instance}/*"],
                             capture_output=True, text=True, check=False).stdout.split()
        return sorted(p for p in out if re.search(rf"/{self.instance}/\d+$", p))

    def links(self):
        return sorted(int(n[len(self.instance):]) for n in os.listdir("/sys/class/net") if re.fullmatch(self.instance + r"\d+", n))

    def registry(self):
        return sorted(n for n in os.listdir(self.dir + "/s/registry") if len(n) == 36)

    def volumes(self):
        return sorted(n for n in os.listdir(self.dir + "/s/pool") if len(n) == 36)

    def registry_ip(self, uuid):
        return json.loads(self.read(f"{self.dir}/s/registry/{uuid}") or "{}").get("ip")

    def templates(self):
        top = self.dir + "/s/templates"
        return sorted(f"{n}@{v}" for n in os.listdir(top) if not n.startswith(".") for v in os.listdir(f"{top}/{n}"))

    def template_rests(self):
        top = self.dir + "/s/templates"
        return [n for n in os.listdir(top) if n.startswith(".") or not os.listdir(f"{top}/{n}")]

    def ruleset(self):
        return subprocess.run(["nft", "list", "table", "inet", self.instance], capture_output=True, text=True, check=False).stdout

    def memory_limit(self, ctid):
        for path in self.groups():
            if path.endswith(f"/{ctid}"):
                for file in ("memory.max", "memory.limit_in_bytes"):
                    text = self.read(f"{path}/{file}").strip()
                    if text:
                        return text
        return ""


class Operation:
    """One row of the matrix: the state before, the request, and what is so when it has succeeded."""

    def __init__(self, name, before, method, path, body, goal):
        self.name, self.before, self.method, self.path, self.body, self.goal = name, before, method, path, body, goal


SPEC = {"name": "web", "template": "busybox", "memory": 64 << 20, "disk": 64 << 20}
CHANGE = {"memory": 80 << 20, "pids": 99, "disk": 80 << 20, "hostname": "changed"}
STUB = "stub@1.1"


def state_is(*states):
    return lambda m: (m.show() or {}).get("state") in states


def is_changed(m):
    shown = m.show() or {}
    return all(shown.get(k) == v for k, v in CHANGE.items())


OPERATIONS = [
    Operation("create", None, "POST", "/containers", SPEC, lambda m: m.show() is not None),
    Operation("start", "stopped", "POST", "/containers/web/start", {}, state_is("running")),
    Operation("stop", "running", "POST", "/containers/web/stop", {"timeout": 5}, state_is("stopped", "crashed")),
    Operation("restart", "running", "POST", "/containers/web/restart", {"timeout": 5}, state_is("running")),
    Operation("freeze", "running", "POST", "/containers/web/freeze", None, state_is("frozen")),
    Operation("thaw", "frozen", "POST", "/containers/web/thaw", None, state_is("running")),
    Operation("set, running", "running", "PATCH", "/containers/web", CHANGE, is_changed),
    Operation("set, stopped", "stopped", "PATCH", "/containers/web", CHANGE, is_changed),
    Operation("suspend", "running", "POST", "/containers/web/suspend", {"reason": "unpaid", "timeout": 5}, state_is("suspended")),
    Operation("unsuspend", "suspended", "POST", "/containers/web/unsuspend", None, state_is("stopped")),
    Operation("delete", "stopped", "DELETE", "/containers/web", None, lambda m: m.show() is None),
    Operation("delete, running", "running", "DELETE", "/containers/web?force=1", None, lambda m: m.show() is None),
    Operation("template build", "no stub", "POST", "/templates", {"template": "stub", "version": "1.1"}, lambda m: STUB in m.templates()),
    Operation("template delete", "stub", "DELETE", "/templates/" + STUB, None, lambda m: STUB not in m.templates()),
    Operation("reboot inside", "running", "REBOOT", None, None, state_is("running")),
    Operation("daemon start", "running", None, None, None, state_is("running")),
]


class Wrong(Exception):
    pass


class Matrix:
    def __init__(self):
        points = subprocess.run([os.environ["BUILD"] + "/berthd", "--fault-list"], capture_output=True, text=True,
                                check=True).stdout.split()
        self.points = points
        self.plan = Plan(os.environ["BERTH_FAULT"], points)
        self.daemon, self.host = Daemon(), Host()
        self.passed, self.failed, self.tried, self.wrong = 0, 0, {}, {}
        self.lost = 0

    def ok(self, what):
        self.passed += 1
        print("ok   ", what, flush=True)

    def fail(self, what):
        self.failed += 1
        print("FAIL ", what, flush=True)

    # What the daemon says.
    def show(self, name="web"):
        status, body = call("GET", "/containers/" + name)
        return body if status == 200 else None

    def templates(self):
        items = call("GET", "/templates")[1].get("items", [])
        return [f"{t['name']}@{t['version']}" for t in items]

    def open_operations(self):
        items = call("GET", "/operations?limit=20")[1].get("items")
        if items is None:
            return ["?"]
        return [f"{o['kind']} {o['state']}" for o in items if o["state"] in ("queued", "running")]

    def wait_operation(self, operation, seconds=SETTLE_S):
        """Its end; None when it has none, or the daemon has ended."""
        def ended():
            status, body = call("GET", "/operations/" + operation)
            ended.body = body if status == 200 and body["state"] not in ("queued", "running") else None
            return ended.body or not self.daemon.alive()
        ended.body = None
        until(seconds, ended)
        return ended.body

    def request(self, op):
        """The operation's end, or the refusal; None when nobody answered."""
        if op.method == "REBOOT":
            before = self.show().get("pid") or 0
            if before <= 1:
                shown = self.show()
                raise Wrong(f"no process of its init is told: {shown['state']}, process {shown.get('pid')}, {shown.get('exit')}")
            os.kill(before, signal.SIGTERM)
            until(10, lambda: self.plan.hit() or (self.show() or {}).get("pid") not in (before, 0, None))
            return {"state": "succeeded"}
        if not op.method:
            self.daemon.kill()
            self.daemon.spawn()
            until(5, lambda: self.plan.hit() or not self.daemon.alive() or self.daemon.answers())
            return {"state": "succeeded" if self.daemon.alive() and self.daemon.answers() else "failed"}
        status, body = call(op.method, op.path, op.body)
        if status == 202:
            return self.wait_operation(body["id"])
        return None if status is None else {"state": str(status), "error": body}

    def must(self, name, before, method, path, body):
        result = self.request(Operation(name, before, method, path, body, None))
        if not result or result["state"] != "succeeded":
            raise Wrong(f"preparing, {name}: {json.dumps(result)[:300]}")

    # The state before an operation.
    def prepare(self, before):
        if before in ("stub", "no stub"):
            if (STUB in self.templates()) != (before == "stub"):
                wanted = "template build" if before == "stub" else "template delete"
                op = next(o for o in OPERATIONS if o.name == wanted)
                self.must(op.name, None, op.method, op.path, op.body)
            return
        shown = self.show()
        if before is None:
            if shown:
                self.must("delete", None, "DELETE", "/containers/web?force=1", None)
            return
        if not shown or is_changed(self):
            if shown:
                self.must("delete", None, "DELETE", "/containers/web?force=1", None)
            self.must("create", None, "POST", "/containers", SPEC)
        state = self.show()["state"]
        # A suspended one may be one that is to run.
        if state == before != "suspended":
            return
        if state == "suspended":
            self.must("unsuspend", None, "POST", "/containers/web/unsuspend", None)
            until(5, lambda: not self.open_operations())
            state = self.show()["state"]
            if state == before:
                return
        if state == "frozen":
            self.must("thaw", None, "POST", "/containers/web/thaw", None)
        if before in ("running", "frozen") and state in ("stopped", "crashed"):
            self.must("start", None, "POST", "/containers/web/start", {})
        if before == "frozen":
            self.must("freeze", None, "POST", "/containers/web/freeze", None)
        if before in ("stopped", "suspended") and state not in ("stopped", "crashed"):
            self.must("stop", None, "POST", "/containers/web/stop", {"kill": True})

        if before == "suspended":
            self.must("suspend", None, "POST", "/containers/web/suspend", {"reason": "unpaid"})

    # The truth, each a line of what is wrong.
    def lies(self):
        status, body = call("GET", "/containers")
        if status != 200:
            return ["nobody answers"]
        wrong, rows = [], {c["id"]: c for c in body["items"]}
        host, up = self.host, []
        for row in rows.values():
            what = f"{row['name']} is {row['state']}"
            if row["state"] in ("running", "frozen"):
                up.append(row["ctid"])
                if not host.read(f"/proc/{row.get('pid')}/status"):
                    wrong.append(f"{what}, but there is no process {row.get('pid')}")
                limit = host.memory_limit(row["ctid"])
                if limit != str(row["memory"]):
                    wrong.append(f"{what} with {row['memory']} bytes, but its control group has '{limit}'")
            elif row["state"] == "deleting":
                continue
            elif row["state"] in ("stopped", "crashed", "suspended"):
                if "id_base" in row and host.with_ids(row["id_base"]):
                    wrong.append(f"{what}, but has processes: {host.with_ids(row['id_base'])}")
            else:
                wrong.append(what)
            if host.registry_ip(row["id"]) != row["ip"]:
                wrong.append(f"{row['name']} has {row['ip']}, the registry says {host.registry_ip(row['id'])}")
        wrong += self.leaks(rows, sorted(up))
        if sorted(self.templates()) != host.templates():
            wrong.append(f"templates {self.templates()}, but there are {host.templates()}")
        return wrong

    def leaks(self, rows, up):
        host, wrong = self.host, []
        # One whose deletion failed past the point of no return may lack anything.
        half = {i for i, row in rows.items() if row["state"] == "deleting"}
        whole = sorted(set(rows) - half)
        for what, found, wanted in (
            ("registry entries", sorted(set(host.registry()) - half), whole), ("volumes", sorted(set(host.volumes()) - half), whole),
            ("monitors", host.monitors(), up), ("links", host.links(), up),
            ("control groups", sorted({int(g.rsplit("/", 1)[1]) for g in host.groups()}), up),
            ("unfinished templates", host.template_rests(), []), ("jobs", host.jobs(), []),
            ("open operations", self.open_operations(), []),
        ):
            if found != wanted:
                wrong.append(f"{what}: {found}, wanted {wanted}")
        known = {r.get("ctid") for r in rows.values()}
        for ctid in set(re.findall(rf'"{host.instance}(\d+)"', host.ruleset())):
            if int(ctid) not in known:
                wrong.append(f"the firewall still knows the container {ctid}")
        for ctid in os.listdir(host.dir + "/r/ct") if os.path.isdir(host.dir + "/r/ct") else []:
            if int(ctid) not in known:
                wrong.append(f"the run directory of {ctid} is still there")
        return wrong

    def settle(self, what):
        def check():
            check.lies = self.lies()
            return not check.lies
        if not until(SETTLE_S, check):
            raise Wrong(f"{what}: {'; '.join(check.lies)[:900]}")

    def bring_back(self):
        """The daemon, if it was the one."""
        if not self.daemon.alive():
            self.daemon.process.wait()
            if self.daemon.start() is None:
                raise Wrong("the daemon doesn't start again")
        elif not until(15, self.daemon.answers):
            raise Wrong("the daemon doesn't answer")

    def bystander(self):
        return (self.show("calm") or {}).get("pid")

    def converge(self, op, point, result):
        """After a fault: the truth, then the same request again."""
        self.bring_back()
        self.settle("afterwards")
        # With its monitor, its init or what should start it again gone, a container crashes: it is told, no more can be asked.
        died = op.method == "REBOOT" or point.split(".")[0] in ("monitor", "init")
        crashed = died and (self.show() or {}).get("state") == "crashed"
        if result and result["state"] == "succeeded" and not op.goal(self) and not crashed:
            raise Wrong(f"it is told as succeeded, and isn't so: {(self.show() or {}).get('state')}")
        if not op.goal(self):
            if crashed:
                self.prepare(op.before)
            again = self.request(op)
            if not again or again["state"] != "succeeded":
                raise Wrong(f"the same again: {json.dumps(again)[:400]}")
            if not op.goal(self):
                raise Wrong(f"the same again: told as succeeded, and is {(self.show() or {}).get('state')}")
            self.settle("after the same again")

    def strike(self, op, point, fault):
        """The request with the fault in it; its end, as request() has it."""
        if fault.action != PAUSE:
            self.plan.arm(point, fault.action)
            result = self.request(op)
            if not until(2, self.plan.hit):
                raise Wrong("it wasn't passed")
            self.plan.disarm()
            if fault.action == KILL and point.startswith("engine."):
                until(5, lambda: not self.daemon.alive())
            return result
        # It stands still there, in a thread of its own: the answer may have to wait for it.
        self.plan.arm(point, PAUSE)
        status, body = call(op.method, op.path, op.body)
        if status != 202:
            self.plan.disarm()
            raise Wrong(f"refused: {status} {body}")
        if not until(5, self.plan.hit):
            raise Wrong("it wasn't passed")
        fault.meanwhile(self, body["id"])
        if fault.release:
            self.plan.disarm()
        result = self.wait_operation(body["id"])
        self.plan.disarm()
        return result

    def attempt(self, op, point, fault):
        self.prepare(op.before)
        calm = self.bystander()
        result = self.strike(op, point, fault)
        self.converge(op, point, result)
        if self.bystander() != calm:
            self.lost += 1
            raise Wrong("a bystander was lost")

    def cancel(self, operation):
        call("POST", f"/operations/{operation}/cancel")
        time.sleep(0.01)

    def kill_engine(self, operation):
        self.daemon.kill()
        self.bring_back()

    def kill_api(self, operation):
        pid = self.daemon.child("berth-api")
        os.kill(pid, signal.SIGKILL)
        until(5, lambda: self.daemon.child("berth-api") not in (0, pid))

    def run_one(self, op, point, fault):
        what = f"{op.name}: {fault.name} at {point}"
        began = time.monotonic()
        try:
            self.attempt(op, point, fault)
            self.ok(f"{what} ({time.monotonic() - began:.1f} s)")
        except Wrong as e:
            self.fail(f"{what}: {e}")
            self.recover()
            self.wrong[fault.name] = self.wrong.get(fault.name, 0) + 1
        self.tried.setdefault(fault.name, {}).setdefault(op.name, []).append(point)

    def recover(self):
        """So that one failure doesn't make the rest fail."""
        self.plan.disarm()
        try:
            self.bring_back()
            call("DELETE", "/containers/web?force=1")
            until(SETTLE_S, lambda: not self.open_operations())
            if self.lies():
                self.daemon.kill()
                self.bring_back()
                until(5, lambda: not self.lies())
        except Wrong as e:
            self.fail(f"after a failure: {e}")

    def discover(self):
        """Which operation passes which points, by a run of each that nothing disturbs."""
        pairs = []
        for op in OPERATIONS:
            self.prepare(op.before)
            self.plan.forget()
            result = self.request(op)
            if not result or result["state"] != "succeeded" or not op.goal(self):
                raise Wrong(f"{op.name}: {json.dumps(result)[:300]}")
            time.sleep(0.05)
            passed = self.plan.passed()
            pairs += [(op, point) for point in self.points if point in passed]
            self.settle(op.name)
        return pairs

    def run(self, only):
        self.daemon.start()
        self.must("create", None, "POST", "/containers", dict(SPEC, name="calm"))
        self.must("start", None, "POST", "/containers/calm/start", {})
        pairs = self.discover()
        reached = {point for _, point in pairs}
        for point in self.points:
            if point not in reached:
                self.fail(f"no operation passes {point}")
        for fault in FAULTS:
            for op, point in pairs:
                if fault.fits(op, point) and all(w in ("", is_) for w, is_ in zip(only, (point, op.name, fault.name))):
                    self.run_one(op, point, fault)
        print(f"{len(self.points)} points, {len(pairs)} pairs")


    def table(self):
        """Of doc/reliability.md: at how many points each fault befell each operation."""
        faults = [fault.name for fault in FAULTS]
        lines = ["| operation | " + " | ".join(faults) + " |", "| --- |" + " ---: |" * len(faults)]
        for op in OPERATIONS:
            counts = [len(self.tried.get(name, {}).get(op.name, [])) for name in faults]
            lines.append(f"| {op.name} | " + " | ".join(str(n or "") for n in counts) + " |")
        wrong = sum(self.wrong.values())
        return "\n".join(lines) + f"\n\nContainers lost: {self.lost}. Wrong rows, leaks, operations without an end: {wrong}.\n"

    def write(self, path):
        before, rest = open(path, encoding="utf-8").read().split(BEGIN)
        with open(path, "w", encoding="utf-8") as f:
            f.write(before + BEGIN + self.table() + END + rest.split(END)[1])

    def check(self, path):
        """What differs from host to host aside: it names the same operations and faults, and no failure."""
        told = open(path, encoding="utf-8").read().split(BEGIN)[1].split(END)[0]
        if re.sub(r"[1-9]\d*| ", "", told) == re.sub(r"[1-9]\d*| ", "", self.table()):
            self.ok("doc/reliability.md tells the same")
        else:
            self.fail("doc/reliability.md tells something else: tests/crash/faults.sh --write")


class Fault:
    """What befalls a process at a point. A pause is for what is done meanwhile."""

    def __init__(self, name, action, outside, meanwhile=None, release=True):
        self.name, self.action, self.outside, self.meanwhile, self.release = name, action, outside, meanwhile, release

    def fits(self, op, point):
        process = point.split(".")[0]
        if self.action == PAUSE and (not op.method or op.method == "REBOOT"):
            return False
        return process not in self.outside


FAULTS = [
    Fault("killed", KILL, ()),
    Fault("made to fail", FAIL, ("api", "monitor", "net", "init", "volume")),
    Fault("cancelled", PAUSE, ("api",), Matrix.cancel),
    Fault("engine killed", PAUSE, ("api", "engine"), Matrix.kill_engine),
    Fault("api killed", PAUSE, ("api", "engine"), Matrix.kill_api),
]


def main():
    if sys.argv[1:2] == ["--new-plan"]:
        new_plan(sys.argv[2])
        return 0
    only = sys.argv[sys.argv.index("--only") + 1].split(",") if "--only" in sys.argv else []
    matrix = Matrix()
    try:
        matrix.run(only)
    except Wrong as e:
        matrix.fail(str(e))
    if not only:
        (matrix.write if "--write" in sys.argv else matrix.check)(os.environ["TOP"] + "/doc/reliability.md")
    print(f"{matrix.passed} passed, {matrix.failed} failed")
    return 1 if matrix.failed else 0


sys.exit(main())
