# SPDX-License-Identifier: Apache-2.0
"""proxy.py UPSTREAM PORTFILE: forwards GET. What the file PORTFILE.rule says is done to answers:
`flip SUFFIX` flips a bit in the middle of the first answer whose path ends so, `stall N` answers N times
and then hangs, `swap SUFFIX FILE` answers with the bytes of a file, `none` leaves all as it is."""

import http.server
import os
import sys
import threading
import time
import urllib.error
import urllib.request

UPSTREAM, PORTFILE = sys.argv[1:]
lock = threading.Lock()
state = {"rule": None, "served": 0, "done": False}


def rule():
    try:
        with open(PORTFILE + ".rule") as f:
            text = f.read().split()
    except FileNotFoundError:
        text = ["none"]
    with lock:
        if text != state["rule"]:
            state.update(rule=text, served=0, done=False)
        state["served"] += 1
        return text, state["served"]


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        what, n = rule()
        if what[0] == "stall" and n > int(what[1]):
            time.sleep(60)
        headers = {k: v for k, v in self.headers.items() if k.lower() in ("authorization", "accept")}
        try:
            with urllib.request.urlopen(urllib.request.Request(UPSTREAM + self.path, headers=headers)) as up:
                status, kind, body = up.status, up.headers["content-type"], up.read()
        except urllib.error.HTTPError as e:
            status, kind, body = e.code, e.headers["content-type"], e.read()
        if what[0] in ("flip", "swap") and not state["done"] and self.path.endswith(what[1]) and status == 200:
            state["done"] = what[0] == "flip"
            if what[0] == "swap":
                with open(what[2], "rb") as f:
                    body = f.read()
            else:
                at = len(body) // 2
                body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
            with open(PORTFILE + ".hit", "w") as f:
                f.write(self.path)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
with open(PORTFILE + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(PORTFILE + ".new", PORTFILE)
server.serve_forever()
