"""Signer and witness: small processes with a memory of their own (crypto.md §5.3).

Each keeps the last (size, root) on its own disk and demands a consistency proof before it signs anything larger. So a
database administrator, or a restored older backup, cannot have a fork signed: a smaller tree is refused (`rollback`),
an equal one with another root (`fork`), a larger one without a proof (`consistency`).

The wire is one line of JSON each way over TCP on the loopback; a shared secret keeps other local users out.
"""

import asyncio
import hmac
import json
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto import suite
from kernel.errors import Unavailable
from kernel.log.tree import verify_consistency

log = logging.getLogger("sunlit.signer")
_LIMIT = 1 << 20


class SigningRefused(Exception):
    """The signer's no, with its code: `rollback`, `fork`, `consistency`, `request`, `token`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Head:
    """The largest tree that was signed."""

    size: int
    root: bytes


class HeadMemory:
    """The signer's memory: one small file, replaced atomically and synced before any signature leaves.

    Args:
        path: on the signer's own disk.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Head | None:
        """Return the last head; None before the first.

        Raises:
            ValueError: the file is damaged; a signer without its memory must not sign.
        """
        if not self._path.exists():
            return None
        stored = json.loads(self._path.read_text())
        return Head(int(stored["size"]), b64u_decode(stored["root"]))

    def store(self, head: Head) -> None:
        """Keep the head, durably."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump({"size": head.size, "root": b64u_encode(head.root)}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class HeadKeeper:
    """Decide about one request, then sign.

    Args:
        sign: makes the signature line of a checkpoint body from the head.
    """

    def __init__(self, memory: HeadMemory, sign: Callable[[Head], str]) -> None:
        self._memory = memory
        self._sign = sign
        self._last = memory.load()

    @property
    def last(self) -> Head | None:
        """The largest tree that was signed."""
        return self._last

    def answer(self, size: int, root: bytes, proof: list[bytes]) -> str:
        """Return the signature line for a tree head.

        Args:
            proof: consistency proof from the last signed size to `size`; empty for the first head or the same one.

        Raises:
            SigningRefused: the tree does not extend the last one.
        """
        if size < 1 or len(root) != 32:
            raise SigningRefused("request")
        if self._last is not None:
            if size < self._last.size:
                raise SigningRefused("rollback")
            if size == self._last.size:
                if root != self._last.root:
                    raise SigningRefused("fork")
            elif not _consistent(self._last, size, root, proof):
                raise SigningRefused("consistency")
        head = Head(size, root)
        if head != self._last:
            self._memory.store(head)
            self._last = head
        return self._sign(head)


def _consistent(last: Head, size: int, root: bytes, proof: list[bytes]) -> bool:
    try:
        return bool(verify_consistency(suite("intl-1"), last.size, size, proof, last.root, root))
    except ValueError:
        return False


async def serve(
    keeper: HeadKeeper,
    token: str,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    listener: socket.socket | None = None,
) -> asyncio.Server:
    """Listen for requests.

    Args:
        token: shared secret of signer and sequencer.
        port: 0 takes a free one.
        listener: a socket that listens already, instead of host and port.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(_reply(keeper, token, line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.LimitOverrunError):
            log.warning("a connection ended badly")
        finally:
            writer.close()

    if listener is not None:
        return await asyncio.start_server(handle, sock=listener, limit=_LIMIT)
    return await asyncio.start_server(handle, host, port, limit=_LIMIT)


def _reply(keeper: HeadKeeper, token: str, line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
        if not hmac.compare_digest(str(request["token"]).encode(), token.encode()):
            return {"refused": "token"}
        if request["act"] == "last":
            last = keeper.last
            return {"size": last.size if last else 0, "root": b64u_encode(last.root) if last else ""}
        proof = [b64u_decode(item) for item in request["proof"]]
        return {"line": keeper.answer(int(request["size"]), b64u_decode(request["root"]), proof)}
    except SigningRefused as refusal:
        log.error("refused: %s", refusal.code)
        return {"refused": refusal.code}
    except (KeyError, TypeError, ValueError):
        return {"refused": "request"}


class SignerClient:
    """The sequencer's way to a signer or witness.

    Args:
        address: (host, port).
        token: the shared secret.
    """

    def __init__(self, address: tuple[str, int], token: str) -> None:
        self._address = address
        self._token = token

    async def last_size(self) -> int:
        """Return the size of the largest tree that was signed."""
        return int((await self._ask({"act": "last"}))["size"])

    async def last(self) -> Head | None:
        """Return the largest head that was signed; None before the first.

        Raises:
            SigningRefused: the token is wrong.
            Unavailable: it cannot be reached.
        """
        told = await self._ask({"act": "last"})
        return Head(int(told["size"]), b64u_decode(told["root"], 32)) if told["size"] else None

    async def sign(self, size: int, root: bytes, proof: list[bytes]) -> str:
        """Return the signature line for a head.

        Raises:
            SigningRefused: the signer said no.
            Unavailable: it cannot be reached.
        """
        request = {
            "act": "sign",
            "size": size,
            "root": b64u_encode(root),
            "proof": [b64u_encode(item) for item in proof],
        }
        return str((await self._ask(request))["line"])

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(10):
                reader, writer = await asyncio.open_connection(*self._address, limit=_LIMIT)
                try:
                    writer.write(json.dumps({"token": self._token, **request}).encode() + b"\n")
                    await writer.drain()
                    line = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            raise Unavailable("签名服务暂时不可用。") from error
        if not line:
            raise Unavailable("签名服务暂时不可用。")
        answer: dict[str, Any] = json.loads(line)
        if "refused" in answer:
            raise SigningRefused(str(answer["refused"]))
        return answer
