#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_smoke.sh BUILD FIXTURES: the executable as its users meet it, on a private database: set-up,
# service, a contract that both sign, an agent, usage, books; and what must be refused. Exits 77 where
# no PostgreSQL server is installed.
set -u
BUILD=$1
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
TALLY=$BUILD/tallystick
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
svc_begin smoke

get() { curl -sS -H "Authorization: Bearer $TALLYSTICK_TOKEN" "$TALLYSTICK_URL$1"; }
# http CODE TEXT TOKEN PATH [curl options]
http() {
	text=$2
	code=$1
	token=$3
	path=$4
	shift 4
	status "$code" "$token" "$path" "$@"
	grep -q -e "$text" "$DIR/out" || fail "no \"$text\" in: $path"
}

# --- set-up ---------------------------------------------------------------------------------------
# The service runs as the database's user here, never as root, so its files are that user's.
svc_database
expect 2 'required' t init --config "$CONF"
expect 3 'smoke-none' as_server "$TALLY" init --config "$DIR/state/none.conf" --db "host=/nonexistent/smoke-none user=x"
expect 0 'operator token, shown this once: ts_' as_server "$TALLY" init --config "$CONF" --db "$DB" \
	--domain tally.example --listen 127.0.0.1:0
[ ! -e "$DIR/state/none.conf" ] || fail "a failed init left its file"
[ "$(stat -c %a "$CONF")" = 600 ] || fail "the configuration is not private"
expect 0 'there is one already' as_server "$TALLY" init --config "$CONF" --db "$DB" --domain tally.example
expect 1 'other.example' as_server "$TALLY" init --config "$CONF" --db "$DB" --domain other.example
expect 0 '^ts_[0-9a-f]*\.[0-9a-f]*$' as_server "$TALLY" init --config "$CONF" --db "$DB" --print-token
[ "$(wc -l <"$DIR/out")" = 1 ] || fail "more than the token was printed"
expect 0 '^0 of ' t migrate --db "$DB"
expect 3 '' t migrate --db "host=/nonexistent user=x"

# --- the service ----------------------------------------------------------------------------------
user=
[ "$(id -u)" != 0 ] || user='--user postgres'
# shellcheck disable=SC2086
expect 1 '' "$TALLY" serve --config "$CONF" --set key_dir=/nonexistent --set log_file=- $user
svc_start
TALLYSTICK_TOKEN=$OPERATOR
export TALLYSTICK_TOKEN
ready=$(curl -sS "http://127.0.0.1:$(svc_port admin_port)/readyz") || fail "not ready: $ready"
http 200 '"openapi":"3.1' "$OPERATOR" /openapi.json
http 200 '"title": "tallystick/terms/v1"' "$OPERATOR" /v1/terms.schema.json
http 401 'unauthenticated' "ts_0000000000000000.$(printf '0%.0s' $(seq 64))" /v1/contracts
http 404 '' "$OPERATOR" /v1/nothing

# --- two companies, and a stranger ----------------------------------------------------------------
umask 077
for who in provider consumer stranger; do
	expect 0 "^$who.example/statements" t keygen "$who.example/statements" "$DIR/$who.key"
done
expect 1 '' t keygen provider.example/statements "$DIR/provider.key"
address='--country US --city Memphis'
# shellcheck disable=SC2086
expect 0 '"colossus"' t party add colossus --name "Colossus Compute Inc." $address --key "$DIR/provider.key"
# shellcheck disable=SC2086
expect 0 '"lab"' t party add lab --name "Frontier Lab PBC" $address --key "$DIR/consumer.key"
# shellcheck disable=SC2086
expect 0 '"lab"' t party add lab --name "Frontier Lab PBC" $address --key "$DIR/consumer.key"
# shellcheck disable=SC2086
expect 1 'other data' t party add lab --name "Another Lab" $address --key "$DIR/consumer.key"
expect 1 'no such party' t party show nobody
for role in provider_finance agent; do
	expect 0 '^ts_' t token new $role --party colossus
	cp "$DIR/out" "$DIR/$role.token"
done
expect 0 '^ts_' t token new consumer_finance --party lab
cp "$DIR/out" "$DIR/consumer_finance.token"
expect 1 'needs a party' t token new agent
expect 1 'not agent' t token new emperor --party lab
PROVIDER=$(cat "$DIR/provider_finance.token")
CONSUMER=$(cat "$DIR/consumer_finance.token")
AGENT=$(cat "$DIR/agent.token")

