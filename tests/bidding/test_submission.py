"""Uploads, submissions, withdrawals: what is accepted, what is refused and why, and what the receipt proves."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from bidding import messages
from bidding.messages import submission_digest
from kernel.canonical import b64u_decode, b64u_encode, parse
from kernel.crypto import jws
from kernel.crypto.keys import KeyKind, generate
from kernel.log.receipt import verify_receipt
from tests.worlds.bidding_world import SUITE, TENDER, BiddingWorld, cut

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
async def bw(world) -> BiddingWorld:
    made = BiddingWorld(world)
    await made.open_for_bids()
    return made


def platform_payload(bw: BiddingWorld, token: str, typ: str) -> dict:
    key = SUITE.load_public(bw.world.services.platform.spki)
    return jws.verify(SUITE, token, typ, key, "EdDSA", frozenset({"kid"}))


async def refused(bw, answer, reason: str) -> None:
    """The refusal carries the platform's signature over the reason, and the log holds it, sealed."""
    body = answer.json()
    assert answer.status_code in (409, 422), body
    assert body["reason"] == reason
    detail = platform_payload(bw, body["rejection"], "otp-rejection+jws")
    assert (detail["type"], detail["reason"], detail["tender"]) == ("bid.rejected", reason, TENDER)
    rows = await bw.rows("SELECT visibility, detail FROM audit_entry WHERE type = 'bid.rejected'")
    assert ("sealed", detail) in [(row.visibility, row.detail) for row in rows]


async def test_a_submission_gives_a_receipt_that_anybody_can_verify(bw):
    bidder = await bw.bidder(1)

    answer = await bw.submit(bidder)
    await bw.world.settle()
    bundle = (await bidder.client.get(f"/api/v1/receipts/{b64u_encode(bidder.head)}")).json()

    assert answer.status_code in (201, 202)
    verified = verify_receipt(bundle, bw.world.services.trust)
    assert set(verified.detail) == {"v", "type", "tender", "lot", "bidder", "rev", "submission", "received_at"}
    assert verified.detail["type"] == "bid.accepted"
    assert verified.detail["submission"] == b64u_encode(bidder.head)
    assert verified.detail["bidder"] == bidder.pseudonym


async def test_the_receipt_is_nobody_elses_business(bw):
    one, two = await bw.bidder(1), await bw.bidder(2)
    await bw.submit(one)

    assert (await two.client.get(f"/api/v1/receipts/{b64u_encode(one.head)}")).status_code == 404


async def test_a_bid_is_replaced_and_withdrawn_and_submitted_again(bw):
    bidder = await bw.bidder(1)

    await bw.submit(bidder)
    await bw.submit(bidder, price="2900000.00")
    withdrawn = await bw.withdraw(bidder)
    await bw.submit(bidder)

    assert withdrawn.status_code in (201, 202)
    rows = await bw.rows("SELECT rev, kind FROM bidding_submission WHERE lot_id = :lot ORDER BY rev")
    assert [tuple(row) for row in rows] == [(1, "submission"), (2, "submission"), (3, "withdrawal"), (4, "submission")]
    kinds = await bw.rows("SELECT type FROM audit_entry WHERE type IN ('bid.accepted', 'bid.withdrawn') ORDER BY id")
    assert [row.type for row in kinds] == ["bid.accepted", "bid.accepted", "bid.withdrawn", "bid.accepted"]


async def test_the_same_message_again_is_answered_with_the_same_receipt(bw):
    bidder = await bw.bidder(1)
    await bw.prepare(bidder)
    token = bw.signed(bidder, bw.message(bidder))

    answers = [await bidder.client.post("/api/v1/submissions", json={"jws": token}) for _ in range(3)]

    assert {a.status_code for a in answers} <= {201, 202}
    assert len(await bw.rows("SELECT 1 FROM bidding_submission")) == 1


