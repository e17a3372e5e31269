"""What one person has to do in a draw now: the state of a draw as its contributors' pages show it. Reads only."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select

from kernel.canonical import parse_time
from kernel.db.transaction import Tx
from kernel.drawbook.models import Draw
from kernel.drawbook.shelf import find_draw
from kernel.drawbook.standing import Phase, Standing, standing_of
from kernel.drawbook.steps import steps_of, waiting_of
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
    #: Hand out shares of the own value, open and acknowledge those of the others.
    ESCROW = "escrow"
    #: The own part of the escrow is done; others' is not.
    AWAIT_ESCROW = "await-escrow"
    #: Public numbers are outstanding.
    AWAIT_BEACON = "await-beacon"
    #: Publish the own random value.
    REVEAL = "reveal"
    #: Published; others have not.
    AWAIT_REVEALS = "await-reveals"
    #: Give back the share of a value whose owner stays silent.
    RECOVER = "recover"
    #: Given back, or none to give; others have not.
    AWAIT_RECOVERY = "await-recovery"
    #: Not delivered in time: the draw goes on without the reader.
    DROPPED = "dropped"
    #: The time is over and somebody stayed silent: the attempt can only be declared void.
    STUCK = "stuck"
    DRAWN = "drawn"
    VOID = "void"


#: Steps at which the reader has something to do.
ACTIVE = frozenset({Step.COMMIT, Step.OTHER, Step.ESCROW, Step.REVEAL, Step.RECOVER})


@dataclass(frozen=True, slots=True)
class PartyRow:
    """A contributor and how far it is.

    Attributes:
        delivered_at: when it handed out its shares; None without an escrow.
        acknowledged: how many holders have acknowledged them.
        recovered: its value was put together by the holders.
    """

    party: str
    org: str
    name: str
    committed_at: datetime | None
    delivered_at: datetime | None
    acknowledged: int
    revealed_at: datetime | None
    recovered: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class BeaconRow:
    """Public numbers of a draw.

    Attributes:
        said: how many witnesses have signed.
        value: the key string, once two agree; empty before.
        mine: the reader is one of the witnesses.
        stated: what the reader has signed; empty before.
    """

    number: int
    source: str
    at: datetime
    by: datetime
    said: int
    value: str
    mine: bool
    stated: str


@dataclass(frozen=True, slots=True)
class Part:
    """A draw as one reader takes part in it.

    Attributes:
        number: of the draw; files that belong to it are named after it.
        party: whom the reader contributes for; empty for who watches.
        kid: the key that the spec names for this party.
        signer: whose key that is, if it is not the reader's.
        owes: the reader's own shares are not handed out yet.
        lost: of whose values the reader holds shares that are needed now.
        escrow: {k, n, by}, or None.
        overdue: the rules leave nothing but to declare the attempt void.
        steps, waiting: as `kernel.drawbook.steps` words them.
    """

    draw_id: uuid.UUID
    number: str
    step: Step
    phase: Phase
    party: str
    kid: str
    signer: str
    commit_by: datetime
    escrow_by: datetime | None
    reveal_by: datetime
    recover_by: datetime
    escrow: tuple[int, int] | None
    owes: bool
    lost: tuple[str, ...]
    rows: tuple[PartyRow, ...]
    beacons: tuple[BeaconRow, ...]
    overdue: bool
    steps: tuple[tuple[str, str, str], ...]
    waiting: str

    @property
    def until(self) -> datetime | None:
        """Return until when the reader may do what is next; None if nothing is."""
        return {
            Step.COMMIT: self.commit_by,
            Step.OTHER: self.commit_by,
            Step.ESCROW: self.escrow_by,
            Step.REVEAL: self.reveal_by,
            Step.RECOVER: self.recover_by,
        }.get(self.step)


async def find_part(tx: Tx, actor: Actor, draw_id: uuid.UUID, *, may_close: bool) -> Part:
    """Return how a draw looks to a reader.

    Args:
        may_close: whether the reader may close the commitments; who may can go on as soon as all have committed.
    Raises:
        NotFound: no such draw.
    """
    draw = await find_draw(tx, draw_id)
    standing = await standing_of(tx, draw)
    contributors: list[dict[str, Any]] = draw.spec["contributors"]
    own = next((one for one in contributors if one["org"] == actor.uscc), None)
    kids = {key.kid for key in await list_person_keys(tx, actor.account_id, purpose="sign")}
    party = "" if own is None else str(own["party"])
    overdue = standing.why_void(tx.now) is not None
    step = _step(standing, party, tx.now, overdue=overdue, may_close=may_close)
    signer = ""
    if own is not None and step is Step.COMMIT and own["kid"] not in kids:
        step, signer = Step.OTHER, await _holder(tx, own["kid"])
    spec = standing.spec
    return Part(
        draw_id=draw.id,
        number=draw.number,
        step=step,
        phase=standing.phase(tx.now),
        party=party,
        kid="" if own is None else own["kid"],
        signer=signer,
        commit_by=spec.commit_by,
        escrow_by=spec.escrow.by if spec.escrow else None,
        reveal_by=spec.reveal_by,
        recover_by=spec.recover_by,
        escrow=(spec.escrow.k, spec.escrow.n) if spec.escrow else None,
        owes=party in standing.given and party not in standing.deliveries,
        lost=tuple(_lost(standing, party)),
        rows=await _rows(tx, actor, standing),
        beacons=tuple(_beacon(standing, number, kids) for number in range(len(spec.beacons))),
        overdue=overdue,
        steps=tuple(steps_of(standing, tx.now)),
        waiting=waiting_of(standing, tx.now, await names_of(tx, draw)),
    )


async def list_draws_of(tx: Tx, actor: Actor, *, most: int = 50) -> list[Draw]:
    """Return the draws to which the actor contributes or whose beacon the actor witnesses, newest first."""
    kids = [key.kid for key in await list_person_keys(tx, actor.account_id, purpose="sign")]
    mine = [Draw.spec["beacons"].contains([{"witnesses": [{"kid": kid}]}]) for kid in kids]
    if actor.uscc:
        mine.append(Draw.spec["contributors"].contains([{"org": actor.uscc}]))
    if not mine:
        return []
    query = select(Draw).where(or_(*mine)).order_by(Draw.created_at.desc(), Draw.number).limit(most)
    return list((await tx.session.execute(query)).scalars())


def _step(standing: Standing, party: str, now: datetime, *, overdue: bool, may_close: bool) -> Step:
    state, phase = standing.draw.state, standing.phase(now)
    if state in ("drawn", "void"):
        return Step(state)
    if not party:
        return Step.WATCH
    if standing.values_open and party in standing.missing and standing.offender is None:
        return Step.REVEAL  # late as well: until it is declared void, a value still completes the draw
    if overdue:
        return Step.STUCK
    if state == "frozen":
        return _before_close(standing, party, phase, may_close=may_close)
    if phase is Phase.ESCROW:
        waiting = any(one.holder == party and one.ack_token is None for one in standing.shares)
        owes = party in standing.given and party not in standing.deliveries
        in_time = standing.spec.escrow is not None and now <= standing.spec.escrow.by
        return Step.ESCROW if in_time and (owes or waiting) else Step.AWAIT_ESCROW
    if phase is Phase.RECOVER:
        return Step.RECOVER if _lost(standing, party) else Step.AWAIT_RECOVERY
    if party not in standing.final:
        return Step.DROPPED
    return Step.AWAIT_BEACON if phase is Phase.BEACON else Step.AWAIT_REVEALS


def _before_close(standing: Standing, party: str, phase: Phase, *, may_close: bool) -> Step:
    if party not in standing.given and phase is Phase.COMMIT:
        return Step.COMMIT
    if phase is Phase.COMMIT:
        return Step.AWAIT_COMMITS
    if may_close and party in standing.given and not standing.spec.beacons:
        return Step.REVEAL if standing.spec.escrow is None else Step.ESCROW
    return Step.AWAIT_CLOSE


def _lost(standing: Standing, party: str) -> list[str]:
    held = {one.party for one in standing.shares if one.holder == party and one.value is None}
    return [one for one in standing.missing if one in held and one != party]


def _beacon(standing: Standing, number: int, kids: set[str]) -> BeaconRow:
    told = standing.spec.beacons[number]
    found = standing.beacon(number)
    said = [one for one in standing.statements if one.beacon == number]
    return BeaconRow(
        number=number,
        source=str(told["source"]),
        at=parse_time(told["at"]),
        by=standing.spec.beacon_by,
        said=len(said),
        value="" if found is None else found[0],
        mine=bool({one["kid"] for one in told["witnesses"]} & kids),
        stated=next((one.value for one in said if one.kid in kids), ""),
    )


async def _holder(tx: Tx, kid: str) -> str:
    query = select(Account.display_name).join(PersonKey, PersonKey.account_id == Account.id).where(PersonKey.kid == kid)
    return (await tx.session.execute(query)).scalar_one_or_none() or ""


async def names_of(tx: Tx, draw: Draw) -> dict[str, str]:
    """Return the name of each contributor's organisation, by party."""
    contributors: list[dict[str, Any]] = draw.spec["contributors"]
    codes = [one["org"] for one in contributors]
    query = select(Organisation.uscc, Organisation.name).where(Organisation.uscc.in_(codes))
    names = {code: name for code, name in await tx.session.execute(query)}  # noqa: C416 - a row is no pair to dict()
    return {one["party"]: names.get(one["org"], one["org"]) for one in contributors}


async def _rows(tx: Tx, actor: Actor, standing: Standing) -> tuple[PartyRow, ...]:
    names = await names_of(tx, standing.draw)
    rows = []
    for one in standing.draw.spec["contributors"]:
        party = one["party"]
        row, delivery = standing.given.get(party), standing.deliveries.get(party)
        rows.append(
            PartyRow(
                party=party,
                org=one["org"],
                name=names[party],
                committed_at=None if row is None else (await find_entry(tx, row.commit_entry)).at,
                delivered_at=None if delivery is None else delivery.delivered_at,
                acknowledged=standing.acknowledged(party),
                revealed_at=None if row is None else row.revealed_at,
                recovered=row is not None and row.recovered,
                mine=one["org"] == actor.uscc,
            )
        )
    return tuple(rows)
