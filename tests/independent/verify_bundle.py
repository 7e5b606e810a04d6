#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verify_bundle.py BUNDLE --policy FILE [--json] [--max-age SECONDS]

A second verifier of bundles, written from docs/formats alone and sharing no code with the first: what
both accept does not rest on one program's misreading. Checks have the names of docs/formats/verify.md.
It takes accruals at the cuts only (not tick by tick) and does not read traces; bundles that start from
a state are refused. Exit 0: verified, 1: not."""
import argparse, bisect, collections, hashlib, json, re, sys, time
from base64 import b64decode, b64encode
from datetime import date, timedelta
from fractions import Fraction
from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError

MAX, DAY_MS, SPAN_MS = 2**63 - 1, 86400000, 31 * 86400000
sha = lambda data: hashlib.sha256(data).digest()
hexsha = lambda data: hashlib.sha256(data).hexdigest()
failures = {}


def fail(check, file, index, expected, actual):
    failures.setdefault(check, []).append((file, index, str(expected)[:200], str(actual)[:200]))


def expect(check, file, index, expected, actual):
    if expected != actual:
        fail(check, file, index, expected, actual)
    return expected == actual


class Bad(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Bad(text)


def b64(text):
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise Bad("base64") from None
    need(b64encode(data).decode() == text, "base64 is not canonical")
    return data


# Merkle trees of RFC 6962, as compact ranges
class Tree:
    def __init__(self):
        self.size, self.stack = 0, []

    def add(self, leaf):
        node, n = sha(b"\0" + leaf), self.size
        while n & 1:
            node, n = sha(b"\1" + self.stack.pop() + node), n >> 1
        self.stack.append(node)
        self.size += 1

    def root(self):
        if not self.stack:
            return sha(b"")
        node = self.stack[-1]
        for left in self.stack[-2::-1]:
            node = sha(b"\1" + left + node)
        return node


# Keys and notes
def vkey(text, types):
    """(name, key id) and the key: its type and 32 bytes."""
    name, key_id, key = (text.split("+", 2) + ["", ""])[:3]
    key = b64(key)
    need(re.fullmatch("[!-~]{1,255}", name) and len(key) == 33 and key[0] in types, "vkey " + text)
    need(key_id == sha(name.encode() + b"\n" + key)[:4].hex(), "key id of " + text)
    need(crypto_core_ed25519_is_valid_point(key[1:]), "key is not acceptable: " + text)
    return (name, bytes.fromhex(key_id)), key


def signed(key, text, sig):
    try:
        return len(sig) == 64 and crypto_sign_open(sig + text, key) == text
    except BadSignatureError:
        return False


def note(data, keys, lines_max=64):
    """Text and {(name, id): cosignature time or 0} of the keys (a dict) that signed it."""
    at = data.rfind(b"\n\n")
    need(at >= 0 and len(data) <= 32768 and data.endswith(b"\n"), "not a note")
    need(not re.search(rb"[\x00-\x09\x0b-\x1f]", data), "control character in a note")
    text, tail = data[: at + 1], data[at + 2 : -1].decode().split("\n")
    need(len(tail) <= lines_max, "signature lines")
    found, seen = {}, {}
    for line in tail:
        m = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        need(m, "signature line")
        blob = b64(m[2])
        need(len(blob) >= 5, "signature line")
        who = (m[1], blob[:4])
        if who not in keys:
            continue
        need(seen.setdefault(who, blob) == blob, "two signatures of " + m[1])
        key, message, when, sig = keys[who], text, 0, blob[4:]
        if key[0] == 4:
            when, sig = int.from_bytes(blob[4:12], "big"), blob[12:]
            need(0 < when <= MAX, "time of a cosignature")
            message = b"cosignature/v1\ntime %d\n" % when + text
        need(signed(key[1:], message, sig), "signature of " + m[1])
        found[who] = when
    return text.decode(), found


INT = "(?:0|[1-9][0-9]{0,18})"
TYPES = {"int": INT, "ints": INT + "|-", "hash": "[0-9a-f]{64}", "hashes": "[0-9a-f]{64}|-",
    "day": r"\d{4}-\d\d-\d\d", "word": "[!-~]+", "number": "[!-~]{1,64}", "root": "[A-Za-z0-9+/]{43}=",
    "text": "[^\n]{1,200}", "side": "provider|consumer", "witness": "cosigned|unwitnessed",
    "point": "-|[!-~]+ %s [A-Za-z0-9+/]{43}=" % INT}
STATEMENTS = {
    "contract": "version {version:int};previous {previous:hashes};terms {terms:hash};"
        "effective {begin:int} {end:ints};offer-until {until:int}",
    "key": "origin {origin:word};vkey {vkey:word};side {side:side};scope clusters {clusters:word};"
        "scope resources {resources:word};scope skus {skus:word};window {window:int};"
        "active {begin:int} {end:ints};from_ms {from_ms:int};previous {previous:point}",
    "revoke": "origin {origin:word};compromised-since {since:ints};covered {covered:ints};reason {reason:text}",
    "reattest": "origin {origin:word};from {first:int} {root0:root};to {last:int} {root1:root}",
    "period": "book {book:side};through {through:day};cut {cut:int};state {state:hash}",
    "reservation": "book {book:side};through {through:day};statement {statement:hash};reason {reason:text}",
    "tick": "from {begin:int};to {to:int};day {day:day}",
    "cut": "period {begin:int} {end:int};to {to:int};day {day:day}",
    "issue": "cut {cut:int};number {number:number};date {date:day};due {due:day};"
        "witness {witness:witness};gap {gap:ints}",
    "void": "cut {cut:int};number {number:number};reason {reason:text}",
    "release": "lines {origin:word} {first:int} {last:int};reason {reason:text}",
    "gap": "period {begin:int} {end:int};missing {missing:int};list {list:hash}"}
EVENTS = ("tick", "cut", "issue", "void", "release", "gap")


def pattern(kind):
    head = "contract {contract:word};"
    if kind in EVENTS:
        head += "kind %s;serial {serial:int};at {at:int};" % kind
    body = "tallystick/%s/v1;" % ("event" if kind in EVENTS else kind) + head + STATEMENTS[kind] + ";"
    return re.compile(re.sub(r"\{(\w+):(\w+)\}", lambda m: "(?P<%s>%s)" % (m[1], TYPES[m[2]]),
        body.replace(";", "\n")))


PATTERNS = {kind: pattern(kind) for kind in STATEMENTS}


def statement(text):
    """The kind and values of a statement's text."""
    for kind, regex in PATTERNS.items():
        m = regex.fullmatch(text)
        if m:
            values = {k: int(v) if re.fullmatch(INT, v) and k not in ("number", "reason", "root0", "root1")
                else None if v == "-" else v for k, v in m.groupdict().items()}
            need(all(v <= MAX for v in values.values() if isinstance(v, int)), "integer too large")
            need(len(text.encode()) <= 16384, "statement too long")
            return kind, values
    raise Bad("no known statement: " + text.split("\n")[0])


