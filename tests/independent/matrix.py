# SPDX-License-Identifier: Apache-2.0
"""matrix.py TALLYSTICK DIR: touches honest bundles in every way that we know of. Each row names the artifact that was
touched; `tallystick verify` must fail and name it, and the second verifier must come to the same verdict, unless the row
says why it cannot know. Rows with accept=True are what only a pin, a witness or a receipt can tell: their neighbours add one."""
import copy, json, os, re, resource, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from base64 import b64decode, b64encode
from forge import Agent, Bundle, Key, archive, checkpoint, note, text_of
from formats import Tree, hexsha, read_archive
from verify_bundle import verify
import credit_rows, hostile

TALLY, DIR = sys.argv[1:3]
raw = {m: open("%s/2026-%s.tar" % (DIR, m), "rb").read() for m in ("05", "06", "07")}
policy = open(DIR + "/policy.txt").read()
contract = re.search("^contract (.*)$", policy, re.M)[1]
keys = {name: Key.load("%s/%s.key" % (DIR, name)) for name in ("provider", "consumer", "operator")}
keys.update({log: Key.load("%s/%s.%s.key" % (DIR, contract, log)) for log in ("inputs", "journal")})
base = "tally.example/%s/" % contract
origin = {n: base + o for n, o in (("A", "colo1/meter1/g1"), ("A2", "colo1/meter1/g2"), ("B", "colo2/meter2/g1"))}
agents = {n: Key.made(o) for n, o in origin.items()}
stream = {n: "streams/" + hexsha(o.encode())[:32] for n, o in origin.items()}
witnesses = [Key.made(n, 4) for n in ("lab.example/witness", "audit.example/witness", "tally.example/witness")]
witnessed_policy = policy.replace("quorum none\n", "".join(
    "witness w%d %s\n" % (n, w.vkey) for n, w in enumerate(witnesses)) + "group two 2 w0 w1 w2\nquorum two\n")
made = Key.made("somebody.example/statements")
honest = Bundle(raw["07"], keys)


def witnessed():
    """The honest bundle, as it would be if three witnesses had cosigned everything in time."""
    b = copy.deepcopy(honest)
    for n in range(3):
        i = b.find("issue", n)
        cut = int(re.search(rb"\ncut (\d+)", b.inputs[i])[1])
        when = int(re.search(rb"\nat (\d+)", b.inputs[i])[1]) // 1000 - 1
        b.resign(i, b"unwitnessed", b"cosigned")
        b.kept["inputs"][i] = b.kept["journal"][b.source(cut)] = [(w, when) for w in witnesses]
    b.witness = [(w, when + 2 + n) for n, w in enumerate(witnesses)]
    return b.settle()


W = witnessed()
members = W.build()
ROWS = []


def row(name, artifact, data, policy=None, args=(), blind=None, accept=False):
    ROWS.append((name, artifact, data, policy or witnessed_policy, args, blind, accept))


def change(name, artifact, work, bundle=W, settle=True, **more):
    """A change to a bundle's content, after which everything that the operator can sign is signed again."""
    def make():
        b = copy.deepcopy(bundle)
        work(b)
        return (b.settle() if settle else b).archive()
    row(name, artifact, make, **more)


def edit(name, work):
    return lambda: archive({n: work(d) if n == name else d for n, d in members.items()})


# 1. Every artifact: a byte, its end, itself, twice
def flip(at):
    """A bit of one byte; a digit of a hash stays a digit, so that it is always the same that is wrong."""
    def work(d):
        k = int(len(d) * at)
        return d[:k] + bytes([d[k] ^ (2 if d[k] in b"af" else 1)]) + d[k + 1 :]
    return work


for name in members:
    row("byte flipped in " + name, name, edit(name, flip(0.1 if "checkpoint" in name else 0.6)))
    row("last byte cut off " + name, name, edit(name, lambda d: d[:-1]))
    row("omitted: " + name, name, lambda name=name: archive({n: d for n, d in members.items() if n != name}))
for log in ("inputs", "journal"):
    row("signature of the %s log flipped" % log, log + ".checkpoint", edit(log + ".checkpoint", lambda d: re.sub(
        rb"(\n\n\xe2\x80\x94 tally\S+ \S{20})(.)", lambda m: m[1] + (b"A" if m[2] != b"A" else b"B"), d)))
row("two logs swapped: leaves", "inputs.leaves", lambda: archive({**members, "inputs.leaves": members["journal.leaves"],
    "journal.leaves": members["inputs.leaves"]}))
row("two logs swapped: checkpoints", "inputs.checkpoint", lambda: archive({**members,
    "inputs.checkpoint": members["journal.checkpoint"], "journal.checkpoint": members["inputs.checkpoint"]}))
row("a cosignature of nobody that the policy knows", None, edit("inputs.checkpoints", lambda d: d.replace(
    b"\xe2\x80\x94 tally.example/witness", b"\xe2\x80\x94 tally.example/witless")), accept=True)


# 2. Lines of every stream, logs not signed again
def lines(work):
    def run(d):
        rows = d.split(b"\n")[:-1]
        work(rows)
        return b"".join(r + b"\n" for r in rows)
    return run


def swap(rows, i, k):
    rows[i], rows[k] = rows[k], rows[i]


for n, name in stream.items():
    row("line dropped in " + n, name, edit(name, lines(lambda r: r.pop(4))))
    row("line repeated in " + n, name, edit(name, lines(lambda r: r.insert(4, r[4]))))
    row("lines swapped in " + n, name, edit(name, lines(lambda r: swap(r, 3, 4))))
    row("stream truncated: " + n, name, edit(name, lines(lambda r: r.pop())))
    row("line added to " + n, name, edit(name, lines(lambda r: r.append(r[4]))))
row("a stream of another contract", stream["B"], lambda: archive({**members, stream["B"]: members[stream["B"]].replace(
    contract.encode(), b"0" * 32)}))


# 3. Inputs: the operator signs both logs again after each change
def at(b, name, nth):
    return b.uploads(origin[name])[nth]


def fork(name, nth, pattern, replacement, key=None):
    """Another story of a stream from its nth upload on: other lines, checkpoints signed by key (the agent's own)."""
    def work(b):
        a, uploads = Agent(origin[name], key or agents[name]), b.uploads(origin[name])
        sizes = [int(b.inputs[i].split(b"\n")[1]) for i in uploads]
        rows = b.streams[stream[name]].split(b"\n")[:-1]
        first = ([0] + sizes)[nth]
        k = next(k for k in range(first, len(rows)) if re.search(pattern, rows[k]))
        rows[k] = re.sub(pattern, replacement, rows[k], count=1)
        for n, row_ in enumerate(rows, 1):
            a.add(row_)
            if n in sizes and n > k:
                leaf = a.leaf()
                b.inputs[uploads[sizes.index(n)]] = leaf if key != "unsigned" else leaf
        b.streams[stream[name]] = b"".join(r + b"\n" for r in rows)
    return work


