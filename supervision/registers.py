"""Acts on the two registers: objects and inspectors (一单两库). Law: R-DR-02, R-DR-05, R-DR-06.

Imports update by key and never delete; what an inspection froze is a snapshot and does not change with the register.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, select

from kernel.canonical import b64u_encode, jcs
from kernel.codes import uscc_valid
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.identity.models import Account, Organisation
from kernel.log.writer import record
from supervision.drafts import Conflict, InspectorDraft, InspectorsDraft, TargetDraft, TargetsDraft
from supervision.models import RegisterInspector, RegisterTarget
from supervision.vocabulary import Role, TargetKind

#: Objects that are no organisations: another code names them, and an organisation answers for them.
_NUMBERED = frozenset({TargetKind.LOT, TargetKind.EXPERT})
MOST = 20_000


async def import_targets(tx: Tx, actor: Actor, draft: TargetsDraft) -> int:
    """Take objects of one kind into the register, or update them.

    Returns:
        How many objects of the kind are in the register now.
    Raises:
        InvalidInput: a code is wrong or stands twice; all faults together.
    Effects:
        entry `register.targets-imported`, with the digest of what was imported.
    Source:
        R-DR-02, R-DR-06
    """
    policy.require(actor, "inspection.plan")

    _require_sound(draft)

    query = select(RegisterTarget).where(RegisterTarget.kind == draft.kind.value).with_for_update()
    known = {row.unit: row for row in (await tx.session.execute(query)).scalars()}
    for given in draft.targets:
        row = known.get(given.unit)
        if row is None:
            row = RegisterTarget(id=tx.new_id(), kind=draft.kind.value, unit=given.unit)
            known[given.unit] = row
            tx.session.add(row)
        row.name, row.credit, row.responsible = given.name.strip(), given.credit.value, given.responsible or given.unit
        row.last_inspected, row.active, row.updated_at = given.last_inspected, True, tx.now
    if draft.complete:
        _retire(tx, known, {given.unit for given in draft.targets})
    await tx.session.flush()  # a unit that somebody else imported meanwhile is refused here

    facts = {"kind": draft.kind.value, "count": len(draft.targets), "complete": draft.complete, **_digest(draft)}
    await record(tx, actor, "register.targets-imported", facts)
    return sum(row.active for row in known.values())


def _require_sound(draft: TargetsDraft) -> None:
    if not draft.targets or len(draft.targets) > MOST:
        raise InvalidInput(f"每次导入 1 至 {MOST} 个检查对象。", [("targets", "数量不正确")])
    faults = [(f"targets/{at}/{field}", message) for at, field, message in faults_of_targets(draft)]
    if faults:
        raise InvalidInput("请更正标出的检查对象。", faults)


def faults_of_targets(draft: TargetsDraft) -> list[tuple[int, str, str]]:
    """Return everything that stands against objects, as (place from 0, field, message)."""
    faults: list[tuple[int, str, str]] = []
    seen: set[str] = set()
    for at, given in enumerate(draft.targets):
        faults += [(at, field, message) for field, message in _faults_of(draft.kind, given)]
        if given.unit in seen:
            faults.append((at, "unit", f"“{given.unit}”出现了两次"))
        seen.add(given.unit)
    return faults


def _faults_of(kind: TargetKind, given: TargetDraft) -> Iterable[tuple[str, str]]:
    if not given.name.strip() or len(given.name) > 200:
        yield "name", "名称不能为空，且不超过 200 字"
    if kind in _NUMBERED:
        if not given.unit.strip() or len(given.unit) > 64:
            yield "unit", "编号不能为空，且不超过 64 个字符"
        if not uscc_valid(given.responsible):
            yield "responsible", "责任单位的统一社会信用代码不正确"
    else:
        if not uscc_valid(given.unit):
            yield "unit", "统一社会信用代码不正确"
        if given.responsible not in ("", given.unit):
            yield "responsible", "单位对自己负责，此项应为空"


async def import_inspectors(tx: Tx, actor: Actor, draft: InspectorsDraft) -> int:
    """Take inspectors into the register, or update them; declared conflicts are kept beside new ones.

    Returns:
        How many inspectors are in the register now.
    Raises:
        InvalidInput: no account of the role, or a certificate is missing or stands twice; all faults together.
    Effects:
        entry `register.inspectors-imported`; the reasons of conflicts stay out of it.
    Source:
        R-DR-02, R-DR-05
    """
    policy.require(actor, "inspection.plan")

    people = await _people(tx, [given.login for given in draft.inspectors])
    known = {row.account_id: row for row in (await tx.session.execute(_all_inspectors())).scalars()}
    found = _faults_of_people(draft.inspectors, people, {row.certificate: row.account_id for row in known.values()})
    if not draft.inspectors or found:
        faults = [(f"inspectors/{at}/{field}", message) for at, field, message in found]
        raise InvalidInput("请更正标出的检查人员。", faults or [("inspectors", "不能为空")])

    for given in draft.inspectors:
        account, organisation = people[given.login]
        row = known.get(account.id)
        if row is None:
            row = RegisterInspector(id=tx.new_id(), account_id=account.id, conflicts=[])
            known[account.id] = row
            tx.session.add(row)
        row.name, row.certificate, row.may_lead = account.display_name, given.certificate.strip(), given.may_lead
        row.organisation, row.unit = organisation.name, organisation.uscc
        row.conflicts = _joined(row.conflicts, given.conflicts)
        row.active, row.updated_at = True, tx.now
    if draft.complete:
        _retire(tx, known, {people[given.login][0].id for given in draft.inspectors})
    await tx.session.flush()  # a certificate that somebody else imported meanwhile is refused here

    facts = {
        "count": len(draft.inspectors),
        "complete": draft.complete,
        "certificates": sorted(given.certificate.strip() for given in draft.inspectors),
        "rules": ["R-DR-02", "R-DR-05"],
    }
    await record(tx, actor, "register.inspectors-imported", facts)
    return sum(row.active for row in known.values())


async def declare_conflict(tx: Tx, actor: Actor, conflict: Conflict) -> None:
    """Declare, as an inspector, a unit that one has to stay away from. It holds for every assignment from now on.

    Raises:
        NotFound: the actor is not in the register.
        InvalidInput: no such unit, or no reason.
    Effects:
        entry `inspector.conflict-declared`, restricted.
    Source:
        R-DR-05
    """
    policy.require(actor, "inspection.record")
    query = _all_inspectors().where(RegisterInspector.account_id == actor.account_id)
    row = (await tx.session.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound

    if not uscc_valid(conflict.unit) or not conflict.reason.strip():
        raise InvalidInput("请填写回避单位的统一社会信用代码和理由。", [("unit", "代码不正确或理由为空")])

    row.conflicts, row.updated_at = _joined(row.conflicts, [conflict]), tx.now

    facts = {"unit": conflict.unit, "reason": conflict.reason.strip(), "rules": ["R-DR-05"]}
    await record(tx, actor, "inspector.conflict-declared", facts)


def _all_inspectors() -> Select[RegisterInspector]:
    return select(RegisterInspector).with_for_update().execution_options(populate_existing=True)


async def _people(tx: Tx, logins: Sequence[str]) -> dict[str, tuple[Account, Organisation]]:
    query = (
        select(Account, Organisation)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.login.in_(logins), Account.disabled_at.is_(None))
    )
    return {
        account.login: (account, organisation)
        for account, organisation in (await tx.session.execute(query))
        if Role.INSPECTOR in account.roles
    }


async def faults_of_inspectors(tx: Tx, draft: InspectorsDraft) -> list[tuple[int, str, str]]:
    """Return everything that stands against inspectors, as (place from 0, field, message). Changes nothing."""
    people = await _people(tx, [given.login for given in draft.inspectors])
    rows = await tx.session.execute(select(RegisterInspector.certificate, RegisterInspector.account_id))
    return _faults_of_people(draft.inspectors, people, {row.certificate: row.account_id for row in rows})


def _faults_of_people(
    drafts: Sequence[InspectorDraft],
    people: dict[str, tuple[Account, Organisation]],
    certificates: dict[str, uuid.UUID],
) -> list[tuple[int, str, str]]:
    faults: list[tuple[int, str, str]] = []
    logins: set[str] = set()
    for at, given in enumerate(drafts):
        number = given.certificate.strip()
        if given.login not in people:
            faults.append((at, "login", "没有这个执法检查人员账户"))
        elif number and certificates.setdefault(number, people[given.login][0].id) != people[given.login][0].id:
            faults.append((at, "certificate", f"证件号“{number}”已属于他人"))
        if not number:
            faults.append((at, "certificate", "请填写执法证件号"))
        if given.login in logins:
            faults.append((at, "login", "同一人出现了两次"))
        logins.add(given.login)
        faults += [
            (at, f"conflicts/{n}", "回避单位的统一社会信用代码不正确，或理由为空")
            for n, conflict in enumerate(given.conflicts)
            if not uscc_valid(conflict.unit) or not conflict.reason.strip()
        ]
    return faults


def _joined(known: Sequence[dict[str, str]], more: Iterable[Conflict]) -> list[dict[str, str]]:
    """Return the conflicts, those of one unit once; a declared conflict is never forgotten by an import."""
    by_unit = {item["unit"]: item for item in known}
    for conflict in more:
        by_unit[conflict.unit] = {"unit": conflict.unit, "reason": conflict.reason.strip()}
    return [by_unit[unit] for unit in sorted(by_unit)]


def _retire(
    tx: Tx,
    known: Mapping[Any, RegisterTarget | RegisterInspector],
    listed: Collection[Any],
) -> None:
    for key, row in known.items():
        if key not in listed and row.active:
            row.active, row.updated_at = False, tx.now


def _digest(draft: TargetsDraft) -> dict[str, str]:
    return {"sha256": b64u_encode(suite("intl-1").hash(jcs(msgspec.to_builtins(draft.targets))))}
