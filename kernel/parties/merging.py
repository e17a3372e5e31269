"""Registrations that are one: found by the machine, merged by two people, nothing deleted.

The merged registration stays with everything that was done under it, points to the one that goes on, and takes part in
nothing new. Its accounts stay where they are: a bid under way keeps its bidder. Roles and names go over to the history
of the registration that goes on.

Source: R-LIC-10 (one registration).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted
from kernel.identity.actor import Actor
from kernel.identity.models import Organisation
from kernel.identity.party_models import Merge, OrganisationName, Person
from kernel.log.writer import record
from kernel.names import name_key
from kernel.parties.organisations import end_role, grant_role, list_names, list_roles

_KINDS: dict[str, type[Organisation] | type[Person]] = {"organisation": Organisation, "person": Person}


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two registrations that may be one, and why it looks so: `code`, `name` or `number`."""

    kind: str
    why: str
    first: uuid.UUID
    first_name: str
    first_code: str
    second: uuid.UUID
    second_name: str
    second_code: str


@dataclass(frozen=True, slots=True)
class MergeView:
    """A merge that somebody asked for."""

    id: uuid.UUID
    kind: str
    from_name: str
    into_name: str
    reason: str
    asked_by: uuid.UUID
    asked_by_name: str
    asked_at: datetime


#: The same code but for width, blanks and case; the same name but for width, brackets and legal form; the same number.
_FIND = """
SELECT 'organisation' AS kind, 'code' AS why, a.id AS a, a.name AS a_name, a.uscc AS a_code,
       b.id AS b, b.name AS b_name, b.uscc AS b_code
FROM identity_organisation a JOIN identity_organisation b ON (a.created_at, a.id) < (b.created_at, b.id)
 AND upper(replace(normalize(a.uscc, NFKC), ' ', '')) = upper(replace(normalize(b.uscc, NFKC), ' ', ''))
WHERE a.merged_into IS NULL AND b.merged_into IS NULL
UNION
SELECT 'organisation', 'name', a.id, a.name, a.uscc, b.id, b.name, b.uscc
FROM identity_organisation_name x JOIN identity_organisation_name y
  ON x.name_key = y.name_key AND x.until IS NULL AND y.until IS NULL AND x.organisation_id < y.organisation_id
JOIN identity_organisation a ON a.id = x.organisation_id JOIN identity_organisation b ON b.id = y.organisation_id
WHERE a.merged_into IS NULL AND b.merged_into IS NULL
UNION
SELECT 'person', 'number', a.id, a.name, '', b.id, b.name, ''
FROM identity_person a JOIN identity_person b ON a.id_number_mac = b.id_number_mac AND a.id < b.id
WHERE a.merged_into IS NULL AND b.merged_into IS NULL
ORDER BY kind, why, a_name LIMIT 200
"""


async def list_duplicates(tx: Tx) -> list[Duplicate]:
    """Return pairs of registrations that may be one; a person decides."""
    rows = await tx.session.execute(text(_FIND))
    return [Duplicate(row.kind, row.why, row.a, row.a_name, row.a_code, row.b, row.b_name, row.b_code) for row in rows]


async def ask_merge(
    tx: Tx, actor: Actor, *, kind: str, from_id: uuid.UUID, into_id: uuid.UUID, reason: str
) -> uuid.UUID:
    """Ask that one registration becomes part of another; a second person decides.

    Raises:
        InvalidInput: no reason, an unknown kind, or twice the same registration.
        NotFound: one of them is not there.
        Conflict: one of them is merged already, or the same merge waits for its decision.

    Effects:
        a row in `identity_merge`, entry `party.merge-asked`.
    """
    if kind not in _KINDS or from_id == into_id:
        raise InvalidInput("请选择两个不同的同类登记。", [("into_id", "请选择要并入的登记")])
    if len(reason.strip()) < 4:
        raise InvalidInput("请写明合并理由。", [("reason", "请写明为什么认定是同一主体，至少 4 个字")])
    for one in (from_id, into_id):
        if (await _load(tx, kind, one)).merged_into is not None:
            raise Conflict("其中一个登记已经合并。")
    waiting = select(Merge.id).where(Merge.from_id == from_id, Merge.decided_at.is_(None))
    if (await tx.session.execute(waiting)).first() is not None:
        raise Conflict("这一登记的合并正在等待复核。")

    merge = Merge(
        id=tx.new_id(),
        kind=kind,
        from_id=from_id,
        into_id=into_id,
        reason=reason.strip(),
        asked_by=actor.account_id,
        asked_at=tx.now,
    )
    tx.session.add(merge)
    facts = {"merge": str(merge.id), "kind": kind, "from": str(from_id), "into": str(into_id), "reason": merge.reason}
    await record(tx, actor, "party.merge-asked", facts, subject=into_id)
    return merge.id


