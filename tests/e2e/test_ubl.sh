#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_ubl.sh BUILD FIXTURES: a document as UBL by suffix, Accept and command line, checked as its
# receiver would; a contract without the data is billed all the same and told what is missing; terms
# with a wrong digit are refused. Exits 77 where PostgreSQL is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
svc_begin ubl
umask 077
svc_database
svc_start
contract_begin
contract_usage 40
A=$CONTRACT
run 0 t settle "$A"
# A preview says what the document would be; the fee of May is in its period.
run 0 t invoice preview "$A" 2026-05 --format ubl --out "$DIR/preview.xml"
grep -q 'Preview. This is not an invoice.' "$DIR/preview.xml" || fail "the preview does not say so"
must 'every rule is kept' t invoice check "$DIR/preview.xml" --rules peppol
for month in 2026-05 2026-06; do
	run 0 t close "$A" $month
	must '^CLX-' t invoice issue "$A" $month
	! grep -q 'no UBL' "$DIR/err" || fail "$month has no UBL"
done
run 0 t invoice get "$A" CLX-000002 --format ubl --out "$DIR/invoice.xml"
must 'every rule is kept' t invoice check "$DIR/invoice.xml" --rules peppol
must 'every rule is kept' t invoice check "$DIR/invoice.xml"
status 200 "$CONSUMER" "/v1/contracts/$A/invoices/CLX-000002.xml"
cmp "$DIR/out" "$DIR/invoice.xml" || fail "by suffix it is another file"
status 200 "$CONSUMER" "/v1/contracts/$A/invoices/CLX-000002" -H 'Accept: application/xml'
cmp "$DIR/out" "$DIR/invoice.xml" || fail "by Accept it is another file"
# The same totals, the same hash, as in the canonical JSON.
run 0 t invoice get "$A" CLX-000002 --out "$DIR/invoice.json"
python3 - "$DIR/invoice.xml" "$DIR/invoice.json" <<'PY' || fail "UBL and JSON differ"
import hashlib, json, sys
import xml.etree.ElementTree as E
C = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
A = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
raw = open(sys.argv[2], "rb").read()
body = json.loads(raw)["body"]
root = E.parse(sys.argv[1]).getroot()
text = lambda path: root.findtext(path)
total = A + "LegalMonetaryTotal/" + C
assert text(C + "ID") == json.loads(raw)["head"]["number"]
assert text(total + "PayableAmount") == body["total"], body["total"]
assert text(total + "TaxExclusiveAmount") == body["subtotal"]
assert text(A + "TaxTotal/" + C + "TaxAmount") == body["tax"]
assert hashlib.sha256(raw).hexdigest() == text(A + "AdditionalDocumentReference/" + C + "ID")
lines = root.findall(A + "InvoiceLine")
assert [l.findtext(C + "LineExtensionAmount") for l in lines] == [l["amount"] for l in body["lines"]]
counted = [l for l in body["lines"] if l["unit_price"]]
assert counted and all(l["unit"] == "GPU-hour" for l in counted)
assert sum(l.find(C + "InvoicedQuantity").get("unitCode") == "HUR" for l in lines) == len(counted)
PY
# A cent more, a unit that nobody knows: said with the values.
sed 's/>\([0-9]*\)\.00<\/cbc:PayableAmount>/>\1.01<\/cbc:PayableAmount>/; s/"HUR"/"GPUH"/' "$DIR/invoice.xml" >"$DIR/bad.xml"
refused 'BR-CO-16: the amount due for payment (BT-115) does not add up' t invoice check "$DIR/bad.xml"
refused 'BR-CL-23: .*"GPUH" is none of the units' t invoice check "$DIR/bad.xml"
refused '"rule":"BR-CL-23"' t invoice check "$DIR/bad.xml" --json
expect 2 'not auto, en16931 or peppol' t invoice check "$DIR/bad.xml" --rules din
refused 'not well-formed' t invoice check "$SOURCE/README.md"

# Without addresses and units the contract is billed, and UBL is refused with all that is missing.
python3 - "$SOURCE/docs/examples/colossus.terms.json" >"$DIR/plain.json" <<'PY'
import json, sys
terms = json.load(open(sys.argv[1]))
del terms["provider"], terms["consumer"]
for sku in terms["skus"]:
    del sku["unit_code"]
