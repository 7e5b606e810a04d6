# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced after service.sh: two companies, a contract that both signed, an agent with usage. Needs
# SOURCE, DIR, TALLY and OPERATOR. Sets PROVIDER, CONSUMER, AGENT (tokens), CONTRACT, STREAM.

# contract_sign TEMPLATE PROVIDER CONSUMER TERMS [options of contract new]: drawn up, offered, signed by
# both with $DIR/provider.key and $DIR/consumer.key. Sets CONTRACT.
contract_sign() {
	template=$1 provider=$2 consumer=$3 terms=$4
	shift 4
	must '^[0-9a-f]\{32\}$' t contract new "$template" --provider "$provider" --consumer "$consumer" \
		--out "$terms" "$@"
	CONTRACT=$(cat "$DIR/out")
	must offered t contract offer "$terms"
	must waiting t contract sign "$CONTRACT" --key "$DIR/provider.key" --terms "$terms"
	must active t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$terms"
}
# contract_parties PROVIDER CONSUMER: both companies, their keys $DIR/provider.key, $DIR/consumer.key.
contract_parties() {
	TALLYSTICK_TOKEN=$OPERATOR
	export TALLYSTICK_TOKEN
	for side in provider consumer; do
		must statements t keygen "$side.example/statements" "$DIR/$side.key"
	done
	must "$1" t party add "$1" --name "The $1" --country US --city Memphis --key "$DIR/provider.key"
	must "$2" t party add "$2" --name "The $2" --country "${3:-US}" --city Memphis --key "$DIR/consumer.key"
}

contract_begin() {
	contract_parties colossus lab
	must '^ts_' t token new provider_finance --party colossus
	PROVIDER=$(cat "$DIR/out")
	must '^ts_' t token new agent --party colossus
	AGENT=$(cat "$DIR/out")
	must '^ts_' t token new consumer_finance --party lab
	CONSUMER=$(cat "$DIR/out")
	contract_sign "$SOURCE/docs/examples/colossus.terms.json" colossus lab "$DIR/terms.json"
	must . t stream new "$DIR/agent" --contract "$CONTRACT" --cluster c1 --from 2026-06-01 \
		--key "$DIR/provider.key" --terms "$DIR/terms.json"
	must . t stream show "$DIR/agent" --json
	STREAM=$(sed -n 's/.*"stream": "\([0-9a-f]*\)".*/\1/p' "$DIR/out")
}

# N records, one hour of eight devices each, from 2026-06-02 on, through the agent.
contract_usage() {
	from=$(($(date -u -d 2026-06-02 +%s) * 1000))
	i=0
	while [ $i -lt "$1" ]; do
		start=$((from + i * 3600000))
		printf 'u1\t%d\t%d\th100\t8000\t28800000000\ton_demand\tjob-%d\tnode-%d\tresearch\n' \
			$start $((start + 3600000)) $i $((i % 4))
		i=$((i + 1))
	done >"$DIR/usage.tsv"
	must . t import records "$DIR/usage.tsv" --stream "$DIR/agent" --token "$AGENT" \
		--close-through 2026-07-01
}
