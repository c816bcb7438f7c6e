#!/usr/bin/env python3
"""Plays every example of the API's reference and holds its request and answer against the reference: reference.py SOCKET"""
import json, re, socket, subprocess, sys

import jsonschema

SOCKET = sys.argv[1]
METHODS = ("get", "post", "patch", "put", "delete")
variables = {}
failures = []


def fetch(path):
    out = subprocess.run(["curl", "-s", "--unix-socket", SOCKET, "http://localhost" + path], capture_output=True, check=True)
    return json.loads(out.stdout)


doc = fetch("/v1/openapi.json")


def check(ok, what):
    print(("ok    " if ok else "FAIL  ") + what)
    if not ok:
        failures.append(what)


def resolve(node):
    while "$ref" in node:
        where = doc
        for part in node["$ref"][2:].split("/"):
            where = where[part]
        node = where
    return node


def fits(schema, value, what):
    """The schema with the document's components beside it, so that references resolve."""
    whole = {"components": doc["components"], "$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    errors = list(jsonschema.Draft202012Validator(whole).iter_errors(value))
    check(not errors, what + ("" if not errors else ": " + errors[0].message[:300]))


def shown_only(schema, value, what):
    """An answer holds nothing that the reference doesn't tell of."""
    schema = resolve(schema)
    if isinstance(value, list):
        for item in value:
            shown_only(schema.get("items", {}), item, what)
    elif isinstance(value, dict) and "properties" in schema:
        extra = set(value) - set(schema["properties"])
        check(not extra, what + (": not told of: " + ", ".join(sorted(extra)) if extra else ""))
        for name in set(value) & set(schema["properties"]):
            shown_only(schema["properties"][name], value[name], what + "." + name)


def remember(body):
    if isinstance(body, dict) and "kind" in body and "id" in body:
        variables["OPERATION"] = body["id"]
    if isinstance(body, dict) and "token" in body:
        variables["TOKEN"] = body["id"]
    if isinstance(body, dict) and "url" in body and "id" in body:
        variables["WEBHOOK"] = body["id"]


def play_curl(example):
    """Exactly what the reference shows, but for the socket's place."""
    command = example["source"].replace("/run/berth/berth.sock", SOCKET)
    out = subprocess.run(["bash", "-c", command + " -s -m 60 -w '\\n%{http_code}'"], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **variables})
    body, _, status = out.stdout.rpartition("\n")
    return int(status or 0), body


def play_stream(method, example):
    body = json.dumps(example["body"]).encode()
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(SOCKET)
    s.sendall(b"%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: berth-stream/1\r\nContent-Length: %d\r\n\r\n%s"
              % (method.encode(), example["path"].encode(), len(body), body))
    head = s.recv(65536)
    s.close()
    return int(head.split()[1]), ""


def check_request(op, example, what):
    if "body" in example and example["status"] < 400:
        fits(op["requestBody"]["content"]["application/json"]["schema"], example["body"], what + " asks as told")
    query = example["path"].partition("?")[2]
    known = {p["name"] for p in op["parameters"] if p["in"] == "query"}
    check(all(word.split("=")[0] in known for word in query.split("&") if word), what + ": its parameters are told of")


def check_answer(op, status, body, what):
    response = resolve(op["responses"].get(str(status)) or op["responses"]["default"])
    for kind, content in response.get("content", {}).items():
        if kind == "text/event-stream":
            for line in re.findall("^data: (.*)$", body, re.M):
                fits(content["schema"], json.loads(line), what + " streams as told")
                shown_only(content["schema"], json.loads(line), what + "'s event")
        elif "json" in kind:
            fits(content["schema"], json.loads(body), what + " answers as told")
            shown_only(content["schema"], json.loads(body), what + "'s answer")
            remember(json.loads(body))


steps = []
for path, ops in doc["paths"].items():
    for method in METHODS:
        if method in ops:
            check(bool(ops[method].get("x-berth-examples")), ops[method]["operationId"] + " has an example")
            steps += [(e["step"], method.upper(), ops[method], e) for e in ops[method].get("x-berth-examples", [])]
for step, method, op, example in sorted(steps, key=lambda s: s[0]):
    what = "%d %s %s" % (step, method, example["path"])
    check_request(op, example, what)
    status, body = play_stream(method, example) if "source" not in example else play_curl(example)
    check(status == example["status"], what + " is answered %d" % example["status"] + ("" if status == example["status"] else ", not %d: %s" % (status, body[:300])))
    if status == example["status"]:
        check_answer(op, status, body, what)
print("%d examples, %d failures" % (len(steps), len(failures)))
sys.exit(bool(failures))
