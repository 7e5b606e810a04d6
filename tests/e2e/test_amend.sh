#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_amend.sh BUILD FIXTURES: a contract that is amended behind a cut, from the middle of a day in
# the middle of its first period: offers, a counter-proposal, a withdrawal, both signatures, the
# deltas in the next document, an end by notice; the bundle verifies without a database, the amounts
# are counted again from the records. Exits 77 where PostgreSQL is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
svc_begin amend
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
# shellcheck source=tests/support/focus.sh
. "$SOURCE/tests/support/focus.sh"

umask 077
svc_database
svc_start
export TALLYSTICK_TOKEN="$OPERATOR"
for who in provider consumer; do
	must statements t keygen "$who.example/statements" "$DIR/$who.key"
done
must cloud t party add cloud --name Cloud --country US --key "$DIR/provider.key"
must lab t party add lab --name Lab --country US --key "$DIR/consumer.key"
must . t contract new "$SOURCE/docs/examples/colossus.terms.json" --provider cloud --consumer lab \
	--out "$DIR/terms.json"
CONTRACT=$(cat "$DIR/out")
must . t contract offer "$DIR/terms.json"
must waiting t contract sign "$CONTRACT" --key "$DIR/provider.key" --terms "$DIR/terms.json"
must active t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$DIR/terms.json"
must '^ts_' t token new agent --party cloud
AGENT=$(cat "$DIR/out")
status() { # WANT METHOD PATH
	got=$(curl -sS -o "$DIR/out" -w '%{http_code}' -X "$2" -H "Authorization: Bearer $TALLYSTICK_TOKEN" \
		"$TALLYSTICK_URL$3" 2>"$DIR/err")
	[ "$got" = "$1" ] || fail "status $got, not $1: $2 $3"
}

must . t simulate --gpus 200 --from 2026-05-01 --to 2026-07-01 --seed 1 --sku h100 --out "$DIR/usage"
must . t stream new "$DIR/meter" --contract "$CONTRACT" --cluster colo --agent meter \
	--from 2026-05-01 --key "$DIR/provider.key" --terms "$DIR/terms.json"
must . t import records "$DIR/usage" --stream "$DIR/meter" --allow-future --token "$AGENT"
month() {
	must . t close "$CONTRACT" "$1"
	must . t invoice issue "$CONTRACT" "$1"
}
month 2026-05
sealed() { # MONTH: each company its own book
	must logged t period seal "$CONTRACT" "$1" --book provider --key "$DIR/provider.key"
	must logged t period seal "$CONTRACT" "$1" --book consumer --key "$DIR/consumer.key"
}
sealed 2026-05

# version 2: a cheaper first tier, a larger fee, another minimum, an end by notice
python3 - "$DIR" <<'PY' || fail "the terms of version 2"
import json, sys
terms = json.load(open(sys.argv[1] + "/terms.json"))
terms["version"] = 2
terms["counters_on_amendment"] = "continue"
terms["termination"] = {"notice_days": 90, "not_before": "2026-08-01"}
terms["prices"][1]["tiers"][0]["unit_price"] = "2.20"
terms["fees"][0]["schedule"][0]["amount"] = "500000001.00"
json.dump(terms, open(sys.argv[1] + "/dear.json", "w"))
terms["prices"][1]["tiers"][0]["unit_price"] = "2.10"
json.dump(terms, open(sys.argv[1] + "/terms2.json", "w"))
for name, change in {
	"currency": lambda t: t.update(currency="EUR"),
	"series": lambda t: t["invoice"].update(series="XXX-"),
	"anchor": lambda t: t["calendar"].update(anchor_day=2),
	"treatment": lambda t: t["tax"]["treatments"][0].update(category="Z", reason=None) or t["tax"]["treatments"][0].pop("reason"),
	"skips": lambda t: t.update(version=3)}.items():
	bad = json.loads(json.dumps(terms))
	change(bad)
	json.dump(bad, open(sys.argv[1] + "/bad-%s.json" % name, "w"))
