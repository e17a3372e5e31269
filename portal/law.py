"""The `law` command: legal dates and caps from the seeded table, offline, for people and for machines.

Pure modules only: no database, no network, no clock. Answers come with the article; what the law does not
answer is refused in one Chinese sentence and a non-zero exit code.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NoReturn

from kernel.clock import SHANGHAI
from kernel.errors import DomainError, InvalidInput
from kernel.money import Money
from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.parameters.seed import seeded_table
from kernel.parameters.table import COMMON_REGIME, Direction, Parameter, ParameterTable
from kernel.periods import Counted, HolidayTable, Unit, count_backward, count_forward, hours_after
from portal.arguments import Parser
from trading.thresholds import Cap, bid_bond_cap, performance_bond_cap
from trading.vocabulary import JURISDICTION, Limit, LotKind

REGIMES: Final = ("ZTB", "GP", COMMON_REGIME)
CAPS: Final = ("bid_bond_cap", "perf_bond_cap")
KINDS: Final = ("works", "goods", "design")

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?")
_WEEKDAYS: Final = "一二三四五六日"
#: How argparse complains, and how we say it.
_FAULTS: Final = (
    (r"argument (.+?): expected one argument", r"\1 后面缺少值"),
    (r"are required: (.+)", r"缺少参数 \1"),
    (r"unrecognized arguments: (.+)", r"不认识的参数 \1"),
    (r"invalid choice: (\S+)", r"没有命令 \1"),
)
_UNITS: Final = {Unit.CALENDAR_DAY: "日", Unit.WORKING_DAY: "个工作日", Unit.HOUR: "小时", Unit.YEAR: "年"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says: lines for people, one object for machines."""

    lines: tuple[str, ...]
    data: dict[str, Any] | list[dict[str, Any]]


def answer_date(key: str, regime: str | None, variant: str, from_: str | None, before: str | None) -> Answer:
    """Count the limit of a key from an event, or back from a deadline.

    Raises:
        DomainError: the law (or the table) has no answer to this question.
    """
    table = seeded_table()
    if (from_ is None) == (before is None):
        raise InvalidInput("请用 --from 或 --before 给出一个起点，只能给一个。")
    regime = _regime_of(table, key, regime)
    text = from_ if from_ is not None else before
    assert text is not None
    moment = _moment(text)
    parameter = table.find(key, regime, moment.date(), variant=variant, jurisdiction=JURISDICTION)
    period = parameter.period
    _require_direction(parameter, backward=before is not None)
    if period.unit is Unit.HOUR:
        return _answer_in_hours(parameter, text, moment)
    if not _DATE.fullmatch(text):
        raise InvalidInput(f"“{parameter.label}”按日计算，请只给日期，例如 2025-09-30。")
    count = count_backward if before is not None else count_forward
    return _answer_in_days(parameter, count(moment.date(), period, HolidayTable.seeded()))


def answer_cap(key: str, regime: str | None, amount: str | None, kind: str | None) -> Answer:
    """Compute the highest permitted bond for an amount, truncated to the fen so that it never exceeds the law.

    Raises:
        DomainError: not a cap, or an amount or kind that means nothing.
    Source:
        R-THR-07, R-THR-09, R-THR-13
    """
    table = seeded_table()
    regime = _regime_of(table, key, regime)
    if key not in CAPS:
        raise InvalidInput(f"“{key}”不是金额上限，可用：{'、'.join(CAPS)}。")
    base = _amount(amount)
    if kind is not None and kind not in KINDS:
        raise InvalidInput(f"没有类别“{kind}”，可用：{'、'.join(KINDS)}。")
    # A cap has no date of its own: take the rows whose end is not known.
    law = Law(table, HolidayTable.seeded(), regime, date.max, JURISDICTION)
    if key == Limit.PERFORMANCE_BOND_CAP:
        return _answer_of_cap(performance_bond_cap(base, law), base)
    if kind is None and any(table.variants_of(key, regime)):
        raise InvalidInput(f"请用 --kind 指明类别：{'、'.join(KINDS)}。")
    return _answer_of_cap(bid_bond_cap(base, LotKind(kind or KINDS[0]), law), base)


def answer_list() -> Answer:
    """List every row of the seeded table."""
    rows = list(seeded_table())
    lines = [f"{row.regime:<11} {_name(row):<36} {_value(row):<12} {row.label}（{row.article}）" for row in rows]
    return Answer(tuple(lines), [_data_of(row) for row in rows])


