#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_agent_kill.sh BUILD FIXTURES: an agent that is killed (SIGKILL) before and behind every single call
# that writes to disk or talks to the service, with a new file of rows each time; then it runs again. At the
# end every row stands in the stream just once, the service has all lines, and the spool verifies. The
# ends without a kill of the same run prove that all steps were met. Exits 77 where PostgreSQL is absent,
# or the build has sanitizers, which do not go with a preloaded library.
set -u
BUILD=$1
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
KILL=$(find "$BUILD" -name 'libkill_at.so' | head -n 1)
[ -n "$KILL" ] && ! readelf -d "$BUILD/tallystick-agent" | grep -q libasan || {
	echo "skipped: no libkill_at.so, or a build with sanitizers"
	exit 77
}
svc_begin agentkill
# shellcheck source=tests/support/contract.sh
. "$SOURCE/tests/support/contract.sh"
# shellcheck source=tests/support/agent.sh
. "$SOURCE/tests/support/agent.sh"

umask 077
svc_database
svc_start
contract_begin
echo "$AGENT" >"$DIR/agent.token"
agent_new one k1 --from 2026-06-01

# one N: the file of step N, three jobs
one() {
	{
		job "a$1" '2026-06-02 00:00' 3
		job "b$1" '2026-06-03 12:30' 2
		job "c$1" "2026-06-0$((4 + $1 % 5)) 01:00" 1
	} | jobs_file "$DIR/one.in/f$1"
}
step=0
whole=0
killed=0
kills_near() { [ $killed -gt 60 ] || fail "only $killed steps were met"; }
while [ $whole -lt 3 ]; do # some runs have a step or two more (how answers are cut)
	step=$((step + 1))
	[ $step -lt 400 ] || fail "it never comes to an end"
	one $step
	TS_KILL_AT=$step LD_PRELOAD=$KILL "$A" run "$DIR/one.conf" --once >"$DIR/out" 2>"$DIR/err"
	case $? in
	137) killed=$((killed + 1)) whole=0 ;;
	0) whole=$((whole + 1)) ;;
	*) fail "step $step" ;;
	esac
	must '' a run "$DIR/one.conf" --once
	[ "$(count_of one acknowledged)" = "$(count_of one lines)" ] || fail "step $step: not all acknowledged"
done
kills_near

i=1
while [ $i -le $step ]; do
	printf 'a%d 3\nb%d 3\nc%d 1\n' $i $i $i
	i=$((i + 1))
done | sort >"$DIR/want"
# (b begins at half past: its two hours are three lines)
awk -F '\t' '$1 == "u1" { print $8 }' "$DIR/one/lines" | sort | uniq -c | awk '{ print $2, $1 }' >"$DIR/got"
cmp -s "$DIR/want" "$DIR/got" || {
	diff "$DIR/want" "$DIR/got" >"$DIR/out"
	fail "rows were lost or doubled"
}
! grep -q '^r1' "$DIR/one/lines" || fail "something was reversed"
must '^ok: ' a spool verify "$DIR/one"
id=$(t stream show "$DIR/one" | sed -n 's/^stream \([0-9a-f]*\) .*/\1/p')
status 200 "$OPERATOR" "/v1/streams/$id"
grep -q "\"size\": *\"\{0,1\}$(wc -l <"$DIR/one/lines")\"\{0,1\}[,}]" "$DIR/out" || fail "the service has another size"
must . t settle "$CONTRACT"
SVC_EXPECTED='"event":"none"'
svc_stop
echo "ok: killed at $killed steps, $step files"
