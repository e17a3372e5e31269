"""Acts: register a project and its lots.

Law: 招投法 9, 12 (approval, money, entrustment), R-ET-11, R-THR-01 to R-THR-07, R-META-02. The project's registration
date fixes which edition of the law its lots keep (R-META-01).
"""

import re
import uuid
from typing import Any

import msgspec
from sqlalchemy import func, select

from kernel.credit_code import CreditCodeRefused, read_credit_code
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted
from kernel.identity import policy
from kernel.identity.accounts import ensure_organisation
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.money import BadAmount, Money
from kernel.parameters.law import Law
from trading.criteria import check_grid, check_lot
from trading.drafts import Funds, LotDraft, ProjectDraft
from trading.entrusting import offer
from trading.findings import require_lawful
from trading.legal import law_of_project, procedure_of_project
from trading.models.project import Lot, Project
from trading.procedures.book import reference
from trading.procedures.definition import Definition
from trading.progress import advance
from trading.thresholds import Funding, Mandate, bid_bond_cap, check_bond, judge_mandate
from trading.vocabulary import FundSource, LotKind, Stage

_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9-]{5,39}")


async def register_project(tx: Tx, actor: Actor, draft: ProjectDraft) -> uuid.UUID:
    """Register a project for the actor's organisation and entrust its agency.

    Returns:
        The project's id.
    Raises:
        NotPermitted: the actor does not act for a procuring entity.
        InvalidInput: something is missing or malformed; all faults together.
        Conflict: the number is taken.
    Effects:
        entry `project.registered`, public.
    Source:
        招投法 9, 12; R-META-02, R-ET-11, R-AGT-03
    """
    policy.require(actor, "project.register")
    if actor.organisation_id is None:
        raise NotPermitted

    faults = _faults_of_project(draft)
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    await _require_free_number(tx, draft.number)

    code = read_credit_code(draft.agency_uscc).code
    agency = await ensure_organisation(tx, uscc=code, name=draft.agency_name, region=draft.region)
    project = Project(
        id=tx.new_id(),
        number=draft.number,
        title=draft.title.strip(),
        regime=draft.regime.value,
        kind=draft.kind.value,
        method=draft.method.value,
        region=draft.region,
        procuring_entity_id=actor.organisation_id,
        procuring_entity_name=actor.organisation_name,
        agency_id=agency.id,
        agency_name=agency.name,
        entrustment=msgspec.to_builtins(draft.entrustment),
        funds=msgspec.to_builtins(draft.funds),
        approval=draft.approval,
        supervising_body=draft.supervising_body,
        contacts=msgspec.to_builtins(draft.contacts),
        provenance=msgspec.to_builtins(draft.provenance),
        registered_by=actor.account_id,
        registered_at=tx.now,
    )
    tx.session.add(project)
    await tx.session.flush()  # lots and the log's readers refer to it

    facts = {
        "project": str(project.id),
        "number": project.number,
        "title": project.title,
        "regime": project.regime,
        "kind": project.kind,
        "method": project.method,
        "procuring_entity": project.procuring_entity_name,
        "agency": project.agency_name,
        "entrustment": project.entrustment,
        "funds": project.funds,
        "rules": ["R-META-02", "R-ET-11"],
    }
    await record(tx, actor, "project.registered", facts, subject=project.id, visibility="public")
    await offer(tx, actor, project)
    return project.id


