# SPDX-License-Identifier: Apache-2.0
"""A bundle that begins at a state: what both companies signed is taken as if it had been walked; uploads from before it
that something inside refers to prove themselves."""
import collections, re
from datetime import timedelta
from fractions import Fraction
from formats import INT, MAX, Bad, Tree, b64, checkpoint, expect, fail, hexsha, need, note, sha, statement
from rating import EPOCH, KINDS
from usage import Line, fields, meet

# What leaves below N say about a quarter-hour behind the state's period: a next version may match it anew.
Cell = collections.namedtuple("Cell", "start sku cls account origin quantity")
Carried = collections.namedtuple("Carried", "name stream first end tree rows")


def compact(text):
    return [b64(x) for x in text.split(",")] if text != "-" else []


def number(text):
    need(re.fullmatch("-?" + INT, text), "an integer in the state")
    return int(text)


class State:
    def __init__(self, data, sha256):
        need(hexsha(data) == sha256, "the state's hash")
        lines = data.decode().split("\n")
        need(lines[0] == "tallystick/state/v1" and lines[-1] == "", "a state")
        rows = [line.split("\t") for line in lines[1:-1]]
        at = next(i for i, row in enumerate(rows) if row == ["ledger"])
        need([row[0] for row in rows[:6]] == ["contract", "period", "cut", "inputs", "journal", "completeness"], "first lines")
        self.contract, self.period, self.cut = rows[0][1], number(rows[1][1]), number(rows[2][1])
        self.base = {row[0]: (number(row[1]), compact(row[2])) for row in rows[3:5]}
        self.expected, _, self.late, self.missing = map(number, rows[5][1:5])
        self.list, self.leaves, self.streams, self.ledger = rows[5][5], [], {}, collections.defaultdict(list)
        self.cells = []
        for kind, *row in rows[6:at]:
            need(kind in ("leaf", "stream", "window", "closed", "mark", "cell"), "row " + kind)
            if kind == "leaf":
                self.leaves.append((number(row[0]), b64(row[1])))
            elif kind == "cell":
                start, sku, cls, account, origin, quantity = row
                self.cells.append(Cell(number(start), sku, cls, account, origin, number(quantity)))
            elif kind == "stream":
                need(row[0] not in self.streams, "a stream twice")
                last = self.streams[row[0]] = {"row": row, "window": [], "closed": [], "mark": []}
            else:
                last[kind].append(row)
        for kind, *row in rows[at + 1 :]:
            self.ledger[kind].append(row)
        need(self.cut >= self.base["inputs"][0] and len(self.ledger["head"]) == 1, "the cut is not below N, one head")
        need([k for k, _ in self.leaves] == sorted({k for k, _ in self.leaves}) and all(
            k < self.base["inputs"][0] for k, _ in self.leaves), "leaves rise, below N")


