"""Cryptography of the house: suites, keys, sharing, signed messages, and the local issuing authority.

The only package that may import `Crypto` or the hazardous half of `cryptography`. Callers name a purpose (`suite.wrap`,
`jws.verify`), never an algorithm of a library. No primitive is written here; formats are in docs/spec.
"""

from kernel.crypto.digest import equal, random_bytes
from kernel.crypto.errors import CryptoError
from kernel.crypto.shamir import combine32, split32
from kernel.crypto.suites import Suite, suite

__all__ = ["CryptoError", "Suite", "combine32", "equal", "random_bytes", "split32", "suite"]
