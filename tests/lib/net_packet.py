#!/usr/bin/env python3
"""Packets by hand, for tests in namespaces of their own.

serve PORT                     answers TCP and UDP on all addresses with the asker's address
ask tcp|udp ADDRESS PORT       prints the answer; status 1 without one
echo PORT                      sends back what comes, TCP and UDP
hold tcp|udp ADDRESS PORT N    N flows to an echo; for each line of input prints how many of them still answer
send IFACE KIND [KEY=VALUE...] one hand-made packet; its payload is `token`
send-lines                     the same, for each line of standard input
watch IFACE SECONDS            prints the token of every packet that arrives
nflog GROUP                    prints the prefix of every logged packet
bpdu IFACE PRIORITY.MAC        says that bridge is the spanning tree's root
arp IFACE SENDER TARGET        asks who has TARGET, as SENDER; prints the answer's MAC, or nothing
"""

import select
import socket
import struct
import sys
import time

MARK = b"BERTH:"


def serve(port):
    socks = []
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        s = socket.socket(socket.AF_INET6, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.bind(("::", port))
        if kind == socket.SOCK_STREAM:
            s.listen(16)
        socks.append(s)
    while True:
        for s in select.select(socks, [], [])[0]:
            if s.type == socket.SOCK_STREAM:
                c, peer = s.accept()
                c.sendall(peer[0].removeprefix("::ffff:").encode())
                c.close()
            else:
                data, peer = s.recvfrom(2000)
                s.sendto(peer[0].removeprefix("::ffff:").encode(), peer)


def ask(kind, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(0.7)
    try:
        s.connect((address, int(port)))
        if kind == "udp":
            s.send(b"?")
        answer = s.recv(200)
    except OSError:
        sys.exit(1)
    if not answer:
        sys.exit(1)
    print(answer.decode())


def echo(port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
    datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    datagrams.bind(("::", port))
    streams = []
    while True:
        for s in select.select([listener, datagrams, *streams], [], [])[0]:
            if s is listener:
                streams.append(s.accept()[0])
            elif s is datagrams:
                data, peer = s.recvfrom(2000)
                s.sendto(data, peer)
            else:
                try:
                    data = s.recv(2000)
                except OSError:
                    data = b""
                if data:
                    s.sendall(data)
                else:
                    streams.remove(s)
                    s.close()


def hold(kind, address, port, number):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flows = []
    for _ in range(int(number)):
        s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        s.settimeout(0.4)
        try:
            s.connect((address, int(port)))
            flows.append(s)
        except OSError:
            s.close()
    for line in sys.stdin:
        alive = 0
        for s in flows:
            try:
                s.send(line.encode())
                alive += s.recv(2000) == line.encode()
            except OSError:
                pass
        print(alive, flush=True)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac_of(text):
    return bytes.fromhex(text.replace(":", ""))


def own_mac(iface):
    with open("/sys/class/net/%s/address" % iface) as f:
        return mac_of(f.read().strip())


def pseudo(src, dst, proto, length):
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, proto, length)
    return src + dst + struct.pack("!II", length, proto)


def udp(src, dst, payload, sport=4000, dport=4001):
    head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    c = checksum(pseudo(src, dst, 17, 8 + len(payload)) + head + payload)
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), c or 0xFFFF) + payload


def ip4(src, dst, proto, body, flags=0, ident=1, ttl=64):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), ident, flags, ttl, proto, 0, src, dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def ip6(src, dst, proto, body, hops=64):
    return struct.pack("!IHBB", 6 << 28, len(body), proto, hops) + src + dst + body


def icmp6(src, dst, body):
    c = checksum(pseudo(src, dst, 58, len(body)) + body)
    return body[:2] + struct.pack("!H", c) + body[4:]


