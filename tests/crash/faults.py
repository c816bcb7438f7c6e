#!/usr/bin/env python3
"""The matrix of tests/crash/faults.sh, which makes the instance: points of a fault build × operations.

    faults.py --new-plan FILE      an empty plan
    faults.py --rows               operations that write and have neither a row nor a reason
    faults.py --work FOLDER [--only [POINT][,[OPERATION][,FAULT]]]      what is left of the rows in FOLDER, on one instance;
                                   each a regular expression for the whole name, without a comma
    faults.py --sum FOLDER [--only …] [--write]      what all of them found
"""
import json, os, re, signal, socket, subprocess, sys, time

from fault_host import Daemon, Host, Receiver, call, hold_session, until
from fault_operations import NETWORKS, OPERATIONS, SPEC, STUB, Operation, all_down, is_changed
from fault_plan import FAIL, KILL, NONE, PAUSE, Plan, new_plan
from fault_sum import Shared, Sum, rows_missing
from fault_truth import Truth

HELD = 1  # the plan's slot for what a row holds up by itself
SETTLE_S = 12  # within so long everything has to be as it should
BYSTANDER = {"template": "busybox", "memory": 64 << 20, "disk": 64 << 20}


class Wrong(Exception):
    pass


class NotPassed(Wrong):
    """Something else came first."""


def fits(patterns, *names):
    """Of each that there is a pattern for; "" fits all."""
    return all(not p or re.fullmatch(p, n) for p, n in zip(patterns, names))


