"""The page on which a procuring entity registers a project with its first lot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.money import Money
from kernel.parameters.law import Law
from kernel.periods import legal_date
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading.criteria import check_grid, check_lot
from trading.drafts import Contact, Entrustment, Funds, LotDraft, Procedure, ProjectDraft, Scope
from trading.legal import law_of
from trading.lot_view import Criterion, LotView, ReviewItem
from trading.pages import grid
from trading.pages.common import Form, attempt, texts_of
from trading.pages.room import FormData
from trading.procedures.book import Combination, current
from trading.procedures.definition import ProcedureRefused
from trading.projects import judge_drafts, register_lot, register_project
from trading.restrictive import Mark, marked_fields
from trading.thresholds import Mandate
from trading.vocabulary import FundSource, LotKind, Regime, TenderMethod

_USUAL_CRITERIA = (
    Criterion("P1", "投标报价", "price", "30", "price", "按评标基准价由系统计算"),
    Criterion("T1", "技术响应", "subjective", "35", "technical", "对照技术规格书逐项评价", "技术规格偏离表"),
    Criterion("T2", "实施方案", "subjective", "15", "technical", "完整、可行"),
    Criterion("B1", "同类业绩", "objective", "10", "business", "每份 2 分", "合同关键页和验收证明复印件"),
    Criterion("B2", "服务承诺", "subjective", "10", "business", "质保与响应时间", "服务承诺书"),
)
_ART = "《中华人民共和国招标投标法实施条例》第五十一条"
_USUAL_REVIEW = (
    ReviewItem("F1", "投标函按要求签署、盖章", "form", f"{_ART}第一项"),
    ReviewItem("Q1", "资格条件符合招标文件", "qualification", f"{_ART}第三项"),
    ReviewItem("R1", "报价不高于最高投标限价", "response", f"{_ART}第五项"),
    ReviewItem("R2", "实质性响应招标文件", "response", f"{_ART}第六项"),
)


PRICE_METHODS = [
    ("P-AVG", "平均价法", "有效报价的平均值为评标基准价，按偏差率扣分"),
    ("P-FLOAT", "浮动平均价法", "去掉最高、最低后的平均值下浮为评标基准价；下浮系数开标时公开抽取"),
    ("P-LOW", "低价优先法", "最低有效报价为评标基准价；政府采购应当采用"),
]
#: Where a fault of the lot stands in this form.
_PLACE_OF_LOT = {"title": "lot_title", "scope": "lot_title"}
#: Fields that are looked through for restrictive wording (R-AWD-05).
_LOOKED_THROUGH = {"lot_title": "标段名称", "qualifications": "投标人资格要求", "term": "交货期或工期"}
_CHOICES = {"regime": Regime, "kind": LotKind, "method": TenderMethod}
_E = TypeVar("_E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class NewPage:
    """The form of registration."""

    form: Form
    regimes: list[tuple[str, str, str]]
    kinds: list[tuple[str, str, str]]
    methods: list[tuple[str, str, str]]
    parties: list[tuple[str, str]]
    agencies: list[tuple[str, str]]
    draft_saved: datetime | None
    grid: grid.Grid
    score_kinds: list[tuple[str, str]]
    score_groups: list[tuple[str, str]]
    review_groups: list[tuple[str, str]]
    price_methods: list[tuple[str, str, str]]
    edited: str
    marks: list[tuple[str, str, Mark]]
    mandate: Mandate | None


@get("/a/projects/new", guards=[permits("project.register")], include_in_schema=False)
async def new_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show the empty form."""
    values: dict[str, Any] = {"regime": "ZTB", "kind": "goods", "method": "open", "consortium": "no", "agents": "no"}
    values["prequalified"] = "no"
    values |= {"price_method": "P-AVG", "e1": "1", "e2": "0.5"}
    grid.fill(values, "criteria", _USUAL_CRITERIA)
    grid.fill(values, "review_items", _USUAL_REVIEW)
    return await _show(request, tx, actor, Form(values))


