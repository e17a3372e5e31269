"""The port to the issuers of e-licences: roots that count, certificates that are revoked; `portal` plugs it in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cryptography import x509


class LicenceTrust(Protocol):
    """Issuers as an installation trusts them; found in `Services.plugins` under `licences`."""

    @property
    def roots(self) -> Sequence[x509.Certificate]:
        """Trusted roots, from configuration."""

    @property
    def intermediates(self) -> Sequence[x509.Certificate]:
        """Known issuing authorities below the roots."""

    def crls(self, now: datetime) -> Sequence[x509.CertificateRevocationList]:
        """Return the newest revocation lists.

        Args:
            now: the platform's instant; on a rehearsal it is ahead of the machine's.
        """
