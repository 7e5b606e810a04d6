#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""append.py DIR URL TOKEN: sends the lines of standard input as they are, as the agent whose folder DIR
is: what no importer writes (docs/formats/append.md). All of the stream's lines are kept in DIR/raw."""
import base64, hashlib, os, subprocess, sys, tempfile, urllib.request

folder, url, token = sys.argv[1:]
sha = lambda b: hashlib.sha256(b).digest()

def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\x01" + root(leaves[:k]) + root(leaves[k:]))

def sign(seed, message):
    with tempfile.TemporaryDirectory() as d:
        key, text = os.path.join(d, "key"), os.path.join(d, "text")
        open(key, "wb").write(bytes.fromhex("302e020100300506032b657004220420") + seed)
        open(text, "wb").write(message)
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", key, "-in", text],
            check=True, capture_output=True).stdout

kept = os.path.join(folder, "raw")
if not os.path.exists(kept):  # the genesis, which the folder was made with
    open(kept, "wb").write(open(os.path.join(folder, "lines"), "rb").read())
old = open(kept, "rb").read().splitlines(keepends=True)
sent = os.path.exists(kept + ".sent")
new = sys.stdin.buffer.read().splitlines(keepends=True)
lines = old + new
first = len(old) if sent else 0
secret = open(os.path.join(folder, "agent.key")).read().strip()
_, _, name, ident, encoded = secret.split("+", 4)
seed = base64.b64decode(encoded)[1:]
origin = name
top = root([sha(b"\x00" + line[:-1]) for line in lines])
text = ("%s\n%d\n%s\n" % (origin, len(lines), base64.b64encode(top).decode())).encode()
line = "\u2014 %s %s\n" % (name, base64.b64encode(bytes.fromhex(ident) + sign(seed, text)).decode())
body = ("append/v1\nold %d\nnew %d\n" % (first, len(lines))).encode() + text + b"\n" + line.encode() + b"\n"
body += b"".join(lines[first:])
stream = sha(origin.encode())[:16].hex()
request = urllib.request.Request("%s/v1/streams/%s/append" % (url, stream), body,
    {"Authorization": "Bearer " + token, "Content-Type": "text/plain"})
print(urllib.request.urlopen(request).read().decode())
open(kept, "wb").write(b"".join(lines))
open(kept + ".sent", "w").close()
