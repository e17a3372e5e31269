"""A company registers, appoints a clerk; the clerk does what the scope allows, is refused the rest, is ended, and is
refused at once, everywhere; and everything that an appointment must not do.

Source: R-LIC-07, R-LIC-08; docs/spec/licence.md, "Appointments".
"""

from datetime import timedelta
from typing import Any

import pytest

from bidding import messages
from bidding.clerks import APPOINTMENT_TYP
from bidding.licence import certificate_header
from bidding.readiness import warn_of_expiry
from kernel.canonical import format_time
from kernel.crypto import jws
from kernel.crypto.authority import Holder, issue_licence
from kernel.crypto.keys import KeyKind, generate
from tests.world import World
from tests.worlds.bidding_world import SUITE, Bidder, BiddingWorld


@pytest.fixture
async def bw(world: World) -> BiddingWorld:
    made = BiddingWorld(world)
    await made.open_for_bids()
    return made


async def clerk_of(bw: BiddingWorld, firm: Bidder, name: str = "李办事", days: int = 365) -> Bidder:
    """Somebody with a clerk's certificate of a firm; has not signed in."""
    sign, encrypt = generate(KeyKind.P256), generate(KeyKind.P256)
    holder = Holder(firm.uscc, firm.name, name, "clerk")
    begin = await bw.now() - timedelta(days=30)
    licence = issue_licence(bw.authority, holder, sign.public, encrypt.public, begin, timedelta(days=days + 30))
    return Bidder(firm.name, firm.uscc, sign, licence, bw.world.client(), firm.bid_key)


async def signed(bw: BiddingWorld, signer: Bidder, clerk: Bidder, /, **changes: Any) -> str:
    """An appointment as the holder's browser signs it."""
    now = await bw.now()
    message = {
        "v": 1,
        "type": "appointment",
        "uscc": signer.uscc,
        "clerk": {"kid": SUITE.kid(clerk.sign_key.public.spki), "name": "李办事"},
        "scopes": ["prepare", "sign", "submit"],
        "lots": None,
        "not_before": format_time(now),
        "expires": format_time(now + timedelta(days=90)),
        **changes,
    }
    header = certificate_header([signer.licence.sign, bw.authority.issuing])
    return jws.sign(SUITE, APPOINTMENT_TYP, message, signer.sign_key, "ES256", header)


async def appointed(bw: BiddingWorld, firm: Bidder, /, **changes: Any) -> tuple[Bidder, str]:
    """A clerk who asked, was appointed, and has signed in; and the appointment's id."""
    clerk = await clerk_of(bw, firm)
    assert (await bw.sign_in(clerk)).json()["reason"] == "not-appointed"
    answer = await firm.client.post("/api/v1/clerks", json={"jws": await signed(bw, firm, clerk, **changes)})
    assert answer.status_code == 201, answer.text
    assert (await bw.sign_in(clerk)).status_code == 200
    clerk.pseudonym = firm.pseudonym
    return clerk, answer.json()["id"]


