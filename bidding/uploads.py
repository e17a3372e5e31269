"""Acts on uploads: the head of an envelope, its chunks in any order, and what has arrived (crypto.md §3.5).

The platform looks at the head only: what is no envelope, or one for another lot, bidder, keyset or policy, is refused
before a single chunk is taken (R-ET-04: unsealed bids are refused with a message). Chunks are objects under random
names; nothing about them tells which bid they belong to, or how many there are.
"""

import hashlib
import io
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bidding.envelope import EnvelopeError, Head, read_head
from bidding.keysets import KeysetView, require_published_keyset
from bidding.models.bid import Upload
from bidding.registration import InterestView, require_interest
from bidding.vocabulary import CHUNK_OF_SLOT, MAX_CHUNKS, SLOTS, Policy
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode
from kernel.crypto import random_bytes
from kernel.db.transaction import Database, Tx
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, TooManyRequests
from kernel.files.store import FileStore
from kernel.identity.actor import Actor
from trading import facade as trading
from trading.due_lots import PAUSED
from trading.lot_view import LotView
from trading.vocabulary import Stage

#: An honest client needs a handful per revision; more than this only fills the store.
MAX_UPLOADS = 60


class NotSealed(InvalidInput):
    """What was sent is no envelope for this lot; `reason` is a code of crypto.md §3.2, or the member amiss."""

    code = "not-sealed"


@dataclass(frozen=True, slots=True)
class UploadView:
    """An upload of the actor's own.

    Attributes:
        chunk_bytes: size of every chunk as it is sent.
        bitmap: one character per chunk, `1` where it has arrived.
    """

    id: uuid.UUID
    lot_id: uuid.UUID
    bid_id: uuid.UUID
    slot: str
    chunk_bytes: int
    chunks: int
    bitmap: str


async def open_upload(tx: Tx, actor: Actor, lot_id: uuid.UUID, slot: str, raw: bytes, chunks: int) -> UploadView:
    """Take the head of an envelope.

    Args:
        raw: magic, length and header: the first 12 + L bytes of the file.
        chunks: how many chunks will follow.

    Raises:
        NotFound: the actor does not take part in the lot.
        DeadlinePassed: bids are due no more.
        NotSealed: this is no envelope, or one for something else.
        TooManyRequests: too many uploads for one bid.

    Effects:
        one row in `bidding_upload`.
    """
    interest = await require_interest(tx, actor, lot_id)
    lot = await trading.get_lot(tx, lot_id)
    require_open(lot, tx)
    head = _read(raw)
    _require_for_this_bid(head, slot, lot, interest, await require_published_keyset(tx, lot_id))
    if not 1 <= chunks <= MAX_CHUNKS[slot]:
        raise NotSealed("投标文件过大或为空。", [("chunks", f"1 至 {MAX_CHUNKS[slot]}")], reason="chunks")
    count = await tx.session.execute(
        text("SELECT count(*) FROM bidding_upload WHERE bid_id = :bid"), {"bid": interest.bid_id}
    )
    if count.scalar_one() >= MAX_UPLOADS:
        raise TooManyRequests("本标段的上传次数过多，请联系平台服务人员。", retry_after_s=3600)

    upload = Upload(
        id=tx.new_secret_id(),
        bid_id=interest.bid_id,
        lot_id=lot_id,
        slot=slot,
        head=raw,
        head_digest=head.digest,
        chunk_bytes=head.sealed_chunk,
        chunks=chunks,
    )
    tx.session.add(upload)
    return UploadView(upload.id, lot_id, interest.bid_id, slot, upload.chunk_bytes, chunks, "0" * chunks)


def require_open(lot: LotView, tx: Tx) -> None:
    """Refuse what belongs to bidding when bids are not due, or not due any more.

    Raises:
        Conflict: the lot stands still.
        DeadlinePassed: the deadline has come.
    """
    if lot.stage is Stage.PAUSED_DOCUMENTS:
        raise Conflict(PAUSED, stage=lot.stage.value)
    if lot.deadline is None or tx.now >= lot.deadline or lot.closed_at is not None:
        raise DeadlinePassed("投标已截止，平台不再接收投标文件。")
    if lot.stage is not Stage.NOTICE_PUBLISHED:
        raise Conflict("本标段现在不接收投标文件。", stage=lot.stage.value)


def _read(raw: bytes) -> Head:
    stream = io.BytesIO(raw)
    try:
        head = read_head(stream)
    except EnvelopeError as refusal:
        raise NotSealed(
            "平台不接收未加密的投标文件，请使用投标页面或离线工具加密后上传。",
            [("header", refusal.code)],
            reason=refusal.code,
        ) from None
    if stream.read(1):
        raise NotSealed("信封头部之后有多余内容。", [("header", "trailing")], reason="header-length")
    return head


def _require_for_this_bid(head: Head, slot: str, lot: LotView, interest: InterestView, keyset: KeysetView) -> None:
    core = head.header["core"]
    document = keyset.document
    expected: dict[str, Any] = {
        "tender": lot.tender,
        "lot": lot.number,
        "slot": slot if slot in SLOTS else None,
        "bidder": interest.pseudonym,
        "ks": lot.keyset,
        "policy": keyset.policy.value,
        "suite": document["suite"],
        "chunk": CHUNK_OF_SLOT.get(slot),
    }
    for name, value in expected.items():
        if core[name] != value:
            raise NotSealed("这份信封不是为本标段、本单位或本次密钥密封的。", [("header", name)], reason=name)
    if keyset.policy is Policy.BIDDER:
        return
    ours = [(trustee["i"], trustee["a"], trustee["kid"]) for trustee in document["trustees"]]
    theirs = [(stanza["i"], stanza["a"], stanza["kid"]) for stanza in head.header["tk"]]
    if head.header["k"] != keyset.k or ours != theirs:
        raise NotSealed("这份信封没有按公布的见证人密钥密封。", [("header", "tk")], reason="tk")


