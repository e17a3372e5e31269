"""`sunlit bid`: the bidder's own program on the command line; a client that knows the public API only."""

import argparse
import asyncio
import getpass
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bidding.blindness import LIMITS, find_traces
from bidding.keyfile import LicenceFile
from kernel.crypto import CryptoError
from kernel.names import name_key
from portal.bidder import acts
from portal.bidder.folder import BidFolder
from portal.bidder.http import Visitor
from portal.bidder.refusals import BidRefused, Refused, said_by_platform, words_of
from portal.errors import CommandError
from portal.wallet import choose_licence, unlock

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
#: Seconds for which the network may be away before the program gives up; the next run goes on from there.
PATIENCE_S = 600.0


def register(parser: argparse.ArgumentParser) -> None:
    """Name the acts."""
    found = parser.add_subparsers(
        dest="act", metavar="prepare|blind|seal|submit|receipt|withdraw|release", required=True
    )
    prepare = found.add_parser("prepare", help="取得公告、密钥集及其账本证明，登记参加，生成待填的表单")
    prepare.add_argument("lot", metavar="标段", help="标段网址，或标段编号（与 --site 一起）")
    prepare.add_argument("--site", metavar="网址", help="平台网址，例如 https://ggzy.example.cn")
    prepare.add_argument("--folder", metavar="目录", type=Path, help="投标文件夹，默认 bid-标段编号")
    prepare.add_argument("--trust", metavar="文件", type=Path, help="从公报等独立渠道取得的信任文件")
    prepare.add_argument("--yes", action="store_true", help="同意登记参加，不再询问")
    blind = found.add_parser("blind", help="暗标自查：技术文件里有没有可识别投标人的信息；不需要网络")
    blind.add_argument("folder", metavar="文件夹", type=Path)
    blind.add_argument("files", metavar="文件", type=Path, nargs="+")
    for name, word in (("person", "法定代表人姓名"), ("phone", "联系电话"), ("address", "单位地址")):
        blind.add_argument(f"--{name}", metavar="文字", default="", help=f"一并查找的{word}")
    seal = found.add_parser("seal", help="核对表单，在本机密封；不需要网络")
    submit = found.add_parser("submit", help="上传、签名递交，取得并核验回执；中断后再次运行即可继续")
    submit.add_argument("--replace", action="store_true", help="替换在别处递交的投标，不再询问")
    receipt = found.add_parser("receipt", help="离线核验并显示回执")
    receipt.add_argument("folder", metavar="文件夹或文件", type=Path)
    receipt.add_argument("--trust", metavar="文件", type=Path, help="信任文件；默认用文件夹里的")
    withdraw = found.add_parser("withdraw", help="撤回投标（截止前）")
    withdraw.add_argument("--yes", action="store_true", help="确认撤回，不再询问")
    release = found.add_parser("release", help="开标解密：核对封存清单后，用开标文件（.sbk）释放密钥")
    release.add_argument("--wait", metavar="秒", type=float, default=0.0, help="还没截止时等候的秒数")
    for one in (seal, submit, withdraw, release):
        one.add_argument("folder", metavar="文件夹", type=Path)
    for one in (prepare, seal, release):
        one.add_argument("--passphrase-file", metavar="文件", type=Path, help="从文件读取开标文件的口令")
    for one in (prepare, submit, withdraw, release):
        one.add_argument("--wallet", metavar="目录", type=Path, help="执照文件所在目录，默认 ~/.sunlit-wallet")
        one.add_argument("--uscc", metavar="代码", help="用哪张执照；只有一张时可省略")
        one.add_argument("--licence-passphrase-file", metavar="文件", type=Path, help="从文件读取执照口令")
        one.add_argument(
            "--patience", metavar="秒", type=float, default=PATIENCE_S, help="网络中断时重试多久，默认 600 秒"
        )


def run(args: argparse.Namespace) -> int:
    """Do one act; what the platform or a check said is told in Chinese, without a traceback."""
    try:
        return {
            "prepare": _prepare,
            "blind": _blind,
            "seal": _seal,
            "submit": _submit,
            "receipt": _receipt,
            "withdraw": _withdraw,
            "release": _release,
        }[args.act](args)
    except Refused as refusal:
        raise BidRefused(said_by_platform(refusal)) from None
    except httpx.HTTPError:
        raise BidRefused("无法连接平台，已停止；已完成的部分保留，恢复网络后再次运行即可继续。", code=3) from None
    except CryptoError as refusal:
        raise BidRefused(words_of(refusal)) from None


