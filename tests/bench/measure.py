"""Measures a running instance (BERTH_SOCKET, BUILD, T, DAEMON_PID, ROUNDS) against the floor; called by tests/bench/run."""
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

BUILD, T, SOCKET = os.environ["BUILD"], os.environ["T"], os.environ["BERTH_SOCKET"]
ROUNDS, EACH = int(os.environ["ROUNDS"]), 8
IDLE_S = 0.3  # after it the kernel makes who moves between v1 groups wait for a grace period
CLIENT = os.path.join(BUILD, "berth")


class Api:
    """One kept connection."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)
        self.file = self.sock.makefile("rb")

    def request(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else b""
        head = "%s %s HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (method, path, len(data))
        self.sock.sendall(head.encode() + data)
        status = int(self.file.readline().split()[1])
        headers = {}
        while True:
            line = self.file.readline().strip().decode()
            if not line:
                break
            key, value = line.split(":", 1)
            headers[key.lower()] = value.strip()
        text = self.file.read(int(headers.get("content-length", 0)))
        return status, headers, json.loads(text) if text else None

    def operation(self, method, path, body=None):
        """Sends, follows to the end; the time from sending to the end's arrival, in us."""
        start = time.clock_gettime(time.CLOCK_MONOTONIC)
        status, headers, got = self.request(method, path, body)
        if status != 202:
            raise SystemExit("%s %s: %s %s" % (method, path, status, got))
        follow = socket.socket(socket.AF_UNIX)
        follow.connect(SOCKET)
        follow.sendall(("GET %s/events HTTP/1.1\r\nHost: b\r\n\r\n" % headers["location"]).encode())
        data = b""
        while b"event: end" not in data:
            piece = follow.recv(65536)
            if not piece:
                break
            data += piece
        end = time.clock_gettime(time.CLOCK_MONOTONIC)
        if b'"succeeded"' not in data:
            raise SystemExit("%s %s: %s" % (method, path, data.decode()[-500:]))
        follow.close()
        return (end - start) * 1e6, start


def median(values):
    return statistics.median(values)


def p95(values):
    return sorted(values)[int(len(values) * 0.95)]


def row(what, values, floor=None, unit="ms", scale=1000.0):
    text = "%-34s median %8.2f %s   p95 %8.2f %s" % (what, median(values) / scale, unit, p95(values) / scale, unit)
    if floor:
        text += "   floor %8.2f %s   ratio %5.2f" % (median(floor) / scale, unit, median(values) / median(floor))
    print(text, flush=True)


def verdict(what, right):
    print("%-34s %s" % (what, "reached" if right else "SHORT"), flush=True)


def floor_round(count):
    out = subprocess.run([os.path.join(BUILD, "tests/bench/floor"), "-n", str(count), "-i", os.path.join(BUILD, "tests/bench/tick")],
                         capture_output=True, text=True, check=True).stdout
    return {m[0]: float(m[1]) for m in re.findall(r"(\w+)\s+median\s+(\d+) us", out)}


def first_instruction(ctid, start):
    """When init began, from its console: the newest line that it wrote after `start`."""
    path = "%s/r/ct/%d/console.log" % (T, ctid)
    for _ in range(2000):
        try:
            lines = re.findall(r"tick (\d+\.\d+)", open(path, encoding="utf-8", errors="replace").read())
        except FileNotFoundError:
            lines = []
        if lines and float(lines[-1]) > start:
            return (float(lines[-1]) - start) * 1e6
        time.sleep(0.001)
    raise SystemExit("init's first line never came")


def spawn(argv):
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, dict(os.environ),
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)])
    _, status = os.waitpid(pid, 0)
    return (time.perf_counter() - start) * 1e6, os.waitstatus_to_exitcode(status)


def pss(pid):
    return int(re.search(r"^Pss:\s+(\d+)", open("/proc/%d/smaps_rollup" % pid, encoding="utf-8").read(), re.M)[1])


