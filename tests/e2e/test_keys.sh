#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_keys.sh BUILD FIXTURES: the life of keys as people live it: sealed key files, an agent that
# rotates, one whose disk is lost, a compromise, statements that two companies sign on two machines,
# and everything that must be refused. Exits 77 where PostgreSQL is absent.
set -u
TALLY=$1/tallystick
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/support/service.sh
. "$SOURCE/tests/support/service.sh"
svc_begin keys

# lines STREAM DAY N: N hours of usage on that day, imported and sent
lines() {
	start=$(($(date -u -d "$2" +%s) * 1000))
	i=0
	while [ $i -lt "$3" ]; do
		from=$((start + i * 3600000))
		printf 'u1\t%d\t%d\th100\t8000\t28800000000\ton_demand\tjob-%s-%d\tnode-%d\tresearch\n' \
			$from $((from + 3600000)) "$2" $i $((i % 4))
		i=$((i + 1))
	done >"$DIR/usage.tsv"
	expect 0 "$3" t import records "$DIR/usage.tsv" --stream "$1"
}
stream_id() { t stream show "$1" | sed -n 's/^stream \([0-9a-f]*\) .*/\1/p'; }
# The hash that the last statement command told.
told() { sed -n 's/^[a-z]* \([0-9a-f]\{64\}\): .*/\1/p' "$DIR/out"; }

umask 077
svc_database
svc_start
export TALLYSTICK_TOKEN="$OPERATOR"

# --- what a running service gives away ------------------------------------------------------------
grep -q '^Max core file size *0 *0' "/proc/$SERVICE/limits" || fail "the service may leave a core file"
if [ "$(id -u)" = 0 ]; then # of a process that may not be dumped, the system owns the memory
	[ "$(stat -c %u "/proc/$SERVICE/mem")" = 0 ] || fail "the service's memory is open to its user"
fi

# --- sealed keys ----------------------------------------------------------------------------------
printf 'correct horse battery staple\n' >"$DIR/pass"
printf 'incorrect\n' >"$DIR/wrong"
printf 'open to all\n' >"$DIR/open"
chmod 0644 "$DIR/open"
expect 0 '^provider.example/statements' t keygen provider.example/statements "$DIR/provider.key"
cp -p "$DIR/provider.key" "$DIR/clear.key"
expect 0 'in the clear' t key show "$DIR/provider.key"
expect 1 'group or others' t key seal "$DIR/provider.key" --passphrase-file "$DIR/open"
expect 1 'cannot open' t key seal "$DIR/provider.key" --passphrase-file "$DIR/none"
expect 0 '' t key seal "$DIR/provider.key" --passphrase-file "$DIR/pass"
expect 0 'sealed by a passphrase' t key show "$DIR/provider.key"
expect 1 'sealed already' t key seal "$DIR/provider.key" --passphrase-file "$DIR/pass"
[ "$(stat -c %a "$DIR/provider.key")" = 400 ] || fail "the sealed key is not private"
grep -q '^SEALED+KEY provider.example' "$DIR/provider.key" || fail "it is not sealed"
! grep -q 'PRIVATE+KEY' "$DIR/provider.key" || fail "the key is still there in the clear"
expect 1 'wrong passphrase' t key unseal "$DIR/provider.key" --passphrase-file "$DIR/wrong"
expect 3 'neither a terminal' setsid "$TALLY" key unseal "$DIR/provider.key"
expect 0 '' env TALLYSTICK_PASSPHRASE_FILE="$DIR/pass" "$TALLY" key unseal "$DIR/provider.key"
cmp -s "$DIR/provider.key" "$DIR/clear.key" || fail "unsealed, it is another key"
expect 0 '' t key seal "$DIR/provider.key" --passphrase-file "$DIR/pass"
sed 's/ argon2id 3 262144 / argon2id 3 99999999 /' "$DIR/provider.key" >"$DIR/greedy.key"
chmod 0400 "$DIR/greedy.key"
expect 1 'limit_exceeded' t key unseal "$DIR/greedy.key" --passphrase-file "$DIR/pass"
sed 's/ argon2id 3 262144 / argon2id 1 8 /' "$DIR/provider.key" >"$DIR/weak.key"
chmod 0400 "$DIR/weak.key"
expect 1 'was changed' t key unseal "$DIR/weak.key" --passphrase-file "$DIR/pass"
head -c 200 "$DIR/provider.key" >"$DIR/short.key"
chmod 0400 "$DIR/short.key"
expect 1 'malformed' t key unseal "$DIR/short.key" --passphrase-file "$DIR/pass"
expect 0 '^lab.example/statements' t keygen lab.example/statements "$DIR/lab.key" --seal \
	--passphrase-file "$DIR/pass"
