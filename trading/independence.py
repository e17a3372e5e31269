"""Who may not bid in a lot because of whom: the rule, and the words for the one whom it keeps out.

Pure. Three reasons, each with its article:

- the platform's operator, and whoever is tied to it by holding or management (电子招标投标办法 23; R-ET-01);
- whoever is tied to the lot's agency, or was advised by it for this project (条例 13, 34; R-AGT-03);
- whoever is tied to the procuring entity by holding or management (条例 34).

An affiliation holds from its first day to the day before its end, by the calendar of Beijing.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.errors import NotPermitted


class Tie(StrEnum):
    """How one organisation is tied to another."""

    #: 平台运营机构本身
    ITSELF = "itself"
    #: 控股关系
    HOLDING = "holding"
    #: 管理关系
    MANAGEMENT = "management"
    #: 为投标人提供咨询；只对一个项目
    ADVISER = "adviser"


TIES = {
    Tie.ITSELF: "平台运营机构",
    Tie.HOLDING: "控股关系",
    Tie.MANAGEMENT: "管理关系",
    Tie.ADVISER: "为其提供投标咨询",
}


@dataclass(frozen=True, slots=True)
class Held:
    """An affiliation of the organisation that wants to bid.

    Attributes:
        of_uscc: to whom; "" is the platform's operator.
        until: first day on which it holds no more; None: it goes on.
    """

    tie: Tie
    of_uscc: str
    project_id: uuid.UUID | None
    since: date
    until: date | None

    def holds_on(self, day: date) -> bool:
        """Say whether it holds on a day."""
        return self.since <= day and (self.until is None or day < self.until)


class NotIndependent(NotPermitted):
    """The organisation is tied to the operator, the agency or the procuring entity; `article` says what forbids it."""

    code = "not-independent"

    def __init__(self, detail: str, article: str, tie: Tie) -> None:
        super().__init__(detail, article=article, tie=tie.value)
        self.article = article
        self.tie = tie


_OPERATOR = "《电子招标投标办法》第二十三条"
_AGENCY = "《招标投标法实施条例》第十三条、第三十四条"
_ADVISER = "《招标投标法实施条例》第十三条"
_BUYER = "《招标投标法实施条例》第三十四条"
_WRONG = "登记有误的，请持证明材料向平台或行政监督部门书面反映。"


def article_of(tie: Tie, of_uscc: str) -> str:
    """Return what an affiliation rests on when nobody knows yet whose agency or buyer the other side is."""
    if of_uscc == "":
        return _OPERATOR
    return _ADVISER if tie is Tie.ADVISER else _AGENCY


def find_bar(
    held: Iterable[Held], *, on: date, project_id: uuid.UUID, agency_uscc: str, buyer_uscc: str
) -> NotIndependent | None:
    """Return what keeps an organisation out of a lot, or None.

    Args:
        held: the organisation's affiliations.
        on: the day of the act, in Beijing.

    Source:
        R-ET-01, R-AGT-03
    """
    for one in held:
        if not one.holds_on(on):
            continue
        since = f"（自 {one.since:%Y-%m-%d} 起登记）。"
        if one.of_uscc == "":
            who = "本单位登记为平台运营机构" if one.tie is Tie.ITSELF else f"本单位与平台运营机构存在{TIES[one.tie]}"
            rule = f"依据{_OPERATOR}，平台运营机构以及与其有控股或者管理关系的单位，不得在本平台投标或者代理投标。"
            return NotIndependent(f"{rule}{who}{since}{_WRONG}", _OPERATOR, one.tie)
        if one.tie is Tie.ADVISER:
            if one.of_uscc == agency_uscc and one.project_id == project_id:
                rule = f"依据{_ADVISER}，招标代理机构不得为所代理项目的投标人提供咨询。"
                return NotIndependent(f"{rule}本单位登记为由其提供投标咨询{since}{_WRONG}", _ADVISER, one.tie)
        elif one.of_uscc == agency_uscc:
            rule = f"依据{_AGENCY}，招标代理机构及与其有控股、管理关系的单位不得在所代理的项目中投标。"
            return NotIndependent(f"{rule}本单位与其存在{TIES[one.tie]}{since}{_WRONG}", _AGENCY, one.tie)
        elif one.of_uscc == buyer_uscc:
            rule = f"依据{_BUYER}，与招标人存在利害关系可能影响招标公正性的单位不得参加投标。"
            return NotIndependent(f"{rule}本单位与招标人存在{TIES[one.tie]}{since}{_WRONG}", _BUYER, one.tie)
    return None
