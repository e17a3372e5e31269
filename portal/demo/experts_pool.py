"""Two thousand fictional experts, the same every time: names, numbers and employers that cannot be anybody's.

Identity numbers begin with 99, which is no region; credit codes carry region 990000. Check characters are right.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from kernel.codes import citizen_check_char, uscc_check_char

SIZE = 2000
EMPLOYERS = 460
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭鲁韦马苗方俞任袁柳"
_GIVEN = "文博思远启明晓岚柏川亦凡以宁若谷清扬景行知微致和怀瑾承泽允恭修远若水长青子衿望舒云帆予安书航"
_KINDS = (
    "设计研究院",
    "信息工程有限公司",
    "职业技术学院",
    "检测中心",
    "咨询有限公司",
    "会计师事务所",
    "软件研究所",
    "工程有限公司",
)
_PLACES = ("云澜", "江城", "三镇", "东岭", "临渚", "远汀", "平津", "北泽", "南浦", "西屏")
_REGIONS = ("云澜市", "江城市", "三镇市", "东岭市", "临渚市")
#: (speciality of the lowest level, share in a hundred)
_SPECIALITIES = (
    ("B013300", 22),
    ("B013200", 18),
    ("C050200", 12),
    ("A083203", 10),
    ("B013100", 8),
    ("A080104", 10),
    ("A080202", 8),
    ("A050201", 6),
    ("A040102", 6),
)


def make_pool(insiders: Sequence[tuple[str, str, int]]) -> list[dict[str, Any]]:
    """Return the rows of the import.

    Args:
        insiders: (credit code, name, how many experts it employs) of units whose people must stay out of the draw.
    """
    employers = [_employer(number) for number in range(EMPLOYERS)]
    places = list(_insider_places(insiders))
    rows = []
    for number in range(SIZE):
        employer = employers[_pick(number, "employer", EMPLOYERS)]
        if number < len(places):
            employer = places[number]
        rows.append(_row(number, employer, technical=number < len(places)))
    return rows


def faulty_rows() -> list[dict[str, Any]]:
    """Return three rows that may not enter: a wrong check character, too few years, too many specialities."""
    wrong, young, many = (_row(SIZE + n, _employer(n), technical=False) for n in range(3))
    wrong["id_number"] = wrong["id_number"][:17] + ("1" if wrong["id_number"][17] != "1" else "2")
    young["years"] = 5
    many["specialities"] = ["A080104", "B013200", "C050200"]
    return [wrong, young, many]


def _insider_places(insiders: Sequence[tuple[str, str, int]]) -> Iterable[tuple[str, str]]:
    for code, name, count in insiders:
        yield from ((code, name) for _ in range(count))


def _row(number: int, employer: tuple[str, str], *, technical: bool) -> dict[str, Any]:
    main = "B013300" if technical else _speciality(number)
    second = "B013200" if main == "B013300" and _pick(number, "second", 3) == 0 else ""
    return {
        "name": _name(number),
        "id_number": _id_number(number),
        "phone": f"演示-{number:05d}",
        "employer_uscc": employer[0],
        "employer_name": employer[1],
        "region": _REGIONS[_pick(number, "region", len(_REGIONS))],
        "specialities": [main, second] if second else [main],
        "title": ("高级工程师", "正高级工程师", "高级会计师")[_pick(number, "title", 2) if main != "C050200" else 2],
        "years": 8 + _pick(number, "years", 25),
    }


def _speciality(number: int) -> str:
    place = _pick(number, "speciality", 100)
    for code, share in _SPECIALITIES:
        if place < share:
            return code
        place -= share
    raise AssertionError("the shares make a hundred")


def _name(number: int) -> str:
    surname = _SURNAMES[_pick(number, "surname", len(_SURNAMES))]
    first, second = (_GIVEN[_pick(number, key, len(_GIVEN))] for key in ("first", "second"))
    return surname + first + (second if _pick(number, "long", 3) else "")


def _id_number(number: int) -> str:
    born = date(1960, 1, 1) + timedelta(days=_pick(number, "born", 9000))
    stem = f"990000{born:%Y%m%d}{number % 1000:03d}"
    return stem + citizen_check_char(stem)


def _employer(number: int) -> tuple[str, str]:
    stem = f"9199000000MY{number:05d}"[:17]
    place, kind = _PLACES[number % len(_PLACES)], _KINDS[number // len(_PLACES) % len(_KINDS)]
    return stem + uscc_check_char(stem), f"{place}{_ordinal(number)}{kind}"


def _ordinal(number: int) -> str:
    return "甲乙丙丁戊己庚辛壬癸"[number // (len(_PLACES) * len(_KINDS)) % 10]


def _pick(number: int, key: str, count: int) -> int:
    digest = hashlib.sha256(f"expert {number} {key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % count
