# SPDX-License-Identifier: Apache-2.0
"""Functions that nobody calls here, and marks that no file carries."""

import re
import sys
import tree

BANNED = {
    "strcpy": "ts_buf or memcpy with a checked length",
    "stpcpy": "ts_buf or memcpy with a checked length",
    "strcat": "ts_buf",
    "strncpy": "it leaves strings without NUL",
    "strncat": "ts_buf",
    "sprintf": "snprintf or ts_buf_printf",
    "vsprintf": "vsnprintf",
    "gets": "it has no bound",
    "atoi": "ts_text_u63: errors are not seen",
    "atol": "ts_text_u63: errors are not seen",
    "atoll": "ts_text_u63: errors are not seen",
    "atof": "money and quantity are integers",
    "strtod": "money and quantity are integers",
    "strtok": "ts_str_cut: it keeps state",
    "scanf": "ts_str and ts_text",
    "sscanf": "ts_str and ts_text: overflow is undefined",
    "fscanf": "ts_str and ts_text",
    "system": "posix_spawn with an argument list",
    "popen": "posix_spawn with an argument list",
    "alloca": "a region",
    "tmpnam": "mkstemp",
    "tempnam": "mkstemp",
    "mktemp": "mkstemp",
    "rand": "getrandom or libsodium; in tests support/seed.h",
    "srand": "support/seed.h",
    "random": "getrandom or libsodium; in tests support/seed.h",
    "gmtime": "base/time.h: static buffer",
    "localtime": "base/time.h: static buffer, zone of the process",
    "ctime": "base/time.h: static buffer",
    "asctime": "base/time.h: static buffer",
    "setlocale": "output must not depend on the locale",
    "json_object_update": "it silently overwrites members",
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")[ \t]*\(")
# SQL stands in schema/: what PQexec is given is a literal (begin, commit, ...) or comes from the
# compiled-in tables ts_sql_*. Tests may break the database with any text.
PQEXEC = re.compile(r"\bPQ(?:exec|sendQuery)\s*\(\s*[^,()]+(?:\([^()]*\))?[^,()]*,\s*([^\s])")
MARK = re.compile(r"\b(TODO|FIXME|HACK)\b")
MACHINE = re.compile(r"(?<![\w.])/(root|home|work|Users)/\w")
FLOW = re.compile(r"^\{$(.*?)^\}$", re.M | re.S)


def check(path, text):
    code = tree.without_comments(text)
    strings = tree.without_comments(text, keep_strings=True)
    if not text.startswith("/* SPDX-License-Identifier: Apache-2.0 */\n"):
        yield 1, "the first line is not the SPDX line"
    for match in CALL.finditer(code):
        yield tree.line_of(code, match.start()), f"{match[1]} is banned: {BANNED[match[1]]}"
    for match in PQEXEC.finditer(strings):
        literal = match[1] == '"' or strings.startswith("ts_sql_", match.start(1))
        if not literal and not path.startswith("tests/"):
            yield tree.line_of(strings, match.start()), "PQexec of something that is not a literal"
    for match in MARK.finditer(text):
        yield tree.line_of(text, match.start()), f"{match[1]}: finish it or open an issue"
    for match in MACHINE.finditer(text):
        yield tree.line_of(text, match.start()), "the path of somebody's machine"
    for match in FLOW.finditer(code):
        if re.search(r"\bgoto\b", match[1]) and re.search(r"\bcleanup\s*\(", match[1]):
            yield tree.line_of(code, match.start()), "goto and the cleanup attribute in one function"


def main(root):
    paths = tree.files(root)
    findings = [f"{path}:{line}: {what}" for path in paths for line, what in check(path, tree.read(root, path))]
    return tree.finish("banned", findings, f"{len(paths)} files")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
