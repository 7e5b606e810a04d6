#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_late.sh BUILD: usage that comes too late for its period, by the command line: it is listed and not
# billed; with both companies' consent the next document bills exactly what was listed. The bundle
# verifies, a full audit finds nothing, and notices rows that say otherwise. Exits 77 where PostgreSQL is
# absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
svc_begin late
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"

umask 077
svc_database
svc_start
contract_parties cloud lab
must '^ts_' t token new agent --party cloud
AGENT=$(cat "$DIR/out")
# usage is late as soon as a later tick finds it behind the cut
sed 's/"late_usage_until_days": *400/"late_usage_until_days": 0/' \
	"$SOURCE/docs/examples/prepaid.terms.json" >"$DIR/template.json"
contract_sign "$DIR/template.json" cloud lab "$DIR/terms.json"
meter() { # NAME FROM TO GPUS: a month's lines of a meter of its own
	must . t simulate --gpus "$4" --from "$2" --to "$3" --seed 5 --sku h100 --out "$DIR/$1.tsv"
	must . t stream new "$DIR/$1" --contract "$CONTRACT" --cluster "$1" --agent meter \
		--from 2026-05-01 --key "$DIR/provider.key" --terms "$DIR/terms.json"
	must . t import records "$DIR/$1.tsv" --stream "$DIR/$1" --allow-future --token "$AGENT" \
		--close-through 2026-09-01
}
month() { # PERIOD
	must . t close "$CONTRACT" "$1"
	must '^PRE-' t invoice issue "$CONTRACT" "$1"
}
hash() { sed -n 's/^consent \([0-9a-f]*\): .*/\1/p' "$DIR/out"; }

meter first 2026-05-01 2026-06-01 16
month 2026-05
must 'nothing came too late' t late "$CONTRACT"
refused 'waits for a consent' t late accept "$CONTRACT" 2026-05 --key "$DIR/consumer.key"
meter second 2026-05-10 2026-05-11 8
must . t settle "$CONTRACT"
must '^2026-05: [1-9][0-9]* quarter-hours' t late "$CONTRACT"
must 'h100	on_demand' t late list "$CONTRACT" 2026-05
cp "$DIR/out" "$DIR/list"
refused 'no period' t late list "$CONTRACT" 2024-01
refused 'waits for a consent' t late accept "$CONTRACT" 2026-06 --key "$DIR/consumer.key"
expect 2 'needed' t late accept "$CONTRACT" 2026-05
expect 2 '' t late accept "$CONTRACT"
must waiting t late accept "$CONTRACT" 2026-05 --key "$DIR/consumer.key"
first=$(hash)
# one more late meter: the list that the consumer signed is not the list any more
meter third 2026-05-12 2026-05-13 8
must . t settle "$CONTRACT"
refused 'what came too late for the period has' t statement sign "$CONTRACT" "$first" --key "$DIR/provider.key"
must waiting t late accept "$CONTRACT" 0 --key "$DIR/consumer.key"
must logged t statement sign "$CONTRACT" "$(hash)" --key "$DIR/provider.key"
must . t settle "$CONTRACT"
must 'nothing came too late' t late "$CONTRACT"
month 2026-06
must . t invoice get "$CONTRACT" PRE-000002
cp "$DIR/out" "$DIR/june.json"
python3 - "$DIR" <<'PY' >"$DIR/err" 2>&1 || fail "June's document"
import json, sys
from decimal import Decimal as D, ROUND_HALF_UP
dir = sys.argv[1]
used = lambda name: sum(int(f[5]) for f in (l.split("\t") for l in open("%s/%s.tsv" % (dir, name)))
	if f[0] == "u1" and f[6] == "on_demand")
money = lambda q: (D(q) / D(3600000000) * D("2.40")).quantize(D("0.01"), ROUND_HALF_UP)
late = used("second") + used("third")
assert late > 0 and used("second") > 0 and used("third") > 0
lines = [l for l in json.load(open(dir + "/june.json"))["body"]["lines"] if l["period"] == "2026-05" and l["kind"] == "usage"]
assert lines and all(l["adjusts"] == "PRE-000001" for l in lines), lines
want = money(used("first") + late) - money(used("first"))
assert sum(D(l["amount"]) for l in lines) == want, (lines, want)
listed = [l.rstrip("\n").split("\t") for l in open(dir + "/list")]
assert sum(int(f[5]) for f in listed) == sum(int(l.split("\t")[5]) for l in open(dir + "/second.tsv") if l[:2] == "u1")
PY
must . t bundle "$CONTRACT" --period 2026-06 --out "$DIR/late.tar"
must '' t policy "$DIR/terms.json" --out "$DIR/policy.txt"
svc_stop
unset TALLYSTICK_URL TALLYSTICK_TOKEN
must '^VERIFIED' t verify "$DIR/late.tar" --policy "$DIR/policy.txt"
for change in 'app.period set late_from = late_from + 1 where idx = 0' 'app.late_cell set quantity = 1'; do
	as_server "$PG/psql" -XAtq "$DB" -c "create table kept_p as table app.period; create table kept_l as table app.late_cell;
		update $change" >"$DIR/out" 2>&1 || fail "$change"
	refused 'late\|period' t audit --full --db "host=$DIR/sock dbname=postgres user=ts_auditor"
	as_server "$PG/psql" -XAtq "$DB" -c "set session_replication_role = replica;
		delete from app.period; insert into app.period table kept_p; drop table kept_p;
		delete from app.late_cell; insert into app.late_cell table kept_l; drop table kept_l" >"$DIR/out" 2>&1 ||
		fail "back again"
done
svc_audit
echo "late: $checks checks passed"
