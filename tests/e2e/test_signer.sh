#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A signer that runs by itself, as another user where that is possible, on a folder that the service
# cannot read: contracts get their log keys, the service is unready without it and ready again with it.
# Usage: test_signer.sh BUILD_FOLDER FIXTURES
set -u
TALLY=$1/tallystick
. "$(dirname "$0")/../support/service.sh"
svc_begin signer
SIGNER_DIR=$DIR/signer
SOCKET=$DIR/sock/signer.sock
SIGNER=
mkdir -m 0700 "$SIGNER_DIR"
trap 'svc_kill_signer; svc_clean_up' EXIT

svc_kill_signer() {
	[ -z "$SIGNER" ] || kill "$SIGNER" 2>/dev/null
	[ -z "$SIGNER" ] || wait "$SIGNER" 2>/dev/null
	SIGNER=
}

signer_start() {
	if [ "$(id -u)" = 0 ]; then
		chown daemon: "$SIGNER_DIR"
		chmod 0777 "$DIR/sock"
		"$TALLY" signer --set signer_dir="$SIGNER_DIR" --set signer_socket="$SOCKET" --user daemon \
			>"$DIR/signer.log" 2>&1 </dev/null &
	else
		"$TALLY" signer --set signer_dir="$SIGNER_DIR" --set signer_socket="$SOCKET" \
			>"$DIR/signer.log" 2>&1 </dev/null &
	fi
	SIGNER=$!
	tries=0
	until [ -S "$SOCKET" ]; do
		tries=$((tries + 1))
		kill -0 "$SIGNER" 2>/dev/null && [ $tries -lt 100 ] || fail "$(cat "$DIR/signer.log")"
		sleep 0.1
	done
	# the service's user is in no group of the signer's here
	chmod 0666 "$SOCKET"
}

call() { # METHOD PATH [JSON]: status
	curl -sS -o "$DIR/out" -w '%{http_code}' -X "$1" -H "Authorization: Bearer $OPERATOR" \
		${3:+-H "Content-Type: application/json" -d "$3"} "$TALLYSTICK_URL$2"
}

ready() {
	curl -sS -o "$DIR/out" -w '%{http_code}' "http://127.0.0.1:$(svc_port admin_port)/readyz"
}

svc_database
signer_start
svc_start --set signer_socket="$SOCKET" --set signer_dir="$SIGNER_DIR"

for party in orbit atlas; do
	as_server "$TALLY" keygen $party.example/statements "$DIR/state/$party.key" >"$DIR/vkey" ||
		fail "keygen"
	[ "$(call POST /v1/parties "{\"id\":\"$party\",\"name\":\"$party\",\"statement_key\":\"$(cat "$DIR/vkey")\",\"address\":{\"country\":\"US\"}}")" = 201 ] ||
		fail "party $party"
done
[ "$(call POST /v1/contracts '{"provider":"orbit","consumer":"atlas"}')" = 201 ] || fail "contract"
CONTRACT=$(sed -n 's/.*"contract":"\([0-9a-f]*\)".*/\1/p' "$DIR/out")
for log in inputs journal; do
	grep -q "tally.example/$CONTRACT/$log+" "$DIR/out" || fail "no key of the $log log"
	[ -f "$SIGNER_DIR/$CONTRACT.$log.key" ] || fail "the $log key is not the signer's"
done
! find "$DIR/state" -name '*.inputs.key' | grep -q . || fail "a log key lies in the service's folder"

# A second one on the folder is refused; so is one that has nothing to listen on.
if [ "$(id -u)" = 0 ]; then set -- --user daemon; else set --; fi
refused 'another signer works on this folder' t signer --set signer_dir="$SIGNER_DIR" \
	--set signer_socket="$DIR/sock/other" "$@"
refused 'signer_socket' t signer --set signer_dir="$SIGNER_DIR" "$@"

# Nobody looks into it, and it holds nothing open but what it needs.
if [ "$(id -u)" = 0 ]; then
	as_server cat "/proc/$SIGNER/environ" >/dev/null 2>&1 && fail "the signer can be looked at"
	as_server cat "$SIGNER_DIR/$CONTRACT.inputs.key" >/dev/null 2>&1 && fail "the service can read the key"
	[ "$(ls "/proc/$SIGNER/fd" | wc -l)" -le 8 ] || fail "it holds $(ls -l "/proc/$SIGNER/fd")"
fi

[ "$(ready)" = 200 ] || fail "not ready"
svc_kill_signer
rm -f "$SOCKET"
[ "$(ready)" = 503 ] || fail "ready without a signer"
grep -q signer "$DIR/out" || fail "it does not say why"
[ "$(call POST /v1/contracts '{"provider":"orbit","consumer":"atlas"}')" = 503 ] || fail "a contract without keys"
signer_start
[ "$(ready)" = 200 ] || fail "not ready again"
[ "$(call POST /v1/contracts '{"provider":"orbit","consumer":"atlas"}')" = 201 ] || fail "contract again"
svc_end
echo "ok"
