#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_openapi.sh BUILD FIXTURES: what the service answers on every GET route of JSON is what its own
# OpenAPI document says, member by member. Three contracts with something in every list: an offer, a
# seal, a statement that waits, voids, a conflict, a webhook with deliveries. Exits 77 where
# PostgreSQL or python3-jsonschema is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
PYTHON=
for python in python3 /usr/bin/python3; do
	[ -n "$PYTHON" ] || ! "$python" -c 'import jsonschema, nacl' 2>/dev/null || PYTHON=$python
done
[ -n "$PYTHON" ] || {
	echo "skipped: python3-jsonschema or python3-nacl is not installed"
	exit 77
}
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
svc_begin openapi

umask 077
svc_database
svc_start
contract_begin
FIRST=$CONTRACT
contract_usage 40
for month in 2026-05 2026-06; do
	run 0 t close "$FIRST" $month
	run 0 t invoice issue "$FIRST" $month
	for book in provider consumer; do
		run 0 t period seal "$FIRST" $month --book $book --key "$DIR/$book.key"
	done
done
run 0 t period countersign "$FIRST" 2026-06 --book provider --key "$DIR/consumer.key"
run 0 t period reserve "$FIRST" 2026-06 --book consumer --key "$DIR/provider.key" --reason "we count again"
run 0 t settle "$FIRST"
# a next version is offered, signed by one; a statement waits for the other company
sed -e 's/"version": *1,/"version": 2,/' -e 's/"2.40"/"2.30"/' "$DIR/terms.json" >"$DIR/terms2.json"
run 0 t contract offer "$DIR/terms2.json" --effective-from 2026-07-10T00:00:00Z
run 0 t contract sign "$FIRST" --key "$DIR/provider.key" --terms "$DIR/terms2.json"
run 0 t key release "$STREAM" --from 1 --to 2 --key "$DIR/provider.key" --reason "they are ours"
# a stream with void, reversed and parked lines, two generations, one revoked, and two stories
run 0 "$PYTHON" "$SOURCE/tests/support/openapi.py" lines "$DIR" "$FIRST"
run 0 t settle "$FIRST"
# a second contract, not in force; webhooks, one with a secret that was rotated
run 0 t contract new "$SOURCE/docs/examples/colossus.terms.json" --provider colossus --consumer lab \
	--out "$DIR/other.json"
run 0 t contract offer "$DIR/other.json"
# a third one with prepayments, one of them invoiced
contract_sign "$SOURCE/docs/examples/prepaid.terms.json" colossus lab "$DIR/prepaid.json"
run 0 t settle "$CONTRACT"
run 0 t prepayment issue "$CONTRACT" commit
LAB_TOKEN=$CONSUMER
export LAB_TOKEN
run 0 "$PYTHON" "$SOURCE/tests/support/openapi.py" check "$DIR" "$FIRST" "$STREAM"
cat "$DIR/out"
SVC_EXPECTED=equivocation
svc_stop
