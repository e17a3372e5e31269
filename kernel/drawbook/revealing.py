"""Acts at the end of a draw: random values are told, the seed is put together, the outcome is computed and logged.

No value is taken before everything that precedes it is fixed: the close, with an escrow the final contributors, with
beacons their values. So nobody can still choose anything when the first value becomes known.
"""

import uuid
from typing import Any

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.draw.compute import Pools, compute
from kernel.draw.pool import read_pool
from kernel.draw.records import result_detail
from kernel.draw.seed import commit_hash, seed_of
from kernel.draw.spec import POOLS, Spec
from kernel.drawbook.shelf import lock_draw
from kernel.drawbook.standing import Phase, Standing, standing_of
from kernel.errors import Conflict, NotFound, NotPermitted, TooEarly, VerificationFailed
from kernel.identity.actor import Actor
from kernel.log.writer import record, record_detail

_NOT_YET = {
    Phase.COMMIT: "承诺尚未截止，现在不能公开随机数。",
    Phase.CLOSE: "承诺尚未截止，现在不能公开随机数。",
    Phase.ESCROW: "托管尚未完成，现在不能公开随机数。",
    Phase.BEACON: "公共随机数尚未公布，现在不能公开各方的随机数。",
}


async def reveal(tx: Tx, actor: Actor, draw_id: uuid.UUID, party: str, value: bytes) -> bool:
    """Take a contributor's random value; with the last one the outcome is computed and logged.

    Returns:
        Whether the draw is now drawn.
    Raises:
        VerificationFailed: the value does not match the commitment.
        NotPermitted: the party is not the actor's.
        TooEarly: commitments, escrow or beacons are outstanding.
        Conflict: the party dropped out at the escrow, or its escrow is proved false.
        NotFound: no such contributor.
    """
    draw = await lock_draw(tx, draw_id)
    if draw.state == "drawn":
        return True
    standing = await standing_of(tx, draw)
    if draw.state == "void":
        raise Conflict("本次抽取已作废。")
    if not standing.values_open:
        raise TooEarly(_NOT_YET[standing.phase(tx.now)])
    row = standing.given.get(party)
    if row is None:
        raise NotFound
    if standing.spec.contributors[party].org != actor.uscc:
        raise NotPermitted("该随机数不属于您所在的单位。")
    if party not in standing.final:
        raise Conflict("该方未按时托管，已退出本次抽取，随机数不再使用。")
    if standing.offender is not None:
        raise Conflict("已查明有一方的托管是假的，本次抽取应作废。")
    if commit_hash(draw.spec, party, value) != row.commitment:
        raise VerificationFailed("随机数与先前的承诺不一致。")
    if row.value is None:
        row.value, row.revealed_at = value, tx.now
        facts = {"draw": draw.number, "party": party, "r": b64u_encode(value)}
        await record(tx, actor, "draw.reveal", facts, subject=draw.subject, visibility="public")
    return await complete(tx, standing)


async def complete(tx: Tx, standing: Standing) -> bool:
    """Compute the outcome if no value is missing any more; say whether it was."""
    if standing.missing:
        return False
    draw, spec = standing.draw, standing.spec
    values = {party: standing.given[party].value or b"" for party in standing.final}
    seed = seed_of(draw.spec, values, [value.encode() for value in standing.beacons])
    output = compute(spec, read_pools(spec, draw.pools), seed)
    recorded = await record_detail(
        tx, "draw.result", result_detail(spec, seed, output), subject=draw.subject, visibility="public"
    )
    draw.state, draw.seed, draw.output = "drawn", seed, output
    draw.result_entry, draw.drawn_at = recorded.entry_id, tx.now
    return True


def read_pools(spec: Spec, pools: Any) -> Pools:
    """Return the frozen pools of a draw by the names its algorithm gives them."""
    return {name: read_pool(spec.suite, pools[name], spec.pools[name]) for name in POOLS[spec.algo]}