PY
FROM=2026-05-15T12:00:00Z
refused effective_from t contract offer "$DIR/terms2.json"
refused /currency t contract offer "$DIR/bad-currency.json" --effective-from $FROM
refused /invoice/series t contract offer "$DIR/bad-series.json" --effective-from $FROM
refused /calendar/anchor_day t contract offer "$DIR/bad-anchor.json" --effective-from $FROM
refused /tax/treatments/0 t contract offer "$DIR/bad-treatment.json" --effective-from $FROM
refused /version t contract offer "$DIR/bad-skips.json" --effective-from $FROM
refused grid t contract offer "$DIR/terms2.json" --effective-from 2026-05-15T12:01:00Z
refused 'in force' t contract offer "$DIR/terms.json" --offer-until 2027-01-01T00:00:00Z
must . t contract offer "$DIR/dear.json" --effective-from $FROM
must 'effective from 2026-05-15T12:00:00Z' t contract sign "$CONTRACT" --key "$DIR/provider.key" --terms "$DIR/dear.json"
grep -q waiting "$DIR/out" || fail "one signature is not enough"
must '2.40\\\?" -> "2.20\|2.40.*2.20' t contract diff "$CONTRACT"
must . t contract offer "$DIR/terms2.json" --effective-from $FROM # the counter-proposal
refused 'not the bytes\|not over' t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$DIR/dear.json"
must '"withdrawn"' t contract show "$CONTRACT"
must withdrawn t contract withdraw "$CONTRACT" --version 2
refused . t contract withdraw "$CONTRACT" --version 2
refused . t contract withdraw "$CONTRACT" --version 1
must . t contract offer "$DIR/terms2.json" --effective-from $FROM
must waiting t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$DIR/terms2.json"
must . t settle "$CONTRACT" # nothing accrues on what one has signed
must active t contract sign "$CONTRACT" --key "$DIR/provider.key" --terms "$DIR/terms2.json"
must 'prices "h100-on-demand", tiers 1, unit_price (/prices/1/tiers/0/unit_price): "2.40" -> "2.10"' \
	t contract diff "$CONTRACT" --from 1 --to 2
grep -q 'termination.*added' "$DIR/out" || fail "the diff misses a new member"
must 'usage so far of 2026-05: .* net, a difference of ' t contract diff "$CONTRACT" --period 2026-05
sed -n 's/.*a difference of //p' "$DIR/out" >"$DIR/impact"
status 200 GET "/v1/contracts/$CONTRACT/diff?from=1&to=2"
status 404 GET "/v1/contracts/$CONTRACT/diff?from=1&to=7"
status 422 GET "/v1/contracts/$CONTRACT/diff?from=2&to=2"

# the end by notice
refused notice_days t statement notice "$CONTRACT" --by consumer --end "$(date -u -d '+30 days' +%Y-%m-%dT00:00:00Z)" \
	--key "$DIR/consumer.key"
