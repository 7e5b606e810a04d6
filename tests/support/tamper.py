# SPDX-License-Identifier: Apache-2.0
"""tamper.py TALLYSTICK BUNDLE POLICY DIR [STATE]: touches a good bundle in many ways and expects `verify` to name
the check that fails. STATE, of another period: the bundle begins at a state, and that is what is touched. Each row is (name, check that must be among the failed ones, what is done)."""

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile

TALLY, BUNDLE, POLICY, DIR = sys.argv[1:5]
OTHER = base64.b64decode("AQ5QwZoDmBWA8aFipNoge4zKjgi100snRETNqa2fdxya")  # type 1 and a public key


def read(path):
    with tarfile.open(path, "r:") as tar:
        return [(m.name, tar.extractfile(m).read()) for m in tar.getmembers()]


def header(name, size):
    block = bytearray(512)
    block[0 : len(name)] = name.encode()
    block[100:108] = b"0000444\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = b"0"
    block[257:265] = b"ustar\0" + b"00"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def archive(members):
    out = io.BytesIO()
    for name, data in members:
        out.write(header(name, len(data)) + data + bytes(-len(data) % 512))
    return out.getvalue() + bytes(1024)


def verify(data, policy=None):
    with open(f"{DIR}/touched.tar", "wb") as f:
        f.write(data)
    with open(f"{DIR}/touched.policy", "w") as f:
        f.write(policy if policy is not None else open(POLICY).read())
    done = subprocess.run([TALLY, "verify", f"{DIR}/touched.tar", "--policy", f"{DIR}/touched.policy", "--json"],
                          capture_output=True, text=True, timeout=120)
    failed = {}
    if done.stdout:
        failed = {f["check"]: f for f in json.loads(done.stdout)["failed"]}
    return done.returncode, failed, done.stderr


good = read(BUNDLE)
names = [name for name, _ in good]
stream = next(n for n in names if n.startswith("streams/"))
document = next(n for n in names if n.startswith("documents/"))
carried = next((n for n in names if n.startswith("ranges/")), None)
assert archive(good) == open(BUNDLE, "rb").read(), "the bundle is not the one archive of its content"


def edit(name, change):
    return lambda: archive([(n, change(d) if n == name else d) for n, d in good])


def flip(at):
    def change(data):
        i = at if at >= 0 else len(data) + at
        return data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]
    return change


def lines(change):
    def run(data):
        rows = data.split(b"\n")
        change(rows)
        return b"\n".join(rows)
    return run


def leaves(data):
    out = []
    while data:
        n = int.from_bytes(data[:2], "big")
        out.append(data[2 : 2 + n])
        data = data[2 + n :]
    return out


def pack(rows):
    return b"".join(len(r).to_bytes(2, "big") + r for r in rows)


def leaf_edit(change):
    def run(data):
        rows = leaves(data)
        change(rows)
        return pack(rows)
    return run


def swap(rows, i, k):
    rows[i], rows[k] = rows[k], rows[i]


def double_usage(rows):
    i = next(i for i, r in enumerate(rows) if r.startswith(b"u1\t"))
    fields = rows[i].split(b"\t")
    fields[5] = b"%d" % (int(fields[5]) // 2)
    rows[i] = b"\t".join(fields)


def event(rows, kind):
    return next(i for i, r in enumerate(rows) if b"\nkind " + kind + b"\n" in r)


def in_event(kind, pattern, replacement):
    def change(rows):
        i = event(rows, kind)
        new = re.sub(pattern, replacement, rows[i], count=1)
        assert new != rows[i]
        rows[i] = new
    return leaf_edit(change)


def moved(frm, to):
    members = list(good)
    members.insert(to, members.pop(frm))
    return archive(members)


def reheader(at, change):
    data = bytearray(open(BUNDLE, "rb").read())
    change(data, at)
    return bytes(data)


raw = open(BUNDLE, "rb").read()
policy = open(POLICY).read()
index_of = {n: i for i, n in enumerate(names)}
journal_rows = leaves(dict(good)["journal.leaves"])


def policy_with(pattern, replacement):
    new = re.sub(pattern, replacement, policy, count=1, flags=re.M)
    assert new != policy
    return new


def other_key(vkey):
    """A valid vkey of the same name with another public key: that of the document example's operator."""
    return make_key(vkey.split("+")[0], OTHER)


def make_key(name, key):
    """key: type and public key."""
    key_id = hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(key).decode()}"


