# SPDX-License-Identifier: Apache-2.0
"""Every gate can fail: in a small tree of its own each planted violation is found, and without it the
gate passes."""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
CLEAN = {
    "CMakeLists.txt": "ts_room(base ledger/base PURE LIBS x)\nts_room(book ledger/book PURE ROOMS base)\n"
                      "ts_room(reports reports ROOMS base book)\nts_room(service service ROOMS base book reports)\n",
    "ledger/base/num.h": SPDX + "#include <stddef.h>\nsize_t ts_num_twice(size_t v);\n",
    "ledger/base/num.c": SPDX + '#include "base/num.h"\n\n/* a float, strcpy( and double entry in a comment */\n'
                                "size_t ts_num_twice(size_t v)\n{\n\treturn 2 * v;\n}\n",
    "ledger/book/entry.h": SPDX + '#include "base/num.h"\nstruct ts_entry {\n\tsize_t legs;\n};\n',
    "ledger/book/entry.c": SPDX + '#include "book/entry.h"\n#include <string.h>\n\n'
                                  "size_t ts_entry_len(const char *text);\nsize_t ts_entry_len(const char *text)\n"
                                  '{\n\treturn strlen(text) + sizeof "float atoi( 1.5";\n}\n',
    "reports/csv.h": SPDX + "int ts_csv(void);\n",
    "service/main.c": SPDX + '#include "book/entry.h"\n',
}
SCENARIOS = "".join(f"| {n} | it holds | `tests/unit/test_x.c` `test_{n}` |\n" for n in range(1, 31))
CLEAN["docs/scenarios.md"] = SCENARIOS
CLEAN["tests/unit/test_x.c"] = SPDX + "".join(f"int test_{n};\n" for n in range(1, 31))
BODY = "int ts_extra(const char *a, char *b);\nint ts_extra(const char *a, char *b)\n{\n\t%s\n}\n"


def body(code):
    return SPDX + BODY % code


# gate, what is planted, path, text, what the gate must say
PLANTED = [
    ("includes", "an upward include", "ledger/base/up.c", SPDX + '#include "book/entry.h"\n', "must not include room book"),
    ("includes", "I/O in a pure room", "ledger/book/io.c", SPDX + "#include <unistd.h>\n", "includes <unistd.h>"),
    ("includes", "a header without its room", "service/x.c", SPDX + '#include "entry.h"\n', "does not name a room"),
    ("includes", "own header not first", "ledger/base/num.c", SPDX + '#include <stddef.h>\n#include "base/num.h"\n',
     "must be included first"),
    ("includes", "a room that names one above", "CMakeLists.txt",
     CLEAN["CMakeLists.txt"].replace("PURE LIBS x", "PURE ROOMS book"), "not below it"),
    ("banned", "strcpy", "service/x.c", body("strcpy(b, a);\n\treturn 0;"), "strcpy is banned"),
    ("banned", "atoi", "reports/x.c", body("return atoi(a);"), "atoi is banned"),
    ("banned", "system", "tests/unit/x.c", body("return system (a);"), "system is banned"),
    ("banned", "PQexec of a variable", "ledger/book/x.c", body("PQexec(conn, sql);\n\treturn 0;"), "not a literal"),
    ("banned", "an unfinished mark", "service/x.c", SPDX + "/* TO" "DO */\n", "finish it"),
    ("banned", "no SPDX line", "service/x.c", "int x;\n", "SPDX"),
    ("banned", "a machine's path", "service/x.c", SPDX + '/* see /ho' 'me/me/x */\n', "somebody's machine"),
    ("banned", "goto with cleanup", "service/x.c",
     body("__attribute__((cleanup(f))) int x = 0;\n\tgoto out;\nout:\n\treturn x;"), "goto and the cleanup"),
    ("floats", "double", "ledger/book/x.c", body("double v = 1;\n\treturn (int)v;"), "double: floating"),
    ("floats", "a literal", "reports/x.c", body("return (int)(2 * 1.5);"), "1.5: floating"),
    ("floats", "a jansson real", "ledger/base/x.c", body("return json_real_value(a) > 0;"), "json_real_value"),
    ("sizes", "a long function", "service/x.c", body("\n".join(["\tb++;"] * 71)), "a function of 71 lines"),
    ("sizes", "a long file", "service/x.c", SPDX + "int x;\n" * 600, "601 lines"),
    ("headers", "a header that needs another", "reports/x.h", SPDX + "size_t ts_x(void);\n", "does not compile alone"),
    ("headers", "a header that looks up", "ledger/base/x.h", SPDX + '#include "book/entry.h"\n', "does not compile alone"),
    ("format", "spaces", "service/x.c", SPDX + "int   x;\n", "clang-format -i"),
    ("scenarios", "a test that is not there", "docs/scenarios.md", SCENARIOS.replace("`test_7`", "`test_31`"),
     "test_x.c has no test_31"),
    ("scenarios", "a file that is not there", "docs/scenarios.md", SCENARIOS.replace("test_x.c` `test_7`", "y.c` `test_7`"),
     "y.c has no test_7"),
    ("scenarios", "a row without a test", "docs/scenarios.md", SCENARIOS.replace("`tests/unit/test_x.c` `test_7`", "none"),
     "no test"),
    ("scenarios", "a row less", "docs/scenarios.md", SCENARIOS.replace("| 7 |", "| seven |"), "are not 1 to 30"),
    ("purity", "a clock", "ledger/base/x.c", SPDX + "long time(long *);\nlong ts_x(void);\nlong ts_x(void)\n{\n"
     "\treturn time(0);\n}\n", "calls time"),
    ("purity", "a random number", "ledger/base/x.c", SPDX + "int rand(void);\nint ts_x(void);\nint ts_x(void)\n{\n"
     "\treturn rand();\n}\n", "calls rand"),
    ("purity", "output outside err.c", "ledger/base/x.c", SPDX + "#include <stdio.h>\nint ts_x(void);\nint ts_x(void)\n"
     '{\n\treturn fprintf(stderr, "%d", 1);\n}\n', "calls fprintf"),
    ("purity", "a counter", "ledger/base/x.c", SPDX + "int ts_x(void);\nint ts_x(void)\n{\n\tstatic int n;\n"
     "\treturn n++;\n}\n", "writable data"),
]


