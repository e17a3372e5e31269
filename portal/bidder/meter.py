"""Progress of long work on a terminal: how much, how fast, how long still; a line per quarter where nobody watches."""

import sys
import time
from typing import Self, TextIO

_EVERY_S = 0.2


class Meter:
    """Counts bytes and says so.

    Args:
        label: what is being done.
        total: bytes of the whole.
    """

    def __init__(self, label: str, total: int, out: TextIO | None = None) -> None:
        self._label = label
        self._total = max(total, 1)
        self._out = out or sys.stderr
        self._watched = self._out.isatty()
        self._begun = time.monotonic()
        self._done = self._head_start = 0
        self._told = self._begun
        self._quarters = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the line that was written over."""
        if self._watched and self._done:
            self._say("\n")

    def advance(self, count: int) -> None:
        """Count; what comes in the first instant was there before and says nothing of the speed."""
        now = time.monotonic()
        self._done += count
        if now - self._begun < _EVERY_S / 10:
            self._head_start += count
        if self._watched and (now - self._told >= _EVERY_S or self._done >= self._total):
            self._told = now
            self._say("")
        quarter = 4 * self._done // self._total
        if not self._watched and quarter > self._quarters:
            self._quarters = quarter
            self._say("\n")

    def line(self, now: float) -> str:
        """Return what is said at an instant of the monotonic clock."""
        rate = (self._done - self._head_start) / max(now - self._begun, 1e-3)
        left = max(self._total - self._done, 0)
        percent = min(100, 100 * self._done // self._total)
        share = f"{self._label}  {percent:3d}%  {_size(self._done)} / {_size(self._total)}"
        if not left:
            return f"{share}  完成，{now - self._begun:.1f} 秒"
        return f"{share}  {_size(int(rate))}/秒  预计还需 {int(left / rate) + 1 if rate else '…'} 秒"

    def _say(self, end: str) -> None:
        start = "\r\x1b[K" if self._watched else ""
        print(f"{start}{self.line(time.monotonic())}", end=end, file=self._out, flush=True)


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB" if count >= 1 << 20 else f"{count / 1024:.0f} KiB"
