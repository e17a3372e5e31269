"""Between two envelopes: the technical evaluation is concluded, and the second step of the opening begins.

Nobody may open a price envelope before it is on record, for everybody, who passed the technical part. Whoever did not
pass keeps a sealed envelope: no key of it is ever asked for, so that it needs no giving back but a word
(docs/adr/0015-two-envelopes.md).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from bidding.closing import notify
from bidding.ending import require_not_ended
from bidding.keysets import require_published_keyset
from bidding.models.opening import TechnicalResult
from bidding.objection_reading import list_opening_objections
from bidding.turns import find_conclusion, find_turn
from bidding.vocabulary import BidState, OpeningStage
from kernel.canonical import format_time
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, TooEarly
from kernel.identity import policy
from kernel.identity.actor import Actor, system_actor
from kernel.log.writer import record_detail
from kernel.web.filters import moment
from trading import facade as trading
from trading.lot_view import LotView

#: More than this is no reason but an essay.
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the technical evaluation came to for one bid.

    Attributes:
        bidder: the pseudonym.
        reason: why it did not pass; published.
    """

    bidder: str
    passed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How the technical evaluation ended, as everybody sees it.

    Attributes:
        verdicts: every bid whose first envelope was opened.
    """

    verdicts: tuple[Verdict, ...]
    at: Any


async def conclude_technical(tx: Tx, actor: Actor, lot_id: uuid.UUID, verdicts: Sequence[Verdict]) -> None:
    """Put on record who passed the technical part, before any price is known. It cannot be done twice.

    Whoever runs the tender does it on the committee's report. Where nobody passed the lot fails, and all second
    envelopes stay sealed.

    Raises:
        NotFound: no such lot, or not one of the actor's.
        Conflict: the lot has no second envelope, is not at this point, or has a conclusion already.
        TooEarly: first envelopes are still being decrypted, or an objection is not answered.
        InvalidInput: not every bid has its verdict, or one that did not pass has no reason.

    Effects:
        one row in `bidding_technical_result`; bids that did not pass are NOT_PASSED; public entry
        `bid.technical-concluded`; if none passed the lot has failed.
    Source:
        R-ET-06, R-FAIL-02
    """
    await _access(tx, actor, lot_id)
    lot = await trading.lock_lot(tx, lot_id)
    await _hold_between(tx, lot_id)
    if await find_conclusion(tx, lot_id) is not None:
        raise Conflict("技术评审结果已经公布，不能更改。")
    if await count_closed_first_files(tx, lot_id):
        raise TooEarly("第一信封的文件仍在解密，请在全部完成后公布技术评审结果。")
    if any(one.answer is None for one in await list_opening_objections(tx, lot_id)):
        raise TooEarly("有开标异议尚未答复。请当场答复后再公布技术评审结果（招标投标法实施条例第四十四条）。")
    bids = await list_first_opened(tx, lot_id)
    found = _require_complete(verdicts, set(bids))

    detail = {
        "v": 1,
        "type": "bid.technical-concluded",
        "tender": lot.tender,
        "lot": lot.number,
        "verdicts": [
            {"bidder": one.bidder, "passed": one.passed, "reason": "" if one.passed else one.reason.strip()}
            for one in found
        ],
        "at": format_time(tx.now),
    }
    entry = await record_detail(tx, "bid.technical-concluded", detail, subject=lot_id, visibility="public")
    tx.session.add(
        TechnicalResult(
            lot_id=lot_id,
            verdicts=detail["verdicts"],
            concluded_by=actor.account_id,
            concluded_at=tx.now,
            entry_id=entry.entry_id,
        )
    )
    await tx.session.execute(
        text("UPDATE bidding_bid SET state = :state WHERE id = ANY(:bids)"),
        {"state": BidState.NOT_PASSED.value, "bids": [bids[one.bidder] for one in found if not one.passed]},
    )
    if not any(one.passed for one in found):
        await _fail(tx, lot_id)
    await _tell(
        tx, lot, BidState.NOT_PASSED, "未通过技术评审", "第二信封不予开启，保持密封，视同原封退还。理由见技术评审结果。"
    )
    await notify(tx, lot_id)


async def open_second(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> None:
    """Begin the second step: those who passed release the keys of their second envelope, in a window of their own.

    Raises:
        NotFound: no such lot, or not one of the actor's.
        Conflict: the lot is not at this point, or has ended.
        TooEarly: it is not on record yet who passed.

    Effects:
        the opening's second step runs; public entry `bid.second-opening`.
    Source:
        R-ET-06
    """
    await _access(tx, actor, lot_id)
    await require_not_ended(tx, lot_id)
    await _hold_between(tx, lot_id)
    lot = await trading.get_lot(tx, lot_id)
    if await find_conclusion(tx, lot_id) is None:
        raise TooEarly("请先公布技术评审结果，再开启第二信封。")
    keyset = await require_published_keyset(tx, lot_id)
    begun = await tx.instant()
    until = begun + timedelta(seconds=keyset.window_s if keyset.policy.takes_bidders else 0)

    detail = {
        "v": 1,
        "type": "bid.second-opening",
        "tender": lot.tender,
        "lot": lot.number,
        "begun_at": format_time(begun),
        "until": format_time(until),
    }
    await record_detail(tx, "bid.second-opening", detail, subject=lot_id, visibility="public")
    await tx.session.execute(
        text(
            "UPDATE bidding_opening SET step = 2, begun_at = :begun, stage = :stage, window_until = :until,"
            " window_closed_at = NULL, window_entry_id = NULL, window_jws = NULL, emergency_reason = NULL"
            " WHERE lot_id = :lot"
        ),
        {"begun": begun, "stage": OpeningStage.RELEASING.value, "until": until, "lot": lot_id},
    )
    await _tell(
        tx,
        lot,
        BidState.FIRST_OPENED,
        "开启第二信封",
        f"请在 {moment(until)} 前解密第二信封；逾期未解密的，视为撤销投标文件。",
    )
    await notify(tx, lot_id)


async def find_conclusion_view(tx: Tx, lot_id: uuid.UUID) -> Conclusion | None:
    """Return how the technical evaluation ended; None before."""
    row = await find_conclusion(tx, lot_id)
    if row is None:
        return None
    return Conclusion(tuple(Verdict(**verdict) for verdict in row.verdicts), row.concluded_at)


async def count_closed_first_files(tx: Tx, lot_id: uuid.UUID) -> int:
    """Return how many files of opened first envelopes are not decrypted yet."""
    query = text(
        "SELECT count(*) FROM bidding_bid b JOIN bidding_submission s ON s.digest = b.head"
        " JOIN bidding_document d ON d.submission_id = s.id"
        " WHERE b.lot_id = :lot AND b.state = :state AND d.slot = ANY(:names)"
        " AND NOT EXISTS (SELECT 1 FROM bidding_step t WHERE t.bid_id = b.id AND t.slot = d.slot AND t.step = 'plain')"
    )
    names = sorted((await find_turn(tx, lot_id)).steps[0])
    values = {"lot": lot_id, "state": BidState.FIRST_OPENED.value, "names": names}
    return int((await tx.session.execute(query, values)).scalar_one())


async def list_first_opened(tx: Tx, lot_id: uuid.UUID) -> dict[str, uuid.UUID]:
    """Return pseudonym → bid of those whose first envelope is open and good."""
    rows = await tx.session.execute(
        text(
            "SELECT i.pseudonym, b.id FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
            " WHERE b.lot_id = :lot AND b.state = :state ORDER BY i.pseudonym"
        ),
        {"lot": lot_id, "state": BidState.FIRST_OPENED.value},
    )
    return {row.pseudonym: row.id for row in rows}


async def _access(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> None:
    policy.require(actor, "opening.second")
    if not (await trading.get_lot(tx, lot_id)).is_run_by(actor.organisation_id):
        raise NotFound


async def _hold_between(tx: Tx, lot_id: uuid.UUID) -> Row[Any]:
    query = text("SELECT * FROM bidding_opening WHERE lot_id = :lot FOR UPDATE")
    opening = (await tx.session.execute(query, {"lot": lot_id})).one_or_none()
    if opening is None or len((await find_turn(tx, lot_id)).steps) < 2:
        raise Conflict("本标段没有等待开启的第二信封。")
    if opening.stage != OpeningStage.FIRST_OPENED:
        raise Conflict("本标段现在不能进行这一步：第一信封尚未开启，或者第二信封已在开启。")
    return opening


def _require_complete(verdicts: Sequence[Verdict], bidders: set[str]) -> list[Verdict]:
    faults = []
    given = [one.bidder for one in verdicts]
    if set(given) != bidders or len(given) != len(bidders):
        faults.append(("verdicts", "请对第一信封已开启的每个投标逐一作出结论。"))
    for one in verdicts:
        if not one.passed and not one.reason.strip():
            faults.append((f"reason-{one.bidder}", "请写明未通过技术评审的理由。"))
        if len(one.reason.strip()) > MAX_REASON:
            faults.append((f"reason-{one.bidder}", f"理由最多 {MAX_REASON} 字。"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    return sorted(verdicts, key=lambda one: one.bidder)


async def _fail(tx: Tx, lot_id: uuid.UUID) -> None:
    await tx.session.execute(
        text("UPDATE bidding_opening SET stage = :failed WHERE lot_id = :lot"),
        {"failed": OpeningStage.FAILED.value, "lot": lot_id},
    )
    await trading.declare_failed(
        tx, system_actor(), lot_id, "没有投标通过技术评审，第二信封不予开启，保持密封，依法重新招标。"
    )


async def _tell(tx: Tx, lot: LotView, state: BidState, title: str, said: str) -> None:
    """Put a message into the inbox of the bidders whose bids are in a state."""
    rows = await tx.session.execute(
        text(
            "SELECT i.organisation_id FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
            " WHERE b.lot_id = :lot AND b.state = :state ORDER BY i.pseudonym"
        ),
        {"lot": lot.id, "state": state.value},
    )
    href = f"/b/lots/{lot.id}/opening"
    await trading.tell(tx, rows.scalars(), lot.id, kind="result", title=f"{lot.title}：{title}", text=said, href=href)
