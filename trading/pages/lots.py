"""The public page of a lot: where it stands, every act with its article, every limit."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.drawbook.shelf import list_draws_of
from kernel.money import Money
from kernel.parameters.law import Law
from kernel.web.guards import PUBLIC, actor_of_connection
from kernel.web.render import render_page
from trading.contract_reading import ContractView, find_contract
from trading.documents import list_documents
from trading.legal import law_of
from trading.lot_view import LotView
from trading.objection_reading import list_answered_objections
from trading.objection_rules import word_of
from trading.objections import OUTCOMES
from trading.pages.common import SECRECY, ActRow, NoticeRow, act_row, notice_row
from trading.papers import PaperRow, list_papers
from trading.prequalifying import find_prequalification
from trading.questions import list_answers
from trading.reading import list_notices_of
from trading.reports import ReportView, find_report
from trading.stages import DECIDED
from trading.standing import LimitRow, Step, limits_of, over, stages_of, state_of
from trading.timeline import Event, list_timeline
from trading.visibility import view_lot
from trading.vocabulary import ObjectionOutcome, Stage

_PUBLIC_REPORT = frozenset(
    {Stage.CANDIDATE_PUBLICITY, Stage.PAUSED_RESULT, Stage.AWARD_MEETING, Stage.AWARDED, Stage.RESULT_PUBLISHED}
    | {Stage.NOTICE_SENT, Stage.CONTRACTED, Stage.REPORTED, Stage.BONDS_RETURNED, Stage.ARCHIVED}
)

_DRAW_STATES = {"drawn": ("ok", "可重算"), "void": ("bad", "作废")}


@dataclass(frozen=True, slots=True)
class KeysetRow:
    """The keyset of a lot, as the log has it."""

    k: int
    n: int
    digest: str
    trustees: list[str]
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class DrawRow:
    """A draw of a lot."""

    title: str
    href: str
    word: str
    kind: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document of a lot."""

    name: str
    sub: str
    href: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class BidRow:
    """A bid of a lot after the candidates are public."""

    name: str
    price: int | None
    score: str
    rank: str


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """A question or an objection with its answer, as everybody may read it."""

    anchor: str
    kind: str
    no: int
    text: str
    verdict: str
    answer: str
    at: datetime
    affects: bool


@dataclass(frozen=True, slots=True)
class LotPage:
    """A lot with everything on record."""

    title: str
    number: str
    lot_no: str
    over: str
    state: tuple[str, str]
    stages: list[Step]
    deadline: datetime | None
    facts: list[tuple[str, str, bool]]
    withheld: str
    acts: list[ActRow]
    limits: list[LimitRow]
    notices: list[NoticeRow]
    documents: list[DocumentRow]
    answers: list[AnsweredRow]
    keyset: KeysetRow | None
    draws: list[DrawRow]
    bids: list[BidRow]
    hall_href: str
    bundle_href: str
    first_index: int | None
    last_index: int | None
    papers: list[PaperRow]
    apply_until: datetime | None


@get("/lots/{lot_id:uuid}", opt=PUBLIC, include_in_schema=False)
async def lot_page(request: Request[Any, Any, Any], tx: Tx, lot_id: UUID) -> Response[str]:
    """Show a lot: where it stands, every act with its article, every limit."""
    actor = actor_of_connection(request)
    lot = await view_lot(tx, actor, lot_id)
    events = await list_timeline(tx, actor, lot)
    report = await find_report(tx, lot.id)
    law = await law_of(tx, lot.regime, lot.registered_at)
    indexes = [event.index for event in events if event.index is not None]
    page = LotPage(
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        over=over(lot),
        state=state_of(lot, tx.now),
        stages=stages_of(lot, tx.now),
        deadline=lot.deadline if lot.closed_at is None else None,
        facts=_lot_facts(lot) + _contract_facts(await find_contract(tx, lot.id) if lot.stage in DECIDED else None),
        withheld=SECRECY if lot.opened_at is None else "",
        acts=[act_row(event) for event in events],
        limits=limits_of(lot, law, tx.now, report.received_at if report else None),
        notices=[notice_row(line) for line in await list_notices_of(tx, lot.id)],
        documents=await _documents(tx, lot),
        answers=await _answers(tx, lot, law),
        keyset=_keyset(events, lot),
        draws=await _draws(tx, lot),
        bids=_bids(report) if report and lot.stage in _PUBLIC_REPORT else [],
        hall_href=f"/openings/{lot.id}",
        bundle_href=f"/lots/{lot.id}/bundle.zip" if lot.stage in DECIDED else "",
        first_index=min(indexes, default=None),
        last_index=max(indexes, default=None),
        papers=await list_papers(tx, actor, lot),
        apply_until=await _apply_until(tx, lot),
    )
    return render_page(request, "trading/lot.html", {"page": page}, nav="notices", now=tx.now)


