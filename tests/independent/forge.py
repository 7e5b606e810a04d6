# SPDX-License-Identifier: Apache-2.0
"""Holds every key of a made-up contract and builds bundles, honest and not: signs notes, appends to streams, and
after any change makes the rest consistent again (roots, heads, hashes, checkpoints), as a dishonest operator would."""
import hashlib, json, re
from base64 import b64decode, b64encode
from nacl.signing import SigningKey
from formats import Tree, header, hexsha, read_archive, read_leaves


class Key:
    def __init__(self, name, seed, kind=1):
        self.name, self.kind, self.secret = name, kind, SigningKey(seed)
        public = bytes([kind]) + self.secret.verify_key.encode()
        self.id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = "%s+%s+%s" % (name, self.id.hex(), b64encode(public).decode())

    @classmethod
    def load(cls, path):
        name, _, blob = open(path).read().strip()[len("PRIVATE+KEY+"):].split("+", 2)
        blob = b64decode(blob)
        return cls(name, blob[1:], blob[0])

    @classmethod
    def made(cls, name, kind=1):
        """The same key for the same name: rows are repeatable."""
        return cls(name, hashlib.sha256(b"made " + name.encode()).digest(), kind)

    def line(self, text, when=0):
        """A signature line; a cosignature when the key is of that kind."""
        message, time = text, b""
        if self.kind == 4:
            message, time = b"cosignature/v1\ntime %d\n" % when + text, when.to_bytes(8, "big")
        blob = self.id + time + self.secret.sign(message).signature
        return "\u2014 {} {}\n".format(self.name, b64encode(blob).decode()).encode()


def note(text, *keys):
    text = text if isinstance(text, bytes) else text.encode()
    return text + b"\n" + b"".join(k.line(text) for k in keys)


def text_of(leaf):
    return leaf[: leaf.rfind(b"\n\n") + 1]


def checkpoint(origin, tree, key, cosigners=()):
    text = "{}\n{}\n{}\n".format(origin, tree.size, b64encode(tree.root()).decode()).encode()
    return note(text, key) + b"".join(k.line(text, when) for k, when in cosigners)


class Agent:
    """One stream: its key, its lines, and the checkpoints that were sent."""

    def __init__(self, origin, key, lines=()):
        self.origin, self.key, self.lines, self.tree = origin, key, [], Tree()
        for line in lines:
            self.add(line)

    def add(self, line):
        self.lines.append(line if isinstance(line, bytes) else line.encode())
        self.tree.add(self.lines[-1])

    def leaf(self):
        return checkpoint(self.origin, self.tree, self.key)


