"""Writes hostile archives into the current folder, each as NAME.EXTENSION, and what each may get into `expected`.

One line each: the file's name and "refused", "taken" or "answered" (any reply but a fault of the server's).
"""
import gzip, io, struct, tarfile, zipfile, zlib, warnings

warnings.simplefilter("ignore")
expected = []


def keep(name, content, gets):
    with open(name, "wb") as file:
        file.write(content)
    expected.append(f"{name} {gets}\n")


# Tars, block by block: tarfile makes none of these.

def octal(number, width):
    return b"%0*o\0" % (width - 1, number)


def header(name, size=0, type=b"0", link=b"", prefix=b"", size_field=None, magic=b"ustar\x0000", rest=b""):
    block = bytearray(512)
    block[0:len(name)] = name
    block[100:108], block[108:116], block[116:124] = octal(0o644, 8), octal(0, 8), octal(0, 8)
    block[124:136] = size_field or octal(size, 12)
    block[136:148] = octal(1795512600, 12)
    block[156:157] = type
    block[157:157 + len(link)] = link
    block[257:257 + len(magic)] = magic
    if rest:
        block[345:345 + len(rest)] = rest
    elif prefix:
        block[345:345 + len(prefix)] = prefix
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(content):
    return content + bytes(-len(content) % 512)


def file(name, content=b"x\n", **more):
    return header(name, len(content), **more) + padded(content)


def record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    length = len(body)
    while len(b"%d" % length) + len(body) != length:
        length = len(b"%d" % length) + len(body)
    return b"%d" % length + body


def pax(records, type=b"x"):
    content = b"".join(record(key, value) for key, value in records)
    return header(b"pax", len(content), type=type) + padded(content)


END = bytes(1024)
GOOD = file(b"train.py")


def tar(name, *parts, gets="refused"):
    content = GOOD + b"".join(parts) + END
    if len(content) < 1 << 20:
        keep(f"{name}.tar", content, gets)
    keep(f"{name}.tar.gz", gzip.compress(content, 1), gets)


def binary(number):
    """A size in base 256 (GNU tar)."""
    return struct.pack(">I", 0x80000000 if number >= 0 else 0xFFFFFFFF) + struct.pack(">q", number)


# Depth and length.
for depth in (150, 3_000, 60_000):
    tar(f"pax-path-{depth}-deep", pax([(b"path", b"q/" * depth + b"leaf")]), file(b"short"))
tar("gnu-name-9000-deep", header(b"././@LongLink", 18_005, type=b"L"), padded(b"w/" * 9_000 + b"leaf\0"), file(b"short"))
tar("800-names-700-deep", *(pax([(b"path", b"%d/" % n + b"e/" * 700 + b"f")]) + file(b"s") for n in range(800)))
tar("dots-40000", pax([(b"path", b"./" * 40_000 + b"leaf")]), file(b"short"), gets="answered")
tar("slashes-40000", pax([(b"path", b"a" + b"/" * 40_000 + b"leaf")]), file(b"short"), gets="answered")
tar("component-of-300", pax([(b"path", b"n" * 300)]), file(b"short"))
tar("component-of-200000", pax([(b"path", b"n" * 200_000)]), file(b"short"))
tar("path-of-5000", pax([(b"path", b"/".join([b"m" * 90] * 55))]), file(b"short"))
tar("name-with-controls", pax([(b"path", b"a\x1b[31m\r\nb")]), file(b"short"))
tar("name-not-utf-8", file(b"caf\xe9.py"), gets="answered")
tar("name-empty", file(b""))
tar("name-of-parent", file(b"a/b/../../../c"))
tar("name-of-dot", file(b"."))
tar("prefix-leads-outside", file(b"x", prefix=b"../.."))

# Sizes that lie.
tar("size-of-2-to-the-62", header(b"big", size_field=binary(2**62)))
tar("size-below-zero", header(b"less", size_field=binary(-5)))
tar("size-of-all-sevens", header(b"big", size_field=b"7" * 12))
tar("size-in-letters", header(b"odd", size_field=b"sixty-four\0\0"), gets="answered")
tar("pax-size-too-large", pax([(b"size", b"9223372036854775807")]), file(b"big"))
tar("pax-size-beyond-64-bits", pax([(b"size", b"9" * 40)]), file(b"big"), gets="answered")
tar("pax-size-below-zero", pax([(b"size", b"-512")]), file(b"less"), gets="answered")
tar("pax-size-in-letters", pax([(b"size", b"many")]), file(b"odd"), gets="answered")