@pytest.mark.slow
async def test_a_clerk_from_the_first_wish_to_the_end(bw: BiddingWorld) -> None:
    firm = await bw.bidder(1)
    clerk = await clerk_of(bw, firm)

    refused = await bw.sign_in(clerk)
    assert (refused.status_code, refused.json()["reason"]) == (422, "not-appointed")
    assert "执照持有人" in refused.json()["detail"]
    asked = (await firm.client.get("/api/v1/clerks")).json()["requests"]
    assert [(row["name"], row["kid"]) for row in asked] == [("李办事", SUITE.kid(clerk.sign_key.public.spki))]

    made = await firm.client.post("/api/v1/clerks", json={"jws": await signed(bw, firm, clerk)})
    assert made.status_code == 201, made.text
    assert (await bw.sign_in(clerk)).status_code == 200
    me = (await clerk.client.get("/api/v1/me")).json()
    assert (me["name"], me["uscc"], me["roles"]) == ("李办事", firm.uscc, ["bidder"])

    # What the scope allows: prepare, sign with the own certificate, submit.
    clerk.pseudonym = firm.pseudonym
    receipt = await bw.submit(clerk)
    assert receipt.status_code in (201, 202)
    assert (await clerk.client.get(f"/b/lots/{bw.lot_id}")).status_code == 200

    for n in (2, 3):  # fewer than three bids are not opened (R-FAIL-01)
        await bw.submit(await bw.bidder(n))

    # The rest: opening, other people's authorisations.
    await bw.close()
    released = await bw.release(clerk)
    assert (released.status_code, "开标解密" in released.json()["detail"]) == (403, True)
    for answer in (
        await clerk.client.get("/api/v1/clerks"),
        await clerk.client.post("/api/v1/clerks", json={"jws": await signed(bw, clerk, clerk)}),
        await clerk.client.post(f"/api/v1/clerks/{made.json()['id']}/end"),
    ):
        assert answer.status_code == 403, answer.text

    # The end: the very next request is refused, on every door, and the certificate opens nothing anew.
    ended = await firm.client.post(f"/api/v1/clerks/{made.json()['id']}/end")
    assert ended.status_code == 204
    for path in ("/api/v1/me", "/api/v1/inbox", f"/api/v1/lots/{bw.lot_id}/headers"):
        assert (await clerk.client.get(path)).status_code == 401, path
    assert (await bw.sign_in(clerk)).json()["reason"] == "not-appointed"
    firm.rev, firm.head = clerk.rev, clerk.head
    stale = messages.release(
        tender="C1100000189017141002",
        lot="001",
        bidder=firm.pseudonym,
        submission=firm.head or b"",
        secrets=await bw.secrets(firm),
    )
    by_clerk = bw.signed(firm, stale, key=clerk.sign_key, chain=[clerk.licence.sign])
    answer = await firm.client.post("/api/v1/releases", json={"jws": by_clerk})
    assert (answer.status_code, answer.json()["reason"]) == (422, "signer")
    assert (await bw.release(firm)).status_code in (200, 201, 204)
    kinds = ["clerk.requested", "clerk.appointed", "clerk.ended"]
    assert [len(await bw.entries(kind)) for kind in kinds] == [1, 1, 1]


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"scopes": []}, 422, "scopes"),
        ({"scopes": ["read", "rule"]}, 422, "message"),
        ({"scopes": ["sign", "sign"]}, 422, "message"),
        ({"lots": []}, 422, "message"),
        ({"lots": ["no-lot"]}, 422, "message"),
        ({"expires": "2020-01-01T00:00:00.000Z"}, 422, "expires"),
        ({"expires": "2099-01-01T00:00:00.000Z"}, 422, "expires"),
        ({"expires": "tomorrow"}, 422, "message"),
        ({"uscc": "91350100M000100Y43"}, 422, "message"),
        ({"extra": 1}, 422, "message"),
        ({"v": 2}, 422, "message"),
        ({"type": "bid.submission"}, 422, "message"),
        ({"clerk": {"kid": "AAAAAAAAAAAAAAAAAAAAAA", "name": "李办事"}}, 404, ""),
        ({"clerk": {"name": "李办事"}}, 422, "message"),
    ],
)
async def test_an_appointment_that_makes_no_sense_appoints_nobody(
    bw: BiddingWorld, changes: dict[str, Any], status: int, told: str
) -> None:
    firm = await bw.bidder(1)
    clerk = await clerk_of(bw, firm)
    await bw.sign_in(clerk)

    answer = await firm.client.post("/api/v1/clerks", json={"jws": await signed(bw, firm, clerk, **changes)})

    assert answer.status_code == status, answer.text
    assert told in answer.text
    assert (await bw.sign_in(clerk)).json()["reason"] == "not-appointed"


async def test_only_the_own_licence_appoints(bw: BiddingWorld) -> None:
    firm, other = await bw.bidder(1), await bw.bidder(2)
    clerk = await clerk_of(bw, firm)
    await bw.sign_in(clerk)
    ours = await signed(bw, firm, clerk)

    foreign = await other.client.post("/api/v1/clerks", json={"jws": ours})
    forged = await firm.client.post("/api/v1/clerks", json={"jws": await signed(bw, other, clerk, uscc=firm.uscc)})
    own = await firm.client.post("/api/v1/clerks", json={"jws": await signed(bw, clerk, clerk)})
    login = await firm.client.post(
        "/api/v1/clerks", json={"jws": await bw.token(firm, await bw.challenge(firm.client))}
    )

    assert [answer.status_code for answer in (foreign, forged, own, login)] == [422] * 4
    assert foreign.json()["reason"] == forged.json()["reason"] == own.json()["reason"] == "holder"


