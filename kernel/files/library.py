"""Acts on stored files: keep bytes with their digest, find them again."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.files.models import StoredFile
from kernel.files.store import FileStore, content_name


@dataclass(frozen=True, slots=True)
class FileView:
    """A stored file as doors see it."""

    id: uuid.UUID
    digest: bytes
    size: int
    media_type: str
    name: str
    access: str
    subject: uuid.UUID | None


async def keep_file(
    tx: Tx,
    store: FileStore,
    data: bytes,
    *,
    name: str,
    media_type: str,
    access: str,
    subject: uuid.UUID | None = None,
) -> FileView:
    """Store bytes and the row that names them.

    The object is written before the commit: when the commit fails an object without a row is left, which harms nobody,
    while a row without its object would.

    Args:
        access: `public`, or a word that the owning package's door understands.
        subject: id of the matter it belongs to.
    """
    digest = await store.put_content(data)
    return await enter_file(
        tx, digest=digest, size=len(data), name=name, media_type=media_type, access=access, subject=subject
    )


async def enter_file(
    tx: Tx,
    *,
    digest: bytes,
    size: int,
    name: str,
    media_type: str,
    access: str,
    subject: uuid.UUID | None = None,
) -> FileView:
    """Write the row of content that is in the store already.

    Args:
        access: as `keep_file` takes it.
    """
    row = StoredFile(
        id=tx.new_secret_id(),
        digest=digest,
        size=size,
        media_type=media_type,
        name=name,
        access=access,
        subject=subject,
        created_at=tx.now,
    )
    tx.session.add(row)
    await tx.session.flush()  # other rows refer to its id
    return _view(row)


async def find_file(tx: Tx, file_id: uuid.UUID) -> FileView:
    """Return a stored file; the caller decides who may read it.

    Raises:
        NotFound: there is none.
    """
    row = (await tx.session.execute(select(StoredFile).where(StoredFile.id == file_id))).scalar_one_or_none()
    if row is None:
        raise NotFound
    return _view(row)


async def list_files_of(tx: Tx, subject: uuid.UUID) -> list[FileView]:
    """Return the files of a matter, oldest first; the caller decides who may read them."""
    query = select(StoredFile).where(StoredFile.subject == subject).order_by(StoredFile.created_at, StoredFile.digest)
    return [_view(row) for row in (await tx.session.execute(query)).scalars()]


async def read_file(store: FileStore, file: FileView) -> bytes:
    """Return a stored file's bytes."""
    return await store.get(content_name(file.digest))


def _view(row: StoredFile) -> FileView:
    return FileView(row.id, row.digest, row.size, row.media_type, row.name, row.access, row.subject)
