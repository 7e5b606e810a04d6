#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_pdf.sh BUILD FIXTURES: issued PDFs carry their CSV and are signed under the issuer's
# certificate, P-256 or RSA; poppler's tools agree, and notice what is changed afterwards. Exits 77
# where PostgreSQL or poppler-utils is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
for tool in pdfsig pdfdetach pdffonts pdfinfo openssl; do
	command -v $tool >/dev/null || {
		echo "skipped: $tool is not installed"
		exit 77
	}
done
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
svc_begin pdf

umask 077
# key_pair NAME ALGORITHM...: $DIR/state/NAME.pem and its certificate NAME.crt
key_pair() {
	name=$1
	shift
	openssl req -x509 -nodes -days 30 -subj "/O=Colossus/CN=Colossus Billing $name" "$@" \
		-keyout "$DIR/state/$name.pem" -out "$DIR/state/$name.crt" >"$DIR/out" 2>"$DIR/err" ||
		fail "openssl req"
	[ "$(id -u)" != 0 ] || chown postgres: "$DIR/state/$name.pem" "$DIR/state/$name.crt"
}
key_pair ec -newkey ec -pkeyopt ec_paramgen_curve:prime256v1
key_pair rsa -newkey rsa:2048
key_pair ed -newkey ed25519

svc_database
svc_init
# a key that CMS can't use, a key of another certificate, one that others can read: refused at the start
try() { # TEXT CERT KEY
	checks=$((checks + 1))
	as_server "$TALLY" serve --config "$CONF" --check-config --set document_cert="$DIR/state/$2" \
		--set document_key="$DIR/state/$3" >"$DIR/out" 2>"$DIR/err" && fail "it took $2 and $3"
	said "$1"
}
try 'is not P-256 or RSA' ed.crt ed.pem
try "is not the certificate's key" ec.crt rsa.pem
chmod 0644 "$DIR/state/rsa.pem"
try 'others can read' rsa.crt rsa.pem
chmod 0400 "$DIR/state/rsa.pem"
expect 1 'set together' as_server "$TALLY" serve --config "$CONF" --check-config \
	--set document_cert="$DIR/state/ec.crt"

svc_serve --set document_cert="$DIR/state/ec.crt" --set document_key="$DIR/state/ec.pem"
contract_begin
contract_usage 400
month() {
	must . t close "$CONTRACT" "$1"
	must . t invoice issue "$CONTRACT" "$1"
	must '' t invoice get "$CONTRACT" "$2" --format pdf --out "$DIR/$2.pdf"
}
valid() { # FILE SIGNER
	must 'Signature Validation: Signature is Valid' pdfsig -nocert "$1"
	said "Total document signed"
	said "Signer Certificate Common Name: Colossus Billing $2"
	said 'Signature Type: ETSI.CAdES.detached'
	must "1: CLX" pdfdetach -list "$1"
}
month 2026-05 CLX-000001
valid "$DIR/CLX-000001.pdf" ec
# the attachment is the CSV that the service gives
run 0 pdfdetach -save 1 -o "$DIR/attached.csv" "$DIR/CLX-000001.pdf"
run 0 t invoice get "$CONTRACT" CLX-000001 --format csv --out "$DIR/invoice.csv"
cmp -s "$DIR/attached.csv" "$DIR/invoice.csv" || fail "another CSV is attached"
must '^Title: *Invoice CLX-000001' pdfinfo "$DIR/CLX-000001.pdf"
run 0 pdffonts "$DIR/CLX-000001.pdf"
checks=$((checks + 1))
[ "$(tail -n +3 "$DIR/out" | grep -c ' yes yes yes ')" = "$(tail -n +3 "$DIR/out" | wc -l)" ] || fail "a font is not embedded"

# what is changed afterwards shows
cp "$DIR/CLX-000001.pdf" "$DIR/changed.pdf"
printf '%% more\n' >>"$DIR/changed.pdf"
must 'Not total document signed' pdfsig -nocert "$DIR/changed.pdf"
python3 - "$DIR/CLX-000001.pdf" "$DIR/changed.pdf" <<'PY'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
at = b.index(b"/Title")
b[at + 8] ^= 1
open(sys.argv[2], "wb").write(b)
PY
must 'Digest Mismatch' pdfsig -nocert "$DIR/changed.pdf"

# another key from the next start on; documents keep their own
svc_audit
svc_end
svc_serve --set document_cert="$DIR/state/rsa.crt" --set document_key="$DIR/state/rsa.pem"
month 2026-06 CLX-000002
valid "$DIR/CLX-000002.pdf" rsa
must '' t invoice get "$CONTRACT" CLX-000001 --format pdf --out "$DIR/again.pdf"
cmp -s "$DIR/again.pdf" "$DIR/CLX-000001.pdf" || fail "a document's PDF changed"
svc_stop
echo "$checks checks passed"
