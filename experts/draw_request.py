"""From an application for experts to the parameters of a `panel/1` draw.

Law: R-COM-01, R-COM-05, R-DRAW-04, R-REC-06, R-CODE-01; form of the parameters: the draw specification, `panel/1`.
Pure; pools, salts and leaves are made elsewhere.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from experts.committee_rules import Weight, check_composition
from kernel.errors import InvalidInput
from kernel.parameters.law import Law
from trading.findings import Finding

#: Public attributes of a candidate; nothing else about an expert is in a pool.
SPECIALITY: Final = "speciality"
REGION: Final = "region"
EMPLOYER: Final = "employer"

#: Enough for every request that passes the rehearsal (at least one admissible attempt in ten thousand).
MAX_ATTEMPTS: Final = 1_000_000

_CODE: Final = re.compile(r"[ABC][0-9]{2}([0-9]{2}){0,2}")


class BadDrawRequest(InvalidInput):
    """The application asks for something that is no committee."""

    code = "bad-draw-request"


@dataclass(frozen=True, slots=True)
class Group:
    """So many experts of one speciality.

    Args:
        speciality: code of any level: A08, A0801 or A080104.
    """

    speciality: str
    count: int


@dataclass(frozen=True, slots=True)
class Quota:
    """So many members of the whole panel from one region.

    Args:
        most: None for no upper bound.
    """

    region: str
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """An application for experts.

    Args:
        own_seats: members that the procuring entity sends itself.
    """

    groups: tuple[Group, ...]
    own_seats: int = 0
    quotas: tuple[Quota, ...] = ()

    @property
    def experts(self) -> int:
        """Return how many experts are drawn."""
        return sum(group.count for group in self.groups)


def check_request(request: DrawRequest, law: Law, weight: Weight = Weight()) -> tuple[Finding, ...]:
    """Check the committee that a request would make.

    Raises:
        BadDrawRequest: a code, a count or a quota means nothing.
    Source:
        R-COM-01, R-COM-02
    """
    _require_sound(request)
    return check_composition(request.experts + request.own_seats, request.experts, law, weight)


def panel_params(request: DrawRequest, law: Law) -> dict[str, Any]:
    """Build the `params` of a `panel/1` spec: groups, quotas as rules, and the cap per employer.

    Raises:
        BadDrawRequest: see `check_request`.
    Source:
        R-REC-06 for the cap
    """
    _require_sound(request)
    return {
        "groups": [{"a": SPECIALITY, "v": group.speciality, "n": group.count} for group in request.groups],
        "rules": [
            {"a": REGION, "v": quota.region, "min": quota.least, "max": _most(quota, request)}
            for quota in request.quotas
        ],
        "cap": {"a": EMPLOYER, "max": law.count("max_per_employer")},
        "max_attempts": MAX_ATTEMPTS,
    }


def public_attributes(specialities: Iterable[str], region: str, employer_tag: str) -> dict[str, Any]:
    """Build what a pool shows about a candidate.

    Args:
        specialities: codes of the lowest level; all levels above are added, so that a group may ask for any.
        employer_tag: opaque and made for this draw only, so that it names nobody and links no draws.
    """
    codes = sorted({level for code in specialities for level in levels(code)})
    return {SPECIALITY: codes, REGION: region, EMPLOYER: employer_tag}


def levels(code: str) -> tuple[str, ...]:
    """Return a speciality code and the codes above it: A080104 is in A0801 and in A08. Source: R-CODE-01.

    Raises:
        BadDrawRequest: not a code.
    """
    if not _CODE.fullmatch(code):
        raise BadDrawRequest(f"“{code}”不是有效的专业代码，例如 A080104。")
    ends = (end for end in (3, 5, 7) if end <= len(code))
    return tuple(dict.fromkeys(code[:end] for end in ends))


def shortages(request: DrawRequest, pool: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Tell which groups the pool cannot fill, and how many experts are missing; employers count once.

    Args:
        pool: public attributes of the candidates left after recusal.
    Source:
        R-COM-06
    """
    missing = {}
    for group in request.groups:
        employers = {pub[EMPLOYER] for pub in pool if group.speciality in pub[SPECIALITY]}
        if len(employers) < group.count:
            missing[group.speciality] = group.count - len(employers)
    return missing


def _most(quota: Quota, request: DrawRequest) -> int:
    return request.experts if quota.most is None else quota.most


def _require_sound(request: DrawRequest) -> None:
    if not request.groups or any(group.count < 1 for group in request.groups) or request.own_seats < 0:
        raise BadDrawRequest("请至少选择一个专业，每个专业至少抽取一人。")
    codes = [group.speciality for group in request.groups]
    for code in codes:
        levels(code)
    if len(set(codes)) != len(codes):
        raise BadDrawRequest("同一专业只能填写一次。")
    for quota in request.quotas:
        if not 0 <= quota.least <= _most(quota, request):
            raise BadDrawRequest("地区人数的下限不能高于上限。")
    if sum(quota.least for quota in request.quotas) > request.experts:
        raise BadDrawRequest("各地区人数下限之和超过抽取总人数。")
    if len({quota.region for quota in request.quotas}) != len(request.quotas):
        raise BadDrawRequest("同一地区只能填写一次。")
