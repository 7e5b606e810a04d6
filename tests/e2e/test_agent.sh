#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_agent.sh BUILD FIXTURES: the agent as a platform engineer meets it: what it is linked with, wrong
# configurations, files, a command, a URL, running jobs, a service that is away, a spool that is full, a
# clock that is wrong, its status, metrics and memory, a lost disk; and the invoice of the Slurm rows in
# the end. Exits 77 where PostgreSQL is absent.
set -u
BUILD=$1
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
svc_begin agent
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
# shellcheck source=tests/support/agent.sh
. "$SOURCE/tests/support/agent.sh"

# --- what it is made of
others=$(readelf -d "$A" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
	grep -v -e '^libjansson\.' -e '^libsodium\.' -e '^libcrypto\.' -e '^libcurl\.' -e '^libz\.' -e '^libc\.' \
		-e '^libasan\.' -e '^libubsan\.' -e '^ld-linux')
[ -z "$others" ] || fail "it is linked with $others"

umask 077
svc_database
svc_start
contract_begin
echo "$AGENT" >"$DIR/agent.token"
agent_new slurm k1 --from 2026-06-01

# --- wrong configurations say which line, and what
wrong() { # TEXT SED-SCRIPT
	sed "$2" "$DIR/slurm.conf" >"$DIR/wrong.conf"
	refused "$1" a run "$DIR/wrong.conf" --once
}
wrong 'wrong.conf:3.*unknown\|unknown key' 's/^url/urll/'
wrong 'source is not set' '/^source/d'
wrong 'is none' 's/^source.*/source = spreadsheet/'
wrong '2 are set' '$a command = true'
wrong '0 are set' '/^files/d'
wrong 'given twice' '$a sku = a\nsku = b'
wrong 'not in \[1, 86400\]' '$a collect_s = 0'
wrong 'not clock or records' '$a close_by = hope'
wrong 'setting of slurm' '$a set = color=red'
wrong 'no stream folder' 's|^stream.*|stream = /nonexistent/x|'
wrong 'nonexistent/token' 's|^token_file.*|token_file = /nonexistent/token|'
expect 2 'missing argument' a run
expect 2 'did you mean "run"' a rnu
refused 'no agent has run' a status "$DIR/slurm.conf"
must '^close_by = records$' a run "$DIR/slurm.conf" --check
must '^# seconds between collections' a run "$DIR/slurm.conf" --check

# --- files: new ones, changed ones, unfinished ones, damaged ones
{
	job 1 '2026-06-02 00:00' 10
	job 2 '2026-06-03 12:30' 3
	job 3 '2026-06-04' 5 PENDING Unknown
} | jobs_file "$DIR/slurm.in/day1"
job 99 2026-06-05 1 >"$DIR/slurm.in/unfinished.part"
job 99 2026-06-05 1 >"$DIR/slurm.in/.hidden"
must '' a run "$DIR/slurm.conf" --once
[ "$(count_of slurm rows_accepted_total)" = 2 ] || fail "not two jobs"
[ "$(live slurm 1)" = 288000 ] || fail "job 1"
grep -q 'u1.*	2	' "$DIR/slurm/lines" || fail "job 2 is absent"
[ "$(grep -c '^u1.*	1	node-1' "$DIR/slurm/lines")" = 10 ] || fail "job 1 is not cut at hours"
lines=$(count_of slurm lines)
[ "$(count_of slurm acknowledged)" = "$lines" ] || fail "not all was acknowledged"
[ -z "$(alarms_of slurm)" ] || fail "alarms: $(alarms_of slurm)"
must '' a run "$DIR/slurm.conf" --once
[ "$(count_of slurm files_read_total)" = 0 ] || fail "a file was read again"
{
	job 1 '2026-06-02 00:00' 10
	job 2 '2026-06-03 12:30' 3
	job 3 '2026-06-04 00:00' 5
	job 4 '2026-06-04 06:00' 5 COMPLETED 2026-06-04T05:00:00
} | jobs_file "$DIR/slurm.in/day1"
printf '\037\213\010broken' >"$DIR/slurm.in/day0.gz"
job 5 2026-06-05 2 | jobs_file "$DIR/slurm.in/day2"
expect 3 'file day0.gz' a run "$DIR/slurm.conf" --once
[ "$(count_of slurm rows_duplicate_total) $(count_of slurm rows_accepted_total)" = "2 2" ] || fail "day1 again, day2"
[ "$(alarms_of slurm)" = "file_refused quarantined " ] || fail "alarms: $(alarms_of slurm)"
grep -q '"event":"quarantined","file":"day1","row":5,"reason":"end_before_start"' "$DIR/slurm.log" || fail "row 5"
expect 1 'ALARM file_refused' a status "$DIR/slurm.conf"
said 'does not run'
rm "$DIR/slurm.in/day0.gz"
must '' a run "$DIR/slurm.conf" --once
must '"acknowledged"' sh -c "'$A' status '$DIR/slurm.conf' --json || true"
must 'receipts, each for just these lines' a spool verify "$DIR/slurm"
must 'waiting *0' a spool ls "$DIR/slurm"

