"""struct fault_plan of daemon/util/fault.h, as the processes of a fault build map it."""
import mmap, os, re, struct

MAGIC, SLOTS, POINTS_MAX, NAME_MAX, EXTRA_MAX = 0x46415553, 4, 256, 48, 64
SLOT = struct.Struct(f"{NAME_MAX}sIII")
NONE, KILL, FAIL, PAUSE = range(4)
PASSED_AT = 4 + SLOTS * SLOT.size
EXTRAS_AT = PASSED_AT + 4 * POINTS_MAX
DEADLINE_AT = EXTRAS_AT + 4 + EXTRA_MAX * NAME_MAX
PLAN_SIZE = DEADLINE_AT + 4


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
            struct.pack_into("I", self.map, 4 + slot * SLOT.size + NAME_MAX + 8, 0)
        self.shorten(0)

    def hit(self, slot=0):
        return struct.unpack_from("I", self.map, 4 + slot * SLOT.size + NAME_MAX + 8)[0]

    def shorten(self, milliseconds):
        """No deadline is longer; 0: they are as usual."""
        struct.pack_into("I", self.map, DEADLINE_AT, milliseconds)

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


# Operations of schema/ops.def that write and have no row of their own.
ELSEWHERE = {
    "CONTAINER_CONSOLE": "a session as exec is: handed over, recorded and ended by the same steps, but that nothing of its own runs inside",
    "OPERATION_CANCEL": "the fault 'cancelled', at each step of each operation that takes time",
}


def without_row(ops_def, operations):
    """What writes and has neither a row nor a reason, and what has a reason without need; a line each."""
    wrong, writing = [], {}
    for name, method, path in re.findall(r'^OP\((\w+), (\w+), "([^"]+)"', ops_def, re.M):
        if method != "GET":
            writing[name] = (method, re.compile(re.sub(r"\\\{id\\\}", "[^/]+", re.escape(path.removeprefix("/v1")))))
    rows = [({"EXEC": "POST"}.get(op.method, op.method), op.place()) for op in operations if op.place()]
    for name, (method, path) in writing.items():
        has = any(method == m and path.fullmatch(p) for m, p in rows)
        if has == (name in ELSEWHERE):
            wrong.append(f"{name} has a row and a reason for having none" if has else f"{name} has no row in fault_operations.py, and no reason in fault_plan.py")
    return wrong + [f"{name} isn't an operation that writes" for name in ELSEWHERE if name not in writing]