class Matrix:
    def __init__(self):
        points = subprocess.run([os.environ["BUILD"] + "/berthd", "--fault-list"], capture_output=True, text=True,
                                check=True).stdout.split()
        self.points = points
        self.listed, self.ever = len(points), set()
        self.plan = Plan(os.environ["BERTH_FAULT"], points)
        self.daemon, self.host = Daemon(), Host()
        self.truth, self.session_ended = Truth(self.host), False
        self.receiver, self.events, self.left = None, 0, 0
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
            # As its init does in the end, without the seconds that it gives to others.
            subprocess.run(["nsenter", "-t", str(before), "-U", "-S", "0", "-G", "0", "-m", "-p", "reboot", "-f"], capture_output=True, check=False)
            until(10, lambda: self.plan.hit() or (self.show() or {}).get("pid") not in (before, 0, None))
            return {"state": "succeeded"}
        if not op.method:
            self.daemon.kill()
            self.daemon.spawn()
            until(10, lambda: self.plan.hit() or not self.daemon.alive() or (self.daemon.answers() and op.goal(self)))
            return {"state": "succeeded" if self.daemon.alive() and self.daemon.answers() and op.goal(self) else "failed"}
        if op.method in self.OWN:
            return self.OWN[op.method](self, op)
        status, body = call(op.method, self.fill(op.path), op.body, key=f"faults-{self.key}" if op.keyed else None)
        if status == 202:
            end = self.wait_operation(body["id"])
            if not end and self.daemon.alive():
                raise Wrong(f"its operation doesn't end: {self.get('/operations/' + body['id'])}")
            return self.judge(end)
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
        def asked():
            asked.result = self.request(Operation(name, before, method, path, body, None))
            return (asked.result or {}).get("state") != "423"  # the daemon does something of its own
        until(10, asked)
        result = asked.result
        if not result or result["state"] not in accept:
            raise Wrong(f"preparing, {name}: {json.dumps(result)[-500:]}")

    def litter(self):
        self.host.make_litter(self.gone, self.calm_id)

    def lose_database(self):
        self.daemon.kill(signal.SIGTERM)
        until(5, lambda: not self.host.apis())
        for name in os.listdir(self.host.dir + "/s/db"):
            if name.startswith("berth.db"):
                os.unlink(f"{self.host.dir}/s/db/{name}")
        self.bring_back()

    def named(self, path):
        """The rows of a table that are a row's of the matrix."""
        return [row for row in (self.get(path) or {}).get("items", []) if row["name"].startswith("row")]

    def fill(self, path):
        if "{row}" not in path:
            return path
        rows = self.named(path.split("/{")[0])
        return path.replace("{row}", rows[0].get("id", rows[0]["name"]) if rows else "row")

    # What isn't asked for by a request alone.
    def hold_session(self, op):
        self.session_ended = hold_session(op.path, op.body)
        return {"state": "succeeded" if self.session_ended else "failed"}

    def make_hook(self):
        self.receiver = self.receiver or Receiver()
        if not self.named("/webhooks"):
            self.receiver.got, self.events = set(), 0
            self.must("webhook create", None, "POST", "/webhooks", {"name": "row", "url": self.receiver.url, "types": ["tenant.*"]})
        if not until(10, self.hook_is_told):
            raise Wrong(f"preparing, the webhook isn't told: {self.named('/webhooks')}")

    def hook_is_told(self):
        rows = self.named("/webhooks")
        return bool(rows) and rows[0]["pending"] == 0 and len(self.receiver.got) == self.events

    def remove_hook(self):
        self.must("webhook delete", None, "DELETE", "/webhooks/{row}", None)

    def tell_hook(self, op):
        """An event that it is about comes to the receiver, whatever dies, and no other."""
        self.must("tenant set", None, "PATCH", "/tenants/default", {"description": f"at {time.monotonic()}"})
        self.events += 1
        until(10, lambda: self.plan.hit() or self.hook_is_told())
        return {"state": "succeeded"}

    def give_traffic(self, action):
        """A new one: what it uses counts for the month."""
        self.prepare(None)
        self.must("create", None, "POST", "/containers", dict(SPEC, traffic=3000, traffic_100=action))
        self.must("start", None, "POST", "/containers/web/start", {})

    def use_traffic(self, op):
        """More than all of it."""
        address = next(a for a in self.show()["ip"] if ":" not in a)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for _ in range(4):
                s.sendto(b"x" * 1000, (address, 9))
        until(10, lambda: self.plan.hit() or op.goal(self))
        return {"state": "succeeded"}

    def copies(self):
        top = self.host.dir + "/s/pool/.copies"
        return [n for n in os.listdir(top) if n.endswith(".db")] if os.path.isdir(top) else []

    def forget_copies(self):
        for name in self.copies():
            os.unlink(f"{self.host.dir}/s/pool/.copies/{name}")

    def run_anew(self):
        """Who restarts often is made to wait."""
        self.prepare("stopped")
        self.prepare_state("running")

    def leave_counters(self):
        """Of one that is gone; its last figures are yet to be booked."""
        self.prepare("running")
        self.left = self.show()["ctid"]
        self.must("delete", None, "DELETE", "/containers/web?force=1", None)

    def wait_for_goal(self, op):
        until(20, lambda: self.plan.hit() or op.goal(self))
        return {"state": "succeeded"}

    def marks(self):
        """What stands for containers' data: a file beside what each has on its disk."""
        pool = self.host.dir + "/s/pool"
        return [f"{pool}/{row['id']}/fs/kept" for row in (self.get("/containers") or {}).get("items", [])]

    def take_host_back(self, op):
        """Without a daemon. Whatever died, the same again leaves nothing of the instance; then a daemon comes back to what is kept."""
        for path in self.marks():
            with open(path, "w", encoding="ascii"):
                pass
        self.host.group_parents()
        self.daemon.kill(signal.SIGTERM)
        until(5, lambda: not self.host.apis())
        command = [self.daemon.build + "/berthd", "--cleanup", "--force", *op.body, "--config", self.host.dir + "/conf"]
        first = subprocess.run(command, stdout=self.daemon.log, stderr=self.daemon.log, check=False)
        if first.returncode and self.host.left():
            again = subprocess.run(command, capture_output=True, text=True, check=False)
            if again.returncode:
                raise Wrong(f"the same again: {again.stderr[-300:]}")
        if not until(60, lambda: not self.host.left()):
            raise Wrong(f"left behind: {self.host.left()}")
        if not self.daemon.start():
            raise Wrong("the daemon doesn't start again")
        return {"state": "succeeded"}

    def is_kept(self):
        """Both, with their data, and down."""
        return all_down(self) and len(self.marks()) == 2 and all(os.path.exists(path) for path in self.marks())

    def is_gone(self):
        """An instance like a new one."""
        return self.marks() == [] and not self.host.volumes() and not self.host.registry() and not self.get("/networks")["items"]

    def furnish_running(self):
        self.furnish()
        self.prepare("running")

    def hold_up_start(self, op):
        """A job of the start's hangs: the daemon ends by itself, rather than wait for ever, and can be started again."""
        self.daemon.kill()
        self.plan.arm("host-setup.claims", PAUSE, slot=HELD)
        self.plan.shorten(700)
        self.daemon.spawn()
        ended = until(10, lambda: not self.daemon.alive()) and self.plan.hit(HELD)
        self.plan.disarm()
        self.bring_back()
        return {"state": "succeeded" if ended else "failed"}

    def make_held_hook(self):
        """Its sender's children don't end when they have said what became of it."""
        self.make_hook()
        self.plan.arm("hook.said", PAUSE, slot=HELD)

    def let_hook_go(self):
        self.plan.disarm()
        self.remove_hook()

    OWN = {"START": hold_up_start, "EXEC": hold_session, "HOOK": tell_hook, "TRAFFIC": use_traffic, "WAIT": wait_for_goal, "CLEANUP": take_host_back}

    # The state before an operation.
    def prepare(self, before):
        self.key += 1
        if callable(before):
            before(self)
            return
        if before in ("stub", "no stub"):
            if (STUB in self.truth.templates()) != (before == "stub"):
                wanted = "template build" if before == "stub" else "template delete"
                op = next(o for o in OPERATIONS if o.name == wanted)
                self.must(op.name, None, op.method, op.path, op.body)
            return
        for network in NETWORKS:
            if not self.get("/networks/" + network["name"]):
                self.must("network create", None, "POST", "/networks", network)
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
            until(5, lambda: not self.truth.open_operations())
            # One that was held goes on once its monitor has heard of it.
            until(5, lambda: self.show()["state"] != "frozen")
            state = self.show()["state"]
            if state == before:
                return
        if state == "frozen":
            self.must("thaw", None, "POST", "/containers/web/thaw", None)
        if before in ("running", "frozen") and state in ("stopped", "crashed"):
            self.must("start", None, "POST", "/containers/web/start", {})
        # One that crashed is to run: with its suspension lifted it would start.
        if before == "suspended" and state in ("stopped", "crashed") and self.show()["desired"] == "running":
            self.must("start", None, "POST", "/containers/web/start", {})
            state = "running"
        if before == "frozen":
            self.must("freeze", None, "POST", "/containers/web/freeze", None)
        if before in ("stopped", "suspended") and state not in ("stopped", "crashed"):
            self.must("stop", None, "POST", "/containers/web/stop", {"kill": True})

        if before == "suspended":
            self.must("suspend", None, "POST", "/containers/web/suspend", {"reason": "unpaid"})

    def settle(self, what):
        def check():
            check.lies = self.truth.lies()
            return not check.lies
        if not until(SETTLE_S, check):
            raise Wrong(f"{what}: {'; '.join(check.lies)[:900]}")

    def bring_back(self):
        """The daemon, if it was the one; it may be on its way to its end."""
        if not until(15, lambda: not self.daemon.alive() or self.daemon.answers()):
            raise Wrong("the daemon doesn't answer")
        if not self.daemon.alive():
            self.daemon.process.wait()
            if not self.daemon.start():
                raise Wrong("the daemon doesn't start again")

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
        if op.itself:
            # What is under way shows what it is to come to, and may fail yet.
            until(SETTLE_S, lambda: not self.truth.open_operations() and op.goal(self))
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
            until(SETTLE_S, lambda: not self.truth.open_operations())
            if self.truth.lies():
                self.daemon.kill()
                self.bring_back()
                until(5, lambda: not self.truth.lies())
        except Wrong as e:
            self.fail(f"after a failure: {e}")

    def passes(self, op):
        """The points that a run of it passes which nothing disturbs."""
        self.prepare(op.before)
        self.plan.forget()
        result = self.request(op)
        if not result or result["state"] != "succeeded" or not until(5, lambda: op.goal(self)):
            raise Wrong(f"{op.name}: {json.dumps(result)[:300]}")
        # What it begins by itself shows its goal before it is there.
        until(SETTLE_S, lambda: not self.truth.open_operations())
        time.sleep(0.05)
        passed = self.plan.passed()
        self.ever |= passed
        self.settle(op.name)
        if op.all:
            self.must("host boot", None, "POST", "/host/boot", None)
        return passed

    def pairs(self, op):
        """The points that it passes: twice, for the daemon does now and then something of its own beside it."""
        passed = self.passes(op) & self.passes(op)
        return [(op, point) for point in self.points if point in passed and op.points.search(point)]

    def furnish(self):
        """What each row finds: networks, a bystander that runs, and the number of one that is gone."""
        for network in NETWORKS:
            if not self.get("/networks/" + network["name"]):
                self.must("network create", None, "POST", "/networks", network)
        calm = self.show("calm")
        if not calm:
            self.must("create", None, "POST", "/containers", dict(BYSTANDER, name="calm"))
            self.must("create", None, "POST", "/containers", SPEC)
            self.gone = self.show()["ctid"]
            self.must("delete", None, "DELETE", "/containers/web", None)
        if not calm or calm["state"] != "running":
            self.must("start", None, "POST", "/containers/calm/start", {})
        self.calm_id = self.show("calm")["id"]

    def try_operation(self, op, only):
        self.daemon.configure(op.conf)
        try:
            pairs = self.pairs(op)
        except Wrong as e:
            self.fail(str(e))
            self.recover()
            pairs = []
        for fault in FAULTS:
            for _, point in fault.choose(pairs):
                if fits(only, point, op.name, fault.name):
                    self.run_one(op, point, fault)
        if op.after:
            op.after(self)
        self.daemon.configure("")
        return [point for _, point in pairs]

    def work(self, shared, only):
        """One of several, each with an instance of its own: whatever row is next, until there is none."""
        self.daemon.start()
        self.furnish()
        done = {}
        for op in shared.rows():
            if fits(only[1:], op.name):
                done[op.name] = self.try_operation(op, only)
        shared.put({"reached": done, "points": self.points[:self.listed], "passed": sorted(self.ever), "tried": self.tried, "lost": self.lost, "wrong": self.wrong})


