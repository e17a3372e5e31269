"""Two envelopes: the price stays sealed until it is on record who passed the technical part, whoever would have it."""

import io
from datetime import timedelta

import pytest

from bidding import envelope, messages
from bidding.client import released_secret
from kernel.canonical import b64u_encode, jcs
from tests.worlds.bidding_world import BiddingWorld, uscc

PRICES = ("2986400.00", "2888000.00", "3050000.00")


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def sealed(bw: BiddingWorld) -> list:
    await bw.open_for_bids(envelopes="two")
    bidders = []
    for n, price in enumerate(PRICES, 1):
        bidder = await bw.bidder(n)
        await bw.submit(bidder, price=price)
        bidders.append(bidder)
    return bidders


async def first_opened(bw: BiddingWorld, bidders: list) -> None:
    await bw.close()
    for bidder in bidders:
        answer = await bw.release(bidder)
        assert answer.status_code == 200, answer.text
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        answer = await bw.share(trustee)
        assert answer.status_code == 200, answer.text
    await bw.world.settle()


def verdicts(passed: list, failed: list) -> dict:
    return {
        "verdicts": [
            *({"bidder": one.pseudonym, "passed": True} for one in passed),
            *({"bidder": one.pseudonym, "passed": False, "reason": "主要技术参数不满足招标文件"} for one in failed),
        ]
    }


async def second_begun(bw: BiddingWorld, passed: list, failed: list) -> None:
    agency = await bw.agency()
    path = f"/api/v1/lots/{bw.lot_id}/opening"
    answer = await agency.post(f"{path}/technical", json=verdicts(passed, failed))
    assert answer.status_code == 200, answer.text
    answer = await agency.post(f"{path}/second", json={})
    assert answer.status_code == 200, answer.text
    bw.step = 2
    await bw.world.settle()


async def second_opened(bw: BiddingWorld, passed: list) -> None:
    for bidder in passed:
        answer = await bw.release(bidder)
        assert answer.status_code == 200, answer.text
    await bw.world.clock_to(await bw.now() + timedelta(seconds=bw.keyset["window_s"] + 60))
    await bw.world.settle()
    for trustee in bw.trustees[1:4]:
        answer = await bw.share(trustee)
        assert answer.status_code == 200, answer.text
    await bw.world.settle()


def header_of(bidder, slot: str):
    return envelope.parse_header(io.BytesIO(bidder.sealed[slot]))


async def test_prices_are_read_out_only_of_those_who_passed(bw):
    """R-ET-06: first names and technical files, then, after the conclusion, the prices; the rest stays sealed."""
    bidders = await sealed(bw)
    await first_opened(bw, bidders)

    first = await bw.opening()
    assert (first["stage"], first["step"], first["opened_at"]) == ("first_opened", 1, None)
    assert {(bid["name"], bid["state"], bid["price"]) for bid in first["bids"]} == {
        (bidder.name, "first_opened", None) for bidder in bidders
    }
    assert all(set(bid["files"]) == {"letter", "business", "technical"} for bid in first["bids"])
    assert await bw.rows("SELECT 1 FROM bidding_step WHERE lot_id = :lot AND slot IN ('form', 'commercial')") == []
    (told,) = await bw.entries("bid.first-opened")
    assert "price" not in str(told)

    passed, out = bidders[:2], bidders[2:]
    await second_begun(bw, passed, out)
    await second_opened(bw, passed)

    state = await bw.opening()
    assert (state["stage"], state["step"]) == ("opened", 2)
    assert [(bid["state"], bid["price"]) for bid in state["bids"]] == [
        ("opened", PRICES[0]),
        ("opened", PRICES[1]),
        ("not_passed", None),
    ]
    assert state["bids"][0]["form"]["manager"] == "张敏"  # of the letter
    kept = "SELECT slot FROM bidding_step t JOIN bidding_bid b ON b.id = t.bid_id WHERE b.state = 'not_passed'"
    assert {row.slot for row in await bw.rows(kept)} == {"letter", "business", "technical"}
    (conclusion,) = await bw.entries("bid.technical-concluded")
    assert {one["bidder"]: one["passed"] for one in conclusion["verdicts"]} == {
        one.pseudonym: one in passed for one in bidders
    }
    await bw.world.clock_to(await bw.now() + timedelta(hours=1))
    confirmed = await (await bw.agency()).post(f"/api/v1/lots/{bw.lot_id}/opening/confirm", json={})
    assert confirmed.status_code == 200, confirmed.text


