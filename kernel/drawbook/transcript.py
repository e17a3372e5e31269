"""The public transcript of a draw, as anybody may replay it, with its proofs under one checkpoint."""

import uuid
from typing import Any

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.draw.build import transcript_of
from kernel.draw.records import close_detail, final_detail, result_detail, void_detail
from kernel.draw.spec import POOLS
from kernel.drawbook.models import Delivery, Draw
from kernel.drawbook.shelf import find_draw, list_attempts, list_steps
from kernel.drawbook.standing import Standing, standing_of
from kernel.errors import NotFound, TooEarly
from kernel.log.entry import parse_entry
from kernel.log.reader import Checkpoint, latest_checkpoint, proof_of_entry


async def pool_file(tx: Tx, draw_id: uuid.UUID) -> Any:
    """Return the pool file; for `assign/1` an object of two pools."""
    draw = await find_draw(tx, draw_id)
    return draw.pools["pool"] if POOLS[draw.spec["algo"]] == ("pool",) else draw.pools


async def transcript(tx: Tx, draw_id: uuid.UUID) -> dict[str, Any]:
    """Return the transcript of a draw that has its result.

    Raises:
        TooEarly: it is not drawn, or the log has not taken in every step yet.
    """
    draw = await find_draw(tx, draw_id)
    head = await latest_checkpoint(tx)
    if draw.state != "drawn" or draw.close_entry is None or draw.result_entry is None or head is None:
        raise TooEarly("抽取尚未完成。")
    try:
        return await _assemble(tx, draw, draw.close_entry, draw.result_entry, head)
    except NotFound as error:
        raise TooEarly("公开账本正在收录本次抽取的记录，请稍后再试。") from error


async def _assemble(tx: Tx, draw: Draw, close_entry: int, result_entry: int, head: Checkpoint) -> dict[str, Any]:
    async def logged(entry_id: int) -> dict[str, Any]:
        proof = await proof_of_entry(tx, entry_id, checkpoint=head)
        return {"entry": parse_entry(proof["entry"]).as_json(), "index": proof["index"], "path": proof["path"]}

    async def attempt(one: Draw) -> dict[str, Any]:
        assert one.void_entry is not None
        assert one.void_reason is not None
        detail = void_detail(b64u_encode(one.spec_hash), one.void_reason, one.void_party)
        void = {"detail": detail, "log": await logged(one.void_entry)}
        return {"spec": one.spec, "log": await logged(one.spec_entry), "void": void}

    async def delivery(one: Delivery) -> dict[str, Any]:
        acks = [
            {"token": share.ack_token, "log": await logged(share.ack_entry)}
            for share in standing.shares
            if share.party == one.party and share.ack_entry is not None
        ]
        return {"token": one.token, "log": await logged(one.entry_id), "acks": acks}

    standing = await standing_of(tx, draw)
    spec, given = standing.spec, list(standing.given.values())
    final = None
    if draw.final_entry is not None:
        final = {"detail": final_detail(spec, standing.final), "log": await logged(draw.final_entry)}
    assert draw.seed is not None
    assert draw.output is not None
    return transcript_of(
        spec,
        freeze=await logged(draw.spec_entry),
        commits=[{"token": row.token, "log": await logged(row.commit_entry)} for row in given],
        close={
            "detail": close_detail(spec, {row.party: row.commitment for row in given}),
            "log": await logged(close_entry),
        },
        escrow=[await delivery(one) for one in standing.deliveries.values()],
        final=final,
        beacons=[_beacon(standing, number) for number in range(len(spec.beacons))],
        reveals={party: standing.given[party].value or b"" for party in standing.final},
        recovered={row.party: list(standing.shares_of(row.party).items()) for row in given if row.recovered},
        seed=draw.seed,
        output=draw.output,
        result={"detail": result_detail(spec, draw.seed, draw.output), "log": await logged(result_entry)},
        checkpoint=head.note,
        attempts=[await attempt(one) for one in await list_attempts(tx, draw)],
        replacements=[
            {
                "act": step.act,
                "group": step.group_index,
                "out": b64u_encode(step.out_leaf),
                "in": None if step.in_leaf is None else b64u_encode(step.in_leaf),
                "reason": step.reason,
                "evidence": step.evidence,
                "log": await logged(step.entry_id),
            }
            for step in await list_steps(tx, draw.id)
        ],
    )


def _beacon(standing: Standing, number: int) -> dict[str, Any]:
    found = standing.beacon(number)
    assert found is not None
    value, statements = found
    return {"value": b64u_encode(value.encode()), "statements": [one.token for one in statements]}
