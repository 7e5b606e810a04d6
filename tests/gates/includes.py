# SPDX-License-Identifier: Apache-2.0
"""Includes go down only: a room includes itself and the rooms it names in CMakeLists.txt.
Every project header is spelled "room/noun.h" (or "room/folder/noun.h"), and x.c includes x.h before anything else."""

import os
import re
import sys
import tree

# Headers that mark input and output; a pure room includes none of them.
IMPURE = re.compile(
    r"^(unistd|fcntl|time|signal|pthread|threads|dirent|poll|netdb|locale|termios|errno|dlfcn|"
    r"libpq-fe|microhttpd|zstd|sys/.*|arpa/.*|netinet/.*|curl/.*|openssl/(rand|bio|ssl|err|pem))\.h$"
)


def main(root):
    rooms = tree.rooms(root)
    findings, seen = [], 0
    for room in rooms.values():
        may = {room.name, *room.rooms}
        for path in tree.files(root, (room.folder,)):
            seen += 1
            text = tree.without_comments(tree.read(root, path), keep_strings=True)
            own = os.path.splitext(path)[0] + ".h"
            own_name = room.name + "/" + os.path.relpath(own, room.folder)
            first = True
            for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', text, re.M):
                at = f"{path}:{tree.line_of(text, match.start())}"
                quote, name = match.groups()
                if first and path.endswith(".c") and os.path.exists(os.path.join(root, own)):
                    if name != own_name:
                        findings.append(f'{at}: "{own_name}" must be included first')
                first = False
                if quote == "<":
                    if room.pure and IMPURE.match(name):
                        findings.append(f"{at}: pure room {room.name} includes <{name}>")
                    continue
                target = name.split("/")[0]
                if "/" not in name or target not in rooms:
                    findings.append(f'{at}: "{name}" does not name a room')
                elif target not in may:
                    findings.append(f"{at}: room {room.name} must not include room {target}")
    for room in rooms.values():
        above = list(rooms)[list(rooms).index(room.name):]
        findings += [f"CMakeLists.txt: {room.name} names {r}, which is not below it"
                     for r in room.rooms if r in above]
    return tree.finish("includes", findings, f"{seen} files of {len(rooms)} rooms")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
