"""The smallest HTTP client that will do: prepared bytes out, status and body in; it shares the cores with the server.

No redirects, no encodings, one request at a time on a line that stays open.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class Line:
    """A kept connection.

    Args:
        url: of the server; only host and port are looked at.
        cookies: sent with every request.
    """

    url: str
    cookies: Mapping[str, str] = field(default_factory=dict)
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    def prepared(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
        """Return a request as it goes over the wire."""
        told = {"host": urlsplit(self.url).netloc, "accept": "application/json", **(headers or {})}
        if self.cookies:
            told["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body or (method in ("POST", "PUT") and "content-length" not in told):
            told["content-length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
        return "\r\n".join(lines).encode() + body

    async def ask(self, request: bytes | Sequence[bytes | memoryview]) -> tuple[int, bytes]:
        """Send a prepared request, whole or in pieces; return status and body."""
        if self._writer is None:
            await self.open()
        assert self._writer is not None
        assert self._reader is not None
        for piece in [request] if isinstance(request, bytes) else request:
            self._writer.write(piece)
            await self._writer.drain()
        head = await self._reader.readuntil(b"\r\n\r\n")
        return int(head[9:12]), await self._body(self._reader, head.lower())

    async def _body(self, reader: asyncio.StreamReader, head: bytes) -> bytes:
        found = head.find(b"content-length:")
        if found >= 0:
            return await reader.readexactly(int(head[found + 15 :].split(b"\r\n", 1)[0]))
        if b"transfer-encoding: chunked" not in head:
            return b""
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return body

    async def open(self) -> None:
        """Connect."""
        parts = urlsplit(self.url)
        self._reader, self._writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            self._reader = self._writer = None
