# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced after service.sh: an installation with a row in every table that an audit compares. Two
# companies, a witness, agents that were replaced, lost and caught, reversed, parked, released and late
# usage, two months that were cut, one of them sealed. Needs SOURCE, DIR, TALLY. Sets CONTRACT, ID
# (contract_id), BIG (another contract, of many lines), WITNESS (a process; world_end).

WITNESS=
sql() { as_server "$PG/psql" -XAtq "$DB" -c "$1"; }
until_sql() { # SECONDS SQL: until it says t
	tries=$(($1 * 5))
	until [ "$(sql "$2")" = t ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "never: $2"
		sleep 0.2
	done
}

world_witness() {
	mkdir "$DIR/witness"
	run 0 t keygen witness.consumer.example/w1 "$DIR/witness/key" --type cosignature
	VKEY=$(cat "$DIR/out")
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	printf '%s\n' "listen = 127.0.0.1:$port" "admin_listen = 127.0.0.1:0" \
		"witness_key = $DIR/witness/key" "witness_dir = $DIR/witness/state" \
		"log_file = $DIR/witness/log" >"$DIR/witness.conf"
	chmod 0644 "$DIR/witness.conf"
	set --
	[ "$(id -u)" != 0 ] || {
		chown -R postgres: "$DIR/witness"
		set -- --user postgres
	}
	"$TALLY" witness --config "$DIR/witness.conf" "$@" >"$DIR/witness.out" 2>&1 </dev/null &
	WITNESS=$!
	WITNESS_AT="witness.consumer.example/w1=http://127.0.0.1:$port"
}

world_end() {
	[ -z "$WITNESS" ] || kill "$WITNESS" 2>/dev/null
	WITNESS=
	svc_clean_up
}

# agent NAME CLUSTER SIDE KEY [stream new options]: an enrolled agent in $DIR/NAME
agent() {
	name=$1 cluster=$2 side=$3 key=$4
	shift 4
	run 0 t stream new "$DIR/$name" --contract "$CONTRACT" --cluster "$cluster" --side "$side" \
		--key "$DIR/$key.key" --terms "$DIR/terms.json" "$@"
}
token() { [ "$1" != own ] && echo "$AGENT" || echo "$OWN"; }
# usage NAME DAY HOURS [CLASS [import options]]: so many records from that day on, one an hour, imported and sent
usage() {
	python3 - "$2" "$3" "${4:-on_demand}" >"$DIR/usage.tsv" <<'PY'
import calendar, sys, time
start = calendar.timegm(time.strptime(sys.argv[1], "%Y-%m-%d")) * 1000
for i in range(int(sys.argv[2])):
    at = start + i * 3600000
    print("u1", at, at + 3600000, "h100", 8000, 28800000000, sys.argv[3], "job-%d" % i,
          "node-%d" % (i % 4), "research", sep="\t")
PY
	name=$1
	shift $(($# > 4 ? 4 : $#))
	run 0 t import records "$DIR/usage.tsv" --stream "$DIR/$name" --token "$(token "$name")" --allow-future "$@"
}
# Lines as they are (tests/support/append.py), and one of them: an hour of eight devices.
raw() { python3 "$SOURCE/tests/support/append.py" "$DIR/$1" "$TALLYSTICK_URL" "$AGENT" >"$DIR/out" 2>"$DIR/err" || fail "append.py"; }
hour() { # DAY HOUR WORKLOAD
	from=$((($(date -u -d "$1" +%s) + $2 * 3600) * 1000))
	printf 'u1\t%d\t%d\th100\t8000\t28800000000\ton_demand\t%s\tnode\tresearch\n' $from $((from + 3600000)) "$3"
}
origin() { sed -n 's/^origin //p' "$DIR/$1/enrolment.note"; }
told() { sed -n 's/^[a-z]* \([0-9a-f]\{64\}\): .*/\1/p' "$DIR/out"; }
stream_id() { t stream show "$DIR/$1" | sed -n 's/^stream \([0-9a-f]*\) .*/\1/p'; }
both_sign() { run 0 t statement sign "$CONTRACT" "$(told)" --key "$DIR/consumer.key" "$@"; }

world_contract() {
	for who in provider consumer; do
		run 0 t keygen "$who.example/statements" "$DIR/$who.key"
		run 0 t party add "$who" --name "$who" --country US --city Memphis --key "$DIR/$who.key"
	done
	run 0 t token new agent --party provider
	AGENT=$(cat "$DIR/out")
	run 0 t token new agent --party consumer
	OWN=$(cat "$DIR/out")
	run 0 t contract new "$SOURCE/docs/examples/colossus.terms.json" --provider provider \
		--consumer consumer --witness "$VKEY:consumer" --quorum all --out "$DIR/terms.json"
	CONTRACT=$(cat "$DIR/out")
	run 0 t contract offer "$DIR/terms.json"
	for who in provider consumer; do
		run 0 t contract sign "$CONTRACT" --key "$DIR/$who.key" --terms "$DIR/terms.json"
	done
	chmod 0644 "$DIR/terms.json"
	run 0 as_server "$TALLY" witness add "$DIR/terms.json" --config "$DIR/witness.conf"
	ID=$(sql "select contract_id from app.directory where public_id = '$CONTRACT'")
}

# A month that is cut, issued and sealed, with all that is said about a seal.
world_may() {
	agent may c1 provider provider --agent may --from 2026-05-01 --to 2026-06-01
	usage may 2026-05-02 40
	usage may 2026-05-10 3 excluded_fault
	run 0 t stream close "$DIR/may" --through 2026-06-01 --token "$AGENT"
	run 0 t settle "$CONTRACT"
	run 0 t close "$CONTRACT" 2026-05
	until_sql 20 "select exists (select from app.log_published p join app.period c on c.contract_id = p.contract_id
		and p.size >= c.cut_to where p.log = 0 and p.contract_id = $ID)"
	until_sql 20 "select exists (select from app.log_published p join app.period_cut c
		on c.contract_id = p.contract_id and p.size >= c.journal_size where p.log = 1 and p.contract_id = $ID)"
	run 0 t invoice issue "$CONTRACT" 2026-05
	for who in provider consumer; do
		run 0 t period seal "$CONTRACT" 2026-05 --book "$who" --key "$DIR/$who.key"
	done
	run 0 t period countersign "$CONTRACT" 2026-05 --book provider --key "$DIR/consumer.key"
	run 0 t period reserve "$CONTRACT" 2026-05 --book consumer --key "$DIR/provider.key" --reason "D-7 is open"
	(
		cd "$DIR" || exit 1
		printf '%s\n' '[req]' 'distinguished_name=dn' '[dn]' '[tsa]' \
			'extendedKeyUsage=critical,timeStamping' 'basicConstraints=critical,CA:FALSE' \
			'[ts]' 'serial=serial' 'crypto_device=builtin' 'default_policy=1.2.3.4' \
			'digests=sha256' 'signer_digest=sha256' 'ess_cert_id_chain=no' >tsa.cnf
		echo 01 >serial
		openssl ecparam -name prime256v1 -genkey -noout -out tsa.pem
		openssl req -x509 -new -key tsa.pem -subj /CN=tsa -days 30 -config tsa.cnf -extensions tsa -out tsa.crt
	) >"$DIR/out" 2>&1 || fail "openssl"
	run 0 t period timestamp "$CONTRACT" 2026-05 --book provider --request "$DIR/query"
	run 0 sh -c 'cd "$1" && shift && exec "$@"' - "$DIR" openssl ts -reply -config "$DIR/tsa.cnf" -section ts -queryfile "$DIR/query" \
		-signer "$DIR/tsa.crt" -inkey "$DIR/tsa.pem" -out "$DIR/reply"
	run 0 t period timestamp "$CONTRACT" 2026-05 --book provider --response "$DIR/reply"
}

# Agents of June: rotated, lost, compromised, caught with two stories, and the consumer's own.
world_june() {
	agent g1 c2 provider provider --from 2026-06-01
	usage g1 2026-06-02 300
	run 0 t stream rotate "$DIR/g1" "$DIR/g2" --key "$DIR/provider.key" --terms "$DIR/terms.json"
	usage g2 2026-06-14 30
	agent bad c3 provider provider --from 2026-06-01
	usage bad 2026-06-03 12
	run 0 t settle "$CONTRACT"
	BAD=$(stream_id bad)
	run 0 t key revoke "$BAD" --key "$DIR/provider.key" --reason "was copied" --compromised-since 2026-06-03
	run 0 t settle "$CONTRACT"
	run 0 t key reattest "$BAD" --from 0 --to 5 --key "$DIR/provider.key" --lines "$DIR/bad/lines"
	both_sign --lines "$DIR/bad/lines"
	agent early c4 provider provider --from 2026-06-10
	EARLY=$(stream_id early)
	raw early <<-LINES
		$(hour 2026-06-09 0 a)
		$(hour 2026-06-09 1 b)
		$(hour 2026-06-09 2 c)
		$(hour 2026-06-09 3 d)
		$(hour 2026-06-10 4 e)
		a line that means nothing
		$(hour 2026-06-10 5 f)
	LINES
	run 0 t settle "$CONTRACT"
	printf 'r1\t%s\t7\tdouble_count\nr1\t%s\t7\tdouble_count\n' "$(origin early)" "$(origin early)" | raw early
	run 0 t key release "$EARLY" --from 2 --to 4 --key "$DIR/provider.key" --reason "these are right"
	both_sign
	run 0 t key release "$EARLY" --from 4 --to 5 --key "$DIR/provider.key" --reason "waits"
	agent own c9 consumer consumer --from 2026-06-01
	usage own 2026-06-02 24
	agent two c5 provider provider --from 2026-06-01
	cp -rp "$DIR/two" "$DIR/two.copy"
	hour 2026-06-05 0 told-once | raw two
	! (hour 2026-06-05 0 told-twice | raw two.copy) >/dev/null || fail "a second story was taken"
	agent slurm c6 provider provider --from 2026-06-01
	printf '%s\n' 'JobID|State|Start|End|ElapsedRaw|AllocTRES|Account|NodeList' \
		'7|COMPLETED|2026-06-06T00:00:00|2026-06-06T02:00:00|7200|gres/gpu:h100=4|research|n1' >"$DIR/sacct"
	run 0 t import slurm "$DIR/sacct" --stream "$DIR/slurm" --token "$AGENT"
	sed -i 's/02:00:00|7200/03:00:00|10800/' "$DIR/sacct"
	run 0 t import slurm "$DIR/sacct" --stream "$DIR/slurm" --token "$AGENT" --supersede
	run 0 t settle "$CONTRACT"
	run 0 t close "$CONTRACT" 2026-06 # and no invoice: its lines are open
}

# More leaves than a subtree has, and usage of days to come.
world_more() {
	agent many c7 provider provider --from 2026-07-01
	python3 - >"$DIR/usage.tsv" <<'PY'
for i in range(260):
    at = 1782950400000 + i * 3600000
    print("u1", at, at + 3600000, "h200", 1000, 3600000000, "on_demand", "-", "n", "-", sep="\t")
PY
	run 0 t import records "$DIR/usage.tsv" --stream "$DIR/many" --no-send
	run 0 t append "$DIR/many" --token "$AGENT" --batch 1
	usage g2 "$(date -u -d '+2 days' +%F)" 3
	run 0 t settle "$CONTRACT"
	usage many 2026-07-20 2 # no event has folded this one yet
}

# Another contract, with more lines than a subtree of 2^16 has.
world_big() {
	run 0 t contract new "$SOURCE/docs/examples/colossus.terms.json" --provider provider \
		--consumer consumer --out "$DIR/big.json"
	BIG=$(cat "$DIR/out")
	run 0 t contract offer "$DIR/big.json"
	for who in provider consumer; do
		run 0 t contract sign "$BIG" --key "$DIR/$who.key" --terms "$DIR/big.json"
	done
	run 0 t stream new "$DIR/big" --contract "$BIG" --cluster c1 --from 2026-05-01 --key "$DIR/provider.key" \
		--terms "$DIR/big.json"
	run 0 t simulate --gpus 64 --from 2026-05-01 --to 2026-10-01 --seed 3 --sku h100 --out "$DIR/usage"
	run 0 t import records "$DIR/usage" --stream "$DIR/big" --token "$AGENT"
	run 0 t settle "$BIG"
}

world() {
	world_witness
	svc_database
	svc_start --set "witnesses=$WITNESS_AT" --set witness_interval_s=1
	TALLYSTICK_TOKEN=$OPERATOR
	export TALLYSTICK_TOKEN
	world_contract
	world_may
	world_june
	world_more
	world_big
}