async def test_an_old_message_again_does_not_bring_the_old_bid_back(bw):
    bidder = await bw.bidder(1)
    await bw.prepare(bidder)
    old = bw.signed(bidder, bw.message(bidder))
    await bw.send(bidder, bw.message(bidder))
    await bw.submit(bidder, price="2900000.00")

    await bidder.client.post("/api/v1/submissions", json={"jws": old})

    (row,) = await bw.rows("SELECT rev, head FROM bidding_bid WHERE lot_id = :lot")
    assert (row.rev, bytes(row.head)) == (2, bidder.head)


async def test_a_wrong_link_in_the_chain_is_refused(bw):
    bidder = await bw.bidder(1)
    await bw.submit(bidder)
    await bw.prepare(bidder)

    await refused(bw, await bw.send(bidder, bw.message(bidder, rev=3)), "rev")
    await refused(bw, await bw.send(bidder, bw.message(bidder, prev=b64u_encode(bytes(32)))), "prev")
    await refused(bw, await bw.send(bidder, bw.message(bidder, rev=1, prev=None)), "rev")


async def test_another_companys_certificate_does_not_sign(bw):
    bidder, other = await bw.bidder(1), await bw.bidder(2)
    await bw.prepare(bidder)
    message = bw.message(bidder)

    theirs = await bw.send(bidder, message, key=other.sign_key, chain=[other.licence.sign])
    forged = await bw.send(bidder, message, key=generate(KeyKind.P256))
    encrypt = await bw.send(bidder, message, chain=[bidder.licence.encrypt])

    await refused(bw, theirs, "certificate")
    await refused(bw, forged, "signature")
    await refused(bw, encrypt, "signature")


async def test_a_revoked_licence_does_not_sign(bw):
    bidder = await bw.bidder(1)
    await bw.prepare(bidder)
    await bw.revoke(bidder)

    await refused(bw, await bw.send(bidder, bw.message(bidder)), "signature")


async def test_a_signature_of_another_kind_is_refused(bw):
    bidder = await bw.bidder(1)
    await bw.submit(bidder)
    await bw.prepare(bidder)

    answer = await bidder.client.post("/api/v1/withdrawals", json={"jws": bw.signed(bidder, bw.message(bidder))})

    await refused(bw, answer, "signature")


async def test_anothers_pseudonym_is_refused(bw):
    bidder, other = await bw.bidder(1), await bw.bidder(2)
    await bw.prepare(bidder)

    await refused(bw, await bw.send(bidder, bw.message(bidder, bidder=other.pseudonym)), "bidder")


async def test_anothers_upload_is_not_found_behind_the_same_digest(bw):
    bidder, other = await bw.bidder(1), await bw.bidder(2)
    await bw.prepare(other)
    bidder.docs = other.docs

    await refused(bw, await bw.send(bidder, bw.message(bidder)), "eid")


async def test_a_chunk_changed_on_the_server_is_noticed(bw):
    bidder = await bw.bidder(1)
    await bw.prepare(bidder)
    docs = [dict(doc) for doc in bidder.docs]
    docs[0]["eid"] = b64u_encode(bytes(32))
    bidder.docs = docs

    await refused(bw, await bw.send(bidder, bw.message(bidder)), "eid")


async def test_missing_chunks_are_noticed(bw):
    bidder = await bw.bidder(1)
    await bw.prepare(bidder)
    raw = bw.seal(bidder, "file", bytes(2_000_000))
    opened = await bw.open_upload(bidder, "file", raw)
    pieces = cut(raw)[1]
    await bidder.client.put(f"/api/v1/uploads/{opened.json()['id']}/chunks/1", content=pieces[1])
    bidder.docs[0] = messages.document("file", bidder.eids["file"], len(pieces), len(raw))

    state = (await bidder.client.get(f"/api/v1/uploads/{opened.json()['id']}")).json()
    answer = await bw.send(bidder, bw.message(bidder))

    assert (state["chunks"], state["bitmap"]) == (2, "01")
    await refused(bw, answer, "eid")


async def test_a_bid_without_its_form_is_refused(bw):
    bidder = await bw.bidder(1)
    await bw.prepare(bidder)
    bidder.docs = bidder.docs[:1]

    await refused(bw, await bw.send(bidder, bw.message(bidder)), "slots")


