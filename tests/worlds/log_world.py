"""A small platform log with fixed keys: everything signed for real, the same bytes on every run."""

from datetime import UTC, datetime, timedelta
from typing import Any

from kernel.canonical import b64u_encode, format_time
from kernel.crypto import jws, suite
from kernel.crypto.keys import PrivateKey
from kernel.log import Log, Trust, VerifierKey, bundle_of, entry_of, read_trust
from kernel.log.checkpoint import checkpoint_text
from kernel.log.entry import Entry
from kernel.log.note import KeyType, Note, sign_note

SUITE = suite("intl-1")
START = datetime(2026, 8, 6, 5, 0, tzinfo=UTC)
#: PKCS#8 of an Ed25519 key up to its 32 secret bytes (RFC 8410 §7).
_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")


def ed25519(label: str) -> PrivateKey:
    """The key that a label gives; for tests only, of course."""
    return SUITE.load_private(_PKCS8 + SUITE.hash(label.encode()))


class LogWorld:
    """The log, the platform's receipt key, and two witnesses.

    Attributes:
        entries: (entry, detail) by index.
        now: the world's clock; tests move it.
    """

    def __init__(self, origin: str = "log.example/sunlit", quorum: int = 1) -> None:
        self.origin, self.quorum, self.now = origin, quorum, START
        self.log = Log(SUITE)
        self.entries: list[tuple[Entry, dict[str, Any]]] = []
        self.log_private, self.platform = ed25519(f"{origin} log"), ed25519(f"{origin} platform")
        self.log_key = VerifierKey.of_spki(origin, KeyType.ED25519, self.log_private.public.spki)
        self.witnesses = [ed25519(f"{origin} witness {n}") for n in (1, 2)]
        self.witness_keys = [
            VerifierKey.of_spki(f"witness.example/{n}", KeyType.COSIGNATURE_V1, private.public.spki)
            for n, private in enumerate(self.witnesses, 1)
        ]

    @property
    def trust_json(self) -> dict[str, Any]:
        spki = self.platform.public.spki
        return {
            "v": 1,
            "type": "trust",
            "origin": self.origin,
            "suites": ["intl-1"],
            "log_keys": [str(self.log_key)],
            "platform_keys": [{"kid": SUITE.kid(spki), "alg": "EdDSA", "spki": b64u_encode(spki)}],
            "witness_keys": [str(key) for key in self.witness_keys],
            "witness_quorum": self.quorum,
            "licence_roots": [],
        }

    @property
    def trust(self) -> Trust:
        return read_trust(self.trust_json)

    def tick(self, seconds: float = 1) -> str:
        self.now += timedelta(seconds=seconds)
        return format_time(self.now)

    def record(self, kind: str, detail: dict[str, Any], at: str | None = None) -> int:
        """Log an act; one second passes."""
        salt = SUITE.hash(f"{self.origin} salt {len(self.entries)}".encode())[:16]
        entry = entry_of(SUITE, kind, at or self.tick(), detail, salt)
        self.entries.append((entry, detail))
        return self.log.append(entry.data())

    def fill(self, count: int) -> None:
        """Entries of other matters."""
        for _ in range(count):
            self.record("platform.heartbeat", {"n": len(self.entries)})

    def checkpoint(self, size: int | None = None, witnesses: int = 2, key: PrivateKey | None = None) -> str:
        """The signed and cosigned tree head."""
        size = len(self.log) if size is None else size
        text = checkpoint_text(self.origin, size, self.log.root(size))
        signatures = [sign_note(self.log_key, key or self.log_private, text)]
        for vkey, private in list(zip(self.witness_keys, self.witnesses, strict=True))[:witnesses]:
            signatures.append(sign_note(vkey, private, text, self.now))
        return str(Note(text, tuple(signatures)))

    def sign(self, typ: str, detail: Any, key: PrivateKey | None = None, **extra: Any) -> str:
        """A signed message of the platform."""
        kid = SUITE.kid(self.platform.public.spki)
        return jws.sign(SUITE, typ, detail, key or self.platform, "EdDSA", {"kid": kid, **extra})

    def receipt(self, index: int, size: int | None = None) -> dict[str, Any]:
        """The receipt of the entry at `index`."""
        entry, detail = self.entries[index]
        size = len(self.log) if size is None else size
        token = self.sign("otp-receipt+jws", detail)
        return bundle_of(token, entry, index, self.log.inclusion(index, size), self.checkpoint(size))


def accepted(bidder: str = "bidder-1", rev: int = 1) -> dict[str, Any]:
    """The detail of an accepted bid."""
    digest = SUITE.hash(f"{bidder} {rev}".encode())
    return {
        "v": 1,
        "type": "bid.accepted",
        "tender": "T-2026-0042",
        "lot": "001",
        "bidder": bidder,
        "rev": rev,
        "submission": b64u_encode(digest),
        "received_at": format_time(START),
    }
