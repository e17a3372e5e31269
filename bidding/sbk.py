"""The bidder's opening file (.sbk): the bid key and every file key, under a passphrase, on the bidder's side only.

Keeping the file keys harms nobody (it is the bidder's own bid) and is the way out when trustees fail.

Source: docs/spec/sealing.md, "Opening file".
"""

from dataclasses import dataclass, field
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse
from kernel.crypto import CryptoError, Suite, random_bytes, suite
from kernel.crypto.errors import KeyRefused, UnknownSuite
from kernel.crypto.keys import PrivateKey
from kernel.crypto.protected import MIN_ROUNDS, passphrase_key

DERIVATION = "pbkdf2-hmac-sha256"
_OUTER = {"v", "type", "suite", "kdf", "nonce", "ct"}
_INNER = {"v", "tender", "lot", "bidder", "key", "slots"}
_SLOT = {"slot", "eid", "fk"}


class SbkError(CryptoError):
    """An opening file is malformed (`sbk-format`) or does not open with this passphrase (`sbk-passphrase`)."""


@dataclass(frozen=True)
class SlotKey:
    """What the bidder keeps of one envelope."""

    slot: str
    eid: bytes
    file_key: bytes = field(repr=False)


@dataclass(frozen=True)
class OpeningFile:
    """The content of an opening file."""

    tender: str
    lot: str
    bidder: str
    key: PrivateKey
    slots: tuple[SlotKey, ...]


def write_sbk(content: OpeningFile, passphrase: str, suite_id: str = "intl-1", rounds: int = MIN_ROUNDS) -> bytes:
    """Encrypt an opening file.

    Raises:
        KeyRefused: the passphrase is empty, or the rounds out of range.
    """
    salt, nonce = random_bytes(16), random_bytes(12)
    outer: dict[str, Any] = {
        "v": 1,
        "type": "bid.sbk",
        "suite": suite_id,
        "kdf": {"a": DERIVATION, "salt": b64u_encode(salt), "n": rounds},
        "nonce": b64u_encode(nonce),
    }
    inner = {
        "v": 1,
        "tender": content.tender,
        "lot": content.lot,
        "bidder": content.bidder,
        "key": b64u_encode(content.key.pkcs8()),
        "slots": [
            {"slot": slot.slot, "eid": b64u_encode(slot.eid), "fk": b64u_encode(slot.file_key)}
            for slot in content.slots
        ],
    }
    key = passphrase_key(passphrase, salt, rounds)
    ct = suite(suite_id).aead_seal(key, nonce, jcs(inner), jcs(outer))
    return jcs(outer | {"ct": b64u_encode(ct)})


def read_sbk(data: bytes, passphrase: str) -> OpeningFile:
    """Decrypt an opening file.

    Raises:
        SbkError: `sbk-format` or `sbk-passphrase`.
        KeyRefused: the passphrase is empty, or the file asks for a weak or absurd derivation.
    """
    try:
        outer = parse(data)
        if not isinstance(outer, dict) or outer.keys() != _OUTER or (outer["v"], outer["type"]) != (1, "bid.sbk"):
            raise SbkError("sbk-format", "this is not an opening file")
        kdf, provider = outer["kdf"], suite(outer["suite"])
        if not isinstance(kdf, dict) or kdf.keys() != {"a", "salt", "n"} or kdf["a"] != DERIVATION:
            raise SbkError("sbk-format", "another derivation")
        salt, nonce, ct = b64u_decode(kdf["salt"]), b64u_decode(outer["nonce"], 12), b64u_decode(outer.pop("ct"))
    except (NotCanonical, UnknownSuite) as refusal:
        raise SbkError("sbk-format", str(refusal)) from None
    key = passphrase_key(passphrase, salt, kdf["n"])
    try:
        plain = provider.aead_open(key, nonce, ct, jcs(outer))
    except CryptoError:
        raise SbkError("sbk-passphrase", "the passphrase does not open this file") from None
    try:
        return _content(provider, parse(plain))
    except (NotCanonical, KeyRefused) as refusal:
        raise SbkError("sbk-format", str(refusal)) from None


def _content(provider: Suite, inner: Any) -> OpeningFile:
    if not isinstance(inner, dict) or inner.keys() != _INNER or inner["v"] != 1 or not isinstance(inner["slots"], list):
        raise SbkError("sbk-format", "members are missing or unknown")
    if any(not isinstance(slot, dict) or slot.keys() != _SLOT for slot in inner["slots"]):
        raise SbkError("sbk-format", "a slot has missing or unknown members")
    return OpeningFile(
        tender=inner["tender"],
        lot=inner["lot"],
        bidder=inner["bidder"],
        key=provider.load_private(b64u_decode(inner["key"])),
        slots=tuple(
            SlotKey(slot["slot"], b64u_decode(slot["eid"], 32), b64u_decode(slot["fk"], 32)) for slot in inner["slots"]
        ),
    )
