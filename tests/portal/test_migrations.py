"""Migrations: up from empty, no drift from the models, down one and up again."""

from portal import migrations
from portal.wiring import ROOT, async_url
from tests.conftest import FreshDatabase


async def test_models_and_schema_agree(database: FreshDatabase) -> None:
    assert await migrations.drift(async_url(database.url("owner"))) == []


async def test_the_newest_step_can_be_taken_back_and_again(database: FreshDatabase) -> None:
    owner = async_url(database.url("owner"))

    await migrations.downgrade(owner, "-1")
    await migrations.upgrade(owner)

    assert await migrations.drift(owner) == []


async def test_everything_can_be_taken_back(database: FreshDatabase) -> None:
    owner = async_url(database.url("owner"))

    await migrations.downgrade(owner, "base")
    await migrations.upgrade(owner)

    assert await migrations.drift(owner) == []


def test_the_head_is_the_one_on_record() -> None:
    newest = sorted(path.name[:4] for path in (ROOT / "alembic" / "versions").glob("[0-9]*.py"))[-1]

    assert (ROOT / "alembic" / "CURRENT_HEAD").read_text().strip() == newest


def test_the_migration_folder_is_no_package() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
