"""The room of a lot for its own parties: overview and plan of dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.periods import legal_date
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.desk_reading import list_dues
from trading.drafts import PlanDraft
from trading.findings import Finding
from trading.legal import law_of
from trading.lot_view import LotView
from trading.models.plan import Plan
from trading.pages.common import (
    SECRECY,
    ActRow,
    Form,
    TodoRow,
    act_row,
    attempt,
    heading_of,
    moment_of,
    said,
    texts_of,
    todo_row,
    written,
)
from trading.pages.track import Track, track_of
from trading.papers import PaperRow, list_papers
from trading.plan import Moved, latest_dates, moved_days
from trading.plan import propose_plan as earliest_plan
from trading.plans import propose_plan
from trading.progress import access_lot
from trading.projects import judge_project
from trading.queries import get_lot
from trading.reports import find_report
from trading.standing import LimitRow, Step, limits_of, over, stages_of, state_of
from trading.thresholds import Mandate
from trading.timeline import list_timeline

FormData = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]


async def own_lot(tx: Tx, actor: Actor, lot_id: UUID) -> LotView:
    """Return a lot of the actor's own.

    Raises:
        NotFound: absent, or somebody else's.
    """
    await access_lot(tx, actor, lot_id)
    return await get_lot(tx, lot_id)


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """A page whose turn has not come."""

    base: str
    title: str
    number: str
    lot_no: str
    active: str
    heading: str
    why: str


def show_waiting(
    request: Request[Any, Any, Any], tx: Tx, lot: LotView, active: str, heading: str, why: str
) -> Response[str]:
    """Show a page of the room whose turn has not come."""
    page = WaitingPage(**heading_of(lot, f"/a/lots/{lot.id}"), active=active, heading=heading, why=why)
    return render_page(request, "trading/waiting.html", {"page": page}, now=tx.now)


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A trustee."""

    role: str
    name: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class RoomPage:
    """The overview of a lot's room."""

    base: str
    title: str
    number: str
    lot_no: str
    over: str
    state: tuple[str, str]
    stages: list[Step]
    todos: list[TodoRow]
    limits: list[LimitRow]
    actions: list[tuple[str, str]]
    deadline: datetime | None
    withheld: str
    facts: list[tuple[str, str]]
    acts: list[ActRow]
    trustees: list[SeatRow]
    papers: list[PaperRow]
    mandate: Mandate | None


