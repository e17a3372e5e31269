"""The limit of a page: a bare Litestar application that runs the page's SQL on asyncpg and writes rows as JSON.

No session layer, no transaction, no rules, no templates. The statements are those that our page was seen to run, in its
order and with its values (`seen`). A process of its own: `python -m bench.bare FD`.
"""

import asyncio
import contextlib
import os
import pickle
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import asyncpg
import httpx
import msgspec

from bench.wire import Line
from portal.embedded.home import CHECKOUT

#: A statement and its values.
Statement = tuple[str, tuple[Any, ...]]


async def seen(settings: Any, paths: Mapping[str, str]) -> dict[str, list[Statement]]:
    """Return what each page runs on the database once it is warm, by path.

    Args:
        settings: of a running installation; its pages are asked for inside of this process.
        paths: what is asked for, with the `accept` that goes with it.
    """
    from portal.app import create_app
    from portal.runtime import services_of_settings

    kept: list[Statement] = []

    def note(record: Any) -> None:
        kept.append((record.query, tuple(record.args or ())))

    connect = asyncpg.connect

    async def overheard(*arguments: Any, **names: Any) -> asyncpg.Connection:
        connection = await connect(*arguments, **names)
        connection.add_query_logger(note)
        return connection

    asyncpg.connect = overheard
    services = services_of_settings(settings)
    found = {}
    try:
        transport = httpx.ASGITransport(app=cast("Any", create_app(services)))
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            for path, accept in paths.items():
                for _ in range(2):
                    kept.clear()
                    (await client.get(path, headers={"accept": accept})).raise_for_status()
                found[path] = list(kept)
    finally:
        asyncpg.connect = connect
        await services.db.close()
    return found


def make_app(dsn: str, pages: list[list[Statement]]) -> Any:
    """Build the application: `/page/N` runs the statements of page N."""
    from litestar import Litestar, Response, get

    pools: list[Any] = []

    async def no_reset(_: Any) -> None:
        return None

    async def start(_: Litestar) -> None:
        pools.append(await asyncpg.create_pool(dsn, min_size=8, max_size=8, reset=no_reset))

    async def stop(_: Litestar) -> None:
        await pools[0].close()

    @get("/page/{number:int}")
    async def page(number: int) -> Response[bytes]:
        rows: list[asyncpg.Record] = []
        async with pools[0].acquire() as connection:
            for statement, values in pages[number]:
                rows += await connection.fetch(statement, *values)
        return Response(msgspec.json.encode([dict(row) for row in rows]), media_type="application/json")

    return Litestar([page], on_startup=[start], on_shutdown=[stop], openapi_config=None)


class Bare:
    """The process, for the length of a block.

    Attributes:
        url: where it answers.
        pid: its process.
    """

    def __init__(self, dsn: str, folder: Path, pages: list[list[Statement]]) -> None:
        self._dsn = dsn
        self._file = folder / "statements"
        self._file.write_bytes(pickle.dumps(pages))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.pid = 0

    async def __aenter__(self) -> "Bare":
        handle = self._listener.fileno()
        os.set_inheritable(handle, True)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.bare", str(handle)),
            env=os.environ | {"PYTHONPATH": str(CHECKOUT), "BENCH_DSN": self._dsn, "BENCH_PAGES": str(self._file)},
            cwd=CHECKOUT,
            pass_fds=(handle,),
        )
        self.pid = self._process.pid
        line = Line(self.url)
        for _ in range(200):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await line.ask(line.prepared("GET", "/page/0"))
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


def serve(handle: int, dsn: str, file: Path) -> None:
    """Serve until stopped, with the portal's own server and settings."""
    import uvicorn

    pages = pickle.loads(file.read_bytes())
    app = make_app(dsn, pages)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=handle)])


if __name__ == "__main__":
    serve(int(sys.argv[1]), os.environ["BENCH_DSN"], Path(os.environ["BENCH_PAGES"]))
