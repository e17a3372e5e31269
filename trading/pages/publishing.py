"""The room's page of documents and notice: upload, what publishing needs, preview, publish."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.files.arriving import MOST_BYTES
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading import wording
from trading.documents import MAX_SIZE, DocumentView, list_documents, upload_document
from trading.lot_view import LotView
from trading.models.project import Lot
from trading.notices import publish_notice, tender_data
from trading.pages.common import (
    Form,
    attempt,
    heading_of,
    require_agreement,
    said,
    texts_of,
)
from trading.pages.room import FormData, own_lot
from trading.reading import list_notices_of
from trading.vocabulary import Stage


@dataclass(frozen=True, slots=True)
class FileRow:
    """A document in the room."""

    name: str
    kind: str
    href: str
    digest: str
    version: int
    size: int
    at: datetime
    current: bool
    change: str
    unread: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The notice as it will be published."""

    title: list[str]
    number: str
    paragraphs: list[str]


@dataclass(frozen=True, slots=True)
class DocumentsPage:
    """Documents and notice."""

    role: str
    base: str
    title: str
    number: str
    lot_no: str
    documents: list[FileRow]
    form: Form
    ready: list[tuple[str, str, str]]
    publishable: bool
    published_at: datetime | None
    notice_href: str
    preview: Preview | None
    statement: str
    window: tuple[datetime, datetime]
    most: int
    most_whole: int
    joined: bool
    join_href: str


@get("/a/lots/{lot_id:uuid}/documents", guards=[permits("documents.prepare")], include_in_schema=False)
async def documents_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the documents, what publishing still needs, and the notice as it will be."""
    return await _show_documents(request, tx, await own_lot(tx, actor, lot_id), Form())


@post(
    "/a/lots/{lot_id:uuid}/documents",
    guards=[permits("documents.prepare")],
    include_in_schema=False,
    request_max_body_size=MAX_SIZE + (1 << 16),
)
async def documents_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: UUID,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Keep an uploaded file."""
    lot = await own_lot(tx, actor, lot_id)
    file = data.get("file")
    form = Form({name: value for name, value in data.items() if isinstance(value, str) and name != "_csrf"})
    if not isinstance(file, UploadFile) or not file.filename:
        form.errors["file"] = "请选择文件。"
        return await _show_documents(request, tx, lot, form, status=422)
    content, name = await file.read(), file.filename.replace("\\", "/").rpartition("/")[2]
    kept = await attempt(tx, form, lambda: upload_document(tx, actor, services.files, lot_id, name=name, data=content))
    if kept is None:
        form.errors.setdefault("file", form.errors.pop("name", form.errors.pop("form", "请重新选择文件。")))
        return await _show_documents(request, tx, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/documents"})


@post("/a/lots/{lot_id:uuid}/notice", guards=[permits("notice.publish")], include_in_schema=False)
async def notice_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Publish the notice."""
    lot = await own_lot(tx, actor, lot_id)
    form = Form(texts_of(data))
    posted = None
    if require_agreement(form):
        posted = await attempt(tx, form, lambda: publish_notice(tx, actor, lot_id))
    if posted is None:
        return await _show_documents(request, tx, lot, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/notices/{posted.id}"})


async def _show_documents(
    request: Request[Any, Any, Any], tx: Tx, lot: LotView, form: Form, status: int = 200
) -> Response[str]:
    documents = await list_documents(tx, lot.id)
    ready = _ready(lot, documents)
    notices = await list_notices_of(tx, lot.id) if lot.published_at else []
    epoch = lot.registered_at
    page = DocumentsPage(
        role="agency",
        **heading_of(lot, f"/a/lots/{lot.id}"),
        documents=[_file_row(item, documents, lot) for item in documents],
        form=form,
        ready=ready,
        publishable=lot.stage is Stage.REGISTERED and all(kind == "ok" for kind, _, _ in ready),
        published_at=lot.published_at,
        notice_href=f"/notices/{notices[0].id}" if notices else "",
        preview=await _preview(tx, lot) if lot.published_at is None and lot.deadline else None,
        statement=f"我以{lot.agency_name}的名义确认公告内容与招标文件一致，并知悉发布后只能通过澄清或更正公告修改",
        window=(lot.documents_from or epoch, lot.documents_to or epoch),
        most=MOST_BYTES,
        most_whole=MAX_SIZE,
        joined=True,
        join_href="",
    )
    return render_page(request, "trading/documents.html", {"page": page}, status=status, now=tx.now)


async def _preview(tx: Tx, lot: LotView) -> Preview:
    row = (await tx.session.execute(select(Lot).where(Lot.id == lot.id))).scalar_one_or_none()
    if row is None:
        raise NotFound
    blocks = wording.tender_notice(await tender_data(tx, row, changes=()))
    return Preview([lot.project_title, "招标公告"], lot.tender, [block["text"] for block in blocks if "text" in block])


def _ready(lot: LotView, documents: list[DocumentView]) -> list[tuple[str, str, str]]:
    k, n = lot.procedure.get("k"), lot.procedure.get("n")
    points = "、".join(f"{item.name} {item.max}" for item in lot.criteria)
    return [
        ("ok" if lot.deadline else "warn", "时间计划通过核对", f"投标截止 {said(lot.deadline)}"),
        ("ok" if lot.keyset else "warn", "开标密钥完成演练", f"{n} 名见证人，门槛 {k} 名"),
        ("ok" if documents else "warn", "上传招标文件", f"已有 {len(documents)} 份"),
        ("ok", "评审因素合计 100 分", points),
    ]


def _file_row(item: DocumentView, everything: list[DocumentView], lot: LotView) -> FileRow:
    newest = max(other.version for other in everything if other.name == item.name)
    return FileRow(
        name=item.name,
        kind="招标文件",
        href=f"/api/v1/lots/{lot.id}/documents/{item.id}",
        digest=item.digest.hex(),
        version=item.version,
        size=item.size,
        at=item.issued_at or item.uploaded_at,
        current=item.version == newest,
        change="" if item.issued_at else "未发出",
        unread=False,
    )


HANDLERS = [documents_page, documents_form, notice_form]
