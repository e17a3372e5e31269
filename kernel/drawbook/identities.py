"""Open identities of selected people, one at a time, each opening on record (crypto.md §4.2)."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.drawbook.models import Draw, Identity, Step
from kernel.drawbook.shelf import find_draw, list_steps
from kernel.drawbook.vault import Vault
from kernel.errors import NotFound
from kernel.identity.actor import system_actor
from kernel.log.writer import record


async def open_identity(tx: Tx, vault: Vault, draw_id: uuid.UUID, leaf: bytes, *, purpose: str) -> dict[str, Any]:
    """Open the identity of one selected leaf; every opening is logged, so their count can be compared with the calls.

    Raises:
        NotFound: the leaf was never selected, or its draw is void: nobody else's identity is ever opened.
    """
    draw = await find_draw(tx, draw_id)
    if draw.state != "drawn" or b64u_encode(leaf) not in _selected(draw, await list_steps(tx, draw_id)):
        raise NotFound
    _, priv = await _open(tx, vault, draw, leaf)
    await tx.session.execute(
        update(Identity)
        .where(Identity.draw_id == draw_id, Identity.leaf == leaf, Identity.opened_at.is_(None))
        .values(opened_at=tx.now)
    )
    facts = {"draw": draw.number, "leaf": b64u_encode(leaf), "purpose": purpose}
    await record(tx, system_actor("抽取保管库"), "draw.identity-opened", facts, subject=draw.subject)
    return priv


async def leaf_opening(tx: Tx, vault: Vault, draw_id: uuid.UUID, leaf: bytes) -> dict[str, Any]:
    """Return `{leaf, salt, priv}`, with which its owner (later the public) proves who a leaf is; the caller decides."""
    draw = await find_draw(tx, draw_id)
    salt, priv = await _open(tx, vault, draw, leaf)
    return {"leaf": b64u_encode(leaf), "salt": b64u_encode(salt), "priv": priv}


async def leaf_of_person(tx: Tx, vault: Vault, draw_id: uuid.UUID, person_id: str) -> bytes:
    """Return a person's own leaf.

    Raises:
        NotFound: the person was not in the pool.
    """
    draw = await find_draw(tx, draw_id)
    key = vault.unwrap(draw.spec_hash, draw.key_enc, draw.key_ct)
    query = select(Identity.leaf).where(Identity.draw_id == draw_id, Identity.person == key.person(person_id))
    leaf = (await tx.session.execute(query)).scalar_one_or_none()
    if leaf is None:
        raise NotFound
    return leaf


async def _open(tx: Tx, vault: Vault, draw: Draw, leaf: bytes) -> tuple[bytes, dict[str, Any]]:
    row = await tx.session.get(Identity, (draw.id, leaf))
    if row is None:
        raise NotFound
    return vault.unwrap(draw.spec_hash, draw.key_enc, draw.key_ct).open(leaf, row.sealed)


def _selected(draw: Draw, steps: Sequence[Step]) -> set[str]:
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)

    walk(draw.output)
    return found | {b64u_encode(step.in_leaf) for step in steps if step.in_leaf is not None}