async def _apply_until(tx: Tx, lot: LotView) -> datetime | None:
    """Return until when one may apply for the prequalification; None if there is none open."""
    if not lot.definition.prequalified:
        return None
    found = await find_prequalification(tx, lot.id)
    return found.deadline if found and found.concluded_at is None and tx.now < found.deadline else None


def _lot_facts(lot: LotView) -> list[tuple[str, str, bool]]:
    invented = "".join(lot.provenance.get("invented", ()))
    cap = f"{Money(lot.price_cap_fen).grouped} 元" if lot.price_cap_fen else "不设"
    facts = [
        ("招标人", lot.procuring_entity_name, ""),
        ("招标代理", lot.agency_name, ""),
        ("资金来源", str(lot.funds["description"]), "资金来源"),
        ("联合体", "接受" if lot.consortium_allowed else "不接受", "联合体"),
        ("代理商", "接受" if lot.agents_allowed else "不接受", "代理商"),
        ("数量", str(lot.scope["quantity"]), "数量"),
        ("地点", str(lot.scope["place"]), "地点"),
        ("期限", str(lot.scope["term"]), "交货期"),
        ("最高投标限价", cap, "最高投标限价"),
        ("评标办法", over(lot).rpartition(" · ")[2], "评标办法"),
        ("行政监督", lot.supervising_body, "行政监督"),
    ]
    return [(term, value, bool(mark) and mark in invented) for term, value, mark in facts]


def _contract_facts(contract: ContractView | None) -> list[tuple[str, str, bool]]:
    if contract is None:
        return []
    late = f"（晚于期限 {contract.due_on}）" if contract.late_reason else ""
    return [
        ("合同编号", contract.number, False),
        ("合同金额", f"{Money(contract.amount_fen).grouped} 元", False),
        ("合同订立", f"{contract.signed_on}{late}", False),
    ]


async def _documents(tx: Tx, lot: LotView) -> list[DocumentRow]:
    issued = [item for item in await list_documents(tx, lot.id) if item.issued_at is not None]
    return [
        DocumentRow(item.name, f"第 {item.version} 版，登记投标意向后获取", "", item.size, item.digest.hex())
        for item in issued
    ]


async def _answers(tx: Tx, lot: LotView, law: Law) -> list[AnsweredRow]:
    asked = [
        AnsweredRow(
            f"answer-{item.no}", "提问", item.no or 0, item.text, "", item.answer or "", item.answered_at or tx.now,
            item.affects_bids,
        )
        for item in await list_answers(tx, lot.id)
    ]  # fmt: skip
    objected = [
        AnsweredRow(
            f"objection-{item.no}", word_of(law), item.no or 0, item.text, OUTCOMES[ObjectionOutcome(item.outcome)],
            item.answer or "", item.answered_at or tx.now, item.affects_bids,
        )
        for item in await list_answered_objections(tx, lot.id)
        if item.outcome
    ]  # fmt: skip
    return sorted(asked + objected, key=lambda row: row.at)


def _keyset(events: list[Event], lot: LotView) -> KeysetRow | None:
    accepted = [event for event in events if event.type == "keyset.accepted" and event.facts.get("ks") == lot.keyset]
    if lot.keyset is None or not accepted:
        return None
    roles = [str(event.facts.get("role", "")) for event in sorted(accepted, key=lambda e: e.facts.get("i", 0))]
    return KeysetRow(int(lot.procedure["k"]), len(accepted), lot.keyset, roles, accepted[-1].at)


async def _draws(tx: Tx, lot: LotView) -> list[DrawRow]:
    rows = []
    for id_, purpose, number, state in await list_draws_of(tx, lot.id):
        kind, word = _DRAW_STATES.get(state, ("warn", "进行中"))
        rows.append(DrawRow(f"{purpose} {number}", f"/verify/draws/{id_}", word, kind))
    return rows


def _bids(report: ReportView) -> list[BidRow]:
    ranked = [
        BidRow(item.bidder_name, item.price_fen, item.score, str(item.rank) if item.rank else "")
        for item in report.ranked
    ]
    rejected = [BidRow(item["bidder_name"], None, "", f"否决：{item['reason']}") for item in report.rejected]
    return ranked + rejected


HANDLERS = [lot_page]
