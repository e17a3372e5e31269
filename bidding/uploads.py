"""Acts on uploads: the head of an envelope, its chunks in any order, and what has arrived (crypto.md §3.5).

The platform looks at the head only: what is no envelope, or one for another lot, bidder, keyset or policy, is refused
before a single chunk is taken (R-ET-04: unsealed bids are refused with a message). Chunks are objects under random
names; nothing about them tells which bid they belong to, or how many there are.
"""

import hashlib
import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import text

from bidding.envelope import EnvelopeError, Head, read_head
from bidding.keysets import SealingTerms, require_sealing_terms
from bidding.parts import find_slot, most_chunks
from bidding.registration import InterestView, require_interest
from bidding.vocabulary import CHUNK_OF_SLOT, Policy
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode
from kernel.crypto import random_bytes
from kernel.db.transaction import Database, Tx
from kernel.errors import Conflict, DeadlinePassed, DomainError, InvalidInput, NotFound, TooManyRequests
from kernel.files.store import FileStore
from kernel.identity.actor import Actor
from trading import facade as trading
from trading.due_lots import PAUSED, DueLot, HeldLot
from trading.slots import Slot

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
    held = (await trading.look_at_due_lots(tx, [lot_id])).get(lot_id)
    _require_due(held)
    assert held is not None
    head = _read(raw)
    part = find_slot(held.slots, slot)
    lot = await trading.get_due_lot(tx, lot_id)
    _require_for_this_bid(head, part, lot, interest, await require_sealing_terms(tx, lot_id))
    assert part is not None
    if not 1 <= chunks <= most_chunks(part):
        raise NotSealed("投标文件过大或为空。", [("chunks", f"1 至 {most_chunks(part)}")], reason="chunks")
    if await tx.fetchval("SELECT count(*) FROM bidding_upload WHERE bid_id = $1", interest.bid_id) >= MAX_UPLOADS:
        raise TooManyRequests("本标段的上传次数过多，请联系平台服务人员。", retry_after_s=3600)

    upload_id = tx.new_secret_id()
    await tx.fetch(
        "INSERT INTO bidding_upload (id, bid_id, lot_id, slot, head, head_digest, chunk_bytes, chunks)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(upload_id, interest.bid_id, lot_id, slot, raw, head.digest, head.sealed_chunk, chunks),
    )
    return UploadView(upload_id, lot_id, interest.bid_id, slot, head.sealed_chunk, chunks, "0" * chunks)


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


