#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_seal.sh BUILD FIXTURES: two months are cut, issued and sealed: each company its own book, by
# its own key, in order; what the other one says to it; an authority's time-stamps. Exits 77 where
# PostgreSQL is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
svc_begin seal

umask 077
svc_database
svc_start
contract_parties cloud lab
contract_sign "$SOURCE/docs/examples/colossus.terms.json" cloud lab "$DIR/terms"
C=$CONTRACT
run 0 t stream new "$DIR/agent" --contract "$C" --cluster c1 --from 2026-05-01 \
	--key "$DIR/provider.key" --terms "$DIR/terms"
run 0 t token new agent --party cloud
AGENT=$(cat "$DIR/out")
run 0 t simulate --gpus 16 --from 2026-05-01 --to 2026-07-01 --seed 3 --sku h100 --out "$DIR/usage"
run 0 t import records "$DIR/usage" --stream "$DIR/agent" --token "$AGENT" \
	--close-through 2026-07-01

seal() { # BOOK MONTH KEY [options]
	book=$1 month=$2 key=$3
	shift 3
	t period seal "$C" "$month" --book "$book" --key "$DIR/$key.key" "$@"
}

# in order: cut, issue, seal; each by its own company
refused "not cut" seal provider 2026-05 provider
run 0 t close "$C" 2026-05
refused "not issued" seal provider 2026-05 provider
run 0 t period state "$C" 2026-05 --out "$DIR/may.state"
[ "$(cat "$DIR/out")" = "$(sha256sum <"$DIR/may.state" | cut -c 1-64)" ] || fail "hash of the state"
head -n 1 "$DIR/may.state" | grep -qx "tallystick/state/v1" || fail "no state"
run 0 t invoice issue "$C" 2026-05
refused "has not signed" seal provider 2026-05 consumer
sed 's/^period.*/period	1/' "$DIR/may.state" >"$DIR/other.state"
refused "not signed" t period seal "$C" 2026-05 --book provider --key "$DIR/provider.key" \
	--state "$DIR/other.state"
run 0 t period seal "$C" 2026-05 --book provider --key "$DIR/provider.key" --state "$DIR/may.state"
said logged
run 0 seal provider 2026-05 provider # again: the same answer
said logged
# (its --token was the time-stamp's file, and the bearer token came from the environment alone)
run 0 env TALLYSTICK_TOKEN= "$TALLY" period show "$C" 2026-05 --token "$OPERATOR"
said "provider: sealed"
said "consumer: not sealed"

# a month later: the state did not change; the consumer has not sealed May, so not June either
run 0 t period state "$C" 2026-05
[ "$(cat "$DIR/out")" = "$(sha256sum <"$DIR/may.state" | cut -c 1-64)" ] || fail "May's state changed"
run 0 t close "$C" 2026-06
run 0 t invoice issue "$C" 2026-06
refused "before is to be sealed first" seal consumer 2026-06 consumer
run 0 seal consumer 2026-05 consumer
run 0 seal consumer 2026-06 consumer
# (a sealed key could not seal a period)
printf 'correct horse battery staple\n' >"$DIR/pass"
run 0 t key seal "$DIR/provider.key" --passphrase-file "$DIR/pass"
run 0 seal provider 2026-06 provider --passphrase-file "$DIR/pass"
run 0 t key unseal "$DIR/provider.key" --passphrase-file "$DIR/pass"

# what the other one says
run 0 t period countersign "$C" 2026-05 --book provider --key "$DIR/consumer.key" \
	--state "$DIR/may.state"
run 0 t period show "$C" 2026-05
said "provider: sealed.*countersignature: signed,"
said "consumer: sealed.*countersignature: none,"
run 0 t period reserve "$C" 2026-05 --book consumer --key "$DIR/provider.key" --reason "D-7 is open"
run 0 t period show "$C" 2026-05
said "consumer: sealed.*countersignature: signed_with_reservations,"
run 0 t period countersign "$C" 2026-05 --book consumer --key "$DIR/provider.key"
run 0 t period show "$C" 2026-05
said "consumer: sealed.*countersignature: signed,"
refused "countersigned by leaf" t period reserve "$C" 2026-05 --book consumer \
	--key "$DIR/provider.key" --reason "too late"

# an authority's time-stamp over the seal, made and checked by openssl ts
(
	cd "$DIR" || exit 1
	printf '%s\n' '[req]' 'distinguished_name=dn' '[dn]' '[tsa]' \
		'extendedKeyUsage=critical,timeStamping' 'basicConstraints=critical,CA:FALSE' \
		'[ca]' 'basicConstraints=critical,CA:TRUE' \
		'[ts]' "serial=$DIR/serial" 'crypto_device=builtin' 'default_policy=1.2.3.4' \
		'digests=sha256' 'signer_digest=sha256' 'ess_cert_id_chain=no' >tsa.cnf
	echo 01 >serial
	for name in tsa stranger; do
		openssl ecparam -name prime256v1 -genkey -noout -out $name.pem &&
			openssl req -x509 -new -key $name.pem -subj "/CN=$name" -days 30 -config tsa.cnf \
				-extensions tsa -out $name.crt || exit 1
	done
) >"$DIR/out" 2>&1 || fail "openssl"
run 0 t period timestamp "$C" 2026-05 --book provider --request "$DIR/query"
run 0 openssl ts -reply -config "$DIR/tsa.cnf" -section ts -queryfile "$DIR/query" \
	-signer "$DIR/tsa.crt" -inkey "$DIR/tsa.pem" -out "$DIR/reply"
run 0 t period timestamp "$C" 2026-05 --book provider --response "$DIR/reply"
said '"authority":.*CN=tsa'
run 0 t period timestamp "$C" 2026-05 --book provider --roots "$DIR/tsa.crt"
said "by /CN=tsa"
refused "vouch" t period timestamp "$C" 2026-05 --book provider --roots "$DIR/stranger.crt"
refused "other bytes" t period timestamp "$C" 2026-05 --book consumer --response "$DIR/reply"
refused "neither a response" t period timestamp "$C" 2026-05 --book provider --response "$DIR/query"
status=$(curl -sS -o "$DIR/token" -w '%{http_code}' -H "Authorization: Bearer $OPERATOR" \
	"$TALLYSTICK_URL/v1/contracts/$C/periods/2026-05/seals/provider/timestamp")
[ "$status" = 200 ] || fail "the token: $status"
curl -sS -o "$DIR/note" -H "Authorization: Bearer $OPERATOR" \
	"$TALLYSTICK_URL/v1/contracts/$C/periods/2026-05/seals/provider"
run 0 openssl ts -verify -data "$DIR/note" -in "$DIR/token" -token_in -CAfile "$DIR/tsa.crt" \
	-untrusted "$DIR/tsa.crt"

svc_stop
echo "seal: $checks checks passed"
