"""Electronic seals on documents: the picture, the signature (PAdES), and its verification.

The picture is drawn into the page, so it lies inside the signed bytes; the signature field itself is invisible. A seal
certifies that nothing may be changed afterwards (DocMDP, no changes). A file is accepted only if every signature is
intact, chains to a given root, and the last one covers the whole file: an incremental update of any kind is refused.

This is not a seal after GB/T 38540: pages and documents call it 电子签章（演示 CA） while a local authority signs.
Time: a timestamp token over the signature says by when it was there (PAdES B-T). Without one the time of signing is the
signer's claim; what proves it then is the public log.

Source: crypto.md 6.4; ETSI EN 319 142-1 (PAdES B-B, B-T); ISO 32000-1, 12.8.
"""

import asyncio
import io
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from markupsafe import Markup

from kernel.crypto.certificates import CertificateError, uscc_of
from kernel.errors import Unavailable
from kernel.timestamps.asking import Timestamper
from kernel.timestamps.token import Stamp, TimestampError, verify_token

FIELD: Final = "Seal"
#: Nobody seals a document more often; each signature costs the checker time.
MOST_SEALS: Final = 32
RED: Final = "#b3262a"
_RING_DEGREES: Final = 250.0  # the lettering leaves room at the bottom for the caption


@dataclass(frozen=True, slots=True)
class Seal:
    """One signature found in a file.

    Attributes:
        signer: name in the certificate;  uscc: credit code in it, "" if there is none.
        claimed_at: the signer's claim; None if it makes none.
        stamped_at: time of the timestamp token, None without one;  stamped_by: the authority that gave it.
        stamp: `none`, `good`, `demo` (good, of a local demonstration authority) or `bad`.
        intact: the signed bytes are unchanged.
        trusted: the certificate chains to one of the roots at the time asked for.
        whole: the signature covers the file to its last byte.
        issuer: name of the authority in the certificate.
        certificate: SHA-256 of the certificate;  serial: its number, for revocation lists.
    """

    signer: str
    uscc: str
    claimed_at: datetime | None
    stamped_at: datetime | None
    reason: str
    location: str
    intact: bool
    trusted: bool
    whole: bool
    issuer: str = ""
    certificate: bytes = b""
    serial: int = 0
    stamped_by: str = ""
    stamp: str = "none"


