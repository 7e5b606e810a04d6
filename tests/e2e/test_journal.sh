#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_journal.sh BUILD FIXTURES: both books of two billed months through hledger, ledger and beancount
# at their strictest, with our balances to the cent; a broken file is refused by all three; exports
# take every entry once. Exits 77 where PostgreSQL or a tool is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
for tool in hledger ledger bean-check; do
	command -v $tool >/dev/null || {
		echo "skipped: $tool is not installed"
		exit 77
	}
done
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
svc_begin journal
LC_ALL=C.UTF-8
export LC_ALL

umask 077
svc_database
svc_start
contract_parties cloud lab DE
contract_sign "$SOURCE/docs/examples/colossus.terms.json" cloud lab "$DIR/terms"
C=$CONTRACT
for side in provider:cloud consumer:lab; do
	run 0 t token new "${side%:*}_finance" --party "${side#*:}"
	cp "$DIR/out" "$DIR/${side%:*}.token"
done
run 0 t token new auditor
AUDITOR=$(cat "$DIR/out")
run 0 t stream new "$DIR/agent" --contract "$C" --cluster c1 --from 2026-05-01 \
	--key "$DIR/provider.key" --terms "$DIR/terms"
run 0 t token new agent --party cloud
AGENT=$(cat "$DIR/out")
run 0 t simulate --gpus 16 --from 2026-05-01 --to 2026-07-01 --seed 5 --sku h100 --out "$DIR/usage"
run 0 t import records "$DIR/usage" --stream "$DIR/agent" --token "$AGENT" --close-through 2026-07-01
run 0 t close "$C" 2026-05
run 0 t invoice issue "$C" 2026-05
run 0 t close "$C" 2026-06

# as SIDE COMMAND...: with that company's token
as() {
	side=$1
	shift
	TALLYSTICK_TOKEN=$(cat "$DIR/$side.token") "$TALLY" "$@"
}
# strict FILE: all three tools take it (the beancount file beside it)
strict() {
	must '' hledger -f "$1.ledger" check -s ordereddates payees
	must '' ledger -f "$1.ledger" --pedantic --check-payees balance
	must '' bean-check "$1.beancount"
}
export_as() { # SIDE NAME [options]
	side=$1 name=$2
	shift 2
	for format in ledger beancount csv; do
		run 0 as "$side" journal export "$C" --format $format --out "$DIR/$name.$format" "$@"
	done
}
# ours SIDE [options of the query]: "number balance" of every account that is not zero, from the trial balance
# one spelling: no zeros behind the last digit that counts
plain() { sed -e '/\./s/0*$//' -e 's/\.$//' | sort; }
ours() {
	status 200 "$(cat "$DIR/$1.token")" "/v1/contracts/$C/trial-balance.csv${2:-}"
	tr -d '\r' <"$DIR/out" | awk -F, -v book="$1" '$3 == book && $NF + 0 != 0 { print $4, $NF }' | plain
}
numbers() { sed 's/^[A-Za-z]*:\([0-9]*\)-[^ ]* */\1 /' | grep -v '^Equity' | awk 'NF == 2 && $2 + 0 != 0' | plain; }
by_hledger() {
	hledger -f "$1" balance --flat -N -O csv | tr -d '"\r' | sed -n 's/,\([-0-9.]*\) USD$/ \1/p' | numbers
}
by_ledger() {
	ledger -f "$1" balance --flat --no-total --format '%(account) %(quantity(amount))\n' | numbers
}
# by the package's library, with the Python that bean-check runs on
by_beancount() {
	"$(sed -n '1s/^#! *//p' "$(command -v bean-check)")" -c '
import collections, sys
from beancount import loader
sums = collections.Counter()
for entry in loader.load_file(sys.argv[1])[0]:
    for posting in getattr(entry, "postings", ()):
        if posting.units.currency == "USD":
            sums[posting.account] += posting.units.number
for account, number in sums.items():
    print(account, number)' "$1" | numbers
}
same() { # NAME EXPECTED GOT
	checks=$((checks + 1))
	[ -s "$2" ] || fail "$1: no balances"
	cmp -s "$2" "$3" || {
		diff "$2" "$3" | head -n 20
		fail "$1: other balances than ours"
	}
}

