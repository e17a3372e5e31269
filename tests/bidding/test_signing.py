"""Signatures under the opening record: whose, of what, when; and what the record says of those who did not sign."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bidding import messages
from bidding.printing import _present, _signature, _unsigned
from bidding.signatures import digest_of
from kernel.canonical import b64u_decode, b64u_encode, parse
from kernel.crypto.keys import KeyKind, generate
from tests.bidding.test_opening import opened, sealed
from tests.worlds.bidding_world import TENDER, BiddingWorld, Trustee, uscc

HTML = {"accept": "text/html"}


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def draft(bw: BiddingWorld) -> dict:
    return (await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/opening/draft")).json()


async def message(bw: BiddingWorld, stance: str = "agreed", remark: str = "", **changes) -> dict:
    digest = b64u_decode((await draft(bw))["digest"])
    return messages.record_signature(tender=TENDER, lot="001", draft=digest, stance=stance, remark=remark) | changes


async def present(bw: BiddingWorld, *clients) -> None:
    for client in clients:
        assert (await client.post(f"/api/v1/lots/{bw.lot_id}/opening/presence")).status_code == 200


async def send(bw: BiddingWorld, client, jws: str):
    return await client.post(f"/api/v1/lots/{bw.lot_id}/opening/signatures", json={"jws": jws})


async def supervisor(bw: BiddingWorld) -> Trustee:
    client = await bw.staff("supervisor", "supervisor", code=uscc(600_000), organisation="监督局")
    key = generate(KeyKind.P256)
    body = {"purpose": "sign", "spki": b64u_encode(key.public.spki)}
    assert (await client.post("/api/v1/me/keys", json=body)).status_code == 201
    return Trustee(0, client, key, key)


async def test_those_present_sign_and_the_record_says_who_did_not(bw):
    bidders = await sealed(bw)
    await opened(bw, bidders)
    watcher = await supervisor(bw)
    await present(bw, bidders[0].client, bidders[1].client, watcher.client, bw.trustees[0].client)

    agreed = await send(bw, bidders[0].client, bw.signed(bidders[0], await message(bw)))
    again = await send(bw, bidders[0].client, bw.signed(bidders[0], await message(bw)))
    other = await send(bw, bidders[0].client, bw.signed(bidders[0], await message(bw, "objection", "改主意")))
    objecting = await send(bw, bidders[1].client, bw.signed(bidders[1], await message(bw, "objection", "请核对交货期")))
    witnessed = await send(bw, watcher.client, watcher.signed(await message(bw)))
    hall = (await bw.world.client().get(f"/openings/{bw.lot_id}", headers=HTML)).text
    await bw.world.clock_by(timedelta(minutes=10))
    confirmed = await (await bw.agency()).post(f"/api/v1/lots/{bw.lot_id}/opening/confirm")
    late = await send(bw, bw.trustees[0].client, bw.trustees[0].signed(await message_of(bw, confirmed)))

    assert [one.status_code for one in (agreed, again, other, objecting, witnessed)] == [200, 200, 409, 200, 200]
    assert "请核对交货期" in hall
    assert "对开标记录无异议" in hall
    assert (confirmed.status_code, late.status_code) == (200, 409)
    record = parse((await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/opening/record")).content)
    assert [(one["organisation"], one["stance"], one["current"]) for one in record["signatures"]] == [
        (bidders[0].name, "agreed", True),
        (bidders[1].name, "objection", True),
        ("监督局", "agreed", True),
    ]
    assert [(one["organisation"], one["present"]) for one in record["unsigned"]] == [
        (bidders[2].name, False),
        ("见证单位1", True),
    ]
    assert len(record["present"]) == 4
    # Whoever has the record recomputes what was signed: it is the record without people.
    read = {k: v for k, v in record.items() if k not in ("draft", "present", "signatures", "unsigned")}
    assert b64u_encode(digest_of(read | {"type": "opening.draft"})) == record["draft"]
    for one in record["signatures"]:
        payload = parse(b64u_decode(one["jws"].split(".")[1]))
        assert (payload["draft"], payload["stance"]) == (record["draft"], one["stance"])
    changed = [bid | {"price": "1.00"} if bid["no"] == 1 else bid for bid in read["bids"]]
    assert b64u_encode(digest_of(read | {"type": "opening.draft", "bids": changed})) != record["draft"]
    printed = [*map(_signature, record["signatures"]), *map(_unsigned, record["unsigned"])]
    assert printed[1][2].startswith("签署并注明意见：请核对交货期")
    assert [row[2] for row in printed[3:]] == ["未到场，未签署", "未签署"]
    assert _present(record["present"][0])[0] == "投标人"
    for change in ("UPDATE bidding_signature SET remark = ''", "DELETE FROM bidding_signature"):
        with pytest.raises(DBAPIError):
            async with bw.db.begin() as tx:
                await tx.session.execute(text(change))


async def message_of(bw: BiddingWorld, confirmed) -> dict:
    """A signature that would have fitted the record that is confirmed."""
    record = (await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/opening/record")).json()
    return messages.record_signature(tender=TENDER, lot="001", draft=b64u_decode(record["draft"]), stance="agreed")


async def test_when_all_bidders_agree_the_record_does_not_wait_and_a_change_asks_for_new_signatures(bw):
    bidders = await sealed(bw)
    await opened(bw, bidders)
    await present(bw, *(bidder.client for bidder in bidders))
    agency, base = await bw.agency(), f"/api/v1/lots/{bw.lot_id}/opening"
    old = await message(bw)
    for bidder in bidders:
        assert (await send(bw, bidder.client, bw.signed(bidder, old))).status_code == 200

    assert (await bidders[0].client.post(f"{base}/objections", json={"text": "唱标有误"})).status_code == 201
    pending = await send(bw, bidders[0].client, bw.signed(bidders[0], await message(bw)))
    (one,) = (await agency.get(f"{base}/objections")).json()
    reply = {"outcome": "dismissed", "text": "与投标函一致"}
    assert (await agency.post(f"{base}/objections/{one['id']}/answer", json=reply)).status_code == 200
    stale = await send(bw, bidders[0].client, bw.signed(bidders[0], old))
    early = await agency.post(f"{base}/confirm")
    new = await message(bw)
    for bidder in bidders:
        assert (await send(bw, bidder.client, bw.signed(bidder, new))).status_code == 200
    confirmed = await agency.post(f"{base}/confirm")

    assert (pending.status_code, pending.json()["code"]) == (409, "too-early")
    assert (stale.status_code, stale.json()["code"]) == (409, "record-changed")
    assert (early.status_code, early.json()["code"]) == (409, "too-early")
    assert confirmed.status_code == 200
    record = parse((await agency.get(f"{base}/record")).content)
    assert [one["current"] for one in record["signatures"]] == [False] * 3 + [True] * 3
    assert record["unsigned"] == []


async def test_nobody_signs_too_early_for_others_or_another_record(bw):
    bidders = await sealed(bw)
    outsider = await bw.bidder(9)  # takes part, handed in nothing
    fake = messages.record_signature(tender=TENDER, lot="001", draft=bytes(32), stance="agreed")
    await bw.close()
    await present(bw, bidders[0].client)
    early = await send(bw, bidders[0].client, bw.signed(bidders[0], fake))
    assert (await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/opening/draft")).status_code == 404
    for bidder in bidders:
        await bw.release(bidder)
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        await bw.share(trustee)
    await bw.world.settle()
    right = await message(bw)
    foreign = await bw.staff("other", "agency", code=uscc(900_777), organisation="别的代理机构")
    mine = bw.signed(bidders[0], right)

    refused = [
        await send(bw, outsider.client, bw.signed(outsider, right)),
        await send(bw, foreign, mine),
        await send(bw, bidders[1].client, bw.signed(bidders[1], right)),  # has not checked in
        await send(bw, bidders[0].client, bw.signed(bidders[0], fake)),
        await send(bw, bidders[0].client, bw.signed(bidders[1], right)),
        await send(bw, bidders[0].client, bw.trustees[0].signed(right)),
        await send(bw, bidders[0].client, bw.signed(bidders[0], right | {"remark": "有意见"})),
        await send(bw, bidders[0].client, bw.signed(bidders[0], right | {"lot": "002"})),
        await send(bw, bidders[0].client, mine[:-2] + ("AA" if mine[-2:] != "AA" else "BB")),
    ]
    await present(bw, bw.trustees[0].client)
    swapped = await send(bw, bw.trustees[0].client, bw.trustees[1].signed(right))

    assert (early.status_code, early.json()["code"]) == (409, "too-early")
    assert [answer.status_code for answer in refused] == [404, 404, 409, 409, 422, 422, 422, 404, 422]
    assert "签到" in refused[2].json()["detail"]
    assert refused[3].json()["code"] == "record-changed"
    assert (refused[4].json()["reason"], refused[6].json()["reason"]) == ("certificate", "message")
    assert swapped.status_code == 422
    assert await bw.rows("SELECT 1 FROM bidding_signature") == []
    page = await bidders[0].client.get(f"/openings/{bw.lot_id}/record", headers=HTML)
    assert 'id="signrecord"' in page.text
    assert (await draft(bw))["digest"] in page.text
    assert "请先在开标大厅签到" in (await bidders[1].client.get(f"/openings/{bw.lot_id}/record", headers=HTML)).text
    assert (await foreign.get(f"/openings/{bw.lot_id}/record", headers=HTML)).status_code == 404