class Bundle:
    """A bundle's content, taken apart: leaves, lines, documents by number, checkpoints to keep."""

    def __init__(self, data, keys):
        m = read_archive(data)
        self.keys, self.members = keys, m
        self.contract = re.search(rb"contract (\S+)", m["bundle"])[1].decode()
        self.inputs, self.journal = read_leaves(m["inputs.leaves"]), read_leaves(m["journal.leaves"])
        self.versions = {n: d for n, d in m.items() if n.startswith("terms/")}
        self.ranges = {n: d for n, d in m.items() if n.startswith("ranges/")}
        self.state = m.get("state", b"")
        base = [row.split(b"\t") for row in self.state.split(b"\n") if re.match(b"(?:inputs|journal)\t", row)]
        self.base = {row[0].decode(): (int(row[1]), [b64decode(h) for h in row[2].split(b",")]) for row in base} or {
            "inputs": (), "journal": ()}
        self.streams = {n: d for n, d in m.items() if n.startswith("streams/")}
        self.documents = [json.loads(d) for n, d in m.items() if n.startswith("documents/")]
        self.origins = {log: re.match(rb"\S+", m[log + ".checkpoint"])[0].decode() for log in ("inputs", "journal")}
        self.witness, self.kept, self.close = [], {"inputs": {}, "journal": {}}, None

    @property
    def terms(self):
        return self.versions["terms/1.json"]

    @terms.setter
    def terms(self, data):
        self.versions["terms/1.json"] = data

    def find(self, kind, nth=0):
        """Index of the nth leaf of a kind of event or statement."""
        mark = b"\nkind %s\n" % kind.encode()
        start = b"tallystick/%s/v1\n" % kind.encode()
        return [i for i, l in enumerate(self.inputs) if mark in l or l.startswith(start)][nth]

    def uploads(self, origin):
        return [i for i, l in enumerate(self.inputs) if l.startswith(origin.encode() + b"\n")]

    def resign(self, i, pattern, replacement, *keys):
        """Changes a statement's text and signs it again, by the operator unless keys are given."""
        text = text_of(self.inputs[i])
        new = re.sub(pattern, replacement, text, count=1)
        assert new != text, pattern
        self.inputs[i] = note(new, *(keys or (self.keys["operator"],)))

    def drop(self, i):
        """Takes a leaf out, and moves every index behind it in events and entries."""
        self.inputs.pop(i)
        down = lambda m: m[1] + b"%d" % (int(m[2]) - (int(m[2]) > i))
        for k, leaf in enumerate(self.inputs):
            if leaf.startswith(b"tallystick/event/v1\n"):
                text = re.sub(rb"(\n(?:from|to|cut|gap) )(\d+)(?=\n)", down, text_of(leaf))
                if text != text_of(leaf) and b"\nkind gap\n" not in leaf:
                    self.inputs[k] = note(text, self.keys["operator"])
        for k, leaf in enumerate(self.journal):
            fields = leaf.split(b"\n")[0].split(b"\t")
            fields[8] = b"%d" % (int(fields[8]) - (int(fields[8]) > i))
            self.journal[k] = b"\n".join([b"\t".join(fields), *leaf.split(b"\n")[1:]])
        for document in self.documents:
            body = document["body"]
            body["inputs_to"] -= body["inputs_to"] > i

    def trees(self, log, sizes=()):
        tree, roots, leaves = Tree(*self.base[log]), {}, getattr(self, log)
        for leaf in [None, *leaves]:
            if leaf is not None:
                tree.add(leaf)
            if tree.size in sizes:
                roots[tree.size] = tree.root()
        return tree, roots

    def source(self, n):
        """Journal entries whose event is leaf n or before."""
        return sum(int(e.split(b"\t")[8]) <= n for e in self.journal)

    def settle(self):
        """Heads, hashes of documents and the entries that carry them follow from the leaves again."""
        for document in self.documents:
            head, body = document["head"], document["body"]
            number = head["number"].encode()
            issue = [i for i, l in enumerate(self.inputs) if b"\nkind issue\n" in l and b"\nnumber %s\n" % number in l]
            if issue:
                cut = int(re.search(rb"\ncut (\d+)", self.inputs[issue[0]])[1])
                first = self.base["inputs"][0] if self.state else 0
                if not first <= cut < first + len(self.inputs) or b"\nkind cut\n" not in self.inputs[cut - first]:
                    continue
                sizes = {"inputs": int(re.search(rb"\nto (\d+)", self.inputs[cut - first])[1]), "journal": self.source(cut) + (
                    self.base["journal"][0] if self.state else 0)}
                for log, size in sizes.items():
                    head[log + "_size"], head[log + "_root"] = size, self.trees(log, [size])[1].get(size, b"").hex()
                gap = re.search(rb"\ngap (\S+)", self.inputs[issue[0]])[1].decode()
                head["completeness"].update(gap=None if gap == "-" else int(gap))
                for name in ("witness", "date", "due"):
                    value = re.search(b"\n%s (\\S+)" % name.encode(), self.inputs[issue[0]])[1].decode()
                    head[{"witness": "witness", "date": "issue_date", "due": "due_date"}[name]] = value
            sha = hexsha(self.canonical(document)).encode()
            for k, leaf in enumerate(self.journal):
                first, _, legs = leaf.partition(b"\n")
                fields = first.split(b"\t")
                if fields[10] == number:
                    self.journal[k] = b"\t".join(fields[:11] + [sha]) + (b"\n" + legs if legs else b"")
        return self

    @staticmethod
    def canonical(document):
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def note_of(self, log, size, cosigners):
        tree = Tree(*self.base[log])
        for leaf in getattr(self, log)[: size - tree.size]:
            tree.add(leaf)
        return checkpoint(self.origins[log], tree, self.keys[log], cosigners)

    def build(self):
        """The members, in order; documents under the hashes that they have now."""
        first = {log: Tree(*self.base[log]).size for log in ("inputs", "journal")}
        to = {log: first[log] + len(getattr(self, log)) for log in first}
        m = {"bundle": "tallystick/bundle/v1\ncontract {}\ninputs {} {}\njournal {} {}\nstate {}\n".format(
            self.contract, first["inputs"], to["inputs"], first["journal"], to["journal"], hexsha(self.state) if self.state
            else "-").encode(), "state": self.state}
        for log in ("inputs", "journal"):
            m[log + ".checkpoint"] = self.note_of(log, to[log], self.witness)
        for log in ("inputs", "journal"):
            kept = [self.note_of(log, n, who) for n, who in sorted(self.kept[log].items())]
            m[log + ".checkpoints"] = b"\n".join(kept)
        for log in ("inputs", "journal"):
            m[log + ".leaves"] = b"".join(len(l).to_bytes(2, "big") + l for l in getattr(self, log))
        m.update(self.versions)
        m.update(self.streams)
        for document in self.documents:
            data = self.canonical(document)
            m["documents/%s.json" % hexsha(data)] = data
        m.update(self.ranges)
        return {name: data for name, data in m.items() if data}

    def archive(self):
        return archive(self.build())


def archive(members):
    members = members.items() if isinstance(members, dict) else members
    return b"".join(header(n.encode(), len(d)) + d + bytes(-len(d) % 512) for n, d in members) + bytes(1024)
