"""Uploading envelopes: chunk by chunk, several at a time, going on where it stopped.

A journal beside the envelope says which chunks the platform has acknowledged with the right leaf hash. What the
platform holds and the journal confirms is not sent again; everything else is.

Source: docs/spec/sealing.md; crypto.md §3.5 step 4.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bidding import envelope
from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto import equal, suite
from kernel.crypto.merkle import leaf_hash
from portal.bidder.folder import BidFolder
from portal.bidder.http import Visitor
from portal.bidder.refusals import NotWhatWasPromised, Refused
from portal.bidder.sealing import Advance

SUITE = suite("intl-1")
_AT_ONCE = 3


async def upload_documents(
    visitor: Visitor,
    lot_id: str,
    folder: BidFolder,
    number: int,
    docs: list[dict[str, Any]],
    advance: Advance = lambda count: None,
) -> None:
    """Send what the platform lacks of a sealed revision.

    Args:
        lot_id: the lot, as addresses have it.
        docs: as `seal_contents` returns them.
        advance: told the bytes that have arrived, those of earlier attempts as well.

    Raises:
        Refused: the platform does not take it. NotWhatWasPromised: the platform received something else.
        httpx.TransportError: the platform cannot be reached; a later call goes on from here.
    """
    journal = _Journal(folder, f"{number}-upload.json")
    for doc in docs:
        await _Upload(visitor, lot_id, folder / f"{number}-{doc['slot']}.sbe", doc, journal).run(advance)


class _Journal:
    """Which chunks have been acknowledged, by envelope."""

    def __init__(self, folder: BidFolder, name: str) -> None:
        self._folder = folder
        self._name = name
        self._rows: dict[str, Any] = folder.read_json(name) if folder.has(name) else {}

    def find(self, eid: str) -> tuple[str, set[int]]:
        """Return id and confirmed chunks of an upload; an empty id if there is none."""
        row = self._rows.get(eid, {"id": "", "held": []})
        return row["id"], set(row["held"])

    def note(self, eid: str, upload: str, held: set[int]) -> None:
        """Keep what was confirmed."""
        self._rows[eid] = {"id": upload, "held": sorted(held)}
        self._folder.write(self._name, self._rows, lasting=False)


@dataclass(slots=True)
class _Upload:
    """One envelope on its way."""

    visitor: Visitor
    lot_id: str
    file: Path
    doc: dict[str, Any]
    journal: _Journal

    async def run(self, advance: Advance) -> None:
        """Send what is missing."""
        with self.file.open("rb") as raw:
            head = envelope.read_head(raw)
        upload, held = await self._begin(head)
        size, count = head.sealed_chunk, self.doc["chunks"]
        advance(len(head.raw) + size * len(held))
        todo = iter([j for j in range(count) if j not in held])
        ended = asyncio.Event()

        async def work() -> None:
            try:
                for j in _until(todo, ended):
                    await self._send(upload, j, self._piece(len(head.raw) + j * size, size))
                    held.add(j)
                    self.journal.note(self.doc["eid"], upload, held)
                    advance(size)
            except BaseException:
                ended.set()
                raise

        done = await asyncio.gather(*(work() for _ in range(_AT_ONCE)), return_exceptions=True)
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure

    async def _begin(self, head: envelope.Head) -> tuple[str, set[int]]:
        eid = self.doc["eid"]
        upload, held = self.journal.find(eid)
        if upload:
            try:
                bitmap = (await self.visitor.get(f"/api/v1/uploads/{upload}"))["bitmap"]
                return upload, {j for j in held if bitmap[j : j + 1] == "1"}
            except Refused as refusal:
                if refusal.status != 404:
                    raise  # the platform has forgotten it: begin anew
        body = {
            "lot": self.lot_id,
            "slot": self.doc["slot"],
            "header": b64u_encode(head.raw),
            "chunks": self.doc["chunks"],
        }
        upload = str((await self.visitor.post("/api/v1/uploads", body))["id"])
        self.journal.note(eid, upload, set())
        return upload, set()

    def _piece(self, at: int, size: int) -> bytes:
        with self.file.open("rb") as raw:
            raw.seek(at)
            return raw.read(size)

    async def _send(self, upload: str, j: int, piece: bytes) -> None:
        answer = await self.visitor.put(f"/api/v1/uploads/{upload}/chunks/{j}", piece)
        if not equal(b64u_decode(answer["leaf"]), leaf_hash(SUITE, piece)):
            raise NotWhatWasPromised("平台收到的密文与本机的不一致，已停止上传；请检查或更换网络后重试。")


def _until(items: Iterator[int], ended: asyncio.Event) -> Iterator[int]:
    for item in items:
        if ended.is_set():
            return
        yield item
