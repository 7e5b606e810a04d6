# SPDX-License-Identifier: Apache-2.0
"""Terms: calendar, prices, fees, minimums, tax rates; all in exact fractions."""
import json, re
from datetime import date, timedelta
from fractions import Fraction
from formats import DAY_MS, MAX, need


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
