"""Bid bonds: declared by bidders, settled after the opening."""

from typing import Any
from uuid import UUID

from litestar import get, post

from bidding.bonds import (
    BondDraft,
    BondView,
    ReturnDraft,
    declare_bond,
    find_own_bond,
    list_alike,
    list_bonds,
    settle_bond,
)
from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.parties.fields import cipher_of
from kernel.web.guards import permits
from kernel.web.services import Services
from trading.schemas import Identified, money

_TAGS = ["bidding"]


@post("/api/v1/lots/{lot_id:uuid}/bond", guards=[permits("bond.declare")], tags=_TAGS, summary="Declare a bid bond")
async def add_bond(tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: BondDraft) -> Identified:
    """Declare the bond of the own bid; the newest declaration holds."""
    return Identified(await declare_bond(tx, actor, cipher_of(services.plugins), lot_id, data))


@get("/api/v1/lots/{lot_id:uuid}/bond", guards=[permits("bond.declare")], tags=_TAGS, summary="The own bond")
async def read_bond(tx: Tx, actor: Actor, lot_id: UUID) -> dict[str, Any]:
    """Return the own bond, and until when it goes back."""
    found = await find_own_bond(tx, actor, lot_id)
    if found is None:
        raise NotFound("本单位在本标段没有提交投标保证金。")
    return _json(found)


@get("/api/v1/lots/{lot_id:uuid}/bonds", guards=[permits("bond.read")], tags=_TAGS, summary="The bonds of a lot")
async def read_bonds(tx: Tx, actor: Actor, lot_id: UUID) -> dict[str, Any]:
    """List the bonds from the opening on, with those that left the same account."""
    shown = await list_bonds(tx, actor, lot_id)
    return {"items": [_json(item) for item in shown], "same_account": await list_alike(tx, actor, lot_id)}


@post("/api/v1/bonds/{bond_id:uuid}/settlement", guards=[permits("bond.settle")], tags=_TAGS, summary="Return or keep")
async def add_settlement(tx: Tx, actor: Actor, bond_id: UUID, data: ReturnDraft) -> dict[str, str]:
    """Record that a bond went back, or is kept."""
    await settle_bond(tx, actor, bond_id, data)
    return {"bond": str(bond_id)}


def _json(bond: BondView) -> dict[str, Any]:
    return {
        "id": str(bond.id),
        "bidder": bond.bidder,
        "form": bond.form.value,
        "amount": money(bond.amount_fen),
        "payer_name": bond.payer_name,
        "payer_account": bond.payer_account,
        "from_basic_account": bond.from_basic_account,
        "issuer": bond.issuer,
        "reference": bond.reference,
        "valid_until": bond.valid_until.isoformat(),
        "declared_at": format_time(bond.declared_at),
        "due": bond.due.isoformat() if bond.due else None,
        "returned_on": bond.returned_on.isoformat() if bond.returned_on else None,
        "interest": money(bond.interest_fen),
        "kept_because": bond.kept_because,
        "late": bond.late,
    }


HANDLERS = [add_bond, read_bond, read_bonds, add_settlement]