# --- a contract -----------------------------------------------------------------------------------
# Terms that can't stand reserve no id.
template=$SOURCE/docs/examples/colossus.terms.json
for break in 's/"half_away_from_zero"/"sideways"/' 's/"currency"/"coin"/' 's/"late"/"later"/' '1s/{/[/'; do
	sed "$break" "$template" >"$DIR/bad.json"
	expect 1 '' t contract new "$DIR/bad.json" --provider colossus --consumer lab --out "$DIR/terms.json"
done
expect 1 'no such party\|nobody' t contract new "$template" --provider colossus --consumer nobody \
	--out "$DIR/terms.json"
[ ! -e "$DIR/terms.json" ] || fail "refused terms were written"
http 200 '"data":\[\]' "$OPERATOR" /v1/contracts
expect 0 '^[0-9a-f]\{32\}$' t contract new "$template" \
	--provider colossus --consumer lab --out "$DIR/terms.json"
CONTRACT=$(cat "$DIR/out")
# (drawn up again, the terms that were signed were overwritten)
expect 1 'never written over' t contract new "$template" --provider colossus --consumer lab \
	--out "$DIR/terms.json"
expect 1 'signed\|version\|statement' t contract sign "$CONTRACT" --key "$DIR/provider.key" \
	--terms "$DIR/terms.json"
expect 0 'offered: version 1, terms [0-9a-f]\{64\}$' t contract offer "$DIR/terms.json"
expect 0 'offered: version 1, terms [0-9a-f]\{64\}$' t contract offer "$DIR/terms.json"
sed 's/"due_days": 30/"due_days": 31/' "$DIR/terms.json" >"$DIR/other.json"
expect 1 'not the bytes' t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$DIR/other.json"
expect 1 'no contract' t contract show 00000000000000000000000000000000
expect 0 'waiting' t contract sign "$CONTRACT" --key "$DIR/provider.key" --terms "$DIR/terms.json"
expect 1 '' t contract sign "$CONTRACT" --key "$DIR/stranger.key" --terms "$DIR/terms.json"
expect 1 'sign first\|must sign' t stream new "$DIR/early" --contract "$CONTRACT" --cluster c1 \
	--from 2026-06-01 --key "$DIR/provider.key" --terms "$DIR/terms.json"
expect 0 'active' t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$DIR/terms.json"
expect 0 'active' t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$DIR/terms.json"
expect 0 '"state": "active"' t contract show "$CONTRACT"
http 409 '' "$OPERATOR" "/v1/contracts/$CONTRACT/terms" -X PUT -H 'Content-Type: application/json' \
	--data-binary "@$DIR/other.json"

# --- usage ----------------------------------------------------------------------------------------
expect 1 '' t stream new "$DIR/wrong" --contract "$CONTRACT" --cluster c1 --from 2026-06-01 \
	--key "$DIR/stranger.key" --terms "$DIR/terms.json"
expect 0 '' t stream new "$DIR/agent" --contract "$CONTRACT" --cluster c1 --from 2026-06-01 \
	--key "$DIR/provider.key" --terms "$DIR/terms.json"
expect 0 '' t stream new "$DIR/agent" --contract "$CONTRACT" --cluster c1 --from 2026-06-01 \
	--key "$DIR/provider.key" --terms "$DIR/terms.json"
# (with a folder that is another stream, the options were ignored)
expect 1 'is another stream' t stream new "$DIR/agent" --contract "$CONTRACT" --cluster c2 \
	--from 2026-06-01 --key "$DIR/provider.key" --terms "$DIR/terms.json"
start=$(($(date -u -d 2026-06-02 +%s) * 1000))
i=0
while [ $i -lt 20 ]; do
	from=$((start + i * 3600000))
	# one hour of 8 devices
	printf 'u1\t%d\t%d\th100\t8000\t28800000000\ton_demand\tjob-%d\tnode-%d\tresearch\n' \
		$from $((from + 3600000)) $i $((i % 4))
	i=$((i + 1))
