"""A ZIP file with exactly one possible form: given names and contents, every byte is fixed.

Members are stored, not compressed, under plain names, dated 1980-01-01, with no extra fields and no comments. The
reader compares every byte of the container with this form, so nothing can be hidden between members and nothing can
be changed unnoticed; any ordinary program can still open the file.

Source: PKWARE APPNOTE 6.3 §4.3 (without ZIP64); `docs/spec/bundle.md`, "Container".
"""

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_SIGNATURE, _CENTRAL_SIGNATURE, _END_SIGNATURE = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
#: Version 1.0, Unix, 1980-01-01, a plain file that everybody may read.
_NEEDED, _MADE_BY, _DATE, _ATTRIBUTES = 10, 3 << 8 | 10, 0x0021, 0o100644 << 16
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*", re.ASCII)
_PIECE = 1 << 20
MAX_NAME = 200
MAX_MEMBERS = 60_000
MAX_SIZE = (1 << 32) - 1


class ArchiveError(Exception):
    """The container is not in its one form.

    Attributes:
        code: `bundle-layout`.
        where: the member or part concerned.
    """

    code = "bundle-layout"

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Member:
    """A file to be put in.

    Attributes:
        content: bytes, or the path of a file to be read piece by piece.
    """

    name: str
    content: bytes | Path

    def pieces(self) -> Iterator[bytes]:
        """The content, piece by piece."""
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


@dataclass(frozen=True, slots=True)
class Placed:
    """A member found in an archive."""

    name: str
    size: int
    crc: int
    header: int

    @property
    def start(self) -> int:
        """Where the content begins."""
        return self.header + _LOCAL.size + len(self.name)


def is_name(name: str) -> bool:
    """Whether a member may have this name: lower case, no part begins with a dot, nothing leaves the folder."""
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None


def write_archive(out: BinaryIO, members: Sequence[Member]) -> None:
    """Write an archive, members in the order given.

    Raises:
        ArchiveError: a name that is not plain or occurs twice, or more content than the form holds.
    """
    if len({member.name for member in members}) != len(members) or len(members) > MAX_MEMBERS:
        raise ArchiveError("archive", "a name occurs twice, or there are too many members")
    placed: list[Placed] = []
    at = 0
    for member in members:
        if not is_name(member.name):
            raise ArchiveError(member.name, "not a plain name")
        size = crc = 0
        for piece in member.pieces():
            size, crc = size + len(piece), zlib.crc32(piece, crc)
        found = Placed(member.name, size, crc, at)
        if found.start + size > MAX_SIZE:
            raise ArchiveError(member.name, "the archive would be too large")
        out.write(_local(found))
        written = sum(out.write(piece) for piece in member.pieces())
        if written != size:
            raise ArchiveError(member.name, "the file changed while it was read")
        placed.append(found)
        at = found.start + size
    out.write(_directory(placed, at))


def read_archive(file: BinaryIO) -> list[Placed]:
    """Walk an archive and check every byte of it but what the contents mean.

    Raises:
        ArchiveError: any deviation from the form, told by member.
    """
    placed: list[Placed] = []
    names: set[str] = set()
    at = 0
    while True:
        file.seek(at)
        head = file.read(_LOCAL.size)
        if head[:4] != _LOCAL_SIGNATURE:
            break
        found = _member(file, head, at, placed)
        if found.name in names or len(names) >= MAX_MEMBERS:
            raise ArchiveError(found.name, "a name occurs twice, or there are too many members")
        names.add(found.name)
        placed.append(found)
        at = found.start + found.size
    file.seek(at)
    tail = file.read(len(_directory(placed, at)) + 1)
    if not placed or tail != _directory(placed, at):
        last = placed[-1].name if placed else "archive"
        raise ArchiveError("archive", f"the directory after {last} is not that of the members")
    return placed


def _member(file: BinaryIO, head: bytes, at: int, placed: Sequence[Placed]) -> Placed:
    where = f"byte {at}" + (f" after {placed[-1].name}" if placed else "")
    if len(head) < _LOCAL.size:
        raise ArchiveError(where, "the archive ends within a header")
    _, _, _, _, _, _, crc, _, size, length, _ = _LOCAL.unpack(head)
    try:
        name = file.read(min(length, MAX_NAME + 1)).decode("ascii")
    except UnicodeDecodeError:
        raise ArchiveError(where, "not a plain name") from None
    found = Placed(name, size, crc, at)
    if not is_name(name) or _local(found) != head + name.encode():
        raise ArchiveError(name if is_name(name) else where, "the header is not in its one form")
    left, actual = size, 0
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise ArchiveError(name, "the archive ends within this member")
        left, actual = left - len(piece), zlib.crc32(piece, actual)
    if actual != crc:
        raise ArchiveError(name, "the content does not match its checksum")
    return found


def _local(found: Placed) -> bytes:
    name, size = found.name.encode(), found.size
    return _LOCAL.pack(_LOCAL_SIGNATURE, _NEEDED, 0, 0, 0, _DATE, found.crc, size, size, len(name), 0) + name


def _directory(placed: Sequence[Placed], at: int) -> bytes:
    records = b"".join(map(_central, placed))
    return records + _END.pack(_END_SIGNATURE, 0, 0, len(placed), len(placed), len(records), at, 0)


def _central(found: Placed) -> bytes:
    name, size = found.name.encode(), found.size
    packed = _CENTRAL.pack(
        *(_CENTRAL_SIGNATURE, _MADE_BY, _NEEDED, 0, 0, 0, _DATE, found.crc, size, size, len(name)),
        *(0, 0, 0, 0, _ATTRIBUTES, found.header),
    )
    return packed + name