def other_contract():
    """The policy of another contract with the same keys."""
    old, new = re.search(r"^contract (\S+)", policy, re.M)[1], "0" * 32

    def log(m):
        name, _, key = m[1].split("+", 2)
        return "log " + make_key(name.replace(old, new), base64.b64decode(key))
    return re.sub(r"^log (\S+)$", log, policy.replace(f"contract {old}", f"contract {new}"), flags=re.M)


def policy_key(line):
    def change(m):
        return m[1] + other_key(m[2])
    return re.sub(rf"^({line} )(\S+)$", change, policy, count=1, flags=re.M)


def statement(kind, number, pattern, replacement):
    """Changes the number-th leaf that is such a statement."""
    def change(rows):
        at = [i for i, r in enumerate(rows) if r.startswith(b"tallystick/" + kind + b"/v1\n")]
        new = re.sub(pattern, replacement, rows[at[number]], count=1)
        assert new != rows[at[number]]
        rows[at[number]] = new
    return edit("inputs.leaves", leaf_edit(change))


def opening(change, hashed):
    """The state changed; hashed: `bundle` names its hash, as if nothing were wrong."""
    def run():
        state = change(dict(good)["state"])
        assert state != dict(good)["state"]
        bundle = re.sub(rb"state \S+", b"state " + hashlib.sha256(state).hexdigest().encode(), dict(good)["bundle"])
        new = {"state": state, "bundle": bundle} if hashed else {"state": state}
        return archive([(n, new.get(n, d)) for n, d in good])
    return run


def in_row(kind):
    """Another last digit, or letter, in a row of that kind."""
    def change(state):
        rows = state.split(b"\n")
        i = next(i for i, r in enumerate(rows) if r.split(b"\t")[0] == kind)
        at = max(k for k, c in enumerate(rows[i]) if chr(c).isalnum())
        rows[i] = rows[i][:at] + (b"2" if rows[i][at : at + 1] != b"2" else b"3") + rows[i][at + 1 :]
        return b"\n".join(rows)
    return change


def other_hash(name):
    """Another first hash in that line of a carried upload, or one where there is none."""
    return lambda d: re.sub(rb"\n%s (-|[^,\n]{44})" % name, b"\n%s " % name + base64.b64encode(bytes(32)), d, count=1)


