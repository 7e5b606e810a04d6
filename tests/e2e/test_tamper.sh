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
# the same three months from the state that both companies sealed
run 0 t bundle "$CONTRACT" --period 2026-07 --from 2026-05 --out "$DIR/state.tar"
FIRST=$CONTRACT

# a contract that is amended twice, each time behind a cut; the last version has every model
amend() { # SCRIPT NAME VERSION EFFECTIVE
	run 0 "$PYTHON" "$SOURCE/tests/independent/$1.py" "$DIR/$2.$(($3 - 1)).json" "$3" "$DIR/$2.$3.json"
	run 0 t contract offer "$DIR/$2.$3.json" --effective-from "$4"
	for side in provider consumer; do
		run 0 t contract sign "$CONTRACT" --key "$DIR/$side.key" --terms "$DIR/$2.$3.json"
	done
}
month_of() { # MONTH STEP
	scene "$2"
	run 0 t close "$CONTRACT" "$1"
	run 0 t invoice issue "$CONTRACT" "$1"
}
contract_sign "$SOURCE/tests/independent/amended.template.json" cloud lab "$DIR/amended.1.json"
run 0 t policy "$DIR/amended.1.json" --out "$DIR/amended.policy"
month_of 2026-05 amended-may
amend amend amended 2 2026-05-15T12:00:00Z
month_of 2026-06 amended-june
amend amend amended 3 2026-06-10T00:00:00Z
month_of 2026-07 amended-july
run 0 t bundle "$CONTRACT" --period 2026-07 --out "$DIR/amended.tar"
AMENDED=$CONTRACT

# a contract with every model that two amendments let go on and a third begins anew; credits, a settlement, claims;
# from genesis, and from a state before the last amendment
run 0 "$PYTHON" "$SOURCE/tests/independent/credited.py" "$SOURCE/tests/independent/amended.template.json" 1 "$DIR/credited.template.json"
contract_sign "$DIR/credited.template.json" cloud lab "$DIR/credited.1.json"
run 0 t policy "$DIR/credited.1.json" --out "$DIR/credited.policy"
run 0 t settle "$CONTRACT"
for item in commit egress security; do
	run 0 t prepayment issue "$CONTRACT" $item
done
cash() { # paid|refund WHAT AMOUNT
	must logged t prepayment "$1" "$CONTRACT" "$2" --amount "$3" --date 2026-05-20 --reference 'wire 1' \
		--key "$DIR/provider.key"
}
month_of 2026-05 credited-may
cash paid CRD-000001 32100.00
cash paid CRD-000002 12.34
scene said-may
amend credited credited 2 2026-05-16T00:00:00Z
amend credited credited 3 2026-06-11T00:00:00Z
month_of 2026-06 credited-june
for month in 2026-05 2026-06; do
	for book in provider consumer; do
		run 0 t period seal "$CONTRACT" $month --book $book --key "$DIR/$book.key"
	done
done
cash refund egress 1.00
scene said-june
amend credited credited 4 2026-07-11T00:00:00Z
month_of 2026-07 credited-july
run 0 t bundle "$CONTRACT" --period 2026-07 --out "$DIR/credited.tar"
run 0 t bundle "$CONTRACT" --period 2026-07 --from 2026-06 --out "$DIR/credited.state.tar"
CREDITED=$CONTRACT

# a contract that ends by a notice in the middle of a month, from genesis and from a state behind the notice
run 0 "$PYTHON" "$SOURCE/tests/independent/amend.py" "$SOURCE/tests/independent/terms.template.json" end "$DIR/end.template.json"
read -r M0 M1 M2 END <"$DIR/out"
contract_sign "$DIR/end.template.json" cloud lab "$DIR/ended.json"
run 0 t policy "$DIR/ended.json" --out "$DIR/ended.policy"
ended_month() { # MONTH RECORDS
	scene "ended-$M0/$1/$2"
	run 0 t settle "$CONTRACT"
	run 0 t close "$CONTRACT" "$1"
	run 0 t invoice issue "$CONTRACT" "$1"
}
ended_month "$M0" 60
must logged t statement notice "$CONTRACT" --by consumer --end "${END}T00:00:00Z" --key "$DIR/consumer.key"
ended_month "$M1" 70
for month in "$M0" "$M1"; do
	for book in provider consumer; do
		run 0 t period seal "$CONTRACT" "$month" --book $book --key "$DIR/$book.key"
	done
done
ended_month "$M2" 104
run 0 t bundle "$CONTRACT" --period "$M2" --out "$DIR/ended.tar"
run 0 t bundle "$CONTRACT" --period "$M2" --from "$M1" --out "$DIR/ended.state.tar"
ENDED=$CONTRACT

for CONTRACT in "$FIRST" "$AMENDED" "$CREDITED" "$ENDED"; do
	cp "$DIR/state/keys/$CONTRACT".*.key "$DIR/state/keys/operator.key" \
		"$DIR/state/keys/receipt.key" "$DIR/"
done
svc_stop
unset TALLYSTICK_URL TALLYSTICK_TOKEN
run 0 "$PYTHON" "$SOURCE/tests/independent/matrix.py" "$TALLY" "$DIR"
cat "$DIR/out"
