"""Checkpoints get their time stamps: which ones, once, however often it has to be asked, and in nobody's way."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from kernel.clock import SHANGHAI
from kernel.crypto.authority import create_authority
from kernel.errors import Unavailable
from kernel.identity.actor import system_actor
from kernel.log import LogError, read_trust
from kernel.log.reader import latest_checkpoint, latest_stamped
from kernel.log.writer import record
from kernel.timestamps.asking import StampService
from kernel.timestamps.local import LocalTimestamper
from kernel.timestamps.ordering import StampDesk, count_missing, list_ordered, order_daily_stamp, order_stamp
from kernel.timestamps.token import verify_token
from portal import keyring
from portal.embedded.home import open_home
from portal.licences import TrustRefused, authority_folder, ensure_authority
from portal.settings import SettingsError, load_settings
from portal.timestamps import local_timestamper, stamp_service, timestamp_roots
from tests.world import World


class Sometimes:
    """An authority that answers only while it is up."""

    local = True

    def __init__(self, within: LocalTimestamper) -> None:
        self._within = within
        self.up = True
        self.asked = 0

    async def answer(self, request: bytes, now: datetime) -> bytes:
        self.asked += 1
        if not self.up:
            raise Unavailable("时间戳机构无法访问（ConnectError）。")
        return await self._within.answer(request, now)


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Sometimes, x509.Certificate]:
    made = create_authority(tmp_path / "a", datetime(2020, 1, 1, tzinfo=UTC))
    return Sometimes(local_timestamper(tmp_path / "tsa", made)), made.root


async def _grow(world: World) -> int:
    async with world.services.db.begin() as tx:
        await record(tx, system_actor(), "test.act", {}, visibility="public")
    await world.settle()
    async with world.services.db.begin_read_only() as tx:
        head = await latest_checkpoint(tx)
    assert head is not None
    return head.size


async def _order(world: World, size: int) -> None:
    async with world.services.db.begin() as tx:
        await order_stamp(tx, size)


async def test_an_ordered_checkpoint_is_stamped_once_and_the_log_says_so(world: World, authority) -> None:
    stamper, root = authority
    desk = StampDesk(StampService(stamper, [root]))
    size = await _grow(world)
    await _order(world, size)
    await _order(world, size)

    rounds = [await desk.begin(world.services.db), await desk.begin(world.services.db)]

    assert (rounds, stamper.asked) == ([1, 0], 1)
    async with world.services.db.begin_read_only() as tx:
        head, (row,), missing = await latest_stamped(tx), await list_ordered(tx), await count_missing(tx)
        told = (
            await tx.session.execute(text("SELECT detail FROM audit_entry WHERE type = 'checkpoint.stamped'"))
        ).one()
    assert head is not None
    assert head.tst is not None
    stamp = await asyncio.to_thread(verify_token, head.tst, head.note.encode(), [root])
    assert (head.size, row.size, row.stamped_at, missing) == (size, size, stamp.at, 0)
    assert told.detail["facts"]["size"] == size
    # The head goes on growing, and the stamped note stays as it is.
    assert await _grow(world) > size


async def test_what_cannot_be_had_now_is_asked_for_again_ever_more_slowly(world: World, authority) -> None:
    stamper, root = authority
    stamper.up = False
    desk = StampDesk(StampService(stamper, [root]))
    size = await _grow(world)
    await _order(world, size)
    waits = []
    for _ in range(3):
        await desk.begin(world.services.db)
        assert await desk.begin(world.services.db) == 0  # not yet due again
        async with world.services.db.begin() as tx:
            (row,) = await list_ordered(tx)
            now = (await tx.session.execute(text("SELECT clock_timestamp()"))).scalar_one()
            waits.append((row.next_at - now).total_seconds())
            await tx.session.execute(text("UPDATE log_stamp_request SET next_at = clock_timestamp()"))

    assert (row.tried, row.stamped_at) == (3, None)
    assert "无法访问" in row.last_error
    assert waits[0] < waits[1] < waits[2] <= 4
    stamper.up = True
    await desk.begin(world.services.db)
    async with world.services.db.begin_read_only() as tx:
        assert await count_missing(tx) == 0
        assert (await list_ordered(tx))[0].last_error == ""


async def test_two_workers_ask_once(world: World, authority) -> None:
    stamper, root = authority
    await _order(world, await _grow(world))

    await asyncio.gather(*(StampDesk(StampService(stamper, [root])).begin(world.services.db) for _ in range(2)))

    assert stamper.asked == 1


async def test_the_last_checkpoint_of_each_day_is_ordered_once(world: World) -> None:
    noon = datetime(2026, 9, 1, 12, tzinfo=SHANGHAI)
    sizes = []
    for days, hours in ((0, 0), (0, 11), (1, -10)):  # noon, 23:00, and 02:00 of the next day
        await world.clock_to(noon + timedelta(days=days, hours=hours))
        sizes.append(await _grow(world))
    for _ in range(2):
        async with world.services.db.begin() as tx:
            await order_daily_stamp(tx)

    async with world.services.db.begin_read_only() as tx:
        (row,) = await list_ordered(tx)
    assert (row.size, row.reason, str(row.day)) == (sizes[1], "daily", "2026-09-01")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_checkpoint SET tst = '\\x01'",
        "UPDATE log_checkpoint SET tst = NULL",
        "UPDATE log_checkpoint SET note = note || 'more'",
    ],
)
async def test_a_stamp_is_set_once_even_for_the_owner(world: World, authority, statement: str) -> None:
    stamper, root = authority
    size = await _grow(world)
    await _order(world, size)
    await StampDesk(StampService(stamper, [root])).begin(world.services.db)

    connection = await asyncpg.connect(world.database.url("owner"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"{statement} WHERE size = $1", size)
    finally:
        await connection.close()


async def test_the_portal_can_neither_sign_nor_drop_an_order(world: World) -> None:
    await _order(world, await _grow(world))
    connection = await asyncpg.connect(world.database.url())
    try:
        for statement in (
            "UPDATE log_checkpoint SET note = 'other'",
            "DELETE FROM log_stamp_request",
            "UPDATE log_stamp_request SET size = size + 1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_operator_sees_what_is_missing_and_the_public_gets_both_files(world: World, authority) -> None:
    stamper, root = authority
    stamper.up = False
    desk = StampDesk(StampService(stamper, [root]))
    size = await _grow(world)
    await _order(world, size)
    await desk.begin(world.services.db)
    operator = await world.signed_in("op", "operator")
    anybody = world.client()

    waiting = (await operator.get("/admin/timestamps")).text
    assert "没有配置时间戳机构" in waiting  # the test's installation names none
    assert "时间戳机构无法访问" in waiting
    assert "待办：1 个检查点还没有时间戳" in (await operator.get("/rehearsal")).text
    assert (await anybody.get("/health/ready")).json()["unstamped_checkpoints"] == 1
    assert (await anybody.get(f"/log/timestamp/{size}")).status_code == 404
    assert (await anybody.get("/admin/timestamps")).status_code in (303, 401)

    stamper.up = True
    async with world.services.db.begin() as tx:
        await tx.session.execute(text("UPDATE log_stamp_request SET next_at = clock_timestamp()"))
    await desk.begin(world.services.db)
    note, token = [await anybody.get(f"/log/{what}/{size}") for what in ("checkpoint", "timestamp")]
    stamp = await asyncio.to_thread(verify_token, token.content, note.content, [root])
    assert stamp.authority in (await operator.get("/admin/timestamps")).text
    assert f"/log/timestamp/{size}" in (await anybody.get("/ledger")).text
    assert (await anybody.get("/health/ready")).json()["unstamped_checkpoints"] == 0
    for nothing in ("0", "99999", str(1 << 70)):
        assert (await anybody.get(f"/log/timestamp/{nothing}")).status_code == 404


def _local(folder: Path) -> Path:
    made = create_authority(folder / "ca", datetime(2020, 1, 1, tzinfo=UTC))
    file = folder / "roots.pem"
    file.write_bytes(made.root.public_bytes(Encoding.PEM))
    return file


def test_production_trusts_no_local_time_unless_it_is_told_so_loudly(tmp_path: Path, caplog) -> None:
    outside = {"SUNLIT_TSA": "http://tsa.example/", "SUNLIT_TSA_ROOTS": str(_local(tmp_path))}
    told = {"SUNLIT_TRUST_LOCAL_AUTHORITY": "1"}

    with pytest.raises(TrustRefused, match="拒绝信任演示时间戳"):
        stamp_service(load_settings(tmp_path / "a", outside))
    assert stamp_service(load_settings(tmp_path / "a", outside | told)) is not None
    # Without an outside one there is none, unless a local authority is there and trusted: then every start says so.
    home = open_home(tmp_path / "b")
    assert stamp_service(load_settings(home.path, told)) is None
    ensure_authority(authority_folder(home))
    assert stamp_service(load_settings(home.path, {})) is None
    service = stamp_service(load_settings(home.path, told))
    assert service is not None
    assert service.authority.local
    assert "正式环境正在使用演示时间戳" in caplog.text


def test_an_authority_needs_roots_and_a_rehearsal_takes_none_from_outside(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SUNLIT_TSA_ROOTS"):
        load_settings(tmp_path, {"SUNLIT_TSA": "http://tsa.example/"})
    both = {"SUNLIT_TSA": "http://tsa.example/", "SUNLIT_TSA_ROOTS": "roots.pem", "SUNLIT_REHEARSAL": "1"}
    with pytest.raises(SettingsError, match="只使用演示时间戳"):
        load_settings(tmp_path, both)
    with pytest.raises(SettingsError, match="SUNLIT_TSA ") as refused:
        load_settings(tmp_path, {"SUNLIT_TSA": "ftp://user:geheim@tsa.example/", "SUNLIT_TSA_ROOTS": "roots.pem"})
    assert "geheim" not in str(refused.value)
    with pytest.raises(TrustRefused, match="无法读取"):
        timestamp_roots(load_settings(tmp_path, {"SUNLIT_TSA_ROOTS": str(tmp_path / "none.pem")}))


def test_the_trust_file_has_the_roots_of_an_outside_authority_and_otherwise_no_new_member(tmp_path: Path) -> None:
    home, name = open_home(tmp_path / "home"), keyring.log_name("example/log", rehearsal=False)
    roots = [_local(tmp_path).read_text()]

    without = read_trust(keyring.make_trust(home, name, licence_roots=["L"]))
    assert "timestamp_roots" not in keyring.load_trust(home)
    assert without.timestamp_roots == ("L",)
    made = keyring.make_trust(home, name, licence_roots=["L"], timestamp_roots=roots)
    assert read_trust(made).timestamp_roots == tuple(roots)
    for wrong in ({"timestamp_roots": "x"}, {"timestamp_roots": [1]}, {"timestamp_root": roots}):
        with pytest.raises(LogError, match="trust-format"):
            read_trust(keyring.load_trust(home) | wrong)
