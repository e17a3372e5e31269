"""Reads of consortia: before the opening the members' own, afterwards what the opening tells of them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from bidding.consortium_holding import find_live, find_own, members_of
from bidding.consortium_rules import percent
from bidding.models.consortium import Consortium, ConsortiumMember
from bidding.vocabulary import Answer, ConsortiumState
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.files.store import FileStore, content_name
from kernel.identity.actor import Actor


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member and its answer."""

    uscc: str
    name: str
    share: str
    work: str
    state: Answer
    reason: str
    answered_at: datetime | None
    is_leader: bool
    is_me: bool


@dataclass(frozen=True, slots=True)
class ConsortiumView:
    """A consortium for the eyes of its members.

    Attributes:
        message: exactly what each member signs.
    """

    id: uuid.UUID
    lot_id: uuid.UUID
    no: int
    state: ConsortiumState
    name: str
    leader_name: str
    leads: bool
    mine: Answer
    members: tuple[MemberView, ...]
    message: dict[str, Any]
    digest: bytes
    agreement: bytes
    agreement_name: str
    agreement_size: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class OpenedConsortium:
    """A consortium whose bid stands in a close list; read at the opening and after it.

    Attributes:
        leader_id: the firm under which the bid stands.
        members: (organisation, credit code, name, share, work, signed consent), the leader first.
    """

    leader_id: uuid.UUID
    name: str
    digest: bytes
    members: tuple[tuple[uuid.UUID, str, str, int, str, str], ...]

    @property
    def firms(self) -> list[uuid.UUID]:
        """Return the organisations of all members."""
        return [member[0] for member in self.members]

    def shown(self) -> dict[str, Any]:
        """Return what the opening publishes of it."""
        return {
            "digest": b64u_encode(self.digest),
            "members": [
                {"uscc": uscc, "name": name, "share": share, "work": work}
                for _, uscc, name, share, work, _ in self.members
            ],
        }


async def find_consortium(tx: Tx, actor: Actor, consortium_id: uuid.UUID) -> ConsortiumView:
    """Return a consortium to one of its members.

    Raises:
        NotFound: absent, or it does not name the actor's firm: the answer is the same.
    """
    row, _ = await find_own(tx, actor, consortium_id)
    return await _view(tx, actor, row)


async def find_led(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> ConsortiumView | None:
    """Return the live consortium that the actor's firm leads in a lot."""
    if actor.organisation_id is None or not actor.covers(lot_id):
        return None
    row = await find_live(tx, lot_id, actor.organisation_id)
    return None if row is None else await _view(tx, actor, row)


async def list_consortia(tx: Tx, actor: Actor, lot_id: uuid.UUID | None = None) -> list[ConsortiumView]:
    """Return the live consortia that name the actor's firm and that it may see, the newest first."""
    query = (
        select(Consortium)
        .join(ConsortiumMember, ConsortiumMember.consortium_id == Consortium.id)
        .where(ConsortiumMember.uscc == actor.uscc, Consortium.state != ConsortiumState.ENDED)
        .order_by(Consortium.made_at.desc(), Consortium.id)
    )
    found = []
    for row in (await tx.session.execute(query)).scalars():
        if lot_id is not None and row.lot_id != lot_id:
            continue
        try:
            await find_own(tx, actor, row.id)
        except NotFound:
            continue
        found.append(await _view(tx, actor, row))
    return found


async def read_agreement(tx: Tx, actor: Actor, store: FileStore, consortium_id: uuid.UUID) -> tuple[str, bytes]:
    """Return name and bytes of the agreement to a member.

    Raises:
        NotFound: absent, or not for this reader.
    """
    row, _ = await find_own(tx, actor, consortium_id)
    return row.agreement_name, await store.get(content_name(row.agreement))


async def list_opened(tx: Tx, lot_id: uuid.UUID) -> dict[uuid.UUID, OpenedConsortium]:
    """Return the complete consortia of a lot by their leader; the caller stands at or after its opening."""
    rows = await tx.session.execute(
        text(
            "SELECT c.id, c.leader_id, c.name AS title, c.digest, m.organisation_id, m.uscc, m.name, m.share, m.work,"
            " m.jws FROM bidding_consortium c JOIN bidding_consortium_member m ON m.consortium_id = c.id"
            " WHERE c.lot_id = :lot AND c.state = 'complete' ORDER BY c.id, m.place"
        ),
        {"lot": lot_id},
    )
    found: dict[uuid.UUID, OpenedConsortium] = {}
    for row in rows:
        known = found.get(row.leader_id)
        member = (row.organisation_id, row.uscc, row.name, row.share, row.work, row.jws)
        members = (member,) if known is None else (*known.members, member)
        found[row.leader_id] = OpenedConsortium(row.leader_id, row.title, bytes(row.digest), members)
    return found


def shares_of(members: Sequence[dict[str, Any]]) -> str:
    """Return published members in one line of print."""
    return "；".join(f"{member['name']}（{percent(member['share'])}，{member['work']}）" for member in members)


async def _view(tx: Tx, actor: Actor, row: Consortium) -> ConsortiumView:
    members = await members_of(tx, row.id)
    return ConsortiumView(
        id=row.id,
        lot_id=row.lot_id,
        no=row.no,
        state=ConsortiumState(row.state),
        name=row.name,
        leader_name=members[0].name,
        leads=row.leader_id == actor.organisation_id,
        mine=next((Answer(member.state) for member in members if member.uscc == actor.uscc), Answer.ASKED),
        members=tuple(
            MemberView(
                member.uscc,
                member.name,
                percent(member.share),
                member.work,
                Answer(member.state),
                member.reason,
                member.answered_at,
                member.place == 1,
                member.uscc == actor.uscc,
            )
            for member in members
        ),
        message=row.message,
        digest=row.digest,
        agreement=row.agreement,
        agreement_name=row.agreement_name,
        agreement_size=row.agreement_size,
        made_at=row.made_at,
    )
