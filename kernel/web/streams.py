"""How many live pages may be open, and for how long they are those of the person who opened them.

A stream holds a connection and a place in memory for hours, so a handful of visitors could use up what all share. Each
browser, each origin and each process has a limit; whoever comes too much gets the ordinary page, which asks again by
itself. A stream of a signed-in person ends when the session does: at once on signing out, and within a heartbeat when
it runs out or the account is disabled.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Iterator

from litestar.types import Receive, Scope, Send

from kernel.errors import TooManyRequests
from kernel.identity.throttle import network_of

#: Open streams of one browser, of one origin (an office behind one address), of one process.
PER_VISITOR, PER_ORIGIN, OVERALL = 8, 100, 1000

#: Says that a silent stream is alive.
ALIVE = b": alive\r\n\r\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
]


def event(name: str, data: str) -> bytes:
    """Write a server-sent event; the data is one line, as JSON is."""
    return f"event: {name}\r\ndata: {data}\r\n\r\n".encode()


class EventStream:
    """An answer that sends events as they come, as they are: what many are told is written once.

    It ends with the events, or when the browser goes; either way the generator is closed.
    """

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        self._events = events

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send until there is nothing more to tell, or nobody to tell it to."""
        telling, leaving = asyncio.create_task(self._tell(send)), asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            telling.cancel()
            leaving.cancel()
            await asyncio.wait({telling, leaving})
        if not telling.cancelled():
            telling.result()

    async def _tell(self, send: Send) -> None:
        async with contextlib.aclosing(self._events):
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            async for data in self._events:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Streams:
    """The open streams of one process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._total = 0

    def require_room(self, visitor: str, origin: str) -> None:
        """Refuse before the answer begins.

        Raises:
            TooManyRequests: a limit is reached.
        """
        if not self._has_room(visitor, origin):
            raise TooManyRequests("打开的实时页面过多，请关闭一些后再试；页面仍可手动刷新。", retry_after_s=30)

    @contextlib.contextmanager
    def counted(self, visitor: str, origin: str) -> Iterator[bool]:
        """Count a stream for as long as the block runs.

        Returns:
            False when others were faster and there is no room any more.
        """
        if not self._has_room(visitor, origin):
            yield False
            return
        keys = self._keys(visitor, origin)
        self._open.update(keys)
        self._total += 1
        try:
            yield True
        finally:
            self._total -= 1
            self._open.subtract(keys)
            for key in keys:
                if self._open[key] <= 0:
                    del self._open[key]

    def _has_room(self, visitor: str, origin: str) -> bool:
        mine, neighbours = (self._open[key] for key in self._keys(visitor, origin))
        return mine < PER_VISITOR and neighbours < PER_ORIGIN and self._total < OVERALL

    @staticmethod
    def _keys(visitor: str, origin: str) -> tuple[str, str]:
        return f"visitor\0{visitor}", f"origin\0{network_of(origin)}"