async def test_nobody_opens_a_second_envelope_early(bw):
    """R-ET-05: in the first step the server refuses its secrets and its shares, and raises an alarm."""
    bidders = await sealed(bw)
    await bw.close()
    own = bidders[0]
    early = [(s, own.eids[s], released_secret(header_of(own, s), own.bid_key)) for s in own.eids]
    refused = await bw.release(own, early)
    assert (refused.status_code, refused.json()["code"]) == (409, "early-key-use"), refused.text
    for bidder in bidders:
        assert (await bw.release(bidder)).status_code == 200
    await bw.end_window()

    trustee = bw.trustees[0]
    shown = (await trustee.client.get(f"/api/v1/lots/{bw.lot_id}/headers")).json()
    assert {row["slot"] for row in shown["headers"]} == {"letter", "business", "technical"}
    assert shown["step"] == 1
    forged = await bw.batch(trustee)
    share = envelope.open_share(header_of(own, "form"), trustee.i, trustee.unwrap)
    forged["shares"].append({"eid": b64u_encode(own.eids["form"]), "share": b64u_encode(share)})
    answer = await bw.share(trustee, forged)
    assert (answer.status_code, answer.json()["code"]) == (409, "early-key-use"), answer.text
    assert await bw.rows("SELECT 1 FROM bidding_share WHERE lot_id = :lot") == []

    for one in bw.trustees[:3]:
        assert (await bw.share(one)).status_code == 200
    await bw.world.settle()
    bw.step = 2
    between = await bw.release(own)
    late = await bw.share(bw.trustees[3], {**forged, "i": 4})
    agency = await bw.agency()
    second = await agency.post(f"/api/v1/lots/{bw.lot_id}/opening/second", json={})
    assert [between.json()["code"], late.json()["code"], second.status_code] == ["early-key-use", "early-key-use", 409]
    assert len(await bw.entries("alarm.early-key-use")) >= 4
    assert await bw.rows("SELECT 1 FROM bidding_release WHERE lot_id = :lot AND slot IN ('form', 'commercial')") == []


async def test_the_parts_of_a_bid_are_exactly_those_of_the_lot(bw):
    """A part is missing, another lot's part comes, or one is sealed as another: refused before the deadline."""
    await bw.open_for_bids(envelopes="two")
    bidder = await bw.bidder(1)
    raw = bw.seal(bidder, "file", b"%PDF-1.7")
    assert (await bw.open_upload(bidder, "file", raw)).status_code == 422
    technical = bw.seal(bidder, "technical", b"%PDF-1.7")
    swapped = await bw.open_upload(bidder, "commercial", technical)
    assert (swapped.status_code, swapped.json()["reason"]) == (422, "slot")
    in_price = await bw.open_upload(bidder, "form", technical)
    assert in_price.status_code == 422

    await bw.prepare(bidder)
    whole = bidder.docs
    bidder.docs = [doc for doc in whole if doc["slot"] != "commercial"]
    missing = await bw.send(bidder, bw.message(bidder))
    exchanged = {"technical": "business", "business": "technical"}
    bidder.docs = [{**doc, "slot": exchanged.get(doc["slot"], doc["slot"])} for doc in whole]
    changed = await bw.send(bidder, bw.message(bidder))
    assert [missing.json()["reason"], changed.json()["reason"]] == ["slots", "eid"]
    bidder.docs = whole
    assert (await bw.send(bidder, bw.message(bidder))).status_code in (201, 202)


async def test_a_price_in_the_first_envelope_puts_a_bid_out(bw):
    """R-ET-07: and its letter is not published."""
    bidders = await sealed(bw)
    bidder = bidders[0]
    raw = bw.seal(bidder, "letter", bw.letter(bidder, price="1.00"))
    await bw.upload(bidder, "letter", raw)
    made = messages.document("letter", bidder.eids["letter"], 1, len(raw))
    bidder.docs = [made if doc["slot"] == "letter" else doc for doc in bidder.docs]
    assert (await bw.send(bidder, bw.message(bidder))).status_code in (201, 202)
    await first_opened(bw, bidders)

    state = await bw.opening()
    assert {(bid["name"], bid["state"], bid["fault"]) for bid in state["bids"]} == {
        (bidders[0].name, "fault_bidder", "letter-price"),
        (bidders[1].name, "first_opened", ""),
        (bidders[2].name, "first_opened", ""),
    }
    assert jcs({"price": "1.00"})[2:-1] not in jcs(await bw.entries("bid.first-opened"))


async def test_the_conclusion_covers_every_bid_once_and_is_of_whoever_runs_the_tender(bw):
    bidders = await sealed(bw)
    await first_opened(bw, bidders)
    path, agency = f"/api/v1/lots/{bw.lot_id}/opening/technical", await bw.agency()

    fewer = await agency.post(path, json=verdicts(bidders[:2], []))
    silent = verdicts(bidders[:2], bidders[2:])
    silent["verdicts"][2]["reason"] = " "
    other = await bw.staff("other", "agency", code=uscc(900_009), organisation="别的代理机构")
    answers = [
        fewer.status_code,
        (await agency.post(path, json=silent)).status_code,
        (await other.post(path, json=verdicts(bidders, []))).status_code,
        (await bidders[0].client.post(path, json=verdicts(bidders, []))).status_code,
    ]
    assert answers == [422, 422, 404, 403]

    assert (await agency.post(path, json=verdicts([], bidders))).status_code == 200
    again = await agency.post(path, json=verdicts(bidders, []))
    state = await bw.opening()
    assert again.status_code == 409
    assert state["stage"] == "failed"  # nobody passed: nothing more is opened
    assert {bid["state"] for bid in state["bids"]} == {"not_passed"}

    # The notice of the failure says nothing that is not so: the first envelopes were opened.
    page = f"/a/lots/{bw.lot_id}/failure"
    shown = await agency.get(page, headers={"accept": "text/html"})
    posted = await agency.post(f"/api/v1/lots/{bw.lot_id}/failure", json={"next": "again"})
    notice = await agency.get(posted.json()["href"], headers={"accept": "text/html"})
    assert "投标文件没有开启" not in shown.text
    assert "没有投标通过技术评审" in notice.text
    assert "已递交的投标文件未开启" not in notice.text
