"""A small world of sealed envelopes: keys, and ways to seal, cut up and put together."""

import io
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from bidding import envelope
from kernel.canonical import b64u_encode, jcs
from kernel.crypto import suite
from kernel.crypto.keys import KeyKind, PrivateKey, generate, private_of

SUITE = suite("intl-1")
CHUNK = 16384
PIECE = CHUNK + 16
TRUSTEES = ("t1", "t2", "t3", "t4", "t5")


@cache
def key(name: str) -> PrivateKey:
    """A P-256 key that is the same for the same name during one run."""
    return generate(KeyKind.P256)


@cache
def rsa_key() -> PrivateKey:
    return private_of(rsa.generate_private_key(65537, 2048))


def hpke(*names: str) -> list[Any]:
    return [("hpke-p256", key(name).public) for name in names]


def core(**changes: Any) -> dict[str, Any]:
    return {
        "suite": "intl-1",
        "tender": "C1100000189017141002",
        "lot": "001",
        "slot": "form",
        "bidder": "p-7Q2x",
        "ks": b64u_encode(bytes(range(32))),
        "chunk": CHUNK,
        **changes,
    }


class Sealed:
    """One sealed envelope with everything a test may want to know about it."""

    def __init__(self, policy: str = "both", data: bytes = b"price 1234567.89", k: int = 3, n: int = 5, **changes: Any):
        out = io.BytesIO()
        self.policy, self.data, self.k = policy, data, k
        self.eid, self.fk = envelope.seal(
            core(**changes), policy, hpke("bidder", "token"), hpke(*TRUSTEES[:n]), k, len(data), io.BytesIO(data), out
        )
        self.raw = out.getvalue()
        self.header = envelope.parse_header(io.BytesIO(self.raw))

    @property
    def body(self) -> bytes:
        return self.raw[12 + int.from_bytes(self.raw[8:12], "big") :]

    @property
    def pieces(self) -> list[bytes]:
        return [self.body[at : at + PIECE] for at in range(0, len(self.body), PIECE)]

    def bidder_secret(self) -> bytes:
        return envelope.open_bidder(self.header, 0, key("bidder"))

    def share(self, i: int) -> tuple[int, bytes]:
        return i, envelope.open_share(self.header, i, key(TRUSTEES[i - 1]))

    def shares(self, *indices: int) -> list[tuple[int, bytes]]:
        return [self.share(i) for i in indices]

    def with_header(self, header: Any) -> bytes:
        return with_head(header, self.body)

    def with_pieces(self, pieces: list[bytes]) -> bytes:
        return self.raw[: len(self.raw) - len(self.body)] + b"".join(pieces)


def with_head(header: Any, body: bytes) -> bytes:
    data = header if isinstance(header, bytes) else jcs(header)
    return bytes.fromhex("89534245310d0a1a") + len(data).to_bytes(4, "big") + data + body


def opened(raw: bytes, fk: bytes) -> bytes:
    out = io.BytesIO()
    envelope.open_envelope(io.BytesIO(raw), fk, out)
    return out.getvalue()


def code_of(act: Callable[[], object]) -> str:
    """The code with which an act refuses; "accepted" if it does not."""
    try:
        act()
    except envelope.EnvelopeError as refusal:
        return refusal.code
    return "accepted"