def addr(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def token_option(payload):
    """An option of neighbour discovery that nobody knows, and so skips."""
    data = payload.ljust(-(-(len(payload) + 2) // 8) * 8 - 2, b"\0")
    return struct.pack("!BB", 253, (len(data) + 2) // 8) + data


def fragments6(src, dst, body, cut, options):
    """ICMPv6 in two fragments; with options before it, the first 16 bytes, which hold the token."""
    proto = 58
    if options:
        body, proto = struct.pack("!BBBB", 58, 1, 1, 12) + options.ljust(12, b"\0") + body, 60
    return [ip6(src, dst, 44, struct.pack("!BBHI", proto, 0, at | more, 78) + part, 255)
            for at, more, part in ((0, 1, body[:cut]), (cut, 0, body[cut:]))]


def dhcp(o, payload):
    """op 2 is a server's; message 5 an ACK, 7 a release; `late`: its type isn't the first option; lease: seconds."""
    options = [struct.pack("!BBB", 53, 1, int(o.get("message", 5)))]
    if "lease" in o:
        options.append(struct.pack("!BB4sBBI", 54, 4, addr(o.get("src", "0.0.0.0")), 51, 4, int(o["lease"])))
    if "late" in o:
        options.insert(0, struct.pack("!BB4s", 1, 4, addr("255.255.255.0")))
    if "client" in o:
        options.append(struct.pack("!BBB6s", 61, 7, 1, mac_of(o["client"])))
    head = struct.pack("!BBBBIHH4s4s4s4s16s192s", int(o.get("op", 2)), 1, 6, 0, 7, 0, 0, addr(o.get("ciaddr", "0.0.0.0")),
                       addr(o.get("yiaddr", "0.0.0.0")), addr("0.0.0.0"), addr("0.0.0.0"), mac_of(o["chaddr"]), b"")
    return head + b"\x63\x82\x53\x63" + b"".join(options) + b"\xff" + payload


def build(kind, o):
    src, dst = addr(o.get("src", "0.0.0.0")), addr(o.get("dst", "0.0.0.0"))
    payload = MARK + o.get("token", "x").encode() + b";"
    six = len(src) == 16
    if kind == "udp":
        body = udp(src, dst, payload, int(o.get("sport", 4000)), int(o.get("dport", 4001)))
        return [ip6(src, dst, 17, body) if six else ip4(src, dst, 17, body)]
    if kind in ("dhcp", "dhcp-fragments"):
        body = udp(src, dst, dhcp(o, payload), int(o.get("sport", 67)), int(o.get("dport", 68)))
        if kind == "dhcp":
            return [ip4(src, dst, 17, body)]
        return [ip4(src, dst, 17, body[:256], flags=0x2000, ident=79), ip4(src, dst, 17, body[256:], flags=256 // 8, ident=79)]
    if kind == "fragments":
        body = udp(src, dst, payload.ljust(64, b"."), int(o.get("sport", 4000)), int(o.get("dport", 4001)))
        cut = 32
        if six:
            def part(off, more, data):
                return ip6(src, dst, 44, struct.pack("!BBHI", 17, 0, off | more, 77) + data)
            return [part(0, 1, body[:cut]), part(cut, 0, body[cut:])]
        return [ip4(src, dst, 17, body[:cut], flags=0x2000, ident=77), ip4(src, dst, 17, body[cut:], flags=cut // 8, ident=77)]
    if kind == "options":
        body = udp(src, dst, payload)
        return [ip6(src, dst, 0, struct.pack("!BBBBI", 17, 0, 1, 4, 0) + body)]
    if kind == "source-route":
        body = udp(src, dst, payload)
        option = b"\x83\x07\x04" + addr(o["via"]) + b"\0"
        head = struct.pack("!BBHHHBBH4s4s", 0x47, 0, 28 + len(body), 1, 0, 64, 17, 0, src, dst) + option
        return [head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body]
    if kind == "ra":
        prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 3600, 3600, 0) + addr("2001:db8:bad::")
        body = icmp6(src, dst, struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + (b"" if "options" in o else token_option(payload)) + prefix)
        return fragments6(src, dst, body, int(o["cut"]), "options" in o and payload) if "cut" in o else [ip6(src, dst, 58, body, 255)]
    if kind in ("ns", "na"):
        target = addr(o["target"])
        flags = 0 if kind == "ns" else 0x60000000
        option = struct.pack("!BB", 1 if kind == "ns" else 2, 1) + mac_of(o["lladdr"])
        return [ip6(src, dst, 58, icmp6(src, dst, struct.pack("!BBHI", 135 if kind == "ns" else 136, 0, 0, flags) + target + option + token_option(payload)), 255)]
    if kind == "redirect":
        inner = ip4(dst, addr(o["target"]), 17, b"\0" * 8)
        body = struct.pack("!BBH4s", 5, 1, 0, src) + inner
        return [ip4(src, dst, 1, body[:2] + struct.pack("!H", checksum(body)) + body[4:])]
    if kind == "redirect6":
        body = struct.pack("!BBHI", 137, 0, 0, 0) + src + addr(o["target"])
        return [ip6(src, dst, 58, icmp6(src, dst, body + token_option(payload)), 255)]
    if kind == "ether":
        return [payload.ljust(46, b".")]
    sys.exit("no kind " + kind)


def send(iface, kind, o):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((iface, 0))
        send_on(s, iface, kind, o)


def send_on(s, iface, kind, o):
    for packet in build(kind, o):
        ether = bytes.fromhex(o["type"]) if "type" in o else b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
        tag = struct.pack("!HH", 0x8100, int(o["vlan"])) if "vlan" in o else b""
        if "outer" in o:
            tag = struct.pack("!HH", 0x88A8, int(o["outer"])) + tag
        source = mac_of(o["mac"]) if "mac" in o else own_mac(iface)
        s.send(mac_of(o["to"]) + source + tag + ether + packet)


def arp(iface, sender, target):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    s.bind((iface, 0x0806))
    me = own_mac(iface)
    s.send(b"\xff" * 6 + me + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + me + addr(sender) + b"\0" * 6 + addr(target))
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        if not select.select([s], [], [], end - time.monotonic())[0]:
            break
        p = s.recv(100)
        # The kernel may have asked for itself meanwhile.
        if p[20:22] == b"\0\x02" and p[28:32] == addr(target) and p[38:42] == addr(sender):
            print(p[22:28].hex(":"))
            return


def bpdu(iface, root):
    bridge = bytes.fromhex(root.replace(".", ""))
    frame = b"\x42\x42\x03" + struct.pack("!HBBB8sI8sHHHHH", 0, 0, 0, 0, bridge, 0, bridge, 0x8001, 0, 20 << 8, 2 << 8, 15 << 8)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((iface, 0))
        s.send(b"\x01\x80\xc2\0\0\0" + own_mac(iface) + struct.pack("!H", len(frame)) + frame.ljust(46, b"\0"))


def watch(iface, seconds):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((iface, 3))
    print("watching", flush=True)
    end = time.monotonic() + float(seconds)
    while (left := end - time.monotonic()) > 0:
        if select.select([s], [], [], left)[0]:
            try:
                p = s.recv(2000)
            except OSError:  # the interface went down
                continue
            at = p.find(MARK)
            if at >= 0:
                print(p[at + len(MARK):p.index(b";", at)].decode(), flush=True)


def nflog(group):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)

    def configure(attribute, payload):
        attr = struct.pack("=HH", 4 + len(payload), attribute) + payload + b"\0" * (-len(payload) % 4)
        s.send(struct.pack("=IHHII", 20 + len(attr), 4 << 8 | 1, 5, 0, 0) + struct.pack("!BBH", 0, 0, group) + attr)
        s.recv(4096)

    configure(1, b"\x01")
    configure(2, struct.pack("!IBB", 0, 1, 0))
    print("listening", flush=True)
    while True:
        data = s.recv(65536)
        while len(data) >= 16:
            length = struct.unpack_from("=I", data)[0]
            attrs = data[20:length]
            while len(attrs) >= 4:
                size, kind = struct.unpack_from("=HH", attrs)
                if kind & 0x3fff == 10:
                    print(attrs[4:size].rstrip(b"\0").decode(), flush=True)
                attrs = attrs[(size + 3) & ~3:]
            data = data[(length + 3) & ~3:]


def main(argv):
    if argv[0] == "serve":
        serve(int(argv[1]))
    elif argv[0] == "ask":
        ask(*argv[1:])
    elif argv[0] == "send":
        send(argv[1], argv[2], dict(word.split("=", 1) for word in argv[3:]))
    elif argv[0] == "send-lines":
        for line in sys.stdin:
            iface, kind, *words = line.split()
            send(iface, kind, dict(word.split("=", 1) for word in words))
    elif argv[0] == "arp":
        arp(*argv[1:])
    elif argv[0] == "bpdu":
        bpdu(*argv[1:])
    elif argv[0] == "echo":
        echo(int(argv[1]))
    elif argv[0] == "hold":
        hold(*argv[1:])
    elif argv[0] == "nflog":
        nflog(int(argv[1]))
    elif argv[0] == "watch":
        watch(argv[1], argv[2])
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
