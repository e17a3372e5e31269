"""From an act to a proof: entries are numbered, signed, witnessed, provable; forks and rollbacks are refused."""

import asyncio
import hashlib
import itertools

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.canonical import b64u_decode, jcs
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.identity.actor import system_actor
from kernel.log import parse_checkpoint, read_trust, verify_consistency, verify_inclusion
from kernel.log.reader import list_checkpoints, proof_of_entry
from kernel.log.signer import HeadKeeper, HeadMemory, SigningRefused
from kernel.log.tree import Log, leaf_hash
from kernel.log.writer import record
from tests.world import World


async def _record(world: World, kind: str, number: int) -> int:
    async with world.services.db.begin() as tx:
        return (await record(tx, system_actor(), kind, {"number": number}, visibility="public")).entry_id


async def test_an_entry_becomes_provable_under_a_witnessed_checkpoint(world: World) -> None:
    entry_id = await _record(world, "test.act", 1)

    assert await world.services.feed.wait_for_entry(world.services.db, entry_id, timeout_s=5)
    async with world.services.db.begin_read_only() as tx:
        proof = await proof_of_entry(tx, entry_id)

    head = parse_checkpoint(proof["checkpoint"], read_trust(world.services.trust))
    leaf = leaf_hash(suite("intl-1"), jcs(proof["entry"]))
    path = [b64u_decode(item) for item in proof["path"]]
    assert verify_inclusion(suite("intl-1"), leaf, proof["index"], head.size, path, head.root)
    assert [cosignature.name for cosignature in head.cosignatures] == ["test.sunlit.example/log/witness"]


async def test_many_writers_get_gapless_numbers_and_one_history(world: World) -> None:
    ids = await asyncio.gather(*(_record(world, "test.act", number) for number in range(60)))
    await world.settle()

    async with world.services.db.begin_read_only() as tx:
        rows = (await tx.session.execute(text("SELECT idx, entry_id, leaf FROM log_leaf ORDER BY idx"))).all()
        data = {row.id: row.data for row in await tx.session.execute(text("SELECT id, data FROM audit_entry"))}
        heads = await list_checkpoints(tx)
    assert [row.idx for row in rows] == list(range(len(rows)))
    assert set(ids) <= {row.entry_id for row in rows}
    tree = Log(suite("intl-1"))
    for row in rows:
        tree.append(bytes(data[row.entry_id]))
        assert bytes(row.leaf) == leaf_hash(suite("intl-1"), bytes(data[row.entry_id]))
    assert heads[-1].size == len(rows)
    for older, newer in itertools.pairwise(heads):
        path = tree.consistency(older.size, newer.size)
        assert verify_consistency(suite("intl-1"), older.size, newer.size, path, older.root, newer.root)