async def test_nothing_is_withdrawn_where_nothing_was_submitted(bw):
    bidder = await bw.bidder(1)
    bidder.head = bytes(32)

    await refused(bw, await bw.withdraw(bidder), "prev")


async def test_who_has_not_registered_interest_cannot_submit(bw):
    bidder, stranger = await bw.bidder(1), await bw.company(2)
    await bw.sign_in(stranger)
    await bw.prepare(bidder)

    token = bw.signed(bidder, bw.message(bidder))
    answer = await stranger.client.post("/api/v1/submissions", json={"jws": token})

    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/submissions", "/api/v1/withdrawals", "/api/v1/releases"])
async def test_what_is_no_message_is_not_found(bw, path):
    bidder = await bw.bidder(1)

    for token in ("", "a.b.c", "e30.e30.e30", "eyJ9.bm9wZQ.x"):
        assert (await bidder.client.post(path, json={"jws": token})).status_code in (404, 422)


# What the platform looks at before it takes a chunk.


async def test_an_unsealed_file_is_refused(bw):
    bidder = await bw.bidder(1)

    body = {"lot": str(bw.lot_id), "slot": "file", "header": b64u_encode(b"%PDF-1.7 " + bytes(400)), "chunks": 1}
    answer = await bidder.client.post("/api/v1/uploads", json=body)

    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (422, "not-sealed", "magic")
    assert "未加密" in answer.json()["detail"]


@pytest.mark.parametrize("member", ["tender", "lot", "bidder", "ks"])
async def test_an_envelope_for_something_else_is_refused(bw, member):
    bidder = await bw.bidder(1)
    raw = bw.seal(bidder, "form", b"{}", **{member: b64u_encode(bytes(32)) if member == "ks" else "other"})

    answer = await bw.open_upload(bidder, "form", raw)

    assert (answer.status_code, answer.json()["reason"]) == (422, member)


async def test_an_envelope_for_other_trustees_is_refused(bw):
    bidder = await bw.bidder(1)
    honest = bw.keyset
    bw.keyset = {**honest, "trustees": [*honest["trustees"][1:], honest["trustees"][0]]}
    for i, trustee in enumerate(bw.keyset["trustees"], 1):
        bw.keyset["trustees"][i - 1] = {**trustee, "i": i}
    raw = bw.seal(bidder, "form", b"{}", ks=b64u_encode(b64u_decode(await lot_ks(bw))))
    bw.keyset = honest

    answer = await bw.open_upload(bidder, "form", raw)

    assert (answer.status_code, answer.json()["reason"]) == (422, "tk")


async def lot_ks(bw) -> str:
    return (await bw.rows("SELECT keyset FROM trading_lot WHERE id = :lot"))[0].keyset


async def test_a_form_in_the_place_of_a_file_is_refused(bw):
    bidder = await bw.bidder(1)
    raw = bw.seal(bidder, "form", b"{}")

    assert (await bw.open_upload(bidder, "form", raw, slot="file")).json()["reason"] == "slot"
    assert (await bw.open_upload(bidder, "form", raw, slot="other")).json()["reason"] == "slot"
    assert (await bw.open_upload(bidder, "form", raw, chunks=0)).json()["reason"] == "chunks"
    assert (await bw.open_upload(bidder, "form", raw, chunks=65)).json()["reason"] == "chunks"


async def test_chunks_are_idempotent_and_of_one_size(bw):
    bidder, other = await bw.bidder(1), await bw.bidder(2)
    raw = bw.seal(bidder, "form", b"{}")
    upload = (await bw.open_upload(bidder, "form", raw)).json()["id"]
    path, piece = f"/api/v1/uploads/{upload}/chunks/0", cut(raw)[1][0]

    first = await bidder.client.put(path, content=piece)
    again = await bidder.client.put(path, content=piece)

    assert first.json() == again.json() == {"leaf": b64u_encode(SUITE.hash(b"\x00" + piece))}
    assert (await bidder.client.put(path, content=bytes(len(piece)))).status_code == 409
    assert (await bidder.client.put(path, content=piece[:-1])).status_code == 422
    assert (await bidder.client.put(path, content=piece + b"x")).status_code == 422
    assert (await bidder.client.put(path, content=bytes(2_000_000))).status_code in (413, 422)
    assert (await bidder.client.put(path.replace("/0", "/1"), content=piece)).status_code == 422
    assert (await other.client.put(path, content=piece)).status_code == 404