# --- days without the service: all is kept, and goes up when it is back
svc_end
day=6
while [ $day -lt 9 ]; do
	job $((100 + day)) 2026-06-0$day 20 | jobs_file "$DIR/slurm.in/away$day"
	expect 3 'send: ' timeout 60 "$A" run "$DIR/slurm.conf" --once
	day=$((day + 1))
done
[ "$(alarms_of slurm)" = "send_failed " ] || fail "alarms: $(alarms_of slurm)"
[ "$(count_of slurm acknowledged)" -lt "$(count_of slurm lines)" ] || fail "acknowledged by nobody"
# A full spool takes no more, says so, and what waits outside is taken when there is room again.
job 110 2026-06-10 20 | jobs_file "$DIR/slurm.in/day10"
i=0
while [ $i -lt 300 ]; do
	job $((1000 + i)) '2026-06-11 00:00' 4
	i=$((i + 1))
done | jobs_file "$DIR/slurm.in/day11"
job 112 2026-06-12 20 | jobs_file "$DIR/slurm.in/day12"
touch -d '-2 minutes' "$DIR/slurm.in/day10"
touch -d '-1 minute' "$DIR/slurm.in/day11"
expect 3 . timeout 60 "$A" run "$DIR/slurm.conf" --once --set spool_bytes_max=65536
case "$(alarms_of slurm)" in *spool_full*) ;; *) fail "no spool_full: $(alarms_of slurm)" ;; esac
[ "$(live slurm 1299)" = 115200 ] && [ "$(live slurm 112)" = 0 ] || fail "the spool's bound"
svc_serve
sed -i "s|^url.*|url = $TALLYSTICK_URL|" "$DIR/slurm.conf"
must '' a run "$DIR/slurm.conf" --once --set spool_bytes_max=65536
[ "$(live slurm 112)" = 576000 ] || fail "what waited outside was not taken"
[ "$(count_of slurm acknowledged)" = "$(count_of slurm lines)" ] || fail "not all went up"
[ -z "$(alarms_of slurm)" ] || fail "alarms: $(alarms_of slurm)"
must '^ok: ' a spool verify "$DIR/slurm"

# --- a command: running jobs by the hour, restated when they end otherwise, windows by the clock
hour=$(date -u -d "@$(($(date +%s) / 3600 * 3600))" '+%Y-%m-%d %H:%M')
agent_new live k2 --from "$(date -u -d '-3 days' +%Y-%m-%d)"
sed -i -e '/^files/d' -e "\$a command = cat $DIR/rows; echo '{since} {until_s}' >$DIR/asked; [ ! -e $DIR/broken ] || { echo no database >&2; exit 7; }" \
	"$DIR/live.conf"
{
	echo "$heading"
	job 7 "$hour UTC -5 hours" 5 RUNNING Unknown
	job 8 "$hour UTC -5 hours" 3
	job 9 "$hour UTC -2 hours" 2 SUSPENDED Unknown
} >"$DIR/rows"
must '' a run "$DIR/live.conf" --once
[ "$(live live 7) $(live live 8) $(live live 9)" = "144000 86400 0" ] || fail "running: $(live live 7)"
grep -q "^$(date -u -d '-3 days' +%Y-%m-%d)T00:00:00 [0-9]*$" "$DIR/asked" || fail "asked for $(cat "$DIR/asked")"
grep -q '^c1' "$DIR/live/lines" || fail "no window was closed"
! grep '^c1' "$DIR/live/lines" | awk -F '\t' -v now="$(date +%s)000" '$3 > now { exit 1 }' || :
awk -F '\t' -v now="$(date +%s)000" '$1 == "c1" && $3 + 0 > now + 0 { exit 1 }' "$DIR/live/lines" ||
	fail "a window was closed before its end"
