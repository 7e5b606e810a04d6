# SPDX-License-Identifier: Apache-2.0
"""Published shapes of compute contracts and of their service levels (fixtures, billing/contracts.json and
billing/sla_terms.json) as terms of ours, computed by `tallystick rate` and again here. What can't be
written as terms is named in docs/shapes.md with its reason: every row is one or the other.
Arguments: the binary, the source, the folder billing."""
import json
import re
import sys
from decimal import ROUND_HALF_UP, Decimal

from rate_cases import AT, DIVISOR, bill, equal, kind, per_unit, record, terms

SHAPES = open(f"{sys.argv[2]}/docs/shapes.md").read()
FOLDER = sys.argv[3]
BELOW = ("99", "95", "90")  # further steps, where a source has percentages and no thresholds


def cents(value):
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def numbers(text):
    return [Decimal(n) for n in re.findall(r"\d+(?:\.\d+)?", text)]


def claim_days(text):
    days = re.match(r"(\d+) days", text)
    if days:
        return int(days[1])
    assert "2" in text and ("month" in text or "billing cycle" in text), text
    return 62  # two months are at most so many days


def sla_of(row):
    """The service credit of a row; None: its source has no promise that could be computed."""
    promised = numbers(row["uptime"])[-1:] if re.match(r"\d", row.get("uptime", "")) else []
    whole = "amount due" in row.get("cap", "")
    if not promised and not whole:
        return None
    sla = {"id": "uptime", "sku": "x", "classes": ["down"], "base": "before_true_up",
           "capacity": [{"from": "2026-01-01", "quantity": "1000"}]}
    steps = sorted(set(numbers(row.get("cap", "").split(";")[0]) if "/" in row.get("cap", "") or "tiers" in row.get("cap", "") else []))
    if steps:
        belows = [promised[0], *[Decimal(b) for b in BELOW if Decimal(b) < promised[0]]]
        sla["tiers"] = [{"below": str(b), "percent": str(p)} for b, p in zip(belows, steps)]
        assert len(sla["tiers"]) == len(steps)
    elif whole or "cap" in row:
        sla["cap_percent"] = "100" if whole else str(numbers(row["cap"])[0])
    if "claim_window" in row:
        sla.update(claim="on_claim", claim_days=claim_days(row["claim_window"]))
    if "applied" in row:
        sla["applies"] = "next_document"
    return sla


def credit_of(sla, down, base):
    """Again, by the words of docs/formats/terms.md."""
    capacity = Decimal(744 * 1000)
    percent = 100 * down / capacity
    if "tiers" in sla:
        available = 100 - percent
        percent = max([Decimal(t["percent"]) for t in sla["tiers"] if available < Decimal(t["below"])], default=Decimal(0))
    percent = min(percent, Decimal(sla.get("cap_percent", "100")))
    return cents(base * percent / 100)


def check_slas(rows):
    done = 0
    for row in rows:
        sla = sla_of(row)
        if sla is None:
            assert f"`{row['provider']}`" in SHAPES, f"docs/shapes.md does not name {row['provider']}"
            continue
        document = terms(prices=[per_unit("2.35")], exclusions=[{"class": "down", "reason": "fault"}], slas=[sla])
        paid = 0
        for down in ("0", "7", "743.999999", "8000", "40000", "80000", "500000", "744000"):
            got = bill(document, [record(AT, "123456.789"), *([record(AT, down, "down")] if down != "0" else [])])
            equal(kind(got, "usage"), cents(Decimal("123456.789") * Decimal("2.35")))
            want = credit_of(sla, Decimal(down), kind(got, "usage"))
            equal(-kind(got, "sla_credit"), want)
            paid += want > 0
        assert paid >= 4, (row["provider"], paid)
        done += 1
    return done


def fee(name, rows, **more):
    return {"id": name, "schedule": rows, **more}


def month(document, index, usage=()):
    year, first = map(int, document["term"]["from"].split("-")[:2])
    at = first + index
    return bill(document, usage, period=index, options=["--to", f"{year + at // 12}-{at % 12 + 1:02}-01T00:00:00Z"])


def spacex(row):
    full = str(Decimal(row["fee"]["amount"]).quantize(Decimal("0.01")))
    document = terms(start="2026-05-01", end="2029-06-01",
                     fees=[fee("capacity", [{"from": "2026-05-01", "to": "2026-07-01", "amount": "600000000.00"},
                                            {"from": "2026-07-01", "amount": full}])],
                     termination={"not_before": "2026-08-01", "notice_days": 90})
    for index, amount in ((0, "600000000.00"), (2, full), (36, full)):
        equal(month(document, index)["subtotal"], amount)
    for gpus, implied in (("220", "7.78"), ("325", "5.27")):
        equal(cents(Decimal(full) / (int(gpus) * 1000 * row["implied"]["hours_per_month"])), implied)


