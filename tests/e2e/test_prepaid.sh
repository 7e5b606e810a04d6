#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_prepaid.sh BUILD FIXTURES: a take-or-pay contract with a taxed prepayment of 20 %, a deposit, a
# fee billed in advance and one billed in parts (docs/examples/prepaid.terms.json), month by month:
# invoices, payments, drawdown, late usage behind a cut, a refund, what rolls over and what lapses. The
# bundle verifies twice, by two programs; the documents are counted again from the records; a full
# audit finds nothing. Exits 77 where PostgreSQL or python3-nacl is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONDONTWRITEBYTECODE=1
PYTHON=
for python in python3 /usr/bin/python3; do
	[ -n "$PYTHON" ] || ! "$python" -c 'import nacl' 2>/dev/null || PYTHON=$python
done
[ -n "$PYTHON" ] || {
	echo "skipped: python3-nacl is not installed"
	exit 77
}
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
svc_begin prepaid
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"

umask 077
svc_database
svc_start
contract_parties cloud lab
must '^ts_' t token new agent --party cloud
AGENT=$(cat "$DIR/out")
must '^ts_' t token new consumer_finance --party lab
CONSUMER=$(cat "$DIR/out")
contract_sign "$SOURCE/docs/examples/prepaid.terms.json" cloud lab "$DIR/terms.json"

preview() { # PREPAYMENT: its body is that of the invoice in the end
	must . t prepayment preview "$CONTRACT" "$1"
	cp "$DIR/out" "$DIR/preview.$1"
}
same_body() { # PREVIEW NUMBER
	must . t invoice get "$CONTRACT" "$2"
	python3 -c 'import json, sys
a, b = (json.load(open(p))["body"] for p in sys.argv[1:])
assert a == b, (a, b)' "$1" "$DIR/out" 2>"$DIR/err" || fail "another body of $2 than its preview had"
}
month() { # PERIOD NUMBER: the preview at the cut is the document
	must . t close "$CONTRACT" "$1"
	must . t invoice preview "$CONTRACT" "$1"
	cp "$DIR/out" "$DIR/preview.$1"
	must "^$2$" t invoice issue "$CONTRACT" "$1"
	same_body "$DIR/preview.$1" "$2"
	must PDF t invoice get "$CONTRACT" "$2" --format pdf
	must '^document,kind' t invoice get "$CONTRACT" "$2" --format csv
}
paid() { t prepayment paid "$CONTRACT" "$1" --amount "$2" --date "$3" --reference 'wire 4711' --key "$DIR/$4.key"; }
refund() { t prepayment refund "$CONTRACT" "$1" --amount "$2" --date "$3" --reference 'wire 4712' --key "$DIR/$4.key"; }
holds() { # PREPAYMENT REGEX: what its row says
	must . t prepayment list "$CONTRACT"
	grep -q "^$1 .*$2" "$DIR/out" || fail "$1 is not $2"
}


# --- invoices of the prepayments
holds commit 'agreed .* - '
must . t settle "$CONTRACT"
preview commit
preview security
refused 'no prepayment' t prepayment issue "$CONTRACT" nothing
must '^PRE-000001$' t prepayment issue "$CONTRACT" commit
refused 'is issued' t prepayment issue "$CONTRACT" commit
must '^PRE-000002$' t prepayment issue "$CONTRACT" security
same_body "$DIR/preview.commit" PRE-000001
same_body "$DIR/preview.security" PRE-000002
must '"kind":"prepayment"' t invoice get "$CONTRACT" PRE-000001
must PDF t invoice get "$CONTRACT" PRE-000001 --format pdf
must ',prepayment,' t invoice get "$CONTRACT" PRE-000001 --format csv
holds commit 'invoiced .*PRE-000001 .* 104000.00 paid 0.00'
holds security 'drawable .*150000.00'

