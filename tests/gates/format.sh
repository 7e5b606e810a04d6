#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# format.sh ROOT: clang-format would change nothing.
cd "$1" || exit 1
list=$(find ledger importers reports service tests \( -name '*.c' -o -name '*.h' \) 2>/dev/null | sort)
[ -n "$list" ] || { echo "format: no files"; exit 0; }
# shellcheck disable=SC2086 # no file name here has a blank; the gate sees to that
if clang-format --dry-run -Werror $list; then
	echo "format: 0 finding(s) in $(echo "$list" | wc -l) files"
else
	echo "format: run clang-format -i on the files above"
	exit 1
fi
