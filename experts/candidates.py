"""The pool as recusal and draw see it: who may be drawn for a lot, who must stay out and why."""

import hashlib
import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from bidding import facade as bidding
from experts import recusal
from experts.admission import DECLARED
from experts.draw_request import EMPLOYER, REGION, SPECIALITY, DrawRequest, public_attributes
from experts.models.pool import Expert
from experts.recusal import BidderUnit, Case, Exclusion, Tie, TieKind
from experts.vocabulary import Standing
from kernel.canonical import b64u_encode, jcs
from kernel.crypto import random_bytes
from kernel.db.transaction import Tx
from kernel.drawbook.book import Person
from kernel.identity.models import Organisation
from kernel.parameters.law import Law
from kernel.periods import legal_date
from trading.lot_view import LotView


@dataclass(frozen=True, slots=True)
class Sifted:
    """The pool after recusal.

    Attributes:
        people: for the freeze; their order tells nothing.
        excluded: everybody who must stay out, with every ground.
    """

    people: list[Person]
    excluded: list[tuple[Expert, tuple[Exclusion, ...]]]


async def list_active(tx: Tx) -> Sequence[Expert]:
    """Return everybody who may be drawn at all."""
    query = select(Expert).where(Expert.standing == Standing.ACTIVE.value).order_by(Expert.id)
    return (await tx.session.execute(query)).scalars().all()


async def case_of(
    tx: Tx, lot: LotView, *, named_units: Sequence[str] = (), departments: Sequence[uuid.UUID] = ()
) -> Case:
    """Return a lot as recusal sees it; its bidders are known only after the opening.

    Args:
        departments: organisations of supervision that act in the lot.
    """
    wanted = (lot.procuring_entity_id, lot.agency_id, *departments)
    rows = (await tx.session.execute(select(Organisation).where(Organisation.id.in_(wanted)))).scalars()
    units = {row.id: row.uscc for row in rows}
    bidders = await bidding.list_competitors(tx, lot.id)
    return Case(
        on=legal_date(tx.now),
        buyer=units[lot.procuring_entity_id],
        agency=units[lot.agency_id],
        departments=frozenset(units[item] for item in departments),
        named_units=frozenset(named_units),
        bidders=tuple(BidderUnit(bidder.uscc) for bidder in bidders),
    )


def sift(experts: Sequence[Expert], request: DrawRequest, case: Case, law: Law) -> Sifted:
    """Apply recusal and make the candidates of a draw.

    A candidate's public attributes are only what the rule asks for (crypto.md §4.2): the asked specialities among the
    own ones, an employer tag made for this draw, and the region only if the request has a quota.
    """
    tag_key = random_bytes(32)
    asked = {group.speciality for group in request.groups}
    people: list[Person] = []
    excluded: list[tuple[Expert, tuple[Exclusion, ...]]] = []
    for expert in experts:
        grounds = recusal.exclusions(person_of(expert), case, law)
        if grounds:
            excluded.append((expert, grounds))
            continue
        tag = b64u_encode(hmac.digest(tag_key, expert.employer_uscc.encode(), "sha256")[:9])
        pub = public_attributes(expert.specialities, expert.region, tag)
        shown: dict[str, Any] = {
            SPECIALITY: [code for code in pub[SPECIALITY] if code in asked],
            EMPLOYER: pub[EMPLOYER],
        }
        if request.quotas:
            shown[REGION] = pub[REGION]
        people.append(Person(str(expert.id), shown, identity_of(expert)))
    return Sifted(people, excluded)


def identity_of(expert: Expert) -> dict[str, str]:
    """Return what a leaf commits to and its opening shows."""
    return {"number": expert.number, "name": expert.name, "employer": expert.employer_uscc}


def person_of(expert: Expert) -> recusal.Person:
    """Return what recusal compares."""
    ties = [Tie(expert.employer_uscc, TieKind.EMPLOYMENT, date.min)]
    declared = set()
    for item in expert.relations:
        if item["kind"] == DECLARED:
            declared.add(item["unit"])
            continue
        until = item.get("until")
        ties.append(
            Tie(
                item["unit"],
                TieKind(item["kind"]),
                date.fromisoformat(item["since"]),
                date.fromisoformat(until) if until else None,
            )
        )
    return recusal.Person(
        identity=expert.identity.hex(),
        ties=tuple(ties),
        relatives=frozenset(expert.relatives),
        was_punished=expert.was_punished,
        declared=frozenset(declared),
    )


def exclusion_digest(salt: bytes, draw: str, expert: str, ground: Exclusion) -> bytes:
    """Return the salted digest by which a restricted record of avoidance is in the log."""
    told = {"draw": draw, "expert": expert, "ground": ground.ground.value, "rule": ground.rule, "unit": ground.unit}
    return hashlib.sha256(b"OTD1/avoidance\0" + salt + jcs(told)).digest()