class Fault:
    """What befalls a process at a point. A pause is for what is done meanwhile; with a deadline nothing but that ends it."""

    def __init__(self, name, action, outside, meanwhile=None, deadline_ms=0, but=()):
        self.name, self.action, self.outside, self.but, self.meanwhile, self.deadline_ms = name, action, outside, but, meanwhile, deadline_ms
        self.release = not deadline_ms

    def fits(self, op, point):
        process = point.split(".")[0]
        if self.action == PAUSE and (op.sync or op.method not in ("POST", "PATCH", "DELETE")):
            return False
        return process not in self.outside or point in self.but

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
    Fault("made to fail", FAIL, ("api", "monitor", "net", "init", "volume", "hook", "sampler", "exec"), but=("api.filling",)),
    Fault("cancelled", PAUSE, ("api",), Matrix.cancel),
    Fault("engine killed", PAUSE, ("api", "engine"), Matrix.kill_engine),
    Fault("api killed", PAUSE, ("api", "engine"), Matrix.kill_api),
    Fault("hung", PAUSE, ("api", "engine"), Matrix.do_nothing, deadline_ms=700),
]


def main():
    if sys.argv[1:2] == ["--new-plan"]:
        new_plan(sys.argv[2])
        return 0
    if sys.argv[1:2] == ["--rows"]:
        print("\n".join(rows_missing()))
        return 0
    only = sys.argv[sys.argv.index("--only") + 1].split(",") if "--only" in sys.argv else []
    shared = Shared(sys.argv[2])
    if sys.argv[1] == "--sum":
        matrix = Sum(shared, [fault.name for fault in FAULTS])
        matrix.judge(bool(only), "--write" in sys.argv)
    else:
        matrix = Matrix()
        try:
            matrix.work(shared, only)
        except Wrong as e:
            matrix.fail(str(e))
    print(f"{matrix.passed} passed, {matrix.failed} failed")
    return 1 if matrix.failed else 0


sys.exit(main())
