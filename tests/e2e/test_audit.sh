#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_audit.sh BUILD FIXTURES: what a superuser changes straight in PostgreSQL, triggers switched off,
# the auditor names by table and key; it is quiet before, reads only what is new, and goes on wherever
# it was killed. Exits 77 where no PostgreSQL server is installed.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
# shellcheck source=tests/support/audit.sh
. "$SOURCE/tests/support/audit.sh"
svc_begin audit
trap world_end EXIT
umask 077
world
AUDITOR="host=$DIR/sock dbname=postgres user=ts_auditor"
number() { sed -n 's/.*"'"$1"'": \([0-9]*\).*/\1/p' "$DIR/out" | head -n 1; }

# --- every table that is compared has rows to compare ----------------------------------------------
for table in $(sed -n 's/^X([A-Z]*, "[a-z]*", "\([a-z_, ]*\)".*/\1/p' \
	"$SOURCE/service/auditor/auditor_check.def" | tr -d ' ' | tr ',' '\n' | sort -u); do
	case $table in
	thecatalog | late_cell | fine | credit | prepaid) continue ;; # terms and times that this contract has not
	esac
	[ "$(sql "select exists (select from app.$table)")" = t ] || fail "app.$table is empty: nothing is tested"
done

# --- quiet; then only what is new is read ----------------------------------------------------------
run 0 t audit --db "$AUDITOR" --json
[ "$(number findings)" = 0 ] || fail "findings before anything was changed"
LINES=$(number lines)
[ "$LINES" -gt 800 ] || fail "only $LINES lines were read"
run 0 t audit --db "$AUDITOR" --json
for what in journal_leaves events entries usage_cells; do
	[ "$(number $what)" = 0 ] || fail "$what were read a second time"
done
[ "$(number lines)" -le 10 ] || fail "$(number lines) lines: more than those that nothing has folded"
usage many 2026-07-22 5
run 0 t settle "$CONTRACT"
run 0 t audit --db "$AUDITOR" --json
[ "$(number lines)" -lt 30 ] && [ "$(number lines)" -ge 5 ] || fail "$(number lines) lines for 5 new ones"
[ "$(number events)" = 1 ] && [ "$(number batches)" -le 3 ] || fail "more than the new event and batches"
[ "$(number findings)" = 0 ] || fail "findings after an append"

# --- while others write ----------------------------------------------------------------------------
( # many small uploads, and events in between
	python3 - >"$DIR/usage.tsv" <<'PY'
for i in range(120):
    at = 1785542400000 + i * 3600000
    print("u1", at, at + 3600000, "h200", 1000, 3600000000, "on_demand", "-", "n", "-", sep="\t")
PY
	"$TALLY" import records "$DIR/usage.tsv" --stream "$DIR/many" --no-send >/dev/null &&
		"$TALLY" append "$DIR/many" --token "$AGENT" --batch 1 >/dev/null || touch "$DIR/no-appends"
) &
writer=$!
i=0
while [ $i -lt 8 ] || kill -0 $writer 2>/dev/null; do
	run 0 t settle "$CONTRACT"
	run 0 t audit --db "$AUDITOR"
	i=$((i + 1))
done
wait $writer
[ ! -e "$DIR/no-appends" ] || fail "the appends failed"
run 0 t settle "$CONTRACT"
run 0 t audit --db "$AUDITOR"
t audit --db "host=$DIR/sock dbname=postgres user=ts_service" >"$DIR/out" 2>&1 && fail "the service audits itself"
run 0 t audit --checks
cp "$DIR/out" "$DIR/checks"
while read -r line; do
	grep -q -F -x -e "$line" "$SOURCE/docs/audit.md" || fail "docs/audit.md lacks: $line"
done <"$DIR/checks"

# --- killed at any place, it goes on; the end is the same -------------------------------------------
state() {
	sql "select md5(string_agg(concat_ws('|', contract_id, task, part, day, at, encode(state, 'hex')), E'\n'
		order by contract_id, task, part, day)) from app.audit_progress where task <> 'lost'
		and task not like 'witnesses%'" # they may speak meanwhile
}
run 0 t audit --db "$AUDITOR" --full
ONCE=$(state)
run 0 t audit --db "$AUDITOR" --full --contract "$CONTRACT" --step 7
[ "$(state)" = "$ONCE" ] || fail "in small steps it comes to another state"
"$TALLY" audit --db "$AUDITOR" --full --contract "$CONTRACT" --step 1 >"$DIR/out" 2>&1 &
pid=$!
sleep 0.15
kill -9 $pid 2>/dev/null || fail "it ended before it could be killed"
wait $pid 2>/dev/null
[ "$(state)" != "$ONCE" ] || fail "killed, it had done everything"
i=0
while [ $i -lt 6 ]; do
	"$TALLY" audit --db "$AUDITOR" --contract "$CONTRACT" --step 1 >"$DIR/out" 2>&1 &
	pid=$!
	sleep 0.1$i
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	i=$((i + 1))
done
until_sql 10 "select not exists (select from pg_locks where locktype = 'advisory')"
run 0 t audit --db "$AUDITOR" --contract "$CONTRACT"
[ "$(state)" = "$ONCE" ] || fail "after kills it comes to another state"

