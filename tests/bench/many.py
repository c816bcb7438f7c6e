"""Measures a running instance with CONTAINERS containers (BERTH_SOCKET, BUILD, T, API_PID, ROUNDS); called by tests/bench/many."""
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import threading
import time

BUILD, T, SOCKET = os.environ["BUILD"], os.environ["T"], os.environ["BERTH_SOCKET"]
ROUNDS, CONTAINERS, RUNNING = int(os.environ["ROUNDS"]), int(os.environ["CONTAINERS"]), 20
TOKEN_SOCKET = os.path.join(os.path.dirname(SOCKET), "token.sock")
LOAD = os.path.join(BUILD, "tests/bench/load")
median = statistics.median


class Api(http.client.HTTPConnection):
    def __init__(self, token=None):
        super().__init__("berth", timeout=120)
        self.token = token

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)

    def text(self, method, path, body=None):
        headers = {"Authorization": "Bearer " + self.token} if self.token else {}
        self.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise SystemExit("%s %s: %d %s" % (method, path, answer.status, text.decode()))
        return text.decode()

    def call(self, method, path, body=None):
        return json.loads(self.text(method, path, body))


def wait(api, operations):
    for operation in operations:
        while not api.call("GET", "/v1/operations/" + operation).get("ended_at"):
            time.sleep(0.05)
        got = api.call("GET", "/v1/operations/" + operation)
        if got["state"] != "succeeded":
            raise SystemExit("%s: %s" % (got["kind"], got.get("error")))


