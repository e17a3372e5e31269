"""`sunlit audit`: check the whole log in the database against what was signed."""

import argparse
import asyncio
import json

from kernel.db.engine import make_engine
from kernel.db.transaction import Database
from kernel.log.audit import audit_log
from kernel.log.trust import read_trust
from portal import keyring
from portal.embedded.home import Home
from portal.embedded.services import database_of
from portal.settings import load_settings
from portal.wiring import async_url


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")


def run(args: argparse.Namespace) -> int:
    """Audit; 1 when anything is wrong."""
    return asyncio.run(_audit(args))


async def _audit(args: argparse.Namespace) -> int:
    settings = load_settings(args.home)
    home = Home(settings.home)
    async with database_of(home):
        settings = load_settings(args.home)
        db = Database(make_engine(async_url(settings.database_owner_url.reveal()), pool_size=1))
        try:
            async with db.begin_read_only() as tx:
                found = await audit_log(tx, read_trust(keyring.load_trust(home)))
        finally:
            await db.close()
    if args.json:
        faults = [{"code": fault.code, "where": fault.where} for fault in found.faults]
        told = {"entries": found.entries, "checkpoints": found.checkpoints, "size": found.size, "faults": faults}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        print(f"核对日志条目 {found.entries} 条、检查点 {found.checkpoints} 个，最大检查点 {found.size} 条")
        for fault in found.faults:
            print(f"  ✗ {fault.code}  {fault.where}")
        print("日志完整，与签名一致" if found.holds else f"发现 {len(found.faults)} 处不一致")
    return 0 if found.holds else 1