def unsigned(b):
    """A record altered, all roots recomputed, the agent's signature left as it was."""
    before = list(b.inputs)
    fork("A2", 0, rb"(u1\t\d+\t\d+\th100\t8000\t)1", rb"\g<1>2")(b)
    for i in b.uploads(origin["A2"]):
        b.inputs[i] = text_of(b.inputs[i]) + b"\n" + before[i][len(text_of(before[i])) + 1 :]


def insert_upload(name, key, line=b"c1\t1782864000000\t1782950400000\t-\t1\t0\t0"):
    """One more upload at the end of the log."""
    def work(b):
        a = Agent(origin[name], key, b.streams[stream[name]].split(b"\n")[:-1])
        a.add(line)
        b.streams[stream[name]] += line + b"\n"
        b.inputs.append(a.leaf())
    return work


def enrol(*signers, agent="colo3/meter3/g1", previous=b"-"):
    def work(b):
        key = Key.made(base + agent)
        text = text_of(b.inputs[b.find("key")]).replace(b"colo1/meter1/g1", agent.encode()).replace(b"clusters colo1",
            b"clusters " + agent.split("/")[0].encode())
        text = re.sub(rb"\nvkey .*", b"\nvkey " + key.vkey.encode(), re.sub(rb"\nprevious .*", b"\nprevious " + previous,
            text))
        b.inputs.append(note(text, *[key if s == "new" else s for s in signers]))
    return work


def last_point(b):
    a = Agent(origin["A2"], agents["A2"], b.streams[stream["A2"]].split(b"\n")[:-1])
    return origin["A2"].encode() + b" " + b" ".join(a.leaf().split(b"\n")[1:3])


def event(text, *signers):
    return lambda b: b.inputs.append(note(text.replace("CONTRACT", contract), *signers))


def twice(*works):
    def work(b):
        for w in works:
            w(b)
    return work


def set_leaf(find, make):
    def work(b):
        i = find(b)
        b.inputs[i] = make(b.inputs[i])
    return work


usage = rb"(u1\t\d+\t\d+\th100\t8000\t)1"
L, J, D = "inputs.leaves", "journal.leaves", "documents/"
change("stream forked by its agent, logs signed again", "journal.leaves", fork("A2", 0, usage, rb"\g<1>2"),
    policy=policy, bundle=honest)
change("record altered, roots recomputed, not signed again", "signatures:" + L, unsigned)
change("upload signed by another key", "signatures:" + L, set_leaf(lambda b: at(b, "B", 0), lambda l: note(text_of(l), Key(origin["B"],
    made.secret.encode()))))
change("upload signed by another agent's key", "signatures:" + L, set_leaf(lambda b: at(b, "B", 0), lambda l: note(text_of(l),
    agents["A"])))
change("upload by a revoked key", "keys:" + L, insert_upload("B", agents["B"]))
change("upload by the generation before", "keys:" + L, insert_upload("A", agents["A"]))
change("usage checkpoint dropped, its lines kept", "stream_lines:" + stream["B"], lambda b: b.drop(at(b, "B", 2)), bundle=honest,
    policy=policy)
change("usage checkpoint in the middle dropped, lines too", stream["A"], lambda b: (b.drop(at(b, "A", 1)), b.streams.update(
    {stream["A"]: lines(lambda r: r.__delitem__(slice(61, 94)))(b.streams[stream["A"]])})), bundle=honest, policy=policy)
change("last usage checkpoint dropped, lines too", "journal.leaves", lambda b: (b.drop(at(b, "B", 2)), b.streams.update(
    {stream["B"]: lines(lambda r: r.__delitem__(slice(127, None)))(b.streams[stream["B"]])})), bundle=honest, policy=policy)
june = Bundle(raw["06"], keys)
change("consumer's upload dropped below a seal, all signed again", L, lambda b: b.drop(b.uploads(base + "lab/meter/g1")[0]),
    bundle=june, policy=policy)
change("usage checkpoint repeated", L, lambda b: b.inputs.append(b.inputs[at(b, "A2", 0)]))
change("two leaves swapped", "keys:" + L, lambda b: swap(b.inputs, 1, 4))
change("contract note without the consumer", "signatures:" + L, set_leaf(lambda b: 0, lambda l: note(text_of(l), keys["provider"])))
change("contract note signed by the operator", "signatures:" + L, set_leaf(lambda b: 0, lambda l: note(text_of(l), keys["operator"])))
change("another contract's event", "contract:" + L, lambda b: b.resign(b.find("tick"), contract.encode(), b"0" * 32))
change("contract note dropped", L, lambda b: b.drop(0), bundle=honest, policy=policy)
change("agent enrolled without its company", "signatures:" + L, enrol("new"))
change("agent enrolled by the other company", "signatures:" + L, enrol("new", keys["consumer"]))
change("agent enrolled without its own key", "signatures:" + L, enrol(keys["provider"]))
change("operator rotates with the agent's key alone", "signatures:" + L, lambda b: enrol("new", agents["A2"], agent="colo1/meter1/g3",
    previous=last_point(b))(b))
change("company rotates without the key before", "signatures:" + L, lambda b: enrol("new", keys["provider"], agent="colo1/meter1/g3",
    previous=last_point(b))(b))
change("rotation from another size", "enrolment:" + L, lambda b: enrol("new", keys["provider"], agents["A2"], agent="colo1/meter1/g3",
    previous=last_point(b).replace(b"/g2 ", b"/g2 1"))(b))
change("scope of a live stream enrolled again", "enrolment:" + L, lambda b: enrol("new", keys["provider"], agent="colo1/other/g1")(b))
def rotation(from_ms):
    return lambda b: (enrol("new", keys["provider"], agents["A2"], agent="colo1/meter1/g3", previous=last_point(b))(b),
        b.resign(-1, rb"\nfrom_ms \d+", b"\nfrom_ms %d" % from_ms, keys["provider"], agents["A2"],
            Key.made(base + "colo1/meter1/g3")))


change("rotation into a period that is cut", "enrolment:" + L, rotation(1784000000000))
change("honest rotation", None, rotation(1785542400000), accept=True)
change("revocation signed by the other company", "signatures:" + L, set_leaf(lambda b: b.find("revoke"), lambda l: note(text_of(l),
    keys["consumer"])))
change("revocation reaches behind the seal", "covered:" + L, lambda b: b.resign(b.find("revoke"), rb"\ncovered \d+", rb"\ncovered 0",
    keys["provider"]))
change("revocation with less contested", "covered:" + L, lambda b: b.resign(b.find("revoke"), rb"\ncovered \d+", b"\ncovered %d" %
    b.find("revoke"), keys["provider"]))
