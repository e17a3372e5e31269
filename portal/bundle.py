"""The case bundle: everything the public may have of one lot, in one file that anybody can verify offline.

One archive (`portal.archive`) whose first member lists every other with its kind, size and SHA-256, and whose second is
the platform's signature over that list. Writer and reader are pure; what the members prove is checked by
`portal.offline`.

Source: `docs/spec/bundle.md`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse, parse_time
from portal.archive import ArchiveError, Member, Placed, is_name, read_archive, write_archive

MANIFEST, SIGNATURE = "manifest.json", "manifest.jws"
BUNDLE_TYP = "case-bundle+jws"
#: What members are. A kind says how a member is verified, and whether there may be several.
KINDS = {
    "trust": "信任文件",
    "checkpoint": "日志检查点",
    "timestamp": "检查点的时间戳",
    "consistency": "日志一致性证明",
    "entries": "日志条目",
    "receipt": "投标回执",
    "keyset": "密钥组",
    "close": "开标清单",
    "submission": "投标文件递交书",
    "consent": "联合体成员同意书",
    "envelope": "密封信封",
    "release": "投标人解密书",
    "share": "见证人解密书",
    "opening": "唱标表",
    "transcript": "抽取记录",
    "pool": "抽取名单",
    "certificate": "证书",
    "document": "签章文件",
    "text": "说明",
}
_MANIFEST = {"v", "type", "tender", "lot", "made_at", "rehearsal", "members"}
_MEMBER = {"name", "kind", "size", "sha256"}
_PIECE = 1 << 20

#: Signs a payload under a `typ`: the platform's receipt key.
Sign = Callable[[str, dict[str, Any]], str]


class BundleError(Exception):
    """A bundle is not what its manifest says.

    Attributes:
        code: `bundle-layout`, `bundle-manifest` or `bundle-member`.
        where: the member concerned.
    """

    def __init__(self, code: str, where: str, reason: str) -> None:
        super().__init__(f"{code}: {where}: {reason}")
        self.code = code
        self.where = where
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Part:
    """A member to be bundled."""

    name: str
    kind: str
    content: bytes | Path


@dataclass(frozen=True, slots=True)
class Listed:
    """A member as the manifest lists it and the archive holds it."""

    name: str
    kind: str
    size: int
    start: int


class Bundle:
    """An opened bundle whose container, manifest and digests hold."""

    def __init__(self, path: Path, manifest: Mapping[str, Any], listed: Mapping[str, Listed], signature: bytes) -> None:
        self._path = path
        self.manifest = manifest
        self.listed = listed
        self.signature = signature

    def of_kind(self, *kinds: str) -> list[Listed]:
        """The members of these kinds, by name."""
        return [listed for listed in self.listed.values() if listed.kind in kinds]

    def read(self, name: str) -> bytes:
        """The content of a member."""
        with self.open(name) as window:
            return window.read(-1)

    def open(self, name: str) -> "Window":
        """A reader over the content of a member."""
        listed = self.listed[name]
        return Window(self._path, listed.start, listed.size)


class Window:
    """A file-like reader over a stretch of a file."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._file = path.open("rb")
        self._file.seek(start)
        self._left = size

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, count: int = -1) -> bytes:
        """At most `count` bytes; all that is left when it is negative."""
        data = self._file.read(self._left if count < 0 else min(count, self._left))
        self._left -= len(data)
        return data


