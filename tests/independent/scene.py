# SPDX-License-Identifier: Apache-2.0
"""scene.py STEP DIR CONTRACT: what agents send to a real service, month by month, for test_tamper.sh.
Steps: may, june, july, gap; of the contract that is amended: amended-may, amended-june, amended-july; of the one with
credits: credited-MONTH, said-may, said-june; of the one that ends by notice: ended-FIRST/MONTH/RECORDS. Keys are made from
names; state between steps is the agents' lines in DIR."""
import os, re, sys, time, urllib.error, urllib.request
from datetime import datetime
from forge import Agent, Bundle, Key, note
from formats import hexsha

step, DIR, CONTRACT = sys.argv[1:]
URL, TOKEN, LAB, OPERATOR = (os.environ["%s" % n] for n in ("TALLYSTICK_URL", "AGENT_TOKEN", "LAB_TOKEN",
    "TALLYSTICK_TOKEN"))
PROVIDER, CONSUMER = Key.load(DIR + "/provider.key"), Key.load(DIR + "/consumer.key")
MONTH = {"may": 1777593600000, "june": 1780272000000, "july": 1782864000000, "august": 1785542400000}
HOUR, DAY, BASE = 3600000, 86400000, "tally.example/%s/" % CONTRACT


def get(path):
    request = urllib.request.Request(URL + path, headers={"Authorization": "Bearer " + OPERATOR})
    return urllib.request.urlopen(request, timeout=60).read()