done >"$DIR/usage.tsv"
TALLYSTICK_TOKEN=$CONSUMER
expect 1 '' t import records "$DIR/usage.tsv" --stream "$DIR/agent"
TALLYSTICK_TOKEN=$AGENT
expect 0 '' t append "$DIR/agent"
expect 0 '20' t import records "$DIR/usage.tsv" --stream "$DIR/agent"
expect 0 '' t append "$DIR/agent"
expect 0 '' t stream close "$DIR/agent" --through 2026-06-30
expect 1 '' t import records "$DIR/missing.tsv" --stream "$DIR/agent"
expect 2 'is no source' t import spreadsheet "$DIR/usage.tsv"
TALLYSTICK_TOKEN=$OPERATOR
http 200 '"workload":"job-19"' "$CONSUMER" "/v1/contracts/$CONTRACT/usage?limit=1000"
http 200 '"has_more":true' "$PROVIDER" "/v1/contracts/$CONTRACT/usage?limit=3"
after=$(sed -n 's/.*"after":"\([0-9.]*\)".*/\1/p' "$DIR/out")
http 200 '"workload":"job-3"' "$PROVIDER" "/v1/contracts/$CONTRACT/usage?limit=3&after=$after"
http 200 'job-7	node-3	research	accepted	-$' "$PROVIDER" "/v1/contracts/$CONTRACT/usage.tsv?limit=1000"
next=$(curl -sS -o "$DIR/out" -D - -H "Authorization: Bearer $PROVIDER" \
	"$TALLYSTICK_URL/v1/contracts/$CONTRACT/usage?sku=h100&limit=2" |
	sed -n 's/^[Ll]ink: <\(.*\)>; rel="next".*/\1/p')
case "$next" in
*"sku=h100&limit=2&after="*) http 200 '"job-3"' "$PROVIDER" "$next" ;;
*) fail "the next page is \"$next\"" ;;
esac
http 400 'cursor' "$PROVIDER" "/v1/contracts/$CONTRACT/usage?after=x"
http 403 '' "$AGENT" "/v1/contracts/$CONTRACT/usage"
http 415 'unsupported_media_type' "$AGENT" "/v1/streams/$(printf '0%.0s' $(seq 32))/append" \
	-H 'Content-Encoding: gzip' --data-binary "@$DIR/usage.tsv"

# --- books ----------------------------------------------------------------------------------------
# A finance token acts for its own side only: the buyer's company has no say as a "provider" here.
expect 0 '^ts_' t token new provider_finance --party lab
OTHER_SIDE=$(cat "$DIR/out")
expect 1 'no contract' t settle "$CONTRACT" --token "$OTHER_SIDE"
expect 1 'no contract' t status "$CONTRACT" --token "$OTHER_SIDE"
expect 1 'no such party' t party show colossus --token "$OTHER_SIDE"
expect 0 '"colossus"' t party show colossus --token "$(cat "$DIR/consumer_finance.token")"
expect 0 '' t settle "$CONTRACT"
http 200 '"workload":"job-7"' "$PROVIDER" "/v1/contracts/$CONTRACT/usage?workload=job-7"
http 200 '"base_quantity":"576000000000"' "$CONSUMER" \
	"/v1/contracts/$CONTRACT/usage/summary?from=2026-06-01T00:00:00Z&to=2026-06-03T00:00:00Z"
expect 0 '' t status "$CONTRACT"
for view in accruals accounts entries trial-balance periods invoices; do
	http 200 '{' "$CONSUMER" "/v1/contracts/$CONTRACT/$view"
done
for period in 1 2026-06; do
	http 200 '"service_month":"2026-06"' "$CONSUMER" "/v1/contracts/$CONTRACT/accruals?period=$period"
done
http 404 'no period 2020-01' "$CONSUMER" "/v1/contracts/$CONTRACT/accruals?period=2020-01"
# The agent has closed the windows of June but for the last: nothing issues before both companies
# accept just that.
accept_the_gap() {
	expect 1 '1 are missing' t invoice issue "$CONTRACT" 2026-06
	expect 0 '29 closed, 0 late, 1 missing' t completeness "$CONTRACT" --period 2026-06
	expect 0 'missing  2026-06-30T00:00:00Z to 2026-07-01T00:00:00Z, 1' \
		t completeness "$CONTRACT" --period 2026-06
	expect 0 '/c1/agent/g1	1782777600000	1782864000000' t completeness list "$CONTRACT" 2026-06
	expect 0 'waiting' t completeness accept "$CONTRACT" 2026-06 --key "$DIR/provider.key"
	hash=$(sed -n 's/^gap \([0-9a-f]*\): .*/\1/p' "$DIR/out")
	expect 1 'nothing is absent' t completeness accept "$CONTRACT" 2026-05 --key "$DIR/provider.key"
	expect 1 '1 are missing' t invoice issue "$CONTRACT" 2026-06
	expect 0 'logged' t statement sign "$CONTRACT" "$hash" --key "$DIR/consumer.key"
}
for month in 2026-05 2026-06; do
	expect 0 '' t close "$CONTRACT" $month
	[ $month != 2026-06 ] || accept_the_gap
	expect 0 'CLX-' t invoice issue "$CONTRACT" $month
	number=$(grep -o 'CLX-[0-9A-Za-z-]*' "$DIR/out" | head -n 1)
	for format in json csv pdf; do
		expect 0 '' t invoice get "$CONTRACT" "$number" --format $format --out "$DIR/invoice.$format"
	done
