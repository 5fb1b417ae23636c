#!/usr/bin/env python3
"""Writes the golden manifests of version 1, after the format's text and without our code.

Usage: make.py DIRECTORY. The bytes before compression are what counts; they are compressed by the
zstd program. Files of a version that was released stay as they are for good.
"""
import hashlib
import pathlib
import struct
import subprocess
import sys

NANOSECOND = 1_000_000_000
START = 1_771_034_400 * NANOSECOND
ENTRIES = [
    # path, mtime, size, mode (Go's fs.FileMode), origin
    (b"srv/data", START - 5, 0, 0x800001ED, 0),
    (b"srv/data/a", START - 7 * NANOSECOND - 1, 0, 0x800001ED, 0),
    (b"srv/data/a/link", START, 5, 0x080001FF, 0),
    (b"srv/data/a/\xff\xfe not UTF-8", 1, 12, 0x000001A4, 1),
    (b"srv/data/a.b", -1, 1 << 40, 0x008001ED, 2),
    (b"srv/data/\x80", START, 0, 0x042001B0, 2),
]


def header(count, version=1, flags=1, timestamp=START, sequence=2, magic=b"NBKM"):
    return struct.pack("<4sHHQqB15x", magic, version, flags, count, timestamp, sequence)


def entry(path, mtime, size, mode, origin):
    return struct.pack("<H", len(path)) + path + struct.pack("<qqIB", mtime, size, mode, origin)


def footer(content, magic=b"NBKM"):
    return hashlib.sha256(content).digest() + magic


def whole(entries, count=None, **fields):
    content = header(len(entries) if count is None else count, **fields)
    content += b"".join(entry(*e) for e in entries)
    return content + footer(content)


def changed(data, offset, value):
    return data[:offset] + value + data[offset + len(value):]


GOOD = whole(ENTRIES)
SWAPPED = [ENTRIES[0], ENTRIES[2], ENTRIES[1]]
LONG = (b"x/" * 32767 + b"y", 0, 0, 0x1A4, 0)


def sealed(content):
    return content + footer(content)


FILES = {
    "good": GOOD,
    "good-empty": whole([], sequence=0),
    "good-longest-path": whole([LONG], sequence=0),
    "bad-magic": changed(GOOD, 0, b"NBKX"),
    "bad-version": whole(ENTRIES, version=2),
    "bad-flags": whole(ENTRIES, flags=3),
    "bad-flags-none": whole(ENTRIES, flags=0),
    "bad-truncated-header": GOOD[:39],
    "bad-truncated-entry": GOOD[:60],
    "bad-truncated-footer": GOOD[:-1],
    "bad-count-more": whole(ENTRIES, count=7),
    "bad-count-less": whole(ENTRIES, count=5),
    "bad-checksum": changed(GOOD, 90, b"!"),
    "bad-reserved-flip": changed(GOOD, 30, b"!"),
    "bad-end-magic": GOOD[:-4] + b"NBKX",
    "bad-after-end": GOOD + b"\0",
    "bad-order": whole(SWAPPED),
    "bad-twice": whole([ENTRIES[0], ENTRIES[0]]),
    "bad-order-dot-before-slash": whole([ENTRIES[0], ENTRIES[4], ENTRIES[3]]),
    "bad-path-empty": whole([(b"", 0, 0, 0, 0)]),
    "bad-path-absolute": whole([(b"/etc", 0, 0, 0, 0)]),
    "bad-path-dotdot": whole([(b"a/../b", 0, 0, 0, 0)]),
    "bad-path-dot": whole([(b"a/.", 0, 0, 0, 0)]),
    "bad-path-slash-at-end": whole([(b"a/", 0, 0, 0, 0)]),
    "bad-path-nul": whole([(b"a\0b", 0, 0, 0, 0)]),
    "bad-origin": whole([(b"a", 0, 0, 0, 3)]),
    "bad-size": whole([(b"a", 0, -1, 0, 0)]),
}

directory = pathlib.Path(sys.argv[1])
for name, data in FILES.items():
    packed = subprocess.run(["zstd", "-q", "-3", "--no-check"], input=data, capture_output=True,
                            check=True).stdout
    (directory / f"{name}.nbkm").write_bytes(packed)
(directory / "bad-not-zstd.nbkm").write_bytes(GOOD)
packed = (directory / "good.nbkm").read_bytes()
(directory / "bad-truncated-zstd.nbkm").write_bytes(packed[:-3])
(directory / "bad-nothing.nbkm").write_bytes(b"")