def post(path, body, token):
    request = urllib.request.Request(URL + path, data=body, method="POST", headers={
        "Authorization": "Bearer " + token, "Content-Type": "text/plain; charset=utf-8"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as e:
        sys.exit("%s: %d %s" % (path, e.code, e.read().decode()[:500]))


def agent(name):
    origin = BASE + name
    path = "%s/lines.%s" % (DIR, name.replace("/", "."))
    lines = open(path, "rb").read().split(b"\n")[:-1] if os.path.exists(path) else []
    a = Agent(origin, Key.made(origin), lines)
    a.path = path
    return a


def enrol(a, side, from_ms, previous=None, resources="-", window=DAY):
    company = PROVIDER if side == "provider" else CONSUMER
    cluster = a.origin.split("/")[2]
    before = "-" if previous is None else re.sub("\n", " ", "{}\n{}\n".format(
        previous.origin, previous.tree.size)) + previous.leaf().split(b"\n")[2].decode()
    text = ("tallystick/key/v1\ncontract {}\norigin {}\nvkey {}\nside {}\nscope clusters {}\nscope resources {}\n"
        "scope skus -\nwindow {}\nactive {} -\nfrom_ms {}\nprevious {}\n").format(CONTRACT, a.origin, a.key.vkey,
        side, cluster, resources, window, MONTH["may"], from_ms, before)
    post("/v1/streams", note(text, company, a.key, *([previous.key] if previous else [])), OPERATOR)
    statement = get("/v1/contracts/%s/statement" % CONTRACT)
    a.add("g1\t%s\t%s\t%d" % (a.origin, hexsha(statement), MONTH["may"]))


def send(a, lines):
    """One append: what is new in a (its g1 included) and these lines."""
    old = len(open(a.path, "rb").read().split(b"\n")) - 1 if os.path.exists(a.path) else 0
    for line in lines:
        a.add(line)
    body = b"append/v1\nold %d\nnew %d\n" % (old, a.tree.size) + a.leaf() + b"\n" + b"".join(
        l + b"\n" for l in a.lines[old:])
    post("/v1/streams/%s/append" % hexsha(a.origin.encode())[:32], body, LAB if "/lab/" in a.origin else TOKEN)
    with open(a.path, "wb") as f:
        f.write(b"".join(l + b"\n" for l in a.lines))


def usage(month, count, sku="h100", cls="on_demand", every=7 * HOUR, length=5 * HOUR, devices=8000, at=0):
    """u1 lines that cross quarter-hours, days and the month's end."""
    out = []
    for n in range(count):
        start = MONTH[month] + at + n * every + n * 977
        quantity = devices * (length + n * 13) - n * 7919 if devices else 12345678901 + n * 1000003
        out.append("u1\t%d\t%d\t%s\t%d\t%d\t%s\tjob-%s-%d\tn%02d\tlab" % (start, start + length + n * 13, sku, devices,
            quantity, cls, month, n, n % 5))
    return out


def closes(a, month, days, first):
    """A c1 per day and SKU over the u1 lines from index `first` on; heartbeats where nothing ran."""
    out, begin = [], MONTH[month]
    records = [l.split(b"\t") for l in a.lines[first:] if l.count(b"\t") == 9]
    for day in range(days):
        start = begin + day * DAY
        inside = [r for r in records if start <= int(r[1]) < start + DAY]
        for sku in sorted({r[3] for r in inside}) or [b"-"]:
            mine = [int(r[5]) for r in inside if r[3] == sku]
            out.append("c1\t%d\t%d\t%s\t%d\t%d\t%d" % (start, start + DAY, sku.decode(), first, len(mine), sum(mine)))
    return out


def reversal(a, index, reason="measured twice"):
    return "r1\t%s\t%d\t%s" % (a.origin, index, reason.replace(" ", "_"))


A, A2, B, C = (agent(n) for n in ("colo1/meter1/g1", "colo1/meter1/g2", "colo2/meter2/g1", "lab/meter/g1"))
if step == "may":
    enrol(A, "provider", MONTH["may"])
    enrol(B, "provider", MONTH["may"])
    enrol(C, "consumer", MONTH["may"])
    send(A, usage("may", 60))
    send(A, usage("may", 30, "egress", "-", 11 * HOUR, 3 * HOUR, 0) + ["u1\tnonsense", "?", ""])
    send(A, [reversal(A, 5), reversal(A, 5), reversal(A, 91)])
    send(A, closes(A, "may", 31, 1))
    send(B, usage("may", 90, every=8 * HOUR) + usage("may", 5, "h100", "excluded_maintenance", at=HOUR))
    send(B, closes(B, "may", 31, 1))
    send(C, usage("may", 3))
elif step == "june":
    first = A.tree.size
    send(A, usage("june", 40) + ["u1\t%d\t%d\th100\t1000\t60000\ton_demand\tlate\tn01\tlab" % (
        MONTH["may"] + DAY, MONTH["may"] + DAY + 60)] + [reversal(A, 7)])
    send(A, closes(A, "june", 14, first))
    enrol(A2, "provider", MONTH["june"] + 14 * DAY, A)
    send(A2, usage("june", 40, at=14 * DAY))
    send(A2, [reversal(A, 9)] + closes(A2, "june", 30, 1))
    first = B.tree.size
    for line in usage("june", 60):
        B.add(line)
    send(B, closes(B, "june", 30, first))
elif step == "july":
    send(A2, [reversal(A2, n) for n in range(1, 41)])
    may = Bundle(open(DIR + "/2026-05.tar", "rb").read(), {})
    covered = int(re.search(rb"\nto (\d+)", may.inputs[may.find("cut")])[1])
    text = ("tallystick/revoke/v1\ncontract {}\norigin {}\ncompromised-since {}\ncovered {}\nreason stolen laptop\n").format(
        CONTRACT, B.origin, int(time.time() * 1000) - 5000, covered)
    post("/v1/contracts/%s/statements" % CONTRACT, note(text, PROVIDER), OPERATOR)
    first = A2.tree.size
    for line in usage("july", 3, "h100", "excluded_maintenance"):
        A2.add(line)
    send(A2, closes(A2, "july", 31, first))
elif step.startswith("ended-"):
    # three months, the first named behind the dash: usage of each, and some behind the end
    first, month, count = step.split("-", 1)[1].split("/")
    MONTH["may"], MONTH["now"] = (int(datetime.fromisoformat(m + "-01T00:00:00+00:00").timestamp()) * 1000 for m in (
        first, month))
    a = agent("colo/meter/g1")
    begin = a.tree.size
    if first == month:
        enrol(a, "provider", MONTH["may"])
    send(a, usage("now", int(count)))
    send(a, ([] if first == month else [reversal(a, 2 + begin // 9)]) + closes(a, "now", 31, begin))
elif step.startswith(("amended-", "credited-")):
    which, _, month = step.partition("-")
    outage = [("excluded_outage", 9, 61, 6000)] * (which == "credited")
    days = {"may": 31, "june": 30, "july": 31}[month]
    name = "meter" if which == "amended" else "gauge"
    for a, shift in ((agent("eu1/%s/g1" % name), 0), (agent("us1/%s/g1" % name), 3 * HOUR + 421)):
        if month == "may":
            enrol(a, "provider", MONTH["may"])
        first = a.tree.size
        for cls, count, every, devices in (("on_demand", 60, 11, 8000), ("reserved", 50, 13, 3000), ("spot", 44, 16, 1500),
                ("excluded_maintenance", 3, 200, 4000), *outage):
            for n, line in enumerate(usage(month, count, "h100", cls, every * HOUR, 5 * HOUR, devices, shift)):
                a.add(re.sub("lab$", "team-%d" % (n % 3), line))
        for line in usage(month, 20, "egress", "-", 33 * HOUR, 3 * HOUR, 0, shift):
            a.add(line)
        if outage and month == "june": # before June is cut: a state keeps what the next version matches anew
            for cls in ("reserved", "spot", "on_demand"):
                for line in usage("july", 4, "h100", cls, 97 * HOUR, 50 * HOUR, 1500, -20 * HOUR):
                    a.add(re.sub("lab$", "team-1", line))
        send(a, [reversal(a, first + 3), reversal(a, first + 70)] + ([] if month == "may" else [reversal(a, 9 + ord(month[2]))]))
        early = next((k for k, l in enumerate(a.lines) if b"\tjob-july-" in l), first)
        send(a, closes(a, month, days, early if month == "july" else first))
elif step.startswith("said-"):
    # credits, settlements and claims; what was said after which month
    amount = lambda minor, line="-", treatment="local": "amount %d\ncurrency USD\nline %s\ntreatment %s\n" % (minor, line, treatment)
    both, first = (PROVIDER, CONSUMER), {"may": "may june", "june": "june july"}[step[5:]].split()
    claim = "sla up\nperiod %d %d\n" % tuple(MONTH[m] for m in first)
    said = {"may": [("credit", 1, amount(12345), PROVIDER), ("credit", 2, amount(1111, "v1/usage/3/0/0"), PROVIDER), ("settlement", 1,
        amount(2222, "v1/usage/3/0/0"), *both), ("claim", 1, claim, CONSUMER)], "june": [("credit", 3, amount(1, "v1/fee/0/0/0"),
        PROVIDER), ("settlement", 2, amount(77, treatment="reverse"), *both), ("claim", 2, claim, CONSUMER)]}[step[5:]]
    for kind, serial, lines, *signers in said:
        text = "tallystick/event/v1\ncontract %s\nkind %s\nserial %d\nat %d\n%sreason as agreed, %s\n" % (CONTRACT, kind, serial, int(
            time.time() * 1000) - 1000, lines, step)
        post("/v1/contracts/%s/statements" % CONTRACT, note(text, *signers), OPERATOR)
elif step == "gap":
    # the revoked stream closed nothing any more: both companies accept it
    starts = range(MONTH["july"], MONTH["august"], DAY)
    rows = "".join("%s\t%d\t%d\n" % (B.origin, start, start + DAY) for start in starts)
    text = ("tallystick/event/v1\ncontract {}\nkind gap\nserial 1\nat {}\nperiod {} {}\nmissing {}\nlist {}\n").format(
        CONTRACT, int(time.time() * 1000) - 1000, MONTH["july"], MONTH["august"], len(starts), hexsha(rows.encode()))
    post("/v1/contracts/%s/statements" % CONTRACT, note(text, PROVIDER, CONSUMER), OPERATOR)
