"""Judge a PDF that a stranger brings: in a process of its own, with little memory and little time, nothing kept.

The file may be anything: a bomb that unpacks to gigabytes, a loop of references, an encrypted or an altered document.
The parser therefore runs in a child that the operating system stops at its limits; what it says is a `SealReport`.

Source: crypto.md 6.4, 13 no. 47.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import resource
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.canonical import format_time, parse_time
from kernel.errors import InvalidInput, TooManyRequests
from kernel.web.seal import Seal, SealReport, verify_sealed

#: The largest file that is looked at; our own documents are below one megabyte.
MAX_SIZE: Final = 20 << 20
#: Limits of the child: memory, processor seconds, seconds by the clock.
MEMORY: Final = 1 << 30
CPU_S: Final = 10
WALL_S: Final = 20.0
#: How many files are looked at at the same time, and how long one waits for its turn.
AT_ONCE: Final = 2
WAIT_S: Final = 15.0
_ROOT: Final = Path(__file__).resolve().parents[2]


class FileTooLarge(InvalidInput):
    """More bytes came than are looked at."""

    code = "file-too-large"

    def __init__(self) -> None:
        text = f"文件超过 {MAX_SIZE >> 20} MB，没有核验。平台发出的盖章文件都不足 5 MB。"
        super().__init__(text, [("file", text)])


async def spool(pieces: AsyncIterator[bytes], into: IO[bytes]) -> int:
    """Write an upload to a nameless file as it comes in, and stop at the limit.

    Raises:
        FileTooLarge: nothing of it is kept.
    """
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > MAX_SIZE:
            raise FileTooLarge
        await asyncio.to_thread(into.write, piece)
    into.flush()
    into.seek(0)
    return size


def digest_of(file: IO[bytes]) -> bytes:
    """Return the SHA-256 of an open file, read in pieces; the file stands at its beginning again."""
    file.seek(0)
    state = hashlib.sha256()
    while piece := file.read(1 << 20):
        state.update(piece)
    file.seek(0)
    return state.digest()


class Bench:
    """Checks files, a few at a time."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def check(
        self,
        file: IO[bytes],
        roots: Sequence[x509.Certificate],
        at: datetime | None,
        stamping: Sequence[x509.Certificate] | None = None,
    ) -> SealReport:
        """Judge the seals of an open file, from its beginning.

        Args:
            stamping: roots of time-stamping authorities; None takes `roots`.
            at: when the certificates must be valid; None takes each signature's own time.

        Raises:
            TooManyRequests: too many files are being looked at.
        """
        try:
            async with asyncio.timeout(WAIT_S):
                await self._places.acquire()
        except TimeoutError:
            raise TooManyRequests("正在核验的文件较多，请稍后再试。", int(WAIT_S)) from None
        try:
            return await _ask_child(file, roots, at, roots if stamping is None else stamping)
        finally:
            self._places.release()


async def _ask_child(
    file: IO[bytes], roots: Sequence[x509.Certificate], at: datetime | None, stamping: Sequence[x509.Certificate]
) -> SealReport:
    order = {
        "roots": [root.public_bytes(Encoding.PEM).decode("ascii") for root in roots],
        "stamping": [root.public_bytes(Encoding.PEM).decode("ascii") for root in stamping],
        "at": None if at is None else format_time(at),
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "kernel.papers.checking",
        json.dumps(order),
        stdin=file,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=_ROOT,
        env={"PYTHONPATH": str(_ROOT), "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(WALL_S):
            said, _ = await child.communicate()
    except TimeoutError:
        said = b""
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    try:
        return report_of(json.loads(said))
    except ValueError:  # it was stopped at a limit and said nothing
        return SealReport(False, (), ("too-complex",))


def told(report: SealReport) -> dict[str, Any]:
    """Return a report as JSON holds it."""

    def line(seal: Seal) -> dict[str, Any]:
        times = {name: None if (v := getattr(seal, name)) is None else format_time(v) for name in _TIMES}
        return asdict(seal) | times | {"certificate": seal.certificate.hex(), "serial": f"{seal.serial:x}"}

    return {"ok": report.ok, "problems": list(report.problems), "seals": [line(seal) for seal in report.seals]}


_TIMES: Final = ("claimed_at", "stamped_at")


def report_of(value: dict[str, Any]) -> SealReport:
    """Return a report from its JSON."""
    seals = []
    for line in value["seals"]:
        times = {name: None if line[name] is None else parse_time(line[name]) for name in _TIMES}
        made = {"certificate": bytes.fromhex(line["certificate"]), "serial": int(line["serial"], 16)}
        seals.append(Seal(**(line | times | made)))
    return SealReport(value["ok"], tuple(seals), tuple(value["problems"]))


def main() -> None:
    """The child: limits first, then the file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = json.loads(sys.argv[1])
    roots, stamping = (
        [x509.load_pem_x509_certificate(pem.encode("ascii")) for pem in order[name]] for name in ("roots", "stamping")
    )
    at = None if order["at"] is None else parse_time(order["at"])
    data = sys.stdin.buffer.read(MAX_SIZE + 1)
    too_large = SealReport(False, (), ("too-complex",))
    report = too_large if len(data) > MAX_SIZE else verify_sealed(data, roots, at=at, stamping=stamping)
    sys.stdout.write(json.dumps(told(report)))


if __name__ == "__main__":
    main()
