# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced after service.sh and contract.sh: an agent's configuration, and rows for it. Needs BUILD, DIR,
# TALLY, AGENT (token), CONTRACT. Sets A (the executable).

A=$BUILD/tallystick-agent
a() { "$A" "$@"; }

# agent_new NAME CLUSTER [stream new options]: enrolled, with the configuration $DIR/NAME.conf and a
# folder for files, $DIR/NAME.in
agent_new() {
	name=$1 cluster=$2
	shift 2
	must . a stream new "$DIR/$name" --contract "$CONTRACT" --cluster "$cluster" --agent "$name" \
		--key "$DIR/provider.key" --terms "$DIR/terms.json" "$@"
	mkdir -p "$DIR/$name.in"
	agent_conf "$name" >"$DIR/$name.conf"
}
agent_conf() {
	cat <<CONF
# $1
stream = $DIR/$1
url = $TALLYSTICK_URL
token_file = $DIR/agent.token
files = $DIR/$1.in
source = slurm
quiet_s = 0
send_retry_s = 1
disk_free_bytes_min = 0
metrics_file = $DIR/$1.prom
log_file = $DIR/$1.log
CONF
}
heading='JobID|JobIDRaw|Cluster|Partition|Account|Submit|Start|End|Elapsed|State|AllocTRES|NodeList'
# job ID START HOURS [STATE [END]]: eight GPUs from START on, for so many hours
job() {
	at=$(date -u -d "$2" +%s)
	start=$(date -u -d "@$at" +%Y-%m-%dT%H:%M:%S)
	end=${5:-$(date -u -d "@$((at + $3 * 3600))" +%Y-%m-%dT%H:%M:%S)}
	printf '%s|%s|c1|batch|research|%s|%s|%s|%d-%02d:00:00|%s|cpu=8,gres/gpu=8,mem=1G|node-1\n' "$1" "$1" \
		"$start" "$start" "$end" $(($3 / 24)) $(($3 % 24)) "${4:-COMPLETED}"
}
# jobs FILE: rows on standard input, under their heading, put there at once
jobs_file() {
	{
		echo "$heading"
		cat
	} >"$1.tmp"
	mv "$1.tmp" "$1"
}
count_of() { sed -n "s/^tallystick_agent_$2{.*} //p" "$DIR/$1.prom"; } # AGENT METRIC
alarms_of() { sed -n 's/^tallystick_agent_alarm{.*alarm="\(.*\)"} 1$/\1/p' "$DIR/$1.prom" | tr '\n' ' '; }
# live AGENT WORKLOAD: GPU-seconds of its u1 lines less those that were reversed
live() {
	awk -F '\t' -v job="$2" '
		{ line[NR - 1] = $0; tag[NR - 1] = $1; q[NR - 1] = $6; w[NR - 1] = $8 }
		$1 == "r1" { gone[$3]++ }
		END { for (i in tag) if (tag[i] == "u1" && w[i] == job) {
			if (gone[i] > 1) { print "reversed twice"; exit }
			if (!gone[i]) sum += q[i] / 1000000 } printf "%d\n", sum }' "$DIR/$1/lines"
}
