#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile_http.py DIR CONTRACT STREAM WITNESSED WITNESS: what an attacker posts to the statement, enrolment, append and witness
endpoints and asks of the reading ones. Each is refused with a 4xx, in words; nothing of it is kept."""
import json, os, re, sys, urllib.error, urllib.request
from base64 import b64encode
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "independent"))
from forge import Key, checkpoint, note, text_of
from formats import Tree, hexsha

DIR, CONTRACT, STREAM, WITNESSED, WITNESS = sys.argv[1:6]
URL, OPERATOR, AGENT = (os.environ[n] for n in ("TALLYSTICK_URL", "TALLYSTICK_TOKEN", "AGENT_TOKEN"))
P, C = (Key.load("%s/%s.key" % (DIR, n)) for n in ("provider", "consumer"))
ORIGIN = "tally.example/%s/c9/meter/g1" % CONTRACT
wrong, tried = [], 0


def ask(name, url, body=None, token=OPERATOR, want=range(400, 500)):
    global tried
    tried += 1
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "text/plain", **(
        {"Authorization": "Bearer " + token} if token else {})})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, data = answer.status, answer.read()
    except urllib.error.HTTPError as e:
        status, data = e.code, e.read()
        if status != 409 and not json.loads(data).get("code"):
            wrong.append("%s: %d without a code" % (name, status))
    except urllib.error.URLError as e: # it may hang up on what is too long, before all of it was sent
        hung_up = isinstance(e.reason, (BrokenPipeError, ConnectionResetError)) and len(body or b"") >= 1 << 20
        status, data = 413 if hung_up else 0, repr(e).encode()
    if status not in want:
        wrong.append("%s: %d %s" % (name, status, data[:200]))
    return status, data


def line(key, text, spare=False, kind=None):
    out = key.line(text)
    if spare: # one bit more in the last character
        m = re.search(rb"(.)(=*)\n$", out)
        out = out[: m.start()] + bytes([m[1][0] + 1]) + m[2] + b"\n"
    return out


def bodies(text):
    """Ways to spoil a note that would be good."""
    good = note(text, P, C)
    more = b"".join(Key.made("w%d.example/w" % n).line(text) for n in range(63))
    yield "65 signature lines", good + more
    yield "spare bits in base64", text + b"\n" + line(P, text, True) + line(C, text)
    yield "NUL in the text", good.replace(b"reason ", b"reason \0")
    yield "NUL behind", good + b"\0"
    yield "CR", good.replace(b"\n", b"\r\n")
    yield "nothing", b"\n"
    yield "no signature", text + b"\n"
    yield "signed by somebody", note(text, Key.made("somebody.example/statements"))
    yield "the provider's name, another key", note(text, Key.made(P.name))
    yield "the provider's name and id, another signature", text + b"\n" + re.sub(rb" \S+\n$", b" " + b64encode(P.id + bytes(
        64)) + b"\n", P.line(text))
    yield "2 MB", good + b"x" * (2 << 20)
    yield "broken UTF-8", good.replace(b"reason ", b"reason \xff\xfe")


def desk():
    url = "%s/v1/contracts/%s/statements" % (URL, CONTRACT)
    release = ("tallystick/event/v1\ncontract %s\nkind release\nserial 1\nat 1777593600000\nlines tally.example/%s/c1/agent/g1 1 2\n"
        "reason they count\n" % (CONTRACT, CONTRACT)).encode()
    for name, body in bodies(release):
        ask("desk: " + name, url, body)
    for pattern, new in (("serial 1", "serial 0"), ("serial 1", "serial 9223372036854775808"), ("serial 1", "serial 01"), ("serial 1",
            "serial -1"), ("at \\d+", "at 9223372036854775807"), ("at \\d+", "at 99999999999999999999"), ("g1 1 2", "g1 2 1"), ("g1 1 2",
            "g1 1 9223372036854775807"), ("g1 1 2", "g1  1 2"), ("/g1", "/g0"), ("/c1/", "/../"), ("reason .*", "reason "), ("reason .*",
            "reason " + "x" * 201), ("reason .*", "reason a\nb"), ("kind release", "kind tick"), ("kind release", "kind issue"),
            ("kind release", "kind"), (CONTRACT, "0" * 32), ("event/v1", "event/v2"), ("event/v1", "contract/v1")):
        ask("desk: %s" % new[:40], url, note(re.sub(pattern, new, release.decode(), count=1).encode(), P, C))
    for text in ("tallystick/event/v1\ncontract %s\nkind gap\nserial 1\nat 1777593600000\nperiod 0 9223372036854775807\nmissing 1\nlist "
            + "0" * 64 + "\n", "tallystick/event/v1\ncontract %s\nkind notice\nserial 1\nat 1777593600000\nby consumer\nend 1\n",
            "tallystick/event/v1\ncontract %s\nkind notice\nserial 1\nat 1777593600000\nby consumer\nend 9223372036854775807\n",
            "tallystick/revoke/v1\ncontract %s\norigin -\ncompromised-since 9223372036854775807\ncovered -\nreason x\n",
            "tallystick/revoke/v1\ncontract %s\norigin tally.example/x/y/z/g1\ncompromised-since -\ncovered 9223372036854775807\nreason x\n",
            "tallystick/reattest/v1\ncontract %s\norigin tally.example/x/y/z/g1\nfrom 0 " + "A" * 43 + "=\nto 9223372036854775807 " +
            "B" * 43 + "=\n", "tallystick/period/v1\ncontract %s\nbook provider\nthrough 9999-12-31\ncut 9223372036854775807\nstate " +
            "0" * 64 + "\n", "tallystick/period/v1\ncontract %s\nbook auditor\nthrough 2026-06-30\ncut 0\nstate " + "0" * 64 + "\n",
            "tallystick/reservation/v1\ncontract %s\nbook provider\nthrough 2026-06-31\nstatement " + "0" * 64 + "\nreason x\n"):
        ask("desk: " + text.split("\n")[0] + " " + text.split("\n")[-2][:30], url, note((text % CONTRACT).encode(), P, C))


def enrolment():
    key = Key.made(ORIGIN)
    text = ("tallystick/key/v1\ncontract {}\norigin {}\nvkey {}\nside provider\nscope clusters c9\nscope resources -\nscope skus -\n"
        "window 86400000\nactive 1780272000000 -\nfrom_ms 1780272000000\nprevious -\n").format(CONTRACT, ORIGIN, key.vkey).encode()
    small = b"\1" + bytes([1]) + bytes(31) # the neutral element
    odd = lambda pk: ORIGIN + "+" + __import__("hashlib").sha256(ORIGIN.encode() + b"\n" + pk).digest()[:4].hex() + "+" + b64encode(pk).decode()
    for pattern, new in ((rb"vkey .*", ("vkey " + odd(small)).encode()), (rb"vkey .*", ("vkey " + odd(b"\1" + b"\xff" * 32)).encode()),
            (rb"vkey .*", ("vkey " + odd(b"\1" + bytes(32))).encode()), (rb"vkey .*", ("vkey " + odd(b"\4" + key.vkey.encode()[-32:])).encode()),
            (rb"\+[0-9a-f]{8}\+", b"+00000000+"), (rb"window \d+", b"window 59999"), (rb"window \d+", b"window 9223372036854775807"),
            (rb"active \d+", b"active 9223372036854775807"), (rb"active \d+ -", b"active 2 1"), (rb"/g1\n",
            b"/g0\n"), (rb"/g1\n", b"/g2\n"), (rb"/c9/", b"/../"), (rb"clusters c9", b"clusters c9,c8"), (rb"resources -", b"resources " +
            b",".join(b"n%03d" % n for n in range(65))), (rb"resources -", b"resources n,n1"), (rb"previous -", b"previous x 1 " + b"A" * 43 +
            b"="), (rb"side provider", b"side auditor")):
        ask("enrol: %r" % new[:30], URL + "/v1/streams", note(re.sub(pattern, new, text, count=1), P, key))
    for name, signers in (("by its key alone", (key,)), ("by the other company", (C, key)), ("without its key", (P,))):
        ask("enrol: " + name, URL + "/v1/streams", note(text, *signers))


def append():
    url = "%s/v1/streams/%s/append" % (URL, STREAM)
    key = Key.load(DIR + "/agent/agent.key")
    tree = Tree()
    for raw in open(DIR + "/agent/lines", "rb").read().split(b"\n")[:-1]:
        tree.add(raw)
    size = tree.size
    tree.add(b"more")
    leaf = checkpoint(key.name, tree, key)
    for name, body in (("old beyond 2^63", b"append/v1\nold 9223372036854775808\nnew 1\n" + leaf + b"\nmore\n"), ("new beyond 2^63",
            b"append/v1\nold %d\nnew 9223372036854775808\n" % size + leaf + b"\nmore\n"), ("a million lines that are not there",
            b"append/v1\nold %d\nnew 1000000\n" % size + leaf + b"\nmore\n"), ("new is old", b"append/v1\nold %d\nnew %d\n" % (size + 1,
            size + 1) + leaf + b"\n"), ("no last LF", b"append/v1\nold %d\nnew %d\n" % (size, size + 1) + leaf + b"\nmore"), ("one line more",
            b"append/v1\nold %d\nnew %d\n" % (size, size + 1) + leaf + b"\nmore\nmore\n"), ("other bytes", b"append/v1\nold %d\nnew %d\n" %
            (size, size + 1) + leaf + b"\nless\n"), ("a line of 70 KB", b"append/v1\nold %d\nnew %d\n" % (size, size + 1) + leaf + b"\n" +
            b"m" * 70000 + b"\n"), ("65 signature lines", b"append/v1\nold %d\nnew %d\n" % (size, size + 1) + leaf + b"".join(Key.made(
            "w%d.example/w" % n).line(text_of(leaf)) for n in range(64)) + b"\nmore\n"), ("spare bits", b"append/v1\nold %d\nnew %d\n" %
            (size, size + 1) + text_of(leaf) + b"\n" + line(key, text_of(leaf), True) + b"\nmore\n"), ("nothing", b"\n"), ("NULs", bytes(64))):
        ask("append: " + name, url, body, token=AGENT)


def reading():
    base = URL + "/v1/contracts/" + CONTRACT
    for path in ("%s/v1/usage/%s/%%s/proof" % (URL, STREAM),):
        for index in ("9223372036854775807", "9223372036854775808", "-1", "1e3", "%00", "..", "0x1", "01", "+1"):
            ask("proof " + index, path % index)
    for tile in ("tile/64/000", "tile/-1/000", "tile/0/x999/x999/x999/x999/x999/x999/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/-1",
            "tile/0/1000", "tile/0/..", "tile/0/%2e%2e/000", "tile/entries/x999/999", "tile/0/x000", "checkpoints?after=9223372036854775808"):
        ask(tile, "%s/log/%s/inputs/%s" % (URL, CONTRACT, tile))
    for query in ("/bundle?period=9999-99", "/bundle?period=../../x", "/bundle", "/bundle?period=2026-05&from=2026-06", "/completeness?from="
            "9999-12-31T00:00:00Z&to=2026-01-01T00:00:00Z", "/completeness?period=2026-06&limit=0", "/usage?limit=1000000000", "/usage?after=x",
            "/entries?limit=-1", "/entries?after=9223372036854775808", "/completeness?period=2026-06&from=2026-06-01T00:00:00Z",
            "/usage/summary?from=2026-07-01T00:00:00Z&to=2026-06-01T00:00:00Z", "/usage?sku=%00", "/usage?sku=%ff", "/terms?version=9223372036854775808",
            "/diff?from=9223372036854775807&to=1", "/periods/2026-13/preview", "/periods/%2e%2e/preview", "/statements/" + "0" * 63,
            "/statements?kind=%27;drop"):
        ask(query, base + query)


def witness():
    text = lambda size, root=bytes(32): ("tally.example/%s/inputs\n%d\n%s\n" % (WITNESSED, size, b64encode(root).decode())).encode()
    log = Key.load(DIR + "/inputs.key")
    add = lambda name, body, **more: ask("witness: " + name, WITNESS + "/add-checkpoint", body, token=None, **more)
    proof = b64encode(bytes(32)) + b"\n"
    add("nothing", b"\n")
    add("old beyond 2^63", b"old 9223372036854775808\n\n" + note(text(9), log))
    add("old of 20 digits", b"old 99999999999999999999\n\n" + note(text(9), log))
    add("old 00", b"old 00\n\n" + note(text(9), log))
    add("old above the size", b"old 10\n\n" + note(text(9), log))
    add("size beyond 2^63", b"old 0\n\n" + note(text(2**63), log))
    add("64 proof lines", b"old 1\n" + proof * 64 + b"\n" + note(text(9), log))
    add("half a hash", b"old 1\n" + b64encode(bytes(16)) + b"\n\n" + note(text(9), log))
    add("spare bits in a hash", b"old 1\n" + proof[:-3] + b"B=\n\n" + note(text(9), log))
    add("65 signature lines", b"old 0\n\n" + note(text(9), log, *(Key.made("w%d.example/w" % n) for n in range(64))))
    add("spare bits in the signature", b"old 0\n\n" + text(9) + b"\n" + line(log, text(9), True))
    add("another log", b"old 0\n\n" + note(text(9).replace(WITNESSED.encode(), b"0" * 32), log))
    add("another key", b"old 0\n\n" + note(text(9), Key.made(log.name)))
    add("an extension line", b"old 0\n\n" + note(text(9) + b"more\n", log))
    add("NULs", bytes(64))
    add("CR", b"old 0\r\n\r\n" + note(text(9), log))
    add("1 MB", b"old 0\n" + b"x" * (1 << 20))
    for path in ("/%2e%2e/checkpoint", "/" + "0" * 64 + "/checkpoint", "/x%00/checkpoint", "/" + "a" * 129 + "/checkpoint"):
        ask("witness: " + path[:20], WITNESS + path, token=None)


for part in (desk, enrolment, append, reading, witness):
    part()
print("\n".join(wrong) or "%d refused" % tried)
sys.exit(1 if wrong else 0)
