"""Whether the criteria, review items and procedure of a lot are complete, sound and lawful. Pure.

Law: 条例 49 (only the criteria of the documents count), R-EVAL-02, R-EVAL-05, R-PRC-05; crypto.md §3.1 for policies and
thresholds. A fault names its field: `criteria.2.max` is the third criterion's maximum.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.parameters.table import Parameter
from trading.drafts import LotDraft, Procedure
from trading.findings import Finding
from trading.lot_view import Criterion, ReviewItem
from trading.parameters import BadParameter, parameters_of
from trading.procedures.definition import Definition
from trading.vocabulary import EvaluationMethod, Limit

#: What a criterion may be scored by, and where it belongs.
KINDS = ("objective", "subjective", "price")
GROUPS = ("technical", "business", "price")
#: Ways to divide a bid that lead from its sealing to the award; what a procedure allows beyond them is refused still.
CARRIED_THROUGH = ("one",)
REVIEW_GROUPS = ("form", "qualification", "response")
#: How long the evidence asked for may be, in characters.
LONGEST_EVIDENCE = 200
POLICIES = ("both", "bidder", "trustees")

Faults = Iterator[tuple[str, str]]


def check_lot(draft: LotDraft, procedure: Definition) -> list[tuple[str, str]]:
    """Return (field, what to do) for everything that is wrong; empty for a sound lot.

    Args:
        procedure: says what a lot must tell and what its own procedure may be.
    """
    return [
        *_check_words(draft, procedure),
        *_check_criteria(draft.criteria),
        *_check_price(draft),
        *_check_review(draft.review_items),
        *_check_procedure(draft.procedure, procedure),
    ]


def check_grid(
    criteria: Sequence[Criterion],
    method: EvaluationMethod,
    price_method: Mapping[str, Any],
    procedure: Definition,
    law: Law,
) -> list[Finding]:
    """Tell what of a scoring grid the law forbids: its sum, the weight of the price, how the price is scored.

    Source:
        R-EVAL-05, R-PRC-05
    """
    if method is not EvaluationMethod.COMPREHENSIVE:
        return []
    row = law.row(Limit.SCORE_TOTAL)
    total, price = total_of(criteria), total_of([item for item in criteria if item.kind == "price"])
    found = []
    if total != row.value:
        message = f"各评审因素满分合计应为 {row.value:f} 分，现为 {plain(total)} 分。"
        found.append(_finding(row, "criteria", message, f"{plain(total)}分", f"{row.value:f}分"))
    if not price:
        found.append(_finding(row, "criteria", "请设置价格评审因素。", "没有价格评审因素", "列明价格评审因素"))
    return [*found, *_check_price_rules(price, total, price_method, procedure, law)]


def _check_price_rules(
    price: Decimal, total: Decimal, price_method: Mapping[str, Any], procedure: Definition, law: Law
) -> Iterator[Finding]:
    """The least weight of the price, and how it may be scored, where the procedure says so."""
    if not procedure.price_share:
        return
    row = law.row(Limit.PRICE_SHARE_MIN, procedure.price_share)
    if price and price * 100 < row.value * total:
        message = f"{row.label.removesuffix('的最低比重')}占总分的比重不得低于 {row.value:f}%。"
        yield _finding(row, "criteria", message, f"{plain(price)}分", f"不低于{row.value:f}%")
    if price_method.get("method") not in procedure.price_methods:
        message = "政府采购的价格分应当以满足招标文件要求的最低报价为评标基准价。"
        allowed = "、".join(procedure.price_methods)
        yield _finding(row, "price_method", message, str(price_method.get("method", "")), allowed)


def total_of(criteria: Sequence[Criterion]) -> Decimal:
    """Add up the points; what is no number counts nothing."""
    return sum((points_of(item.max) or Decimal(0) for item in criteria), Decimal(0))


def plain(points: Decimal) -> str:
    """Write points without zeros at the end: 100, 99.5."""
    return f"{points:f}".rstrip("0").rstrip(".") if "." in f"{points:f}" else f"{points:f}"


def _finding(row: Parameter, field: str, message: str, actual: str, required: str) -> Finding:
    return Finding(
        rule=row.rules[0], article=row.article, field=field, message=message, actual=actual, required=required
    )


def points_of(text: str) -> Decimal | None:
    """Read the most points of a criterion: above 0, at most two decimals; None if it is no such number."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    exponent = value.as_tuple().exponent
    if not value.is_finite() or value <= 0 or not isinstance(exponent, int) or exponent < -2:
        return None
    return value