# Sparse files, in the three ways of GNU tar.
for real in (10**10, 10**13, 2**63 - 1):
    tar(f"sparse-0.0-{real}", pax([(b"GNU.sparse.size", b"%d" % real), (b"GNU.sparse.numblocks", b"1"),
        (b"GNU.sparse.offset", b"%d" % (real - 2)), (b"GNU.sparse.numbytes", b"2")]), file(b"holes"))
    tar(f"sparse-0.1-{real}", pax([(b"GNU.sparse.major", b"0"), (b"GNU.sparse.minor", b"1"), (b"GNU.sparse.name", b"holes"),
        (b"GNU.sparse.size", b"%d" % real), (b"GNU.sparse.map", b"%d,2" % (real - 2))]), file(b"holes"))
    tar(f"sparse-1.0-{real}", pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"holes"),
        (b"GNU.sparse.realsize", b"%d" % real)]), file(b"holes", padded(b"1\n%d\n2\n" % (real - 2)) + b"x\n"))
    rest = bytearray(512 - 345)
    rest[41:53], rest[53:65] = binary(real - 2), octal(2, 12)
    rest[138:150] = binary(real)
    tar(f"sparse-old-{real}", header(b"holes", 2, type=b"S", magic=b"ustar  \0", rest=bytes(rest)), padded(b"x\n"))
tar("sparse-of-many-small", *(pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"h%d" % n),
    (b"GNU.sparse.realsize", b"4000000")]) + file(b"h", padded(b"1\n3999998\n2\n") + b"x\n") for n in range(400)))
tar("sparse-map-backwards", pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"holes"),
    (b"GNU.sparse.realsize", b"90")]), file(b"holes", padded(b"2\n50\n2\n10\n2\n") + b"wxyz"), gets="answered")
tar("sparse-map-below-zero", pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"holes"),
    (b"GNU.sparse.realsize", b"90")]), file(b"holes", padded(b"1\n-50\n2\n") + b"wx"), gets="answered")
tar("sparse-map-of-a-million", pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"holes"),
    (b"GNU.sparse.realsize", b"90")]), file(b"holes", padded(b"1000000\n" + b"1\n0\n" * 1_000_000)), gets="answered")

# Records that lie.
tar("pax-length-of-zero", header(b"pax", 512, type=b"x"), b"0 path=a\n".ljust(512, b"\0"), file(b"s"), gets="answered")
tar("pax-length-too-large", header(b"pax", 512, type=b"x"), b"999999999 path=a\n".ljust(512, b"\0"), file(b"s"))
tar("pax-without-an-end", header(b"pax", 512, type=b"x"), b"p" * 512, file(b"s"), gets="answered")
tar("pax-comment-of-20-mb", pax([(b"comment", b"c" * 20_000_000)]), file(b"s"), gets="answered")
tar("pax-100000-records", pax([(b"k%d" % n, b"v") for n in range(100_000)]), file(b"s"), gets="answered")
tar("global-pax-path", pax([(b"path", b"../../all")], type=b"g"), file(b"s"), gets="answered")
tar("names-within-names", *(header(b"././@LongLink", 8, type=b"L") + padded(b"again\0\0\0") for _ in range(5_000)), file(b"s"),
    gets="answered")
tar("long-name-of-30-mb", header(b"././@LongLink", 30_000_000, type=b"L"), padded(b"n" * 30_000_000), file(b"s"))

# Kinds that are no files.
for type, link in ((b"1", b"train.py"), (b"2", b"/etc"), (b"3", b""), (b"4", b""), (b"6", b""), (b"7", b"")):
    tar(f"type-{type.decode()}", header(b"thing", type=type, link=link), gets="answered" if type == b"7" else "refused")
tar("through-a-link", header(b"way", type=b"2", link=b"/tmp"), file(b"way/planted"))
tar("file-below-a-file", file(b"train.py/more"))
tar("twice-by-case-of-dots", file(b"a/b"), file(b"a/./b"))
tar("cut-in-a-header", header(b"cut")[:200], gets="answered")

# Many.
tar("200000-entries", *(header(b"n%d" % n) for n in range(200_000)))
tar("200000-folders", *(header(b"n%d/" % n, type=b"5") for n in range(200_000)))

