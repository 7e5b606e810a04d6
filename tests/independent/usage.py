# SPDX-License-Identifier: Apache-2.0
"""Streams: record lines, windows, and which lines count."""
import collections, re
from formats import INT, MAX, SPAN_MS, Tree, hexsha, sha

TEXT, NUM = rb"[!#-\[\]-~]+", rb"(?:0|[1-9][0-9]{0,18})"
RECORDS = {tag: re.compile(b"\t".join([tag] + [b"(%s)" % {"n": NUM, "t": TEXT, "h": b"[0-9a-f]{64}"}[c]
    for c in shape])) for tag, shape in
    ((b"g1", "thn"), (b"u1", "nntnntttt"), (b"c1", "nntnnn"), (b"r1", "tnt"))}
TIME_MAX = 253402300799999
Line = collections.namedtuple("Line", "leaf index start end sku quantity cls workload resource account")


def fields(raw):
    """Of a line that is good by itself."""
    regex = RECORDS.get(raw[:2])
    m = regex and len(raw) <= 1024 and regex.fullmatch(raw)
    v = m and m.groups()
    if v and raw[:2] in (b"u1", b"c1"):
        start, end = int(v[0]), int(v[1])
        if not (start < end <= TIME_MAX and end - start <= SPAN_MS and max(int(v[3]), int(v[4])) <= MAX):
            return None
    return v


class Stream:
    def __init__(self, leaf, st, key):
        self.__dict__.update(st, leaf=leaf, key=key, tree=Tree(), used=0, usage={}, reversals=[], closes=[])
        self.base, self.begun, self.gone_before, self.revoked_ms = 0, 0, set(), None # what a state says of before it
        self.waits = {} # (window, sku): leaves of the first u1 that waits and of the c1
        self.revoked, self.pending, self.closed, self.marks, self.roots = None, {}, {}, {}, {0: sha(b"")}
        self.agent, self.id = self.origin.rsplit("/", 1)[0], hexsha(self.origin.encode())[:32]
        self.generation = int(self.origin.rsplit("/g", 1)[1])

    def take(self, leaf, index, raw):
        """Stores a good line; a void one leaves no trace."""
        v = fields(raw)
        if not v:
            return
        if raw[:2] == b"r1":
            if int(v[1]) <= MAX and v[0].decode().rsplit("/g", 1)[0] == self.agent and (
                    v[0].decode() != self.origin or int(v[1]) < index):
                self.reversals.append((leaf, index, v[0].decode(), int(v[1])))
        elif raw[:2] in (b"u1", b"c1"):
            start, end, first, third = int(v[0]), int(v[1]), int(v[3]), int(v[4])
            key = start - (start - self.begin) % self.window, v[2]
            n, total, least = self.pending.get(key, (0, 0, index))
            if raw[:2] == b"c1":
                due = (n, total) == (third, int(v[5])) and self.closed.get(key, -1) < first <= least
                if due and key[0] == start and end - start == self.window and first <= index and (
                        v[2] != b"-" or n == 0):
                    self.pending.pop(key, None)
                    self.closed[key] = index
                    if n:
                        self.waits[key][-1][1] = leaf
                    self.closes.append((leaf, start))
            elif v[2] != b"-" and (not first or third <= first * (end - start)) and total + third <= MAX and (
                    n or len(self.pending) < 65536):
                self.pending[key] = n + 1, total + third, least
                if not n:
                    self.waits.setdefault(key, []).append([leaf, MAX])
                self.usage[index] = Line(leaf, index, start, end, v[2], third, *v[5:])

    def windows(self, begin, end, limit, below):
        """(start, end, missing, late) of the windows that end in (begin, end], up to the limit, by leaves below."""
        closed = {start for leaf, start in self.closes if leaf < below}
        late = {key[0] for key, spans in self.waits.items() for a, b in spans if a < below <= b}
        for k in range(max(begin - self.begin, 0) // self.window, (end - self.begin) // self.window + 1):
            start = self.begin + k * self.window
            if begin < start + self.window <= min(end, limit):
                yield start, start + self.window, start not in closed, start in closed and start in late

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

    def gone(self, index, below):
        state = dict(m[1:] for m in sorted(self.marks.get(index, ()), key=lambda m: m[0]) if m[0] < below)
        return bool(state.get("parked") or state.get("reversed"))

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
    origins = {s.origin: s for s in streams.values()}
    gone = {(s.origin, i) for s in streams.values() for i in s.gone_before}
    for leaf, index, s, origin, target in sorted(
            (r[0], r[1], s, *r[2:]) for s in streams.values() for r in s.reversals):
        t = origins.get(origin)
        line = t and t.usage.get(target)
        if line and (line.leaf, line.index) < (leaf, index) and (origin, target) not in gone:
            gone.add((origin, target))
            t.mark(target, leaf, "reversed", (s, index))
    pairs = [(old, new, old.agent == new.agent) for new in streams.values() for old in streams.values()
        if old.leaf < new.leaf and old.side == new.side == "provider"]
    for old, new, same in pairs:
        if same and old.generation > new.generation or not same and not meet(old, new):
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
                    (t, first), (s, late) = sorted(((new, line), (old, other)), key=lambda p: p[1][:2])
                    leaf = max(late.leaf, new.leaf)
                    if not t.gone(first.index, leaf):
                        s.mark(late.index, leaf, "parked", True)
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

def meet(a, b):
    """Whether two scopes share anything."""
    def any_or(x, y, share):
        return x is None or y is None or any(share(p, q) for p in x.split(",") for q in y.split(","))
    return any_or(a.clusters, b.clusters, str.__eq__) and any_or(a.skus, b.skus, str.__eq__) and any_or(
        a.resources, b.resources, lambda p, q: p.startswith(q) or q.startswith(p))
