# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced after service.sh: two companies, a contract that both signed, an agent with usage. Needs
# SOURCE, DIR, TALLY and OPERATOR. Sets PROVIDER, CONSUMER, AGENT (tokens), CONTRACT, STREAM.

contract_begin() {
	TALLYSTICK_TOKEN=$OPERATOR
	export TALLYSTICK_TOKEN
	for who in provider consumer; do
		must statements t keygen "$who.example/statements" "$DIR/$who.key"
	done
	must colossus t party add colossus --name "Colossus Compute Inc." --country US --city Memphis \
		--key "$DIR/provider.key"
	must lab t party add lab --name "Frontier Lab PBC" --country US --city Memphis \
		--key "$DIR/consumer.key"
	must '^ts_' t token new provider_finance --party colossus
	PROVIDER=$(cat "$DIR/out")
	must '^ts_' t token new agent --party colossus
	AGENT=$(cat "$DIR/out")
	must '^ts_' t token new consumer_finance --party lab
	CONSUMER=$(cat "$DIR/out")
	must . t contract new "$SOURCE/docs/examples/colossus.terms.json" --provider colossus \
		--consumer lab --out "$DIR/terms.json"
	CONTRACT=$(cat "$DIR/out")
	must . t contract offer "$DIR/terms.json"
	must waiting t contract sign "$CONTRACT" --key "$DIR/provider.key" --terms "$DIR/terms.json"
	must active t contract sign "$CONTRACT" --key "$DIR/consumer.key" --terms "$DIR/terms.json"
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
