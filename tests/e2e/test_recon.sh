#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `tallystick recon files` as both companies meet it: a month that agrees, one with differences, streams
# that fork or come twice, other terms, drift, and what must be refused. $1 is the build.
set -eu
TALLY=$1/tallystick
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
cd "$DIR"
fail() {
	echo "FAIL: $*" >&2
	cat out >&2
	exit 1
}
# recon CODE ARGUMENTS...
recon() {
	want=$1
	shift
	code=0
	"$TALLY" recon files "$@" >out 2>&1 || code=$?
	[ "$code" = "$want" ] || fail "exit $code, not $want: recon files $*"
}
has() { grep -q -e "$1" out || fail "no \"$1\""; }
hasnt() { ! grep -q -e "$1" out || fail "has \"$1\""; }

cat >terms.json <<'JSON'
{"currency": "USD", "term": {"from": "2026-06-01", "to": "2026-08-01"},
 "skus": [{"sku": "gpu", "name": "GPU", "unit": "GPU-hour", "divisor": "3600000000"}],
 "prices": [{"id": "gpu", "sku": "gpu", "class": "*", "model": "per_unit", "unit_price": "2.00"}],
 "reconciliation": {"tolerance": {"record": {"amount": "0.01"}, "line": {"amount": "1.00"},
  "invoice": {"amount": "1.00"}}}}
JSON
sed 's/"2.00"/"2.50"/' terms.json >dearer.json
sed 's/USD/EUR/' terms.json >euro.json
"$TALLY" simulate --gpus 64 --from 2026-06-01 --to 2026-07-01 --out p.tsv 2>/dev/null >/dev/null
t='--terms terms.json --period 2026-06'

# --- agrees ---------------------------------------------------------------------------------------
# shellcheck disable=SC2086 # options
recon 0 --provider p.tsv --consumer p.tsv $t
has 'it closes'
has '0 of them differ; 0 of .* hours read, 0 + 0 records'
sort -r p.tsv >turned.tsv # order says nothing
recon 0 --provider p.tsv --consumer turned.tsv $t
awk 'NR % 2' p.tsv >odd.tsv
awk 'NR % 2 == 0' p.tsv >even.tsv
recon 0 --provider odd.tsv --provider even.tsv --consumer p.tsv $t
recon 0 --provider p.tsv --provider p.tsv --consumer p.tsv $t
has 'the same bytes were given before'

# --- differs --------------------------------------------------------------------------------------
awk -F'\t' 'BEGIN { OFS = FS } NR == 20 { next } NR == 40 { $6 = sprintf("%.0f", $6 - 3600000) } NR == 60 { print } { print }' p.tsv >c.tsv
recon 1 --provider p.tsv --consumer c.tsv $t
has '^missing_at_partner  2026'
has '^duplicate  2026'
has '^quantity (within tolerance)  2026'
has "provider  input 1 line 20: $(sed -n 20p p.tsv)"
has "partner   input 1 line 39: $(sed -n 40p p.tsv | cut -f1-5)"
[ "$(grep -c 'input 1 line' out)" = 4 ] || fail "other items"
recon 1 --provider p.tsv --consumer c.tsv $t --json --out june.json
recon 1 --provider p.tsv --consumer c.tsv $t --json
cmp -s out june.json || fail "another report of the same inputs"
python3 - <<'PY'
import hashlib
import json

