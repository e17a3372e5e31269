"""Reads of the contract: what is public of it, and its paper for both parties and supervision."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.files.library import FileView, find_file
from kernel.identity.actor import Actor
from kernel.periods import legal_date
from trading.models.award import Award, AwardNotice, Contract
from trading.queries import get_lot
from trading.vocabulary import Role


@dataclass(frozen=True, slots=True)
class ContractView:
    """A contract on record.

    Attributes:
        due_on: the last day for signing it;  late_reason: why it was signed later, or empty.
        file_id: its paper, for both parties and supervision.
    """

    lot_id: uuid.UUID
    winner_id: uuid.UUID
    winner: str
    number: str
    signed_on: date
    amount_fen: int
    term: str
    summary: str
    performance_bond_fen: int
    due_on: date
    late_reason: str
    file_id: uuid.UUID
    digest: bytes
    concluded_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What makes bid bonds due back after an award.

    Attributes:
        notified_on: day of the award notice;  signed_on: day of the contract; None while there is none.
    """

    winner_id: uuid.UUID
    notified_on: date
    signed_on: date | None


async def find_contract(tx: Tx, lot_id: uuid.UUID) -> ContractView | None:
    """Return the contract of a lot, or None."""
    query = select(Contract, Award).join(Award, Award.id == Contract.award_id).where(Contract.lot_id == lot_id)
    row = (await tx.session.execute(query)).one_or_none()
    if row is None:
        return None
    contract, award = row
    return ContractView(
        lot_id=contract.lot_id,
        winner_id=award.bidder_id,
        winner=award.bidder_name,
        number=contract.number,
        signed_on=contract.signed_on,
        amount_fen=contract.amount_fen,
        term=contract.term,
        summary=contract.summary,
        performance_bond_fen=contract.performance_bond_fen,
        due_on=contract.due_on,
        late_reason=contract.late_reason,
        file_id=contract.file_id,
        digest=contract.digest,
        concluded_at=contract.concluded_at,
    )


async def find_outcome(tx: Tx, lot_id: uuid.UUID) -> Outcome | None:
    """Return who won and since when, and the day of the contract; None before the award notice."""
    query = (
        select(Award.bidder_id, AwardNotice.issued_at, Contract.signed_on)
        .join(AwardNotice, AwardNotice.award_id == Award.id)
        .outerjoin(Contract, Contract.award_id == Award.id)
        .where(Award.lot_id == lot_id)
    )
    row = (await tx.session.execute(query)).one_or_none()
    return None if row is None else Outcome(row.bidder_id, legal_date(row.issued_at), row.signed_on)


async def access_contract(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> ContractView:
    """Return a contract to somebody who may read its paper: the winner, the own parties, supervision.

    Raises:
        NotFound: absent, or for somebody else: the answer is the same.
    """
    contract = await find_contract(tx, lot_id)
    if contract is None:
        raise NotFound
    lot = await get_lot(tx, lot_id)
    reader = actor.organisation_id
    won = reader == contract.winner_id and actor.has(Role.BIDDER) and actor.covers(lot_id)
    if not (won or lot.is_run_by(reader) or actor.has(Role.SUPERVISOR)):
        raise NotFound
    return contract


async def access_contract_file(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> FileView:
    """Return the paper of a contract, to the same readers.

    Raises:
        NotFound: as of `access_contract`.
    """
    return await find_file(tx, (await access_contract(tx, actor, lot_id)).file_id)
