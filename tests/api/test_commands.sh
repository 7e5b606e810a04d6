#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Exit codes and texts of the command line that need no service: $1 is the build folder.
set -u
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
TALLY=$1/tallystick
. "$SOURCE/tests/support/service.sh"
[ -x "$TALLY" ] || { echo "no $TALLY"; exit 77; }
DIR=$(mktemp -d) || exit 1
trap 'rm -rf "$DIR"' EXIT
expect 0 'usage: tallystick COMMAND' t --help
expect 2 'usage: tallystick COMMAND' t
expect 2 'did you mean "serve"' t sevre
expect 2 'unknown command "xyzzy"; see' t xyzzy
# every command has help with an example and the exit codes
for cmd in $(t --help | sed -n '/^commands:/,/^$/s/^  \([a-z-][a-z-]*\) .*/\1/p'); do
	expect 0 'exit codes' t "$cmd" --help
	! grep '.\{81\}' "$DIR/out" || fail "$cmd --help is wider than 80 columns"
	expect 0 "^  .*tallystick $cmd " t "$cmd" --help
	expect 2 'unknown option' t "$cmd" --no-such-option
done
! t --help | grep '.\{81\}' || fail "--help is wider than 80 columns"
# an option that is malformed or missing is wrong usage, not a refusal
expect 2 'is not json, csv, pdf or ubl' t invoice preview x 2026-05 --format xml
expect 2 'is not json, csv, pdf, ubl or xlsx' t invoice get x N-1 --format xml
expect 2 'is needed' t period seal x 2026-05
expect 2 'are needed' t contract new template.json --provider a
# (a template was refused for the offsets that contract new fills in)
expect 0 '' t simulate --gpus 8 --from 2026-06-01 --to 2026-06-02 --sku h100 --out "$DIR/usage.tsv"
expect 0 'h100-on-demand' t rate --terms "$SOURCE/docs/examples/colossus.terms.json" \
	--usage "$DIR/usage.tsv" --explain
sed 's/"UTC"/"Mars\/Olympus"/' "$SOURCE/docs/examples/colossus.terms.json" >"$DIR/mars.json"
expect 1 'Mars/Olympus' t rate --terms "$DIR/mars.json"
echo '{"zone": {"name": "UTC"}, "currency": "USD"' >"$DIR/half.json"
expect 1 'half.json' t rate --terms "$DIR/half.json"
# (a file that is no bundle failed "archive: : expected")
t policy "$SOURCE/tests/vectors/terms/example.json" --out "$DIR/policy.txt" || fail "policy"
expect 1 '^FAILED  *archive: expected ' t verify "$DIR/half.json" --policy "$DIR/policy.txt"
conf=$DIR/t.conf
printf 'listen = 127.0.0.1:0\nhttp_threads = 3\ndb_service = password=hunter2\n' >"$conf"
expect 0 '^http_threads = 3$' t serve --config "$conf" --print-config
expect 0 '^http_threads = 4$' t serve --config "$conf" --set http_threads=4 --print-config
expect 0 'not shown' t serve --config "$conf" --print-config
t serve --config "$conf" --print-config | grep -q hunter2 && fail "a secret is shown"
expect 0 '' t serve --config "$conf" --check-config
echo 'colour = red' >>"$conf"
expect 1 't.conf:4' t serve --config "$conf" --check-config
expect 1 'unknown key "colour"' t serve --config "$conf"
expect 1 'is not in \[1, 64\]' t serve --set http_threads=65
for cmd in serve signer; do
	expect 2 '"http_threads" is not KEY=VALUE' t $cmd --set http_threads
done
expect 1 'cannot open' t serve --config "$DIR/absent" --check-config
expect 1 'tls_cert and tls_key' t serve --set tls_cert=x --check-config
expect 1 'cannot open "x"' t serve --set tls_cert=x --set tls_key=y --check-config
[ "$(id -u)" -ne 0 ] || expect 1 'does not serve as root' t serve
printf 'listen = 127.0.0.1:0\nadmin_listen = 127.0.0.1:0\n' >"$conf"
expect 1 'witness_dir is not configured' t witness --config "$conf"
expect 2 'is no witness command' t witness remove --config "$conf"
expect 2 'needs terms or --log' t witness add --config "$conf"
printf 'witness_dir = %s\nwitness_key = %s\n' "$DIR/memory" "$DIR/witness.key" >>"$conf"
vkey=$(t keygen log.example/0/inputs "$DIR/log.key")
expect 0 '^log.example/0/inputs$' t witness add --log "$vkey" --config "$conf"
expect 0 '^log.example/0/inputs$' t witness add --log "$vkey" --config "$conf" --per-minute 0
grep -qx 'per-minute 0' "$DIR"/memory/*/log || fail "the policy was not changed"
other=$(t keygen log.example/0/inputs "$DIR/other.key")
expect 1 'known under another key' t witness add --log "$other" --config "$conf"
witness=$(t keygen w.example/w1 "$DIR/witness.key" --type cosignature)
expect 1 'a log key has type 1' t witness add --log "$witness" --config "$conf"
expect 1 'do not name w.example/w1' t witness add "$SOURCE/tests/vectors/terms/example.json" \
	--config "$conf"
echo "commands: $checks checks passed"
