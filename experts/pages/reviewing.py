"""Pages of review and scores: each member's own. What is signed is signed in the browser."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from experts import evaluation
from experts.evaluation import Points
from experts.pages.desks import bidders_of, heading_of, own_desk
from experts.pages.parts import REVIEW_GROUPS, SCORE_GROUPS, Group
from experts.review import Mark
from experts.vocabulary import SessionState, Verdict
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.pages.common import Form, attempt, texts_of
from trading.pages.room import FormData


@dataclass(frozen=True, slots=True)
class Cell:
    """A verdict in the grid."""

    verdict: str
    reason: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A document."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """A line of the score grid."""

    code: str
    name: str
    max: str
    step: str
    hint: str
    evidence: str


@get("/e/tasks/{call_id:uuid}/review", guards=[permits("session.review")], include_in_schema=False)
async def review_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID) -> Response[str]:
    """Show the preliminary review."""
    return await _show_review(request, tx, actor, call_id, Form())


@post("/e/tasks/{call_id:uuid}/review", guards=[permits("session.review")], include_in_schema=False)
async def review_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, data: FormData
) -> Response[Any]:
    """Keep verdicts."""
    desk, form = await own_desk(tx, actor, call_id), Form(texts_of(data))
    marks = [
        Mark(bid.bid_id, item.code, Verdict(verdict), str(form.values.get(f"r-{item.code}-{bid.bid_id}", "")))
        for bid in desk.bids
        for item in desk.lot.review_items
        if (verdict := form.values.get(f"v-{item.code}-{bid.bid_id}")) in ("pass", "fail")
    ]
    await attempt(tx, form, lambda: evaluation.save_reviews(tx, actor, desk.session.id, marks))
    if form.errors:
        return await _show_review(request, tx, actor, call_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/e/tasks/{call_id}/review"})


async def _show_review(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, form: Form, status: int = 200
) -> Response[str]:
    desk = await own_desk(tx, actor, call_id)
    kept = {(mark.bid, mark.item): mark for mark in desk.marks}
    cells: dict[str, Cell] = {}
    for bid in desk.bids:
        for item in desk.lot.review_items:
            mark = kept.get((bid.bid_id, item.code))
            verdict = form.values.get(f"v-{item.code}-{bid.bid_id}", mark.verdict.value if mark else "")
            reason = form.values.get(f"r-{item.code}-{bid.bid_id}", mark.reason if mark else "")
            cells[f"{item.code}.{bid.bid_id}"] = Cell(str(verdict), str(reason))
    outcome = desk.session.outcome or {}
    names = {row.id: row.code for row in bidders_of(desk)}
    page = await heading_of(tx, actor, call_id, desk, form) | {
        "bidders": bidders_of(desk),
        "groups": [
            Group(key, name, [item for item in desk.lot.review_items if item.group == key])
            for key, name in REVIEW_GROUPS.items()
            if any(item.group == key for item in desk.lot.review_items)
        ],
        "cells": cells,
        "locked_at": desk.member.review_locked_at,
        "filled": len(desk.marks),
        "total": len(cells),
        "documents": [
            Link(f"投标人{row.code} · {row.name}", f"/api/v1/sessions/{desk.session.id}/bids/{row.id}/file")
            for row in bidders_of(desk)
        ],
        "discussion": [
            Text(f"{item['name']}（投标人{names[item['bid']]}）：{item['pass']} 人符合，{item['fail']} 人不符合")
            for item in outcome.get("split", [])
        ],
    }
    return render_page(request, "experts/review.html", {"page": page}, status=status, now=tx.now)


@get("/e/tasks/{call_id:uuid}/score", guards=[permits("session.review")], include_in_schema=False)
async def score_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID) -> Response[str]:
    """Show the score grid."""
    return await _show_scores(request, tx, actor, call_id, Form())


@post("/e/tasks/{call_id:uuid}/score", guards=[permits("session.review")], include_in_schema=False)
async def score_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, data: FormData
) -> Response[Any]:
    """Keep points."""
    desk, form = await own_desk(tx, actor, call_id), Form(texts_of(data))
    given = [
        Points(bid, item.code, str(text))
        for bid in desk.valid
        for item in desk.lot.criteria
        if (text := form.values.get(f"{item.code}.{bid}"))
    ]
    await attempt(tx, form, lambda: evaluation.save_scores(tx, actor, desk.session.id, given))
    if form.errors:
        return await _show_scores(request, tx, actor, call_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/e/tasks/{call_id}/score"})


async def _show_scores(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, call_id: UUID, form: Form, status: int = 200
) -> Response[str]:
    desk = await own_desk(tx, actor, call_id)
    if desk.state in (SessionState.CHECK_IN, SessionState.REVIEW):
        raise NotFound("全部成员提交初步评审意见后，开始评分。")
    scored = [item for item in desk.lot.criteria if item.kind != "price"]
    cells = {
        f"{item.code}.{bid}": str(
            form.values.get(f"{item.code}.{bid}", _written(desk.sheet.get(bid, {}).get(item.code)))
        )
        for item in scored
        for bid in desk.valid
    }
    total = sum((Decimal(item.max) for item in scored), Decimal(0))
    page = await heading_of(tx, actor, call_id, desk, form) | {
        "subtitle": f"满分 {total.normalize():f} 分，价格分由系统计算",
        "bidders": bidders_of(desk, desk.valid),
        "groups": [
            Group(
                key,
                f"{name}（{sum((Decimal(item.max) for item in scored if item.group == key), Decimal(0)):f} 分）",
                [
                    CriterionRow(item.code, item.name, item.max, "0.01", item.hint, item.evidence)
                    for item in scored
                    if item.group == key
                ],
            )
            for key, name in SCORE_GROUPS.items()
            if any(item.group == key for item in scored)
        ],
        "cells": cells,
        "notes": {},
        "save_href": f"/api/v1/sessions/{desk.session.id}/scores",
        "saved_at": tx.now if desk.sheet else None,
        "locked_at": desk.member.scores_locked_at,
        "total": f"{total.normalize():f}",
        "rubric": None,
        "document": None,
    }
    return render_page(request, "experts/score.html", {"page": page}, status=status, now=tx.now)


def _written(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


HANDLERS: list[Any] = [review_page, review_form, score_page, score_form]
