# SPDX-License-Identifier: Apache-2.0
"""Journal entries and documents: what a cut leads to, against what is in the bundle."""
import collections, json, re
from datetime import date, timedelta
from fractions import Fraction
from formats import DAY_MS, INT, MAX, expect, fail, hexsha, need
from prepaid import Prepaid, pair
from rating import DRAWDOWN, KINDS

LEGS = dict(zip(KINDS, ("usage", "capacity", "concession", "usage", "shortfall", "shortfall", "shortfall", "usage",
    "concession", "service_credit", "concession", "concession"))) # of revenue_ and expense_
# What opens an accrual in each book, and what closes it, where it is not that.
APART = {"drawdown": ("unbilled", "contract_liability", "prepaid", "accrued"), "breakage": ("contract_liability",
    "revenue_breakage", "expense_unused", "prepaid")}
ENTRY = re.compile(r"j1\t({0})\t([0-9a-f]{{32}})\t(provider|consumer)\t(accrual|invoice|credit_note|tax|drawdown|payment|refund)\t({0})"
    r"\t(\d{{4}}-\d\d-\d\d)\t(\d{{4}}-\d\d|-)\t({0})\t(-|v\d+/(?:{1})/\d+/\d+/\d+)\t([!-~]+)"
    r"\t([0-9a-f]{{64}}|-)((?:\np\t[a-z_]+\t[DC]\t[A-Z]{{3}}\t[1-9]\d*)*)".format(INT, "|".join(KINDS)))
Entry = collections.namedtuple("Entry", "id contract book kind posted day month source line number sha legs")


def entry(leaf):
    m = ENTRY.fullmatch(leaf.decode())
    need(m, "not a journal entry")
    legs = tuple((p[1], p[2], p[3], int(p[4])) for p in (r.split("\t") for r in m[12].split("\n")[1:]))
    return Entry(int(m[1]), *m.groups()[1:4], int(m[5]), *m.groups()[5:7], int(m[8]), *m.groups()[8:11], legs)


