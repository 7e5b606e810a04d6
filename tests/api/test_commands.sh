#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Exit codes and texts of the command line that need no service: $1 is the build folder.
set -u
bin=$1/tallystick
[ -x "$bin" ] || { echo "no $bin"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0
# expect CODE PATTERN COMMAND...: exit code, and the pattern somewhere in what is printed
expect() {
	want=$1 pattern=$2
	shift 2
	out=$("$@" 2>&1)
	code=$?
	if [ $code -ne "$want" ] || ! printf '%s\n' "$out" | grep -q -e "$pattern"; then
		printf 'FAILED: %s\n  exit %s, expected %s with "%s"\n%s\n' "$*" $code "$want" \
			"$pattern" "$out"
		failed=1
	fi
}
expect 0 'usage: tallystick COMMAND' "$bin" --help
expect 2 'usage: tallystick COMMAND' "$bin"
expect 2 'did you mean "serve"' "$bin" sevre
expect 2 'unknown command "xyzzy"; see' "$bin" xyzzy
# every command has help with an example and the exit codes
for cmd in $("$bin" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
	expect 0 'exit codes' "$bin" "$cmd" --help
	expect 0 "^  .*tallystick $cmd " "$bin" "$cmd" --help
	expect 2 'unknown option' "$bin" "$cmd" --no-such-option
done
conf=$dir/t.conf
printf 'listen = 127.0.0.1:0\nhttp_threads = 3\ndb_service = password=hunter2\n' >"$conf"
expect 0 '^http_threads = 3$' "$bin" serve --config "$conf" --print-config
expect 0 '^http_threads = 4$' "$bin" serve --config "$conf" --set http_threads=4 --print-config
expect 0 'not shown' "$bin" serve --config "$conf" --print-config
"$bin" serve --config "$conf" --print-config | grep -q hunter2 && { echo 'a secret is shown'; failed=1; }
expect 0 '' "$bin" serve --config "$conf" --check-config
echo 'colour = red' >>"$conf"
expect 1 't.conf:4' "$bin" serve --config "$conf" --check-config
expect 1 'unknown key "colour"' "$bin" serve --config "$conf"
expect 1 'is not in \[1, 64\]' "$bin" serve --set http_threads=65
expect 1 'cannot open' "$bin" serve --config "$dir/absent" --check-config
expect 1 'tls_cert and tls_key' "$bin" serve --set tls_cert=x --check-config
expect 1 'cannot open "x"' "$bin" serve --set tls_cert=x --set tls_key=y --check-config
[ "$(id -u)" -ne 0 ] || expect 1 'does not serve as root' "$bin" serve
printf 'listen = 127.0.0.1:0\nadmin_listen = 127.0.0.1:0\n' >"$conf"
expect 1 'witness_dir is not configured' "$bin" witness --config "$conf"
expect 2 'is no witness command' "$bin" witness remove --config "$conf"
expect 2 'needs terms or --log' "$bin" witness add --config "$conf"
printf 'witness_dir = %s\nwitness_key = %s\n' "$dir/memory" "$dir/witness.key" >>"$conf"
vkey=$("$bin" keygen log.example/0/inputs "$dir/log.key")
expect 0 '^log.example/0/inputs$' "$bin" witness add --log "$vkey" --config "$conf"
expect 0 '^log.example/0/inputs$' "$bin" witness add --log "$vkey" --config "$conf" --per-minute 0
grep -qx 'per-minute 0' "$dir"/memory/*/log || { echo 'the policy was not changed'; failed=1; }
other=$("$bin" keygen log.example/0/inputs "$dir/other.key")
expect 1 'known under another key' "$bin" witness add --log "$other" --config "$conf"
witness=$("$bin" keygen w.example/w1 "$dir/witness.key" --type cosignature)
expect 1 'a log key has type 1' "$bin" witness add --log "$witness" --config "$conf"
root=$(dirname "$0")/../..
expect 1 'do not name w.example/w1' "$bin" witness add "$root/tests/vectors/terms/example.json" \
	--config "$conf"
exit $failed
