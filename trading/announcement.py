"""What a notice must say: kinds of notices and the checks of their contents. Pure.

Law: R-ANN-01 to R-ANN-04 (招投法 16; 10号令 5, 6; 条例 37). The data of a notice is a plain dictionary, because it is
published as JSON and hashed as it stands.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from kernel.parameters.articles import cite
from trading.findings import Finding
from trading.procedures.definition import Definition, NoticeForm


class NoticeKind(StrEnum):
    """Kinds of public notices."""

    #: 招标公告. Source: R-ANN-01
    TENDER = "tender"
    #: 中标候选人公示. Source: R-ANN-03
    CANDIDATES = "candidates"
    #: 中标结果公告. Source: R-ANN-04, R-TIME-20
    AWARD = "award"
    #: 投标邀请书. Source: R-THR-10, R-AWD-08. Seen by the invited alone.
    INVITATION = "invitation"
    #: 资格预审公告. Source: R-TIME-02
    PREQUALIFICATION = "prequalification"
    #: 资格预审结果公告. Source: R-THR-10
    PREQUALIFICATION_RESULT = "prequalification_result"
    #: 延期公告. Source: R-TIME-04, R-GP-03
    POSTPONEMENT = "postponement"
    #: 终止招标公告. Source: R-TIME-24
    TERMINATION = "termination"
    #: 招标失败公告, 废标公告. Source: R-FAIL-01, R-FAIL-09
    FAILURE = "failure"
    #: 合同公示. Source: R-GP-10, R-TIME-22
    CONTRACT = "contract"


def check_notice(kind: NoticeKind, data: Mapping[str, Any], procedure: Definition) -> tuple[Finding, ...]:
    """Tell what a notice does not say that its procedure wants in it.

    Source: R-ANN-01 to R-ANN-04
    """
    return tuple(_check(procedure.notices[kind], data))


def _check(form: NoticeForm, data: Mapping[str, Any]) -> Iterator[Finding]:
    for candidate in data.get("candidates", ()) if form.each else ():
        for field in form.each:
            if not candidate.get(field.name):
                rank = candidate["rank"]
                yield _missing(field.rule, f"{field.name}-{rank}", f"第{rank}名的{field.label}", cite(field.basis))
    for field in form.fields:
        if not data.get(field.name):
            yield _missing(field.rule, field.name, field.label, cite(field.basis))


def _missing(rule: str, field: str, name: str, article: str) -> Finding:
    return Finding(
        rule=rule,
        article=article,
        field=field,
        message=f"请补充{name}。",
        actual="未载明",
        required="应当载明",
    )
