# SPDX-License-Identifier: Apache-2.0
"""Terms of one version: calendar, which price meets a quarter-hour, and the lines of a period; all in exact fractions."""
import collections, json, re
from datetime import date, timedelta
from fractions import Fraction
from formats import DAY_MS, MAX, need

QUARTER_MS, EPOCH = 900000, date(1970, 1, 1)
KINDS = ("usage", "fee", "discount", "overage", "shortfall", "rollover", "true_up", "excess", "cap", "sla_credit", "credit",
    "settlement", "prepayment", "drawdown", "breakage", "deposit")
(USAGE, FEE, DISCOUNT, OVERAGE, SHORTFALL, ROLLOVER, TRUE_UP, EXCESS, CAP, SLA, CREDIT, SETTLEMENT, PREPAYMENT, DRAWDOWN, BREAKAGE,
    DEPOSIT) = range(16)
ITEMS = ("prices", "fees", "discounts", "commitments", "commitments", "commitments", "minimums", "minimums", "caps", "slas", "", "",
    "prepayments", "prepayments", "prepayments", "prepayments")
# Days of a period; `whole` is how many it has before the term cuts it.
Period = collections.namedtuple("Period", "index first end whole")
# What a version's prices count: sums {(price or (class, sku), period): quantity}, and where quarter-hours matter
# fine {(start, sku, class, account, origin, price, period): quantity}.
Usage = collections.namedtuple("Usage", "sums fine")


def part(upto, low, high):
    return max(min(upto, high) - low, 0)


def cut(rows, days):
    """Rows (from, to, value), as far as they lie on the days that a version governs (None: all)."""
    if days is None:
        return rows
    return [(max(a, x), min(b, y), v) for a, b, v in rows for x, y in days if max(a, x) < min(b, y)]


