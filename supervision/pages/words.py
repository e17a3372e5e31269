"""Kinds of log entries that supervision shows, in words; kinds of other packages have theirs in `trading.timeline`."""

from typing import Final

from trading.timeline import WORDS

_OWN: Final = {
    "inspection.planned": "公布抽查计划",
    "inspection.frozen": "冻结检查对象与检查人员名录",
    "inspection.drawn": "抽取检查对象",
    "inspection.assigned": "选派检查人员",
    "inspection.recorded": "检查记录全组签名",
    "inspection.published": "公开抽查结果",
    "inspection.correction-ordered": "责令整改",
    "inspection.correction-checked": "复查整改",
    "inspection.terminated": "终止抽查",
    "draw.void": "抽取作废",
    "checkpoint.stamped": "检查点取得时间戳",
    "rehearsal.clock-moved": "调整演练时钟",
    "alarm.early-key-use": "有人在规定时间之前提交解密份额",
}


def entry_words(kind: str) -> str:
    """Return a kind of entry in words; an unknown one keeps its name."""
    return _OWN.get(kind) or WORDS.get(kind, ("", kind))[1]
