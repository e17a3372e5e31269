"""Act: declare an attempt void when the rules leave nothing else; the next one names it (crypto.md §4.1)."""

import uuid

from kernel.db.transaction import Tx
from kernel.draw.records import void_detail
from kernel.drawbook.shelf import lock_draw
from kernel.drawbook.standing import standing_of
from kernel.errors import Conflict
from kernel.log.writer import record_detail


async def void(tx: Tx, draw_id: uuid.UUID) -> str:
    """Declare an attempt void.

    Returns:
        The reason: `too-few` committed or delivered in time, `escrow-failed`, `beacon-missing`, `not-revealed` (nor put
        together) in time, or `reserve-empty`.
    Raises:
        Conflict: the draw is alive; nobody ends it because of its outcome.
    Effects:
        the draw's state; entry `draw.void`, public, with who is to blame.
    """
    draw = await lock_draw(tx, draw_id)
    standing = await standing_of(tx, draw)
    found = standing.why_void(await tx.instant())
    if found is None:
        raise Conflict("本次抽取仍然有效，不能作废。")
    reason, party = found
    detail = void_detail(standing.spec.ref, reason, party)
    recorded = await record_detail(tx, "draw.void", detail, subject=draw.subject, visibility="public")
    draw.state, draw.void_entry, draw.void_reason, draw.void_party = "void", recorded.entry_id, reason, party
    await tx.session.flush()  # the next attempt looks for it
    return reason
