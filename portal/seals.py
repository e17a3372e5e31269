"""The seal desk: electronic seals on outgoing documents, one key per organisation, each use in the log.

On a rehearsal the certificates come from the local issuing authority, and every document says 演示 CA. A certified
device takes this desk's place in production behind the same method.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.crypto.authority import Authority, Holder, issue_seal
from kernel.crypto.keys import KeyKind, generate
from kernel.web.seal import seal_pdf
from portal.embedded.home import write_private

#: A seal's certificate begins a day before its first use, so that clocks that differ a little do no harm.
_MARGIN = timedelta(days=1)
_LIFE = timedelta(days=3 * 365)


class SealDesk:
    """Keys and certificates of seals in one folder.

    Args:
        folder: readable by the worker only.
        authority: issues certificates for organisations that have none yet.
    """

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder = folder
        self._authority = authority
        self._lock = asyncio.Lock()

    async def seal(self, uscc: str, pdf: bytes, *, reason: str, now: datetime, name: str = "") -> bytes:
        """Return the document under an organisation's seal.

        Args:
            uscc: credit code of the organisation.
            reason: what the document is, as the signature says it.
            now: instant of the act.
            name: the organisation's name in a certificate that must first be issued.
        """
        async with self._lock:
            key, certificate = await asyncio.to_thread(self._holder, uscc, name or uscc, now)
        chain = [certificate, self._authority.issuing]
        return await seal_pdf(pdf, key, chain, reason=reason, location="", now=now)

    def _holder(self, uscc: str, name: str, now: datetime) -> tuple[bytes, x509.Certificate]:
        key_file, certificate_file = self._folder / f"{uscc}.p8", self._folder / f"{uscc}.pem"
        if not certificate_file.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = generate(KeyKind.P256)
            holder = Holder(uscc=uscc, organisation=name, role="organisation")
            certificate = issue_seal(self._authority, holder, key.public, now - _MARGIN, _LIFE)
            write_private(key_file, key.pkcs8())
            write_private(certificate_file, certificate.public_bytes(Encoding.PEM))
        return key_file.read_bytes(), x509.load_pem_x509_certificate(certificate_file.read_bytes())
