"""What people hand in: rows of an import, an application for experts. Wire forms, read by doors, judged by acts."""

import uuid
from datetime import date, datetime

import msgspec

from kernel.drawbook.composing import BeaconDraft


class Relation(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A declared tie to a unit: a kind of `recusal.TieKind`, or `declared` for a conflict of interest."""

    unit: str
    kind: str
    since: date
    until: date | None = None


class NewExpert(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One row of an import: a person whom the province's pool has admitted.

    Attributes:
        id_number: citizen identity number; only its keyed digest is kept.
        specialities: codes of the lowest level, `A080104`.
        relatives: identity numbers of near relatives, as declared; kept as digests.
    """

    name: str
    id_number: str
    phone: str
    employer_uscc: str
    employer_name: str
    region: str
    specialities: tuple[str, ...]
    title: str
    years: int
    relations: tuple[Relation, ...] = ()
    relatives: tuple[str, ...] = ()
    was_punished: bool = False


class NewGroup(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """So many experts of one speciality."""

    speciality: str
    count: int


class NewQuota(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """So many members from one region."""

    region: str
    least: int = 0
    most: int | None = None


class CommitteeDraft(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An application for experts (R-DRAW-04).

    Attributes:
        begins_at: when evaluation begins; experts are drawn at most so many hours before.
        named_units: credit codes of further units whose people are to stay out.
        supervisor: account of the contributor from supervision; None takes the first with a key on record.
        third: account of a third contributor, from the trading centre; with three the draw has an escrow.
        beacon: public numbers that are to enter the seed.
        commit_minutes: how long contributors may commit; as long again each further step takes.
        answer_minutes: how long a called expert has for an answer.
    """

    groups: tuple[NewGroup, ...]
    begins_at: datetime
    place: str
    duration: str = "半天"
    quotas: tuple[NewQuota, ...] = ()
    named_units: tuple[str, ...] = ()
    supervisor: uuid.UUID | None = None
    third: uuid.UUID | None = None
    beacon: BeaconDraft | None = None
    commit_minutes: int = 30
    answer_minutes: int = 30
