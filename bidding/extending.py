"""More time for bidders to release, because the platform was down (crypto.md §3.8)."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, text

from bidding.closing import end_of_window, notify
from bidding.keysets import require_published_keyset
from bidding.vocabulary import OpeningStage
from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.parameters.table import Parameter
from kernel.web.filters import moment
from trading import facade as trading
from trading.findings import Finding, require_lawful
from trading.legal import law_of
from trading.lot_view import LotView

#: Name of the dated parameter: hours by which all extensions together may move the planned end.
EXTENSION: Final = "release_extension"


async def extend_window(tx: Tx, actor: Actor, lot_id: uuid.UUID, until: datetime, reason: str) -> None:
    """Give bidders more time; only while the window lasts, and all extensions together by no more than the limit.

    The limit is a day (parameter `release_extension`, our own decision, dated like the law). The law fixes none, but
    it wants the opening at the deadline, in public (招投法 34): an opening may be interrupted, not put off. A day is
    what a procedure may plan for its window at most (`trading.criteria`), so an outage never buys more than anybody
    could have planned; and a day is how long before the evaluation experts may be drawn (R-DRAW-01), so a committee
    does not have to be drawn twice. Who needs more concludes the opening: what stays shut is then withdrawn through
    no fault of the bidder (R-ET-07), and the lot may be tendered again.

    Raises:
        NotPermitted: the actor is no supervisor.
        InvalidInput: there is no reason, or the new end lies not after the old one and the present.
        RuleBroken: it lies beyond the limit.
        Conflict: the window is over or has not begun, or the lot's policy has none.

    Effects:
        the window's end moves; entry `bid.window-extended`, public.
    Source:
        R-ET-07
    """
    policy.require(actor, "opening.intervene")
    if not reason.strip():
        raise InvalidInput("请写明延长解密时间的原因。", [("reason", "请写明延长解密时间的原因。")])
    query = text("SELECT stage, closed_at, begun_at, window_until FROM bidding_opening WHERE lot_id = :lot FOR UPDATE")
    row = (await tx.session.execute(query, {"lot": lot_id})).one_or_none()
    if row is None or row.stage not in (OpeningStage.CLOSED, OpeningStage.RELEASING):
        raise Conflict("解密时间已结束或尚未开始，不能延长。")
    lot = await trading.get_lot(tx, lot_id)
    if not (await require_published_keyset(tx, lot_id)).policy.takes_bidders:
        raise Conflict("本标段不需要投标人解密，没有可以延长的时间。")
    if until <= max(row.window_until, await tx.instant()):
        raise InvalidInput("新的截止时间须晚于原定时间和现在。", [("until", "新的截止时间须晚于原定时间和现在。")])
    require_lawful(_check_limit(until, *await _limit(tx, lot, row)))

    await tx.session.execute(
        text("UPDATE bidding_opening SET window_until = :until WHERE lot_id = :lot"), {"until": until, "lot": lot_id}
    )
    facts = {
        "from": format_time(row.window_until),
        "until": format_time(until),
        "reason": reason.strip(),
        "rules": ["R-ET-07"],
    }
    await record(tx, actor, "bid.window-extended", facts, subject=lot_id, visibility="public")
    await notify(tx, lot_id)


async def latest_end(tx: Tx, lot_id: uuid.UUID) -> datetime | None:
    """Return the last instant to which the window may be extended; None where there is nothing to extend."""
    query = text("SELECT stage, closed_at, begun_at, window_until FROM bidding_opening WHERE lot_id = :lot")
    row = (await tx.session.execute(query, {"lot": lot_id})).one_or_none()
    if row is None or row.stage not in (OpeningStage.CLOSED, OpeningStage.RELEASING):
        return None
    if not (await require_published_keyset(tx, lot_id)).policy.takes_bidders:
        return None
    latest, _ = await _limit(tx, await trading.get_lot(tx, lot_id), row)
    return latest


async def _limit(tx: Tx, lot: LotView, opening: Row[Any]) -> tuple[datetime, Parameter]:
    limit = (await law_of(tx, lot.regime, lot.registered_at)).row(EXTENSION)
    planned = end_of_window(lot, await require_published_keyset(tx, lot.id), opening.begun_at or opening.closed_at)
    return planned + timedelta(hours=int(limit.value)), limit


def _check_limit(until: datetime, latest: datetime, limit: Parameter) -> list[Finding]:
    if until <= latest:
        return []
    return [
        Finding(
            rule=limit.rules[0],
            article=limit.article,
            field="until",
            message=f"解密时间累计最多延长 {limit.value:f} 小时，最晚至 {moment(latest)}。",
            actual=moment(until),
            required=f"不晚于 {moment(latest)}",
        )
    ]
