"""The limit of a live page: a raw ASGI application that writes one prepared event to all its streams.

A process of its own (`python -m bench.bare_stream FD`) on the portal's server: no framework, no rendering, no database.
"""

import asyncio
import contextlib
import os
import socket
import sys
from types import TracebackType
from typing import Any

from bench.wire import Line
from portal.embedded.home import CHECKOUT

_EVENT = b'event: fragment\r\ndata: [{"id": "hall-state", "html": "' + b"x" * 2000 + b'"}]\r\n\r\n'


def make_app() -> Any:
    """Build the application."""
    queues: set[asyncio.Queue[bytes]] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        kind = b"text/event-stream" if scope["path"] == "/events" else b"text/plain"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        if scope["path"] != "/events":
            for one in queues:
                one.put_nowait(_EVENT)
            await send({"type": "http.response.body", "body": b""})
            return
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        queues.add(queue)
        try:
            await send({"type": "http.response.body", "body": b": here\r\n\r\n", "more_body": True})
            while True:
                await send({"type": "http.response.body", "body": await queue.get(), "more_body": True})
        finally:
            queues.discard(queue)

    return app


class BareStream:
    """The process, for the length of a block.

    Attributes:
        url: where it answers.
        pid: its process.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._line = Line(self.url)
        self.pid = 0

    async def fire(self) -> None:
        """Tell everybody."""
        await self._line.ask(self._line.prepared("GET", "/fire"))

    async def __aenter__(self) -> "BareStream":
        handle = self._listener.fileno()
        os.set_inheritable(handle, True)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.bare_stream", str(handle)),
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
            cwd=CHECKOUT,
            pass_fds=(handle,),
        )
        self.pid = self._process.pid
        for _ in range(300):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self.fire()
                break
            await asyncio.sleep(0.1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        await self._line.close()
        self._process.kill()
        await self._process.wait()
        self._listener.close()


def serve(handle: int) -> None:
    """Serve until killed."""
    import uvicorn

    config = uvicorn.Config(
        make_app(),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=600,  # the line that fires waits until the crowd has gathered
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=handle)])


if __name__ == "__main__":
    serve(int(sys.argv[1]))