class Documents(Prepaid):
    """The part of an audit that begins with an issue event."""

    def next_number(self):
        return "%s%06d" % (self.terms.t["invoice"]["series"], len(self.numbers) + 1)

    def issue(self, i, st, entries):
        k, cut, journal, target = self.cuts[st["cut"]]
        self.document, file = self.versions.document(k), "inputs.leaves"
        expect("numbers", file, i, self.next_number(), st["number"])
        self.numbers.append(st["number"])
        need(self.issued == k, "one document per cut, of the last one")
        self.issued += 1
        today = self.terms.day(st["at"])
        dates = today.isoformat(), (today + timedelta(self.document.t["invoice"]["due_days"])).isoformat()
        expect("events", file, i, dates, (st["date"], st["due"]))
        complete = self.completeness(i, st, cut)
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
            "contract_note": [note for j, note in self.contracts if j < i][-1], "witness": st["witness"], "completeness": complete}
        for log, size in (("inputs", cut["to"]), ("journal", journal)):
            head.update({log + "_origin": self.policy.log[log][0][0], log + "_size": size,
                log + "_root": self.roots[log][size].hex()})
        self.equal(name, head, doc["head"])
        self.body(name, k, cut, target, doc["body"], st["number"], entries)
        self.of_period[k] = st["number"]

    def completeness(self, i, st, cut):
        """What the head says of the windows that the meters had to close; a gap needs both companies."""
        expected, rows, late = 0, [], 0
        if self.state and st["cut"] == self.state.cut:
            state = self.state
            return self.gap(i, st, cut, state.expected, state.late, state.late + state.missing, state.list)
        for s in sorted(self.streams.values(), key=lambda s: s.origin.encode()):
            if s.side != "provider" or s.leaf >= cut["to"]:
                continue
            ends = [s.end] + [o.from_ms for o in self.streams.values() if o.agent == s.agent and
                o.generation == s.generation + 1 and o.leaf < cut["to"]]
            if s.revoked_ms is not None:
                ends.append(s.revoked_ms)
            elif s.revoked is not None and s.revoked < cut["to"]:
                ends.append(next(x["at"] for _, kind, x in self.stated if kind in ("tick", "cut") and
                    x["to"] > s.revoked))
            limit = min(e for e in ends + [MAX] if e is not None)
            for start, end, missing, waits in s.windows(cut["begin"], cut["end"], limit, cut["to"]):
                expected, late = expected + 1, late + waits
                if missing or waits:
                    rows.append("%s\t%d\t%d\n" % (s.origin, start, end))
        return self.gap(i, st, cut, expected, late, len(rows), hexsha("".join(rows).encode()))

    def gap(self, i, st, cut, expected, late, open_, sha256):
        gap = next((x for j, kind, x in self.stated if (j, kind) == (st["gap"], "gap") and st["cut"] < j < i), None)
        want = cut["begin"], cut["end"], open_, sha256
        if st["gap"] is not None and (not gap or want != (gap["begin"], gap["end"], gap["missing"], gap["list"])):
            fail("gaps", "inputs.leaves", i, want, gap)
        days = self.versions.newest().t["evidence"].get("incomplete_after_days")
        if open_ and st["gap"] is None and (days is None or st["at"] < cut["at"] + days * DAY_MS):
            fail("gaps", "inputs.leaves", i, "a gap event over %d windows" % open_, "none")
        return {"expected": expected, "closed": expected - open_, "late": late, "missing": open_ - late,
            "gap": st["gap"], "incomplete": bool(open_) and st["gap"] is None}

    def equal(self, name, want, have):
        for member in sorted(set(want) | set(have)):
            expect("documents", name, -1, (member, want.get(member)), (member, have.get(member)))

    def lines_of(self, k, target):
        keys, lines = set(target) | {key for key in self.billed if self.home(key) <= k}, []
        for key in sorted(keys, key=lambda key: (key[4] != k, key[4], key)):
            amount, quantity = target.get(key, (0, 0))
            before, adjusts = self.billed.get(key), self.of_period.get(self.home(key))
            if before and before[0] != amount:
                lines.append((key, -before[0], -before[1], adjusts, True))
            if (not before or before[0] != amount) and (amount or quantity):
                lines.append((key, amount, quantity, adjusts, False))
        return lines

    def total(self, k, target):
        """What the document will ask for; 0 when it is a credit note."""
        return max(sum(map(sum, self.taxes(self.lines_of(k, target))[1].values())), 0)

    @staticmethod
    def parties(t):
        return {s: {"country": t[s]["address"]["country"], "id": t[s]["id"], "name": t[s]["name"], "tax_id": t[s].get("tax_id")}
            for s in ("provider", "consumer")}

    def body(self, name, k, cut, target, body, number, entries):
        lines = self.lines_of(k, target)
        rows, taxes, kind = self.taxes(lines)
        sign = -1 if kind == "credit_note" else 1
        money = self.money
        _, first, end, _ = self.versions.period(k)
        net = sum(row[0] for row in taxes.values())
        tax = sum(row[1] for row in taxes.values())
        t = self.document.t
        want = {"format": "tallystick/invoice/v1", "kind": kind, "contract": self.policy.contract,
            "currency": t["currency"], "inputs_to": cut["to"], "as_of": cut["day"], "from": first.isoformat(),
            "to": end.isoformat(), "subtotal": money(sign * net), "tax": money(sign * tax),
            "total": money(sign * (net + tax))}
        self.equal(name, want, {m: body[m] for m in want})
        parties = self.parties(t)
        drawn = self.deposits(k)
        prepaid = sum(d[2] for d in drawn)
        want = {"prepaid": money(prepaid), "payable": money(net + tax - prepaid), "deposits": [{"id": d[0], "number": d[1],
            "amount": money(d[2])} for d in drawn]} if drawn else {}
        self.equal(name, want, {m: body[m] for m in ("prepaid", "payable", "deposits") if m in body})
        for key, line in zip((key for key, *_ in lines), body["lines"]):
            expect("documents", name, line["number"], self.prepaid[key[2]]["number"] if key[1] == DRAWDOWN else None, line.get(
                "prepayment"))
        self.equal(name, parties, {s: body[s] for s in parties})
        have = [(n, x["kind"], x["id"], x["tier"] or 0, x["version"], x["amount"], x["base_quantity"], x["adjusts"],
            x["reversal"], x["treatment"], Fraction(x["percent"]), x["from"], x["to"], x["number"])
            for n, x in enumerate(body["lines"], 1)]
        made = []
        for n, (key, amount, quantity, adjusts, reversal) in enumerate(lines, 1):
            version, charge, item, tier, p = key
            days = self.versions.period(p)
            made.append((n, KINDS[charge], self.line_id(key), tier, version,
                money(sign * amount), str(sign * quantity), adjusts, reversal, *rows[n - 1], days.first.isoformat(),
                days.end.isoformat(), n))
        for key, line in zip((key for key, *_ in lines), body["lines"]):
            if key in self.credits: # the only words of a line that somebody signed for it
                expect("documents", name, line["number"], self.credits[key].reason, line["description"])
        for n in range(max(len(made), len(have))):
            expect("documents", name, n + 1, *[x[n] if n < len(x) else "no line" for x in (made, have)])
        have = [(x["treatment"], Fraction(x["percent"]), x["net"], x["tax"]) for x in body["taxes"]]
        made = [(*key, money(sign * v[0]), money(sign * v[1])) for key, v in taxes.items()]
        expect("documents", name, -1, made, have)
        refunds = sum(amount for key, amount, *_ in lines if self.claimable(key))
        self.post(kind, (net, refunds, self.ahead_net(lines)), taxes, drawn, number, entries, name)
        self.billed.update({key: target.get(key, (0, 0)) for key, *_ in lines})

    # Tax: rows are the (treatment, percent) of each line; groups what is outstanding per document
    def taxes(self, lines):
        rows, taxes = [], {}
        for key, amount, *_ in lines:
            terms = self.versions.of(key[0])
            treatment = self.line_treatment(key)
            day = self.versions.period(key[4]).end - timedelta(1)
            if key[1] == DRAWDOWN: # under its own invoice's rate
                day = date.fromisoformat(terms.item(*key[1:3])["invoice_day"])
            rows.append((treatment, Fraction(terms.percent(treatment, day))))
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
        t = next(t for t in self.versions.newest().t["tax"]["treatments"] if t["id"] == treatment)
        return t, Fraction(t["reverse_percent"]) if "reverse_percent" in t else None

    def post(self, kind, nets, taxes, drawn, number, entries, name):
        c, credit, want, moves = self.terms.t["currency"], kind == "credit_note", [], []
        net, refunds, ahead = nets
        for amount, asset, debt in ((net - refunds - ahead, "unbilled", "accrued"), (refunds, "refund_liability",
                "supplier_credits"), (ahead, "contract_liability", "prepaid")):
            want += [(kind, *p) for p in pair("provider", "receivable", asset, amount, c)]
            want += [(kind, *p) for p in pair("consumer", debt, "payable", amount, c)]
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
        for _, _, amount in drawn:
            want += [("drawdown", *p) for p in pair("provider", "contract_liability", "receivable", amount, c)]
            want += [("drawdown", *p) for p in pair("consumer", "payable", "prepaid", amount, c)]
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
