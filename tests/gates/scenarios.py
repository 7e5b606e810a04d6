# SPDX-License-Identifier: Apache-2.0
"""docs/scenarios.md names, for each of its scenarios 1 to 30, at least one test that exists."""

import os
import re
import sys

ROW = re.compile(r"^\| (\d+) \| [^|]+ \| (.+) \|$")
TEST = re.compile(r"`(tests/[^`]+)` `(\w+)`")
SCENARIOS = 30


def main(root):
    path = os.path.join(root, "docs", "scenarios.md")
    findings, seen = [], []
    if not os.path.exists(path):
        print("scenarios: docs/scenarios.md is not there")
        return 1
    with open(path, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            row = ROW.match(line.strip())
            if not row:
                continue
            seen.append(int(row[1]))
            tests = TEST.findall(row[2])
            if not tests:
                findings.append(f"docs/scenarios.md:{number}: no test")
            for file, name in tests:
                full = os.path.join(root, file)
                text = open(full, encoding="utf-8").read() if os.path.exists(full) else ""
                if not re.search(rf"\b{name}\b", text):
                    findings.append(f"docs/scenarios.md:{number}: {file} has no {name}")
    if seen != list(range(1, SCENARIOS + 1)):
        findings.append(f"docs/scenarios.md: its rows are not 1 to {SCENARIOS}")
    for finding in findings:
        print(finding)
    print(f"scenarios: {len(findings)} finding(s) in {len(seen)} rows")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
