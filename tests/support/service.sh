# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by tests of the executable: a private PostgreSQL and a service on it, both gone when the
# test ends. The test sets TALLY (the executable) and calls svc_begin NAME first. Sets DIR, DB, CONF,
# LOG, TALLYSTICK_URL and OPERATOR (a token).

as_server() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
	else
		"$@"
	fi
}

svc_clean_up() {
	if [ -n "$SERVICE" ]; then
		kill "$SERVICE" 2>/dev/null
		wait "$SERVICE" 2>/dev/null
	fi
	[ ! -d "$DIR/pg" ] || as_server "$PG/pg_ctl" -D "$DIR/pg" -m immediate -s stop >/dev/null 2>&1
	rm -rf "$DIR"
}

fail() {
	echo "FAIL: $*"
	for file in "$DIR/out" "$DIR/err" "$DIR/serve"; do
		[ ! -s "$file" ] || tail -n 15 "$file" | sed 's/^/  | /'
	done
	[ ! -s "$LOG" ] || tail -n 10 "$LOG" | sed 's/^/  log: /'
	exit 1
}

# The folder, and its end. Exits 77 where the executable or PostgreSQL is missing.
svc_begin() {
	[ -x "$TALLY" ] || {
		echo "skipped: $TALLY is not built"
		exit 77
	}
	PG=${TS_PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}
	[ -x "$PG/initdb" ] || {
		echo "skipped: no PostgreSQL server is installed (initdb not found)"
		exit 77
	}
	SERVICE=
	DIR=$(mktemp -d "/tmp/ts-$1-XXXXXX")
	LOG=$DIR/state/log
	CONF=$DIR/state/tally.conf
	trap svc_clean_up EXIT
	trap 'exit 1' INT TERM HUP
	: >"$DIR/out"
	: >"$DIR/err"
	chmod 0711 "$DIR"
	mkdir "$DIR/sock" "$DIR/pg" "$DIR/state"
	chmod 0700 "$DIR/state"
	[ "$(id -u)" != 0 ] || chown postgres: "$DIR/sock" "$DIR/pg" "$DIR/state"
	cp "$TALLY" "$DIR/tallystick"
	chmod 0755 "$DIR/tallystick"
	TALLY=$DIR/tallystick
}

svc_database() {
	as_server "$PG/initdb" -D "$DIR/pg" -U ts_admin --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
		--no-sync >"$DIR/out" 2>"$DIR/err" || fail "initdb"
	as_server "$PG/pg_ctl" -D "$DIR/pg" -l "$DIR/pg/log" -w -s start \
		-o "-c listen_addresses='' -c unix_socket_directories='$DIR/sock' -c max_connections=60" \
		>"$DIR/out" 2>"$DIR/err" || fail "pg_ctl start"
	DB="host=$DIR/sock dbname=postgres user=ts_admin"
}

svc_port() { sed -n 's/.*"event":"started".*"'"$1"'":\([0-9]*\).*/\1/p' "$LOG"; }

# svc_start [serve options]: on free ports; settle runs only when it is asked to.
svc_start() {
	OPERATOR=$(as_server "$TALLY" init --config "$CONF" --db "$DB" --domain tally.example \
		--listen 127.0.0.1:0 --print-token 2>"$DIR/err") || fail "init"
	[ "$(id -u)" != 0 ] || set -- --user postgres "$@"
	"$TALLY" serve --config "$CONF" --set admin_listen=127.0.0.1:0 --set tick_s=0 \
		--set log_file="$LOG" "$@" >"$DIR/serve" 2>&1 </dev/null &
	SERVICE=$!
	svc_tries=0
	until grep -q '"event":"started"' "$LOG" 2>/dev/null; do
		svc_tries=$((svc_tries + 1))
		kill -0 "$SERVICE" 2>/dev/null && [ $svc_tries -lt 200 ] || fail "the service did not start"
		sleep 0.1
	done
	TALLYSTICK_URL=http://127.0.0.1:$(svc_port port)
	export TALLYSTICK_URL
}

# Also checks that it ends well and logged no error, but for those that match SVC_EXPECTED.
svc_stop() {
	kill -TERM "$SERVICE"
	wait "$SERVICE" || fail "the service did not end well"
	SERVICE=
	! grep '"level":"error"' "$LOG" | grep -q -v "${SVC_EXPECTED:-^\$}" || fail "errors were logged"
}