# --- payments: the provider's word, of what is open, in time
refused 'only 123760.00' paid PRE-000001 123760.01 2026-05-12 provider
refused 'not the invoice' paid PRE-000009 1.00 2026-05-12 provider
refused '' paid PRE-000001 1.00 2026-05-12 consumer
refused future paid PRE-000001 1.00 2036-05-12 provider
expect 2 '' paid PRE-000001 1.234 2026-05-12 provider
expect 2 '' paid PRE-000001 1.00 12.5.2026 provider
must logged paid PRE-000001 23760.00 2026-05-12 provider
must logged paid PRE-000001 100000.00 2026-05-13 provider
refused 'only 0.00' paid PRE-000001 0.01 2026-05-13 provider
holds commit 'invoiced .* paid 0.00' # a payment counts from the next tick on
must . t settle "$CONTRACT"
holds commit 'drawable .* paid 123760.00, drawn 0.00, .* left 104000.00'
must logged paid PRE-000002 150000.00 2026-05-14 provider
refused 'only 104000.00' refund commit 104000.01 2026-05-20 provider
status 401 '' "/v1/contracts/$CONTRACT/prepayments"
status 403 "$CONSUMER" "/v1/contracts/$CONTRACT/prepayments/commit/invoice" -X POST -H 'Idempotency-Key: x'
status 200 "$CONSUMER" "/v1/contracts/$CONTRACT/prepayments"

# --- five months
must . t simulate --gpus 16 --from 2026-05-01 --to 2026-08-01 --seed 3 --sku h100 --out "$DIR/usage"
must . t stream new "$DIR/meter" --contract "$CONTRACT" --cluster colo --agent meter \
	--from 2026-05-01 --key "$DIR/provider.key" --terms "$DIR/terms.json"
must . t import records "$DIR/usage" --stream "$DIR/meter" --allow-future --token "$AGENT" \
	--close-through 2026-10-01
month 2026-05 PRE-000003
# late usage of May, behind its cut, by another meter
must . t simulate --gpus 8 --from 2026-05-10 --to 2026-05-20 --seed 4 --sku h100 --out "$DIR/late"
must . t stream new "$DIR/second" --contract "$CONTRACT" --cluster late --agent meter \
	--from 2026-05-01 --key "$DIR/provider.key" --terms "$DIR/terms.json"
must . t import records "$DIR/late" --stream "$DIR/second" --allow-future --token "$AGENT" \
	--close-through 2026-10-01
month 2026-06 PRE-000004
must logged refund commit 5000.00 2026-07-03 provider
must . t settle "$CONTRACT"
holds commit 'refunded 5000.00'
month 2026-07 PRE-000005
must . t settle "$CONTRACT"
holds commit 'used .* left 0.00'
refused 'only 0.00 of it' refund commit 0.01 2026-08-03 provider
month 2026-08 PRE-000006
month 2026-09 PRE-000007
must . t settle "$CONTRACT"
must Purchase t focus "$CONTRACT"
must . t prepayment list "$CONTRACT" --json
cp "$DIR/out" "$DIR/list.json"
for period in 2026-07 2026-09; do
	must . t bundle "$CONTRACT" --period $period --out "$DIR/$period.tar"
done
must '' t policy "$DIR/terms.json" --out "$DIR/policy.txt"
svc_stop
unset TALLYSTICK_URL TALLYSTICK_TOKEN
for change in 'paid = paid - 1' 'refunded = refunded - 1' 'from_period = 1' "document = 'PRE-000002x'"; do
	as_server "$PG/psql" -XAtq "$DB" -c "create table kept as table app.prepaid;
		update app.prepaid set $change where item = 0" >"$DIR/out" 2>&1 || fail "$change"
	refused 'prepaid' t audit --full --db "host=$DIR/sock dbname=postgres user=ts_auditor"
	as_server "$PG/psql" -XAtq "$DB" -c "delete from app.prepaid; insert into app.prepaid table kept;
		drop table kept" >"$DIR/out" 2>&1 || fail "back again"
done
svc_audit

for period in 2026-07 2026-09; do
	must '^VERIFIED' t verify "$DIR/$period.tar" --policy "$DIR/policy.txt"
	must '^VERIFIED' "$PYTHON" "$SOURCE/tests/independent/verify_bundle.py" "$DIR/$period.tar" \
		--policy "$DIR/policy.txt"
done

