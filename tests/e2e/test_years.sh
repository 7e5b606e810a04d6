#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_years.sh BUILD FIXTURES: three contracts over a full year, month by month through the real service: usage by signed
# appends, late usage and reversals behind cuts, an amendment, prepayments, a document a month. Every line is counted again
# by tests/years/oracle.py, and is as in tests/vectors/years; so is what the journal earned. The bundles verify, the audit
# finds nothing.
# TS_GOLDEN=write takes the documents over when the oracle agrees. Exits 77 where PostgreSQL or python3-nacl is absent.
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
svc_begin years

years() { # STEP NAME [...]
	step=$1 name=$2
	shift 2
	must '' "$PYTHON" "$SOURCE/tests/years/years.py" "$step" "$name" "$DIR/$name" "$@"
}
amend() { # NAME
	years second "$1"
	must . t contract offer "$DIR/$1/terms2.json" --effective-from 2025-07-01T05:00:00Z
	must waiting t contract sign "$CONTRACT" --key "$DIR/provider.key" --terms "$DIR/$1/terms2.json"
	must active t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$DIR/$1/terms2.json"
}
prepayment() { # NAME ID NUMBER
	must "^$3\$" t prepayment issue "$CONTRACT" "$2"
	must '' t invoice get "$CONTRACT" "$3" --format json --out "$DIR/$1/$2.json"
}
cash() { # paid|refund ABOUT AMOUNT DAY
	must logged t prepayment "$1" "$CONTRACT" "$2" --amount "$3" --date "$4" --reference wire --key "$DIR/provider.key"
}
happens() { # NAME MONTH: before the month is sent
	case $1$2 in
	colossus07) amend "$1" ;;
	reserved01)
		prepayment "$1" commit RSV-000001
		prepayment "$1" bulk RSV-000002
		cash paid RSV-000001 3000000.00 2025-01-10
		cash paid RSV-000002 119075.00 2025-01-10
		;;
	reserved02) # the rest, behind January's cut
		years owed "$1" commit 3000000.00
		cash paid RSV-000001 "$(cat "$DIR/out")" 2025-02-12
		;;
	reserved05) cash refund bulk 1000.00 2025-05-20 ;;
	esac
}
year() { # NAME
	mkdir "$DIR/$1"
	years template "$1"
	contract_sign "$DIR/$1/template.json" cloud lab "$DIR/$1/terms.json"
	for month in 01 02 03 04 05 06 07 08 09 10 11 12; do
		happens "$1" "$month"
		years send "$1" "$CONTRACT" "2025-$month"
		must . t settle "$CONTRACT"
		must . t close "$CONTRACT" "2025-$month"
		must . t invoice issue "$CONTRACT" "2025-$month" --json
		number=$(sed -n 's/.*"number": *"\([^"]*\)".*/\1/p' "$DIR/out" | head -1)
		must '' t invoice get "$CONTRACT" "$number" --format json --out "$DIR/$1/2025-$month.json"
	done
	years check "$1" "$CONTRACT"
	cat "$DIR/out"
	expect 1 "the oracle has" env TS_ORACLE=down "$PYTHON" "$SOURCE/tests/years/years.py" check "$1" "$DIR/$1" "$CONTRACT"
	must '' t policy "$DIR/$1/terms.json" --out "$DIR/$1/policy.txt"
	must . t bundle "$CONTRACT" --period 2025-12 --out "$DIR/$1/year.tar"
	must '^VERIFIED' t verify "$DIR/$1/year.tar" --policy "$DIR/$1/policy.txt"
	years books "$1" "$CONTRACT"
	cat "$DIR/out"
}

umask 077
svc_database
svc_start
contract_parties cloud lab
must '^ts_' t token new agent --party cloud
AGENT_TOKEN=$(cat "$DIR/out")
export AGENT_TOKEN
year colossus
year accelerators
year reserved
svc_stop
echo "ok"