@get("/a/lots/{lot_id:uuid}", guards=[permits("lot.room")], include_in_schema=False)
async def room(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show where the lot stands and what is due."""
    _, project = await access_lot(tx, actor, lot_id)
    lot = await get_lot(tx, lot_id)
    base = f"/a/lots/{lot.id}"
    events = await list_timeline(tx, actor, lot)
    report = await find_report(tx, lot.id)
    law = await law_of(tx, lot.regime, lot.registered_at)
    dues = await list_dues(tx, lot)
    accepted = [event for event in events if event.type == "keyset.accepted"]
    page = RoomPage(
        **heading_of(lot, base),
        over=over(lot),
        state=state_of(lot, tx.now),
        stages=stages_of(lot, tx.now),
        todos=[todo_row(base, due, tx.now) for due in dues],
        limits=limits_of(lot, law, tx.now, report.received_at if report else None),
        actions=[(due.text, base + due.href) for due in dues[:1]] + [("公开页面", f"/lots/{lot.id}")],
        deadline=lot.deadline if lot.published_at and not lot.closed_at else None,
        withheld=SECRECY if lot.opened_at is None else "",
        facts=_facts(lot),
        acts=[act_row(event) for event in reversed(events)][:20],
        trustees=[SeatRow(str(event.facts.get("role", "")), event.who, True) for event in accepted],
        papers=await list_papers(tx, actor, lot),
        mandate=await judge_project(tx, project),
    )
    return render_page(request, "trading/room.html", {"page": page}, now=tx.now)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A date that follows from the plan."""

    on: date
    what: str
    law: str


@dataclass(frozen=True, slots=True)
class PlanPage:
    """The plan of dates."""

    base: str
    title: str
    number: str
    lot_no: str
    form: Form
    findings: tuple[Finding, ...]
    limits: list[LimitRow]
    accepted_at: datetime | None
    locked: bool
    calendar: list[Milestone]
    moved: list[Moved]
    track: Track | None


@get("/a/lots/{lot_id:uuid}/plan", guards=[permits("plan.propose")], include_in_schema=False)
async def plan_page(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, begin: str = ""
) -> Response[str]:
    """Show the plan that holds, an empty form, or the earliest lawful plan from a first day that is given.

    Args:
        begin: when documents are first handed out; fills the form and keeps nothing.
    """
    lot = await own_lot(tx, actor, lot_id)
    names = ("documents_from", "documents_to", "deadline", "opening_at")
    form, moved = Form({name: written(getattr(lot, name)) for name in names}), []
    first = None
    if begin and lot.published_at is None:
        form.values["begin"] = begin
        first = moment_of(form, "begin", "招标文件开始发出的时间")
    if first is not None:
        law = await law_of(tx, lot.regime, lot.registered_at)
        plan = earliest_plan(first, law, lot.definition)
        form.values |= {name: written(getattr(plan, name)) for name in names}
        moved = moved_days(first, law, lot.definition)
    return await _show_plan(request, tx, lot, form, moved=moved)


@post("/a/lots/{lot_id:uuid}/plan", guards=[permits("plan.propose")], include_in_schema=False)
async def plan_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Propose a plan; a refused one is shown again with what broke which article, and is on record."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    begin = moment_of(form, "documents_from", "招标文件发售开始时间")
    end = moment_of(form, "documents_to", "招标文件发售结束时间")
    deadline = moment_of(form, "deadline", "投标截止时间")
    opening = moment_of(form, "opening_at", "开标时间") if form.values.get("opening_at") else deadline
    if begin is None or end is None or deadline is None or opening is None:
        return await _show_plan(request, tx, lot, form, status=422)
    draft = PlanDraft(documents_from=begin, documents_to=end, deadline=deadline, opening_at=opening)
    outcome = await attempt(tx, form, lambda: propose_plan(tx, actor, lot_id, draft))
    if outcome is None or not outcome.accepted or outcome.findings:
        findings = outcome.findings if outcome else ()
        status = 200 if outcome and outcome.accepted else 422
        return await _show_plan(request, tx, await get_lot(tx, lot_id), form, findings, status)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/plan"})


async def _show_plan(
    request: Request[Any, Any, Any],
    tx: Tx,
    lot: LotView,
    form: Form,
    findings: tuple[Finding, ...] = (),
    status: int = 200,
    moved: Sequence[Moved] = (),
) -> Response[str]:
    law = await law_of(tx, lot.regime, lot.registered_at)
    held = select(Plan.proposed_at).where(Plan.lot_id == lot.id, Plan.accepted).order_by(Plan.no.desc()).limit(1)
    calendar = []
    if lot.deadline is not None:
        calendar = [
            Milestone(item.day, item.label, item.article) for item in latest_dates(lot.deadline, law, lot.definition)
        ]
        calendar.append(Milestone(legal_date(lot.deadline), "投标截止、开标", "《中华人民共和国招标投标法》第三十四条"))
    page = PlanPage(
        **heading_of(lot, f"/a/lots/{lot.id}"),
        form=form,
        findings=findings,
        limits=limits_of(lot, law, tx.now) if lot.deadline else [],
        accepted_at=(await tx.session.execute(held)).scalar_one_or_none(),
        locked=lot.published_at is not None,
        calendar=calendar,
        moved=list(moved),
        track=track_of(lot, law),
    )
    return render_page(request, "trading/plan.html", {"page": page}, status=status, now=tx.now)


def _facts(lot: LotView) -> list[tuple[str, str]]:
    cap = f"{Money(lot.price_cap_fen).grouped} 元" if lot.price_cap_fen else "不设"
    return [
        ("招标人", lot.procuring_entity_name),
        ("招标代理", lot.agency_name),
        ("最高限价", cap),
        ("评标办法", over(lot).rpartition(" · ")[2]),
        ("招标文件", f"{said(lot.documents_from)} 起"),
        ("投标截止", said(lot.deadline)),
    ]


HANDLERS = [room, plan_page, plan_form]
