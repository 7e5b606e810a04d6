# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by tests of the executable: how a test says what it expects; and a private PostgreSQL with
# a service on it, both gone when the test ends. The test sets TALLY (the executable) and calls
# svc_begin NAME first. Sets DIR, DB, CONF, LOG, TALLYSTICK_URL and OPERATOR (a token).

# --- what is expected -----------------------------------------------------------------------------
checks=0
t() { "$TALLY" "$@"; }

fail() {
	echo "FAIL: $*"
	for file in "$DIR/out" "$DIR/err" "$DIR/serve"; do
		[ ! -s "$file" ] || tail -n 15 "$file" | sed 's/^/  | /'
	done
	[ ! -s "${LOG:-}" ] || tail -n 10 "$LOG" | sed 's/^/  log: /'
	exit 1
}

# run CODE COMMAND...: its exit code; what it says is in $DIR/out and $DIR/err.
run() {
	code=$1
	shift
	checks=$((checks + 1))
	"$@" >"$DIR/out" 2>"$DIR/err" </dev/null
	got=$?
	[ $got = "$code" ] || fail "exit $got, not $code: $*"
}
# said TEXT: the last command said it (a basic regular expression).
said() { grep -q -e "$1" "$DIR/out" "$DIR/err" || fail "nobody said \"$1\""; }
# expect CODE TEXT COMMAND...: exit code, and TEXT in what it says; '' is any.
expect() {
	code=$1
	text=$2
	shift 2
	run "$code" "$@"
	[ -z "$text" ] || grep -q -e "$text" "$DIR/out" "$DIR/err" || fail "no \"$text\" from: $*"
}
must() { expect 0 "$@"; }
refused() { expect 1 "$@"; }
# within SECONDS TEXT COMMAND...: until what it says has the text
within() {
	tries=$(($1 * 10))
	text=$2
	shift 2
	checks=$((checks + 1))
	until
		"$@" >"$DIR/out" 2>"$DIR/err" </dev/null
		grep -q -e "$text" "$DIR/out" "$DIR/err"
	do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "no \"$text\" from: $*"
		sleep 0.1
	done
}
# status CODE TOKEN PATH [curl options]: of the service; the body is in $DIR/out.
status() {
	want=$1
	token=$2
	path=$3
	shift 3
	checks=$((checks + 1))
	got=$(curl -sS -o "$DIR/out" -w '%{http_code}' ${token:+-H "Authorization: Bearer $token"} "$@" \
		"$TALLYSTICK_URL$path" 2>"$DIR/err")
	[ "$got" = "$want" ] || fail "status $got, not $want: $path $*"
}

# --- the service ----------------------------------------------------------------------------------
as_server() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
	else
		"$@"
	fi
}

# Also ends whatever the test has started in the background and left.
svc_clean_up() {
	jobs -p >"$DIR/jobs" # of this shell: not in a pipe, not in $()
	while read -r job; do
		kill "$job" 2>/dev/null
	done <"$DIR/jobs"
	if [ -n "$SERVICE" ]; then
		kill "$SERVICE" 2>/dev/null
		wait "$SERVICE" 2>/dev/null
	fi
	[ ! -d "$DIR/pg" ] || as_server "$PG/pg_ctl" -D "$DIR/pg" -m immediate -s stop >/dev/null 2>&1
	rm -rf "$DIR"
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

svc_database_start() {
	as_server "$PG/pg_ctl" -D "$DIR/pg" -l "$DIR/pg/log" -w -s start \
		-o "-c listen_addresses='' -c unix_socket_directories='$DIR/sock' -c max_connections=60" \
		>"$DIR/out" 2>"$DIR/err" || fail "pg_ctl start"
}
svc_database_stop() {
	as_server "$PG/pg_ctl" -D "$DIR/pg" -m fast -w -s stop >"$DIR/out" 2>"$DIR/err" || fail "pg_ctl stop"
}
svc_database() {
	as_server "$PG/initdb" -D "$DIR/pg" -U ts_admin --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
		--no-sync >"$DIR/out" 2>"$DIR/err" || fail "initdb"
	svc_database_start
	DB="host=$DIR/sock dbname=postgres user=ts_admin"
}

svc_port() { sed -n 's/.*"event":"started".*"'"$1"'":\([0-9]*\).*/\1/p' "$LOG"; }

# The set-up; as often as wanted.
svc_init() {
	OPERATOR=$(as_server "$TALLY" init --config "$CONF" --db "$DB" --domain tally.example \
		--listen 127.0.0.1:0 --print-token 2>"$DIR/err") || fail "init"
}
# svc_serve [serve options]: on free ports, with a new log; settle runs only when it is asked to.
svc_serve() {
	[ "$(id -u)" != 0 ] || set -- --user postgres "$@"
	rm -f "$LOG"
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
svc_start() {
	svc_init
	svc_serve "$@"
}

# What a test has done to the database, the auditor must find in order.
svc_audit() {
	"$TALLY" audit --full --db "host=$DIR/sock dbname=postgres user=ts_auditor" >"$DIR/out" 2>"$DIR/err" ||
		fail "the audit"
}

svc_end() {
	kill -TERM "$SERVICE"
	wait "$SERVICE" || fail "the service did not end well"
	SERVICE=
}
# Also checks that it logged no error, but for those that match SVC_EXPECTED, and that an audit is quiet.
svc_stop() {
	svc_audit
	svc_end
	! grep '"level":"error"' "$LOG" | grep -v "${SVC_EXPECTED:-^\$}" || fail "errors were logged"
}
