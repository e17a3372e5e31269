"""What one person has to do in a draw now: the state of a draw as its contributors' pages show it. Reads only."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from kernel.canonical import parse_time
from kernel.db.transaction import Tx
from kernel.drawbook.models import Contribution, Draw
from kernel.drawbook.shelf import find_draw, list_contributions
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.identity.models import Account, Organisation, PersonKey
from kernel.log.reader import find_entry


class Step(StrEnum):
    """What the reader does next."""

    #: Not a contributor: the reader watches.
    WATCH = "watch"
    #: The reader's organisation contributes, and somebody else of it holds the key that the spec names.
    OTHER = "other"
    #: Make a random value and commit to it.
    COMMIT = "commit"
    #: Committed; others have not.
    AWAIT_COMMITS = "await-commits"
    #: All have committed, and somebody else closes the commitments.
    AWAIT_CLOSE = "await-close"
    #: Publish the own random value.
    REVEAL = "reveal"
    #: Published; others have not.
    AWAIT_REVEALS = "await-reveals"
    #: The time is over and somebody stayed silent: the attempt can only be declared void.
    STUCK = "stuck"
    DRAWN = "drawn"
    VOID = "void"


#: Steps at which the reader has something to do.
ACTIVE = frozenset({Step.COMMIT, Step.OTHER, Step.REVEAL})


@dataclass(frozen=True, slots=True)
class PartyRow:
    """A contributor and how far it is."""

    party: str
    org: str
    name: str
    committed_at: datetime | None
    revealed_at: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A draw as one reader takes part in it.

    Attributes:
        number: of the draw; files that belong to it are named after it.
        party: whom the reader contributes for; empty for who watches.
        kid: the key that the spec names for this party.
        signer: whose key that is, if it is not the reader's.
        overdue: the time is over and somebody stayed silent, so that the attempt may be declared void.
    """

    draw_id: uuid.UUID
    number: str
    step: Step
    party: str
    kid: str
    signer: str
    commit_by: datetime
    reveal_by: datetime
    rows: tuple[PartyRow, ...]
    overdue: bool

    @property
    def until(self) -> datetime | None:
        """Return until when the reader may do what is next; None if nothing is."""
        if self.step not in ACTIVE:
            return None
        return self.reveal_by if self.step is Step.REVEAL else self.commit_by


async def find_part(tx: Tx, actor: Actor, draw_id: uuid.UUID, *, may_close: bool) -> Part:
    """Return how a draw looks to a reader.

    Args:
        may_close: whether the reader may close the commitments; who may can reveal as soon as all have committed.
    Raises:
        NotFound: no such draw.
    """
    draw = await find_draw(tx, draw_id)
    given = {row.party: row for row in await list_contributions(tx, draw_id)}
    contributors: list[dict[str, Any]] = draw.spec["contributors"]
    own = next((one for one in contributors if one["org"] == actor.uscc), None)
    kids = {key.kid for key in await list_person_keys(tx, actor.account_id, purpose="sign")} if own else set()
    commit_by, reveal_by = parse_time(draw.spec["commit_by"]), parse_time(draw.spec["reveal_by"])
    overdue = is_overdue(draw, list(given.values()), tx.now)
    step = _step(draw, given, "" if own is None else own["party"], overdue=overdue, may_close=may_close)
    signer = ""
    if own is not None and step is Step.COMMIT and own["kid"] not in kids:
        step, signer = Step.OTHER, await _holder(tx, own["kid"])
    return Part(
        draw_id=draw.id,
        number=draw.number,
        step=step,
        party="" if own is None else own["party"],
        kid="" if own is None else own["kid"],
        signer=signer,
        commit_by=commit_by,
        reveal_by=reveal_by,
        rows=await _rows(tx, actor, contributors, given),
        overdue=overdue,
    )


async def list_draws_of(tx: Tx, uscc: str, *, most: int = 50) -> list[Draw]:
    """Return the draws to which an organisation contributes, newest first."""
    query = (
        select(Draw)
        .where(Draw.spec["contributors"].contains([{"org": uscc}]))
        .order_by(Draw.created_at.desc(), Draw.number)
        .limit(most)
    )
    return list((await tx.session.execute(query)).scalars())


def is_overdue(draw: Draw, given: Sequence[Contribution], now: datetime) -> bool:
    """Say whether somebody stayed silent past the time, so that the attempt may be declared void."""
    if draw.state == "frozen":
        return len(given) < len(draw.spec["contributors"]) and now >= parse_time(draw.spec["commit_by"])
    silent = any(row.value is None for row in given)
    return draw.state == "closed" and silent and now >= parse_time(draw.spec["reveal_by"])


def _step(draw: Draw, given: dict[str, Contribution], party: str, *, overdue: bool, may_close: bool) -> Step:
    if draw.state in ("drawn", "void"):
        return Step(draw.state)
    if not party:
        return Step.WATCH
    row = given.get(party)
    if draw.state == "frozen":
        if overdue:
            return Step.STUCK
        if row is None:
            return Step.COMMIT
        if len(given) < len(draw.spec["contributors"]):
            return Step.AWAIT_COMMITS
        return Step.REVEAL if may_close else Step.AWAIT_CLOSE
    if row is not None and row.value is None:
        return Step.REVEAL  # late as well: until it is declared void, a value still completes the draw
    return Step.STUCK if overdue else Step.AWAIT_REVEALS


async def _holder(tx: Tx, kid: str) -> str:
    query = select(Account.display_name).join(PersonKey, PersonKey.account_id == Account.id).where(PersonKey.kid == kid)
    return (await tx.session.execute(query)).scalar_one_or_none() or ""


async def _rows(
    tx: Tx, actor: Actor, contributors: list[dict[str, Any]], given: dict[str, Contribution]
) -> tuple[PartyRow, ...]:
    codes = [one["org"] for one in contributors]
    query = select(Organisation.uscc, Organisation.name).where(Organisation.uscc.in_(codes))
    names = {code: name for code, name in await tx.session.execute(query)}  # noqa: C416 - a row is no pair to dict()
    rows = []
    for one in contributors:
        row = given.get(one["party"])
        rows.append(
            PartyRow(
                party=one["party"],
                org=one["org"],
                name=names.get(one["org"], one["org"]),
                committed_at=None if row is None else (await find_entry(tx, row.commit_entry)).at,
                revealed_at=None if row is None else row.revealed_at,
                mine=one["org"] == actor.uscc,
            )
        )
    return tuple(rows)