@dataclass(frozen=True, slots=True)
class SealReport:
    """The verdict on a file.

    Attributes:
        ok: at least one seal, all of them good, nothing added after the last.
        problems: codes of what is wrong, in order: too-complex, not-pdf, encrypted, no-seal, broken, untrusted,
            timestamp, changed-later.
    """

    ok: bool
    seals: tuple[Seal, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A document under a seal.

    Attributes:
        certificate: SHA-256 of the certificate with whose key it was signed.
        stamped: a timestamp token is in it.
    """

    pdf: bytes
    certificate: bytes
    stamped: bool = False


def seal_svg(name: str, *, caption: str = "电子签章", size: int = 140) -> Markup:
    """Draw the round red seal: ring, lettering along the ring, star, caption.

    Args:
        name: the organisation as it stands in the ring; up to thirty characters stay legible.
        caption: line under the star, e.g. 演示 CA.
    """
    centre, count = 70.0, max(len(name), 2)
    spread = min(_RING_DEGREES, 26.0 * (count - 1))
    glyph = min(14.5, 2 * math.pi * 50 * spread / 360 / max(count - 1, 1) * 1.02)
    radius = 62.0 - glyph * 0.98
    letters = Markup("")
    for i, char in enumerate(name):
        angle = -spread / 2 + spread * i / (count - 1)
        x = centre + radius * math.sin(math.radians(angle))
        y = centre - radius * math.cos(math.radians(angle))
        # Letters of a seal are taller than wide; each is turned to stand on the ring.
        letters += Markup('<text transform="translate({:.2f} {:.2f}) rotate({:.2f}) scale(.86 1.12)">{}</text>').format(
            x, y, angle, char
        )
    points = " ".join(
        f"{centre + r * math.sin(math.radians(36 * i)):.2f},{centre - 1 - r * math.cos(math.radians(36 * i)):.2f}"
        for i, r in enumerate([19.0, 7.3] * 5)
    )
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 140 140" width="{size}" height="{size}">'
        '<title>{title}</title><circle cx="70" cy="70" r="66" fill="none" stroke="{red}" stroke-width="3.6"/>'
        '<g fill="{red}" font-family="Noto Serif CJK SC, Source Han Serif SC, SimSun, WenQuanYi Micro Hei, serif" '
        'font-weight="700" text-anchor="middle"><g font-size="{glyph:.2f}">{letters}</g>'
        '<polygon points="{points}"/><text x="70" y="112" font-size="10.5" font-weight="400" letter-spacing="1">'
        "{caption}</text></g></svg>"
    ).format(
        size=size,
        title=f"{name} {caption}",
        red=RED,
        glyph=glyph,
        letters=letters,
        points=points,
        caption=caption,
    )


async def seal_pdf(
    pdf_bytes: bytes,
    signer_key: bytes,
    cert_chain: Sequence[x509.Certificate],
    *,
    reason: str,
    location: str,
    now: datetime,
    timestamper: Timestamper | None = None,
) -> bytes:
    """Sign a document so that nothing may be changed afterwards.

    Args:
        signer_key: PKCS#8, PEM or DER, unprotected; P-256 or RSA.
        cert_chain: the seal's certificate first, then its issuers; the root may be left out.
        now: the time of signing that the signature claims.
        timestamper: the authority that is asked for PAdES B-T; without it B-B.

    Returns:
        The document with its signature appended; the input is its beginning.

    Raises:
        Unavailable: the authority did not answer, or not with a token.
    """
    return await asyncio.to_thread(
        _sign, pdf_bytes, signer_key, list(cert_chain), reason, location, now.astimezone(UTC), timestamper
    )


def _sign(
    pdf: bytes,
    key: bytes,
    chain: list[x509.Certificate],
    reason: str,
    location: str,
    now: datetime,
    timestamper: Timestamper | None,
) -> bytes:
    from asn1crypto import keys as asn1_keys
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    load = load_pem_private_key if key.lstrip().startswith(b"-----") else load_der_private_key
    der = load(key, password=None).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificates = [asn1_x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in chain]
    store = SimpleCertificateStore()
    store.register_multiple(certificates[1:])
    signer = signers.SimpleSigner(
        signing_cert=certificates[0], signing_key=asn1_keys.PrivateKeyInfo.load(der), cert_registry=store
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason,
        location=location,
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )

    class AtInstant(signers.PdfSigner):  # type: ignore[misc, unused-ignore]
        """A signer whose clock is the caller's: a rehearsal signs at the rehearsal's time."""

        def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
            session = super().init_signing_session(pdf_out, existing_fields_only)
            session.system_time = now
            return session

    out = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    asked = _asker(timestamper, now) if timestamper is not None else None
    AtInstant(metadata, signer=signer, timestamper=asked).sign_pdf(writer, output=out)
    return out.getvalue()


def _asker(timestamper: Timestamper, now: datetime) -> Any:
    """An authority as pyHanko asks one."""
    from asn1crypto import tsp
    from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError

    class Asker(TimeStamper):  # type: ignore[misc, unused-ignore]
        """Passes requests on; the library compares the nonce and keeps the token."""

        async def async_request_tsa_response(self, req: Any) -> Any:
            return tsp.TimeStampResp.load(await timestamper.answer(req.dump(), now))

        async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
            try:
                return await super().async_timestamp(message_digest, md_algorithm)
            except (TimestampRequestError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as refusal:
                raise Unavailable("时间戳机构的回答无法使用。") from refusal

    return Asker()


def verify_sealed(
    pdf: bytes,
    roots: Sequence[x509.Certificate],
    *,
    at: datetime | None = None,
    stamping: Sequence[x509.Certificate] | None = None,
) -> SealReport:
    """Judge the seals of a file. Blocking; in the event loop call it through `asyncio.to_thread`.

    Args:
        roots: the only roots that are trusted.
        at: when the certificates must be valid; None takes each signature's own time: that of its timestamp token, or
            without one the signer's claim.
        stamping: roots of time-stamping authorities; None takes `roots`.
    """
    stamping = roots if stamping is None else stamping
    from pyhanko.pdf_utils.reader import PdfFileReader

    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # refusals are reported, not logged with a traceback
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=False)
        if reader.encrypted:
            return SealReport(False, (), ("encrypted",))
        found = list(reader.embedded_signatures)
    except (MemoryError, RecursionError):
        return SealReport(False, (), ("too-complex",))
    except Exception:  # the parser meets hostile bytes here and raises whatever it stumbles over
        return SealReport(False, (), ("not-pdf",))
    if len(found) > MOST_SEALS:
        return SealReport(False, (), ("too-complex",))
    if not found:
        return SealReport(False, (), ("no-seal",))
    seals: list[Seal] = []
    problems: list[str] = []
    for signature in found:
        try:
            seal, wrong = _judge(signature, roots, stamping, at)
        except (MemoryError, RecursionError):
            return SealReport(False, tuple(seals), ("too-complex",))
        except Exception:  # as above: what cannot be judged is not accepted
            seal, wrong = Seal("", "", None, None, "", "", False, False, False), ["broken"]
        seals.append(seal)
        problems += wrong
    if not seals[-1].whole and "changed-later" not in problems:
        problems.append("changed-later")
    order = ("broken", "untrusted", "timestamp", "changed-later")
    return SealReport(not problems, tuple(seals), tuple(p for p in order if p in problems))


def _judge(
    signature: Any, roots: Sequence[x509.Certificate], stamping: Sequence[x509.Certificate], at: datetime | None
) -> tuple[Seal, list[str]]:
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    signed = signature.sig_object
    claimed = signature.self_reported_timestamp
    certificate = x509.load_der_x509_certificate(signature.signer_cert.dump()) if signature.signer_cert else None
    kind, stamp = _stamp(signature, stamping)
    own_time = stamp.at if stamp else claimed
    status = validate_pdf_signature(signature, _context(roots, at or own_time), _context(stamping, own_time))
    intact, trusted = bool(status.intact and status.valid), bool(status.trusted)
    whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    no_later = status.docmdp_ok is None and status.modification_level is None
    unchanged = bool(status.seed_value_ok and (status.docmdp_ok or no_later))
    wrong = [] if intact else ["broken"]
    wrong += [] if trusted or not intact else ["untrusted"]
    wrong += ["timestamp"] if kind == "bad" and intact else []
    wrong += [] if unchanged or not (intact and trusted) else ["changed-later"]
    seal = Seal(
        signer=_name(certificate.subject) if certificate else "",
        uscc=_uscc(certificate),
        claimed_at=claimed,
        stamped_at=stamp.at if stamp else None,
        reason=str(signed.get("/Reason", "")),
        location=str(signed.get("/Location", "")),
        intact=intact,
        trusted=trusted,
        whole=whole,
        issuer=_name(certificate.issuer) if certificate else "",
        certificate=certificate.fingerprint(SHA256()) if certificate else b"",
        serial=certificate.serial_number if certificate else 0,
        stamped_by=stamp.authority if stamp else "",
        stamp=kind,
    )
    return seal, wrong


def _context(roots: Sequence[x509.Certificate], moment: datetime | None) -> Any:
    from asn1crypto import x509 as asn1_x509
    from pyhanko_certvalidator import ValidationContext

    trusted = [asn1_x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in roots]
    return ValidationContext(trust_roots=trusted, allow_fetching=False, moment=moment)


def _stamp(signature: Any, roots: Sequence[x509.Certificate]) -> tuple[str, Stamp | None]:
    """Judge the tokens over a signature as those over checkpoints are judged; they are over the signature's bytes."""
    from asn1crypto import cms
    from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

    kind = "none"
    for signed_data in extract_tst_data_iter(signature.signer_info, signed=False):
        token = cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump()
        try:
            stamp = verify_token(token, bytes(signature.signer_info["signature"].native), roots)
        except TimestampError:
            kind = "bad"
            continue
        return ("demo" if stamp.local else "good"), stamp
    return kind, None


def _name(subject: x509.Name) -> str:
    names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _uscc(certificate: x509.Certificate | None) -> str:
    if certificate is None:
        return ""
    try:
        return uscc_of(certificate)
    except CertificateError:
        return ""
