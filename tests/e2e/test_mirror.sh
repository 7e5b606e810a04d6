#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_mirror.sh BUILD FIXTURES: a consumer's own copy of a contract's logs and its replay, from a real
# service: again, killed in the middle, with damaged files, from a server that alters one answer, and
# from one that was restored from a backup. Exits 77 where PostgreSQL is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
svc_begin mirror

umask 077
svc_database
svc_start
contract_parties cloud lab
contract_sign "$SOURCE/docs/examples/colossus.terms.json" cloud lab "$DIR/terms.json"
C=$CONTRACT
run 0 t token new agent --party cloud
AGENT=$(cat "$DIR/out")
run 0 t token new consumer_finance --party lab
LAB=$(cat "$DIR/out")
for n in 1 2; do
	run 0 t stream new "$DIR/agent$n" --contract "$C" --cluster "colo$n" --from 2026-05-01 \
		--key "$DIR/provider.key" --terms "$DIR/terms.json"
done
# usage FROM TO SEED GPUS AGENT
usage() {
	run 0 t simulate --gpus "$4" --from "$1" --to "$2" --seed "$3" --sku h100 --out "$DIR/usage"
	run 0 t import records "$DIR/usage" --stream "$DIR/agent$5" --allow-future --token "$AGENT"
}
usage 2026-05-01 2026-06-01 1 8 1
usage 2026-05-01 2026-06-01 2 8 2
month() {
	run 0 t settle "$C"
	run 0 t close "$C" "$1"
	run 0 t invoice issue "$C" "$1"
}
month 2026-05
M=$DIR/mirror
L=$M/log/$C
mirror() { t mirror "$C" "$M" --policy "$DIR/policy.txt" --token "$LAB" "$@"; }
replay() { t replay "$M" --policy "$DIR/policy.txt"; }
run 0 t policy "$DIR/terms.json" --out "$DIR/policy.txt"

# --- once, and again ---------------------------------------------------------------------------
must "2 streams" mirror
must " 0 new entries" mirror
must "^VERIFIED" replay
tail -n 2 "$DIR/out" >"$DIR/rebuilt"
sed -n 2,3p "$L/journal/checkpoint" | cmp -s - "$DIR/rebuilt" || fail "another root"
run 0 t verify "$M" --policy "$DIR/policy.txt"
run 0 t bundle "$C" --period 2026-05 --out "$DIR/server.tar" --token "$LAB"
run 0 env -u TALLYSTICK_URL "$TALLY" bundle "$C" --period 2026-05 --out "$DIR/own.tar" --from-mirror "$M"
cmp -s "$DIR/server.tar" "$DIR/own.tar" || fail "the mirror makes another bundle than the service"
# without --policy the terms propose one, which is kept
must "compare its keys" t mirror "$C" "$DIR/second" --token "$LAB"
cmp -s "$DIR/policy.txt" "$DIR/second/log/$C/policy.txt" || fail "another policy"
# it is a mirror like the first
for tree in inputs journal; do
	diff -r "$L/$tree" "$DIR/second/log/$C/$tree" >"$DIR/out" || fail "two mirrors of $tree differ"
done
# what the consumer seals is what it computed
run 0 t replay "$M" --policy "$DIR/policy.txt" --state 2026-05 --out "$DIR/may.state"
must logged t period seal "$C" 2026-05 --book consumer --key "$DIR/consumer.key" --state "$DIR/may.state"
run 1 t bundle "$C" --period 2026-06 --out "$DIR/no.tar" --from-mirror "$M"
# the copy is served as it is: every file is what the service answers under that path
find "$L/inputs" "$L/journal" "$L/streams" -path '*tile*' -type f | sed "s|^$M||" >"$DIR/paths"
[ "$(grep -c . "$DIR/paths")" -gt 10 ] || fail "there are hardly any tiles"
while read -r path; do
	curl -sSf -o "$DIR/tile" -H "Authorization: Bearer $LAB" "$TALLYSTICK_URL$path" ||
		fail "the service has no $path"
	cmp -s "$DIR/tile" "$M$path" || fail "the service serves another $path"
done <"$DIR/paths"
run 1 t mirror "$C" "$DIR/none" --policy "$DIR/policy.txt" --token "$AGENT"
run 2 t mirror "$C"
run 1 t mirror x "$DIR/none"

# --- a backup, that somebody restores later ------------------------------------------------------
svc_stop
svc_database_stop
cp -a "$DIR/pg" "$DIR/pg.old"
cp -a "$DIR/state" "$DIR/state.old"
cp -a "$DIR/agent1" "$DIR/agent1.old"
svc_database_start
svc_serve

# --- killed in the middle --------------------------------------------------------------------------
usage 2026-06-01 2026-07-01 3 8 1
usage 2026-06-01 2026-07-01 8 8 2
month 2026-06
python3 "$SOURCE/tests/support/proxy.py" "$TALLYSTICK_URL" "$DIR/port" 2>"$DIR/proxy.err" &
PROXY=$!
while [ ! -s "$DIR/port" ]; do sleep 0.05; done
URL=http://127.0.0.1:$(cat "$DIR/port")
before=$(cat "$L/inputs/checkpoint")
for served in 8 15 20 24; do
	echo "stall $served" >"$DIR/port.rule"
	"$TALLY" mirror "$C" "$M" --policy "$DIR/policy.txt" --token "$LAB" --url "$URL" >"$DIR/out" 2>&1 &
	victim=$!
	sleep 0.4
	kill -9 $victim && wait $victim 2>/dev/null
	[ "$before" = "$(cat "$L/inputs/checkpoint")" ] || fail "accepted before all was there"
	run 0 replay
	cmp -s "$DIR/rebuilt" - <<TXT || fail "the replay of what was accepted has changed"
