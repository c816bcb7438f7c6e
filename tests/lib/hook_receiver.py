#!/usr/bin/env python3
"""Takes webhooks: hook_receiver.py FOLDER [CERTIFICATE KEY]. Each request is a line of JSON in FOLDER/got; FOLDER/port tells the port.

What it answers depends on the path: /ok 200; /maybe 500 while FOLDER/broken is there; /redirect 302; /slow nothing; /huge 200 and
bytes without end; /long a head without end."""
import http.server, json, os, ssl, sys, threading, time

folder = sys.argv[1]
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        broken = self.path.startswith("/maybe") and os.path.exists(folder + "/broken")
        with lock, open(folder + "/got", "a") as f:
            f.write(json.dumps({"path": self.path, "broken": broken, "to": self.connection.getsockname()[0], "body": body.decode(),
                                "headers": {k.lower(): v for k, v in self.headers.items()}}) + "\n")
        try:
            if self.path.startswith("/slow"):
                time.sleep(60)
            if self.path.startswith("/huge"):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
                while True:
                    self.wfile.write(b"x" * 65536)
            if self.path.startswith("/long"):
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while True:
                    self.wfile.write(b"X-Filler: " + b"x" * 1000 + b"\r\n")
            self.send_response(500 if broken else 302 if self.path.startswith("/redirect") else 200)
            if self.path.startswith("/redirect"):
                self.send_header("Location", "/ok/redirected")
            self.send_header("Content-Length", "0")
            self.end_headers()
        except OSError:
            pass

    do_GET = do_POST


def serve(address, port):
    server = http.server.ThreadingHTTPServer((address, port), Handler)
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


try:
    wanted = int(open(folder + "/port").read())
except FileNotFoundError:
    wanted = 0
port = serve("127.0.0.1", wanted)
serve("127.0.0.2", port)
with open(folder + "/port", "w") as f:
    f.write(str(port))
while True:
    time.sleep(3600)
