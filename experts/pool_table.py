"""The expert pool as a table that the centre fills in: its columns, and a line as a row of an import. Pure."""

from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar

from experts.admission import DECLARED
from experts.drafts import NewExpert, Relation
from experts.recusal import TieKind
from kernel.csv_table import Column, Line, plain_code, split_list

_T = TypeVar("_T")
#: Words for the kinds of ties that experts declare.
TIES: Final = {
    "劳动关系": TieKind.EMPLOYMENT.value,
    "董事监事": TieKind.BOARD.value,
    "控股": TieKind.CONTROL.value,
    "持股": TieKind.SHARES.value,
    "顾问咨询": TieKind.CONSULTANCY.value,
    "利害关系": DECLARED,
}
_TIES_NOTE: Final = f"单位信用代码/类型/起/止，止可不填；类型：{'、'.join(TIES)}；多条用分号隔开"
COLUMNS: Final = (
    Column("name", "姓名", "与身份证一致", "张三"),
    Column("id_number", "身份证号", "18 位；只保存带密钥的指纹", "99000019700101001X"),
    Column("phone", "电话", "接收邀请短信", "13800000000"),
    Column("employer_uscc", "单位信用代码", "统一社会信用代码，18 位", "91420100MA4KX1Y2X3"),
    Column("employer_name", "单位名称", "与登记一致", "云澜市设计研究院"),
    Column("region", "地区", "常住的市", "云澜市"),
    Column("specialities", "专业代码", "至少一个，多个用分号隔开", "B013300；B013200"),
    Column("title", "职称", "高级职称或者同等专业水平", "高级工程师"),
    Column("years", "从业年限", "满 8 年", "15"),
    Column("relations", "利害关系", _TIES_NOTE, "91420100MA4KX1Y2X3/顾问咨询/2025-01-01", required=False),
    Column("relatives", "近亲属身份证号", "多个用分号隔开；只保存指纹", "", required=False),
    Column("was_punished", "曾受处罚", "是或否，不填为否", "否", required=False),
)


def row_of(line: Line) -> tuple[NewExpert | None, tuple[str, ...]]:
    """Return a line as a row of an import, and what stands against its form; whether it may enter is judged later."""
    cells, faults = line.cells, list(line.faults)

    def read(parse: Callable[[str], _T], key: str, words: str, default: _T) -> _T:
        try:
            return parse(cells[key])
        except ValueError:
            if cells[key]:
                faults.append(words)
            return default

    years = read(_years, "years", "从业年限应为整数。", 0)
    none: tuple[Relation, ...] = ()
    relations = read(_relations, "relations", "利害关系应写成：单位信用代码/类型/起始日期/终止日期。", none)
    punished = read(_yes, "was_punished", "曾受处罚应填是或否。", default=False)
    if faults:
        return None, tuple(faults)
    return NewExpert(
        name=cells["name"],
        id_number=plain_code(cells["id_number"]),
        phone=cells["phone"],
        employer_uscc=plain_code(cells["employer_uscc"]),
        employer_name=cells["employer_name"],
        region=cells["region"],
        specialities=tuple(plain_code(code) for code in split_list(cells["specialities"])),
        title=cells["title"],
        years=years,
        relations=relations,
        relatives=tuple(plain_code(number) for number in split_list(cells["relatives"])),
        was_punished=punished,
    ), ()


def _years(text: str) -> int:
    years = plain_code(text)
    if not (years.isascii() and years.isdecimal() and len(years) <= 2):
        raise ValueError
    return int(years)


def _yes(text: str) -> bool:
    if text not in ("", "是", "否"):
        raise ValueError
    return text == "是"


def _relations(text: str) -> tuple[Relation, ...]:
    found = []
    for part in split_list(text):
        unit, kind, since, *until = (piece.strip() for piece in part.split("/"))
        if kind not in TIES or len(until) > 1:
            raise ValueError
        end = date.fromisoformat(until[0]) if until and until[0] else None
        found.append(Relation(plain_code(unit), TIES[kind], date.fromisoformat(since), end))
    return tuple(found)