$(tail -n 2 "$DIR/out")
TXT
done
must "2 streams" mirror
run 0 replay
run 0 t bundle "$C" --period 2026-06 --out "$DIR/server.tar" --token "$LAB"
run 0 t bundle "$C" --period 2026-06 --out "$DIR/own.tar" --from-mirror "$M"
cmp -s "$DIR/server.tar" "$DIR/own.tar" || fail "June: the mirror makes another bundle"
cp -a "$M" "$DIR/kept"

# --- damaged files: replay names each --------------------------------------------------------------
stream=$(ls -S "$L"/streams/*/tile/entries/000 | head -n 1)
document=$(ls "$L"/documents/*.json | head -n 1)
for file in "$stream" "$(dirname "$(dirname "$stream")")/0/000" "$(ls -t "$L"/inputs/tile/entries/000.p/* | head -n 1)" \
	"$(find "$L/streams" -path '*/tile/1/*' -type f | head -n 1)" "$document" "$L/terms/1.json"; do
	[ -f "$file" ] || fail "no such file: $file"
	cp -p "$file" "$DIR/good"
	python3 - "$file" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)
PY
	refused "${file#"$L"/}" replay
	cp -p "$DIR/good" "$file"
done
mv "$stream" "$DIR/good"
refused "${stream#"$L"/}: it is missing" replay
mv "$DIR/good" "$stream"
run 0 replay

# --- a server that alters one answer ---------------------------------------------------------------
number=$(basename "$(dirname "$(dirname "$(dirname "$stream")")")")
for path in inputs/checkpoint journal/checkpoint inputs/tile/entries/000.p/ inputs/tile/0/000.p/ \
	"streams/$number/tile/entries/000" "streams/$number/tile/0/001" "streams/$number/tile/1/000.p/" \
	journal/tile/0/000.p/ journal/tile/entries/000.p/ 'checkpoints?after=0' 'terms?version=1' \
	CLX-000002.json; do
	case $path in
	*.p/) path=$(find "$L" -path "*$path*" -printf '%T@ %p\n' | sort -n | tail -n 1 | sed "s|.*$L||") ;;
	esac
	[ -n "$path" ] || fail "no file to alter"
	rm -rf "$DIR/victim" "$DIR/port.hit"
	echo "flip $path" >"$DIR/port.rule"
	run 1 t mirror "$C" "$DIR/victim" --policy "$DIR/policy.txt" --token "$LAB" --url "$URL"
	[ -e "$DIR/port.hit" ] || fail "nothing was altered: $path"
	[ ! -e "$DIR/victim/log/$C/inputs/checkpoint" ] || fail "accepted although altered: $path"
done
echo none >"$DIR/port.rule"
run 0 t mirror "$C" "$DIR/victim" --policy "$DIR/policy.txt" --token "$LAB" --url "$URL"
run 0 t replay "$DIR/victim" --policy "$DIR/policy.txt"
# an older note shown again
echo "swap /inputs/checkpoint $DIR/second/log/$C/inputs/checkpoint" >"$DIR/port.rule"
refused "rolled back" mirror --url "$URL"
[ "$(ls "$L/inputs/conflicts" | wc -l)" = 2 ] || fail "not both notes are kept"
kill "$PROXY"

# --- restored from the backup: less than before, then another history -------------------------------
svc_stop
svc_database_stop
rm -rf "$DIR/pg" "$DIR/state" "$DIR/agent1"
cp -a "$DIR/pg.old" "$DIR/pg"
cp -a "$DIR/state.old" "$DIR/state"
cp -a "$DIR/agent1.old" "$DIR/agent1"
svc_database_start
svc_serve
rm -rf "$L/inputs/conflicts"
refused "rolled back" mirror
[ "$(ls "$L/inputs/conflicts" | wc -l)" = 2 ] || fail "not both notes are kept"
run 0 replay
# what the restored service has lost is proven by the mirror (operations.md)
run 1 t bundle "$C" --period 2026-06 --out "$DIR/lost.tar" --token "$LAB"
run 0 t bundle "$C" --period 2026-06 --out "$DIR/lost.tar" --from-mirror "$M"
run 0 t verify "$DIR/lost.tar" --policy "$DIR/policy.txt"
usage 2026-06-01 2026-07-01 4 8 1
usage 2026-06-01 2026-07-01 5 8 2
month 2026-06
usage 2026-07-01 2026-07-03 6 8 1
run 0 t settle "$C"
usage 2026-07-03 2026-07-05 7 8 1
run 0 t settle "$C"
refused "forked" mirror
run 0 replay
rm -rf "$L/inputs/conflicts" "$DIR/kept/log/$C/inputs/conflicts"
diff -r "$M" "$DIR/kept" >"$DIR/out" || fail "a refusal changed the mirror"
svc_stop
run 3 t mirror "$C" "$M" --policy "$DIR/policy.txt" --token "$LAB"
echo "mirror: $checks checks passed"