def write_bundle(
    out: BinaryIO,
    parts: Sequence[Part],
    sign: Sign,
    *,
    tender: str,
    lot: str,
    made_at: str,
    rehearsal: bool,
) -> dict[str, Any]:
    """Write a bundle.

    Args:
        sign: makes the platform's signature over the manifest's digest.
        made_at: instant as `kernel.canonical.format_time` writes it.
        rehearsal: whether the platform's clock is moved; then witness times are those of the rehearsal.

    Returns:
        The manifest.

    Raises:
        BundleError: a part of unknown kind or with a name that is not plain or taken.
        ArchiveError: it does not fit.
    """
    ordered = sorted(parts, key=lambda part: part.name)
    for part in ordered:
        if part.kind not in KINDS or not is_name(part.name) or part.name in (MANIFEST, SIGNATURE):
            raise BundleError("bundle-manifest", part.name, "no such kind, or not a plain name")
    members = [Member(part.name, part.content) for part in ordered]
    manifest = {
        "v": 1,
        "type": "case.bundle",
        "tender": tender,
        "lot": lot,
        "made_at": made_at,
        "rehearsal": rehearsal,
        "members": [
            _listed(part.name, part.kind, member.pieces()) for part, member in zip(ordered, members, strict=True)
        ],
    }
    token = sign(BUNDLE_TYP, bundle_payload(manifest))
    first = [Member(MANIFEST, jcs(manifest)), Member(SIGNATURE, token.encode())]
    write_archive(out, [*first, *members])
    return manifest


def bundle_payload(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the platform signs of a bundle."""
    digest = hashlib.sha256(jcs(dict(manifest))).digest()
    return {"v": 1, "type": "case.bundle", "manifest": b64u_encode(digest)}


def read_bundle(path: Path) -> Bundle:
    """Open a bundle: container byte for byte, manifest, and the digest of every member.

    Raises:
        BundleError: `bundle-layout`, `bundle-manifest`, `bundle-member`, with the member concerned.
    """
    with path.open("rb") as file:
        try:
            placed = read_archive(file)
        except ArchiveError as refusal:
            raise BundleError(refusal.code, refusal.where, refusal.reason) from None
        if [found.name for found in placed[:2]] != [MANIFEST, SIGNATURE]:
            raise BundleError("bundle-manifest", MANIFEST, "manifest and signature are not the first members")
        manifest = _manifest(_content(file, placed[0]))
        signature = _content(file, placed[1])
        listed = {}
        rows = manifest["members"]
        if [row["name"] for row in rows] != [found.name for found in placed[2:]]:
            raise BundleError("bundle-manifest", MANIFEST, "the archive has other members than the manifest lists")
        for row, found in zip(rows, placed[2:], strict=True):
            file.seek(found.start)
            if _listed(found.name, row["kind"], _pieces(file, found.size)) != row:
                raise BundleError("bundle-member", found.name, "the content is not what the manifest lists")
            listed[found.name] = Listed(found.name, row["kind"], found.size, found.start)
    return Bundle(path, manifest, listed, signature)


def _manifest(data: bytes) -> dict[str, Any]:
    try:
        manifest = parse(data)
        if not isinstance(manifest, dict) or manifest.keys() != _MANIFEST:
            raise NotCanonical("missing or unknown members")
        if type(manifest["v"]) is not int or manifest["v"] != 1 or manifest["type"] != "case.bundle":
            raise NotCanonical("another version or type")
        if not all(isinstance(manifest[name], str) for name in ("tender", "lot")):
            raise NotCanonical("tender and lot are texts")
        if not isinstance(manifest["rehearsal"], bool) or not isinstance(manifest["members"], list):
            raise NotCanonical("rehearsal is true or false, members are a list")
        parse_time(manifest["made_at"])
        for row in manifest["members"]:
            if not isinstance(row, dict) or row.keys() != _MEMBER or row["kind"] not in list(KINDS):
                raise NotCanonical("a member has name, kind, size and sha256")
            b64u_decode(row["sha256"], 32)
        names = [row["name"] for row in manifest["members"]]
        if not all(isinstance(name, str) for name in names) or names != sorted(set(names)):
            raise NotCanonical("members are listed by ascending name")
    except NotCanonical as refusal:
        raise BundleError("bundle-manifest", MANIFEST, str(refusal)) from None
    return manifest


def _listed(name: str, kind: str, pieces: Iterator[bytes]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return {"name": name, "kind": kind, "size": size, "sha256": b64u_encode(digest.digest())}


def _content(file: BinaryIO, found: Placed) -> bytes:
    file.seek(found.start)
    return file.read(found.size)


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(size, _PIECE))
        size -= len(piece)
        yield piece
