# SPDX-License-Identifier: Apache-2.0
"""Ways to touch what was said about credits and claims, and what follows from it. Rows for matrix.py: (name, artifact, work, more)."""
import re
from forge import note, text_of

LEAVES, JOURNAL, PAPERS = "inputs.leaves", "journal.leaves", "documents/"


def leg(role, new):
    """Both books' entries that open with a refund, as if it were less to bill; or the other way round."""
    def work(b):
        for k, e in enumerate(b.journal):
            b.journal[k] = re.sub(role, new, e)
    return work


def cent(b, number, role=rb"refund_liability|supplier_credits"):
    """A document's refunded part up by one in both books."""
    for k, e in enumerate(b.journal):
        if e.split(b"\t")[10] == number and re.search(role, e):
            b.journal[k] = re.sub(rb"(\tUSD\t)(\d+)", lambda m: m[1] + b"%d" % (int(m[2]) + 1), e)


def rows(keys):
    provider, consumer, operator = (keys[n] for n in ("provider", "consumer", "operator"))
    both = provider, consumer
    say = lambda kind, nth, pattern, new, *signers: lambda b: b.resign(b.find(kind, nth), pattern, new, *signers)
    def unsigned(kind, nth, pattern, new):
        def work(b):
            i = b.find(kind, nth)
            changed = re.sub(pattern, new, text_of(b.inputs[i]), count=1)
            assert changed != text_of(b.inputs[i])
            b.inputs[i] = b.inputs[i].replace(text_of(b.inputs[i]), changed)
        return work
    def signed(kind, nth, *signers):
        return lambda b: b.inputs.__setitem__(b.find(kind, nth), note(text_of(b.inputs[b.find(kind, nth)]), *signers))
    def again(kind, nth, serial, *signers):
        """One more of the same, behind everything: no event folds it."""
        return lambda b: b.inputs.append(note(re.sub(rb"\nserial \d+", b"\nserial %d" % serial, text_of(b.inputs[b.find(kind, nth)])),
            *signers))
    up = lambda m: m[1] + b"%d" % (int(m[2]) + 1)
    unseen = {"blind": "states are not made again"}
    amount, sig = rb"(\namount )(\d+)", "signatures:" + LEAVES
    yield "honest", None, lambda b: None, {"accept": True}
    for kind, nth, who in (("credit", 0, both[:1]), ("credit", 1, both[:1]), ("credit", 2, both[:1]), ("settlement", 0, both)):
        name = "%s %d" % (kind, nth + 1)
        yield name + " one cent up", sig, unsigned(kind, nth, amount, up), {}
        yield name + " one cent up, signed, not posted again", JOURNAL, say(kind, nth, amount, up, *who), {}
        yield name + " dropped", "", lambda b, kind=kind, nth=nth: b.drop(b.find(kind, nth)), {}
    yield "credit of 0", LEAVES, say("credit", 0, amount, rb"\g<1>0", provider), {}
    yield "credit above what is left of the line", JOURNAL, say("credit", 1, amount, rb"\g<1>99999999", provider), {}
    yield "credit on another line", "seals:" + LEAVES, say("credit", 1, rb"\nline \S+", b"\nline v1/usage/4/0/0", provider), unseen
    yield "credit on a line that is none", JOURNAL, say("credit", 1, rb"\nline \S+", b"\nline v1/bonus/4/0/0", provider), {}
    yield "credit on no line", JOURNAL, say("credit", 1, rb"\nline \S+", b"\nline -", provider), {}
    yield "credit under another treatment", JOURNAL, say("credit", 0, rb"\ntreatment \S+", b"\ntreatment reverse", provider), {}
    yield "credit under no treatment", JOURNAL, say("credit", 0, rb"\ntreatment \S+", b"\ntreatment none", provider), {}
    yield "credit in another currency", JOURNAL, say("credit", 0, rb"\ncurrency \S+", b"\ncurrency EUR", provider), {}
    yield "credit for another reason", PAPERS, say("credit", 0, rb"\nreason .*", b"\nreason goodwill", provider), {}
    yield "credit signed by the consumer", sig, signed("credit", 0, consumer), {}
    yield "credit signed by the operator", sig, signed("credit", 0, operator), {}
    yield "credit called a settlement", "", say("credit", 2, rb"\nkind credit\nserial 3", b"\nkind settlement\nserial 3", *both), {}
    yield "settlement by the provider alone", sig, signed("settlement", 0, provider), {}
    yield "settlement by the consumer alone", sig, signed("settlement", 1, consumer), {}
    yield "claim dropped", "", lambda b: b.drop(b.find("claim", 0)), {}
    yield "last claim dropped", JOURNAL, lambda b: b.drop(b.find("claim", 1)), {}
    yield "claim's time altered", sig, unsigned("claim", 0, rb"(\nat )(\d+)", up), {}
    earlier = lambda m: m[1] + b"%d" % (int(m[2]) - 86400000)
    yield "claim's time altered and signed, below a seal", "seals:" + LEAVES, say("claim", 0, rb"(\nat )(\d+)", earlier, consumer), unseen
    yield "claim's time altered and signed: the log's time counts", None, say("claim", 1, rb"(\nat )(\d+)", earlier, consumer), {
        "accept": True}
    yield "claim of another period", JOURNAL, say("claim", 0, rb"\nperiod \d+ \d+", b"\nperiod 1780272000000 1782864000000",
        consumer), {}
    yield "claim of no period", JOURNAL, say("claim", 0, rb"\nperiod \d+ ", b"\nperiod 1777680000000 ", consumer), {}
    yield "claim of what comes by itself", JOURNAL, say("claim", 0, rb"\nsla \S+", b"\nsla share", consumer), {}
    yield "claim of what has lapsed", JOURNAL, say("claim", 0, rb"\nsla \S+", b"\nsla lapsed", consumer), {}
    yield "claim signed by the provider", sig, signed("claim", 0, provider), {}
    yield "one more claim that nothing folds", None, again("claim", 0, 3, consumer), {"accept": True}
    yield "one more claim, its serial used", "events:" + LEAVES, again("claim", 0, 2, consumer), {}
    yield "refunds posted as less to bill", JOURNAL, lambda b: (leg(rb"refund_liability", b"unbilled")(b), leg(rb"supplier_credits",
        b"accrued")(b)), {}
    yield "refund in one book only", JOURNAL, leg(rb"refund_liability", b"unbilled"), {}
    yield "claimed part of a document one cent up", JOURNAL, lambda b: cent(b, b"CRD-000005"), {}
    for kind, nth, who in (("payment", 0, both[:1]), ("refund", 0, both[:1])):
        yield kind + " one cent up", sig, unsigned(kind, nth, rb"(\nminor )(\d+)", up), {}
        yield kind + " of more, signed, not posted again", JOURNAL, say(kind, nth, rb"(\nminor )(\d+)", up, *who), {}
        yield kind + " dropped", "", lambda b, kind=kind, nth=nth: b.drop(b.find(kind, nth)), {}
        yield kind + " signed by the consumer", sig, signed(kind, nth, consumer), {}
        yield kind + " of nothing", LEAVES, say(kind, nth, rb"\nminor \d+", b"\nminor 0", provider), {}
    yield "invoice of a prepayment dropped", "", lambda b: b.drop(b.find("prepayment", 1)), {}
    yield "invoice of another prepayment", "", say("prepayment", 1, rb"\nprepayment \S+", b"\nprepayment security"), {}
    yield "invoice of a prepayment signed by the provider", sig, signed("prepayment", 0, provider), {}


