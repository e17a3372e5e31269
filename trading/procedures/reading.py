"""A procedure in words, with the numbers of the law that holds: for the page and for the command line. Pure."""

from dataclasses import dataclass
from typing import Final

from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.parameters.table import Measure, Parameter
from trading.procedures.definition import EVENTS, Binds, DateRule, Definition, How

_UNITS: Final = {
    Measure.CALENDAR_DAY: "日",
    Measure.WORKING_DAY: "个工作日",
    Measure.HOUR: "小时",
    Measure.YEAR: "年",
    Measure.PERCENT: "%",
    Measure.YUAN: "元",
    Measure.COUNT: "",
}
_SENTENCES: Final = {
    How.AT_LEAST: "自{first}至{then}，不少于 {length}",
    How.BEFORE: "{first}，最迟在{then}前 {length}",
    How.NOT_EARLIER: "{first}，不早于{then}前 {length}",
    How.WITHIN: "{then}，最迟在{first}后 {length}内",
}
_COUNTS: Final = {
    "bidders": "投标人不少于",
    "candidates": "中标候选人不超过",
    "invitees": "受邀单位不少于",
    "prequalified": "通过资格预审的申请人不少于",
}
_PARTS: Final = {"business": "商务", "technical": "技术", "price": "价格"}
_ENVELOPES: Final = {"one": "一次开启", "two": "分两次开启"}
_FORMS: Final = {"transfer": "银行转账", "guarantee_letter": "保函", "insurance": "保证保险", "cheque": "支票、汇票"}
_AWARDS: Final = {"ranked": "按排名定标", "separated": "评定分离"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a procedure: what, the rule in words, its article and rule id."""

    what: str
    words: str
    law: str
    rule: str


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One kind of notice: what it must say."""

    kind: str
    title: str
    public: bool
    fields: list[str]
    law: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A procedure as people read it."""

    code: str
    version: int
    title: str
    digest: str
    dates: list[Line]
    counts: list[Line]
    notices: list[NoticeLine]
    lot_fields: list[str]
    methods: list[str]
    awards: list[str]
    envelopes: list[str]
    opening: list[Line]
    committee: list[Line]
    bonds: list[Line]
    grounds: list[Line]


def read(procedure: Definition, law: Law) -> Reading:
    """Put a procedure into words, with the numbers of one day's law."""
    return Reading(
        code=procedure.code,
        version=procedure.version,
        title=procedure.title,
        digest=procedure.digest,
        dates=[_date(rule, law) for rule in procedure.dates if law.knows(rule.limit)],
        counts=[_count(name, limit, law) for name, limit in procedure.counts.items()],
        notices=[
            NoticeLine(
                kind,
                form.title,
                form.public,
                list(dict.fromkeys(field.label for field in (*form.each, *form.fields))),
                cite(form.basis),
            )
            for kind, form in procedure.notices.items()
        ],
        lot_fields=[field.label for field in procedure.lot_fields],
        methods=list(procedure.evaluation_methods.values()),
        awards=[_AWARDS[mode] for mode in procedure.award_modes],
        envelopes=[
            f"{_ENVELOPES.get(name, name)}：" + "；".join("、".join(_PARTS[part] for part in parts) for parts in way)
            for name, way in procedure.envelopes.items()
        ],
        opening=[Line(step.label, "", cite(step.basis), "") for step in procedure.opening],
        committee=_committee(procedure, law),
        bonds=_bonds(procedure, law),
        grounds=[
            Line(field.label, "", cite(field.basis), field.rule) for field in procedure.invitation_grounds.values()
        ],
    )


def amount_of(row: Parameter) -> str:
    """Write a number of the law with its unit."""
    return f"{row.value:,f} {_UNITS[row.unit]}".replace(" %", "%").strip()


def _date(rule: DateRule, law: Law) -> Line:
    row = law.row(rule.limit)
    words = _SENTENCES[rule.how].format(first=EVENTS[rule.first], then=EVENTS[rule.then], length=amount_of(row))
    only = "（依法必须招标的项目）" if rule.binds is Binds.MANDATORY else ""
    return Line(row.label, words + only, row.article, row.rules[0])


def _count(name: str, limit: str, law: Law) -> Line:
    row = law.row(limit)
    return Line(row.label, f"{_COUNTS.get(name, name)} {row.count} 个", row.article, row.rules[0])


def _committee(procedure: Definition, law: Law) -> list[Line]:
    wanted = procedure.committee
    row = law.row(wanted.size)
    part, whole = (law.row(wanted.experts, name) for name in ("num", "den"))
    found = [
        Line("人数", f"{row.count} 人以上单数", row.article, row.rules[0]),
        Line("专家比例", f"不少于成员总数的 {whole.count} 分之 {part.count}", part.article, part.rules[0]),
    ]
    for variant, words in wanted.larger.items():
        row = law.row(wanted.size, variant)
        found.append(Line("人数", f"{words}：{row.count} 人以上单数", row.article, row.rules[0]))
    who = {"committee": "评标委员会", "buyer": "采购人或者采购代理机构"}[wanted.qualification_by]
    found.append(Line("资格审查", f"开标后由{who}进行", cite(wanted.basis), ""))
    return found


def _bonds(procedure: Definition, law: Law) -> list[Line]:
    bonds = procedure.bonds
    bid, performance = law.row(bonds.bid), law.row(bonds.performance)
    forms = "、".join(_FORMS[form] for form in bonds.bid_forms)
    words = f"不超过 {amount_of(bid)}"
    if law.knows(bonds.bid, procedure.kind.value):
        words += f"，最高 {amount_of(law.row(bonds.bid, procedure.kind.value))}"
    return [
        Line("投标保证金", f"{words}；可以用{forms}", bid.article, bid.rules[0]),
        Line("履约保证金", f"不超过 {amount_of(performance)}", performance.article, performance.rules[0]),
        *(_date(rule, law) for rule in bonds.returned),
    ]
