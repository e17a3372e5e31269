"""How many live pages may be open, and for how long they are those of the person who opened them.

A stream holds a connection and a place in memory for hours, so a handful of visitors could use up what all share. Each
browser, each origin and each process has a limit; whoever comes too much gets the ordinary page, which asks again by
itself. A stream of a signed-in person ends when the session does: at once on signing out, and within a heartbeat when
it runs out or the account is disabled.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator

from kernel.errors import TooManyRequests
from kernel.identity.throttle import network_of

#: Open streams of one browser, of one origin (an office behind one address), of one process.
PER_VISITOR, PER_ORIGIN, OVERALL = 8, 100, 1000


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