class Terms:
    def __init__(self, data):
        def once(pairs):
            need(len(dict(pairs)) == len(pairs), "member twice")
            return dict(pairs)
        self.t = t = json.loads(data, object_pairs_hook=once)
        self.version = t["version"]
        self.exp = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3,
            "JOD": 3, "TND": 3}.get(t["currency"], 2)
        self.first, self.anchor = date.fromisoformat(t["term"]["from"]), t["calendar"]["anchor_day"]
        self.last = date.fromisoformat(t["term"]["to"]) if t["term"].get("to") else None
        self.offsets = [(iso_ms(o["from"]) if "from" in o else -MAX, o["offset_minutes"] * 60000)
            for o in t["zone"].get("offsets", [{"offset_minutes": 0}])]
        self.div = {s["sku"]: int(s["divisor"]) for s in t["skus"]}
        self.prices, self.fees = t["prices"], t.get("fees", [])
        self.pools = {c["id"]: c["scope"] for c in t.get("counters", [])}
        self.windows = {w["window"]: self.week(w) for w in t.get("windows", [])}
        hourly = {c["price"] for c in t.get("commitments", []) if c["per"] != "period"}
        self.fine = {i for i, p in enumerate(self.prices) if p.get("counter") in self.pools or p["id"] in hourly}
        tiers = [x for p in self.prices for x in p.get("tiers", [p])]
        self.chained = any(p.get("counter") == "term" or self.pools.get(p.get("counter")) == "term" for p in self.prices
            ) or any(Fraction(c.get("rollover", "0")) for c in t.get("commitments", [])) or any(
            c["per"] == "term" for c in t.get("caps", []))
        self.alone = bool(self.chained or self.fine or self.pools or any(t.get(n) for n in ("discounts", "commitments",
            "caps", "slas")) or any("on" in m or "overage_factor" in m or m.get("recognition") == "proportionally" for m in t.get(
            "minimums", [])) or any("package_size" in x for x in tiers) or any(self.counts_as(x) for x in t.get(
            "exclusions", [])))
        self.quarters, self.matched, self.tiers_of = bool(self.fine or self.windows), {}, {}

    @staticmethod
    def counts_as(exclusion):
        """The class as whose usage an excluded one counts; None: it does not."""
        return exclusion["counts_as"] if exclusion.get("counts_as", "none") != "none" else None

    def watches(self):
        """Excluded (class, SKU) that are measured, in the order of their places behind the prices."""
        credits = [(c, s["sku"]) for s in self.t.get("slas", []) for c in s["classes"]]
        return list(dict.fromkeys(credits + [(x["class"], p["sku"]) for x in self.t.get("exclusions", []) for p in self.prices
            if p["class"] == self.counts_as(x)]))

    # Calendar
    def instant(self, day):
        """The first instant at which the clock shows the day or a later one."""
        local, ends = (day - EPOCH).days * DAY_MS, [at for at, _ in self.offsets[1:]] + [1 << 63]
        return next(max(local - off, at) for (at, off), end in zip(self.offsets, ends) if max(local - off, at) < end)

    def local(self, ms):
        return ms + [o for at, o in self.offsets if at <= ms][-1]

    def day(self, ms):
        day = EPOCH + timedelta(self.local(ms) // DAY_MS)
        while self.instant(day + timedelta(1)) <= ms: # a clock that was set back does not bring back a day
            day += timedelta(1)
        return day

    def day_from(self, ms):
        """The first day that begins at the instant or after it."""
        day = self.day(ms)
        return day if self.instant(day) == ms else day + timedelta(1)

    def anchored(self, n):
        """The anchor day of month n, or its last."""
        after = date((n + 1) // 12, (n + 1) % 12 + 1, 1)
        return min(date(n // 12, n % 12 + 1, 1) + timedelta(self.anchor - 1), after - timedelta(1))

    def edge(self, k):
        """Where period k would begin if the term did not cut it."""
        c, n = self.t["calendar"], self.first.year * 12 + self.first.month - 1
        n -= self.first < self.anchored(n)
        months = c.get("months", 1)
        n -= (n - (c["month"] - 1)) % months if "month" in c else 0
        return self.anchored(n + k * months)

    def period(self, k, last):
        """Period k of a term that ends with the day `last` (None: never)."""
        first, end = max(self.edge(k), self.first), self.edge(k + 1)
        whole = (end - self.edge(k)).days
        return Period(k, first, min(end, last) if last and first < last else end, whole)

    # Which price
    def week(self, w):
        """The quarter-hours of a week, from Monday on, in a window."""
        quarter = lambda text: int(text[:2]) * 4 + int(text[3:]) // 15
        a, b = quarter(w["from"]), quarter(w["to"])
        names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        return {(d * 96 + q) % 672 for d, name in enumerate(names) if name in w.get("days", names)
            for q in range(a, b + 96 * (b <= a))}

    def in_window(self, name, ms):
        q = (self.local(ms) // QUARTER_MS + 3 * 96) % 672
        return name == "*" or (q in self.windows[name] if name != "-" else not any(
            q in w for w in self.windows.values()))

    def match(self, line, cluster, ms):
        """Index of the price of a quarter-hour of a line; (class, sku) of an excluded one; None."""
        week = (self.local(ms) // QUARTER_MS + 3 * 96) % 672 if self.windows else 0
        key = line.sku, line.cls, line.account, cluster, week
        if key not in self.matched:
            self.matched[key] = self.price_of(line.sku, line.cls, line.account, cluster, ms)
        return self.matched[key]

    def price_of(self, sku, cls, account, cluster, ms):
        if cls in [x["class"] for x in self.t.get("exclusions", [])]:
            return cls, sku
        region = next((r["region"] for r in self.t.get("regions", []) if cluster in r["clusters"]), "-")
        sets = self.t.get("purposes", [])
        purpose = next((p["purpose"] for p in sets if account in p.get("accounts", [])), None) or next(
            (p["purpose"] for p in sets if cls in p.get("classes", [])), "-")
        for i, p in enumerate(self.prices):
            if p["sku"] == sku and p["class"] in ("*", cls) and p.get("region", "*") in ("*", region) and p.get(
                    "purpose", "*") in ("*", purpose) and self.in_window(p.get("window", "*"), ms):
                return i

    # Money
    def round(self, x):
        low, rest = int(abs(x)), abs(x) - int(abs(x))
        up = {"half_away_from_zero": rest * 2 >= 1, "down": False, "up": rest > 0,
            "half_even": rest * 2 > 1 or rest * 2 == 1 and low % 2}[self.t["rounding"]]
        return (low + bool(up)) * (-1 if x < 0 else 1)

    def minor(self, text):
        return Fraction(text) * 10**self.exp

    def segments(self, row):
        """A schedule as (first day, end day, amount in minor units); blocks together, from edge to edge."""
        day = lambda text: date.fromisoformat(text) if text else self.last or date.max
        if "blocks" not in row:
            return [(day(s["from"]), day(s.get("to")), self.minor(s["amount"])) for s in row["schedule"]]
        blocks = [(day(b["accepted"]), day(b.get("to")), b["count"] * self.minor(b["amount"])) for b in row["blocks"]]
        edges = sorted({e for b in blocks for e in b[:2]})
        spans = [(a, b, [v for x, y, v in blocks if x <= a < y]) for a, b in zip(edges, edges[1:])]
        return [(a, b, sum(values)) for a, b, values in spans if values]

    def levels(self, rows, sku):
        return [(date.fromisoformat(r["from"]), date.fromisoformat(r["to"]) if r.get("to") else self.last or date.max,
            int(Fraction(r["quantity"]) * self.div[sku])) for r in rows]

    def due(self, segments, p):
        """What segments cost in a period, by days, and the days."""
        inside = [((min(b, p.end) - max(a, p.first)).days, v) for a, b, v in segments if max(a, p.first) < min(b, p.end)]
        return self.round(sum(Fraction(n) * v for n, v in inside) / p.whole), sum(n for n, _ in inside)

    def tiers(self, i):
        """(edge below, own edge, tier) in base units; a price without tiers is one."""
        p, low, out = self.prices[i], 0, []
        for tier in p.get("tiers", [p]) if i not in self.tiers_of else ():
            high = int(Fraction(tier["up_to"]) * self.div[p["sku"]]) if "up_to" in tier else 1 << 200
            out.append((low, high, tier))
            low = high
        return self.tiers_of.setdefault(i, out)

    # Items of lines
    def item(self, kind, i):
        return self.t[ITEMS[kind]][i]

    def price_at(self, name):
        return next(i for i, p in enumerate(self.prices) if p["id"] == name)

    def covered(self, kind, i):
        """(prices, fees) that a line is about."""
        row = self.item(kind, i)
        if kind < DISCOUNT:
            return ({i}, set()) if kind == USAGE else (set(), {i})
        if "price" in row:
            return {self.price_at(row["price"])}, set()
        on, both = row.get("on"), (self.prices, self.fees)
        return tuple({k for k, x in enumerate(rows) if on is None or x["id"] in on.get(name, []) or x.get(
            "section", "") in on.get("sections", [])} for rows, name in zip(both, ("prices", "fees")))

    def treatment(self, kind, i):
        row = self.item(kind, i)
        if "treatment" in row:
            return row["treatment"]
        prices, fees = self.covered(kind, i)
        return (self.prices[min(prices)] if prices else self.fees[min(fees)])["treatment"]

    def percent(self, treatment, day):
        t = next(t for t in self.t["tax"]["treatments"] if t["id"] == treatment)
        rates = [r for r in self.t["tax"].get("rates", []) if r["rate"] == t.get("rate") and
            r["jurisdiction"] == t["jurisdiction"] and r["from"] <= day.isoformat()]
        return max(rates, key=lambda r: r["from"])["percent"] if rates and t["category"] == "S" else "0"


def iso_ms(text):
    m = re.fullmatch(r"(.{10})T(\d\d):(\d\d):(\d\d)Z", text)
    return ((date.fromisoformat(m[1]) - EPOCH).days * 86400 + int(m[2]) * 3600 + int(m[3]) * 60 + int(m[4])) * 1000