class Opening:
    """The part of an audit that only such a bundle needs."""

    def manifest(self):
        self.base, self.carried, self.needed, self.optional = {"inputs": (), "journal": ()}, [], set(), set()
        m = re.fullmatch("tallystick/bundle/v1\ncontract ([0-9a-f]{32})\ninputs (N) (N)\njournal (N) (N)\n"
            "state (-|[0-9a-f]{64})\n".replace("N", INT), self.m["bundle"].decode())
        need(m, "a manifest")
        self.from_ = {"inputs": int(m[2]), "journal": int(m[4])}
        self.to = {"inputs": int(m[3]), "journal": int(m[5])}
        if m[6] != "-":
            self.state = State(self.m["state"], m[6])
            self.base = self.state.base
            need(self.state.contract == m[1], "a state of this contract")
        need(self.from_ == {log: (b or (0,))[0] for log, b in self.base.items()}, "FROM is 0, or the state's sizes")
        expect("contract", "bundle", -1, self.policy.contract, m[1])

    def open(self):
        by, mine = set(), (self.state.cut, hexsha(self.m["state"]))
        for leaf in self.leaves["inputs"]:
            if leaf.startswith(b"tallystick/period/v1\n"):
                try:
                    st = statement(leaf[: leaf.rfind(b"\n\n") + 1].decode())[1]
                    if (st["cut"], st["state"], st["contract"]) == (*mine, self.policy.contract):
                        by |= set(note(leaf, dict(self.policy.party.values()))[1])
                except (Bad, UnicodeDecodeError):
                    pass # named where the leaves are read
        need(len(by) == 2, "both companies seal or countersign the state")
        for i, leaf in self.state.leaves:
            need(leaf.startswith(b"tallystick/") and b"\nkind tick\n" not in leaf[:200], "statements but ticks")
            self.leaf(i, leaf)
        need(set(self.state.streams) == {s.origin for s in self.streams.values() if s.side == "provider"}, "the streams")
        self.open_ledger()
        for name, data in self.m.items():
            if name.startswith("ranges/"):
                self.guard("ranges", name, -1, self.carry, name, data)
        for s in self.streams.values():
            self.open_marks(s)

    def open_stream(self, s):
        s.begun = self.from_["inputs"]
        if s.side != "provider":
            return
        rows = self.state.streams[s.origin]
        _, size, hashes, revoked = rows["row"]
        s.base = s.used = number(size)
        s.tree = Tree(s.base, compact(hashes))
        s.revoked_ms = None if revoked == "-" else number(revoked)
        for start, sku, first, count, total, closed in rows["window"]:
            key = number(start), sku.encode()
            s.closed[key] = -1 if closed == "-" else number(closed)
            if number(count):
                s.pending[key] = number(count), number(total), number(first)
                s.waits[key] = [[s.begun - 1, MAX]]
        for a, b in rows["closed"]:
            s.closes += [(s.begun - 1, t) for t in range(number(a), number(b), s.window)]

    def open_marks(self, s):
        """What was decided about lines before the state, as far as it may matter inside."""
        rows = self.state.streams[s.origin]["mark"] if s.side == "provider" else []
        lines = {index for index in s.usage} | {number(r[5]) for o in self.state.streams.values() for r in o["mark"]
            if r[4] == s.origin}
        for a, b, kind, leaf, origin, index in rows:
            a, b, leaf = number(a), number(b), number(leaf)
            need(kind in ("parked", "released", "reversed", "contested", "reattested", "void"), "a mark")
            if kind == "reversed":
                s.mark(a, leaf, "reversed", (self.streams[origin] if origin != "-" else s, number(index) if index != "-" else -1))
                s.gone_before.add(a)
            elif kind != "void":
                what, value = ("parked" if kind in ("parked", "released") else "contested"), kind in ("parked", "contested")
                for i in range(a, b) if b - a < len(lines) else [i for i in lines if a <= i < b]:
                    s.mark(i, leaf, what, value)

    def open_ledger(self):
        t, rows = self.versions.list[0].terms, self.state.ledger
        n, day, at, entries, tick, cut, issue, documents, end = map(number, rows["head"][0])
        need((n, entries) == (self.from_["inputs"], self.from_["journal"]), "the ledger's sizes")
        self.n, self.versions.n, self.log_time, self.day = n, n, at // 1000, EPOCH + timedelta(day)
        self.versions.end_notice = end // 1000 or MAX
        self.serial.update(tick=tick - 1, cut=cut - 1, issue=issue - 1)
        self.serial.update(kind for _, kind, _ in self.stated if kind in ("void", "release", "gap", "notice", "credit", "settlement", "claim", "prepayment", "payment", "refund"))
        self.numbers = ["-"] * (documents - 1 + self.serial["void"])
        own = lambda text: self.versions.of(number(text))
        slot = lambda terms, i: i if i < len(terms.prices) else terms.watches()[i - len(terms.prices)]
        cut = lambda period: number(period) <= self.state.period # the rest follows from the cells
        line = lambda row: (number(row[0]), KINDS.index(row[1]), *map(number, row[2:5]))
        for version, price, period, month, quantity in rows["measure"]:
            if cut(period):
                self.sums[number(version), slot(own(version), number(price)), number(period)] += number(quantity)
        for start, version, price, period, cls, account, origin, quantity in rows["fine"]:
            if cut(period):
                self.fine[number(version), number(start) // 1000, own(version).prices[number(price)]["sku"], cls, account,
                    origin, number(price), number(period)] += number(quantity)
        for row in rows["accrual"]:
            self.accrued[line(row)] += number(row[6])
        for row in rows["billed"]:
            if row[1] != "deposit":
                self.billed[line(row)] = number(row[5]), number(row[6])
        treatments = [x["id"] for x in self.versions.newest().t["tax"]["treatments"]]
        self.open_credits(rows["credit"], treatments)
        self.open_prepaid(rows, line)
        for document, treatment, percent, net, tax in rows["taxed"]:
            name = treatments[number(treatment)]
            self.taxed[document, name, Fraction(number(percent), 10**12)] = number(net), number(tax)
        for k, done, issued, _, when, _, _, document, late in rows["period"]:
            self.cut_at[number(k)] = number(when) // 1000
            self.issued += number(issued)
            if number(issued):
                self.of_period[number(k)] = document
            if number(late):
                self.late_from[number(k)] = number(late)
        for role, debits, credits in rows["balance"]:
            self.balance[role] = number(debits) - number(credits)
        need(self.issued == self.state.period and len(self.cut_at) == self.state.period + 1, "the periods so far")
        self.cut_lines = {line(row[1:]): (number(row[7]), number(row[6])) for row in rows["cut"] if row[2] != "deposit"}

    def own_cut(self, i, kind, st):
        """The cut that the state is of: its entries are in the state, its document is not issued yet."""
        head = self.state.ledger["head"][0]
        need((kind, st["to"], st["at"], st["serial"]) == ("cut", self.n, number(head[2]) // 1000, self.serial["cut"]) and (
            st["day"] == self.day.isoformat()), "the cut that the state is of")
        need(list(self.versions.instants(self.versions.period(self.state.period))) == [st["begin"], st["end"]], "its period")
        self.next_cut = self.state.period + 1
        self.cuts[i] = self.state.period, st, self.from_["journal"], {**self.billed, **self.cut_lines}

    # Uploads from before the state
    def carry(self, name, data):
        head, _, body = data.partition(b"\n\n")
        m = re.fullmatch("upload (N) (N) (N)\nrange (\\S+)\nleaf (\\S+)\npath (\\S+)".replace("N", INT), head.decode())
        need(m, "a head as in bundle.md")
        at, first, end, leaf = int(m[1]), int(m[2]), int(m[3]), b64(m[5])
        s = next(s for s in self.streams.values() if s.side == "provider" and name == "ranges/%s.%d" % (s.id, first))
        text, signers = note(leaf, dict([s.key]), 1)
        origin, size, root = checkpoint(text)
        need(signers and origin == s.origin and first < size == end <= s.base, "a checkpoint of the stream, of the upload's end")
        need(s.leaf < at < self.from_["inputs"] and included(at, self.from_["inputs"], sha(b"\0" + leaf), compact(m[6]),
            Tree(*self.base["inputs"]).root()), "a path to the root of the inputs log at FROM")
        rows = body.split(b"\n")
        need(rows.pop() == b"" and len(rows) == end - first, "all lines of the upload")
        tree = Tree(first, compact(m[4]))
        carried = Carried(name, s, first, end, tree, rows)
        tree = Tree(first, tree.stack)
        for row in rows:
            tree.add(row)
        need(tree.root() == root, "lines with the root that the agent signed")
        void = {number(r[0]) for r in self.state.streams[s.origin]["mark"] if r[2] == "void"}
        for i, row in enumerate(rows, first):
            v = fields(row)
            if v and row[:2] == b"u1" and i not in void:
                s.usage[i] = Line(at, i, int(v[0]), int(v[1]), v[2], int(v[4]), *v[5:])
        self.carried.append(carried)

    def ask(self, s, index):
        self.needed.add((s.origin, index))

    def root_of(self, s, size):
        """The stream's root at a size that a re-attestation names."""
        tree, rows = Tree(s.base, compact(self.state.streams[s.origin]["row"][2]) if self.state else ()), self.rows.get(
            "streams/" + s.id, [])
        if size < s.base:
            self.ask(s, size)
            c = next(c for c in self.carried if c.stream is s and c.first <= size < c.end)
            tree, rows = Tree(c.first, c.tree.stack), c.rows
        for row in rows[: size - tree.size]:
            tree.add(row)
        need(tree.size == size, "as many lines")
        return tree.root()

    def asked(self):
        """Every carried upload is asked for, every one that is asked for is carried."""
        for s in self.streams.values():
            for _, _, origin, index in s.reversals:
                t = self.streams.get(origin)
                if t and t.side == "provider" and index < t.base:
                    (self.optional if index in t.gone_before else self.needed).add((origin, index))
        for origin, index in self.needed:
            if not any(c.stream.origin == origin and c.first <= index < c.end for c in self.carried):
                fail("ranges", "ranges/", index, "the upload with this line of " + origin, "no member")
        for c in self.carried:
            handed = any(o is not c.stream and o.side == "provider" and (o.agent == c.stream.agent or meet(o, c.stream)) for o in self.streams.values())
            if not handed and not any(o == c.stream.origin and c.first <= index < c.end for o, index in
                    self.needed | self.optional):
                fail("ranges", c.name, c.first, "an upload that something inside refers to", "nothing does")

    def carried_names(self):
        return [c.name for c in sorted(self.carried, key=lambda c: (c.stream.origin.encode(), c.first))]


def included(index, size, leaf, path, root):
    """RFC 9162, 2.1.3.2."""
    node, f, s = leaf, index, size - 1
    for p in path:
        if s == 0:
            return False
        if f & 1 or f == s:
            node = sha(b"\1" + p + node)
            while not f & 1 and f:
                f, s = f >> 1, s >> 1
        else:
            node = sha(b"\1" + node + p)
        f, s = f >> 1, s >> 1
    return s == 0 and node == root