# the whole of both books
for side in provider consumer; do
	export_as $side $side --quantities
	strict "$DIR/$side"
	ours $side >"$DIR/ours"
	for tool in hledger ledger; do
		by_$tool "$DIR/$side.ledger" >"$DIR/theirs"
		same "$side, $tool" "$DIR/ours" "$DIR/theirs"
	done
	by_beancount "$DIR/$side.beancount" >"$DIR/theirs"
	same "$side, beancount" "$DIR/ours" "$DIR/theirs"
	# quantities at total cost: all that the invoice bills by SKU
	grep -q ' "h100" @@ [0-9.]* USD$' "$DIR/$side.ledger" || fail "no quantity at total cost"
	hledger -f "$DIR/$side.ledger" balance -B -N --flat cur:USD 'acct:^Equity:Statistics' >"$DIR/out" ||
		fail "hledger at cost"
	# the CSV: as many debits as credits
	tr -d '\r' <"$DIR/$side.csv" | awk -F, 'NR > 1 { d += $10; c += $11 } END { exit !(NR > 3 && d - c < 0.001 && c - d < 0.001) }' ||
		fail "debits and credits of the $side's CSV"
done
# as a spreadsheet: the same numbers in cells of their kind, totals, a header that stands still
run 0 as provider journal export "$C" --format xlsx --out "$DIR/a.xlsx"
run 0 as provider journal export "$C" --format xlsx --out "$DIR/b.xlsx"
cmp -s "$DIR/a.xlsx" "$DIR/b.xlsx" || fail "the spreadsheet is not reproducible"
run 0 as provider invoice get "$C" CLX-000001 --format xlsx --out "$DIR/invoice.xlsx"
status 200 "$(cat "$DIR/provider.token")" "/v1/contracts/$C/trial-balance.xlsx"
mv "$DIR/out" "$DIR/trial.xlsx"
PYTHONPATH=$SOURCE/tests/support python3 - "$DIR" <<'PY' >"$DIR/err" 2>&1 || fail "the spreadsheets"
import csv, sys, xlsx
from decimal import Decimal as D
dir = sys.argv[1]
cells = list(xlsx.cells(dir + "/a.xlsx"))
assert ("Journal", "frozen", "1", "frozen", None) in cells, cells[:2]
want = list(csv.DictReader(open(dir + "/provider.csv", newline="")))
got = xlsx.rows(dir + "/a.xlsx", "Journal")
assert len(got) == len(want) + 1
for w, g in zip(want, got):
    for k, v in w.items():
        if k in ("debit", "credit") and v:
            assert D(g[k]) == D(v), (k, v, g[k])
        elif k not in ("date", "entry", "line", "source_leaf") and v:
            assert g[k] == v, (k, v, g[k])
total = [c for c in cells if c[3].startswith("SUM(")]
assert [c[2] for c in total] == ["#,##0.00"] * 2, total
assert {D(c[4]) for c in total} == {sum(D(w["debit"] or 0) for w in want)}, total
assert {c[2] for c in cells if c[1].startswith("E") and c[1] != "E1"} >= {"yyyy-mm-dd"}
lines = xlsx.rows(dir + "/invoice.xlsx", "Invoice")
assert sum(D(l["net"]) for l in lines if l["row"] == "line") == D(
    [l["amount"] for l in lines if l["row"] == "total"][0]), lines
assert len(xlsx.rows(dir + "/trial.xlsx", "Trial balance")) > 5
PY
checks=$((checks + 1))
# another company's book is not for the provider
refused "mirror accounts" as provider journal export "$C" --book consumer
status 403 "$(cat "$DIR/provider.token")" "/v1/contracts/$C/journal.csv?book=consumer"
status 400 "$AUDITOR" "/v1/contracts/$C/journal.csv"
said '"book"'
status 200 "$AUDITOR" "/v1/contracts/$C/journal.csv?book=consumer"

