"""A local time-stamping authority: its own key and certificate, its clock is its caller's. Demonstration only.

It answers the same requests as an outside authority and gives tokens of the same form, but nobody outside vouches for
the time: every place that shows such a token says 演示. On a rehearsal it takes the rehearsal's clock, because the
certificates that its tokens stand beside live by that clock.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kernel.crypto.authority import UNIT, Authority
from kernel.crypto.digest import random_bytes
from kernel.crypto.keys import PrivateKey, PublicKey
from kernel.timestamps.token import TimestampError

#: Our policy (an arc made from a random UUID, X.667): a demonstration, no claim about the clock.
POLICY: Final = "2.25.196556539987194312349856245628873852187"
NAME: Final = "演示时间戳"


class LocalTimestamper:
    """An authority that signs with a key of its own.

    Args:
        issuer: the authority that issued the certificate; it travels with each token.
    """

    local = True

    def __init__(self, key: PrivateKey, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate
        self._issuer = issuer

    async def answer(self, request: bytes, now: datetime) -> bytes:
        """Answer a request at an instant.

        Raises:
            TimestampError: `timestamp-format`: this is no request for a SHA-256 imprint.
        """
        from asn1crypto import tsp

        try:
            asked = tsp.TimeStampReq.load(request, strict=True)
            imprint = asked["message_imprint"]
            known = imprint["hash_algorithm"]["algorithm"].native == "sha256"
            fits = known and len(imprint["hashed_message"].native) == 32
        except (ValueError, TypeError, KeyError):
            fits = False
        if not fits:
            raise TimestampError("timestamp-format", "expected a request for a SHA-256 imprint")
        response = tsp.TimeStampResp(
            {"status": tsp.PKIStatusInfo({"status": "granted"}), "time_stamp_token": self._token(asked, now)}
        )
        return bytes(response.dump())

    def _token(self, asked: Any, now: datetime) -> Any:
        from asn1crypto import algos, cms, core, tsp
        from asn1crypto import x509 as asn1_x509
        from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute

        own = asn1_x509.Certificate.load(self._certificate.public_bytes(Encoding.DER))
        issuer = asn1_x509.Certificate.load(self._issuer.public_bytes(Encoding.DER))
        told = {
            "version": "v1",
            "policy": tsp.ObjectIdentifier(POLICY),
            "message_imprint": asked["message_imprint"],
            "serial_number": int.from_bytes(random_bytes(16), "big") | 1 << 127,
            "gen_time": core.GeneralizedTime(now.astimezone(UTC).replace(microsecond=0)),
            "accuracy": {"seconds": 1},
            "tsa": asn1_x509.GeneralName(name="directory_name", value=own.subject),
        }
        if asked["nonce"].native is not None:
            told["nonce"] = asked["nonce"]
        info = tsp.TSTInfo(told).dump()
        attributes = cms.CMSAttributes(
            [
                simple_cms_attribute("content_type", "tst_info"),
                simple_cms_attribute("signing_certificate_v2", as_signing_certificate_v2(own)),
                simple_cms_attribute("message_digest", hashlib.sha256(info).digest()),
            ]
        )
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                            {"issuer": own.issuer, "serial_number": own.serial_number}
                        )
                    }
                ),
                "digest_algorithm": sha256,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                "signed_attrs": attributes,
                "signature": self._signature(attributes.dump()),
            }
        )
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": cms.DigestAlgorithms((sha256,)),
                "encap_content_info": cms.EncapsulatedContentInfo(
                    {"content_type": "tst_info", "content": cms.ParsableOctetString(info)}
                ),
                "certificates": [own, issuer],
                "signer_infos": [signer],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})

    def _signature(self, data: bytes) -> bytes:
        native = self._key.native
        if not isinstance(native, ec.EllipticCurvePrivateKey):
            raise TypeError("the local authority signs with a P-256 key")
        return native.sign(data, ec.ECDSA(hashes.SHA256()))


_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def issue_timestamper(authority: Authority, name: str, key: PublicKey) -> x509.Certificate:
    """Issue a certificate for time stamping alone (RFC 3161 2.3), as long as the issuing authority's.

    It has neither content commitment nor the client purpose, so it serves for no seal and no licence.
    """
    issuer = authority.issuing
    subject = [(NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATIONAL_UNIT_NAME, UNIT), (NameOID.COMMON_NAME, name)]
    usage = dict.fromkeys(_USAGES, False) | {"digital_signature": True}
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in subject]))
        .issuer_name(issuer.subject)
        .public_key(key.native)
        .serial_number(x509.random_serial_number())
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.native), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.issuing_key.public.native), critical=False
        )
    )
    issuing_key: Any = authority.issuing_key.native
    return builder.sign(issuing_key, hashes.SHA256())
