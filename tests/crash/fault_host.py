"""The instance under test: its API, its daemon, and what is true of its host without asking either."""
import http.client, json, os, re, signal, socket, subprocess, time


def until(seconds, check):
    """What check says, once that is something; None after so long, which is longer where others use the processors as well."""
    end = time.monotonic() + seconds * max(1, os.getloadavg()[0] / os.cpu_count())
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


def call(method, path, body=None, timeout=30, key=None):
    """Status and JSON; None when nobody answers."""
    connection = Connection("berth", timeout=timeout)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if key:
        headers["Idempotency-Key"] = key
    try:
        connection.request(method, "/v1" + path, json.dumps(body) if body is not None else None, headers)
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
        """Until it answers; as systemd would, once more where it can't: other instances may hold what all share for a while."""
        for _ in range(5):
            self.spawn()
            if until(30, lambda: self.answers() or not self.alive()) and self.alive():
                return True
            time.sleep(1)
        return False

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
        self.littered = 0

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

    def apis(self):
        return [pid for pid, line in self.processes() if re.match(r"(\S*/)?berth-api\b", line) and self.is_ours(pid)]

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

    def registered(self, uuid, field):
        return json.loads(self.read(f"{self.dir}/s/registry/{uuid}") or "{}").get(field)

    def templates(self):
        top = self.dir + "/s/templates"
        return sorted(f"{n}@{v}" for n in os.listdir(top) if not n.startswith(".") for v in os.listdir(f"{top}/{n}"))

    def template_rests(self):
        top = self.dir + "/s/templates"
        return [n for n in os.listdir(top) if n.startswith(".") or not os.listdir(f"{top}/{n}")]

    def ruleset(self):
        return subprocess.run(["nft", "list", "table", "inet", self.instance], capture_output=True, text=True, check=False).stdout

    def group_parent(self):
        found = subprocess.run(["find", "/sys/fs/cgroup", "-maxdepth", "3", "-type", "d", "-name", self.instance],
                               capture_output=True, text=True, check=True).stdout.split()
        return found[0]

    def make_litter(self, number, calm):
        """What a container of that number might have left, and a neighbour's disk without its limit."""
        self.littered = number
        for path in (f"{self.group_parent()}/{number}", f"{self.dir}/r/ct/{number}"):
            os.makedirs(path, exist_ok=True)
        if not os.path.exists(f"/sys/class/net/{self.instance}{number}"):
            subprocess.run(["ip", "link", "add", f"{self.instance}{number}", "type", "veth", "peer", "name", self.instance + "x"], check=True)
        subprocess.run(["btrfs", "-q", "qgroup", "limit", "none", f"{self.dir}/s/pool/{calm}/fs"], check=True)

    def litter_found(self, calm):
        found = [p for p in (f"{self.group_parent()}/{self.littered}", f"{self.dir}/r/ct/{self.littered}",
                             f"/sys/class/net/{self.instance}{self.littered}") if os.path.exists(p)]
        limit = subprocess.run(["btrfs", "qgroup", "show", "-rf", "--raw", f"{self.dir}/s/pool/{calm}/fs"],
                               capture_output=True, text=True, check=True).stdout
        return found + ([limit] if " none" in limit else [])

    def memory_limit(self, ctid):
        for path in self.groups():
            if path.endswith(f"/{ctid}"):
                for file in ("memory.max", "memory.limit_in_bytes"):
                    text = self.read(f"{path}/{file}").strip()
                    if text:
                        return text
        return ""
