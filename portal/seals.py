"""The seal service: electronic seals on outgoing documents, one key per organisation, each use written down.

Only the worker has it; a key never leaves this module, not even as a return value to our own code. Every use is noted
in the service's own journal before the sealed bytes are handed out, and again in the public log by whoever keeps the
document: a use that only the journal knows is a document that nobody may have.

On a rehearsal the certificates come from the local issuing authority, and every document says 演示 CA. A certified
device takes this service's place in production behind the same method.
"""

import asyncio
import hashlib
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
from kernel.crypto.keys import KeyKind, generate
from kernel.papers.issuing import SealRule
from kernel.web.seal import Sealed, seal_pdf
from portal.embedded.home import write_private

#: A seal's certificate begins a day before its first use, so that clocks that differ a little do no harm.
_MARGIN = timedelta(days=1)
_LIFE = timedelta(days=3 * 365)
_POLICY = Path(__file__).with_name("seals.toml")


class SealDesk:
    """Keys and certificates of seals in one folder.

    Args:
        folder: readable by the worker only; `journal.jsonl` in it holds every use.
        authority: issues certificates for organisations that have none yet.
    """

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder = folder
        self._authority = authority
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
            sealed = Sealed(
                await seal_pdf(pdf, key, chain, reason=reason, location="", now=now), certificate.fingerprint(SHA256())
            )
            await asyncio.to_thread(self._note, uscc, reason, sealed, now)
        return sealed

    def _holder(self, uscc: str, name: str, now: datetime) -> tuple[bytes, x509.Certificate]:
        key_file, certificate_file = self._folder / f"{uscc}.p8", self._folder / f"{uscc}.pem"
        if certificate_file.exists():
            certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
            if _serves(certificate, name, now):
                return key_file.read_bytes(), certificate
            for file in (key_file, certificate_file):
                file.rename(file.with_stem(f"{uscc}.{certificate.serial_number:x}"))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = generate(KeyKind.P256)
        holder = Holder(uscc=uscc, organisation=name or uscc, role="organisation")
        certificate = issue_seal(self._authority, holder, key.public, now - _MARGIN, _LIFE)
        write_private(key_file, key.pkcs8())
        write_private(certificate_file, certificate.public_bytes(Encoding.PEM))
        return key_file.read_bytes(), certificate

    def _note(self, uscc: str, reason: str, sealed: Sealed, now: datetime) -> None:
        line = {
            "v": 1,
            "at": format_time(now),
            "uscc": uscc,
            "kind": reason,
            "certificate": sealed.certificate.hex(),
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
