# SPDX-License-Identifier: Apache-2.0
"""amend.py TERMS VERSION OUT: the next versions of the contract of amended.template.json. Version 2 goes on counting and
moves a tier, a fee and a minimum; version 3 begins anew and has every model that is rated by itself. VERSION "end": TERMS
as a template that may be ended by notice; prints its three months, the last of which ends today, and today."""
import json, sys
from datetime import date, datetime, timedelta, timezone
from models import ALONE, COMPUTE

terms = json.load(open(sys.argv[1]))
if sys.argv[2] == "2":
    terms["counters_on_amendment"] = "continue"
    terms["prices"][0]["tiers"][0]["unit_price"] = "2.10"
    terms["prices"].reverse()
    terms["prices"].append({"id": "again", **COMPUTE, "class": "again", "model": "per_unit", "unit_price": "1"})
    terms["fees"][0]["schedule"][0]["amount"] = "1100.02"
    terms["minimums"][0]["schedule"][0]["amount"] = "18000.01"
    terms["tax"]["treatments"].append({"id": "none", "category": "O", "jurisdiction": "US", "reason": "Not taxed",
        "recoverable": False})
elif sys.argv[2] == "3":
    terms.update(ALONE, counters_on_amendment="restart")
else:
    today = datetime.now(timezone.utc).date()
    n = (today - timedelta(1)).year * 12 + (today - timedelta(1)).month - 1
    months = [date((n - k) // 12, (n - k) % 12 + 1, 1).isoformat() for k in (2, 1, 0)]
    terms["invoice"]["series"], terms["termination"] = "END-", {"notice_days": 0}
    terms["term"] = {"from": months[0]}
    terms["fees"][0]["schedule"] = [{"from": months[0], "amount": "3000.00"}]
    terms["minimums"][0]["schedule"] = [{"from": months[0], "amount": "5000.00"}]
    terms["tax"]["rates"][1]["from"] = months[1]
    terms["tax"]["rates"][0]["from"] = months[0]
    print(*[m[:7] for m in months], today.isoformat())
if sys.argv[2] != "end":
    terms["version"] += 1
json.dump(terms, open(sys.argv[3], "w"), indent=1)
