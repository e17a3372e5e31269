"""The workbench: what is due by which article, the calendar with its file, the table of lots; nobody else's lots."""

import csv
import io
from dataclasses import replace
from datetime import date

from tests.factories.trading import (
    AGENCY,
    BUYER,
    OTHER_AGENCY,
    at,
    lot_draft,
    make_lot,
    make_lot_in_publicity,
    make_published_lot,
    project_draft,
)
from tests.trading.laws import GP, ZTB
from tests.trading.test_pages import clock, enter, made
from tests.world import World
from trading import facade
from trading.dues import dues_of
from trading.lot_dates import Happened, dates_of, last_day
from trading.lot_view import LotView
from trading.pages.track import track_of
from trading.projects import register_lot
from trading.vocabulary import Regime, Stage


async def view(world: World, lot_id: object) -> LotView:
    async with world.services.db.begin_read_only() as tx:
        return await facade.get_lot(tx, lot_id)  # type: ignore[arg-type]


async def test_every_line_of_the_desk_names_its_article_and_today_stands_out(world: World) -> None:
    lot = await made(world, make_published_lot)
    agency = await enter(world, "agency", AGENCY)

    page = (await agency.get("/a")).text
    assert "以后到期" in page
    assert "《中华人民共和国招标投标法实施条例》第二十一条" in page
    assert f"/a/lots/{lot.lot_id}/questions" in page
    assert "已逾期" not in page

    await clock(world, "2026-07-22 23:59")
    page = (await agency.get("/a")).text
    assert "今天到期" in page
    assert "今天 24:00 前" in page

    await clock(world, "2026-07-23 00:00")
    page = (await agency.get("/a")).text
    assert "已逾期" not in page, "a clarification that is not needed is not late"
    assert "08-06 14:00 前" in page
    assert f"/a/lots/{lot.lot_id}/hall" in page


async def test_the_month_shows_all_dates_with_articles_and_marks_of_the_days(world: World) -> None:
    lot = await made(world, make_published_lot)
    agency = await enter(world, "agency", AGENCY)

    august = (await agency.get("/a/calendar", params={"month": "2026-08"})).text
    assert "投标截止、开标" in august
    assert f'href="/a/lots/{lot.lot_id}/hall"' in august
    assert "《中华人民共和国招标投标法》第三十四条" in august
    july = (await agency.get("/a/calendar")).text
    for said in (
        "2026 年 7 月",
        "招标文件获取截止",
        "对招标文件",
        'aria-current="date"',
        "month=2026-06",
        "month=2026-08",
    ):
        assert said in july, said
    september = (await agency.get("/a/calendar", params={"month": "2026-09"})).text
    assert september.count("dayk--work") == 2, "one worked Sunday and the key"
    assert september.count("dayk--rest") == 2
    assert "这个月没有事项" in september
    assert "2027 年的节假日安排尚未载入" in (await agency.get("/a/calendar", params={"month": "2027-01"})).text
    for bad in ("2026-13", "x", "2026-8", "9999-12", "<b>"):
        answer = await agency.get("/a/calendar", params={"month": bad})
        assert answer.status_code == 200
        assert "月份没有看懂" in answer.text


async def test_the_files_hold_ones_own_lots_alone(world: World) -> None:
    title = "=cmd|'/C calc'!A0,服务器"
    lot = await made(world, lambda tx, **kw: make_published_lot(tx, lot=lot_draft(title=title), **kw))
    agency, buyer = await enter(world, "agency", AGENCY), await enter(world, "procuring_entity", BUYER)
    stranger = await enter(world, "agency", OTHER_AGENCY)

    for own in (agency, buyer):
        answer = await own.get("/a/calendar.ics")
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        text = answer.text.replace("\r\n ", "")
        assert "DTSTART:20260806T060000Z" in text
        assert f"UID:deadline.{lot.lot_id}@" in text
        assert "calc'!A0\\,服务器" in text
        table = await own.get("/a/lots.csv")
        assert table.content.startswith(b"\xef\xbb\xbf")
        (row,) = csv.DictReader(io.StringIO(table.content.decode("utf-8-sig")))
        assert row["名称"] == f"'{title}"
        assert row["投标截止"] == "2026-08-06 14:00:00"
        assert row["依据"] == "《中华人民共和国招标投标法实施条例》第二十一条"

    for path in ("/a", "/a/calendar?month=2026-08", "/a/calendar.ics", "/a/lots.csv"):
        answer = await stranger.get(path)
        assert answer.status_code == 200
        assert str(lot.lot_id) not in answer.text
        assert title not in answer.text
        assert (await world.client().get(path)).status_code in (303, 401)


async def test_an_agency_without_a_running_entrustment_sees_an_offer_and_no_lot(world: World) -> None:
    async with world.services.db.begin() as tx:
        lot = await make_lot(tx)
        await tx.fetch("UPDATE trading_entrustment SET accepted = NULL, answered_at = NULL, ended_at = NULL")
    agency = await enter(world, "agency", AGENCY)

    page = (await agency.get("/a")).text

    assert str(lot.lot_id) not in page
    assert "有 1 个项目的委托等待接受" in page


