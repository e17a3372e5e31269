"""The seal service: electronic seals on outgoing documents, one key per organisation, each use written down.

Only the worker has it; a key never leaves this module, not even as a return value to our own code. Every use is noted
in the service's own journal before the sealed bytes are handed out, and again in the public log by whoever keeps the
document: a use that only the journal knows is a document that nobody may have.

On a rehearsal the certificates come from the local issuing authority, and every document says 演示 CA. A certified
device takes this service's place in production behind the same method.
"""

import asyncio
import hashlib
import logging
import os
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.canonical import format_time, jcs
from kernel.crypto.authority import Authority, Holder, issue_seal
from kernel.crypto.errors import KeyRefused
from kernel.crypto.keys import KeyKind, generate, load_private, public_of
from kernel.errors import Unavailable
from kernel.papers.issuing import SealRule
from kernel.timestamps.asking import StampService
from kernel.web.seal import Sealed, seal_pdf
from portal.embedded.home import write_private

log = logging.getLogger("sunlit.seals")

#: A seal's certificate begins a day before its first use, so that clocks that differ a little do no harm.
_MARGIN = timedelta(days=1)
_LIFE = timedelta(days=3 * 365)
_POLICY = Path(__file__).with_name("seals.toml")


class SealDesk:
    """Keys and certificates of seals in one folder.

    Args:
        folder: readable by the worker only; `journal.jsonl` in it holds every use.
        authority: issues certificates for organisations that have none yet.
        stamps: the time-stamping authority; without one, and while it does not answer, seals bear no time stamp.
    """

    def __init__(self, folder: Path, authority: Authority, stamps: StampService | None = None) -> None:
        self._folder = folder
        self._authority = authority
        self._stamps = stamps
        self._lock = asyncio.Lock()

    async def seal(self, uscc: str, pdf: bytes, *, reason: str, now: datetime, name: str = "") -> Sealed:
        """Return the document under an organisation's seal.

        Args:
            uscc: credit code of the organisation.
            reason: what the document is, as the signature says it.
            now: instant of the act.
            name: the organisation's name in a certificate that must first be issued; under a new name it gets a new
                key and certificate, and the old ones are kept.
        """
        async with self._lock:
            key, certificate = await asyncio.to_thread(self._holder, uscc, name, now)
            chain = [certificate, self._authority.issuing]
            made, stamped = await self._signed(pdf, key, chain, reason, now)
            sealed = Sealed(made, certificate.fingerprint(SHA256()), stamped)
            await asyncio.to_thread(self._note, uscc, reason, sealed, now)
        return sealed

    async def _signed(
        self, pdf: bytes, key: bytes, chain: list[x509.Certificate], reason: str, now: datetime
    ) -> tuple[bytes, bool]:
        """Sign with a time stamp if one can be had: a paper waits for nobody outside, and the log proves its time."""
        if self._stamps is not None:
            try:
                stamper = self._stamps.authority
                made = await seal_pdf(pdf, key, chain, reason=reason, location="", now=now, timestamper=stamper)
                return made, True
            except Unavailable as refusal:
                log.warning("a seal got no time stamp: %s", refusal.detail)
        return await seal_pdf(pdf, key, chain, reason=reason, location="", now=now), False

    def _holder(self, uscc: str, name: str, now: datetime) -> tuple[bytes, x509.Certificate]:
        """Return key and certificate that serve now; made if there are none.

        Each pair has names of its own and is never moved, so that nobody who is killed here leaves half a pair that
        stands for the organisation: a certificate counts only beside the key that it is for.
        """
        found = [
            (x509.load_pem_x509_certificate(file.read_bytes()), file) for file in self._folder.glob(f"{uscc}*.pem")
        ]
        for certificate, file in sorted(found, key=lambda pair: pair[0].not_valid_before_utc, reverse=True):
            key = self._key_of(certificate, uscc, file) if _serves(certificate, name, now) else None
            if key is not None:
                return key, certificate
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = generate(KeyKind.P256)
        holder = Holder(uscc=uscc, organisation=name or uscc, role="organisation")
        certificate = issue_seal(self._authority, holder, made.public, now - _MARGIN, _LIFE)
        stem = self._folder / f"{uscc}.{certificate.serial_number:x}"
        write_private(stem.with_name(f"{stem.name}.p8"), made.pkcs8())
        write_private(stem.with_name(f"{stem.name}.pem"), certificate.public_bytes(Encoding.PEM))
        return made.pkcs8(), certificate

    def _key_of(self, certificate: x509.Certificate, uscc: str, file: Path) -> bytes | None:
        """The key of a certificate: beside it, or, where an earlier version was killed between two renames, moved."""
        for candidate in (file.with_suffix(".p8"), self._folder / f"{uscc}.{certificate.serial_number:x}.p8"):
            try:
                key = load_private(candidate.read_bytes())
            except (FileNotFoundError, KeyRefused):
                continue
            if key.public == public_of(certificate.public_key()):
                return key.pkcs8()
        return None

    def _note(self, uscc: str, reason: str, sealed: Sealed, now: datetime) -> None:
        line = {
            "v": 1,
            "at": format_time(now),
            "uscc": uscc,
            "kind": reason,
            "certificate": sealed.certificate.hex(),
            "stamped": sealed.stamped,
            "sha256": hashlib.sha256(sealed.pdf).hexdigest(),
        }
        handle = os.open(self._folder / "journal.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(handle, "ab") as journal:
            journal.write(jcs(line) + b"\n")
            journal.flush()
            os.fsync(journal.fileno())


def _serves(certificate: x509.Certificate, name: str, now: datetime) -> bool:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    same = not name or any(attribute.value == name for attribute in names)
    return same and certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


def load_policy(file: Path = _POLICY) -> Mapping[str, SealRule]:
    """Return how many people each kind of document takes; a kind that is not listed takes one."""
    table: dict[str, dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {kind: SealRule(**rule) for kind, rule in table.items()}
