"""The local issuing authority of development, tests and rehearsals, and the issuers that an installation trusts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509

from kernel.clock import SystemClock
from kernel.crypto.authority import Authority, create_authority, load_authority, make_crl
from portal.embedded.home import Home

#: An authority that begins before every date of a rehearsal, so that its certificates hold whatever the clock says.
_BACKDATED = timedelta(days=400)
#: How long a list that was signed on demand is used again.
_FRESH = timedelta(hours=1)


def ensure_authority(home: Home) -> Authority:
    """Return the local authority of a rehearsal; make it at the first call."""
    folder = home / "keys" / "authority"
    if (folder / "root.pem").exists():
        return load_authority(folder)
    return create_authority(folder, SystemClock().now() - _BACKDATED, "阳光交易演练")


def licence_roots(home: Home) -> list[str]:
    """Return the PEM certificates of the issuers that count here."""
    file = home / "keys" / "authority" / "root.pem"
    return [file.read_text(encoding="ascii")] if file.exists() else []


class LocalLicences:
    """Trusts the local authority alone, and has it sign a new revocation list when the old one is out of date.

    A real issuer publishes its list daily; on a rehearsal, whose clock jumps, the local one signs on demand.
    """

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._kept: tuple[float, x509.CertificateRevocationList] | None = None

    @property
    def roots(self) -> Sequence[x509.Certificate]:
        """The local root."""
        return (self._authority.root,)

    @property
    def intermediates(self) -> Sequence[x509.Certificate]:
        """The local issuing authority."""
        return (self._authority.issuing,)

    def crls(self, now: datetime) -> Sequence[x509.CertificateRevocationList]:
        """Return a list that holds everything revoked so far: the kept one as long as it is fresh and complete."""
        file = self._authority.folder / "revoked.json"
        changed = file.stat().st_mtime if file.exists() else 0.0
        if self._kept is None or self._kept[0] != changed or not _is_fresh(self._kept[1], now):
            self._kept = (changed, make_crl(self._authority, now))
        return (self._kept[1],)


def _is_fresh(crl: x509.CertificateRevocationList, now: datetime) -> bool:
    return crl.last_update_utc <= now < crl.last_update_utc + _FRESH
