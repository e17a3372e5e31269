"""The port to the issuers of e-licences: roots that count, certificates that are revoked; `portal` plugs it in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cryptography import x509


class LicenceTrust(Protocol):
    """Issuers as an installation trusts them; found in `Services.plugins` under `licences`.

    Every instant is the platform's; on a rehearsal it is ahead of the machine's.
    """

    def roots(self, now: datetime) -> Sequence[x509.Certificate]:
        """Return the roots that count at an instant, from the signed trust list."""

    def intermediates(self, now: datetime) -> Sequence[x509.Certificate]:
        """Return the known issuing authorities below the roots that count."""

    def known_roots(self) -> Sequence[x509.Certificate]:
        """Return every root of the trust list, whether it counts now or not; for words only."""

    def known_intermediates(self) -> Sequence[x509.Certificate]:
        """Return every authority below them; for words only."""

    def crls(self, now: datetime) -> Sequence[x509.CertificateRevocationList]:
        """Return the newest revocation lists at hand."""

    def is_unreachable(self, now: datetime) -> bool:
        """Say whether a source of revocation lists could not be reached when it was asked last; for words only."""
