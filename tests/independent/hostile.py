# SPDX-License-Identifier: Apache-2.0
"""Files that nobody who writes bundles would make: for a reader that must refuse each in words, in bounded memory and time.
Rows for matrix.py: (name, artifact, make, more)."""
import copy, re, struct
from base64 import b64encode
from forge import Key, archive, note, text_of
from formats import hexsha

BLOCK, END = b"x" + bytes(511), bytes(1024)
DEEP = b"[" * 100000 + b"]" * 100000


def header(name, size=b"00000000001\0", typeflag=b"0", prefix=b"", link=b"", magic=b"ustar\0" b"00"):
    block = bytearray(512)
    for at, field in ((0, name), (100, b"0000444"), (108, b"0000000"), (116, b"0000000"), (124, size), (136, b"0" * 11), (148,
            b" " * 8), (156, typeflag), (157, link), (257, magic), (345, prefix)):
        block[at : at + len(field)] = field
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def archives(whole):
    """(name, bytes): archives that tar would unpack, or choke on."""
    for name in (b"../../etc/passwd", b"/etc/passwd", b"terms/../../x", b"./bundle", b"bundle\0evil", b"a" * 100, b"\xff\xfe", b"",
            b"C:\\x", b"bundle\n", b"bun dle", b"terms//1.json", b"streams/"):
        yield "first member %r" % name[:20], header(name) + BLOCK + whole
        yield "last member %r" % name[:20], whole[:-1024] + header(name) + BLOCK + END
    for flag in "1234567gxLKSV\0":
        yield "member of type %r" % flag, whole[:-1024] + header(b"evil", typeflag=flag.encode(), link=b"/etc/passwd") + BLOCK + END
    yield "member with a prefix", whole[:-1024] + header(b"evil", prefix=b"../..") + BLOCK + END
    yield "member of GNU tar", whole[:-1024] + header(b"evil", magic=b"ustar  \0") + BLOCK + END
    big = lambda n: b"\x80" + n.to_bytes(11, "big")
    for name, size in (("2^63-1", big(2**63 - 1)), ("2^63", big(2**63)), ("2^63-512", big(2**63 - 512)), ("2^64-1", big(2**64 - 1)),
            ("2^88-1", big(2**88 - 1)), ("-1", b"\xff" * 12), ("all octal", b"77777777777\0"), ("with spaces", b"          1\0"),
            ("with a 9", b"00000000009\0"), ("1 in base 256", big(1)), ("no digits", bytes(12))):
        yield "member of size " + name, header(b"bundle", size) + BLOCK + END
        yield "last member of size " + name, whole[:-1024] + header(b"zz", size) + BLOCK + END
    for name, data in (("nothing", b""), ("one block of zeros", bytes(512)), ("two blocks of zeros", END), ("text", b"hello\n"),
            ("a block and a half", whole[:768])):
        yield name, data
    yield "20000 members", b"".join(header(b"m%d" % n) + BLOCK for n in range(20000)) + END
    yield "20000 streams more", whole[:-1024] + b"".join(header(b"streams/%032x" % n) + BLOCK for n in range(20000)) + END