# broken files: one minor unit, one digit below it, an account nobody declared
breaks() { # EDIT of the plain-text file, EDIT of the beancount file
	sed "$1" "$DIR/provider.ledger" >"$DIR/broken.ledger"
	sed "$2" "$DIR/provider.beancount" >"$DIR/broken.beancount"
	! cmp -s "$DIR/provider.ledger" "$DIR/broken.ledger" || fail "nothing was broken"
	expect 1 '' hledger -f "$DIR/broken.ledger" check -s ordereddates payees
	checks=$((checks + 1))
	! ledger -f "$DIR/broken.ledger" --pedantic --check-payees balance >"$DIR/out" 2>&1 ||
		fail "ledger takes $1"
	checks=$((checks + 1))
	! bean-check "$DIR/broken.beancount" >"$DIR/out" 2>&1 || fail "beancount takes $2"
}
first='0,/^    Assets:[^ ]* *[0-9.]* USD/'
breaks "$first s/^\(    Assets:[^ ]* *[0-9.]*\) USD/\11 USD/" \
	'0,/^  Assets:/ s/^\(  Assets:[^ ]* *[0-9.]*\) USD/\11 USD/'
breaks '0,/^    Income:4000[^ ]*/ s/^    Income:4000[^ ]*/    Income:4999/' \
	'0,/^  Income:4000[^ ]*/ s/^  Income:4000[^ ]*/  Income:4999/'

# a month alone opens with the balances before it and ends with ours
export_as consumer june --from 2026-06-01 --to 2026-07-01
strict "$DIR/june"
grep -q -- '-opening)' "$DIR/june.ledger" || fail "no opening balances"
ours consumer '?as_of=2026-06-30' >"$DIR/ours"
by_hledger "$DIR/june.ledger" >"$DIR/theirs"
same "June" "$DIR/ours" "$DIR/theirs"
refused "after from" as consumer journal export "$C" --from 2026-06-01 --to 2026-06-01
refused "no kind of entry" as consumer journal export "$C" --kinds accrual,payments
expect 2 "not ledger" as consumer journal export "$C" --format xml

# exports: each entry once, whatever is asked for later; the same bytes again
must '^1 consumer .*accrual' as consumer journal take "$C" --kinds accrual
must '^2 consumer .* invoice tax\|^2 consumer .* invoice' as consumer journal take "$C"
refused "nothing is new" as consumer journal take "$C" --kinds accrual,invoice
for n in 1 2; do
	for format in ledger beancount csv; do
		run 0 as consumer journal get "$C" $n --format $format --out "$DIR/take$n.$format"
	done
	strict "$DIR/take$n"
done
checks=$((checks + 1))
tail -qn +2 "$DIR/take1.csv" "$DIR/take2.csv" | sort >"$DIR/taken"
tail -n +2 "$DIR/consumer.csv" | sort >"$DIR/all"
cmp -s "$DIR/taken" "$DIR/all" || fail "two exports do not make the book"
run 0 t invoice issue "$C" 2026-06
must '^3 consumer' as consumer journal take "$C"
run 0 as consumer journal get "$C" 1 --format csv --out "$DIR/again.csv"
cmp -s "$DIR/take1.csv" "$DIR/again.csv" || fail "an export changed"
must '^1 provider' as provider journal take "$C"
must '^3 consumer' as consumer journal list "$C"
refused "no export 9" as consumer journal get "$C" 9
status 403 "$(cat "$DIR/consumer.token")" "/v1/contracts/$C/journal-exports" -X POST \
	-H 'Content-Type: application/json' -H 'Idempotency-Key: a' -d '{"book":"provider"}'
status 403 "$AUDITOR" "/v1/contracts/$C/journal-exports" -X POST -H 'Idempotency-Key: a' \
	-H 'Content-Type: application/json' -d '{"book":"provider"}'

svc_stop
echo "$checks checks passed"
