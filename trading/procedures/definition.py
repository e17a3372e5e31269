"""A procedure as a value: what its dates, notices, committee, methods, envelopes and bonds are. Pure.

Law: R-META-02. A definition names limits of the parameter table and never a number.
"""

import hashlib
from enum import StrEnum
from typing import Any, Final

import msgspec

from kernel.canonical import b64u_encode, jcs
from kernel.errors import InvalidInput
from trading.slots import Slot
from trading.vocabulary import AwardMode, EvaluationMethod, LotKind, Regime, TenderMethod


class How(StrEnum):
    """How a limit binds two events."""

    #: At least so long from the first to the second.
    AT_LEAST = "at_least"
    #: The first event at the latest so long before the second.
    BEFORE = "before"
    #: The first event not earlier than so long before the second.
    NOT_EARLIER = "not_earlier"
    #: The second event at the latest so long after the first.
    WITHIN = "within"


class Binds(StrEnum):
    """Whom a date binds."""

    ALWAYS = "always"
    #: Only a purchase that must be tendered (招投法 24).
    MANDATORY = "mandatory"


class DateRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "then": "to"}):
    """One legal limit between two events of the procedure.

    Attributes:
        limit: key of the parameter table.
        first, then: names of events; see `EVENTS`.
    """

    limit: str
    how: How
    first: str
    then: str
    binds: Binds = Binds.ALWAYS


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Something that a lot or a notice must say.

    Attributes:
        name: member of the data.
        basis: short article.
    """

    name: str
    label: str
    basis: str
    rule: str


class NoticeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of notice in this procedure.

    Attributes:
        mark: what its number is made with.
        public: whether everybody sees it from the first moment on; an invitation is shown to the invited alone.
        fields: what the law wants in it; each of `candidate_fields` is wanted of every candidate.
        period: the limit that it stays open by, or empty.
    """

    title: str
    mark: str
    basis: str
    public: bool = True
    fields: tuple[Field, ...] = ()
    each: tuple[Field, ...] = ()
    period: str = ""


class Committee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who evaluates: limits of size and of the share of experts.

    Attributes:
        larger: variants of `size` that may apply, with what they apply to.
        qualification_by: who looks at qualifications: `committee` or `buyer` (87号令 44).
    """

    size: str
    experts: str
    larger: dict[str, str]
    qualification_by: str
    basis: str


class Bonds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which bonds may be asked for, up to which limit, in which form, returned when."""

    bid: str
    bid_forms: tuple[str, ...]
    performance: str
    returned: tuple[DateRule, ...]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of the opening, in order."""

    name: str
    label: str
    basis: str


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One procedure, complete.

    Attributes:
        title: how people call it.
        threshold: variant of the mandatory contract sum that its kind is measured by; empty: the law has none.
        dates: every limit, in the order of events.
        evaluation_methods: permitted methods with the name that this regime gives them.
        price_methods: permitted ways to score a price (R-PRC-03); empty: any.
        price_share: variant of the least weight of the price; empty: none.
        envelopes: ways to divide a bid: each a list of envelopes, each a list of parts, opened in that order.
        slots: the parts of a bid by the way it is divided; empty before version 2, and then not described either, so
            that digests stay what they were.
        counts: limits of head-counts by what they count.
        invitation_grounds: when bidders may be invited instead of called publicly: name to words.
    """

    version: int
    regime: Regime
    kind: LotKind
    method: TenderMethod
    prequalified: bool
    title: str
    law: str
    threshold: str
    dates: tuple[DateRule, ...]
    lot_fields: tuple[Field, ...]
    notices: dict[str, NoticeForm]
    committee: Committee
    evaluation_methods: dict[EvaluationMethod, str]
    award_modes: tuple[AwardMode, ...]
    price_methods: tuple[str, ...]
    price_share: str
    envelopes: dict[str, tuple[tuple[str, ...], ...]]
    opening: tuple[Step, ...]
    bonds: Bonds
    counts: dict[str, str]
    invitation_grounds: dict[str, Field]
    slots: dict[str, tuple[Slot, ...]] = {}

    @property
    def code(self) -> str:
        """Return the name of the procedure without its version: `ZTB-works-open-prequalified`."""
        return code_of(self.regime, self.kind, self.method, self.prequalified)

    @property
    def is_invited(self) -> bool:
        """Tell whether only invited firms may take part."""
        return self.method is TenderMethod.INVITED

    def described(self) -> dict[str, Any]:
        """Return the definition as plain values, as it is hashed and printed."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the canonical definition, b64u."""
        return b64u_encode(hashlib.sha256(jcs(self.described())).digest())

    def date(self, first: str, then: str) -> DateRule | None:
        """Return the first limit between two events."""
        return next((rule for rule in self.dates if (rule.first, rule.then) == (first, then)), None)

    def limits(self) -> set[str]:
        """Return every limit that the procedure names."""
        named = {rule.limit for rule in (*self.dates, *self.bonds.returned)} | set(self.counts.values())
        named |= {form.period for form in self.notices.values() if form.period}
        return named | {self.committee.size, self.bonds.bid, self.bonds.performance}


class ProcedureRefused(InvalidInput):
    """The law, or this platform, has no such procedure."""

    code = "procedure-refused"


#: The events that dates speak of.
EVENTS: Final = {
    "notice_at": "公告发布",
    "prequalification_from": "资格预审文件开始发出",
    "prequalification_to": "资格预审文件停止发出",
    "prequalification_deadline": "资格预审申请截止",
    "prequalification_clarified": "澄清、修改资格预审文件",
    "prequalification_objected": "对资格预审文件提出异议",
    "documents_from": "招标文件开始发出",
    "documents_to": "招标文件停止发出",
    "clarified": "澄清、修改招标文件",
    "documents_objected": "对招标文件提出异议",
    "deadline": "投标截止、开标",
    "objection": "收到异议",
    "objection_answered": "答复异议",
    "enquiry": "收到询问",
    "enquiry_answered": "答复询问",
    "draw": "抽取评标专家",
    "evaluation": "评标",
    "evaluated": "评标结束",
    "report": "收到评标报告",
    "candidates_published": "开始公示中标候选人",
    "publicity_over": "中标候选人公示期满",
    "award_meeting": "召开定标会",
    "award": "确定中标人",
    "result_published": "公告中标结果",
    "result_period_over": "结果公告期满",
    "award_notice": "发出中标通知书",
    "contract": "订立书面合同",
    "contract_published": "公告合同",
    "contract_filed": "合同副本备案",
    "written_report": "提交书面报告",
    "bonds_returned": "退还投标保证金",
    "withdrawn": "收到撤回投标的书面通知",
    "terminated": "终止招标",
    "refunded": "退还已收取的费用和保证金",
    "files_kept": "采购文件保存期满",
}


def code_of(regime: Regime, kind: LotKind, method: TenderMethod, prequalified: bool) -> str:
    """Return the name of a combination."""
    return "-".join([regime.value, kind.value, method.value, *(["prequalified"] if prequalified else [])])