done
grep -q '%PDF-' "$DIR/invoice.pdf" || fail "no PDF"
# 160 GPU-hours of H100 at 2.40
grep -q '384.00' "$DIR/invoice.json" || fail "the usage is not on the invoice"
grep -q '"completeness":{"closed":29,"expected":30,"gap":[0-9]*,"incomplete":false,"late":0,"missing":1}' \
	"$DIR/invoice.json" || fail "the gap is not in the head"
# How a line came about: the same for both companies and the auditor, in words and as JSON.
expect 0 '^ts_' t token new auditor --contract "$CONTRACT"
AUDITOR=$(cat "$DIR/out")
for token in "$PROVIDER" "$CONSUMER" "$AUDITOR"; do
	expect 0 'measured  *160 GPU-hour of SKU h100' t invoice explain "$CONTRACT" "$number" 1 --token "$token"
	grep -q 'calculation .*160 GPU-hour x 2.40\? USD = 384.00 USD' "$DIR/out" || fail "no calculation"
	grep -q '> tier 1: over 0 to ' "$DIR/out" || fail "no tier"
	grep -q 'rounding  *rounded once, half .*, to 384.00 USD' "$DIR/out" || fail "no rounding"
	grep -q 'signed  *version 1, leaf 0 of the inputs log, statement [0-9a-f]\{64\}' "$DIR/out" || fail "no terms"
	grep -q 'inputs .*all leaves of .*inputs below [0-9]*, as of the end of [0-9-]*$' "$DIR/out" || fail "no log"
	http 200 '"name":"rule"' "$token" "/v1/contracts/$CONTRACT/invoices/$number/lines/1/trace"
	http 200 '"applies":true' "$token" "/v1/invoices/$number/lines/1/trace"
	grep -q '"adjustment":null' "$DIR/out" || fail "nothing was adjusted"
done
http 200 'Owed whatever is used' "$CONSUMER" "/v1/invoices/$number/lines/2/trace"
http 404 'has lines 1 to ' "$CONSUMER" "/v1/invoices/$number/lines/0/trace"
http 404 'has lines 1 to ' "$CONSUMER" "/v1/invoices/$number/lines/one/trace"
http 404 'no document CLX-999' "$CONSUMER" "/v1/invoices/CLX-999/lines/1/trace"
http 403 '' "$AGENT" "/v1/invoices/$number/lines/1/trace"
expect 1 '' t close "$CONTRACT" 2029-05
expect 0 "$number" t invoice list "$CONTRACT"

# --- a document of zeros --------------------------------------------------------------------------
# Nothing fixed, nothing used: it is issued all the same, and the journal of both books names it.
python3 - "$template" >"$DIR/free.json" <<'PY'
import json, sys
terms = json.load(open(sys.argv[1]))
for name in ("fees", "minimums"):
    terms.pop(name, None)
print(json.dumps(terms))
PY
expect 0 '' t contract new "$DIR/free.json" --provider colossus --consumer lab --out "$DIR/free.terms"
FREE=$(cat "$DIR/out")
expect 0 'offered: version 1, terms [0-9a-f]\{64\}$' t contract offer "$DIR/free.terms"
for who in provider consumer; do
	expect 0 '' t contract sign "$FREE" --key "$DIR/$who.key" --terms "$DIR/free.terms"
done
expect 0 '0 entries' t close "$FREE" 0
expect 0 'CLX-' t invoice issue "$FREE" 0
number=$(grep -o 'CLX-[0-9A-Za-z-]*' "$DIR/out" | head -n 1)
http 200 '"total":"0.00"' "$CONSUMER" "/v1/contracts/$FREE/invoices"
http 200 '"legs":\[\]' "$CONSUMER" "/v1/contracts/$FREE/entries?document=$number"
[ "$(grep -o '"legs":\[\]' "$DIR/out" | wc -l)" = 2 ] || fail "the journal does not name $number twice"

# Two contracts of one series: a number alone is not enough.
http 409 'several contracts have a document' "$CONSUMER" "/v1/invoices/$number/lines/1/trace"
http 404 'has lines 1 to 0' "$CONSUMER" "/v1/contracts/$FREE/invoices/$number/lines/1/trace"

# --- the end --------------------------------------------------------------------------------------
svc_stop
expect 3 '' t status "$CONTRACT"
echo "smoke: $checks checks passed"
