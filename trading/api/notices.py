"""Notices: publish, correct, read, search."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import Parameter

from kernel.db.transaction import Tx
from kernel.errors import InvalidInput
from kernel.identity.actor import Actor
from kernel.log import reader
from kernel.web.guards import PUBLIC, actor_of_connection, permits
from kernel.web.services import Services
from trading.announcement import NoticeKind
from trading.holders import holders_of
from trading.notices import move_deadline, publish_notice
from trading.reading import Cursor, NoticeLine, search_notices
from trading.schemas import NewDeadline, line_json, notice_json, posted_json
from trading.visibility import view_notice

_TAGS = ["trading"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@post("/api/v1/lots/{lot_id:uuid}/notice", guards=[permits("notice.publish")], tags=_TAGS, summary="Publish the notice")
async def add_notice(tx: Tx, actor: Actor, lot_id: UUID) -> dict[str, Any]:
    """Publish the tender notice and issue the documents; needs an accepted plan and a keyset."""
    return posted_json(await publish_notice(tx, actor, lot_id))


@post(
    "/api/v1/lots/{lot_id:uuid}/deadline", guards=[permits("notice.publish")], tags=_TAGS, summary="Move the deadline"
)
async def add_deadline(tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: NewDeadline) -> dict[str, Any]:
    """Move the bid deadline to a later moment; the corrected notice reaches every holder."""
    holders = holders_of(services.plugins)
    return posted_json(await move_deadline(tx, actor, holders, lot_id, data.deadline, data.reason))


@get("/api/v1/notices/{notice_id:uuid}", opt=PUBLIC, tags=_TAGS, summary="A notice, as it was hashed")
async def read_notice(request: Request[Any, Any, Any], tx: Tx, notice_id: UUID) -> dict[str, Any]:
    """Return a notice in the version asked for."""
    return notice_json(await view_notice(tx, actor_of_connection(request), notice_id))


@get(
    "/api/v1/notices/{notice_id:uuid}/proof",
    opt=PUBLIC,
    tags=_TAGS,
    summary="The proof that the log holds a notice's digest, as the offline verifier reads it",
)
async def read_notice_proof(request: Request[Any, Any, Any], tx: Tx, notice_id: UUID) -> dict[str, Any]:
    """Return the notice's entry with its detail and its way to the signed head."""
    notice = await view_notice(tx, actor_of_connection(request), notice_id)
    proof = await reader.proof_of_entry(tx, notice.entry_id)
    logged = await reader.find_entry(tx, notice.entry_id)
    return {"v": 1, "type": "log.inclusion", "detail": logged.detail, **proof}


@get("/api/v1/notices", opt=PUBLIC, tags=_TAGS, summary="Search notices, newest first")
async def read_notices(
    tx: Tx,
    q: str = "",
    kind: NoticeKind | None = None,
    region: str = "",
    after: str = "",
    most: Annotated[int, Parameter(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """Return a page of notices and the cursor of the next."""
    lines = await search_notices(tx, query=q, kind=kind, region=region, after=cursor_of(after), most=most)
    return {"items": [line_json(line) for line in lines], "after": cursor_text(lines, most)}


def cursor_of(text: str) -> Cursor | None:
    """Read the cursor of a page of notices; empty is the first page.

    Raises:
        InvalidInput: it was not made by `cursor_text`.
    """
    if not text:
        return None
    at, _, notice = text.partition("-")
    try:
        return Cursor(_EPOCH + timedelta(microseconds=int(at)), UUID(notice))
    except (ValueError, OverflowError) as error:
        raise InvalidInput("翻页参数不正确，请从第一页重新查询。", [("after", "不正确")]) from error


def cursor_text(lines: list[NoticeLine], most: int) -> str | None:
    """Write the cursor of the page after these lines; None after the last."""
    if len(lines) < most:
        return None
    since = lines[-1].published_at - _EPOCH
    return f"{since // timedelta(microseconds=1)}-{lines[-1].id}"


HANDLERS = [add_notice, add_deadline, read_notice, read_notice_proof, read_notices]
