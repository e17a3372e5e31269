"""Act: correct a notice that is out. What changed stands side by side in the new version; the old one stays.

Law: 招投法 23, 条例 21 (R-TIME-04), 采购条例 31 (R-GP-03): a correction that may affect bids leaves the legal time
before the deadline, else the deadline moves; every holder is told.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kernel.clock import SHANGHAI
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.money import BadAmount, Money
from kernel.parameters.articles import cite
from kernel.web.filters import long_moment
from trading.drafts import CorrectionDraft
from trading.findings import Finding, breaches, require_lawful
from trading.holders import Holders
from trading.legal import law_of_project, procedure_of_lot
from trading.messages import tell
from trading.models.project import Lot, Project
from trading.notices import correct_notice, open_dates
from trading.plan import PlanOfDates, check_clarification, check_plan
from trading.posting import Posted
from trading.procedures.definition import Definition
from trading.progress import access_lot
from trading.projects import is_mandatory
from trading.thresholds import bid_bond_cap, check_bond
from trading.vocabulary import LotKind
from trading.wording import LABELS

_SCOPE = ("summary", "quantity", "place", "term", "quality")
_MAY_BE_EMPTY = ("quality",)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a correction changes: new values by name, and whether they may affect how bids are made."""

    scope: dict[str, str]
    qualifications: tuple[str, ...] | None
    price_cap: Money | None
    documents_to: datetime | None

    @property
    def names(self) -> list[str]:
        """The labels of what changes besides dates."""
        named = [*self.scope, *(["qualifications"] if self.qualifications else [])]
        named += ["price_cap"] if self.price_cap else []
        return [LABELS[name].partition("（")[0] for name in named]

    @property
    def affects_bids(self) -> bool:
        """Whether the legal time before the deadline is wanted."""
        return bool(self.names)


async def correct_lot(tx: Tx, actor: Actor, holders: Holders, lot_id: uuid.UUID, draft: CorrectionDraft) -> Posted:
    """Change what a published notice says, publish the next version with its differences, and tell every holder.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        Conflict: the notice is not out, or the deadline has come.
        InvalidInput: nothing changes, or a value is malformed; all faults together.
        RuleBroken: too few days are left and the deadline does not move, or a new date breaks a limit.
    Effects:
        the lot's row; a new version of the notice; entry `notice.published`; a message to every holder.
    Source:
        R-TIME-04, R-GP-03, R-ANN-01
    """
    policy.require(actor, "notice.publish")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    old, documents_from, documents_to = await open_dates(tx, lot)

    law, procedure = await law_of_project(tx, project), procedure_of_lot(lot, project)
    wanted = _read(lot, draft, old, documents_to, procedure)
    deadline = await _deadline(tx, lot, project, draft, wanted, old)
    plan = PlanOfDates(documents_from, wanted.documents_to or documents_to, deadline, deadline)
    require_lawful(check_plan(plan, law, procedure, mandatory=await is_mandatory(tx, project)))
    if wanted.price_cap is not None and lot.bid_bond_fen and lot.estimate_fen is None:
        over = check_bond(Money(lot.bid_bond_fen), bid_bond_cap(wanted.price_cap, LotKind(project.kind), law))
        require_lawful([] if over is None else [over])

    lot.scope = lot.scope | wanted.scope
    if wanted.qualifications:
        lot.qualifications = list(wanted.qualifications)
    if wanted.price_cap is not None:
        lot.price_cap_fen = wanted.price_cap.fen
    lot.documents_to, lot.deadline, lot.opening_at = plan.documents_to, deadline, deadline
    await tx.session.flush()  # the notice reads it by SQL

    changes = [f"{'、'.join(wanted.names)}已更正，更正前后的内容见对照表。"] if wanted.names else []
    if deadline != old:
        changes.append(f"投标截止时间及开标时间由{long_moment(old)}顺延至{long_moment(deadline)}（北京时间）。")
    changes.append(f"原因：{draft.reason.strip()}")
    rule = law.row(_clarification(procedure)).rules[0]
    posted = await correct_notice(tx, actor, lot, project, changes, (rule, "R-ANN-01"))
    await tell(
        tx,
        await holders.list_holders(tx, lot.id),
        lot.id,
        kind="correction",
        title=f"{lot.title}：公告更正",
        text="".join(changes),
        href=f"/notices/{posted.id}",
    )
    return posted


def _read(lot: Lot, draft: CorrectionDraft, old: datetime, documents_to: datetime, procedure: Definition) -> _Wanted:
    articles = {field.name: f"（{cite(field.basis)}）" for field in procedure.lot_fields}
    articles["summary"] = articles.get("scope", "")
    faults: list[tuple[str, str]] = [] if draft.reason.strip() else [("reason", "请写明更正的原因。")]
    scope: dict[str, str] = {}
    for name in _SCOPE:
        value = getattr(draft, name)
        if value is None or value.strip() == lot.scope.get(name, ""):
            continue
        if not value.strip() and name not in _MAY_BE_EMPTY:
            faults.append((name, f"{LABELS[name]}不能为空{articles.get(name, '')}。"))
        scope[name] = value.strip()
    lines = tuple(item.strip() for item in draft.qualifications or () if item.strip())
    if draft.qualifications is not None and not lines:
        faults.append(("qualifications", f"请至少保留一项投标人资格条件{articles.get('qualifications', '')}。"))
    cap = _cap(lot, draft.price_cap, faults)
    for name, moment, least, words in (
        ("documents_to", draft.documents_to, documents_to, "招标文件获取截止时间只能推后。"),
        ("deadline", draft.deadline, old, "投标截止时间只能推后。"),
    ):
        if moment is not None and (moment.tzinfo is None or moment < least):
            faults.append((name, words))
    qualifications = lines if lines and list(lines) != lot.qualifications else None
    later = draft.documents_to if draft.documents_to != documents_to else None
    wanted = _Wanted(scope, qualifications, cap, later)
    if not faults and not wanted.affects_bids and later is None and draft.deadline in (None, old):
        faults.append(("form", "没有任何更改。"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    return wanted


def _cap(lot: Lot, text: str | None, faults: list[tuple[str, str]]) -> Money | None:
    if not text:
        return None
    try:
        cap = Money.parse(text)
    except BadAmount:
        faults.append(("price_cap", "请填写以元为单位的金额，最多两位小数。"))
        return None
    if cap.fen == 0:
        faults.append(("price_cap", "最高投标限价应当大于零。"))
    return cap if cap.fen != lot.price_cap_fen else None


async def _deadline(
    tx: Tx, lot: Lot, project: Project, draft: CorrectionDraft, wanted: _Wanted, old: datetime
) -> datetime:
    """Return the bid deadline after the correction: moved where too few days would be left."""
    deadline = draft.deadline or old
    if not wanted.affects_bids:
        return deadline
    finding = check_clarification(tx.now, deadline, await law_of_project(tx, project))
    if finding is None:
        return deadline
    if not draft.move_as_needed or not isinstance(finding.earliest, date):
        require_lawful(breaches([finding]))
    return _at_the_same_hour(finding, deadline)


def _at_the_same_hour(finding: Finding, deadline: datetime) -> datetime:
    day: Any = finding.earliest
    return datetime.combine(day, deadline.astimezone(SHANGHAI).timetz())


def _clarification(procedure: Any) -> str:
    rule = procedure.date("clarified", "deadline")
    return str(rule.limit)
