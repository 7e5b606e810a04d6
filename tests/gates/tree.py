# SPDX-License-Identifier: Apache-2.0
"""What the gates share: the rooms as CMakeLists.txt declares them, the C files, C without comments."""

import os
import re

FOLDERS = ("ledger", "importers", "reports", "service", "tests")


class Room:
    def __init__(self, name, folder, pure, rooms):
        self.name, self.folder, self.pure, self.rooms = name, folder, pure, rooms


def rooms(root):
    """The ts_room(...) declarations, by name, in order."""
    with open(os.path.join(root, "CMakeLists.txt"), encoding="utf-8") as f:
        text = re.sub(r"#.*", "", f.read())
    found = {}
    for call in re.findall(r"\bts_room\(([^)]*)\)", text):
        name, folder, *words = call.split()
        named, part = [], None
        for word in words:
            if word in ("PURE", "ROOMS", "LIBS"):
                part = word
            elif part == "ROOMS":
                named.append(word)
        found[name] = Room(name, folder, "PURE" in words, named)
    return found


def files(root, folders=FOLDERS, ends=(".c", ".h")):
    """Relative paths of the C files below the folders, sorted."""
    found = []
    for folder in folders:
        for where, _, names in os.walk(os.path.join(root, folder)):
            found += [os.path.relpath(os.path.join(where, n), root) for n in names if n.endswith(ends)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text, keep_strings=False):
    """Comments (and the insides of strings) blanked, line numbers kept."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def allowed(name):
    """The lines `entry reason...` of an allow-list beside this file, as {entry: reason}."""
    entries = {}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), encoding="utf-8") as f:
        for line in f:
            words = line.split(None, 1)
            if words and not line.startswith("#"):
                if len(words) < 2:
                    raise SystemExit(f"{name}: {words[0]} has no reason")
                entries[words[0]] = words[1].strip()
    return entries


def finish(gate, findings, what):
    """Prints the findings, else what was looked at; the exit status of the gate."""
    for finding in findings:
        print(finding)
    print(f"{gate}: {len(findings)} finding(s) in {what}")
    return 1 if findings else 0