async def test_a_clerk_sees_and_does_nothing_beyond_the_lots_named(bw: BiddingWorld) -> None:
    firm = await bw.bidder(1)
    elsewhere = "00000000-0000-7000-8000-000000000001"
    clerk, _ = await appointed(bw, firm, lots=[elsewhere])

    room = await clerk.client.get(f"/b/lots/{bw.lot_id}")
    assert firm.pseudonym not in room.text  # what everybody sees of a published lot, nothing of the firm's
    seen = [
        await clerk.client.get(f"/api/v1/lots/{bw.lot_id}/headers"),
        await clerk.client.get(f"/api/v1/lots/{bw.lot_id}/readiness"),
        await clerk.client.post(f"/api/v1/lots/{bw.lot_id}/questions", json={"text": "工期可以顺延吗？"}),
        await clerk.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={}),
    ]
    absent = await clerk.client.get(f"/api/v1/lots/{elsewhere}/headers")

    assert [answer.status_code for answer in seen] == [404] * 4
    assert seen[0].json()["detail"] == absent.json()["detail"]  # absent and not yours are one answer
    assert bw.lot_id.hex not in (await clerk.client.get("/b")).text.replace("-", "")


async def test_a_holder_may_send_only_what_a_clerk_with_the_scope_has_signed(bw: BiddingWorld) -> None:
    firm = await bw.bidder(1)
    clerk, _ = await appointed(bw, firm, scopes=["prepare", "submit"])
    await bw.prepare(clerk)

    unsigned = await bw.send(clerk, bw.message(clerk))
    assert (unsigned.status_code, unsigned.json()["reason"]) == (409, "signer")
    by_holder = await bw.send(clerk, bw.message(clerk), key=firm.sign_key, chain=[firm.licence.sign])
    assert by_holder.status_code in (201, 202), by_holder.text


async def test_a_new_appointment_takes_the_place_of_the_old_and_time_ends_it(bw: BiddingWorld) -> None:
    firm = await bw.bidder(1)
    clerk, first = await appointed(bw, firm)
    again = await firm.client.post("/api/v1/clerks", json={"jws": await signed(bw, firm, clerk, scopes=["prepare"])})
    assert again.status_code == 201, again.text
    states = {row["id"]: row["state"] for row in (await firm.client.get("/api/v1/clerks")).json()["appointments"]}
    assert states == {first: "ended", again.json()["id"]: "live"}
    await bw.prepare(clerk)
    assert (await bw.send(clerk, bw.message(clerk))).status_code == 403

    await bw.world.clock_by(timedelta(days=91))

    assert (await clerk.client.get("/api/v1/me")).status_code == 401
    assert (await firm.client.get("/api/v1/clerks")).json()["appointments"][0]["state"] == "expired"


async def test_a_clerk_of_a_firm_that_nobody_knows_is_told_so(bw: BiddingWorld) -> None:
    stranger = await clerk_of(bw, await bw.company(7))

    answer = await bw.sign_in(stranger)

    assert (answer.status_code, answer.json()["reason"]) == (422, "unknown-organisation")


async def test_what_ends_before_the_opening_day_is_said_at_once_and_warned_of_once(bw: BiddingWorld) -> None:
    firm = await bw.bidder(1)
    fine = (await firm.client.get(f"/api/v1/lots/{bw.lot_id}/readiness")).json()
    assert (fine["ready"], fine["findings"]) == (True, [])
    soon = format_time(await bw.now() + timedelta(hours=12))
    clerk, _ = await appointed(bw, firm, expires=soon)

    told = (await clerk.client.get(f"/api/v1/lots/{bw.lot_id}/readiness")).json()
    assert {row["code"] for row in told["findings"]} == {"appointment", "scope"}
    shown = [(await one.client.get(f"/b/lots/{bw.lot_id}/submit")).text for one in (firm, clerk)]
    assert ["模拟开标当日" in text for text in shown] == [False, True]
    assert all(row["message"] in shown[1] for row in told["findings"])

    async with bw.db.begin() as tx:
        assert await warn_of_expiry(tx) == 1
    async with bw.db.begin() as tx:
        assert await warn_of_expiry(tx) == 0
    inbox = (await firm.client.get("/api/v1/inbox")).json()
    assert [row["title"][:4] for row in inbox if row["kind"] == "expiry"] == ["办事人 "]


async def test_no_page_of_supervision_learns_of_appointments(bw: BiddingWorld) -> None:
    firm = await bw.bidder(1)
    await appointed(bw, firm, lots=[str(bw.lot_id)])

    details = [detail for kind in ("clerk.requested", "clerk.appointed") for detail in await bw.entries(kind)]

    assert str(bw.lot_id) not in str(details)
    rows = await bw.rows("SELECT count(*) AS n FROM identity_appointment WHERE lots @> ARRAY[cast(:lot AS uuid)]")
    assert rows[0].n == 1  # it is there, and only there