change("seal signed by an agent", "signatures:" + L, set_leaf(lambda b: b.find("period"), lambda l: note(text_of(l), agents["A"])))
change("release by one company", "signatures:" + L, event("tallystick/event/v1\ncontract CONTRACT\nkind release\nserial 1\nat 1777593600000\n"
    "lines %s 1 2\nreason x\n" % origin["B"], keys["provider"]))
def reattest(*signers):
    def work(b):
        a, roots = Agent(origin["B"], agents["B"]), []
        for line in b.streams[stream["B"]].split(b"\n")[:-1]:
            roots.append(b64encode(a.tree.root()).decode())
            a.add(line)
        event("tallystick/reattest/v1\ncontract CONTRACT\norigin %s\nfrom 127 %s\nto 140 %s\n" % (origin["B"], roots[127],
            roots[140]), *signers)(b)
    return work


change("re-attestation by both, of other bytes", "covered:" + L, lambda b: (reattest(keys["provider"], keys["consumer"])(b),
    b.resign(-1, rb"\nto 140 ", b"\nto 141 ", keys["provider"], keys["consumer"])))
change("re-attestation by both", None, reattest(keys["provider"], keys["consumer"]), accept=True)
change("release by both", None, event("tallystick/event/v1\ncontract CONTRACT\nkind release\nserial 1\nat 1777593600000\n"
    "lines %s 1 2\nreason x\n" % origin["B"], keys["provider"], keys["consumer"]), accept=True)
change("release of lines that the stream has not", L, event("tallystick/event/v1\ncontract CONTRACT\nkind release\nserial 1\nat 1777593600000\n"
    "lines %s 1 999999\nreason x\n" % origin["B"], keys["provider"], keys["consumer"]))
change("re-attestation by the provider alone", "signatures:" + L, reattest(keys["provider"]))
change("seal through another day", L, lambda b: b.resign(b.find("period"), rb"\nthrough \S+", b"\nthrough 2026-05-30",
    keys["provider"]))
VOID = "tallystick/event/v1\ncontract CONTRACT\nkind void\nserial 1\nat 2777593600000\ncut %d\nnumber TMP-%06d\nreason x\n"
change("number of an issued document voided", "numbers:" + L, lambda b: event(VOID % (b.find("cut", 2), 2), keys["operator"])(b))
change("number skipped by a void", "numbers:" + L, lambda b: event(VOID % (b.find("cut", 2), 5), keys["operator"])(b))
change("number voided of no cut", L, event(VOID % (1, 4), keys["operator"]))
change("unknown statement", L, event("tallystick/bonus/v1\ncontract CONTRACT\n", keys["operator"]))


# 4. Events, by the operator
E = "events:" + L
for kind, pattern, replacement, artifact in (
        ("tick", rb"\nserial 1", b"\nserial 2", E), ("cut", rb"\nserial 3", b"\nserial 4", E),
        ("tick", rb"\nat \d+", b"\nat 9999999999999", E), ("issue", rb"\nat \d+", b"\nat 1000", E),
        ("tick", rb"\nday \S+", b"\nday 2037-01-01", E), ("cut", rb"\nday \S+", b"\nday 2026-05-01", E),
        ("cut", rb"\nperiod \d+", b"\nperiod 1777593000000", E), ("tick", rb"\nfrom 0", b"\nfrom 1", E),
        ("cut", rb"\nto \d+", b"\nto 99", E), ("issue", rb"\ndate \S+", b"\ndate 2026-06-01", E),
        ("issue", rb"\ndue \S+", b"\ndue 2028-01-01", E), ("issue", rb"TMP-000001", b"TMP-000004", "numbers:" + L),
        ("issue", rb"\ngap -", b"\ngap 3", "gaps:" + L), ("issue", rb"\ncut \d+", b"\ncut 1", E)):
    change("%s with %s" % (kind, replacement.decode().strip()), artifact, lambda b, k=kind, p=pattern, r=replacement:
        b.resign(b.find(k, 2 if b"serial 3" in p else 0), p, r))
gap = lambda b: b.find("gap")
both = keys["provider"], keys["consumer"]
change("gap signed by the provider alone", "signatures:" + L, set_leaf(gap, lambda l: note(text_of(l), keys["provider"])))
change("gap over fewer windows", "gaps:" + L, lambda b: b.resign(gap(b), rb"\nmissing \d+", b"\nmissing 30", *both))
change("gap over other windows", "gaps:" + L, lambda b: b.resign(gap(b), rb"\nlist \S+", b"\nlist " + b"0" * 64, *both))
change("gap of another period", "gaps:" + L, lambda b: b.resign(gap(b), rb"\nperiod \d+ \d+", b"\nperiod 1780272000000 "
    b"1782864000000", *both))
change("document rests on no gap", "gaps:" + L, lambda b: b.resign(b.find("issue", 2), rb"\ngap \d+", b"\ngap -"))
change("head says more windows were closed", D, lambda b: b.documents[2]["head"]["completeness"].update(missing=0, closed=62))
change("invoice backdated with all dates", "events:" + L, lambda b: (b.resign(b.find("issue"), rb"\ndate \S+\ndue \S+",
    b"\ndate 2026-06-01\ndue 2026-07-01"), b.journal.__setitem__(slice(None), [re.sub(rb"\t\d{4}-\d\d-\d\d\t-\t", b"\t2026-06-01\t-\t",
    e) if b"TMP-000001" in e else e for e in b.journal])))
change("invoice number reused", "numbers:" + L, lambda b: b.resign(b.find("issue", 2), b"TMP-000003", b"TMP-000001"))
change("cut before the late usage", "journal.leaves", lambda b: b.resign(b.find("cut", 1), rb"\nto (\d+)", lambda m:
    b"\nto %d" % (int(m[1]) - 1)), bundle=honest, policy=policy)
change("tick signed by an agent", "signatures:" + L, set_leaf(lambda b: b.find("tick"), lambda l: note(text_of(l), agents["A"])))
change("cut signed by the provider", "signatures:" + L, set_leaf(lambda b: b.find("cut"), lambda l: note(text_of(l), keys["provider"])))


# 5. The journal and the documents, both logs signed again
def entry(n, *subs):
    """Changes the nth entry, and with both=True its pair."""
    def work(b):
        for k in n if isinstance(n, tuple) else (n,):
            for pattern, replacement in subs:
                new = re.sub(pattern, replacement, b.journal[k])
                assert new != b.journal[k], (pattern, b.journal[k])
                b.journal[k] = new
    return work


def more(by):
    return lambda m: m[1] + b"%d" % (int(m[2]) + by)


