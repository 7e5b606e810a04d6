#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Webhooks from cause to receiver: the built service, its own receiver, real HTTP. $1 is the build.
set -u
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
TALLY=$1/tallystick
. "$SOURCE/tests/support/service.sh"
. "$SOURCE/tests/support/contract.sh"
svc_begin webhooks
svc_database
svc_start --set webhook_loopback=1 --set webhook_poll_ms=50 --set webhook_retry_ms=50 \
	--set webhook_give_up_s=6
contract_begin

CAUGHT=$DIR/caught
PORT=$((20000 + $$ % 10000))
# hook TOKEN PATH [options]: a new endpoint; HOOK and SECRET are its own
hook() {
	who=$1 path=$2
	shift 2
	must 'secret whsec_' t webhook add "http://127.0.0.1:$PORT/$path" --token "$who" "$@"
	HOOK=$(sed -n 's/^\(we_[0-9a-f]*\) .*/\1/p' "$DIR/out")
	SECRET=$(sed -n 's/^secret //p' "$DIR/out")
}
# receive SECRET COUNT [options]: in the background; its output is in $CAUGHT
receive() {
	secret=$1 count=$2
	shift 2
	: >"$CAUGHT"
	"$TALLY" webhook listen --secret "$secret" --port $PORT --count "$count" "$@" \
		>"$CAUGHT" 2>&1 </dev/null &
	RECEIVER=$!
}
# received CODE: the receiver ended so within 20 s
received() {
	tries=0
	while kill -0 $RECEIVER 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || { cat "$CAUGHT"; kill $RECEIVER; fail "the receiver waits"; }
		sleep 0.1
	done
	wait $RECEIVER
	code=$?
	[ $code = "$1" ] || { cat "$CAUGHT"; fail "the receiver ended with $code, not $1"; }
}
caught() { grep -q -e "$1" "$CAUGHT" || { cat "$CAUGHT"; fail "not caught: $1"; }; }
# shown TEXT COMMAND...: within 10 s
shown() { within 10 "$@"; }

# --- who may be called ----------------------------------------------------------------------------
for url in https://10.1.2.3/ https://169.254.169.254/latest/meta-data \
	'https://[fd00::1]/' 'https://[::ffff:192.168.1.1]/' https://user:pass@hooks.example/ \
	https://hooks.example/#here ftp://hooks.example/ https:// http://192.168.0.1/ https://0/ \
	https://0x0a000001/; do
	refused '' t webhook add "$url" --token "$CONSUMER"
done
refused 'no event type' t webhook add https://hooks.example/ --type coffee.ready --token "$CONSUMER"
refused '' t webhook list --token "$AGENT"

# --- a test message, once the receiver is there ---------------------------------------------------
hook "$CONSUMER" lab
LAB=$HOOK LAB_SECRET=$SECRET
must '^message msg_' t webhook test "$LAB" --token "$CONSUMER"
shown 'waiting attempts [1-9]' t webhook deliveries "$LAB" --token "$CONSUMER"
shown 'failing since' t webhook list --token "$CONSUMER"
receive "$LAB_SECRET" 1
received 0
caught '^verified msg_'
caught '"type":"webhook.test"'
shown 'webhook.test delivered' t webhook deliveries "$LAB" --token "$CONSUMER"
! t webhook list --token "$CONSUMER" | grep -q 'failing' || fail "it still counts as failing"
refused 'no webhook' t webhook test "$LAB" --token "$PROVIDER" # another company's
! t webhook list --token "$PROVIDER" | grep -q we_ || fail "the other company sees the endpoint"

# --- both companies hear of a cut and of a document; the narrow endpoint only of its types --------
contract_usage 3
receive "$LAB_SECRET" 4
LAB_RECEIVER=$RECEIVER
CAUGHT=$DIR/caught.other
LAB_PORT=$PORT
PORT=$((PORT + 10000))
hook "$PROVIDER" colossus --type document.issued
receive "$SECRET" 2
for period in 2026-05 2026-06; do
	must cut t close "$CONTRACT" $period
	must . t invoice issue "$CONTRACT" $period
