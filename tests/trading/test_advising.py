"""Advice while a notice is typed: what is missing (R-ANN-01, R-AWD-08) and what looks restrictive (R-AWD-05)."""

from datetime import date
from typing import Any

import pytest

from tests.factories.trading import AGENCY, OTHER_AGENCY, make_published_lot
from tests.trading.test_pages import enter, made
from tests.world import World
from trading.advising import Form, advise
from trading.procedures.book import Combination, current
from trading.vocabulary import LotKind, Regime, TenderMethod

OPEN = current(Combination(Regime.ZTB, LotKind.GOODS, TenderMethod.OPEN, prequalified=False), date(2026, 7, 1))
EARLIER = current(Combination(Regime.ZTB, LotKind.GOODS, TenderMethod.OPEN, prequalified=True), date(2026, 7, 1))


def found(form: Form, values: dict[str, str], procedure: Any = OPEN) -> list[tuple[str, str]]:
    return [(item.field, item.kind) for item in advise(form, values, procedure)]


def test_what_the_notice_must_say_is_asked_for_with_its_article() -> None:
    """R-ANN-01: an emptied field is named, one that the form does not have is not."""
    advice = advise(Form.CORRECTION, {"summary": " ", "quantity": "1 批", "place": ""}, OPEN)

    assert [(item.field, item.kind) for item in advice] == [("summary", "missing"), ("place", "missing")]
    assert all("招标投标法" in item.article and item.rule == "R-ANN-01" for item in advice)


@pytest.mark.parametrize(
    ("form", "procedure", "values", "field", "rule"),
    [
        (Form.PROJECT, OPEN, {"lot_title": ""}, "lot_title", "R-ANN-01"),
        (Form.INVITATION, OPEN, {"approval_no": ""}, "approval_no", "R-AWD-08"),
        (Form.INVITATION, OPEN, {"invitees": "\n"}, "invitees", "R-THR-10"),
        (Form.PREQUALIFICATION, EARLIER, {"review_method": ""}, "review_method", "R-ANN-01"),
        (Form.PREQUALIFICATION, EARLIER, {"deadline": ""}, "deadline", ""),
    ],
)
def test_each_form_asks_for_its_own(form: Form, procedure: Any, values: dict[str, str], field: str, rule: str) -> None:
    (advice,) = advise(form, values, procedure)

    assert (advice.field, advice.kind) == (field, "missing")
    assert advice.article
    assert rule in ("", advice.rule)


def test_restrictive_words_are_told_beside_their_field_even_in_criteria() -> None:
    """R-AWD-05."""
    values = {"criteria-0-hint": "投标人应为本市注册的企业", "place": "本市", "term": "60 日"}

    (advice,) = advise(Form.PROJECT, values, None)

    assert (advice.field, advice.kind, advice.rule) == ("criteria-0-hint", "restrictive", "R-AWD-05")
    assert "第三十二条" in advice.article
    assert advice.text in values["criteria-0-hint"]
    assert found(Form.PROJECT, {"lot_title": "服务器采购", "quantity": "1 批", "term": "60 日"}) == []


async def test_only_the_lot_s_own_parties_are_advised_and_the_form_keeps_what_was_typed(world: World) -> None:
    lot = await made(world, make_published_lot)
    agency, stranger = await enter(world, "agency", AGENCY), await enter(world, "agency", OTHER_AGENCY)
    path = "/api/v1/wording/form"
    typed = {
        "form": "correction",
        "lot": str(lot.lot_id),
        "values": {"summary": "", "qualifications": "注册资本不低于"},
    }

    answers = [
        await client.post(path, json=typed, headers={"x-csrf-token": client.cookies["csrf"]})
        for client in (agency, stranger)
    ]
    assert [answer.status_code for answer in answers] == [200, 404]
    assert ("summary", "missing") in [(item["field"], item["kind"]) for item in answers[0].json()]

    address = f"/a/lots/{lot.lot_id}/correction"
    page = (await agency.get(address)).text
    assert f'data-advice="correction" data-lot="{lot.lot_id}"' in page
    refused = await agency.post(
        address,
        data={
            "_csrf": agency.cookies["csrf"],
            "summary": "",
            "qualifications": "投标人应为本市注册的企业",
            "documents_to": "2026-07-23 22:00:00",
            "deadline": "2026-08-06 14:00:00",
            "reason": "写错",
            "agree": "yes",
        },
    )
    assert refused.status_code == 422
    assert "不能为空（《中华人民共和国招标投标法》第十六条）" in refused.text
    assert "<mark>" in refused.text
    assert "投标人应为本市注册的企业" in refused.text
