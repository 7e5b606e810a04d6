#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bills of clouds and answers of Prometheus through the command line: several gzip files as one
# delivery, codes that a person adds once, refusals that name what is wrong.
set -eu
tally=$1/tallystick
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
fail() {
	echo "clouds: $1" >&2
	exit 1
}
# refused WORD COMMAND...: fails, and says WORD.
refused() {
	word=$1
	shift
	if "$@" >out 2>&1; then fail "accepted: $*"; fi
	grep -q "$word" out || { cat out; fail "no \"$word\""; }
}
# says TEXT COMMAND...: succeeds, and says TEXT.
says() {
	text=$1
	shift
	"$@" >out 2>&1 || { cat out; fail "refused: $*"; }
	grep -q "$text" out || { cat out; fail "no \"$text\""; }
}
run() {
	source=$1
	shift
	"$tally" import "$source" --dry-run --verdicts verdicts "$@"
}

head="bill_payer_account_id,bill_billing_period_start_date,line_item_usage_account_id,line_item_line_item_type"
head="$head,line_item_usage_start_date,line_item_usage_end_date,line_item_product_code,line_item_usage_type"
head="$head,line_item_usage_amount,pricing_unit,line_item_resource_id"
# cur TYPE KIND:INSTANCE AMOUNT RESOURCE
cur() {
	printf '1,2026-06-01T00:00:00Z,2,%s,2026-06-01T00:00:00Z,2026-06-01T01:00:00Z,AmazonEC2,%s,%s,Hrs,%s\n' "$@"
}
{ echo "$head"; cur Usage USW2-BoxUsage:trn1.32xlarge 1 i-1; } | gzip >one.csv.gz
{ echo "$head"; cur Usage BoxUsage:trn9.48xlarge 1 i-2; cur Tax '' 1 ''; } | gzip >two.csv.gz
says '16 GPU-hours' run aws-cur one.csv.gz two.csv.gz
printf 'one.csv.gz:2\taccepted\ntwo.csv.gz:2\tquarantined\ntwo.csv.gz:3\tnot_billable\n' >want
cut -f 1,2 verdicts | cmp -s - want || { cat verdicts; fail "verdicts of two files"; }
cat >site.json <<'J'
{"format":"tallystick/catalog/v1","version":"site","entries":[
{"table":"aws-instance","code":"trn9.48xlarge","sku":"trn9","devices_milli":64000}]}
J
says '80 GPU-hours' run aws-cur --catalog site.json one.csv.gz two.csv.gz
head -c 60 one.csv.gz >cut.csv.gz
refused malformed run aws-cur cut.csv.gz
echo 'a,b' >other.csv
refused 'no column line_item_line_item_type' run aws-cur other.csv

cat >bill.json <<'J'
{"billing_account_id":"0","service":{"id":"6F81-5844-456A"},"sku":{"id":"D","description":"TpuV5p running in Columbus"},"usage_start_time":"2026-06-01 00:00:00 UTC","usage_end_time":"2026-06-01 01:00:00 UTC","export_time":"2026-06-01 05:00:00 UTC","cost":12.5,"currency":"USD","usage":{"amount":921600,"unit":"seconds"},"credits":[{"amount":-0.5}]}
J
says '256 GPU-hours' run gcp-billing bill.json
grep -q 'net 12 USD' verdicts || fail "no net"
says after_watermark run gcp-billing --set exported-until=2026-06-01T04:00:00Z bill.json
refused 'no instant' run gcp-billing --set exported-until=noon bill.json

printf 'BilledCost,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,Id\n1,Usage,6/1/26,6/2/26,7\n' >focus.csv
refused '"Id" is no column' run focus focus.csv
says not_billable run focus --set profile=lenient focus.csv
grep -q 'coerced: time ChargePeriodEnd' verdicts || { cat verdicts; fail "no coercions"; }

# answer NAME LABELS VALUES
answer() {
	printf '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"%s",%s},"values":[%s]}]}}' "$@"
}
labels='"namespace":"team","pod":"p","uid":"u","node":"n","resource":"nvidia_com_gpu","phase":"Running"'
answer kube_pod_status_phase "$labels" '[1780272000,"1"],[1780273800,"1"]' >phase.json
answer kube_pod_container_resource_requests "$labels" \
	'[1780272000,"8"],[1780273800,"8"],[1780275600,"8"]' >requests.json
says '8 GPU-hours' run kubernetes phase.json requests.json
says '12 GPU-hours' run kubernetes requests.json
refused 'name the file with the phases first' run kubernetes requests.json phase.json

answer DCGM_FI_DEV_XID_ERRORS '"UUID":"GPU-1","modelName":"NVIDIA H100","pod":"p"' \
	'[1780272000,"79"],[1780273800,"79"]' >xid.json
says ' 0 GPU-hours\|(0 GPU-hours' run dcgm xid.json
says '1 GPU-hours' run dcgm --set down=excluded_fault xid.json
refused 'never billed' run dcgm --set down=on_demand xid.json
echo "clouds: passed"