class Lxc:
    """lxc-start of the same init with what ours gets: ids of its own, a veth with an address, limits."""

    LIMIT = ["/usr/bin/timeout", "-s", "KILL", "20"]
    BASE = 1610612736

    def __init__(self):
        self.times, self.idle, self.why = [], [], ""
        self.root = tempfile.mkdtemp(prefix="bt.lxc.", dir="/tmp")
        self.bridge = "btlxc%d" % (os.getpid() % 1000)
        os.chmod(self.root, 0o755)
        os.makedirs(self.root + "/c/rootfs/sbin")
        for d in ("proc", "sys", "dev", "tmp"):
            os.makedirs("%s/c/rootfs/%s" % (self.root, d))
        shutil.copy(os.path.join(BUILD, "tests/bench/tick"), self.root + "/c/rootfs/sbin/init")
        subprocess.run(["chown", "-R", "%d:%d" % (self.BASE, self.BASE), self.root + "/c/rootfs"], check=True)
        subprocess.run(["ip", "link", "add", self.bridge, "type", "bridge"], check=True)
        limits = {"memory.limit_in_bytes": 64 << 20, "pids.max": 500} if os.path.isdir("/sys/fs/cgroup/memory") else {}
        with open(self.root + "/c/config", "w", encoding="utf-8") as f:
            f.write("lxc.rootfs.path = dir:%s/c/rootfs\nlxc.uts.name = c\nlxc.mount.auto = proc:mixed sys:ro\n"
                    "lxc.net.0.type = veth\nlxc.net.0.link = %s\nlxc.net.0.flags = up\nlxc.net.0.ipv4.address = 198.18.7.2/24\n"
                    "lxc.net.0.ipv4.gateway = 198.18.7.1\nlxc.init.cmd = /sbin/init\nlxc.apparmor.profile = unconfined\n"
                    "lxc.idmap = u 0 %d 65536\nlxc.idmap = g 0 %d 65536\n" % (self.root, self.bridge, self.BASE, self.BASE))
            f.writelines("lxc.cgroup.%s = %d\n" % limit for limit in limits.items())

    def start(self, times):
        if not self.why:
            took, code = spawn([*self.LIMIT, "lxc-start", "-P", self.root, "-n", "c"])
            if code:
                self.why = "lxc-start ended with %d" % code
                return
            times.append(took)
            subprocess.run([*self.LIMIT, "lxc-stop", "-P", self.root, "-n", "c", "-k"], capture_output=True)

    def close(self):
        subprocess.run(["ip", "link", "delete", self.bridge], capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)
        # It leaves its groups behind.
        for at, dirs, _ in os.walk("/sys/fs/cgroup", topdown=False):
            for name in dirs:
                if name in ("lxc.monitor.c", "lxc.payload.c", "lxc.pivot"):
                    try:
                        os.rmdir(os.path.join(at, name))
                    except OSError:
                        pass


