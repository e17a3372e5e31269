"""What the parties bind themselves to, and the seed that comes of it.

The pool and the rule are fixed in the spec before anyone knows anything. If one contributor keeps its random value to
itself until the close, or a beacon is honest, the seed is uniform whatever the others do.

Source: `docs/spec/draw.md`, "Protocol".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.canonical import NotCanonical, jcs
from kernel.crypto import CryptoError, Suite, suite
from kernel.draw.errors import DrawError

R_BYTES = 32


def suite_of(spec: Mapping[str, Any]) -> Suite:
    """The provider of the suite that a spec names.

    Raises:
        DrawError: `json-profile`.
    """
    try:
        return suite(spec["suite"])
    except (CryptoError, KeyError):
        raise DrawError("json-profile", "the spec names no suite known here") from None


def spec_hash(spec: Mapping[str, Any]) -> bytes:
    """Hash of a spec, to which everything later refers."""
    try:
        return suite_of(spec).hash(b"OTD1/spec\0" + jcs(dict(spec)))
    except NotCanonical as refusal:
        raise DrawError("json-profile", str(refusal)) from None


def seed_of(spec: Mapping[str, Any], reveals: Mapping[str, bytes], beacons: Sequence[bytes]) -> bytes:
    """The seed of a draw.

    Args:
        reveals: party → its 32 random bytes, of the final contributors.
        beacons: values in the order of the spec.
    Raises:
        DrawError: `commit-mismatch` for a value of another length.
    """
    hashed = suite_of(spec).hash
    if len(reveals) >= 1 << 16 or len(beacons) >= 1 << 16:
        raise DrawError("json-profile", "too many contributors or beacons")
    parts = [b"OTD1/seed\0", spec_hash(spec), len(reveals).to_bytes(2, "big")]
    for party, value in sorted((party.encode(), value) for party, value in reveals.items()):
        if not isinstance(value, bytes) or len(value) != R_BYTES:
            raise DrawError("commit-mismatch", "a contribution has 32 bytes")
        parts += [hashed(party), value]
    parts.append(len(beacons).to_bytes(2, "big"))
    parts += [hashed(value) for value in beacons]
    return hashed(b"".join(parts))


def commit_hash(spec: Mapping[str, Any], party: str, value: bytes) -> bytes:
    """A party's commitment to its random value."""
    hashed = suite_of(spec).hash
    return hashed(b"OTD1/commit\0" + spec_hash(spec) + hashed(party.encode()) + value)


def escrow_context(spec: Mapping[str, Any], party: str, index: int) -> bytes:
    """What binds a wrapped share to its draw, its giver and its holder."""
    hashed = suite_of(spec).hash
    return hashed(b"OTD1/escrow\0" + spec_hash(spec) + hashed(party.encode()) + bytes([index]))


def escrow_share_hash(spec: Mapping[str, Any], party: str, index: int, share: bytes) -> bytes:
    """Commitment to a share, so that a wrong one is blamed on who made or who returned it."""
    hashed = suite_of(spec).hash
    return hashed(b"OTD1/escrow-share\0" + spec_hash(spec) + hashed(party.encode()) + bytes([index]) + share)


def output_hash(spec: Mapping[str, Any], output: Mapping[str, Any]) -> bytes:
    """Digest of a draw's output, as the log's result entry holds it."""
    return suite_of(spec).hash(b"OTD1/output\0" + jcs(dict(output)))
