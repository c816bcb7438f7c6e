"""What several instances share of the matrix, and what they found together."""
import fcntl, json, os, re

from fault_operations import OPERATIONS
from fault_plan import without_row

BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->\n"
TOP = os.path.dirname(os.path.abspath(__file__)) + "/../.."
OTHER_STORAGE = r"^(volume\.(project|tree-removed|unlimited|directory|subvolume)|host-cleanup\.volumes)$"  # as the pool's file system has it


def rows_missing():
    with open(f"{TOP}/schema/ops.def", encoding="utf-8") as f:
        return without_row(f.read(), OPERATIONS)


class Shared:
    def __init__(self, folder):
        self.folder = folder

    def rows(self):
        """Each row once, to whoever asks first."""
        while True:
            with open(self.folder + "/next", "a+", encoding="ascii") as f:
                fcntl.flock(f, fcntl.LOCK_EX)
                f.seek(0)
                number = int(f.read() or 0)
                f.truncate(0)
                f.write(str(number + 1))
            if number >= len(OPERATIONS):
                return
            yield sorted(OPERATIONS, key=lambda op: not op.long)[number]

    def put(self, found):
        with open(f"{self.folder}/found.{os.getpid()}", "w", encoding="utf-8") as f:
            json.dump(found, f)

    def all(self):
        for name in sorted(os.listdir(self.folder)):
            if name.startswith("found."):
                with open(f"{self.folder}/{name}", encoding="utf-8") as f:
                    yield json.load(f)


class Sum:
    def __init__(self, shared, faults):
        self.faults, self.passed, self.failed = faults, 0, 0
        self.points, self.reached, self.ever, self.tried = [], {}, set(), {}
        self.lost, self.wrong = 0, 0
        for found in shared.all():
            self.points = found["points"]
            self.reached.update(found["reached"])
            self.ever.update(found["passed"])
            self.lost += found["lost"]
            self.wrong += sum(found["wrong"].values())
            for fault, rows in found["tried"].items():
                self.tried.setdefault(fault, {}).update(rows)

    def check(self, wrong, fine):
        for line in wrong:
            print("FAIL ", line)
        self.failed += len(wrong)
        if not wrong:
            self.passed += 1
            print("ok   ", fine)

    def judge(self, partly, write):
        self.check(rows_missing(), "each operation that writes has its row")
        if partly:
            return
        self.check([f"nobody tried '{op.name}'" for op in OPERATIONS if op.name not in self.reached], "each row was tried")
        reached = {point for points in self.reached.values() for point in points}
        self.check([f"no operation passes {p}" for p in self.points if p not in reached], "each point of fault.def is passed")
        strange = sorted(p for p in self.ever - set(self.points) if not re.match(OTHER_STORAGE, p))
        self.check([f"{p} is passed and isn't in fault.def" for p in strange], "each point that is passed is in fault.def")
        print(f"{len(self.points)} points, {sum(len(p) for p in self.reached.values())} pairs")
        path = f"{TOP}/doc/reliability.md"
        if write:
            self.write(path)
        else:
            self.compare(path)

    def table(self):
        """Of doc/reliability.md: at how many points each fault befell each operation."""
        lines = ["| operation | " + " | ".join(self.faults) + " |", "| --- |" + " ---: |" * len(self.faults)]
        for op in OPERATIONS:
            counts = [len(self.tried.get(name, {}).get(op.name, [])) for name in self.faults]
            lines.append(f"| {op.name} | " + " | ".join(str(n or "") for n in counts) + " |")
        return "\n".join(lines) + f"\n\nContainers lost: {self.lost}. Wrong rows, leaks, operations without an end: {self.wrong}.\n"

    def write(self, path):
        with open(path, encoding="utf-8") as f:
            before, rest = f.read().split(BEGIN)
        with open(path, "w", encoding="utf-8") as f:
            f.write(before + BEGIN + self.table() + END + rest.split(END)[1])

    def compare(self, path):
        """What differs from host to host aside: it names the same operations and faults, and no failure."""
        with open(path, encoding="utf-8") as f:
            told = f.read().split(BEGIN)[1].split(END)[0]
        same = re.sub(r"[1-9]\d*| ", "", told) == re.sub(r"[1-9]\d*| ", "", self.table())
        self.check([] if same else ["doc/reliability.md tells something else: tests/crash/faults.sh --write"], "doc/reliability.md tells the same")
