#!/usr/bin/env python3
"""The matrix of tests/crash/faults.sh, which makes the instance: points of a fault build × operations.

    faults.py --new-plan FILE      an empty plan
    faults.py [--only [POINT][,[OPERATION][,FAULT]]] [--write]
"""
import json, os, re, signal, subprocess, sys, time

from fault_host import Daemon, Host, call, until
from fault_operations import OPERATIONS, RULED_PORT, SPEC, STUB, Operation, is_changed
from fault_plan import FAIL, KILL, NONE, PAUSE, Plan, new_plan

SETTLE_S = 12  # within so long everything has to be as it should
BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->\n"


class Wrong(Exception):
    pass


class NotPassed(Wrong):
    """Something else came first."""


class Matrix:
    def __init__(self):
        points = subprocess.run([os.environ["BUILD"] + "/berthd", "--fault-list"], capture_output=True, text=True,
                                check=True).stdout.split()
        self.points = points
        self.plan = Plan(os.environ["BERTH_FAULT"], points)
        self.daemon, self.host = Daemon(), Host()
        self.passed, self.failed, self.tried, self.wrong = 0, 0, {}, {}
        self.lost = 0
        self.calm_id, self.gone, self.key = None, 0, 0

    def ok(self, what):
        self.passed += 1
        print("ok   ", what, flush=True)

    def fail(self, what):
        self.failed += 1
        print("FAIL ", what, flush=True)

    # What the daemon says.
    @staticmethod
    def get(path):
        status, body = call("GET", path)
        return body if status == 200 else None

    def show(self, name="web"):
        return self.get("/containers/" + name)

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
        status, body = call(op.method, op.path, op.body, key=f"faults-{self.key}" if op.keyed else None)
        if status == 202:
            return self.judge(self.wait_operation(body["id"]))
        if status in (200, 201, 204):
            return {"state": "succeeded", "result": body}
        return None if status is None else {"state": str(status), "error": body}

    @staticmethod
    def judge(end):
        """A pass over many, and the doctor, tell in their result what they couldn't do."""
        result = (end or {}).get("result") or {}
        if result.get("failed") or any(i["check"] in ("leak", "quota") and i["severity"] != "ok" for i in result.get("items", [])):
            return dict(end, state="failed")
        return end

    def must(self, name, before, method, path, body, accept=("succeeded",)):
        result = self.request(Operation(name, before, method, path, body, None))
        if not result or result["state"] not in accept:
            raise Wrong(f"preparing, {name}: {json.dumps(result)[:300]}")

    def litter(self):
        self.host.make_litter(self.gone, self.calm_id)

    def lose_database(self):
        self.daemon.kill(signal.SIGTERM)
        until(5, lambda: not self.host.apis())
        for name in os.listdir(self.host.dir + "/s/db"):
            if name.startswith("berth.db"):
                os.unlink(f"{self.host.dir}/s/db/{name}")
        self.bring_back()

    # The state before an operation.
    def prepare(self, before):
        self.key += 1
        if callable(before):
            before(self)
            return
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
        self.prepare_state("stopped" if before == "belongs up" else before)
        if before == "belongs up":
            self.must("set", None, "PATCH", "/containers/web", {"onboot": True})

    def prepare_state(self, before):
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
            for field in ("ip", "firewall", "firewall_operator", "blocked_ports", "connections"):
                if (host.registered(row["id"], field) or None) != (row.get(field) or None):
                    wrong.append(f"{row['name']} has {field} {row.get(field)}, the registry says {host.registered(row['id'], field)}")
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
            ("monitors", host.monitors(), up), ("links", sorted(set(host.links()) - {host.littered}), up),
            ("control groups", sorted({int(g.rsplit("/", 1)[1]) for g in host.groups()} - {host.littered}), up),
            ("unfinished templates", host.template_rests(), []), ("jobs", host.jobs(), []),
            ("open operations", self.open_operations(), []),
        ):
            if found != wanted:
                wrong.append(f"{what}: {found}, wanted {wanted}")
        ruled = sorted({int(n) for n, chain in re.findall(r"\tchain [a-z](\d+) {\n(.*?)\n\t}", host.ruleset(), re.S)
                        if f"dport {RULED_PORT}" in chain})
        wanted = sorted(row["ctid"] for i, row in rows.items() if str(RULED_PORT) in " ".join(row.get("firewall", [])) and i not in half)
        if set(ruled) - {rows[i].get("ctid") for i in half} != set(wanted):
            wrong.append(f"the firewall has rules of {ruled}, wanted {wanted}")
        known = {r.get("ctid") for r in rows.values()}
        for ctid in set(re.findall(rf'"{host.instance}(\d+)"', host.ruleset())):
            if int(ctid) not in known:
                wrong.append(f"the firewall still knows the container {ctid}")
        for ctid in os.listdir(host.dir + "/r/ct") if os.path.isdir(host.dir + "/r/ct") else []:
            if int(ctid) not in known and int(ctid) != host.littered:
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
            if not self.daemon.start():
                raise Wrong("the daemon doesn't start again")
        elif not until(15, self.daemon.answers):
            raise Wrong("the daemon doesn't answer")

    def bystander(self):
        return (self.show("calm") or {}).get("pid")

    def again(self, op):
        result = self.request(op)
        # Done by the first one, whose answer died with the process.
        if op.keyed and (result or {}).get("error", {}).get("code") == "idempotency_answer_gone" and op.goal(self):
            return
        if not result or result["state"] != "succeeded":
            raise Wrong(f"the same again: {json.dumps(result)[:400]}")

    def converge(self, op, point, result):
        """After a fault: the truth, then the same request again."""
        self.bring_back()
        if op.blind:
            until(10, lambda: op.goal(self) or call("GET", "/containers")[1].get("code") == "database_unusable")
            if not op.goal(self):
                self.again(op)
            until(10, lambda: op.goal(self))
        self.settle("afterwards")
        if op.keyed:
            self.again(op)
        # With its monitor, its init or what should start it again gone, a container crashes: it is told, no more can be asked.
        died = op.method == "REBOOT" or point.split(".")[0] in ("monitor", "init")
        crashed = died and (self.show() or {}).get("state") == "crashed"
        if result and result["state"] == "succeeded" and not op.goal(self) and not crashed:
            raise Wrong(f"it is told as succeeded, and isn't so: {(self.show() or {}).get('state')}")
        if not op.goal(self):
            if crashed:
                self.prepare(op.before)
            self.again(op)
            if not op.goal(self):
                raise Wrong(f"the same again: told as succeeded, and is {(self.show() or {}).get('state')}")
            self.settle("after the same again")

    def strike(self, op, point, fault):
        """The request with the fault in it; its end, as request() has it."""
        if fault.action != PAUSE:
            self.plan.arm(point, fault.action)
            result = self.request(op)
            if not until(2, self.plan.hit):
                raise NotPassed("it wasn't passed")
            self.plan.disarm()
            if fault.action == KILL and point.startswith("engine."):
                until(5, lambda: not self.daemon.alive())
            return result
        # It stands still there.
        self.plan.arm(point, PAUSE)
        self.plan.shorten(fault.deadline_ms)
        status, body = call(op.method, op.path, op.body)
        if status != 202:
            self.plan.disarm()
            raise Wrong(f"refused: {status} {body}")
        if not until(5, self.plan.hit):
            raise NotPassed("it wasn't passed")
        fault.meanwhile(self, body["id"])
        if fault.release:
            self.plan.disarm()
        result = self.judge(self.wait_operation(body["id"]))
        if not result and fault.deadline_ms:
            raise Wrong("nothing ends it")
        self.plan.disarm()
        return result

    def attempt(self, op, point, fault):
        calm = self.bystander()
        self.prepare(op.before)
        result = self.strike(op, point, fault)
        self.converge(op, point, result)
        if op.all:
            self.must("host boot", None, "POST", "/host/boot", None)
        elif self.bystander() != calm:
            self.lost += 1
            raise Wrong("a bystander was lost")

    def cancel(self, operation):
        call("POST", f"/operations/{operation}/cancel")
        time.sleep(0.01)

    def do_nothing(self, operation):
        pass

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
            try:
                self.attempt(op, point, fault)
            except NotPassed:
                self.recover()
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

    def passes(self, op):
        """The points that a run of it passes which nothing disturbs."""
        self.prepare(op.before)
        self.plan.forget()
        result = self.request(op)
        if not result or result["state"] != "succeeded" or not until(5, lambda: op.goal(self)):
            raise Wrong(f"{op.name}: {json.dumps(result)[:300]}")
        time.sleep(0.05)
        passed = self.plan.passed()
        self.settle(op.name)
        if op.all:
            self.must("host boot", None, "POST", "/host/boot", None)
        return passed

    def discover(self):
        """Which operation passes which points: twice, for the daemon does now and then something of its own beside it."""
        pairs = []
        for op in OPERATIONS:
            passed = self.passes(op) & self.passes(op)
            pairs += [(op, point) for point in self.points if point in passed and op.points.search(point)]
        return pairs

    def run(self, only):
        self.daemon.start()
        self.must("create", None, "POST", "/containers", dict(SPEC, name="calm"))
        self.must("start", None, "POST", "/containers/calm/start", {})
        self.calm_id = self.show("calm")["id"]
        self.must("create", None, "POST", "/containers", SPEC)
        self.gone = self.show()["ctid"]
        self.must("delete", None, "DELETE", "/containers/web", None)
        pairs = self.discover()
        reached = {point for _, point in pairs}
        for point in self.points:
            if point not in reached:
                self.fail(f"no operation passes {point}")
        for fault in FAULTS:
            for op, point in fault.choose(pairs):
                if all(w in ("", is_) for w, is_ in zip(only, (point, op.name, fault.name))):
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
    """What befalls a process at a point. A pause is for what is done meanwhile; with a deadline nothing but that ends it."""

    def __init__(self, name, action, outside, meanwhile=None, deadline_ms=0):
        self.name, self.action, self.outside, self.meanwhile, self.deadline_ms = name, action, outside, meanwhile, deadline_ms
        self.release = not deadline_ms

    def fits(self, op, point):
        process = point.split(".")[0]
        if self.action == PAUSE and (op.sync or not op.method or op.method == "REBOOT"):
            return False
        return process not in self.outside

    def choose(self, pairs):
        """Where a process hangs makes no difference to its deadline: once each is enough."""
        seen = set()
        for op, point in pairs:
            one = (op.name, point.split(".")[0]) if self.deadline_ms else (op.name, point)
            if self.fits(op, point) and one not in seen:
                seen.add(one)
                yield op, point


FAULTS = [
    Fault("killed", KILL, ()),
    Fault("made to fail", FAIL, ("api", "monitor", "net", "init", "volume")),
    Fault("cancelled", PAUSE, ("api",), Matrix.cancel),
    Fault("engine killed", PAUSE, ("api", "engine"), Matrix.kill_engine),
    Fault("api killed", PAUSE, ("api", "engine"), Matrix.kill_api),
    Fault("hung", PAUSE, ("api", "engine"), Matrix.do_nothing, deadline_ms=700),
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
