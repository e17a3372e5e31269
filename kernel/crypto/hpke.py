"""HPKE base mode, one message per context: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.

Source: RFC 9180 (KEM 0x0010, KDF 0x0001, AEAD 0x0002).
"""

from Crypto.Protocol import HPKE

from kernel.crypto.errors import KeyRefused, UnwrapError
from kernel.crypto.keys import KeyKind, PrivateKey, PublicKey

ENC_LENGTH = 65
TAG_LENGTH = 16


def seal(key: PublicKey, info: bytes, plaintext: bytes, aad: bytes = b"") -> tuple[bytes, bytes]:
    """Seal one message for the holder of a P-256 key.

    Returns:
        (enc, ct): the ephemeral point, 65 bytes, and the ciphertext with its tag.
    Raises:
        KeyRefused: the key is not a P-256 key.
    """
    if not isinstance(key, PublicKey) or key.kind is not KeyKind.P256:
        raise KeyRefused("HPKE needs a public P-256 key")
    context = HPKE.new(receiver_key=key.hpke_native, aead_id=HPKE.AEAD.AES256_GCM, info=info)
    ct = context.seal(plaintext, aad)
    return bytes(context.enc), bytes(ct)


def open_(key: PrivateKey, info: bytes, enc: bytes, ct: bytes, aad: bytes = b"") -> bytes:
    """Open one message.

    Raises:
        UnwrapError: another kind of key, a malformed or foreign point, a wrong key, info or ciphertext.
    """
    if not isinstance(key, PrivateKey) or key.kind is not KeyKind.P256:
        raise UnwrapError("HPKE needs a private P-256 key")
    # The library would also read compressed points and whole key files here; the format knows one form only.
    if len(enc) != ENC_LENGTH or enc[0] != 4 or len(ct) < TAG_LENGTH:
        raise UnwrapError("the encapsulated key or the ciphertext is malformed")
    try:
        context = HPKE.new(receiver_key=key.hpke_native, aead_id=HPKE.AEAD.AES256_GCM, enc=enc, info=info)
        return bytes(context.unseal(ct, aad))
    except (ValueError, TypeError):
        raise UnwrapError("the wrapped secret does not open") from None
