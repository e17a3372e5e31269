"""Checkpoints: a tree head in three lines (origin, size, root), signed by the log and cosigned by witnesses.

Stricter than the public format in one thing: no extension lines, which nobody could audit.

Source: C2SP tlog-checkpoint, tlog-cosignature; `docs/spec/log.md`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kernel.log.errors import LogError
from kernel.log.note import MAX_TIME, Note, b64, is_control, parse_note, unb64, verified
from kernel.log.trust import Trust, read_trust

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's word: it saw this tree, consistent with all it saw before, at this time."""

    name: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head.

    Attributes:
        note: the note it was read from.
        cosignatures: of known witnesses, verified, each once; empty when read without a trust file.
    """

    origin: str
    size: int
    root: bytes
    note: Note
    cosignatures: tuple[Cosignature, ...] = ()


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The text that log and witnesses sign."""
    if not origin or any(is_control(char) for char in origin) or not 0 <= size <= MAX_TIME:
        raise LogError("checkpoint-format", "no such origin or size")
    return f"{origin}\n{size}\n{b64(root)}\n"


def parse_checkpoint(note: str | bytes, trust: Trust | Mapping[str, Any] | bytes | None = None) -> Checkpoint:
    """Read a checkpoint and, given a trust file, verify it.

    Args:
        note: the whole signed note.
        trust: origin, log keys, witnesses and quorum; without it only the form is checked and nothing may be believed.
    Raises:
        LogError: `checkpoint-format`, `checkpoint-origin`, `checkpoint-signature`, `witness`, checked in this order.
    """
    parsed = parse_note(note)
    lines = parsed.text[:-1].split("\n")
    if len(lines) != 3 or not lines[0]:
        raise LogError("checkpoint-format", "a checkpoint has exactly the lines origin, size and root")
    root = unb64(lines[2])
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) > MAX_TIME or root is None or len(root) != 32:
        raise LogError("checkpoint-format", "size or root is malformed")
    origin, size = lines[0], int(lines[1])
    if trust is None:
        return Checkpoint(origin, size, root, parsed)
    trust = read_trust(trust)
    if origin != trust.origin:
        raise LogError("checkpoint-origin", "the checkpoint belongs to another log")
    if not verified(parsed, trust.log_keys, "checkpoint-signature"):
        raise LogError("checkpoint-signature", "no key of the log has signed")
    witnessed = verified(parsed, trust.witness_keys, "witness")
    if len({key.name for key, _ in witnessed}) < trust.witness_quorum:
        raise LogError("witness", "too few witnesses have signed")
    times = {key.name: int.from_bytes(signature.value[:8], "big") for key, signature in reversed(witnessed)}
    try:
        cosigned = tuple(Cosignature(name, datetime.fromtimestamp(time, UTC)) for name, time in sorted(times.items()))
    except (ValueError, OverflowError, OSError):
        raise LogError("witness", "a cosignature bears an impossible time") from None
    return Checkpoint(origin, size, root, parsed, cosigned)
