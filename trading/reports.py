"""Take the committee's report over from `experts`, and read it: a snapshot that nothing changes afterwards.

Law: 条例 53 (R-THR-11, R-EVAL-08).
"""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.identity.actor import Actor
from kernel.log.writer import record
from trading.evaluation_report import EvaluationReport, RankedBid
from trading.findings import require_lawful
from trading.legal import law_of_project
from trading.models.award import RankedBid as RankedBidRow
from trading.models.award import Report
from trading.models.project import Lot, Project
from trading.progress import advance_by_system
from trading.thresholds import check_candidate_count
from trading.vocabulary import EvaluationMethod, Limit


@dataclass(frozen=True, slots=True)
class ReportView:
    """The report as it was received.

    Attributes:
        ranked: best first.
        candidates: those whom the law lets be candidates (R-THR-11).
        rejected: `bidder_id`, `bidder_name`, `reason`, `article` of each rejected bid.
    """

    lot_id: uuid.UUID
    method: EvaluationMethod
    ranked: tuple[RankedBid, ...]
    candidates: tuple[RankedBid, ...]
    rejected: tuple[dict[str, Any], ...]
    digest: str
    file_id: uuid.UUID | None
    signed_at: datetime
    received_at: datetime


async def receive_evaluation_report(tx: Tx, actor: Actor, report: EvaluationReport) -> None:
    """Keep the signed report of a lot; the evaluation is over.

    Raises:
        NotFound: no such lot.
        MoveNotAllowed: the lot is not being evaluated.
        InvalidInput: ranks are not 1, 2, 3 …, or a bid is in it twice.
        RuleBroken: it names no candidate.
    Effects:
        rows in `trading_report` and `trading_ranked_bid`; entry `evaluation.reported`, restricted: names and prices
        become public with the publicity.
    Source:
        R-EVAL-08, R-THR-11
    """
    query = select(Lot, Project).join(Project, Project.id == Lot.project_id).where(Lot.id == report.lot_id)
    row = (await tx.session.execute(query.with_for_update(of=Lot))).one_or_none()
    if row is None:
        raise NotFound
    lot, project = row
    rules = await advance_by_system(tx, lot, "sign_report")

    _require_sound(report)
    law = await law_of_project(tx, project)
    shown = min(len(report.ranked), law.count(Limit.MAX_CANDIDATES))
    finding = check_candidate_count(shown, law)
    require_lawful([finding] if finding else ())

    kept = Report(
        id=tx.new_id(),
        lot_id=lot.id,
        method=report.method.value,
        rejected=[_plain(asdict(item)) for item in report.rejected],
        digest=report.report_digest,
        file_id=report.file_id,
        signed_at=report.signed_at,
        received_at=tx.now,
    )
    tx.session.add(kept)
    await tx.session.flush()  # the bids refer to it
    tx.session.add_all(
        RankedBidRow(id=tx.new_secret_id(), report_id=kept.id, lot_id=lot.id, **asdict(bid)) for bid in report.ranked
    )
    await tx.session.flush()  # queries of the same act read them

    facts = {"report": report.report_digest, "method": report.method.value, "rules": rules.split()}
    await record(tx, actor, "evaluation.reported", facts, subject=lot.id)


async def load_report(tx: Tx, lot_id: uuid.UUID, most_candidates: int = 3) -> ReportView:
    """Return the report of a lot.

    Raises:
        NotFound: there is none yet.
    """
    found = await find_report(tx, lot_id, most_candidates)
    if found is None:
        raise NotFound("评标报告尚未提交。")
    return found


async def find_report(tx: Tx, lot_id: uuid.UUID, most_candidates: int = 3) -> ReportView | None:
    """Return the report of a lot, or None."""
    report = await tx.fetchrow(
        "SELECT method, rejected, digest, file_id, signed_at, received_at FROM trading_report WHERE lot_id = $1", lot_id
    )
    if report is None:
        return None
    rows = await tx.fetch(
        "SELECT bid_id, bidder_id, bidder_name, price_fen, score, rank, details FROM trading_ranked_bid"
        " WHERE lot_id = $1 ORDER BY rank NULLS LAST, bidder_name",
        lot_id,
    )
    ranked = tuple(RankedBid(*row) for row in rows)
    return ReportView(
        lot_id=lot_id,
        method=EvaluationMethod(report["method"]),
        ranked=ranked,
        candidates=ranked[:most_candidates],
        rejected=tuple(report["rejected"]),
        digest=report["digest"],
        file_id=report["file_id"],
        signed_at=report["signed_at"],
        received_at=report["received_at"],
    )


def _require_sound(report: EvaluationReport) -> None:
    bids = [item.bid_id for item in report.ranked] + [item.bid_id for item in report.rejected]
    ranks = [item.rank for item in report.ranked]
    if len(set(bids)) != len(bids):
        raise InvalidInput("评标报告中同一份投标文件出现了两次。", [("ranked", "重复的投标文件")])
    if ranks != list(range(1, len(ranks) + 1)) and ranks != [None] * len(ranks):
        raise InvalidInput("评标报告的排名应当从 1 起连续编号。", [("ranked", "排名不连续")])


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {name: str(item) if isinstance(item, uuid.UUID) else item for name, item in value.items()}
