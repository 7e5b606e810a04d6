#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_witness.sh BUILD FIXTURES: a contract that two witnesses cosign, each a process of its own:
# published only with the quorum, a witness down and back, a document that waits, one that issues
# unwitnessed, and a service restored from a backup, which must sign nothing. Exits 77 where no
# PostgreSQL server is installed.
set -u
BUILD=$1
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
TALLY=$BUILD/tallystick
. "$SOURCE/tests/support/service.sh"
. "$SOURCE/tests/support/contract.sh"
svc_begin witness
W_consumer= W_auditor=
stop_witness() { # NAME [SIGNAL]
	eval "pid=\$W_$1"
	[ -z "$pid" ] || { kill "-${2:-TERM}" "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; }
	eval "W_$1="
}
clean_up() {
	stop_witness consumer
	stop_witness auditor
	svc_clean_up
}
trap clean_up EXIT
sql() { as_server "$PG/psql" -XAtq "$DB" -c "$1"; }
get() { curl -sS -H "Authorization: Bearer $OPERATOR" "$TALLYSTICK_URL$1"; }
admin() { curl -sS "http://127.0.0.1:$(svc_port admin_port)$1"; }
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
start_witness() { # NAME
	rm -f "$DIR/witness-$1/log"
	"$TALLY" witness --config "$DIR/$1.conf" $USER_OPT >"$DIR/$1.out" 2>&1 </dev/null &
	eval "W_$1=$!"
	within 10 '"event":"started"' cat "$DIR/witness-$1/log"
}
start_service() {
	svc_serve --set witness_interval_s=$INTERVAL --set "witnesses=$WITNESSES"
}
# What the contract says of its witnesses, by a Python expression over w.
witnessing() {
	get "/v1/contracts/$ID" | python3 -c 'import json, sys
w = json.load(sys.stdin)["witnessing"]
by = {x["name"]: x for x in w["witnesses"]}
print(eval(sys.argv[1]))' "$1"
}

# --- two witnesses, a service that knows where they are --------------------------------------------
USER_OPT=
[ "$(id -u)" != 0 ] || USER_OPT='--user postgres'
WITNESSES= INTERVAL=1
for who in consumer auditor; do
	mkdir "$DIR/witness-$who"
	t keygen "witness.$who.example/w1" "$DIR/witness-$who/key" --type cosignature \
		>"$DIR/$who.vkey" || fail "keygen"
	port=$(free_port)
	cat >"$DIR/$who.conf" <<TXT
listen = 127.0.0.1:$port
admin_listen = 127.0.0.1:0
witness_key = $DIR/witness-$who/key
witness_dir = $DIR/witness-$who/state
log_file = $DIR/witness-$who/log
TXT
	chmod 0644 "$DIR/$who.conf"
	[ "$(id -u)" != 0 ] || chown -R postgres: "$DIR/witness-$who"
	WITNESSES="$WITNESSES, witness.$who.example/w1=http://127.0.0.1:$port"
done
svc_database
svc_init
start_service

# --- a contract that names both, quorum all --------------------------------------------------------
contract_parties provider consumer
cp "$SOURCE/docs/examples/colossus.terms.json" "$DIR/template.json"
drawn_up() {
	t contract new "$DIR/template.json" --provider provider --consumer consumer --out "$DIR/bad.json" "$@"
}
C=$(cat "$DIR/consumer.vkey"):consumer
A=$(cat "$DIR/auditor.vkey"):auditor
refused /evidence/quorum drawn_up --witness "$C" --witness "$A" --quorum 1
refused /evidence/quorum drawn_up --witness "$C" --quorum none
refused /evidence/quorum drawn_up --witness "$(cat "$DIR/consumer.vkey"):provider"
contract() { # FILE: its id is ID
	contract_sign "$DIR/template.json" provider consumer "$1" --witness "$C" --witness "$A"
	ID=$CONTRACT
}
contract "$DIR/terms.json"
for who in consumer auditor; do
	# shellcheck disable=SC2086
	as_server "$TALLY" witness add "$DIR/terms.json" --config "$DIR/$who.conf" >"$DIR/out" 2>"$DIR/err" ||
		fail "witness add"
	[ "$(wc -l <"$DIR/out")" = 2 ] || fail "not both logs were added"
done

# --- nobody has answered yet: nothing is signed, nothing published ---------------------------------
t close "$ID" 2026-05 >"$DIR/out" 2>"$DIR/err" || fail "close"
[ "$(witnessing 'w["inputs"]["signed"], w["inputs"]["published"]')" = "(0, 0)" ] || fail "signed unasked"
t invoice issue "$ID" 2026-05 >"$DIR/out" 2>"$DIR/err" && fail "issued without witnesses"
grep -q 'waits for its witnesses: witness.consumer.example/w1 has cosigned inputs 0 of 1' "$DIR/err" ||
	fail "it does not name who is missing"
grep -q '\[conflict\]' "$DIR/err" || fail "not a conflict"

# --- one of two: signed, not published -------------------------------------------------------------
start_witness consumer
within 10 True witnessing 'by["witness.consumer.example/w1"]["inputs"]["size"] > 1'
[ "$(witnessing 'w["inputs"]["published"]')" = 0 ] || fail "published by one of two"
[ "$(get "/v1/contracts/$ID/log/inputs/checkpoint" | grep -c not_found)" = 1 ] || fail "readers got it"
t invoice issue "$ID" 2026-05 >"$DIR/out" 2>"$DIR/err" && fail "issued with one of two"
grep -q 'witness.auditor.example/w1 has' "$DIR/err" || fail "the auditor is not named"
! grep -q 'witness.consumer.example/w1 has' "$DIR/err" || fail "the consumer is named"

# --- both: published, the document says cosigned ---------------------------------------------------
start_witness auditor
within 10 True witnessing 'w["inputs"]["published"] == w["inputs"]["signed"] > 0'
within 10 True witnessing 'w["journal"]["published"] == w["journal"]["signed"] > 0'
get "/v1/contracts/$ID/log/inputs/checkpoint" >"$DIR/out"
[ "$(grep -c '^— witness\.' "$DIR/out")" = 2 ] || fail "the published note lacks cosignatures"
NUMBER=$(t invoice issue "$ID" 2026-05 2>"$DIR/err" | sed 's/ .*//') || fail "issue"
[ -n "$NUMBER" ] || fail "no number"
sql "select encode(data, 'escape') from app.log_leaf where log = 0 and kind = 2
	order by idx desc limit 1" >"$DIR/out"
grep -q 'witness cosigned' "$DIR/out" || fail "the issue event does not say cosigned"
t invoice get "$ID" "$NUMBER" --format json --out "$DIR/invoice.json" || fail "invoice get"
! grep -q '"unwitnessed": *true' "$DIR/invoice.json" || fail "the document is marked unwitnessed"
t status "$ID" >"$DIR/out" || fail "status"
grep -q 'quorum all: inputs published to' "$DIR/out" || fail "status shows no quorum"
grep -q 'witness.auditor.example/w1' "$DIR/out" || fail "status shows no witness"
admin /metrics >"$DIR/out"
grep -q 'tallystick_log_published_size{' "$DIR/out" || fail "no metric of what is published"

# --- one is killed: lag is visible, the quorum stays; back, it catches up --------------------------
within 10 True witnessing 'w["inputs"]["published"] == w["inputs"]["signed"]'
stop_witness auditor KILL
BEFORE=$(witnessing 'w["inputs"]["published"]')
t close "$ID" 2026-06 >"$DIR/out" 2>"$DIR/err" || fail "close 2026-06"
within 10 True witnessing "by['witness.consumer.example/w1']['inputs']['size'] > $BEFORE"
within 10 True witnessing 'by["witness.auditor.example/w1"]["error"] is not None'
[ "$(witnessing 'w["inputs"]["published"]')" = "$BEFORE" ] || fail "a witness that is down lowered the quorum"
get "/v1/contracts/$ID/log/inputs/checkpoint" >"$DIR/out"
[ "$(sed -n 2p "$DIR/out")" = "$BEFORE" ] || fail "readers got an unpublished checkpoint"
t invoice issue "$ID" 2026-06 >"$DIR/out" 2>"$DIR/err" && fail "issued while one is down"
within 5 'tallystick_witness_failed_total{witness="witness.auditor' admin /metrics
start_witness auditor
within 15 True witnessing 'w["inputs"]["published"] == w["inputs"]["signed"]'
[ "$(witnessing 'by["witness.auditor.example/w1"]["error"]')" = None ] || fail "the error stays"
within 5 CLX- t invoice issue "$ID" 2026-06
[ "$(sql "select max(n) from (select count(*) n from app.log_cosignature group by contract_id, log, size,
	key_name) x")" = 1 ] || fail "two cosignatures of one witness and size"

# --- a log that is signed all the time: both are asked for the same checkpoint ----------------------
# (each was asked for the newest when its own turn came, and no size had both cosignatures)
stop_witness auditor # so that its turns come at other times than the consumer's
t settle "$ID" >/dev/null 2>"$DIR/err" || fail "settle"
within 10 True witnessing 'by["witness.auditor.example/w1"]["error"] is not None'
sleep 0.4
start_witness auditor
within 10 True witnessing 'by["witness.auditor.example/w1"]["error"] is None'
PUBLISHED=$(sql "select count(*) from app.log_published where log = 0")
i=0
while [ $i -lt 150 ]; do
	t settle "$ID" >/dev/null 2>"$DIR/err" || fail "settle"
	i=$((i + 1))
done
[ "$(sql "select count(*) from app.log_published where log = 0")" -ge $((PUBLISHED + 2)) ] ||
	fail "nothing was published while the log was signed all the time"

# --- unwitnessed: with 0 days it issues at once, and says so ---------------------------------------
sed -i 's/"unwitnessed_after_days": 14/"unwitnessed_after_days": 0/' "$DIR/template.json"
FIRST=$ID
contract "$DIR/terms0.json" # its logs are not made known to the witnesses
t close "$ID" 2026-05 >/dev/null 2>"$DIR/err" || fail "close of the other contract"
t invoice issue "$ID" 2026-05 >"$DIR/out" 2>"$DIR/err" || fail "not issued after 0 days"
sql "select encode(data, 'escape') from app.log_leaf l join app.directory d using (contract_id)
	where log = 0 and kind = 2 and public_id = '$ID' order by idx desc limit 1" >"$DIR/out"
grep -q 'witness unwitnessed' "$DIR/out" || fail "the issue event does not say unwitnessed"
within 10 'no log tally.example' witnessing 'by["witness.auditor.example/w1"]["error"]'
ID=$FIRST

# --- the last witness to answer lets us sign; those before it must hear of it at once ---------------
# (they waited for their next regular turn)
svc_end
INTERVAL=600
sed -i 's/"unwitnessed_after_days": 0/"unwitnessed_after_days": 14/' "$DIR/template.json"
start_service
contract "$DIR/terms1.json"
for who in consumer auditor; do
	as_server "$TALLY" witness add - --config "$DIR/$who.conf" <"$DIR/terms1.json" >/dev/null ||
		fail "witness add"
done
t close "$ID" 2026-05 >/dev/null 2>"$DIR/err" || fail "close of the third contract"
within 10 CLX- t invoice issue "$ID" 2026-05
# A tick hurries nothing: within the interval no witness is asked.
asked() { grep -c '"route":"/add-checkpoint","status":200' "$DIR/witness-consumer/log"; }
for log in inputs journal; do
	within 5 True witnessing "w['$log']['published'] == w['$log']['signed']"
done
# A seal is sent at once, as a cut and an issue are.
BEFORE=$(witnessing 'w["inputs"]["published"]')
t period seal "$ID" 2026-05 --book provider --key "$DIR/provider.key" >/dev/null 2>"$DIR/err" || fail "seal"
within 5 True witnessing "w['inputs']['published'] == w['inputs']['signed'] > $BEFORE"
BEFORE=$(asked)
t settle "$ID" >/dev/null 2>"$DIR/err" || fail "settle of the third contract"
sleep 1
[ "$(asked)" = "$BEFORE" ] || fail "a tick was sent at once"
[ "$(witnessing 'w["inputs"]["published"] < w["inputs"]["signed"]')" = True ] || fail "no lag is shown"
# One that hangs delays neither the other nor the service.
kill -STOP "$W_auditor"
t close "$ID" 2026-06 >/dev/null 2>"$DIR/err" || fail "close with a witness that hangs"
within 5 True witnessing 'by["witness.consumer.example/w1"]["inputs"]["size"] == w["inputs"]["signed"]'
t invoice issue "$ID" 2026-06 >/dev/null 2>"$DIR/err" && fail "issued while one hangs"
kill -CONT "$W_auditor"
within 30 CLX- t invoice issue "$ID" 2026-06
ID=$FIRST
INTERVAL=1
svc_end
start_service

# --- a backup: taken now, then both logs grow, then it is brought back -----------------------------
svc_end
svc_database_stop
cp -a "$DIR/pg" "$DIR/pg.backup"
cp -a "$DIR/state/keys" "$DIR/keys.backup"
svc_database_start
start_service
t close "$ID" 2026-07 >"$DIR/out" 2>"$DIR/err" || fail "close 2026-07"
within 15 True witnessing 'w["inputs"]["published"] == w["inputs"]["signed"]'
TRUE_SIZE=$(witnessing 'w["inputs"]["signed"]')
svc_end
svc_database_stop
mv "$DIR/pg" "$DIR/pg.true" && mv "$DIR/pg.backup" "$DIR/pg"
# The whole machine was restored: the signer has forgotten too, and only the witnesses remember.
mv "$DIR/state/keys" "$DIR/keys.true" && mv "$DIR/keys.backup" "$DIR/state/keys"
svc_database_start
start_service
within 10 unready admin /readyz
grep -q 'bring back the missing leaves' "$DIR/out" || fail "readyz does not say what to do"
# A tick may have come between the look and the stop.
SEEN=$(sed -n "s/.*cosigned size \([0-9]*\) of $ID\/inputs.*/\1/p" "$DIR/out")
[ "${SEEN:-0}" -ge "$TRUE_SIZE" ] || fail "readyz does not say which"
SIGNED=$(witnessing 'w["inputs"]["signed"]')
[ "$SIGNED" -lt "$TRUE_SIZE" ] || fail "nothing was lost: the test shows nothing"
t settle "$ID" >/dev/null 2>&1
t close "$ID" 2026-07 >/dev/null 2>"$DIR/err" || fail "close on the backup"
[ "$(witnessing 'w["inputs"]["signed"]')" = "$SIGNED" ] || fail "a restored backup signed"
# It grew past the true size, by other leaves: now the root tells.
t invoice issue "$ID" 2026-07 >/dev/null 2>"$DIR/err" && fail "issued on a fork"
i=0
while [ "$(sql "select size from app.contract_lock l join app.directory d using (contract_id)
	where what = 0 and public_id = '$ID'")" -le "$TRUE_SIZE" ]; do
	i=$((i + 1))
	[ $i -lt 9 ] || fail "the log does not grow"
	t settle "$ID" >/dev/null 2>"$DIR/err" || fail "settle on the backup"
done
within 10 'another root at size' admin /readyz
[ "$(witnessing 'w["inputs"]["signed"]')" = "$SIGNED" ] || fail "a fork was signed"
within 5 'tallystick_signing_held{.*} 1' admin /metrics
grep -q '"event":"signing_held"' "$LOG" || fail "the log does not say that signing is held"

# --- the true leaves are back: it goes on ----------------------------------------------------------
svc_end
svc_database_stop
mv "$DIR/pg" "$DIR/pg.fork" && mv "$DIR/pg.true" "$DIR/pg"
mv "$DIR/state/keys" "$DIR/keys.fork" && mv "$DIR/keys.true" "$DIR/state/keys"
svc_database_start
start_service
within 10 '"status":"ready"' admin /readyz
t settle "$ID" >/dev/null 2>"$DIR/err" || fail "settle"
within 5 CLX- t invoice issue "$ID" 2026-07
within 15 True witnessing "w['inputs']['published'] == w['inputs']['signed'] > $TRUE_SIZE"
svc_end
! grep -q '"level":"error"' "$LOG" || fail "errors were logged"
for who in consumer auditor; do
	eval "pid=\$W_$who"
	kill -TERM "$pid"
	wait "$pid" || fail "witness $who did not end well"
	eval "W_$who="
done
echo "witness: ok"
