"""The object store behind one interface: a local folder by default, S3 by setting, memory in tests.

Objects are written once. The same bytes under the same name are accepted again, so that a repeated upload is no fault;
other bytes are refused. Only names under `scratch/` may be deleted.
"""

import asyncio
import contextlib
import hashlib
import os
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, MemoryStore, S3Store

from kernel.errors import Conflict, NotFound


class FileStore:
    """Write-once objects.

    Args:
        store: an obstore store; see `local_store`, `s3_store`, `memory_store`.
        folder: of a local store, whose objects are synced to the disk before `put` returns: a receipt must not outlive
            the bid that it acknowledges. obstore itself only writes to the cache of the operating system.
    """

    def __init__(self, store: Any, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        self._kept: set[Path] = set()  # folders whose own names this process has brought to the disk

    async def put(self, name: str, data: bytes) -> None:
        """Write an object once.

        Raises:
            Conflict: an object of this name with other bytes exists.
        """
        try:
            await obstore.put_async(self._store, name, data, mode="create")
        except AlreadyExistsError as error:
            if await self.get(name) != data:
                raise Conflict("同名内容已存在，且与本次上传不一致。") from error
        if self._folder is not None:
            await asyncio.to_thread(sync_to_disk, self._folder, name, self._kept)

    async def put_content(self, data: bytes) -> bytes:
        """Write an object under its own digest; return the SHA-256."""
        digest = hashlib.sha256(data).digest()
        await self.put(content_name(digest), data)
        return digest

    async def put_content_stream(self, digest: bytes, pieces: AsyncIterable[bytes], *, durable: bool = False) -> None:
        """Write an object under its known digest, piece by piece, so that memory stays flat.

        The object appears whole or not at all; the same content again is no fault, because its name is its digest.

        Args:
            durable: it must lie on the disk before this returns; what can be made again need not.

        Raises:
            ValueError: the pieces do not give this digest; then nothing appears.
        """

        async def checked() -> AsyncIterator[bytes]:
            found = hashlib.sha256()
            async for piece in pieces:
                found.update(piece)
                yield piece
            if found.digest() != digest:
                raise ValueError("the content is not what its name says")

        await obstore.put_async(self._store, content_name(digest), checked())
        if durable and self._folder is not None:
            await asyncio.to_thread(sync_to_disk, self._folder, content_name(digest))

    async def get(self, name: str) -> bytes:
        """Return an object's bytes.

        Raises:
            NotFound: there is no such object.
        """
        try:
            result = await obstore.get_async(self._store, name)
            return bytes(await result.bytes_async())
        except FileNotFoundError as error:
            raise NotFound from error

    @property
    def is_near(self) -> bool:
        """Whether reading is a matter of this machine, so that a thread rather reads itself than waits for others."""
        return self._folder is not None

    def get_now(self, name: str) -> bytes:
        """Return an object's bytes to a thread that may wait for them.

        Raises:
            NotFound: there is no such object.
        """
        try:
            if self._folder is not None:
                return (self._folder / name).read_bytes()
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError as error:
            raise NotFound from error

    def put_content_now(self, digest: bytes, pieces: Sequence[bytes]) -> None:
        """Write an object under its digest, from a thread that may wait; durable as with `put`, and written as it is.

        Args:
            pieces: the object's bytes, whose SHA-256 the caller has computed.
        """
        name = content_name(digest)
        if self._folder is None:
            with contextlib.suppress(AlreadyExistsError):
                obstore.put(self._store, name, b"".join(pieces), mode="create")
            return
        file, draft = self._folder / name, self._folder / "scratch" / uuid.uuid4().hex
        for place in (file.parent, draft.parent):
            place.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("xb") as out:
                for piece in pieces:
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, file)  # whole or not at all, and never over another
        finally:
            draft.unlink(missing_ok=True)
        sync_to_disk(self._folder, name, self._kept)

    async def get_range(self, name: str, start: int, length: int) -> bytes:
        """Return part of an object.

        Raises:
            NotFound: there is no such object.
        """
        try:
            return bytes(await obstore.get_range_async(self._store, name, start=start, length=length))
        except FileNotFoundError as error:
            raise NotFound from error

    async def stream(self, name: str) -> AsyncIterator[bytes]:
        """Yield an object's bytes in pieces.

        Raises:
            NotFound: there is no such object.
        """
        try:
            result = await obstore.get_async(self._store, name)
        except FileNotFoundError as error:
            raise NotFound from error
        async for piece in result.stream():
            yield bytes(piece)

    async def exists(self, name: str) -> bool:
        """Say whether there is an object of this name."""
        try:
            await obstore.head_async(self._store, name)
        except FileNotFoundError:
            return False
        return True

    async def delete_scratch(self, name: str) -> None:
        """Delete a scratch object.

        Raises:
            ValueError: anything else is kept for ever.
        """
        if not name.startswith("scratch/"):
            raise ValueError("only scratch objects may be deleted")
        await obstore.delete_async(self._store, name)


def content_name(digest: bytes) -> str:
    """Return the name of the object with this SHA-256."""
    text = digest.hex()
    return f"content/{text[:2]}/{text}"


def local_store(folder: Path) -> FileStore:
    """Return a store in a folder of this machine."""
    return FileStore(LocalStore(str(folder), mkdir=True), folder)


def sync_to_disk(folder: Path, name: str, kept: set[Path] | None = None) -> None:
    """Bring an object to the disk: its bytes, its name, and the names of the folders it lies in.

    Args:
        kept: folders whose own names are known to be there, and are not brought there again; added to.
    """
    file, kept = folder / name, set() if kept is None else kept
    for place in (file, *file.parents):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if place == folder or (place != file and place in kept):
            break
    kept.update(place for place in file.parents if place.is_relative_to(folder))


def memory_store() -> FileStore:
    """Return a store that forgets; for tests."""
    return FileStore(MemoryStore())


def s3_store(bucket: str, **options: Any) -> FileStore:
    """Return a store in an S3 bucket.

    Args:
        options: as obstore's `S3Store` takes them: endpoint, region, access keys.
    """
    return FileStore(S3Store(bucket, **options))
