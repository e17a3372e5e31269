"""`sunlit procedure`: print a procedure, or list all: the very data that the platform itself asks."""

import argparse
import json
from datetime import date

from kernel.errors import InvalidInput
from kernel.parameters.law import Law
from kernel.parameters.seed import seeded_table
from kernel.periods import HolidayTable
from portal.errors import CommandError
from trading.procedures.book import combinations, definition_of, version_on, versions
from trading.procedures.definition import Definition, ProcedureRefused
from trading.procedures.reading import Line, Reading, read
from trading.vocabulary import JURISDICTION


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "code", nargs="?", default="", metavar="代码", help="如 ZTB-works-open-prequalified；不写则列出全部"
    )
    parser.add_argument("--on", default="", metavar="日期", help="这一天开始的项目适用的版本（默认最新版本）")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")


def run(args: argparse.Namespace) -> int:
    """Print one procedure or the list."""
    day = _day(args.on)
    version = version_on(day)
    if not args.code:
        for line in _list(version):
            print(line)
        return 0
    found = next((item for item in combinations() if item.code == args.code), None)
    if found is None:
        raise CommandError(f"没有交易程序 {args.code}；不带代码可列出全部。", code=2)
    try:
        definition = definition_of(found, version)
    except ProcedureRefused as refused:
        raise CommandError(refused.detail, code=1) from refused
    if args.json:
        print(json.dumps(definition.described(), ensure_ascii=False, indent=1))
    else:
        print("\n".join(as_text(definition, day)))
    return 0


def as_text(definition: Definition, day: date) -> list[str]:
    """Return a procedure for a terminal."""
    law = Law(seeded_table(), HolidayTable.seeded(), definition.regime.value, day, JURISDICTION)
    found = read(definition, law)
    head = [f"{found.title}", f"{found.code} 第 {found.version} 版  SHA-256 {found.digest}"]
    return [*head, *_body(found)]


def _body(found: Reading) -> list[str]:
    lines = ["", "标段应当载明：" + "、".join(found.lot_fields), "", "公告："]
    for notice in found.notices:
        hidden = "" if notice.public else "（只发给受邀单位）"
        lines.append(f"  {notice.title}{hidden}：{'、'.join(notice.fields)}［{notice.law}］")
    blocks: list[tuple[str, list[Line]]] = [
        ("时限", found.dates),
        ("人数", found.counts),
        ("评标委员会", found.committee),
        ("开标步骤", found.opening),
        ("保证金", found.bonds),
        ("可以邀请招标的情形", found.grounds),
    ]
    for title, rows in blocks:
        if rows:
            lines += ["", f"{title}："]
            lines += [f"  {row.what}{'：' if row.words else ''}{row.words}［{row.law} {row.rule}］" for row in rows]
    lines += ["", f"评标办法：{'、'.join(found.methods)}", f"定标：{'、'.join(found.awards)}"]
    return [*lines, "投标文件：" + "／".join(found.envelopes)]


def _list(version: int) -> list[str]:
    lines = [f"交易程序第 {version} 版（共有版本：{'、'.join(map(str, versions()))}）", ""]
    width = max(len(item.code) for item in combinations())
    for item in combinations():
        try:
            lines.append(f"  {item.code:<{width}}  {definition_of(item, version).title}")
        except ProcedureRefused as refused:
            lines.append(f"  {item.code:<{width}}  不适用：{refused.detail}")
    return lines


def _day(text: str) -> date:
    if not text:
        return date.max
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("日期请写成 2026-08-06 的形式。") from error
