"""When experts may be drawn: not earlier than so many hours before the evaluation.

Law: R-DRAW-01. Pure.
"""

from datetime import datetime, timedelta

from kernel.errors import InvalidInput
from kernel.parameters.law import Law
from trading.findings import Finding, moment_in_print
from trading.vocabulary import Limit


def check_draw_time(now: datetime, begins_at: datetime, law: Law) -> tuple[Finding, ...]:
    """Check that a draw now is not too early for an evaluation.

    Raises:
        InvalidInput: the evaluation would begin in the past.
    Source:
        R-DRAW-01
    """
    if begins_at <= now:
        raise InvalidInput("评审开始时间应晚于现在。", [("begins_at", "已过")])
    if not law.knows(Limit.EXPERT_DRAW):
        return ()
    row = law.row(Limit.EXPERT_DRAW)
    earliest = begins_at - timedelta(hours=int(row.value))
    if now >= earliest:
        return ()
    return (
        Finding(
            rule=row.rules[0],
            article=row.article,
            field="begins_at",
            message=f"评审开始前{row.value.normalize():f}小时内方可抽取评标专家，最早 {moment_in_print(earliest)}。",
            actual=moment_in_print(now),
            required=f"不早于 {moment_in_print(earliest)}",
            earliest=earliest,
        ),
    )
