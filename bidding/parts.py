"""The parts of a lot's bids as sealing and opening need them: sizes, and which are opened in which step. Pure.

The lot says which parts there are (`trading.slots`); its keyset repeats the order in which they are opened, so that
bidders and trustees who look at nothing else know it too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bidding.vocabulary import CHUNK_OF_SLOT, FILE, FORM, FORMS
from trading.slots import Slot, SlotKind


def find_slot(slots: Iterable[Slot], name: str) -> Slot | None:
    """Return the part of this name, or None where the lot does not ask for it."""
    return next((slot for slot in slots if slot.name == name), None)


def most_chunks(slot: Slot) -> int:
    """Return the most chunks of a part, with room for the length before a file; more are refused before the first."""
    return (slot.mib << 20) // CHUNK_OF_SLOT[slot.name] + (slot.kind is SlotKind.FILE)


def steps_of_keyset(keyset: Mapping[str, Any]) -> list[list[str]]:
    """Return the names of the parts by the step that opens them; one step where the keyset says nothing of steps."""
    steps: list[list[str]] = keyset.get("steps") or [sorted((FORM, FILE))]
    return steps


def names_in_step(keyset: Mapping[str, Any], step: int) -> set[str]:
    """Return the names of the parts that a step opens."""
    return set(steps_of_keyset(keyset)[step - 1])


def read_out_in(names: Iterable[str]) -> str:
    """Return the part that is read out when these are opened: each step has exactly one form."""
    (form,) = (name for name in names if name in FORMS)
    return form
