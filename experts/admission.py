"""Which rows of an import may enter the pool.

Law: R-COM-10, R-POOL-03, R-POOL-12, R-CODE-01. Pure; says everything that is wrong with a row at once.
"""

from collections.abc import Iterable
from typing import Final

from experts.drafts import NewExpert
from experts.draw_request import BadDrawRequest, levels
from experts.recusal import TieKind
from kernel.codes import citizen_number_valid, uscc_valid

#: Full years in the field that an expert must have. Source: R-COM-10 (招投法 37)
MIN_YEARS: Final = 8
#: Most specialities of the second and of the third level in a first term. Source: R-POOL-12
MAX_SECOND_LEVEL: Final = 2
MAX_THIRD_LEVEL: Final = 6
#: A conflict of interest that the person declared without saying what it consists in.
DECLARED: Final = "declared"

_KINDS: Final = {kind.value for kind in TieKind} | {DECLARED}


def check_row(row: NewExpert) -> tuple[str, ...]:
    """Return what stands against a row, in Chinese sentences; nothing if it may enter.

    Source:
        R-COM-10, R-POOL-12, R-CODE-01
    """
    return tuple(_faults(row))


def _faults(row: NewExpert) -> Iterable[str]:
    if not row.name.strip() or not row.phone.strip() or not row.region.strip() or not row.employer_name.strip():
        yield "姓名、电话、地区、单位名称均须填写。"
    if not citizen_number_valid(row.id_number):
        yield "身份证号码校验不通过。"
    if not uscc_valid(row.employer_uscc):
        yield "单位统一社会信用代码校验不通过。"
    if row.years < MIN_YEARS:
        yield f"从事相关领域工作须满{MIN_YEARS}年。"
    if "高级" not in row.title:
        yield "须具有高级职称或者同等专业水平。"
    yield from _speciality_faults(row.specialities)
    if any(not citizen_number_valid(number) for number in row.relatives):
        yield "近亲属身份证号码校验不通过。"
    for relation in row.relations:
        if not uscc_valid(relation.unit) or relation.kind not in _KINDS:
            yield "申报的利害关系单位或者类型不正确。"


def _speciality_faults(codes: tuple[str, ...]) -> Iterable[str]:
    if not codes or len(set(codes)) != len(codes):
        yield "至少申报一个专业，且不得重复。"
    try:
        second = {levels(code)[1] for code in codes if len(levels(code)) > 1}
    except BadDrawRequest:
        yield "专业代码不正确。"
        return
    if len(second) > MAX_SECOND_LEVEL:
        yield f"首次入库的二级专业不得超过{MAX_SECOND_LEVEL}个。"
    if sum(len(code) == 7 for code in codes) > MAX_THIRD_LEVEL:
        yield f"首次入库的三级专业不得超过{MAX_THIRD_LEVEL}个。"
