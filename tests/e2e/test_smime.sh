#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Signed usage messages through the command line: who signed, for which site, and what is kept.
set -eu
tally=$1/tallystick
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() {
	echo "smime: $1" >&2
	exit 1
}
# refused WORD COMMAND...: fails, and says WORD.
refused() {
	word=$1
	shift
	if "$@" >out 2>&1; then fail "accepted: $*"; fi
	grep -q "$word" out || { cat out; fail "no \"$word\""; }
}

for ca in ca other; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $ca.key -out $ca.pem \
		-days 2 -subj "/C=UK/O=Grid/CN=$ca" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout host-$ca.key -out host-$ca.csr \
		-subj "/C=UK/O=Grid/CN=host.example" 2>/dev/null
	openssl x509 -req -in host-$ca.csr -CA $ca.pem -CAkey $ca.key -CAcreateserial -days 2 \
		-out host-$ca.pem 2>/dev/null
done
cat >message <<'M'
APEL-individual-job-message: v0.3
Site: SITE-A
LocalJobId: 1
WallDuration: 3600
Processors: 4
StartTime: 1700000000
EndTime: 1700003600
%%
Site: SITE-B
LocalJobId: 2
WallDuration: 3600
Processors: 4
StartTime: 1700000000
EndTime: 1700003600
%%
M
openssl smime -sign -text -inkey host-ca.key -signer host-ca.pem -in message -out signed
openssl smime -sign -text -inkey host-other.key -signer host-other.pem -in message -out foreign
openssl smime -sign -nodetach -inkey host-ca.key -signer host-ca.pem -in message -out opaque
printf 'SITE-A\t/C=UK/O=Grid/CN=host.example\n' >signers
printf 'SITE-A\t/C=UK/O=Grid/CN=else.example\n' >nobody
mkdir keep
set -- "$tally" import apel --set ca=ca.pem --set signers=signers --set keep=keep \
	--set processors-sku=core --dry-run --verdicts verdicts

"$@" signed >out || { cat out; fail "a good message was refused"; }
[ "$(cut -f 2,3 verdicts)" = "$(printf 'accepted\t-\nquarantined\tsigner_not_for_site')" ] ||
	{ cat verdicts; fail "verdicts"; }
kept=$(ls keep)
[ "$kept" = "$(sha256sum signed | cut -d ' ' -f 1).eml" ] || fail "kept: $kept"
cmp -s signed "keep/$kept" || fail "kept bytes differ"
"$@" signed >/dev/null && [ "$(ls keep | wc -l)" = 1 ] || fail "kept twice"
"$@" opaque >/dev/null || fail "an opaque message was refused"
refused bad_signature "$@" foreign
refused bad_signature "$@" message
# One byte of the text, and one of the signature.
sed 's/Processors: 4/Processors: 5/' signed >changed
refused bad_signature "$@" changed
refused "is on no list" "$tally" import apel --set ca=ca.pem --set signers=nobody signed
refused "set ca=FILE" "$tally" import apel signed
refused "belong together" "$tally" import apel --set ca=ca.pem signed
refused "no certificates" "$tally" import apel --set ca=message --set signers=signers signed
refused "SITE TAB DN" "$tally" import apel --set ca=ca.pem --set signers=message signed
# One signed and one unsigned file are no delivery: the first one's signature does not carry over.
refused bad_signature "$@" signed message
openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem -days 2 -subj /CN=rsa 2>/dev/null
openssl smime -encrypt -aes256 -in message -out sealed rsa.pem
refused malformed "$@" sealed
echo "smime: passed"