def members(m, keys):
    """(name, what is named, member, bytes): one member of a bundle, changed."""
    for name, pattern, new in (("to above 2^63", rb"inputs 0 \d+", b"inputs 0 9223372036854775808"), ("to 2^63-1", rb"inputs 0 \d+",
            b"inputs 0 9223372036854775807"), ("to of 20 digits", rb"inputs 0 \d+", b"inputs 0 99999999999999999999"), ("from 00",
            rb"inputs 0", b"inputs 00"), ("from -1", rb"inputs 0", b"inputs -1"), ("NUL", b"contract ", b"contract \0"), ("CR",
            b"\n", b"\r\n")):
        yield "manifest: " + name, "" if "2^63-1" in name else "bundle", "bundle", re.sub(pattern, new, m["bundle"], count=1)
    yield "manifest: 4 MB", "bundle", "bundle", m["bundle"] + b"x" * (4 << 20)
    text = text_of(m["inputs.checkpoint"])
    mine, others = keys["inputs"].line(text), b"".join(Key.made("w%d.example/w" % n, 4).line(text, 5) for n in range(64))
    blob = re.search(rb"(\S+)\n$", mine)[1]
    spare = blob.rstrip(b"=")
    spare = spare[:-1] + bytes([spare[-1] + 1]) + b"=" * (len(blob) - len(spare))
    size = lambda new: note(re.sub(rb"\n\d+\n", b"\n" + new + b"\n", text, count=1), keys["inputs"])
    for name, data in (("65 signature lines", text + b"\n" + others + mine), ("no signature", text + b"\n"), ("spare bits in base64",
            text + b"\n" + mine.replace(blob, spare)), ("base64 without padding", text + b"\n" + mine.replace(b"=", b"")), (
            "base64 in two lines", text + b"\n" + mine[:60] + b"\n" + mine[60:]), ("a space in base64", text + b"\n" + mine[:60] +
            b" " + mine[60:]), ("an empty signature", text + b"\n" + "\u2014 x \n".encode() + mine), ("a NUL in a name", text + b"\n" +
            "\u2014 a\0b ".encode() + blob + b"\n" + mine), ("40 KB", text + b"\n" + "\u2014 a ".encode() + b64encode(bytes(30000)) + b"\n" +
            mine), ("size 2^63", size(b"9223372036854775808")), ("size of 20 digits", size(b"99999999999999999999")), ("size +1", size(
            b"+1")), ("size 0x10", size(b"0x10")), ("size 010", size(b"010")), ("an extension line", note(text + b"more\n", keys[
            "inputs"])), ("spare bits in the root", note(re.sub(rb"(.)=\n$", lambda r: bytes([r[1][0] + 1]) + b"=\n", text), keys[
            "inputs"])), ("a broken dash", m["inputs.checkpoint"].replace(b"\xe2\x80\x94", b"\xe2\x80")), ("a hyphen for a dash",
            m["inputs.checkpoint"].replace(b"\xe2\x80\x94", b"-")), ("a CR in it", m["inputs.checkpoint"].replace(b"\n", b"\r\n"))):
        yield "checkpoint: " + name, "inputs.checkpoint", "inputs.checkpoint", data
    yield "5000 checkpoints of one size", "inputs.checkpoints", "inputs.checkpoints", b"\n".join([m["inputs.checkpoint"]] * 5000)
    yield "8 MB of line ends", "journal.checkpoints", "journal.checkpoints", b"\n" * (8 << 20)
    for log in ("inputs", "journal"):
        file = log + ".leaves"
        for name, more in (("a length beyond the end", b"\xff\xff"), ("an empty leaf", b"\0\0"), ("half a length", b"\0"), (
                "200 leaves of 65535 bytes", (b"\xff\xff" + b"x" * 65535) * 200), ("100000 empty leaves", bytes(200000))):
            yield "%s: %s" % (file, name), file, file, m[file] + more
    for file in [n for n in m if n.startswith("documents/")][:1]:
        yield "document: 100000 levels", file, file, DEEP
        yield "document: NUL", file, file, m[file].replace(b"h100", b"h\\u0000")
    for file in [n for n in m if n.startswith("streams/")][:1]:
        yield "stream: a line of 2 MB", file, file, b"u" * (2 << 20) + b"\n" + m[file]


def terms(honest, both):
    """(name, bundle): terms that both companies signed."""
    for name, work in (("100000 levels", lambda t: DEEP), ("a member of 100000 levels", lambda t: t.rstrip()[:-1] + b',"x":' + DEEP +
            b"}"), ("1e999999999", lambda t: t.replace(b'"version": 1', b'"version": 1e999999999')), ("a NUL in a name", lambda t:
            t.rstrip()[:-1] + b',"x\\u0000":1}'), ("a member twice", lambda t: t.rstrip()[:-1] + b',"version":1}'), ("2 MB", lambda t:
            t + b" " * (2 << 20)), ("a space", lambda t: b" "), ("not UTF-8", lambda t: t.replace(b"Contract", b"\xff\xfe")),
            ("a number of 5000 digits", lambda t: t.replace(b'"1000"', b'"' + b"9" * 5000 + b'"'))):
        b = copy.deepcopy(honest)
        b.terms = work(b.terms)
        b.resign(0, rb"\nterms \S+", b"\nterms " + hexsha(b.terms).encode(), *both)
        yield name, b


def policies(policy):
    for name, text in (("NUL", policy.replace("party", "par\0ty", 1)), ("70 KB", policy + "#" * 70000 + "\n"), ("no lines", "\n"), (
            "pin above 2^63", policy + "pin %s 9223372036854775808 %s\n" % (re.search(r"log (\S+?)\+", policy)[1], b64encode(bytes(
            32)).decode())), ("65 witnesses", policy.replace("quorum", "".join("witness w%d %s\n" % (n, Key.made("w%d" % n, 4).vkey)
            for n in range(65)) + "quorum"))):
        yield name, text


def nested(policy):
    """60 groups, each of all before it: a reader that counts them one in the other never ends."""
    names, text = ["w0", "w1"], "".join("witness w%d %s\n" % (n, Key.made("w%d" % n, 4).vkey) for n in range(2))
    for n in range(60):
        text, names = text + "group g%d all %s\n" % (n, " ".join(names)), names + ["g%d" % n]
    return policy.replace("quorum none\n", text + "quorum g59\n")
