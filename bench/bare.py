"""The limit of a page: a bare Litestar application that runs the page's SQL on asyncpg and writes rows as JSON.

No session layer, no transaction, no rules, no templates. A process of its own: `python -m bench.bare FD`.
"""

import asyncio
import contextlib
import os
import socket
import sys
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import asyncpg
import msgspec

from bench.wire import Line
from portal.embedded.home import CHECKOUT
from trading.queries import _LOT
from trading.reading import _LINE, _SEEN

#: What the statements of the lot's page read besides the lot itself.
_TIMELINE = (
    "SELECT e.id, l.idx, e.type, e.data, e.detail, e.visibility, e.at FROM audit_entry e"
    " LEFT JOIN log_leaf l ON l.entry_id = e.id WHERE e.subject = ANY($1::uuid[])"
    " AND e.visibility = ANY('{public,parties}') ORDER BY l.idx NULLS LAST, e.id"
)
_OF_LOT = (
    "SELECT * FROM trading_document WHERE lot_id = $1",
    f"{_LINE} WHERE n.lot_id = $1 ORDER BY n.published_at DESC, n.id DESC",
    "SELECT * FROM bidding_keyset WHERE lot_id = $1",
    "SELECT id, kind, state, spec FROM draw_book WHERE subject = $1",
)
_NOTICES = (
    f"{_LINE} WHERE {_SEEN} AND NOT EXISTS (SELECT 1 FROM trading_notice later WHERE later.supersedes = n.id)"
    " ORDER BY n.published_at DESC, n.id DESC LIMIT $1"
)


def make_app(dsn: str) -> Any:
    """Build the application."""
    from litestar import Litestar, Response, get

    pools: list[Any] = []

    def written(rows: Sequence[asyncpg.Record]) -> Response[bytes]:
        body = msgspec.json.encode([dict(row) for row in rows])
        return Response(body, media_type="application/json")

    async def no_reset(_: Any) -> None:
        return None

    async def start(_: Litestar) -> None:
        pools.append(await asyncpg.create_pool(dsn, min_size=8, max_size=8, reset=no_reset))

    async def stop(_: Litestar) -> None:
        await pools[0].close()

    @get("/lot/{lot_id:uuid}")
    async def lot(lot_id: uuid.UUID) -> Response[bytes]:
        async with pools[0].acquire() as connection:
            return written(await connection.fetch(f"{_LOT} WHERE l.id = $1", lot_id))

    @get("/lot-page/{lot_id:uuid}")
    async def lot_page(lot_id: uuid.UUID) -> Response[bytes]:
        async with pools[0].acquire() as connection:
            rows = await connection.fetch(f"{_LOT} WHERE l.id = $1", lot_id)
            rows += await connection.fetch(_TIMELINE, [rows[0]["project_id"], lot_id])
            for statement in _OF_LOT[:3]:
                rows += await connection.fetch(statement, lot_id)
        return Response(msgspec.json.encode([dict(row) for row in rows]), media_type="application/json")

    @get("/notices")
    async def notices(most: int) -> Response[bytes]:
        async with pools[0].acquire() as connection:
            return written(await connection.fetch(_NOTICES, most))

    @get("/lots")
    async def lots(most: int) -> Response[bytes]:
        async with pools[0].acquire() as connection:
            tail = "WHERE l.published_at IS NOT NULL ORDER BY l.id DESC LIMIT $1"
            return written(await connection.fetch(f"{_LOT} {tail}", most))

    return Litestar([lot, lot_page, notices, lots], on_startup=[start], on_shutdown=[stop], openapi_config=None)


class Bare:
    """The process, for the length of a block.

    Attributes:
        url: where it answers.
        pid: its process.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.pid = 0

    async def __aenter__(self) -> "Bare":
        handle = self._listener.fileno()
        os.set_inheritable(handle, True)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.bare", str(handle)),
            env=os.environ | {"PYTHONPATH": str(CHECKOUT), "BENCH_DSN": self._dsn},
            cwd=CHECKOUT,
            pass_fds=(handle,),
        )
        self.pid = self._process.pid
        line = Line(self.url)
        for _ in range(200):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await line.ask(line.prepared("GET", "/notices?most=1"))
                break
            await asyncio.sleep(0.1)
        await line.close()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        await self._process.wait()
        self._listener.close()


def serve(handle: int, dsn: str) -> None:
    """Serve until stopped, with the portal's own server and settings."""
    import uvicorn

    config = uvicorn.Config(
        make_app(dsn), loop="uvloop", http="httptools", access_log=False, log_level="warning", server_header=False
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=handle)])


if __name__ == "__main__":
    serve(int(sys.argv[1]), os.environ["BENCH_DSN"])
