#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_verify.sh BUILD FIXTURES: two months of two streams through a real service, their bundle, and
# its check without database and network; then bundles that somebody has touched. Exits 77 where
# PostgreSQL is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
svc_begin verify

umask 077
svc_database
svc_start
contract_parties cloud lab
contract_sign "$SOURCE/docs/examples/colossus.terms.json" cloud lab "$DIR/terms.json"
run 0 t token new agent --party cloud
AGENT=$(cat "$DIR/out")
for n in 1 2; do
	run 0 t simulate --gpus 64 --from 2026-05-01 --to 2026-07-01 --seed $n --sku h100 --out "$DIR/usage$n"
	run 0 t stream new "$DIR/agent$n" --contract "$CONTRACT" --cluster "colo$n" --agent "meter$n" \
		--from 2026-05-01 --key "$DIR/provider.key" --terms "$DIR/terms.json"
	run 0 t import records "$DIR/usage$n" --stream "$DIR/agent$n" --allow-future --token "$AGENT"
done
run 0 t settle "$CONTRACT"
run 1 t bundle "$CONTRACT" --period 2026-05 --out "$DIR/early.tar"
[ ! -e "$DIR/early.tar" ] && [ ! -e "$DIR/early.tar.part" ] || fail "a bundle of a period that is not issued"
month() {
	run 0 t close "$CONTRACT" "$1"
	run 0 t invoice issue "$CONTRACT" "$1"
}
month 2026-05
# both companies seal May; then May's usage is late, and some of it is taken back
for side in provider consumer; do
	run 0 t period seal "$CONTRACT" 2026-05 --book $side --key "$DIR/$side.key"
done
run 0 t period countersign "$CONTRACT" 2026-05 --book provider --key "$DIR/consumer.key"
run 0 t period reserve "$CONTRACT" 2026-05 --book consumer --key "$DIR/provider.key" --reason "open"
run 0 t simulate --gpus 16 --from 2026-05-10 --to 2026-05-12 --seed 3 --sku h100 --out "$DIR/late"
run 0 t import records "$DIR/late" --stream "$DIR/agent1" --allow-future --token "$AGENT"
awk -F'\t' -v OFS='\t' 'NR <= 3 { $6 = $6 - 1000 } NR <= 3' "$DIR/usage2" >"$DIR/changed"
run 0 t import records "$DIR/changed" --stream "$DIR/agent2" --allow-future --token "$AGENT" --supersede
month 2026-06

# who may have it
run 0 t token new consumer_finance --party lab
LAB=$(cat "$DIR/out")
run 0 t token new auditor
AUDITOR=$(cat "$DIR/out")
status 401 "" "/v1/contracts/$CONTRACT/bundle?period=2026-05"
status 403 "$AGENT" "/v1/contracts/$CONTRACT/bundle?period=2026-05"
status 400 "$LAB" "/v1/contracts/$CONTRACT/bundle"
status 409 "$LAB" "/v1/contracts/$CONTRACT/bundle?period=2031-05"
status 404 "$LAB" "/v1/contracts/$CONTRACT/bundle?period=2031-13"
run 0 t bundle "$CONTRACT" --period 2026-05 --out "$DIR/may.tar" --token "$LAB"
run 0 t bundle "$CONTRACT" --period 2026-06 --out "$DIR/june.tar" --token "$AUDITOR"
run 0 t bundle "$CONTRACT" --period 2026-06 --out "$DIR/again.tar" --token "$LAB"
run 0 t bundle "$CONTRACT" --period 2026-06 --from 2026-05 --out "$DIR/opening.tar" --token "$LAB"
run 0 t period state "$CONTRACT" 2026-06 --out "$DIR/june.state"
run 1 t bundle "$CONTRACT" --period 2026-05 --from 2026-05 --out "$DIR/never.tar" --token "$LAB"
cmp -s "$DIR/june.tar" "$DIR/again.tar" || fail "two parties were given two bundles"
run 0 t policy "$DIR/terms.json" --out "$DIR/policy.txt"
# HEAD tells the size and sends nothing
run 0 curl -sSI -H "Authorization: Bearer $LAB" "$TALLYSTICK_URL/v1/contracts/$CONTRACT/bundle?period=2026-06"
grep -qi "^content-length: $(wc -c <"$DIR/june.tar")" "$DIR/out" || fail "HEAD has another size"
# whoever hangs up leaves no file open behind
run 63 curl -sS -H "Authorization: Bearer $LAB" --max-filesize 1000 -o /dev/null \
	"$TALLYSTICK_URL/v1/contracts/$CONTRACT/bundle?period=2026-06"
