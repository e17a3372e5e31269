"""Acts of applicants: apply for a prequalification, replace or withdraw the application until the deadline.

Law: R-TIME-02, R-ANN-05: who applies is seen by nobody but the applicant until the deadline, then by the lot's own
parties, who decide. Whoever passes may take part in the tender; nobody else (条例 19).
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, NotPermitted, TooEarly
from kernel.files.library import FileView, find_file, keep_file
from kernel.files.store import FileStore
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from trading.affiliations import require_independent
from trading.documents import MEDIA_TYPES, require_fitting
from trading.lot_view import LotView
from trading.models.admission import Application
from trading.prequalifying import PrequalificationView, find_prequalification
from trading.progress import access_lot
from trading.visibility import view_lot

_MOST_FILES = 20
_MOST_TEXT = 4000


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """An application, for its applicant and, after the deadline, for the lot's own parties."""

    id: uuid.UUID
    organisation_name: str
    statement: str
    files: list[dict[str, Any]]
    submitted_at: datetime
    withdrawn_at: datetime | None
    passed: bool | None
    reason: str


async def apply(
    tx: Tx, actor: Actor, store: FileStore, lot_id: uuid.UUID, statement: str, files: Sequence[tuple[str, bytes]]
) -> uuid.UUID:
    """Hand in an application, or replace one's own; new files are added to those that are there, by name.

    Args:
        statement: how the applicant meets the conditions.
        files: names with their bytes.

    Raises:
        NotFound: no such prequalification.
        NotPermitted: the applicant stands on the buying side.
        TooEarly, DeadlinePassed: applications do not come in yet, or not any more.
        InvalidInput: nothing is said, or a file does not fit.
    Effects:
        a row in `trading_application`; entry `application.submitted`, sealed.
    Source:
        R-TIME-02, R-ANN-05
    """
    policy.require(actor, "application.submit")
    lot, row = await _mine(tx, actor, lot_id)
    assert actor.organisation_id is not None
    await require_independent(tx, actor.organisation_id, lot)
    dates = await _require_open(tx, lot)

    kept = {item["name"]: item for item in (row.files if row is not None and row.withdrawn_at is None else ())}
    if not statement.strip() or len(statement) > _MOST_TEXT:
        message = f"请说明如何满足资格条件，不超过 {_MOST_TEXT} 字。"
        raise InvalidInput(message, [("statement", message)])
    for name, data in files:
        ending = require_fitting(name, data)
        file = await keep_file(
            tx, store, data, name=name, media_type=MEDIA_TYPES[ending], access="trading.application", subject=lot.id
        )
        kept[name] = {"name": name, "file": str(file.id), "sha256": file.digest.hex(), "size": file.size}
    if not kept or len(kept) > _MOST_FILES:
        message = f"请上传申请文件，不超过 {_MOST_FILES} 份。"
        raise InvalidInput(message, [("file", message)])
    if await tx.instant() >= dates.deadline:
        raise DeadlinePassed("资格预审申请截止时间已到。")

    if row is None:
        row = Application(
            id=tx.new_secret_id(),
            lot_id=lot.id,
            organisation_id=actor.organisation_id,
            organisation_name=actor.organisation_name,
        )
        tx.session.add(row)
    row.statement, row.files = statement.strip(), list(kept.values())
    row.submitted_by, row.submitted_at, row.withdrawn_at = actor.account_id, tx.now, None
    await tx.session.flush()  # the page reads it in the same transaction

    digest = b64u_encode(hashlib.sha256(jcs({"statement": row.statement, "files": row.files})).digest())
    facts = {"application": str(row.id), "sha256": digest, "rules": ["R-TIME-02"]}
    await record(tx, actor, "application.submitted", facts, subject=lot.id, visibility="sealed")
    return row.id


async def withdraw_application(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> None:
    """Take back one's own application before the deadline; what was handed in counts no more.

    Raises:
        NotFound: there is none.
        DeadlinePassed: the deadline has come.
    Effects:
        entry `application.withdrawn`, sealed.
    """
    policy.require(actor, "application.submit")
    lot, row = await _mine(tx, actor, lot_id)
    if row is None or row.withdrawn_at is not None:
        raise NotFound
    await _require_open(tx, lot)

    row.withdrawn_at = tx.now

    facts = {"application": str(row.id), "rules": ["R-TIME-02"]}
    await record(tx, actor, "application.withdrawn", facts, subject=lot.id, visibility="sealed")


async def find_own_application(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> ApplicationView | None:
    """Return the actor's own application."""
    query = select(Application).where(
        Application.lot_id == lot_id, Application.organisation_id == actor.organisation_id
    )
    row = (await tx.session.execute(query)).scalar_one_or_none() if actor.organisation_id else None
    return None if row is None else _view(row)


async def list_applications(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[ApplicationView]:
    """Return the applications to the lot's own parties, once the deadline has come; before, not even how many.

    Raises:
        NotFound: absent, or not a lot of the actor's.
    """
    await access_lot(tx, actor, lot_id)
    found = await find_prequalification(tx, lot_id)
    if found is None or tx.now < found.deadline:
        return []
    query = select(Application).where(Application.lot_id == lot_id, Application.withdrawn_at.is_(None))
    rows = await tx.session.execute(query.order_by(Application.organisation_name, Application.id))
    return [_view(row) for row in rows.scalars()]


async def access_application_file(tx: Tx, actor: Actor, lot_id: uuid.UUID, file_id: uuid.UUID) -> FileView:
    """Return a file of an application to its applicant, or after the deadline to the lot's own parties.

    Raises:
        NotFound: absent, or not for this reader; the answer is the same.
    """
    own = await find_own_application(tx, actor, lot_id) if actor.covers(lot_id) else None
    seen = [own] if own is not None else await list_applications(tx, actor, lot_id)
    if not any(item["file"] == str(file_id) for view in seen for item in view.files):
        raise NotFound
    return await find_file(tx, file_id)


async def _mine(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> tuple[LotView, Application | None]:
    lot = await view_lot(tx, actor, lot_id)
    if actor.organisation_id is None or not actor.covers(lot_id):
        raise NotFound
    if lot.is_party(actor.organisation_id):
        raise NotPermitted("招标人、招标代理机构不能申请自己项目的资格预审。")
    query = select(Application).where(
        Application.lot_id == lot_id, Application.organisation_id == actor.organisation_id
    )
    return lot, (await tx.session.execute(query.with_for_update())).scalar_one_or_none()


async def _require_open(tx: Tx, lot: LotView) -> PrequalificationView:
    found = await find_prequalification(tx, lot.id)
    if found is None:
        raise NotFound
    if found.concluded_at is not None:
        raise Conflict("资格预审已经结束。")
    now = await tx.instant()
    if now < found.documents_from:
        raise TooEarly("资格预审尚未开始，请在公告载明的时间申请。")
    if now >= found.deadline:
        raise DeadlinePassed("资格预审申请截止时间已到。")
    return found


def _view(row: Application) -> ApplicationView:
    return ApplicationView(
        row.id,
        row.organisation_name,
        row.statement,
        list(row.files),
        row.submitted_at,
        row.withdrawn_at,
        row.passed,
        row.reason or "",
    )