done
received 0
caught '"type":"document.issued".*"total":"[0-9]'
! grep -q 'period.cut' "$CAUGHT" || fail "a type that was not asked for"
PORT=$LAB_PORT RECEIVER=$LAB_RECEIVER
CAUGHT=$DIR/caught
received 0
caught '"type":"period.cut".*"period":"2026-05"'
caught '"type":"document.issued".*"period":"2026-06"'
must deleted t webhook remove "$HOOK" --token "$PROVIDER"
refused 'no webhook' t webhook deliveries "$HOOK" --token "$PROVIDER"

# --- how far a minimum is used: each step once, to those who name it ------------------------------
refused 'steps of 5, from 5 to 200 (/thresholds/0)' t webhook add https://hooks.example/ --threshold 7 --token "$CONSUMER"
refused 'thresholds/1' t webhook add https://hooks.example/ --threshold 5 --threshold 205 --token "$CONSUMER"
PORT=$((LAB_PORT + 10000))
hook "$PROVIDER" steps --type threshold.reached --threshold 10 --threshold 20
STEPS=$HOOK
receive "$SECRET" 1
at=$(($(date -u -d "$(date -u -d yesterday +%Y-%m-%d) 10:00" +%s) * 1000))
big() { # WORKLOAD GPU-HOURS: yesterday
	printf 'u1\t%d\t%d\th100\t%d000\t%d\ton_demand\t%s\tnode-0\tresearch\n' "$at" $((at + 3600000)) "$2" \
		$(($2 * 3600000000)) "$1" >"$DIR/big.tsv"
	must . t import records "$DIR/big.tsv" --stream "$DIR/agent" --token "$AGENT"
	must . t settle "$CONTRACT"
}
big big-1 20000 # 48,000.00 of 250,000.00: 19.2 %
received 0
caught '"type":"threshold.reached".*"kind":"minimum","id":"usage-minimum","percent":10,"used":"48000.00","of":"250000.00"'
big big-2 200 # 48,480.00
must 'threshold.reached delivered' t webhook deliveries "$STEPS" --token "$PROVIDER"
[ "$(grep -c threshold.reached "$DIR/out")" = 1 ] || fail "a step was told twice, or one that nobody named"
must 'minimum  *usage-minimum  *[0-9.]* % of 250000.00 USD used' t forecast "$CONTRACT" --periods 2
must '"method"' t forecast "$CONTRACT" --json --token "$CONSUMER"
refused 'periods' t forecast "$CONTRACT" --periods 61
must deleted t webhook remove "$STEPS" --token "$PROVIDER"
PORT=$LAB_PORT

# --- a new secret: both sign meanwhile ------------------------------------------------------------
must 'secret whsec_' t webhook rotate "$LAB" --token "$CONSUMER"
NEW=$(sed -n 's/^secret //p' "$DIR/out")
[ "$NEW" != "$LAB_SECRET" ] || fail "the secret is the old one"
for secret in "$LAB_SECRET" "$NEW"; do
	receive "$secret" 1
	must . t webhook test "$LAB" --token "$CONSUMER"
	received 0
done
must 'secret whsec_' t webhook rotate "$LAB" --overlap 0 --token "$CONSUMER"
LAST=$(sed -n 's/^secret //p' "$DIR/out")
receive "$NEW" 1
must . t webhook test "$LAB" --token "$CONSUMER"
received 1 # the replaced secret signs no more
caught '^BAD'
receive "$LAST" 1
received 0 # the same message, again

# --- two stories of one agent: both companies are told, and have the proof ------------------------
must 'secret whsec_' t webhook add "http://127.0.0.1:$((LAB_PORT + 10000))/colossus" --token "$PROVIDER" \
	--type stream.quarantined