def crun_round(count):
    if not shutil.which("crun"):
        return None, "crun isn't installed"
    root = tempfile.mkdtemp(prefix="bt.crun.", dir="/tmp")
    times, why = [], ""
    try:
        os.makedirs(root + "/rootfs/sbin")
        for d in ("proc", "sys", "dev", "tmp"):
            os.makedirs("%s/rootfs/%s" % (root, d))
        shutil.copy(os.path.join(BUILD, "tests/bench/tick"), root + "/rootfs/sbin/init")
        subprocess.run(["crun", "spec"], cwd=root, check=True, capture_output=True)
        spec = json.load(open(root + "/config.json", encoding="utf-8"))
        spec["process"]["terminal"] = False
        spec["process"]["args"] = ["/sbin/init"]
        json.dump(spec, open(root + "/config.json", "w", encoding="utf-8"))
        for i in range(count):
            name = "bt%d-%d" % (os.getpid(), i)
            start = time.perf_counter()
            # Its output to a file: init keeps it open.
            with open(root + "/out", "w", encoding="utf-8") as out:
                done = subprocess.run(["crun", "--root", root + "/state", "run", "-d", "--bundle", root, name], stdout=out, stderr=out)
            took = (time.perf_counter() - start) * 1e6
            if done.returncode:
                why = open(root + "/out", encoding="utf-8").read().strip()[:120]
                break
            times.append(took)
            subprocess.run(["crun", "--root", root + "/state", "delete", "-f", name], capture_output=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return (times, "") if times else (None, why)


def idle(api, lxc, times):
    """A start after a spell without one, ours and lxc's."""
    api.operation("POST", "/v1/containers", {"name": "idle", "template": "tick", "memory": 64 << 20, "disk": 64 << 20})
    ctid = api.request("GET", "/v1/containers/idle")[2]["ctid"]
    time.sleep(IDLE_S)
    times.append(first_instruction(ctid, api.operation("POST", "/v1/containers/idle/start", {})[1]))
    api.operation("DELETE", "/v1/containers/idle?force=1")
    if lxc:
        time.sleep(IDLE_S)
        lxc.start(lxc.idle)


def life(api, lxc):
    """create, start, exec, stop, delete, in rounds that take turns with the floor and lxc."""
    ours = {k: [] for k in ("create", "start", "idle", "started", "exec", "stop", "delete")}
    floor = {k: [] for k in ("start", "exec", "stop")}
    for _ in range(ROUNDS):
        for kind, value in floor_round(EACH).items():
            floor[kind].append(value)
        for _ in range(EACH if lxc else 0):
            lxc.start(lxc.times)
        for _ in range(EACH // 2):
            idle(api, lxc, ours["idle"])
        for _ in range(EACH):
            took, _ = api.operation("POST", "/v1/containers", {"name": "bench", "template": "tick", "memory": 64 << 20, "disk": 64 << 20})
            ours["create"].append(took)
            ctid = api.request("GET", "/v1/containers/bench")[2]["ctid"]
            took, start = api.operation("POST", "/v1/containers/bench/start", {})
            ours["started"].append(took)
            ours["start"].append(first_instruction(ctid, start))
            took, code = spawn([CLIENT, "exec", "bench", "--", "/sbin/true", "x"])
            if code:
                raise SystemExit("exec ended with %d" % code)
            ours["exec"].append(took)
            ours["stop"].append(api.operation("POST", "/v1/containers/bench/stop", {})[0])
            ours["delete"].append(api.operation("DELETE", "/v1/containers/bench")[0])
    return ours, floor


def many(api):
    for i in range(100):
        api.operation("POST", "/v1/containers", {"name": "n%d" % i, "template": "tick", "memory": 32 << 20, "disk": 32 << 20})
    for i in range(20):
        api.operation("POST", "/v1/containers/n%d/start" % i, {})
    lists = [spawn([CLIENT, "list"])[0] for _ in range(40)]
    engine = int(os.environ["DAEMON_PID"])
    children = [int(p) for p in subprocess.run(["pgrep", "-P", str(engine), "-x", "berth-api"], capture_output=True, text=True).stdout.split()]
    daemon = pss(engine) + sum(pss(p) for p in children)
    monitors = [pss(int(p)) for p in subprocess.run(["pgrep", "-f", "--", "--name " + os.environ["INSTANCE"] + "-"], capture_output=True, text=True).stdout.split()]
    return lists, daemon, monitors


def rates():
    path = os.path.join(T, "bare.sock")
    body = len(json.dumps(Api().request("GET", "/v1/containers/n50")[2]))
    bare = subprocess.Popen([os.path.join(BUILD, "tests/bench/bare"), path, str(body)])
    ours, floor = [], []
    try:
        time.sleep(0.2)
        for _ in range(ROUNDS):
            for where, into, target in ((path, floor, "/"), (SOCKET, ours, "/v1/containers/n50")):
                out = subprocess.run([os.path.join(BUILD, "tests/bench/load"), where, target, "10000", "json"], capture_output=True, text=True, check=True).stdout
                into.append(float(next(v for k, v in json.loads(out).items() if "rate" in k or "per" in k)))
    finally:
        bare.terminate()
        bare.wait()
    return ours, floor


def main():
    api = Api()
    api.operation("POST", "/v1/containers", {"name": "warm", "template": "tick", "disk": 64 << 20})
    api.operation("DELETE", "/v1/containers/warm")
    lxc = Lxc() if shutil.which("lxc-start") else None
    try:
        ours, floor = life(api, lxc)
    finally:
        if lxc:
            lxc.close()
    row("start: request to first instruction", ours["start"], floor["start"])
    row("start after %.1f s of idleness" % IDLE_S, ours["idle"])
    row("start: request to the end's event", ours["started"])
    row("create", ours["create"])
    row("exec NAME -- true, by the client", ours["exec"], floor["exec"])
    row("stop of a willing init", ours["stop"], floor["stop"])
    row("delete", ours["delete"])
    crun, why_crun = crun_round(EACH)
    if lxc and lxc.times:
        row("lxc-start with a veth", lxc.times)
        row("lxc-start after %.1f s of idleness" % IDLE_S, lxc.idle)
        print("start beside lxc-start: %.2f times as fast, %.2f after idleness"
              % (median(lxc.times) / median(ours["start"]), median(lxc.idle) / median(ours["idle"])))
    else:
        print("lxc: skipped: %s" % (lxc.why if lxc else "it isn't installed"))
    row("crun run, without network", crun) if crun else print("crun: skipped: %s" % why_crun)
    lists, daemon, monitors = many(api)
    row("berth list of 100, whole process", lists)
    ours_rate, bare_rate = rates()
    print("GET of one: %.0f/s; bare server %.0f/s; ratio %.2f" % (median(ours_rate), median(bare_rate), median(ours_rate) / median(bare_rate)))
    print("api + engine with 100 containers, 20 running: %.1f MB PSS" % (daemon / 1024))
    print("a monitor of 20: %.2f MB PSS (median)" % (median(monitors) / 1024))
    print()
    verdict("start <= 1.5 x floor", median(ours["start"]) <= 1.5 * median(floor["start"]))
    verdict("create <= 10 ms", median(ours["create"]) <= 10000)
    if lxc and lxc.times:
        verdict("start 3 x as fast as lxc", 3 * median(ours["start"]) <= median(lxc.times))
        verdict("start 3 x as fast as lxc, idle", 3 * median(ours["idle"]) <= median(lxc.idle))
    verdict("exec <= floor + 5 ms", median(ours["exec"]) <= median(floor["exec"]) + 5000)
    verdict("stop <= floor + 3 ms", median(ours["stop"]) <= median(floor["stop"]) + 3000)
    verdict("list of 100 <= 10 ms", median(lists) <= 10000)
    verdict("GET >= 0.5 x bare", median(ours_rate) >= 0.5 * median(bare_rate))
    verdict("api + engine <= 12 MB", daemon <= 12 * 1024)
    verdict("a monitor <= 0.3 MB", median(monitors) <= 0.3 * 1024)


main()
