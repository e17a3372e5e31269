"""`sunlit wallet`: the holder's licences on the command line; a client that knows the public protocol only."""

import argparse
import getpass
import os
import sys
from pathlib import Path

from portal.errors import CommandError, plain
from portal.wallet import Scan, choose_licence, list_licences, unlock


def register(parser: argparse.ArgumentParser) -> None:
    """Name the acts."""
    acts = parser.add_subparsers(dest="act", metavar="list|scan", required=True)
    listing = acts.add_parser("list", help="列出本机的电子营业执照")
    scanning = acts.add_parser("scan", help="扫码登录：打开二维码的网址，核对数字，确认并签名")
    scanning.add_argument("address", metavar="网址", help="登录二维码的网址")
    scanning.add_argument("--uscc", metavar="代码", help="用哪张执照（统一社会信用代码）；只有一张时可省略")
    scanning.add_argument("--number", metavar="数字", help="电脑屏幕上的两位数字；给出后不再询问，不同则拒绝")
    scanning.add_argument("--passphrase-file", metavar="文件", type=Path, help="从文件读取执照口令")
    for one in (listing, scanning):
        one.add_argument(
            "--wallet",
            metavar="目录",
            type=Path,
            default=None,
            help="执照文件所在目录，默认 ~/.sunlit-wallet",
        )


def run(args: argparse.Namespace) -> int:
    """List, or answer a code."""
    folder = args.wallet or Path(os.path.expanduser("~/.sunlit-wallet"))
    kept = list_licences(folder)
    if args.act == "list":
        for row in kept:
            print(f"{row.uscc}  {row.name}  {row.file}")
        if not kept:
            print(f"{folder} 中没有执照文件（.lic）。", file=sys.stderr)
        return 0
    return _scan(args, folder)


def _scan(args: argparse.Namespace, folder: Path) -> int:
    chosen = choose_licence(folder, args.uscc)
    scan = Scan(args.address)
    prompt = scan.open()
    print(plain(f"登录网站  {prompt.site}（{prompt.audience}）"))
    print(f"使用执照  {chosen.name}  {chosen.uscc}")
    print(plain(f"核对数字  {prompt.display}"))
    if not _agrees(args.number, prompt.display):
        scan.decline()
        print("已拒绝：没有签名，没有人登录。")
        return 1
    scan.confirm(prompt, unlock(chosen, _passphrase(args.passphrase_file)))
    print("已确认登录。请回到显示二维码的浏览器。")
    return 0


def _agrees(given: str | None, display: str) -> bool:
    if given is not None:
        return given.strip() == display
    return input("电脑屏幕上也是这个数字吗？[y/N] ").strip().lower() in {"y", "yes", "是"}


def _passphrase(file: Path | None) -> str:
    if file is None:
        return getpass.getpass("执照口令：")
    try:
        return file.read_text(encoding="utf-8").strip("\n")
    except OSError:
        raise CommandError(f"{file} 无法读取。", code=2) from None