async def list_open_merges(tx: Tx) -> list[MergeView]:
    """Return merges that wait for their decision, oldest first."""
    rows = await tx.session.execute(
        text(
            "SELECT m.id, m.kind, m.reason, m.asked_by, a.display_name, m.asked_at,"
            " coalesce(fo.name, fp.name) AS from_name, coalesce(io.name, ip.name) AS into_name"
            " FROM identity_merge m JOIN identity_account a ON a.id = m.asked_by"
            " LEFT JOIN identity_organisation fo ON fo.id = m.from_id"
            " LEFT JOIN identity_organisation io ON io.id = m.into_id"
            " LEFT JOIN identity_person fp ON fp.id = m.from_id"
            " LEFT JOIN identity_person ip ON ip.id = m.into_id"
            " WHERE m.decided_at IS NULL ORDER BY m.asked_at"
        )
    )
    return [
        MergeView(r.id, r.kind, r.from_name, r.into_name, r.reason, r.asked_by, r.display_name, r.asked_at)
        for r in rows
    ]


async def decide_merge(tx: Tx, actor: Actor, merge_id: uuid.UUID, *, approved: bool) -> None:
    """Approve or refuse a merge, as its second person.

    Raises:
        NotFound: there is no such merge.
        Conflict: it is decided already, or one side was merged meanwhile.
        NotPermitted: the person who asked decides nothing.

    Effects:
        on approval `merged_into`, roles and names of the registration that goes on; entry `party.merged` or
        `party.merge-refused`.
    """
    merge = (await tx.session.execute(select(Merge).where(Merge.id == merge_id).with_for_update())).scalar_one_or_none()
    if merge is None:
        raise NotFound
    if merge.decided_at is not None:
        raise Conflict("这一合并已有决定。")
    if merge.asked_by == actor.account_id:
        raise NotPermitted("提出合并的人不能自己复核，请由另一人办理。")

    merge.decided_by, merge.decided_at, merge.approved = actor.account_id, tx.now, approved
    if approved:
        await _carry_out(tx, actor, merge)
    facts: dict[str, Any] = {
        "merge": str(merge.id),
        "kind": merge.kind,
        "from": str(merge.from_id),
        "into": str(merge.into_id),
        "asked_by": str(merge.asked_by),
        "reason": merge.reason,
    }
    await record(tx, actor, "party.merged" if approved else "party.merge-refused", facts, subject=merge.into_id)


async def _carry_out(tx: Tx, actor: Actor, merge: Merge) -> None:
    # Rows are locked in the order of their ids, so that two merges of the same pair wait instead of dying.
    rows = {one: await _load(tx, merge.kind, one, lock=True) for one in sorted((merge.from_id, merge.into_id))}
    if any(row.merged_into is not None for row in rows.values()):
        raise Conflict("其中一个登记已经合并。")
    rows[merge.from_id].merged_into = merge.into_id
    if merge.kind != "organisation":
        return
    for role in await list_roles(tx, merge.from_id):
        if role.until is None:
            await end_role(tx, actor, merge.from_id, role.role, f"登记合并：{merge.reason}")
            await grant_role(tx, actor, merge.into_id, role.role)
    for name in await list_names(tx, merge.from_id):
        tx.session.add(
            OrganisationName(
                id=tx.new_id(),
                organisation_id=merge.into_id,
                name=name.name,
                name_key=name_key(name.name),
                legal_representative=name.legal_representative,
                source="merge",
                since=name.since,
                until=name.until or tx.now,
            )
        )


async def _load(tx: Tx, kind: str, one: uuid.UUID, *, lock: bool = False) -> Organisation | Person:
    model = _KINDS[kind]
    query = select(model).where(model.id == one)
    row = (await tx.session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        raise NotFound
    assert isinstance(row, Organisation | Person)
    return row
