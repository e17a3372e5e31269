"""`sunlit serve`: the whole installation until Ctrl-C."""

import argparse
import asyncio

from portal.administrators import FirstCode
from portal.arguments import port_number
from portal.launch import Platform, launched


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--port", type=port_number, default=0, help="网页端口；不写则取 8000 起第一个空闲的")


def run(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    asyncio.run(_serve(args))
    return 0


async def _serve(args: argparse.Namespace) -> None:
    async with launched(args.home, port=args.port, say=lambda words: print(f"· {words}", flush=True)) as platform:
        for line in greeting(platform):
            print(line, flush=True)
        await platform.run_until_ended()
        print("正在停止…", flush=True)


def greeting(platform: Platform) -> list[str]:
    """What to know about a running installation."""
    kind = "演练环境" if platform.settings.rehearsal else "正式数据"
    installed = platform.installed
    lines = [
        f"阳光交易已启动：{platform.url}",
        f"  数据目录  {platform.home.path}（{kind}）",
        f"  日志      {platform.home / 'logs'}",
    ]
    if platform.settings.rehearsal:
        lines.append(f"  运行账号  {installed.operator_login}，密码在 {platform.home / 'keys' / 'operator.password'}")
    elif installed.codes:
        lines.append(f"  首次使用  三名管理员须由三个人分别在 {platform.url}/activate 激活，3 日内有效：")
        lines += [f"    {one.name}（{one.login}）  {_halves(one)}" for one in installed.codes]
    return [*lines, "  按 Ctrl-C 停止"]


def _halves(code: FirstCode) -> str:
    second = f"后半在 {code.second}，激活后自动删除"
    return f"激活码前半 {code.first}（只显示这一次）；{second}" if code.first else f"前半已显示过；{second}"