def _check_words(draft: LotDraft, procedure: Definition) -> Faults:
    said = {
        "title": draft.title,
        "scope": draft.scope.summary,
        "quantity": draft.scope.quantity,
        "place": draft.scope.place,
        "term": draft.scope.term,
        "price_cap": draft.price_cap or "",
    }
    for field in procedure.lot_fields:
        if field.name in said and not said[field.name].strip():
            yield field.name, f"请填写{field.label}（{cite(field.basis)}）。"
    if not draft.qualifications or not all(item.strip() for item in draft.qualifications):
        yield "qualifications", "请至少填写一项投标人资格条件。"
    if len(draft.number) != 3 or not (draft.number.isascii() and draft.number.isdecimal()):
        yield "number", "标段号为三位数字，例如 001。"


def _check_criteria(criteria: Sequence[Criterion]) -> Faults:
    if not criteria:
        yield "criteria", "请设置评审因素。"
    seen: set[str] = set()
    for at, item in enumerate(criteria):
        field = f"criteria.{at}"
        if not item.code.strip():
            yield f"{field}.code", "请填写编号。"
        elif item.code in seen:
            yield f"{field}.code", "编号重复。"
        seen.add(item.code)
        if not item.name.strip():
            yield f"{field}.name", "请填写评审因素名称。"
        if item.kind not in KINDS:
            yield f"{field}.kind", "请选择评分方式。"
        if item.group not in GROUPS:
            yield f"{field}.group", "请选择所属部分。"
        elif item.kind in KINDS and (item.kind == "price") != (item.group == "price"):
            yield f"{field}.group", "价格因素属于价格部分，其他因素不属于。"
        if len(item.evidence) > LONGEST_EVIDENCE:
            yield f"{field}.evidence", f"不超过 {LONGEST_EVIDENCE} 字。"
        if points_of(item.max) is None:
            yield f"{field}.max", "须大于零，最多两位小数。"


def _check_price(draft: LotDraft) -> Faults:
    if not isinstance(draft.price_method.get("method"), str):
        yield "price_method", "请选择评标基准价的计算办法。"
    lost = {name: _per_percent(draft.price_method.get(name, "0")) for name in ("e1", "e2")}
    for name in (name for name, value in lost.items() if value is None):
        yield name, "请填写每 1% 偏差所扣的分，0 至 100，最多两位小数。"
    if (lost["e2"] or 0) > (lost["e1"] or 0) and None not in lost.values():
        yield "e2", "低于基准价的扣分不得多于高于基准价的扣分。"
    try:
        parameters_of(draft.price_method)
    except BadParameter as fault:
        yield "parameters", fault.detail
    full = draft.price_method.get("full")
    prices = [item.max for item in draft.criteria if item.kind == "price"]
    if full is not None and full not in prices:
        yield "price_method", "价格分的满分与价格评审因素的满分不一致。"


def _per_percent(text: object) -> Decimal | None:
    """Read the points lost per percent of deviation (R-PRC-02)."""
    value = Decimal(0) if text == "0" else points_of(str(text))
    return value if value is not None and value <= 100 else None


def _check_review(items: Sequence[ReviewItem]) -> Faults:
    if not items:
        yield "review_items", "请至少设置一项初步评审内容。"
    seen: set[str] = set()
    for at, item in enumerate(items):
        field = f"review_items.{at}"
        if not item.code.strip():
            yield f"{field}.code", "请填写编号。"
        elif item.code in seen:
            yield f"{field}.code", "编号重复。"
        seen.add(item.code)
        if not item.name.strip():
            yield f"{field}.name", "请填写评审内容。"
        if item.group not in REVIEW_GROUPS:
            yield f"{field}.group", "请选择评审类别。"


def _check_procedure(procedure: Procedure, allowed: Definition) -> Faults:
    if procedure.evaluation_method not in allowed.evaluation_methods:
        yield "evaluation_method", f"评标办法应为{'、'.join(allowed.evaluation_methods.values())}。"
    if procedure.award_mode not in allowed.award_modes:
        yield "award_mode", f"{allowed.law}项目不采用评定分离。"
    if procedure.envelopes not in allowed.envelopes:
        yield "envelopes", "投标文件应为一次开启或者技术、价格分两次开启。"
    elif procedure.envelopes not in CARRIED_THROUGH:
        yield "envelopes", "分两次开启（双信封）的标段本平台尚不能全程办理，请选择一次开启。"
    elif procedure.blind_technical and not any(slot.blind for slot in allowed.slots.get(procedure.envelopes, ())):
        yield "blind_technical", "技术文件单独密封的（分两次开启），才能采用暗标。"
    if procedure.policy not in POLICIES:
        yield "policy", "开标解密方式应为 both、bidder 或 trustees。"
    if procedure.policy != "bidder" and not 2 <= procedure.k <= procedure.n - 2:
        yield "k", "见证人门限至少为 2，且见证人总数至少比门限多 2 名。"
    if procedure.n > 15:
        yield "n", "见证人最多 15 名。"
    if not 60 <= procedure.window_s <= 86400:
        yield "window_s", "解密时限应在 1 分钟至 24 小时之间。"
    if not 1 <= procedure.valid_days <= 366:
        yield "valid_days", "投标有效期应为 1 至 366 日。"
