"""Callers at once: crowd.py SOCKET <REQUESTS, each line a JSON array [CALLER, TOKEN, METHOD, PATH, BODY].

A caller's requests go in order over a connection of its own; all callers begin together. Prints for each request a line of JSON:
caller, status, retry (the header Retry-After) and body. TOKEN "" is who runs this.
"""
import http.client
import json
import socket
import sys
import threading


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(sys.argv[1])


def serve(caller, requests, gate, out):
    connection = Connection("berth")
    connection.connect()
    gate.wait()
    for token, method, path, body in requests:
        headers = {"Authorization": "Bearer " + token} if token else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        out.append({"caller": caller, "status": answer.status, "retry": answer.getheader("Retry-After"), "body": json.loads(text) if text else None})


def main():
    callers, out = {}, []
    for line in sys.stdin:
        caller, *request = json.loads(line)
        callers.setdefault(caller, []).append(request)
    gate = threading.Barrier(len(callers))
    threads = [threading.Thread(target=serve, args=(c, r, gate, out)) for c, r in callers.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for line in out:
        print(json.dumps(line))


main()
