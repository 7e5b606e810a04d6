# SPDX-License-Identifier: Apache-2.0
"""Commercial credits, settlements and claims: what each does is decided once, when an operator's event folds it; and service
credits that have to be claimed."""
import collections, re
from datetime import timedelta
from formats import INT
from rating import CREDIT, KINDS, SETTLEMENT, SLA

LINE = re.compile("v({0})/({1})/({0})/({0})/({0})".format(INT, "|".join(KINDS)))
# A credit that counts: its own charge line, that of which it takes back from (None), treatment, minor units.
Credit = collections.namedtuple("Credit", "key about treatment amount reason")


def line_key(text):
    m = LINE.fullmatch(text)
    return m and (int(m[1]), KINDS.index(m[2]), *map(int, m.groups()[2:]))


class Credits:
    """Part of an audit. self.credits: {charge line: Credit}; self.claims: {(sla, period)}."""

    def fold_credits(self, to, st):
        """Those with a leaf below N, in log order, behind what the event amends; by the books before it."""
        for leaf, kind, own in self.stated:
            if self.n <= leaf < to and kind == "claim":
                self.fold_claim(own, st)
            elif self.n <= leaf < to and kind in ("credit", "settlement"):
                self.fold_credit(kind, own)

    def fold_credit(self, kind, own):
        terms, about = self.versions.newest(), None
        if own["currency"] != terms.t["currency"] or own["treatment"] not in [t["id"] for t in terms.t["tax"]["treatments"]]:
            return
        period = max(self.cut_at, default=-1) + 1
        if own["line"] is not None:
            about = line_key(own["line"])
            billed = self.billed.get(about, (0, 0))[0]
            if billed <= 0 or about[1] in (CREDIT, SETTLEMENT) or own["amount"] > billed - sum(
                    c.amount for c in self.credits.values() if c.about == about):
                return
            if self.versions.of(about[0]).treatment(*about[1:3]) != own["treatment"]:
                return
            period = about[4]
        key = terms.version, KINDS.index(kind), own["serial"] - 1, 0, period
        self.credits[key] = Credit(key, about, own["treatment"], own["amount"], own["reason"])

    def fold_claim(self, own, st):
        k = self.versions.index(own["begin"])
        p = self.versions.period(k) if k >= 0 else None
        if p is None or list(self.versions.instants(p)) != [own["begin"], own["end"]] or st["at"] < own["end"]:
            return
        sla = next((s for s in self.versions.document(k).t.get("slas", []) if s["id"] == own["sla"]), None)
        if sla and self.must_claim(sla) and self.terms.day(st["at"]) < self.lapse(sla, k):
            self.claims.add((sla["id"], k))

    @staticmethod
    def must_claim(sla):
        return sla.get("claim") == "on_claim"

    def lapse(self, sla, k):
        """The first day on which it can't be claimed any more."""
        return self.versions.period(k).end + timedelta(sla["claim_days"])

    def sla(self, key):
        return self.versions.of(key[0]).item(SLA, key[2]) if key[1] == SLA else None

    def claimable(self, key):
        """A service credit that is owed as a refund, not as less to bill."""
        return key[1] == SLA and self.must_claim(self.sla(key))

    def expected(self, key):
        """Whether the line counts on day D: what is not claimed in time lapses."""
        sla = self.sla(key)
        return not self.claimable(key) or (sla["id"], key[4]) in self.claims or self.day < self.lapse(sla, key[4])

    def bills(self, key, k):
        """Whether the document of period k bears the line."""
        sla = self.sla(key)
        return not sla or not (sla.get("applies") == "next_document" and key[4] == k) and (
            not self.must_claim(sla) or (sla["id"], key[4]) in self.claims)

    def credit_lines(self, k):
        return {key: (-c.amount, 0) for key, c in self.credits.items() if key[4] == k}

    # What a line says of itself
    def line_id(self, key):
        return "%s-%d" % (KINDS[key[1]], key[2] + 1) if key in self.credits else self.versions.of(key[0]).item(*key[1:3])["id"]

    def line_treatment(self, key):
        return self.credits[key].treatment if key in self.credits else self.versions.of(key[0]).treatment(*key[1:3])

    def open_credits(self, rows, treatments):
        for kind, serial, _, granted, version, period, _, treatment, amount, about, item, reason in rows:
            if granted == "1" and kind == "sla_credit":
                self.claims.add((item, int(period)))
            elif granted == "1":
                key = int(version), KINDS.index(kind), int(serial) - 1, 0, int(period)
                self.credits[key] = Credit(key, line_key(about), treatments[int(treatment)], int(amount), reason)
