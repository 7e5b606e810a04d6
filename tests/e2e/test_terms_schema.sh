#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The schema that the command prints is the file; vectors are valid under it; what is structurally
# wrong is not, and `terms check` says where.
set -eu
bin=$1/tallystick
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$bin" terms schema >"$work/schema.json"
cmp "$work/schema.json" "$root/docs/formats/terms.schema.json"
python3 "$root/tests/e2e/terms_schema.py" "$root" "$work/schema.json"

"$bin" terms check "$root/tests/vectors/terms/full.json" | grep -q ': valid, version 1, USD'
"$bin" terms check "$root/docs/examples/colossus.terms.json" --template | grep -q ': valid'
refused() { # WHERE WORDS sed-program: the file with that change
	sed "$3" "$root/tests/vectors/terms/full.json" >"$work/bad.json"
	if "$bin" terms check "$work/bad.json" 2>"$work/err"; then
		echo "accepted: $3" >&2
		exit 1
	fi
	grep -qF -- "$1" "$work/err" && grep -qF -- "$2" "$work/err" || {
		cat "$work/err" >&2
		exit 1
	}
}
refused /currency '"XYZ" is no ISO 4217 currency' 's/"currency": "USD"/"currency": "XYZ"/'
refused /minimums/1/on/price 'unknown' 's/"on": {"prices": \["b200"\]/"on": {"price": ["b200"]/'
refused /prices/0 'sku "gpu-h1" is not declared' 's/"sku": "gpu-h100",$/"sku": "gpu-h1",/;s/"sku": "gpu-h100", "class": "on/"sku": "gpu-h1", "class": "on/'
refused /zone/name '"Mars/Olympus" is no zone' 's/"name": "Europe.Berlin"/"name": "Mars\/Olympus"/'
if "$bin" terms check 2>"$work/err"; then exit 1; fi
if "$bin" terms check "$work/none.json" 2>"$work/err"; then exit 1; fi
grep -q none.json "$work/err"