def _prepare(args: argparse.Namespace) -> int:
    site, lot_id = _address(args.lot, args.site)
    folder = BidFolder(args.folder or Path(f"bid-{lot_id[:8]}"))
    own_trust = None if args.trust is None else _bytes(args.trust)
    licence = _licence(args)
    agreed = args.yes or _agrees(f"以 {licence.name}（{licence.uscc}）的名义登记参加本标段吗？")
    if not agreed:
        print("没有登记，没有写任何文件。")
        return 1
    passphrase = (
        _new_passphrase(args.passphrase_file, "设定开标文件（.sbk）的口令：") if not folder.has(acts.BID_KEY) else ""
    )
    return _online(
        args, site, lambda visitor: acts.prepare(visitor, site, lot_id, folder, licence, own_trust, passphrase)
    )


def _seal(args: argparse.Namespace) -> int:
    folder = BidFolder(args.folder)
    acts.require_sealable(folder)
    return acts.seal(folder, _passphrase(args.passphrase_file, "开标文件（.sbk）的口令："))


def _submit(args: argparse.Namespace) -> int:
    folder = BidFolder(args.folder)
    terms, licence = folder.terms(), _licence(args)

    def replaces(words: str) -> bool:
        return args.replace or _agrees(words)

    return _online(args, terms.site, lambda visitor: acts.submit(visitor, folder, terms, licence, replaces))


def _withdraw(args: argparse.Namespace) -> int:
    folder = BidFolder(args.folder)
    terms, licence = folder.terms(), _licence(args)

    def sure(words: str) -> bool:
        return args.yes or _agrees(words)

    return _online(args, terms.site, lambda visitor: acts.withdraw(visitor, folder, terms, licence, sure))


def _release(args: argparse.Namespace) -> int:
    folder = BidFolder(args.folder)
    terms, licence = folder.terms(), _licence(args)
    passphrase = _passphrase(args.passphrase_file, "开标文件（.sbk）的口令：")
    return _online(
        args, terms.site, lambda visitor: acts.release(visitor, folder, terms, licence, passphrase, args.wait)
    )


def _blind(args: argparse.Namespace) -> int:
    terms = BidFolder(args.folder).terms()
    identity = {"name": terms.bidder_name, "short": name_key(terms.bidder_name), "uscc": terms.uscc}
    identity |= {"person": args.person, "phone": args.phone, "address": args.address}
    total = 0
    for file in args.files:
        found = find_traces(file.name, _bytes(file), identity)
        total += len(found)
        print(f"{file}：" + (f"发现 {len(found)} 处，可能暴露投标人" if found else "没有发现可识别投标人的信息"))
        for one in found:
            print(f"  {one.words}")
    print(LIMITS)
    return 1 if total else 0


def _receipt(args: argparse.Namespace) -> int:
    trust = None if args.trust is None else _bytes(args.trust)
    return acts.show_receipts(args.folder, trust)


def _online(args: argparse.Namespace, site: str, act: Callable[[Visitor], Awaitable[int]]) -> int:
    async def go() -> int:
        visitor = Visitor(site, "投标人")
        visitor.patience_s, visitor.slower = args.patience, 1.5
        visitor.waiting = _waiting
        try:
            return await act(visitor)
        finally:
            await visitor.close()

    return asyncio.run(go())


def _waiting(seconds: float) -> None:
    print(f"网络中断或平台繁忙，{seconds:.0f} 秒后重试……", file=sys.stderr)


def _address(lot: str, site: str | None) -> tuple[str, str]:
    found = _UUID.search(lot)
    parts = urlsplit(site or lot)
    if found is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise CommandError("请给出标段网址（https://…/lots/编号），或用 --site 指出平台网址并给出标段编号。", code=2)
    return f"{parts.scheme}://{parts.netloc}", found[0]


def _licence(args: argparse.Namespace) -> LicenceFile:
    folder = args.wallet or Path(os.path.expanduser("~/.sunlit-wallet"))
    kept = choose_licence(folder, args.uscc)
    return unlock(kept, _passphrase(args.licence_passphrase_file, f"{kept.name} 的执照口令："))


def _passphrase(file: Path | None, prompt: str) -> str:
    if file is not None:
        return _bytes(file).decode("utf-8", "replace").rstrip("\r\n")
    return getpass.getpass(prompt)


def _new_passphrase(file: Path | None, prompt: str) -> str:
    first = _passphrase(file, prompt)
    if not first:
        raise CommandError("口令不能为空。", code=2)
    if file is None and getpass.getpass("再输入一次：") != first:
        raise CommandError("两次输入的口令不同，请重新运行。", code=2)
    return first


def _agrees(question: str) -> bool:
    try:
        return input(f"{question}[y/N] ").strip().lower() in {"y", "yes", "是"}
    except EOFError:
        return False


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise CommandError(f"{file} 无法读取。", code=2) from None
