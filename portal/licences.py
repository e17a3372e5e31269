"""The issuers that an installation trusts, and the local issuing authority of development, tests and rehearsals."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bidding.trust_list import TrustedIssuer, TrustList, TrustListError, read_trust_list, sign_trust_list
from kernel.canonical import NotCanonical, b64u_decode
from kernel.clock import SystemClock
from kernel.crypto import CryptoError, suite
from kernel.crypto.authority import Authority, create_authority, is_local_root, load_authority, make_crl
from kernel.crypto.keys import KeyKind, PublicKey
from portal import keyring
from portal.embedded.home import Home, write_private
from portal.errors import CommandError
from portal.revocation import CrlFolder
from portal.settings import Settings

log = logging.getLogger("sunlit.licences")

#: An authority that begins before every date of a rehearsal, so that its certificates hold whatever the clock says.
_BACKDATED = timedelta(days=400)
#: How long a list that was signed on demand is used again.
_FRESH = timedelta(hours=1)
#: How long the rehearsal's own trust list holds.
_LIST_LIFE = timedelta(days=20 * 365)
LOCAL = "local"
LOUD = (
    "⚠ 警告：正式环境正在信任本地演示签发机构（SUNLIT_TRUST_LOCAL_AUTHORITY=1）。"
    "其私钥未加保护，任何能读取数据目录的人都能冒充任何单位登录；全部页面已标明“演示数据”。"
)


class TrustRefused(CommandError):
    """The installation does not start with the issuers that it was told to trust."""


def authority_folder(home: Home) -> Path:
    """Return where the local authority lies."""
    return home / "keys" / "authority"


def ensure_authority(folder: Path) -> Authority:
    """Return the local authority in a folder; make it, and the trust list that names it, at the first call."""
    if (folder / "root.pem").exists():
        authority = load_authority(folder)
    else:
        authority = create_authority(folder, SystemClock().now() - _BACKDATED, "阳光交易演练")
    if not (folder / "trust.jws").exists():
        since = authority.root.not_valid_before_utc
        local = TrustedIssuer("阳光交易演练签发机构", authority.root, (authority.issuing,), since, None, LOCAL)
        content = TrustList(1, since, since + _LIST_LIFE, (local,))
        key = keyring.load_or_make(folder / "trust.key", KeyKind.P256)
        write_private(folder / "trust.jws", sign_trust_list(content, key).encode())
    return authority


def load_licence_trust(settings: Settings) -> "IssuerTrust | None":
    """Return the issuers that an installation trusts; None if none was configured.

    A rehearsal trusts its own local authority unless the settings name a list. An installation in production trusts
    the list that its settings name and nothing else, and no local authority unless it was told to, loudly.

    Raises:
        TrustRefused: the list does not hold, is older than one accepted before, or names a local authority.
    """
    home = Home(settings.home)
    folder = authority_folder(home)
    local = load_authority(folder) if (folder / "root.pem").exists() else None
    if settings.licence_trust is not None:
        file, key = settings.licence_trust, _public_key(settings.licence_trust_key)
    elif settings.rehearsal or settings.trust_local_authority:
        if local is None:
            return None
        ensure_authority(folder)  # an older home has no list yet
        file = folder / "trust.jws"
        key = keyring.load_or_make(folder / "trust.key", KeyKind.P256).public
    else:
        return None
    content = _accepted(home, file, key)
    roots = [issuer.root for issuer in content.issuers]
    has_local = any(is_local_root(root) for root in roots)
    if has_local and not settings.rehearsal and not settings.trust_local_authority:
        raise TrustRefused(
            "正式环境拒绝信任本地演示签发机构：受信任机构名单中含有 local-ca 根证书。"
            "确需如此（例如验收演示），请显式设置 SUNLIT_TRUST_LOCAL_AUTHORITY=1。",
            code=2,
        )
    if has_local and not settings.rehearsal:
        log.warning(LOUD)
    return IssuerTrust(content, CrlFolder(home / "crl"), local)


def _public_key(text: str) -> PublicKey:
    try:
        key = suite("intl-1").load_public(b64u_decode(text))
        if key.kind is not KeyKind.P256:
            raise ValueError
        return key
    except (ValueError, NotCanonical, CryptoError):
        raise TrustRefused("SUNLIT_LICENCE_TRUST_KEY 不是可用的 P-256 公钥（SPKI，base64url）。", code=2) from None


def _accepted(home: Home, file: Path, key: PublicKey) -> TrustList:
    memory = home / "keys" / "licence-trust.json"
    least = int(json.loads(memory.read_text())["version"]) if memory.exists() else 0
    try:
        content = read_trust_list(file.read_text("ascii").strip(), key, least_version=least, now=SystemClock().now())
    except (OSError, UnicodeDecodeError):
        raise TrustRefused(f"受信任机构名单 {file} 无法读取。", code=2) from None
    except TrustListError as refusal:
        raise TrustRefused(f"受信任机构名单未通过核验（{refusal.code}）：{refusal.reason}", code=2) from None
    if content.version > least:
        write_private(memory, json.dumps({"version": content.version}).encode() + b"\n")
    return content


def licence_roots(trust: "IssuerTrust | None") -> list[str]:
    """Return the PEM certificates of the issuers that count here, for the public trust file."""
    if trust is None:
        return []
    return [root.public_bytes(Encoding.PEM).decode("ascii") for root in trust.known_roots()]


class IssuerTrust:
    """Trusts the issuers of a verified list, each in its time, with the newest revocation lists at hand.

    A real issuer's lists are fetched by the worker (`portal.revocation`). The local authority signs on demand, because
    a rehearsal's clock jumps.
    """

    def __init__(self, content: TrustList, lists: CrlFolder, local: Authority | None = None) -> None:
        self.content = content
        self.lists = lists
        self._local = LocalLicences(local) if local is not None else None

    def roots(self, now: datetime) -> Sequence[x509.Certificate]:
        """Return the roots that count at an instant."""
        return [issuer.root for issuer in self._counting(now)]

    def intermediates(self, now: datetime) -> Sequence[x509.Certificate]:
        """Return the authorities below the roots that count."""
        return [below for issuer in self._counting(now) for below in issuer.intermediates]

    def known_roots(self) -> Sequence[x509.Certificate]:
        """Return every root of the list."""
        return [issuer.root for issuer in self.content.issuers]

    def known_intermediates(self) -> Sequence[x509.Certificate]:
        """Return every authority below them."""
        return [below for issuer in self.content.issuers for below in issuer.intermediates]

    def crls(self, now: datetime) -> Sequence[x509.CertificateRevocationList]:
        """Return the newest revocation lists at hand."""
        found: list[x509.CertificateRevocationList] = []
        for issuer in self._counting(now):
            if issuer.crl == LOCAL:
                found += self._local.crls(now) if self._local is not None else ()
            else:
                found += self.lists.newest(issuer.crl)
        return found

    def sources(self) -> Mapping[str, Sequence[x509.Certificate]]:
        """Return where revocation lists come from, with the authorities that may have signed them."""
        found: dict[str, list[x509.Certificate]] = {}
        for issuer in self.content.issuers:
            if issuer.crl != LOCAL:
                found.setdefault(issuer.crl, []).extend((issuer.root, *issuer.intermediates))
        return found

    def is_unreachable(self, now: datetime) -> bool:
        """Say whether a source failed when it was asked last."""
        return any(self.lists.has_failed(issuer.crl) for issuer in self._counting(now) if issuer.crl != LOCAL)

    def _counting(self, now: datetime) -> list[TrustedIssuer]:
        # The list itself lives by the machine's time; when it is over, nobody counts until a new one is there.
        if SystemClock().now() >= self.content.expires:
            return []
        return [issuer for issuer in self.content.issuers if issuer.counts(now)]


class LocalLicences:
    """Trusts one local authority alone, and has it sign a new revocation list when the old one is out of date."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._kept: tuple[float, x509.CertificateRevocationList] | None = None

    def roots(self, now: datetime) -> Sequence[x509.Certificate]:
        """Return the local root."""
        return (self._authority.root,)

    def intermediates(self, now: datetime) -> Sequence[x509.Certificate]:
        """Return the local issuing authority."""
        return (self._authority.issuing,)

    def known_roots(self) -> Sequence[x509.Certificate]:
        """Return the local root."""
        return (self._authority.root,)

    def known_intermediates(self) -> Sequence[x509.Certificate]:
        """Return the local issuing authority."""
        return (self._authority.issuing,)

    def is_unreachable(self, now: datetime) -> bool:
        """Say no: the authority is here."""
        return False

    def crls(self, now: datetime) -> Sequence[x509.CertificateRevocationList]:
        """Return a list that holds everything revoked so far: the kept one as long as it is fresh and complete."""
        file = self._authority.folder / "revoked.json"
        changed = file.stat().st_mtime_ns if file.exists() else 0
        if self._kept is None or self._kept[0] != changed or not _is_fresh(self._kept[1], now):
            self._kept = (changed, make_crl(self._authority, now))
        return (self._kept[1],)


def _is_fresh(crl: x509.CertificateRevocationList, now: datetime) -> bool:
    return crl.last_update_utc <= now < crl.last_update_utc + _FRESH
