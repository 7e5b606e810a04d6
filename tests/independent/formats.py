# SPDX-License-Identifier: Apache-2.0
"""Notes, keys, statements, the archive and the policy, as docs/formats has them; where failures go."""
import hashlib, re
from base64 import b64decode, b64encode
from datetime import date
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
    def __init__(self, size=0, stack=()):
        self.size, self.stack = size, list(stack)
        need(len(self.stack) == bin(size).count("1"), "hashes of a compact range")

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


def notes(data):
    """Notes with an empty line between two."""
    out, at = [], 0
    while at < len(data):
        end = data.find(b"\n\n", data.index(b"\n\n", at) + 2)
        out.append(data[at : end + 1] if end >= 0 else data[at:])
        at = end + 2 if end >= 0 else len(data)
    return out


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
    "gap": "period {begin:int} {end:int};missing {missing:int};list {list:hash}",
    "notice": "by {by:side};end {end:int}",
    "credit": "amount {amount:int};currency {currency:word};line {line:word};treatment {treatment:word};reason {reason:text}",
    "prepayment": "prepayment {prepayment:word};number {number:number};date {date:day};due {due:day}",
    "payment": "number {number:number};currency {currency:word};minor {minor:int};date {date:day};reference {reference:text}",
    "refund": "prepayment {prepayment:word};currency {currency:word};minor {minor:int};date {date:day};reference {reference:text}",
    "claim": "sla {sla:word};period {begin:int} {end:int};reason {reason:text}"}
STATEMENTS["settlement"] = STATEMENTS["credit"]
EVENTS = ("tick", "cut", "issue", "void", "release", "gap", "notice", "credit", "settlement", "claim", "prepayment",
    "payment", "refund")
TEXTS = ("number", "reason", "root0", "root1", "line", "treatment", "currency", "sla", "prepayment", "reference") # even where they look like integers


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
            values = {k: int(v) if re.fullmatch(INT, v) and k not in TEXTS
                else None if v == "-" else v for k, v in m.groupdict().items()}
            need(all(v <= MAX for v in values.values() if isinstance(v, int)), "integer too large")
            need(0 not in (values.get("amount"), values.get("minor")), "an amount of 1 or more")
            need(len(text.encode()) <= 16384, "statement too long")
            for name in {"day", "date", "due", "through"} & values.keys():
                date.fromisoformat(values[name])
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
        need(max(map(len, (self.witness, self.groups, self.pins))) <= 64, "policy: more than 64")

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
        when = {name: signers.get(who) for name, (who, _) in self.witness.items()}
        for name, (k, members) in self.groups.items(): # each is of those before it
            times = sorted(when[m] for m in members if when[m] is not None)
            when[name] = times[k - 1] if len(times) >= k else None
        return 0 if self.quorum == "none" else when[self.quorum]