leg, debit = rb"(\tUSD\t)(\d+)", rb"(D\tUSD\t)(\d+)"
change("entry unbalanced", J, entry(0, (debit, more(1))))
change("entry one cent up", J, entry(0, (leg, more(1))))
change("entry one cent up in both books", J, entry((0, 1), (leg, more(1))))
change("entry in another account", J, entry((0,), (rb"revenue_usage", rb"revenue_capacity")))
change("entry of another day", J, entry((0, 1), (rb"2026-05-31", rb"2026-05-30")), blind="effective days are not compared")
change("entry of another month", J, entry((0, 1), (rb"\t2026-05\t", rb"\t2026-06\t")), blind="months are not compared")
change("entry of another log time", J, entry((0, 1), (rb"(accrual\t)\d+", rb"\g<1>1")))
change("entry of another event", J, entry(0, (rb"(\t2026-05\t)\d+", rb"\g<1>3")))
change("entry of another contract", J, entry(0, (contract.encode(), b"0" * 32)))
change("entry in another currency", J, entry((0, 1), (rb"USD", rb"EUR")))
change("entry missing", J, lambda b: b.journal.pop(2))
change("pair missing, the rest renumbered", J, lambda b: (b.journal.__delitem__(slice(2, 4)), b.journal.__setitem__(
    slice(None), [re.sub(rb"^j1\t\d+", b"j1\t%d" % k, e) for k, e in enumerate(b.journal)])))
change("entry repeated", J, lambda b: b.journal.append(b.journal[-1]))
change("accrual dropped behind the last cut", J, lambda b: twice(reattest(keys["provider"], keys["consumer"]), event(
    "tallystick/event/v1\ncontract CONTRACT\nkind tick\nserial 2\nat 2777593600000\nfrom %d\nto %d\nday %s\n" % (
    b.find("cut", 2), len(b.inputs) + 1, "2026-11-30"), keys["operator"]))(b), blind="ticks are not compared")
change("entries swapped", J, lambda b: swap(b.journal, 0, 1))


