"""Publishing: the next version of a kind of notice, with its number, digest, log entry and sealed paper.

Law: R-ANN-01 to R-ANN-05, 20号令 40. A notice is superseded, never overwritten; what differs from the version before
stands in the notice itself, side by side.
"""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, text

from kernel.canonical import b64u_encode, format_time, jcs
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.outbox.queue import enqueue
from trading import wording
from trading.announcement import NoticeKind
from trading.legal import procedure_of_lot
from trading.models.notice import Notice
from trading.models.project import Lot, Project
from trading.search import normalise, pieces_of

#: Who sees a notice from the first moment on.
PUBLIC: Final = "public"
INVITED: Final = "invited"


@dataclass(frozen=True, slots=True)
class Posted:
    """A notice that is out."""

    id: uuid.UUID
    number: str
    version: int
    digest: bytes


async def post(
    tx: Tx,
    actor: Actor,
    lot: Lot,
    project: Project,
    kind: NoticeKind,
    title: list[str],
    data: dict[str, Any],
    body: list[wording.Block],
    facts: dict[str, Any],
    *,
    until: datetime | None = None,
    entry: str = "notice.published",
) -> Posted:
    """Publish a notice: the next version of its kind for the lot, which supersedes the one before.

    Args:
        until: when its period ends; None if it has none.
        facts: what the log entry says besides the notice's number and digest.

    Until its bids are closed an invited tender's notices are shown to the invited alone (条例 31, R-ANN-05).

    Effects:
        a row in `trading_notice`; the entry; a job that makes the sealed PDF; watchers of the lot are woken.
    """
    earlier = (
        await tx.session.execute(
            select(Notice.id, Notice.version, Notice.content)
            .where(Notice.lot_id == lot.id, Notice.kind == kind.value)
            .order_by(Notice.version.desc())
            .limit(1)
        )
    ).one_or_none()
    version = 1 if earlier is None else earlier.version + 1
    procedure = procedure_of_lot(lot, project)
    number = f"{project.number}-{lot.number}-{procedure.notices[kind].mark}-{version}"
    audience = audience_of(lot, project)
    if earlier is not None:
        body = wording.with_differences(body, earlier.content["data"], data)
    content = {
        "v": 1,
        "type": "trading.notice",
        "kind": kind.value,
        "number": number,
        "version": version,
        "tender": project.number,
        "lot": lot.number,
        "lot_id": str(lot.id),
        "issuer": project.procuring_entity_name,
        "agency": project.agency_name,
        "title": title,
        "body": body,
        "data": data,
        "published_at": format_time(tx.now),
        "until": format_time(until) if until else None,
        "rehearsal": tx.rehearsal,
        "invented": invented_of(project, lot),
    }
    digest = hashlib.sha256(jcs(content)).digest()
    heading = "".join(title)
    recorded = await record(
        tx,
        actor,
        entry,
        {"kind": kind.value, "number": number, "version": version, "title": heading, "sha256": b64u_encode(digest)}
        | facts,
        subject=lot.id,
        visibility=visibility_of(lot, project),
    )
    words = normalise(f"{heading} {project.number} {project.procuring_entity_name} {project.agency_name} {lot.title}")
    notice = Notice(
        id=tx.new_id(),
        lot_id=lot.id,
        kind=kind.value,
        version=version,
        supersedes=earlier.id if earlier else None,
        number=number,
        title=heading,
        region=project.region,
        content=content,
        digest=digest,
        audience=audience,
        published_at=tx.now,
        until=until,
        entry_id=recorded.entry_id,
        words=words,
        search=func.array_to_tsvector(pieces_of(words)),
    )
    tx.session.add(notice)
    await tx.session.flush()  # papers and later versions refer to it
    await enqueue(tx, "trading:make_paper", {"notice": str(notice.id)}, key=f"paper:{notice.id}")
    await tx.session.execute(text("SELECT pg_notify('matter', :lot)"), {"lot": str(lot.id)})
    return Posted(notice.id, number, version, digest)


def audience_of(lot: Lot, project: Project) -> str:
    """Return who sees what is published now: of an invited tender only the invited until its bids are closed."""
    return INVITED if procedure_of_lot(lot, project).is_invited and lot.closed_at is None else PUBLIC


def visibility_of(lot: Lot, project: Project) -> str:
    """Return the visibility of a log entry that holds the text of what is published now."""
    return "public" if audience_of(lot, project) == PUBLIC else "parties"


def invented_of(project: Project, lot: Lot) -> list[str]:
    """Return what of a project's and a lot's data is invented for a demonstration."""
    both = [*project.provenance.get("invented", ()), *lot.provenance.get("invented", ())]
    return list(dict.fromkeys(both))