def papers(documents):
    """(name, nth document, place of a line): every kind of line, one cent up."""
    seen = set()
    for n, d in enumerate(documents):
        for k, line in enumerate(d["body"]["lines"]):
            kind = line["kind"], line["version"]
            if kind not in seen:
                seen.add(kind)
                yield "document %d: %s of version %d one cent up, entries too" % (n, *kind), n, k


TERMS = (("window of a claim", 2, rb'"claim_days": 3660', b'"claim_days": 10'), ("claim", 2, rb'"claim": "on_claim",\s+"claim_days": 3660,?',
    b'"claim": "automatic"'), ("document of a service credit", 3, b"next_document", b"this_document"), ("what downtime counts as", 1,
    rb'"counts_as": "reserved"', b'"counts_as": "none"'), ("counters restart", 2, b'"continue"', b'"restart"'), ("counters restart later", 3,
    b'"continue"', b'"restart"'), ("counters go on after all", 4, b'"restart"', b'"continue"'), ("package", 3, b'"package_size": "12"',
    b'"package_size": "13"'), ("price of a shared counter", 2, b'"1.5"', b'"1.51"'), ("cap of the term", 3, b'"12.00"', b'"12.01"'), (
    "rollover", 3, b'"rollover": "0.5"', b'"rollover": "0.4"'), ("free units", 2, b'"7.25"', b'"7.26"'), ("percentage", 2, b'"9.5"',
    b'"9.4"'), ("block", 2, b'"101.07"', b'"101.08"'), ("overage", 3, b'"1.4"', b'"1.41"'), ("capacity", 2, b'"24"', b'"25"'))
STATE = (("credit's amount", rb"(\ncredit\tcredit\t1(?:\t\d+){6}\t)(\d+)"), ("whether a credit counts", rb"(\ncredit\tcredit\t1\t\d+\t)(1)"), ("period of a claim", rb"(\ncredit\tsla_credit\t1(?:\t\d+){3}\t)(0)"),
    ("quantity of a cell", rb"(\ncell\t17838\d+\th100\treserved\t[^\n]*\t)(\d+)"), ("refunds", rb"(\nbalance\trefund_liability\t)(\d+)"),
    ("what was prepaid", rb"(\nprepaid\t0\t\S+\t\S+\t)(\d+)"))
