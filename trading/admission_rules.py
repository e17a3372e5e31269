"""Who may be invited, and whether the dates of a prequalification keep the law. Pure.

Law: R-THR-10, R-AWD-08, R-TIME-01, R-TIME-02, R-TIME-05, R-TIME-06, R-GP-01, R-GP-20. Limits come in as a `Law`, which
of them bind which dates as a `Definition`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.codes import uscc_valid
from kernel.parameters.law import Law
from kernel.periods import Unit, keeps_interval, legal_date
from trading.findings import Finding, moment_in_print
from trading.procedures.definition import Definition, How
from trading.thresholds import check_invitees


@dataclass(frozen=True, slots=True)
class Invitee:
    """A firm that is invited."""

    uscc: str
    name: str


@dataclass(frozen=True, slots=True)
class PrequalificationDates:
    """The dates of a prequalification: its documents, and until when applications come in."""

    prequalification_from: datetime
    prequalification_to: datetime
    prequalification_deadline: datetime
    notice_at: datetime


def read_invitees(text: str) -> tuple[list[Invitee], list[str]]:
    """Read invitees, one a line: code, blank, name.

    Returns:
        The firms and, for each line that cannot be read, what is wrong with it.
    """
    found: dict[str, Invitee] = {}
    faults = []
    for at, line in enumerate(text.splitlines(), 1):
        code, _, name = line.strip().replace("\u3000", " ").partition(" ")
        if not code:
            continue
        if not uscc_valid(code) or not name.strip():
            faults.append(f"第 {at} 行：请写明 18 位统一社会信用代码和单位名称，中间空一格。")
        elif code in found:
            faults.append(f"第 {at} 行：{name.strip()}重复。")
        else:
            found[code] = Invitee(code, name.strip())
    return list(found.values()), faults


def check_invitation(invitees: Sequence[Invitee], law: Law, parties: Sequence[str]) -> Iterator[Finding]:
    """Tell whether enough firms are invited, and none of them stands on the buying side.

    Args:
        parties: codes of the procuring entity and its agency.
    Source:
        R-THR-10
    """
    few = check_invitees(len(invitees), law)
    if few is not None:
        yield Finding(few.rule, few.article, "invitees", few.message, few.actual, few.required)
    for item in invitees:
        if item.uscc in parties:
            yield Finding(
                rule="R-AGT-03",
                article="《中华人民共和国招标投标法实施条例》第三十四条",
                field="invitees",
                message=f"不能邀请招标人或者招标代理机构自己（{item.name}）。",
                actual=item.name,
                required="与招标人没有利害关系的单位",
            )


def check_prequalification(dates: PrequalificationDates, law: Law, procedure: Definition) -> Iterator[Finding]:
    """Judge the dates of a prequalification against every limit that the procedure names for them.

    Source: R-TIME-01, R-TIME-02, R-GP-01, R-GP-20
    """
    names = ("notice_at", "prequalification_from", "prequalification_to", "prequalification_deadline")
    for rule in procedure.dates:
        if rule.how is not How.AT_LEAST or rule.first not in names or not rule.then.startswith("prequalification_"):
            continue
        start, end = legal_date(getattr(dates, rule.first)), legal_date(getattr(dates, rule.then))
        row, earliest = law.row(rule.limit), law.forward(rule.limit, start).date
        is_days = row.period.unit is not Unit.WORKING_DAY
        if keeps_interval(start, end, row.count) if is_days else end >= earliest:
            continue
        unit = "日" if is_days else "个工作日"
        yield Finding(
            rule=row.rules[0],
            article=row.article,
            field=rule.then,
            message=f"{row.label}不得少于{row.count}{unit}，最早可定为{earliest}。",
            actual=moment_in_print(getattr(dates, rule.then)),
            required=f"不少于{row.count}{unit}",
            earliest=earliest,
        )
