"""The limit of an upload: a raw ASGI application that writes each body to a file of its own and syncs it.

A process of its own (`python -m bench.bare_upload FD FOLDER`) on the portal's server: no framework, no session, no
hash, no database. The same durability: an answer means that the bytes and the name are on the disk.
"""

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.wire import Line
from portal.embedded.home import CHECKOUT


def make_app(folder: Path) -> Any:
    """Build the application."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        pieces = []
        while True:
            message = await receive()
            pieces.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        body = b"".join(pieces)
        if body:
            await asyncio.to_thread(_keep, folder, body)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    return app


def _keep(folder: Path, body: bytes) -> None:
    handle = os.open(folder / os.urandom(16).hex(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, body)
        os.fsync(handle)
    finally:
        os.close(handle)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class BareUpload:
    """The process, for the length of a block.

    Attributes:
        url: where it answers.
        pid: its process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.pid = 0

    async def __aenter__(self) -> "BareUpload":
        handle = self._listener.fileno()
        os.set_inheritable(handle, True)
        self._folder.mkdir(parents=True)
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.bare_upload", str(handle), str(self._folder)),
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
            cwd=CHECKOUT,
            pass_fds=(handle,),
        )
        self.pid = self._process.pid
        line = Line(self.url)
        for _ in range(200):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await line.ask(line.prepared("GET", "/"))
                break
            await asyncio.sleep(0.1)
        await line.close()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        self._listener.close()


def serve(handle: int, folder: Path) -> None:
    """Serve until killed."""
    import uvicorn

    config = uvicorn.Config(
        make_app(folder), loop="uvloop", http="httptools", access_log=False, log_level="warning", server_header=False
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=handle)])


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
