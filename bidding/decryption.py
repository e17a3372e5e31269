"""Decrypting one stored envelope with flat memory, publishing nothing before its last chunk is verified.

The envelope is read twice. The first pass checks every chunk against its logged digest and decrypts into a digest only:
after it, key, tags, framing and id are known to be right. The second pass writes the plaintext, in pieces, under the
name of its digest. No plaintext touches a disk before the first pass has ended (attack 14 of crypto.md §13).

Source: crypto.md §3.2 (quarantine), §3.8 (who is answerable).
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from bidding.envelope import EnvelopeError, envelope_id, open_envelope
from bidding.envelopes import SealedDocument
from bidding.vocabulary import Outcome
from kernel.errors import NotFound
from kernel.files.store import FileStore, content_name

#: Pieces that wait between the decrypting thread and the store.
_QUEUE = 4


class StoredBytesDiffer(Exception):
    """What the store gives back is not what the bidder uploaded: the platform is answerable."""


@dataclass(frozen=True, slots=True)
class Plaintext:
    """A decrypted document, kept in the store under its digest."""

    digest: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a document does not open, and whose fault that is (R-ET-07)."""

    outcome: Outcome
    code: str


class _StoredEnvelope:
    """The envelope file as a reader: head, then chunks, each compared with the digest that the platform logged."""

    def __init__(self, document: SealedDocument, fetch: Callable[[str], bytes]) -> None:
        self._pieces = iter(zip(document.leaves, document.objects, strict=True))
        self._fetch = fetch
        self._rest = document.raw_head

    def read(self, n: int, /) -> bytes:
        if not self._rest:
            following = next(self._pieces, None)
            if following is None:
                return b""
            leaf, name = following
            self._rest = self._fetch(name)
            if hashlib.sha256(b"\x00" + self._rest).digest() != leaf:
                raise StoredBytesDiffer(name)
        piece, self._rest = self._rest[:n], self._rest[n:]
        return piece


class _Digest:
    """A writer that keeps nothing but the digest."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes, /) -> None:
        self._digest.update(data)
        self.size += len(data)

    def plaintext(self) -> Plaintext:
        return Plaintext(self._digest.digest(), self.size)


class _Pieces:
    """A writer in a thread whose pieces come out of an async iterator."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)

    def write(self, data: bytes | None, /) -> None:
        asyncio.run_coroutine_threadsafe(self._queue.put(data), self._loop).result()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._queue.get()) is not None:
            yield piece


async def decrypt(store: FileStore, document: SealedDocument, file_key: bytes) -> Plaintext | Fault:
    """Verify an envelope whole, then keep its plaintext.

    Returns:
        The kept plaintext, or whose fault it is that there is none.
    """
    head = document.head
    if envelope_id(head.suite, head.digest, document.leaves) != document.eid:
        return Fault(Outcome.FAULT_PLATFORM, "stored-bytes")
    loop = asyncio.get_running_loop()

    def fetch(name: str) -> bytes:
        try:
            return asyncio.run_coroutine_threadsafe(store.get(name), loop).result()
        except NotFound:
            raise StoredBytesDiffer(name) from None

    digest = _Digest()
    try:
        eid = await asyncio.to_thread(open_envelope, _StoredEnvelope(document, fetch), file_key, digest)
    except StoredBytesDiffer:
        return Fault(Outcome.FAULT_PLATFORM, "stored-bytes")
    except EnvelopeError as error:
        return Fault(Outcome.FAULT_BIDDER, error.code)
    if eid != document.eid:
        return Fault(Outcome.FAULT_PLATFORM, "stored-bytes")
    plaintext = digest.plaintext()
    if not await store.exists(content_name(plaintext.digest)):
        await _keep(store, document, file_key, fetch, plaintext)
    return plaintext


async def _keep(
    store: FileStore, document: SealedDocument, file_key: bytes, fetch: Callable[[str], bytes], plaintext: Plaintext
) -> None:
    pieces = _Pieces(asyncio.get_running_loop())

    def work() -> None:
        try:
            open_envelope(_StoredEnvelope(document, fetch), file_key, pieces)
        finally:
            pieces.write(None)

    reading = asyncio.create_task(asyncio.to_thread(work))
    try:
        await store.put_content_stream(plaintext.digest, pieces)
    finally:
        await reading
