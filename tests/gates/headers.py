# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, with what its room may see and nothing more."""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import tree


def below(rooms, name):
    found = {name}
    for other in rooms[name].rooms:
        found |= below(rooms, other)
    return found


def packages(root):
    """The pkg-config names that CMakeLists.txt looks for."""
    match = re.search(r"foreach\(dep ([^)]*)\)", tree.read(root, "CMakeLists.txt"))
    return match[1].split() if match else []


def main(root, compiler):
    rooms = tree.rooms(root)
    names = packages(root)
    cflags = []
    if names:
        out = subprocess.run(["pkg-config", "--cflags", *names], check=True, capture_output=True, text=True)
        cflags = [flag.replace("-I", "-isystem", 1) for flag in out.stdout.split()]
    with tempfile.TemporaryDirectory() as folder:
        for room in rooms.values():
            os.makedirs(os.path.join(folder, room.name))
            os.symlink(os.path.join(os.path.abspath(root), room.folder), os.path.join(folder, room.name, room.name))

        def compile_alone(job):
            room, path = job
            include = [f"-I{os.path.join(folder, name)}" for name in sorted(below(rooms, room.name))]
            posix = [] if all(rooms[n].pure for n in [room.name]) else ["-D_GNU_SOURCE"]
            run = subprocess.run([compiler, "-std=c17", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                                  "-x", "c", *posix, *include, *cflags, "-"],
                                 input=f'#include "{room.name}/{os.path.relpath(path, room.folder)}"\n'
                                       "typedef int ts_nothing;\n",
                                 capture_output=True, text=True)
            return f"{path}: does not compile alone:\n{run.stderr}" if run.returncode else None

        jobs = [(room, path) for room in rooms.values() for path in tree.files(root, (room.folder,), (".h",))]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            findings = [finding for finding in pool.map(compile_alone, jobs) if finding]
    return tree.finish("headers", findings, f"{len(jobs)} headers")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "gcc"))
