"""The sequencer: number the queued entries, grow the tree, have the head signed (crypto.md §5.2).

One leader at a time, elected by an advisory lock of its session. Entries get their number here and nowhere else, so
writers never wait for each other; identity gaps and commits out of order do no harm. A crash rolls back the batch, and
the right edge is read again from the tiles. The signer is asked after the commit: when it cannot be reached, the
unsigned checkpoint stays and the next round asks again; when it refuses, the sequencer stops and says why, because a
refusal means that this database is not the one that was signed before.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import asyncpg

from kernel.crypto import suite
from kernel.errors import Unavailable
from kernel.log.checkpoint import checkpoint_text
from kernel.log.note import parse_note
from kernel.log.signer import SignerClient, SigningRefused
from kernel.log.tiles import Edge, Tile, TileReader, consistency_tiles, edge_tiles
from kernel.log.tree import leaf_hash

log = logging.getLogger("sunlit.sequencer")

#: Advisory lock of the one sequencer that numbers.
LEADER_LOCK = 7_314_160
#: The most entries of one batch, and the longest wait between two.
BATCH = 1000
INTERVAL_S = 0.2
#: After a batch, so long is waited for others to come: heads are signed for many at once, not for each.
GATHER_S = 0.02


class Sequencer:
    """One sequencer process.

    Args:
        dsn: `postgresql://` address with the login `log_append`.
        origin: the log's name in its checkpoints.
        signer: signs every head; without it nothing is published.
        witnesses: cosign every head; a missing one delays only the receipts that demand a witness.
    """

    def __init__(self, dsn: str, origin: str, signer: SignerClient, witnesses: Sequence[SignerClient] = ()) -> None:
        self._dsn = dsn
        self._origin = origin
        self._signer = signer
        self._witnesses = witnesses
        self._suite = suite("intl-1")
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Number and publish until cancelled; after a lost connection begin again.

        Raises:
            SigningRefused: the log is not the one that was signed.
        """
        while True:
            try:
                connection = await asyncpg.connect(self._dsn)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.5)
                continue
            try:
                await self._lead(connection)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("connection lost: %s", type(error).__name__)
                await asyncio.sleep(0.5)
            finally:
                with contextlib.suppress(Exception):
                    await connection.close(timeout=2)

    async def _lead(self, connection: asyncpg.Connection) -> None:
        await connection.execute("SELECT pg_advisory_lock($1)", LEADER_LOCK)  # waits while another one leads
        await self._require_own_log(connection)
        await connection.add_listener("audit", lambda *_: self._wake.set())
        while True:
            if await self.step(connection):
                await asyncio.sleep(GATHER_S)
            # Not `wait_for`: in Python 3.11 it forgets a cancellation that comes in the same moment as the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL_S):
                    await self._wake.wait()
            self._wake.clear()

    async def _require_own_log(self, connection: asyncpg.Connection) -> None:
        """Refuse a database that is not the one whose log was signed last, before anything is numbered in it.

        Raises:
            SigningRefused: `rollback` for an older one, `fork` for another one.
        """
        size = await connection.fetchval("SELECT coalesce(max(idx) + 1, 0) FROM log_leaf")
        for keeper in (self._signer, *self._witnesses):
            try:
                last = await keeper.last()
            except Unavailable:
                continue  # it will say so itself when it is asked to sign
            if last is None:
                continue
            if last.size > size:
                raise SigningRefused("rollback")
            root = await connection.fetchval("SELECT root FROM log_checkpoint WHERE size = $1", last.size)
            if root is not None and bytes(root) != last.root:
                raise SigningRefused("fork")

    async def step(self, connection: asyncpg.Connection) -> int:
        """Number one batch and publish what is not published yet.

        Returns:
            How many entries were numbered.
        """
        numbered = await self._number(connection)
        await self._publish(connection)
        return numbered

    async def _number(self, connection: asyncpg.Connection) -> int:
        async with connection.transaction():
            rows = await connection.fetch(
                "WITH taken AS (SELECT entry_id FROM audit_queue ORDER BY entry_id LIMIT $1 FOR UPDATE SKIP LOCKED)"
                " DELETE FROM audit_queue q USING taken t WHERE q.entry_id = t.entry_id RETURNING q.entry_id",
                BATCH,
            )
            if not rows:
                return 0
            entries = await connection.fetch(
                "SELECT id, data FROM audit_entry WHERE id = ANY($1::bigint[]) ORDER BY id", [r[0] for r in rows]
            )
            size = await connection.fetchval("SELECT coalesce(max(idx) + 1, 0) FROM log_leaf")
            edge = await self._edge(connection, size)
            leaves = [leaf_hash(self._suite, bytes(row["data"])) for row in entries]
            changed = edge.append(leaves)
            await connection.copy_records_to_table(
                "log_leaf",
                records=[
                    (size + i, row["id"], leaf) for i, (row, leaf) in enumerate(zip(entries, leaves, strict=True))
                ],
                columns=["idx", "entry_id", "leaf"],
            )
            await connection.executemany(
                "INSERT INTO log_tile (level, idx, data) VALUES ($1, $2, $3)"
                " ON CONFLICT (level, idx) DO UPDATE SET data = excluded.data",
                [(tile.level, tile.index, data) for tile, data in changed],
            )
            await connection.execute(
                "INSERT INTO log_checkpoint (size, root, at)"
                " VALUES ($1, $2, clock_timestamp() + (SELECT clock_offset FROM kernel_installation))",
                edge.size,
                edge.root(),
            )
        return len(leaves)

    async def _edge(self, connection: asyncpg.Connection, size: int) -> Edge:
        tiles: dict[int, bytes] = {}
        for tile in edge_tiles(size):
            data = await connection.fetchval(
                "SELECT data FROM log_tile WHERE level = $1 AND idx = $2", tile.level, tile.index
            )
            if data is not None:
                tiles[tile.level] = bytes(data)
        return Edge(self._suite, size, tiles)

    async def _publish(self, connection: asyncpg.Connection) -> None:
        # Only the newest head is signed: heads in between were never promised to anybody.
        row = await connection.fetchrow("SELECT size, root, note, tst FROM log_checkpoint ORDER BY size DESC LIMIT 1")
        # A stamp is over the note as it is: from then on nothing is added to it.
        if row is None or row["tst"] is not None or (row["note"] is not None and self._complete(row["note"])):
            return
        size, root = int(row["size"]), bytes(row["root"])
        try:
            note = row["note"] or await self._signed(connection, size, root)
        except Unavailable:
            log.warning("the signer cannot be reached; checkpoint %d waits", size)
            return
        for witness in self._witnesses:
            try:
                line = await witness.sign(size, root, await self._proof(connection, await witness.last_size(), size))
            except Unavailable:
                log.warning("a witness cannot be reached; checkpoint %d waits for it", size)
                return
            note += line
        await connection.execute("UPDATE log_checkpoint SET note = $2 WHERE size = $1", size, note)
        await connection.execute("SELECT pg_notify('log_checkpoint', $1)", str(size))

    def _complete(self, note: str) -> bool:
        return len(parse_note(note).signatures) >= 1 + len(self._witnesses)

    async def _signed(self, connection: asyncpg.Connection, size: int, root: bytes) -> str:
        line = await self._signer.sign(size, root, await self._proof(connection, await self._signer.last_size(), size))
        return checkpoint_text(self._origin, size, root) + "\n" + line

    async def _proof(self, connection: asyncpg.Connection, old: int, new: int) -> list[bytes]:
        """Return the consistency proof; empty when there is nothing to prove, or nothing that could."""
        if not 0 < old < new:
            return []
        tiles = consistency_tiles(old, new)
        stored: dict[tuple[int, int], bytes] = {}
        for tile in tiles:
            data = await connection.fetchval(
                "SELECT data FROM log_tile WHERE level = $1 AND idx = $2", tile.level, tile.index
            )
            if data is not None:
                stored[tile.level, tile.index] = bytes(data)

        def fetch(tile: Tile) -> bytes | None:
            return stored.get((tile.level, tile.index))

        return TileReader(self._suite, new, fetch).consistency(old)
