#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_systemd.sh: the units are ones that systemd takes, and leave at most 2.0 of exposure as it counts
# it. Exits 77 where systemd-analyze is absent, or too old to judge a file.
set -u
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
DIR=$(mktemp -d /tmp/ts-systemd-XXXXXX)
trap 'rm -rf "$DIR"' EXIT
command -v systemd-analyze >/dev/null || {
	echo "skipped: no systemd-analyze"
	exit 77
}
systemd-analyze --help | grep -q -e '--offline' || {
	echo "skipped: systemd-analyze without --offline"
	exit 77
}
judge() { # FILE: exposure at most 2.0
	systemd-analyze security --offline=true --threshold=20 "$1" >"$DIR/out" 2>&1
}
for unit in "$SOURCE"/docker/systemd/*.service; do
	name=$(basename "$unit" | sed 's/@/@x/')
	# What it starts is installed elsewhere.
	sed 's|^ExecStart=/usr/local/bin/[a-z-]*|ExecStart=/bin/true|' "$unit" >"$DIR/$name"
	systemd-analyze verify "$DIR/$name" >"$DIR/out" 2>&1
	! grep "$name" "$DIR/out" || {
		echo "FAIL: $name"
		exit 1
	}
	judge "$DIR/$name" || {
		cat "$DIR/out"
		echo "FAIL: $name is exposed more than 2.0"
		exit 1
	}
	tail -n 1 "$DIR/out"
	# (the judge can say no)
	sed '/^Protect/d; /^Restrict/d; /^SystemCall/d' "$DIR/$name" >"$DIR/weak.service"
	! judge "$DIR/weak.service" || {
		echo "FAIL: any unit would pass"
		exit 1
	}
done
