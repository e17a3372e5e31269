"""One inspection as a page: public, for its supervisor, for a contributor of randomness; an inspector has a room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kernel.db.transaction import Tx
from kernel.drawbook.card import PartCard, part_card
from kernel.drawbook.part import find_part
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.log.reader import find_entry
from kernel.periods import legal_date
from kernel.web.filters import day, minute, monthday
from supervision.correction_queries import CorrectionView, list_corrections
from supervision.pages.record_rows import TaskRow, record_row
from supervision.queries import DrawView, InspectionView, PickView, list_picks
from supervision.register_queries import list_contributor_accounts
from supervision.vocabulary import (
    KIND_WORDS,
    OUTCOME_WORDS,
    RESULT_WORDS,
    STAGE_WORDS,
    WRONG,
    Outcome,
    ResultCode,
    Role,
    Stage,
)
from trading.pages.beacons import BeaconOffer, beacon_offer
from trading.pages.common import Form

_ORDER = (Stage.DRAFT, Stage.FROZEN, Stage.COMMITTED, Stage.DRAWN, Stage.ASSIGNED, Stage.RECORDED, Stage.PUBLISHED)
#: Who contributes randomness, by the first word of the party.
PARTY_WORDS = {"supervisor": "行政监督", "centre": "交易中心", "agency": "代理机构"}
STATEMENT = "我确认检查记录已核对，依法应当公开的内容完整"


@dataclass(frozen=True, slots=True)
class PickRow:
    """A drawn object."""

    no: int
    name: str
    class_: str
    team: str
    state: tuple[str, str]
    result: str
    law: str
    href: str


@dataclass(frozen=True, slots=True)
class FreezeRow:
    """The form with which the next draw is frozen."""

    title: str
    contributors: list[tuple[str, str]]
    beacon: BeaconOffer


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """An ordered correction.

    Attributes:
        id: empty once it is checked: nothing is left to do.
        note: what was found.
    """

    id: str
    name: str
    order: str
    due: date
    state: tuple[str, str]
    note: str


@dataclass(slots=True)
class InspectionPage:
    """The context of `supervision/inspection.html`."""

    role: str
    base: str
    no: str
    title: str
    state: tuple[str, str]
    steps: list[tuple[str, str, str]]
    facts: list[tuple[str, str]]
    publish_by: date | None
    published_at: datetime | None
    pdf_href: str
    draw_href: str = ""
    part: PartCard | None = None
    picks: list[PickRow] = field(default_factory=list)
    openable: bool = False
    tasks: list[TaskRow] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)
    freeze: FreezeRow | None = None
    closable: bool = False
    publishable: bool = False
    statement: str = STATEMENT
    form: Form = field(default_factory=Form)
    digest: str = ""
    log_index: int | None = None
    key: str = ""
    rectifications: list[CorrectionRow] = field(default_factory=list)
    correctable: list[tuple[str, str]] = field(default_factory=list)
    withholdable: list[tuple[str, str]] = field(default_factory=list)
    terminable: bool = False


async def public_page(tx: Tx, view: InspectionView) -> InspectionPage:
    """Return what everybody sees: no object and no inspector before publication."""
    page = await frame(tx, view, "public", f"/inspections/{view.id}")
    if view.result is not None:
        page.picks = [_published(line) for line in view.result["results"]]
        named = {line["unit"] for line in view.result["results"] if line["unit"]}
        corrections = [one for one in await list_corrections(tx, view.id) if one.unit in named]
        page.rectifications = [_correction(one, tx, open_to_check=False) for one in corrections]
    return page


async def supervisor_page(
    tx: Tx, view: InspectionView, actor: Actor, form: Form, chosen: UUID | None = None
) -> InspectionPage:
    """Return the supervisor's view with the step that is next, and the record of a chosen object."""
    page = await frame(tx, view, "supervisor", f"/s/inspections/{view.id}", actor)
    page.form = form
    picks = await list_picks(tx, view.id)
    page.picks = [
        pick_row(pick, view, href="" if pick.record is None else f"{page.base}?object={pick.target_id}")
        for pick in picks
    ]
    page.tasks = [_read_only(view, pick) for pick in picks if pick.target_id == chosen and pick.record is not None]
    corrections = await list_corrections(tx, view.id)
    page.rectifications = [_correction(one, tx, open_to_check=True) for one in corrections]
    page.correctable = _correctable(view, picks, corrections)
    page.terminable = view.stage in (Stage.DRAFT, Stage.FROZEN)
    fresh = "commit_by" not in form.values
    if view.stage is Stage.DRAFT:
        people = await list_contributor_accounts(tx)
        page.freeze = FreezeRow(
            "冻结名录与检查对象抽取规则", people, await beacon_offer(tx, form, usual=True, fresh=fresh)
        )
        form.values.setdefault("contributors", [actor.login])
    if view.stage is Stage.DRAWN and view.inspector_draw is None:
        page.freeze = FreezeRow("冻结检查人员选派规则", [], await beacon_offer(tx, form, usual=True, fresh=fresh))
    running = view.running_draw
    if running is not None:
        waiting = any(not one.committed for one in running.contributors)
        page.closable = running.state == "frozen" and not waiting
    page.publishable = view.stage is Stage.RECORDED
    page.withholdable = [(pick.unit, pick.name) for pick in picks] if page.publishable else []
    return page


