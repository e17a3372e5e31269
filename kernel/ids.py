"""Ids: time-ordered where order is public, unguessable where it must not tell anything.

UUID version 7 (RFC 9562 §5.7) tells when it was made, so bids, draws and whatever is secret before an opening get
version 4.
"""

import os
import uuid
from datetime import datetime


def uuid7(instant: datetime, entropy: bytes) -> uuid.UUID:
    """Build a version 7 UUID.

    Args:
        instant: aware; milliseconds since 1970 fill the first 48 bits.
        entropy: 10 bytes; 74 bits of them are used.
    """
    if len(entropy) != 10:
        raise ValueError("10 bytes of entropy are needed")
    milliseconds = int(instant.timestamp() * 1000)
    value = milliseconds << 80 | int.from_bytes(entropy, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def public_id(instant: datetime) -> uuid.UUID:
    """Return a time-ordered id (version 7) for a record whose order is public."""
    return uuid7(instant, os.urandom(10))


def secret_id() -> uuid.UUID:
    """Return an id (version 4) that tells nothing about its making."""
    return uuid.uuid4()
