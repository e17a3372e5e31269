"""Acts: freeze the two draws of an inspection, objects first, then who inspects them.

Law: R-DR-02, R-DR-05, R-DR-07, R-DR-12, R-DR-15; crypto.md §4. Both lists are frozen before any randomness is known, so
nobody can fit one to the outcome of the other; a plan that could get stuck is refused before the freeze.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.drawbook.book import Person, freeze, freeze_pool
from kernel.drawbook.composing import compose
from kernel.drawbook.shelf import find_void, list_attempts
from kernel.drawbook.vault import Vault
from kernel.errors import Conflict, InvalidInput
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.periods import legal_date
from kernel.web.filters import minute
from supervision.contributors import FoundContributor, find_contributors
from supervision.drafts import FreezeDraft
from supervision.inspections import access_inspection, advance, rates_of
from supervision.models import Inspection, Inspector, Record, RegisterInspector, RegisterTarget, Target
from supervision.sampling import (
    CREDIT,
    LEAD,
    InspectorRecord,
    TargetRecord,
    assign_params,
    due_targets,
    recused_pairs,
    sample_sizes,
    shortages,
    strata_params,
)
from supervision.stages import INSPECTION
from supervision.vocabulary import REGIME, Stage
from trading.facade import tell
from trading.legal import law_of

TARGETS = "targets"
INSPECTORS = "inspectors"


async def freeze_targets(tx: Tx, actor: Actor, vault: Vault, inspection_id: uuid.UUID, draft: FreezeDraft) -> uuid.UUID:
    """Freeze both registers and the draw of objects by credit class.

    A void attempt is repeated from the lists that were frozen for it.

    Returns:
        The draw's id.
    Raises:
        InvalidInput: no objects, a class without a rate, too few inspectors for some object, or contributors that do
            not fit.
    Effects:
        `supervision_target`, `supervision_inspector`, the draw; entries `draw.spec` and `inspection.frozen`, public,
        and `inspection.roster`, restricted, with the frozen inspectors.
    Source:
        R-DR-02, R-DR-07, R-DR-12, R-DR-15
    """
    inspection = await access_inspection(tx, actor, inspection_id)
    INSPECTION.move("freeze_targets", Stage(inspection.stage))

    targets, people, skipped = await _lists(tx, inspection)
    members = _by_class(targets)
    rates = rates_of(inspection)
    sizes = sample_sizes(members, rates)
    await _require_enough(tx, inspection, targets, people)
    contributors = await find_contributors(tx, actor, draft.contributors, targets)

    pool = [Person(str(one.id), {CREDIT: one.credit}, _told(one)) for one in targets]
    frozen = freeze_pool(pool)
    params = strata_params({credit: rate for credit, rate in rates.items() if credit in members})
    spec = await _spec(tx, inspection, TARGETS, "strata/1", params, {"pool": frozen.frozen}, contributors, draft)
    draw = await freeze(tx, actor, vault, spec, {"pool": frozen}, {"pool": pool}, subject=inspection.id)
    inspection.target_draw_id = draw.id
    inspection.contributors = [{**one.spec, "organisation": one.organisation} for one in contributors]
    advance(inspection, "freeze_targets")

    facts = {
        "inspection": inspection.number,
        "draw": draw.number,
        "members": members,
        "samples": sizes,
        "skipped": skipped,
        "inspectors": len(people),
        "rules": ["R-DR-02", "R-DR-07", "R-DR-12", "R-DR-15"],
    }
    await record(tx, actor, "inspection.frozen", facts, subject=inspection.id, visibility="public")
    await _call(tx, inspection, contributors, draft)
    roster = [{"certificate": one.certificate, "unit": one.unit, "lead": one.may_lead} for one in people]
    await record(tx, actor, "inspection.roster", {"inspectors": roster}, subject=inspection.id)
    return draw.id


async def freeze_inspectors(
    tx: Tx, actor: Actor, vault: Vault, inspection_id: uuid.UUID, draft: FreezeDraft
) -> uuid.UUID:
    """Freeze the draw that assigns inspectors to the drawn objects; who has an interest stays away.

    Returns:
        The draw's id.
    Raises:
        Conflict: the objects are not drawn yet, or this draw is frozen already.
        InvalidInput: an object could run out of inspectors.
    Effects:
        the draw; entry `draw.spec`, public, and `inspection.recusals`, restricted, with pairs and reasons.
    Source:
        R-DR-05, R-DR-12
    """
    inspection = await access_inspection(tx, actor, inspection_id)
    INSPECTION.move("assign_inspectors", Stage(inspection.stage))
    if inspection.inspector_draw_id is not None:
        raise Conflict("检查人员的抽取已经冻结。")

    drawn = [one for one in await list_targets(tx, inspection.id) if one.drawn_no is not None]
    people = await list_inspectors(tx, inspection.id)
    conflicts = await _conflicts(tx, people)
    await _require_enough(tx, inspection, drawn, people)
    listed = draft.contributors or tuple(one["login"] for one in inspection.contributors)
    contributors = await find_contributors(tx, actor, listed, await list_targets(tx, inspection.id))

    objects = [Person(str(one.id), {}, _told(one)) for one in drawn]
    roster = [Person(str(one.id), {LEAD: "yes" if one.may_lead else "no"}, _introduced(one)) for one in people]
    pools = {"objects": freeze_pool(objects), "inspectors": freeze_pool(roster)}
    apart = _apart(drawn, people, conflicts)
    pairs = [
        (pools["objects"].leaves[str(target.id)], pools["inspectors"].leaves[str(person.id)])
        for target, person, _ in apart
    ]
    law = await law_of(tx, REGIME, inspection.created_at)
    params = assign_params(inspection.team_size, pairs, law, certified_lead=inspection.certified_lead)
    roots = {name: pool.frozen for name, pool in pools.items()}
    spec = await _spec(tx, inspection, INSPECTORS, "assign/1", params, {"pools": roots}, contributors, draft)
    people_by_pool = {"objects": objects, "inspectors": roster}
    draw = await freeze(tx, actor, vault, spec, pools, people_by_pool, subject=inspection.id)
    inspection.inspector_draw_id = draw.id
    inspection.contributors = [{**one.spec, "organisation": one.organisation} for one in contributors]

    facts = {
        "recusals": [
            {"unit": target.unit, "certificate": person.certificate, "reason": reason}
            for target, person, reason in apart
        ],
        "rules": ["R-DR-05"],
    }
    await record(tx, actor, "inspection.recusals", facts, subject=inspection.id)
    await _call(tx, inspection, contributors, draft)
    return draw.id


async def list_targets(tx: Tx, inspection_id: uuid.UUID) -> list[Target]:
    """Return the frozen objects; drawn ones in the order of the draw."""
    query = select(Target).where(Target.inspection_id == inspection_id).order_by(Target.drawn_no, Target.unit)
    return list((await tx.session.execute(query)).scalars())


async def list_inspectors(tx: Tx, inspection_id: uuid.UUID) -> list[Inspector]:
    """Return the frozen inspectors by certificate."""
    query = select(Inspector).where(Inspector.inspection_id == inspection_id).order_by(Inspector.certificate)
    return list((await tx.session.execute(query)).scalars())


async def _lists(tx: Tx, inspection: Inspection) -> tuple[list[Target], list[Inspector], int]:
    """Return the frozen lists; make them at the first attempt. The third value counts objects left out (R-DR-15)."""
    known = await list_targets(tx, inspection.id)
    if known:
        return known, await list_inspectors(tx, inspection.id), 0
    registered = await _registered(tx, inspection)
    last = await _last_inspections(tx, inspection)
    records = [TargetRecord(row.unit, row.credit, _later(row.last_inspected, last.get(row.unit))) for row in registered]
    due = {one.unit for one in due_targets(records, date(inspection.starts_on.year, 1, 1))}
    query = select(RegisterInspector).where(RegisterInspector.active).order_by(RegisterInspector.certificate)
    targets = [
        Target(
            id=tx.new_secret_id(),
            inspection_id=inspection.id,
            unit=row.unit,
            name=row.name,
            responsible=row.responsible,
            credit=row.credit,
        )
        for row in registered
        if row.unit in due
    ]
    people = [
        Inspector(
            id=tx.new_secret_id(),
            inspection_id=inspection.id,
            account_id=row.account_id,
            name=row.name,
            certificate=row.certificate,
            organisation=row.organisation,
            unit=row.unit,
            may_lead=row.may_lead,
        )
        for row in (await tx.session.execute(query)).scalars()
    ]
    if not targets:
        raise InvalidInput("检查对象名录中没有可抽取的对象，请先导入名录。", [("targets", "名录为空或均已检查过")])
    tx.session.add_all([*targets, *people])
    await tx.session.flush()  # the draw's pool refers to them
    return targets, people, len(registered) - len(targets)


async def _registered(tx: Tx, inspection: Inspection) -> list[RegisterTarget]:
    query = select(RegisterTarget).where(RegisterTarget.kind == inspection.target_kind, RegisterTarget.active)
    return list((await tx.session.execute(query.order_by(RegisterTarget.unit))).scalars())


async def _last_inspections(tx: Tx, inspection: Inspection) -> dict[str, date]:
    """Return when each unit was last inspected by us for one of the same items."""
    codes = {item["code"] for item in inspection.items}
    query = (
        select(Target.unit, Record.drafted_at, Inspection.items)
        .join(Record, Record.target_id == Target.id)
        .join(Inspection, Inspection.id == Target.inspection_id)
        .where(Inspection.target_kind == inspection.target_kind)
    )
    found: dict[str, date] = {}
    for unit, at, items in await tx.session.execute(query):
        if codes & {item["code"] for item in items}:
            found[unit] = max(found.get(unit, date.min), legal_date(at))
    return found


def _later(one: date | None, other: date | None) -> date | None:
    return max((day for day in (one, other) if day is not None), default=None)


def _by_class(targets: Iterable[Target]) -> dict[str, int]:
    members: dict[str, int] = {}
    for one in targets:
        members[one.credit] = members.get(one.credit, 0) + 1
    return dict(sorted(members.items()))


async def _conflicts(tx: Tx, people: Sequence[Inspector]) -> dict[uuid.UUID, dict[str, str]]:
    """Return what each inspector has to stay away from, as declared up to now: account → unit → reason."""
    query = select(RegisterInspector.account_id, RegisterInspector.conflicts).where(
        RegisterInspector.account_id.in_([one.account_id for one in people])
    )
    rows = await tx.session.execute(query)
    return {account: {item["unit"]: item["reason"] for item in items} for account, items in rows}


def _apart(
    targets: Sequence[Target], people: Sequence[Inspector], conflicts: Mapping[uuid.UUID, Mapping[str, str]]
) -> list[tuple[Target, Inspector, str]]:
    """Return (object, inspector, reason) who must not meet."""
    by_id = {str(one.id): one for one in people}
    pairs = set(recused_pairs([_record(one) for one in targets], [_judged(one, conflicts) for one in people]))
    return [
        (target, person, conflicts.get(person.account_id, {}).get(target.responsible, "现工作单位"))
        for target in targets
        for identity, person in by_id.items()
        if (target.responsible, identity) in pairs
    ]


async def _require_enough(
    tx: Tx, inspection: Inspection, targets: Sequence[Target], people: Sequence[Inspector]
) -> None:
    """Refuse before the freeze what could get stuck after it, naming the object and what is missing."""
    conflicts = await _conflicts(tx, people)
    short = shortages(
        {one.name: _record(one) for one in targets},
        [_judged(one, conflicts) for one in people],
        inspection.team_size,
        certified_lead=inspection.certified_lead,
    )
    if short:
        name, message = next(iter(short.items()))
        more = f"另有 {len(short) - 1} 个对象也不够。" if len(short) > 1 else ""
        detail = f"检查对象“{name}”{message}。请补充检查人员名录后再冻结。{more}"
        raise InvalidInput(detail, [("inspectors", message)])


async def _call(tx: Tx, inspection: Inspection, contributors: Sequence[FoundContributor], draft: FreezeDraft) -> None:
    """Ask the other contributors to commit in time; the supervising body has frozen the draw itself."""
    others = [one.organisation_id for one in contributors if one.organisation_id != inspection.organisation_id]
    text = f"抽查 {inspection.number} 的名录已冻结，请在 {minute(draft.commit_by)} 前提交随机数承诺。"
    await tell(
        tx, others, None, kind="draw", title="请参与双随机抽查的抽取", text=text, href=f"/s/inspections/{inspection.id}"
    )


def _record(target: Target) -> TargetRecord:
    return TargetRecord(target.responsible, target.credit)


def _judged(person: Inspector, conflicts: Mapping[uuid.UUID, Mapping[str, str]]) -> InspectorRecord:
    units = frozenset(conflicts.get(person.account_id, {}))
    return InspectorRecord(str(person.id), person.unit, units, person.may_lead)


def _told(target: Target) -> dict[str, Any]:
    return {"id": str(target.id), "unit": target.unit, "name": target.name}


def _introduced(person: Inspector) -> dict[str, Any]:
    return {"id": str(person.id), "certificate": person.certificate, "name": person.name}


async def _spec(
    tx: Tx,
    inspection: Inspection,
    purpose: str,
    algo: str,
    params: dict[str, Any],
    pools: dict[str, Any],
    contributors: Sequence[FoundContributor],
    draft: FreezeDraft,
) -> dict[str, Any]:
    composed = await compose(
        tx,
        [one.contributor for one in contributors],
        draft.beacon,
        commit_by=draft.commit_by,
        escrow_by=draft.escrow_by,
        reveal_by=draft.reveal_by,
    )
    before = await find_void(tx, inspection.id, purpose)
    attempt = 1 if before is None else 2 + len(await list_attempts(tx, before))
    return {
        "v": 1,
        "type": "draw.spec",
        "id": f"{inspection.number}/{'T' if purpose == TARGETS else 'I'}{attempt}",
        "suite": "intl-1",
        "purpose": purpose,
        "algo": algo,
        "stage": f"{purpose}/{inspection.number.lower()}",
        "params": params,
        **pools,
        **composed,
        "prev": None if before is None else b64u_encode(before.spec_hash),
    }
