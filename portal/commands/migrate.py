"""`sunlit migrate`: bring the schema up to date, check it, or begin a new migration."""

import argparse
import asyncio
import re
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg

from portal import migrations
from portal.embedded.home import CHECKOUT, choose_home, open_home
from portal.embedded.services import database_of
from portal.errors import CommandError
from portal.settings import load_settings
from portal.wiring import async_url

CHECK_DATABASE = "sunlit_migration_check"


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--check", action="store_true", help="在空库上逐步升级、比对模型、退一步再升级")
    parser.add_argument("--new", metavar="NAME", default="", help="新建迁移文件，例如 --new add_objections")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    if args.new:
        print(new_file(args.new, CHECKOUT / "alembic"))
        return 0
    return asyncio.run(_with_database(args))


async def _with_database(args: argparse.Namespace) -> int:
    folder = choose_home(args.home)
    async with AsyncExitStack() as stack:
        if load_settings(folder).embedded_postgres:
            await stack.enter_async_context(database_of(open_home(folder)))
        owner = load_settings(folder).database_owner_url.reveal()
        if args.check:
            return await _check(folder, owner)
        await migrations.upgrade(async_url(owner))
        print(f"数据库结构已是最新（{_head(CHECKOUT / 'alembic')}）")
        return 0


async def _check(folder: Path, owner: str) -> int:
    """Walk all migrations on a database of their own, which is thrown away."""
    password = open_home(folder).known_password("database-superuser")
    if password is None:
        raise CommandError("--check 只能在内置数据库上进行：它需要新建一个空库")
    address = owner.split("@", 1)[1].rsplit("/", 1)[0]
    superuser = await asyncpg.connect(f"postgresql://postgres:{password}@{address}/postgres")
    try:
        await superuser.execute(f'DROP DATABASE IF EXISTS "{CHECK_DATABASE}" WITH (FORCE)')
        await superuser.execute(f'CREATE DATABASE "{CHECK_DATABASE}" OWNER sunlit_owner')
        url = async_url(owner.rsplit("/", 1)[0] + "/" + CHECK_DATABASE)
        await migrations.upgrade(url)
        print("空库升级：通过")
        differences = await migrations.drift(url)
        for difference in differences:
            print(f"  偏差：{difference}")
        print(f"与模型比对：{'有偏差' if differences else '一致'}")
        await migrations.downgrade(url, "-1")
        await migrations.upgrade(url)
        print("退一步再升级：通过")
        return 1 if differences else 0
    finally:
        await superuser.execute(f'DROP DATABASE IF EXISTS "{CHECK_DATABASE}" WITH (FORCE)')
        await superuser.close()


def new_file(name: str, folder: Path) -> Path:
    """Write the next numbered migration from the template, and move `CURRENT_HEAD` to it.

    Raises:
        CommandError: the name is not of the form verb_object.
    """
    if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name):
        raise CommandError("名称应为小写的 动词_对象，例如 add_objections", code=2)
    head = _head(folder)
    number = f"{int(head) + 1:04d}"
    file = folder / "versions" / f"{number}_{name}.py"
    words = {
        "${message}": name.replace("_", " ").capitalize() + ".",
        "${repr(up_revision)}": f'"{number}"',
        "${repr(down_revision)}": f'"{head}"',
        '${upgrades if upgrades else "pass"}': "pass",
        '${downgrades if downgrades else "pass"}': "pass",
    }
    text = (folder / "script.py.mako").read_text(encoding="utf-8")
    for mark, value in words.items():
        text = text.replace(mark, value)
    with open(file, "x", encoding="utf-8") as stream:
        stream.write(text)
    (folder / "CURRENT_HEAD").write_text(number + "\n", encoding="utf-8")
    return file


def _head(folder: Path) -> str:
    return (folder / "CURRENT_HEAD").read_text(encoding="utf-8").strip()
