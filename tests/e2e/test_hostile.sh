#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_hostile.sh BUILD FIXTURES: an attacker at the statement, enrolment, append, reading and witness endpoints. All is
# refused, nothing is kept: the logs have the size that they had, the audit is quiet. Exits 77 where PostgreSQL or
# python3-nacl is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
PYTHON=
for python in python3 /usr/bin/python3; do
	[ -n "$PYTHON" ] || ! "$python" -c 'import nacl' 2>/dev/null || PYTHON=$python
done
[ -n "$PYTHON" ] || {
	echo "skipped: python3-nacl is not installed"
	exit 77
}
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
svc_begin hostile

umask 077
svc_database
svc_start
contract_begin
contract_usage 5
run 0 t settle "$CONTRACT"
FIRST=$CONTRACT
mkdir "$DIR/w"
run 0 t keygen witness.example/w1 "$DIR/w/key" --type cosignature
contract_sign "$SOURCE/docs/examples/colossus.terms.json" colossus lab "$DIR/witnessed.json" \
	--witness "$(cat "$DIR/out"):consumer"
WITNESSED=$CONTRACT CONTRACT=$FIRST
cp "$DIR/state/keys/$WITNESSED.inputs.key" "$DIR/inputs.key"
cat >"$DIR/w.conf" <<TXT
listen = 127.0.0.1:0
admin_listen = 127.0.0.1:0
witness_key = $DIR/w/key
witness_dir = $DIR/w/state
log_file = $DIR/w/log
TXT
chmod 0644 "$DIR/w.conf"
[ "$(id -u)" != 0 ] || chown -R postgres: "$DIR/w"
chmod 0644 "$DIR/witnessed.json"
run 0 as_server "$TALLY" witness add "$DIR/witnessed.json" --config "$DIR/w.conf"
as_server "$TALLY" witness --config "$DIR/w.conf" >"$DIR/witness" 2>&1 </dev/null &
within 20 '"event":"started"' cat "$DIR/w/log"
WITNESS=http://127.0.0.1:$(sed -n 's/.*"event":"started".*"port":\([0-9]*\).*/\1/p' "$DIR/w/log")
run 0 t status "$CONTRACT" --json
cp "$DIR/out" "$DIR/before"
AGENT_TOKEN=$AGENT
export AGENT_TOKEN
run 0 "$PYTHON" "$SOURCE/tests/support/hostile_http.py" "$DIR" "$CONTRACT" "$STREAM" "$WITNESSED" "$WITNESS"
cp "$DIR/out" "$DIR/told"
run 0 t status "$CONTRACT" --json
cmp -s "$DIR/before" "$DIR/out" || fail "something was kept"
run 0 t statement list "$CONTRACT"
[ ! -s "$DIR/out" ] || ! grep -q '[0-9a-f]\{64\}' "$DIR/out" || fail "a statement was kept"
! grep '"level":"error"' "$DIR/w/log" || fail "the witness logged an error"
cat "$DIR/told"
svc_stop
