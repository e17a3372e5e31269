"""`sunlit serve`: the whole installation until Ctrl-C."""

import argparse
import asyncio

from portal.launch import Platform, launched


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--port", type=int, default=0, help="网页端口（默认 8000，被占用时自动改用下一个）")


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
    return [
        f"阳光交易已启动：{platform.url}",
        f"  数据目录  {platform.home.path}（{kind}）",
        f"  日志      {platform.home / 'logs'}",
        f"  运行账号  {platform.installed.operator_login}，密码在 {platform.home / 'keys' / 'operator.password'}",
        "  按 Ctrl-C 停止",
    ]
