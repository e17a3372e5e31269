"""The page on which a supervisor plans an inspection."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.periods import legal_date
from kernel.web.guards import permits
from kernel.web.render import render_page
from supervision.drafts import PlanDraft, RateDraft
from supervision.inspections import plan
from supervision.items import ITEMS
from supervision.queries import list_inspections
from supervision.register_queries import count_inspectors, count_register, register_changed_at, register_roots
from supervision.sampling import usual_rates
from supervision.vocabulary import KIND_WORDS, REGIME, Credit, TargetKind
from trading.legal import law_of
from trading.pages.common import Form, attempt, texts_of

FormData = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A credit class with its share."""

    key: str
    word: str
    count: int
    rate: str
    minimum: str


@dataclass(frozen=True, slots=True)
class Register:
    """A register as it stands."""

    count: int
    root: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlanPage:
    """The context of `supervision/inspection_new.html`."""

    form: Form
    items: list[tuple[str, str]]
    target_kinds: list[tuple[str, str, str]]
    departments: list[tuple[str, str]]
    classes: list[ClassRow]
    targets: Register
    inspectors: Register
    earlier: int


@get("/s/inspections/new", guards=[permits("inspection.plan")], include_in_schema=False)
async def plan_page(request: Request[Any, Any, Any], tx: Tx) -> Response[str]:
    """Show the empty plan."""
    return await _show(request, tx, Form({"target_kind": "agency", "items": ["GZ-09"], "team": "2", "lead": "1"}))


@post("/s/inspections/new", guards=[permits("inspection.plan")], include_in_schema=False)
async def plan_form(request: Request[Any, Any, Any], tx: Tx, actor: Actor, data: FormData) -> Response[Any]:
    """Lay the plan down; what was typed is kept when something is refused."""
    form = Form(texts_of(data))
    draft = _draft(form)
    inspection_id = None if draft is None else await attempt(tx, form, lambda: plan(tx, actor, draft))
    if inspection_id is None:
        form.errors = {{"starts_on": "from", "ends_on": "until"}.get(k, k): text for k, text in form.errors.items()}
        return await _show(request, tx, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/s/inspections/{inspection_id}"})


def _draft(form: Form) -> PlanDraft | None:
    values = form.values
    start, end = _day(form, "from", "检查开始日期"), _day(form, "until", "检查结束日期")
    items = values.get("items", [])
    team = str(values.get("team", ""))
    if not team.isdecimal():
        form.errors["team"] = "请填写人数。"
    if values.get("target_kind") not in set(TargetKind):
        form.errors["target_kind"] = "请选择检查对象。"
    rates = {}
    for credit in Credit:
        percent, least = str(values.get(f"rate-{credit}", "")), str(values.get(f"minimum-{credit}", "") or "0")
        if not least.isdecimal():
            form.errors[f"minimum-{credit}"] = "请填写整数。"
        elif percent:
            rates[credit] = RateDraft(percent=percent, least=int(least))
    if form.errors or start is None or end is None:
        return None
    return PlanDraft(
        title=str(values.get("title", "")),
        target_kind=TargetKind(values["target_kind"]),
        items=tuple(items if isinstance(items, list) else [items]),
        starts_on=start,
        ends_on=end,
        rates=rates,
        team_size=int(team),
        certified_lead=str(values.get("lead", "1")) != "0",
    )


def _day(form: Form, name: str, label: str) -> date | None:
    try:
        return date.fromisoformat(str(form.values.get(name, "")))
    except ValueError:
        form.errors[name] = f"请填写{label}，例如 2026-08-17。"
        return None


async def _show(request: Request[Any, Any, Any], tx: Tx, form: Form, status: int = 200) -> Response[str]:
    chosen = form.values.get("items", [])
    form.values["items"] = chosen if isinstance(chosen, list) else [chosen]
    kind = form.values.get("target_kind")
    counts = await count_register(tx, TargetKind(kind) if kind in set(TargetKind) else TargetKind.AGENCY)
    rates = usual_rates(await law_of(tx, REGIME, tx.now))
    people, changed = await count_inspectors(tx)
    roots = await register_roots(tx)
    year = f"CQ-{legal_date(tx.now).year}-"
    page = PlanPage(
        form=form,
        items=[(item.code, f"{item.code} {item.name}") for item in ITEMS],
        target_kinds=[(one.value, words, "") for one, words in KIND_WORDS.items()],
        departments=[],
        classes=[
            ClassRow(credit, f"{credit} 级", counts.get(credit, 0), f"{rate.percent.normalize():f}", str(rate.least))
            for credit, rate in rates.items()
        ],
        targets=Register(sum(counts.values()), roots[0], await register_changed_at(tx) or tx.now),
        inspectors=Register(people, roots[1], changed or tx.now),
        earlier=sum(one.number.startswith(year) for one in await list_inspections(tx, most=1000)),
    )
    return render_page(request, "supervision/inspection_new.html", {"page": page}, status=status, now=tx.now)


HANDLERS: list[Any] = [plan_page, plan_form]