def amount(text, by):
    sign = -1 if text.startswith("-") else 1
    minor = sign * int(text.replace("-", "").replace(".", "")) + by
    return "%s%d.%02d" % ("-" * (minor < 0), abs(minor) // 100, abs(minor) % 100)


def reissue(n, *works, by=0):
    """The nth document, changed; with `by` its total and its entries move by as many cents."""
    def work(b):
        document = b.documents[n]
        for w in works:
            w(document)
        if by:
            for member in ("subtotal", "total"):
                document["body"][member] = amount(document["body"][member], by)
            number = document["head"]["number"].encode()
            for k, e in enumerate(b.journal):
                if e.split(b"\t")[10] == number and e.split(b"\t")[4] != b"tax":
                    b.journal[k] = re.sub(leg, more(by), e)
    return work


def line(k, **values):
    return lambda d: d["body"]["lines"][k].update(values)


def cent(k):
    def work(d):
        d["body"]["lines"][k]["amount"] = amount(d["body"]["lines"][k]["amount"], 1)
    return work


def taxed(d):
    """Another rate, its tax and the total."""
    row_ = d["body"]["taxes"][0]
    row_["percent"] = "7.5"
    for l in d["body"]["lines"]:
        if l["percent"] == "7":
            l["percent"] = "7.5"
    row_["tax"] = amount("0.00", (int(row_["net"].replace(".", "")) * 75 + 500) // 1000)
    d["body"]["tax"] = amount(row_["tax"], 0)
    d["body"]["total"] = amount(d["body"]["subtotal"], int(d["body"]["tax"].replace(".", "")))


change("invoice re-issued one cent up, entries too", D, reissue(0, cent(0), by=1))
change("credit note re-issued one cent up, entries too", D, reissue(2, cent(0), by=1))
change("invoice one cent up, entries as they were", D, reissue(0, cent(0)))
change("tax rate changed", D, reissue(0, taxed))
change("quantity changed", D, reissue(0, line(0, base_quantity="1")))
change("line of another tier", D, reissue(0, line(0, tier=2)))
change("line of another period", D, reissue(1, line(-1, adjusts="TMP-000009")))
change("line dropped", D, reissue(0, lambda d: d["body"]["lines"].pop()))
change("line repeated", D, reissue(0, lambda d: d["body"]["lines"].append(d["body"]["lines"][-1])))
change("lines swapped", D, reissue(0, lambda d: swap(d["body"]["lines"], 0, 1)))
change("credit note called an invoice", D, reissue(2, lambda d: d["body"].update(kind="invoice")))
change("another company", D, reissue(0, lambda d: d["body"]["consumer"].update(name="Lib")))
change("another currency", D, reissue(0, lambda d: d["body"].update(currency="EUR")))
change("another contract note in the head", D, reissue(0, lambda d: d["head"].update(contract_note="0" * 64)))
change("another root in the head", D, reissue(0, lambda d: d["head"].update(inputs_root="0" * 64)), settle=False)
change("says unwitnessed, the event cosigned", D, lambda b: (b.settle(), b.documents[0]["head"].update(
    witness="unwitnessed")), settle=False)
change("another trace", D, reissue(0, line(0, trace="because")), blind="words are not compared")
change("another description", D, reissue(0, line(0, description="Other")), blind="words are not compared")
change("credit note omitted with its entries", J, lambda b: (b.documents.pop(), b.journal.__setitem__(slice(None),
    [e for e in b.journal if b"TMP-000003" not in e])), bundle=honest, policy=policy)


# 6. Terms: what the provider and the operator can sign by themselves
def terms(pattern, replacement, *signers):
    def work(b):
        b.terms = re.sub(pattern, replacement, b.terms, count=1)
        assert hexsha(b.terms) != hexsha(honest.terms)
        if signers:
            b.resign(0, rb"\nterms \S+", b"\nterms " + hexsha(b.terms).encode(), *signers)
    return work


T = "terms/1.json"
change("tier edge moved", T, terms(b'"1000"', b'"2000"'))
change("tier edge moved, signed by the provider", "signatures:" + L, terms(b'"1000"', b'"2000"', keys["provider"]))
change("price changed, signed by the provider twice", "signatures:" + L, terms(b'"2.40"', b'"2.41"', keys["provider"], made))
change("tier edge moved, signed by both, not re-rated", J, terms(b'"1000"', b'"2000"', keys["provider"], keys["consumer"]))
change("tax rate changed in the terms", T, terms(b'"7.25"', b'"8.25"'))
change("operator's key changed, signed by both", "signatures:" + L, terms(re.escape(keys["operator"].vkey.encode()), Key.made(
    keys["operator"].name).vkey.encode(), keys["provider"], keys["consumer"]))


def replaced(b):
    """All keys of both companies, the operator and the logs replaced, everything signed by the new ones."""
    new = {n: Key.made(k.name) for n, k in keys.items()}
    for n, k in keys.items():
        b.terms = b.terms.replace(k.vkey.encode(), new[n].vkey.encode())
    b.keys = new
    b.resign(0, rb"\nterms \S+", b"\nterms " + hexsha(b.terms).encode(), new["provider"], new["consumer"])
    for i, leaf in enumerate(b.inputs[1:], 1):
        signers = [new[n] for n, k in keys.items() if ("\u2014 %s " % k.name).encode() in leaf]
        signers += [agents[n] for n, o in origin.items() if ("\u2014 %s " % o).encode() in leaf]
        if signers:
            b.inputs[i] = note(text_of(leaf), *signers)


change("all companies' keys replaced", "inputs.checkpoint", replaced)
change("all companies' keys replaced, logs' kept", "signatures:" + L, lambda b: (replaced(b), b.keys.update(
    {log: keys[log] for log in ("inputs", "journal")})))

# 7. Witnesses, age, pins: what one bundle alone cannot tell
late = lambda b, log: b.kept[log].update({size: [(w, 4000000000) for w in witnesses[:2]] for size in b.kept[log]})
change("cosigned after the issue: inputs", "inputs.checkpoints", lambda b: late(b, "inputs"))
change("cosigned after the issue: journal", "journal.checkpoints", lambda b: late(b, "journal"))
change("two witnesses of three", None, lambda b: b.witness.pop(), accept=True)
change("one witness of three", "inputs.checkpoint", lambda b: b.witness.__delitem__(slice(1, None)))
change("one witness under two names", "inputs.checkpoint", lambda b: b.witness.__setitem__(slice(1, None), [(Key(
    witnesses[1].name, witnesses[0].secret.encode(), 4), b.witness[0][1])]))
row("cosignature's time altered", "inputs.checkpoint", edit("inputs.checkpoint", lambda d: re.sub(
    rb"(\n\xe2\x80\x94 lab\S+ \S{9})(.)", lambda m: m[1] + (b"A" if m[2] != b"A" else b"B"), d)))
now = int(time.time())
fresh = lambda b: b.__setattr__("witness", [(w, now) for w in witnesses[:2]])
change("recent enough", None, fresh, args=("--max-age", "3600"), accept=True)
change("stale bundle", "inputs.checkpoint", lambda b: b.__setattr__("witness", [(w, now - 90000) for w in witnesses[:2]]),
    args=("--max-age", "86400"))
row("age asked, no witness to tell", "inputs.checkpoint", lambda: raw["07"], policy=policy, args=("--max-age", "86400"))


def pin(bundle, log):
    size = len(getattr(bundle, log))
    return "pin %s %d %s\n" % (bundle.origins[log], size, b64encode(bundle.trees(log, [size])[1][size]).decode())


idle = b"u1\t1785000000000\t1785003600000\th100\t1000\t60000\texcluded_maintenance\tjob\tn01\tlab"
two = [copy.deepcopy(honest) for _ in range(2)]
insert_upload("A2", agents["A2"], idle)(two[0])
insert_upload("A2", agents["A2"], idle.replace(b"60000", b"70000"))(two[1])
for n in (0, 1):
    row("two stories, the %s alone" % ("first", "second")[n], None, two[n].archive, policy=policy, accept=True)
    row("two stories, the %s against the other's pin" % ("first", "second")[n], L, two[n].archive,
        policy=policy + pin(two[1 - n], "inputs"))
    row("two stories, pinned as it is: %d" % n, None, two[n].archive, policy=policy + pin(two[n], "inputs") +
        pin(two[n], "journal"), accept=True)
row("two stories: witnesses cosign one", None, lambda: (two[0].__setattr__("witness", W.witness), two[0].archive())[1],
    policy=witnessed_policy, accept=True)
row("two stories: and not the other", "inputs.checkpoint", two[1].archive, policy=witnessed_policy)
row("last upload never logged", None, lambda: raw["07"], policy=policy, accept=True)
row("last upload never logged, and pinned", L, lambda: raw["07"], policy=policy + pin(two[0], "inputs"))
os.makedirs(DIR + "/receipts", exist_ok=True)
given = text_of(two[0].inputs[-1])
with open("%s/receipts/%s.note" % (DIR, given.split(b"\n")[1].decode()), "wb") as f:
    f.write(two[0].inputs[-1] + Key.load(DIR + "/receipt.key").line(given, W.witness[0][1] - 3600))
row("last upload never logged, a receipt was given", "receipts:", lambda: raw["07"], policy=policy, args=("--receipts", DIR +
    "/receipts"), blind="receipts are not read")
row("last upload logged, a receipt was given", None, two[0].archive, policy=policy, args=("--receipts", DIR + "/receipts"),
    accept=True)
row("log rolled back", None, lambda: raw["06"], policy=policy, accept=True)
row("log rolled back behind a pin", L, lambda: raw["06"], policy=policy + pin(honest, "inputs"))
row("journal rolled back behind a pin", J, lambda: raw["06"], policy=policy + pin(honest, "journal"))
row("journal pinned with another root", J, lambda: raw["07"], policy=policy + re.sub(r"\S+$", b64encode(bytes(
    32)).decode(), pin(honest, "journal").strip()) + "\n")


for old, new in (("quorum none\n", ""), ("quorum none\n", "quorum none\nquorum none\n"), ("contract ", "contracts "),
        ("\nparty", "\r\nparty"), ("party provider", "party auditor"), ("quorum none", "quorum w"), ("\nquorum ", "\nquorum  "),
        ("quorum none\n", "quorum none"), ("party consumer", "log"), ("quorum none", "group g 3 w\nquorum none")):
    row("policy: %r for %r" % (new, old), "policy", lambda: raw["07"], policy=policy.replace(old, new, 1))
row("policy: a pin of no log", "policy", lambda: raw["07"], policy=pin(honest, "inputs") + policy)


def other_policy():
    """The policy of another contract with the same companies: this is another contract's file."""
    text = policy.replace("contract " + contract, "contract " + "1" * 32)
    for log in ("inputs", "journal"):
        text = text.replace(keys[log].vkey, Key(keys[log].name.replace(contract, "1" * 32), keys[log].secret.encode()).vkey)
    return text


row("another contract's bundle", "bundle", lambda: raw["07"], policy=other_policy())
state = b"tallystick/state/v1\n"
row("an opening state that nobody sealed", "bundle", lambda: archive({"bundle": members["bundle"].replace(b"state -", b"state " +
    hexsha(state).encode()), "state": state, **{n: d for n, d in members.items() if n != "bundle"}}))



# 8. Amendments: two versions rated in parts, a third with every model that is rated by itself
amended_policy = open(DIR + "/amended.policy").read()
amended_contract = re.search("^contract (.*)$", amended_policy, re.M)[1]
amended = Bundle(open(DIR + "/amended.tar", "rb").read(), {**keys, **{log: Key.load("%s/%s.%s.key" % (
    DIR, amended_contract, log)) for log in ("inputs", "journal")}})


def version(b, n):
    return b.find("contract", n - 1)


def amendment(name, artifact, n, *subs, signers=both, terms=(), of=("amended: ", amended, amended_policy), **more):
    """Version n's note altered and signed again; with `terms`, its document too."""
    def work(b):
        file = "terms/%d.json" % n
        for pattern, replacement in terms:
            new = re.sub(pattern, replacement, b.versions[file], count=1)
            assert new != b.versions[file], pattern
            b.versions[file] = new
        text = text_of(b.inputs[version(b, n)])
        for pattern, replacement in (*subs, (rb"\nterms \S+", b"\nterms " + hexsha(b.versions[file]).encode())):
            text = re.sub(pattern, replacement, text, count=1)
        if signers:
            b.inputs[version(b, n)] = note(text, *signers)
        behind = [i for i, l in enumerate(b.inputs) if l.startswith(b"tallystick/contract/v1") and i > version(b, n)]
        for i in behind if signers else (): # each names the one before
            text = re.sub(rb"\nprevious \S+", b"\nprevious " + hexsha(text).encode(), text_of(b.inputs[i]))
            b.inputs[i] = note(text, *both)
        for d in b.documents: # heads name the newest note below their issue
            issue = next(i for i, l in enumerate(b.inputs) if b"\nnumber %s\n" % d["head"]["number"].encode() in l)
            d["head"]["contract_note"] = hexsha(text_of(b.inputs[[i for i, l in enumerate(b.inputs) if l.startswith(
                b"tallystick/contract/v1") and i < issue][-1]]))
    change(of[0] + name, artifact, work, bundle=of[1], policy=of[2], **more)


change("amended, honest", None, lambda b: None, bundle=amended, policy=amended_policy, accept=True)
amendment("signed again as it was", None, 2, accept=True)
for n in (2, 3):
    change("amended: version note %d dropped" % n, "", lambda b, n=n: b.drop(version(b, n)), bundle=amended,
        policy=amended_policy)
    for end in (b"", b" "):
        row("amended: terms/%d.json %s" % (n, "longer" if end else "omitted"), "terms/%d.json" % n, lambda n=n, end=end: archive(
            {k: d + end * (k == "terms/%d.json" % n) for k, d in amended.build().items() if end or k != "terms/%d.json" % n}),
            policy=amended_policy)
change("amended: version notes swapped", L, lambda b: swap(b.inputs, version(b, 2), version(b, 3)), bundle=amended,
    policy=amended_policy)
amendment("effective range altered by the provider", "signatures:" + L, 2, (rb"\neffective \d+", b"\neffective 1778803200000"),
    signers=both[:1])
amendment("effective range altered by both, not rated again", J, 2, (rb"\neffective \d+", b"\neffective 1778803200000"))
amendment("effective off the grid", "", 2, (rb"\neffective \d+", b"\neffective 1778846400001"))
amendment("effective before the term", "", 2, (rb"\neffective \d+", b"\neffective 1777507200000"))
amendment("version 3 in the middle of a day", "", 3, (rb"\neffective \d+", b"\neffective 1781092800000"))
amendment("signed behind offer-until", L, 2, (rb"\noffer-until \d+", b"\noffer-until 1777507200000"))
amendment("names another version before it", L, 2, (rb"\nprevious \S+", b"\nprevious " + b"0" * 64))
amendment("skips a version", L, 2, (rb"\nversion 2", b"\nversion 4"))
amendment("signed by the consumer alone", "signatures:" + L, 3, signers=both[1:])
amendment("price moved, not signed", "terms/2.json", 2, terms=[(b'"2.10"', b'"2.11"')], signers=())
amendment("price moved, signed by the provider", "signatures:" + L, 2, terms=[(b'"2.10"', b'"2.11"')], signers=both[:1])
amendment("price moved, signed by both, not rated again", J, 2, terms=[(b'"2.10"', b'"2.11"')])
amendment("counters restart, signed by both, not rated again", J, 2, terms=[(b'"continue"', b'"restart"')])
amendment("currency changed", "terms:" + L, 2, terms=[(b'"USD"', b'"EUR"')])
amendment("series changed", "terms:" + L, 2, terms=[(b"AMD-", b"AMX-")])
amendment("rounding changed", "terms:" + L, 3, terms=[(b"half_even", b"up")])
amendment("a treatment that was there changed", "terms:" + L, 2, terms=[(b'"19"', b'"18"')])
amendment("statement key of the consumer changed without its new key", "signatures:" + L, 3, terms=[(re.escape(
    keys["consumer"].vkey.encode()), Key.made(keys["consumer"].name).vkey.encode())])
for what, pattern, new in (("window", rb'"06:15"', b'"06:00"'), ("tier of a shared counter", b'"110"', b'"109"'),
        ("shared counter's scope", b'"scope": "term"', b'"scope": "period"'), ("package", b'"package_size": "10"',
        b'"package_size": "11"'), ("package in a tier", b'"package_size": "50"', b'"package_size": "40"'),
        ("counter over the term", rb'("package_price": "100",\s+"counter": )"term"', rb'\1"period"'),
        ("region", b'"eu1"', b'"us1"'), ("purpose", b'"team-1"', b'"team-2"'), ("block", b"2026-07-11", b"2026-07-10"),
        ("percentage", b'"10.5"', b'"10.6"'), ("free units", b'"5.5"', b'"5.4"'), ("overage", b'"4",', b'"4.01",'),
        ("hours of a commitment", b"2026-06-16", b"2026-06-17"), ("quarter-hours", b"2026-07-22", b"2026-07-21"), ("rollover",
        b'"0.75"', b'"0.7"'), ("overage factor", b'"1.5",', b'"1.6",'), ("excess", b'"1.25"', b'"1.26"'), ("minimum of sections",
        b'"20000.00"', b'"20000.01"'), ("cap of the term", b'"9.99"', b'"9.98"'), ("cap of a period", b'"14000.00"',
        b'"14000.01"'), ("service credit's capacity", b'"quantity": "8"', b'"quantity": "8000"'), ("service credit's tier",
        b'"percent": "10"', b'"percent": "11"'), ("service credit's most", b'"25"', b'"9"'), ("service credit's share", b'"quantity": "16"', b'"quantity": "17"'),
        ("excluded class", b'"excluded_maintenance",\n   "reason"', b'"on_hold",\n   "reason"')):
    amendment(what + " moved, signed by both, not rated again", "", 3, terms=[(pattern, new)])
change("amended: document names another version", D, lambda b: b.documents[2]["head"].update(contract_note=b.documents[0][
    "head"]["contract_note"]), bundle=amended, policy=amended_policy)
for n in range(3):
    for k in (0, -1, 9):
        if k < len(amended.documents[n]["body"]["lines"]):
            change("amended: document %d, line %d one cent up, entries too" % (n, k), D, reissue(n, cent(k), by=1), bundle=amended,
                policy=amended_policy)
change("amended: line of another version", D, reissue(2, line(-1, version=2)), bundle=amended, policy=amended_policy)

# 9. A bundle from the state that both companies sealed
opened = Bundle(open(DIR + "/state.tar", "rb").read(), keys)
parts = opened.build()
upload = next(n for n in parts if n.startswith("ranges/"))


def stated(name, artifact, work, bundle=opened, policy=policy, **more):
    change("from a state: " + name, artifact, work, bundle=bundle, policy=policy, **more)


def altered(pattern, replacement, *signers):
    """The state altered, its hash in the manifest, and the seals over it signed again by signers."""
    def work(b):
        before, new = hexsha(b.state).encode(), re.sub(pattern, replacement, b.state, count=1)
        assert new != b.state, pattern
        b.state = new
        for i, leaf in enumerate(b.inputs):
            own = keys["provider" if b"book provider" in leaf else "consumer"]
            if leaf.startswith(b"tallystick/period/v1") and before in leaf and own in signers:
                b.inputs[i] = note(text_of(leaf).replace(before, hexsha(new).encode()), own)
    return work


def member(name, work):
    return lambda b: b.ranges.update({name: work(b.ranges[name])})


stated("honest", None, lambda b: None, accept=True)
for name in parts:
    row("from a state: byte flipped in " + name, "state" if name == "bundle" else name, lambda name=name: archive({n: flip(
        0.1 if "checkpoint" in name else 0.6)(d) if n == name else d for n, d in parts.items()}), policy=policy)
    row("from a state: omitted: " + name, "", lambda name=name: archive({n: d for n, d in parts.items() if n != name}),
        policy=policy)
frozen = rb"(\ncut\t0\t1\tusage\t0\t1\t0\t\d+\t)(\d+)"
stated("amount in it altered", "state", altered(frozen, more(1)))
stated("amount in it altered, resealed by the provider", "state", altered(frozen, more(1), both[0]))
stated("amount in it altered, resealed by both", "", altered(frozen, more(1), *both))
for what, pattern, replacement in (("N", rb"\ninputs\t\d+", b"\ninputs\t1"), ("compact range", rb"(\njournal\t\d+\t)(.)",
        lambda m: m[1] + (b"A" if m[2] != b"A" else b"B")), ("stream's range", rb"(\nstream\t\S+\t\d+\t)(.)", lambda m: m[1] +
        (b"A" if m[2] != b"A" else b"B")), ("statement in it", rb"(\nleaf\t\d+\t.{40})(.)", lambda m: m[1] + (b"A" if m[2] != b"A"
        else b"B")), ("contract", contract.encode(), b"0" * 32), ("period", rb"\nperiod\t0", b"\nperiod\t1"), ("measure",
        rb"(\nmeasure\t1\t0\t0\t\d+\t)(\d+)", more(3600000000)), ("accrual", rb"(\naccrual\t1\tusage\t0\t1\t0\t\d+\t)(\d+)",
        more(1)), ("balance", rb"(\nbalance\tunbilled\t)(\d+)", more(1)),
        ("next number", rb"(\nhead(?:\t\d+){7}\t)(\d+)", more(1)), ("completeness", rb"(\ncompleteness\t)(\d+)", more(1))):
    stated(what + " altered, resealed by both", "", altered(pattern, replacement, *both))
stated("a mark that nothing inside asks for altered, resealed by both", None, altered(rb"\nmark\t5\t6\treversed[^\n]*", b"",
    *both), accept=True) # it rests on the signatures
stated("without the consumer's seal", "state", lambda b: b.inputs.__setitem__(slice(None), [l for l in b.inputs if
    b"book consumer" not in l]))
stated("both seals by the provider", "state", lambda b: b.inputs.__setitem__(slice(None), [note(text_of(l), keys["provider"])
    if l.startswith(b"tallystick/period/v1") else l for l in b.inputs]))
stated("an upload from before it altered", upload, member(upload, lambda d: d[:-9] + b"9" + d[-8:]))
stated("an upload from before it at another leaf", upload, member(upload, lambda d: re.sub(rb"upload \d+", b"upload 1", d)))
stated("an upload from before it without its path", upload, member(upload, lambda d: re.sub(rb"\npath \S+", b"\npath -", d)))
stated("an upload from before it signed by another agent", upload, member(upload, lambda d: re.sub(rb"\nleaf (\S+)", lambda m:
    b"\nleaf " + b64encode(note(text_of(b64decode(m[1])), agents["B"])), d)))
stated("an upload that nothing refers to", "ranges/", lambda b: b.ranges.update({"ranges/" + stream["B"][8:] + ".0": b.ranges[
    upload]}))
stated("invoice re-issued one cent up, entries too", D, reissue(1, cent(0), by=1))
stated("its own document one cent up, entries too", D, reissue(0, cent(0), by=1))
stated("usage forked by its agent", "", lambda b: b.streams.update({stream["A2"]: b.streams[stream["A2"]].replace(b"\t8000\t1",
    b"\t8000\t2", 1)}))


# 10. The end by notice: from genesis, and from a state behind the notice
ended_policy = open(DIR + "/ended.policy").read()
ended_keys = {**keys, **{log: Key.load("%s/%s.%s.key" % (DIR, re.search("^contract (.*)$", ended_policy, re.M)[1], log))
    for log in ("inputs", "journal")}}
ended, behind = (Bundle(open("%s/ended%s.tar" % (DIR, n), "rb").read(), ended_keys) for n in ("", ".state"))


def notice(name, artifact, work, bundle=ended, **more):
    change("notice: " + name, artifact, work, bundle=bundle, policy=ended_policy, **more)


notice("honest", None, lambda b: None, accept=True)
notice("dropped", "", lambda b: b.drop(b.find("notice")))
notice("signed by the other company", "signatures:" + L, set_leaf(lambda b: b.find("notice"), lambda l: note(text_of(l),
    keys["provider"])))
notice("signed by the operator", "signatures:" + L, set_leaf(lambda b: b.find("notice"), lambda l: note(text_of(l), keys["operator"])))
notice("by the other company, its signature the consumer's", "signatures:" + L, lambda b: b.resign(b.find("notice"),
    rb"\nby consumer", b"\nby provider", keys["consumer"]))
notice("end moved, signed, not rated again", "", lambda b: b.resign(b.find("notice"), rb"(\nend )(\d+)", more(86400000),
    keys["consumer"]))
notice("end off the grid", "", lambda b: b.resign(b.find("notice"), rb"(\nend )(\d+)", more(1), keys["consumer"]))
stated("behind the notice, honest", None, lambda b: None, bundle=behind, policy=ended_policy, accept=True)
for what, pattern in (("billed amount", rb"(\nbilled\t1\tusage\t0\t1\t0\t)(\d+)"), ("end of the term",
        rb"(\nhead(?:\t\d+){8}\t)(\d+)"), ("document of a period", rb"(\nperiod\t0(?:\t\d+){6}\tEND-)(\d+)"),
        ("cut of a period", rb"(\nperiod\t)(0)")):
    stated(what + " altered behind the notice, resealed by both", "", altered(pattern, more(900000000 if "end" in what else 1),
        *both), bundle=behind, policy=ended_policy)
for what, pattern in (("taxed net", rb"(\ntaxed\tEND-000001(?:\t\d+){2}\t)(\d+)"),
        ("taxed tax", rb"(\ntaxed\tEND-000001(?:\t\d+){3}\t)(\d+)")):
    stated(what + " altered behind the notice, resealed by both", None, altered(pattern, more(1), *both), bundle=behind,
        policy=ended_policy, accept=True) # no document inside takes it up: it rests on the signatures

# 11. Credits, settlements, claims; versions that go on, with every model
credited_policy = open(DIR + "/credited.policy").read()
credited_keys = {**keys, **{log: Key.load("%s/%s.%s.key" % (DIR, re.search("^contract (.*)$", credited_policy, re.M)[1], log))
    for log in ("inputs", "journal")}}
credited, decided = (Bundle(open("%s/credited%s.tar" % (DIR, n), "rb").read(), credited_keys) for n in ("", ".state"))
for name, artifact, work, extra in credit_rows.rows(keys):
    change("credits: " + name, artifact, work, bundle=credited, policy=credited_policy, **extra)
for name, n, k in credit_rows.papers(credited.documents):
    change("credits: " + name, D, reissue(n, cent(k), by=1), bundle=credited, policy=credited_policy)
for name, n, pattern, new in credit_rows.TERMS:
    amendment(name + " moved in version %d, signed by both, not rated again" % n, "", n, terms=[(pattern, new)], of=("credits: ",
        credited, credited_policy))
stated("credits, honest", None, lambda b: None, bundle=decided, policy=credited_policy, accept=True)
for what, pattern in credit_rows.STATE:
    stated(what + " altered, resealed by both", "", altered(pattern, more(-1 if "whether" in what else 1), *both), bundle=decided,
        policy=credited_policy)
stated("what a credit takes back from altered, resealed by both", None, altered(rb"v1/usage/3/0/0\tlocal", b"v1/usage/3/0/1\tlocal",
    *both), bundle=decided, policy=credited_policy, accept=True) # nothing inside asks: it rests on the signatures
stated("amendment behind it reaches before it", "ranges:" + L, lambda b: b.resign(b.find("contract"), rb"\neffective \d+",
    b"\neffective 1782345600000", *both), bundle=decided, policy=credited_policy)

# 12. Hostile files
plain = honest.build()
whole = archive(plain)
for name, data in hostile.archives(whole):
    row("hostile: " + name, "", lambda data=data: data, policy=policy)
behind_both = list(plain).index("journal.checkpoint") + 1 # where further checkpoints stand
places = [*list(plain)[:behind_both], "inputs.checkpoints", "journal.checkpoints", *list(plain)[behind_both:]]
for name, artifact, file, data in hostile.members(plain, keys):
    row("hostile: " + name, artifact, lambda file=file, data=data: archive({n: data if n == file else plain[n] for n in places
        if n in plain or n == file}), policy=policy)
for name, bundle in hostile.terms(honest, both):
    change("hostile: terms of " + name, "terms:terms/1.json", lambda b: None, bundle=bundle, policy=policy)
for name, text in hostile.policies(policy):
    row("hostile: policy with " + name, "policy", lambda: whole, policy=text)
row("hostile: policy of nested groups", "inputs.checkpoint", lambda: whole, policy=hostile.nested(policy))


def first(n, data, trusted, args):
    """Exit code, failed checks and errors of the verifier that installs."""
    path = "%s/touched.%d" % (DIR, n)
    for end, content in ((".tar", data), (".policy", trusted.encode())):
        with open(path + end, "wb") as f:
            f.write(content)
    done = subprocess.run([TALLY, "verify", path + ".tar", "--policy", path + ".policy", "--json", *args],
        capture_output=True, text=True, timeout=120)
    os.remove(path + ".tar")
    return done.returncode, json.loads(done.stdout)["failed"] if done.stdout.startswith("{") else [], done.stderr


def names(artifact, failed, err):
    """An artifact is a member's beginning, or check:member; a policy that is none is told in words."""
    if artifact == "policy":
        return not failed and ".policy" in err
    check, _, member = artifact.rpartition(":")
    return any(f["file"].startswith(member) and check in ("", f["check"]) for f in failed)


def main():
    for m in raw:
        row("honest, " + m, None, lambda m=m: raw[m], policy=policy, accept=True)
    row("honest, witnessed", None, W.archive, accept=True)
    for option in sys.argv[3:]: # --only=REGEX
        ROWS[:] = [r for r in ROWS if not option.startswith("--only=") or re.search(option[7:], r[0])]
    bad, blind, explain = 0, sum(bool(r[5]) for r in ROWS), "--explain" in sys.argv
    with ThreadPoolExecutor(2) as pool:
        made_ = [make() for _, _, make, *_ in ROWS]
        runs = [pool.submit(first, n, data, r[3], r[4]) for n, (data, r) in enumerate(zip(made_, ROWS))]
        for data, run, (name, artifact, _, trusted, args, reason, accept) in zip(made_, runs, ROWS):
            age = int(args[1]) if args[:1] == ("--max-age",) else None
            try:
                second = {check: f[0] for check, f in verify(data, trusted.encode(), age).items()}
            except Exception as e: # it must refuse in words
                accept, second = not accept, {"crash": (name, -1, "an answer", repr(e))}
            code, failed, err = run.result()
            right = code == (0 if accept else 1) and (accept or names(artifact, failed, err))
            right = right and bool(second) == (not accept and not reason)
            bad += not right
            if explain or not right:
                print("%s%s: exit %d %s" % ("" if right else "WRONG, %s is not named, or the verifiers differ: " % artifact, name,
                    code, err))
                for f in failed:
                    print("    first:  %(check)s %(file)s %(index)s: %(expected)s, %(actual)s" % f)
                for check, f in second.items():
                    print("    second: %s %s %s: %s, %s" % (check, *f))
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    if most > 1024: # of the largest child; a bundle here has 0.3 MB
        bad += 1
        print("WRONG: %d MB of memory" % most)
    print("%d rows: %d wrong; in %d the second verifier cannot know" % (len(ROWS), bad, blind))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
