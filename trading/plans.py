"""Acts: propose a plan of dates; the law accepts or refuses it. Every proposal is kept, with what was found.

Law: R-TIME-01, R-TIME-03, R-TIME-12, R-GP-01, R-GP-02 through `trading.plan`.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from kernel.canonical import format_time, parse_time
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, RuleBroken
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.parameters.law import Law
from trading.drafts import PlanDraft
from trading.findings import Finding, breaches, require_lawful
from trading.legal import law_of_project, procedure_of_lot
from trading.models.plan import Plan
from trading.models.project import Lot, Project
from trading.plan import PlanOfDates, check_plan, intervals_of, latest_dates
from trading.procedures.definition import Definition
from trading.progress import access_lot
from trading.projects import is_mandatory
from trading.vocabulary import Stage

#: Rules that every plan is judged by, besides the intervals of its procedure.
_ALWAYS = ("R-TIME-12", "R-CNT-08")


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What became of a proposal.

    Attributes:
        findings: breaches and advice; a plan with a breach is refused.
    """

    plan_id: uuid.UUID
    no: int
    accepted: bool
    findings: tuple[Finding, ...]

    def refusal(self) -> RuleBroken:
        """Return the refusal as an error, for the door to answer with.

        The act does not raise it: a refused plan is on record, so its transaction commits.
        """
        try:
            require_lawful(self.findings)
        except RuleBroken as error:
            return error
        raise ValueError("the plan was accepted")


async def propose_plan(tx: Tx, actor: Actor, lot_id: uuid.UUID, draft: PlanDraft) -> PlanOutcome:
    """Propose the dates of a lot before its notice is out.

    Returns:
        The outcome; a refused plan does not touch the lot's dates.
    Raises:
        NotFound: absent, or not a lot of the actor's.
        Conflict: the notice is out and dates move by correction only, or the keyset names another opening time.
        InvalidInput: documents would be handed out in the past.
        CalendarNotLoaded: a date lies in a year whose holidays are not known.
    Effects:
        a row in `trading_plan`; entry `plan.accepted` or `plan.refused`; the lot's dates.
    Source:
        R-TIME-01, R-TIME-03, R-TIME-12, R-GP-01, R-GP-02
    """
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    if lot.stage != Stage.REGISTERED:
        raise Conflict("招标公告已发布，时间只能通过更正公告调整。")

    plan = plan_of(draft)
    if plan.documents_from < tx.now:
        message = "招标文件开始获取时间不能早于现在。"
        raise InvalidInput(message, [("documents_from", message)])
    law = await law_of_project(tx, project)
    procedure = procedure_of_lot(lot, project)
    findings = check_plan(plan, law, procedure, mandatory=await is_mandatory(tx, project))
    accepted = not breaches(findings)
    if accepted and lot.keyset is not None and plan.deadline != lot.deadline:
        raise Conflict("开标密钥已按原定开标时间公布，不能再更改投标截止时间。")

    row = Plan(
        id=tx.new_id(),
        lot_id=lot.id,
        no=await _next_number(tx, lot.id),
        dates=described(plan, law, procedure),
        findings=[finding.described() for finding in findings],
        accepted=accepted,
        proposed_by=actor.account_id,
        proposed_at=tx.now,
    )
    tx.session.add(row)
    if accepted:
        lot.documents_from, lot.documents_to = plan.documents_from, plan.documents_to
        lot.deadline = lot.opening_at = plan.deadline
    await tx.session.flush()  # views are read by SQL, in the same act too

    facts = {"no": row.no, "dates": row.dates, "findings": row.findings, "rules": _judged_by(procedure, law)}
    kind = "plan.accepted" if accepted else "plan.refused"
    await record(tx, actor, kind, facts, subject=lot.id, visibility="parties")
    return PlanOutcome(row.id, row.no, accepted, findings)


async def require_plan_holds(tx: Tx, lot: Lot, project: Project) -> PlanOfDates:
    """Judge the accepted plan once more at the moment of publication.

    Raises:
        Conflict: there is none, or its first date has passed.
        RuleBroken: it no longer keeps a limit.
    """
    if lot.documents_from is None or lot.documents_to is None or lot.deadline is None or lot.opening_at is None:
        raise Conflict("请先提交时间计划并通过法定时限核对。")
    if tx.now > lot.documents_from:
        raise Conflict("计划的招标文件开始获取时间已过，请重新提交时间计划。")
    plan = PlanOfDates(lot.documents_from, lot.documents_to, lot.deadline, lot.opening_at, notice_at=tx.now)
    law = await law_of_project(tx, project)
    require_lawful(check_plan(plan, law, procedure_of_lot(lot, project), mandatory=await is_mandatory(tx, project)))
    return plan


def plan_of(draft: PlanDraft) -> PlanOfDates:
    """Return the plan that a draft means.

    Raises:
        InvalidInput: a moment without a zone.
    """
    moments: dict[str, datetime | None] = {
        "documents_from": draft.documents_from,
        "documents_to": draft.documents_to,
        "deadline": draft.deadline,
        "opening_at": draft.opening_at,
    }
    faults = [
        (name, "请写明时区。") for name, moment in moments.items() if moment is not None and moment.tzinfo is None
    ]
    if faults:
        raise InvalidInput("时间须带时区，例如 2026-08-06T14:00:00+08:00。", faults)
    return PlanOfDates(
        documents_from=draft.documents_from,
        documents_to=draft.documents_to,
        deadline=draft.deadline,
        opening_at=draft.opening_at or draft.deadline,
    )


def described(plan: PlanOfDates, law: Law, procedure: Definition) -> dict[str, Any]:
    """Return a plan as the log and the tables keep it, with the dates that follow from it by law."""
    return {
        "documents_from": format_time(plan.documents_from),
        "documents_to": format_time(plan.documents_to),
        "deadline": format_time(plan.deadline),
        "opening_at": format_time(plan.opening_at),
        "latest": [
            {"limit": item.limit, "label": item.label, "rule": item.rule, "article": item.article}
            | {"day": item.day.isoformat()}
            for item in latest_dates(plan.deadline, law, procedure)
        ],
    }


def moments_of(dates: dict[str, Any]) -> dict[str, datetime]:
    """Read the moments of a kept plan."""
    names = ("documents_from", "documents_to", "deadline", "opening_at")
    return {name: parse_time(dates[name]) for name in names}


def _judged_by(procedure: Definition, law: Law) -> list[str]:
    return [*dict.fromkeys([law.row(rule.limit).rules[0] for rule in intervals_of(procedure)] + list(_ALWAYS))]


async def _next_number(tx: Tx, lot_id: uuid.UUID) -> int:
    most = await tx.session.execute(select(func.max(Plan.no)).where(Plan.lot_id == lot_id))
    return int(most.scalar_one() or 0) + 1