# --- counted again from the records
mkdir "$DIR/tar"
tar -xf "$DIR/2026-09.tar" -C "$DIR/tar"
python3 - "$DIR" <<'PY' >"$DIR/err" 2>&1 || fail "the documents"
import collections, glob, json, re, sys
from decimal import Decimal as D, ROUND_HALF_UP, ROUND_DOWN
dir = sys.argv[1]
cents = lambda x: x.quantize(D("0.01"), ROUND_HALF_UP)
docs = sorted((json.load(open(p)) for p in glob.glob(dir + "/tar/documents/*.json")),
	key=lambda d: d["head"]["number"])
assert [d["head"]["number"] for d in docs] == ["PRE-%06d" % n for n in range(1, 8)], docs
edges = [1777593600000, 1780272000000, 1782864000000, 1785542400000]
def hours(path):
	out = [0, 0, 0]
	for line in open(path):
		f = line.split("\t")
		if f[0] == "u1" and f[6] == "on_demand":
			k = next(k for k in range(3) if int(f[1]) < edges[k + 1])
			assert int(f[2]) <= edges[k + 1], line
			out[k] += int(f[5])
	return out
usage, late = hours(dir + "/usage"), hours(dir + "/late")
money = lambda q: cents(D(q) / D(3600000000) * D("2.40"))
may, all_may, june, july = money(usage[0]), money(usage[0] + late[0]), money(usage[1]), money(usage[2])
assert late[0] > 0 and min(may, june, july) > 0 and all_may + june < 104000, (may, all_may, june, july)
rest = D("104000.00") - all_may - june            # at the expiry
rest -= D("5000.00") # paid back by then
rolled = (rest / 2).quantize(D("0.01"), ROUND_DOWN)
drawn_july = min(july, rolled)
support, setup = D("3000.00"), {0: D("3500.00"), 3: D("1500.00")}
capacity = [D("80000.00")] * 2 + [D("120000.00")] * 3
net = [may - may + capacity[0] + 2 * support + setup[0],
	all_may - may - (all_may - may) + capacity[1] + support,
	july - drawn_july + capacity[2] + support, capacity[3] + support + setup[3], capacity[4]]
left = D("150000.00")
for d, want in zip(docs[2:], net):
	body = d["body"]
	tax = cents(want * D("0.19"))
	assert (D(body["subtotal"]), D(body["tax"])) == (want, tax), (body["subtotal"], want)
	part = min(left, want + tax)
	left -= part
	assert D(body.get("prepaid", "0")) == part and D(body.get("payable", body["total"])) == want + tax - part, body
assert left == 0
first, second = docs[0]["body"], docs[1]["body"]
assert (first["subtotal"], first["tax"], first["total"]) == ("104000.00", "19760.00", "123760.00")
assert (second["subtotal"], second["tax"]) == ("150000.00", "0.00") and "inputs_root" not in docs[0]["head"]
commit, security = json.load(open(dir + "/list.json"))["data"]
assert D(commit["drawn"]) == all_may + june + drawn_july, commit
assert D(commit["lapsed"]) == rest - drawn_july and D(commit["left"]) == 0, commit
assert D(security["drawn"]) == 150000 and security["state"] == "used", security
# the journal: nothing is left of any liability, and all that was billed was earned
sums = collections.Counter()
data = open(dir + "/tar/journal.leaves", "rb").read()
for role, side, amount in re.findall(rb"\np\t([a-z_]+)\t([DC])\t[A-Z]{3}\t(\d+)", data):
	sums[role.decode()] += int(amount) * (1 if side == b"D" else -1)
assert sums["contract_liability"] == sums["prepaid"] == sums["unbilled"] == sums["accrued"] == 0, sums
earned = -sum(v for k, v in sums.items() if k.startswith("revenue_"))
assert earned == sum(v for k, v in sums.items() if k.startswith("expense_")), sums
assert earned == int(100 * (all_may + june + july + sum(capacity) + 5 * support + 5000 + D(commit["lapsed"]))), sums
assert sums["revenue_breakage"] == -int(100 * D(commit["lapsed"])), sums
PY
echo "prepaid: $checks checks passed"