@post("/a/projects/new", guards=[permits("project.register")], include_in_schema=False)
async def new_form(request: Request[Any, Any, Any], tx: Tx, actor: Actor, data: FormData) -> Response[Any]:
    """Register project and lot together, or change a row of the form; what was typed is kept either way."""
    form = Form(texts_of(data))
    order = str(form.values.pop("edit", ""))
    if order == "mandate" or (order and grid.edit(form.values, order)):
        return await _show(request, tx, actor, form, edited=order)
    grid.tidy(form.values)

    lot_id = None
    if _require_choices(form):
        lot_id = await attempt(tx, form, lambda: _register(tx, actor, form.values))
        rename(form)
    if lot_id is None:
        await _tell_faults_of_lot(tx, form)
        return await _show(request, tx, actor, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/plan"})


async def _register(tx: Tx, actor: Actor, values: Mapping[str, Any]) -> UUID:
    agency = await _agency(tx, str(values.get("agency", "")), actor)
    project_id = await register_project(tx, actor, _project_of(values, agency, actor.uscc, tx.now))
    return await register_lot(tx, actor, project_id, lot_of(values))


def _require_choices(form: Form) -> bool:
    for (name, kind), words in zip(_CHOICES.items(), ("适用制度", "采购内容", "招标方式"), strict=True):
        if form.values.get(name) not in set(kind):
            form.errors[name] = f"请选择{words}。"
    return not form.errors


async def _tell_faults_of_lot(tx: Tx, form: Form) -> None:
    """Add what is wrong with the lot, so that all faults of the page are told at once."""
    lot = lot_of(form.values)
    chosen = Combination(
        _chosen(form, Regime, Regime.ZTB),
        _chosen(form, LotKind, LotKind.GOODS),
        _chosen(form, TenderMethod, TenderMethod.OPEN),
        form.values.get("prequalified") == "yes",
    )
    try:
        procedure = current(chosen, legal_date(tx.now))
    except ProcedureRefused as refused:
        form.errors |= dict(refused.fields)
        return
    found = check_lot(lot, procedure)
    if not any(field.startswith("criteria") and field.endswith((".max", ".kind")) for field, _ in found):
        law = await law_of(tx, _chosen(form, Regime, Regime.ZTB), tx.now)
        method = lot.procedure.evaluation_method
        grid_faults = check_grid(lot.criteria, method, lot.price_method, procedure, law)
        found += [(fault.field, f"{fault.message}（{fault.article}）") for fault in grid_faults]
    for field, words in found:
        form.errors.setdefault(_PLACE_OF_LOT.get(field, field), words)
    grid.rename(form)


def _chosen(form: Form, kind: type[_E], otherwise: _E) -> _E:
    value = form.values.get(next(name for name, known in _CHOICES.items() if known is kind))
    return kind(value) if value in set(kind) else otherwise


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, form: Form, status: int = 200, edited: str = ""
) -> Response[str]:
    agencies = await _agencies(tx)
    law = await law_of(tx, _chosen(form, Regime, Regime.ZTB), tx.now)
    page = NewPage(
        form=form,
        regimes=[
            ("ZTB", "招标投标法", "工程以及与工程建设有关的货物、服务"),
            ("GP", "政府采购法", "其他货物和服务"),
        ],
        kinds=[
            ("works", "工程施工", ""),
            ("goods", "货物", ""),
            ("design", "勘察、设计", ""),
            ("services", "监理与其他服务", ""),
        ],
        methods=[("open", "公开招标", ""), ("invited", "邀请招标", "须有批准依据")],
        parties=[(actor.uscc, actor.organisation_name)],
        agencies=[("", "自行招标"), *((row.uscc, row.name) for row in agencies)],
        draft_saved=None,
        grid=grid.grid_of(form.values, law),
        score_kinds=grid.KINDS,
        score_groups=grid.GROUPS,
        review_groups=grid.REVIEW_GROUPS,
        price_methods=PRICE_METHODS,
        edited=edited,
        marks=marked_fields(form.values, _LOOKED_THROUGH),
        mandate=_mandate(form, actor, law, tx.now),
    )
    return render_page(request, "trading/lot_new.html", {"page": page}, status=status, now=tx.now)


def _mandate(form: Form, actor: Actor, law: Law, now: datetime) -> Mandate | None:
    """Say of what is typed whether it must be tendered, as soon as money and estimate are there."""
    if not (form.values.get("estimate") or form.values.get("price_cap")):
        return None
    if any(form.values.get(name) not in set(kind) for name, kind in _CHOICES.items()):
        return None
    chosen = Combination(
        Regime(form.values["regime"]),
        LotKind(form.values["kind"]),
        TenderMethod(form.values["method"]),
        form.values.get("prequalified") == "yes",
    )
    try:
        procedure = current(chosen, legal_date(now))
    except ProcedureRefused:
        return None
    project = _project_of(form.values, (actor.uscc, actor.organisation_name), actor.uscc, now)
    return judge_drafts(project, lot_of(form.values), procedure, law)


async def _agencies(tx: Tx) -> list[Any]:
    rows = await tx.session.execute(
        text(
            "SELECT DISTINCT o.uscc, o.name FROM identity_organisation o JOIN identity_account a"
            " ON a.organisation_id = o.id WHERE 'agency' = ANY(a.roles) AND a.disabled_at IS NULL ORDER BY o.name"
        )
    )
    return list(rows)


async def _agency(tx: Tx, uscc: str, actor: Actor) -> tuple[str, str]:
    if not uscc:
        return actor.uscc, actor.organisation_name
    found = next((row for row in await _agencies(tx) if row.uscc == uscc), None)
    return (found.uscc, found.name) if found else (uscc, "")


