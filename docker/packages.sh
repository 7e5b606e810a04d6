# SPDX-License-Identifier: Apache-2.0
# The Debian 12 packages that tallystick is built, tested and tried with: one list, sourced by check,
# quickstart and the image. Defines ts_packages, ts_test_packages (which the tests alone need),
# ts_packages_missing and ts_packages_install.

ts_packages="
	cmake ninja-build pkg-config git
	gcc libc6-dev clang libclang-rt-14-dev clang-tidy clang-format cppcheck
	libpq-dev libmicrohttpd-dev libgnutls28-dev libssl-dev libjansson-dev libsodium-dev
	libzstd-dev zlib1g-dev libcurl4-openssl-dev libxml2-dev libcairo2-dev libpango1.0-dev libxlsxwriter-dev libcmocka-dev
	postgresql-15 postgresql-common tzdata
	fonts-liberation2 fonts-dejavu-core poppler-utils
	curl openssl python3 python3-nacl python3-jsonschema procps util-linux ca-certificates
"
ts_test_packages="
	hledger ledger beancount python3-jsonschema
"

ts_package_is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

ts_packages_missing() {
	for package in $ts_packages; do
		ts_package_is_installed "$package" || printf '%s ' "$package"
	done
}

ts_as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

# Runs a command with its output in a log; prints where it is every five seconds, all on failure.
ts_packages_step() {
	log=$(mktemp)
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	seconds=0
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		seconds=$((seconds + 1))
		[ $((seconds % 5)) != 0 ] || printf '  %3d s  %s\n' "$seconds" "$(tail -n 1 "$log" | cut -c 1-80)"
	done
	if wait "$pid"; then
		rm -f "$log"
		return 0
	fi
	cat "$log" >&2
	rm -f "$log"
	return 1
}

# The PostgreSQL packages start a cluster when they are installed, unless this file says no. An
# existing file is put back afterwards; where PostgreSQL is installed already nothing is touched.
ts_cluster_conf=/etc/postgresql-common/createcluster.conf

ts_packages_no_cluster() {
	ts_as_root mkdir -p "${ts_cluster_conf%/*}"
	if [ -e "$ts_cluster_conf" ]; then
		ts_as_root cp -p "$ts_cluster_conf" "$ts_cluster_conf.before-tallystick"
	fi
	printf '%s\n' "# Written by tallystick so that installing PostgreSQL starts no cluster." \
		"create_main_cluster = false" | ts_as_root tee "$ts_cluster_conf" >/dev/null
}

ts_packages_restore_cluster_conf() {
	if [ -e "$ts_cluster_conf.before-tallystick" ]; then
		ts_as_root mv -f "$ts_cluster_conf.before-tallystick" "$ts_cluster_conf"
	fi
}

ts_packages_install() {
	missing=$(ts_packages_missing)
	if [ -z "$missing" ]; then
		echo "packages: all installed"
		return 0
	fi
	echo "packages to install: $missing"
	if [ "$(id -u)" != 0 ] && ! sudo -v 2>/dev/null; then
		echo "needs root or sudo; as root: apt-get install --no-install-recommends $missing" >&2
		return 1
	fi
	ts_packages_step ts_as_root apt-get -q update || return 1
	ts_package_is_installed postgresql-15 || ts_packages_no_cluster || return 1
	status=0
	# shellcheck disable=SC2086 # a list of words
	ts_packages_step ts_as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
		apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
		-o Acquire::Retries=3 install --no-install-recommends $missing || status=1
	ts_packages_restore_cluster_conf
	[ "$status" = 0 ] || return 1
	echo "packages: installed"
}
