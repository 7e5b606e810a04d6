# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced after service.sh: focus_check FILE FIXTURES loads a FOCUS file into the test's own
# PostgreSQL and asserts its rules in SQL, those of the published table of columns too; and that
# faults are found.
focus_psql() { as_server "$PG/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$DIR/sock" -U ts_admin -d postgres; }

# focus_rules FIXTURES: what the table of columns says, as more SQL.
focus_rules() {
	cat "$SOURCE/tests/support/focus.sql"
	[ -f "$1/invoices/focus/focus-1.2-columns.csv" ] || return 0
	python3 - "$1/invoices/focus/focus-1.2-columns.csv" <<'PY'
import csv, sys
for c in csv.DictReader(open(sys.argv[1])):
    name = c["ColumnId"]
    if c["AllowsNulls"] == "False":
        print(f"union all select 'null in {name}', \"InvoiceId\" from focus where \"{name}\" is null")
    else:
        print(f"union all select 'no {name}', \"{name}\" from focus where false")
    if c["AllowedValues"] and not c["AllowedValues"].startswith("Service"):
        values = ",".join(f"'{v}'" for v in c["AllowedValues"].split(";"))
        print(f"union all select 'value of {name}', \"{name}\" from focus where \"{name}\" not in ({values})")
PY
}

# focus_broken FILE FIXTURES [SQL]: the rules that the rows break, after SQL changed them. All documents of the
# database, in dollars.
focus_broken() {
	{
		echo "create temp table focus ($(head -n 1 "$1" | tr -d '\r' | sed 's/[^,]*/"&" text/g'));"
		echo "copy focus from stdin (format csv, header);"
		tr -d '\r' <"$1"
		echo '\.'
		echo "create temp table invoice as select number as id, (case kind when 1 then -total else total end) *
			(10::numeric ^ -2) as payable from app.document where state = 'issued';"
		echo "${3:-}"
		focus_rules "$2"
		echo ";"
	} | focus_psql 2>&1
}

focus_check() {
	checks=$((checks + 1))
	focus_broken "$1" "$2" >"$DIR/out"
	[ ! -s "$DIR/out" ] || fail "FOCUS rules are broken in $1"
	while IFS='|' read -r rule change; do
		checks=$((checks + 1))
		focus_broken "$1" "$2" "$change;" >"$DIR/out"
		grep -q "^$rule" "$DIR/out" || fail "nobody noticed: $change"
	done <<'TXT'
BilledCost = payable|update focus set "BilledCost" = "BilledCost"::numeric + 0.01 where ctid = (select min(ctid) from focus)
price x quantity|update focus set "PricingQuantity" = '7' where ctid = (select min(ctid) from focus where "PricingQuantity" is not null)
decimal|update focus set "ListCost" = '1e3' where ctid = (select min(ctid) from focus)
instant|update focus set "ChargePeriodEnd" = '2026-06-01 00:00:00'
period|update focus set "ChargePeriodEnd" = "ChargePeriodStart"
usage and purchase|update focus set "SkuId" = null where "ChargeCategory" = 'Usage'
unit with quantity|update focus set "PricingUnit" = null where ctid = (select min(ctid) from focus where "PricingQuantity" is not null)
no such invoice|update focus set "InvoiceId" = 'X'
TXT
}
