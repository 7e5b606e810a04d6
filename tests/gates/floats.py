# SPDX-License-Identifier: Apache-2.0
"""No float or double in ledger, reports and importers: neither the types, nor literals, nor jansson's
reals. The files in floats.allow are exempt, each with its reason."""

import re
import sys
import tree

FLOAT = re.compile(
    r"\b(float|double|_Decimal\w+|json_real\w*|json_number_value)\b"
    r"|(?<![\w.\"])(\d+\.\d*|\.\d+)([eE][+-]?\d+)?[fFlL]?\b"
)


def main(root):
    exempt = tree.allowed("floats.allow")
    findings, seen = [], 0
    for path in tree.files(root, ("ledger", "reports", "importers")):
        if path in exempt:
            continue
        seen += 1
        code = tree.without_comments(tree.read(root, path))
        for match in FLOAT.finditer(code):
            findings.append(f"{path}:{tree.line_of(code, match.start())}: {match[0]}: floating point")
    return tree.finish("floats", findings, f"{seen} files, {len(exempt)} exempt")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
