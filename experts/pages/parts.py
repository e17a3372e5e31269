"""Rows and words that the pages of experts share."""

from dataclasses import dataclass, field
from typing import Any

from experts.vocabulary import REFUSALS, SessionState
from trading.pages.common import Form

#: Words for the specialities that a city's pool asks for most (R-CODE-02).
SPECIALITIES: dict[str, str] = {
    "A0201": "项目建议、可研、评估",
    "A0401": "建筑设计",
    "A0501": "建筑监理",
    "A0601": "土建造价",
    "A0801": "建筑施工",
    "A0802": "市政施工",
    "A0832": "信息工程",
    "B0131": "输变电设备",
    "B0132": "计算机及网络设备",
    "B0133": "计算机系统软件",
    "C0201": "咨询服务",
    "C0502": "会计",
}
REASONS = [("", "请选择"), *REFUSALS.items()]
STEPS = {
    SessionState.CHECK_IN: ("warn", "待签到"),
    SessionState.REVIEW: ("info", "初步评审"),
    SessionState.SCORING: ("info", "独立评分"),
    SessionState.SUMMARY: ("info", "汇总"),
    SessionState.SIGNING: ("warn", "待签署报告"),
    SessionState.CLOSED: ("ok", "已结束"),
}
_ORDER = ("task", "review", "score", "summary", "report")
_REACHED = {
    SessionState.CHECK_IN: 0,
    SessionState.REVIEW: 1,
    SessionState.SCORING: 2,
    SessionState.SUMMARY: 3,
    SessionState.SIGNING: 4,
    SessionState.CLOSED: 5,
}
REVIEW_GROUPS = {"form": "形式评审", "qualification": "资格评审", "response": "响应性评审"}
SCORE_GROUPS = {"technical": "技术", "business": "商务"}


@dataclass(frozen=True, slots=True)
class Named:
    """Something with an id and a name: a bidder under the code of the grid."""

    id: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """Items under a heading."""

    key: str
    name: str
    items: list[Any]


@dataclass(frozen=True, slots=True)
class Heading:
    """What every page of a task has: where it is, and how far the reader is.

    Attributes:
        desk: address of the API's view of the own desk, which the page's script signs from.
        key: kid of the key on record; empty if there is none yet.
    """

    base: str
    title: str
    number: str
    lot_no: str
    done: list[str]
    desk: str
    key: str
    form: Form = field(default_factory=Form)


def done_until(state: SessionState) -> list[str]:
    """Return the finished steps, for the rail."""
    return list(_ORDER[: _REACHED[state]])


def word_of(speciality: str) -> str:
    """Return a speciality in words, by its own or a higher level."""
    for end in (7, 5, 3):
        if speciality[:end] in SPECIALITIES:
            return SPECIALITIES[speciality[:end]]
    return speciality


def code_of(place: int) -> str:
    """Return how the grid calls a bid."""
    return "甲乙丙丁戊己庚辛壬癸"[place] if place < 10 else str(place + 1)