async def access_upload(tx: Tx, actor: Actor, upload_id: uuid.UUID) -> UploadView:
    """Return an upload of the actor's own organisation.

    Raises:
        NotFound: absent, or somebody else's: the answer is the same.
    """
    row = (
        await tx.session.execute(
            text(
                "SELECT u.id, u.lot_id, u.bid_id, u.slot, u.chunk_bytes, u.chunks,"
                " (SELECT array_agg(c.j) FROM bidding_chunk c WHERE c.upload_id = u.id) AS arrived"
                " FROM bidding_upload u JOIN bidding_bid b ON b.id = u.bid_id"
                " JOIN bidding_interest i ON i.id = b.interest_id"
                " WHERE u.id = :id AND i.organisation_id = :organisation"
            ),
            {"id": upload_id, "organisation": actor.organisation_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    arrived = set(row.arrived or ())
    bitmap = "".join("1" if j in arrived else "0" for j in range(row.chunks))
    return UploadView(row.id, row.lot_id, row.bid_id, row.slot, row.chunk_bytes, row.chunks, bitmap)


async def list_own_uploads(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the heads that the actor's organisation has sent for a lot, for going on after the page was closed.

    Who kept the opening file finds in it the key that fits one of them; nobody else learns anything from a head.

    Returns:
        rows `{id, slot, chunks, header}` for the wire, at most `MAX_UPLOADS`.

    Raises:
        NotFound: the actor does not take part in the lot.
    """
    interest = await require_interest(tx, actor, lot_id)
    query = text("SELECT id, slot, chunks, head FROM bidding_upload WHERE bid_id = :bid ORDER BY id")
    rows = await tx.session.execute(query, {"bid": interest.bid_id})
    return [
        {"id": str(row.id), "slot": row.slot, "chunks": row.chunks, "header": b64u_encode(row.head)} for row in rows
    ]


async def list_leaves(tx: Tx, upload: UploadView) -> list[str | None]:
    """Return the leaf digest of every chunk in base64url, None where none has arrived."""
    query = text("SELECT j, leaf FROM bidding_chunk WHERE upload_id = :id")
    kept = {row.j: b64u_encode(row.leaf) for row in await tx.session.execute(query, {"id": upload.id})}
    return [kept.get(j) for j in range(upload.chunks)]


async def keep_chunk(db: Database, store: FileStore, actor: Actor, upload: UploadView, j: int, data: bytes) -> bytes:
    """Keep one chunk; the same chunk again is no fault, another in its place is.

    The object is written before the row: an object without a row harms nobody. The transaction is opened here, because
    the bytes are streamed first and the deadline counts after the last of them.

    Returns:
        The leaf digest H(00 || chunk), as the platform computed it.

    Raises:
        InvalidInput: no such chunk, or not of the size of chunks.
        DeadlinePassed: bids are due no more.
        Conflict: another chunk stands in this place.
    """
    if not 0 <= j < upload.chunks:
        raise InvalidInput("没有这个分块。", [("j", f"0 至 {upload.chunks - 1}")])
    if len(data) != upload.chunk_bytes:
        raise InvalidInput("分块大小不符。", [("body", f"应为 {upload.chunk_bytes} 字节")])
    leaf = hashlib.sha256(b"\x00" + data).digest()
    kept = await _leaf_at(db, upload.id, j)
    if kept is None:
        async with db.begin_read_only() as tx:  # nothing is stored for a lot that takes no bids: the store would fill
            require_open(await trading.get_lot(tx, upload.lot_id), tx)
        name = sealed_name(random_bytes(24))
        await store.put(name, data)
        async with db.begin() as tx:
            require_open(await trading.get_lot(tx, upload.lot_id), tx)
            await tx.session.execute(
                text(
                    "INSERT INTO bidding_chunk (upload_id, j, lot_id, leaf, object_name)"
                    " VALUES (:upload, :j, :lot, :leaf, :name) ON CONFLICT (upload_id, j) DO NOTHING"
                ),
                {"upload": upload.id, "j": j, "lot": upload.lot_id, "leaf": leaf, "name": name},
            )
        kept = await _leaf_at(db, upload.id, j)
    if kept != leaf:
        raise Conflict("这个位置已有另一分块，请重新密封后重新上传。")
    return leaf


async def _leaf_at(db: Database, upload_id: uuid.UUID, j: int) -> bytes | None:
    async with db.begin_read_only() as tx:
        query = text("SELECT leaf FROM bidding_chunk WHERE upload_id = :upload AND j = :j")
        found = (await tx.session.execute(query, {"upload": upload_id, "j": j})).scalar_one_or_none()
    return None if found is None else bytes(found)


def sealed_name(entropy: bytes) -> str:
    """Return the name of a chunk's object: random, so that names tell nothing."""
    name = entropy.hex()
    return f"sealed/{name[:2]}/{name}"


def head_of(text_: str) -> bytes:
    """Return the bytes of a base64url head.

    Raises:
        NotSealed: it is not base64url.
    """
    try:
        return b64u_decode(text_)
    except NotCanonical:
        raise NotSealed("信封头部编码不正确。", [("header", "base64url")], reason="magic") from None


def shown(upload: UploadView) -> dict[str, Any]:
    """Return an upload for the wire."""
    return {"id": str(upload.id), "slot": upload.slot, "chunks": upload.chunks, "bitmap": upload.bitmap}
