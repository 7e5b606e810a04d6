# SPDX-License-Identifier: Apache-2.0
"""What a contract costs, counted the slow way from the terms documents and the raw record lines: every quarter-hour of
every line by itself, exact fractions, one rounding per charge line. Written from docs/formats/terms.md alone; it
reads no trace, no cell and no document of the service and shares no code with it or with its second verifier."""
import json
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction

QUARTER, DAY = 900000, 86400000


def cents(x):
    """Half away from zero, in minor units of a currency with two."""
    x = Fraction(x)
    n = (abs(x) * 2 + 1) // 2
    return int(n if x >= 0 else -n)


def minor(text):
    return Fraction(text) * 100


class Contract:
    """Versions in force, oldest first: (terms, first month that they govern). Months of the calendar only."""

    def __init__(self, versions):
        self.versions = versions
        zone = versions[0][0]["zone"].get("offsets", [{"offset_minutes": 0}])
        self.offsets = [(0 if "from" not in o else int(datetime.strptime(o["from"], "%Y-%m-%dT%H:%M:%SZ").replace(
            tzinfo=timezone.utc).timestamp() * 1000), o["offset_minutes"] * 60000) for o in zone]

    def local(self, ms):
        """The wall clock's milliseconds since 1970."""
        return ms + [off for at, off in self.offsets if at <= ms][-1]

    def day(self, ms):
        return (date(1970, 1, 1) + timedelta(self.local(ms) // DAY)).isoformat()

    def month(self, ms):
        return self.day(ms)[:7]

    def version(self, month):
        return max(n for n, (_, first) in enumerate(self.versions) if first <= month)

    def quarters(self, lines):
        """(start, sku, class, account, cluster, quantity) of what is not reversed, cut at the quarter-hours."""
        dead = {(f[1], int(f[2])) for _, stream in lines for f in stream if f[0] == "r1"}
        for origin, stream in lines:
            for index, f in enumerate(stream):
                if f[0] != "u1" or (origin, index) in dead:
                    continue
                start, end, quantity, at, done = int(f[1]), int(f[2]), int(f[5]), int(f[1]), 0
                while at < end:
                    after = min((at // QUARTER + 1) * QUARTER, end)
                    upto = quantity * (after - start) // (end - start)
                    yield at - at % QUARTER, f[3], f[6], f[9], origin.split("/")[2], upto - done
                    at, done = after, upto

    def window(self, terms, ms):
        local = self.local(ms)
        minute, weekday = local % DAY // 60000, (local // DAY + 3) % 7
        for w in terms.get("windows", []):
            first, last = (int(w[k][:2]) * 60 + int(w[k][3:]) for k in ("from", "to"))
            days = w.get("days", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
            names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            if first < last and first <= minute < last and names[weekday] in days:
                return w["window"]
            if first >= last and (minute >= first and names[weekday] in days or
                    minute < last and names[(weekday - 1) % 7] in days):
                return w["window"]
        return "-"

    def price(self, terms, cell):
        start, sku, cls, account, cluster, _ = cell
        region = next((r["region"] for r in terms.get("regions", []) if cluster in r["clusters"]), "-")
        purposes = terms.get("purposes", [])
        purpose = next((p["purpose"] for p in purposes if account in p.get("accounts", [])), None) or next(
            (p["purpose"] for p in purposes if cls in p.get("classes", [])), "-")
        found = [p for p in terms["prices"] if p["sku"] == sku and p["class"] in ("*", cls) and
            p.get("region", "*") in ("*", region) and p.get("purpose", "*") in ("*", purpose) and
            p.get("window", "*") in ("*", self.window(terms, start)) and
            cls not in [x["class"] for x in terms.get("exclusions", [])]]
        assert len(found) <= 1, (cell, found)
        return found[0] if found else None

    def charges(self, lines, months, cash=None):
        """{(month, version, kind, id, tier): minor units} of whole months, in order, and of fees that are billed ahead.
        cash: {prepayment: (first month that draws, minor units paid back)}."""
        used, down, out, over_term = {}, {}, {}, {}
        for cell in self.quarters(lines):
            month = self.month(cell[0])
            if month < self.versions[0][1]:
                continue  # before the term
            terms = self.versions[self.version(month)][0]
            price = self.price(terms, cell)
            if price is not None:
                used[month, price["id"]] = used.get((month, price["id"]), 0) + cell[5]
            down[month, cell[1], cell[2]] = down.get((month, cell[1], cell[2]), 0) + cell[5]
        for month in months:
            n = self.version(month)
            for (kind, ident, tier), amount in Month(self, n, month, used, down, over_term).lines().items():
                if amount:
                    out[month, n + 1, kind, ident, tier] = amount
        self.ahead(months[-1], out)
        self.draw(months, cash or {}, out)
        return out

    def ahead(self, month, out):
        """What the month's document bears of the next one's fees."""
        after = (date.fromisoformat(month + "-01") + timedelta(32)).isoformat()[:7]
        n, fees = self.version(after), {}
        if after + "-01" < self.versions[n][0]["term"]["to"]:
            Month(self, n, after, {}, {}, {}).fees(fees)
        for f in self.versions[n][0].get("fees", []):
            if f.get("billed") == "in_advance" and fees.get(("fee", f["id"], None)):
                out[after, n + 1, "fee", f["id"], None] = fees["fee", f["id"], None]

    def prepaid(self, p):
        """Net of its invoice: an amount, or a part of what fees come to over the term, which is twelve months here."""
        if "amount" in p:
            return cents(minor(p["amount"]))
        terms, total = self.versions[0][0], Fraction(0)
        for m in range(12):
            month = Month(self, 0, "%s-%02d" % (terms["term"]["from"][:4], m + 1), {}, {}, {})
            total += sum(month.days(f["schedule"], lambda r: minor(r["amount"])) for f in terms["fees"] if f["id"] in p["of"])
        return cents(total * Fraction(p["percent"]) / 100)

    def draw(self, months, cash, out):
        """Prepayments pay for the months in their order; self.lapsed is what nobody drew in time."""
        rows, self.drawn, self.lapsed = self.versions[0][0].get("prepayments", []), {}, 0
        plain = [f["id"] for f in self.versions[0][0].get("fees", []) if not {"billed", "invoices"} & set(f)]
        gone = lambda p: p.get("rollover", p).get("to", p.get("expires", "9999"))
        for month in months:
            rest = {key: amount for key, amount in out.items() if key[0] == month}
            for p in sorted(rows, key=lambda p: (p.get("priority", 50), gone(p))):
                first, back = cash[p["id"]]
                covered = [k for k in rest if (k[2] == "usage" and k[3] in p["on"].get("prices", [])) or
                    (k[2] == "fee" and k[3] in p["on"].get("fees", []) and k[3] in plain)]
                left = min(self.left(p, month, back), sum(rest[k] for k in covered)) if first <= month else 0
                self.drawn[p["id"], month] = left
                if left:
                    out[month, 1, "drawdown", p["id"], None] = -left
                for k in covered:
                    part = min(left, rest[k])
                    rest[k], left = rest[k] - part, left - part
        for p in rows:
            if "expires" in p and p["expires"][:7] <= months[-1]:
                self.lapsed += self.left(p, p["expires"][:7], cash[p["id"]][1], whole=True)
            if "rollover" in p and p["rollover"]["to"][:7] <= months[-1]:
                self.lapsed -= self.between(p, p["expires"], p["rollover"]["to"])

    def between(self, p, low, high):
        return sum(v for (ident, m), v in self.drawn.items() if ident == p["id"] and low[:7] <= m < high[:7])

    def left(self, p, month, back, whole=False):
        end = p.get("expires", "9999-12")
        rest = self.prepaid(p) - back - self.between(p, "0000-00", min(end, month + "-01"))
        if month < end[:7] or whole:
            return rest
        if month >= p.get("rollover", {}).get("to", end)[:7]:
            return 0
        return int(rest * Fraction(p["rollover"]["fraction"]) // 1) - self.between(p, end, month + "-01")


class Month:
    def __init__(self, contract, n, month, used, down, over_term):
        self.c, self.n, self.month, self.used, self.down, self.over = contract, n, month, used, down, over_term
        self.t = contract.versions[n][0]
        self.first = date.fromisoformat(month + "-01")
        self.end = (self.first + timedelta(32)).replace(day=1)
        self.div = {s["sku"]: int(s["divisor"]) for s in self.t["skus"]}

    def days(self, rows, amount):
        total = Fraction(0)
        for row in rows:
            low = max(self.first, date.fromisoformat(row["from"]))
            high = min(self.end, date.fromisoformat(row.get("to", "9999-12-31")))
            total += amount(row) * Fraction(max((high - low).days, 0), (self.end - self.first).days)
        return total

    def usage(self, out):
        for p in self.t["prices"]:
            q, d = Fraction(self.used.get((self.month, p["id"]), 0), self.div[p["sku"]]), self.div[p["sku"]]
            q = max(q - sum(Fraction(x["quantity"]) for x in self.t.get("discounts", []) if x.get("price") == p["id"]), 0)
            key = self.n, p["id"]
            before = self.over.get(key, Fraction(0)) if p.get("counter") == "term" else Fraction(0)
            self.over[key] = self.over.get(key, Fraction(0)) + q
            if p["model"] == "per_unit":
                out["usage", p["id"], None] = cents(q * minor(p["unit_price"]))
            elif p["model"] == "package":
                size = Fraction(p["package_size"])
                begun = -(-(before + q) // size) - -(-before // size)
                out["usage", p["id"], None] = cents(begun * minor(p["package_price"]))
            else:
                self.tiers(p, before, q, out)

    def tiers(self, p, before, q, out):
        low = Fraction(0)
        for k, tier in enumerate(p["tiers"], 1):
            high = Fraction(tier["up_to"]) if "up_to" in tier else before + q + low + 1
            if p["model"] == "volume":
                if low < q <= high:
                    out["usage", p["id"], k] = cents(q * minor(tier["unit_price"]) + minor(tier.get("flat", "0")))
            else:
                part = max(min(before + q, high) - max(before, low), 0)
                reached = before + q > low if k > 1 else True
                was = before > low
                flat = minor(tier.get("flat", "0")) if reached and not was else 0
                out["usage", p["id"], k] = cents(part * minor(tier["unit_price"]) + flat)
            low = high

    def fees(self, out):
        for f in self.t.get("fees", []):
            if "invoices" in f:  # billed apart from the schedule; over the term both come to the same
                begun, end = self.first if self.first.isoformat() > self.t["term"]["from"] else date.min, self.end
                out["fee", f["id"], None] = sum(cents(minor(r["amount"])) for r in f["invoices"] if
                    begun < date.fromisoformat(r["day"]) <= end)
                continue
            rows = f.get("schedule") or [dict(b, **{"from": b["accepted"]}) for b in f["blocks"]]
            out["fee", f["id"], None] = cents(self.days(rows, lambda r: minor(r["amount"]) * r.get("count", 1)))

    def about(self, on, out, kinds=("usage", "fee")):
        """The sum of what the prices and fees of `on` cost so far, and of lines that are about them alone."""
        prices = [p["id"] for p in self.t["prices"] if on is None or p["id"] in on.get("prices", [])]
        fees = [f["id"] for f in self.t.get("fees", []) if on is None or f["id"] in on.get("fees", [])]
        total = 0
        for (kind, ident, _), amount in out.items():
            if kind in ("usage", "overage", "shortfall", "commitment"):
                ident = self.of.get(ident, ident)
                total += amount if "usage" in kinds and ident in prices else 0
            elif kind == "fee":
                total += amount if "fee" in kinds and ident in fees else 0
            elif set(self.on.get(ident, ["?"])) <= set(prices + fees):
                total += amount
        return total

    def lines(self):
        out, self.on, self.of = {}, {}, {}
        self.usage(out)
        self.fees(out)
        for x in self.t.get("discounts", []):
            if "percent" in x:
                self.on[x["id"]] = x["on"].get("prices", []) + x["on"].get("fees", [])
                out["discount", x["id"], None] = -cents(Fraction(x["percent"]) / 100 * self.about(x["on"], out))
        for x in self.t.get("commitments", []):
            self.commitment(x, out)
        for x in self.t.get("minimums", []):
            kinds = [{"usage": "usage", "fees": "fee"}[k] for k in x["counts"]]
            due, have = cents(self.days(x["schedule"], lambda r: minor(r["amount"]))), self.about(x.get("on"), out, kinds)
            on = x.get("on", {})
            self.on[x["id"]] = on.get("prices", []) + on.get("fees", []) or ["?"]
            out["true_up", x["id"], None] = max(due - have, 0) if due else 0
        for x in self.t.get("caps", []):
            spent = self.about(x["on"], out)
            if x["per"] == "term":
                key = self.n, "cap", x["id"]
                before = self.over.get(key, 0)
                self.over[key] = before + spent
                top = lambda v: max(v - cents(minor(x["amount"])), 0)
                out["cap", x["id"], None] = -(top(before + spent) - top(before))
            else:
                out["cap", x["id"], None] = -max(spent - cents(self.days(x["schedule"], lambda r: minor(r["amount"]))), 0)
        for x in self.t.get("slas", []):
            self.credit(x, out)
        return out

    def commitment(self, x, out):
        price = next(p for p in self.t["prices"] if p["id"] == x["price"])
        q = Fraction(self.used.get((self.month, price["id"]), 0), self.div[price["sku"]])
        if not self.days(x["schedule"], lambda r: 1):
            return  # no day of the month has a row: usage is only billed
        due = self.days(x["schedule"], lambda r: Fraction(r["quantity"]))
        due = Fraction(due * self.div[price["sku"]] // 1, self.div[price["sku"]])
        self.of[x["id"]] = price["id"]
        unit = Fraction(price["unit_price"])
        dear = Fraction(x["overage_unit_price"]) if "overage_unit_price" in x else unit * Fraction(x.get("overage_factor", "1"))
        out["overage", x["id"], None] = cents(max(q - due, 0) * (dear - unit) * 100)
        out["shortfall", x["id"], None] = cents(max(due - q, 0) * minor(x.get("shortfall_unit_price", "0")))

    def credit(self, x, out):
        hours = Fraction(0)
        for k in range(int((self.end - self.first).days)):
            day = self.first + timedelta(k)
            length = Fraction(self.instant(day + timedelta(1)) - self.instant(day), 3600000)
            for row in x["capacity"]:
                if row["from"] <= day.isoformat() < row.get("to", "9999"):
                    hours += length * Fraction(row["quantity"])
        down = sum(Fraction(q, self.div[x["sku"]]) for (m, sku, cls), q in self.down.items() if
            m == self.month and sku == x["sku"] and cls in x["classes"])
        if not hours:
            return
        available = (hours - down) / hours * 100
        percent = [Fraction(t["percent"]) for t in x["tiers"] if available < Fraction(t["below"])]
        base = self.about(x["on"], out)
        credit = cents(base * (percent[-1] if percent else 0) / 100)
        if "cap_percent" in x:
            credit = min(credit, cents(base * Fraction(x["cap_percent"]) / 100))
        out["sla_credit", x["id"], None] = -credit

    def instant(self, day):
        local = (day - date(1970, 1, 1)).days * DAY
        return next(local - off for at, off in reversed(self.c.offsets) if local - off >= at)