async def register_lot(tx: Tx, actor: Actor, project_id: uuid.UUID, draft: LotDraft) -> uuid.UUID:
    """Register a lot of one's own project: what is bought, by which criteria, under which procedure.

    Returns:
        The lot's id.
    Raises:
        NotFound: no such project, or somebody else's.
        InvalidInput: criteria, amounts or procedure are wrong; all faults together.
        RuleBroken: the bid bond exceeds its cap, or the law forbids such a scoring grid.
        Conflict: the project has a lot of this number.
    Effects:
        entry `lot.registered`, public.
    Source:
        R-ET-11, R-THR-04, R-THR-05, R-THR-07, R-THR-12, R-EVAL-05, R-PRC-05
    """
    project = await _access_project(tx, actor, project_id)

    procedure = procedure_of_project(project, prequalified=draft.procedure.prequalified)
    faults = check_lot(draft, procedure)
    cap, estimate, bond = _amounts(draft, faults)
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    law = await law_of_project(tx, project)
    kind, rule = LotKind(project.kind), draft.procedure.evaluation_method
    over = None if bond is None else check_bond(bond, bid_bond_cap(estimate or cap or Money(0), kind, law))
    grid = check_grid(draft.criteria, rule, draft.price_method, procedure, law)
    require_lawful([*([] if over is None else [over]), *grid])
    taken = select(Lot.id).where(Lot.project_id == project.id, Lot.number == draft.number)
    if (await tx.session.execute(taken)).first():
        raise Conflict("本项目已有这个标段号。")

    lot = Lot(
        id=tx.new_id(),
        project_id=project.id,
        number=draft.number,
        title=draft.title.strip(),
        stage=Stage.DRAFT.value,
        stage_since=tx.now,
        scope=msgspec.to_builtins(draft.scope),
        qualifications=list(draft.qualifications),
        consortium_allowed=draft.consortium_allowed,
        agents_allowed=draft.agents_allowed,
        price_cap_fen=cap.fen if cap else None,
        estimate_fen=estimate.fen if estimate else None,
        bid_bond_fen=bond.fen if bond else None,
        criteria=msgspec.to_builtins(draft.criteria),
        review_items=msgspec.to_builtins(draft.review_items),
        price_method=_price_method(draft),
        procedure=_kept(draft, procedure),
        provenance=msgspec.to_builtins(draft.provenance),
        registered_at=tx.now,
    )
    tx.session.add(lot)
    rules = await advance(tx, actor, lot, project, "register_lot")

    facts = {
        "tender": project.number,
        "lot": lot.number,
        "title": lot.title,
        "price_cap": str(cap) if cap else None,
        "estimate": str(estimate) if estimate else None,
        "bid_bond": str(bond) if bond else None,
        "criteria": lot.criteria,
        "review_items": lot.review_items,
        "price_method": lot.price_method,
        "procedure": lot.procedure,
        "mandatory": await is_mandatory(tx, project),
        "rules": [*rules.split(), "R-THR-04", "R-THR-07"],
    }
    await record(tx, actor, "lot.registered", facts, subject=lot.id, visibility="public")
    return lot.id


def _kept(draft: LotDraft, procedure: Definition) -> dict[str, Any]:
    """Return what the lot keeps of its procedure: the choices, the parts of a bid, and which definition that was."""
    kept: dict[str, Any] = msgspec.to_builtins(draft.procedure)
    blind = kept.pop("blind_technical")
    slots = procedure.slots.get(draft.procedure.envelopes)
    if slots is not None:
        chosen = [msgspec.structs.replace(slot, blind=slot.blind and blind) for slot in slots]
        kept["slots"] = msgspec.to_builtins(chosen)
    return kept | {"definition": reference(procedure)}


async def is_mandatory_lot(tx: Tx, lot_id: uuid.UUID) -> bool:
    """Tell whether a lot's project must be tendered by law. Source: R-THR-01 to R-THR-05"""
    query = select(Project).join(Lot, Lot.project_id == Project.id).where(Lot.id == lot_id)
    return await is_mandatory(tx, (await tx.session.execute(query)).scalar_one())


async def is_mandatory(tx: Tx, project: Project) -> bool:
    """Tell whether the law requires a tender; lots of one project are added up, so that splitting does not help.

    Source: R-THR-01 to R-THR-05
    """
    found = await judge_project(tx, project)
    return found is not None and found.holds


async def judge_project(tx: Tx, project: Project) -> Mandate | None:
    """Say whether the law requires a tender and why, over all lots of the project; None where no scale applies.

    A lot that is tendered again counts once, as its successor.

    Source: R-THR-01 to R-THR-05
    """
    query = select(func.coalesce(Lot.estimate_fen, Lot.price_cap_fen, 0)).where(
        Lot.project_id == project.id, Lot.stage != Stage.RETENDERED.value
    )
    estimates = [Money(int(fen)) for fen in (await tx.session.execute(query)).scalars()]
    law = await law_of_project(tx, project)
    return judge_mandate(_funding(project), procedure_of_project(project), estimates, law)


