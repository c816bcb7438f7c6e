"""The rows of the matrix: what is asked for, in which state, and what is so when it has succeeded."""
import os, re

NUMBER = os.environ.get("NUMBER", "0")
NETWORKS = ({"name": "back", "prefix": ["10.9.0.0/24"]}, {"name": "front", "prefix": ["10.8.0.0/24"]})
# It has of everything that a container can have, so that each row brings all of it about, or does away with it; a change changes all.
SPEC = {"name": "web", "template": "busybox", "memory": 64 << 20, "disk": 64 << 20, "firewall": ["allow in tcp 4712"], "net": ["back:10.9.0.7"],
        "forwards": ["tcp 20001 to 22"], "rate_out": 20, "net_weight": 300}
CHANGE = {"memory": 80 << 20, "pids": 99, "disk": 80 << 20, "hostname": "changed", "firewall": ["allow in tcp 4711", "default in deny"],
          "blocked_ports": ["25"], "connections": 1000, "net": ["front:10.8.0.7"], "forwards": ["udp 20002 to 53"], "rate_in": 30, "rate_out": 0,
          "net_weight": 50, "ip": [f"198.18.{NUMBER}.9"]}
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
        # Nobody has to ask for it again.
        self.itself = own.get("itself", False)
        # Begun first, so that nobody waits for it alone in the end.
        self.long = own.get("long", False)
        # What else the daemon is to be configured with; what the row leaves is removed by after.
        self.conf, self.after = own.get("conf", ""), own.get("after")

    def place(self):
        """Its path as schema/ops.def has it; "" where it is no request."""
        return self.path.split("?")[0] if self.path else ""


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

    def rows(m):
        return m.named(path)

    one = path + "/{row}"

    def absent(m):
        for _ in rows(m):
            m.must("delete", None, "DELETE", one, None, accept=("succeeded", "404"))

    def present(m):
        absent(m)
        m.must("create", None, "POST", path, whole)

    def holds(wanted):
        return lambda m: len(rows(m)) == 1 and all(rows(m)[0].get(k) == v for k, v in wanted.items())

    return [
        Operation(f"{noun} create", absent, "POST", path, whole, holds(whole), sync=True, keyed=True, after=absent),
        Operation(f"{noun} set", present, "PATCH", one, change, holds(change), sync=True, after=absent),
        Operation(f"{noun} delete", present, "DELETE", one, None, lambda m: not rows(m), sync=True, after=absent),
    ]


NOWHERE = r"(?!)"  # what befalls it is the row's own
OFTEN = "sample_interval = 1\nusage_interval = 1"
POOL = f"198.18.{NUMBER}.0/29"