def register(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add `law` to the table of commands; the handler takes the parsed arguments and returns an exit code."""
    parser = subparsers.add_parser("law", help="查法定期限和金额上限（不需要数据库）")
    _add_commands(parser)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `law …` and return the exit code: 0 answered, 1 refused, 2 not understood."""
    parser = _Parser(prog="sunlit law", description="查法定期限和金额上限")
    _add_commands(parser)
    arguments = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    return run(arguments)


class _Parser(Parser):
    """Says what is wrong in one Chinese sentence instead of an English usage text."""

    def error(self, message: str) -> NoReturn:
        for pattern, sentence in _FAULTS:
            if match := re.search(pattern, message):
                self.exit(2, match.expand(sentence) + f"，用法见 {self.prog} --help。\n")
        self.exit(2, f"参数有误，用法见 {self.prog} --help。\n")


def _add_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="law_command", metavar="命令", parser_class=_Parser)
    parser.set_defaults(run=lambda _: _refuse("请选择命令：date、cap 或 list。", 2))

    by_date = commands.add_parser("date", help="计算期限", allow_abbrev=False)
    by_date.add_argument("key", help="参数名，见 law list")
    by_date.add_argument("--from", dest="from_", metavar="日期", help="起算事件发生的日期（或时刻）")
    by_date.add_argument("--before", metavar="日期", help="截止日期（或时刻），用于倒推的期限")
    by_date.add_argument("--variant", default="", metavar="类别", help="同一参数的不同类别，例如 ministry_pool")
    _add_common(by_date, lambda a: answer_date(a.key, a.regime, a.variant, a.from_, a.before))

    by_cap = commands.add_parser("cap", help="计算保证金上限", allow_abbrev=False)
    by_cap.add_argument("key", help="、".join(CAPS))
    by_cap.add_argument("--amount", metavar="元", help="估算价、预算或合同金额，例如 12345678.90")
    by_cap.add_argument("--kind", metavar="类别", help="、".join(KINDS))
    _add_common(by_cap, lambda a: answer_cap(a.key, a.regime, a.amount, a.kind))

    by_list = commands.add_parser("list", help="列出全部参数", allow_abbrev=False)
    _add_common(by_list, lambda _: answer_list())


def _add_common(parser: argparse.ArgumentParser, answer: Callable[[argparse.Namespace], Answer]) -> None:
    parser.add_argument("--regime", metavar="制度", help="、".join(REGIMES))
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    parser.set_defaults(run=lambda arguments: _run(arguments, answer))


def _run(arguments: argparse.Namespace, answer: Callable[[argparse.Namespace], Answer]) -> int:
    try:
        if arguments.regime is not None and arguments.regime not in REGIMES:
            raise InvalidInput(f"没有制度“{arguments.regime}”，可用：{'、'.join(REGIMES)}。")
        found = answer(arguments)
    except DomainError as refusal:
        return _refuse(refusal.detail, 1)
    text = json.dumps(found.data, ensure_ascii=False, indent=2) if arguments.json else "\n".join(found.lines)
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Whoever reads us (`| head`) has seen enough; give the interpreter a place to flush to on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _refuse(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


def _regime_of(table: ParameterTable, key: str, regime: str | None) -> str:
    """Take the regime asked for; without one ZTB, or the only one that knows the key."""
    known = table.regimes_of(key)
    if regime is not None or not known or "ZTB" in known:
        return regime or "ZTB"
    return known[0]


def _require_direction(parameter: Parameter, *, backward: bool) -> None:
    assert parameter.direction is not None
    if parameter.direction.is_backward and not backward:
        raise InvalidInput(f"“{parameter.label}”从截止或开始时间倒推，请用 --before。")
    if backward and not parameter.direction.is_backward:
        raise InvalidInput(f"“{parameter.label}”从事件发生起往后计算，请用 --from。")


def _moment(text: str) -> datetime:
    """Read a date or a moment; a moment without an offset is Beijing time, and dates are days there."""
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), SHANGHAI)
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment.astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        pass
    raise InvalidInput(f"“{text}”不是有效的日期，请写成 2025-09-30（按小时计算的写成 2025-09-30T14:00）。")


def _amount(text: str | None) -> Money:
    if text is None:
        raise InvalidInput("请用 --amount 给出金额。")
    amount = Money.parse(text)
    if amount.fen == 0:
        raise InvalidInput("金额须大于零。")
    return amount


