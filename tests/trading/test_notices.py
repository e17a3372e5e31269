import hashlib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.canonical import jcs
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted, RuleBroken
from kernel.states import MoveNotAllowed
from tests.factories.trading import (
    at,
    entries,
    lot_draft,
    make_lot,
    make_planned_lot,
    make_published_lot,
    plan_draft,
    project_draft,
    set_clock,
)
from trading import facade
from trading.documents import list_documents, upload_document
from trading.drafts import Contact, Provenance
from trading.messages import list_messages
from trading.notices import move_deadline, publish_notice
from trading.plans import propose_plan
from trading.reading import list_notices_of, load_notice
from trading.vocabulary import Phase, Stage

KEYSET = "A" * 43


async def test_a_published_notice_says_what_the_law_wants(tx: Tx) -> None:
    world = await make_planned_lot(tx, lot=lot_draft(provenance=Provenance(invented=("最高投标限价",))))

    posted = await publish_notice(tx, world.agency, world.lot_id)

    notice = await load_notice(tx, posted.id)
    everything = "".join(block.get("text", "") for block in notice.content["body"])
    for said in (
        "云岭动力试验技术研究所",
        "1 批",
        "云岭市",
        "国有资金 100%",
        "不接受联合体投标，接受代理商投标",
        "2026年7月16日22时00分至2026年7月23日22时00分",
        "2026年8月6日14时00分",
        "5,000,000.00",
        "云岭市公共资源交易监督管理局",
    ):
        assert said in everything
    assert notice.content["invented"] == ["最高投标限价"]
    assert hashlib.sha256(jcs(notice.content)).digest() == notice.digest == posted.digest


async def test_publication_moves_the_lot_and_is_on_record(tx: Tx) -> None:
    world = await make_planned_lot(tx)

    await publish_notice(tx, world.agency, world.lot_id)

    lot = await facade.get_lot(tx, world.lot_id)
    assert (lot.stage, lot.published_at) == (Stage.NOTICE_PUBLISHED, at("2026-07-16 21:50"))
    assert lot.phase(tx.now) is Phase.ANNOUNCED
    (notice,) = await entries(tx, "notice.published")
    (documents,) = await entries(tx, "documents.published")
    assert notice["visibility"] == documents["visibility"] == "public"
    assert notice["facts"]["keyset"] == lot.keyset
    assert documents["facts"]["files"][0]["sha256"] == hashlib.sha256(b"%PDF-1.7 the documents").hexdigest()
    (job,) = await tx.session.execute(text("SELECT kind FROM kernel_outbox"))
    assert job.kind == "trading:make_paper"


async def test_only_the_newest_draft_of_a_document_is_issued(tx: Tx) -> None:
    world = await make_planned_lot(tx)
    await upload_document(tx, world.agency, world.files, world.lot_id, name="招标文件.pdf", data=b"%PDF-1.7 better")

    await publish_notice(tx, world.agency, world.lot_id)

    issued = [(item.version, item.issued_at is not None) for item in await list_documents(tx, world.lot_id)]
    assert issued == [(1, False), (2, True)]


async def test_nothing_is_published_without_a_plan(tx: Tx) -> None:
    world = await make_lot(tx)

    with pytest.raises(Conflict, match="时间计划"):
        await publish_notice(tx, world.agency, world.lot_id)


async def test_nothing_is_published_without_a_keyset(tx: Tx) -> None:
    world = await make_lot(tx)
    await propose_plan(tx, world.agency, world.lot_id, plan_draft())
    await upload_document(tx, world.agency, world.files, world.lot_id, name="a.pdf", data=b"%PDF-1.7")

    with pytest.raises(Conflict, match="开标密钥"):
        await publish_notice(tx, world.agency, world.lot_id)


async def test_nothing_is_published_without_documents(tx: Tx) -> None:
    world = await make_lot(tx)
    await propose_plan(tx, world.agency, world.lot_id, plan_draft())
    await facade.set_keyset_ready(tx, world.lot_id, KEYSET)

    with pytest.raises(Conflict, match="招标文件"):
        await publish_notice(tx, world.agency, world.lot_id)