END=$(date -u -d '+120 days' +%Y-%m-02T06:00:00Z)
refused '' t statement notice "$CONTRACT" --by consumer --end "$END" --key "$DIR/provider.key"
must logged t statement notice "$CONTRACT" --by consumer --end "$END" --key "$DIR/consumer.key"
must . t settle "$CONTRACT"
must . t settle "$CONTRACT"
month 2026-06
# A line of May that June's document restates says what it adjusts, and where the other half is.
must . t invoice list "$CONTRACT"
june=$(awk '$3 == "2026-06" {print $1}' "$DIR/out")
may=$(awk '$3 == "2026-05" {print $1}' "$DIR/out")
must "" t invoice get "$CONTRACT" "$june" --out "$DIR/june.json"
line=$(python3 -c 'import json, sys
for l in json.load(open(sys.argv[1]))["body"]["lines"]:
	if l["reversal"]: print(l["number"]); break' "$DIR/june.json")
must "adjustment  *of $may: the line as billed, reversed; line [0-9]* has the other half" \
	t invoice explain "$CONTRACT" "$june" "$line"
must '"adjusts": "'"$may"'"' t invoice explain "$CONTRACT" "$june" "$line" --json
must . t bundle "$CONTRACT" --period 2026-06 --out "$DIR/june.tar"
# a bundle from the state at May's cut has no cells of May, which the amendment is about; one from June's
# state needs none
refused 'reaches back to 2026-05-15T12:00:00Z.*an earlier period' t bundle "$CONTRACT" --period 2026-06 \
	--from 2026-05 --out "$DIR/no.tar"
sealed 2026-06
printf '' >"$DIR/nothing"
must . t import records "$DIR/nothing" --stream "$DIR/meter" --allow-future --token "$AGENT" \
	--close-through 2026-08-01
month 2026-07
must . t bundle "$CONTRACT" --period 2026-07 --from 2026-06 --out "$DIR/july.tar"
must '' t policy "$DIR/terms.json" --out "$DIR/policy.txt"

# both documents as FOCUS: corrections and all, exact rows, BilledCost to the cent
must '' t focus "$CONTRACT" --out "$DIR/focus.csv"
focus_check "$DIR/focus.csv" "$2"
grep -q ',Correction,' "$DIR/focus.csv" || fail "no correction"
must '' t focus "$CONTRACT" --period 2026-05 --out "$DIR/may.csv"
checks=$((checks + 1))
grep -q CLX-000001 "$DIR/may.csv" && ! grep -q CLX-000002 "$DIR/may.csv" || fail "May is not the first document"
refused "after from" t focus "$CONTRACT" --from 2026-06-01 --to 2026-05-01

# amended before the operator's first event: its note lies below every N, version 1 is not in force yet
contract_sign "$SOURCE/docs/examples/colossus.terms.json" cloud lab "$DIR/early.json"
must . t stream new "$DIR/early" --contract "$CONTRACT" --cluster colo --from 2026-05-01 \
	--key "$DIR/provider.key" --terms "$DIR/early.json"
must . t import records "$DIR/usage" --stream "$DIR/early" --allow-future --token "$AGENT"
sed 's/"version": *1,/"version": 2,/; s/"2.40"/"2.10"/' "$DIR/early.json" >"$DIR/early2.json"
must . t contract offer "$DIR/early2.json" --effective-from $FROM
must waiting t contract sign "$CONTRACT" --key "$DIR/provider.key" --terms "$DIR/early2.json"
must active t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$DIR/early2.json"
month 2026-05
must . t bundle "$CONTRACT" --period 2026-05 --out "$DIR/early.tar"
must '' t policy "$DIR/early.json" --out "$DIR/early.policy"
svc_stop
unset TALLYSTICK_URL TALLYSTICK_TOKEN
must '^VERIFIED' t verify "$DIR/early.tar" --policy "$DIR/early.policy"
must '^VERIFIED' t verify "$DIR/june.tar" --policy "$DIR/policy.txt"
must '^VERIFIED' t verify "$DIR/july.tar" --policy "$DIR/policy.txt"
must . tar -tf "$DIR/july.tar"
grep -q '^state$' "$DIR/out" || fail "July's bundle does not begin at a state"
grep -q '^terms/2.json$' "$DIR/out" || fail "no second version behind a state"
must . tar -tf "$DIR/june.tar"
grep -q '^terms/2.json$' "$DIR/out" || fail "no second version in the bundle"

# counted again: May is billed with both documents as it would have been with the amendment from the
# start; only what differs is in the second
mkdir "$DIR/tar"
tar -xf "$DIR/june.tar" -C "$DIR/tar"
python3 - "$DIR" <<'PY' >"$DIR/err" 2>&1 || fail "the documents"
import glob, json, sys
from decimal import Decimal as D, ROUND_HALF_UP
dir = sys.argv[1]
def cents(x): return x.quantize(D("0.01"), ROUND_HALF_UP)
def graduated(hours, first):
	edge = D(100000)
	return [cents(min(hours, edge) * D(first)), cents(max(hours - edge, D(0)) * D("1.95"))]
split = 1778846400000 # 2026-05-15T12:00:00Z
june = 1780272000000
base = {"before": 0, "after": 0, "june": 0}
for line in open(dir + "/usage"):
	f = line.split("\t")
	if f[0] != "u1" or f[6] != "on_demand":
		continue
	start, end, quantity = int(f[1]), int(f[2]), int(f[5])
	assert not (start < split < end) and not (start < june < end), line
	base["before" if end <= split else "after" if end <= june else "june"] += quantity
hours = {k: D(v) / D(3600000000) for k, v in base.items()}
assert min(hours.values()) > 0 and hours["before"] + hours["after"] > 100000, hours
v1 = graduated(hours["before"], "2.40")
total = graduated(hours["before"] + hours["after"], "2.10")
less = graduated(hours["before"], "2.10")
v2 = [a - b for a, b in zip(total, less)]
documents = [json.load(open(p)) for p in glob.glob(dir + "/tar/documents/*.json")]
documents.sort(key=lambda d: d["head"]["number"])
assert [d["head"]["number"] for d in documents] == ["CLX-000001", "CLX-000002"], documents
may = {}
for d in documents:
	sign = -1 if d["body"]["kind"] == "credit_note" else 1
	for line in d["body"]["lines"]:
		if line["period"] != "2026-05" or line["id"] not in ("h100-on-demand", "capacity"):
			continue
		assert d is documents[0] or line["adjusts"] == "CLX-000001", line
		key = (line["id"], line["version"], line["tier"])
		may[key] = may.get(key, D(0)) + sign * D(line["amount"])
print(hours, may, v1, v2)
want = {("h100-on-demand", 1, 1): v1[0], ("h100-on-demand", 1, 2): v1[1],
	("h100-on-demand", 2, 1): v2[0], ("h100-on-demand", 2, 2): v2[1]}
for key, amount in want.items():
	assert may.get(key, D(0)) == amount, (key, may.get(key), amount)
# 15 days under version 1 (the 15th began under it), 16 under version 2
assert may[("capacity", 1, None)] == cents(D("500000000.00") * 15 / 31)
assert may[("capacity", 1, None)] + may[("capacity", 2, None)] == cents(
	(D("500000000.00") * 15 + D("500000001.00") * 16) / 31)
assert documents[0]["head"]["contract_note"] != documents[1]["head"]["contract_note"]
own = [l for l in documents[1]["body"]["lines"] if l["period"] == "2026-06" and l["id"] == "h100-on-demand"]
assert {l["version"] for l in own} == {2}, own
assert sum(D(l["amount"]) for l in own) == sum(graduated(hours["june"], "2.10"))
impact = sum(v1) + sum(v2) - sum(graduated(hours["before"] + hours["after"], "2.40")) + may[
	("capacity", 1, None)] + may[("capacity", 2, None)] - D("500000000.00")
told = D(open(dir + "/impact").read().strip())
assert told == impact, (told, impact)
PY
echo "ok"
