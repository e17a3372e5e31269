"""The committee's page for the agency: application, public draw, calls. Names stay masked until evaluation begins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import select

from experts import committee, queries
from experts.api.committees import vault_of
from experts.drafts import CommitteeDraft, NewGroup
from experts.pages.parts import SPECIALITIES, word_of
from experts.pages.tasks import key_of
from experts.queries import CommitteeView
from experts.recusal import Ground
from experts.vocabulary import CallState, CommitteeState
from kernel.canonical import parse_time
from kernel.db.transaction import Tx
from kernel.draw.panel import matches
from kernel.drawbook.models import Contribution, Draw
from kernel.drawbook.shelf import find_draw, list_contributions
from kernel.identity.actor import Actor
from kernel.identity.models import Organisation
from kernel.log.reader import find_entry
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, heading_of, moment_of, texts_of
from trading.pages.room import FormData, own_lot

_GROUNDS = {
    Ground.BIDDER_OR_RELATIVE: "投标人或其负责人的近亲属",
    Ground.DEPARTMENT_STAFF: "主管或监督部门人员",
    Ground.ECONOMIC_INTEREST: "与投标人有利害关系",
    Ground.PUNISHED: "曾受处罚",
    Ground.WITHIN_YEARS: "三年内与供应商有关系",
    Ground.BUYER_OR_AGENCY: "在招标人或代理机构任职",
    Ground.NAMED_UNIT: "申请回避的单位",
    Ground.DECLARED: "本人申报回避",
}
_CALLS = {
    CallState.OUT: ("mute", "待答复"),
    CallState.ACCEPTED: ("ok", "已接受"),
    CallState.REFUSED: ("warn", "不接受，已递补"),
    CallState.NO_ANSWER: ("warn", "未应答，已递补"),
    CallState.RECUSED: ("warn", "回避，已递补"),
}
_PARTY_WORDS = {"agency": "代理机构", "procuring_entity": "招标人", "supervisor": "行政监督"}
LAW = "招标投标法第三十七条"


@dataclass(frozen=True, slots=True)
class SpecRow:
    """The frozen draw."""

    draw_no: str
    draw_href: str
    size: int
    root: str
    frozen_at: datetime
    algorithm: str
    odds: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ContributorRow:
    """A contributor and how far it is."""

    name: str
    role: str
    committed_at: datetime | None
    revealed_at: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A call, masked."""

    no: int
    group: str
    word: str
    kind: str
    name: str
    at: datetime | None


@get("/a/lots/{lot_id:uuid}/committee", guards=[permits("committee.request")], include_in_schema=False)
async def committee_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the committee."""
    form = Form({"members": "5", "cap_employer": "1", "groups-1-count": "4", "groups-2-count": "1", "days": "半天"})
    return await _show(request, tx, actor, await own_lot(tx, actor, lot_id), form)


@post("/a/lots/{lot_id:uuid}/committee", guards=[permits("committee.request")], include_in_schema=False)
async def committee_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Apply for experts."""
    lot, form = await own_lot(tx, actor, lot_id), Form(texts_of(data))
    draft = _draft(form)
    if draft is not None:
        vault = vault_of(services)
        await attempt(tx, form, lambda: committee.request_committee(tx, actor, vault, lot_id, draft))
    for name, field in (("groups", "groups-1-count"), ("committee", "members"), ("begins_at", "begins")):
        if name in form.errors:
            form.errors[field] = form.errors.pop(name)
    if form.errors:
        return await _show(request, tx, actor, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/committee"})


def _draft(form: Form) -> CommitteeDraft | None:
    groups = []
    for number in (1, 2):
        speciality = str(form.values.get(f"groups-{number}-speciality", ""))
        count = str(form.values.get(f"groups-{number}-count", ""))
        if speciality and count.isascii() and count.isdecimal() and 0 < int(count) < 100:
            groups.append(NewGroup(speciality, int(count)))
    total = sum(group.count for group in groups)
    if not groups:
        form.errors["groups-1-count"] = "请至少选择一个专业并填写人数。"
    elif str(form.values.get("members", "")) != str(total):
        form.errors["members"] = f"各专业人数合计 {total} 人，与评标委员会人数不一致。"
    begins = moment_of(form, "begins", "评审开始时间")
    place = str(form.values.get("place", ""))
    if not place:
        form.errors["place"] = "请填写评标场地。"
    if form.errors or begins is None:
        return None
    days = str(form.values.get("days", "")) or "半天"
    return CommitteeDraft(groups=tuple(groups), begins_at=begins, place=place, duration=days)


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot: LotView, form: Form, status: int = 200
) -> Response[str]:
    standing = await queries.find_committee(tx, lot.id)
    page: dict[str, Any] = {
        **heading_of(lot, f"/a/lots/{lot.id}"),
        "stage": "request",
        "form": form,
        "specialities": [("", "请选择"), *((code, f"{word}（{code}）") for code, word in SPECIALITIES.items())],
        "spec": None,
        "excluded": [],
        "contributors": [],
        "commit_by": None,
        "commit_href": "",
        "reveal_href": "",
        "seats": [],
        "law": LAW,
        "statement": "",
        "draw": "",
        "party": "",
        "key": await key_of(tx, actor),
    }
    if standing is not None:
        view = await queries.get_committee(tx, actor, lot.id)
        draw = await find_draw(tx, view.draw_id)
        page |= await _drawn(tx, actor, view, draw, await list_contributions(tx, draw.id))
    return render_page(request, "experts/committee.html", {"page": page}, status=status, now=tx.now)


