#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `tallystick rate` over the published shapes of contracts and service levels. $1 is the build, $2 the
# fixtures.
set -eu
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
[ -f "$2/billing/sla_terms.json" ] || { echo "skipped: no $2/billing/sla_terms.json" && exit 77; }
PYTHONDONTWRITEBYTECODE=1 python3 "$SOURCE/tests/e2e/rate_shapes.py" "$1/tallystick" "$SOURCE" "$2/billing"