def fill(api):
    """Real ones, each with its volume; twenty of them run. By twenty tenants at once."""
    made, gate, starts = [], threading.Lock(), []
    tenants = ["t%d" % i for i in range(20)]
    tokens = {}
    for tenant in tenants:
        api.call("POST", "/v1/tenants", {"name": tenant})
        tokens[tenant] = api.call("POST", "/v1/tokens", {"name": "x", "role": "owner", "tenant": tenant})["token"]

    def one(tenant):
        mine = Api(tokens[tenant])
        for i in range(CONTAINERS // len(tenants)):
            body = {"name": "n%d" % i, "template": "tick", "memory": 16 << 20, "disk": 16 << 20, "ip": []}
            operation = mine.call("POST", "/v1/containers", body)["id"]
            wait(mine, [operation])
            with gate:
                made.append(operation)

    begin = time.time()
    threads = [threading.Thread(target=one, args=(tenant,)) for tenant in tenants]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.time() - begin
    for tenant in tenants[:RUNNING]:
        starts.append(api.call("POST", "/v1/containers/%s:n0/start" % tenant)["id"])
    wait(api, starts)
    return len(made), took, tokens


def whole(api):
    """None lost, none doubled: by name, number, id range."""
    items, cursor = [], ""
    while cursor is not None:
        page = api.call("GET", "/v1/containers?limit=1000" + ("&cursor=" + cursor if cursor else ""))
        items += page["items"]
        cursor = page["next"]
    lost = CONTAINERS - len(items)
    doubled = sum(len(items) - len({i[key] for i in items}) for key in ("id", "ctid", "id_base"))
    return lost, doubled + len(items) - len({(i["tenant"], i["name"]) for i in items})


def load(where, path, n, connections=1, token=None):
    words = [LOAD, "-c", str(connections)] + (["-t", token] if token else []) + [where, path, str(n), "json"]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def cpu_us(pid, what, times):
    """Of that process for one of what is done so many times: a machine that does other work besides doesn't change it much."""

    def spent():
        return int(open("/proc/%s/schedstat" % pid, encoding="ascii").read().split()[0])

    before = spent()
    what()
    return (spent() - before) / 1000 / times


def calls_of(what):
    """System calls of the api meanwhile, by name; None where strace isn't there."""
    pid, out = os.environ["API_PID"], os.path.join(T, "strace")
    try:
        tracer = subprocess.Popen(["strace", "-f", "-y", "-o", out, "-p", pid], stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return None, None
    time.sleep(0.5)
    what()
    tracer.terminate()
    tracer.wait()
    lines = open(out, encoding="utf-8", errors="replace").read().splitlines()
    names = {}
    for line in lines:
        name = re.match(r"^\d+ +(\w+)\(", line)
        if name:
            names[name.group(1)] = names.get(name.group(1), 0) + 1
    return names, sum("cgroup" in line for line in lines)


def figure(what, value):
    print("%-62s %s" % (what, value), flush=True)


def verdict(what, right):
    print("%-62s %s" % (what, "met" if right else "MISSED"), flush=True)
    return right


def main():
    api = Api()
    made, took, tokens = fill(api)
    lost, doubled = whole(api)
    figure("%d containers created by 20 tenants at once, %d of them running" % (made, RUNNING), "%.1f s, %.1f ms each" % (took, took * 1000 / made))
    figure("lost, doubled", "%d, %d" % (lost, doubled))

    # The list, of all at once.
    path = "/v1/containers?limit=1000"
    answer = api.call("GET", path)
    states = {}
    for item in answer["items"]:
        states[item["state"]] = states.get(item["state"], 0) + 1
    lists = [load(SOCKET, path, 20)["median_us"] for _ in range(ROUNDS)]
    some = [load(SOCKET, path + "&fields=id,name,tenant,state", 20)["median_us"] for _ in range(ROUNDS)]
    figure("list of %d with state %s" % (len(answer["items"]), states), "%.1f ms, %d bytes" % (median(lists) / 1000, len(json.dumps(answer))))
    # 20, and one to warm up.
    figure("its time on a processor", "%.1f ms" % (cpu_us(os.environ["API_PID"], lambda: load(SOCKET, path, 20), 21) / 1000))
    figure("with fields=id,name,tenant,state", "%.1f ms" % (median(some) / 1000))
    names, cgroups = calls_of(lambda: load(SOCKET, path, 1))
    if names is not None:
        figure("system calls of the api for two lists, of them on control groups", "%d, %d" % (sum(names.values()), cgroups))

    # What Prometheus asks for: all figures of all, once each is read.
    time.sleep(11)
    scrape = "/v1/metrics"
    text = api.text("GET", scrape)
    scrapes = [load(SOCKET, scrape, 20)["median_us"] for _ in range(ROUNDS)]
    _, read = calls_of(lambda: load(SOCKET, scrape, 1))
    figure("metrics of all, %d lines" % text.count("\n"), "%.1f ms, %d bytes" % (median(scrapes) / 1000, len(text)))
    figure("its time on a processor", "%.1f ms" % (cpu_us(os.environ["API_PID"], lambda: load(SOCKET, scrape, 20), 21) / 1000))
    figure("containers that are read", text.count("berth_container_sample_timestamp_seconds{"))

    # One, by a token of its owner, beside the bare server with an answer of the same size.
    one = "/v1/containers/n0"
    size = len(json.dumps(Api(tokens["t0"]).call("GET", one), separators=(",", ":")))
    where = os.path.join(T, "bare.sock")
    bare = subprocess.Popen([os.path.join(BUILD, "tests/bench/bare"), where, str(size)])
    ours, theirs, ours8, theirs8 = [], [], [], []
    try:
        time.sleep(0.2)
        for _ in range(ROUNDS):
            theirs.append(load(where, "/", 20000))
            ours.append(load(TOKEN_SOCKET, one, 20000, token=tokens["t0"]))
            theirs8.append(load(where, "/", 20000, 8))
            ours8.append(load(TOKEN_SOCKET, one, 20000, 8, tokens["t0"]))
        # 20,000, and 200 to warm up.
        ours_cpu = cpu_us(os.environ["API_PID"], lambda: load(TOKEN_SOCKET, one, 20000, token=tokens["t0"]), 20200)
        theirs_cpu = cpu_us(bare.pid, lambda: load(where, "/", 20000), 20200)
    finally:
        bare.terminate()
        bare.wait()

    def of(runs, key):
        return median([run[key] for run in runs])

    ratio = of(ours, "per_second") / of(theirs, "per_second")
    tail = median([a["p99_us"] / b["p99_us"] for a, b in zip(ours8, theirs8)])
    figure("GET of one by a token, one connection; bare server", "%.0f/s; %.0f/s; ratio %.2f" % (of(ours, "per_second"), of(theirs, "per_second"), ratio))
    figure("its time on a processor; the bare server's", "%.1f us; %.1f us" % (ours_cpu, theirs_cpu))
    figure("p99 with 8 connections; bare server", "%.0f us; %.0f us; ratio %.2f" % (of(ours8, "p99_us"), of(theirs8, "p99_us"), tail))
    figure("with 8 connections: in the middle, rate", "%.0f us, %.0f/s" % (of(ours8, "median_us"), of(ours8, "per_second")))
    print()
    met = [
        verdict("none lost, none doubled", lost == 0 and doubled == 0),
        verdict("list of %d <= 20 ms" % CONTAINERS, median(lists) <= 20000),
        verdict("metrics of %d <= 100 ms" % CONTAINERS, median(scrapes) <= 100000),
        verdict("neither walks control groups", not cgroups and not read),
        verdict("GET >= 0.5 x bare", ratio >= 0.5),
        verdict("p99 with 8 connections <= 4 x bare's", tail <= 4),
    ]
    raise SystemExit(0 if all(met) else 1)


main()
