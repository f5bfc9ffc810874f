"""ZIP packages that are one file and nothing else (PKWARE APPNOTE 6.3), unpacked within bounds."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass, field

MOST_BYTES = 100 * 1024 * 1024  # unpacked, all parts together
MOST_ELEMENTS = 500_000  # of XML, all parts together: two seconds to read
MOST_PARTS = 5_000
HEAD, END = 30, 22  # bytes of the header before a part, and of the record that ends a ZIP without a comment
LATER, UTF8 = 0x8, 0x800  # flags of a part: its sizes stand behind it, its name is UTF-8
BEHIND = {12, 16, 20, 24}  # bytes that such sizes take
STORED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@dataclass
class Bounds:
    """What may still be unpacked and read of a file, with the files inside it."""

    size: int = field(default_factory=lambda: MOST_BYTES)
    elements: int = field(default_factory=lambda: MOST_ELEMENTS)

    def spend(self, *, size: int = 0, elements: int = 0) -> None:
        """That much less. Refused (ValueError): more than is left."""
        self.size -= size
        self.elements -= elements
        if self.size < 0 or self.elements < 0:
            raise ValueError("an archive beyond the bounds")


class Archive(zipfile.ZipFile):
    """A ZIP in which every byte is accounted for, and what may be read of it."""

    bounds: Bounds


class Hidden(ValueError):
    """Bytes that belong to no part, or a part that two programs would read differently."""


def whole(raw: bytes, bounds: Bounds | None = None) -> Archive:
    """`raw` as a ZIP in which every byte is accounted for. Refused: Hidden, or ValueError for one beyond the bounds."""
    archive = Archive(io.BytesIO(raw))
    archive.bounds = bounds or Bounds()
    parts = sorted(archive.infolist(), key=lambda part: part.header_offset)
    if len(parts) > MOST_PARTS:
        raise ValueError("an archive beyond the bounds")
    archive.bounds.spend(size=sum(part.file_size for part in parts))
    directory_size, directory = struct.unpack("<LL", raw[-10:-2])
    if raw[-END:-18] != b"PK\x05\x06" or raw[-2:] != b"\0\0" or directory + directory_size != len(raw) - END:
        raise Hidden("something behind the archive")
    if len({part.filename.lower() for part in parts}) != len(parts):
        raise Hidden("two parts of one name")
    must_touch(raw, parts, directory)
    return archive


def must_touch(raw: bytes, parts: list[zipfile.ZipInfo], directory: int) -> None:
    """Refuse a gap before, between or behind the parts: something could live there."""
    starts = [*(part.header_offset for part in parts), directory]
    if starts[0]:
        raise Hidden("something before the parts")
    for part, following in zip(parts, starts[1:], strict=True):
        left = following - end_of(raw, part)
        if left and not (part.flag_bits & LATER and left in BEHIND):
            raise Hidden("something between two parts")


def end_of(raw: bytes, part: zipfile.ZipInfo) -> int:
    """Where the content of a part ends; Hidden when its two headers disagree, or its name leads elsewhere."""
    head = raw[part.header_offset : part.header_offset + HEAD]
    mark, flags, method, crc, packed, size, name, extra = struct.unpack("<4s2xHH4xLLLHH", head)
    start = part.header_offset + HEAD
    called = raw[start : start + name].decode("utf-8" if flags & UTF8 else "cp437")
    known = (b"PK\x03\x04", part.flag_bits, part.compress_type, part.orig_filename)
    if (mark, flags, method, called) != known or part.filename != called or leads_out(called):
        raise Hidden("a part with two names")
    if not flags & LATER and (crc, packed, size) != (part.CRC, part.compress_size, part.file_size):
        raise Hidden("a part with two sizes")
    if method not in STORED or flags & 1:
        raise ValueError("a part that we do not unpack")
    return int(start + name + extra + part.compress_size)


def leads_out(name: str) -> bool:
    """Whether a part would be unpacked elsewhere."""
    return "\\" in name or name.startswith("/") or ".." in name.split("/")
