"""Large files that arrive in pieces, in any order, and go on after a cut.

Who sends names all pieces by their digests first, so that the same file chosen again finds what is there already.
Pieces are scratch objects until the file is whole; then it is content like any other, and they are gone. Memory stays
flat.
"""

import hashlib
import math
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, text

from kernel.db.transaction import Database, Tx
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.files.models import Arrival
from kernel.files.store import FileStore
from kernel.identity.actor import Actor

#: Every piece but the last has this many bytes.
PIECE = 4 << 20
#: The largest file.
MOST_BYTES = 500 << 20
#: How many files one organisation may have under way for one matter.
MOST_OPEN = 20
#: What nobody went on with for so long is thrown away.
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ArrivalView:
    """A file under way.

    Attributes:
        leaves: SHA-256 of each piece, as announced.
        arrived: which pieces are here.
    """

    id: uuid.UUID
    subject: uuid.UUID
    access: str
    name: str
    size: int
    leaves: tuple[bytes, ...]
    arrived: frozenset[int]

    @property
    def bitmap(self) -> str:
        """Return one mark per piece: 1 for what is here."""
        return "".join("1" if j in self.arrived else "0" for j in range(len(self.leaves)))

    def length(self, j: int) -> int:
        """Return how many bytes a piece has."""
        return min(PIECE, self.size - j * PIECE)


async def begin_arrival(
    tx: Tx, actor: Actor, *, subject: uuid.UUID, access: str, name: str, size: int, leaves: list[bytes]
) -> ArrivalView:
    """Announce a file, or find the one that was announced before with the same pieces.

    Args:
        subject, access: as `kernel.files.library.keep_file` takes them; the caller has asked who may.
        leaves: SHA-256 of each piece of `PIECE` bytes.

    Raises:
        InvalidInput: size and pieces do not fit each other, or the file is too large.
        Conflict: too many files are under way.
    """
    if not 0 < size <= MOST_BYTES:
        raise InvalidInput(f"单个文件不超过 {MOST_BYTES >> 20} MB，不能是空文件。", [("file", "文件过大或为空")])
    if len(leaves) != math.ceil(size / PIECE) or any(len(leaf) != hashlib.sha256().digest_size for leaf in leaves):
        raise InvalidInput("分块清单与文件大小不符。", [("leaves", "分块清单不符")])
    joined = b"".join(leaves)
    own = (Arrival.owner_id == actor.organisation_id, Arrival.subject == subject, Arrival.access == access)
    known = (
        await tx.session.execute(select(Arrival.id).where(*own, Arrival.name == name, Arrival.leaves == joined))
    ).scalar_one_or_none()
    if known is not None:
        return await access_arrival(tx, actor, known)
    if (await tx.session.execute(select(func.count()).where(*own))).scalar_one() >= MOST_OPEN:
        raise Conflict("正在上传的文件过多，请先传完或等候片刻。")
    row = Arrival(
        id=tx.new_secret_id(),
        owner_id=actor.organisation_id,
        subject=subject,
        access=access,
        name=name,
        size=size,
        leaves=joined,
        begun_at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()  # its pieces refer to it
    return ArrivalView(row.id, subject, access, name, size, tuple(leaves), frozenset())


async def access_arrival(tx: Tx, actor: Actor, arrival_id: uuid.UUID) -> ArrivalView:
    """Return a file under way of the actor's own organisation.

    Raises:
        NotFound: absent, or somebody else's: the answer is the same.
    """
    row = (
        await tx.session.execute(
            text(
                "SELECT a.id, a.subject, a.access, a.name, a.size, a.leaves,"
                " ARRAY(SELECT p.j FROM kernel_arrival_piece p WHERE p.arrival_id = a.id) AS arrived"
                " FROM kernel_arrival a WHERE a.id = :id AND a.owner_id = :owner"
            ),
            {"id": arrival_id, "owner": actor.organisation_id},
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    joined, size = bytes(row.leaves), hashlib.sha256().digest_size
    leaves = tuple(joined[at : at + size] for at in range(0, len(joined), size))
    return ArrivalView(row.id, row.subject, row.access, row.name, row.size, leaves, frozenset(row.arrived))


async def keep_piece(db: Database, store: FileStore, arrival: ArrivalView, j: int, data: bytes) -> None:
    """Keep a piece; the same piece again is no fault.

    Raises:
        NotFound: the file has no such piece.
        InvalidInput: the bytes are not those that were announced.
    """
    if not 0 <= j < len(arrival.leaves):
        raise NotFound
    if len(data) != arrival.length(j) or hashlib.sha256(data).digest() != arrival.leaves[j]:
        raise InvalidInput("这一块在途中损坏或文件已改动，请重新选择文件。", [("body", "分块内容不符")])
    await store.put(_scratch(arrival.id, j), data)
    async with db.begin() as tx:
        await tx.session.execute(
            text(
                "INSERT INTO kernel_arrival_piece (arrival_id, j) SELECT id, :j FROM kernel_arrival WHERE id = :id"
                " ON CONFLICT DO NOTHING"
            ),
            {"id": arrival.id, "j": j},
        )


async def assemble(store: FileStore, arrival: ArrivalView, fits: Callable[[bytes], None]) -> bytes:
    """Put the pieces together as content; a second time nothing changes.

    Args:
        fits: is given the first bytes and raises what is wrong with them, before anything is kept.

    Returns:
        SHA-256 of the file.

    Raises:
        Conflict: pieces are missing.
    """
    if len(arrival.arrived) != len(arrival.leaves):
        raise Conflict("文件还没有传完。", missing=len(arrival.leaves) - len(arrival.arrived))
    found, start = hashlib.sha256(), b""
    async for piece in _pieces(store, arrival):
        if not start:
            start = piece[:16]
            fits(start)
        found.update(piece)
    await store.put_content_stream(found.digest(), _pieces(store, arrival), durable=True)
    return found.digest()


async def forget_arrival(tx: Tx, arrival: ArrivalView) -> None:
    """Forget a file under way once it is kept, or refused; its scratch objects go with `clear`.

    Raises:
        NotFound: somebody else has kept or refused it in the meantime; of two the later does nothing.
    """
    gone = await tx.session.execute(delete(Arrival).where(Arrival.id == arrival.id).returning(Arrival.id))
    if gone.first() is None:
        raise NotFound


async def clear(store: FileStore, arrival: ArrivalView) -> None:
    """Delete the scratch objects of a file that is kept, or refused."""
    for j in arrival.arrived:
        await store.delete_scratch(_scratch(arrival.id, j))


async def sweep(db: Database, store: FileStore) -> int:
    """Throw away what nobody went on with; return how many files that were."""
    async with db.begin_read_only() as tx:
        stale = (await tx.session.execute(select(Arrival).where(_is_stale(tx)).limit(50))).scalars().all()
    for row in stale:
        for j in range(math.ceil(row.size / PIECE)):
            if await store.exists(_scratch(row.id, j)):
                await store.delete_scratch(_scratch(row.id, j))
        async with db.begin() as tx:
            await tx.session.execute(delete(Arrival).where(Arrival.id == row.id))
    return len(stale)


def _is_stale(tx: Tx) -> ColumnElement[bool]:
    return Arrival.begun_at < tx.now - KEPT


def _scratch(arrival_id: uuid.UUID, j: int) -> str:
    return f"scratch/arrivals/{arrival_id}/{j}"


async def _pieces(store: FileStore, arrival: ArrivalView) -> AsyncIterator[bytes]:
    for j in range(len(arrival.leaves)):
        yield await store.get(_scratch(arrival.id, j))
