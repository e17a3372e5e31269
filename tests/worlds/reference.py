"""A second implementation of the sealing format, for tests only: deterministic, and sharing no code with the first.

Every random value is drawn from a label: the same bytes come out on every run, and nothing real may be sealed with it.
Written from docs/spec/sealing.md, RFC 9180 and RFC 8785 on top of hashlib and the `cryptography` package.
"""

import base64
import hashlib
import hmac
import json
import struct
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MAGIC = bytes.fromhex("89534245310d0a1a")


def drawn(label: str, count: int = 32) -> bytes:
    """Bytes that a label stands for."""
    return hashlib.shake_256(b"sunlit test vector\x00" + label.encode()).digest(count)


def p256(label: str) -> ec.EllipticCurvePrivateKey:
    secret = int.from_bytes(drawn(label, 40), "big") % (P256_ORDER - 1) + 1
    return ec.derive_private_key(secret, ec.SECP256R1())


def pkcs8(key: Any) -> bytes:
    return bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def spki(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def point(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def canonical(value: Any) -> bytes:
    """RFC 8785 for values whose names are ASCII, which is all that this format has."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def expand(prk: bytes, info: bytes, length: int) -> bytes:
    out = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(prk, block + info + bytes([counter]), "sha256")
        out += block
    return out[:length]


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int = 32) -> bytes:
    return expand(extract(salt, ikm), info, length)


def hpke_key_schedule(ephemeral: Any, recipient: bytes, info: bytes) -> dict[str, bytes]:
    """RFC 9180 sections 4.1 and 5.1, base mode, for a fixed ephemeral key."""
    kem, suite = b"KEM\x00\x10", b"HPKE\x00\x10\x00\x01\x00\x02"

    def labeled_extract(where: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return extract(salt, b"HPKE-v1" + where + label + ikm)

    def labeled_expand(where: bytes, prk: bytes, label: bytes, context: bytes, length: int) -> bytes:
        return expand(prk, struct.pack(">H", length) + b"HPKE-v1" + where + label + context, length)

    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), recipient)
    dh = ephemeral.exchange(ec.ECDH(), public)
    enc = point(ephemeral)
    shared = labeled_expand(kem, labeled_extract(kem, b"", b"eae_prk", dh), b"shared_secret", enc + recipient, 32)
    context = (
        b"\x00" + labeled_extract(suite, b"", b"psk_id_hash", b"") + labeled_extract(suite, b"", b"info_hash", info)
    )
    secret = labeled_extract(suite, shared, b"secret", b"")
    return {
        "enc": enc,
        "shared_secret": shared,
        "key": labeled_expand(suite, secret, b"key", context, 32),
        "base_nonce": labeled_expand(suite, secret, b"base_nonce", context, 12),
    }


def hpke_seal(ephemeral: Any, recipient: bytes, info: bytes, plaintext: bytes, aad: bytes = b"") -> tuple[bytes, bytes]:
    schedule = hpke_key_schedule(ephemeral, recipient, info)
    return schedule["enc"], AESGCM(schedule["key"]).encrypt(schedule["base_nonce"], plaintext, aad)


def field_multiply(a: int, b: int) -> int:
    """In GF(2^128) modulo x^128 + x^7 + x^2 + x + 1."""
    product = 0
    for bit in range(128):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(255, 127, -1):
        if product >> bit & 1:
            product ^= (1 << 128 | 0x87) << bit - 128
    return product


def split_half(secret: bytes, k: int, n: int, label: str) -> list[bytes]:
    coefficients = [int.from_bytes(secret, "big")]
    coefficients += [int.from_bytes(drawn(f"{label}/{power}", 16), "big") for power in range(1, k)]
    shares = []
    for i in range(1, n + 1):
        value = 0
        for coefficient in reversed(coefficients):
            value = field_multiply(value, i) ^ coefficient
        shares.append(value.to_bytes(16, "big"))
    return shares


def split(secret: bytes, k: int, n: int, label: str) -> list[bytes]:
    high, low = split_half(secret[:16], k, n, f"{label}/hi"), split_half(secret[16:], k, n, f"{label}/lo")
    return [a + b for a, b in zip(high, low, strict=True)]


def merkle(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, recursively as it is written there."""
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha(b"\x01", merkle(leaves[:half]), merkle(leaves[half:]))


def seal(label: str, names: dict[str, Any], policy: str, k: int, n: int, data: bytes) -> dict[str, Any]:
    """An envelope with all of its secrets; keys are `p256("<label>/bidder")`, `p256("<label>/trustee/<i>")`."""
    nonce, bidder_secret, trustee_secret = (drawn(f"{label}/{name}") for name in ("nonce", "sb", "st"))
    if policy != "both":
        trustee_secret = bidder_secret
    file_key = hkdf(bidder_secret + trustee_secret, nonce, b"SBE1/both\0") if policy == "both" else bidder_secret
    core = {"v": 1, "policy": policy, **names, "nonce": b64u(nonce)}
    core["kc"] = b64u(hkdf(file_key, nonce, b"SBE1/key-commit\0"))
    core_digest = sha(b"SBE1/core\0", canonical(core))
    header: dict[str, Any] = {"core": core}
    wraps: list[dict[str, str]] = []

    def stanza(key: Any, role: str, i: int, secret: bytes) -> dict[str, str]:
        context = sha(b"SBE1/wrap\0", core_digest, role.encode(), b"\0", bytes([i]))
        enc, ct = hpke_seal(p256(f"{label}/ephemeral/{role}/{i}"), point(key), context, secret)
        wraps.append({"role": role, "i": str(i), "ctx": b64u(context), "secret": b64u(secret)})
        return {"a": "hpke-p256", "kid": b64u(sha(spki(key))[:16]), "enc": b64u(enc), "ct": b64u(ct)}

    shares: list[bytes] = []
    if policy != "trustees":
        header["sbc"] = b64u(sha(b"SBE1/bidder-secret\0", core_digest, bidder_secret))
        header["bk"] = [stanza(p256(f"{label}/bidder"), "bidder", 0, bidder_secret)]
    if policy != "bidder":
        shares = split(trustee_secret, k, n, f"{label}/shamir")
        header["k"] = k
        header["tk"] = [
            stanza(p256(f"{label}/trustee/{i}"), "trustee", i, share)
            | {"i": i, "sc": b64u(sha(b"SBE1/share\0", core_digest, bytes([i]), share))}
            for i, share in enumerate(shares, 1)
        ]
    encoded = canonical(header)
    head = MAGIC + struct.pack(">I", len(encoded)) + encoded
    chunk = names["chunk"]
    plain = struct.pack(">Q", len(data)) + data
    plain += bytes(-len(plain) % chunk)
    key = hkdf(file_key, sha(head), b"SBE1/payload\0")
    count = len(plain) // chunk
    pieces = [
        AESGCM(key).encrypt(j.to_bytes(11, "big") + bytes([j == count - 1]), plain[j * chunk : (j + 1) * chunk], b"")
        for j in range(count)
    ]
    root = merkle([sha(b"\x00", piece) for piece in pieces])
    return {
        "header": header,
        "file": head + b"".join(pieces),
        "eid": sha(b"SBE1/envelope\0", sha(head), root, struct.pack(">Q", count)),
        "fk": file_key,
        "bidder_secret": bidder_secret,
        "trustee_secret": trustee_secret,
        "shares": shares,
        "core_hash": core_digest,
        "header_hash": sha(head),
        "payload_key": key,
        "wraps": wraps,
    }
