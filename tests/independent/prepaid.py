# SPDX-License-Identifier: Apache-2.0
"""Prepayments, and fees that are billed on another plan than they are accrued: what a period draws, what lapses, what a document
bills, what was paid and paid back."""
import json
from datetime import date, timedelta
from fractions import Fraction
from formats import MAX, expect, hexsha, need
from rating import BREAKAGE, DEPOSIT, DRAWDOWN, FEE, KINDS

NEVER = 1 << 30


def pair(book, debit, credit, amount, currency):
    """Legs of an entry; a negative amount changes sides."""
    if amount < 0:
        debit, credit, amount = credit, debit, -amount
    return [(book, ((debit, "D", currency, amount), (credit, "C", currency, amount)))] if amount else []


class Prepaid:
    """Part of an audit. self.prepaid: place of a prepayment -> what its invoice, payments and refunds left; `deposits` by the
    period whose document draws them, fixed by its cut; `from` the period from which on it may be drawn, None: not yet."""

    def prepayment(self, item):
        return self.versions.newest().t["prepayments"][item]

    def first_with(self, item):
        """The version that brought it."""
        return next(v.terms for v in self.versions.list if len(v.terms.t.get("prepayments", [])) > item)

    def day_of(self, item, member):
        p = self.prepayment(item)
        text = p.get("rollover", {}).get("to") if member == "rollover" else p.get(member)
        return date.fromisoformat(text) if text else None

    def period_on(self, day):
        """The period that begins on a day; NEVER: no day."""
        k, first = 0, self.versions.list[0].terms
        while day and max(first.edge(k), first.first) < day:
            k += 1
        return k if day else NEVER

    # What a period draws
    def drawn(self, item, first, end, target):
        deposits = self.prepaid[item]["deposits"]
        return sum(a for k, a in deposits.items() if first <= k < end) - sum(v[0] for key, v in target.items()
            if key[1:3] == (DRAWDOWN, item) and first <= key[4] < end)

    def rolled(self, item, target):
        """What is left when it expires, and how much of that may be drawn for longer."""
        row, end = self.prepaid[item], self.period_on(self.day_of(item, "expires"))
        rest = max(row["net"] - row["refunded"] - self.drawn(item, 0, end, target), 0)
        return rest, int(rest * Fraction(self.prepayment(item).get("rollover", {}).get("fraction", "0")))

    def left(self, item, k, target):
        row, end = self.prepaid[item], self.period_on(self.day_of(item, "expires"))
        if row["from"] is None or k < row["from"]:
            return 0
        if k < end:
            return max(row["net"] - row["refunded"] - self.drawn(item, 0, k, target), 0)
        if "rollover" in self.prepayment(item) and k < self.period_on(self.day_of(item, "rollover")):
            return max(self.rolled(item, target)[1] - self.drawn(item, end, k, target), 0)
        return 0

    def order(self, tax):
        def key(item):
            until = self.day_of(item, "rollover") or self.day_of(item, "expires") or date.max
            return self.prepayment(item).get("priority", 50), until, item
        return sorted((i for i in self.prepaid if self.prepayment(i)["tax"] == tax), key=key)

    def draws_on(self, item, key):
        """Whether a charge may, as its version says."""
        terms = self.versions.of(key[0])
        if key[1] > KINDS.index("sla_credit") or item >= len(terms.t.get("prepayments", [])) or self.apart(key):
            return False
        (prices, fees), cover = terms.covered(*key[1:3]), terms.covered(DRAWDOWN, item)
        return prices <= cover[0] and fees <= cover[1]

    def draw(self, k, target):
        """Adds what period k draws before tax; the periods before it are in target."""
        rest = {key: v[0] for key, v in sorted(target.items()) if key[4] == k}
        for item in self.order("taxed"):
            mine = [key for key in rest if self.draws_on(item, key)]
            part = max(min(self.left(item, k, target), sum(rest[key] for key in mine)), 0)
            if part:
                target[self.first_with(item).version, DRAWDOWN, item, 0, k] = -part, 0
            for key in mine:
                take = min(max(rest[key], 0), part)
                rest[key], part = rest[key] - take, part - take

    def lapses(self, day, cuts, target):
        """When the day has come and all periods that might draw are cut."""
        out = {}
        for item in self.prepaid:
            expires, until, version = self.day_of(item, "expires"), self.day_of(item, "rollover"), self.first_with(item).version
            end = self.period_on(expires)
            if not expires or day < expires or cuts < end:
                continue
            rest, rolled = self.rolled(item, target)
            out[version, BREAKAGE, item, 0, end] = rest - rolled
            if until and day >= until and cuts >= self.period_on(until):
                used = self.drawn(item, end, self.period_on(until), target)
                out[version, BREAKAGE, item, 1, self.period_on(until)] = max(rolled - used, 0)
        return {key: v for key, v in out.items() if v}

    # Fees that are billed apart
    def fee(self, key):
        return self.versions.of(key[0]).fees[key[2]] if key[1] == FEE else {}

    def apart(self, key):
        """Under any version: what was billed before stays so."""
        name = self.fee(key).get("id")
        return any(f["id"] == name and (f.get("billed") == "in_advance" or "invoices" in f) for v in self.versions.known()
            for f in v.terms.fees)

    def home(self, key):
        """The period whose document bears the line first."""
        return max(key[4] - 1, 0) if self.fee(key).get("billed") == "in_advance" else key[4]

    def position(self, name, but=None):
        """Accrued less billed, over all periods and versions: below 0 it was billed ahead."""
        of = lambda key: self.fee(key).get("id") == name
        return sum(a for key, a in self.accrued.items() if of(key)) - sum(
            v[0] for key, v in self.billed.items() if of(key) and key != but)

    def liability(self):
        """What the contract liability must be: prepayments not used up, fees billed ahead."""
        total = 0
        for item, row in self.prepaid.items():
            issued = sum(a for k, a in row["deposits"].items() if k in self.of_period)
            total += row["net"] - row["refunded"] - issued - self.used(item)
        names = {self.fee(key)["id"] for key in {*self.accrued, *self.billed} if key[1] == FEE and self.apart(key)}
        return total + sum(max(-self.position(name), 0) for name in names)

    def used(self, item):
        """By charges, and what lapsed."""
        return sum(a * (1 if key[1] == BREAKAGE else -1) for key, a in self.accrued.items() if key[1] in (DRAWDOWN, BREAKAGE)
            and key[2] == item)

    def ahead_net(self, lines):
        """How much of a document's net bills fees ahead."""
        total = 0
        for name in {self.fee(key)["id"] for key, *_ in lines if key[1] == FEE and self.apart(key)}:
            before = self.position(name)
            after = before - sum(amount for key, amount, *_ in lines if self.fee(key).get("id") == name)
            total += max(-after, 0) - max(-before, 0)
        return total

    # What the document of period k bills
    def bill(self, k, target, usage):
        parts = lambda key: "invoices" in self.fee(key)
        out = {key: v for key, v in self.billed.items() if parts(key)} # as billed, unless the plan says more
        out.update({key: v for key, v in target.items() if not parts(key) and self.bills(key, k)})
        for key, v in self.versions.charges(self.versions.period(k + 1), usage).items():
            key = *key, k + 1
            if self.fee(key).get("billed") == "in_advance":
                out[key] = v
        end = self.versions.end()
        end = self.versions.list[0].terms.day_from(end) if end < MAX else date.max
        for p in range(k + 1):
            period = self.versions.period(p)
            last = period.first < end <= period.end
            for v in self.versions.known() if p == k or last else ():
                for i, fee in enumerate(v.terms.fees):
                    use = self.versions.document(p)
                    if last: # settled under the newest that bills it in parts
                        use = [x.terms for x in self.versions.known() if any(f["id"] == fee["id"] and "invoices" in f
                            for f in x.terms.fees)][-1:]
                        use = use[0] if use else None
                    if "invoices" in fee and use is v.terms:
                        self.installment((v.terms.version, FEE, i, 0, p), fee, period, last, out)
        return out

    def installment(self, key, fee, period, last, out):
        days = [(date.fromisoformat(x["day"]), x["amount"]) for x in fee["invoices"]]
        due = sum(int(self.terms.minor(a)) for d, a in days if d <= period.end and (key[4] == 0 or period.first < d))
        if last: # whatever is left to bill
            due = self.position(fee["id"], key)
        if due or key in self.billed:
            out[key] = due, 0

    def deposit(self, k, total):
        """What the document of period k draws after tax; kept from its cut on."""
        for item in self.order("deposit"):
            part = min(self.left(item, k, {}), total)
            if part > 0:
                self.prepaid[item]["deposits"][k], total = part, total - part

    def deposits(self, k):
        return [(self.prepayment(n)["id"], r["number"], r["deposits"][k]) for n, r in sorted(self.prepaid.items()) if k in r["deposits"]]

    # Events
    def invoice_prepayment(self, i, st, entries):
        terms = self.versions.newest()
        item = [p["id"] for p in terms.t.get("prepayments", [])].index(st["prepayment"])
        p, today = self.prepayment(item), self.terms.day(st["at"])
        expect("numbers", "inputs.leaves", i, self.next_number(), st["number"])
        self.numbers.append(st["number"])
        need(item not in self.prepaid and st["date"] >= p["invoice_day"] and self.n, "one invoice, not before its day")
        dates = today.isoformat(), (today + timedelta(terms.t["invoice"]["due_days"])).isoformat()
        expect("events", "inputs.leaves", i, dates, (st["date"], st["due"]))
        net, c, want = self.amount(item), terms.t["currency"], []
        percent = Fraction(self.percent_of(item))
        treatment, own_percent = self.own(p["treatment"])
        tax, own = self.terms.round(net * percent / 100), self.terms.round(net * (own_percent or 0) / 100)
        role = "input_tax" if treatment["recoverable"] else "expense_tax"
        for kind, legs, amount in (("invoice", ("receivable", "contract_liability", "prepaid", "payable"), net),
                ("tax", ("receivable", "tax_payable", role, "payable"), tax)):
            want += [(kind, *x) for x in pair("provider", *legs[:2], amount, c)]
            want += [(kind, *x) for x in pair("consumer", *legs[2:], amount, c)]
        want += [("tax", *x) for x in pair("consumer", role, "output_tax", own, c)]
        expect("entries", "journal.leaves", i, want, [(e.kind, e.book, e.legs) for e in entries])
        shas = {e.sha for e in entries}
        need(len(shas) == 1 and {e.number for e in entries} == {st["number"]}, "one document's number and hash")
        name, newest = "documents/%s.json" % shas.pop(), self.versions.known()[-1]
        self.docs.append(name)
        doc = json.loads(self.m[name])
        canonical = json.dumps(doc, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        expect("documents", name, -1, (name[10:74], canonical), (hexsha(self.m[name]), self.m[name]))
        self.equal(name, {"number": st["number"], "issue_date": st["date"], "due_date": st["due"],
            "contract_note": [note for j, note in self.contracts if j < i][-1]}, doc["head"])
        body, money = doc["body"], self.money
        want = {"kind": "prepayment", "subtotal": money(net), "tax": money(tax), "total": money(net + tax), "inputs_to": max(
            newest.leaf, 0) + 1, "as_of": p["invoice_day"], "contract": self.policy.contract, "currency": c}
        self.equal(name, want, {m: body[m] for m in want})
        self.equal(name, self.parties(terms.t), {s: body[s] for s in ("provider", "consumer")})
        have = [(x["kind"], x["id"], x["amount"], x["treatment"], Fraction(x["percent"]), x["from"]) for x in body["lines"]]
        expect("documents", name, -1, [("prepayment", p["id"], money(net), p["treatment"], percent, p["invoice_day"])], have)
        have = [(x["treatment"], Fraction(x["percent"]), x["net"], x["tax"]) for x in body["taxes"]]
        expect("documents", name, -1, [(p["treatment"], percent, money(net), money(tax))], have)
        self.taxed[st["number"], p["treatment"], percent] = net, tax
        if own_percent is not None:
            self.taxed[st["number"], p["treatment"], own_percent] = net, own
        self.prepaid[item] = {"number": st["number"], "sha": name[10:74], "net": net, "tax": tax, "paid": 0, "refunded": 0,
            "refunded_tax": 0, "deposits": {}, "from": self.next_cut if p["drawable"] == "on_issue" else None}

    def percent_of(self, item):
        p = self.prepayment(item)
        return self.versions.newest().percent(p["treatment"], date.fromisoformat(p["invoice_day"]))

    def amount(self, item):
        """A percentage is of what fees and minimums come to over the whole term."""
        terms = self.first_with(item)
        p, total, k = terms.t["prepayments"][item], 0, 0
        if "amount" in p:
            return int(terms.minor(p["amount"]))
        while terms.period(k, terms.last).first < terms.last:
            for row in terms.fees + terms.t.get("minimums", []):
                total += terms.due(terms.segments(row), terms.period(k, terms.last))[0] if row["id"] in p["of"] else 0
            k += 1
        return terms.round(total * Fraction(p["percent"]) / 100)

    def cash(self, leaf, kind, st, entries):
        """Takes the entries of one payment or refund off the list; one that can't be posted has none."""
        about = {r["number"] if kind == "payment" else self.prepayment(n)["id"]: n for n, r in self.prepaid.items()}
        item = about.get(st["number" if kind == "payment" else "prepayment"])
        row, c, amount, want = self.prepaid.get(item), self.terms.t["currency"], st["minor"], []
        if row is None or st["currency"] != c:
            return
        if kind == "payment" and amount <= row["net"] + row["tax"] - row["paid"]:
            want += pair("provider", "cash", "receivable", amount, c) + pair("consumer", "payable", "bank", amount, c)
            row["paid"] += amount
            if row["from"] is None and row["paid"] == row["net"] + row["tax"]:
                row["from"] = self.next_cut
        if kind == "refund":
            left = row["net"] - row["refunded"] - sum(row["deposits"].values()) - self.used(item)
            stays = row["net"] - row["refunded"] - amount
            tax = row["tax"] - row["refunded_tax"] - self.terms.round(stays * Fraction(self.percent_of(item)) / 100)
            if amount > left or amount + tax > row["paid"] - row["refunded"] - row["refunded_tax"]:
                return
            t, own = self.own(self.prepayment(item)["treatment"])
            role = "input_tax" if t["recoverable"] else "expense_tax"
            for value, legs in ((amount, ("contract_liability", "cash", "bank", "prepaid")),
                    (tax, ("tax_payable", "cash", "bank", role))):
                want += pair("provider", *legs[:2], value, c) + pair("consumer", *legs[2:], value, c)
            if own is not None:
                due = lambda x: self.terms.round(x * own / 100)
                want += pair("consumer", "output_tax", role, due(stays + amount) - due(stays), c)
            row["refunded"], row["refunded_tax"] = row["refunded"] + amount, row["refunded_tax"] + tax
        have, entries[:] = entries[:len(want)], entries[len(want):]
        expect("entries", "journal.leaves", leaf, [(kind, leaf, row["number"], row["sha"], *x) for x in want],
            [(e.kind, e.source, e.number, e.sha, e.book, e.legs) for e in have])

    def open_prepaid(self, rows, key_of):
        for item, document, sha, net, tax, paid, refunded, refunded_tax, begin in rows["prepaid"]:
            self.prepaid[int(item)] = {"number": document, "sha": sha, "net": int(net), "tax": int(tax), "paid": int(paid), "refunded":
                int(refunded), "refunded_tax": int(refunded_tax), "deposits": {}, "from": int(begin) if begin != "-1" else None}
        drawn = [(key_of(r), r[5]) for r in rows["billed"]] + [(key_of(r[1:]), r[7]) for r in rows["cut"]]
        for key, amount in drawn:
            if key[1] == DEPOSIT:
                self.prepaid[key[2]]["deposits"][key[4]] = -int(amount)

    def money(self, minor):
        whole = "%s%d" % ("-" * (minor < 0), abs(minor) // 10**self.terms.exp)
        return whole + (".%0*d" % (self.terms.exp, abs(minor) % 10**self.terms.exp) if self.terms.exp else "")
