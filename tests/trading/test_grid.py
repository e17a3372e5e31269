"""The scoring grid: what the law forbids, what is told beside which field, and how a form's rows are changed."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from kernel.db.transaction import Tx
from tests.factories.trading import lot_draft, make_planned_lot
from tests.trading.laws import GP, ZTB, procedure_of
from trading import wording
from trading.criteria import check_grid, check_lot, plain
from trading.drafts import LotDraft
from trading.lot_view import Criterion, ReviewItem
from trading.models.project import Lot
from trading.notices import tender_data
from trading.pages import grid
from trading.pages.common import Form
from trading.queries import get_lot
from trading.vocabulary import EvaluationMethod, LotKind

BOTH = {"method": "P-LOW"}


def criteria(*points: str, price: str = "30") -> tuple[Criterion, ...]:
    rows = [Criterion(f"T{at}", f"技术 {at}", "subjective", text, "technical") for at, text in enumerate(points)]
    return (Criterion("P1", "报价", "price", price, "price"), *rows)


def findings(
    rows: tuple[Criterion, ...], law: Any = ZTB, kind: LotKind = LotKind.GOODS, method: dict[str, str] = BOTH
) -> list[str]:
    found = check_grid(rows, EvaluationMethod.COMPREHENSIVE, method, procedure_of(law, kind), law)
    return [f"{finding.rule} {finding.field} {finding.actual}" for finding in found]


def test_a_grid_of_a_hundred_points_is_lawful() -> None:
    assert findings(criteria("69.75", "0.25")) == []


@pytest.mark.parametrize(("points", "actual"), [("69.99", "99.99分"), ("70.01", "100.01分"), ("170", "200分")])
def test_another_sum_is_refused_with_its_article(points: str, actual: str) -> None:
    """R-EVAL-05; the article is 12号令 35 for what is tendered, 87号令 55 for what is procured."""
    assert findings(criteria(points)) == [f"R-EVAL-05 criteria {actual}"]
    (finding,) = check_grid(criteria(points), EvaluationMethod.COMPREHENSIVE, BOTH, procedure_of(), ZTB)
    assert finding.article == "《评标委员会和评标方法暂行规定》第三十五条"


def test_a_grid_without_a_price_is_refused() -> None:
    rows = tuple(row for row in criteria("50", "50") if row.kind != "price")

    assert findings(rows) == ["R-EVAL-05 criteria 没有价格评审因素"]


@pytest.mark.parametrize(
    ("kind", "price", "refused"),
    [
        (LotKind.GOODS, "29.99", True),
        (LotKind.GOODS, "30", False),
        (LotKind.SERVICES, "9.99", True),
        (LotKind.SERVICES, "10", False),
    ],
)
def test_procured_goods_and_services_have_a_least_weight_of_the_price(kind: LotKind, price: str, refused: bool) -> None:
    """R-PRC-05 (87号令 55); works are not procured by scores, and tendering under 招标投标法 knows no such weight."""
    rows = criteria(plain(100 - Decimal(price)), price=price)

    assert findings(rows, GP, kind) == ([f"R-PRC-05 criteria {price}分"] if refused else [])
    assert findings(rows, ZTB, kind) == []


def test_procurement_scores_the_price_by_the_lowest() -> None:
    """R-PRC-05."""
    assert findings(criteria("70"), GP, LotKind.GOODS, {"method": "P-AVG"}) == ["R-PRC-05 price_method P-AVG"]
    assert findings(criteria("70"), ZTB, LotKind.WORKS, {"method": "P-AVG"}) == []


def test_where_only_the_price_decides_points_need_no_sum() -> None:
    assert check_grid((), EvaluationMethod.LOWEST_EVALUATED_PRICE, BOTH, procedure_of(), ZTB) == []


def faults(**changes: Any) -> dict[str, str]:
    return dict(check_lot(lot_draft(**changes), procedure_of()))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (Criterion("", "甲", "subjective", "1", "technical"), "criteria.3.code"),
        (Criterion("T1", "甲", "subjective", "1", "technical"), "criteria.3.code"),
        (Criterion("X", " ", "subjective", "1", "technical"), "criteria.3.name"),
        (Criterion("X", "甲", "guess", "1", "technical"), "criteria.3.kind"),
        (Criterion("X", "甲", "subjective", "1", "other"), "criteria.3.group"),
        (Criterion("X", "甲", "price", "1", "technical"), "criteria.3.group"),
        *(
            (Criterion("X", "甲", "subjective", text, "technical"), "criteria.3.max")
            for text in ("", "0", "-1", "1.005", "x")
        ),
    ],
)
def test_each_fault_of_a_row_names_the_field(row: Criterion, field: str) -> None:
    assert list(faults(criteria=(*lot_draft().criteria, row))) == [field]


def test_faults_of_review_items_name_their_fields() -> None:
    items = (ReviewItem("", "甲", "form"), ReviewItem("Q", "", "form"), ReviewItem("Q", "乙", "taste"))

    assert list(faults(review_items=items)) == [
        "review_items.0.code",
        "review_items.1.name",
        "review_items.2.code",
        "review_items.2.group",
    ]
    assert list(faults(review_items=(), criteria=())) == ["criteria", "review_items"]


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ({"e1": "1", "e2": "0.5"}, []),
        ({"e1": "0.5", "e2": "0.6"}, ["e2"]),
        ({"e1": "x", "e2": "0"}, ["e1"]),
        ({"e1": "1", "e2": "-1"}, ["e2"]),
        ({"e1": "101", "e2": "NaN"}, ["e1", "e2"]),
    ],
)
def test_points_lost_per_percent_are_checked_where_they_are_typed(method: dict[str, str], fields: list[str]) -> None:
    """R-PRC-02: a dear bid loses at least as much as a cheap one."""
    assert list(faults(price_method={"method": "P-AVG", **method})) == fields


# Rows of the form.


def filled(codes: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {"title": "x"}
    grid.fill(values, "criteria", [Criterion(code, code, "subjective", "1", "technical") for code in codes])
    return values


def codes_of(values: dict[str, Any]) -> list[str]:
    return [row.code for row in grid.criteria_of(values)]


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        ("criteria:add", ["A", "B", "C", ""]),
        ("criteria:drop:1", ["A", "C"]),
        ("criteria:up:2", ["A", "C", "B"]),
        ("criteria:up:0", ["A", "B", "C"]),
        ("criteria:down:0", ["B", "A", "C"]),
        ("criteria:down:2", ["A", "B", "C"]),
        ("criteria:drop:9", ["A", "B", "C"]),
        ("review_items:add", ["A", "B", "C"]),
    ],
)
def test_buttons_change_the_rows_and_nothing_else(order: str, codes: list[str]) -> None:
    values = filled(["A", "B", "C"])

    assert grid.edit(values, order)
    assert codes_of(values) == codes
    assert values["title"] == "x"


@pytest.mark.parametrize("order", ["", "criteria", "other:add", "criteria:up:-1", "criteria:up:1;", "criteria:sort"])
def test_what_is_no_order_changes_nothing(order: str) -> None:
    values = filled(["A", "B"])
    before = dict(values)

    assert not grid.edit(values, order)
    assert values == before


@given(
    codes=st.lists(st.text("ABCDEF", min_size=1, max_size=3), max_size=8),
    orders=st.lists(st.tuples(st.sampled_from(["up", "down"]), st.integers(0, 9)), max_size=12),
)
def test_moving_loses_and_doubles_nothing(codes: list[str], orders: list[tuple[str, int]]) -> None:
    values = filled(codes)

    for verb, place in orders:
        assert grid.edit(values, f"criteria:{verb}:{place}")

    assert sorted(codes_of(values)) == sorted(codes)


def test_empty_rows_are_left_out_and_gaps_closed() -> None:
    """As a browser sends them whose script took rows out of the middle."""
    values: dict[str, Any] = {
        "criteria-0-code": "A",
        "criteria-0-kind": "objective",
        "criteria-4-code": " ",
        "criteria-4-kind": "subjective",
        "criteria-7-name": "B",
        "criteria-x-code": "no row",
        "criteria-9-colour": "no member",
    }

    grid.tidy(values)

    assert [(row.code, row.name) for row in grid.criteria_of(values)] == [("A", ""), ("", "B")]


def test_no_form_makes_more_rows_than_a_person_reads() -> None:
    values = {f"criteria-{at}-code": "X" for at in range(500)}

    assert grid.edit(values, "criteria:add")
    assert len(grid.criteria_of(values)) == grid.MOST_ROWS


def test_faults_of_the_acts_stand_beside_the_fields_of_the_form() -> None:
    form = Form({}, {"criteria.2.max": "x", "title": "y", "review_items.0.code": "z"})

    grid.rename(form)

    assert form.errors == {"criteria-2-max": "x", "title": "y", "review_items-0-code": "z"}


def test_the_usual_grid_of_the_form_is_sound() -> None:
    from trading.pages.registering import _USUAL_CRITERIA, _USUAL_REVIEW

    draft: LotDraft = lot_draft(criteria=_USUAL_CRITERIA, review_items=_USUAL_REVIEW)

    assert check_lot(draft, procedure_of()) == []
    for law in (ZTB, GP):
        assert check_grid(draft.criteria, EvaluationMethod.COMPREHENSIVE, BOTH, procedure_of(law), law) == []


def test_evidence_asked_for_stays_with_its_row() -> None:
    rows = (
        Criterion("B1", "业绩", "objective", "20", "business", "每份 2 分", "合同关键页复印件"),
        Criterion("P1", "报价", "price", "80", "price"),
    )
    values: dict[str, Any] = {}
    grid.fill(values, "criteria", rows)

    assert grid.edit(values, "criteria:down:0")
    values["criteria-5-evidence"] = "检测报告"
    grid.tidy(values)

    assert [row.evidence for row in grid.criteria_of(values)] == ["", "合同关键页复印件", "检测报告"]
    long = (Criterion("B1", "业绩", "objective", "20", "business", "", "长" * 201), rows[1])
    assert [field for field, _ in check_lot(lot_draft(criteria=long), procedure_of())] == ["criteria.0.evidence"]


async def test_evidence_is_in_the_notice_and_lots_from_before_read_and_say_what_they_did(tx: Tx) -> None:
    before = [{"code": "B1", "name": "业绩", "kind": "objective", "max": "60", "group": "business", "hint": "证明"}]
    world = await make_planned_lot(tx)
    lot = await tx.session.get(Lot, world.lot_id)
    assert lot is not None
    data = await tender_data(tx, lot, changes=())
    asked = {"code": "B1", "name": "业绩", "kind": "objective", "max": "20", "evidence": "合同关键页复印件"}
    assert data["criteria"][1] == asked
    assert data["criteria"][0].keys() == {"code", "name", "kind", "max"}
    table = next(block for block in wording.tender_notice(data) if block.get("label") == "评审因素")
    assert table["head"] == ["因素", "满分", "证明材料"]

    await tx.session.execute(
        text("UPDATE trading_lot SET criteria = cast(:rows AS jsonb)"), {"rows": json.dumps(before)}
    )
    await tx.session.refresh(lot)

    old = await tender_data(tx, lot, changes=())
    assert (await get_lot(tx, world.lot_id)).criteria[0].evidence == ""
    assert old["criteria"] == [{"code": "B1", "name": "业绩", "kind": "objective", "max": "60"}]
    table = next(block for block in wording.tender_notice(old) if block.get("label") == "评审因素")
    assert (table["head"], table["rows"]) == (["因素", "满分"], [["业绩", "60"]])
    ((label, _, now),) = wording.differences(data | {"criteria": old["criteria"]}, data)
    assert (label, now.split("；")[1]) == ("评审因素", "业绩 20 分（证明材料：合同关键页复印件）")