# Gzip: 64 MiB of zeros is a member of 64 KiB.
zeros = gzip.compress(bytes(64 << 20), 9)
keep("zeros-of-8-gib.tar.gz", gzip.compress(header(b"zeros", 2**33 - 1)) + zeros * 128, "refused")
keep("zeros-behind-the-end.tar.gz", gzip.compress(GOOD + END) + zeros * 40, "refused")
keep("200-files-of-64-mib.tar.gz", (gzip.compress(header(b"z", 64 << 20)) + zeros) * 200, "refused")
keep("empty-members.tar.gz", gzip.compress(b"") * 100_000 + gzip.compress(GOOD + END), "answered")
keep("name-without-end.tar.gz", b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 3_000_000, "refused")
keep("extra-field.tar.gz", b"\x1f\x8b\x08\x04" + bytes(6) + b"\xff\xff" + bytes(65_535) + b"\x03\x00" + bytes(8), "refused")
keep("gzip-in-gzip.tar.gz", gzip.compress(gzip.compress(gzip.compress(GOOD + END))), "refused")
keep("rubbish-behind.tar.gz", gzip.compress(GOOD + END) + b"rubbish" * 1000, "refused")
keep("reserved-flags.tar.gz", b"\x1f\x8b\x08\xe0" + gzip.compress(GOOD + END)[4:], "answered")
keep("another-method.tar.gz", b"\x1f\x8b\x07\x00" + gzip.compress(GOOD + END)[4:], "refused")


# Zips.

def local(name, content=b"", method=0, flags=0, size=None, checksum=None, extra=b""):
    size = len(content) if size is None else size
    checksum = zlib.crc32(content) if checksum is None else checksum
    return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, flags, method, 0, 33, checksum, len(content), size, len(name),
                       len(extra)) + name + extra + content


def central(name, offset, packed, size, method=0, flags=0, checksum=0, mode=0o100644, extra=b""):
    return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 0x0314, 20, flags, method, 0, 33, checksum, packed, size,
                       len(name), len(extra), 0, 0, 0, mode << 16, offset) + name + extra


def end(count, size, offset):
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, offset, 0)


def zipped(name, files, directory, gets="refused", count=None):
    keep(f"{name}.zip", files + directory + end(count or 1, len(directory), len(files)), gets)


deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
bomb = deflate.compress(bytes(400 << 20)) + deflate.flush()
zipped("inflates-to-400-mib", local(b"z", bomb, 8, size=400 << 20, checksum=zlib.crc32(bytes(400 << 20))),
       central(b"z", 0, len(bomb), 400 << 20, 8))
zipped("says-it-is-small", local(b"z", bomb, 8, size=10), central(b"z", 0, len(bomb), 10, 8))
zipped("overlaps", local(b"z0", bomb, 8, size=400 << 20),
       b"".join(central(b"z%d" % n, 0, len(bomb), 400 << 20, 8) for n in range(500)), count=500)
zipped("size-of-4-gib", local(b"z", b"x", size=0xFFFFFFFE), central(b"z", 0, 1, 0xFFFFFFFE))
zip64 = struct.pack("<HHQQ", 1, 16, 2**63 + 5, 2**63 + 5)
zipped("zip64-beyond-63-bits", local(b"z", b"x", size=0xFFFFFFFF, extra=zip64),
       central(b"z", 0, 0xFFFFFFFF, 0xFFFFFFFF, extra=zip64))
zipped("encrypted", local(b"z", b"x" * 30, flags=1), central(b"z", 0, 30, 30, flags=1))
zipped("unknown-method", local(b"z", b"x", 77), central(b"z", 0, 1, 1, 77))
zipped("directory-outside", local(b"z", b"x"), central(b"z", 4_000_000_000, 1, 1), gets="answered")
zipped("65535-declared", local(b"z", b"x"), central(b"z", 0, 1, 1, checksum=zlib.crc32(b"x")), count=65535, gets="answered")
zipped("name-of-65535", local(b"n" * 65_535, b"x"), central(b"n" * 65_535, 0, 1, 1, checksum=zlib.crc32(b"x")))
zipped("name-with-nul", local(b"a\0b", b"x"), central(b"a\0b", 0, 1, 1, checksum=zlib.crc32(b"x")), gets="answered")
zipped("link", local(b"z", b"/etc/passwd"), central(b"z", 0, 11, 11, mode=0o120777, checksum=zlib.crc32(b"/etc/passwd")))
zipped("parent", local(b"../z", b"x"), central(b"../z", 0, 1, 1, checksum=zlib.crc32(b"x")))
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as archive:
    for n in range(60_000):
        archive.writestr(f"f{n}/{n}", "")
keep("60000-in-folders.zip", out.getvalue(), "answered")
keep("only-an-end.zip", end(0, 0, 0), "refused")

with open("expected", "w") as lines:
    lines.writelines(expected)