# The deadline.


async def test_a_bid_before_the_deadline_is_taken_and_at_the_deadline_refused(bw):
    early, late = await bw.bidder(1), await bw.bidder(2)
    await bw.prepare(early)
    await bw.prepare(late)

    await bw.world.clock_to(bw.deadline - timedelta(seconds=5))
    taken = await bw.send(early, bw.message(early))
    await bw.world.clock_to(bw.deadline)
    answer = await bw.send(late, bw.message(late))

    assert taken.status_code in (201, 202)
    assert answer.json()["code"] == "deadline-passed"
    await refused(bw, answer, "late")
    chunk = await late.client.post(
        "/api/v1/uploads", json={"lot": str(bw.lot_id), "slot": "form", "header": "", "chunks": 1}
    )
    assert chunk.json()["code"] == "deadline-passed"


async def test_in_a_pause_nobody_is_late(bw):
    """R-TIME-08: the deadline moves with the answer, so the platform signs nobody that a bid came too late."""
    bidder = await bw.bidder(1)
    await bw.prepare(bidder)
    objection = {"text": "第三章要求特定品牌。", "request": "删去。", "interest": "本单位准备参加本标段的投标。"}
    raised = await bidder.client.post(f"/api/v1/lots/{bw.lot_id}/objections", json=objection)
    assert raised.status_code == 201, raised.text
    await bw.world.clock_by(timedelta(days=10, seconds=1))

    answer = await bw.send(bidder, bw.message(bidder))

    assert answer.status_code == 409, answer.text
    assert "第二十二条" in answer.json()["detail"]
    assert await bw.rows("SELECT 1 FROM bidding_rejection") == []


async def test_after_the_close_a_bid_is_late_too(bw):
    late = await bw.bidder(2)
    await bw.prepare(late)
    await bw.world.clock_to(bw.deadline)
    await bw.world.rounds.run()

    await refused(bw, await bw.send(late, bw.message(late)), "late")


async def test_the_rows_of_a_bid_are_never_changed_by_the_portal(bw):
    bidder = await bw.bidder(1)
    await bw.submit(bidder)

    for statement in (
        "DELETE FROM bidding_submission",
        "UPDATE bidding_submission SET received_at = now()",
        "UPDATE bidding_chunk SET leaf = ''",
        "DELETE FROM bidding_document",
        "UPDATE bidding_interest SET organisation_id = organisation_id",
        "DELETE FROM bidding_bid",
    ):
        with pytest.raises(Exception, match=r"permission denied|append-only"):
            async with bw.db.begin() as tx:
                await tx.session.execute(text(statement))


async def test_receipt_detail_is_what_the_entry_digests(bw):
    bidder = await bw.bidder(1)
    await bw.submit(bidder)
    (row,) = await bw.rows("SELECT data, detail FROM audit_entry WHERE type = 'bid.accepted'")
    (kept,) = await bw.rows("SELECT receipt, digest, payload FROM bidding_submission")

    detail = parse(b64u_decode(kept.receipt.split(".")[1]))

    assert detail == row.detail
    assert parse(bytes(row.data))["type"] == "bid.accepted"
    assert submission_digest(SUITE, kept.payload) == bytes(kept.digest)


async def test_two_revisions_at_the_same_moment_do_not_both_win(bw):
    bidder = await bw.bidder(1)
    await bw.prepare(bidder)
    one = bw.message(bidder)
    await bw.prepare(bidder, price="1.00")
    two = bw.message(bidder)

    answers = await asyncio.gather(bw.send(bidder, one), bw.send(bidder, two))

    assert sorted(a.status_code for a in answers) in ([201, 422], [202, 422], [201, 409], [202, 409])
    assert len(await bw.rows("SELECT 1 FROM bidding_submission")) == 1
