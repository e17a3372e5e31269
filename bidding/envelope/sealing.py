"""Sealing: runs on the bidder's side only.

No key of the tender exists anywhere at any time: each envelope's secret is made here and split here, and each share
goes straight to one trustee.

Source: docs/spec/sealing.md, "Sealing".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bidding.envelope.format import (
    BIDDER,
    BOTH,
    CHUNK_SIZES,
    LENGTH_FIELD,
    MAGIC,
    MAX_HEADER,
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
from bidding.envelope.head import Head, check_header
from kernel.canonical import NotCanonical, b64u_encode, jcs
from kernel.crypto import CryptoError, Suite, random_bytes, split32, suite
from kernel.crypto.keys import PublicKey
from kernel.crypto.merkle import MerkleRoot, leaf_hash

#: A key to wrap for: the wrapping's name and the handle.
WrapKey = tuple[str, PublicKey]

MAX_SIZE = 2**53 - 1


def chunk_count(size: int, chunk: int) -> int:
    """Number of chunks of an envelope over `size` plaintext bytes; never zero."""
    return -(-(LENGTH_FIELD + size) // chunk)


def seal(
    core: Mapping[str, Any],
    policy: str,
    bidder_keys: Sequence[WrapKey],
    trustee_keys: Sequence[WrapKey],
    k: int | None,
    size: int,
    reader: Reader,
    writer: Writer,
) -> tuple[bytes, bytes]:
    """Seal a bid document.

    Args:
        core: `suite`, `tender`, `lot`, `slot`, `bidder`, `ks`, `chunk`; version, policy, nonce and key commitment are
            filled in here.
        policy: who must act at the opening: `bidder`, `trustees`, `either`, `both`.
        bidder_keys: (wrapping, public key), 1 to 8: main key, token, backup. Not used by policy `trustees`.
        trustee_keys: (wrapping, public key) of trustees 1 to n in order. Not used by policy `bidder`.
        k: how many trustees must act together.
        size: plaintext bytes; the reader gives exactly so many.

    Returns:
        (eid, fk): the envelope's id, and the file key, which belongs into the bidder's opening file and nowhere else.

    Raises:
        EnvelopeError: `version`, `chunk-size`, `header-fields`, `threshold`, `header-length` for what was asked for;
            `length` if the reader gives more or fewer bytes than `size`. What was written so far is worthless then.
    """
    if type(size) is not int or not 0 <= size <= MAX_SIZE:
        raise EnvelopeError("length", "the size is a number of bytes")
    provider, draft = _draft_core(core, policy)
    nonce = random_bytes(32)
    bidder_secret, trustee_secret, file_key = _secrets(provider, policy, nonce)
    draft |= {"nonce": b64u_encode(nonce), "kc": b64u_encode(key_commitment(provider, file_key, nonce))}
    try:
        header = _header(provider, draft, bidder_keys, trustee_keys, k, bidder_secret, trustee_secret)
        data = jcs(header)
    except NotCanonical as refusal:
        raise EnvelopeError("header-fields", str(refusal)) from None
    check_header(header)
    if len(data) > MAX_HEADER:
        raise EnvelopeError("header-length", "a header has at most 65536 bytes")
    head = Head(header, MAGIC + len(data).to_bytes(4, "big") + data, provider)
    writer.write(head.raw)
    return _write_body(head, file_key, size, reader, writer), file_key


def _draft_core(given: Mapping[str, Any], policy: str) -> tuple[Suite, dict[str, Any]]:
    core = {"v": 1, "policy": policy, **given}
    if core["v"] != 1 or core["policy"] != policy:
        raise EnvelopeError("version", "the core names another version or policy")
    if "nonce" in core or "kc" in core:
        raise EnvelopeError("header-fields", "nonce and key commitment are made by sealing")
    if type(core.get("chunk")) is not int or core["chunk"] not in CHUNK_SIZES:
        raise EnvelopeError("chunk-size", "chunks have 16384 or 1048576 bytes")
    try:
        return suite(core.get("suite", "")), core
    except CryptoError as refusal:
        raise EnvelopeError("version", str(refusal)) from None


def _secrets(provider: Suite, policy: str, nonce: bytes) -> tuple[bytes, bytes, bytes]:
    if policy == BOTH:
        bidder_secret, trustee_secret = random_bytes(32), random_bytes(32)
        return bidder_secret, trustee_secret, joint_file_key(provider, bidder_secret, trustee_secret, nonce)
    file_key = random_bytes(32)
    return file_key, file_key, file_key


def _header(
    provider: Suite,
    core: dict[str, Any],
    bidder_keys: Sequence[WrapKey],
    trustee_keys: Sequence[WrapKey],
    k: int | None,
    bidder_secret: bytes,
    trustee_secret: bytes,
) -> Header:
    header: Header = {"core": core}
    digest = core_hash(provider, core)
    if core["policy"] != TRUSTEES:
        header["sbc"] = b64u_encode(bidder_commitment(provider, digest, bidder_secret))
        header["bk"] = [
            _stanza(provider, key, wrap_context(provider, digest, "bidder", j), bidder_secret)
            for j, key in enumerate(bidder_keys)
        ]
    if core["policy"] != BIDDER:
        header["k"] = k
        header["tk"] = [
            _stanza(provider, key, wrap_context(provider, digest, "trustee", i), share)
            | {"i": i, "sc": b64u_encode(share_commitment(provider, digest, i, share))}
            for key, (i, share) in zip(trustee_keys, _shares(trustee_secret, k, len(trustee_keys)), strict=True)
        ]
    return header


def _shares(secret: bytes, k: int | None, n: int) -> list[tuple[int, bytes]]:
    try:
        return split32(secret, k, n)  # type: ignore[arg-type]  # a missing k is refused there
    except CryptoError as refusal:
        raise EnvelopeError("threshold", str(refusal)) from None


def _stanza(provider: Suite, key: WrapKey, context: bytes, secret: bytes) -> dict[str, Any]:
    alg, public = key
    try:
        enc, ct = provider.wrap(alg, public, context, secret)
    except CryptoError as refusal:
        raise EnvelopeError("header-fields", str(refusal)) from None
    return {"a": alg, "kid": provider.kid(public.spki), "enc": b64u_encode(enc), "ct": b64u_encode(ct)}


def _write_body(head: Head, file_key: bytes, size: int, reader: Reader, writer: Writer) -> bytes:
    provider, chunk = head.suite, head.chunk
    header_digest = head.digest
    key = payload_key(provider, file_key, header_digest)
    count = chunk_count(size, chunk)
    root = MerkleRoot(provider)
    for index in range(count):
        framing = size.to_bytes(LENGTH_FIELD, "big") if index == 0 else b""
        wanted = min(chunk, LENGTH_FIELD + size - index * chunk) - len(framing)
        data = read_up_to(reader, wanted)
        if len(data) != wanted:
            raise EnvelopeError("length", "the input ended early")
        last = index == count - 1
        if last and reader.read(1):
            raise EnvelopeError("length", "the input goes on beyond its size")
        plain = (framing + data).ljust(chunk, b"\x00") if index == 0 or last else data
        sealed = provider.aead_seal(key, chunk_nonce(index, last), plain, b"")
        root.append(leaf_hash(provider, sealed))
        writer.write(sealed)
    return envelope_id_of_root(provider, header_digest, root.digest(), count)