def checkpoint(text):
    m = re.fullmatch("([!-~]{1,255})\n(%s)\n([A-Za-z0-9+/]{43}=)\n" % INT, text)
    need(m and int(m[2]) <= MAX, "not a checkpoint")
    return m[1], int(m[2]), b64(m[3])


# The archive: exactly what a writer of this format would have made
def header(name, size):
    block = bytearray(512)
    for at, field in ((0, name), (100, b"0000444"), (108, b"0000000"), (116, b"0000000"),
            (124, b"%011o" % size), (136, b"0" * 11), (148, b" " * 8), (156, b"0"), (257, b"ustar\0" b"00")):
        block[at : at + len(field)] = field
    if size >= 8 << 30:
        block[124:136] = b"\x80" + size.to_bytes(11, "big")
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def read_archive(data):
    members, at = {}, 0
    while data[at : at + 512] != bytes(512):
        block = data[at : at + 512]
        name, field = block[:100].rstrip(b"\0"), block[124:136]
        need(len(block) == 512 and re.fullmatch(rb"[!-~]{1,99}", name), "header")
        octal = re.fullmatch(rb"[0-7]{11}\0", field)
        need(octal or field[0] == 0x80, "size of " + name.decode())
        size = int(field[:11], 8) if octal else int.from_bytes(field[1:], "big")
        need(block == header(name, size), "header of " + name.decode())
        end = at + 512 + size + -size % 512
        need(end <= len(data) and not any(data[at + 512 + size : end]), "data of " + name.decode())
        need(name.decode() not in members and size, "member twice or empty: " + name.decode())
        members[name.decode()] = data[at + 512 : at + 512 + size]
        at = end
    need(data[at:] == bytes(1024), "end of the archive")
    return members


def read_leaves(data):
    leaves, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        need(at + 2 + size <= len(data), "last leaf is cut")
        leaves.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return leaves


# The policy
class Policy:
    def __init__(self, text):
        self.party, self.log, self.witness, self.groups, self.pins = {}, {}, {}, {}, []
        self.contract = self.quorum = None
        need(text.endswith("\n") and len(text) <= 65536, "policy: size or last line feed")
        for line in text[:-1].split("\n"):
            word, *rest = line.split(" ")
            if line == "" or line[0] == "#":
                continue
            need("" not in rest and hasattr(self, "on_" + word), "policy: " + line)
            try:
                getattr(self, "on_" + word)(*rest)
            except (TypeError, ValueError):
                raise Bad("policy: " + line) from None
        need(self.contract and len(self.party) == 2 and len(self.log) == 2, "policy: lines are missing")
        need(self.quorum, "policy: no quorum")

    def fresh(self, key):
        used = [k for t in (self.party, self.log, self.witness) for _, k in t.values()]
        need(key[1] not in used, "policy: a key twice")
        return key

    def on_contract(self, contract):
        need(re.fullmatch("[0-9a-f]{32}", contract) and not self.contract, "policy: contract")
        self.contract = contract

    def on_party(self, side, key):
        need(side in ("provider", "consumer") and side not in self.party, "policy: party")
        self.party[side] = self.fresh(vkey(key, (1,)))

    def on_log(self, key, url=None):
        who = self.fresh(vkey(key, (1,)))
        m = re.fullmatch("[^/]+/%s/(inputs|journal)" % self.contract, who[0][0])
        need(m and m[1] not in self.log, "policy: log")
        self.log[m[1]] = who
        need(len({w[0][0].split("/")[0] for w in self.log.values()}) == 1, "policy: two domains")

    def name(self, name):
        need(name != "none" and name not in self.witness and name not in self.groups, "policy: name")

    def on_witness(self, name, key, url=None):
        self.name(name)
        self.witness[name] = self.fresh(vkey(key, (4,)))

    def on_group(self, name, k, *members):
        self.name(name)
        need(members and len(set(members)) == len(members), "policy: members")
        need(all(m in self.witness or m in self.groups for m in members), "policy: members")
        k = {"any": 1, "all": len(members)}.get(k) or int(k)
        need(0 < k <= len(members), "policy: group")
        self.groups[name] = k, members

    def on_quorum(self, name):
        need(not self.quorum and (name == "none" or name in self.witness or name in self.groups),
            "policy: quorum")
        self.quorum = name

    def on_pin(self, origin, size, root):
        need(origin in [w[0][0] for w in self.log.values()], "policy: pin")
        self.pins.append((origin.rsplit("/", 1)[1], int(size), b64(root)))

    def time(self, signers):
        """When the quorum was met by {(name, id): time}; None: it was not."""
        def when(name):
            if name in self.witness:
                return signers.get(self.witness[name][0])
            k, members = self.groups[name]
            times = sorted(t for t in map(when, members) if t is not None)
            return times[k - 1] if len(times) >= k else None
        return 0 if self.quorum == "none" else when(self.quorum)


# Streams: record lines, windows, and which lines count
TEXT, NUM = rb"[!#-\[\]-~]+", rb"(?:0|[1-9][0-9]{0,18})"
RECORDS = {tag: re.compile(b"\t".join([tag] + [b"(%s)" % {"n": NUM, "t": TEXT, "h": b"[0-9a-f]{64}"}[c]
    for c in shape])) for tag, shape in
    ((b"g1", "thn"), (b"u1", "nntnntttt"), (b"c1", "nntnnn"), (b"r1", "tnt"))}
TIME_MAX = 253402300799999
Line = collections.namedtuple("Line", "leaf index start end sku quantity cls workload resource")


