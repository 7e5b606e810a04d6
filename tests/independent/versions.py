# SPDX-License-Identifier: Apache-2.0
"""Versions of the terms: which one governs an instant as of an N, when the term ends, and a period in parts."""
import collections
from bisect import bisect_right
from datetime import date
from formats import MAX, need
from joint import Item, Rating
from rating import FEE, QUARTER_MS, TRUE_UP, USAGE, Usage, cut

Version = collections.namedtuple("Version", "leaf terms begin end")
Part = collections.namedtuple("Part", "terms days")


class Versions:
    def __init__(self, first, st):
        self.list, self.notices = [Version(-1, first, st["begin"], st["end"] or MAX)], []
        self.n, self.end_notice, self.starts = 0, MAX, []
        self.governs = {} # instant: terms, as of (N, end)

    def add(self, leaf, terms, st):
        """A next version, of what an amendment may change."""
        a, b, days = self.list[-1].terms.t, terms.t, (st["begin"], st["end"] or MAX)
        same = lambda *path: need(get(a, path) == get(b, path), "no amendment changes /" + "/".join(path))
        for path in (("contract",), ("provider", "id"), ("consumer", "id"), ("currency",), ("zone", "name"),
                ("invoice", "series"), ("rounding",), ("evidence", "domain"), ("evidence", "inputs_log"), ("evidence",
                "journal_log"), ("zone", "offsets"), ("calendar",), ("term", "from")):
            same(*path)
        fixed = lambda t, n: [{k: v for k, v in p.items() if k not in ("section", "description", "on", "priority", "expires", "rollover")}
            for p in t.get("prepayments", [])[:n]]
        need(fixed(a, None) == fixed(b, len(a.get("prepayments", []))), "prepayments keep places")
        need(a["tax"]["treatments"] == b["tax"]["treatments"][: len(a["tax"]["treatments"])], "treatments keep places")
        for name, others in (("regions", ("regions", "counters")), ("purposes", ("purposes", "counters"))):
            had, has = (any(t.get(o) for o in others) for t in (a, b))
            need(had or not has, "usage was kept without what %s need" % name)
        first, last = terms.instant(terms.first), terms.instant(terms.last) if terms.last else MAX
        need(first <= days[0] < last and days[0] < days[1] and (days[1] == MAX or days[1] <= last), "effective in the term")
        need(not any(d % QUARTER_MS for d in days if d != MAX), "effective on the grid")
        need(not (terms.alone or self.list[-1].terms.alone) or all(d == MAX or terms.instant(terms.day(d)) == d for d in
            days), "terms that are rated by themselves change at the beginning of a day")
        self.list.append(Version(leaf, terms, *days))

    def fold(self, n, at):
        """As of N: which versions and notices count from the event on that folds their leaves."""
        for leaf, st in [x for x in self.notices if self.n <= x[0] < n]:
            terms = [v.terms for v in self.list if v.leaf < leaf][-1]
            rule, day = terms.t.get("termination"), terms.day_from(st["end"])
            if rule and st["end"] % QUARTER_MS == 0 and st["end"] > terms.instant(terms.first) and (day.isoformat() >=
                    rule.get("not_before", "")) and (day - terms.day(at)).days >= rule["notice_days"]:
                self.end_notice = min(self.end_notice, st["end"])
        self.n = max(self.n, n)

    def known(self):
        return [v for v in self.list if v.leaf < self.n]

    def newest(self):
        return self.known()[-1].terms

    def end(self):
        last = self.newest().last
        return min(self.end_notice, self.newest().instant(last) if last else MAX)

    def governing(self, ms):
        """The version with the highest leaf that holds the instant; None outside the term."""
        known = self.governs.setdefault((len(self.list), self.n, self.end_notice), {})
        if ms not in known:
            inside = reversed(self.known()) if self.list[0].begin <= ms < self.end() else ()
            known[ms] = next((v.terms for v in inside if v.begin <= ms < v.end), None)
        return known[ms]

    def of(self, number):
        return next(v.terms for v in self.list if v.terms.version == number)

    def period(self, k):
        return self.list[0].terms.period(k, self.list[0].terms.day_from(self.end()) if self.end() < MAX else None)

    def instants(self, p):
        return self.list[0].terms.instant(p.first), self.list[0].terms.instant(p.end)

    def document(self, k):
        """The terms of a period's document: those of its last instant."""
        begin, end = self.instants(self.period(k))
        end = min(end, self.end())
        return (self.governing(end - 1) if begin < end else None) or self.newest()

    def pieces(self, line):
        """(start, quantity) of a line, cut wherever another price may hold."""
        first, edges, k = self.list[0].terms, set(), 0
        if any(v.terms.quarters for v in self.list):
            edges = set(range(line.start - line.start % QUARTER_MS + QUARTER_MS, line.end, QUARTER_MS))
        while first.instant(first.edge(k)) < line.end:
            edges.add(first.instant(first.edge(k)))
            k += 1
        for v in self.list:
            edges |= {v.begin, v.end} | ({v.terms.instant(v.terms.last)} if v.terms.last else set())
        edges |= {first.instant(first.first)} | {st["end"] for _, st in self.notices}
        share = lambda t: line.quantity * (t - line.start) // (line.end - line.start)
        inside = [line.start, *sorted(e for e in edges if line.start < e < line.end), line.end]
        return [(a, share(b) - share(a)) for a, b in zip(inside, inside[1:]) if share(b) > share(a)]

    def index(self, ms):
        """The period of an instant, were the term without end; -1 before it."""
        first = self.list[0].terms
        while not self.starts or self.starts[-1] <= ms:
            self.starts.append(first.instant(max(first.edge(len(self.starts)), first.first)))
        return bisect_right(self.starts, ms) - 1

    def parts(self, p):
        """The versions that govern in a period, in the order in which they first do, each with its days."""
        begin, end = self.instants(p)
        edges = {e for v in self.list for e in (v.begin, v.end)}
        end, out = min(end, self.end()), {}
        edges = sorted({begin, end} | {e for e in edges if begin < e < end})
        for a, b in zip(edges, edges[1:]):
            terms = self.governing(a)
            if terms:
                out.setdefault(terms.version, Part(terms, []))[1].append((terms.day_from(a), terms.day_from(b)))
        return list(out.values())

    def days(self, terms):
        """All days of the term that a version governs; None when there is no other."""
        if len(self.known()) == 1:
            return None
        begin, end = self.list[0].begin, self.end()
        edges = sorted({begin, end} | {e for v in self.list for e in (v.begin, v.end) if begin < e < end})
        return [(terms.day_from(a), terms.day_from(b) if b < MAX else date.max) for a, b in zip(edges, edges[1:])
            if self.governing(a) is terms]

    def row(self, terms):
        """The versions that go on into each other and are rated as one with these terms; none: they are rated in parts."""
        begin, end, order = self.list[0].begin, self.end(), []
        edges = sorted({begin} | {e for v in self.known() for e in (v.begin, v.end) if begin < e < end})
        for x in map(self.governing, edges):
            order += [x] if x and x not in order else []
        goes_on = lambda a, b: max(a, b, key=lambda x: x.version).t.get("counters_on_amendment") == "continue"
        first = last = order.index(terms)
        while first and goes_on(*order[first - 1 : first + 1]):
            first -= 1
        while last + 1 < len(order) and goes_on(*order[last : last + 2]):
            last += 1
        row = order[first : last + 1]
        return row if len(row) > 1 and any(x.alone for x in row) else []

    def charges(self, p, usage):
        """{(version, kind, item, tier): (amount, quantity)} of a period; usage by version."""
        parts, out, plain = self.parts(p), {}, []
        governed = sum((b - a).days for _, days in parts for a, b in days)
        whole, rated = len(parts) == 1 and governed == (p.end - p.first).days, set()
        for x in parts:
            row = self.row(x.terms)
            if not row and not whole and not x.terms.alone:
                plain.append(x)
            elif x.terms.version not in rated:
                rated |= {t.version for t in row}
                out.update(self.apart(p, row or [x.terms], not row, usage))
        if plain:
            self.together(p, plain, usage, out)
        return out

    def apart(self, p, row, single, usage):
        """Versions over all periods before where something runs on, and over this one."""
        versions, lines = [(t, self.days(t)) for t in row], {}
        rating = Rating(versions, single)
        for k in range(0 if any(t.chained for t in row) else p.index, p.index + 1):
            q, here = p if k == p.index else self.period(k), None
            if not single:
                inside = [x.terms for x in self.parts(q)]
                here = [(t, self.days(t)) for t in inside if t in row]
            lines = rating.period(q, usage, here)
        return lines

    def together(self, p, parts, usage, out):
        """Versions of one period: counters restart or go on, fees and minimums of one id are one."""
        stands, lines = {}, collections.Counter()
        def put(version, kind, new, old):
            for sign, side in ((1, new), (-1, old)):
                for key, (amount, quantity) in side.items():
                    lines[version, kind, *key, 0] += sign * amount
                    lines[version, kind, *key, 1] += sign * quantity
        for k, (terms, _) in enumerate(parts):
            version, was, stands = terms.version, stands, {}
            seen = {slot: q for (slot, i), q in usage.get(version, Usage({}, {})).sums.items() if i == p.index}
            on = k and max((parts[k - 1].terms, terms), key=lambda t: t.version).t.get("counters_on_amendment") == "continue"
            for i, price in enumerate(terms.prices):
                name = price["id"], price["sku"]
                carried = on and name in was
                before = was.get(name, 0) if carried else 0
                stands[name] = before + seen.get(i, 0)
                new, old = ({(i, n): (a, q) for n, a, q in self.alone(terms, i, q_, p)} for q_ in (stands[name], before))
                old = old if carried else {}
                if price["model"] == "volume": # all of it has the tier that it reaches now
                    old = {next(iter(new)): v for v in old.values()}
                put(version, USAGE, new, old)
            for i, fee in enumerate(terms.fees):
                sides = [terms.due(self.owed(parts[:n], "fees", fee["id"]), p) for n in (k + 1, k)]
                put(version, FEE, {(i, 0): sides[0]}, {(i, 0): sides[1]})
        for k, (terms, _) in enumerate(parts):
            for i, m in enumerate(terms.t.get("minimums", [])):
                having = [x.terms for x in parts if any(y["id"] == m["id"] for y in x.terms.t.get("minimums", []))]
                if having[-1] is not terms:
                    continue
                kinds = [(USAGE, FEE)[name == "fees"] for name in m["counts"]]
                have = sum(v for key, v in lines.items() if key[4] == 0 and key[1] in kinds and key[0] in [
                    t.version for t in having])
                due, _ = terms.due(self.owed(parts[: k + 1], "minimums", m["id"]), p)
                put(terms.version, TRUE_UP, {(i, 0): (max(due - have, 0), 0)}, {})
        for key in {key[:4] for key in lines}:
            if lines[*key, 0] or lines[*key, 1]:
                out[key] = lines[*key, 0], lines[*key, 1]

    @staticmethod
    def alone(terms, i, quantity, p):
        """Lines of a quantity of one price, whose counter begins with the period."""
        rating = Rating([(terms, None)], True)
        rating.p, rating.q = p, {(0, i): quantity}
        return list(rating.price(None, [Item(0, terms, None, i, terms.prices[i])], 0))

    @staticmethod
    def owed(parts, name, wanted):
        """What versions owe of one id, on the days that each governs."""
        return [s for terms, days in parts for row in terms.t.get(name, []) if row["id"] == wanted
            for s in cut(terms.segments(row), days)]


def get(t, path):
    for name in path:
        t = t.get(name) if t is not None else None
    return t
