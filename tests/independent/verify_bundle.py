#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verify_bundle.py BUNDLE --policy FILE [--json] [--max-age SECONDS]

A second verifier of bundles, written from docs/formats alone and sharing no code with the first: what
both accept does not rest on one program's misreading. Checks have the names of docs/formats/verify.md.
Accruals are compared at the cuts, not tick by tick, and words (descriptions, traces) are not compared;
bundles that start from a state are refused. Exit 0: verified, 1: not."""
import argparse, collections, json, re, sys, time
from base64 import b64encode
from datetime import date
from documents import KINDS, LEGS, Documents, entry, pair
from formats import (DAY_MS, EVENTS, INT, MAX, SPAN_MS, Bad, Policy, Tree, checkpoint, expect, fail, failures,
    hexsha, need, note, read_archive, read_leaves, sha, statement, vkey)
from rating import Terms
from usage import Stream, judge, meet


class Audit(Documents):
    def __init__(self, members, policy, max_age):
        self.m, self.policy, self.max_age, self.terms, self.note = members, policy, max_age, None, None
        self.streams, self.checkpoints, self.events, self.stated = {}, {}, [], []
        self.cuts, self.used, self.docs, self.billed, self.taxed = {}, set(), [], {}, {}
        self.notes, self.enrolled, self.late, self.numbers = {}, set(), {}, []
        self.accrued, self.memo, self.of_period, self.late_from = {}, {}, {}, {}

    def guard(self, check, file, index, work, *args):
        try:
            return work(*args)
        except (Bad, ValueError, KeyError, IndexError, AttributeError, TypeError, StopIteration) as e:
            fail(check, file, index, "well formed and right", str(e) or type(e).__name__)

    def run(self):
        self.guard("manifest", "bundle", -1, self.manifest)
        if failures:
            return
        self.leaves = {log: self.guard(log + "_root", log + ".leaves", -1, read_leaves,
            self.m.get(log + ".leaves", b"")) or [] for log in self.to}
        self.roots = {log: [sha(b"")] for log in self.to}
        for log, leaves in self.leaves.items():
            tree = Tree()
            for leaf in leaves:
                tree.add(leaf)
                self.roots[log].append(tree.root())
            expect("manifest", log + ".leaves", -1, self.to[log], len(leaves))
            self.guard("checkpoints", log + ".checkpoint", -1, self.read_checkpoints, log)
        self.trust()
        self.entries = [self.guard("entries", "journal.leaves", i, entry, leaf)
            for i, leaf in enumerate(self.leaves["journal"])]
        for i, leaf in enumerate(self.leaves["inputs"]):
            self.guard("signatures", "inputs.leaves", i, self.leaf, i, leaf)
        self.guard("keys", "streams", -1, judge, self.streams, self.stated)
        self.guard("events", "inputs.leaves", -1, self.follow)
        self.guard("members", "bundle", -1, self.shape)

    def manifest(self):
        m = re.fullmatch("tallystick/bundle/v1\ncontract ([0-9a-f]{32})\ninputs (N) (N)\njournal (N) (N)\n"
            "state (-|[0-9a-f]{64})\n".replace("N", INT), self.m["bundle"].decode())
        need(m and m[6] == "-" and m[2] == m[4] == "0", "a bundle from genesis")
        expect("contract", "bundle", -1, self.policy.contract, m[1])
        self.to = {"inputs": int(m[3]), "journal": int(m[5])}

    def read_checkpoints(self, log):
        found, before = {}, -1
        if log == "journal" and not self.to[log]:
            return
        keys = dict([self.policy.log[log], *self.policy.witness.values()])
        notes = [n + b"\n" * (not n.endswith(b"\n")) for n in re.findall(
            rb"(?s).+?\n\n.+?\n(?=\n|\Z)", self.m.get(log + ".checkpoints", b"") )]
        need(b"\n".join(n.lstrip(b"\n") for n in notes) == self.m.get(log + ".checkpoints", b""), "notes")
        for i, data in enumerate([n.lstrip(b"\n") for n in notes] + [self.m[log + ".checkpoint"]]):
            file = log + ".checkpoint" + "s" * (i < len(notes))
            text, signers = note(data, keys)
            origin, size, root = checkpoint(text)
            need(self.policy.log[log][0] in signers and origin == self.policy.log[log][0][0], "log's signature")
            need(before < size <= self.to[log] and (i < len(notes)) == (size < self.to[log]), "sizes of " + file)
            expect(log + "_root", log + ".leaves", size, root.hex(), self.roots[log][size].hex()
                if size < len(self.roots[log]) else "fewer leaves")
            found[size], before = signers, size
        self.checkpoints[log] = found

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
            actual = self.roots[log][size].hex() if size < len(self.roots[log]) else "fewer leaves"
            expect("pins", log + ".leaves", size, root.hex(), actual)
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
        both = dict(self.policy.party.values())
        expect("contract", "inputs.leaves", i, self.policy.contract, st["contract"])
        need((kind == "contract") == (i == 0), "the contract's note is leaf 0, and only it")
        if kind in ("tick", "cut", "issue", "void"):
            who = dict([vkey(self.terms.t["evidence"]["operator_key"], (1,))])
        elif kind == "key":
            return self.enrol(i, data, st)
        elif kind == "revoke":
            stream = next(s for s in self.streams.values() if s.origin == st["origin"])
            who, stream.revoked = dict([self.policy.party[stream.side]]), i
            self.covered(i, st)
        else:
            who = both
        signers = note(data, who)[1]
        need(signers and (kind in ("period", "reservation") or len(signers) == len(who)), "who must sign " + kind)
        if kind == "contract":
            self.contract(st, text)
        if kind == "reattest":
            s = next(s for s in self.streams.values() if s.origin == st["origin"])
            for size, root in ((st["first"], st["root0"]), (st["last"], st["root1"])):
                lines = self.m.get("streams/" + s.id, b"").split(b"\n")[:size]
                tree = Tree()
                for line in lines:
                    tree.add(line)
                expect("covered", "inputs.leaves", i, root, b64encode(tree.root()).decode())
        if kind == "period":
            cut = next((s for k, name, s in self.stated if (k, name) == (st["cut"], "cut")), None)
            need(cut, "the cut that a seal names")
            last = self.terms.day(cut["end"] - 1).isoformat()
            expect("leaves", "inputs.leaves", i, last, st["through"])
        if kind in ("reattest", "release"):
            s = self.streams.get(st["origin"])
            need(s and s.side == "provider" and st["first"] < st["last"] <= s.used, "lines of a provider's stream")
        self.stated.append((i, kind, st))

    def contract(self, st, text):
        expect("terms", "terms/1.json", -1, st["terms"], hexsha(self.m.get("terms/1.json", b"")))
        self.note, self.terms = hexsha(text.encode()), Terms(self.m["terms/1.json"])
        t = self.terms.t
        need(st["version"] == 1 and st["previous"] is None, "version 1 names no other")
        expect("terms", "terms/1.json", -1, self.policy.contract, t["contract"])
        for side, (who, key) in self.policy.party.items():
            expect("contract", "terms/1.json", -1, key.hex(), vkey(t[side]["statement_key"], (1,))[1].hex())
        for log, (who, key) in self.policy.log.items():
            expect("contract", "terms/1.json", -1, key.hex(), vkey(t["evidence"][log + "_log"], (1,))[1].hex())

    def enrol(self, i, data, st):
        who, key = vkey(st["vkey"], (1,))
        need(who[0] == st["origin"] and key not in self.enrolled, "the key's name, or a key twice")
        required = dict([(who, key), self.policy.party[st["side"]]])
        for scope in ("clusters", "resources", "skus"):
            values = (st[scope] or "-").split(",")
            need(values == sorted(set(values)) and len(values) <= 64, "scope")
        need(60000 <= st["window"] <= SPAN_MS, "window")
        new = Stream(i, st, (who, key))
        need(re.fullmatch("[^/]+/%s/[^/]+/[^/]+/g[1-9][0-9]*" % self.policy.contract, st["origin"]) and (
            st["clusters"] is None or st["origin"].split("/")[2] in st["clusters"].split(",")), "origin")
        before = [s for s in self.streams.values() if s.agent == new.agent]
        need(new.generation == len(before) + 1 and (st["previous"] is None) == (not before), "generation")
        if before:
            required.update([before[-1].key] if before[-1].revoked is None else [])
            want = "%s %d %s" % (before[-1].origin, before[-1].used, b64encode(before[-1].tree.root()).decode())
            expect("enrolment", "inputs.leaves", i, want, st["previous"])
        for s in self.streams.values() if st["side"] == "provider" else ():
            same, ended = s.agent == new.agent, self.followed(s) or s.revoked is not None
            if s.side != "provider" or not (same or meet(s, new)):
                continue
            if not same and not ended and (s.end is None or new.begin < s.end) and (
                    new.end is None or s.begin < new.end):
                fail("enrolment", "inputs.leaves", i, "scopes of live streams are disjoint", s.origin)
            least = max([s.begin] + [x["end"] for _, kind, x in self.stated if kind == "cut"] +
                [start + s.window for _, start in s.closes])
            if (new.from_ms if same else new.begin) < least:
                fail("enrolment", "inputs.leaves", i, "a handover at %d or later" % least, new.origin)
        need(len(note(data, required)[1]) == len(required), "who must sign a key statement")
        self.enrolled.add(key)
        self.streams[new.origin] = new

    def followed(self, s):
        return any(o.agent == s.agent and o.generation > s.generation for o in self.streams.values())

    def covered(self, i, st):
        if st["covered"] is not None:
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
        if name not in self.notes:
            self.notes[name] = self.m.get(name, b"").split(b"\n")
        rows = self.notes[name][:-1][s.used : size]
        if len(rows) != size - s.used:
            return fail("stream_lines", name, s.used + len(rows), "%d lines" % size, "they end")
        for k, row in enumerate(rows, s.used):
            s.tree.add(row)
            s.take(i, k, row, self.note)
        expect("stream_root", name, size, root.hex(), s.tree.root().hex())

    # Events, journal, documents
    def follow(self):
        serial, n, at, day, due, self.balance = collections.Counter(), 0, 0, date.min, 0, collections.Counter()
        for i, kind, st in self.stated:
            if kind not in EVENTS:
                continue
            serial[kind] += 1
            expect("events", "inputs.leaves", i, "%s %d" % (kind, serial[kind]), "%s %d" % (kind, st["serial"]))
            if kind in ("release", "gap"):
                continue
            if kind == "void": # takes the next number, of a cut that has no document yet
                cut = self.cuts.get(st["cut"])
                expect("numbers", "inputs.leaves", i, self.next_number(), st["number"])
                self.numbers.append(st["number"])
                if not cut or cut[0] < len(self.docs):
                    fail("numbers", "inputs.leaves", i, "a cut without a document", st["cut"])
            if st["at"] < at:
                fail("events", "inputs.leaves", i, "at %d or later" % at, st["at"])
            at = st["at"]
            if kind in ("tick", "cut"):
                to, d = st["to"], date.fromisoformat(st["day"])
                good = n <= to <= i and (kind == "cut" or st["begin"] == n) and day <= d <= self.terms.day(at)
                if not good:
                    fail("events", "inputs.leaves", i, "N from %d, D from %s" % (n, day), "%d, %s" % (to, d))
                for k, limit in self.late.items():
                    if at > limit:
                        self.late_from.setdefault(k, n)
                n, day = max(n, to), d
            first = due
            while due < len(self.entries) and self.entries[due] and self.entries[due].source == i:
                due += 1
            self.guard("entries", "journal.leaves", first, self.entries_of, i, kind, st, first, due)
            if kind == "cut":
                self.guard("events", "inputs.leaves", i, self.cut, i, st, due)
            elif kind == "issue":
                self.guard("documents", "inputs.leaves", i, self.issue, i, st, self.entries[first:due])
        if due < len(self.entries):
            fail("entries", "journal.leaves", due, "an entry of the next event", self.entries[due])

    def entries_of(self, i, kind, st, first, end):
        books = collections.Counter()
        for k in range(first, end):
            e = self.entries[k]
            need((e.id, e.contract, e.posted) == (k, self.policy.contract, st["at"]), "id, contract, posted")
            need((e.kind == "accrual") == (kind in ("tick", "cut")), "kind of an entry")
            need(sum(a if side == "D" else -a for _, side, _, a in e.legs) == 0, "debit = credit")
            for role, side, currency, amount in e.legs:
                need(currency == self.terms.t["currency"], "currency")
                self.balance[role] += amount if side == "D" else -amount
            if e.kind == "accrual":
                version, charge, item, tier, period = e.line.split("/")
                amount = e.legs[0][3] * (1 if e.legs[0][0] in ("unbilled", LEGS[charge][2]) else -1)
                books[e.book, e.line, e.month] += amount
                roles = LEGS[charge][:2] if e.book == "provider" else (LEGS[charge][2], "accrued")
                need([(e.book, e.legs)] == pair(e.book, *roles, amount, e.legs[0][2]), "legs of an accrual")
                if e.book == "provider":
                    key = KINDS.index(charge), int(item), int(tier), int(period)
                    self.accrued[key] = self.accrued.get(key, 0) + amount
        for (book, line, month), amount in books.items():
            expect("books", "journal.leaves", first, amount, books["consumer", line, month])
            expect("books", "journal.leaves", first, amount, books["provider", line, month])
        for a, b in (("receivable", "payable"), ("unbilled", "accrued")):
            expect("books", "journal.leaves", end - 1, self.balance[a], -self.balance[b])

    def cut(self, i, st, journal):
        k = len(self.cuts)
        want = [self.terms.instant(d) for d in self.terms.period(k)]
        need(want == [st["begin"], st["end"]], "the period after the last one")
        need(len(self.docs) == k, "the document before is issued")
        late = int(self.terms.t["late"]["late_usage_until_days"]) * DAY_MS
        measures = collections.Counter()
        for s in self.streams.values():
            for line in s.usage.values():
                if line.leaf < st["to"] and s.counts(line, st["to"]):
                    for price, period, quantity in self.parts(s, line):
                        if line.leaf < self.late_from.get(period, MAX):
                            measures[price, period] += quantity
        self.late[k] = st["at"] + late
        target = {(*key, p): v for p in range(k + 1) for key, v in self.terms.charges(p, measures).items()}
        for key in sorted(set(target) | {a for a in self.accrued if a[3] <= k}):
            expect("entries", "journal.leaves", journal - 1, (key, target.get(key, (0, 0))[0]),
                (key, self.accrued.get(key, 0)))
        self.cuts[i] = k, st, journal, target

    def parts(self, s, line):
        key = s.origin, line.index
        if key not in self.memo:
            self.memo[key] = self.terms.parts(line)
        return self.memo[key]

    # The members are those that follow
    def shape(self):
        want = ["bundle", "inputs.checkpoint"] + ["journal.checkpoint"] * (self.to["journal"] > 0)
        want += [n for n in ("inputs.checkpoints", "journal.checkpoints") if n in self.m] + ["inputs.leaves"]
        want += ["journal.leaves"] * (self.to["journal"] > 0) + ["terms/1.json"]
        for s in sorted(self.streams.values(), key=lambda s: s.origin.encode()):
            if s.side == "provider" and s.used:
                want.append("streams/" + s.id)
                data = self.m.get(want[-1], b"")
                expect("stream_lines", want[-1], -1, s.used, data.count(b"\n") + (not data.endswith(b"\n")))
        want += self.docs
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
