"""The engine's protocol from the api's side, for tests that play a taken-over api.

The rows are read from the C tables, so that there is one definition of them.
"""
import array
import os
import re
import socket
import struct

MAGIC, VERSION = 0x42525448, 1
SOURCES = ("schema/protocol.c", "schema/container.c", "schema/spec.c", "schema/settings.c")
ROW = re.compile(r"(BOOL|INT|SIZE|MILLI|TIME|STRING|LIST|LINES|OBJECT)_FIELD\(\s*\w+,\s*(\w+),(?:[^\n]*?&(\w+)_schema)?")


class Wire:
    def __init__(self, top):
        self.tables = {}
        for source in SOURCES:
            text = open(os.path.join(top, source), encoding="utf-8").read()
            for name, body in re.findall(r"static const struct field (\w+)_fields\[\] = \{(.*?)END_FIELDS", text, re.S):
                self.tables[name] = [("LIST" if kind == "LINES" else kind, field, sub) for kind, field, sub in ROW.findall(body)]
        text = open(os.path.join(top, "schema/protocol.def"), encoding="utf-8").read()
        rows = re.findall(r"^MSG\((\w+), (\w+)_schema", text, re.M)
        self.types = [name for name, _ in rows]
        self.schema_of = dict(rows)

    def encode_record(self, table, values):
        out = b""
        for index, (kind, field, sub) in enumerate(self.tables[table]):
            if field not in values:
                continue
            value = values[field]
            if isinstance(value, bytes):
                payload = value
            elif kind == "STRING":
                payload = value.encode()
            elif kind == "LIST":
                payload = b"".join(struct.pack("<I", len(v.encode())) + v.encode() for v in value)
            elif kind == "OBJECT":
                payload = self.encode_record(sub, value)
            else:
                payload = struct.pack("<q", int(value))
            out += struct.pack("<BI", index, len(payload)) + payload
        return out

    def decode_record(self, table, data):
        values, at = {}, 0
        while at < len(data):
            index, size = struct.unpack_from("<BI", data, at)
            payload = data[at + 5:at + 5 + size]
            at += 5 + size
            kind, field, sub = self.tables[table][index]
            if kind == "STRING":
                values[field] = payload.decode("utf-8", "replace")
            elif kind == "LIST":
                items, p = [], 0
                while p < len(payload):
                    (length,) = struct.unpack_from("<I", payload, p)
                    items.append(payload[p + 4:p + 4 + length].decode("utf-8", "replace"))
                    p += 4 + length
                values[field] = items
            elif kind == "OBJECT":
                values[field] = self.decode_record(sub, payload)
            else:
                (values[field],) = struct.unpack("<q", payload)
        return values

    def encode(self, name, values):
        header = struct.pack("<IHH", MAGIC, VERSION, self.types.index(name))
        return header + self.encode_record(self.schema_of[name], values)

    def decode(self, data):
        _, _, number = struct.unpack_from("<IHH", data)
        name = self.types[number]
        return name, self.decode_record(self.schema_of[name], data[8:])

    def send(self, sock, name, values, fds=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        sock.sendmsg([self.encode(name, values)], ancillary)

    def recv(self, sock, timeout=30):
        sock.settimeout(timeout)
        data = sock.recv(1 << 18)
        return self.decode(data) if data else (None, {})
