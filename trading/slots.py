"""The parts of a bid that a lot asks for: each is sealed in an envelope of its own, and opened in its step. Pure.

A lot keeps its parts from registration on, as its procedure's definition had them (docs/adr/0015-two-envelopes.md);
the keyset that bids are sealed to repeats which part is opened in which step.
"""

import functools
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec


class SlotKind(StrEnum):
    """What a part holds."""

    #: What is filled in, as canonical JSON; read out when it is opened.
    FORM = "form"
    #: A file, for the evaluators.
    FILE = "file"


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of a bid.

    Attributes:
        name: as it stands in envelopes and messages.
        step: in which opening the envelope is opened, from 1.
        mib: largest size of its content, in MiB.
        blind: it must not show who bids; in a definition: a lot may ask for that.
        label, hint: what it is called and what belongs into it.
    """

    name: str
    kind: SlotKind
    step: int
    mib: int
    label: str
    hint: str = ""
    blind: bool = False


#: What lots ask for that keep no parts: those that began before parts were data.
CLASSIC: Final = (
    Slot("form", SlotKind.FORM, 1, 1, "投标函"),
    Slot("file", SlotKind.FILE, 1, 500, "投标文件"),
)


def slots_of(procedure: Mapping[str, Any]) -> tuple[Slot, ...]:
    """Return the parts that a lot asks for.

    Args:
        procedure: what the lot keeps of its procedure.
    """
    kept = procedure.get("slots")
    return CLASSIC if kept is None else tuple(msgspec.convert(kept, list[Slot]))


@functools.lru_cache(maxsize=64)
def read_slots(kept: str | None) -> tuple[Slot, ...]:
    """Return the same from the JSON text of what is kept; for the path of a deadline surge."""
    return CLASSIC if kept is None else tuple(msgspec.json.decode(kept, type=list[Slot]))


def steps_of(slots: tuple[Slot, ...]) -> list[list[str]]:
    """Return the names by the step in which they are opened, each step's in the order of their text."""
    last = max(slot.step for slot in slots)
    return [sorted(slot.name for slot in slots if slot.step == step) for step in range(1, last + 1)]
