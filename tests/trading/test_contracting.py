"""The contract after an award: its substance, its time, its paper, its publicity; R-TIME-22, R-GP-10, R-THR-09."""

import asyncio
import uuid
from datetime import date
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted, RuleBroken
from kernel.states import MoveNotAllowed
from tests.factories.trading import (
    AGENCY,
    BIDDERS,
    BUYER,
    OTHER_AGENCY,
    TradingWorld,
    at,
    entries,
    lot_draft,
    make_evaluated_lot,
    make_lot_in_publicity,
    project_draft,
    set_clock,
)
from tests.trading.laws import GP, ZTB
from tests.trading.test_pages import enter, made, stage_of
from tests.world import World
from trading import facade
from trading.awarding import decide_award, send_award_notice
from trading.contract_reading import access_contract_file, find_contract
from trading.contract_rules import check_signed_in_time, check_substance, read_terms
from trading.contracting import conclude_contract
from trading.desk_reading import list_dues
from trading.drafts import AwardDraft, ContractDraft
from trading.messages import list_messages
from trading.reading import load_notice
from trading.reports import load_report
from trading.special_notices import publish_contract
from trading.vocabulary import Regime, Stage

PDF = b"%PDF-1.7 the signed contract"
PRICE = "4000000.01"
DRAFT = ContractDraft(contract_no="HT-1", signed_on=date(2026, 8, 17), amount=PRICE, term="60 日")


def contract(**changes: Any) -> ContractDraft:
    return msgspec.structs.replace(DRAFT, **changes)


async def notified(tx: Tx, **drafts: Any) -> TradingWorld:
    """Return a lot whose award notice went out on Friday 2026-08-14; it is Monday 2026-08-17."""
    world = await make_lot_in_publicity(tx, **drafts)
    await set_clock(tx, at("2026-08-14 09:00"))
    report = await load_report(tx, world.lot_id)
    await decide_award(tx, world.buyer, world.lot_id, AwardDraft(bid_id=report.ranked[0].bid_id))
    await send_award_notice(tx, world.buyer, world.lot_id)
    await set_clock(tx, at("2026-08-17 10:00"))
    return world


async def conclude(tx: Tx, world: TradingWorld, draft: ContractDraft = DRAFT) -> None:
    await conclude_contract(tx, world.buyer, world.files, world.lot_id, draft, name="合同.pdf", data=PDF)


async def test_a_contract_goes_on_record_with_its_paper_and_is_published_from_there(tx: Tx) -> None:
    world = await notified(tx)
    with pytest.raises(Conflict, match="登记合同后"):
        await publish_contract(tx, world.agency, world.lot_id)

    await conclude(tx, world, contract(performance_bond="400000.00", late_reason="not late, not kept"))

    lot = await facade.get_lot(tx, world.lot_id)
    kept = await find_contract(tx, world.lot_id)
    assert kept is not None
    assert lot.stage is Stage.CONTRACTED
    assert (kept.number, kept.summary, kept.late_reason) == ("HT-1", lot.scope["summary"], "")
    (entry,) = await entries(tx, "contract.concluded")
    assert entry["visibility"] == "public"
    assert {"R-TIME-22", "R-THR-09"} <= set(entry["facts"]["rules"])
    assert (entry["facts"]["amount"], entry["facts"]["due"], entry["facts"]["late"]) == (PRICE, "2026-09-14", False)
    winner, loser = world.bidders[0], world.bidders[1]
    assert "HT-1" in next(m.text for m in await list_messages(tx, winner) if m.kind == "contract")
    assert not [m for m in await list_messages(tx, loser) if m.kind == "contract"]
    for reader in (winner, world.buyer, world.agency):
        assert (await access_contract_file(tx, reader, world.lot_id)).digest == kept.digest
    for stranger in (loser, world.other_agency):
        with pytest.raises(NotFound):
            await access_contract_file(tx, stranger, world.lot_id)

    assert {due.text for due in await list_dues(tx, lot)} >= {"发布合同公示", "签订合同后退还投标保证金的期限"}
    posted = await publish_contract(tx, world.agency, world.lot_id)
    data = (await load_notice(tx, posted.id)).content["data"]
    assert (data["winner"], data["price"], data["signed_on"]) == (winner.organisation_name, PRICE, "2026-08-17")
    assert "发布合同公示" not in {due.text for due in await list_dues(tx, lot)}
    with pytest.raises(Conflict, match="已经公示"):
        await publish_contract(tx, world.buyer, world.lot_id)
    with pytest.raises(MoveNotAllowed):
        await conclude(tx, world)
    with pytest.raises(DBAPIError, match="permission denied"):
        await tx.session.execute(text("UPDATE trading_contract SET amount_fen = 1"))


