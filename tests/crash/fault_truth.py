"""What the daemon says, held against what is so: each difference a line."""
import os

from fault_host import Network, call

RULED_PORTS = (4711, 4712)
PLACE_FIELDS = ("ip", "firewall", "firewall_operator", "blocked_ports", "connections", "forwards", "net_weight")
THROTTLED_RATE = 1  # Mbit/s, berthd.conf's throttle_rate when left out
FIRST_SHARE, USUAL_WEIGHT = 16, 100  # the uplink's class of the first id range; the weight when left out
MBIT = 125000


class Truth:
    def __init__(self, host):
        self.host = host
        self.wrong = []

    def add(self, what, found, wanted):
        if found != wanted:
            self.wrong.append(f"{what}: {found}, wanted {wanted}")

    def lies(self):
        """All that isn't true at this moment."""
        self.wrong = []
        status, body = call("GET", "/containers")
        if status != 200:
            return ["nobody answers"]
        rows = {c["id"]: c for c in body["items"]}
        for row in rows.values():
            self.look_at(row)
        held = sorted(a["address"] for a in call("GET", "/addresses")[1].get("items", []))
        self.add("addresses that are held", held, sorted(a for row in rows.values() for a in row["ip"]))
        # One whose deletion failed past the point of no return may lack anything.
        half = {i for i, row in rows.items() if row["state"] == "deleting"}
        up = [row for row in rows.values() if self.is_up(row)]
        self.look_for_leaks(rows, half, sorted(row["ctid"] for row in up))
        network = Network(self.host)
        self.look_at_network(network, up, list(rows.values()))
        known = {r.get("ctid") for r in rows.values()}
        for ctid in network.known() - known:
            self.wrong.append(f"the firewall still knows the container {ctid}")
        if self.templates() != self.host.templates():
            self.wrong.append(f"templates {self.templates()}, but there are {self.host.templates()}")
        return self.wrong

    @staticmethod
    def is_up(row):
        """Also one that was frozen for its suspension."""
        return row["state"] in ("running", "frozen") or (row["state"] == "suspended" and row.get("pid", 0) > 1)

    @staticmethod
    def templates():
        items = call("GET", "/templates")[1].get("items", [])
        return sorted(f"{t['name']}@{t['version']}" for t in items)

    @staticmethod
    def open_operations():
        items = call("GET", "/operations?limit=20")[1].get("items")
        if items is None:
            return ["?"]
        return [f"{o['kind']} {o['state']}" for o in items if o["state"] in ("queued", "running")]

    def look_at(self, row):
        host, what = self.host, f"{row['name']} is {row['state']}"
        if self.is_up(row):
            if not host.read(f"/proc/{row.get('pid')}/status"):
                self.wrong.append(f"{what}, but there is no process {row.get('pid')}")
            limit = host.memory_limit(row["ctid"])
            if limit != str(row["memory"]):
                self.wrong.append(f"{what} with {row['memory']} bytes, but its control group has '{limit}'")
        elif row["state"] == "deleting":
            return
        elif row["state"] in ("stopped", "crashed", "suspended"):
            if "id_base" in row and host.with_ids(row["id_base"]):
                self.wrong.append(f"{what}, but has processes: {host.with_ids(row['id_base'])}")
        else:
            self.wrong.append(what)
        for field in PLACE_FIELDS:
            registered = host.registered(row["id"], field)
            # What is usual needs no entry.
            if (registered or None) != (row.get(field) or None) and (field, registered, row.get(field)) != ("net_weight", None, 100):
                self.wrong.append(f"{row['name']} has {field} {row.get(field)}, the registry says {registered}")

    def look_for_leaks(self, rows, half, up):
        host, known = self.host, {r.get("ctid") for r in rows.values()}
        whole = sorted(set(rows) - half)
        self.add("registry entries", sorted(set(host.registry()) - half), whole)
        self.add("volumes", sorted(set(host.volumes()) - half), whole)
        self.add("monitors", host.monitors(), up)
        self.add("control groups", sorted({int(g.rsplit("/", 1)[1]) for g in host.groups()} - {host.littered}), up)
        self.add("unfinished templates", host.template_rests(), [])
        self.add("jobs", host.jobs(), [])
        self.add("open operations", self.open_operations(), [])
        for ctid in os.listdir(host.dir + "/r/ct") if os.path.isdir(host.dir + "/r/ct") else []:
            if int(ctid) not in known and int(ctid) != host.littered:
                self.wrong.append(f"the run directory of {ctid} is still there")

    def look_at_network(self, network, up, rows):
        """Exact for those that run. What a stopped one had may lie there until it starts again or is deleted, and no longer."""
        host, numbers = self.host, {row["ctid"] for row in up}
        self.add("links", [n for n in network.routed if n != host.littered], sorted(numbers))
        wanted = {row["ctid"]: [f"{row['ctid']}-{n.split()[0]}" for n in host.registered(row["id"], "nics") or []] for row in rows}
        nics = sorted(n for ctid in numbers for n in wanted[ctid])
        self.add("interfaces on networks", [n for n in network.nics if not n.startswith(f"{host.littered}-")], nics)
        addresses = sorted(n.split(":")[1] for row in up for n in row.get("net", []))
        checked = [(n, address) for n, address in network.checked() if int(n.split("-")[0]) in numbers]
        self.add("interfaces on networks that are checked", [n for n, _ in checked], nics)
        self.add("addresses on networks", sorted(str(address) for _, address in checked), addresses)
        self.look_at_bridges(network, up, rows)
        for row in rows:
            if row["state"] != "deleting":
                self.look_at_policy(network, row, row["ctid"] in numbers)
        for row in up:
            self.look_at_rates(network, row)
        self.look_at_halves(network, up, rows)
        self.look_at_shares(network, up, rows)

    def look_at_bridges(self, network, up, rows):
        needed, allowed = ({n.split()[1] for row in some for n in self.host.registered(row["id"], "nics") or []} for some in (up, rows))
        bridges = [b for b in network.bridges if not (self.host.littered and b == "-99-9")]
        if not len(needed) <= len(bridges) <= len(allowed):
            self.wrong.append(f"bridges: {bridges} for {len(needed)} networks that are used, of {len(allowed)}")

    def look_at_policy(self, network, row, runs):
        ports = sorted(p for p in RULED_PORTS if any(f" {p}" in rule for rule in row.get("firewall", [])))
        ruled = network.ruled(row["ctid"], RULED_PORTS)
        if ruled != ports and (runs or ruled):
            self.wrong.append(f"{row['name']}'s firewall has rules about {ruled}, wanted {ports}")
        sources = network.sources(row["ctid"])
        if sources != set(row["ip"]) if runs else not sources <= set(row["ip"]):
            self.wrong.append(f"{row['name']} may send from {sorted(sources)}, wanted {row['ip']}")
        address = next((a for a in row["ip"] if ":" not in a), "")
        wanted = sorted((w[0], w[1], address, w[3]) for w in (f.split() for f in row.get("forwards", [])))
        found = [f for f in network.forwards() if f[2] == address]
        if found != wanted and (runs or found):
            self.wrong.append(f"what is forwarded to {row['name']} is {found}, wanted {wanted}")

    @staticmethod
    def rate(row, field):
        rate = row.get(field) or 0
        return (min(rate, THROTTLED_RATE) or THROTTLED_RATE) if row.get("throttled") else rate

    def look_at_rates(self, network, row):
        for field, link in (("rate_in", str(row["ctid"])), ("rate_out", f"{row['ctid']}i")):
            self.add(f"{row['name']}'s {field}", network.buckets.get(link, 0), self.rate(row, field) * MBIT)

    def look_at_halves(self, network, up, rows):
        needed = {f"{row['ctid']}i" for row in up if self.rate(row, "rate_out")}
        allowed = needed | {f"{row['ctid']}i" for row in rows if row not in up} | {f"{self.host.littered}i"}
        if not needed <= set(network.halves) <= allowed:
            self.wrong.append(f"ifb links: {network.halves}, wanted {sorted(needed)}")

    def look_at_shares(self, network, up, rows):
        """By their ratio to the usual weight's: the quantum of that depends on the link."""
        def share(row):
            return (row["id_base"] - self.host.base) // 65536 + FIRST_SHARE

        usual = next((network.shares.get(share(row)) for row in up if row["net_weight"] == USUAL_WEIGHT), None)
        if usual:
            for row in up:
                self.add(f"{row['name']}'s share of the uplink", network.shares.get(share(row)), usual * row["net_weight"] // USUAL_WEIGHT)
        strange = {n for n in network.shares if n >= FIRST_SHARE} - {share(row) for row in rows}
        if strange:
            self.wrong.append(f"the uplink still has a share for {sorted(strange)}")
