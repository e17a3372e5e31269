"""Corrections after an inspection, and records as documents."""

import uuid
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted
from supervision import records
from supervision.correction_queries import list_corrections
from supervision.corrections import check_correction, order_correction
from supervision.drafts import CheckDraft, CorrectionDraft, Evidence
from supervision.record_documents import read_record
from supervision.vocabulary import Outcome, ResultCode
from tests.factories.supervision import OTHER_BODY, Office, facts_of, make_office, make_person, record_draft
from tests.factories.trading import at, set_clock
from tests.worlds.log_world import SUITE

DRAFT = CorrectionDraft(demand=" 退还多收的代理费。 ", due=date(2026, 9, 15))
PROBLEM = {
    "code": ResultCode.CORRECTION_ORDERED,
    "items": {"GZ-09": "issue"},
    "summary": "收费高于约定。",
    "basis": "条例第十四条",
}


async def problem(tx: Tx, *, sign: int = 2) -> tuple[Office, uuid.UUID]:
    """An inspection in which something is wrong at one object; so many of its team have signed."""
    office = await make_office(tx)
    await office.assigned(tx)
    teams = await office.opened(tx)
    await set_clock(tx, at("2026-08-20 10:00"))
    target, team = next(iter(teams.items()))
    made = await records.record_result(tx, team[0], office.inspection_id, target, record_draft(**PROBLEM))
    for actor in team[:sign]:
        await office.sign(tx, actor, made)
    return office, target


async def test_a_correction_is_ordered_and_checked_on_record(tx: Tx) -> None:
    office, target = await problem(tx)

    order = await order_correction(tx, office.supervisor, office.inspection_id, target, DRAFT)
    (waiting,) = await list_corrections(tx, office.inspection_id)
    assert (waiting.id, waiting.demand, waiting.outcome) == (order, "退还多收的代理费。", None)
    await set_clock(tx, at("2026-09-16 00:00"))
    draft = CheckDraft(outcome=Outcome.CORRECTED, finding="已退还。")
    await check_correction(tx, office.supervisor, office.inspection_id, order, draft)

    await tx.session.flush()
    (done,) = await list_corrections(tx, office.inspection_id)
    assert (done.outcome, done.finding, done.checked_at) == (Outcome.CORRECTED, "已退还。", tx.now)
    (ordered,) = await facts_of(tx, "inspection.correction-ordered")
    (checked,) = await facts_of(tx, "inspection.correction-checked")
    assert ordered["demand"] == b64u_encode(SUITE.hash("退还多收的代理费。".encode()))
    assert ordered["due"] == "2026-09-15"
    assert checked["late"] is True
    assert "退还" not in str([ordered, checked])


async def test_one_order_is_open_at_a_time_and_a_failed_one_may_be_followed(tx: Tx) -> None:
    office, target = await problem(tx)
    order = await order_correction(tx, office.supervisor, office.inspection_id, target, DRAFT)

    with pytest.raises(Conflict, match="复查后"):
        await order_correction(tx, office.supervisor, office.inspection_id, target, DRAFT)
    draft = CheckDraft(outcome=Outcome.NOT_CORRECTED, finding="未退还。")
    await check_correction(tx, office.supervisor, office.inspection_id, order, draft)
    await tx.session.flush()
    with pytest.raises(Conflict, match="已经复查"):
        await check_correction(tx, office.supervisor, office.inspection_id, order, draft)
    await order_correction(tx, office.supervisor, office.inspection_id, target, DRAFT)

    assert [one.outcome for one in await list_corrections(tx, office.inspection_id)] == [Outcome.NOT_CORRECTED, None]


async def test_only_the_own_body_orders_and_only_what_a_signed_record_says(tx: Tx) -> None:
    office, target = await problem(tx, sign=1)
    stranger = await make_person(tx, "supervisor", "stranger", OTHER_BODY)

    with pytest.raises(NotPermitted):
        await order_correction(tx, office.inspectors["zf1"], office.inspection_id, target, DRAFT)
    with pytest.raises(NotFound):
        await order_correction(tx, stranger, office.inspection_id, target, DRAFT)
    with pytest.raises(NotFound):
        await order_correction(tx, office.supervisor, office.inspection_id, uuid.uuid4(), DRAFT)
    with pytest.raises(Conflict, match="全组签名"):
        await order_correction(tx, office.supervisor, office.inspection_id, target, DRAFT)
    draft = CheckDraft(outcome=Outcome.CORRECTED, finding="好。")
    with pytest.raises(NotFound):
        await check_correction(tx, office.supervisor, office.inspection_id, uuid.uuid4(), draft)


async def test_nothing_is_corrected_where_nothing_is_wrong(tx: Tx) -> None:
    office = await make_office(tx)
    await office.assigned(tx)
    await office.recorded(tx)
    target = next(iter(await office.opened(tx)))

    with pytest.raises(Conflict, match="认定存在问题"):
        await order_correction(tx, office.supervisor, office.inspection_id, target, DRAFT)


@pytest.mark.parametrize(
    ("demand", "due", "field"),
    [(" ", date(2026, 9, 15), "demand"), ("改" * 1001, date(2026, 9, 15), "demand"), ("改", date(2026, 8, 19), "due")],
)
async def test_an_order_says_what_and_until_when(tx: Tx, demand: str, due: date, field: str) -> None:
    office, target = await problem(tx)

    with pytest.raises(InvalidInput) as caught:
        await order_correction(
            tx, office.supervisor, office.inspection_id, target, CorrectionDraft(demand=demand, due=due)
        )
    assert [name for name, _ in caught.value.fields] == [field]


async def test_the_words_of_an_order_cannot_be_changed(tx: Tx) -> None:
    office, target = await problem(tx)
    await order_correction(tx, office.supervisor, office.inspection_id, target, DRAFT)

    for change in ("UPDATE supervision_correction SET demand = 'x'", "DELETE FROM supervision_correction"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with tx.session.begin_nested():
                await tx.session.execute(text(change))


async def test_a_record_is_hashed_as_it_is_kept_and_read_by_its_team_only(tx: Tx) -> None:
    office = await make_office(tx)
    await office.assigned(tx)
    teams = await office.opened(tx)
    await set_clock(tx, at("2026-08-20 10:00"))
    target, team = next(iter(teams.items()))
    evidence = (Evidence(name="照片.jpg", sha256=b64u_encode(bytes(32)), size=5),)
    draft = record_draft(findings="  多行\n情况 ", summary=" 未发现问题。", evidence=evidence)
    made = await records.record_result(tx, team[0], office.inspection_id, target, draft)
    tx.session.expire_all()  # as another request reads it

    told = await read_record(tx, team[1], office.inspection_id, made.id)

    assert told.payload == made.payload
    assert told.payload["digest"] == b64u_encode(SUITE.hash(jcs(told.document)))
    assert (told.document["findings"], told.document["summary"]) == ("多行\n情况", "未发现问题。")
    assert told.document["evidence"] == [{"name": "照片.jpg", "sha256": b64u_encode(bytes(32)), "size": 5}]
    outsiders = [actor for actor in office.inspectors.values() if actor not in team]
    for actor in (outsiders[0], office.supervisor):
        with pytest.raises(NotFound):
            await read_record(tx, actor, office.inspection_id, made.id)
    again = await records.record_result(tx, team[1], office.inspection_id, target, draft)
    with pytest.raises(NotFound, match="新的版本"):
        await read_record(tx, team[0], office.inspection_id, made.id)
    assert again.payload["digest"] != made.payload["digest"]
