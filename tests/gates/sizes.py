# SPDX-License-Identifier: Apache-2.0
"""A function has at most 70 lines, a file 600: past that, look for the second noun."""

import sys
import tree

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600


def main(root):
    paths = tree.files(root)
    findings, functions = [], 0
    for path in paths:
        lines = tree.without_comments(tree.read(root, path)).splitlines()
        if len(lines) > FILE_LINES_MAX:
            findings.append(f"{path}: {len(lines)} lines, at most {FILE_LINES_MAX}")
        start = None
        # clang-format puts the braces of a function, and of nothing else, alone in column 1.
        for number, line in enumerate(lines, 1):
            if line == "{":
                start = number
            elif line == "}" and start:
                functions += 1
                length = number - start - 1
                if length > FUNCTION_LINES_MAX:
                    findings.append(f"{path}:{start}: a function of {length} lines, at most {FUNCTION_LINES_MAX}")
                start = None
    return tree.finish("sizes", findings, f"{len(paths)} files, {functions} functions")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
