"""Stored files on their way out: streamed, so that memory stays flat; a range of them, so that a cut costs nothing.

Source: RFC 9110, 14 (one range of bytes; several at once are answered with the whole).
"""

import re
import urllib.parse
from collections.abc import AsyncIterator
from typing import Any, Final

from litestar import Request, Response
from litestar.response import Stream

from kernel.files.library import FileView
from kernel.files.store import FileStore, content_name

#: How much is read at once.
_STEP: Final = 1 << 20
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def serve_file(request: Request[Any, Any, Any], store: FileStore, file: FileView) -> Response[Any]:
    """Return a stored file for download under its own name, or the range that is asked for."""
    etag = f'"{file.digest.hex()}"'
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{urllib.parse.quote(file.name)}",
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
        "ETag": etag,
    }
    wanted = _range_of(request.headers.get("range", ""), file.size)
    if wanted is None or request.headers.get("if-range", etag) != etag:
        start, end, status = 0, file.size, 200
    elif wanted[0] >= wanted[1]:
        headers["Content-Range"] = f"bytes */{file.size}"
        return Response(b"", status_code=416, media_type=file.media_type, headers=headers)
    else:
        (start, end), status = wanted, 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    headers["Content-Length"] = str(end - start)
    body = _read(store, content_name(file.digest), start, end)
    return Stream(body, status_code=status, media_type=file.media_type, headers=headers)


def _range_of(header: str, size: int) -> tuple[int, int] | None:
    """Read a range: first byte and the one after the last; empty if none of it is there, None if there is no range."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size
    return int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)


async def _read(store: FileStore, name: str, start: int, end: int) -> AsyncIterator[bytes]:
    for at in range(start, end, _STEP):
        yield await store.get_range(name, at, min(_STEP, end - at))
