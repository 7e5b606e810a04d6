# SPDX-License-Identifier: Apache-2.0
"""The lines of a period, of one version of the terms or of several that go on into each other. Items of one id are one thing:
a version's line is what all versions up to it come to, less what those before it do, under its own prices."""
import collections
from datetime import timedelta
from fractions import Fraction
from rating import (CAP, DISCOUNT, EXCESS, FEE, OVERAGE, QUARTER_MS, ROLLOVER, SHORTFALL, SLA, TRUE_UP, USAGE, Usage, cut,
    part)

NONE = Usage({}, {})
# An item of one version in the period: place of the version, its terms, its days of the term (None: all), place of the item.
Item = collections.namedtuple("Item", "n terms days i row")


def same(terms, table, row):
    """What an item of another version must have in common to be the same thing."""
    price = lambda name: (name, next(p["sku"] for p in terms.prices if p["id"] == name))
    return {"prices": lambda: price(row["id"]), "discounts": lambda: (row["id"], "quantity" in row), "commitments": lambda: (
        row["id"], row["per"], price(row["price"])), "caps": lambda: (row["id"], row["per"])}.get(table, lambda: row["id"])()


class Rating:
    """Counters, rollovers and caps run on from period to period; lines are {(version, kind, item, tier): (amount, quantity)}."""

    def __init__(self, versions, single=False):
        """Versions (terms, days) in the order in which each first governs."""
        self.versions, self.single = versions, single
        self.counted, self.carried, self.spent, self.pools = (collections.Counter() for _ in range(4))
        self.begun, self.names = set(), {}
        for table in ("prices", "fees", "discounts", "commitments", "minimums", "caps", "slas"):
            self.names[table] = list(dict.fromkeys(same(t, table, row) for t, _ in versions for row in t.t.get(table, [])))

    def groups(self, table):
        """Items of one thing together, in the order of the versions of the period."""
        for name in self.names[table]:
            items = [Item(n, t, days, i, row) for n, (t, days) in enumerate(self.here) for i, row in enumerate(t.t.get(table, []))
                if same(t, table, row) == name]
            if items:
                yield name, items

    def period(self, p, usage, here=None):
        """usage by version; here: the versions that govern in the period, in the order in which they first do."""
        self.p, self.here, self.lines = p, self.versions if here is None else here, {}
        self.gather(usage)
        for name, items in self.groups("prices"):
            for j, x in enumerate(items):
                for tier, amount, quantity in self.price(name, items, j):
                    self.put(x, USAGE, amount, quantity, tier)
        for _, items in self.groups("fees"):
            for j, x in enumerate(items):
                (with_, days), (less, other) = (self.due(items[:k]) for k in (j + 1, j))
                self.put(x, FEE, with_ - less, days - other)
        for by in ("quantity", "percent"): # all units first, then percentages of what is left
            counted = dict(self.lines)
            for _, items in self.groups("discounts"):
                for j, x in enumerate(items if by in items[0].row else ()):
                    self.put(x, DISCOUNT, self.free(x) if by == "quantity" else self.percent(items, j, counted))
        carried, self.carried = self.carried, collections.Counter() # it lapses where nobody has the commitment
        for name, items in self.groups("commitments"):
            self.commitment(name, items, carried[name])
        counted = dict(self.lines)
        for _, items in self.groups("minimums"):
            self.minimum(items, counted)
        for name, items in self.groups("caps"):
            for j, x in enumerate(items):
                self.cap(name, items, j)
        counted = dict(self.lines)
        for _, items in self.groups("slas"):
            self.credit(items, counted)
        for name, items in self.groups("prices"):
            self.begun.add(name)
            self.counted[name] += sum(self.q[x.n, x.i] for x in items)
        self.pools.update({pool: q for pool, q in self.totals.items() if pool[1] == "term"})
        return {(self.here[n][0].version, *rest): v for (n, *rest), v in self.lines.items()}

    def put(self, x, kind, amount, quantity=0, tier=0):
        if amount or quantity:
            self.lines[x.n, kind, x.i, tier] = amount, quantity

    # Quantities
    def gather(self, usage):
        self.q, self.hours, self.parts, self.totals = (collections.Counter() for _ in range(4))
        fine, at = [], collections.Counter(self.pools)
        for n, (terms, _) in enumerate(self.here):
            own = usage.get(terms.version, NONE)
            for (slot, k), quantity in own.sums.items():
                self.q[n, slot] += quantity if k == self.p.index else 0
            fine += [(*words, n, i, quantity) for (*words, i, k), quantity in own.fine.items() if k == self.p.index]
        for start, *_, n, i, quantity in sorted(fine): # the order in which shared counters are fed
            terms = self.here[n][0]
            self.q[n, i] += quantity
            self.hours[n, i, start] += quantity
            pool = self.pool(terms, i)
            if pool:
                for tier, (low, high, _) in enumerate(terms.tiers(i)):
                    self.parts[n, i, tier] += part(at[pool] + quantity, low, high) - part(at[pool], low, high)
                at[pool] += quantity
                self.totals[pool] += quantity

    @staticmethod
    def pool(terms, i):
        counter = terms.prices[i].get("counter")
        return (counter, terms.pools[counter]) if counter in terms.pools else None

    # Usage
    def price(self, name, items, j):
        """(tier, amount, quantity) of each line of one version's price."""
        x = items[j]
        p, pool = x.row, self.pool(x.terms, x.i)
        opening = self.counted[name] if p.get("counter") == "term" else 0
        others, own = sum(self.q[y.n, y.i] for y in items[:j]), self.q[x.n, x.i]
        if p["model"] == "volume":
            total, then = (self.totals[pool],) * 2 if pool else (others + own, others)
            tier = self.reached(x, total)
            cost = lambda tier, q: self.cost(x, x.terms.tiers(x.i)[tier][2], 0, q, True)
            yield tier + 1, cost(tier, others + own) - (cost(self.reached(x, then), others) if j else 0), own
            return
        begun = self.p.index > 0 if self.single else name in self.begun
        for n, (low, high, tier) in enumerate(x.terms.tiers(x.i)):
            before = part(opening, low, high)
            if pool and p["model"] == "graduated":
                had, mine = sum(self.parts[y.n, y.i, n] for y in items[:j]), self.parts[x.n, x.i, n]
            else:
                had = part(opening + others, low, high) - before
                mine = part(opening + others + own, low, high) - before - had
            paid = j > 0 and (n == 0 or had > 0) # the tier's flat, by a version before
            once = not (p.get("counter") == "term" and begun if n == 0 else before > 0)
            amount = self.cost(x, tier, before, had + mine, once and (paid or n == 0 or mine > 0))
            yield n + 1 if "tiers" in p else 0, amount - (self.cost(x, tier, before, had, once and paid) if j else 0), mine

    @staticmethod
    def reached(x, total):
        return next(n for n, (_, high, _) in enumerate(x.terms.tiers(x.i)) if total <= high)

    @staticmethod
    def cost(x, tier, before, quantity, flat):
        """Of a quantity in a tier in which the counter stood at `before`."""
        div, units = x.terms.div[x.row["sku"]], None
        if "package_size" in tier:
            size = int(Fraction(tier["package_size"]) * div)
            units = -(-(before + quantity) // size) - -(-before // size)
        units = Fraction(quantity, div) if units is None else units
        each = Fraction(tier.get("unit_price") or tier["package_price"])
        return x.terms.round(x.terms.minor(units * each + Fraction(tier.get("flat", "0")) * bool(flat)))

    # Discounts
    def free(self, d):
        """What the price costs without its first units, less what it costs with them."""
        k = d.terms.price_at(d.row["price"])
        items = next(items for _, items in self.groups("prices") if any((x.n, x.i) == (d.n, k) for x in items))
        j = next(j for j, x in enumerate(items) if (x.n, x.i) == (d.n, k))
        x, gift = items[j], int(Fraction(d.row["quantity"]) * d.terms.div[items[j].row["sku"]])
        def whole(q):
            if x.row["model"] == "volume":
                return self.cost(x, x.terms.tiers(x.i)[self.reached(x, q)][2], 0, q, True)
            inside = [(part(q, low, high), tier) for low, high, tier in x.terms.tiers(x.i)]
            return sum(self.cost(x, tier, 0, own, n == 0 or own > 0) for n, (own, tier) in enumerate(inside))
        others = sum(self.q[y.n, y.i] for y in items[:j])
        own = lambda less: whole(max(others + self.q[x.n, x.i] - less, 0)) - (whole(max(others - less, 0)) if j else 0)
        return own(gift) - own(0)

    def percent(self, items, j, counted):
        x, others = items[j], self.before(DISCOUNT, items, j, counted)
        off = lambda whole: -x.terms.round(whole * Fraction(x.row["percent"]) / 100)
        return off(others + self.counts(counted, x, DISCOUNT)) - off(others)

    # What counts
    def counts(self, lines, x, kind, usage=True, fees=True, without=(), skip=()):
        """The sum of the version's lines all of whose prices and fees the item is about."""
        total, cover = 0, x.terms.covered(kind, x.i)
        for (n, own, item, tier), (amount, _) in lines.items():
            if n != x.n or own in without or (n, own, item) in skip:
                continue
            prices, of_fees = x.terms.covered(own, item)
            by_fees = own == FEE or own == DISCOUNT and of_fees
            total += amount if prices <= cover[0] and of_fees <= cover[1] and (fees if by_fees else usage) else 0
        return total

    def before(self, kind, items, j, lines, **what):
        """What counts under the versions before, without the lines of the item itself."""
        skip = {(x.n, kind, x.i) for x in items[:j]}
        return sum(self.counts(lines, x, kind, skip=skip, **what) for x in items[:j])

    def due(self, items):
        """Of fees, minimums and caps, by the days of each version."""
        return self.here[0][0].due([s for x in items for s in cut(x.terms.segments(x.row), x.days)], self.p)

    def excluded(self, x):
        """Excluded usage that counts as that of a price."""
        return sum(self.q[x.n, (e["class"], x.row["sku"])] for e in x.terms.t.get("exclusions", []) if x.terms.counts_as(e) ==
            x.row["class"])

    def excluded_minor(self, m):
        """What it would have cost, of the prices that a minimum is about."""
        total, cover = 0, m.terms.covered(TRUE_UP, m.i)[0]
        for _, items in self.groups("prices"):
            for j, x in enumerate(items):
                if x.n == m.n and x.i in cover and x.row["model"] == "per_unit":
                    sums = [sum(self.excluded(y) for y in items[:k]) for k in (j + 1, j)]
                    total += self.cost(x, x.row, 0, sums[0], False) - self.cost(x, x.row, 0, sums[1], False)
        return total

    # Commitments
    def commitment(self, name, items, carried):
        x = items[-1]
        prices = [Item(y.n, y.terms, y.days, k, y.terms.prices[k]) for y in items for k in [y.terms.price_at(y.row["price"])]]
        if x.row["per"] == "period":
            inside = [((min(b, self.p.end) - max(a, self.p.first)).days, v) for y in items for a, b, v in self.levels(
                y, y.row["schedule"]) if max(a, self.p.first) < min(b, self.p.end)]
            own = sum(n * v for n, v in inside) // self.p.whole
            used = [sum(self.q[y.n, y.i] for y in prices[:k]) for k in range(len(items) + 1)]
            over = [max(u - own - carried, 0) if inside else 0 for u in used]
            rolled = [min(u, carried) for u in used]
            short = min(max(own + carried - used[-1] - sum(map(self.excluded, prices)), 0), own)
            self.carried[name] = int(short * Fraction(x.row.get("rollover", "0")))
            shorts = [0] * len(items) + [short] # the last version makes it up
        else:
            hours = [self.by_hours(y, price.i) for y, price in zip(items, prices)]
            over, shorts = ([sum(h[k] for h in hours[:n]) for n in range(len(items) + 1)] for k in (0, 1))
            rolled = [0] * (len(items) + 1)
        for j, (y, price) in enumerate(zip(items, prices)):
            c, unit = y.row, Fraction(price.row["unit_price"])
            def lines(kind, each, quantities):
                cost = [y.terms.round(y.terms.minor(Fraction(q, y.terms.div[price.row["sku"]]) * each)) for q in quantities]
                self.put(y, kind, cost[1] - cost[0], quantities[1] - quantities[0])
            if "overage_unit_price" in c or "overage_factor" in c:
                more = Fraction(c["overage_unit_price"]) if "overage_unit_price" in c else unit * Fraction(c["overage_factor"])
                lines(OVERAGE, more - unit, over[j : j + 2])
            if "shortfall_unit_price" in c:
                lines(SHORTFALL, Fraction(c["shortfall_unit_price"]), shorts[j : j + 2])
            if Fraction(c.get("rollover", "0")):
                lines(ROLLOVER, -Fraction(c["shortfall_unit_price"]), rolled[j : j + 2])

    @staticmethod
    def levels(x, rows):
        return cut(x.terms.levels(rows, x.row["sku"] if "sku" in x.row else x.terms.prices[x.terms.price_at(x.row["price"])][
            "sku"]), x.days)

    def by_hours(self, x, k):
        """What is beyond the quantity and short of it, hour by hour from the beginning of each day."""
        over = short = 0
        step = QUARTER_MS * (4 if x.row["per"] == "hour" else 1)
        for a, b, quantity in self.levels(x, x.row["schedule"]):
            for n in range((min(b, self.p.end) - max(a, self.p.first)).days):
                day = max(a, self.p.first) + timedelta(n)
                start, end = x.terms.instant(day), x.terms.instant(day + timedelta(1))
                for hour in range(start, end, step):
                    mine = [q for q in range(hour, min(hour + step, end), QUARTER_MS) if x.terms.in_window(
                        x.row.get("window", "*"), q)]
                    rest = sum(self.hours[x.n, k, q] for q in mine) - len(mine) * (quantity // 4)
                    over, short = over + max(rest, 0) * bool(mine), short + max(-rest, 0)
        return over, short

    # Minimums, caps, service credits
    def minimum(self, items, counted):
        due, days = self.due(items)
        for j, x in enumerate(items):
            what = {"usage": "usage" in x.row["counts"], "fees": "fees" in x.row["counts"]}
            others = self.before(TRUE_UP, items, j, counted, **what)
            have = others + self.counts(counted, x, TRUE_UP, **what)
            if j == len(items) - 1: # the last version makes it up
                spared = sum(map(self.excluded_minor, items)) if what["usage"] else 0
                self.put(x, TRUE_UP, max(due - have - spared, 0))
            if "overage_factor" in x.row and days:
                more = lambda y: x.terms.round(max(y - due, 0) * (Fraction(x.row["overage_factor"]) - 1))
                self.put(x, EXCESS, more(have) - more(others))

    def cap(self, name, items, j):
        x, off = items[j], 0
        others, counted = self.before(CAP, items, j, self.lines), self.counts(self.lines, x, CAP)
        if x.row["per"] == "term":
            capped = sum(self.lines.get((y.n, CAP, y.i, 0), (0, 0))[0] for y in items[:j])
            room, days = x.terms.minor(x.row["amount"]) - (self.spent[name] - others - capped), 1
        else:
            room, days = self.due(items)
        room = int(max(room, 0))
        if days:
            off = min(room - others - counted, 0) - min(room - others, 0)
            self.spent[name] += counted + off
        self.put(x, CAP, off)

    def credit(self, items, counted):
        """The last version gives it, for the downtime and capacity of all."""
        x, capacity, down = items[-1], 0, 0
        without = (TRUE_UP, EXCESS) if x.row["base"] == "before_true_up" else ()
        base = self.counts(counted, x, SLA, without=without) + self.before(SLA, items, len(items) - 1, counted, without=without)
        for y in items:
            spans = [(max(a, self.p.first), min(b, self.p.end), v) for a, b, v in self.levels(y, y.row["capacity"])]
            capacity += sum(v // 4 * ((y.terms.instant(b) - y.terms.instant(a)) // QUARTER_MS) for a, b, v in spans if a < b)
            down += sum(self.q[y.n, (cls, y.row["sku"])] for cls in set(y.row["classes"]))
        if not capacity or base <= 0:
            return
        share = Fraction(min(down, capacity), capacity)
        if "tiers" in x.row:
            reached = [t["percent"] for t in x.row["tiers"] if (1 - share) * 100 < Fraction(t["below"])]
            share = Fraction(reached[-1]) / 100 if reached else 0
        most = x.terms.round(base * Fraction(x.row.get("cap_percent", "100")) / 100)
        self.put(x, SLA, -min(x.terms.round(base * share), most))