async def test_a_notice_without_an_address_is_refused_by_article(tx: Tx) -> None:
    """R-ANN-01: 招投法 16 wants the procuring entity's address."""
    contacts = tuple(Contact(party=party, name="甲", phone="029") for party in ("招标人", "招标代理机构"))
    world = await make_planned_lot(tx, project=project_draft(contacts=contacts))

    with pytest.raises(RuleBroken) as caught:
        await publish_notice(tx, world.agency, world.lot_id)

    assert [(f["rule"], f["field"]) for f in caught.value.findings] == [("R-ANN-01", "procuring_entity_address")]
    assert "第十六条" in caught.value.findings[0]["article"]


@pytest.mark.parametrize(("local", "published"), [("2026-07-16 22:00", True), ("2026-07-16 22:00:00.000001", False)])
async def test_a_notice_is_out_before_documents_are(tx: Tx, local: str, published: bool) -> None:
    world = await make_planned_lot(tx)
    await set_clock(tx, at(local))

    if published:
        await publish_notice(tx, world.agency, world.lot_id)
    else:
        with pytest.raises(Conflict, match="已过"):
            await publish_notice(tx, world.agency, world.lot_id)


async def test_the_procuring_entity_leaves_the_notice_to_its_agency(tx: Tx) -> None:
    world = await make_planned_lot(tx)

    with pytest.raises(NotPermitted):
        await publish_notice(tx, world.buyer, world.lot_id)
    with pytest.raises(NotFound):
        await publish_notice(tx, world.other_agency, world.lot_id)


async def test_a_notice_is_published_once(tx: Tx) -> None:
    world = await make_published_lot(tx)

    with pytest.raises(MoveNotAllowed):
        await publish_notice(tx, world.agency, world.lot_id)


async def test_a_later_deadline_makes_a_new_version_and_tells_every_holder(tx: Tx) -> None:
    world = await make_published_lot(tx)

    posted = await move_deadline(
        tx, world.agency, world.holders, world.lot_id, at("2026-08-10 14:00"), "供货期说明需要补充。"
    )

    lot = await facade.get_lot(tx, world.lot_id)
    assert lot.deadline == lot.opening_at == at("2026-08-10 14:00")
    versions = await list_notices_of(tx, world.lot_id)
    assert [(item.version, item.is_current) for item in versions] == [(2, True), (1, False)]
    assert (
        "2026年8月6日14时00分顺延至2026年8月10日14时00分"
        in (await load_notice(tx, posted.id)).content["body"][1]["text"]
    )
    for bidder in world.bidders:
        (message,) = await list_messages(tx, bidder)
        assert message.href == f"/notices/{posted.id}"
    assert await list_messages(tx, world.agency) == []


async def test_the_first_version_stays_as_it_was(tx: Tx) -> None:
    world = await make_published_lot(tx)
    (first,) = await list_notices_of(tx, world.lot_id)
    before = await load_notice(tx, first.id)

    await move_deadline(tx, world.agency, world.holders, world.lot_id, at("2026-08-10 14:00"), "补充。")

    after = await load_notice(tx, first.id)
    assert (after.content, after.digest) == (before.content, before.digest)
    assert after.superseded_by is not None


@pytest.mark.parametrize("deadline", ["2026-08-06 14:00", "2026-08-06 13:59:59.999999", "2026-08-05 14:00"])
async def test_a_deadline_never_moves_forward(tx: Tx, deadline: str) -> None:
    world = await make_published_lot(tx)

    with pytest.raises(InvalidInput):
        await move_deadline(tx, world.agency, world.holders, world.lot_id, at(deadline), "提前。")


async def test_a_deadline_that_has_come_does_not_move(tx: Tx) -> None:
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-08-06 14:00"))

    with pytest.raises(Conflict):
        await move_deadline(tx, world.agency, world.holders, world.lot_id, at("2026-08-10 14:00"), "太晚。")


async def test_the_database_itself_refuses_to_change_a_notice(tx: Tx) -> None:
    await make_published_lot(tx)

    with pytest.raises(DBAPIError, match="permission denied"):
        async with tx.session.begin_nested():
            await tx.session.execute(text("UPDATE trading_notice SET title = 'x'"))
    with pytest.raises(DBAPIError, match="permission denied"):
        async with tx.session.begin_nested():
            await tx.session.execute(text("DELETE FROM trading_notice"))


async def test_a_keyset_does_not_change_after_the_notice(tx: Tx) -> None:
    world = await make_published_lot(tx)

    with pytest.raises(Conflict):
        await facade.set_keyset_ready(tx, world.lot_id, KEYSET)
