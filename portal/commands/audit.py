"""`sunlit audit`: check the whole log in the database against what was signed, and what signer and witnesses remember.

Their memories are asked over the line; those of this data folder are read from disk when nothing runs.
"""

import argparse
import asyncio
import json

from kernel.db.engine import make_engine
from kernel.db.transaction import Database
from kernel.errors import Unavailable
from kernel.log.audit import audit_log
from kernel.log.signer import Head, HeadMemory, SignerClient, SigningRefused
from kernel.log.trust import read_trust
from portal import keyring
from portal.embedded.home import Home
from portal.embedded.services import database_of
from portal.log_rules import RULES
from portal.settings import Settings, load_settings
from portal.wiring import async_url


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")


def run(args: argparse.Namespace) -> int:
    """Audit; 1 when anything is wrong, or when nobody could say where the log ends."""
    return asyncio.run(_audit(args))


async def _audit(args: argparse.Namespace) -> int:
    settings = load_settings(args.home)
    home = Home(settings.home)
    async with database_of(home):
        settings = load_settings(args.home)
        # One picture of all tables: the log may grow meanwhile.
        db = Database(
            make_engine(async_url(settings.database_owner_url.reveal()), pool_size=1, isolation="REPEATABLE READ")
        )
        memories, unreached = await _remembered(settings, home)
        try:
            async with db.begin_read_only() as tx:
                found = await audit_log(tx, read_trust(keyring.load_trust(home)), RULES, memories)
        finally:
            await db.close()
    if not found.entries:
        unreached = []  # nothing was ever logged, so nobody has signed
    if args.json:
        faults = [{"code": fault.code, "where": fault.where} for fault in found.faults]
        told = {"entries": found.entries, "checkpoints": found.checkpoints, "size": found.size, "faults": faults}
        told |= {"remembered": {name: head.size for name, head in memories.items()}, "unreached": unreached}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        print(f"核对日志条目 {found.entries} 条、检查点 {found.checkpoints} 个，最大检查点 {found.size} 条")
        for name, head in memories.items():
            print(f"{name}记得的日志：{head.size} 条")
        for name in unreached:
            print(f"  ? 没有问到{name}：末尾是否被截去，未能核对")
        for fault in found.faults:
            print(f"  ✗ {fault.code}  {fault.where}")
        whole = "日志完整，与签名一致" + ("（末尾未核对）" if unreached else "")
        print(whole if found.holds else f"发现 {len(found.faults)} 处不一致")
    return 0 if found.holds and not unreached else 1


async def _remembered(settings: Settings, home: Home) -> tuple[dict[str, Head], list[str]]:
    """Return the largest head that each of them has signed, and the names of those that did not answer."""
    asked = [("签名进程", settings.signer, settings.signer_token, settings.embedded_signer, "signer")]
    for number, address in enumerate(settings.witnesses or (None,), 1):
        name = f"见证方 {number}" if len(settings.witnesses) > 1 else "见证方"
        asked.append((name, address, settings.witness_token, settings.embedded_witness, "witness"))
    heads: dict[str, Head] = {}
    unreached = []
    for name, address, token, embedded, folder in asked:
        try:
            if embedded:
                head = HeadMemory(home / folder / "head.json").load()
            elif address is None:
                raise LookupError
            else:
                head = await SignerClient(address, token.reveal()).last()
        except (Unavailable, SigningRefused, OSError, ValueError, LookupError):
            unreached.append(name)
            continue
        if head is None:
            unreached.append(name)  # it has never signed, or lost its memory: then it cannot say where the log ends
        else:
            heads[name] = head
    return heads, unreached
