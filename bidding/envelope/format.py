"""SBE1: constants, labels and derivations that sealing, opening and digesting share.

Source: docs/spec/sealing.md, "Envelope file" and "Derivations".
"""

from collections.abc import Iterable
from typing import Any, Protocol

from kernel.canonical import jcs
from kernel.crypto import CryptoError, Suite
from kernel.crypto.merkle import merkle_root

MAGIC = bytes.fromhex("89534245310d0a1a")
PREFIX_LENGTH = len(MAGIC) + 4
MIN_HEADER = 2
MAX_HEADER = 65536
TAG_LENGTH = 16
LENGTH_FIELD = 8
#: Small forms, and files.
CHUNK_SIZES = (16384, 1048576)

BIDDER, TRUSTEES, EITHER, BOTH = "bidder", "trustees", "either", "both"
POLICIES = (BIDDER, TRUSTEES, EITHER, BOTH)

#: A header as it stands in the file; `head.check_header` says which members it has.
Header = dict[str, Any]


class EnvelopeError(CryptoError):
    """An envelope is malformed, does not open, or a part handed over for opening it is wrong.

    Codes in checking order: `magic`, `truncated`, `header-length`, `header-json`, `header-not-canonical`, `version`,
    `chunk-size`, `header-fields`, `threshold`; opening: `key-commit`, `truncated`, `chunk-auth`, `padding`, `length`;
    unwrapping: `stanza`, `unwrap`, `bidder-secret`, `share-commit`; recovery: `bidder-secret`, `policy`, `share-index`,
    `share-commit`, `share-duplicate`, `share-count`, `policy`, `key-commit`.
    """


class Reader(Protocol):
    """Anything with `read`; it may give fewer bytes than asked for, and gives none at the end."""

    def read(self, n: int, /) -> bytes:
        """Up to n bytes."""


class Writer(Protocol):
    """Anything with `write`."""

    def write(self, data: bytes, /) -> object:
        """Take all of the bytes."""


def read_up_to(reader: Reader, count: int) -> bytes:
    """Read `count` bytes, fewer only at the end of the input."""
    first = reader.read(count)
    if len(first) == count or not first:
        return first
    parts, missing = [first], count - len(first)
    while missing and (part := reader.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def label(name: str) -> bytes:
    """Domain separation: every hash input of this format begins with one of these."""
    return b"SBE1/" + name.encode("ascii") + b"\x00"


def core_hash(suite: Suite, core: dict[str, Any]) -> bytes:
    """Digest of the part of the header that every wrap is bound to."""
    return suite.hash(label("core") + jcs(core))


def wrap_context(suite: Suite, core_digest: bytes, role: str, index: int) -> bytes:
    """What a wrapped secret is bound to: this envelope, this role, this stanza."""
    return suite.hash(label("wrap") + core_digest + role.encode("ascii") + b"\x00" + bytes([index]))


def key_commitment(suite: Suite, file_key: bytes, nonce: bytes) -> bytes:
    """Binds the file key, because AES-GCM and SM4-GCM do not bind theirs."""
    return suite.hkdf(file_key, nonce, label("key-commit"), 32)


def bidder_commitment(suite: Suite, core_digest: bytes, secret: bytes) -> bytes:
    """Lets anybody see at once whether a released bidder secret is the sealed one."""
    return suite.hash(label("bidder-secret") + core_digest + secret)


def share_commitment(suite: Suite, core_digest: bytes, index: int, share: bytes) -> bytes:
    """Lets anybody see at once whether a posted share is the sealed one."""
    return suite.hash(label("share") + core_digest + bytes([index]) + share)


def joint_file_key(suite: Suite, bidder_secret: bytes, trustee_secret: bytes, nonce: bytes) -> bytes:
    """The file key of policy `both`: neither secret alone says anything about it."""
    return suite.hkdf(bidder_secret + trustee_secret, nonce, label("both"), 32)


def payload_key(suite: Suite, file_key: bytes, header_digest: bytes) -> bytes:
    """The key of the chunks; an edited header gives another one."""
    return suite.hkdf(file_key, header_digest, label("payload"), suite.key_length)


def chunk_nonce(index: int, last: bool) -> bytes:
    """Counter and last flag: chunks cannot be reordered, dropped, cut off or appended."""
    return index.to_bytes(11, "big") + bytes([last])


def envelope_id(suite: Suite, header_digest: bytes, leaves: Iterable[bytes]) -> bytes:
    """The envelope's id (eid) from the header digest and the leaf digests H(00 || chunk) in order."""
    collected = list(leaves)
    return envelope_id_of_root(suite, header_digest, merkle_root(suite, collected), len(collected))


def envelope_id_of_root(suite: Suite, header_digest: bytes, root: bytes, count: int) -> bytes:
    """The envelope's id from the Merkle root over its chunks and their number."""
    return suite.hash(label("envelope") + header_digest + root + count.to_bytes(8, "big"))