async def test_only_the_buyer_concludes_and_only_after_the_award_notice(tx: Tx) -> None:
    world = await make_evaluated_lot(tx)
    with pytest.raises(MoveNotAllowed):
        await conclude(tx, world)

    sent = await notified(tx, project=project_draft(number="YL-2026-0002"))

    paper = {"name": "合同.pdf", "data": PDF}
    with pytest.raises(NotPermitted):
        await conclude_contract(tx, sent.agency, sent.files, sent.lot_id, DRAFT, **paper)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        await conclude_contract(tx, sent.buyer, sent.files, uuid.uuid4(), DRAFT, **paper)  # type: ignore[arg-type]
    with pytest.raises(NotPermitted):
        await conclude_contract(tx, sent.bidders[0], sent.files, sent.lot_id, DRAFT, **paper)  # type: ignore[arg-type]
    assert await find_contract(tx, sent.lot_id) is None


@pytest.mark.parametrize(
    ("changes", "paper", "fields"),
    [
        ({"contract_no": " ", "term": ""}, ("合同.pdf", PDF), ["contract_no", "term"]),
        ({"amount": "四百万"}, ("合同.pdf", PDF), ["amount"]),
        ({"performance_bond": "-1"}, ("合同.pdf", PDF), ["performance_bond"]),
        ({"signed_on": date(2026, 8, 13)}, ("合同.pdf", PDF), ["signed_on"]),
        ({"signed_on": date(2026, 8, 18)}, ("合同.pdf", PDF), ["signed_on"]),
        ({"contract_no": "长" * 101}, ("合同.pdf", PDF), ["contract_no"]),
        ({}, ("合同.docx", b"PK\x03\x04"), ["file"]),
        ({}, ("合同.pdf", b"MZ"), ["file"]),
        ({"term": ""}, ("", b""), ["term", "file"]),
    ],
)
async def test_what_is_missing_or_wrong_is_told_all_at_once(
    tx: Tx, changes: dict[str, Any], paper: tuple[str, bytes], fields: list[str]
) -> None:
    world = await notified(tx)
    name, data = paper

    with pytest.raises(InvalidInput) as refused:
        await conclude_contract(tx, world.buyer, world.files, world.lot_id, contract(**changes), name=name, data=data)

    assert [field for field, _ in refused.value.fields] == fields


@pytest.mark.parametrize(
    ("changes", "field", "article"),
    [
        ({"amount": "4000000.00"}, "amount", "招标投标法》第四十六条；"),
        ({"amount": "4,500,000"}, "amount", "第五十七条"),
        ({"performance_bond": "400000.01"}, "performance_bond", "《中华人民共和国招标投标法实施条例》第五十八条"),
    ],
)  # fmt: skip
async def test_another_substance_than_the_award_s_is_refused_with_its_article(
    tx: Tx, changes: dict[str, Any], field: str, article: str
) -> None:
    world = await notified(tx)

    with pytest.raises(RuleBroken) as refused:
        await conclude(tx, world, contract(**changes))

    assert [finding["field"] for finding in refused.value.findings] == [field]
    assert article in refused.value.findings[0]["article"]
    assert not await entries(tx, "contract.concluded")


async def test_a_late_contract_is_kept_as_late_with_its_reason(tx: Tx) -> None:
    """R-TIME-22: notice on 2026-08-14, thirty days end on Sunday 09-13, so the last day is Monday (R-CNT-03)."""
    world = await notified(tx)
    await set_clock(tx, at("2026-09-15 10:00"))

    with pytest.raises(InvalidInput, match="更正") as refused:
        async with tx.session.begin_nested():
            await conclude(tx, world, contract(signed_on=date(2026, 9, 15)))
    assert "第四十六条" in dict(refused.value.fields)["late_reason"]
    await conclude(tx, world, contract(signed_on=date(2026, 9, 15), late_reason="办理授权"))

    (entry,) = await entries(tx, "contract.concluded")
    assert (entry["facts"]["late"], entry["facts"]["reason"]) == (True, "办理授权")
    kept = await find_contract(tx, world.lot_id)
    assert kept is not None
    assert (kept.due_on, kept.late_reason) == (date(2026, 9, 14), "办理授权")


async def test_what_was_signed_in_time_may_go_on_record_later(tx: Tx) -> None:
    world = await notified(tx)
    await set_clock(tx, at("2026-10-15 10:00"))

    await conclude(tx, world, contract(signed_on=date(2026, 9, 14)))

    (entry,) = await entries(tx, "contract.concluded")
    assert entry["facts"]["late"] is False