class Stream:
    def __init__(self, leaf, st, key):
        self.__dict__.update(st, leaf=leaf, key=key, tree=Tree(), used=0, usage={}, reversals=[], closes=[])
        self.revoked, self.pending, self.closed, self.marks, self.roots = None, {}, {}, {}, {0: sha(b"")}
        self.agent, self.id = self.origin.rsplit("/", 1)[0], hexsha(self.origin.encode())[:32]
        self.generation = int(self.origin.rsplit("/g", 1)[1])

    def take(self, leaf, index, raw, note_hash):
        """Stores a good line; a void one leaves no trace."""
        regex = RECORDS.get(raw[:2])
        m = regex and len(raw) <= 1024 and regex.fullmatch(raw)
        if not m:
            return
        v = m.groups()
        if raw[:2] == b"r1":
            if int(v[1]) <= MAX and v[0].decode().rsplit("/g", 1)[0] == self.agent and (
                    v[0].decode() != self.origin or int(v[1]) < index):
                self.reversals.append((leaf, index, v[0].decode(), int(v[1])))
        elif raw[:2] in (b"u1", b"c1"):
            start, end, first, third = int(v[0]), int(v[1]), int(v[3]), int(v[4])
            if not (start < end <= TIME_MAX and end - start <= SPAN_MS and max(first, third) <= MAX):
                return
            key = start - (start - self.begin) % self.window, v[2]
            n, total, least = self.pending.get(key, (0, 0, index))
            if raw[:2] == b"c1":
                due = (n, total) == (third, int(v[5])) and self.closed.get(key, -1) < first <= least
                if due and key[0] == start and end - start == self.window and first < index and (
                        v[2] != b"-" or n == 0):
                    self.pending.pop(key, None)
                    self.closed[key] = index
                    self.closes.append((leaf, start))
            elif v[2] != b"-" and (not first or third <= first * (end - start)) and total + third <= MAX and (
                    n or len(self.pending) < 65536):
                self.pending[key] = n + 1, total + third, least
                self.usage[index] = Line(leaf, index, start, end, v[2], third, v[5], v[6], v[7])

    def has(self, line):
        """Whether the scope holds the line."""
        return (self.skus in (None, "-") or line.sku.decode() in self.skus.split(",")) and (
            self.resources is None or any(line.resource.decode().startswith(r) for r in self.resources.split(",")))

    def mark(self, index, leaf, what, value):
        self.marks.setdefault(index, []).append((leaf, what, value))

    def counts(self, line, below):
        state = {}
        for leaf, what, value in sorted(self.marks.get(line.index, ()), key=lambda m: m[0]):
            if leaf < below:
                state[what] = value
        gone = state.get("reversed")
        return line.leaf < below and not state.get("parked") and not state.get("contested") and not (
            gone and not gone[0].contested(gone[1], below))

    def contested(self, index, below):
        state = [v for leaf, what, v in sorted(self.marks.get(index, ()), key=lambda m: m[0])
            if what == "contested" and leaf < below]
        return bool(state and state[-1])


def judge(streams, leaves):
    """Marks, in log order, every line that does not count or counts again."""
    for s in streams.values():
        for line in s.usage.values():
            if s.side != "provider" or not s.has(line) or line.start < max(s.from_ms, s.begin) or (
                    s.end is not None and line.start >= s.end):
                s.mark(line.index, line.leaf, "parked", True)
    pairs = [(old, new, old.agent == new.agent) for new in streams.values() for old in streams.values()
        if old.leaf < new.leaf and old.side == new.side == "provider"]
    for old, new, same in pairs:
        if same and old.generation + 1 != new.generation or not same and not meet(old, new):
            continue
        turn = new.from_ms if same else new.begin
        across = collections.defaultdict(list)
        for line in old.usage.values():
            if line.start >= turn and (same or new.has(line)):
                old.mark(line.index, max(line.leaf, new.leaf), "parked", True)
            elif line.start < turn < line.end:
                across[line.sku, line.resource, line.workload].append(line)
        for line in new.usage.values() if across else ():
            for other in across[line.sku, line.resource, line.workload]:
                if line.start < other.end and other.start < line.end:
                    s, late = max((new, line), (old, other), key=lambda p: p[1][:2])
                    s.mark(late.index, max(late.leaf, new.leaf), "parked", True)
    origins = {s.origin: s for s in streams.values()}
    for leaf, kind, st in leaves:
        s = origins.get(st.get("origin"))
        touched = [i for i in (*s.usage, *(r[1] for r in s.reversals))] if s else []
        if kind == "revoke" and st["covered"] is not None:
            at = {i: line.leaf for i, line in s.usage.items()} | {r[1]: r[0] for r in s.reversals}
            for i in touched:
                if st["covered"] <= at[i] < leaf:
                    s.mark(i, leaf, "contested", True)
        for i in touched if kind in ("reattest", "release") else ():
            if st["first"] <= i < st["last"]:
                s.mark(i, leaf, "contested" if kind == "reattest" else "parked", False)
    gone = set()
    for leaf, index, s, origin, target in sorted(
            (r[0], r[1], s, *r[2:]) for s in streams.values() for r in s.reversals):
        t = origins.get(origin)
        line = t and t.usage.get(target)
        if line and (line.leaf, line.index) < (leaf, index) and (origin, target) not in gone:
            gone.add((origin, target))
            t.mark(target, leaf, "reversed", (s, index))


def meet(a, b):
    """Whether two scopes share anything."""
    def any_or(x, y, share):
        return x is None or y is None or any(share(p, q) for p in x.split(",") for q in y.split(","))
    return any_or(a.clusters, b.clusters, str.__eq__) and any_or(a.skus, b.skus, str.__eq__) and any_or(
        a.resources, b.resources, lambda p, q: p.startswith(q) or q.startswith(p))


