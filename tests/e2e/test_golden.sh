#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_golden.sh BUILD FIXTURES: two real usage files (a Slurm accounting log, an Alibaba GPU trace)
# through the whole of the service, import to issued invoices; every row has a verdict and every
# device-microsecond is on an invoice. Exits 77 where the fixtures or PostgreSQL are absent.
set -u
TALLY=$1/tallystick
SLURM=$2/usage/slurm-xdmod/phillips-sacct.log
ALIBABA=$2/usage/traces/alibaba-gpu-v2023-openb_pod_list_default.csv
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
for file in "$SLURM" "$ALIBABA"; do
	[ -r "$file" ] || {
		echo "skipped: fixture $file absent"
		exit 77
	}
done
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
svc_begin golden

# report FILE ROWS VERDICT=N... QUANTITY: what an import says of itself.
report() {
	checks=$((checks + 1))
	python3 - "$@" >"$DIR/err" 2>&1 <<'PY' || fail "the verdicts of $1"
import json, sys
path, rows, *verdicts, quantity = sys.argv[1:]
report = json.load(open(path))
counts = report["verdicts"]
print(counts, report["reasons"], report["device_microseconds"])
assert report["rows"] == int(rows) == sum(counts.values())
reasons = {}
for r in report["reasons"]:
    reasons[r["verdict"]] = reasons.get(r["verdict"], 0) + r["rows"]
    counts[r["reason"]] = r["rows"]
assert all(counts[v] == n for v, n in reasons.items())
for v in verdicts:
    name, n = v.split("=")
    assert counts.get(name, 0) == int(n), v
assert int(report["device_microseconds"]) == int(quantity)
PY
}
# months FILE: those that its usage lies in, in order.
months() {
	python3 - "$1" <<'PY'
import json, sys
from datetime import datetime, timedelta
r = json.load(open(sys.argv[1]))
read = lambda text: datetime.fromisoformat(text.rstrip("Z"))
first, last = read(r["from"]), read(r["to"]) - timedelta(microseconds=1)
for n in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
    print("%04d-%02d" % (n // 12, n % 12 + 1))
PY
}
# contract NAME FIRST_MONTH: template with its months moved, both signatures, a stream.
contract() {
	python3 - "$2" "$SOURCE/docs/examples/colossus.terms.json" >"$DIR/$1.template" <<'PY'
import re, sys
year, month = map(int, sys.argv[1].split("-"))
shift = year * 12 + month - (2026 * 12 + 5)
def move(m):
    n = int(m[1]) * 12 + int(m[2]) - 1 + shift
    return '"%04d-%02d-01"' % (n // 12, n % 12 + 1)
print(re.sub(r'"(20\d\d)-(\d\d)-01"', move, open(sys.argv[2]).read()), end="")
PY
	run 0 t contract new "$DIR/$1.template" --provider "$1-cloud" --consumer "$1-lab" \
		--out "$DIR/$1.terms"
	CONTRACT=$(cat "$DIR/out")
	run 0 t contract offer "$DIR/$1.terms"
	for side in provider consumer; do
		run 0 t contract sign "$CONTRACT" --key "$DIR/$side.key" --terms "$DIR/$1.terms"
	done
	run 0 t stream new "$DIR/$1.agent" --contract "$CONTRACT" --cluster "$1" --from "$2-01" \
		--key "$DIR/provider.key" --terms "$DIR/$1.terms"
	run 0 t token new agent --party "$1-cloud"
	AGENT=$(cat "$DIR/out")
}
# invoices NAME: closes and issues every month of $MONTHS, keeps the documents.
invoices() {
	for month in $MONTHS; do
		run 0 t close "$CONTRACT" "$month" --idempotency-key "close-$1-$month" --json
		cp "$DIR/out" "$DIR/$1.$month.close"
		run 0 t invoice issue "$CONTRACT" "$month"
		number=$(grep -o 'CLX-[0-9]*' "$DIR/out" | head -n 1)
		for format in json pdf; do
			run 0 t invoice get "$CONTRACT" "$number" --format $format \
				--out "$DIR/$1.$month.$format"
		done
		[ "$(head -c 5 "$DIR/$1.$month.pdf")" = "%PDF-" ] || fail "$number is no PDF"
		if command -v pdftotext >/dev/null; then
			pdftotext "$DIR/$1.$month.pdf" - 2>/dev/null | grep -q -e "$number" ||
				fail "$number is not in its PDF"
		fi
	done
}
# invoiced NAME QUANTITY: the usage on all documents, exactly.
invoiced() {
	checks=$((checks + 1))
	python3 - "$2" "$DIR/$1".????-??.json >"$DIR/err" 2>&1 <<'PY' || fail "usage on the invoices of $1"
import json, sys
def lines(node):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "lines":
                yield from value
            else:
                yield from lines(value)
total = 0
for path in sys.argv[2:]:
    for line in lines(json.load(open(path))):
        if line["kind"] == "usage":
            total += int(line["base_quantity"])
print(total, "of", sys.argv[1])
assert total == int(sys.argv[1])
PY
}
# golden NAME SOURCE FILE ROWS QUANTITY VERDICT=N...
golden() {
	name=$1
	source=$2
	file=$3
	rows=$4
	quantity=$5
	shift 5
	# a key is one company's: each contract has its own companies
	rm -f "$DIR/provider.key" "$DIR/consumer.key"
	for side in provider consumer; do
		run 0 t keygen "$side.$name.example/statements" "$DIR/$side.key"
	done
	run 0 t party add "$name-cloud" --name "Cloud of $name" --country US --key "$DIR/provider.key"
	run 0 t party add "$name-lab" --name "Lab of $name" --country US --key "$DIR/consumer.key"
	run 0 t import "$source" "$file" --dry-run --json
	cp "$DIR/out" "$DIR/$name.dry"
	report "$DIR/$name.dry" "$rows" "$@" "$quantity"
	MONTHS=$(months "$DIR/$name.dry")
	contract "$name" "$(echo "$MONTHS" | head -n 1)"
	# the file ends inside a month: that nothing more was used is for the agent to say
	through=$(date -u -d "$(echo "$MONTHS" | tail -n 1)-01 + 1 month" +%Y-%m-%d)
	run 0 t import "$source" "$file" --stream "$DIR/$name.agent" --token "$AGENT" --json \
		--close-through "$through"
	cp "$DIR/out" "$DIR/$name.import"
	report "$DIR/$name.import" "$rows" "$@" "$quantity"
	run 0 t import "$source" "$file" --stream "$DIR/$name.agent" --token "$AGENT" --json
	cp "$DIR/out" "$DIR/$name.again"
	accepted=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["verdicts"]["accepted"])' \
		"$DIR/$name.import")
	report "$DIR/$name.again" "$rows" accepted=0 "duplicate=$accepted" 0
	invoices "$name"
	invoiced "$name" "$quantity"
	run 0 t status "$CONTRACT"
}

umask 077
svc_database
svc_start
export TALLYSTICK_TOKEN="$OPERATOR"

golden slurm slurm "$SLURM" 4285 1824886000000 accepted=2 not_billable=4283 no_gpu=4022 zero_elapsed=261
SLURM_CONTRACT=$CONTRACT
SLURM_MONTH=$(echo "$MONTHS" | head -n 1)
golden alibaba alibaba-gpu "$ALIBABA" 8152 185294426970000 never_scheduled=861

# a month is closed once; the same request gets the same answer
run 1 t close "$SLURM_CONTRACT" "$SLURM_MONTH"
grep -q conflict "$DIR/out" "$DIR/err" || fail "closed twice, and no conflict"
run 0 t close "$SLURM_CONTRACT" "$SLURM_MONTH" --idempotency-key "close-slurm-$SLURM_MONTH" --json
cmp -s "$DIR/out" "$DIR/slurm.$SLURM_MONTH.close" || fail "a repeated close had another answer"

# nobody else sees it
run 0 t token new consumer_finance --party alibaba-lab
other=$(cat "$DIR/out")
run 0 t token new consumer_finance --party slurm-lab
own=$(cat "$DIR/out")
status 401 "" "/v1/contracts/$SLURM_CONTRACT/invoices"
status 401 "ts_0000000000000000.$(printf '0%.0s' $(seq 64))" "/v1/contracts/$SLURM_CONTRACT/invoices"
status 404 "$other" "/v1/contracts/$SLURM_CONTRACT/invoices"
status 200 "$own" "/v1/contracts/$SLURM_CONTRACT/invoices"
status 200 "$other" "/v1/contracts/$CONTRACT/invoices"

svc_stop
echo "golden: $checks checks passed"
