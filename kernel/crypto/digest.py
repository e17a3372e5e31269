"""Comparing secrets, and the operating system's randomness: the only source of secrets in the house."""

import hmac
import os


def equal(a: bytes, b: bytes) -> bool:
    """Compare in a time that does not tell where two values differ."""
    return hmac.compare_digest(a, b)


def random_bytes(count: int) -> bytes:
    """Secret bytes from the operating system."""
    return os.urandom(count)
