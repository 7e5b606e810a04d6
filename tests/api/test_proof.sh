#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The proof of one record: from the service, checked offline by the command and by hand, as
# docs/verify-by-hand.md says; and what must not pass. $1 is the build folder.
set -u
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
TALLY=$1/tallystick
. "$SOURCE/tests/support/service.sh"
. "$SOURCE/tests/support/contract.sh"
svc_begin proof
svc_database
svc_start
contract_begin
contract_usage 300
refused 'no signed checkpoint yet\|conflict' t proof "$STREAM" 7 --out "$DIR/early" --token "$CONSUMER"
must . t settle "$CONTRACT"
VKEY=$(curl -sS -H "Authorization: Bearer $CONSUMER" "$TALLYSTICK_URL/v1/contracts/$CONTRACT/keys" |
	sed -n 's/.*"stream":"'"$STREAM"'","vkey":"\([^"]*\)".*/\1/p')
LOGKEY=$(sed -n 's/.*"inputs_log": *"\([^"]*\)".*/\1/p' "$DIR/terms.json")
[ -n "$VKEY" ] && [ -n "$LOGKEY" ] || fail "no keys: \"$VKEY\" \"$LOGKEY\""

# by_hand DIR: the page's own blocks
sed -n '/^```sh$/,/^```$/{/^```/d;p;}' "$SOURCE/docs/verify-by-hand.md" >"$DIR/by-hand"
[ "$(wc -l <"$DIR/by-hand")" -gt 20 ] || fail "the page has no blocks"
by_hand() { (cd "$1" && AGENT=$2 LOG=$3 exec sh -eu "$DIR/by-hand") >"$DIR/out" 2>"$DIR/err"; }

for index in 0 1 255 256 299; do
	proof=$DIR/proof-$index
	must "line $index of" t proof "$STREAM" $index --out "$proof" --token "$CONSUMER"
	must "ok: line $index" env TALLYSTICK_URL=http://127.0.0.1:1 "$TALLY" proof verify "$proof" \
		--agent "$VKEY" --log "$LOGKEY"
	by_hand "$proof" "$VKEY" "$LOGKEY" || fail "by hand: line $index"
	[ "$(grep -c 'Signature Verified Successfully' "$DIR/out")" = 2 ] || fail "two signatures"
done
must '"line": "u1' t proof "$STREAM" 5 --token "$PROVIDER"
head -c 2 "$DIR/proof-0/record" | grep -q g1 || fail "line 0 is the genesis"

# --- what must not pass ---------------------------------------------------------------------------
refused 'no line' t proof "$STREAM" 100000 --token "$CONSUMER"
refused 'no stream' t proof 00000000000000000000000000000000 1 --token "$CONSUMER"
refused '' t proof "$STREAM" 5 --token "$AGENT"
# bad DIR AGENT LOG: neither the command nor the hand takes it
bad() {
	refused '' t proof verify "$1" --agent "$2" --log "$3"
	! by_hand "$1" "$2" "$3" || fail "by hand: $1 passes"
}
bad "$DIR/proof-255" "$LOGKEY" "$VKEY"
refused 'cosigned' t proof verify "$DIR/proof-255" --agent "$VKEY" --log "$LOGKEY" --quorum 1
cp -r "$DIR/proof-255" "$DIR/line"
sed 's/h100/h200/' "$DIR/proof-255/record" >"$DIR/line/record"
bad "$DIR/line" "$VKEY" "$LOGKEY"
cp -r "$DIR/proof-255" "$DIR/index"
sed '2s/.*/index 254/' "$DIR/proof-255/stream.tlog-proof" >"$DIR/index/stream.tlog-proof"
bad "$DIR/index" "$VKEY" "$LOGKEY"
cp -r "$DIR/proof-255" "$DIR/swap"
cp "$DIR/proof-0/inputs.tlog-proof" "$DIR/swap/inputs.tlog-proof"
sed '2s/.*/index 0/' "$DIR/swap/inputs.tlog-proof" >"$DIR/swap/x" && mv "$DIR/swap/x" "$DIR/swap/inputs.tlog-proof"
bad "$DIR/swap" "$VKEY" "$LOGKEY"
svc_stop
echo "proof: ok"
