"""One changed, deleted or inserted row of the log is found, whoever did it."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from kernel.identity.actor import system_actor
from kernel.log.audit import Audit, audit_log
from kernel.log.signer import Head, HeadKeeper, HeadMemory, SignerClient, SigningRefused, serve
from kernel.log.trust import read_trust
from kernel.log.writer import record
from portal.log_rules import RULES
from tests.world import World
from tests.worlds.bidding_world import BiddingWorld

_LEAVES = text("SELECT leaf FROM log_leaf ORDER BY idx")


async def _fill(world: World, count: int = 12) -> None:
    for number in range(count):
        async with world.services.db.begin() as tx:
            await record(tx, system_actor(), "test.act", {"number": number}, visibility="public")
    await world.settle()


async def _audit(world: World, remembered: Mapping[str, Head] | None = None) -> Audit:
    async with world.services.db.begin_read_only() as tx:
        return await audit_log(tx, read_trust(world.services.trust), RULES, remembered)


async def _as_superuser(world: World, *statements: str) -> None:
    """Do what a database administrator can: switch the triggers off and write."""
    connection = await asyncpg.connect(world.database.url("superuser"))
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_an_untouched_log_holds(world: World) -> None:
    await _fill(world)

    found = await _audit(world)

    assert found.holds, found.faults
    assert found.entries == 12
    assert found.checkpoints >= 1


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        ("UPDATE audit_entry SET data = convert_to(replace(convert_from(data, 'UTF8'), 'test.act', 'test.bct'), 'UTF8')"
         " WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)", {"leaf", "entry-digest", "root", "tile"}),
        ("UPDATE audit_entry SET detail = jsonb_set(detail, '{facts,number}', '99')"
         " WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)", {"entry-digest"}),
        ("UPDATE audit_entry SET type = 'other' WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)",
         {"entry-digest"}),
        ("UPDATE audit_entry SET at = at + interval '1 hour' WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)",
         {"entry-row"}),
        ("UPDATE audit_entry SET subject = gen_random_uuid() WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)",
         {"entry-row"}),
        ("UPDATE audit_entry SET visibility = 'sealed' WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)",
         {"visibility"}),
        ("UPDATE audit_entry SET visibility = 'public', detail = detail - 'visibility'"
         " WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)", {"entry-digest"}),
        ("INSERT INTO kernel_unsealed (subject, at) VALUES (gen_random_uuid(), now())", {"unsealed"}),
        ("DELETE FROM audit_entry WHERE id = (SELECT entry_id FROM log_leaf WHERE idx = 5)", {"missing-entry"}),
        ("DELETE FROM log_leaf WHERE idx = 5", {"gap"}),
        ("DELETE FROM log_leaf WHERE idx = (SELECT max(idx) FROM log_leaf)", {"gap", "tile", "unnumbered"}),
        ("UPDATE log_leaf SET leaf = '\\x00' WHERE idx = 5", {"leaf"}),
        ("UPDATE log_tile SET data = '\\x00'", {"tile"}),
        ("DELETE FROM log_tile", {"tile"}),
        ("UPDATE log_checkpoint SET root = '\\x00'", {"root"}),
        ("UPDATE log_checkpoint SET note = replace(note, E'\\n12\\n', E'\\n13\\n') WHERE size = 12",
         {"checkpoint-signature"}),
        ("INSERT INTO audit_entry (data, type, detail, visibility, at) OVERRIDING SYSTEM VALUE"
         " SELECT data, type, detail, visibility, at FROM audit_entry LIMIT 1", {"unnumbered"}),
        ("WITH e AS (INSERT INTO audit_entry (data, type, detail, visibility, at)"
         " SELECT data, type, detail, visibility, at FROM audit_entry ORDER BY id LIMIT 1 RETURNING id)"
         " INSERT INTO log_leaf (idx, entry_id, leaf) SELECT 12, id, (SELECT leaf FROM log_leaf WHERE idx = 0) FROM e",
         {"tile"}),
    ],
)  # fmt: skip
async def test_a_touched_row_is_found(world: World, statement: str, codes: set[str]) -> None:
    await _fill(world)

    await _as_superuser(world, statement)
    found = await _audit(world)

    assert not found.holds
    assert codes <= {fault.code for fault in found.faults}, found.faults


async def test_two_entries_that_change_places_are_found(world: World) -> None:
    await _fill(world)

    await _as_superuser(
        world,
        "UPDATE log_leaf SET entry_id = -entry_id WHERE idx IN (3, 4)",
        "UPDATE log_leaf a SET entry_id = (SELECT max(-entry_id) + min(-entry_id) FROM log_leaf WHERE idx IN (3, 4))"
        " - (-a.entry_id) WHERE idx IN (3, 4)",
    )
    found = await _audit(world)

    assert not found.holds


async def test_a_tail_cut_off_with_its_checkpoints_is_known_to_signer_and_witness_only(world: World) -> None:
    await _fill(world)
    memories = {"签名进程": HeadMemory(world.folder / "s").load(), "见证方": HeadMemory(world.folder / "w").load()}
    remembered = {name: head for name, head in memories.items() if head is not None}
    assert {head.size for head in remembered.values()} == {12}
    assert (await _audit(world, remembered)).holds

    # A log of the first entries that is whole in itself: fewer rows everywhere, tiles and checkpoint made anew.
    async with world.services.db.begin_read_only() as tx:
        small = [bytes(leaf) for leaf in (await tx.session.execute(_LEAVES)).scalars()][:5]
    tile = b"".join(small).hex()
    await _as_superuser(
        world,
        "DELETE FROM log_leaf WHERE idx >= 5",
        "DELETE FROM audit_entry WHERE id NOT IN (SELECT entry_id FROM log_leaf)",
        f"UPDATE log_tile SET data = '\\x{tile}'",
        "DELETE FROM log_checkpoint WHERE size > 5",
    )

    assert (await _audit(world)).holds  # the database alone tells nothing
    found = await _audit(world, remembered)
    assert [fault.code for fault in found.faults] == ["tail", "tail"]


async def test_a_log_rebuilt_with_other_entries_is_not_the_one_that_was_signed(world: World) -> None:
    await _fill(world)
    other = Head(12, b"\0" * 32)

    found = await _audit(world, {"见证方": other})

    assert {fault.code for fault in found.faults} == {"fork"}


async def test_a_signer_tells_its_head_to_whoever_has_the_token(tmp_path: Path) -> None:
    memory = HeadMemory(tmp_path / "head")
    server = await serve(HeadKeeper(memory, lambda head: "— x\n"), "token of both")
    address = server.sockets[0].getsockname()[:2]
    client = SignerClient(address, "token of both")

    assert await client.last() is None
    await client.sign(3, b"\1" * 32, [])
    assert await client.last() == Head(3, b"\1" * 32)
    with pytest.raises(SigningRefused):
        await SignerClient(address, "another token").last()
    server.close()


async def test_the_log_of_a_whole_opening_holds_and_touched_rows_of_bids_are_found(world: World) -> None:
    """Entries of fixed form name no visibility; they are held to what their kind is recorded with."""
    bw = BiddingWorld(world)
    await bw.open_for_bids()
    async with world.services.db.begin() as tx:  # this world's lot was not registered by anybody
        facts = {"tender": bw.keyset["tender"], "lot": bw.keyset["lot"]}
        await record(tx, system_actor(), "lot.registered", facts, subject=bw.lot_id, visibility="public")
    bidders = [await bw.bidder(n) for n in range(1, 5)]
    for bidder in bidders:
        await bw.submit(bidder)
    await bw.withdraw(bidders[3])
    await world.settle()
    assert (await _audit(world)).holds
    lot = str(bw.lot_id)
    # Supervision is let in before the opening; sealed entries become public; an entry is filed under another lot.
    for change, undo, code in (
        (f"INSERT INTO kernel_unsealed (subject, at) VALUES ('{lot}', now())", "DELETE FROM kernel_unsealed",
         "unsealed"),
        ("UPDATE audit_entry SET visibility = 'public' WHERE type = 'bid.accepted'",
         "UPDATE audit_entry SET visibility = 'sealed' WHERE type = 'bid.accepted'", "visibility"),
        ("UPDATE audit_entry SET visibility = 'restricted' WHERE type = 'cover'",
         "UPDATE audit_entry SET visibility = 'sealed' WHERE type = 'cover'", "visibility"),
        ("UPDATE audit_entry SET subject = gen_random_uuid() WHERE type = 'bid.accepted'",
         f"UPDATE audit_entry SET subject = '{lot}' WHERE type = 'bid.accepted'", "entry-row"),
        ("UPDATE audit_entry SET visibility = 'public' WHERE type = 'interest.registered'",
         "UPDATE audit_entry SET visibility = 'sealed' WHERE type = 'interest.registered'", "visibility"),
    ):  # fmt: skip
        await _as_superuser(world, change)
        faults = {fault.code for fault in (await _audit(world)).faults}
        cover = "cover" in change and not faults  # by chance no cover entry was written
        assert faults == {code} or cover, change
        await _as_superuser(world, undo)
    assert (await _audit(world)).holds

    await bw.close()
    for bidder in bidders[:3]:
        assert (await bw.release(bidder)).status_code == 200
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        assert (await bw.share(trustee)).status_code == 200
    await world.settle()
    found = await _audit(world)
    assert found.holds, found.faults
    await _as_superuser(world, "DELETE FROM kernel_unsealed")
    assert {fault.code for fault in (await _audit(world)).faults} == {"unsealed"}