async def test_limits_run_from_what_has_happened_and_end_with_it(world: World) -> None:
    made_lot = await made(world, make_lot_in_publicity)
    lot = await view(world, made_lot.lot_id)
    sent = replace(lot, stage=Stage.NOTICE_SENT)
    happened = Happened(
        report=at("2026-08-10 09:00"), candidates_published=at("2026-08-10 09:00"), award=at("2026-08-14 10:00")
    )

    found = {item.key: item for item in dates_of(sent, ZTB, happened)}
    assert found["candidates_published-report"].done
    assert found["publicity_until"].day == date(2026, 8, 13)
    assert found["publicity_until"].at is None
    assert found["written_report-award"].day == date(2026, 8, 31), "the fifteenth day is a Saturday"
    assert "contract-award_notice" not in found
    later = replace(happened, award_notice=at("2026-08-14 11:00"), signed_on=date(2026, 8, 20))
    found = {item.key: item for item in dates_of(sent, ZTB, later)}
    assert found["contract-award_notice"].done
    assert found["bonds_returned-contract"].day == date(2026, 8, 25)
    assert found["bonds_returned-contract"].article == "《中华人民共和国招标投标法实施条例》第五十七条"
    assert all(item.article for item in found.values())

    (contract, *reminded) = dues_of(sent, ZTB, replace(later, signed_on=None), at("2026-08-15 09:00"))
    assert contract.until == at("2026-09-15 00:00"), "the thirtieth day is a Sunday"
    assert contract.urgency(at("2026-09-14 23:59")) == "today"
    assert contract.urgency(at("2026-09-15 00:00")) == "late"
    assert [due.text for due in reminded] == ["提交招标投标情况书面报告的期限"]
    far = replace(happened, award_notice=at("2026-12-20 11:00"))
    assert dues_of(sent, ZTB, far, at("2026-12-21 09:00"))[0].until is None, "the year is not loaded"


async def test_a_stopped_lot_has_no_dates_ahead_but_the_refund(world: World) -> None:
    made_lot = await made(world, make_published_lot)
    lot = replace(await view(world, made_lot.lot_id), stage=Stage.TERMINATED, stage_since=at("2026-07-20 10:00"))

    keys = [item.key for item in dates_of(lot, ZTB, Happened(terminated=at("2026-07-20 10:00")))]

    assert "deadline" not in keys
    assert keys[-1] == "refunded-terminated"


async def test_answers_owed_are_first_and_end_at_midnight_of_their_last_day(world: World) -> None:
    made_lot = await made(world, make_published_lot)
    lot = await view(world, made_lot.lot_id)
    happened = Happened(answers_owed=(at("2026-07-21 00:00"),))

    first, *_ = dues_of(lot, ZTB, happened, at("2026-07-20 09:00"))
    assert (first.text, first.urgency(at("2026-07-20 09:00"))) == ("答复异议", "today")
    assert first.article == "《中华人民共和国招标投标法实施条例》第二十二条、第五十四条"
    question, *_ = dues_of(replace(lot, regime=Regime.GP, procedure={}), GP, happened, at("2026-07-20 09:00"))
    assert (question.text, question.article) == ("答复质疑", "《中华人民共和国政府采购法》第五十三条")
    assert last_day(at("2026-07-21 00:00")) == (date(2026, 7, 20), None)
    assert last_day(at("2026-07-21 00:01"))[0] == date(2026, 7, 21)


async def test_the_room_says_why_a_tender_is_mandatory_and_that_lots_were_split(world: World) -> None:
    whole = await made(world, make_lot)
    agency = await enter(world, "agency", AGENCY)
    room = (await agency.get(f"/a/lots/{whole.lot_id}")).text
    assert "依法必须招标" in room
    assert "《必须招标的工程项目规定》第五条" in room
    assert "化整为零" not in room

    async with world.services.db.begin() as tx:
        small = {"estimate": "1500000.00", "price_cap": "1500000.00", "bid_bond": None}
        split = await make_lot(tx, project=project_draft(number="YL-2026-0002"), lot=lot_draft(**small))
        await register_lot(tx, split.buyer, split.project_id, lot_draft(number="002", **small))
    room = (await agency.get(f"/a/lots/{split.lot_id}")).text
    assert "2 个标段估算合计 3,000,000.00 元" in room
    assert "化整为零" in room
    assert "R-THR-05" in room


async def test_the_plan_is_drawn_with_its_legal_minimum_and_told_in_words(world: World) -> None:
    lot = await made(world, make_published_lot)
    agency = await enter(world, "agency", AGENCY)

    page = (await agency.get(f"/a/lots/{lot.lot_id}/plan")).text

    assert '<svg class="track"' in page
    assert "计划至 2026-08-06，法定最早 2026-08-05" in page
    track = track_of(await view(world, lot.lot_id), ZTB)
    assert track is not None
    assert all(0 <= bar.least <= bar.width <= 1000 for bar in track.bars)
    assert [mark.on for mark in track.marks] == sorted(mark.on for mark in track.marks)