must '' a run "$DIR/live.conf" --once
[ "$(count_of live rows_pending_total)" = 2 ] || fail "nothing new is pending"
grep -q "^$(date -u -d '-2 days' +%Y-%m-%d)T" "$DIR/asked" || fail "looks back for $(cat "$DIR/asked")"
touch "$DIR/broken"
expect 3 'exit code 7: no database' a run "$DIR/live.conf" --once
[ "$(alarms_of live)" = "collect_failed " ] || fail "alarms: $(alarms_of live)"
rm "$DIR/broken"
expect 3 'took over 1 s' a run "$DIR/live.conf" --once --set command='sleep 60' --set command_timeout_s=1
expect 3 'over 1024 bytes' a run "$DIR/live.conf" --once --set command='yes' --set input_bytes_max=1024
{ # it ended two hours ago: less than was recorded
	echo "$heading"
	job 7 "$hour UTC -5 hours" 3 NODE_FAIL
	job 8 "$hour UTC -5 hours" 3
} >"$DIR/rows"
must '' a run "$DIR/live.conf" --once
[ "$(live live 7)" = 86400 ] || fail "restated: $(live live 7)"
[ "$(count_of live rows_superseded_total) $(count_of live reversals_total)" = "1 2" ] || fail "two hours back"
must '' a run "$DIR/live.conf" --once
[ "$(count_of live rows_duplicate_total) $(count_of live records_total)" = "2 0" ] || fail "the same again"
must '^ok: ' a spool verify "$DIR/live"
# (a plain import of the ended job would have billed it once more)
must 'duplicate' a import slurm "$DIR/rows" --stream "$DIR/live" --no-send
[ "$(live live 7)" = 86400 ] || fail "import beside the agent: $(live live 7)"

# --- a URL
(cd "$DIR/slurm.in" && exec python3 -m http.server --bind 127.0.0.1 0 >"$DIR/http" 2>&1) &
HTTP=$!
until port=$(grep -o 'port [0-9]*' "$DIR/http" | cut -c 6-) && [ -n "$port" ]; do sleep 0.1; done
agent_new fetch k3 --from 2026-06-01
sed -i -e '/^files/d' -e "\$a fetch = http://127.0.0.1:$port/day2?from={since_s}" "$DIR/fetch.conf"
must '' a run "$DIR/fetch.conf" --once
[ "$(live fetch 5)" = 57600 ] || fail "fetch: $(live fetch 5)"
grep -q "GET /day2?from=$(date -u -d 2026-06-01 +%s)" "$DIR/http" || fail "asked for another instant"
expect 3 'status 404' a run "$DIR/fetch.conf" --once --set fetch="http://127.0.0.1:$port/none"
expect 3 'longer than 1024 bytes' a run "$DIR/fetch.conf" --once --set input_bytes_max=1024 \
	--set fetch="http://127.0.0.1:$port/day11"

# --- the process: HUP, status, memory, a second one, TERM
i=0
while [ $i -lt 40000 ]; do
	echo "$((20000 + i))|$((20000 + i))|c1|batch|research|2026-06-13T00:00:00|2026-06-13T00:00:00|2026-06-13T02:00:00|02:00:00|COMPLETED|gres/gpu=1|node-2"
	i=$((i + 1))
done | jobs_file "$DIR/slurm.in/many"
"$A" run "$DIR/slurm.conf" >"$DIR/run.out" 2>&1 &
RUN=$!
within 30 'acknowledged *8[0-9]' a status "$DIR/slurm.conf"
must ' runs$' a status "$DIR/slurm.conf"
refused 'another process' a run "$DIR/slurm.conf" --once
job 113 2026-06-14 20 | jobs_file "$DIR/slurm.in/day14"
kill -HUP $RUN
within 10 'files_read *2' a status "$DIR/slurm.conf"
peak=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$RUN/status)
kill -TERM $RUN
wait $RUN || fail "it did not end well"
case $(readelf -d "$A") in *libasan*) ;; *) [ "$peak" -lt 51200 ] || fail "memory: $peak kB" ;; esac
echo "memory at its peak: $peak kB"
grep -q '"event":"stopped"' "$DIR/slurm.log" || fail "no farewell"
expect 1 'does not run' a status "$DIR/slurm.conf"