terms["invoice"]["series"] = "PLN-"
json.dump(terms, sys.stdout)
PY
contract_sign "$DIR/plain.json" colossus lab "$DIR/plain.terms"
B=$CONTRACT
run 0 t settle "$B"
refused '/provider/endpoint: missing' t invoice preview "$B" 2026-05 --format ubl
run 0 t close "$B" 2026-05
must '^PLN-000001' t invoice issue "$B" 2026-05
for pointer in /provider/endpoint /consumer/endpoint /provider/registration; do
	grep -q "no UBL: $pointer: missing: " "$DIR/err" || fail "$pointer is not named"
done
status 422 "$CONSUMER" "/v1/contracts/$B/invoices/PLN-000001.xml"
grep -q 'issued without UBL.*consumer/endpoint' "$DIR/out" || fail "the reason is not told"
status 200 "$CONSUMER" "/v1/contracts/$B/invoices/PLN-000001.pdf"
status 200 "$CONSUMER" "/v1/contracts/$B/invoices/PLN-000001"

# The same template, with companies that say it themselves: one from another country, reverse charge.
sed 's/"category": "O", "jurisdiction": "US-TN"/"category": "AE", "jurisdiction": "DE"/; s/"Outside the scope of VAT"/"Reverse charge"/
	s/PLN-/REV-/; s/"divisor": "3600000000"/"divisor": "3600000000", "unit_code": "HUR"/g' "$DIR/plain.json" >"$DIR/reverse.json"
run 0 t keygen cloud.example/statements "$DIR/provider.key2"
run 0 t keygen werk.example/statements "$DIR/consumer.key2"
refused '/payment/iban' t party add cloud --name Cloud --country IE --key "$DIR/provider.key2" --iban IE29AIBK93115212345679
refused '/vat_id' t party add cloud --name Cloud --country IE --key "$DIR/provider.key2" --vat-id IE12
refused '/endpoint/scheme' t party add cloud --name Cloud --country IE --key "$DIR/provider.key2" --endpoint nobody
run 0 t party add cloud --name "Cloud Ltd" --country IE --city Dublin --key "$DIR/provider.key2" --vat-id IE6388047V \
	--endpoint 9935:IE6388047V --contact "A. Byrne" --phone "+353 1 555 0100" --iban IE29AIBK93115212345678 \
	--bic AIBKIE2D --account-name "Cloud Ltd"
run 0 t party add werk --name "Werk GmbH" --country DE --city Berlin --key "$DIR/consumer.key2" --vat-id DE136695976 \
	--endpoint 9930:DE136695976 --registration 0204:04011000-12345-03 --iban DE89370400440532013000
mv "$DIR/provider.key2" "$DIR/provider.key" && mv "$DIR/consumer.key2" "$DIR/consumer.key"
contract_sign "$DIR/reverse.json" cloud werk "$DIR/reverse.terms"
run 0 t settle "$CONTRACT"
run 0 t close "$CONTRACT" 2026-05
must '^REV-000001' t invoice issue "$CONTRACT" 2026-05
! grep -q 'no UBL' "$DIR/err" || fail "no UBL though the companies said all of it"
run 0 t invoice get "$CONTRACT" REV-000001 --format ubl --out "$DIR/reverse.xml"
must 'every rule is kept' t invoice check "$DIR/reverse.xml" --rules peppol
for text in IE29AIBK93115212345678 DE136695976 VATEX-EU-AE 'A. Byrne' AIBKIE2D; do
	grep -q "$text" "$DIR/reverse.xml" || fail "$text is not in the document"
done
! grep -q DE89370400440532013000 "$DIR/reverse.xml" || fail "the buyer's account stands there"

# Terms with a wrong digit are refused where they are drawn up or offered, by pointer.
sed 's/"means": "30", "account": "000123456789"/"means": "58", "iban": "DE89370400440532013001"/' \
	"$SOURCE/docs/examples/colossus.terms.json" >"$DIR/wrong.json"
refused '/provider/payment/iban' sh -c '"$1" contract new "$2" --provider colossus --consumer lab --out "$3" &&
	"$1" contract offer "$3"' - "$TALLY" "$DIR/wrong.json" "$DIR/wrong.terms"

# All of it follows from the logs, both documents' renderings included.
AUDITOR="host=$DIR/sock dbname=postgres user=ts_auditor"
run 0 t audit --db "$AUDITOR" --full
echo "ubl: $checks checks passed"