def opening_rows(other):
    kinds = sorted({r.split(b"\t")[0] for r in dict(good)["state"].split(b"\n")[1:] if b"\t" in r})
    print("rows of a state:", b" ".join(kinds).decode())
    for kind in kinds:
        yield f"row {kind.decode()} altered", "state", opening(in_row(kind), False)
        yield f"row {kind.decode()} altered, hashed again", "state", opening(in_row(kind), True)
    contract = re.search(rb"\ncontract\t(\S+)", dict(good)["state"])[1]
    yield "the state of another period", "state", opening(lambda s: other, True)
    yield "the state of another contract", "state", opening(lambda s: s.replace(contract, b"0" * 32), True)
    yield "a row dropped", "state", opening(lines(lambda r: r.pop(8)), True)
    yield "state missing", "members", lambda: archive([m for m in good if m[0] != "state"])
    yield "no state named", "manifest", edit("bundle", lambda d: re.sub(rb"state \S+", b"state -", d))
    yield "FROM moved", "state", edit("bundle", lambda d: re.sub(rb"inputs \d+", b"inputs 1", d))
    for side in "provider", "consumer":
        def unsealed(rows, side=side):
            for i, r in enumerate(rows):
                if r.startswith(b"tallystick/period/v1\n"):
                    rows[i] = re.sub(rb"\n\xe2\x80\x94 %s\S* \S+" % side.encode(), b"", r)
        yield f"not sealed by the {side}", "state", edit("inputs.leaves", leaf_edit(unsealed))
    yield "a carried line", "ranges", edit(carried, flip(-10))
    yield "a carried line dropped", "ranges", edit(carried, lambda d: d[: d[:-1].rfind(b"\n") + 1])
    yield "a carried line more", "ranges", edit(carried, lambda d: d + b"x\n")
    yield "leaf number of what is carried", "ranges", edit(carried, lambda d: re.sub(rb"^upload \d+", b"upload 1", d))
    yield "first line of what is carried", "ranges", edit(carried, lambda d: re.sub(rb"^(upload \d+) \d+", rb"\1 1", d))
    yield "range of what is carried", "ranges", edit(carried, other_hash(b"range"))
    yield "leaf of what is carried", "ranges", edit(carried, lambda d: re.sub(rb"\nleaf \S{8}", b"\nleaf AAAAAAAA", d))
    yield "path of what is carried", "ranges", edit(carried, other_hash(b"path"))
    yield "what is carried missing", "ranges", lambda: archive([m for m in good if m[0] != carried])
    yield "what is carried under another name", "ranges", lambda: archive(
        [(n + "7" if n == carried else n, d) for n, d in good])
    yield "what is carried before the documents", "members", lambda: moved(index_of[carried], index_of[document])
    yield "a pin below FROM", "pins", lambda: raw, policy + "pin {0} 2 {1}\n".format(
        re.search(r"^log ([^+]+)\+", policy, re.M)[1], base64.b64encode(bytes(32)).decode())
    yield "inputs leaf dropped", "inputs_root", edit("inputs.leaves", leaf_edit(lambda r: r.pop(1)))
    yield "the cut's leaf dropped", "inputs_root", edit("inputs.leaves", leaf_edit(lambda r: r.pop(0)))
    yield "another cut", "state", edit("inputs.leaves", in_event(b"cut", rb"\nserial 1", b"\nserial 2"))
    yield "journal leaf dropped", "entries", edit("journal.leaves", leaf_edit(lambda r: r.pop(0)))
    yield "line dropped", "stream_root", edit(stream, lines(lambda r: r.pop(10)))
    yield "usage halved", "entries", edit(stream, lines(double_usage))
    yield "document missing", "documents", lambda: archive([m for m in good if m[0] != document])


