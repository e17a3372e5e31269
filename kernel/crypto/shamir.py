"""Sharing a 32-byte secret among n people so that any k of them can put it together.

The library shares 16 bytes in GF(2^128). A secret is shared as two independent halves under the same indices:
share_i = hi_i || lo_i. Their polynomials have independent uniform coefficients, so k-1 shares leave all 2^256 secrets
equally likely, as long as no check value exists for a single half: commit to whole shares and whole secrets only.

Every input is checked before the library sees it. Unchecked, index 0 makes that "share" the secret, too few shares
give a wrong value in silence, and a negative index never returns.

Source: docs/spec/sealing.md, "Sharing a secret".
"""

from collections.abc import Sequence

from Crypto.Protocol.SecretSharing import Shamir

from kernel.crypto.errors import ShareError

SECRET_LENGTH = 32
MAX_SHARES = 16


def split32(secret: bytes, k: int, n: int) -> list[tuple[int, bytes]]:
    """Split a 32-byte secret into n shares, any k of which give it back.

    Returns:
        (index, share) with indices 1 to n in order and shares of 32 bytes.
    Raises:
        ShareError: `share-length` for a secret that has not 32 bytes; `threshold` unless 2 <= k <= n <= 16.
    """
    if not isinstance(secret, bytes) or len(secret) != SECRET_LENGTH:
        raise ShareError("share-length", "a secret has 32 bytes")
    if type(k) is not int or type(n) is not int or not 2 <= k <= n <= MAX_SHARES:
        raise ShareError("threshold", "2 <= k <= n <= 16")
    high, low = Shamir.split(k, n, secret[:16]), Shamir.split(k, n, secret[16:])
    return [(i, hi + lo) for (i, hi), (_, lo) in zip(high, low, strict=True)]


def combine32(shares: Sequence[tuple[int, bytes]], k: int) -> bytes:
    """Put a 32-byte secret together from exactly k shares.

    The result is unverified: shares that were never issued give some other value. Compare it with a commitment.

    Raises:
        ShareError: `threshold` (k is no int in 2..16), `share-index` (no int in 1..16), `share-length`,
            `share-duplicate`, `share-count` (not exactly k), in this order.
    """
    if type(k) is not int or not 2 <= k <= MAX_SHARES:
        raise ShareError("threshold", "k is an integer in 2..16")
    pairs = [_checked(share) for share in shares]
    if len({i for i, _ in pairs}) != len(pairs):
        raise ShareError("share-duplicate", "an index occurs twice")
    if len(pairs) != k:
        raise ShareError("share-count", f"exactly {k} shares are needed")
    high = Shamir.combine([(i, value[:16]) for i, value in pairs])
    low = Shamir.combine([(i, value[16:]) for i, value in pairs])
    return bytes(high + low)


def _checked(share: object) -> tuple[int, bytes]:
    if not isinstance(share, tuple | list) or len(share) != 2:
        raise ShareError("share-index", "a share is a pair of index and bytes")
    i, value = share
    if type(i) is not int or not 1 <= i <= MAX_SHARES:
        raise ShareError("share-index", "an index is an integer in 1..16")
    if not isinstance(value, bytes) or len(value) != SECRET_LENGTH:
        raise ShareError("share-length", "a share has 32 bytes")
    return i, value
