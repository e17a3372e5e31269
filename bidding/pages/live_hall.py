"""One rendering of a hall for all its visitors: read once, written once, and the same bytes for everybody.

A thousand watchers of one opening see the same. Each hall that anybody watches has one board; it reads the hall when
something public changes, and now and then, because time changes a hall too. A watcher is told what is new since the
version it has; for those who have the newest but one, that is said once for all. Whoever is signed in may see something
of their own and has a reading of their own (`bidding.pages.halls`).
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bidding.pages.hall_view import fragments_of, hall_page
from kernel.web.services import Services
from kernel.web.streams import event

#: Seconds after which a silent hall is read again.
REREAD_S = 15.0

Fragments = dict[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """A hall as the public sees it.

    Attributes:
        ends: the hall has nothing more to tell.
    """

    number: int
    fragments: Fragments
    ends: bool


def news(before: Fragments, after: Fragments) -> bytes | None:
    """Return what a watcher of `before` is told; None if nothing is new."""
    fresh = [{"id": key, "html": html} for key, html in after.items() if before.get(key) != html]
    if not fresh:
        return None
    return event("fragment", json.dumps(fresh, ensure_ascii=False))


class Board:
    """A hall that is watched."""

    def __init__(self, services: Services, lot_id: uuid.UUID) -> None:
        self._services = services
        self._lot_id = lot_id
        self._version: Version | None = None
        self._last_news: tuple[int, bytes | None] = (-1, None)
        self._waiting: set[asyncio.Future[None]] = set()
        self._failure: Exception | None = None
        self.watchers = 0
        self._task = asyncio.create_task(self._keep(), name=f"hall-{lot_id}")

    def stop(self) -> None:
        """Read no more."""
        self._task.cancel()

    async def _keep(self) -> None:
        try:
            async with self._services.feed.watch(str(self._lot_id)) as changes:
                is_silent = False
                while True:
                    if not await self._read() and is_silent:
                        self._wake()
                    is_silent = False
                    try:
                        async with asyncio.timeout(REREAD_S):
                            await changes.get()
                    except TimeoutError:
                        is_silent = True
        except Exception as error:
            # Told to everybody who watches; the board is not used again.
            self._failure = error
            self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def _read(self) -> bool:
        """Read the hall; say whether there is something new."""
        async with self._services.db.begin_read_only() as tx:
            page = await hall_page(tx, None, self._lot_id)
            fragments = fragments_of(self._services, page, tx.now)
        old = self._version
        if old is not None and old.fragments == fragments and old.ends == (not page.stream):
            return False
        self._version = Version(0 if old is None else old.number + 1, fragments, not page.stream)
        self._last_news = (self._version.number, None if old is None else news(old.fragments, fragments))
        self._wake()
        return True

    @property
    def has_failed(self) -> bool:
        """Whether the hall could not be read."""
        return self._task.done()

    async def after(self, seen: Version | None) -> Version:
        """Return the newest version as soon as it is another one than was seen; the same one when all has been silent.

        Raises:
            Exception: the hall could not be read.
        """
        if self._version is None or self._version is seen:
            await self._woken()
        while self._version is None:
            await self._woken()
        return self._version

    async def _woken(self) -> None:
        if self._failure is None:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(turn)
            try:
                await turn
            finally:
                self._waiting.discard(turn)
        if self._failure is not None:
            raise self._failure

    def news_for(self, seen: Version, now: Version) -> bytes | None:
        """Return what is new since a version."""
        if seen.number == now.number - 1 and self._last_news[0] == now.number:
            return self._last_news[1]
        return news(seen.fragments, now.fragments)


_boards: dict[tuple[int, uuid.UUID], Board] = {}


@contextlib.asynccontextmanager
async def board_of(services: Services, lot_id: uuid.UUID) -> AsyncIterator[Board]:
    """Return the board of a hall, which lives for as long as anybody watches it."""
    key = (id(services.feed), lot_id)
    board = _boards.get(key)
    if board is None or board.has_failed:
        board = _boards[key] = Board(services, lot_id)
    board.watchers += 1
    try:
        yield board
    finally:
        board.watchers -= 1
        if not board.watchers:
            board.stop()
            if _boards.get(key) is board:
                del _boards[key]