# --- a clock that is wrong: nothing is collected. (The service's Date goes through a proxy that lies.)
python3 - "${TALLYSTICK_URL#http://}" >"$DIR/liar" 2>&1 <<'PY' &
import http.client, http.server, sys
class Liar(http.server.BaseHTTPRequestHandler):
    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        link = http.client.HTTPConnection(sys.argv[1])
        link.request(self.command, self.path, body or None, dict(self.headers))
        answer = link.getresponse()
        text = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("date", "connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Date", "Tue, 01 Jan 2030 00:00:00 GMT")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    do_GET = do_POST = pass_on
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
until [ -s "$DIR/liar" ]; do sleep 0.1; done
job 114 2026-06-15 20 | jobs_file "$DIR/slurm.in/day15"
expect 3 . a run "$DIR/slurm.conf" --once --set url="http://127.0.0.1:$(cat "$DIR/liar")"
[ "$(alarms_of slurm)" = "clock_stop clock_offset " ] || fail "alarms: $(alarms_of slurm)"
[ "$(live slurm 114)" = 0 ] || fail "collected by a clock that is wrong"
must '' a run "$DIR/slurm.conf" --once
[ -z "$(alarms_of slurm)" ] && [ "$(live slurm 114)" = 576000 ] || fail "the clock is right again"

# --- a token that was revoked, and damage
echo 'ts_0000000000000000.0000000000000000000000000000000000000000000000000000000000000000' >"$DIR/none.token"
job 115 2026-06-16 20 | jobs_file "$DIR/slurm.in/day16"
expect 3 'send: ' a run "$DIR/slurm.conf" --once --set token_file="$DIR/none.token"
[ "$(alarms_of slurm)" = "send_failed stream_refused " ] || fail "alarms: $(alarms_of slurm)"
must '' a run "$DIR/slurm.conf" --once
cp -r "$DIR/slurm" "$DIR/damaged"
python3 - "$DIR/damaged/lines" <<'PY'
import sys
lines = open(sys.argv[1], "rb").read().replace(b"\tresearch\n", b"\tresearcH\n", 1)
open(sys.argv[1], "wb").write(lines)
PY
refused 'receipt of size\|compact range' a spool verify "$DIR/damaged"

# --- a lost disk: the documented procedure (docs/agent.md)
rm -rf "$DIR/fetch"
must 'k3/fetch/g1' t key list "$CONTRACT"
fetch=$(sed -n 's|.*/k3/fetch/g1+.* stream ||p' "$DIR/out")
must . t key revoke "$fetch" --key "$DIR/provider.key" --reason "the disk is lost"
must . t stream rotate --lost "$fetch" "$DIR/fetch2" --key "$DIR/provider.key" --terms "$DIR/terms.json"
must "" a run "$DIR/fetch.conf" --once --set stream="$DIR/fetch2"
must 'g2' a spool ls "$DIR/fetch2"
[ "$(grep -c '^u1' "$DIR/fetch2/lines")" = 0 ] || fail "rows before the handover were recorded again"

# --- the month, with its document: what the agent said, to the cent. In hours of eight GPUs, jobs 1, 2, 3, 5
# (twice: two clusters), away, 1000 to 1299, 110 and 112 to 115: 10 + 3 + 5 + 2 + 2 + 60 + 1200 + 40 + 60; of one, many.
must . t stream close "$DIR/slurm" --through 2026-07-01 --token "$AGENT"
must . t stream close "$DIR/fetch2" --through 2026-07-01 --token "$AGENT"
must . t stream close "$DIR/agent" --through 2026-07-01 --token "$AGENT"
must . t settle "$CONTRACT"
must . t close "$CONTRACT" 2026-05
must '^CLX-000001$' t invoice issue "$CONTRACT" 2026-05
must . t close "$CONTRACT" 2026-06
must '^CLX-000002$' t invoice issue "$CONTRACT" 2026-06
must . t invoice get "$CONTRACT" CLX-000002
python3 - "$DIR/out" "$DIR/slurm/lines" 2>"$DIR/err" <<'PY' || fail "the document is not what the agent measured"
import json, sys
from decimal import Decimal
lines = [l.rstrip("\n").split("\t") for l in open(sys.argv[2])]
gone = {int(l[2]) for l in lines if l[0] == "r1"}
live = sum(int(l[5]) for i, l in enumerate(lines) if l[0] == "u1" and i not in gone)
hours = Decimal(live + 57600 * 10 ** 6) / 3600000000  # and what the lost disk had sent
body = json.load(open(sys.argv[1]))["body"]
line = next(l for l in body["lines"] if l["id"].startswith("gpu-on-demand"))
want = (hours * Decimal("2.10")).quantize(Decimal("0.01"))
assert hours == 91056, hours
assert Decimal(line["amount"]) == want, (line, want)
PY
kill $HTTP
SVC_EXPECTED='"event":"none"'
svc_stop
echo "ok: $checks checks"
