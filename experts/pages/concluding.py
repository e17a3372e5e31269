"""Pages of summary and report: what all members see together once all have locked."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from experts import evaluation, reporting, sessions
from experts.pages.desks import heading_of, own_desk
from experts.pages.parts import SCORE_GROUPS
from experts.report import sections_of
from experts.seats import list_sitting
from experts.session_queries import Desk
from experts.summary import Summary, formula_of, words_of
from experts.vocabulary import SessionState
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.filters import money
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.pages.common import Form, attempt, require_agreement, texts_of
from trading.pages.room import FormData

_ALARMS = {
    "objective_differs": "客观分不一致",
    "subjective_far": "主观分偏离平均值 20% 以上",
    "total_wrong": "总分与复算不符",
}


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member in a list."""

    code: str
    locked: bool


@dataclass(frozen=True, slots=True)
class RankRow:
    """A line of the ranking."""

    name: str
    price: int
    price_points: str
    parts: list[str]
    total: str
    rank: str


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A member's sums by bid."""

    member: str
    values: list[str]


@dataclass(frozen=True, slots=True)
class SignerRow:
    """A member under the report."""

    code: str
    role: str
    signed_at: datetime | None
    dissent: str


@get("/e/tasks/{call_id:uuid}/summary", guards=[permits("session.review")], include_in_schema=False)
async def summary_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID) -> Response[str]:
    """Show the summary once all have locked, and until then who is still scoring."""
    return await _show_summary(request, tx, actor, call_id, Form())


@post("/e/tasks/{call_id:uuid}/summary", guards=[permits("session.review")], include_in_schema=False)
async def summary_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, data: FormData
) -> Response[Any]:
    """Confirm the summary as the chair."""
    desk, form = await own_desk(tx, actor, call_id), Form(texts_of(data))
    if require_agreement(form):
        explanation = str(form.values.get("explanation", ""))
        await attempt(tx, form, lambda: reporting.confirm_summary(tx, actor, desk.session.id, explanation))
    if form.errors:
        return await _show_summary(request, tx, actor, call_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/e/tasks/{call_id}/report"})


@post("/e/tasks/{call_id:uuid}/chair", guards=[permits("session.review")], include_in_schema=False)
async def chair_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, data: FormData
) -> Response[Any]:
    """Vote for the chair."""
    desk, form = await own_desk(tx, actor, call_id), Form(texts_of(data))
    seat = str(form.values.get("seat", ""))
    if not (seat.isascii() and seat.isdecimal() and len(seat) < 4):
        form.errors["seat"] = "请选择一名成员。"
    else:
        await attempt(tx, form, lambda: sessions.vote_chair(tx, actor, desk.session.id, int(seat)))
    if form.errors:
        return await _show_summary(request, tx, actor, call_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/e/tasks/{call_id}/summary"})


async def _show_summary(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, form: Form, status: int = 200
) -> Response[str]:
    desk = await own_desk(tx, actor, call_id)
    shown = desk.state in (SessionState.SUMMARY, SessionState.SIGNING, SessionState.CLOSED)
    page = await heading_of(tx, actor, call_id, desk, form) | {
        "waiting": 0 if shown else max(1, sum(not member.scores_locked for member in desk.members)),
        "members": [MemberRow(member.code, member.scores_locked) for member in desk.members],
        "chair": desk.session.chair_seat == desk.member.seat,
        "chair_seat": desk.session.chair_seat,
        "seats": [("", "请选择"), *((str(member.seat), member.code) for member in desk.members)],
        "confirmed_at": desk.session.summarised_at,
    }
    if shown:
        sheets = {member.code: sheet for member, sheet in await _sheets(tx, desk)}
        page |= _summary(desk, await reporting.load_summary(tx, desk.session), sheets)
    return render_page(request, "experts/summary.html", {"page": page}, status=status, now=tx.now)


async def _sheets(tx: Tx, desk: Desk) -> list[tuple[Any, dict[UUID, dict[str, Decimal]]]]:
    return [(member, await evaluation.sheet_of(tx, member.id)) for member in await list_sitting(tx, desk.committee.id)]


def _summary(desk: Desk, summary: Summary, sheets: dict[str, dict[UUID, dict[str, Decimal]]]) -> dict[str, Any]:
    names = {bid.bid_id: bid.bidder_name for bid in desk.bids}
    groups = [(key, name) for key, name in SCORE_GROUPS.items() if any(i.group == key for i in desk.lot.criteria)]
    order = [item.total.bid for item in summary.ranks]
    rule = summary.prices.rule
    return {
        "formula": words_of(rule),
        "formula_tex": formula_of(rule),
        "base_price": f"{money(summary.prices.benchmark.fen)} 元",
        "recompute": [("满分", f"{rule.full:f} 分"), ("舍入", "四舍五入到 0.01")],
        "heads": [(name, "num") for _, name in groups],
        "member_heads": ["成员", *((names[bid][:6], "num") for bid in order)],
        "rows": [
            RankRow(
                name=names[item.total.bid],
                price=item.total.price.fen,
                price_points=f"{item.total.price_score:.2f}",
                parts=[f"{summary.parts[item.total.bid][key]:.2f}" for key, _ in groups],
                total=f"{item.total.total:.2f}",
                rank=str(item.rank),
            )
            for item in summary.ranks
        ],
        "scores": [
            SheetRow(member, [f"{sum(sheet[bid].values(), Decimal(0)):.2f}" for bid in order])
            for member, sheet in sheets.items()
        ],
        "alarms": [
            (
                "warn",
                _ALARMS[alarm.kind.value],
                f"{names[alarm.bid]} · {alarm.criterion}" + (f" · {alarm.member}" if alarm.member else ""),
            )
            for alarm in summary.alarms
        ]
        or [("ok", "未发现不一致", "客观分一致，主观分无畸高畸低")],
    }


@get("/e/tasks/{call_id:uuid}/report", guards=[permits("report.sign")], include_in_schema=False)
async def report_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID) -> Response[str]:
    """Show the report to sign, or the signed one."""
    desk = await own_desk(tx, actor, call_id)
    report = desk.session.report
    if report is None or desk.session.report_digest is None:
        raise NotFound("评标委员会负责人确认汇总后，生成评标报告。")
    final = desk.state is SessionState.CLOSED
    page = await heading_of(tx, actor, call_id, desk, Form()) | {
        "sections": sections_of(report),
        "ranked": [
            RankRow(row["bidder"], _fen(row["price"]), row["price_score"], [], row["total"], str(row["rank"]))
            for row in report["ranking"][:3]
        ],
        "members": [
            SignerRow(
                member.code,
                "组长" if member.seat == desk.session.chair_seat else "成员",
                member.signed_at,
                member.dissent,
            )
            for member in desk.members
        ],
        "signed": desk.member.signed_at is not None,
        "final": final,
        "pdf_href": f"/api/v1/lots/{desk.lot.id}/evaluation-report.pdf" if final else "",
        "digest": b64u_encode(desk.session.report_digest),
    }
    return render_page(request, "experts/report.html", {"page": page}, now=tx.now)


def _fen(price: str) -> int:
    return int(Decimal(price) * 100)


HANDLERS: list[Any] = [summary_page, summary_form, chair_form, report_page]