def _require_for_this_bid(
    head: Head, part: Slot | None, lot: DueLot, interest: InterestView, keyset: SealingTerms
) -> None:
    core = head.header["core"]
    document = keyset.document
    expected: dict[str, Any] = {
        "tender": lot.tender,
        "lot": lot.number,
        "slot": None if part is None else part.name,
        "bidder": interest.pseudonym,
        "ks": b64u_encode(keyset.ks),
        "policy": keyset.policy.value,
        "suite": document["suite"],
        "chunk": None if part is None else CHUNK_OF_SLOT[part.name],
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
    if row is None or not actor.covers(row.lot_id):
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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk of the actor's own belongs.

    Attributes:
        chunk_bytes: its size.
        leaf: of the chunk that stands there already, or None.
    """

    upload_id: uuid.UUID
    lot_id: uuid.UUID
    j: int
    chunk_bytes: int
    leaf: bytes | None


async def find_place(db: Database, actor: Actor, upload_id: uuid.UUID, j: int) -> Place:
    """Return where a chunk belongs, before its bytes are read; who asks at the same moment shares two statements.

    Raises:
        NotFound: no such upload, or somebody else's: the answer is the same.
        InvalidInput: no such chunk.
        DeadlinePassed: bids are due no more, and nothing stands there: nothing more is stored for such a lot.
        Conflict: the lot stands still.
    """
    asked = _Asked(upload_id, j, actor.organisation_id)
    place: Place = await db.together.ask("places", lambda asking: _find_places(db, asking), asked)
    if not actor.covers(place.lot_id):
        raise NotFound
    return place


@dataclass(frozen=True, slots=True)
class _Asked:
    upload_id: uuid.UUID
    j: int
    organisation_id: uuid.UUID | None


_PLACES = (
    "SELECT w.n, u.lot_id, u.chunk_bytes, u.chunks, c.leaf"
    " FROM unnest($1::uuid[], $2::int[], $3::uuid[]) WITH ORDINALITY AS w (upload, j, organisation, n)"
    " JOIN bidding_upload u ON u.id = w.upload JOIN bidding_bid b ON b.id = u.bid_id"
    " JOIN bidding_interest i ON i.id = b.interest_id AND i.organisation_id = w.organisation"
    " LEFT JOIN bidding_chunk c ON c.upload_id = u.id AND c.j = w.j"
)


async def _find_places(db: Database, asked: Sequence[_Asked]) -> list[Place | DomainError]:
    columns = [(one.upload_id, max(-1, min(one.j, 2**31 - 1)), one.organisation_id) for one in asked]
    rows = {row["n"]: row for row in await db.fetch(_PLACES, *(list(c) for c in zip(*columns, strict=True)))}
    wanted = {row["lot_id"] for row in rows.values() if row["leaf"] is None}
    lots = await trading.look_at_due_lots(db, list(wanted)) if wanted else {}
    found: list[Place | DomainError] = []
    for n, one in enumerate(asked, 1):
        try:
            found.append(_place(one, rows.get(n), lots))
        except DomainError as refusal:
            found.append(refusal)
    return found


def _place(one: _Asked, row: asyncpg.Record | None, lots: Mapping[uuid.UUID, HeldLot]) -> Place:
    if row is None:
        raise NotFound
    if not 0 <= one.j < row["chunks"]:
        raise InvalidInput("没有这个分块。", [("j", f"0 至 {row['chunks'] - 1}")])
    if row["leaf"] is None:
        _require_due(lots.get(row["lot_id"]))
    return Place(one.upload_id, row["lot_id"], one.j, row["chunk_bytes"], row["leaf"])


def _require_due(lot: HeldLot | None) -> None:
    if lot is None:
        raise NotFound
    if lot.is_paused:
        raise Conflict(PAUSED, stage=lot.stage.value)
    if lot.is_over:
        raise DeadlinePassed("投标已截止，平台不再接收投标文件。")
    if not lot.takes_bids:
        raise Conflict("本标段现在不接收投标文件。", stage=lot.stage.value)


async def keep_chunk(db: Database, store: FileStore, place: Place, data: bytes) -> bytes:
    """Keep one chunk; the same chunk again is no fault, another in its place is.

    The object is written before the row: an object without a row harms nobody. The transaction is opened here, because
    the bytes are streamed first and the deadline counts after the last of them. Chunks that arrive at the same moment
    share it.

    Returns:
        The leaf digest H(00 || chunk), as the platform computed it.

    Raises:
        InvalidInput: not of the size of chunks.
        DeadlinePassed: bids are due no more.
        Conflict: another chunk stands in this place.
    """
    if len(data) != place.chunk_bytes:
        raise InvalidInput("分块大小不符。", [("body", f"应为 {place.chunk_bytes} 字节")])
    hashed = hashlib.sha256(b"\x00")
    hashed.update(data)
    leaf, kept = hashed.digest(), place.leaf
    if kept is None:
        name = sealed_name(random_bytes(24))
        await store.put(name, data)

        async def run(chunks: Sequence[_Chunk]) -> Sequence[bytes | DomainError]:
            return await db.run(lambda tx: _keep_rows(tx, chunks))

        kept = await db.together.ask("chunks", run, _Chunk(place, leaf, name), owner=(place.upload_id, place.j))
    if kept != leaf:
        raise Conflict("这个位置已有另一分块，请重新密封后重新上传。")
    return leaf


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk whose object is stored."""

    place: Place
    leaf: bytes
    name: str


async def _keep_rows(tx: Tx, chunks: Sequence[_Chunk]) -> list[bytes | DomainError]:
    """Write the rows of stored chunks; return, for each, the leaf that stands in its place now, or why there is none.

    Effects:
        rows in `bidding_chunk`.
    """
    lots = await trading.look_at_due_lots(tx, list({chunk.place.lot_id for chunk in chunks}))
    outcomes: dict[tuple[uuid.UUID, int], bytes | DomainError] = {}
    rows = []
    for chunk in chunks:
        place = chunk.place
        try:
            _require_due(lots.get(place.lot_id))
            rows.append((place.upload_id, place.j, place.lot_id, chunk.leaf, chunk.name))
        except DomainError as refusal:
            outcomes[place.upload_id, place.j] = refusal
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        made = await tx.fetch(_KEEP, *columns)
        if len(made) < len(rows):  # others were faster; what they wrote is seen by the next statement
            made = await tx.fetch(_LEAVES, *columns[:2])
        outcomes |= {(row["upload_id"], row["j"]): row["leaf"] for row in made}
    return [outcomes[chunk.place.upload_id, chunk.place.j] for chunk in chunks]


#: In the order of their places, so that nobody waits in a circle.
_KEEP = (
    "INSERT INTO bidding_chunk (upload_id, j, lot_id, leaf, object_name)"
    " SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bytea[], $5::text[])"
    " AS c (upload, j, lot, leaf, name)"
    " ORDER BY upload, j ON CONFLICT (upload_id, j) DO NOTHING RETURNING upload_id, j, leaf"
)
_LEAVES = (
    "SELECT c.upload_id, c.j, c.leaf FROM bidding_chunk c"
    " JOIN unnest($1::uuid[], $2::bigint[]) AS w (upload, j) ON c.upload_id = w.upload AND c.j = w.j"
)


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
