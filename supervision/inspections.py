"""Acts: plan an inspection, give one up; and how every act reaches its inspection.

Law: R-DR-03 to R-DR-07, R-DR-10, R-DR-13. The draws stand in `supervision.freezing` and `supervision.drawing`.
"""

import uuid
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from sqlalchemy import func, select, text

from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound, NotPermitted
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.periods import legal_date
from supervision.drafts import PlanDraft, RateDraft
from supervision.items import BY_CODE, EDITION, Item
from supervision.models import Inspection
from supervision.sampling import BadSampling, Rate, usual_rates
from supervision.stages import INSPECTION
from supervision.vocabulary import REGIME, Credit, Stage
from trading.findings import Finding, require_lawful
from trading.legal import law_of


async def plan(tx: Tx, actor: Actor, draft: PlanDraft) -> uuid.UUID:
    """Lay down what is inspected, at whom, in which shares and by how many; the plan is public at once.

    Returns:
        The inspection's id.
    Raises:
        InvalidInput: something is missing or does not fit together; all faults together.
        RuleBroken: fewer inspectors per object than the law asks for, or a general item above its ceiling.
    Effects:
        `supervision_inspection`; entry `inspection.planned`, public.
    Source:
        R-DR-03, R-DR-04, R-DR-05, R-DR-07, R-DR-10
    """
    policy.require(actor, "inspection.plan")
    if actor.organisation_id is None:
        raise NotPermitted

    law = await law_of(tx, REGIME, tx.now)
    rates, faults = _rates(draft.rates, usual_rates(law))
    faults += _faults_of(draft)
    if draft.starts_on < legal_date(tx.now):
        faults.append(("starts_on", "检查开始日期不能早于今天"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    items = [BY_CODE[code] for code in sorted(set(draft.items))]
    require_lawful(_limits(draft, items, rates, law))

    inspection = Inspection(
        id=tx.new_id(),
        number=await _next_number(tx),
        title=draft.title.strip(),
        target_kind=draft.target_kind.value,
        items=[{"code": one.code, "name": one.name, "basis": one.basis, "level": one.level} for one in items],
        rates={credit: {"percent": str(rate.percent), "least": rate.least} for credit, rate in rates.items()},
        team_size=draft.team_size,
        certified_lead=draft.certified_lead,
        batch=draft.batch.strip(),
        departments=list(draft.departments),
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        stage=Stage.DRAFT.value,
        organisation_id=actor.organisation_id,
        organisation=actor.organisation_name,
        created_by=actor.account_id,
        created_at=tx.now,
        contributors=[],
        publish_basis="",
    )
    tx.session.add(inspection)
    await tx.session.flush()  # a number taken by somebody else meanwhile is refused here

    facts = {
        "inspection": inspection.number,
        "title": inspection.title,
        "items": [one.code for one in items],
        "edition": EDITION,
        "kind": inspection.target_kind,
        "rates": inspection.rates,
        "team": draft.team_size,
        "batch": inspection.batch,
        "departments": inspection.departments,
        "from": draft.starts_on.isoformat(),
        "until": draft.ends_on.isoformat(),
        "rules": ["R-DR-04", "R-DR-05", "R-DR-07", "R-DR-10"],
    }
    await record(tx, actor, "inspection.planned", facts, subject=inspection.id, visibility="public")
    return inspection.id


async def terminate(tx: Tx, actor: Actor, inspection_id: uuid.UUID, reason: str) -> None:
    """Give an inspection up while nobody can know an outcome; the reason is public.

    Raises:
        MoveNotAllowed: commitments are closed or nothing is left to give up.
    Effects:
        entry `inspection.terminated`, public.
    Source:
        R-DR-12
    """
    inspection = await access_inspection(tx, actor, inspection_id)
    if not reason.strip():
        raise InvalidInput("请写明终止理由。", [("reason", "不能为空")])

    advance(inspection, "terminate")

    facts = {"inspection": inspection.number, "reason": reason.strip(), "rules": ["R-DR-12"]}
    await record(tx, actor, "inspection.terminated", facts, subject=inspection.id, visibility="public")


async def access_inspection(tx: Tx, actor: Actor, inspection_id: uuid.UUID) -> Inspection:
    """Lock an inspection for its own supervising body.

    Raises:
        NotPermitted: the actor is no supervisor.
        NotFound: absent, or another body's: the answer is the same.
    """
    policy.require(actor, "inspection.plan")
    inspection = await lock_inspection(tx, inspection_id)
    if inspection.organisation_id != actor.organisation_id:
        raise NotFound
    return inspection


async def lock_inspection(tx: Tx, inspection_id: uuid.UUID) -> Inspection:
    """Lock an inspection; who may act on it is the caller's question.

    Raises:
        NotFound: there is none.
    """
    query = select(Inspection).where(Inspection.id == inspection_id).with_for_update()
    found = (await tx.session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def advance(inspection: Inspection, act: str) -> None:
    """Take a step of the table; the only writer of the stage.

    Raises:
        MoveNotAllowed: the act does not fit the stage.
    """
    inspection.stage = INSPECTION.target(act, Stage(inspection.stage)).value


def rates_of(inspection: Inspection) -> dict[str, Rate]:
    """Return the shares of a plan."""
    return {credit: Rate(Decimal(rate["percent"]), rate["least"]) for credit, rate in inspection.rates.items()}


def _rates(
    given: Mapping[Credit, RateDraft], usual: Mapping[str, Rate]
) -> tuple[dict[str, Rate], list[tuple[str, str]]]:
    rates, faults = dict(usual), []
    for credit, draft in given.items():
        try:
            rates[credit.value] = Rate(Decimal(draft.percent), draft.least)
        except (InvalidOperation, BadSampling):
            faults.append((f"rate-{credit.value}", "抽查比例应大于 0 且不超过 100，最少数量不能为负"))
    return rates, faults


def _faults_of(draft: PlanDraft) -> list[tuple[str, str]]:
    faults = []
    if not 4 <= len(draft.title.strip()) <= 100:
        faults.append(("title", "名称为 4 至 100 字"))
    unknown = sorted(code for code in draft.items if code not in BY_CODE)
    unfit = sorted(code for code in draft.items if code in BY_CODE and draft.target_kind not in BY_CODE[code].kinds)
    if not draft.items:
        faults.append(("items", "请至少选择一个抽查事项"))
    if unknown:
        faults.append(("items", f"清单中没有{'、'.join(unknown)}"))
    if unfit:
        faults.append(("items", f"{'、'.join(unfit)}不适用于这类检查对象"))
    if draft.ends_on < draft.starts_on:
        faults.append(("ends_on", "检查结束日期不能早于开始日期"))
    return faults


def _limits(draft: PlanDraft, items: list[Item], rates: Mapping[str, Rate], law: Law) -> list[Finding]:
    findings = []
    team = law.row("inspectors_per_target")
    if draft.team_size < team.count:
        findings.append(
            Finding(
                rule="R-DR-05",
                article=cite(team.basis),
                field="team",
                message=f"每个检查对象的执法检查人员不得少于 {team.count} 人。",
                actual=f"{draft.team_size} 人",
                required=f"不少于 {team.count} 人",
            )
        )
    if any(item.level == "key" for item in items):
        return findings  # key items know no ceiling (R-DR-03)
    for credit, usual in usual_rates(law).items():
        if rates[credit].percent > usual.percent:
            row = law.row("inspection_rate", credit)
            findings.append(
                Finding(
                    rule="R-DR-07",
                    article=cite(row.basis),
                    field=f"rate-{credit}",
                    message=f"一般检查事项对 {credit} 级对象的抽查比例不得高于 {usual.percent.normalize():f}%。",
                    actual=f"{rates[credit].percent.normalize():f}%",
                    required=f"不高于 {usual.percent.normalize():f}%",
                )
            )
    return findings


async def _next_number(tx: Tx) -> str:
    """Return the next number of the year; one planner at a time, so that none is left out or given twice."""
    await tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('supervision_inspection'))"))
    prefix = f"CQ-{legal_date(tx.now).year}-"
    query = select(func.count()).where(Inspection.number.startswith(prefix))
    return f"{prefix}{(await tx.session.execute(query)).scalar_one() + 1:02d}"
