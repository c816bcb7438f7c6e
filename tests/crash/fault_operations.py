"""The rows of the matrix: what is asked for, in which state, and what is so when it has succeeded."""
import os, re

SPEC = {"name": "web", "template": "busybox", "memory": 64 << 20, "disk": 64 << 20}
RULED_PORT = 4711
CHANGE = {"memory": 80 << 20, "pids": 99, "disk": 80 << 20, "hostname": "changed", "firewall": [f"allow in tcp {RULED_PORT}", "default in deny"],
          "blocked_ports": ["25"], "connections": 1000}
STUB = "stub@1.1"


class Operation:
    """points: which of those that it passes are tried; what a start of its own has is another row's. own: what it says of itself."""

    def __init__(self, name, before, method, path, body, goal, points="", **own):
        self.name, self.before, self.method, self.path, self.body, self.goal = name, before, method, path, body, goal
        self.points = re.compile(points)
        # Its answer is its end; keyed: the same again is the same request, with its Idempotency-Key.
        self.sync, self.keyed = own.get("sync", False), own.get("keyed", False)
        # It befalls the bystander as well; blind: until it has succeeded the daemon tells nothing.
        self.all, self.blind = own.get("all", False), own.get("blind", False)


def state_is(*states):
    return lambda m: (m.show() or {}).get("state") in states


def is_changed(m):
    shown = m.show() or {}
    return all(shown.get(k) == v for k, v in CHANGE.items())


def all_down(m):
    return all((m.show(name) or {}).get("state") in ("stopped", "crashed") for name in ("web", "calm"))


def table_rows(noun, path, made, change):
    """What is written in one transaction: made, changed, deleted."""
    whole = dict(made, name="row")

    def absent(m):
        m.must("delete", None, "DELETE", f"{path}/row", None, accept=("succeeded", "404"))

    def present(m):
        absent(m)
        m.must("create", None, "POST", path, whole)

    def holds(wanted):
        return lambda m: all((m.get(f"{path}/row") or {}).get(k) == v for k, v in wanted.items())

    return [
        Operation(f"{noun} create", absent, "POST", path, whole, holds(whole), sync=True, keyed=True),
        Operation(f"{noun} set", present, "PATCH", f"{path}/row", change, holds(change), sync=True),
        Operation(f"{noun} delete", present, "DELETE", f"{path}/row", None, lambda m: m.get(f"{path}/row") is None, sync=True),
    ]


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
    Operation("host shutdown", "running", "POST", "/host/shutdown", None, all_down, r"^(api|engine)\.|^monitor\.(stopping|ending)", all=True),
    Operation("host boot", "belongs up", "POST", "/host/boot", None, state_is("running"), r"^(api|engine)\.|^launch\.exec|^monitor\.running"),
    Operation("doctor fix", lambda m: m.litter(), "POST", "/doctor/fix", None, lambda m: not m.host.litter_found(m.calm_id)),
    *table_rows("tenant", "/tenants", {"containers": 3}, {"containers": 5}),
    *table_rows("plan", "/plans", {"memory": 64 << 20}, {"memory": 96 << 20}),
    *table_rows("ip-pool", "/ip-pools", {"prefix": f"198.18.{os.environ.get('NUMBER', 0)}.0/29"}, {"rest": 60}),
    Operation("recover", lambda m: m.lose_database(), "POST", "/recover", None, lambda m: m.show("calm") is not None, sync=True, blind=True),
    Operation("reboot inside", "running", "REBOOT", None, None, state_is("running")),
    Operation("daemon start", "running", None, None, None, state_is("running")),
]
