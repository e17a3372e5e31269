"""Read and judge a time-stamp token: which bytes it is over, when, by whom. Pure.

A token is a CMS signature over `TSTInfo`. It holds if its imprint is the digest of the bytes, its signature is that of
the certificate it names (ESSCertID), and that certificate leads at the token's own time to a configured root and is for
time stamping alone (RFC 3161 2.3: the purpose is critical and the only one). Revocation is not looked up.

Source: RFC 3161, RFC 5816; docs/spec/log.md, "Time stamps". The CMS and path checks are pyHanko's, which judges our
seals by the same code.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kernel.crypto.authority import is_local_root
from kernel.crypto.certificates import subject_values
from kernel.crypto.digest import random_bytes
from kernel.crypto.errors import CryptoError

#: No authority's answer is larger; more is not read.
LARGEST: Final = 1 << 16
#: Digests that an imprint may be made with.
_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512"})


class TimestampError(CryptoError):
    """A token is refused: `timestamp-format`, `-imprint`, `-signature`, `-chain`, checked in this order."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token proves: the bytes existed at this time.

    Attributes:
        at: the authority's time, UTC.
        authority: its name in the certificate.
        certificate: SHA-256 of the certificate.
        local: the root is a local demonstration authority's: nobody outside vouches for the time.
    """

    at: datetime
    authority: str
    serial: int
    policy: str
    certificate: bytes
    local: bool


def make_request(digest: bytes) -> tuple[bytes, int]:
    """Return a request for a SHA-256 digest, and the nonce that the answer must repeat."""
    from asn1crypto import algos, tsp

    nonce = int.from_bytes(random_bytes(8), "big") | 1 << 63
    imprint = tsp.MessageImprint(
        {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": digest}
    )
    request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True})
    return bytes(request.dump()), nonce


def read_response(response: bytes, nonce: int) -> bytes:
    """Return the token in an authority's answer; what it proves is `verify_token`'s question.

    Raises:
        TimestampError: `timestamp-format`: a refusal, no answer at all, or the answer to another request.
    """
    from asn1crypto import tsp

    try:
        answer = tsp.TimeStampResp.load(response, strict=True)
        status = str(answer["status"]["status"].native)
        if status not in ("granted", "granted_with_mods"):
            raise TimestampError("timestamp-format", f"the authority refused: {status}")
        token = answer["time_stamp_token"]
        told = token["content"]["encap_content_info"]["content"].parsed["nonce"].native
    except (ValueError, TypeError, KeyError, AttributeError):
        raise TimestampError("timestamp-format", "this is not the answer of a time-stamping authority") from None
    if told != nonce:
        raise TimestampError("timestamp-format", "the answer belongs to another request")
    return bytes(token.dump())


def is_token(data: bytes) -> bool:
    """Say whether some bytes look like a token, to sort files; nothing is believed yet."""
    return data[:1] == b"\x30" and _TST_INFO in data[:4096]


#: DER of the object identifier id-ct-TSTInfo.
_TST_INFO: Final = bytes.fromhex("060b2a864886f70d0109100104")


def verify_token(token: bytes, data: bytes, roots: Iterable[x509.Certificate]) -> Stamp:
    """Check a token over some bytes. Blocking; in the event loop call it through `asyncio.to_thread`.

    Args:
        data: the stamped bytes themselves.
        roots: the only roots that are trusted.

    Raises:
        TimestampError: with the code of what is wrong first.
    """
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # refusals are reported, not logged with a traceback
    signed, told = _parsed(token)
    if told.algorithm not in _DIGESTS:
        raise TimestampError("timestamp-imprint", f"an imprint by {told.algorithm} is not accepted")
    if hashlib.new(told.algorithm, data).digest() != told.imprint:
        raise TimestampError("timestamp-imprint", "the token is over other bytes")
    status = _judged(signed, told.at, list(roots))
    if not (status["intact"] and status["valid"]):
        raise TimestampError("timestamp-signature", "the signature of the token does not hold")
    leaf = x509.load_der_x509_certificate(status["signing_cert"].dump())
    path = status["validation_path"]
    if status["trust_problem_indic"] is not None or path is None:
        raise TimestampError("timestamp-chain", "no valid path to a trusted root")
    require_stamping(leaf)
    anchor = x509.load_der_x509_certificate(path.trust_anchor.certificate.dump())
    return Stamp(
        at=told.at,
        authority=next(iter(subject_values(leaf, NameOID.COMMON_NAME)), "") or leaf.subject.rfc4514_string(),
        serial=told.serial,
        policy=told.policy,
        certificate=leaf.fingerprint(SHA256()),
        local=is_local_root(anchor),
    )


def require_stamping(certificate: x509.Certificate) -> None:
    """Refuse a certificate that is not for time stamping alone.

    Raises:
        TimestampError: `timestamp-chain`.
    """
    try:
        purpose = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        raise TimestampError("timestamp-chain", "the certificate does not say what it is for") from None
    if not purpose.critical or list(purpose.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise TimestampError("timestamp-chain", "the certificate is not for time stamping alone")


@dataclass(frozen=True, slots=True)
class _Told:
    """What `TSTInfo` says; nothing is believed yet."""

    algorithm: str
    imprint: bytes
    at: datetime
    serial: int
    policy: str


def _parsed(token: bytes) -> tuple[Any, _Told]:
    from asn1crypto import cms, tsp

    try:
        outer = cms.ContentInfo.load(token, strict=True)
        if outer["content_type"].native != "signed_data":
            raise ValueError
        signed = outer["content"]
        info = signed["encap_content_info"]["content"].parsed
        if not isinstance(info, tsp.TSTInfo) or len(signed["signer_infos"]) != 1:
            raise ValueError
        imprint = info["message_imprint"]
        at: datetime = info["gen_time"].native
        told = _Told(
            algorithm=str(imprint["hash_algorithm"]["algorithm"].native),
            imprint=bytes(imprint["hashed_message"].native),
            at=at.astimezone(UTC),
            serial=int(info["serial_number"].native),
            policy=str(info["policy"].dotted),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise TimestampError("timestamp-format", "this is not a time-stamp token") from None
    return signed, told


def _judged(signed: Any, at: datetime, roots: list[x509.Certificate]) -> dict[str, Any]:
    from asn1crypto import x509 as asn1_x509
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import cms_basic_validation
    from pyhanko.sign.validation.status import TimestampSignatureStatus
    from pyhanko_certvalidator import ValidationContext

    async def judge() -> dict[str, Any]:
        context = ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in roots],
            allow_fetching=False,
            moment=at,
        )
        usage = TimestampSignatureStatus.default_usage_constraints()
        return dict(await cms_basic_validation(signed, validation_context=context, key_usage_settings=usage))

    try:
        with ThreadPoolExecutor(1) as apart:  # the library waits in an event loop of its own; the caller may have one
            return apart.submit(lambda: asyncio.run(judge())).result()
    except SignatureValidationError as refusal:
        raise TimestampError("timestamp-signature", str(refusal)) from None
    except Exception:  # hostile bytes make the parser raise whatever it stumbles over: what cannot be judged is refused
        raise TimestampError("timestamp-signature", "the token cannot be judged") from None
