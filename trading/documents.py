"""Acts: upload tender documents; they are issued by the notice or a clarification and are never changed after.

Law: R-TIME-01, R-ET-02, R-AWD-10. Who fetched a document is written down nowhere (R-ANN-05).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import select

from kernel.canonical import NotCanonical, b64u_decode
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, TooEarly
from kernel.files.arriving import ArrivalView, begin_arrival, forget_arrival
from kernel.files.library import FileView, enter_file, find_file, keep_file
from kernel.files.store import FileStore
from kernel.identity.actor import Actor
from kernel.log.writer import record
from trading.holders import Holders
from trading.lot_view import LotView
from trading.models.document import Document
from trading.models.project import Lot
from trading.progress import access_lot
from trading.queries import get_lot
from trading.vocabulary import Role, Stage

#: What may be uploaded, by ending, with the media type that it is served as.
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
_STARTS = {"pdf": b"%PDF-", "docx": b"PK\x03\x04", "xlsx": b"PK\x03\x04", "zip": b"PK\x03\x04"}
#: The largest file in one piece; larger ones arrive in pieces (`kernel.files.arriving`).
MAX_SIZE = 64 << 20
#: What a file under way is for, by the purpose of the document.
_ACCESS = "trading.document"
#: What documents are for.
TENDER, PREQUALIFICATION = "tender", "prequalification"
_OPEN_FOR_DOCUMENTS = (Stage.REGISTERED.value, Stage.NOTICE_PUBLISHED.value)


class PiecesDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A large file to send in pieces.

    Attributes:
        pieces: SHA-256 of each piece, base64url.
    """

    name: str
    size: int
    pieces: list[str]
    purpose: Literal["tender", "prequalification"] = "tender"

    @property
    def leaves(self) -> list[bytes]:
        """Return the digests.

        Raises:
            InvalidInput: one is none.
        """
        try:
            return [b64u_decode(piece) for piece in self.pieces]
        except NotCanonical:
            raise InvalidInput("分块清单无法读取。", [("pieces", "分块清单不符")]) from None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document of a lot as doors see it."""

    id: uuid.UUID
    name: str
    version: int
    digest: bytes
    size: int
    media_type: str
    uploaded_at: datetime
    issued_at: datetime | None
    purpose: str = TENDER


async def upload_document(
    tx: Tx, actor: Actor, store: FileStore, lot_id: uuid.UUID, *, name: str, data: bytes, purpose: str = TENDER
) -> DocumentView:
    """Keep a file as a document of the lot, a draft until it is issued.

    Args:
        name: with its ending; the same name again makes the next version.
        purpose: `tender`, or `prequalification` for what applicants get.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        Conflict: the lot is past bidding.
        InvalidInput: name, kind or size does not fit, or the bytes are not what the ending says.
    Effects:
        a row in `trading_document`; entry `documents.uploaded`, for the parties.
    """
    lot = await _lot_for_documents(tx, actor, lot_id)
    ending = require_fitting(name, data)
    _require_one_purpose(await list_documents(tx, lot.id), name, purpose)
    file = await keep_file(tx, store, data, name=name, media_type=MEDIA_TYPES[ending], access=_ACCESS, subject=lot.id)
    return await _enter(tx, actor, lot, file, purpose)


async def begin_document(tx: Tx, actor: Actor, lot_id: uuid.UUID, draft: PiecesDraft) -> ArrivalView:
    """Announce a large document, or find the one that was announced before.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        Conflict: the lot is past bidding, or too many files are under way.
        InvalidInput: name, kind or size does not fit.
    """
    lot = await _lot_for_documents(tx, actor, lot_id)
    _require_name(draft.name)
    _require_one_purpose(await list_documents(tx, lot.id), draft.name, draft.purpose)
    return await begin_arrival(
        tx,
        actor,
        subject=lot.id,
        access=f"{_ACCESS}/{draft.purpose}",
        name=draft.name,
        size=draft.size,
        leaves=draft.leaves,
    )


def require_start_of(arrival: ArrivalView, start: bytes) -> None:
    """Refuse a large document whose first bytes are not what its ending says.

    Raises:
        InvalidInput: they are not.
    """
    _require_start(_require_name(arrival.name), start)


async def finish_document(tx: Tx, actor: Actor, arrival: ArrivalView, digest: bytes) -> DocumentView:
    """Keep a large document that has arrived whole; its content is in the store.

    Raises:
        NotFound, Conflict: as of `begin_document`.
    Effects:
        as of `upload_document`; the file is under way no more.
    """
    lot = await _lot_for_documents(tx, actor, arrival.subject)
    purpose = arrival.access.removeprefix(f"{_ACCESS}/")
    ending = _require_name(arrival.name)
    _require_one_purpose(await list_documents(tx, lot.id), arrival.name, purpose)
    file = await enter_file(
        tx,
        digest=digest,
        size=arrival.size,
        name=arrival.name,
        media_type=MEDIA_TYPES[ending],
        access=_ACCESS,
        subject=lot.id,
    )
    await forget_arrival(tx, arrival)
    return await _enter(tx, actor, lot, file, purpose)


async def _lot_for_documents(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Lot:
    lot, _ = await access_lot(tx, actor, lot_id, lock=True)
    if lot.stage not in _OPEN_FOR_DOCUMENTS:
        raise Conflict("投标已截止，不能再上传招标文件。")
    return lot


def _require_one_purpose(earlier: list[DocumentView], name: str, purpose: str) -> None:
    if any(item.name == name and item.purpose != purpose for item in earlier):
        raise InvalidInput("资格预审文件和招标文件不能同名，请更改文件名。", [("name", "文件名已用于另一类文件")])


async def _enter(tx: Tx, actor: Actor, lot: Lot, file: FileView, purpose: str) -> DocumentView:
    """Write the next version of a document. Effects: entry `documents.uploaded`, for the parties."""
    earlier = await list_documents(tx, lot.id)
    row = Document(
        id=tx.new_id(),
        lot_id=lot.id,
        name=file.name,
        version=1 + max((item.version for item in earlier if item.name == file.name), default=0),
        file_id=file.id,
        digest=file.digest,
        size=file.size,
        media_type=file.media_type,
        uploaded_by=actor.account_id,
        uploaded_at=tx.now,
        issued_at=None,
        purpose=purpose,
    )
    tx.session.add(row)
    facts = {"name": file.name, "version": row.version, "sha256": file.digest.hex(), "size": file.size}
    await record(tx, actor, "documents.uploaded", facts, subject=lot.id, visibility="parties")
    return _view(row)


async def issue_documents(tx: Tx, actor: Actor, lot_id: uuid.UUID, *, purpose: str = TENDER) -> list[DocumentView]:
    """Issue the drafts of a lot: the newest version of each name; called by the act that publishes.

    Effects:
        entry `documents.published`, public, if there was anything to issue.
    """
    rows = (
        await tx.session.execute(
            select(Document).where(Document.lot_id == lot_id, Document.issued_at.is_(None), Document.purpose == purpose)
        )
    ).scalars()
    newest: dict[str, Document] = {}
    for row in rows:
        if row.name not in newest or newest[row.name].version < row.version:
            newest[row.name] = row
    issued = sorted(newest.values(), key=lambda row: row.name)
    for row in issued:
        row.issued_at = tx.now
    if issued:
        files = [{"name": r.name, "version": r.version, "sha256": r.digest.hex(), "size": r.size} for r in issued]
        facts = {"files": files, "rules": ["R-TIME-01"]}
        await record(tx, actor, "documents.published", facts, subject=lot_id, visibility="public")
    return [_view(row) for row in issued]


async def list_documents(tx: Tx, lot_id: uuid.UUID) -> list[DocumentView]:
    """Return all documents of a lot, drafts and old versions too, by name and version."""
    rows = await tx.fetch(
        "SELECT id, name, version, digest, size, media_type, uploaded_at, issued_at, purpose FROM trading_document"
        " WHERE lot_id = $1 ORDER BY name, version",
        lot_id,
    )
    return [DocumentView(*row) for row in rows]


async def access_document(
    tx: Tx, actor: Actor, holders: Holders, lot_id: uuid.UUID, document_id: uuid.UUID
) -> FileView:
    """Return the file of a document for somebody who may read it.

    The parties may always; supervision and holders once it is issued, holders from the hour that the notice names.

    Raises:
        NotFound: absent, a draft, or not for this reader: the answer is the same.
        TooEarly: documents are not handed out yet.
    """
    lot = await get_lot(tx, lot_id)
    query = select(Document).where(Document.id == document_id, Document.lot_id == lot_id)
    row = (await tx.session.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound
    if row.purpose == PREQUALIFICATION and row.issued_at is not None and actor.has(Role.BIDDER, Role.SUPERVISOR):
        return await find_file(tx, row.file_id)  # whoever may apply may read; who did is written down nowhere
    if not lot.is_run_by(actor.organisation_id):
        if row.issued_at is None or not await _may_read(tx, actor, holders, lot):
            raise NotFound
        if lot.documents_from is not None and tx.now < lot.documents_from and not actor.has(Role.SUPERVISOR):
            raise TooEarly("招标文件尚未开始获取，请在公告载明的时间领取。")
    return await find_file(tx, row.file_id)


async def _may_read(tx: Tx, actor: Actor, holders: Holders, lot: LotView) -> bool:
    if actor.has(Role.SUPERVISOR):
        return True
    if not actor.has(Role.BIDDER) or actor.organisation_id is None:
        return False  # a staff account under a company's code must not find out whether the company takes part
    return actor.covers(lot.id) and await holders.is_holder(tx, lot.id, actor.organisation_id)


def require_fitting(name: str, data: bytes) -> str:
    """Return the ending of a file that may be kept.

    Raises:
        InvalidInput: name, kind or size does not fit, or the bytes are not what the ending says.
    """
    ending = _require_name(name)
    if not data:
        raise InvalidInput("文件是空的，请重新选择。", [("file", "空文件")])
    if len(data) > MAX_SIZE:
        raise InvalidInput(f"单个文件不超过 {MAX_SIZE >> 20} MB。", [("file", "文件过大")])
    _require_start(ending, data)
    return ending


def _require_name(name: str) -> str:
    ending = name.rpartition(".")[2].lower()
    printable = 0 < len(name) <= 120 and name.isprintable() and name == name.strip(" .")
    if not printable or any(mark in name for mark in '/\\:*?"<>|'):
        raise InvalidInput("请更改文件名：不超过 120 个字符，不含 / \\ : * ? 等符号。", [("name", "文件名不合适")])
    if ending not in MEDIA_TYPES:
        raise InvalidInput("请上传 PDF、DOCX、XLSX 或 ZIP 文件。", [("name", "文件格式不支持")])
    return ending


def _require_start(ending: str, data: bytes) -> None:
    if not data.startswith(_STARTS[ending]):
        raise InvalidInput("文件内容与扩展名不符，请重新选择。", [("file", "内容与扩展名不符")])


def _view(row: Document) -> DocumentView:
    return DocumentView(
        row.id,
        row.name,
        row.version,
        row.digest,
        row.size,
        row.media_type,
        row.uploaded_at,
        row.issued_at,
        row.purpose,
    )