grep -q '^SEALED+KEY lab.example' "$DIR/lab.key" || fail "keygen --seal left it in the clear"
expect 1 'never written over' t keygen lab.example/statements "$DIR/lab.key" --seal --passphrase-file "$DIR/none"
expect 0 '^lab.example/statements' t keygen --public "$DIR/lab.key"
expect 0 '^stranger.example' t keygen stranger.example/statements "$DIR/stranger.key"
# At a terminal: asked without echo, twice for a new one; ^C leaves the terminal as it was.
cp -p "$DIR/clear.key" "$DIR/tty.key"
python3 - "$TALLY" "$DIR/tty.key" >"$DIR/out" 2>"$DIR/err" <<'PY' || fail "the terminal"
import os, pty, sys, termios

tally, key = sys.argv[1:]

def at_terminal(answers, *command):
    """The exit code, what was shown, and whether the terminal echoes again at the end."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(tally, (tally,) + command)
    shown = b""
    for prompt, answer in answers:
        while prompt not in shown:
            shown += os.read(fd, 1024)
        os.write(fd, answer)
        shown += b"|"
    echoes = True
    try:
        while True:
            chunk = os.read(fd, 1024)
            if not chunk:
                break
            shown += chunk
            echoes = bool(termios.tcgetattr(fd)[3] & termios.ECHO)
    except OSError:
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code, shown, echoes

code, shown, echoes = at_terminal([(b"new passphrase", b"typed one\n"), (b"the same again", b"typed two\n")],
    "key", "seal", key)
assert code == 1 and b"not the same" in shown and b"typed" not in shown, (code, shown)
code, shown, echoes = at_terminal([(b"new passphrase", b"\x03")], "key", "seal", key)
assert code == 3 and echoes, (code, shown, echoes)
code, shown, echoes = at_terminal([(b"new passphrase", b"typed one\n"), (b"the same again", b"typed one\n")],
    "key", "seal", key)
assert code == 0 and b"typed" not in shown, (code, shown)
assert open(key).read().startswith("SEALED+KEY ")
code, shown, echoes = at_terminal([(b"passphrase for", b"typed one\n")], "key", "unseal", key)
assert code == 0, (code, shown)
PY
checks=$((checks + 4))
cmp -s "$DIR/tty.key" "$DIR/clear.key" || fail "at the terminal, it became another key"
export TALLYSTICK_PASSPHRASE_FILE="$DIR/pass"

# --- two companies, a contract, an agent ----------------------------------------------------------
expect 0 '"provider"' t party add provider --name "Provider Inc." --country US --key "$DIR/provider.key"
expect 0 '"lab"' t party add lab --name "Lab PBC" --country US --key "$DIR/lab.key"
expect 0 '' t contract new "$SOURCE/docs/examples/colossus.terms.json" --provider provider \
	--consumer lab --out "$DIR/terms.json"
CONTRACT=$(cat "$DIR/out")
expect 0 '' t contract offer "$DIR/terms.json"
expect 1 'wrong passphrase' t contract sign "$CONTRACT" --key "$DIR/provider.key" \
	--terms "$DIR/terms.json" --passphrase-file "$DIR/wrong"
expect 0 'waiting' t contract sign "$CONTRACT" --key "$DIR/provider.key" --terms "$DIR/terms.json"
expect 0 'active' t contract sign "$CONTRACT" --key "$DIR/lab.key" --terms "$DIR/terms.json"
expect 0 '' t key unseal "$DIR/lab.key" # every opening costs a second, and is meant to
for role in provider_finance:provider consumer_finance:lab agent:provider; do
	expect 0 '^ts_' t token new "${role%:*}" --party "${role#*:}"
	cp "$DIR/out" "$DIR/${role%:*}.token"
done
PROVIDER=$(cat "$DIR/provider_finance.token")
LAB=$(cat "$DIR/consumer_finance.token")
printf 'the agent has its own\n' >"$DIR/agentpass"
expect 0 '' t stream new "$DIR/g1" --contract "$CONTRACT" --cluster c1 --from 2026-06-01 \
	--key "$DIR/clear.key" --terms "$DIR/terms.json" --seal --agent-passphrase-file "$DIR/agentpass"
grep -q '^SEALED+KEY ' "$DIR/g1/agent.key" || fail "stream new --seal left it in the clear"
expect 0 '' t key unseal "$DIR/g1" --passphrase-file "$DIR/agentpass"
export TALLYSTICK_TOKEN="$(cat "$DIR/agent.token")"
lines "$DIR/g1" 2026-06-01 20
G1=$(stream_id "$DIR/g1")

# --- its key is sealed ----------------------------------------------------------------------------
expect 0 '' t key seal "$DIR/g1" --passphrase-file "$DIR/agentpass"
expect 0 'sealed by a passphrase' t key show "$DIR/g1"
grep -q '^SEALED+KEY ' "$DIR/g1/agent.key" || fail "the agent's key is not sealed"
[ "$(stat -c %a "$DIR/g1/agent.key")" = 400 ] || fail "the agent's sealed key is not private"
expect 0 "$G1" t stream show "$DIR/g1" # what signs nothing asks for nothing
cp "$DIR/g1/lines" "$DIR/before"
printf 'u1\t1780329600000\t1780333200000\th100\t1000\t3600000000\ton_demand\tjob\tn1\tresearch\n' >"$DIR/one.tsv"
expect 1 'wrong passphrase' t import records "$DIR/one.tsv" --stream "$DIR/g1" --passphrase-file "$DIR/wrong"
cmp -s "$DIR/before" "$DIR/g1/lines" || fail "lines were written before the passphrase was known"
expect 0 '' t import records "$DIR/one.tsv" --stream "$DIR/g1" --no-send --passphrase-file "$DIR/wrong"
expect 1 'wrong passphrase' t append "$DIR/g1"
expect 3 'neither a terminal' setsid env -u TALLYSTICK_PASSPHRASE_FILE "$TALLY" append "$DIR/g1"
expect 1 'wrong passphrase' t append "$DIR/g1" --out "$DIR/body"
[ ! -e "$DIR/body" ] || fail "a body was written that nobody signed"
expect 0 'acknowledged\|sent' t append "$DIR/g1" --passphrase-file "$DIR/agentpass"
for mode in 0600 0440 0404 0700; do
	chmod $mode "$DIR/g1/agent.key"
	expect 1 "mode $mode: .*chmod 0400" t append "$DIR/g1" --passphrase-file "$DIR/agentpass"
	expect 1 "mode $mode: " t key show "$DIR/g1"
done
chmod 0400 "$DIR/g1/agent.key"
cp "$DIR/g1/agent.key" "$DIR/kept.key"
rm "$DIR/g1/agent.key"
mkdir "$DIR/g1/agent.key"
expect 1 'not a file\|mode' t append "$DIR/g1"
rmdir "$DIR/g1/agent.key"
expect 1 'not_found' t append "$DIR/g1"
sed "s/ argon2id 3 / argon2id 4 /" "$DIR/kept.key" >"$DIR/g1/agent.key"
chmod 0400 "$DIR/g1/agent.key"
expect 0 '' t append "$DIR/g1" # nothing to send
mv -f "$DIR/kept.key" "$DIR/g1/agent.key"
chmod 0400 "$DIR/g1/agent.key"

# --- it rotates -----------------------------------------------------------------------------------
TALLYSTICK_TOKEN=$OPERATOR
expect 2 'needed' t stream rotate "$DIR/g1" "$DIR/g2"
expect 1 'wrong passphrase' t stream rotate "$DIR/g1" "$DIR/x" --key "$DIR/clear.key"
own="--agent-passphrase-file $DIR/agentpass"
# shellcheck disable=SC2086 # two words
expect 1 'has not signed\|bad_signature' t stream rotate "$DIR/g1" "$DIR/x" --key "$DIR/stranger.key" $own
for _ in first again; do
	# shellcheck disable=SC2086
	expect 0 '/g2)' t stream rotate "$DIR/g1" "$DIR/g2" --key "$DIR/clear.key" --terms "$DIR/terms.json" --seal $own
done
grep -q '^SEALED+KEY ' "$DIR/g2/agent.key" || fail "stream rotate --seal left it in the clear"
expect 0 '' t key unseal "$DIR/g2" --passphrase-file "$DIR/agentpass"
expect 0 '' t key unseal "$DIR/g1" --passphrase-file "$DIR/agentpass"
G2=$(stream_id "$DIR/g2")
expect 0 "$G2" t key list "$CONTRACT"
grep -q "$G1 ended at leaf" "$DIR/out" || fail "the old generation goes on"
TALLYSTICK_TOKEN=$(cat "$DIR/agent.token")
lines "$DIR/g2" 2026-06-02 10
expect 1 'bad_key' t stream close "$DIR/g1" --through 2026-06-03

# --- the disk is lost -----------------------------------------------------------------------------
TALLYSTICK_TOKEN=$OPERATOR
rm -rf "$DIR/g2"
expect 1 'has not signed' t stream rotate --lost "$G2" "$DIR/early" --key "$DIR/clear.key"
expect 1 'known key' t key revoke "$G2" --key "$DIR/stranger.key" --reason "not mine to end"
expect 1 'has not signed' t key revoke "$G2" --key "$DIR/lab.key" --reason "not ours to end" --token "$OPERATOR"
expect 1 'is not a stream' t key revoke ../../x --key "$DIR/clear.key" --reason "x"
expect 2 'needed' t key revoke "$G2" --key "$DIR/clear.key"
expect 1 'forbidden' t key revoke "$G2" --key "$DIR/clear.key" --reason "disk lost" --token "$LAB"
expect 0 'revoke .*: logged at leaf' t key revoke "$G2" --key "$DIR/provider.key" --reason "disk lost" \
	--token "$PROVIDER"
REVOKE=$(told)
expect 0 '"state": "logged"' t statement show "$CONTRACT" "$REVOKE" --json
expect 0 '^reason disk lost$' t statement show "$CONTRACT" "$REVOKE"
expect 1 'conflict' t key revoke "$G2" --key "$DIR/clear.key" --reason "once more"
expect 0 '/g3)' t stream rotate --lost "$G2" "$DIR/g3" --key "$DIR/clear.key" --terms "$DIR/terms.json"
G3=$(stream_id "$DIR/g3")
TALLYSTICK_TOKEN=$(cat "$DIR/agent.token")
lines "$DIR/g3" 2026-06-03 12

# --- a compromise, and what is taken back in ------------------------------------------------------
TALLYSTICK_TOKEN=$PROVIDER
expect 1 'future' t key revoke "$G3" --key "$DIR/clear.key" --reason "x" --compromised-since 2099-01-01
expect 0 '^covered 0$' t key revoke "$G3" --key "$DIR/clear.key" --reason "key was copied" \
	--compromised-since 2026-06-03
expect 0 'waiting for lab.example/statements' t key reattest "$G3" --from 0 --to 13 \
	--key "$DIR/clear.key" --lines "$DIR/g3/lines"
REATTEST=$(told)
expect 1 'out_of_range' t key reattest "$G3" --from 0 --to 999 --key "$DIR/clear.key" --lines "$DIR/g3/lines"
# On the lab's machine, with the lab's token, over the lab's own copy of the lines.
cp "$DIR/g3/lines" "$DIR/mirror"
sed 's/research/reserved/' "$DIR/mirror" >"$DIR/forged"
TALLYSTICK_TOKEN=$LAB
expect 0 "$REATTEST reattest   waiting  for lab.example" t statement list "$CONTRACT" --kind reattest
expect 1 'other roots' t statement sign "$CONTRACT" "$REATTEST" --key "$DIR/lab.key" --lines "$DIR/forged"
expect 1 'forbidden' t statement sign "$CONTRACT" "$REATTEST" --key "$DIR/clear.key"
expect 1 'known key' t statement sign "$CONTRACT" "$REATTEST" --key "$DIR/stranger.key"
expect 1 'not_found' t statement sign "$CONTRACT" "$(printf '0%.0s' $(seq 64))" --key "$DIR/lab.key"
expect 0 'reattest .*: logged at leaf' t statement sign "$CONTRACT" "$REATTEST" --key "$DIR/lab.key" \
	--lines "$DIR/mirror"
cp "$DIR/out" "$DIR/first"
expect 0 'logged at leaf' t statement sign "$CONTRACT" "$REATTEST" --key "$DIR/lab.key"
cmp -s "$DIR/out" "$DIR/first" || fail "signed twice, it answers differently"
expect 1 'invalid' t statement list "$CONTRACT" --kind nonsense

# --- lines are released ---------------------------------------------------------------------------
TALLYSTICK_TOKEN=$PROVIDER
expect 0 'waiting for lab.example/statements' t key release "$G3" --from 2 --to 4 \
	--key "$DIR/clear.key" --reason "the scope was too narrow"
RELEASE=$(told)
grep -q '^serial 1$' "$DIR/out" || fail "the first release is not serial 1"
TALLYSTICK_TOKEN=$LAB
expect 0 'release .*: logged at leaf' t statement sign "$CONTRACT" "$RELEASE" --key "$DIR/lab.key"
expect 0 '"state": "waiting"' t key release "$G3" --from 2 --to 4 --key "$DIR/lab.key" --reason "again" --json
grep -q '"serial": 2' "$DIR/out" || fail "the second release is not serial 2"
SECOND=$(sed -n 's/.*"sha256": "\([0-9a-f]*\)".*/\1/p' "$DIR/out")
# The other signature comes eight times at once: one leaf, and one answer for all.
for n in 1 2 3 4 5 6 7 8; do
	t statement sign "$CONTRACT" "$SECOND" --key "$DIR/clear.key" --token "$PROVIDER" >"$DIR/sign.$n" 2>&1 &
	eval "sign_$n=\$!"
done
for n in 1 2 3 4 5 6 7 8; do
	eval "wait \$sign_$n" || fail "signature $n: $(cat "$DIR/sign.$n")"
	cmp -s "$DIR/sign.1" "$DIR/sign.$n" || fail "signature $n was answered differently"
done
grep -q 'release .*: logged at leaf' "$DIR/sign.1" || fail "eight signatures, and it is not logged"
checks=$((checks + 8))
expect 0 'release' t statement list "$CONTRACT" --kind release
[ "$(grep -c logged "$DIR/out")" = 2 ] || fail "there are not two releases"

# --- another contract's statement -----------------------------------------------------------------
TALLYSTICK_TOKEN=$OPERATOR
expect 0 '' t contract new "$SOURCE/docs/examples/colossus.terms.json" --provider provider \
	--consumer lab --out "$DIR/other.json"
OTHER=$(cat "$DIR/out")
t statement show "$CONTRACT" "$RELEASE" >"$DIR/release.note" || fail "no note"
got=$(curl -sS -o "$DIR/out" -w '%{http_code}' -H "Authorization: Bearer $OPERATOR" \
	-H 'Content-Type: text/plain' --data-binary "@$DIR/release.note" \
	"$TALLYSTICK_URL/v1/contracts/$OTHER/statements")
[ "$got" = 422 ] || fail "another contract takes it: $got"
expect 0 '' t settle "$CONTRACT"
expect 0 '' t status "$CONTRACT"
! grep -q 'battery staple' "$LOG" || fail "the passphrase is in the log"

svc_stop
echo "keys: $checks checks passed"
