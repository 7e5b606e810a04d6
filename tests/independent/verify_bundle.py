#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verify_bundle.py BUNDLE --policy FILE [--json] [--max-age SECONDS]

A second verifier of bundles, written from docs/formats alone and sharing no code with the first: what
both accept does not rest on one program's misreading. Checks have the names of docs/formats/verify.md.
Accruals are compared at the cuts, not tick by tick, words (descriptions, traces) are not compared, and what a
state says of the time before it rests on the signatures of both companies. Exit 0: verified, 1: not."""
import argparse, collections, json, re, sys, time
from base64 import b64encode
from datetime import date, timedelta
from credits import Credits
from documents import APART, LEGS, Documents, entry, pair
from formats import (DAY_MS, EVENTS, MAX, SPAN_MS, Bad, Policy, Tree, checkpoint, expect, fail, failures, hexsha, need,
    note, notes, read_archive, read_leaves, statement, vkey)
from opening import Opening
from rating import BREAKAGE, KINDS, QUARTER_MS, Terms, Usage
from usage import Stream, judge, meet
from versions import Versions


Words = collections.namedtuple("Words", "sku cls account")
OTHER = {"provider": "consumer", "consumer": "provider"}


class Audit(Documents, Opening, Credits):
    def __init__(self, members, policy, max_age):
        self.m, self.policy, self.max_age, self.terms, self.state = members, policy, max_age, None, None
        self.party, self.seals, self.contracts, self.at, self.cut_at = dict(policy.party), {}, [], 0, {}
        self.streams, self.checkpoints, self.stated = {}, {}, []
        self.cuts, self.docs, self.billed, self.taxed = {}, [], {}, {}
        self.rows, self.enrolled, self.numbers = {}, set(), []
        self.accrued, self.memo, self.of_period, self.late_from = collections.Counter(), {}, {}, {}
        self.next_cut = self.issued = self.n = 0
        self.serial, self.balance, self.day = collections.Counter(), collections.Counter(), date.min
        self.sums, self.fine = collections.Counter(), collections.Counter()
        self.versions, self.offered, self.log_time = None, [], 0
        self.credits, self.claims, self.prepaid = {}, set(), {}

    def guard(self, check, file, index, work, *args):
        try:
            return work(*args)
        except (Bad, ValueError, KeyError, IndexError, AttributeError, TypeError, StopIteration,
                RuntimeError, OverflowError) as e: # StopIteration leaves a generator as RuntimeError
            fail(check, file, index, "well formed and right", str(e) or type(e).__name__)

    def run(self):
        self.guard("manifest", "bundle", -1, self.manifest)
        if failures:
            return
        self.leaves = {log: self.guard(log + "_root", log + ".leaves", -1, read_leaves,
            self.m.get(log + ".leaves", b"")) or [] for log in self.to}
        self.roots = {}
        for log, leaves in self.leaves.items():
            tree = Tree(*self.base[log])
            self.roots[log] = {tree.size: tree.root()}
            for leaf in leaves:
                tree.add(leaf)
                self.roots[log][tree.size] = tree.root()
            expect("manifest", log + ".leaves", -1, self.to[log], tree.size)
            self.guard("checkpoints", log + ".checkpoint", -1, self.read_checkpoints, log)
        self.trust()
        if self.state:
            self.guard("state", "state", -1, self.open)
            if "state" in failures:
                return # nothing in it may be taken
        self.entries = [self.guard("entries", "journal.leaves", self.from_["journal"] + i, entry, leaf)
            for i, leaf in enumerate(self.leaves["journal"])]
        for i, leaf in enumerate(self.leaves["inputs"], self.from_["inputs"]):
            self.guard("signatures", "inputs.leaves", i, self.leaf, i, leaf)
        self.guard("keys", "streams", -1, judge, self.streams, [x for x in self.stated if x[0] >= self.from_["inputs"]])
        self.guard("events", "inputs.leaves", -1, self.follow)
        self.guard("ranges", "ranges/", -1, self.asked)
        self.guard("members", "bundle", -1, self.shape)

    def read_checkpoints(self, log):
        found, before = {}, self.from_[log] - 1
        if log == "journal" and not self.to[log]:
            return
        keys = dict([self.policy.log[log], *self.policy.witness.values()])
        kept = notes(self.m.get(log + ".checkpoints", b""))
        for i, data in enumerate(kept + [self.m[log + ".checkpoint"]]):
            file = log + ".checkpoint" + "s" * (i < len(kept))
            text, signers = note(data, keys)
            origin, size, root = checkpoint(text)
            need(self.policy.log[log][0] in signers and origin == self.policy.log[log][0][0], "log's signature")
            need(before < size <= self.to[log] and (i < len(kept)) == (size < self.to[log]), "sizes of " + file)
            expect(log + "_root", log + ".leaves", size, root.hex(), self.root(log, size))
            found[size], before = signers, size
        self.checkpoints[log] = found

    def root(self, log, size):
        return self.roots[log][size].hex() if size in self.roots[log] else "no leaves of this size"

    def quorum_time(self, log, size):
        return self.policy.time(self.checkpoints.get(log, {}).get(size, {}))

    def trust(self):
        times = []
        for log, size in self.to.items():
            if size or log == "inputs":
                times.append(self.quorum_time(log, size))
                if times[-1] is None:
                    fail("quorum", log + ".checkpoint", size, "cosigned by " + self.policy.quorum, "not")
        for log, size, root in self.policy.pins:
            expect("pins", log + ".leaves", size, root.hex(), self.root(log, size))
        if self.max_age is not None:
            newest = max((t for t in times if t), default=0)
            if self.policy.quorum == "none" or None in times or time.time() - newest > self.max_age:
                fail("max_age", "inputs.checkpoint", -1, "at most %d s" % self.max_age, newest)

    # Leaves of the inputs log
    def leaf(self, i, data):
        text = data[: data.rfind(b"\n\n") + 1].decode()
        if not text.startswith("tallystick/"):
            return self.upload(i, data)
        kind, st = statement(text)
        expect("contract", "inputs.leaves", i, self.policy.contract, st["contract"])
        need(kind == "contract" if i == 0 else self.versions, "the contract's note is leaf 0")
        if kind in ("contract", "key"):
            return (self.contract if kind == "contract" else self.enrol)(i, data, st, text)
        who = dict(self.party.values())
        if kind in ("tick", "cut", "issue", "void", "prepayment"):
            who, self.at = dict([vkey(self.terms.t["evidence"]["operator_key"], (1,))]), st["at"]
        elif kind in ("credit", "claim", "payment", "refund"):
            who = dict([self.party["consumer" if kind == "claim" else "provider"]])
        elif kind == "notice":
            who = dict([self.party[st["by"]]])
            self.versions.notices.append((i, st))
        elif kind == "revoke":
            stream = self.streams[st["origin"]]
            who, stream.revoked = dict([self.party[stream.side]]), i
            self.covered(i, st)
        elif kind == "period":
            who = dict([self.party[self.seal(i, st, hexsha(text.encode()))]])
        elif kind == "reservation":
            seal = self.seals.get(st["statement"])
            if not seal or seal[:2] != [st["book"], st["through"]] or seal[2]:
                fail("seals", "inputs.leaves", i, "about a seal that is not countersigned", st["statement"])
            who = dict([self.party[OTHER[st["book"]]]])
        need(len(note(data, who)[1]) == len(who), "who must sign " + kind)
        if kind in ("reattest", "release"):
            s = self.streams.get(st["origin"])
            need(s and s.side == "provider" and st["first"] < st["last"] <= s.used, "lines of a provider's stream")
            if i >= self.from_["inputs"]:
                for index in range(st["first"], min(st["last"], s.base)):
                    self.ask(s, index)
        if kind == "reattest" and i >= self.from_["inputs"]:
            for size, root in ((st["first"], st["root0"]), (st["last"], st["root1"])):
                expect("covered", "inputs.leaves", i, root, b64encode(self.root_of(s, size)).decode())
        self.stated.append((i, kind, st))

    def contract(self, i, data, st, text):
        """Version 1 under the policy's keys; a next one under those in force, and by every key that it changes."""
        file, known = "terms/%d.json" % st["version"], [v for v, _, _ in self.offered]
        need(st["version"] == len(known) + 1 and st["previous"] == (self.contracts[-1][1] if known else None), "next version")
        need(self.at < st["until"] or not known, "signed before offer-until")
        expect("terms", file, -1, st["terms"], hexsha(self.m.get(file, b"")))
        terms = Terms(self.m[file])
        keys = {side: vkey(terms.t[side]["statement_key"], (1,)) for side in self.party}
        who = dict([*self.party.values(), *(keys.values() if known else [])])
        need(len(note(data, who)[1]) == len(who), "who must sign a contract")
        expect("terms", file, -1, (self.policy.contract, st["version"]), (terms.t["contract"], terms.version))
        for side, (_, key) in self.policy.party.items() if not known else ():
            expect("contract", file, -1, key.hex(), keys[side][1].hex())
        for log, (_, key) in self.policy.log.items():
            expect("contract", file, -1, key.hex(), vkey(terms.t["evidence"][log + "_log"], (1,))[1].hex())
        if not known:
            self.versions = Versions(terms, st)
        else:
            try:
                self.versions.add(i, terms, st)
            except Bad as e:
                fail("terms", file, -1, "an amendment of the version before", e)
        self.party, self.terms = keys, terms
        self.offered.append((st["version"], i, file))
        self.contracts.append((i, hexsha(text.encode())))

    def seal(self, i, st, text):
        """Whose signature a period statement needs: its own company's, then the other's."""
        if text in self.seals:
            need(not self.seals[text][2], "one countersignature")
            self.seals[text][2] = True
            return OTHER[st["book"]]
        cuts = [(k, s) for k, kind, s in self.stated if kind == "cut"]
        n = next((n for n, (k, _) in enumerate(cuts) if k == st["cut"]), None)
        need(n is not None, "the cut that a seal names")
        if n != sum(s[0] == st["book"] for s in self.seals.values()) or not any(
                kind == "issue" and s["cut"] == st["cut"] for _, kind, s in self.stated):
            fail("seals", "inputs.leaves", i, "the next period of its book, its document issued", n)
        expect("leaves", "inputs.leaves", i, self.terms.day(cuts[n][1]["end"] - 1).isoformat(), st["through"])
        self.seals[text] = [st["book"], st["through"], False]
        return st["book"]

    def enrol(self, i, data, st, text):
        who, key = vkey(st["vkey"], (1,))
        need(who[0] == st["origin"] and key not in self.enrolled, "the key's name, or a key twice")
        required = dict([(who, key), self.party[st["side"]]])
        for scope in ("clusters", "resources", "skus"):
            values = (st[scope] or "-").split(",")
            need(values == sorted(set(values)) and len(values) <= 64, "scope")
        need(60000 <= st["window"] <= SPAN_MS, "window")
        new = Stream(i, st, (who, key))
        need(re.fullmatch("[^/]+/%s/[^/]+/[^/]+/g[1-9][0-9]*" % self.policy.contract, st["origin"]) and (
            st["clusters"] is None or st["origin"].split("/")[2] in st["clusters"].split(",")), "origin")
        before = [s for s in self.streams.values() if s.agent == new.agent]
        need(new.generation == len(before) + 1 and (st["previous"] is None) == (not before), "generation")
        if before and not (self.state and st["side"] == "consumer"): # a state has no rows of the consumer's streams
            want = "%s %d %s" % (before[-1].origin, before[-1].used, b64encode(before[-1].tree.root()).decode())
            expect("enrolment", "inputs.leaves", i, want, st["previous"])
        if before:
            required.update([before[-1].key] if before[-1].revoked is None else [])
        for s in self.streams.values() if st["side"] == "provider" else ():
            same, ended = s.agent == new.agent, self.followed(s) or s.revoked is not None
            if s.side != "provider" or not (same or meet(s, new)):
                continue
            if not same and not ended and (s.end is None or new.begin < s.end) and (
                    new.end is None or s.begin < new.end):
                fail("enrolment", "inputs.leaves", i, "scopes of live streams are disjoint", s.origin)
            least = max([s.begin] + [x["end"] for _, kind, x in self.stated if kind == "cut"] +
                [start + s.window for _, start in s.closes])
            if (new.from_ms if same else new.begin) < least and i >= self.from_["inputs"]:
                fail("enrolment", "inputs.leaves", i, "a handover at %d or later" % least, new.origin)
        need(len(note(data, required)[1]) == len(required), "who must sign a key statement")
        self.enrolled.add(key)
        self.streams[new.origin] = new
        if self.state and i < self.from_["inputs"]:
            self.open_stream(new)

    def followed(self, s):
        return any(o.agent == s.agent and o.generation > s.generation for o in self.streams.values())

    def covered(self, i, st):
        if st["covered"] is not None and i >= self.from_["inputs"]:
            need(st["covered"] >= self.from_["inputs"], "a bundle from before what a revocation covers")
            seals = [s["cut"] for _, kind, s in self.stated if kind == "period"]
            sealed = [s["to"] for k, kind, s in self.stated if kind == "cut" and k in seals]
            when = self.quorum_time("inputs", st["covered"])
            if st["covered"] != (sealed or [0])[-1] and not (when and when * 1000 < (st["since"] or MAX)):
                fail("covered", "inputs.leaves", i, "a seal's N or a cosigned checkpoint's size", st["covered"])

    def upload(self, i, data):
        origin, size, root = checkpoint(data[: data.rfind(b"\n\n") + 1].decode())
        s = self.streams.get(origin)
        if not s or s.revoked is not None or self.followed(s):
            return fail("keys", "inputs.leaves", i, "a key enrolled and not revoked", origin)
        need(note(data, dict([s.key]), 1)[1] and size > s.used, "the agent's signature and a larger size")
        if s.side == "provider":
            self.lines(i, s, size, root)
        s.used = size

    def lines(self, i, s, size, root):
        name = "streams/" + s.id
        if name not in self.rows:
            self.rows[name] = self.m.get(name, b"").split(b"\n")[:-1]
        rows = self.rows[name][s.used - s.base : size - s.base]
        if len(rows) != size - s.used:
            return fail("stream_lines", name, s.used + len(rows), "%d lines" % size, "they end")
        for k, row in enumerate(rows, s.used):
            s.tree.add(row)
            s.take(i, k, row)
        expect("stream_root", name, size, root.hex(), s.tree.root().hex())

    # Events, journal, documents
    def follow(self):
        due, offset, self.terms = 0, self.from_["journal"], self.versions.list[0].terms
        for i, kind, st in self.stated:
            if kind not in EVENTS or i < self.from_["inputs"]:
                continue
            if self.state and i == self.state.cut:
                self.guard("state", "inputs.leaves", i, self.own_cut, i, kind, st)
                continue
            self.serial[kind] += 1
            expect("events", "inputs.leaves", i, "%s %d" % (kind, self.serial[kind]), "%s %d" % (kind, st["serial"]))
            if kind not in ("tick", "cut", "issue", "void", "prepayment"):
                continue
            if kind == "void": # takes the next number, of a cut that has no document yet
                cut = self.cuts.get(st["cut"])
                expect("numbers", "inputs.leaves", i, self.next_number(), st["number"])
                self.numbers.append(st["number"])
                if not cut or cut[0] < self.issued:
                    fail("numbers", "inputs.leaves", i, "a cut without a document", st["cut"])
            if st["at"] < self.log_time:
                fail("events", "inputs.leaves", i, "at %d or later" % self.log_time, st["at"])
            self.log_time = st["at"]
            cash = []
            if kind in ("tick", "cut"):
                cash = [x for x in self.stated if x[1] in ("payment", "refund") and self.n <= x[0] < st["to"]]
                self.fold(i, kind, st)
            first, sources = due, {i, *(x[0] for x in cash)}
            while due < len(self.entries) and self.entries[due] and self.entries[due].source in sources:
                due += 1
            self.guard("entries", "journal.leaves", offset + first, self.entries_of, i, kind, st, first, due, cash)
            if kind == "cut":
                self.guard("events", "inputs.leaves", i, self.cut, i, st, offset + due)
            elif kind == "issue":
                self.guard("documents", "inputs.leaves", i, self.issue, i, st, self.entries[first:due])
            elif kind == "prepayment":
                self.guard("documents", "inputs.leaves", i, self.invoice_prepayment, i, st, self.entries[first:due])
            expect("books", "journal.leaves", offset + due - 1, self.guard("books", "inputs.leaves", i, self.liability),
                -self.balance["contract_liability"])
        if due < len(self.entries):
            fail("entries", "journal.leaves", offset + due, "an entry of the next event", self.entries[due])

    def fold(self, i, kind, st):
        to, d = st["to"], date.fromisoformat(st["day"])
        if not (self.n <= to <= i and (kind == "cut" or st["begin"] == self.n) and self.day <= d <= self.terms.day(st["at"])):
            fail("events", "inputs.leaves", i, "N from %d, D from %s" % (self.n, self.day), "%d, %s" % (to, d))
        known, end = len(self.versions.known()), self.versions.end()
        self.versions.fold(to, st["at"])
        ends, moved = {end, self.versions.end()}, [x.begin for x in self.versions.known()[known:]]
        if self.state and min(moved + [min(ends)] * (len(ends) > 1), default=MAX) < self.versions.instants(
                self.versions.period(self.state.period))[1]:
            fail("ranges", "inputs.leaves", self.n, "an amendment or notice that reaches no further back than the state", moved)
        for k, at in self.cut_at.items():
            if st["at"] > at + self.versions.document(k).t["late"]["late_usage_until_days"] * DAY_MS:
                self.late_from.setdefault(k, self.n)
        self.fold_credits(to, st)
        self.n, self.day = max(self.n, to), d

    def entries_of(self, i, kind, st, first, end, cash):
        books, rest = collections.Counter(), self.entries[first:end]
        for x in cash: # it comes first
            self.cash(*x, rest)
        first_accrual = end - len(rest)
        for k in range(first, end):
            e = self.entries[k]
            need((e.id, e.contract, e.posted) == (self.from_["journal"] + k, self.policy.contract, st["at"]), "id, contract, posted")
            need((e.kind == "accrual") == (kind in ("tick", "cut") and k >= first_accrual), "kind of an entry")
            need(sum(a if side == "D" else -a for _, side, _, a in e.legs) == 0, "debit = credit")
            for role, side, currency, amount in e.legs:
                need(currency == self.terms.t["currency"], "currency")
                self.balance[role] += amount if side == "D" else -amount
            if e.kind == "accrual":
                version, charge, item, tier, period = e.line.split("/")
                key = int(version[1:]), KINDS.index(charge), int(item), int(tier), int(period)
                opens, mirror = ("refund_liability", "supplier_credits") if self.claimable(key) else ("unbilled", "accrued")
                if charge == "fee" and {"contract_liability", "prepaid"} & {leg[0] for leg in e.legs}:
                    need(self.apart(key), "a fee billed ahead")
                    opens, mirror = "contract_liability", "prepaid"
                roles = APART.get(charge) or (opens, "revenue_" + LEGS[charge], "expense_" + LEGS[charge], mirror)
                roles = roles[:2] if e.book == "provider" else roles[2:]
                amount = e.legs[0][3] * (1 if e.legs[0][0] == roles[0] else -1)
                books[e.book, e.line, e.month] += amount
                need([(e.book, e.legs)] == pair(e.book, *roles, amount, e.legs[0][2]), "legs of an accrual")
                if e.book == "provider":
                    self.accrued[key] += amount
        for (book, line, month), amount in books.items():
            expect("books", "journal.leaves", first, amount, books["consumer", line, month])
            expect("books", "journal.leaves", first, amount, books["provider", line, month])
        for a, b in (("receivable", "payable"), ("unbilled", "accrued"), ("refund_liability", "supplier_credits"), (
                "contract_liability", "prepaid")):
            expect("books", "journal.leaves", end - 1, self.balance[a], -self.balance[b])

    def cut(self, i, st, journal):
        k, v = self.next_cut, self.versions
        self.next_cut += 1
        p = v.period(k)
        need(list(v.instants(p)) == [st["begin"], st["end"]], "the period after the last one")
        need(date.fromisoformat(st["day"]) >= p.end - timedelta(1), "D is the period's last day or later")
        need(st["at"] >= st["end"] + v.document(k).t["late"]["usage_until_days"] * DAY_MS, "usage_until_days have passed")
        need(self.issued == k, "the document before is issued")
        usage = self.usage(st["to"])
        target = {}
        for n in range(k + 1):
            own = {(*key, n): value for key, value in v.charges(v.period(n), usage).items()}
            target.update({key: value for key, value in own.items() if self.expected(key)} | self.credit_lines(n))
            self.draw(n, target)
        lapses = self.lapses(date.fromisoformat(st["day"]), k, target)
        expect("entries", "journal.leaves", journal - 1, lapses, {a: x for a, x in self.accrued.items() if a[1] == BREAKAGE and x})
        for key in sorted(set(target) | {a for a in self.accrued if a[4] <= k and a[1] != BREAKAGE}):
            expect("entries", "journal.leaves", journal - 1, (key, target.get(key, (0, 0))[0]), (key, self.accrued[key]))
        self.cut_at[k] = st["at"]
        bill = self.bill(k, target, usage)
        self.cuts[i] = k, st, journal, bill
        if self.order("deposit"):
            self.deposit(k, self.total(k, bill))

    def usage(self, to):
        """What counts of leaves below N, by version: a state's sums, and the lines that came or went since."""
        sums, fine, v = self.sums.copy(), self.fine.copy(), self.versions
        def add(line, origin, start, quantity):
            terms = v.governing(start)
            slot = terms.match(line, (origin.split("/") + [None] * 3)[2], start) if terms else None
            if slot is not None and slot in terms.fine:
                shared = terms.prices[slot].get("counter") in terms.pools
                words = (line.cls, line.account, origin) if shared else ("", "", "")
                fine[terms.version, start - start % QUARTER_MS, line.sku, *words, slot, v.index(start)] += quantity
            elif slot is not None:
                sums[terms.version, slot, v.index(start)] += quantity
        for cell in self.state.cells if self.state else ():
            add(cell, cell.origin, cell.start, cell.quantity)
        for s in self.streams.values():
            for line in s.usage.values():
                sign = (line.leaf < to and s.counts(line, to)) - (line.leaf < s.begun and s.counts(line, s.begun))
                words = Words(*(x.decode() for x in (line.sku, line.cls, line.account)))
                for start, quantity in self.pieces(s, line) if sign else ():
                    if line.leaf < self.late_from.get(v.index(start), MAX):
                        add(words, s.origin, start, sign * quantity)
        out = {x.terms.version: Usage({}, {}) for x in v.list}
        for key, quantity in sums.items():
            out[key[0]].sums[key[1:]] = quantity
        for key, quantity in fine.items():
            out[key[0]].fine[key[1:]] = quantity
        return out

    def pieces(self, s, line):
        key = s.origin, line.index
        if key not in self.memo:
            self.memo[key] = self.versions.pieces(line)
        return self.memo[key]

    # The members are those that follow
    def shape(self):
        want = ["bundle"] + ["state"] * bool(self.state) + ["inputs.checkpoint"] + ["journal.checkpoint"] * (
            self.to["journal"] > 0)
        want += [n for n in ("inputs.checkpoints", "journal.checkpoints") if n in self.m] + ["inputs.leaves"]
        want += ["journal.leaves"] * (self.to["journal"] > self.from_["journal"]) + [file for _, _, file in self.offered]
        for s in sorted(self.streams.values(), key=lambda s: s.origin.encode()):
            if s.side == "provider" and s.used > s.base:
                want.append("streams/" + s.id)
                data = self.m.get(want[-1], b"")
                expect("stream_lines", want[-1], -1, s.used - s.base, data.count(b"\n") + (not data.endswith(b"\n")))
        want += self.docs + self.carried_names()
        have = list(self.m)
        for k in range(max(len(want), len(have))):
            pair = [x[k] if k < len(x) else "no member" for x in (want, have)]
            if not expect("members", pair[1] if k < len(have) else pair[0], k, *pair):
                break