# Terms: calendar, prices, tax
class Terms:
    def __init__(self, data):
        def once(pairs):
            need(len(dict(pairs)) == len(pairs), "member twice")
            return dict(pairs)
        self.t = t = json.loads(data, object_pairs_hook=once)
        self.exp = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3,
            "JOD": 3, "TND": 3}.get(t["currency"], 2)
        self.first, self.anchor = date.fromisoformat(t["term"]["from"]), t["calendar"]["anchor_day"]
        self.last = date.fromisoformat(t["term"]["to"]) if t["term"].get("to") else None
        self.offsets = [(iso_ms(o["from"]) if "from" in o else -MAX, o["offset_minutes"] * 60000)
            for o in t["zone"].get("offsets", [{"offset_minutes": 0}])]

    def instant(self, day):
        local = (day - date(1970, 1, 1)).days * DAY_MS
        return next((local - off for i, (at, off) in enumerate(self.offsets) if at <= local - off and (
            i + 1 == len(self.offsets) or local - off < self.offsets[i + 1][0])), local - self.offsets[-1][1])

    def day(self, ms):
        off = [o for at, o in self.offsets if at <= ms][-1]
        return date(1970, 1, 1) + timedelta((ms + off) // DAY_MS)

    def edge(self, k):
        """The anchor day k months behind that of the first day's own whole period."""
        n = self.first.year * 12 + self.first.month - 1 + k - (self.first.day < self.anchor)
        return date(n // 12, n % 12 + 1, self.anchor)

    def period(self, k):
        """First and end day of period k; the term cuts the first and the last."""
        first, end = max(self.edge(k), self.first), self.edge(k + 1)
        return first, min(end, self.last) if self.last and first < self.last else end

    def round(self, x):
        low, rest = int(abs(x)), abs(x) - int(abs(x))
        up = {"half_away_from_zero": rest * 2 >= 1, "down": False, "up": rest > 0,
            "half_even": rest * 2 > 1 or rest * 2 == 1 and low % 2}[self.t["rounding"]]
        return (low + bool(up)) * (-1 if x < 0 else 1)

    def minor(self, text):
        return Fraction(text) * 10**self.exp

    def price_of(self, sku, cls):
        for i, p in enumerate(self.t["prices"]):
            if p["sku"] == sku and p["class"] in ("*", cls) and cls not in [
                    x["class"] for x in self.t.get("exclusions", [])]:
                return i

    def parts(self, line):
        """(price, period, quantity) of a u1 line, cut at the edges of billing periods."""
        price = self.price_of(line.sku.decode(), line.cls.decode())
        if price is None:
            return []
        k, done, out = 0, 0, []
        while self.instant(self.period(k)[1]) <= line.start:
            k += 1
        share = lambda t: line.quantity * (min(max(t, line.start), line.end) - line.start) // (line.end - line.start)
        done = share(self.instant(self.first))
        while done < line.quantity and not (self.last and self.period(k)[0] >= self.last):
            upto = share(self.instant(self.period(k)[1]))
            out, done, k = out + [(price, k, upto - done)], upto, k + 1
        return out

    def charges(self, k, measures):
        """{(kind, item, tier): (amount, base quantity)} of period k."""
        out, (first, end) = {}, self.period(k)
        if self.last and first >= self.last:
            return out
        div = {s["sku"]: int(s["divisor"]) for s in self.t["skus"]}
        for i, p in enumerate(self.t["prices"]):
            q, low, d = measures.get((i, k), 0), 0, div[p["sku"]]
            for n, tier in enumerate(p.get("tiers", [p]), 1 if "tiers" in p else 0):
                high = int(Fraction(tier["up_to"]) * d) if "up_to" in tier else max(q, low + 1)
                part = min(q, high) - low if p["model"] != "volume" else q
                if (q > low or n <= 1) and (p["model"] != "volume" or q <= high):
                    out[0, i, n] = self.round(self.minor(Fraction(part, d) * Fraction(tier["unit_price"]) +
                        Fraction(tier.get("flat", 0)))), part
                low = high
        for kind, rows in ((1, self.t.get("fees", [])), (2, self.t.get("minimums", []))):
            whole = (self.edge(k + 1) - self.edge(k)).days
            for i, row in enumerate(rows):
                total = days = 0
                for step in row["schedule"]:
                    to = min(end, date.fromisoformat(step.get("to", "9999-12-31")))
                    n = max((to - max(first, date.fromisoformat(step["from"]))).days, 0)
                    total, days = total + self.minor(step["amount"]) * n / whole, days + n
                if kind == 1:
                    out[1, i, 0] = self.round(total), days
                else:
                    kinds = [j for j, name in enumerate(("usage", "fees")) if name in row["counts"]]
                    short = self.round(total) - sum(a for (c, *_), (a, _) in out.items() if c in kinds)
                    out[2, i, 0] = max(short, 0), 0
        return {key: v for key, v in out.items() if v != (0, 0)}

    def item(self, kind, i):
        return self.t[("prices", "fees", "minimums")[kind]][i]

    def treatment(self, item):
        return next(t for t in self.t["tax"]["treatments"] if t["id"] == item["treatment"])

    def percent(self, item, day):
        t = self.treatment(item)
        rates = [r for r in self.t["tax"].get("rates", []) if r["rate"] == t.get("rate") and
            r["jurisdiction"] == t["jurisdiction"] and r["from"] <= day.isoformat()]
        return max(rates, key=lambda r: r["from"])["percent"] if rates and t["category"] == "S" else "0"


def iso_ms(text):
    m = re.fullmatch(r"(.{10})T(\d\d):(\d\d):(\d\d)Z", text)
    return ((date.fromisoformat(m[1]) - date(1970, 1, 1)).days * 86400 + int(m[2]) * 3600 + int(m[3]) * 60 +
        int(m[4])) * 1000


# The journal
LEGS = {"usage": ("unbilled", "revenue_usage", "expense_usage"), "fee": ("unbilled", "revenue_capacity",
    "expense_capacity"), "true_up": ("unbilled", "revenue_shortfall", "expense_shortfall")}
ENTRY = re.compile(r"j1\t({0})\t([0-9a-f]{{32}})\t(provider|consumer)\t(accrual|invoice|credit_note|tax)\t({0})"
    r"\t(\d{{4}}-\d\d-\d\d)\t(\d{{4}}-\d\d|-)\t({0})\t(-|v\d+/(?:usage|fee|true_up)/\d+/\d+/\d+)\t([!-~]+)"
    r"\t([0-9a-f]{{64}}|-)((?:\np\t[a-z_]+\t[DC]\t[A-Z]{{3}}\t[1-9]\d*)*)".format(INT))
Entry = collections.namedtuple("Entry", "id contract book kind posted day month source line number sha legs")
KINDS = ("usage", "fee", "true_up")


def entry(leaf):
    m = ENTRY.fullmatch(leaf.decode())
    need(m, "not a journal entry")
    legs = tuple((p[1], p[2], p[3], int(p[4])) for p in (r.split("\t") for r in m[12].split("\n")[1:]))
    return Entry(int(m[1]), *m.groups()[1:4], int(m[5]), *m.groups()[5:7], int(m[8]), *m.groups()[8:11], legs)


def pair(book, debit, credit, amount, currency):
    """Legs of an entry; a negative amount changes sides."""
    if amount < 0:
        debit, credit, amount = credit, debit, -amount
    return [(book, ((debit, "D", currency, amount), (credit, "C", currency, amount)))] if amount else []


class Audit:
    def __init__(self, members, policy, args):
        self.m, self.policy, self.args, self.terms, self.note = members, policy, args, None, None
        self.streams, self.checkpoints, self.events, self.stated = {}, {}, [], []
        self.cuts, self.used, self.docs, self.billed, self.taxed = {}, set(), [], {}, {}
        self.logtime, self.notes, self.enrolled, self.late, self.numbers = [], {}, set(), {}, []
        self.accrued, self.memo = {}, {}

    def guard(self, check, file, index, work, *args):
        try:
            return work(*args)
        except (Bad, ValueError, KeyError, IndexError, AttributeError, TypeError, StopIteration) as e:
            fail(check, file, index, "well formed and right", str(e) or type(e).__name__)

    def run(self):
        self.guard("manifest", "bundle", -1, self.manifest)
        if failures:
            return
        self.leaves = {log: self.guard(log + "_root", log + ".leaves", -1, read_leaves,
            self.m.get(log + ".leaves", b"")) or [] for log in self.to}
        self.roots = {log: [sha(b"")] for log in self.to}
        for log, leaves in self.leaves.items():
            tree = Tree()
            for leaf in leaves:
                tree.add(leaf)
                self.roots[log].append(tree.root())
            expect("manifest", log + ".leaves", -1, self.to[log], len(leaves))
            self.guard("checkpoints", log + ".checkpoint", -1, self.read_checkpoints, log)
        self.trust()
        self.entries = [self.guard("entries", "journal.leaves", i, entry, leaf)
            for i, leaf in enumerate(self.leaves["journal"])]
        for i, leaf in enumerate(self.leaves["inputs"]):
            self.guard("signatures", "inputs.leaves", i, self.leaf, i, leaf)
        self.guard("keys", "streams", -1, judge, self.streams, self.stated)
        self.follow()
        self.shape()

    def manifest(self):
        m = re.fullmatch("tallystick/bundle/v1\ncontract ([0-9a-f]{32})\ninputs (N) (N)\njournal (N) (N)\n"
            "state (-|[0-9a-f]{64})\n".replace("N", INT), self.m["bundle"].decode())
        need(m and m[6] == "-" and m[2] == m[4] == "0", "a bundle from genesis")
        expect("contract", "bundle", -1, self.policy.contract, m[1])
        self.to = {"inputs": int(m[3]), "journal": int(m[5])}

    def read_checkpoints(self, log):
        found, before = {}, -1
        if log == "journal" and not self.to[log]:
            return
        keys = dict([self.policy.log[log], *self.policy.witness.values()])
        notes = [n + b"\n" * (not n.endswith(b"\n")) for n in re.findall(
            rb"(?s).+?\n\n.+?\n(?=\n|\Z)", self.m.get(log + ".checkpoints", b"") )]
        need(b"\n".join(n.lstrip(b"\n") for n in notes) == self.m.get(log + ".checkpoints", b""), "notes")
        for i, data in enumerate([n.lstrip(b"\n") for n in notes] + [self.m[log + ".checkpoint"]]):
            file = log + ".checkpoint" + "s" * (i < len(notes))
            text, signers = note(data, keys)
            origin, size, root = checkpoint(text)
            need(self.policy.log[log][0] in signers and origin == self.policy.log[log][0][0], "log's signature")
            need(before < size <= self.to[log] and (i < len(notes)) == (size < self.to[log]), "sizes of " + file)
            expect(log + "_root", log + ".leaves", size, root.hex(), self.roots[log][size].hex()
                if size < len(self.roots[log]) else "fewer leaves")
            found[size], before = signers, size
        self.checkpoints[log] = found

    def quorum_time(self, log, size):
        return self.policy.time(self.checkpoints.get(log, {}).get(size, {}))

    def trust(self):
        times = []
        for log, size in self.to.items():
            if size or log == "inputs":
                times.append(self.quorum_time(log, size))
                if times[-1] is None:
                    fail("quorum", log + ".checkpoint", size, "cosigned by " + self.policy.quorum, "not")
        for log, size, root in self.policy.pins:
            actual = self.roots[log][size].hex() if size < len(self.roots[log]) else "fewer leaves"
            expect("pins", log + ".leaves", size, root.hex(), actual)
        if self.args.max_age is not None:
            newest = max((t for t in times if t), default=0)
            if self.policy.quorum == "none" or None in times or time.time() - newest > self.args.max_age:
                fail("max_age", "inputs.checkpoint", -1, "at most %d s" % self.args.max_age, newest)

    # Leaves of the inputs log
    def leaf(self, i, data):
        text = data[: data.rfind(b"\n\n") + 1].decode()
        self.logtime.append(None)
        if not text.startswith("tallystick/"):
            return self.upload(i, data)
        kind, st = statement(text)
        both = dict(self.policy.party.values())
        expect("contract", "inputs.leaves", i, self.policy.contract, st["contract"])
        need((kind == "contract") == (i == 0), "the contract's note is leaf 0, and only it")
        if kind in ("tick", "cut", "issue", "void"):
            who = dict([vkey(self.terms.t["evidence"]["operator_key"], (1,))])
        elif kind == "key":
            return self.enrol(i, data, st)
        elif kind == "revoke":
            stream = next(s for s in self.streams.values() if s.origin == st["origin"])
            who, stream.revoked = dict([self.policy.party[stream.side]]), i
            self.covered(i, st)
        else:
            who = both
        signers = note(data, who)[1]
        need(signers and (kind in ("period", "reservation") or len(signers) == len(who)), "who must sign " + kind)
        if kind == "contract":
            self.contract(st, text)
        if kind == "reattest":
            s = next(s for s in self.streams.values() if s.origin == st["origin"])
            for size, root in ((st["first"], st["root0"]), (st["last"], st["root1"])):
                lines = self.m.get("streams/" + s.id, b"").split(b"\n")[:size]
                tree = Tree()
                for line in lines:
                    tree.add(line)
                expect("covered", "inputs.leaves", i, root, b64encode(tree.root()).decode())
        self.stated.append((i, kind, st))
        if kind in ("tick", "cut"):
            for k in range(len(self.logtime)):
                if self.logtime[k] is None and k < st["to"]:
                    self.logtime[k] = st["at"]

    def contract(self, st, text):
        expect("terms", "terms/1.json", -1, st["terms"], hexsha(self.m.get("terms/1.json", b"")))
        self.note, self.terms = hexsha(text.encode()), Terms(self.m["terms/1.json"])
        t = self.terms.t
        need(st["version"] == 1 and st["previous"] is None, "version 1 names no other")
        expect("terms", "terms/1.json", -1, self.policy.contract, t["contract"])
        for side, (who, key) in self.policy.party.items():
            expect("contract", "terms/1.json", -1, key.hex(), vkey(t[side]["statement_key"], (1,))[1].hex())
        for log, (who, key) in self.policy.log.items():
            expect("contract", "terms/1.json", -1, key.hex(), vkey(t["evidence"][log + "_log"], (1,))[1].hex())

    def enrol(self, i, data, st):
        who, key = vkey(st["vkey"], (1,))
        need(who[0] == st["origin"] and key not in self.enrolled, "the key's name, or a key twice")
        required = dict([(who, key), self.policy.party[st["side"]]])
        for scope in ("clusters", "resources", "skus"):
            values = (st[scope] or "-").split(",")
            need(values == sorted(set(values)) and len(values) <= 64, "scope")
        need(60000 <= st["window"] <= SPAN_MS, "window")
        new = Stream(i, st, (who, key))
        need(re.fullmatch("[^/]+/%s/[^/]+/[^/]+/g[1-9][0-9]*" % self.policy.contract, st["origin"]) and (
            st["clusters"] is None or st["origin"].split("/")[2] in st["clusters"].split(",")), "origin")
        before = [s for s in self.streams.values() if s.agent == new.agent]
        need(new.generation == len(before) + 1 and (st["previous"] is None) == (not before), "generation")
        if before:
            required.update([before[-1].key])
            want = "%s %d %s" % (before[-1].origin, before[-1].used, b64encode(before[-1].tree.root()).decode())
            expect("enrolment", "inputs.leaves", i, want, st["previous"])
        for s in self.streams.values() if st["side"] == "provider" else ():
            if s.side == "provider" and s.revoked is None and s.agent != new.agent and meet(s, new) and (
                    (s.end is None or new.begin < s.end) and (new.end is None or s.begin < new.end)):
                fail("enrolment", "inputs.leaves", i, "scopes of live streams are disjoint", s.origin)
        need(len(note(data, required)[1]) == len(required), "who must sign a key statement")
        self.enrolled.add(key)
        self.streams[new.origin] = new

    def covered(self, i, st):
        if st["covered"]:
            sealed = [s["to"] for k, kind, s in self.stated if kind == "cut" and any(
                p["cut"] == k for _, name, p in self.stated if name == "period")][-1:]
            when = self.quorum_time("inputs", st["covered"])
            if st["covered"] not in sealed and not (when and when * 1000 < (st["since"] or MAX)):
                fail("covered", "inputs.leaves", i, "a seal or a cosigned checkpoint", st["covered"])

    def upload(self, i, data):
        origin, size, root = checkpoint(data[: data.rfind(b"\n\n") + 1].decode())
        s = self.streams.get(origin)
        newer = s and any(o.agent == s.agent and o.generation > s.generation for o in self.streams.values())
        if not s or s.revoked is not None or newer:
            return fail("keys", "inputs.leaves", i, "a key enrolled and not revoked", origin)
        need(note(data, dict([s.key]), 1)[1] and size > s.used, "the agent's signature and a larger size")
        if s.side == "provider":
            self.lines(i, s, size, root)
        s.used = size

    def lines(self, i, s, size, root):
        name = "streams/" + s.id
        if name not in self.notes:
            self.notes[name] = self.m.get(name, b"").split(b"\n")
        rows = self.notes[name][:-1][s.used : size]
        if len(rows) != size - s.used:
            return fail("stream_lines", name, s.used + len(rows), "%d lines" % size, "they end")
        for k, row in enumerate(rows, s.used):
            s.tree.add(row)
            s.take(i, k, row, self.note)
        expect("stream_root", name, size, root.hex(), s.tree.root().hex())

    # Events, journal, documents
    def follow(self):
        serial, n, at, day, due, self.balance = collections.Counter(), 0, 0, date.min, 0, collections.Counter()
        for i, kind, st in self.stated:
            if kind not in EVENTS:
                continue
            serial[kind] += 1
            expect("events", "inputs.leaves", i, "%s %d" % (kind, serial[kind]), "%s %d" % (kind, st["serial"]))
            if kind in ("release", "gap"):
                continue
            if st["at"] < at:
                fail("events", "inputs.leaves", i, "at %d or later" % at, st["at"])
            at = st["at"]
            if kind in ("tick", "cut"):
                to, d = st["to"], date.fromisoformat(st["day"])
                good = n <= to <= i and (kind == "cut" or st["begin"] == n) and day <= d <= self.terms.day(at)
                if not good:
                    fail("events", "inputs.leaves", i, "N from %d, D from %s" % (n, day), "%d, %s" % (to, d))
                n, day = max(n, to), d
            first = due
            while due < len(self.entries) and self.entries[due] and self.entries[due].source == i:
                due += 1
            self.guard("entries", "journal.leaves", first, self.entries_of, i, kind, st, first, due)
            if kind == "cut":
                self.guard("events", "inputs.leaves", i, self.cut, i, st, due)
            elif kind == "issue":
                self.guard("documents", "inputs.leaves", i, self.issue, i, st, self.entries[first:due])
        if due < len(self.entries):
            fail("entries", "journal.leaves", due, "an entry of the next event", self.entries[due])

    def entries_of(self, i, kind, st, first, end):
        books = collections.Counter()
        for k in range(first, end):
            e = self.entries[k]
            need((e.id, e.contract, e.posted) == (k, self.policy.contract, st["at"]), "id, contract, posted")
            need((e.kind == "accrual") == (kind in ("tick", "cut")), "kind of an entry")
            need(sum(a if side == "D" else -a for _, side, _, a in e.legs) == 0, "debit = credit")
            for role, side, currency, amount in e.legs:
                need(currency == self.terms.t["currency"], "currency")
                self.balance[role] += amount if side == "D" else -amount
            if e.kind == "accrual":
                version, charge, item, tier, period = e.line.split("/")
                amount = e.legs[0][3] * (1 if e.legs[0][0] in ("unbilled", LEGS[charge][2]) else -1)
                books[e.book, e.line, e.month] += amount
                roles = LEGS[charge][:2] if e.book == "provider" else (LEGS[charge][2], "accrued")
                need([(e.book, e.legs)] == pair(e.book, *roles, amount, e.legs[0][2]), "legs of an accrual")
                if e.book == "provider":
                    key = KINDS.index(charge), int(item), int(tier), int(period)
                    self.accrued[key] = self.accrued.get(key, 0) + amount
        for (book, line, month), amount in books.items():
            expect("books", "journal.leaves", first, amount, books["consumer", line, month])
            expect("books", "journal.leaves", first, amount, books["provider", line, month])
        for a, b in (("receivable", "payable"), ("unbilled", "accrued")):
            expect("books", "journal.leaves", end - 1, self.balance[a], -self.balance[b])

    def cut(self, i, st, journal):
        k = len(self.cuts)
        want = [self.terms.instant(d) for d in self.terms.period(k)]
        need(want == [st["begin"], st["end"]], "the period after the last one")
        need(len(self.docs) == k, "the document before is issued")
        late = int(self.terms.t["late"]["late_usage_until_days"]) * DAY_MS
        measures = collections.Counter()
        for s in self.streams.values():
            for line in s.usage.values():
                if line.leaf < st["to"] and s.counts(line, st["to"]):
                    for price, period, quantity in self.parts(s, line):
                        if self.logtime[line.leaf] <= self.late.get(period, MAX):
                            measures[price, period] += quantity
        self.late[k] = st["at"] + late
        target = {(*key, p): v for p in range(k + 1) for key, v in self.terms.charges(p, measures).items()}
        for key in sorted(set(target) | {a for a in self.accrued if a[3] <= k}):
            expect("entries", "journal.leaves", journal - 1, (key, target.get(key, (0, 0))[0]),
                (key, self.accrued.get(key, 0)))
        self.cuts[i] = k, st, journal, target

    def parts(self, s, line):
        key = s.origin, line.index
        if key not in self.memo:
            self.memo[key] = self.terms.parts(line)
        return self.memo[key]

    def issue(self, i, st, entries):
        k, cut, journal, target = self.cuts[st["cut"]]
        t, file = self.terms.t, "inputs.leaves"
        number = "%s%06d" % (t["invoice"]["series"], len(self.numbers) + 1)
        expect("numbers", file, i, number, st["number"])
        self.numbers.append(st["number"])
        need(len(self.docs) == k, "one document per cut, of the last one")
        today = self.terms.day(st["at"])
        dates = today.isoformat(), (today + timedelta(t["invoice"]["due_days"])).isoformat()
        expect("events", file, i, dates, (st["date"], st["due"]))
        if st["gap"] is not None:
            gaps = [s for j, kind, s in self.stated if (j, kind) == (st["gap"], "gap") and st["cut"] < j < i]
            good = gaps and (gaps[0]["begin"], gaps[0]["end"]) == (cut["begin"], cut["end"])
            expect("gaps", file, i, "a gap event for this period between cut and issue", "leaf %d" % st["gap"]
                if not good else "a gap event for this period between cut and issue")
        if st["witness"] == "cosigned":
            for log, size in (("inputs", cut["to"]), ("journal", journal)):
                times = [self.quorum_time(log, s) for s in self.checkpoints.get(log, {}) if s >= size]
                if not any(when is not None and when * 1000 < st["at"] for when in times):
                    fail("cosigned", log + ".checkpoints", size, "cosigned before %d" % st["at"], "not")
        shas = {e.sha for e in entries if e}
        need(len(shas) == 1, "the document's hash stands in its entries")
        name = "documents/%s.json" % shas.pop()
        self.docs.append(name)
        if name not in self.m:
            return fail("documents", name, -1, "a member", "absent")
        expect("documents", name, -1, name[10:74], hexsha(self.m[name]))
        doc = json.loads(self.m[name])
        canonical = json.dumps(doc, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        expect("documents", name, -1, "canonical JSON", "canonical JSON" if canonical == self.m[name] else "other")
        head = {"number": st["number"], "issue_date": st["date"], "due_date": st["due"],
            "contract_note": self.note, "witness": st["witness"]}
        for log, size in (("inputs", cut["to"]), ("journal", journal)):
            head.update({log + "_origin": self.policy.log[log][0][0], log + "_size": size,
                log + "_root": self.roots[log][size].hex()})
        self.equal(name, head, doc["head"])
        self.body(name, k, cut, target, doc["body"], st["number"], entries)

    def equal(self, name, want, have):
        for member in sorted(set(want) | set(have)):
            expect("documents", name, -1, (member, want.get(member)), (member, have.get(member)))

    def body(self, name, k, cut, target, body, number, entries):
        keys = set(target) | {key for key in self.billed if key[3] <= k}
        lines = []
        for key in sorted(keys, key=lambda key: (key[3] != k, key[3], key[:3])):
            amount, quantity = target.get(key, (0, 0))
            before = self.billed.get(key)
            if before and before[0] != amount:
                lines.append((key, -before[0], -before[1], before[2], True))
            if (not before or before[0] != amount) and (amount or quantity):
                lines.append((key, amount, quantity, before and before[2], False))
        rows, taxes, kind = self.taxes(lines)
        sign = -1 if kind == "credit_note" else 1
        money = lambda minor: "%s%d" % ("-" * (minor < 0), abs(minor) // 10**self.terms.exp) + (
            "." + "%0*d" % (self.terms.exp, abs(minor) % 10**self.terms.exp) if self.terms.exp else "")
        first, end = self.terms.period(k)
        net = sum(row[0] for row in taxes.values())
        tax = sum(row[1] for row in taxes.values())
        t = self.terms.t
        want = {"format": "tallystick/invoice/v1", "kind": kind, "contract": self.policy.contract,
            "currency": t["currency"], "inputs_to": cut["to"], "as_of": cut["day"], "from": first.isoformat(),
            "to": end.isoformat(), "subtotal": money(sign * net), "tax": money(sign * tax),
            "total": money(sign * (net + tax))}
        self.equal(name, want, {m: body[m] for m in want})
        parties = {s: {"country": t[s]["address"]["country"], "id": t[s]["id"], "name": t[s]["name"],
            "tax_id": t[s].get("tax_id")} for s in ("provider", "consumer")}
        self.equal(name, parties, {s: body[s] for s in parties})
        have = [(n, x["kind"], x["id"], x["tier"] or 0, x["version"], x["amount"], x["base_quantity"], x["adjusts"],
            x["reversal"], x["treatment"], Fraction(x["percent"]), x["from"], x["to"], x["number"])
            for n, x in enumerate(body["lines"], 1)]
        made = []
        for n, (key, amount, quantity, adjusts, reversal) in enumerate(lines, 1):
            item, days = self.terms.item(*key[:2]), self.terms.period(key[3])
            made.append((n, KINDS[key[0]], item["id"], key[2], 1, money(sign * amount), str(sign * quantity),
                adjusts, reversal, item["treatment"], rows[n - 1][1], days[0].isoformat(), days[1].isoformat(), n))
        for n in range(max(len(made), len(have))):
            expect("documents", name, n + 1, *[x[n] if n < len(x) else "no line" for x in (made, have)])
        have = [(x["treatment"], Fraction(x["percent"]), x["net"], x["tax"]) for x in body["taxes"]]
        made = [(*key, money(sign * v[0]), money(sign * v[1])) for key, v in taxes.items()]
        expect("documents", name, -1, made, have)
        self.post(kind, net, taxes, number, entries, name)
        for key, amount, quantity, adjusts, reversal in lines:
            if not reversal or not target.get(key):
                after = target.get(key, (0, 0))
                stays = kind == "credit_note" and key in self.billed
                self.billed[key] = (*after, self.billed[key][2] if stays else number)

    # Tax: rows are the (treatment, percent) of each line; groups what is outstanding per document
    def taxes(self, lines):
        rows, taxes = [], {}
        for key, amount, *_ in lines:
            item = self.terms.item(*key[:2])
            percent = Fraction(self.terms.percent(item, self.terms.period(key[3])[1] - timedelta(1)))
            rows.append((item["treatment"], percent))
            taxes.setdefault(rows[-1], [0, 0])[0] += amount
        for (_, percent), row in taxes.items():
            row[1] = self.terms.round(row[0] * percent / 100)
        self.groups = collections.Counter()
        self.turned = collections.Counter()
        for row, (key, amount, quantity, adjusts, reversal) in zip(rows, lines):
            self.groups[adjusts, row] += amount
            self.turned[adjusts, row] -= amount if reversal else 0
        kind = "invoice" if sum(map(sum, taxes.values())) >= 0 else "credit_note"
        if kind == "credit_note":
            for row in taxes:
                taxes[row][1] = sum(self.credit(group, row[1]) for group in self.groups if group[1] == row)
        return rows, taxes, kind

    def credit(self, group, percent):
        """Tax due on what is left of the adjusted document, less what it was taxed."""
        net, tax = self.taxed.get((group[0], group[1][0], percent), (0, 0))
        return self.terms.round((net + self.groups[group]) * percent / 100) - tax

    def own(self, treatment):
        """The treatment, and the percent at which the consumer taxes itself, if any."""
        t = next(t for t in self.terms.t["tax"]["treatments"] if t["id"] == treatment)
        return t, Fraction(t["reverse_percent"]) if "reverse_percent" in t else None

    def post(self, kind, net, taxes, number, entries, name):
        c, credit, want, moves = self.terms.t["currency"], kind == "credit_note", [], []
        want += [(kind, *p) for p in pair("provider", "receivable", "unbilled", net, c)]
        want += [(kind, *p) for p in pair("consumer", "accrued", "payable", net, c)]
        for (treatment, percent), (base, tax) in taxes.items():
            t, own = self.own(treatment)
            role = "input_tax" if t["recoverable"] else "expense_tax"
            want += [("tax", *p) for p in pair("provider", "receivable", "tax_payable", tax, c)]
            want += [("tax", *p) for p in pair("consumer", role, "payable", tax, c)]
            groups = [g for g in self.groups if g[1] == (treatment, percent)]
            if own is not None:
                due = sum(self.credit(g, own) for g in groups) if credit else self.terms.round(base * own / 100)
                want += [("tax", *p) for p in pair("consumer", role, "output_tax", due, c)]
            for rate in {percent, own} - {None}:
                if credit:
                    moves += [(g[0] or number, treatment, rate, self.groups[g], self.credit(g, rate)) for g in groups]
                    continue
                moves.append((number, treatment, rate, base, self.terms.round(base * rate / 100)))
                for g in groups: # what an invoice restates, it takes over
                    if g[0] and (g[0], treatment, rate) in self.taxed:
                        old = self.taxed[g[0], treatment, rate]
                        tax = old[1] - self.terms.round((old[0] - self.turned[g]) * rate / 100)
                        moves += [(number, treatment, rate, self.turned[g], tax),
                            (g[0], treatment, rate, -self.turned[g], -tax)]
        for document, treatment, rate, base, tax in moves:
            old = self.taxed.get((document, treatment, rate), (0, 0))
            self.taxed[document, treatment, rate] = old[0] + base, old[1] + tax
        for book in ("provider", "consumer"):
            if not any(p[1] == book for p in want):
                want.append((kind, book, ()))
        have = [(e.kind, e.book, e.legs) for e in entries]
        expect("entries", "journal.leaves", entries[0].id, want, have)
        for e in entries:
            expect("entries", "journal.leaves", e.id, (number, name[10:74]), (e.number, e.sha))

    # The members are those that follow
    def shape(self):
        want = ["bundle", "inputs.checkpoint"] + ["journal.checkpoint"] * (self.to["journal"] > 0)
        want += [n for n in ("inputs.checkpoints", "journal.checkpoints") if n in self.m] + ["inputs.leaves"]
        want += ["journal.leaves"] * (self.to["journal"] > 0) + ["terms/1.json"]
        for s in sorted(self.streams.values(), key=lambda s: s.origin.encode()):
            if s.side == "provider" and s.used:
                want.append("streams/" + s.id)
                data = self.m.get(want[-1], b"")
                expect("stream_lines", want[-1], -1, s.used, data.count(b"\n") + (not data.endswith(b"\n")))
        want += self.docs
        have = list(self.m)
        for k in range(max(len(want), len(have))):
            pair = [x[k] if k < len(x) else "no member" for x in (want, have)]
            if not expect("members", pair[1] if k < len(have) else pair[0], k, *pair):
                break


def main():
    cli = argparse.ArgumentParser()
    cli.add_argument("bundle")
    cli.add_argument("--policy", required=True)
    cli.add_argument("--json", action="store_true")
    cli.add_argument("--max-age", type=int)
    args = cli.parse_args()
    try:
        policy = Policy(open(args.policy, encoding="utf-8", newline="").read())
        try:
            members = read_archive(open(args.bundle, "rb").read())
        except Bad as e:
            fail("archive", args.bundle, -1, "the one archive of its content", e)
        else:
            Audit(members, policy, args).run()
    except (Bad, OSError, UnicodeDecodeError) as e:
        fail("policy", args.policy, -1, "a policy", e)
    if args.json:
        print(json.dumps({"verified": not failures, "failed": [{"check": check, "file": f[0][0],
            "index": f[0][1], "expected": f[0][2], "actual": f[0][3], "failures": len(f)}
            for check, f in failures.items()]}))
    else:
        for check, f in failures.items():
            print("FAILED %s: %s %s: expected %s, found %s (and %d more)" % (check, *f[0], len(f) - 1))
        print("NOT VERIFIED" if failures else "VERIFIED")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