def aws(_row):
    """10 years and 100 thousand million: the promise rises by generation, what is used counts toward it."""
    steps = [{"from": f"{year}-05-01", "to": f"{year + 1}-05-01", "amount": f"{amount}000000.00"}
             for year, amount in zip(range(2026, 2036), range(100, 1600, 150))]
    document = terms(start="2026-05-01", end="2036-05-01", prices=[per_unit("1.10"), ],
                     minimums=[{"id": "spend", "schedule": steps}])
    at = "2026-06-02T00:00:00Z"
    got = month(document, 1, [record(at, "1000000")])
    equal(kind(got, "usage"), "1100000")
    equal(got["subtotal"], "100000000")
    equal(kind(got, "true_up"), "98900000")


def google(_row):
    """Chip-hours of two generations; blocks that are accepted day by day are a rising reservation."""
    document = terms(start="2026-05-01", prices=[per_unit("1.20"), {**per_unit("2.70", name="next"), "sku": "y"}])
    document["skus"].append({"sku": "y", "unit": "unit", "divisor": str(DIVISOR)})
    at = "2026-05-02T00:00:00Z"
    got = bill(document, [record(at, "1000"), record(at, "500", sku="y")])
    equal(got["subtotal"], Decimal("1200") + Decimal("1350"))


def oracle(_row):
    monthly = "5000000000.00"  # about 60 thousand million a year
    document = terms(start="2027-01-01", end="2032-01-01", fees=[fee("capacity", [{"from": "2027-01-01", "amount": monthly}])])
    equal(sum(Decimal(month(document, i)["subtotal"]) for i in (0, 59)), 2 * Decimal(monthly))


def coreweave(row):
    """Take-or-pay, usage on top, a fifth of the fees paid before and drawn by them."""
    share = numbers(row["facts"]["prepayment"])
    assert share[0] <= 20 <= share[1]
    document = terms(start="2026-01-01", end="2030-01-01", prices=[per_unit("6.155")],
                     fees=[fee("reserved", [{"from": "2026-01-01", "amount": "800000.00"}])],
                     prepayments=[{"id": "fifth", "percent": "20", "of": ["reserved"], "invoice_day": "2026-01-01",
                                   "tax": "taxed", "drawable": "on_issue", "on": {"fees": ["reserved"]}}])
    got = bill(document, [record(AT, "100")])
    equal(kind(got, "fee"), "800000.00")
    equal(kind(got, "usage"), "615.50")


CONTRACTS = {"spacex-xai-anthropic": spacex, "aws-anthropic": aws, "google-anthropic": google, "oracle-openai": oracle,
             "coreweave-model": coreweave}


def check_contracts(rows):
    for row in rows:
        if row["id"] in CONTRACTS:
            CONTRACTS[row["id"]](row)
        else:
            assert f"`{row['id']}`" in SHAPES, f"docs/shapes.md does not name {row['id']}"
    return len(CONTRACTS)


def check_rates(rows):
    """A rate per instance: the priced unit is an hour of all its accelerators, so that no cent of it is lost."""
    for row in rows:
        document = terms(prices=[per_unit(row["instance"])])
        document["skus"][0]["divisor"] = str(row["accelerators"] * DIVISOR)
        equal(bill(document, [record(AT, row["accelerators"])])["subtotal"], row["instance"])
        places = Decimal(row["per_accelerator"]).as_tuple().exponent
        one = (Decimal(row["instance"]) / row["accelerators"])
        assert abs(one - Decimal(row["per_accelerator"])) <= Decimal(1).scaleb(places), row
    return len(rows)


def main():
    load = lambda name: json.load(open(f"{FOLDER}/{name}"))
    slas, contracts = load("sla_terms.json"), load("contracts.json")
    for row in contracts["granularity"]:
        assert f"`{row['provider']}`" in SHAPES, f"docs/shapes.md does not name {row['provider']}"
    print(f"{check_slas(slas['terms'])} of {len(slas['terms'])} service levels, "
          f"{check_contracts(contracts['contracts'])} of {len(contracts['contracts'])} contracts, "
          f"{check_rates(contracts['list_rates']['rates'])} list rates")


main()