async def contributor_page(tx: Tx, view: InspectionView, actor: Actor) -> InspectionPage:
    """Return the view of an organisation that contributes randomness.

    Raises:
        NotFound: it does not.
    """
    draws = [draw for draw in (view.target_draw, view.inspector_draw) if draw is not None]
    if not any(one.org == actor.uscc for draw in draws for one in draw.contributors):
        raise NotFound
    return await frame(tx, view, "contributor", f"/s/inspections/{view.id}", actor)


async def frame(tx: Tx, view: InspectionView, role: str, base: str, actor: Actor | None = None) -> InspectionPage:
    """Return what every view of an inspection has."""
    draw = view.inspector_draw or view.target_draw
    page = InspectionPage(
        role=role,
        base=base,
        no=view.number,
        title=view.title,
        state=STAGE_WORDS[view.stage],
        steps=_steps(view),
        facts=_facts(view),
        publish_by=view.publish_by,
        published_at=view.published_at,
        pdf_href="" if view.file_id is None else f"/inspections/{view.id}/paper.pdf",
    )
    if draw is not None:
        page.draw_href = f"/verify/draws/{draw.id}"
        if actor is not None and role != "inspector" and view.stage is not Stage.TERMINATED:
            page.part = await _part(tx, view, draw, actor, base)
        page.digest = draw.spec_hash.hex()
        page.log_index = (await find_entry(tx, draw.spec_entry)).index
    return page


async def _part(tx: Tx, view: InspectionView, draw: DrawView, actor: Actor, base: str) -> PartCard:
    leads = actor.has(Role.SUPERVISOR) and actor.organisation_id == view.organisation_id
    part = await find_part(tx, actor, draw.id, may_close=leads)
    api = f"/api/v1/inspections/{view.id}"
    close_href, void_href = (f"{api}/close", f"{base}/void") if leads else ("", "")
    return part_card(part, PARTY_WORDS, base=api, close_href=close_href, void_href=void_href)


def _steps(view: InspectionView) -> list[tuple[str, str, str]]:
    at = _ORDER.index(view.stage) if view.stage in _ORDER else -1
    frozen = view.target_draw
    drawn = view.inspector_draw
    told = [
        ("冻结名录", minute(frozen.created_at) if frozen else "", 1),
        ("公布承诺", "", 2),
        ("抽取对象", minute(frozen.drawn_at) if frozen and frozen.drawn_at else "", 3),
        ("选派人员", minute(drawn.drawn_at) if drawn and drawn.drawn_at else "", 4),
        ("检查与记录", f"至 {monthday(view.ends_on)}", 5),
        ("公开", f"{monthday(view.publish_by)} 前" if view.publish_by else "20 个工作日内", 6),
    ]
    return [("done" if at >= rank else "now" if at == rank - 1 else "", words, sub) for words, sub, rank in told]


