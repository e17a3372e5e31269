"""What a form does not say yet, and which of its words look restrictive: advice while a drafter types. Pure.

Law: R-ANN-01, R-ANN-02, R-AWD-05, R-AWD-08. What must be said comes from the lot's procedure, so that nothing here can
differ from what publishing checks; nothing is refused here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from kernel.parameters.articles import cite
from trading.announcement import NoticeKind
from trading.procedures.definition import Definition, Field
from trading.restrictive import find_marks

#: Fields of one form that are looked through; rows of criteria included.
MOST_FIELDS: Final = 400


class Form(StrEnum):
    """The forms that a drafter gets advice in."""

    #: 登记项目与标段
    PROJECT = "project"
    #: 更正公告
    CORRECTION = "correction"
    #: 邀请招标的决定
    INVITATION = "invitation"
    #: 资格预审公告
    PREQUALIFICATION = "prequalification"


#: Member of a notice or lot → field of the form in which it is typed.
_TYPED: Final[dict[Form, dict[str, str]]] = {
    Form.PROJECT: {"title": "lot_title", "scope": "lot_title"},
    Form.CORRECTION: {"scope": "summary"},
    Form.INVITATION: {},
    Form.PREQUALIFICATION: {
        "prequalification_from": "documents_from",
        "prequalification_to": "documents_to",
        "prequalification_deadline": "deadline",
    },
}
#: What a decision to invite must say besides whom. Source: R-AWD-08 (条例 8).
_INVITATION: Final = (
    Field("reason", "邀请招标的理由", "条例8", "R-AWD-08"),
    Field("approved_by", "批准或者认定的部门", "条例8", "R-AWD-08"),
    Field("approval_no", "批准文件名称或者文号", "条例8", "R-AWD-08"),
    Field("invitees", "受邀单位", "招投法17", "R-THR-10"),
)
#: Names of fields whose words are not looked through: numbers, moments, people, papers.
_PLAIN: Final = frozenset(
    {
        *("number", "price_cap", "estimate", "bid_bond", "deadline", "documents_from", "documents_to", "funds_share"),
        *("region", "place", "contact", "contact_phone", "contact_address", "contact_agency", "contact_agency_phone"),
        *("approval", "approval_no", "approved_by", "invitees", "entrustment", "supervising_body", "funds", "agency"),
    }
)


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to tell beside a field.

    Attributes:
        kind: `missing` or `restrictive`.
        better: what to write instead, where there is a proposal.
    """

    field: str
    kind: str
    message: str
    article: str
    rule: str
    text: str = ""
    better: str = ""

    def described(self) -> dict[str, Any]:
        """Return the advice as JSON-safe members."""
        return {name: getattr(self, name) for name in self.__slots__}


def advise(form: Form, values: Mapping[str, str], procedure: Definition | None) -> list[Advice]:
    """Return what a form still lacks and what in it looks restrictive.

    Args:
        values: what is typed, by field; a field that the form does not have is not asked for.
        procedure: of the lot; None while it is not chosen, then only words are looked through.

    Source:
        R-ANN-01, R-AWD-05, R-AWD-08
    """
    lacking = _missing(form, values, procedure) if procedure is not None else ()
    return [*lacking, *_restrictive(values)]


def _missing(form: Form, values: Mapping[str, str], procedure: Definition) -> Iterator[Advice]:
    asked: set[str] = set()
    for field in _wanted(form, procedure):
        name = _TYPED[form].get(field.name, field.name)
        if name in asked or name not in values or values[name].strip():
            continue
        asked.add(name)
        yield Advice(name, "missing", f"请填写{field.label}。", cite(field.basis), field.rule)


def _wanted(form: Form, procedure: Definition) -> tuple[Field, ...]:
    if form is Form.INVITATION:
        return _INVITATION
    if form is Form.PREQUALIFICATION:
        kind = procedure.notices.get(NoticeKind.PREQUALIFICATION)
        return kind.fields if kind else ()
    return procedure.lot_fields


def _restrictive(values: Mapping[str, str]) -> Iterator[Advice]:
    for name, value in list(values.items())[:MOST_FIELDS]:
        if name in _PLAIN:
            continue
        for mark in find_marks(value):
            yield Advice(
                name, "restrictive", f"{mark.kind}。{mark.why}", mark.article, mark.rule, mark.text, mark.better
            )