def test_procurement_names_its_own_articles() -> None:
    """R-GP-10: 采购法 46."""
    terms, faults = read_terms(contract(amount="1"))
    assert terms is not None
    assert not faults

    (finding,) = check_substance(terms, terms.amount + terms.amount, GP)

    assert finding.article == "《中华人民共和国政府采购法》第四十六条"
    assert check_substance(terms, terms.amount, GP) == check_substance(terms, terms.amount, ZTB) == ()
    late = check_signed_in_time(date(2026, 9, 15), date(2026, 8, 14), GP)
    assert late is not None
    assert late.article == "《中华人民共和国政府采购法》第四十六条"
    assert check_signed_in_time(date(2026, 9, 14), date(2026, 8, 14), GP) is None


async def test_a_late_publicity_of_a_procurement_contract_is_out_as_late(tx: Tx) -> None:
    """R-GP-10: two working days from the signing."""
    world = await notified(tx, project=project_draft(regime=Regime.GP), lot=lot_draft(price_method={"method": "P-LOW"}))
    await conclude(tx, world)
    lot = await facade.get_lot(tx, world.lot_id)
    due = (await list_dues(tx, lot))[0]
    assert (due.text, due.until) == ("发布政府采购合同公告", at("2026-08-20 00:00"))
    await set_clock(tx, at("2026-08-20 10:00"))

    await publish_contract(tx, world.agency, world.lot_id)

    entry = (await entries(tx, "notice.published"))[-1]
    assert "已逾期1日" in entry["facts"]["late"]
    assert entry["facts"]["rules"] == ["R-GP-10"]


async def test_through_the_room_the_contract_is_kept_once_and_read_by_its_parties_alone(world: World) -> None:
    lot = await made(world, make_lot_in_publicity)
    buyer, agency = await enter(world, "procuring_entity", BUYER), await enter(world, "agency", AGENCY)
    path = f"/a/lots/{lot.lot_id}/contract"
    assert "中标通知书尚未发出" in (await agency.get(path)).text
    assert (await (await enter(world, "agency", OTHER_AGENCY)).get(path)).status_code == 404
    async with world.services.db.begin() as tx:
        await set_clock(tx, at("2026-08-14 09:00"))
        best = (await load_report(tx, lot.lot_id)).ranked[0]
        await decide_award(tx, lot.buyer, lot.lot_id, AwardDraft(bid_id=best.bid_id))
        await send_award_notice(tx, lot.buyer, lot.lot_id)

    def send(client: httpx.AsyncClient, **typed: str) -> Any:
        fields = {"_csrf": client.cookies["csrf"], "contract_no": "HT-1", "term": "30 天", "amount": PRICE}
        fields |= {"signed_on": "2026-08-14", "agree": "yes"} | typed
        return client.post(path, data=fields, files={"file": ("合同.pdf", PDF, "application/pdf")})

    assert "等候招标人登记合同" in (await agency.get(path)).text
    assert (await send(agency)).status_code == 403
    for typed, said in (({"signed_on": "2026-08-32"}, "例如 2026-08-20"), ({"amount": "1"}, "第五十七条")):
        refused = await send(buyer, **typed)
        assert refused.status_code == 422
        assert said in refused.text
        assert 'value="HT-1"' in refused.text
    both = await asyncio.gather(send(buyer), send(buyer))
    assert sorted(answer.status_code for answer in both) == [303, 422], [answer.text[:300] for answer in both]
    assert await stage_of(world, lot.lot_id) is Stage.CONTRACTED

    done = await agency.post(f"{path}/publication", data={"_csrf": agency.cookies["csrf"], "agree": "yes"})
    assert done.status_code == 303, done.text[:300]
    assert "合同已公示" in (await buyer.get(path)).text
    paper = f"/api/v1/lots/{lot.lot_id}/contract/file"
    winner, loser = [await enter(world, "bidder", each) for each in BIDDERS[:2]]
    supervisor = await world.signed_in("supervisor-1", "supervisor")
    for reader in (buyer, agency, winner, supervisor):
        assert (await reader.get(paper)).content == PDF
    assert (await loser.get(paper)).status_code == 404
    assert (await world.client().get(paper)).status_code == 401
    public = (await world.client().get(f"/lots/{lot.lot_id}")).text
    assert "HT-1" in public
    assert "登记所订合同" in public
    assert "签订合同后退还投标保证金的期限" in (await buyer.get("/a/calendar", params={"month": "2026-08"})).text
    api = (await winner.get(f"/api/v1/lots/{lot.lot_id}/contract")).json()
    assert (api["amount"]["amount"], api["late"]) == (PRICE, False)