def _facts(view: InspectionView) -> list[tuple[str, str]]:
    rates = "、".join(f"{credit} 级 {rate['percent']}%" for credit, rate in sorted(view.rates.items()))
    facts = [
        ("实施单位", view.organisation),
        ("检查对象", f"{KIND_WORDS[view.kind]}，名录 {view.objects} 个，抽取 {view.picked} 个"),
        ("检查人员", f"名录 {view.inspectors} 人，每个对象 {view.team_size} 人"),
        ("抽取比例", rates),
        ("检查时间", f"{view.starts_on} 至 {view.ends_on}"),
    ]
    facts += [("抽查事项", f"{item['code']} {item['name']}（{item['basis']}）") for item in view.items]
    if view.inspector_draw is not None:
        facts.append(("回避", f"{view.recusals} 对，由公开规则排除"))
    if view.publish_basis:
        facts.append(("公开依据", view.publish_basis))
    return facts


def _published(line: Mapping[str, Any]) -> PickRow:
    kind = "ok" if line["code"] == ResultCode.NO_PROBLEM else "warn"
    name = line["name"] or f"依法不公开（{line['withheld']}）"
    result = line["summary"] or line["result"]
    return PickRow(
        line["no"],
        name,
        f"{line['credit']} 级",
        "、".join(line["team"]),
        (kind, line["result"]),
        result,
        line["basis"],
        "",
    )


def pick_row(pick: PickView, view: InspectionView, href: str = "") -> PickRow:
    """Return a drawn object as it stands before the publication."""
    made = pick.record
    if made is None:
        state = ("info", "待检查")
    elif len(made.signed_by) < view.team_size:
        state = ("warn", f"待签名（{len(made.signed_by)}/{view.team_size}）")
    else:
        state = ("ok", "已检查")
    result = "" if made is None else RESULT_WORDS[ResultCode(made.code)]
    team = "、".join(pick.team) or "尚未打开"
    law = "" if made is None else made.basis
    return PickRow(pick.no, pick.name, f"{pick.credit} 级", team, state, result, law, href)


def _read_only(view: InspectionView, pick: PickView) -> TaskRow:
    items = [(item["code"], item["name"]) for item in view.items]
    made = record_row(view, pick, None)
    return TaskRow(pick.target_id, pick.name, pick.unit, items, made, editable=False, begins=None, form=Form())


def _correction(one: CorrectionView, tx: Tx, *, open_to_check: bool) -> CorrectionRow:
    if one.outcome is not None:
        state = OUTCOME_WORDS[one.outcome]
    else:
        state = ("bad", "已逾期") if legal_date(tx.now) > one.due else ("info", "整改中")
    waits = one.outcome is None and open_to_check
    note = f"{day(one.checked_at)} 复查：{one.finding}" if one.checked_at else ""
    return CorrectionRow(str(one.id) if waits else "", one.name, one.demand, one.due, state, note)


def _correctable(
    view: InspectionView, picks: Sequence[PickView], corrections: Sequence[CorrectionView]
) -> list[tuple[str, str]]:
    """Return the objects whose signed record says that something is wrong and for which no order is open."""
    waiting = {one.target_id for one in corrections if one.outcome is None}
    done = {one.target_id for one in corrections if one.outcome is Outcome.CORRECTED}
    return [
        (str(pick.target_id), f"{pick.name}（{RESULT_WORDS[ResultCode(pick.record.code)]}）")
        for pick in picks
        if pick.record is not None
        and len(pick.record.signed_by) >= view.team_size
        and ResultCode(pick.record.code) in WRONG
        and pick.target_id not in waiting | done
    ]
