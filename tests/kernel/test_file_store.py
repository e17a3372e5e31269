"""The object store: written once, read whole, in part or in pieces; the same on disk and in memory."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.errors import Conflict, NotFound
from kernel.files.store import FileStore, content_name, local_store, memory_store

STORES: dict[str, Callable[[Path], FileStore]] = {
    "local": lambda folder: local_store(folder / "a folder" / "objects"),
    "memory": lambda _: memory_store(),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    return STORES[request.param](tmp_path)


async def test_what_was_put_comes_back(store: FileStore):
    await store.put("a/b", b"\x00\xff")

    assert await store.get("a/b") == b"\x00\xff"
    assert await store.exists("a/b")


async def test_the_same_bytes_again_are_no_fault(store: FileStore):
    await store.put("a", b"same")

    await store.put("a", b"same")

    assert await store.get("a") == b"same"


@pytest.mark.parametrize("other", [b"other", b"", b"sam", b"same\x00"])
async def test_other_bytes_under_the_same_name_are_refused(store: FileStore, other: bytes):
    await store.put("a", b"same")

    with pytest.raises(Conflict):
        await store.put("a", other)

    assert await store.get("a") == b"same"


async def test_content_is_found_by_its_digest(store: FileStore):
    digest = await store.put_content(b"a paper")

    assert digest == hashlib.sha256(b"a paper").digest()
    assert await store.get(content_name(digest)) == b"a paper"


async def test_a_part_is_read_alone(store: FileStore):
    await store.put("a", bytes(range(100)))

    assert await store.get_range("a", 10, 5) == bytes(range(10, 15))


async def test_a_large_object_comes_in_pieces_and_whole(store: FileStore):
    data = hashlib.sha256(b"seed").digest() * 300_000
    await store.put("large", data)

    pieces = [piece async for piece in store.stream("large")]

    assert b"".join(pieces) == data


async def test_what_is_not_there_is_not_found(store: FileStore):
    assert not await store.exists("nothing")
    with pytest.raises(NotFound):
        await store.get("nothing")
    with pytest.raises(NotFound):
        await store.get_range("nothing", 0, 1)
    with pytest.raises(NotFound):
        async for _ in store.stream("nothing"):
            pass


async def test_scratch_can_be_deleted_and_nothing_else(store: FileStore):
    await store.put("scratch/a", b"x")
    await store.put("content/a", b"x")

    await store.delete_scratch("scratch/a")

    assert not await store.exists("scratch/a")
    for name in ("content/a", "scratchy/a", "a/scratch/b"):
        with pytest.raises(ValueError, match="scratch"):
            await store.delete_scratch(name)
    assert await store.exists("content/a")


async def test_a_name_cannot_leave_the_folder(tmp_path: Path):
    store = local_store(tmp_path / "objects")

    for name in ("../outside", "scratch/../../outside", "/etc/outside"):
        try:
            await store.put(name, b"x")
        except Exception:
            continue
        assert not (tmp_path / "outside").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["objects"]


async def test_scratch_deletion_cannot_climb_out(store: FileStore):
    await store.put("content/a", b"x")

    with pytest.raises(Exception):  # noqa: B017  whatever the store calls it
        await store.delete_scratch("scratch/../content/a")

    assert await store.exists("content/a")


async def test_a_local_object_and_its_name_are_on_the_disk_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    synced: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_ino), sync(handle))[1])
    store = local_store(tmp_path / "objects")

    await store.put("a/b/c", b"x")
    first, synced[:] = synced.copy(), []
    await store.put("a/b/c", b"x")
    again, synced[:] = synced.copy(), []
    await local_store(tmp_path / "objects").put("a/b/c", b"x")

    places = ["a/b/c", "a/b", "a", "."]
    assert first == [(tmp_path / "objects" / place).stat().st_ino for place in places]
    assert again == first[:2]  # this process knows that the folders' names are there
    assert synced == first  # another does not: the upload before may have been broken off before its sync


async def test_a_thread_writes_content_once_and_leaves_no_draft(store: FileStore, tmp_path: Path):
    pieces = [b"first ", b"", b"second"]
    digest = hashlib.sha256(b"first second").digest()

    await asyncio.gather(*(asyncio.to_thread(store.put_content_now, digest, pieces) for _ in range(3)))
    store.put_content_now(digest, [b"other bytes under the same name change nothing"])

    assert store.get_now(content_name(digest)) == await store.get(content_name(digest)) == b"first second"
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] in ([], [digest.hex()])
    with pytest.raises(NotFound):
        store.get_now("nothing")
