# SPDX-License-Identifier: Apache-2.0
"""credited.py TERMS VERSION OUT: the contract of the tamper matrix with credits and claims. Version 1, of amended.template.json,
has every model, downtime that counts, service credits to claim, in the next document, lapsed; 2 and 3 go on, 4 begins anew."""
import copy, json, sys
from models import ALONE, COMPUTE

terms, version = json.load(open(sys.argv[1])), sys.argv[2]


def row(table, name):
    return next(x for x in terms[table] if x["id"] == name)


if version == "1":
    terms.update(copy.deepcopy(ALONE))
    terms["invoice"]["series"] = "CRD-"
    terms["counters_on_amendment"] = "continue"
    terms["exclusions"] = [{"class": "excluded_maintenance", "reason": "Scheduled", "caused_by": "consumer"},
        {"class": "excluded_outage", "reason": "Outage", "caused_by": "provider", "counts_as": "reserved"}]
    for c, price in zip(terms["commitments"], ("spot", "spot", "reserved")):
        c["price"] = price
    terms["commitments"][0]["schedule"].insert(0, {"from": "2026-05-14", "to": "2026-05-19", "quantity": "4"})
    terms["commitments"][2].update(recognition="proportionally", schedule=[{"from": "2026-05-01", "to": "2026-06-01", "quantity":
        "900"}, {"from": "2026-06-01", "to": "2026-07-01", "quantity": "1800"}, {"from": "2026-07-01", "quantity": "40"}])
    terms["minimums"].append({"id": "daily", "description": "Minimum by days", "treatment": "local", "counts": ["usage"], "on": {
        "prices": ["reserved"]}, "recognition": "proportionally", "schedule": [{"from": "2026-05-01", "amount": "2500.00"}]})
    for s in terms["slas"]:
        s["capacity"][0]["from"] = "2026-05-01"
    terms["slas"][0].update(claim="on_claim", claim_days=3660, classes=["excluded_maintenance", "excluded_outage"])
    terms["slas"][1].update(applies="next_document")
    terms["slas"].append({**copy.deepcopy(terms["slas"][1]), "id": "lapsed", "on": {"prices": ["egress"]}, "claim": "on_claim",
        "claim_days": 1, "applies": "this_document"})
    terms["tax"]["treatments"].append({"id": "deposit", "category": "O", "jurisdiction": "US", "reason": "Deposit",
        "recoverable": False})
    terms["fees"].append({"id": "support", "section": "Support", "description": "Support", "treatment": "local", "billed":
        "in_advance", "schedule": [{"from": "2026-05-01", "amount": "310.00"}]})
    terms["prepayments"] = [
        {"id": "commit", "amount": "30000.00", "invoice_day": "2026-05-01", "tax": "taxed", "treatment": "local", "drawable":
            "on_issue", "on": {"sections": ["Compute"]}, "expires": "2026-07-01", "rollover": {"fraction": "0.5", "to": "2026-08-01"}},
        {"id": "egress", "amount": "12.34", "invoice_day": "2026-05-01", "tax": "taxed", "treatment": "reverse", "drawable":
            "when_paid", "on": {"prices": ["egress"]}, "priority": 10},
        {"id": "security", "amount": "700.00", "invoice_day": "2026-05-01", "tax": "deposit", "treatment": "deposit", "drawable":
            "on_issue"}]
elif version == "2":
    terms["prices"].reverse()
    terms["prices"].append({"id": "again", **COMPUTE, "class": "again", "model": "per_unit", "unit_price": "1"})
    row("prices", "reserved")["unit_price"] = "2.1"
    row("prices", "demand")["tiers"][0]["up_to"] = "60"
    row("prices", "saturday")["tiers"][0]["unit_price"] = "1.05"
    row("prices", "egress")["tiers"][0]["unit_price"] = "0.085"
    row("fees", "capacity")["blocks"][0]["amount"] = "101.07"
    terms["fees"].reverse()
    row("fees", "support")["schedule"][0]["amount"] = "341.00"
    terms["prepayments"][0]["on"] = {"sections": ["Compute", "Racks"]}
    terms["discounts"].reverse()
    row("discounts", "ten")["percent"] = "9.5"
    row("discounts", "free")["quantity"] = "7.25"
    row("commitments", "hourly")["schedule"][0]["quantity"] = "8"
    row("commitments", "monthly")["schedule"][0]["quantity"] = "950"
    row("minimums", "floor")["schedule"][0]["amount"] = "1900.00"
    row("caps", "compute")["schedule"].insert(0, {"from": "2026-05-01", "to": "2026-07-01", "amount": "9000.00"})
    row("slas", "up").update(cap_percent="20")
    row("slas", "share")["capacity"][0]["quantity"] = "24"
elif version == "3":
    terms["windows"][0]["to"] = "05:30"
    row("prices", "day")["tiers"][1]["up_to"] = "100"
    row("prices", "spot-training").update(package_size="12", package_price="110")
    row("prices", "spot-rest")["tiers"][0]["up_to"] = "25"
    row("prices", "egress")["tiers"][1]["package_size"] = "40"
    row("prices", "spot").update(id="spot-eu")
    terms["minimums"] = [m for m in terms["minimums"] if m["id"] != "floor"]
    terms["slas"][0]["on"]["prices"] = ["reserved", "spot-eu"]
    for c in terms["commitments"][:2]:
        c["price"] = "spot-eu"
    terms["commitments"].pop(1)
    row("commitments", "monthly").update(overage_factor="1.4", rollover="0.5")
    row("caps", "network")["amount"] = "12.00"
    terms["exclusions"][1]["counts_as"] = "none"
    row("slas", "up")["tiers"][0]["percent"] = "12"
else:
    terms["counters_on_amendment"] = "restart"
    row("prices", "reserved")["unit_price"] = "2"
    row("slas", "share").update(claim="on_claim", claim_days=3660)
if version != "1":
    terms["version"] += 1
json.dump(terms, open(sys.argv[3], "w"), indent=1)