def run(gate, root):
    """(exit status, output) of a gate over the tree."""
    if gate == "purity":
        return purity(root)
    name = next(n for n in (gate + ".py", gate + ".sh") if os.path.exists(os.path.join(HERE, n)))
    command = [sys.executable] if name.endswith(".py") else ["sh"]
    done = subprocess.run([*command, os.path.join(HERE, name), root], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def purity(root):
    """Compiles the pure room base into a library and looks at that."""
    sources = [n for n in sorted(os.listdir(os.path.join(root, "ledger/base"))) if n.endswith(".c")]
    objects = []
    for name in sources:
        out = os.path.join(root, name + ".o")
        subprocess.run(["gcc", "-std=c17", "-O1", "-I", os.path.join(root, "inc"), "-c",
                        os.path.join(root, "ledger/base", name), "-o", out], check=True)
        objects.append(out)
    library = os.path.join(root, "libplanted.a")
    subprocess.run(["ar", "rc", library, *objects], check=True)
    done = subprocess.run([sys.executable, os.path.join(HERE, "purity.py"), library], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def plant(root, files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as f:
            f.write(text)
    os.makedirs(os.path.join(root, "inc"), exist_ok=True)
    os.symlink(os.path.join(root, "ledger/base"), os.path.join(root, "inc/base"))
    shutil.copy(os.path.join(HERE, "../../.clang-format"), root)


def main():
    failed = 0
    cases = [(gate, "nothing", None, None, None) for gate in dict.fromkeys(case[0] for case in PLANTED)] + PLANTED
    for gate, what, path, text, expected in cases:
        with tempfile.TemporaryDirectory() as root:
            plant(root, {**CLEAN, **({path: text} if path else {})})
            status, output = run(gate, root)
            good = status == 0 if expected is None else status == 1 and expected in output
            print(f"{'ok' if good else 'FAILED'}: {gate} with {what}")
            if not good:
                failed += 1
                print(output)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