def _answer_in_hours(parameter: Parameter, text: str, moment: datetime) -> Answer:
    if _DATE.fullmatch(text):
        raise InvalidInput(f"“{parameter.label}”按小时计算，请给出时刻，例如 2025-09-30T14:00。")
    backward = parameter.direction in (Direction.BEFORE, Direction.MAX_BEFORE)
    calendar = HolidayTable.seeded()
    calendar.require_loaded(moment.date())
    end = hours_after(moment, -parameter.count if backward else parameter.count)
    calendar.require_loaded(end.date())
    counted = "往前" if backward else "往后"
    how = f"自{moment:%Y-%m-%d %H:%M}起{counted}推{parameter.count}小时，按小时计算的期间自该时刻起算，不因休假日顺延"
    shown = f"{end:%Y-%m-%d %H:%M:%S}（北京时间，{_weekday(end)}）"
    return _answer_of_date(parameter, (shown, shown, end.isoformat(), end.isoformat()), how, "民法典201")


def _answer_in_days(parameter: Parameter, counted: Counted) -> Answer:
    n, unit = counted.period.n, counted.period.unit
    start = counted.start.isoformat()
    law = "民法典201"
    if parameter.direction is Direction.BEFORE:
        how = f"自{start}往前推{n}{_UNITS[unit]}，休假日也不变动（不缩短受保护的期间）"
    elif unit is Unit.WORKING_DAY:
        how = f"{start}当日不计入，自次日起数到第{n}个工作日（调休上班的周末是工作日）"
    else:
        how = f"{start}当日不计入，自次日起算{n}{_UNITS[unit]}"
        if counted.is_rolled:
            how += f"，期满日{counted.raw.isoformat()}是休假日，顺延至其后第一个工作日"
            law = "民法典201,203"
        else:
            how += "，期满日是工作日，不顺延" if counted.period.roll.value == "next_wd" else ""
    shown = (_day(counted.date), _day(counted.raw), counted.date.isoformat(), counted.raw.isoformat())
    return _answer_of_date(parameter, shown, how, law)


def _answer_of_date(parameter: Parameter, ends: tuple[str, str, str, str], how: str, law: str) -> Answer:
    """Shape the answer; `ends` holds date and raw date as people read them, then as machines do."""
    shown, raw_shown, end, raw = ends
    lines = (
        shown,
        f"  事项：{parameter.label}（{_name(parameter)}，{parameter.regime}，{_binding(parameter)}）",
        f"  顺延前：{raw_shown}",
        f"  算法：{how}",
        f"  依据：{parameter.article}；计算：{cite(law)}",
    )
    return Answer(lines, {"date": end, "raw": raw, **_data_of(parameter), "how": how})


def _answer_of_cap(cap: Cap, base: Money) -> Answer:
    share, article = cap.share, cite(cap.basis)
    how = f"{base}元 × {share.value}%"
    if cap.ceiling is not None:
        how += f"，且不超过{Money.from_yuan(cap.ceiling.value)}元"
    lines = (
        f"{cap.amount}元",
        f"  事项：{share.label}（{share.key}，{share.regime}）",
        f"  算法：{how}；舍去分以下",
        f"  依据：{article}",
    )
    data = {"amount": str(cap.amount), "key": share.key, "regime": share.regime, "basis": cap.basis, "article": article}
    data |= {"percent": str(share.value), "base": share.base, "limited_by": cap.holds.label, "how": how}
    return Answer(lines, dict(data))


def _data_of(row: Parameter) -> dict[str, Any]:
    return {
        "key": row.key,
        "regime": row.regime,
        "variant": row.variant,
        "label": row.label,
        "value": str(row.value),
        "unit": row.unit.value,
        "direction": row.direction.value if row.direction else None,
        "basis": row.basis,
        "article": row.article,
        "rules": list(row.rules),
        "jurisdiction": row.jurisdiction,
        "effective_from": row.effective_from.isoformat(),
    }


def _binding(row: Parameter) -> str:
    words = {
        Direction.MAX: "最迟",
        Direction.MIN: "不少于",
        Direction.BEFORE: "最迟提前",
        Direction.MAX_BEFORE: "最早提前",
    }
    return (words[row.direction] if row.direction else "") + _value(row)


def _value(row: Parameter) -> str:
    units = {"cd": "日", "wd": "个工作日", "h": "小时", "year": "年", "percent": "%", "yuan": "元", "count": ""}
    return f"{row.value}{units[row.unit.value]}"


def _name(row: Parameter) -> str:
    return f"{row.key}/{row.variant}" if row.variant else row.key


def _day(day: date) -> str:
    return f"{day.isoformat()}（{_weekday(day)}）"


def _weekday(day: date) -> str:
    return f"星期{_WEEKDAYS[day.weekday()]}"


if __name__ == "__main__":
    sys.exit(main())
