"""Signed notes and verifier keys: the log's word, in the formats of public transparency tooling.

A note is a text, an empty line, and signature lines. The log signs the text itself (Ed25519, type 01); a witness signs
it with a time before it (cosignature/v1, type 04).

Reading is strict: one spelling for everything, no carriage returns, no signature twice. Signatures of unknown keys are
ignored, as the format demands; a signature of a known key that does not verify condemns the note.

Source: C2SP signed-note, tlog-cosignature; `docs/spec/log.md`.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from kernel.crypto import suite
from kernel.crypto.errors import CryptoError
from kernel.log.errors import LogError

MAX_NOTE = 1 << 16
MAX_SIGNATURES = 64
MAX_TIME = 2**63 - 1

_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
#: SPKI DER of an Ed25519 key up to the key itself. Source: RFC 8410 §4, §10.1.
_ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")


class KeyType(IntEnum):
    """Signature types of signed notes that this log uses."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key of the log or of a witness, under the name by which it signs."""

    name: str
    type: KeyType
    public: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise LogError("vkey", "a key name is not empty and has no spaces, plus signs or control characters")
        if len(self.public) != 32:
            raise LogError("vkey", "an Ed25519 key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """Four bytes that name key and type in signature lines; an index, not a proof."""
        seed = self.name.encode() + b"\n" + bytes([self.type]) + self.public
        return suite("intl-1").hash(seed)[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64(bytes([self.type]) + self.public)}"

    @classmethod
    def of_spki(cls, name: str, key_type: KeyType, spki: bytes) -> "VerifierKey":
        """The verifier key of an Ed25519 key in SPKI form."""
        if len(spki) != 44 or not spki.startswith(_ED25519_SPKI):
            raise LogError("vkey", "not an Ed25519 key")
        return cls(name, key_type, spki[12:])

    def verify(self, text: str, value: bytes) -> bool:
        """Whether `value` is this key's signature, or timed cosignature, of the note text."""
        time, signature = (None, value) if self.type is KeyType.ED25519 else (value[:8], value[8:])
        if len(signature) != 64 or (time is not None and int.from_bytes(time, "big") > MAX_TIME):
            return False
        message = text.encode() if time is None else cosigned_message(text, int.from_bytes(time, "big"))
        provider = suite("intl-1")
        try:
            key = provider.load_public(_ED25519_SPKI + self.public)
            return provider.verify(key, message, signature) is not False
        except CryptoError:
            return False


def parse_vkey(text: str) -> VerifierKey:
    """Read a verifier key ``name+hex(id)+base64(type ‖ key)``.

    Raises:
        LogError: `vkey`: another shape, an unknown type, or an id that is not the key's.
    """
    parts = text.split("+", 2) if isinstance(text, str) else []
    if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
        raise LogError("vkey", "a verifier key is name+id+key")
    material = unb64(parts[2])
    if material is None or len(material) != 33 or material[0] not in tuple(KeyType):
        raise LogError("vkey", "the key is not of a known type")
    key = VerifierKey(parts[0], KeyType(material[0]), material[1:])
    if key.key_id.hex() != parts[1]:
        raise LogError("vkey", "the id does not belong to the key")
    return key


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who says so, and the bytes that prove it."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        return f"— {self.name} {b64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A signed text. Nothing in it holds until a signature of a known key is verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def with_signatures(self, *more: NoteSignature) -> "Note":
        """The same text with further signature lines."""
        return Note(self.text, (*self.signatures, *more))


def parse_note(data: str | bytes) -> Note:
    """Read a signed note; nothing is verified yet.

    Raises:
        LogError: `checkpoint-format`.
    """
    text = _text(data)
    body, separator, tail = text.rpartition("\n\n")
    if not separator or not body or not tail.endswith("\n"):
        raise LogError("checkpoint-format", "a note is a text, an empty line, and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise LogError("checkpoint-format", "too many signatures")
    if len(set(lines)) != len(lines):
        raise LogError("checkpoint-format", "a signature line occurs twice")
    return Note(body + "\n", tuple(_signature(line) for line in lines))


def cosigned_message(text: str, time: int) -> bytes:
    """What a witness signs at `time` (seconds since 1970)."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def sign_note(key: VerifierKey, private: Any, text: str, time: datetime | None = None) -> NoteSignature:
    """Sign a text as the log (no time) or as a witness (with the time of its clock).

    Args:
        key: public half of `private`; says name and type.
        private: key handle of suite intl-1.
    """
    if (key.type is KeyType.COSIGNATURE_V1) is (time is None):
        raise LogError("vkey", "cosignatures carry a time, other signatures do not")
    provider = suite("intl-1")
    if time is None:
        value = provider.sign(private, text.encode())
    else:
        seconds = int(time.timestamp())
        value = seconds.to_bytes(8, "big") + provider.sign(private, cosigned_message(text, seconds))
    return NoteSignature(key.name, key.key_id, value)


def verified(note: Note, keys: Iterable[VerifierKey], code: str) -> Sequence[tuple[VerifierKey, NoteSignature]]:
    """The signatures by `keys`, all of them verified.

    Raises:
        LogError: `code`: a signature bears name and id of one of the keys and does not verify.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not key.verify(note.text, signature.value):
            raise LogError(code, f"the signature of {key.name} does not verify")
        found.append((key, signature))
    return found


def _signature(line: str) -> NoteSignature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not _is_name(parts[1]):
        raise LogError("checkpoint-format", "a signature line is malformed")
    value = unb64(parts[2])
    if value is None or len(value) < 5:
        raise LogError("checkpoint-format", "a signature is malformed")
    return NoteSignature(parts[1], value[:4], value[4:])


def _text(data: object) -> str:
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError:
        raise LogError("checkpoint-format", "a note is UTF-8") from None
    if not isinstance(text, str) or len(text) > MAX_NOTE:
        raise LogError("checkpoint-format", "a note is a text of reasonable length")
    if any(is_control(char) and char != "\n" for char in text) or not _encodable(text):
        raise LogError("checkpoint-format", "a note has no control characters but line feeds")
    return text


def _encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def is_control(char: str) -> bool:
    """Whether a note must not contain the character (the line feed, which it may, included)."""
    return char < " " or char == "\x7f"


def _is_name(name: str) -> bool:
    return bool(name) and not any(char == "+" or char.isspace() or is_control(char) for char in name)


def b64(data: bytes) -> str:
    """Standard base64, padded, as notes use it."""
    return base64.b64encode(data).decode()


def unb64(text: str) -> bytes | None:
    """Bytes of standard base64, or None for any text that is not exactly what encoding them again gives."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if b64(data) == text else None