async def test_two_sequencers_number_nothing_twice(world: World) -> None:
    from kernel.log.sequencer import Sequencer
    from tests.world import NAME

    class NoSigner:
        async def last_size(self) -> int:
            raise AssertionError("the second sequencer never leads")

    second = asyncio.create_task(
        Sequencer(world.database.url("log"), NAME.origin, NoSigner()).run()  # type: ignore[arg-type]
    )
    await asyncio.gather(*(_record(world, "test.act", number) for number in range(30)))
    await world.settle()
    second.cancel()

    async with world.services.db.begin_read_only() as tx:
        count, top = (await tx.session.execute(text("SELECT count(*), max(idx) FROM log_leaf"))).one()
    assert count == top + 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET type = 'other'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry CASCADE",
        "UPDATE log_leaf SET idx = idx + 1",
        "DELETE FROM log_leaf",
        "INSERT INTO log_leaf (idx, entry_id, leaf) VALUES (99, 1, '\\x00')",
        "UPDATE log_tile SET data = '\\x00'",
        "DELETE FROM log_checkpoint",
        "INSERT INTO log_checkpoint (size, root, at) VALUES (99, '\\x00', now())",
        "DELETE FROM audit_queue",
    ],
)
@pytest.mark.parametrize("login", ["portal", "supervision"])
async def test_no_login_of_the_portal_can_rewrite_the_log(world: World, login: str, statement: str) -> None:
    await _record(world, "test.act", 1)
    await world.settle()
    connection = await asyncpg.connect(world.database.url(login))
    try:
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET type = 'other'",
        "UPDATE log_leaf SET leaf = '\\x00'",
        "UPDATE log_tile SET data = '\\x00'",
        "UPDATE log_checkpoint SET root = '\\x00'",
        "UPDATE log_checkpoint SET note = 'other'",
        "DELETE FROM log_tile",
    ],
)
async def test_even_the_owner_meets_the_triggers(world: World, statement: str) -> None:
    await _record(world, "test.act", 1)
    await world.settle()
    connection = await asyncpg.connect(world.database.url("owner"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_what_is_sealed_is_hidden_from_oversight_until_the_seal_is_lifted(world: World) -> None:
    from kernel.log.unsealed import unseal

    async with world.services.db.begin() as tx:
        subject = tx.new_secret_id()
        await record(tx, system_actor(), "bid.accepted", {}, subject=subject, visibility="sealed")
    query = text("SELECT count(*) FROM audit_entry WHERE subject = :s")

    async with world.services.db.begin_read_only(oversight=True) as tx:
        before = (await tx.session.execute(query, {"s": subject})).scalar_one()
    async with world.services.db.begin() as tx:
        await unseal(tx, subject)
    async with world.services.db.begin_read_only(oversight=True) as tx:
        after = (await tx.session.execute(query, {"s": subject})).scalar_one()

    assert (before, after) == (0, 1)


def _keeper(folder, name: str = "head") -> HeadKeeper:  # type: ignore[no-untyped-def]
    return HeadKeeper(HeadMemory(folder / name), lambda head: f"signed {head.size}")


def test_the_signer_refuses_an_older_backup_a_fork_and_an_unproved_head(tmp_path) -> None:  # type: ignore[no-untyped-def]
    provider = suite("intl-1")
    tree, other = Log(provider), Log(provider)
    for number in range(8):
        tree.append(b"%d" % number)
        other.append(b"other %d" % number)
    keeper = _keeper(tmp_path)
    keeper.answer(5, tree.root(5), [])

    for size, root, proof, code in (
        (4, tree.root(4), [], "rollback"),
        (5, other.root(5), [], "fork"),
        (8, other.root(8), other.consistency(5, 8), "consistency"),
        (8, tree.root(8), [], "consistency"),
        (0, tree.root(0), [], "request"),
        (8, b"short", [], "request"),
    ):
        with pytest.raises(SigningRefused) as refusal:
            keeper.answer(size, root, proof)
        assert refusal.value.code == code
    assert keeper.answer(8, tree.root(8), tree.consistency(5, 8)) == "signed 8"


def test_the_signer_remembers_across_a_restart(tmp_path) -> None:  # type: ignore[no-untyped-def]
    root = hashlib.sha256(b"x").digest()
    _keeper(tmp_path).answer(5, root, [])

    with pytest.raises(SigningRefused) as refusal:
        _keeper(tmp_path).answer(4, root, [])

    assert refusal.value.code == "rollback"


def test_a_signer_with_a_damaged_memory_does_not_start(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "head").write_text("{")

    with pytest.raises(ValueError, match="Expecting"):
        _keeper(tmp_path)


async def test_recording_and_its_effect_stand_or_fall_together(tx: Tx) -> None:
    nested = await tx.session.begin_nested()
    recorded = await record(tx, system_actor(), "test.act", {"number": 1})
    await nested.rollback()

    left = (
        await tx.session.execute(text("SELECT count(*) FROM audit_entry WHERE id = :i"), {"i": recorded.entry_id})
    ).scalar_one()
    assert left == 0


async def test_a_detail_with_a_float_is_refused(tx: Tx) -> None:
    with pytest.raises(ValueError):
        await record(tx, system_actor(), "test.act", {"share": 0.5})

    await tx.session.execute(text("SELECT 1"))
    with pytest.raises(DBAPIError):
        await tx.session.execute(text("SELECT no_such_column FROM audit_entry"))


async def test_the_trust_file_is_served_in_the_form_that_verifiers_read(world: World) -> None:
    answer = await world.client().get("/api/v1/trust")

    assert read_trust(answer.content).origin == world.services.trust["origin"]
    assert answer.content == jcs(world.services.trust)


async def test_a_sealed_act_comes_with_cover_that_oversight_cannot_see(tx: Tx) -> None:
    grown = set()
    for number in range(12):
        before = (await tx.session.execute(text("SELECT count(*) FROM audit_entry"))).scalar_one()
        await record(tx, system_actor(), "test.sealed", {"number": number}, visibility="sealed")
        grown.add((await tx.session.execute(text("SELECT count(*) FROM audit_entry"))).scalar_one() - before)

    assert min(grown) >= 1
    assert len(grown) > 1, "the log grew by the same number each time"
    kinds = await tx.session.execute(text("SELECT DISTINCT visibility FROM audit_entry WHERE type = 'cover'"))
    assert kinds.scalars().all() == ["sealed"]
