"""Whether the criteria, review items and procedure of a lot are complete and sound. Pure.

Law: 条例 49 (only the criteria of the documents count), R-EVAL-02, R-PRC; crypto.md §3.1 for policies and thresholds.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from trading.drafts import LotDraft, Procedure
from trading.lot_view import Criterion, ReviewItem
from trading.vocabulary import EvaluationMethod

#: What a criterion may be scored by, and where it belongs.
KINDS = ("objective", "subjective", "price")
GROUPS = ("technical", "business", "price")
REVIEW_GROUPS = ("form", "qualification", "response")
POLICIES = ("both", "bidder", "trustees")
_FULL_SCORE = Decimal(100)

Faults = Iterator[tuple[str, str]]


def check_lot(draft: LotDraft) -> list[tuple[str, str]]:
    """Return (field, what to do) for everything that is wrong; empty for a sound lot."""
    return [
        *_check_words(draft),
        *_check_criteria(draft.criteria, draft.procedure.evaluation_method),
        *_check_price(draft),
        *_check_review(draft.review_items),
        *_check_procedure(draft.procedure),
    ]


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


def _check_words(draft: LotDraft) -> Faults:
    for field, name, text in (
        ("title", "标段名称", draft.title),
        ("scope", "招标内容", draft.scope.summary),
        ("quantity", "数量", draft.scope.quantity),
        ("place", "实施地点", draft.scope.place),
        ("term", "期限", draft.scope.term),
    ):
        if not text.strip():
            yield field, f"请填写{name}。"
    if not draft.qualifications or not all(item.strip() for item in draft.qualifications):
        yield "qualifications", "请至少填写一项投标人资格条件。"
    if len(draft.number) != 3 or not (draft.number.isascii() and draft.number.isdecimal()):
        yield "number", "标段号为三位数字，例如 001。"


def _check_criteria(criteria: Sequence[Criterion], method: EvaluationMethod) -> Faults:
    doubled = [code for code, count in Counter(item.code for item in criteria).items() if count > 1]
    if doubled:
        yield "criteria", f"评审因素编号重复：{'、'.join(doubled)}。"
    total = Decimal(0)
    for item in criteria:
        points = points_of(item.max)
        if not item.code or not item.name or item.kind not in KINDS or item.group not in GROUPS or points is None:
            yield "criteria", f"请核对评审因素“{item.name or item.code}”的类别和满分。"
        elif (item.kind == "price") != (item.group == "price"):
            yield "criteria", f"评审因素“{item.name}”的价格类别与分组不一致。"
        else:
            total += points
    if method is not EvaluationMethod.COMPREHENSIVE:
        return
    if total != _FULL_SCORE:
        yield "criteria", f"各评审因素满分合计应为 100 分，现为 {total.normalize():f} 分。"
    if not any(item.kind == "price" for item in criteria):
        yield "criteria", "请设置价格评审因素。"


def _check_price(draft: LotDraft) -> Faults:
    if not isinstance(draft.price_method.get("method"), str):
        yield "price_method", "请选择评标基准价的计算办法。"
    full = draft.price_method.get("full")
    prices = [item.max for item in draft.criteria if item.kind == "price"]
    if full is not None and full not in prices:
        yield "price_method", "价格分的满分与价格评审因素的满分不一致。"


def _check_review(items: Sequence[ReviewItem]) -> Faults:
    if not items:
        yield "review_items", "请至少设置一项初步评审内容。"
    if len({item.code for item in items}) != len(items):
        yield "review_items", "初步评审项编号重复。"
    for item in items:
        if not item.code or not item.name or item.group not in REVIEW_GROUPS:
            yield "review_items", f"请核对初步评审项“{item.name or item.code}”。"


def _check_procedure(procedure: Procedure) -> Faults:
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