ROWS = [
    # seals
    ("seal of another state", "seals", statement(b"period", 0, rb"\nstate \S{4}", b"\nstate 0123")),
    ("seal through another day", "seals", statement(b"period", 0, rb"\nthrough 2026-05-31", b"\nthrough 2026-05-30")),
    ("seal of the other's book", "signatures", statement(b"period", 0, rb"\nbook provider", b"\nbook consumer")),
    ("seal of a cut that is none", "seals", statement(b"period", 0, rb"\ncut \d+", b"\ncut 1")),
    ("reservation about another seal", "seals", statement(b"reservation", 0, rb"\nstatement \S{4}", b"\nstatement 0123")),
    ("reservation about the own book", "signatures", statement(b"reservation", 0, rb"\nbook consumer", b"\nbook provider")),
    # one byte of each member
    ("flip in bundle", "manifest", edit("bundle", flip(3))),
    ("flip in inputs.checkpoint: root", "checkpoints", edit("inputs.checkpoint", flip(90))),
    ("flip in inputs.checkpoint: signature", "checkpoints", edit("inputs.checkpoint", flip(-20))),
    ("flip in journal.checkpoint: signature", "checkpoints", edit("journal.checkpoint", flip(-20))),
    ("flip in first inputs leaf", "inputs_root", edit("inputs.leaves", flip(40))),
    ("flip in last inputs leaf", "inputs_root", edit("inputs.leaves", flip(-5))),
    ("flip in journal leaf: root", "journal_root", edit("journal.leaves", flip(-1))),
    ("flip in journal leaf: entry", "entries", edit("journal.leaves", flip(-1))),
    ("flip in terms", "terms", edit("terms/1.json", flip(200))),
    ("flip in stream", "stream_root", edit(stream, flip(5000))),
    ("flip at the end of a stream", "stream_root", edit(stream, flip(-10))),
    ("flip in document", "documents", edit(document, flip(100))),
    # lines
    ("line dropped", "stream_root", edit(stream, lines(lambda r: r.pop(10)))),
    ("last line dropped", "stream_lines", edit(stream, lambda d: d[: d[:-1].rfind(b"\n") + 1])),
    ("line repeated", "stream_lines", edit(stream, lines(lambda r: r.insert(10, r[10])))),
    ("lines swapped", "stream_root", edit(stream, lines(lambda r: swap(r, 10, 11)))),
    ("last line feed dropped", "stream_lines", edit(stream, lambda d: d[:-1])),
    ("usage halved", "entries", edit(stream, lines(double_usage))),
    # leaves
    ("inputs leaf dropped", "inputs_root", edit("inputs.leaves", leaf_edit(lambda r: r.pop(3)))),
    ("inputs leaves swapped", "inputs_root", edit("inputs.leaves", leaf_edit(lambda r: swap(r, 2, 3)))),
    ("inputs leaf repeated", "inputs_root", edit("inputs.leaves", leaf_edit(lambda r: r.insert(3, r[3])))),
    ("genesis leaf dropped", "events", edit("inputs.leaves", leaf_edit(lambda r: r.pop(0)))),
    ("leaf cut in two", "inputs_root", edit("inputs.leaves", lambda d: d[:-7])),
    ("empty leaf", "leaves", edit("inputs.leaves", leaf_edit(lambda r: r.__setitem__(4, b"")))),
    ("journal leaf dropped", "entries", edit("journal.leaves", leaf_edit(lambda r: r.pop(0)))),
    ("journal leaves swapped", "entries", edit("journal.leaves", leaf_edit(lambda r: swap(r, 0, 1)))),
    ("journal leaf added", "entries", edit("journal.leaves", leaf_edit(lambda r: r.append(r[-1])))),
    ("amount in journal", "entries", edit("journal.leaves", leaf_edit(
        lambda r: r.__setitem__(0, re.sub(rb"(\t)(\d+)$", rb"\g<1>9\2", r[0]))))),
    # events
    ("tick of another N", "signatures", edit("inputs.leaves", in_event(b"tick", rb"\nto (\d+)", rb"\nto 1"))),
    ("cut of another day", "signatures", edit("inputs.leaves", in_event(b"cut", rb"\nday 2026-", rb"\nday 2025-"))),
    ("issue of another number", "numbers", edit("inputs.leaves", in_event(b"issue", rb"000001", rb"000007"))),
    ("issue due later", "events", edit("inputs.leaves", in_event(b"issue", rb"\ndue 20(\d\d)", rb"\ndue 30\1"))),
    ("issue says cosigned", "documents", edit("inputs.leaves", in_event(b"issue", rb"unwitnessed", rb"cosigned"))),
    ("issue on a gap", "gaps", edit("inputs.leaves", in_event(b"issue", rb"\ngap -", rb"\ngap 3"))),
    ("serial skipped", "events", edit("inputs.leaves", in_event(b"cut", rb"\nserial 1", rb"\nserial 2"))),
    ("log time back", "events", edit("inputs.leaves", in_event(b"issue", rb"\nat \d+", rb"\nat 5"))),
    ("contract's signature removed", "signatures", edit("inputs.leaves", leaf_edit(
        lambda r: r.__setitem__(0, r[0][: r[0].rstrip(b"\n").rfind(b"\n") + 1])))),
    # members
    ("stream missing", "members", lambda: archive([m for m in good if m[0] != stream])),
    ("document missing", "documents", lambda: archive([m for m in good if m[0] != document])),
    ("terms missing", "terms", lambda: archive([m for m in good if m[0] != "terms/1.json"])),
    ("journal leaves missing", "members", lambda: archive([m for m in good if m[0] != "journal.leaves"])),
    ("inputs checkpoint missing", "members", lambda: archive([m for m in good if m[0] != "inputs.checkpoint"])),
    ("member added", "members", lambda: archive(good + [("streams/" + "0" * 32, b"x\n")])),
    ("member added in front", "members", lambda: archive([("aaa", b"x")] + good)),
    ("document added", "members", lambda: archive(good + [("documents/" + "0" * 64 + ".json", b"{}")])),
    ("streams reordered", "members", lambda: moved(index_of[stream], index_of[stream] + 1)),
    ("documents reordered", "members", lambda: moved(index_of[document], len(names) - 1)),
    ("terms behind streams", "members", lambda: moved(index_of["terms/1.json"], len(names) - 1)),
    # archive
    ("another mode", "archive", lambda: reheader(0, lambda d, i: d.__setitem__(slice(i + 100, i + 107), b"0000644"))),
    ("a symbolic link", "archive", lambda: reheader(0, lambda d, i: d.__setitem__(i + 156, ord("2")))),
    ("a checksum", "archive", lambda: reheader(0, lambda d, i: d.__setitem__(i + 150, d[i + 150] ^ 1))),
    ("padding not zero", "archive", lambda: reheader(1023, lambda d, i: d.__setitem__(i, 1))),
    ("cut short", "archive", lambda: raw[:-512]),
    ("a block more", "archive", lambda: raw + bytes(512)),
    ("a path upwards", "archive", lambda: archive(good + [("../x", b"x")])),
    ("an absolute path", "archive", lambda: archive(good + [("/x", b"x")])),
    ("a member twice", "archive", lambda: archive(good + [good[-1]])),
    ("an empty file", "archive", lambda: b""),
    # policy
    ("another contract", "contract", lambda: raw, other_contract()),
    ("another provider", "signatures", lambda: raw, policy_key("party provider")),
    ("another consumer", "signatures", lambda: raw, policy_key("party consumer")),
    ("another inputs log key", "checkpoints", lambda: raw, policy_key("log")),
    ("a pin of another root", "pins", lambda: raw, policy + "pin {0} 2 {1}\n".format(
        re.search(r"^log ([^+]+)\+", policy, re.M)[1], base64.b64encode(bytes(32)).decode())),
    ("a pin beyond the log", "pins", lambda: raw, policy + "pin {0} 99999 {1}\n".format(
        re.search(r"^log ([^+]+)\+", policy, re.M)[1], base64.b64encode(bytes(32)).decode())),
    ("a witness that did not sign", "quorum", lambda: raw, policy.replace("quorum none\n",
        f"witness w {make_key('w.example/1', bytes([4]) + OTHER[1:])}\nquorum w\n")),
]

if len(sys.argv) > 5:
    ROWS = list(opening_rows(open(sys.argv[5], "rb").read()))
bad = []
code, failed, err = verify(raw)
assert code == 0 and not failed, (code, failed, err)
for row in ROWS:
    name, check, make, *other = row
    code, failed, err = verify(make(), *other)
    if code != 1 or check not in failed:
        bad.append(f"NOT CAUGHT: {name}: exit {code}, failed {sorted(failed)}, not {check} {err}")
    else:
        print(f"{name}: {', '.join(sorted(failed))}")
verify(edit(stream, lines(double_usage))())  # what is left behind is not the journal that was signed
print(f"{len(ROWS)} touched bundles, {len(bad)} not caught", *bad, sep="\n")
sys.exit(1 if bad else 0)
