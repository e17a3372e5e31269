"""Decrypting stored envelopes: flat memory, nothing published before the last chunk, and whose fault a failure is."""

import hashlib
import io
import os
import tracemalloc
import uuid

import pytest

from bidding import envelope
from bidding.decryption import Fault, Plaintext, decrypt
from bidding.envelopes import SealedDocument
from bidding.vocabulary import Outcome
from kernel.crypto.merkle import leaf_hash
from kernel.files.store import FileStore, content_name, local_store, memory_store
from tests.worlds.bidding_world import cut
from tests.worlds.envelope_world import SUITE, Sealed, core, hpke

MIB = 1 << 20


async def stored(raw: bytes, store: FileStore, eid: bytes) -> SealedDocument:
    """An envelope as it lies on the platform."""
    head, pieces = cut(raw)
    names = [f"sealed/{os.urandom(8).hex()}" for _ in pieces]
    for name, piece in zip(names, pieces, strict=True):
        await store.put(name, piece)
    return SealedDocument(
        bid_id=uuid.uuid4(),
        lot_id=uuid.uuid4(),
        bidder="p",
        submission=bytes(32),
        slot="file",
        eid=eid,
        size=len(raw),
        raw_head=head,
        leaves=tuple(leaf_hash(SUITE, piece) for piece in pieces),
        objects=tuple(names),
    )


async def test_a_plaintext_is_kept_under_its_digest():
    store, data = memory_store(), os.urandom(50_000)
    sealed = Sealed("bidder", data)

    result = await decrypt(store, await stored(sealed.raw, store, sealed.eid), sealed.fk)

    assert result == Plaintext(hashlib.sha256(data).digest(), len(data))
    assert await store.get(content_name(result.digest)) == data


async def test_an_empty_document_is_a_document():
    store = memory_store()
    sealed = Sealed("bidder", b"")

    result = await decrypt(store, await stored(sealed.raw, store, sealed.eid), sealed.fk)

    assert isinstance(result, Plaintext)
    assert await store.get(content_name(result.digest)) == b""


@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_changed_object_is_the_platforms_fault(at):
    store = memory_store()
    sealed = Sealed("bidder", bytes(40_000))
    document = await stored(sealed.raw, store, sealed.eid)
    swapped = memory_store()
    for number, name in enumerate(document.objects):
        await swapped.put(name, bytes(16_400) if number == at else await store.get(name))

    assert await decrypt(swapped, document, sealed.fk) == Fault(Outcome.FAULT_PLATFORM, "stored-bytes")


async def test_a_missing_object_is_the_platforms_fault():
    store = memory_store()
    sealed = Sealed("bidder", bytes(40_000))
    document = await stored(sealed.raw, store, sealed.eid)

    assert await decrypt(memory_store(), document, sealed.fk) == Fault(Outcome.FAULT_PLATFORM, "stored-bytes")


async def test_digests_that_do_not_give_the_logged_id_are_the_platforms_fault():
    store = memory_store()
    sealed = Sealed("bidder", b"x")
    document = await stored(sealed.raw, store, bytes(32))

    assert await decrypt(store, document, sealed.fk) == Fault(Outcome.FAULT_PLATFORM, "stored-bytes")


async def test_an_envelope_sealed_wrongly_is_the_bidders_fault_and_leaves_nothing_behind():
    """The last chunk does not authenticate: everything before it was decrypted, and nothing of it is kept."""
    store, data = memory_store(), os.urandom(40_000)
    sealed = Sealed("bidder", data)
    head, pieces = cut(sealed.raw)
    raw = head + b"".join([*pieces[:-1], pieces[-1][:-1] + bytes([pieces[-1][-1] ^ 1])])
    eid = envelope.digest_envelope(io.BytesIO(raw))
    document = await stored(raw, store, eid)

    assert await decrypt(store, document, sealed.fk) == Fault(Outcome.FAULT_BIDDER, "chunk-auth")
    assert not await store.exists(content_name(hashlib.sha256(data).digest()))


async def test_another_key_is_refused_by_its_commitment():
    store = memory_store()
    sealed = Sealed("bidder", b"x")

    result = await decrypt(store, await stored(sealed.raw, store, sealed.eid), bytes(32))

    assert result == Fault(Outcome.FAULT_BIDDER, "key-commit")


async def test_memory_does_not_grow_with_the_file(tmp_path):
    store, size = local_store(tmp_path), 40 * MIB
    out = io.BytesIO()
    eid, file_key = envelope.seal(
        core(slot="file", chunk=MIB), "bidder", hpke("bidder"), [], None, size, io.BytesIO(bytes(size)), out
    )
    document = await stored(out.getvalue(), store, eid)
    out.close()

    tracemalloc.start()
    result = await decrypt(store, document, file_key)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert isinstance(result, Plaintext)
    assert result.size == size
    assert peak < size / 2