OPERATIONS = [
    Operation("create", None, "POST", "/containers", SPEC, lambda m: m.show() is not None),
    Operation("start", "stopped", "POST", "/containers/web/start", {}, state_is("running"), long=True),
    Operation("restart", "running", "POST", "/containers/web/restart", {"timeout": 5}, state_is("running"), long=True),
    Operation("set, running", "running", "PATCH", "/containers/web", CHANGE, is_changed, long=True),
    Operation("set, stopped", "stopped", "PATCH", "/containers/web", CHANGE, is_changed),
    Operation("stop", "running", "POST", "/containers/web/stop", {"timeout": 5}, state_is("stopped", "crashed")),
    Operation("freeze", "running", "POST", "/containers/web/freeze", None, state_is("frozen")),
    Operation("thaw", "frozen", "POST", "/containers/web/thaw", None, state_is("running")),
    Operation("suspend", "running", "POST", "/containers/web/suspend", {"reason": "unpaid", "timeout": 5}, state_is("suspended")),
    Operation("suspend, freezing", "running", "POST", "/containers/web/suspend", {"reason": "abuse", "freeze": True}, state_is("suspended")),
    Operation("unsuspend", "suspended", "POST", "/containers/web/unsuspend", None, state_is("stopped")),
    Operation("delete", "stopped", "DELETE", "/containers/web", None, lambda m: m.show() is None),
    Operation("delete, running", "running", "DELETE", "/containers/web?force=1", None, lambda m: m.show() is None),
    Operation("exec", "running", "EXEC", "/containers/web/exec", {"argv": ["cat"]}, lambda m: m.session_ended),
    Operation("template build", "no stub", "POST", "/templates", {"template": "stub", "version": "1.1"}, lambda m: STUB in m.truth.templates()),
    Operation("template delete", "stub", "DELETE", "/templates/" + STUB, None, lambda m: STUB not in m.truth.templates()),
    Operation("host shutdown", "running", "POST", "/host/shutdown", None, all_down, r"^(api|engine)\.|^monitor\.(stopping|ending)", all=True),
    Operation("host boot", "belongs up", "POST", "/host/boot", None, state_is("running"), r"^(api|engine)\.|^launch\.exec|^monitor\.running"),
    Operation("doctor fix", lambda m: m.litter(), "POST", "/doctor/fix", None, lambda m: not m.host.litter_found(m.calm_id)),
    *table_rows("tenant", "/tenants", {"containers": 3}, {"containers": 5}),
    *table_rows("plan", "/plans", {"memory": 64 << 20}, {"memory": 96 << 20}),
    *table_rows("ip-pool", "/ip-pools", {"prefix": POOL}, {"rest": 60}),
    *table_rows("network", "/networks", {"prefix": ["10.7.0.0/24"]}, {"description": "changed"}),
    *table_rows("token", "/tokens", {"role": "operator"}, {"name": "rows"}),
    *table_rows("webhook", "/webhooks", {"url": "http://127.0.0.1:9/"}, {"types": ["container.*"]}),
    Operation("webhook delivery", lambda m: m.make_hook(), "HOOK", None, None, lambda m: m.hook_is_told(), r"^hook\.|^api\.hook",
              itself=True, after=lambda m: m.remove_hook()),
    Operation("webhook delivery, its sender held up", lambda m: m.make_held_hook(), "HOOK", None, None, lambda m: m.hook_is_told(), NOWHERE,
              itself=True, after=lambda m: m.let_hook_go()),
    Operation("traffic used up: throttle", lambda m: m.give_traffic("throttle"), "TRAFFIC", None, None, lambda m: (m.show() or {}).get("throttled"),
              r"^(api|sampler)\.|^engine\.(asked|job)|^set\.(rates|manifest)", itself=True, conf=OFTEN, after=lambda m: m.prepare(None)),
    Operation("traffic used up: suspend", lambda m: m.give_traffic("suspend"), "TRAFFIC", None, None, state_is("suspended"),
              r"^(api|sampler)\.|^engine\.(asked|job|stopped)|^set\.(registry|manifest)", itself=True, conf=OFTEN, after=lambda m: m.prepare(None)),
    Operation("counters of the gone", lambda m: m.leave_counters(), "WAIT", None, None, lambda m: not m.host.is_counted(m.left), r"^meter\.",
              itself=True, conf=OFTEN),
    Operation("copy of the database", lambda m: m.forget_copies(), None, None, None, lambda m: m.copies(), r"^copy\.|^engine\.(asked|job)",
              conf="copy_interval = 1"),
    Operation("recover", lambda m: m.lose_database(), "POST", "/recover", None, lambda m: m.show("calm") is not None, sync=True, blind=True),
    Operation("berthd --cleanup", lambda m: m.furnish_running(), "CLEANUP", None, [], lambda m: m.is_kept(), r"^(cleanup|host-cleanup|monitor)\.",
              all=True, long=True, after=lambda m: m.furnish()),
    Operation("berthd --cleanup --destroy", lambda m: m.furnish_running(), "CLEANUP", None, ["--destroy"], lambda m: m.is_gone(),
              r"^cleanup\.(host|sockets)$|^host-cleanup\.(let-go|unmounted|detached|storage|registry|state)$", all=True, long=True,
              after=lambda m: m.furnish()),
    Operation("reboot inside", lambda m: m.run_anew(), "REBOOT", None, None, state_is("running"), long=True),
    Operation("daemon start, held up", "running", "START", None, None, state_is("running"), NOWHERE),
    Operation("daemon start", "running", None, None, None, state_is("running")),
]
