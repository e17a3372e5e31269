"""Administrative regions by their codes of six digits: provinces, prefectures, counties.

`regions.csv` holds provinces and prefectures, those that were dissolved too (`until`, a year): a credit code keeps the
code of the region that its registrar had. 100000 stands for registrars of the whole country. Counties change every year
and are looked up in python-stdnum's table, so a county that is not found is worth a word and never a refusal.

Source: GB/T 2260; the codes that the Ministry of Civil Affairs publishes, as collected in the public list
"中华人民共和国行政区划代码" (state of 2025); R-USC-05.
"""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

from stdnum import numdb

_FILE = Path(__file__).with_name("regions.csv")
#: Names that only say that a region has districts of its own.
_NAMELESS = {"市辖区", "县", "市", "省直辖县级行政单位", "省直辖行政单位", "自治区直辖县级行政单位"}


@dataclass(frozen=True, slots=True)
class Region:
    """What a code of six digits names.

    Attributes:
        province, prefecture, county: names; empty where the table has none.
        known: whether province and prefecture exist, or existed.
        county_known: whether the county does as well.
    """

    code: str
    province: str
    prefecture: str
    county: str
    known: bool
    county_known: bool

    @property
    def words(self) -> str:
        """The names one after another, each once: 湖北省荆州市洪湖市."""
        names = [self.province, self.prefecture, self.county]
        return "".join(name for at, name in enumerate(names) if name not in _NAMELESS and name not in names[:at])


@functools.cache
def _table() -> dict[str, str]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def find_region(code: str) -> Region:
    """Return what a code names; `known` says whether it names anything.

    Args:
        code: six digits.
    """
    table = _table()
    province, prefecture = table.get(code[:2] + "0000", ""), table.get(code[:4] + "00", "")
    if code[2:] == "0000":
        return Region(code, province, "", "", bool(province), bool(province))
    if code[4:] == "00":
        return Region(code, province, prefecture, "", bool(prefecture), bool(prefecture))
    county = _county(code) if prefecture else ""
    return Region(code, province, prefecture, county, bool(prefecture), bool(county))


def _county(code: str) -> str:
    found = {key: value for _, facts in numdb.get("cn/loc").info(code) for key, value in facts.items()}
    # `[1994-]洪湖市`, or several spans after one another: the newest is the name that people know.
    return found.get("county", "").split(",")[-1].rpartition("]")[2]
