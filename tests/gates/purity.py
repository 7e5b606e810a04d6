# SPDX-License-Identifier: Apache-2.0
"""Pure rooms do no I/O, read no clock and draw no random numbers: what their libraries leave to others
is on the allow-list. They also hold no state: no writable data."""

import os
import re
import subprocess
import sys
import tree


def patterns():
    """[(regex of the symbol, member or None)] from purity.allow."""
    found = []
    for entry in tree.allowed("purity.allow"):
        symbol, _, member = entry.partition("@")
        found.append((re.compile(symbol), member))
    return found


def nm(*args):
    return subprocess.run(["nm", *args], check=True, capture_output=True, text=True).stdout.splitlines()


def check(library, allow):
    sanitized = False
    for line in nm("-u", "-A", library):
        where, _, symbol = line.rpartition(" U ")
        member = where.split(":")[1] if where.count(":") > 1 else where
        sanitized = sanitized or symbol.startswith("__asan_")
        if not any(regex.fullmatch(symbol) and only in ("", member) for regex, only in allow):
            yield f"{os.path.basename(library)}: {member}: calls {symbol}"
    if sanitized:  # which adds data of its own
        return
    for line in nm("--format=sysv", "--defined-only", library):
        field = [f.strip() for f in line.split("|")]
        if len(field) == 7 and re.fullmatch(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)(\..*)?|\*COM\*", field[6]):
            yield f"{os.path.basename(library)}: {field[0]}: writable data"


def main(libraries):
    allow = patterns()
    findings = [finding for library in libraries for finding in check(library, allow)]
    return tree.finish("purity", findings, f"{len(libraries)} libraries")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
