"""Decrypting one stored envelope with flat memory, publishing nothing before its last chunk is verified.

The first pass checks every chunk against its logged digest and decrypts into memory, up to a limit, and into a digest:
after it, key, tags, framing and id are known to be right. What fitted is then written under the name of its digest.
What did not fit is read and decrypted a second time and written in pieces. No plaintext touches a disk before the first
pass has ended (attack 14 of crypto.md §13).

Source: crypto.md §3.2 (quarantine), §3.8 (who is answerable).
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from bidding.envelope import EnvelopeError, envelope_id, open_envelope
from bidding.envelopes import SealedDocument
from bidding.vocabulary import Outcome
from kernel.errors import NotFound
from kernel.files.store import FileStore, content_name

#: Pieces that wait between the decrypting thread and the store.
_QUEUE = 4
#: Plaintext of one document that is held in memory until its last chunk is verified, in bytes.
QUARANTINE = 32 << 20


#: Begins to fetch an object; what it returns waits for the bytes.
Fetch = Callable[[str], Callable[[], bytes]]


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
    """The envelope file as a reader: head, then chunks; the next of a far store is on its way while one is worked on.

    That each is the one whose digest the platform logged is seen by the envelope's id, which the opening computes; who
    is answerable for one that does not open, by `is_as_logged`.
    """

    def __init__(self, document: SealedDocument, fetch: Fetch) -> None:
        self._leaves, self._objects = document.leaves, document.objects
        self._fetch = fetch
        self._rest = document.raw_head
        self._at = 0
        self._coming = fetch(document.objects[0]) if document.objects else None

    def read(self, n: int, /) -> bytes:
        if not self._rest:
            if self._coming is None:
                return b""
            self._rest = self._taken(self._coming)
            self._at += 1
            more = self._at < len(self._objects)
            self._coming = self._fetch(self._objects[self._at]) if more else None
        if len(self._rest) <= n:
            piece, self._rest = self._rest, b""
        else:
            piece, self._rest = self._rest[:n], self._rest[n:]
        return piece

    def _taken(self, coming: Callable[[], bytes]) -> bytes:
        try:
            return coming()
        except NotFound:
            raise StoredBytesDiffer(self._objects[self._at]) from None


def _is_as_logged(document: SealedDocument, fetch: Fetch) -> bool:
    """Say whether every chunk is there and is the one whose digest was logged."""
    for leaf, name in zip(document.leaves, document.objects, strict=True):
        try:
            if hashlib.sha256(b"\x00" + fetch(name)()).digest() != leaf:
                return False
        except NotFound:
            return False
    return True


class _Digest:
    """A writer that keeps the digest, and the content itself when told to."""

    def __init__(self, *, keeps: bool) -> None:
        self._digest = hashlib.sha256()
        self.keeps = keeps
        self.size = 0
        self.pieces: list[bytes] = []

    def write(self, data: bytes, /) -> None:
        self._digest.update(data)
        self.size += len(data)
        if self.keeps:
            self.pieces.append(data)

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

    def fetch(name: str) -> Callable[[], bytes]:
        if store.is_near:
            return partial(store.get_now, name)
        return asyncio.run_coroutine_threadsafe(store.get(name), loop).result

    digest = _Digest(keeps=document.size <= QUARANTINE)

    def work() -> bytes:
        eid = open_envelope(_StoredEnvelope(document, fetch), file_key, digest)
        if eid == document.eid and digest.keeps:
            store.put_content_now(digest.plaintext().digest, digest.pieces)
        return eid

    try:
        eid = await asyncio.to_thread(work)
    except StoredBytesDiffer:
        return Fault(Outcome.FAULT_PLATFORM, "stored-bytes")
    except EnvelopeError as error:
        if not await asyncio.to_thread(_is_as_logged, document, fetch):
            return Fault(Outcome.FAULT_PLATFORM, "stored-bytes")
        return Fault(Outcome.FAULT_BIDDER, error.code)
    if eid != document.eid:
        return Fault(Outcome.FAULT_PLATFORM, "stored-bytes")
    plaintext = digest.plaintext()
    if not digest.keeps and not await store.exists(content_name(plaintext.digest)):
        await _keep(store, document, file_key, fetch, plaintext)
    return plaintext


async def _keep(
    store: FileStore,
    document: SealedDocument,
    file_key: bytes,
    fetch: Fetch,
    plaintext: Plaintext,
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
