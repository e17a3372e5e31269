"""The parameters that a lot lets be drawn, with their draw and, once it has its result, their values. Reads only."""

import uuid
from dataclasses import dataclass
from typing import Any

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.drawbook.models import Draw
from kernel.drawbook.shelf import find_newest
from trading.lot_view import LotView
from trading.parameters import DrawnParameter, published_parameters

#: What the public calls the draw; together with the lot it names the attempts that belong together.
PURPOSE = "开标随机参数抽取"


@dataclass(frozen=True, slots=True)
class DrawnValue:
    """A parameter with what was drawn for it.

    Attributes:
        value: empty until the draw has its result.
        draw_id: the newest attempt; None before the first.
    """

    parameter: DrawnParameter
    value: str
    draw_id: uuid.UUID | None
    draw_number: str
    spec_hash: bytes


async def find_parameter_draw(tx: Tx, lot_id: uuid.UUID) -> Draw | None:
    """Return the newest attempt at drawing a lot's parameters."""
    return await find_newest(tx, lot_id, PURPOSE)


async def list_drawn(tx: Tx, lot: LotView) -> list[DrawnValue]:
    """Return the parameters of a lot in the order of its documents; none for most lots."""
    parameters = published_parameters(lot.price_method)
    draw = await find_parameter_draw(tx, lot.id) if parameters else None
    values = {} if draw is None else _values(draw)
    return [
        DrawnValue(
            one,
            values.get(one.name, ""),
            None if draw is None else draw.id,
            "" if draw is None else draw.number,
            b"" if draw is None else bytes(draw.spec_hash),
        )
        for one in parameters
    ]


async def waits_for_draw(tx: Tx, lot: LotView) -> bool:
    """Say whether a parameter is still to be drawn: until then nobody may see a price (docs/adr/0014)."""
    return any(not one.value for one in await list_drawn(tx, lot))


async def drawn_rule(tx: Tx, lot: LotView) -> dict[str, Any]:
    """Return the lot's price rule with the drawn values in it, as the evaluation takes it."""
    drawn = {one.parameter.target: one.value for one in await list_drawn(tx, lot) if one.parameter.target and one.value}
    rule = dict(lot.price_method) | drawn
    if rule.get("method") != "P-FLOAT":
        rule.pop("k", None)  # drawn for a formula that was not
    return rule


def drawn_json(one: DrawnValue) -> dict[str, Any]:
    """Return a parameter as the interface and the opening record write it; `spec` names the draw's transcript."""
    told = one.parameter
    return {
        "name": told.name,
        "label": told.label,
        "unit": told.unit,
        "values": list(told.values),
        "basis": told.basis,
        "value": one.value or None,
        "draw": one.draw_number or None,
        "spec": b64u_encode(one.spec_hash) if one.spec_hash else None,
    }


def _values(draw: Draw) -> dict[str, str]:
    """Read the drawn values off a draw's output: one leaf for each parameter, whose public part is the value."""
    if draw.state != "drawn" or draw.output is None:
        return {}
    pub = {entry["l"]: entry["p"] for entry in draw.pools["pool"]}
    return {pub[leaf]["parameter"]: pub[leaf]["value"] for (leaf,) in draw.output["groups"]}