def verify(bundle, policy, max_age=None):
    """Fills and returns `failures`: {check: [(file, index, expected, actual)]}."""
    failures.clear()
    try:
        trusted = Policy(policy.decode())
    except (Bad, UnicodeDecodeError) as e:
        fail("policy", "policy", -1, "a policy", e)
        return failures
    try:
        members = read_archive(bundle)
    except Bad as e:
        fail("archive", "bundle", -1, "the one archive of its content", e)
    else:
        Audit(members, trusted, max_age).run()
    return failures


def main():
    cli = argparse.ArgumentParser()
    cli.add_argument("bundle")
    cli.add_argument("--policy", required=True)
    cli.add_argument("--json", action="store_true")
    cli.add_argument("--max-age", type=int)
    args = cli.parse_args()
    verify(open(args.bundle, "rb").read(), open(args.policy, "rb").read(), args.max_age)
    if args.json:
        print(json.dumps({"verified": not failures, "failed": [{"check": check, "file": f[0][0],
            "index": f[0][1], "expected": f[0][2], "actual": f[0][3], "failures": len(f)}
            for check, f in failures.items()]}))
    else:
        for check, f in failures.items():
            print("FAILED %s: %s %s: expected %s, found %s (and %d more)" % (check, *f[0], len(f) - 1))
        print("NOT VERIFIED" if failures else "VERIFIED")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