text = open("june.json").read()
r = json.loads(text)
assert text == json.dumps(r, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
assert r["provider"]["inputs"][0]["sha256"] == hashlib.sha256(open("p.tsv", "rb").read()).hexdigest()
lines = {s: open(f).read().split("\n") for s, f in (("provider", "p.tsv"), ("partner", "c.tsv"))}
total = {s: sum(int(line.split("\t")[5]) for line in lines[s] if line) for s in lines}
(sku,) = r["skus"]
assert [int(sku[s]) for s in lines] == list(total.values())
deltas = sum(int(i["delta_quantity"]) for i in r["items"])
assert deltas == total["provider"] - total["partner"] == int(sku["items"]) + int(sku["within"])
cents = lambda text: int(text.replace(".", ""))
assert sum(cents(i["delta_amount"]) for i in r["items"]) == cents(r["closure"]["delta"])
assert cents(r["closure"]["provider"]) - cents(r["closure"]["partner"]) == cents(r["closure"]["delta"])
for item in r["items"]:
    for side in lines:
        for row in item[side]:
            assert lines[side][row["line"] - 1] == row["record"]
        assert sum(int(row["record"].split("\t")[5]) for row in item[side]) == int(item[side + "_quantity"])
assert sorted(i["category"] for i in r["items"]) == ["duplicate", "missing_at_partner", "quantity"]
assert [i["within"] for i in r["items"] if i["category"] == "quantity"] == [True]
assert int(sku["drift"]) == int(sku["within"]) == 3600000
PY
# the next month, whose drift goes on
awk -F'\t' 'BEGIN { OFS = FS } NR == 40 { $6 = sprintf("%.0f", $6 - 1800000) } { print }' p.tsv >d.tsv
recon 0 --provider p.tsv --consumer d.tsv $t --json --before june.json
has '"drift":"5400000"'
recon 1 --provider p.tsv --consumer d.tsv $t --before terms.json
has 'is no reconciliation report'

# --- terms ----------------------------------------------------------------------------------------
recon 1 --provider p.tsv --consumer p.tsv --terms terms.json --terms dearer.json@2026-06-16T00:00:00Z \
	--consumer-terms terms.json --period 2026-06
has '^rate  2026-06-16T'
has 'provider  gpu  2.50 USD per GPU-hour'
hasnt '^rate  2026-06-15T'
recon 1 --provider p.tsv --consumer p.tsv --terms terms.json --consumer-terms euro.json --period 2026-06
has '^currency  2026'
has 'amounts of two currencies are not compared'
recon 2 --provider p.tsv --consumer p.tsv --terms terms.json --terms dearer.json --period 2026-06
has 'a later version is FILE@INSTANT'

# --- streams --------------------------------------------------------------------------------------
g1="g1	d.example/$(printf '0%.0s' $(seq 32))/colo/a/g1	$(printf '0%.0s' $(seq 64))	1780272000000"
{ echo "$g1"; head -n 100 p.tsv; } >stream.tsv
{ echo "$g1"; head -n 200 p.tsv; } >longer.tsv
head -n 200 p.tsv >first.tsv
recon 0 --provider stream.tsv --provider longer.tsv --consumer first.tsv $t
has '100 given before'
awk -F'\t' 'BEGIN { OFS = FS } NR == 51 { $6 = sprintf("%.0f", $6 - 3600000) } { print }' stream.tsv >forked.tsv
recon 1 --provider stream.tsv --provider forked.tsv --consumer stream.tsv $t
has 'line 51 contradicts the same stream'
has '^signature  2026'
{ head -n 100 p.tsv; printf 'r1\t%s\t19\twrong\n' "d.example/$(printf '0%.0s' $(seq 32))/colo/a/g1"; } >reversed.tsv
head -n 100 p.tsv | sed 20d >without.tsv
recon 0 --provider reversed.tsv --consumer without.tsv $t
has '1 reversed'

# --- one side, none -------------------------------------------------------------------------------
: >none.tsv
recon 0 --provider none.tsv --consumer none.tsv $t
recon 1 --provider first.tsv --consumer none.tsv $t
[ "$(grep -c '^missing_at_partner  2026' out)" = 50 ] || fail "not 50 items shown"
has '150 more'
recon 1 --provider none.tsv --consumer first.tsv $t --items 1
has '^missing_at_provider  2026'

# --- refused --------------------------------------------------------------------------------------
"$TALLY" recon files --help >out 2>&1
has 'tallystick recon files --provider'
recon 2 --provider p.tsv --terms terms.json
has 'consumer'
recon 1 --provider nothing.tsv --consumer p.tsv $t
has 'nothing.tsv'
recon 1 --provider . --consumer p.tsv $t
has 'a folder'
echo 'job,gpu,hours' >usage.csv
recon 1 --provider usage.csv --consumer p.tsv $t
has 'usage.csv:1'
recon 1 --provider p.tsv --consumer p.tsv --terms terms.json --period 2026-13
has 'no billing period'
recon 2 --provider p.tsv --consumer p.tsv $t --from 2026-06-01
has 'period'
recon 2 --provider p.tsv --consumer p.tsv --terms terms.json --from 2026-07-01 --to 2026-07-01
has 'would be empty'
sed 's/"amount": "0.01"/"amount": "-1"/' terms.json >bad.json
recon 1 --provider p.tsv --consumer p.tsv --terms bad.json
has '/reconciliation/tolerance/record/amount'
sed 's/{"amount": "1.00"},/{"amount": "1.001"},/' terms.json >bad.json
recon 1 --provider p.tsv --consumer p.tsv --terms bad.json
has '/reconciliation/tolerance/line/amount'
code=0
"$TALLY" recon invoices --provider p.tsv --consumer p.tsv --terms terms.json >out 2>&1 || code=$?
[ "$code" = 2 ] || fail "an unknown verb: exit $code"
echo "ok: recon"
