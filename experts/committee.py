"""Acts on committees: the application that freezes a draw, and what follows from its result.

Law: R-COM-01 to R-COM-08, R-REC-01 to R-REC-06, R-DRAW-01 to R-DRAW-04, R-DRAW-09, R-DRAW-10; crypto.md §4.1, §4.2.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from experts.candidates import Sifted, case_of, exclusion_digest, list_active, sift
from experts.committee_rules import Weight
from experts.contributors import find_contributors
from experts.drafts import CommitteeDraft
from experts.draw_request import DrawRequest, Group, Quota, check_request, panel_params, shortages
from experts.models.committee import Committee, Exclusion
from experts.vocabulary import CommitteeState
from experts.window import check_draw_time
from kernel.canonical import b64u_encode, format_time
from kernel.crypto import random_bytes
from kernel.db.transaction import Tx
from kernel.drawbook import book, voiding
from kernel.drawbook.composing import compose
from kernel.drawbook.shelf import find_void
from kernel.drawbook.vault import Vault
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.money import Money
from trading import facade as trading
from trading.findings import require_lawful
from trading.legal import law_of
from trading.lot_view import LotView
from trading.vocabulary import Stage

#: What the public calls the draw; together with the lot it names the attempts that belong together.
PURPOSE = "评标专家抽取"
#: Members are normally fixed before the opening (R-COM-08) and must be so before evaluation.
_STAGES = (Stage.NOTICE_PUBLISHED, Stage.CLOSED, Stage.OPENED)
_RULES = ("R-COM-01", "R-COM-05", "R-DRAW-01", "R-DRAW-10", "R-REC-06")


@dataclass(frozen=True, slots=True)
class Frozen:
    """What an application led to."""

    committee_id: uuid.UUID
    draw_id: uuid.UUID
    number: str
    pool: int
    excluded: int


async def request_committee(tx: Tx, actor: Actor, vault: Vault, lot_id: uuid.UUID, draft: CommitteeDraft) -> Frozen:
    """Apply for experts: check the committee, apply recusal, freeze the draw.

    Raises:
        NotFound: not a lot of the actor's.
        Conflict: there is a committee, or it is not the time for one.
        RuleBroken: the committee would not be lawful, or experts would be drawn too early, with the article.
        InvalidInput: the pool cannot fill a group; a contributor has no key; the draw could not succeed.
    Effects:
        rows in `draw_*`, `experts_committee`, `experts_exclusion`; entries `draw.avoidance` and `draw.spec`, public,
        `committee.requested`, to the parties; a message to the contributor.
    Source:
        R-COM-01, R-DRAW-01, R-DRAW-04, R-REC-01 to R-REC-07
    """
    policy.require(actor, "committee.request")
    lot = await trading.lock_lot(tx, lot_id)
    if not lot.is_run_by(actor.organisation_id):
        raise NotFound
    await _require_none_yet(tx, lot)

    law = await law_of(tx, lot.regime, lot.registered_at)
    request = _request_of(draft)
    weight = Weight(budget=Money(lot.price_cap_fen or lot.estimate_fen or 0))
    require_lawful((*check_request(request, law, weight), *check_draw_time(tx.now, draft.begins_at, law)))
    contributors = await find_contributors(tx, actor, lot, draft, PURPOSE)
    departments = [contributors.department]
    case = await case_of(tx, lot, named_units=draft.named_units, departments=departments)
    sifted = sift(await list_active(tx), request, case, law)
    _require_enough(request, sifted)

    number = await _number(tx, lot)
    digests = _exclusions(number, sifted)
    avoided = {"draw": number, "digests": sorted(b64u_encode(row.digest) for row in digests), "rules": ["R-REC-06"]}
    await record(tx, actor, "draw.avoidance", avoided, subject=lot.id, visibility="public")
    pool = book.freeze_pool(sifted.people)
    before = await find_void(tx, lot.id, PURPOSE)
    span = timedelta(minutes=draft.commit_minutes)
    later = max([tx.now + span * len(contributors.invited[1:]), *([draft.beacon.at] if draft.beacon else [])])
    composed = await compose(
        tx,
        contributors.invited,
        draft.beacon,
        commit_by=tx.now + span,
        escrow_by=tx.now + 2 * span,
        reveal_by=later + span,
    )
    spec = {
        "v": 1,
        "type": "draw.spec",
        "id": number,
        "suite": "intl-1",
        "purpose": PURPOSE,
        "algo": "panel/1",
        "stage": f"experts/{number.lower()}",
        "params": panel_params(request, law),
        "pool": pool.frozen,
        **composed,
        "prev": None if before is None else b64u_encode(before.spec_hash),
    }
    draw = await book.freeze(tx, actor, vault, spec, {"pool": pool}, {"pool": sifted.people}, subject=lot.id)
    committee = _committee(tx, actor, lot, draft, draw.id, number)
    tx.session.add(committee)
    await tx.session.flush()  # exclusions refer to it
    for row in digests:
        row.committee_id = committee.id
        tx.session.add(row)

    facts = {
        "draw": number,
        "groups": committee.groups,
        "begins_at": format_time(draft.begins_at),
        "pool": len(sifted.people),
        "excluded": len(sifted.excluded),
        "rules": list(_RULES),
    }
    await record(tx, actor, "committee.requested", facts, subject=lot.id, visibility="parties")
    told = f"抽取 {number} 的候选名单已冻结，请在 {draft.commit_minutes} 分钟内提交随机数承诺。"
    for organisation_id, href in (
        (contributors.department, f"/s/lots/{lot.id}/committee"),
        *((other, f"/draws/{draw.id}") for other in contributors.others),
    ):
        await trading.tell(tx, [organisation_id], lot.id, kind="draw", title="请参与评标专家抽取", text=told, href=href)
    return Frozen(committee.id, draw.id, number, len(sifted.people), len(sifted.excluded))


async def begin_calls(tx: Tx, draw_id: uuid.UUID) -> None:
    """Note that the draw of a committee has its result; experts are called from here on.

    Raises:
        NotFound: the draw is no committee's.
    """
    committee = await lock_committee_of_draw(tx, draw_id)
    if committee.state == CommitteeState.FROZEN:
        committee.state = CommitteeState.CALLING.value
        await tx.session.flush()  # read by SQL in the same act


async def give_up(tx: Tx, actor: Actor, draw_id: uuid.UUID) -> str:
    """Declare a committee's draw void when the rules leave nothing else, so that the agency may apply again.

    Returns:
        The reason.

    Raises:
        Conflict: the draw is alive.
    """
    committee = await lock_committee_of_draw(tx, draw_id)
    reason = await voiding.void(tx, draw_id)
    committee.state = CommitteeState.DISSOLVED.value
    await tx.session.flush()  # the next application looks for a committee
    facts = {"draw": committee.number, "reason": reason}
    await record(tx, actor, "committee.dissolved", facts, subject=committee.lot_id, visibility="parties")
    return reason


async def lock_committee(tx: Tx, committee_id: uuid.UUID) -> Committee:
    """Return a committee, held until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    return await _locked(tx, Committee.id == committee_id)


