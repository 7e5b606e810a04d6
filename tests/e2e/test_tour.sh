#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_tour.sh BUILD: the README's tour, line by line as it stands there; changed are only the database,
# the ports and what its comments say. Exits 77 where PostgreSQL is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
svc_begin tour
TOUR=$DIR/state/tour
clean_up() {
	[ ! -s "$DIR/state/serve.pid" ] || kill "$(cat "$DIR/state/serve.pid")" 2>/dev/null
	svc_clean_up
}
trap clean_up EXIT
svc_database
as_server "$PG/createdb" -h "$DIR/sock" -U ts_admin tallystick || fail "createdb"

sed -n '/^## A tour/,/^## What/{/^```sh$/,/^```$/{/^```/d;p;}}' "$SOURCE/README.md" >"$DIR/block"
[ "$(grep -c '^tallystick' "$DIR/block")" -gt 8 ] || fail "the README has no tour"
{
	printf '%s\n' 'set -eu' 'cd "$1"' 'PATH=$2:$PATH'
	sed -e "s|host=/run/pg dbname=tallystick user=postgres|host=$DIR/sock dbname=tallystick user=ts_admin|" \
		-e '/^tallystick init/s/$/ >init.out/' \
		-e '/^tallystick serve/s/&.*/--set listen=127.0.0.1:0 --set admin_listen=127.0.0.1:0 --set log_file=log \&/' \
		"$DIR/block" | sed -e '/^tallystick serve/r /dev/fd/3' \
		-e '/^tallystick party add provider/a tallystick party add lab --name Lab --country US --key lab.key' \
		-e '/^tallystick contract sign/a tallystick contract sign $ID --key lab.key --terms terms.json' \
		3<<'TXT'
echo $! >serve.pid
until grep -q '"event":"started"' log 2>/dev/null; do sleep 0.1; done
export TALLYSTICK_URL=http://127.0.0.1:$(sed -n 's/.*"event":"started".*"port":\([0-9]*\).*/\1/p' log)
export TALLYSTICK_TOKEN=$(sed -n 's/^operator token.*: //p' init.out)
TXT
	echo 'kill "$(cat serve.pid)"'
} >"$TOUR"
mkdir "$DIR/state/docs"
cp -r "$SOURCE/docs/examples" "$DIR/state/docs/"
printf '%s\n' 'JobID|State|Start|End|Elapsed|AllocTRES' \
	'1|COMPLETED|2026-05-02T00:00:00|2026-05-02T10:00:00|10:00:00|gres/gpu=8' >"$DIR/state/sacct.log"
[ "$(id -u)" != 0 ] || chown -R postgres: "$DIR/state"
must 'CLX-000001' as_server env -u TALLYSTICK_TOKEN sh "$TOUR" "$DIR/state" "$DIR"
said 'they agree with each other'
said '^2026-05 .* 80 .*GPU-hour$'
! grep '"level":"error"' "$DIR/state/log" || fail "errors were logged"
echo "tour: $checks checks passed"
