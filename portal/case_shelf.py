"""Bundles that were asked for lately, so that many visitors cost one assembly.

A bundle is made anew when the log holds a newer entry of its lot, or another inspection was published, or a checkpoint
got its time stamp. Files lie in a
temporary folder of the process; whoever is downloading keeps the open file when it is replaced.
"""

import asyncio
import tempfile
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.web.services import Services
from portal.case import gather, write_case
from trading.lot_view import LotView

MOST = 8
_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class _Kept:
    newest_entry: int
    path: Path


class CaseShelf:
    """Assembled bundles of one process."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sunlit-cases-")
        self._kept: OrderedDict[tuple[uuid.UUID, bool], _Kept] = OrderedDict()
        self._locks: defaultdict[tuple[uuid.UUID, bool], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self, tx: Tx, services: Services, lot: LotView, *, oversight: bool) -> BinaryIO:
        """Return the opened bundle of a lot, assembled if need be.

        Raises:
            TooEarly: the log has not taken in the newest entries.
        """
        key = (lot.id, oversight)
        async with self._locks[key]:
            newest = await _newest_entry(tx, lot)
            kept = self._kept.pop(key, None)
            if kept is None or kept.newest_entry != newest:
                gathered = await gather(tx, services, lot, oversight=oversight)
                path = Path(self._folder.name) / f"{uuid.uuid4().hex}.zip"
                await asyncio.to_thread(write_case, gathered, services, path)
                if kept is not None:
                    kept.path.unlink()
                kept = _Kept(newest, path)
            self._kept[key] = kept
            opened = kept.path.open("rb")
        while len(self._kept) > MOST:
            _, oldest = self._kept.popitem(last=False)
            oldest.path.unlink()
        return opened


async def _newest_entry(tx: Tx, lot: LotView) -> int:
    query = text(
        "SELECT greatest((SELECT max(id) FROM audit_entry WHERE subject IN (:lot, :project)),"
        " (SELECT max(id) FROM audit_entry WHERE type = 'inspection.published'),"
        " (SELECT max(id) FROM audit_entry WHERE type = 'checkpoint.stamped'))"
    )
    return int((await tx.session.execute(query, {"lot": lot.id, "project": lot.project_id})).scalar_one())


async def pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    """Yield an opened file piece by piece and close it."""
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
