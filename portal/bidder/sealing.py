"""Sealing without any network: form and files into envelopes, keys into the opening file, and a test of both.

The file is streamed chunk by chunk: memory stays flat whatever its size. What was written is opened again from disk
before it counts (crypto.md §3.5 step 3): an opening file that does not open is worse than none.

Source: docs/spec/sealing.md, "Sealing", "Opening file"; R-ET-04 (20号令 26).
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from bidding import envelope
from bidding.client import released_secret
from bidding.envelope import EnvelopeError
from bidding.envelope.format import TRUSTEES, bidder_commitment, core_hash, key_commitment
from bidding.keyset import trustee_keys
from bidding.messages import document
from bidding.sbk import OpeningFile, SlotKey, read_sbk, write_sbk
from bidding.vocabulary import CHUNK_OF_SLOT
from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto import CryptoError, equal
from kernel.crypto.keys import PrivateKey
from portal.bidder.folder import BidFolder, Terms
from portal.bidder.refusals import BidRefused, NotWhatWasPromised, words_of

#: Told how many bytes more are done.
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a slot."""

    slot: str
    file: Path


def seal_contents(
    folder: BidFolder,
    number: int,
    terms: Terms,
    key: PrivateKey,
    passphrase: str,
    contents: Sequence[Content],
    advance: Advance = lambda count: None,
) -> list[dict[str, Any]]:
    """Seal everything of a revision, write the opening file, and open it again as a test.

    Args:
        number: of the revision in the making; nothing of it may be waiting for an answer.
        key: the bid key; its other half goes into the opening file.

    Returns:
        The documents as a submission names them.

    Raises:
        BidRefused: a file changed, cannot be read or written; what was sealed so far is worthless and removed.
        NotWhatWasPromised: what was written does not open; nobody should send it.
    """
    slots, docs = [], []
    for content in sorted(contents, key=lambda content: content.slot):
        target = folder / f"{number}-{content.slot}.sbe"
        eid, file_key, chunks = _seal_one(terms, key, content, target, advance)
        slots.append(SlotKey(content.slot, eid, file_key))
        docs.append(document(content.slot, eid, chunks, target.stat().st_size))
    opening = OpeningFile(terms.keyset["tender"], terms.keyset["lot"], terms.bidder, key, tuple(slots))
    folder.write(f"{number}.sbk", write_sbk(opening, passphrase, terms.keyset["suite"]))
    try_opening(folder, number, terms, passphrase)
    folder.set_aside(number)
    sealed = {"v": 1, "type": "bid.sealed", "bidder": terms.bidder, "ks": b64u_encode(terms.ks), "docs": docs}
    folder.write(f"{number}-sealed.json", sealed)
    return docs


def _seal_one(
    terms: Terms, key: PrivateKey, content: Content, target: Path, advance: Advance
) -> tuple[bytes, bytes, int]:
    keyset = terms.keyset
    core = {
        "suite": keyset["suite"],
        "tender": keyset["tender"],
        "lot": keyset["lot"],
        "slot": content.slot,
        "bidder": terms.bidder,
        "ks": b64u_encode(terms.ks),
        "chunk": CHUNK_OF_SLOT[content.slot],
    }
    draft = target.with_name(f".{target.name}.part")
    try:
        with content.file.open("rb") as source, draft.open("wb") as out:
            size = os.fstat(source.fileno()).st_size
            keys, others = terms.wrap_keys(key.public), trustee_keys(keyset)
            eid, file_key = envelope.seal(
                core, keyset["policy"], keys, others, keyset["k"] or None, size, _Counted(source, advance), out
            )
            out.flush()
            os.fsync(out.fileno())
        draft.replace(target)
    except EnvelopeError as refusal:
        raise BidRefused(f"{content.file.name} 未能密封：{words_of(refusal)}") from None
    except OSError as failure:
        place = failure.filename or content.file
        raise BidRefused(f"{place} 未能读取或写入：{failure.strerror or failure}。没有密封，可以重新运行。") from None
    finally:
        draft.unlink(missing_ok=True)
    return eid, file_key, envelope.chunk_count(size, CHUNK_OF_SLOT[content.slot])


def try_opening(folder: BidFolder, number: int, terms: Terms, passphrase: str) -> OpeningFile:
    """Open the kept opening file and, with it, the head of every kept envelope.

    Raises:
        NotWhatWasPromised: one of them does not open.
    """
    try:
        kept = read_sbk(folder.read(f"{number}.sbk"), passphrase)
        for slot in kept.slots:
            with (folder / f"{number}-{slot.slot}.sbe").open("rb") as raw:
                head = envelope.read_head(raw)
                raw.seek(0)
                eid = envelope.digest_envelope(raw)
            _require(eid == slot.eid, "length")
            _require_opens(head, kept.key, slot.file_key)
            _require(head.header["core"]["bidder"] == kept.bidder == terms.bidder, "sbk-format")
    except (CryptoError, OSError) as refusal:
        words = words_of(refusal) if isinstance(refusal, CryptoError) else str(refusal.strerror)
        raise NotWhatWasPromised(f"密封后的核验没有通过，请勿递交：{words}") from None
    return kept


def _require_opens(head: envelope.Head, key: PrivateKey, file_key: bytes) -> None:
    header, provider = head.header, head.suite
    core = header["core"]
    commitment = key_commitment(provider, file_key, b64u_decode(core["nonce"]))
    _require(equal(commitment, b64u_decode(core["kc"])), "key-commit")
    if core["policy"] != TRUSTEES:
        secret = released_secret(header, key)
        digest = core_hash(provider, core)
        _require(equal(bidder_commitment(provider, digest, secret), b64u_decode(header["sbc"])), "bidder-secret")


def _require(held: bool, code: str) -> None:
    if not held:
        raise EnvelopeError(code, "what was written is not what was sealed")


def sealed_documents(folder: BidFolder, number: int, terms: Terms) -> list[dict[str, Any]]:
    """Return the documents of a sealed revision, after looking that the envelopes on disk are still those.

    Raises:
        BidRefused: nothing is sealed, it was sealed for something else, or a file was changed.
    """
    if not folder.has(f"{number}-sealed.json"):
        raise BidRefused("还没有密封：请先运行 bid seal。")
    sealed = folder.read_json(f"{number}-sealed.json")
    if (sealed.get("ks"), sealed.get("bidder")) != (b64u_encode(terms.ks), terms.bidder):
        raise BidRefused("密封之后密钥集或投标代号已改变：请重新运行 bid seal。")
    docs: list[dict[str, Any]] = sealed["docs"]
    for doc in docs:
        file = folder / f"{number}-{doc['slot']}.sbe"
        try:
            with file.open("rb") as raw:
                same = equal(envelope.digest_envelope(raw), b64u_decode(doc["eid"]))
        except (OSError, EnvelopeError):
            same = False
        if not same:
            raise BidRefused(f"{file} 已损坏或被改动，没有上传：请重新运行 bid seal。")
    return docs


class _Counted:
    """A reader that tells how far it is."""

    def __init__(self, source: BinaryIO, advance: Advance) -> None:
        self._source = source
        self._advance = advance

    def read(self, count: int, /) -> bytes:
        """Read on."""
        data = self._source.read(count)
        self._advance(len(data))
        return data
