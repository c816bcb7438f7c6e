"""The instance under test: its API, its daemon, and what is true of its host without asking either."""
import http.client, http.server, json, os, re, signal, socket, subprocess, threading, time


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
        self.process, self.conf = None, ""
        with open(self.dir + "/conf", encoding="utf-8") as f:
            self.usual = f.read()
        self.log = open(self.dir + "/log", "ab")

    def answers(self):
        return call("GET", "", timeout=3)[0] == 200

    def spawn(self):
        self.process = subprocess.Popen([self.build + "/berthd", "--foreground", "--config", self.dir + "/conf"],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        with open(self.dir + "/pid", "w", encoding="ascii") as f:
            f.write(f"{self.process.pid}\n")

    def configure(self, conf):
        """With these lines beside the usual ones, or in their place."""
        if conf == self.conf:
            return
        self.conf, names = conf, [line.split(" =")[0] for line in conf.splitlines()]
        usual = [line for line in self.usual.splitlines() if line.split(" =")[0].strip() not in names]
        with open(self.dir + "/conf", "w", encoding="utf-8") as f:
            f.write("\n".join(usual + [conf]) + "\n")
        self.kill(signal.SIGTERM)
        self.start()

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
        self.build, self.uplink, self.claims = os.environ["BUILD"], os.environ["UPLINK"], os.environ["CLAIMS"]
        self.littered = 0
        self.parents = []

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

    def group_parents(self):
        """In each hierarchy one; they are there as long as the instance."""
        if not self.parents:
            self.parents = subprocess.run(["find", "/sys/fs/cgroup", "-maxdepth", "3", "-type", "d", "-name", self.instance],
                                          capture_output=True, text=True, check=False).stdout.split()
        return self.parents

    def groups(self):
        """Control groups of containers: path by number."""
        return sorted(f"{p}/{n}" for p in self.group_parents() for n in os.listdir(p) if n.isdigit())

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

    def is_counted(self, ctid):
        table = subprocess.run(["nft", "list", "counters", "table", "inet", self.instance + "_traffic"], capture_output=True, text=True, check=False)
        return f"counter c{ctid}_" in table.stdout

    def make_litter(self, number, calm):
        """What a container of that number might have left, and a neighbour's disk without its limit."""
        self.littered = number
        for path in (f"{self.group_parents()[0]}/{number}", f"{self.dir}/r/ct/{number}"):
            os.makedirs(path, exist_ok=True)
        for name, *kind in self.litter_links():
            if not os.path.exists(f"/sys/class/net/{name}"):
                subprocess.run(["ip", "link", "add", name, "type", *kind], check=True)
        subprocess.run(["btrfs", "-q", "qgroup", "limit", "none", f"{self.dir}/s/pool/{calm}/fs"], check=True)

    def litter_links(self):
        """Of a number that is gone: its routed interface, one on a network, what its rate was made of; and a network's bridge."""
        own = f"{self.instance}{self.littered}"
        return ((own, "veth", "peer", "name", self.instance + "x"), (own + "-1", "veth", "peer", "name", self.instance + "y"),
                (own + "i", "ifb"), (self.instance + "-99-9", "bridge"))

    def litter_found(self, calm):
        found = [p for p in (f"{self.group_parents()[0]}/{self.littered}", f"{self.dir}/r/ct/{self.littered}",
                             *(f"/sys/class/net/{name}" for name, *_ in self.litter_links())) if os.path.exists(p)]
        limit = subprocess.run(["btrfs", "qgroup", "show", "-rf", "--raw", f"{self.dir}/s/pool/{calm}/fs"],
                               capture_output=True, text=True, check=True).stdout
        return found + ([limit] if " none" in limit else [])

    def left(self):
        """All that a host still has of the instance but its state; a line each."""
        def lines(*command):
            return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()

        found = self.monitors() + self.with_ids(self.base) + [p for p in self.parents if os.path.exists(p)]
        found += [n for n in os.listdir("/sys/class/net") if re.match(rf"{self.instance}[-0-9]", n)]
        found += [line for line in lines("nft", "list", "tables") if re.search(rf" {self.instance}(_traffic)?$", line)]
        found += [line for line in self.read("/proc/self/mountinfo").splitlines() if f" {self.dir}/" in line]
        found += [line for line in lines("losetup", "-a") if self.dir + "/" in line]
        found += [line for line in lines("tc", "qdisc", "show", "dev", self.uplink) if " htb " in line]
        return found + [p for p in (self.dir + "/r", f"{self.claims}/{self.instance}") if os.path.exists(p)]

    def memory_limit(self, ctid):
        for path in self.groups():
            if path.endswith(f"/{ctid}"):
                for file in ("memory.max", "memory.limit_in_bytes"):
                    text = self.read(f"{path}/{file}").strip()
                    if text:
                        return text
        return ""


class Network:
    """What there is of an instance's network at a moment, as the kernel has it."""

    def __init__(self, host):
        self.instance = host.instance
        names = [n for n in os.listdir("/sys/class/net") if n.startswith(self.instance)]
        rest = {n: n[len(self.instance):] for n in names}
        self.routed = sorted(int(r) for r in rest.values() if r.isdigit())
        self.nics = sorted(r for r in rest.values() if re.fullmatch(r"\d+-\d+", r))
        self.bridges = sorted(r for r in rest.values() if r.startswith("-"))
        self.halves = sorted(r for r in rest.values() if re.fullmatch(r"[\d-]+i", r))
        self.rules, self.bridge_rules = self.table("inet"), self.table("bridge")
        self.buckets = {q["dev"][len(self.instance):]: q["options"]["rate"] for q in json.loads(self.run("tc", "-j", "qdisc", "show"))
                        if q["kind"] == "tbf" and q["dev"].startswith(self.instance)}
        shares = re.findall(r"class htb \w+:(\w+) .* quantum (\d+)", self.run("tc", "-d", "class", "show", "dev", host.uplink))
        self.shares = {int(minor, 16): int(quantum) for minor, quantum in shares}

    @staticmethod
    def run(*command):
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def table(self, family):
        return self.run("nft", "list", "table", family, self.instance)

    def ruled(self, ctid, ports):
        """Which of the ports its firewall has rules about."""
        chains = re.findall(rf"\tchain [a-z]{ctid} {{\n(.*?)\n\t}}", self.rules, re.S)
        return sorted(p for p in ports if any(f"dport {p}" in chain for chain in chains))

    def sources(self, ctid):
        """Addresses that it may send from."""
        return set(re.findall(rf'"{self.instance}{ctid}" \. ([0-9a-f.:]+)', self.rules))

    def forwards(self):
        return sorted(re.findall(r"(tcp|udp) \. (\d+) : ([\d.]+) \. (\d+)", self.rules))

    def checked(self):
        """Interfaces on networks whose packets are looked at, and with which IPv4 address each of them may send."""
        def elements(name):
            found = re.search(rf"\tset {name} {{\n(.*?)\n\t}}", self.bridge_rules, re.S)
            return found.group(1) if found else ""

        own = dict(re.findall(rf'"{self.instance}(\d+-\d+)" \. ([\d.]+)', elements("own4")))
        return sorted((name, own.get(name)) for name in re.findall(rf'"{self.instance}(\d+-\d+)"', elements("ports")))

    def known(self):
        """Numbers that any rule names."""
        return {int(n) for n in re.findall(rf'"{self.instance}(\d+)[-i\d]*"', self.rules + self.bridge_rules)}


def hold_session(path, body):
    """Whether a command that ends with its input came to that end."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    text = json.dumps(body)
    try:
        s.connect(os.environ["BERTH_SOCKET"])
        s.sendall(f"POST /v1{path} HTTP/1.1\r\nHost: berth\r\nConnection: Upgrade\r\nUpgrade: berth-stream/1\r\n"
                  f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
        got = b""
        while b"\r\n\r\n" not in got:
            got += s.recv(65536) or b"\r\n\r\n"
        if not got.startswith(b"HTTP/1.1 101"):
            return False
        s.sendall(bytes((6, 0, 0, 0, 0, 0, 0, 0)))
        while True:
            more = s.recv(65536)
            if not more:
                return b'{"exit":0}' in got
            got += more
    except OSError:
        return False
    finally:
        s.close()


class Receiver:
    """Takes webhooks, in this process; got: the numbers of the events."""

    def __init__(self):
        self.got = set()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.add(self.headers["Berth-Delivery"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}/"
