# SPDX-License-Identifier: Apache-2.0
"""The published billing cases (fixtures, billing/cases) through `tallystick rate`: a converter per group
turns a case into terms and record lines, the command's JSON is compared with what the case expects.
A case that our rule answers otherwise is named in docs/deviations.md."""
import calendar
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
from decimal import Decimal

BINARY, SOURCE, CASES = sys.argv[1:]
WORK = tempfile.mkdtemp(prefix="ts-rate-cases-")
DIVISOR = 10**6
DAY = datetime.timedelta(days=1)
DEVIATIONS = open(f"{SOURCE}/docs/deviations.md").read()
# Whose groups these are: no terms, no usage, no rating in them.
ELSEWHERE = {
    "api": "the HTTP frame (tests/api)", "dedupe": "streams and the judge (tests/property/evidence)",
    "numbering": "document numbers (tests/property/book)", "invoice-totals": "payments and credits",
    "wallet": "prepayments", "prepaid": "prepayments",
}


class Deviates(Exception):
    pass


def instant(text):
    text = text.replace("Z", "+00:00")
    value = datetime.datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)


def stamp(value):
    return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(text):
    return datetime.date.fromisoformat(text[:10])


def write(name, text):
    path = os.path.join(WORK, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def record(at, quantity, pricing_class="-", sku="x", seconds=900):
    """One u1 line; quantity in priced units."""
    start = int(instant(at).timestamp() * 1000) if isinstance(at, str) else int(at.timestamp() * 1000)
    base = Decimal(quantity) * DIVISOR
    assert base == int(base), quantity
    return f"u1\t{start}\t{start + seconds * 1000}\t{sku}\t0\t{int(base)}\t{pricing_class}\tjob\tnode\t-\n"


def terms(currency="USD", start="2026-01-01", end=None, **members):
    document = {"currency": currency, "term": {"from": start},
                "skus": [{"sku": "x", "unit": "unit", "divisor": str(DIVISOR)}]}
    if end:
        document["term"]["to"] = end
    document.update(members)
    return document


def run(document, usage=(), before=None, amend=(), options=(), refused=False):
    command = [BINARY, "rate", "--json", "--terms", write("terms.json", json.dumps(document))]
    command += ["--usage", write("usage.tsv", "".join(usage))]
    if before is not None:
        command += ["--before", write("before.tsv", "".join(before))]
    for i, (version, at) in enumerate(amend):
        command += ["--amend", write(f"v{i + 2}.json", json.dumps(version)) + "@" + at]
    done = subprocess.run(command + list(options), capture_output=True, text=True)
    if refused:
        assert done.returncode == 1, done
        return done.stderr
    assert done.returncode == 0, (done.stderr, document)
    return json.loads(done.stdout)


def bill(document, usage=(), period=0, **more):
    return run(document, usage, **more)["periods"][period]


def equal(got, want):
    assert Decimal(str(got)) == Decimal(str(want)), f"{got}, expected {want}"


def kind(period, name, member="amount"):
    return sum((Decimal(line[member]) for line in period["lines"] if line["kind"] == name), Decimal(0))


def per_unit(price, name="p", **more):
    return {"id": name, "sku": "x", "model": "per_unit", "unit_price": price, **more}


def tier_rows(tiers):
    return [{"unit_price": t["unit"], **({"up_to": t["up_to"]} if t["up_to"] else {}),
             **({"flat": t["flat"]} if t.get("flat") and Decimal(t["flat"]) else {})} for t in tiers]


def price_of(given):
    model = given.get("model", "graduated")
    if model == "unit":
        return per_unit(given["unit_price"])
    if model == "package":
        return {"id": "p", "sku": "x", "model": model, "package_size": given["package_size"],
                "package_price": given["package_price"]}
    return {"id": "p", "sku": "x", "model": model, "tiers": tier_rows(given["tiers"])}


AT = "2026-01-10T00:00:00Z"


def unit(given, want, _):
    equal(bill(terms(given.get("currency", "USD"), prices=[per_unit(given["unit_price"])]),
               [record(AT, given["quantity"])])["subtotal"], want["total"])


def tiers(given, want, _):
    records = [r["quantity"] for r in given.get("records", [])] or [given["quantity"]]
    got = bill(terms(given.get("currency", "USD"), prices=[price_of(given)]), [record(AT, q) for q in records])
    equal(got["subtotal"], want["total"])
    if "tier" in want:
        assert got["lines"][-1]["tier"] == want["tier"], got


def package(given, want, _):
    already = given.get("already_rated_quantity") or "0"
    document = terms(prices=[{**given, "model": "package"} and price_of({**given, "model": "package"})])
    if given.get("free_units") and Decimal(given["free_units"]):
        document["discounts"] = [{"id": "d", "price": "p", "quantity": given["free_units"]}]
    got = bill(document, [record(AT, already), record(AT, given["quantity"])], before=[record(AT, already)])
    equal(got["delta"], want["total"])


def blocks_of(given, policy):
    edge, rows = 0, []
    for i, t in enumerate(given["tiers"]):
        edge += Decimal(t["size"]) * t["max_blocks"]
        rows.append({"unit_price": t["price"], "package_size": t["size"],
                     **({"up_to": str(edge)} if i + 1 < len(given["tiers"]) else {})})
    return {"model": "graduated" if policy == "ALL_TIERS" else "volume", "tiers": rows, "sku": "x"}


def blocks(given, want, _):
    units = given.get("units") or {"p": given}
    prices = [{"id": name, "class": name, **blocks_of(u, given["policy"])} for name, u in units.items()]
    got = bill(terms(given.get("currency", "USD"), prices=prices),
               [record(AT, u["quantity"], name) for name, u in units.items()])
    equal(got["subtotal"], want["total"])
    for name in given.get("units", {}):
        equal(sum(Decimal(x["amount"]) for x in got["lines"] if x["id"] == name), want[name])


def minimum_rows(amount, start="2026-01-01", end=None, **more):
    return [{"id": "m", "schedule": [{"from": start, "amount": amount, **({"to": end} if end else {})}], **more}]


def cents(value):
    return f"{value / 100:.2f}"


def minimum(given, want, _):
    if "maximum" in given:
        lines = given.get("lines") or [{"amount": given["rated_amount"]}]
        prices = [per_unit(given["previously_billed"], "b", **{"class": "b"})]
        prices += [per_unit(x["amount"], f"l{i}", **{"class": f"l{i}"}) for i, x in enumerate(lines)]
        before = [record(AT, 1, "b")]
        document = terms(prices=prices, caps=[{"id": "c", "per": "period", "schedule": [
            {"from": "2026-01-01", "amount": given["maximum"]}]}])
        got = bill(document, before + [record(AT, 1, f"l{i}") for i in range(len(lines))], before=before)
        return equal(got["delta"], want["total"])
    if "usage_discount" in given:
        document = terms(prices=[per_unit("1")], discounts=[
            {"id": "d", "price": "p", "quantity": given["usage_discount"]}])
        seen = []
        for quantity, billable in zip(given["quantities"], want["billable"]):
            before = list(seen)
            seen.append(record(AT, quantity))
            equal(bill(document, seen, before=before)["delta"], billable)
        return None
    if "minimum_cents" in given:
        end = str(datetime.date(2023, 2, 1) + DAY * given["days_used"])
        document = terms("EUR", "2023-02-01", end, prices=[per_unit(cents(given["usage_fees_cents"][0]))],
                         minimums=minimum_rows(cents(given["minimum_cents"]), "2023-02-01", end), tax={
                             "treatments": [{"id": "none", "category": "S", "jurisdiction": "FR", "rate": "r",
                                             "recoverable": True}],
                             "rates": [{"rate": "r", "jurisdiction": "FR", "from": "2023-01-01",
                                        "percent": given["tax_rate_percent"]}]})
        got = bill(document, [record("2023-02-01T00:00:00Z", 1)])
        equal(kind(got, "true_up"), cents(want["true_up_cents"]))
        equal(got["subtotal"], cents(want["fees_total_cents"]))
        return equal(got["tax"], cents(want["taxes_cents"]))
    options = () if given["last_in_period"] else ("--as-of", "2026-01-20")
    before = [record(AT, given["previously_billed"])]
    got = bill(terms(given.get("currency", "USD"), prices=[per_unit("1")],
                     minimums=minimum_rows(given["minimum"])),
               [record(AT, Decimal(given["rated_amount"]) + Decimal(given["previously_billed"]))], options=options,
               before=before)
    equal(kind(got, "true_up"), want["true_up"])
    return equal(Decimal(got["subtotal"]) - Decimal(given["previously_billed"]), want["total"])


def rounding(given, want, _):
    mode = {"half_up": "half_away_from_zero"}.get(given["mode"], given["mode"])
    currency, amount = given.get("currency"), given["amount"]
    if not currency:  # a precision that no currency has: minor units of the yen
        currency, amount = "JPY", str(Decimal(amount) * 10 ** given["precision"])
        want = {"amount": Decimal(want["amount"]) * 10 ** given["precision"]}
    equal(bill(terms(currency, prices=[per_unit(amount)], rounding=mode), [record(AT, 1)])["subtotal"],
          want["amount"])


def rounding_sum(given, want, _):
    lines = given["lines"]
    n = 1 if isinstance(lines, list) else lines["count"]
    lines = lines if isinstance(lines, list) else [lines["repeat"]]
    prices = [per_unit(x, f"p{i}", **{"class": f"p{i}"}) for i, x in enumerate(lines)]
    got = bill(terms(given.get("currency", "USD"), prices=prices),
               [record(AT, 1, f"p{i}") for i in range(len(lines))])
    equal(Decimal(got["subtotal"]) * n, want["subtotal"])


def rounding_true_up(given, want, _):
    got = bill(terms(given["currency"], prices=[per_unit(given["usage"])],
                     minimums=minimum_rows(given["commitment"])), [record(AT, 1)])
    equal(kind(got, "true_up"), want["true_up"])
    equal(got["subtotal"], given["commitment"])


def allocation(given, want, case):
    """A fee by days, or usage by months: shares are the line's calendar months."""
    weights = [Decimal(w) for _, w in given["items"]]
    scale = Decimal(1)
    while any(w * scale != int(w * scale) for w in weights):
        scale *= 10
    whole = sum(weights) * scale
    price = {"id": "p", "sku": "x", "model": "per_unit", "unit_price": given["amount"]}
    document = terms(start="2026-01-01", calendar={"anchor_day": 1, "months": 12}, prices=[price])
    document["skus"][0]["divisor"] = str(int(whole))
    usage = [f"u1\t{int(instant(f'2026-{i + 1:02d}-10').timestamp() * 1000)}\t"
             f"{int(instant(f'2026-{i + 1:02d}-11').timestamp() * 1000)}\tx\t0\t{int(w * scale)}\t-\tj\tn\t-\n"
             for i, w in enumerate(weights)]
    months = {m["month"]: Decimal(m["amount"]) for m in bill(document, usage)["lines"][0]["months"]}
    got = {name: months.get(f"2026-{i + 1:02d}", Decimal(0)) for i, (name, _) in enumerate(given["items"])}
    assert sum(got.values()) == Decimal(given["amount"]), got
    wanted = {name: Decimal(share) for name, share in want["shares"]}
    if given["tie_break"] == "key" and got != {n: wanted.get(n, Decimal(0)) for n in got}:
        raise Deviates(case["id"])
    for name, share in got.items():
        equal(share, wanted.get(name, 0))


def periods(given, want, _):
    got = run(terms(start=given["anchor"], calendar={"anchor_day": day(given["anchor"]).day}),
              options=["--to", f"{day(given['anchor']).year + 2}-01-01T00:00:00Z"])["periods"]
    for i, date in enumerate(want["dates"]):
        assert got[i + 1]["from"][:10] == date, got[i + 1]
    assert len(want["dates"]) == given["steps"]


def prorated(amount, days, of, currency="USD"):
    year, month = next((y, m) for y in (2023, 2024) for m in range(1, 13) if calendar.monthrange(y, m)[1] == of)
    start = datetime.date(year, month, 1)
    fees = [{"id": "f", "schedule": [{"from": str(start), "to": str(start + DAY * days), "amount": amount}]}]
    return Decimal(bill(terms(currency, str(start), fees=fees))["subtotal"])


def proration(given, want, _):
    if "days_remaining" in given:
        credit = -prorated(given["old_amount"], given["days_remaining"], given["days_in_period"])
        charge = prorated(given["new_amount"], given["days_remaining"], given["days_in_period"])
        equal(credit, want["credit"])
        equal(charge, want["charge"])
        return equal(credit + charge, want["net"])
    if "timezone" in given:
        got = bill(terms(start=given["start"][:10], end=given["end"][:10], zone={"name": given["timezone"]},
                         fees=[{"id": "f", "schedule": [{"from": given["start"][:10], "amount": "1.00"}]}],
                         calendar={"anchor_day": day(given["start"]).day}))
        return equal(got["lines"][0]["quantity"], want["days"])
    if "to_inclusive" in given:
        start, end = day(given["period_from"]), day(given["period_to_exclusive"])
        months = (end.year - start.year) * 12 + end.month - start.month
        to = str(day(given["to_inclusive"]) + DAY)
        got = bill(terms("EUR", given["from"], to,
                         calendar={"anchor_day": start.day, "month": start.month, "months": months},
                         fees=[{"id": "f", "schedule": [{"from": given["from"], "to": to,
                                                         "amount": cents(given["amount_cents"])}]}]))
        assert got["days"] == want["days"] and got["full_days"] == want["days_in_period"], got
        return equal(got["subtotal"], cents(want["amount_cents"]))
    if "period_from" in given:
        fees = [{"id": "f", "schedule": [{"from": given["from"], "to": given["to_exclusive"],
                                          "amount": given["amount"]}]}]
        return equal(bill(terms(start=given["period_from"], end=given["period_to_exclusive"], fees=fees))["subtotal"],
                     want["amount"])
    if "factor" in want:
        return equal(prorated("1000000000", given["days"], given["days_in_period"], "JPY") / 10**9, want["factor"])
    net = prorated(cents(given["amount_cents"]), given["days"], given["days_in_period"], "EUR")
    factor = Decimal(given.get("tax_multiplier") or "1")
    return equal((net * factor).quantize(Decimal("0.01"), "ROUND_HALF_UP"), cents(want["amount_cents"]))


def boundary(given, want, _):
    if "periods" in given:
        document = terms(start=given["periods"][0] + "-01", zone={"name": given["timezone"]}, prices=[per_unit("1")])
        got = run(document, [record(at, 1, seconds=1) for at in given["records"]])["periods"]
        for period, count in zip(got, want["counts"]):
            equal(kind(period, "usage"), count)
        return
    end = given["period_to_exclusive"][:10] if "included" in want else None
    document = terms(start=given["period_from"][:10], end=end, prices=[per_unit("1")])
    for i, event in enumerate(given["events"]):
        at = event if isinstance(event, str) else stamp(datetime.datetime.fromtimestamp(event, datetime.timezone.utc))
        moment = instant(at)
        line = f"u1\t{int(moment.timestamp() * 1000)}\t{int(moment.timestamp() * 1000) + 1}\tx\t0\t{DIVISOR}\t-\tj\tn\t-\n"
        answer = run(document, [line])
        if "included" in want:
            assert (kind(answer["periods"][0], "usage") == 1) == want["included"][i], (event, answer)
            assert bool(answer["not_rated"]) != want["included"][i]
        else:
            place = [p["from"][:10] for p in answer["periods"] if kind(p, "usage") == 1]
            assert (place == [given["period_from"][:10]]) == (want["target"][i] == "draft"), (event, place)


def compute(given, want, _):
    if "segments" in given:
        schedule = [{"from": s["from"], "to": s["to"], "amount": s["minimum"]} for s in given["segments"]]
        document = terms(start=schedule[0]["from"], end=schedule[-1]["to"], prices=[per_unit(given["rate"])],
                         minimums=[{"id": "m", "schedule": schedule}])
        empty = run(document, options=["--to", schedule[-1]["to"] + "T00:00:00Z"])["periods"]
        usage = [record(stamp(instant(p["from"])), u["quantity"]) for p, u in zip(empty, given["usage"])]
        for period, month in zip(run(document, usage)["periods"], want["months"]):
            equal(period["subtotal"], month["total"])
            equal(kind(period, "true_up"), month["shortfall"])
    elif "monthly_fee" in given:
        end = want["end_exclusive"][:10]
        assert (day(end) - day(given["notice"])).days == given["notice_days"]
        got = run(terms(start="2026-05-01", end=end, fees=[{"id": "f", "schedule": [
            {"from": "2026-05-01", "amount": given["monthly_fee"]}]}]),
            options=["--to", end + "T00:00:00Z"])["periods"][-1]
        equal(got["subtotal"], want["november_fee"])
        equal(got["lines"][0]["quantity"], want["billable_days_november"])
    elif "instance_hour_price" in given:
        end = str(datetime.date(2026, 1, 1) + DAY * (given["hours"] // 24))
        document = terms(end=end, prices=[per_unit(given["instance_hour_price"])], commitments=[
            {"id": "c", "price": "p", "per": "hour", "schedule": [
                {"from": "2026-01-01", "quantity": str(given["instances"])}],
             "shortfall_unit_price": given["instance_hour_price"]}])
        running = Decimal(given["running_instance_hours"])
        start = instant("2026-01-01")
        whole, usage = given["hours"], []
        for i in range(whole):
            part = int(running * DIVISOR * (i + 1) / whole) - int(running * DIVISOR * i / whole)
            usage.append(record(start + datetime.timedelta(hours=i), Decimal(part) / DIVISOR))
        equal(bill(document, usage)["subtotal"], want["fee"])
        equal(bill(document, options=["--to", end + "T00:00:00Z"])["subtotal"], want["fee"])
    else:
        voucher = terms(prices=[{"id": "p", "sku": "x", "model": "graduated", "tiers": [
            {"up_to": "24", "unit_price": given["unit_price"]}, {"unit_price": "0"}]}])
        for hours, amount in zip(given["downtime_hours"], want["downtime_voucher"]):
            equal(bill(voucher, [record(AT, hours)])["subtotal"], amount)
        network = terms(prices=[{"id": "p", "sku": "x", "model": "package", "package_size": "60",
                                 "package_price": given["unit_price"]}])
        for minutes, amount in zip(given["network_minutes"], want["network_voucher"]):
            equal(bill(network, [record(AT, Decimal(minutes) * Decimal("1.5"))])["subtotal"], amount)


def late_blocks(given, want, _):
    document = terms(prices=[{"id": "p", "sku": "x", "model": "package", "package_size": given["block_size"],
                              "package_price": given["price"]}])
    for period, blocks_due in zip(given["periods"], want["to_bill"]):
        billed = Decimal(period["already_billed"]) * Decimal(given["block_size"])
        got = bill(document, [record(AT, q) for q in period["records"]], before=[record(AT, billed)])
        equal(got["delta"], Decimal(blocks_due) * Decimal(given["price"]))


def termination(given, want, _):
    end = str(day(given["cancelled"]) + DAY)
    got = run(terms(start=given["start"], end=end, prices=[
        {"id": "p", "sku": "x", "model": "package", "package_size": given["block_size"],
         "package_price": given["block_price"]}]), [record(at, q) for at, q in given["records"]])
    equal(got["periods"][0]["subtotal"], want["amount"])
    equal(got["periods"][0]["lines"][0]["quantity"], want["billed_quantity"])


def marginal(given, want, _):
    seen = []
    for event, fee in zip(given["events"], want["fees"]):
        before = list(seen)
        seen.append(record(event["timestamp"], 1))
        got = bill(terms(start="2026-06-01", prices=[price_of(given)]), seen, before=before)
        equal(got["delta"], fee)
    equal(got["subtotal"], want["total"])


def rerate(given, want, _):
    document = terms(given.get("currency", "USD"), prices=[price_of(given)])
    before = "0"
    for quantity, lines in zip(given["cumulative"], want["runs"]):
        got = bill(document, [record(AT, quantity)], before=[record(AT, before)])
        deltas = {}
        for line in got["lines"] + got["gone"]:
            deltas[line["tier"]] = deltas.get(line["tier"], Decimal(0)) + Decimal(line["delta"])
        equal(got["delta"], sum(Decimal(x["amount"]) for x in lines))
        changed = sorted(v for v in deltas.values() if v)
        assert changed == sorted(Decimal(x["amount"]) for x in lines), (changed, lines)
        before = quantity


def rerate_late(given, want, _):
    document = terms(prices=[price_of(given)])
    if "maximum" in given:
        document["caps"] = [{"id": "c", "per": "term", "amount": given["maximum"]}]
    if "percentage_discount" in given:
        document["discounts"] = [{"id": "d", "percent": given["percentage_discount"]}]

    def usage(snapshot):
        rows, upto = [], Decimal(0)
        for i, q in enumerate(snapshot):
            rows.append(record(f"2026-{i + 1:02d}-10T00:00:00Z", Decimal(q) - upto))
            upto = Decimal(q)
        return rows
    before = []
    for snapshot, lines in zip(given["snapshots"], want["runs"]):
        got = run(document, usage(snapshot), before=usage(before))["periods"]
        for i in range(len(snapshot)):
            equal(got[i]["delta"], sum(Decimal(x["total"]) for x in lines if x["period"] == i + 1))
        before = snapshot


def overage(given, want, _):
    features = given["features"]
    got = bill(terms(prices=[per_unit(f["unit_price"], f["id"], **{"class": f["id"]}) for f in features],
                     minimums=minimum_rows(given["commitment_amount"], overage_factor=given["overage_factor"])),
               [record(AT, f["quantity"], f["id"]) for f in features])
    equal(got["subtotal"], want["total"])


def hourly(name, price_id, window, amount, price, factor, true_up):
    return {"id": name, "price": price_id, "per": "hour", "window": window, "overage_factor": factor,
            "schedule": [{"from": "2026-01-01", "quantity": str(Decimal(amount) / Decimal(price))}],
            **({"shortfall_unit_price": price} if true_up else {})}


def windowed(given, want, _):
    if "usage_hours" in given:
        return fill_rule(given, want)
    bucket = (given.get("buckets") or [None])[0]
    line = given.get("line", given)
    prices, windows, commitments, usage = [per_unit(line["unit_price"], "line")], [], [], []
    if bucket:
        prices[0]["window"] = "rest"
        prices.append(per_unit(bucket["unit_price"], "bucket", window="bucket"))
        windows += [{"window": "bucket", "from": bucket["from"], "to": bucket["to"]},
                    {"window": "rest", "from": bucket["to"], "to": bucket["from"]}]
        commitments.append(hourly("cb", "bucket", "bucket", bucket["commitment_amount"], bucket["unit_price"],
                                  bucket["overage_factor"], bucket.get("true_up")))
    for i, row in enumerate(given["windows"]):
        start = row.get("start", f"{i:02d}:00")[:5]
        hour = int(start[:2])
        own = bucket and bucket["from"] <= start < bucket["to"]
        if not own and "commitment_amount" in line:
            windows.append({"window": f"h{hour:02d}", "from": start, "to": f"{hour + 1:02d}:00"})
            commitments.append(hourly(f"c{hour:02d}", "line", f"h{hour:02d}", line["commitment_amount"],
                                      line["unit_price"], line["overage_factor"], line.get("true_up")))
        usage.append(record(f"2026-01-01T{start}:00Z", row["quantity"]))
    got = bill(terms(end="2026-01-02", prices=prices, windows=windows, commitments=commitments), usage)
    equal(got["subtotal"], want["total"])
    if "true_up" in want:
        equal(kind(got, "shortfall"), want["true_up"])
    return None


def fill_rule(given, want):
    for variant, window in (("bucket-only true-up", "bucket"), ("line-level true-up", None), ("no true-up", "none")):
        document = terms(end="2026-01-02", prices=[per_unit("1", "line")],
                         windows=[{"window": "bucket", "from": "09:00", "to": "12:00"}])
        if window != "none":
            commitment = hourly("c", "line", window, "2", "1", "1", True)
            if window is None:
                del commitment["window"]
            document["commitments"] = [commitment]
        usage = [record(f"2026-01-01T{h:02d}:00:00Z", 1) for h in given["usage_hours"]]
        got = Decimal(bill(document, usage)["subtotal"])
        equal(got / (1 if window == "none" else 2), len(want["hours"][variant]))


def reservation(given, want, _):
    seconds = given.get("instance_seconds")
    reserved = str(given["reserved_seconds_per_clock_hour"] if seconds else given["reserved"])
    document = terms(end="2026-01-02", prices=[per_unit("1", "line")],
                     windows=[{"window": "hour", "from": "10:00", "to": "11:00"}],
                     commitments=[hourly("c", "line", "hour", reserved, "1", "2", True)])
    used = seconds or [given["running"]]
    got = bill(document, [record(f"2026-01-01T10:{15 * (i % 4):02d}:00Z", q) for i, q in enumerate(used)])
    if seconds:
        equal((kind(got, "usage") - kind(got, "overage")) / 3600, want["reserved_hours"])
        return equal(kind(got, "overage"), want["on_demand_hours"])
    equal(kind(got, "usage"), want["used"])
    equal(kind(got, "shortfall"), want["unused"])
    return equal(got["subtotal"], want["billed"])


def sla(given, want, _):
    rows = [{"below": given["tiers"][i - 1][0], "percent": given["tiers"][i][1]}
            for i in range(1, len(given["tiers"]))]
    document = terms(fees=[{"id": "f", "schedule": [{"from": "2026-01-01", "amount": given["monthly_charge"]}]}],
                     exclusions=[{"class": "down", "reason": "fault"}],
                     slas=[{"id": "s", "sku": "x", "classes": ["down"], "tiers": rows, "base": "after_true_up",
                            "capacity": [{"from": "2026-01-01", "quantity": "1000"}]}])
    for uptime, credit in zip(given["uptimes"], want["credit"]):
        down = (100 - Decimal(uptime)) * 744 * 1000 / 100
        equal(-kind(bill(document, [record(AT, down, "down")]), "sla_credit"), credit)


def overlap(given, _want, case):
    regions = [{"region": f["id"], "clusters": f["cloud"]} for f in given["filters"]]
    assert "/regions/1" in run(terms(regions=regions), refused=True)
    raise Deviates(case["id"])


def amendment(given, want, case):
    if "versions" not in given:
        return rebill(want, case)
    start, end = given["period_from"], given["period_to_exclusive"]
    versions = [terms(start=start, end=end, prices=[price_of(v)]) for v in given["versions"]]
    usage = [record(at, q) for at, q in given["records"]]
    if len(versions) == 1:
        return equal(bill(versions[0], usage)["subtotal"], want["items"][0]["amount"])
    amend = [(v, g["effective"] + "T00:00:00Z") for v, g in zip(versions[1:], given["versions"][1:])]
    got = bill(versions[0], usage, amend=amend)
    lines = [x for x in got["lines"] if Decimal(x["amount"])]
    assert len(lines) == len(want["items"]), got
    for line, item in zip(lines, want["items"]):
        equal(line["amount"], item["amount"])
    return None


def rebill(want, case):
    """The figures stand in the description alone."""
    fee, a, price_a, b, price_b = re.search(
        r"([\d.]+) fee .* usage (\d+) x (\d+) and (\d+) x (\d+)", case["description"]).groups()

    def version(price):
        return terms(start="2013-06-01", end="2013-08-01", prices=[per_unit(price)],
                     fees=[{"id": "f", "schedule": [{"from": "2013-06-01", "amount": fee}]}])
    got = run(version(price_a), [record("2013-06-05T00:00:00Z", a), record("2013-06-20T00:00:00Z", b)],
              amend=[(version(price_b), "2013-06-16T00:00:00Z")], options=["--to", "2013-08-01T00:00:00Z"])
    amounts = [Decimal(x["amount"]) for p in got["periods"] for x in p["lines"] if Decimal(x["amount"])]
    amounts.append(-Decimal(fee))  # what was billed in advance, taken back
    assert sorted(amounts) == sorted(map(Decimal, want["amounts"])), amounts
    equal(sum(amounts), want["net"])


def weighted(given, want, _):
    start, end = instant(given["period_from"]), instant(given["period_to_exclusive"])
    whole = int((end - start).total_seconds())
    level, at, usage = Decimal(given.get("opening_level", 0)), start, []
    document = terms(start=str(start.date()), end=str(end.date()),
                     prices=[per_unit(given.get("unit_price", "1"))])
    document["skus"][0]["divisor"] = str(whole)

    def held(until):
        while level and at < until:  # a record spans at most 31 days
            yield (f"u1\t{int(at.timestamp() * 1000)}\t{int(until.timestamp() * 1000)}\tx\t0\t"
                   f"{int(level * int((until - at).total_seconds()))}\t-\tj\tn\t-\n")
            return
    for change in given["changes"]:
        usage += held(instant(change["at"]))
        level, at = level + Decimal(change["delta"]), instant(change["at"])
    usage += held(end)
    got = bill(document, usage)["lines"][0]
    exact = Decimal(got["base_quantity"]) / whole
    equal(exact.quantize(Decimal("1e-10")), Decimal(want.get("units") or want["weighted"]).quantize(Decimal("1e-10")))
    if "amount_cents" in want:
        equal(got["amount"], cents(want["amount_cents"]))
        equal(level, want["closing_level"])


def peak(given, want, case):
    """One unit: a tier's flat price, chosen by what was read. Several: one price is about one SKU."""
    if len(given["peaks"]) > 1:
        raise Deviates(case["id"])
    (name, reading), = given["peaks"].items()
    rows = [{"unit_price": "0", "flat": t["price"], **({"up_to": t["limits"][name]} if t["limits"][name] else {})}
            for t in given["tiers"]]
    document = terms(prices=[{"id": "p", "sku": "x", "model": "volume", "tiers": rows}])
    equal(bill(document, [record(AT, reading)])["subtotal"], want["total"])


def revenue(given, want, _):
    if "days" not in given:
        raise NotImplementedError("a write-off touches receivables in one book, never rating: revenue is what it was")
    document = terms(start="2026-01-01", prices=[per_unit(given["unit_price"])])
    usage = [record(f"2026-{d}T12:00:00Z", q) for d, q in given["days"]]
    before = Decimal(0)
    for (d, _), daily in zip(given["days"], want["daily"]):
        upto = Decimal(bill(document, usage, options=["--as-of", f"2026-{d}"])["subtotal"])
        equal(upto - before, daily)
        before = upto
    equal(bill(document, usage)["subtotal"], want["unbilled_jan31"])


def credit_note(given, want, _):
    """The fee and its tax, less what is due of both for the days that were used."""
    tax = {"treatments": [{"id": "none", "category": "S", "jurisdiction": "FR", "rate": "r", "recoverable": True}],
           "rates": [{"rate": "r", "jurisdiction": "FR", "from": "2020-01-01", "percent": given["tax_rate_percent"]}]}
    document = terms("EUR", prices=[per_unit(cents(given["fee_cents"]))], tax=tax)
    document["skus"][0]["divisor"] = str(given["days_in_period"])  # a period of any length: its days are the units

    def upto(days):
        return bill(document, [record(AT, Decimal(days) / DIVISOR)])
    whole, rest = upto(given["days_in_period"]), upto(given["days_in_period"] - given["unused_days"])
    equal(Decimal(whole["subtotal"]) - Decimal(rest["subtotal"]), cents(want["sub_total_excl_tax_cents"]))
    equal(Decimal(whole["tax"]) - Decimal(rest["tax"]), cents(want["taxes_cents"]))
    equal(Decimal(whole["total"]) - Decimal(rest["total"]), cents(want["total_cents"]))


GROUPS = {
    "unit": unit, "tier-graduated": tiers, "tier-volume": tiers, "package": package, "tier-block": blocks,
    "minimum-maximum": minimum, "rounding": rounding, "rounding-sum": rounding_sum,
    "rounding-true-up": rounding_true_up, "allocation": allocation, "calendar": periods, "proration": proration,
    "period-boundary": boundary, "compute-contract": compute, "late-usage": late_blocks,
    "termination": termination, "marginal-order": marginal, "rerate-delta": rerate,
    "rerate-late-usage": rerate_late, "commitment-overage": overage, "commitment-windowed": windowed,
    "reservation": reservation, "sla-credit": sla, "filter-overlap": overlap, "contract-amendment": amendment,
    "time-weighted": weighted, "capacity-peak": peak, "revenue": revenue, "credit-note": credit_note,
}


def main():
    counts, failed = {"run": 0, "deviate": 0, "elsewhere": 0, "not rating": 0}, []
    for group in sorted(os.listdir(CASES)):
        for name in sorted(os.listdir(f"{CASES}/{group}")):
            with open(f"{CASES}/{group}/{name}") as file:
                case = json.load(file)
            if group in ELSEWHERE or group not in GROUPS:
                counts["elsewhere"] += 1
                print(f"{case['id']}: not of rating: {ELSEWHERE.get(group, 'unknown group')}")
                continue
            try:
                GROUPS[group](case["inputs"], case["expected"], case)
                counts["run"] += 1
            except Deviates:
                assert f"`{case['id']}`" in DEVIATIONS, f"docs/deviations.md does not name {case['id']}"
                counts["deviate"] += 1
            except NotImplementedError as reason:
                counts["not rating"] += 1
                print(f"{case['id']}: {reason}")
            except (AssertionError, KeyError, ValueError, IndexError) as error:
                failed.append(f"{case['id']}: {type(error).__name__} {str(error)[:600]}")
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    for line in failed:
        print("FAIL", line)
    return 1 if failed or counts["run"] < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