def judge_drafts(project: ProjectDraft, lot: LotDraft, procedure: Definition, law: Law) -> Mandate | None:
    """Say the same of what is typed and not registered yet; None too where an amount cannot be read."""
    budget, investment = _money(project.funds.budget), _money(project.funds.investment)
    estimate = _money(lot.estimate or lot.price_cap or "")
    if budget is None or investment is None or estimate is None:
        return None
    return judge_mandate(_funding_of(project.funds, budget, investment), procedure, [estimate], law)


def _funding(project: Project) -> Funding:
    funds = msgspec.convert(project.funds, Funds)
    return _funding_of(funds, Money.parse(funds.budget), Money.parse(funds.investment))


def _funding_of(funds: Funds, budget: Money, investment: Money) -> Funding:
    return Funding(
        source=FundSource(funds.source),
        budget=budget,
        investment=investment,
        state_controls=funds.state_controls,
        is_public_utility=funds.is_public_utility,
    )


def _price_method(draft: LotDraft) -> dict[str, Any]:
    full = next((item.max for item in draft.criteria if item.kind == "price"), None)
    return draft.price_method if full is None else draft.price_method | {"full": full}


async def _access_project(tx: Tx, actor: Actor, project_id: uuid.UUID) -> Project:
    project = (await tx.session.execute(select(Project).where(Project.id == project_id))).scalar_one_or_none()
    if project is None or actor.organisation_id != project.procuring_entity_id:
        raise NotFound
    policy.require(actor, "project.register")
    return project


async def _require_free_number(tx: Tx, number: str) -> None:
    if (await tx.session.execute(select(Project.id).where(Project.number == number))).first():
        raise Conflict("这个项目编号已登记。项目编号一经登记不再重复使用。")


def _faults_of_project(draft: ProjectDraft) -> list[tuple[str, str]]:
    faults = []
    if not _NUMBER.fullmatch(draft.number):
        faults.append(("number", "项目编号为 6 至 40 位大写字母、数字或短横线。"))
    for field, name, value in (
        ("title", "项目名称", draft.title),
        ("region", "所属地区", draft.region),
        ("agency_name", "招标代理机构名称", draft.agency_name),
        ("document", "委托合同名称或编号", draft.entrustment.document),
        ("funds", "资金来源说明", draft.funds.description),
        ("supervising_body", "行政监督部门", draft.supervising_body),
    ):
        if not value.strip():
            faults.append((field, f"请填写{name}。"))
    try:
        read_credit_code(draft.agency_uscc)
    except CreditCodeRefused as refusal:
        faults.append(("agency_uscc", refusal.detail))
    parties = {contact.party for contact in draft.contacts}
    for field, party in (("contact", "招标人"), ("contact_agency", "招标代理机构")):
        if party not in parties:
            faults.append((field, f"请填写{party}的联系人。"))
    for field, text in (("budget", draft.funds.budget), ("investment", draft.funds.investment)):
        if _money(text) is None:
            faults.append((field, "请填写以元为单位的金额，最多两位小数。"))
    return faults


def _amounts(draft: LotDraft, faults: list[tuple[str, str]]) -> tuple[Money | None, Money | None, Money | None]:
    found: list[Money | None] = []
    for field, text in (("price_cap", draft.price_cap), ("estimate", draft.estimate), ("bid_bond", draft.bid_bond)):
        amount = _money(text) if text else None
        if text and (amount is None or (amount.fen == 0 and field != "bid_bond")):
            faults.append((field, "请填写以元为单位的金额，最多两位小数。"))
        found.append(amount)
    cap, estimate, bond = found
    if bond is not None and bond.fen and estimate is None and cap is None:
        faults.append(("estimate", "收取投标保证金的，请填写招标项目估算价，以便核对上限。"))
    return cap, estimate, bond


def _money(text: str) -> Money | None:
    try:
        return Money.parse(text)
    except BadAmount:
        return None
