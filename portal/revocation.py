"""Revocation lists of real issuers: fetched by the worker into a folder, read from there by everybody.

No request waits for an issuer. What cannot be fetched is not replaced, and neither is it by a list of somebody else or
by an older one: the list at hand serves until its own `nextUpdate`, and after that nobody whom it would have to cover
gets in (R-LIC-09), but for a day of looking around (crypto.md §6.2).
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable

import httpx
from cryptography import x509

from kernel.canonical import format_time, parse_time
from kernel.clock import SystemClock
from kernel.crypto.certificates import is_list_of
from kernel.web.services import Services

log = logging.getLogger("sunlit.licences")

EVERY = timedelta(minutes=10)
TIMEOUT_S = 10.0
#: A list of a national issuer has some megabytes; more is no list.
LARGEST = 64 << 20


#: Address → the authorities whose list is expected there.
Sources = Mapping[str, Sequence[x509.Certificate]]


@runtime_checkable
class HasLists(Protocol):
    """Trust in issuers whose lists come from outside."""

    lists: "CrlFolder"

    def sources(self) -> "Sources":
        """Return where the lists come from, with the authorities that may have signed them."""


class CrlFolder:
    """The folder of fetched lists; a source may also be a file that something else keeps fresh."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, tuple[int, x509.CertificateRevocationList | None]] = {}
        self._fetching: asyncio.Task[None] | None = None

    def begin_fetch(self, sources: Sources) -> None:
        """Fetch beside everything else: a slow issuer must not hold up what is due, such as closing a lot."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self.fetch(sources))

    def newest(self, source: str) -> tuple[x509.CertificateRevocationList, ...]:
        """Return the list of a source that is at hand; empty if there is none or it cannot be read."""
        file = self._file(source)
        try:
            changed = file.stat().st_mtime_ns
            if self._read.get(file, (0, None))[0] != changed:
                self._read[file] = (changed, _parsed(file.read_bytes()))
        except OSError:
            return ()
        found = self._read[file][1]
        return () if found is None else (found,)

    def has_failed(self, source: str) -> bool:
        """Say whether the source could not be reached, or gave no list, when it was asked last."""
        if not source.startswith("https://"):
            return not self.newest(source)
        return bool(self._state(source).get("fault", "never asked"))

    async def fetch(self, sources: Sources, client: httpx.AsyncClient | None = None) -> None:
        """Fetch what has not been asked for within `EVERY`; a failure is noted and leaves the old list.

        Args:
            client: for tests; default: one with a time limit that follows no redirects.
        """
        now = SystemClock().now()
        for source, authorities in sources.items():
            asked = self._state(source).get("at")
            if not source.startswith("https://") or (asked is not None and now - parse_time(asked) < EVERY):
                continue
            fault = await self._fetch_one(source, authorities, client)
            if fault:
                log.warning("revocation list of %s not fetched: %s", source, fault)
            self._write(self._file(source).with_suffix(".json"), json.dumps({"at": format_time(now), "fault": fault}))

    async def _fetch_one(
        self, source: str, authorities: Sequence[x509.Certificate], client: httpx.AsyncClient | None
    ) -> str:
        own = client or httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False)
        try:
            async with own.stream("GET", source) as answer:
                if answer.status_code != 200:
                    return f"status {answer.status_code}"
                data = bytearray()
                async for piece in answer.aiter_bytes():
                    data += piece
                    if len(data) > LARGEST:
                        return "too large"
        except httpx.HTTPError as failure:
            return type(failure).__name__
        finally:
            if client is None:
                await own.aclose()
        found = _parsed(bytes(data))
        if found is None:
            return "no revocation list"
        if not any(is_list_of(found, authority) for authority in authorities):
            return "a list of another issuer"
        if any(found.last_update_utc < known.last_update_utc for known in self.newest(source)):
            return "older than the list at hand"
        self._write(self._file(source), bytes(data))
        return ""

    def _file(self, source: str) -> Path:
        if not source.startswith("https://"):
            return Path(source)
        return self.folder / f"{hashlib.sha256(source.encode()).hexdigest()[:24]}.crl"

    def _state(self, source: str) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads(self._file(source).with_suffix(".json").read_text(encoding="utf-8"))
            return found
        except (OSError, ValueError):
            return {}

    def _write(self, file: Path, content: bytes | str) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_name(file.name + ".new")
        fresh.write_bytes(content if isinstance(content, bytes) else content.encode())
        fresh.replace(file)


def _parsed(data: bytes) -> x509.CertificateRevocationList | None:
    try:
        if data.startswith(b"-----"):
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except ValueError:
        return None


async def fetch_revocation_lists(services: Services) -> None:
    """Fetch the lists of the issuers that are trusted, as often as they may be asked."""
    trust = services.plugins.get("licences")
    if isinstance(trust, HasLists):
        trust.lists.begin_fetch(trust.sources())


DUE = (fetch_revocation_lists,)
