"""Full names of the instruments behind a short basis such as `条例22,54`, for everything a person reads.

Rows of the table keep the short form (it is easy to compare); pages and print quote the law itself.
"""

import re
from datetime import date
from typing import Final

#: Short name: (full title, in force since). Source: R-META-01 and the list of short names of the rule book.
INSTRUMENTS: Final[dict[str, tuple[str, date]]] = {
    "民法典": ("《中华人民共和国民法典》", date(2021, 1, 1)),
    "招投法": ("《中华人民共和国招标投标法》", date(2000, 1, 1)),
    "条例": ("《中华人民共和国招标投标法实施条例》", date(2012, 2, 1)),
    "采购法": ("《中华人民共和国政府采购法》", date(2003, 1, 1)),
    "采购条例": ("《中华人民共和国政府采购法实施条例》", date(2015, 3, 1)),
    "行政处罚法": ("《中华人民共和国行政处罚法》", date(2021, 7, 15)),
    "12号令": ("《评标委员会和评标方法暂行规定》", date(2001, 7, 5)),
    "30号令": ("《工程建设项目施工招标投标办法》", date(2003, 5, 1)),
    "27号令": ("《工程建设项目货物招标投标办法》", date(2005, 3, 1)),
    "2号令": ("《工程建设项目勘察设计招标投标办法》", date(2003, 8, 1)),
    "10号令": ("《招标公告和公示信息发布管理办法》", date(2018, 1, 1)),
    "16号令": ("《必须招标的工程项目规定》", date(2018, 6, 1)),
    "20号令": ("《电子招标投标办法》", date(2013, 5, 1)),
    "87号令": ("《政府采购货物和服务招标投标管理办法》", date(2017, 10, 1)),
    "国发〔2019〕5号": ("《国务院关于在市场监管领域全面推行部门联合“双随机、一公开”监管的意见》", date(2019, 1, 27)),
}

_NAMES: Final = "|".join(sorted(map(re.escape, INSTRUMENTS), key=len, reverse=True))
_PIECE: Final = re.compile(rf"(?P<name>{_NAMES})(?P<articles>\d+(?:,\d+)*)?")
_DIGITS: Final = "零一二三四五六七八九"


def chinese_number(n: int) -> str:
    """Write 1 to 999 as the law numbers its articles: 12 is 十二, 105 is 一百零五."""
    if not 1 <= n <= 999:
        raise ValueError(f"no article {n}")
    hundreds, rest = divmod(n, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")


def cite(basis: str) -> str:
    """Write a basis out: `条例22,54` becomes 《……实施条例》第二十二条、第五十四条; unknown pieces stay as they are.

    Args:
        basis: pieces joined by `;`.
    """
    return "；".join(_cite_one(piece.strip()) for piece in basis.split(";"))


def in_force_since(basis: str) -> date | None:
    """Return since when the first instrument of a basis is in force, or None if it is not a listed instrument."""
    match = _PIECE.match(basis)
    return INSTRUMENTS[match["name"]][1] if match else None


def _cite_one(piece: str) -> str:
    match = _PIECE.fullmatch(piece)
    if match is None:
        return piece
    title = INSTRUMENTS[match["name"]][0]
    articles = (match["articles"] or "").split(",")
    return title + "、".join(f"第{chinese_number(int(article))}条" for article in articles if article)