# --- the database goes away in the middle ----------------------------------------------------------
SVC_EXPECTED=equivocation
svc_stop
"$TALLY" audit --db "$AUDITOR" --full --contract "$CONTRACT" --step 1 --json >"$DIR/out" 2>"$DIR/err" &
pid=$!
sleep 0.2
as_server "$PG/pg_ctl" -D "$DIR/pg" -m immediate -w -s stop >/dev/null || fail "pg stop"
sleep 1
kill -0 $pid 2>/dev/null || fail "it gave up: $(cat "$DIR/err")"
as_server "$PG/pg_ctl" -D "$DIR/pg" -l "$DIR/pg/log" -w -s start \
	-o "-c listen_addresses='' -c unix_socket_directories='$DIR/sock' -c max_connections=60" \
	>/dev/null || fail "pg start"
wait $pid || fail "not quiet after a restart of the database"
[ "$(state)" = "$ONCE" ] || fail "after a restart it comes to another state"
as_server "$PG/pg_ctl" -D "$DIR/pg" -m fast -w -s stop >/dev/null || fail "pg stop"
t audit --db "$AUDITOR" --patience 1 >"$DIR/out" 2>&1
[ $? = 3 ] || fail "without a database it does not say: try again"
as_server "$PG/pg_ctl" -D "$DIR/pg" -l "$DIR/pg/log" -w -s start \
	-o "-c listen_addresses='' -c unix_socket_directories='$DIR/sock' -c fsync=off" \
	>/dev/null || fail "pg start"

# --- copies to tamper with: the large contract only where it is the point --------------------------
pg() { # PROGRAM ARGUMENTS...
	program=$1
	shift
	as_server "$PG/$program" -h "$DIR/sock" -U ts_admin "$@" || fail "$program $*"
}
pg createdb -T postgres small
pg psql -XAtq -v ON_ERROR_STOP=1 -d small <<SQL >/dev/null
set session_replication_role = replica;
do \$\$
declare t regclass;
begin
	for t in select c.oid::regclass from pg_class c join pg_attribute a on a.attrelid = c.oid
			where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
				and a.attname = 'contract_id' loop
		execute format('delete from %s where contract_id > $ID', t);
	end loop;
end \$\$;
vacuum full;
SQL

# --- tampering --------------------------------------------------------------------------------------
rows=0 bad=0
# tamper MODE TABLE KEY: the SQL on standard input, in a copy of the database, which goes again. Modes: see
# audit_tamper.sql.
tamper() {
	rows=$((rows + 1))
	statement=$(cat)
	mode=$1 table=$2 key=$3
	[ "$mode" = big ] && from=postgres || from=small
	pg createdb -T $from work
	as_server "$PG/psql" -XAtq -v ON_ERROR_STOP=1 -h "$DIR/sock" -U ts_admin -d work \
		-c "set session_replication_role = replica" -c "$statement" >"$DIR/out" 2>"$DIR/err" ||
		fail "row $rows: $statement"
	set -- --db "host=$DIR/sock dbname=work user=ts_auditor" --json
	case $mode in
	full) set -- "$@" --contract "$CONTRACT" --full ;;
	next) set -- "$@" --contract "$CONTRACT" ;;
	big) set -- "$@" --contract "$BIG" --full ;;
	all) ;;
	*) fail "mode $mode" ;;
	esac
	"$TALLY" audit "$@" >"$DIR/out" 2>"$DIR/err"
	code=$?
	python3 - "$table" "$key" "$DIR/out" <<'PY' || {
import json, re, sys
table, key, path = sys.argv[1:]
try:
    parts = json.load(open(path))["parts"]
except ValueError:
    sys.exit("no report")
found = [f for part in parts for f in part["findings"]]
if not any(f["table"] == table and re.search(key, f["key"]) for f in found):
    for f in found:
        print("   ", f["table"], f["key"], f["check"], f["expected"][:90], "|", f["actual"][:90])
    sys.exit(1)
PY
		bad=$((bad + 1))
		echo "not found, or not by $table $key ($mode, exit $code): $statement"
		head -n 3 "$DIR/err"
		code=1
	}
	[ $code = 1 ] || fail "exit $code with a finding: $statement"
	pg dropdb --force work
}
# The rows are in a file of their own: mode, table, key, and below them the SQL, up to an empty line.
while read -r mode table key; do
	case $mode in '' | '#'*) continue ;; esac
	statement=
	while IFS= read -r line && [ -n "$line" ]; do
		statement="$statement
$line"
	done
	printf '%s\n' "$statement" | sed "s/:id/$ID/g" >"$DIR/sql"
	tamper "$mode" "$table" "$key" <"$DIR/sql"
done <"$SOURCE/tests/e2e/audit_tamper.sql"
[ $bad = 0 ] || fail "$bad of $rows changes were not found"
[ $rows -ge 40 ] || fail "only $rows rows"
for from in postgres small; do # they are still what they were
	run 0 t audit --db "host=$DIR/sock dbname=$from user=ts_auditor" --full
done
echo "audit: $rows changes, each found"
