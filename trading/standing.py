"""Where a lot stands, in words: its state, the strip of stages, the table of limits. Pure.

Law: every row of the table names its article; the figures come from the dated parameters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kernel.parameters.law import Law
from kernel.periods import legal_date
from kernel.web.filters import day, minute, monthday
from trading.limits import due
from trading.lot_view import LotView
from trading.plan import intervals_of, latest_dates
from trading.vocabulary import Limit, Phase, Stage
from trading.wording import KINDS, METHODS, REGIMES

State = tuple[str, str]
Step = tuple[str, str, str]

_STATES: Final[dict[Phase, State]] = {
    Phase.IN_PREPARATION: ("mute", "筹备中"),
    Phase.ANNOUNCED: ("info", "已公告"),
    Phase.SELLING: ("info", "接收投标"),
    Phase.BIDDING: ("info", "接收投标"),
    Phase.DEADLINE_REACHED: ("warn", "投标截止"),
    Phase.OPENING: ("seal", "正在开标"),
    Phase.EVALUATION: ("warn", "评标中"),
    Phase.PUBLICITY: ("info", "候选人公示中"),
    Phase.PUBLICITY_OVER: ("warn", "公示期满"),
    Phase.AWARD: ("ok", "定标与签约"),
    Phase.STANDSTILL: ("bad", "暂停"),
    Phase.ENDED: ("mute", "已结束"),
}
_EXACT: Final[dict[Stage, State]] = {
    Stage.REGISTERED: ("mute", "已登记"),
    Stage.OPENED: ("ok", "已开标"),
    Stage.REPORT_SIGNED: ("warn", "待公示候选人"),
    Stage.AWARDED: ("ok", "已定标"),
    Stage.NOTICE_SENT: ("ok", "已发中标通知书"),
    Stage.CONTRACTED: ("ok", "已订立合同"),
    Stage.FAILED: ("bad", "招标失败"),
    Stage.TERMINATED: ("bad", "已终止"),
    Stage.SUSPENDED: ("bad", "监督部门责令暂停"),
    Stage.ARCHIVED: ("mute", "已归档"),
}
#: How far along the strip each stage is.
_REACHED: Final[dict[Stage, int]] = {
    Stage.DRAFT: 0,
    Stage.REGISTERED: 1,
    Stage.NOTICE_PUBLISHED: 3,
    Stage.PAUSED_DOCUMENTS: 3,
    Stage.CLOSED: 4,
    Stage.OPENED: 5,
    Stage.COMMITTEE_READY: 5,
    Stage.EVALUATING: 5,
    Stage.INTERRUPTED: 5,
    Stage.REPORT_SIGNED: 6,
    Stage.CANDIDATE_PUBLICITY: 6,
    Stage.PAUSED_RESULT: 6,
    Stage.AWARD_MEETING: 7,
    Stage.AWARDED: 7,
    Stage.RESULT_PUBLISHED: 7,
    Stage.NOTICE_SENT: 8,
}


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit of the table.

    Attributes:
        kind: colour of the verdict;  word: the verdict.
    """

    what: str
    required: str
    actual: str
    law: str
    kind: str
    word: str


def state_of(lot: LotView, now: datetime) -> State:
    """Return colour and words of the lot's state."""
    return _EXACT.get(lot.stage) or _STATES[lot.phase(now)]


def over(lot: LotView) -> str:
    """Return the line above the title: law, kind, method, evaluation."""
    names = {method.value: name for method, name in lot.definition.evaluation_methods.items()}
    evaluation = names.get(lot.procedure.get("evaluation_method", ""), "")
    words = (REGIMES[lot.regime], KINDS[lot.kind], METHODS[lot.method], evaluation)
    return " · ".join(word for word in words if word)


def stages_of(lot: LotView, now: datetime) -> list[Step]:
    """Return the strip of stages: what is done, where we are, what comes."""
    reached = _REACHED.get(lot.came_from or lot.stage, 9)
    if reached == 3 and (lot.documents_to is None or now < lot.documents_to):
        reached = 2
    steps = (
        ("项目登记", monthday(lot.registered_at)),
        ("招标公告", minute(lot.published_at) if lot.published_at else "—"),
        ("文件发售", f"至 {minute(lot.documents_to)}" if lot.documents_to else "—"),
        ("投标", f"至 {minute(lot.deadline)}" if lot.deadline else "—"),
        ("开标", minute(lot.opening_at) if lot.opening_at else "—"),
        ("评标", ""),
        ("候选人公示", f"至 {minute(lot.publicity_until)}" if lot.publicity_until else ""),
        ("定标与中标通知", ""),
        ("订立合同", ""),
    )
    return [
        ("done" if at < reached else "now" if at == reached else "", text, sub) for at, (text, sub) in enumerate(steps)
    ]


def limits_of(lot: LotView, law: Law, now: datetime, received_at: datetime | None = None) -> list[LimitRow]:
    """Return the table of limits of a lot: what the law wants, what is, the article.

    Args:
        received_at: when the evaluation report came.
    Source:
        R-TIME-01, R-TIME-03, R-TIME-04, R-TIME-07, R-TIME-14, R-TIME-15, R-TIME-22
    """
    return [*_plan_rows(lot, law), *_backward_rows(lot, law, now), *_result_rows(lot, law, received_at)]


def _plan_rows(lot: LotView, law: Law) -> Iterator[LimitRow]:
    for rule in intervals_of(lot.definition):
        row, end = law.row(rule.limit), lot.deadline if rule.then == "deadline" else lot.documents_to
        required = f"不少于 {row.count} {'个工作日' if row.unit == 'wd' else '日'}"
        if lot.documents_from is None or end is None:
            yield LimitRow(row.label, required, "未计划", row.article, "mute", "未开始")
        else:
            days = (legal_date(end) - legal_date(lot.documents_from)).days
            yield LimitRow(row.label, required, f"{days} 日", row.article, "ok", "满足")


def _backward_rows(lot: LotView, law: Law, now: datetime) -> Iterator[LimitRow]:
    if lot.deadline is None:
        return
    for item in latest_dates(lot.deadline, law, lot.definition):
        required = f"截止前 {law.row(item.limit).count} 日"
        kind, word = ("mute", "已过") if now >= item.until else ("info", f"至 {monthday(item.day)}")
        yield LimitRow(item.label, required, f"最迟 {day(item.day)}", item.article, kind, word)


def _result_rows(lot: LotView, law: Law, received_at: datetime | None) -> Iterator[LimitRow]:
    if law.knows(Limit.CANDIDATE_START):
        row = law.row(Limit.CANDIDATE_START)
        required = f"收到评标报告后 {row.count} 日内"
        if received_at is None:
            yield LimitRow(row.label, required, "未开始", row.article, "mute", "未开始")
        else:
            last = due(Limit.CANDIDATE_START, legal_date(received_at), law).date
            done = lot.publicity_until is not None
            yield LimitRow(
                row.label,
                required,
                f"最迟 {day(last)}",
                row.article,
                "ok" if done else "warn",
                "已办" if done else "待办",
            )
    if law.knows(Limit.CANDIDATE_PUBLICITY):
        row = law.row(Limit.CANDIDATE_PUBLICITY)
        required = f"不少于 {row.count} 日"
        if lot.publicity_until is None:
            yield LimitRow(row.label, required, "未开始", row.article, "mute", "未开始")
        else:
            yield LimitRow(row.label, required, f"至 {minute(lot.publicity_until)}", row.article, "ok", "满足")
