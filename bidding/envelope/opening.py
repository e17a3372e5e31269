"""Opening: unwrapping secrets, putting the file key together, decrypting; and the digest that needs no key.

Source: docs/spec/sealing.md, "Opening" and "Error codes".
"""

from collections.abc import Sequence
from typing import Any, TypeGuard

from bidding.envelope.format import (
    BIDDER,
    BOTH,
    LENGTH_FIELD,
    TRUSTEES,
    EnvelopeError,
    Header,
    Reader,
    Writer,
    bidder_commitment,
    chunk_nonce,
    core_hash,
    envelope_id_of_root,
    joint_file_key,
    key_commitment,
    payload_key,
    read_up_to,
    share_commitment,
    wrap_context,
)
from bidding.envelope.head import Head, read_head
from kernel.canonical import NotCanonical, b64u_decode
from kernel.crypto import CryptoError, Suite, combine32, equal, suite
from kernel.crypto.keys import PrivateKey
from kernel.crypto.merkle import MerkleRoot, leaf_hash


def digest_envelope(reader: Reader) -> bytes:
    """The envelope's id, computed without any key: this is all a server can say about an upload.

    Raises:
        EnvelopeError: a malformed head; `truncated` unless whole chunks follow it, at least one.
    """
    head = read_head(reader)
    root = MerkleRoot(head.suite)
    while piece := _read_piece(reader, head):
        root.append(leaf_hash(head.suite, piece))
    if not root.count:
        raise EnvelopeError("truncated", "the envelope has no body")
    return envelope_id_of_root(head.suite, head.digest, root.digest(), root.count)


def open_bidder(header: Header, j: int, key: PrivateKey) -> bytes:
    """Unwrap the bidder's secret from stanza j, counted from 0.

    Raises:
        EnvelopeError: `stanza` (there is none), `unwrap`, `bidder-secret` (not the committed one).
    """
    provider, digest = _bindings(header)
    stanza = _stanza(header.get("bk"), j)
    secret = _unwrap(provider, stanza, key, wrap_context(provider, digest, "bidder", j))
    if not _matches(bidder_commitment(provider, digest, secret), header["sbc"]):
        raise EnvelopeError("bidder-secret", "the secret is not the one committed to")
    return secret


def open_share(header: Header, i: int, key: PrivateKey) -> bytes:
    """Unwrap the share of trustee i, counted from 1.

    Raises:
        EnvelopeError: `stanza` (there is none), `unwrap`, `share-commit` (not the committed one).
    """
    provider, digest = _bindings(header)
    stanza = _stanza(header.get("tk"), i - 1 if type(i) is int else -1)
    share = _unwrap(provider, stanza, key, wrap_context(provider, digest, "trustee", i))
    if not _matches(share_commitment(provider, digest, i, share), stanza["sc"]):
        raise EnvelopeError("share-commit", "the share is not the one committed to")
    return share


def recover_file_key(
    header: Header,
    bidder_secret: bytes | None = None,
    shares: Sequence[tuple[int, bytes]] | None = None,
) -> bytes:
    """Put the file key together from what bidder and trustees handed over.

    Args:
        shares: (index, share); more than k are checked, and the k of lowest index are used.

    Raises:
        EnvelopeError: `bidder-secret`, `policy` (a part this policy does not have), `share-index`, `share-commit`,
            `share-duplicate`, `share-count`, `policy` (a part this policy needs is absent), `key-commit`.
    """
    provider, digest = _bindings(header)
    policy = header["core"]["policy"]
    if bidder_secret is not None and policy != TRUSTEES:
        _require_bidder_secret(provider, digest, header, bidder_secret)
    if (bidder_secret is not None and policy == TRUSTEES) or (shares is not None and policy == BIDDER):
        raise EnvelopeError("policy", "this policy has no such part")
    trustee_secret = None if shares is None else _combine(provider, digest, header, shares)
    candidates = _candidates(provider, header, bidder_secret, trustee_secret)
    nonce, commitment = b64u_decode(header["core"]["nonce"], 32), header["core"]["kc"]
    # All candidates are tried, so that a bidder cannot craft one envelope that opens to two different bids.
    if not all(_matches(key_commitment(provider, key, nonce), commitment) for key in candidates):
        raise EnvelopeError("key-commit", "the recovered key is not the one committed to")
    return candidates[0]