async def lock_committee_of_draw(tx: Tx, draw_id: uuid.UUID) -> Committee:
    """Return the committee of a draw, held until the transaction ends.

    Raises:
        NotFound: the draw is no committee's.
    """
    return await _locked(tx, Committee.draw_id == draw_id)


async def _locked(tx: Tx, condition: Any) -> Committee:
    query = select(Committee).where(condition).with_for_update().execution_options(populate_existing=True)
    found = (await tx.session.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def _require_none_yet(tx: Tx, lot: LotView) -> None:
    if lot.stage not in _STAGES:
        raise Conflict("当前阶段不能组建评标委员会。", stage=lot.stage.value)
    query = select(Committee.id).where(Committee.lot_id == lot.id, Committee.state != CommitteeState.DISSOLVED)
    if (await tx.session.execute(query)).first() is not None:
        raise Conflict("本标段已提出抽取申请；条件冻结后不能修改。")


def _request_of(draft: CommitteeDraft) -> DrawRequest:
    if not draft.place.strip() or draft.begins_at.tzinfo is None:
        raise InvalidInput("请填写评标场地和评审开始时间。", [("place", "不能为空"), ("begins_at", "须带时区")])
    if not 1 <= draft.commit_minutes <= 720 or not 1 <= draft.answer_minutes <= 720:
        raise InvalidInput("承诺时限和答复时限为 1 至 720 分钟。", [("commit_minutes", "超出范围")])
    groups = tuple(Group(group.speciality, group.count) for group in draft.groups)
    quotas = tuple(Quota(quota.region, quota.least, quota.most) for quota in draft.quotas)
    return DrawRequest(groups=groups, quotas=quotas)


def _require_enough(request: DrawRequest, sifted: Sifted) -> None:
    missing = shortages(request, [person.pub for person in sifted.people])
    if missing:
        told = "、".join(f"{code} 缺 {count} 人" for code, count in missing.items())
        raise InvalidInput(f"专家库中符合条件的专家不足：{told}。请放宽专业或者从其他专家库抽取。", [("groups", told)])


async def _number(tx: Tx, lot: LotView) -> str:
    query = select(func.count()).select_from(Committee).where(Committee.lot_id == lot.id)
    attempt = int((await tx.session.execute(query)).scalar_one()) + 1
    return f"CQ-{lot.tender}-{lot.number}-{attempt:02d}"


def _exclusions(number: str, sifted: Sifted) -> Sequence[Exclusion]:
    rows = []
    for expert, grounds in sifted.excluded:
        for ground in grounds:
            salt = random_bytes(32)
            digest = exclusion_digest(salt, number, expert.number, ground)
            kept = {"ground": ground.ground.value, "unit": ground.unit, "rule": ground.rule}
            rows.append(Exclusion(expert_id=expert.id, salt=salt, digest=digest, **kept))
    return rows


def _committee(tx: Tx, actor: Actor, lot: LotView, draft: CommitteeDraft, draw_id: uuid.UUID, number: str) -> Committee:
    return Committee(
        id=tx.new_secret_id(),
        lot_id=lot.id,
        draw_id=draw_id,
        number=number,
        state=CommitteeState.FROZEN.value,
        groups=[{"speciality": group.speciality, "count": group.count} for group in draft.groups],
        named_units=list(draft.named_units),
        begins_at=draft.begins_at,
        duration=draft.duration,
        place=draft.place.strip(),
        answer_minutes=draft.answer_minutes,
        requested_by=actor.account_id,
        requested_at=tx.now,
        completed_at=None,
    )
