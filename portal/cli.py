"""The command line behind `./sunlit`: one table of commands, each in a module of its own.

Only the module of the command that is called gets imported. A module offers either `register(parser)` and
`run(args) -> int`, or, where it has a parser of its own, `main(argv) -> int`.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from portal.arguments import Parser
from portal.errors import plain


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table."""

    name: str
    module: str
    summary: str
    #: Started by `serve`, not by people: works, but is left out of the printed table.
    internal: bool = False


COMMANDS = (
    Command("demo", "portal.commands.demo", "一键演示：按真实公告走完一个标段，从登记到公告结果，并离线验证"),
    Command("serve", "portal.commands.serve", "启动门户及其全部服务（数据库、队列、日志签名、见证、后台任务）"),
    Command("worker", "portal.commands.worker", "单独启动后台任务进程"),
    Command("migrate", "portal.commands.migrate", "升级数据库结构；--check 检查偏差，--new NAME 新建迁移文件"),
    Command("verify", "portal.verify", "离线验证抽取记录、回执、证明与案卷（不需要数据库和网络）"),
    Command("audit", "portal.commands.audit", "核对数据库中的整条日志：逐条重算，与全部已签名检查点比较"),
    Command("law", "portal.law", "法定期限与限额：law date KEY --from 日期，law cap KEY --amount 金额，law list"),
    Command("procedure", "portal.commands.procedure", "交易程序：每一种采购适用的时限、公告、评标、开标与保证金规则"),
    Command("policy", "portal.commands.policy", "权限表：哪些角色可以办理哪些事项、在什么条件下；--json 供程序读取"),
    Command("authenticator", "portal.commands.authenticator", "演示人员的手机身份验证器：现在显示的动态口令"),
    Command("doctor", "portal.doctor", "检查本机环境，说明缺少什么、如何补齐"),
    Command("test", "portal.testing", "运行测试；可加路径，或 --fast、--browser、--full"),
    Command("lint", "portal.commands.lint", "代码检查：ruff、mypy、分层契约、锁文件"),
    Command("bench", "portal.commands.bench", "性能测试，与理论上限和同类系统并列"),
    Command("docs", "portal.commands.docs", "重新生成由代码导出的文档"),
    Command("bid", "portal.commands.bid", "投标人离线工具：准备、断网密封、递交、核对回执、撤回、开标解密"),
    Command("wallet", "portal.commands.wallet", "持照人的钱包：列出执照，扫码登录"),
    Command(
        "licence",
        "portal.commands.licence",
        "本地执照签发机构（开发、演示用）",
    ),
    Command("web", "portal.commands.web", "仅网页进程", internal=True),
    Command("sequencer", "portal.commands.sequencer", "仅日志排序进程", internal=True),
    Command("signer", "portal.commands.signer", "仅日志签名进程", internal=True),
    Command("witness", "portal.commands.witness", "仅日志见证进程", internal=True),
)

USAGE = "用法：./sunlit [--home 目录] 命令 [参数…]    各命令的说明：./sunlit 命令 --help"


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; refusals are one sentence on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        words = take_home(words)
        if not words or words[0] in {"help", "-h", "--help"}:
            print(table())
            return 0
        if words[0].startswith("--home"):
            print("sunlit: --home 后面先写目录，再写命令，如 ./sunlit --home 目录 serve", file=sys.stderr)
            return 2
        return call(words[0], words[1:])
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as failure:
        code = refusal_code(failure)
        if code is None:
            raise
        print(f"sunlit: {plain(str(failure))}", file=sys.stderr)
        return code


def call(name: str, words: list[str]) -> int:
    """Import the command's module and run it."""
    command = next((command for command in COMMANDS if command.name == name), None)
    if command is None:
        print(f"sunlit: 没有命令 {name!r}\n\n{table()}", file=sys.stderr)
        return 2
    try:
        module = importlib.import_module(command.module)
    except ModuleNotFoundError as missing:
        if missing.name is None or not command.module.startswith(missing.name):
            raise
        print(f"sunlit: 这个版本还没有命令 {name!r}", file=sys.stderr)
        return 2
    if hasattr(module, "main"):
        return int(module.main(words))
    parser = Parser(prog=f"sunlit {name}", description=command.summary)
    add_home(parser)
    module.register(parser)
    return int(module.run(parser.parse_args(words)))


def table() -> str:
    """The commands that people call and this version has, one line each."""
    shown = [command for command in COMMANDS if not command.internal and importlib.util.find_spec(command.module)]
    width = max(len(command.name) for command in shown)
    lines = [f"  {command.name:<{width}}  {command.summary}" for command in shown]
    return "\n".join(["Sunlit 阳光交易", USAGE, "", *lines])


def add_home(parser: argparse.ArgumentParser) -> None:
    """Let `--home` stand behind the command as well."""
    parser.add_argument(
        "--home", metavar="目录", type=Path, default=None, help="数据目录（默认：环境变量 SUNLIT_HOME，其次 ./var）"
    )


def take_home(words: list[str]) -> list[str]:
    """Move a `--home` that stands before the command behind it, where the command's own parser reads it."""
    if words and words[0] == "--home" and len(words) > 2:
        return [words[2], "--home", words[1], *words[3:]]
    if words and words[0].startswith("--home=") and len(words) > 1:
        return [words[1], words[0], *words[2:]]
    return words


def refusal_code(failure: Exception) -> int | None:
    """Exit code of an error that is an answer to the user; None for a defect, which deserves its traceback."""
    code = getattr(failure, "code", None)
    family = {ancestor.__name__ for ancestor in type(failure).__mro__}
    if "CommandError" in family and isinstance(code, int):
        return code
    return 1 if "DomainError" in family else None


if __name__ == "__main__":
    sys.exit(main())
