#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `tallystick rate` over the published billing cases, and its ways of asking: --before, --as-of, --amend.
# $1 is the build, $2 the fixtures.
set -eu
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
fail() {
	echo "FAIL: $*" >&2
	cat "$DIR/out" >&2
	exit 1
}
rate() { "$TALLY" rate --terms "$DIR/v1.json" --usage "$DIR/usage" "$@" >"$DIR/out" 2>&1; }
has() { grep -q -e "$1" "$DIR/out" || fail "no \"$1\""; }

cat >"$DIR/v1.json" <<'JSON'
{"currency": "USD", "term": {"from": "2026-01-01"},
 "skus": [{"sku": "gpu", "unit": "h", "divisor": "1"}],
 "prices": [{"id": "p", "sku": "gpu", "model": "per_unit", "unit_price": "2"}],
 "fees": [{"id": "f", "schedule": [{"from": "2026-01-01", "amount": "310.00"}]}]}
JSON
sed 's/"unit_price": "2"/"unit_price": "3"/' "$DIR/v1.json" >"$DIR/v2.json"
line() { # DAY QUANTITY
	start=$(($(date -u -d "2026-01-$1" +%s) * 1000))
	printf 'u1\t%d\t%d\tgpu\t0\t%d\t-\tj\tn\t-\n' "$start" $((start + 900000)) "$2"
}
line 05 10 >"$DIR/before"
{ line 05 10 && line 20 5; } >"$DIR/usage"

rate && has ' p .* 15 h .* 30.00$'
rate --before "$DIR/before" && has 'subtotal before .* 330.00$' && has 'difference .* 10.00$'
rate --before "$DIR/before" --json && has '"delta": "10.00"' && has '"before": "20.00"'
rate --as-of 2026-01-10 && has ' p .* 10 h .* 20.00$' && has ' f .* 10 day .* 100.00$' &&
	has 'after the day of --as-of'
rate --amend "$DIR/v2.json@2026-01-15T00:00:00Z" && has 'p .* v1 .* 20.00$' && has 'p .* v2 .* 15.00$' &&
	has 'f .* v1 .* 140.00$' && has 'f .* v2 .* 170.00$' && has 'subtotal .* 345.00$'
rate --amend "$DIR/v2.json@2026-01-15T00:00:00Z" --json && has '"version": 2'
! rate --amend "$DIR/v2.json" || fail "no instant"
has 'is not FILE@INSTANT'
! rate --amend "$DIR/v2.json@2026-01-15T00:01:00Z" || fail "off the grid"
has 'quarter-hour grid'
! rate --amend "$DIR/none.json@2026-01-15T00:00:00Z" || fail "no file"
has none.json
sed 's/USD/EUR/' "$DIR/v2.json" >"$DIR/v3.json"
! rate --amend "$DIR/v3.json@2026-01-15T00:00:00Z" || fail "another currency"
has /currency
! rate --amend "$DIR/v2.json@2026-01-15T00:00:00Z" --before "$DIR/before" || fail "both"
has 'goes with neither'
! rate --as-of May || fail "no day"
has 'is no day'
line 05 -10 >"$DIR/usage"
! rate || fail "a negative quantity"
has 'the quantity is negative: .*r1 line.*usage:1'

[ -d "$2/billing/cases" ] || { echo "skipped: no $2/billing/cases" && exit 77; }
python3 "$SOURCE/tests/e2e/rate_cases.py" "$TALLY" "$SOURCE" "$2/billing/cases"