SECRET=$(sed -n 's/^secret //p' "$DIR/out")
cp -r "$DIR/agent" "$DIR/fork"
contract_usage 5
! t status "$CONTRACT" | grep -q ALERT || fail "an alert before there is one"
tail -n 1 "$DIR/usage.tsv" | sed 's/job-/other-/' >"$DIR/other.tsv"
receive "$LAST" 1
LAB_RECEIVER=$RECEIVER
CAUGHT=$DIR/caught.other
PORT=$((LAB_PORT + 10000))
receive "$SECRET" 1
refused 'equivocation' t import records "$DIR/other.tsv" --stream "$DIR/fork" --token "$AGENT"
received 0
caught '"type":"stream.quarantined".*"stream":"'"$STREAM"
PORT=$LAB_PORT RECEIVER=$LAB_RECEIVER
CAUGHT=$DIR/caught
received 0
caught '"type":"stream.quarantined".*"conflict":"[0-9a-f]*"'
must "ALERT: stream $STREAM .*quarantined" t status "$CONTRACT" --token "$CONSUMER"
must '' t conflict fetch "$STREAM" --out "$DIR/conflict" --token "$CONSUMER"
VKEY=$(curl -sS -H "Authorization: Bearer $CONSUMER" "$TALLYSTICK_URL/v1/contracts/$CONTRACT/keys" |
	sed -n 's/.*"stream":"'"$STREAM"'","vkey":"\([^"]*\)".*/\1/p')
must 'signed two logs' env TALLYSTICK_URL=http://127.0.0.1:1 "$TALLY" conflict verify "$DIR/conflict" --key "$VKEY"
refused 'bad_\|malformed' t conflict verify "$DIR/conflict" --key "$(sed -n 's/.*"operator_key": *"\([^"]*\)".*/\1/p' "$DIR/terms.json")"
sed '2y/abcdefghijkl/bcdefghijkla/;2s/^[^ ]*/root/' "$DIR/conflict" >"$DIR/forged"
refused '' t conflict verify "$DIR/forged" --key "$VKEY"
refused 'quarantined' t import records "$DIR/other.tsv" --stream "$DIR/fork" --token "$AGENT"

# --- redirects are failures, 410 ends an endpoint, long failure too --------------------------------
receive "$LAST" 1000 --status 302
must . t webhook test "$LAB" --token "$CONSUMER"
shown 'redirects are not followed' t webhook deliveries "$LAB" --token "$CONSUMER"
kill $RECEIVER
wait $RECEIVER 2>/dev/null
receive "$LAST" 1
received 0
receive "$LAST" 1 --status 410
must . t webhook test "$LAB" --token "$CONSUMER"
received 0
shown "$LAB disabled .*answered 410" t webhook list --token "$CONSUMER"
refused 'disabled' t webhook test "$LAB" --token "$CONSUMER"
must "$LAB enabled" t webhook rotate "$LAB" --token "$CONSUMER"
must . t webhook test "$LAB" --token "$CONSUMER" # nobody listens, for longer than webhook_give_up_s
sleep 6
must . t webhook test "$LAB" --token "$CONSUMER"
shown 'failed attempts' t webhook deliveries "$LAB" --token "$CONSUMER"
shown "$LAB disabled" t webhook list --token "$CONSUMER"

SVC_EXPECTED=equivocation svc_stop

# --- without webhook_loopback: a name that leads inside is not called ------------------------------
LOG=$DIR/state/log2
svc_start --set webhook_poll_ms=50 --set webhook_retry_ms=50
refused 'must be https' t webhook add "http://127.0.0.1:$PORT/" --token "$CONSUMER"
refused 'not a public address' t webhook add "https://127.0.0.1:$PORT/" --token "$CONSUMER"
must 'secret whsec_' t webhook add "https://localhost:$PORT/" --token "$CONSUMER"
HOOK=$(sed -n 's/^\(we_[0-9a-f]*\) .*/\1/p' "$DIR/out")
receive "$LAST" 1
must . t webhook test "$HOOK" --token "$CONSUMER"
shown 'waiting attempts [2-9].*not public: it was not called' t webhook deliveries "$HOOK" --token "$CONSUMER"
kill $RECEIVER
! grep -q verified "$CAUGHT" || fail "it was called"
svc_stop
echo "webhooks: ok"