def open_envelope(reader: Reader, fk: bytes, writer: Writer) -> bytes:
    """Decrypt an envelope and return its id.

    The writer must lead to a quarantine: nothing it received may be shown or stored before this function returns.

    Raises:
        EnvelopeError: a malformed head; `key-commit`, `truncated`, `chunk-auth`, `padding`, `length`.
    """
    head = read_head(reader)
    provider, core = head.suite, head.header["core"]
    nonce = b64u_decode(core["nonce"], 32)
    if not _is_secret(fk) or not _matches(key_commitment(provider, fk, nonce), core["kc"]):
        raise EnvelopeError("key-commit", "this is not the key the envelope commits to")
    header_digest = head.digest
    key = payload_key(provider, fk, header_digest)
    root, plain = MerkleRoot(provider), _Unframer(head.chunk, writer)
    piece = _read_piece(reader, head)
    if not piece:
        raise EnvelopeError("truncated", "the envelope has no body")
    while piece:
        following = _read_piece(reader, head)
        try:
            data = provider.aead_open(key, chunk_nonce(root.count, not following), piece, b"")
        except CryptoError:
            raise EnvelopeError("chunk-auth", f"chunk {root.count} does not authenticate") from None
        root.append(leaf_hash(provider, piece))
        plain.take(data)
        piece = following
    plain.finish()
    return envelope_id_of_root(provider, header_digest, root.digest(), root.count)


class _Unframer:
    """Takes decrypted chunks, passes the data on, and insists on zeros after it."""

    def __init__(self, chunk: int, writer: Writer) -> None:
        self._chunk = chunk
        self._writer = writer
        self._missing: int | None = None
        self._filler = 0

    def take(self, plain: bytes) -> None:
        if self._missing is None:
            self._missing = int.from_bytes(plain[:LENGTH_FIELD], "big")
            plain = plain[LENGTH_FIELD:]
        data, filler = plain[: self._missing], plain[self._missing :]
        self._missing -= len(data)
        self._filler += len(filler)
        if filler.count(0) != len(filler) or self._filler >= self._chunk:
            raise EnvelopeError("padding", "the filler is not zeros, or a whole chunk of it")
        if data:
            self._writer.write(data)

    def finish(self) -> None:
        if self._missing:
            raise EnvelopeError("length", "the length field says more than there is")


def _read_piece(reader: Reader, head: Head) -> bytes:
    piece = read_up_to(reader, head.sealed_chunk)
    if piece and len(piece) != head.sealed_chunk:
        raise EnvelopeError("truncated", "the file ends inside a chunk")
    return piece


def _bindings(header: Header) -> tuple[Suite, bytes]:
    core = header["core"]
    provider = suite(core["suite"])
    return provider, core_hash(provider, core)


def _stanza(stanzas: Any, j: int) -> dict[str, Any]:
    if not isinstance(stanzas, list) or type(j) is not int or not 0 <= j < len(stanzas):
        raise EnvelopeError("stanza", "there is no such stanza")
    stanza: dict[str, Any] = stanzas[j]
    return stanza


def _unwrap(provider: Suite, stanza: dict[str, Any], key: PrivateKey, context: bytes) -> bytes:
    try:
        return provider.unwrap(stanza["a"], key, context, b64u_decode(stanza["enc"]), b64u_decode(stanza["ct"]))
    except (CryptoError, NotCanonical):
        raise EnvelopeError("unwrap", "the stanza does not open with this key") from None


def _require_bidder_secret(provider: Suite, digest: bytes, header: Header, secret: object) -> None:
    if not _is_secret(secret) or not _matches(bidder_commitment(provider, digest, secret), header["sbc"]):
        raise EnvelopeError("bidder-secret", "the secret is not the one committed to")


def _combine(provider: Suite, digest: bytes, header: Header, shares: Sequence[tuple[int, bytes]]) -> bytes:
    stanzas, k = header["tk"], header["k"]
    # Each rule goes over all shares before the next one does: the code does not depend on their order.
    for pair in shares:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise EnvelopeError("share-index", "a share is a pair of index and bytes")
        if type(pair[0]) is not int or not 1 <= pair[0] <= len(stanzas):
            raise EnvelopeError("share-index", "there is no trustee of this index")
    for i, share in shares:
        if not _is_secret(share) or not _matches(share_commitment(provider, digest, i, share), stanzas[i - 1]["sc"]):
            raise EnvelopeError("share-commit", f"the share of trustee {i} is not the one committed to")
    if len({i for i, _ in shares}) != len(shares):
        raise EnvelopeError("share-duplicate", "an index occurs twice")
    if len(shares) < k:
        raise EnvelopeError("share-count", f"{k} shares are needed")
    return combine32(sorted((i, share) for i, share in shares)[:k], k)


def _is_secret(value: object) -> TypeGuard[bytes]:
    return isinstance(value, bytes) and len(value) == 32


def _candidates(
    provider: Suite, header: Header, bidder_secret: bytes | None, trustee_secret: bytes | None
) -> list[bytes]:
    if header["core"]["policy"] == BOTH:
        if bidder_secret is None or trustee_secret is None:
            raise EnvelopeError("policy", "the bidder's and the trustees' parts are both needed")
        nonce = b64u_decode(header["core"]["nonce"], 32)
        return [joint_file_key(provider, bidder_secret, trustee_secret, nonce)]
    candidates = [secret for secret in (bidder_secret, trustee_secret) if secret is not None]
    if not candidates:
        raise EnvelopeError("policy", "a part that this policy needs is absent")
    return candidates


def _matches(digest: bytes, committed: Any) -> bool:
    return equal(digest, b64u_decode(committed, 32))