sleep 0.5
! ls -l "/proc/$SERVICE/fd" 2>/dev/null | grep -q deleted || fail "a spooled bundle is still open"
for month in 2026-05 2026-06; do
	run 0 t period state "$CONTRACT" $month --out "$DIR/$month.state"
done
svc_stop
unset TALLYSTICK_URL TALLYSTICK_TOKEN

# any tar reads it
run 0 tar -tf "$DIR/june.tar"
grep -q '^documents/[0-9a-f]*.json$' "$DIR/out" || fail "no document in the bundle"

for month in may june; do
	run 0 t verify "$DIR/$month.tar" --policy "$DIR/policy.txt" --receipts "$DIR/agent1/receipts"
	grep -q '^VERIFIED' "$DIR/out" || fail "$month is not verified"
done
# an agent's whole folder, in which the enrolment is a note as well; a receipt of somebody else's, named
run 0 t verify "$DIR/may.tar" --policy "$DIR/policy.txt" --receipts "$DIR/agent1"
grep -q '^receipts  *[1-9][0-9]* kept' "$DIR/out" || fail "an agent's folder has no receipts"
mkdir "$DIR/others"
cp "$DIR/agent1/enrolment.note" "$DIR/others/stray.note"
run 1 t verify "$DIR/may.tar" --policy "$DIR/policy.txt" --receipts "$DIR/others"
grep -q 'receipts: .*/stray.note: ' "$DIR/out" || fail "the stray receipt is not named"
# from the state at May's cut: the same documents and roots, with the lines of May that are taken back
run 0 t verify "$DIR/opening.tar" --policy "$DIR/policy.txt" --receipts "$DIR/agent1/receipts"
grep -q '^VERIFIED' "$DIR/out" || fail "from the state it is not verified"
run 0 t verify "$DIR/opening.tar" --policy "$DIR/policy.txt" --json
cp "$DIR/out" "$DIR/opening.json"
run 0 t verify "$DIR/june.tar" --policy "$DIR/policy.txt" --json
python3 - "$DIR/out" "$DIR/usage1" "$DIR/usage2" "$DIR/late" "$DIR/changed" <<'PY' >"$DIR/err" 2>&1 || fail "the report"
import json, sys
report = json.load(open(sys.argv[1]))
print(report)
usage = sum(1 for path in sys.argv[2:] for line in open(path) if line.startswith("u1"))
assert report["totals"]["reversals"] == report["totals"]["reversed"] == 3
assert report["verified"] and report["failed"] == []
assert report["totals"]["usage"] == usage and report["totals"]["streams"] == 2
assert [d["number"] for d in report["documents"]] == ["CLX-000001", "CLX-000002"]
assert report["totals"]["entries"] == report["totals"]["journal_leaves"] > 0
opening = json.load(open(sys.argv[1].replace("/out", "/opening.json")))
assert opening["verified"] and opening["failed"] == []
assert opening["documents"] == report["documents"]
assert opening["totals"]["reversed"] == 3 and opening["totals"]["usage"] < usage
assert 0 < opening["totals"]["entries"] == opening["totals"]["journal_leaves"] < report["totals"]["entries"]
PY
cp "$DIR/out" "$DIR/report.json"

# the consumer's own rebuild: the same bytes, the signed root
run 0 t replay "$DIR/june.tar" --policy "$DIR/policy.txt" --out "$DIR/journal"
tail -n 2 "$DIR/out" >"$DIR/rebuilt"
# and its own states: what the service keeps and both have sealed
for month in 2026-05 2026-06; do
	run 0 t replay "$DIR/june.tar" --policy "$DIR/policy.txt" --state $month --out "$DIR/own.state"
	cmp -s "$DIR/own.state" "$DIR/$month.state" || fail "another state of $month was rebuilt"
done
run 1 t replay "$DIR/may.tar" --policy "$DIR/policy.txt" --state 2026-06 --out "$DIR/none"
run 2 t replay "$DIR/june.tar" --policy "$DIR/policy.txt" --state 2026-06
tar -xOf "$DIR/june.tar" journal.leaves | cmp -s - "$DIR/journal" || fail "another journal was rebuilt"
tar -xOf "$DIR/june.tar" journal.checkpoint | sed -n 2,3p | cmp -s - "$DIR/rebuilt" || fail "another root"

# touched: [check that must fail] [what was done]; the archive itself stays well formed
run 0 python3 "$SOURCE/tests/support/tamper.py" "$TALLY" "$DIR/june.tar" "$DIR/policy.txt" "$DIR"
run 0 python3 "$SOURCE/tests/support/tamper.py" "$TALLY" "$DIR/opening.tar" "$DIR/policy.txt" "$DIR" \
	"$DIR/june.state"
run 1 t replay "$DIR/touched.tar" --policy "$DIR/touched.policy" --out "$DIR/journal"
echo "verify: $checks checks passed"
