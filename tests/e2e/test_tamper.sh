#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_tamper.sh BUILD FIXTURES: three months of a real service (rotation, reversals, a revoked key, seals, a credit
# note), their bundles, and every way to touch one that we know of; two verifiers that share no code judge each.
# Exits 77 where PostgreSQL or python3-nacl is absent.
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
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
svc_begin tamper

scene() { run 0 "$PYTHON" "$SOURCE/tests/independent/scene.py" "$1" "$DIR" "$CONTRACT"; }
close_month() {
	run 0 t close "$CONTRACT" "$1"
	[ "$1" != 2026-07 ] || scene gap
	run 0 t invoice issue "$CONTRACT" "$1"
	run 0 t bundle "$CONTRACT" --period "$1" --out "$DIR/$1.tar"
}

umask 077
svc_database
svc_start
contract_parties cloud lab DE
contract_sign "$SOURCE/tests/independent/terms.template.json" cloud lab "$DIR/terms.json"
run 0 t policy "$DIR/terms.json" --out "$DIR/policy.txt"
run 0 t token new agent --party cloud
AGENT_TOKEN=$(cat "$DIR/out")
run 0 t token new agent --party lab
LAB_TOKEN=$(cat "$DIR/out")
export AGENT_TOKEN LAB_TOKEN
scene may
run 0 t settle "$CONTRACT"
close_month 2026-05
for book in provider consumer; do
	run 0 t period seal "$CONTRACT" 2026-05 --book $book --key "$DIR/$book.key"
done
scene june
close_month 2026-06
scene july
close_month 2026-07
# a mirror of all that makes the same last bundle, and the states at every cut
run 0 t mirror "$CONTRACT" "$DIR/mirror" --policy "$DIR/policy.txt"
run 0 t replay "$DIR/mirror" --policy "$DIR/policy.txt"
run 0 t bundle "$CONTRACT" --period 2026-07 --out "$DIR/own.tar" --from-mirror "$DIR/mirror"
cmp -s "$DIR/2026-07.tar" "$DIR/own.tar" || fail "the mirror makes another bundle"
for month in 2026-05 2026-06 2026-07; do
	run 0 t period state "$CONTRACT" $month --out "$DIR/kept.state"
	run 0 t replay "$DIR/mirror" --policy "$DIR/policy.txt" --state $month --out "$DIR/own.state"
	cmp -s "$DIR/kept.state" "$DIR/own.state" || fail "another state of $month was rebuilt"
done
cp "$DIR/state/keys/$CONTRACT".*.key "$DIR/state/keys/operator.key" \
	"$DIR/state/keys/receipt.key" "$DIR/"
svc_stop
unset TALLYSTICK_URL TALLYSTICK_TOKEN
run 0 "$PYTHON" "$SOURCE/tests/independent/matrix.py" "$TALLY" "$DIR"
cat "$DIR/out"