def _project_of(values: Mapping[str, Any], agency: tuple[str, str], uscc: str, now: datetime) -> ProjectDraft:
    share = str(values.get("funds_share", "")) or "0"
    state = "国有" in str(values.get("funds", ""))
    own = agency[0] == uscc
    said = {name: str(values.get(name, "")) for name in ("contact", "contact_phone", "contact_address")}
    agent, agent_phone = (
        (said["contact"], said["contact_phone"])
        if own
        else (str(values.get("contact_agency", "")), str(values.get("contact_agency_phone", "")))
    )
    contacts = [
        Contact(party="招标人", name=said["contact"], phone=said["contact_phone"], address=said["contact_address"]),
        Contact(party="招标代理机构", name=agent, phone=agent_phone),
    ]
    paper = "自行招标" if own else str(values.get("entrustment", ""))
    return ProjectDraft(
        number=str(values.get("number", "")),
        title=str(values.get("title", "")),
        regime=msgspec.convert(values.get("regime"), Regime),
        kind=msgspec.convert(values.get("kind"), LotKind),
        method=msgspec.convert(values.get("method"), TenderMethod),
        region=str(values.get("region", "")),
        agency_uscc=agency[0],
        agency_name=agency[1],
        entrustment=Entrustment(document=paper, signed_on=legal_date(now)),
        funds=Funds(
            source=FundSource.STATE_OWNED if state else FundSource.OTHER,
            description=f"{values.get('funds', '')} {share}%",
            state_percent=share if state else "0",
            state_controls=state and share.isdecimal() and int(share) > 50,
        ),
        approval=str(values.get("approval", "")),
        supervising_body=str(values.get("supervising_body", "")),
        contacts=tuple(contact for contact in contacts if contact.name and contact.phone),
    )


def lot_of(values: Mapping[str, Any]) -> LotDraft:
    """Read the lot's part of the form."""
    lines = [line.strip() for line in str(values.get("qualifications", "")).splitlines()]
    return LotDraft(
        title=str(values.get("lot_title", "")),
        scope=Scope(
            summary=str(values.get("lot_title", "")),
            quantity=str(values.get("quantity", "")),
            place=str(values.get("place", "")),
            term=str(values.get("term", "")),
        ),
        qualifications=tuple(line for line in lines if line),
        consortium_allowed=values.get("consortium") == "yes",
        agents_allowed=values.get("agents") == "yes",
        price_cap=str(values.get("price_cap", "")) or None,
        estimate=str(values.get("estimate", "")) or None,
        bid_bond=str(values.get("bid_bond", "")) or None,
        criteria=grid.criteria_of(values),
        review_items=grid.review_items_of(values),
        price_method=_price_method(values),
        procedure=Procedure(prequalified=values.get("prequalified") == "yes"),
    )


def values_of(lot: LotView) -> dict[str, Any]:
    """Write a registered lot into the lot's part of the form: what `lot_of` reads back."""
    values: dict[str, Any] = {
        "lot_title": lot.title,
        **{name: str(lot.scope[name]) for name in ("quantity", "place", "term")},
        "qualifications": "\n".join(lot.qualifications),
        "consortium": "yes" if lot.consortium_allowed else "no",
        "agents": "yes" if lot.agents_allowed else "no",
        "prequalified": "yes" if lot.definition.prequalified else "no",
        "price_method": str(lot.price_method.get("method", "")),
        **{name: str(lot.price_method[name]) for name in ("e1", "e2") if name in lot.price_method},
    }
    for one in lot.price_method.get("parameters", []):
        if one["target"] == "k" and "values" in one:
            values |= {"k_values": " ".join(one["values"]), "k_basis": one["basis"]}
    for name, fen in (("price_cap", lot.price_cap_fen), ("estimate", lot.estimate_fen), ("bid_bond", lot.bid_bond_fen)):
        values[name] = "" if fen is None else str(Money(fen))
    grid.fill(values, "criteria", lot.criteria)
    grid.fill(values, "review_items", lot.review_items)
    return values


def _price_method(values: Mapping[str, Any]) -> dict[str, Any]:
    method = str(values.get("price_method", ""))
    if method not in ("P-AVG", "P-FLOAT"):
        return {"method": method} if method else {}
    told: dict[str, Any] = {"method": method}
    told |= {name: str(values[name]) for name in ("e1", "e2") if values.get(name)}
    if method == "P-FLOAT":
        choices = str(values.get("k_values", "")).replace("、", " ").replace("，", " ").replace(",", " ").split()
        basis = str(values.get("k_basis", "")).strip()
        told["parameters"] = [
            {"name": "K", "label": "下浮系数", "unit": "", "values": choices, "basis": basis, "target": "k"}
        ]
    return told


def rename(form: Form) -> None:
    """Let faults of the acts stand beside the fields of the form."""
    if "agency_name" in form.errors or "agency_uscc" in form.errors:
        form.errors.pop("agency_name", None)
        form.errors.pop("agency_uscc", None)
        form.errors["agency"] = "请选择已在本平台登记的招标代理机构。"
    if "title" in form.errors and form.values.get("title"):
        form.errors["lot_title"] = form.errors.pop("title")
    if "项目编号" in form.errors.get("form", ""):
        form.errors["number"] = form.errors.pop("form")
    if "document" in form.errors:
        form.errors["entrustment"] = form.errors.pop("document")
    if "parameters" in form.errors:
        form.errors["k_values"] = form.errors.pop("parameters")
    if "bond" in form.errors:
        form.errors["bid_bond"] = form.errors.pop("bond")


HANDLERS = [new_page, new_form]