async def _drawn(tx: Tx, actor: Actor, view: CommitteeView, draw: Draw, given: list[Contribution]) -> dict[str, Any]:
    codes = [item["org"] for item in draw.spec["contributors"]]
    rows = (await tx.session.execute(select(Organisation).where(Organisation.uscc.in_(codes)))).scalars()
    names = {row.uscc: row.name for row in rows}
    by_party = {row.party: row for row in given}
    committed = {row.party: (await find_entry(tx, row.commit_entry)).at for row in given}
    api = f"/api/v1/draws/{draw.id}"
    return {
        "stage": _stage(view, draw),
        "spec": SpecRow(
            draw_no=draw.number,
            draw_href=f"/verify/draws/{draw.id}",
            size=int(draw.spec["pool"]["count"]),
            root=str(draw.spec["pool"]["root"]),
            frozen_at=draw.created_at,
            algorithm=str(draw.spec["algo"]),
            odds=_odds(draw),
        ),
        "excluded": [(_GROUNDS[Ground(ground)], count) for ground, count in sorted(view.excluded.items())],
        "contributors": [
            ContributorRow(
                name=names.get(item["org"], item["org"]),
                role=_PARTY_WORDS[item["party"]],
                committed_at=committed.get(item["party"]),
                revealed_at=by_party[item["party"]].revealed_at if item["party"] in by_party else None,
                mine=item["org"] == actor.uscc,
            )
            for item in draw.spec["contributors"]
        ],
        "commit_by": parse_time(draw.spec["commit_by"]),
        "commit_href": f"{api}/commits",
        "reveal_href": f"{api}/reveals",
        "draw": api,
        "party": next((item["party"] for item in draw.spec["contributors"] if item["org"] == actor.uscc), ""),
        "seats": [
            SeatRow(
                call.no, word_of(call.group), _CALLS[call.state][1], _CALLS[call.state][0], call.name, call.answered_at
            )
            for call in view.calls
        ],
    }


def _stage(view: CommitteeView, draw: Draw) -> str:
    if view.state is CommitteeState.COMPLETE:
        return "complete"
    if view.state is CommitteeState.CALLING:
        return "calling" if view.calls else "drawn"
    return "committed" if draw.state == "closed" else "frozen"


def _odds(draw: Draw) -> list[tuple[str, str]]:
    pool = draw.pools["pool"]
    return [
        (word_of(group["v"]), f"{group['n']} / {sum(matches(entry['p'], group['a'], group['v']) for entry in pool)}")
        for group in draw.spec["params"]["groups"]
    ]


HANDLERS: list[Any] = [committee_page, committee_form]
