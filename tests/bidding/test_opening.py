"""From the deadline to the opening record: who may do what when, what becomes public, and who is answerable."""

import io
from datetime import timedelta

import obstore
import pytest

from bidding import envelope, keyset, messages
from bidding.client import require_in_close_list
from bidding.envelope import Head, sealing
from bidding.envelope.format import MAGIC, joint_file_key, key_commitment
from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs, parse
from kernel.crypto import jws, random_bytes
from kernel.log.receipt import hashes_of
from kernel.log.tree import verify_inclusion
from tests.worlds.bidding_world import AGENCY, BUYER, SUITE, TENDER, BiddingWorld, uscc

PRICES = ("2986400.00", "3051200.00", "2945000.00")


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def sealed(bw: BiddingWorld, *prices: str, **procedure) -> list:
    """A lot with bids at these prices, before the deadline."""
    await bw.open_for_bids(**procedure)
    bidders = []
    for n, price in enumerate(prices or PRICES, 1):
        bidder = await bw.bidder(n)
        await bw.submit(bidder, price=price)
        bidders.append(bidder)
    return bidders


async def opened(bw: BiddingWorld, bidders: list, trustees: int = 3) -> None:
    await bw.close()
    for bidder in bidders:
        answer = await bw.release(bidder)
        assert answer.status_code == 200, answer.text
    await bw.end_window()
    for trustee in bw.trustees[:trustees]:
        answer = await bw.share(trustee)
        assert answer.status_code == 200, answer.text
    await bw.world.settle()


async def test_bids_open_together_and_the_prices_can_be_recomputed_by_anybody(bw):
    bidders = await sealed(bw)
    await opened(bw, bidders)

    state = await bw.opening()
    forms = (await bw.world.client().get(f"/api/v1/verify/forms/{bw.lot_id}")).json()

    assert state["stage"] == "opened"
    assert [(b["name"], b["price"], b["state"]) for b in state["bids"]] == [
        (bidder.name, price, "opened") for bidder, price in zip(bidders, PRICES, strict=True)
    ]
    assert len(forms) == 3
    listed = (await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/close-list")).json()
    for bidder in bidders:
        require_in_close_list(SUITE, listed["items"], b64u_decode(listed["root"]), bidder.head)
    for form in forms:
        raw = (await bw.world.client().get(form["envelope"])).content
        out = io.BytesIO()
        assert b64u_encode(envelope.open_envelope(io.BytesIO(raw), b64u_decode(form["fk"]), out)) == form["eid"]
        assert parse(out.getvalue())["price"] == form["price"]


async def test_a_tender_that_ends_during_the_opening_opens_nothing(bw):
    """R-TIME-24: bids that were handed in stay sealed, though every key is already there or on its way."""
    bidders = await sealed(bw)
    await bw.close()
    for bidder in bidders[:2]:
        assert (await bw.release(bidder)).status_code == 200
    buyer = await bw.staff("buyer", "procuring_entity", code=uscc(900_001), organisation=BUYER)
    cause = {"cause": "force_majeure", "reason": "洪水淹没建设场地，项目无法实施。"}
    ended = await buyer.post(f"/api/v1/lots/{bw.lot_id}/termination", json=cause)
    assert ended.status_code == 201, ended.text

    late = await bw.release(bidders[2])
    await bw.end_window()
    heads = await bw.trustees[0].client.get(f"/api/v1/lots/{bw.lot_id}/headers")
    await bw.world.settle()

    assert (late.status_code, heads.status_code) == (409, 409)
    assert (await bw.opening())["stage"] == "failed"
    assert await bw.rows("SELECT 1 FROM bidding_opened_bid UNION SELECT 1 FROM bidding_step") == []
    assert await bw.rows("SELECT 1 FROM audit_entry WHERE type = 'bid.opened'") == []


async def test_the_close_root_is_public_at_once_and_the_list_only_to_those_in_it(bw):
    bidders = await sealed(bw)
    await bw.close()

    own = (await bidders[0].client.get(f"/api/v1/lots/{bw.lot_id}/close-list")).json()
    stranger = await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/close-list")
    agency = await (await bw.agency()).get(f"/api/v1/lots/{bw.lot_id}/close-list")

    mine, path = own["mine"], hashes_of(own["mine"]["path"])
    leaf = SUITE.hash(b"\x00" + jcs(mine["entry"]))
    assert mine["entry"]["submission"] == b64u_encode(bidders[0].head)
    assert verify_inclusion(SUITE, leaf, mine["index"], own["size"], path, b64u_decode(own["root"]))
    assert (await bw.entries("bid.close"))[0]["root"] == own["close"]["detail"]["root"] == own["root"]
    assert "items" not in own
    assert stranger.status_code == agency.status_code == 404


async def test_a_bid_lies_below_the_deadline_checkpoint(bw):
    await sealed(bw)
    await bw.close()

    rows = await bw.rows(
        "SELECT o.deadline_size, max(l.idx) AS last FROM bidding_opening o"
        " JOIN bidding_submission s ON s.lot_id = o.lot_id JOIN log_leaf l ON l.entry_id = s.entry_id GROUP BY 1"
    )

    assert rows[0].last < rows[0].deadline_size


async def test_a_replaced_bid_opens_as_replaced_and_a_withdrawn_one_not_at_all(bw):
    bidders = await sealed(bw, *PRICES, "1.00")
    await bw.submit(bidders[0], price="2900000.00")
    await bw.withdraw(bidders[3])
    await opened(bw, bidders[:3])

    state = await bw.opening()

    assert sorted(b["price"] for b in state["bids"]) == ["2900000.00", "2945000.00", "3051200.00"]


async def test_fewer_than_three_bids_fail_the_lot_and_stay_sealed(bw):
    bidders = await sealed(bw, *PRICES[:2])
    await bw.close()

    state = await bw.opening()
    answer = await bw.release(bidders[0])

    assert state["stage"] == "failed"
    assert state["bids"] == []
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    (lot,) = await bw.rows("SELECT stage, failed_reason FROM trading_lot WHERE id = :lot")
    assert lot.stage == "failed"
    assert "少于三个" in lot.failed_reason
    assert await bw.rows("SELECT 1 FROM kernel_unsealed") == []


# Keys used too early.


async def test_a_release_before_the_close_is_refused_and_reported_without_a_name(bw):
    bidders = await sealed(bw)

    answer = await bw.release(bidders[0])

    assert (answer.status_code, answer.json()["code"]) == (409, "early-key-use")
    rows = await bw.rows("SELECT visibility, detail FROM audit_entry WHERE type = 'alarm.early-key-use' ORDER BY id")
    assert [row.visibility for row in rows] == ["restricted", "sealed"]
    assert bidders[0].name not in str(rows[0].detail)
    assert await bw.rows("SELECT 1 FROM bidding_release") == []


async def test_heads_and_shares_before_the_window_is_over_are_refused_and_reported(bw):
    bidders = await sealed(bw)
    trustee = bw.trustees[0]
    message = messages.share_batch(
        tender=TENDER, lot="001", ks=b64u_decode(bw_ks(bw)), i=1, shares=[(bidders[0].eids["form"], bytes(32))]
    )

    before = [await trustee.client.get(f"/api/v1/lots/{bw.lot_id}/headers"), await bw.share(trustee, message)]
    await bw.close()
    during = [await trustee.client.get(f"/api/v1/lots/{bw.lot_id}/headers"), await bw.share(trustee, message)]

    assert {answer.json()["code"] for answer in before + during} == {"early-key-use"}
    alarms = await bw.entries("alarm.early-key-use")
    assert [alarm["facts"]["what"] for alarm in alarms] == ["headers", "share"] * 2
    assert await bw.rows("SELECT 1 FROM bidding_share") == []


def bw_ks(bw: BiddingWorld) -> str:
    return b64u_encode(keyset.keyset_hash(bw.keyset))


# Releases.


async def test_anothers_secret_is_refused_and_can_be_corrected_inside_the_window(bw):
    bidders = await sealed(bw)
    await bw.close()
    theirs = await bw.secrets(bidders[1])
    own = await bw.secrets(bidders[0])
    wrong = [(slot, eid, theirs[n][2]) for n, (slot, eid, _) in enumerate(own)]

    refused = await bw.release(bidders[0], wrong)
    foreign = await bw.release(bidders[0], theirs)
    half = await bw.release(bidders[0], own[:1])
    fine = await bw.release(bidders[0])
    again = await bw.release(bidders[0])

    assert [a.json().get("reason") for a in (refused, foreign, half)] == ["bidder-secret", "eid", "slots"]
    assert fine.status_code == again.status_code == 200
    assert len(await bw.rows("SELECT 1 FROM bidding_release")) == 2


async def test_a_release_in_anothers_name_is_refused(bw):
    bidders = await sealed(bw)
    await bw.close()

    answer = await bw.release(bidders[0], bidder=bidders[1].pseudonym)
    stale = await bw.release(bidders[0], submission=b64u_encode(bytes(32)))

    assert [a.json()["reason"] for a in (answer, stale)] == ["bidder", "submission"]


async def test_who_does_not_release_is_out_and_the_others_open(bw):
    bidders = await sealed(bw, *PRICES, "3000000.00")
    await opened(bw, bidders[:3])

    state = await bw.opening()
    late = await bw.release(bidders[3])

    assert [b["state"] for b in state["bids"]] == ["opened"] * 3 + ["unreleased"]
    assert state["bids"][3]["price"] is None
    assert (late.status_code, late.json()["code"]) == (409, "deadline-passed")
    (window,) = await bw.entries("bid.window-closed")
    assert bidders[3].pseudonym not in {row["bidder"] for row in window["envelopes"]}
    hall = (await bw.world.client().get(f"/openings/{bw.lot_id}", headers={"accept": "text/html"})).text
    assert state["bids"][3]["cause"] in hall
    assert "因投标人原因未解密，视为撤销投标文件" in hall
    assert "第三十一条" in hall
    assert "之外的原因" not in hall
    for bidder in bidders:  # each bid's check against its receipt, also of the one that stayed shut
        href = f"/verify/receipts/{b64u_encode(bidder.head)}"
        assert href in hall
        assert bidder.name in (await bw.world.client().get(href, headers={"accept": "text/html"})).text


async def test_the_end_of_the_window_is_signed(bw):
    bidders = await sealed(bw)
    await bw.close()
    for bidder in bidders:
        await bw.release(bidder)
    await bw.end_window()

    shown = (await bw.trustees[0].client.get(f"/api/v1/lots/{bw.lot_id}/headers")).json()

    key = SUITE.load_public(bw.world.services.platform.spki)
    signed = jws.verify(SUITE, shown["window"], "otp-window+jws", key, "EdDSA", frozenset({"kid"}))
    assert [(row["bidder"], row["slot"], row["eid"]) for row in signed["envelopes"]] == [
        (row["bidder"], row["slot"], row["eid"]) for row in shown["headers"]
    ]
    assert shown["window_closed"]["detail"] == signed
    listed = {item["submission"] for item in shown["close_list"]}
    assert {b64u_encode(messages.submission_digest(SUITE, message)) for message in shown["submissions"]} == listed


async def test_supervision_extends_the_window_with_a_reason(bw):
    bidders = await sealed(bw)
    await bw.close()
    supervisor = await bw.staff("supervisor", "supervisor", code=uscc(600_000), organisation="监督局")
    until = format_time(bw.deadline + timedelta(hours=2))

    path = f"/api/v1/lots/{bw.lot_id}/opening/window"
    nothing = await supervisor.post(path, json={"until": until, "reason": " "})
    fine = await supervisor.post(path, json={"until": until, "reason": "平台网络中断 40 分钟"})
    await bw.end_window()
    answer = await bw.release(bidders[0])

    assert (nothing.status_code, fine.status_code, answer.status_code) == (422, 200, 200)


# Shares.


async def test_a_wrong_share_is_refused_and_kept_as_evidence(bw):
    bidders = await sealed(bw)
    await bw.close()
    for bidder in bidders:
        await bw.release(bidder)
    await bw.end_window()
    message = await bw.batch(bw.trustees[0])
    wrong = {**message, "shares": [{**message["shares"][0], "share": b64u_encode(bytes(32))}, *message["shares"][1:]]}
    unknown = {**message, "shares": [{**message["shares"][0], "eid": b64u_encode(bytes(32))}]}

    answers = [
        await bw.share(bw.trustees[0], wrong),
        await bw.share(bw.trustees[0], unknown),
        await bw.share(bw.trustees[0], {**message, "i": 2}),
    ]
    fine = await bw.share(bw.trustees[0], message)
    other = await bw.share(bw.trustees[0], {**message, "shares": message["shares"][:1]})

    assert [a.json()["reason"] for a in answers] == ["share-commit", "unknown-eid", "keyset"]
    assert (fine.status_code, other.status_code) == (200, 409)
    (evidence, *_) = await bw.entries("bid.share-refused")
    assert evidence["facts"]["reason"] == "share-commit"


async def test_two_trustees_open_nothing_and_spare_ones_may_still_post(bw):
    bidders = await sealed(bw)
    await opened(bw, bidders, trustees=2)
    waiting = (await bw.opening())["stage"]

    await bw.share(bw.trustees[4])
    await bw.world.settle()

    assert waiting == "combining"
    assert (await bw.opening())["stage"] == "opened"


async def test_a_seat_that_is_not_ones_own_posts_nothing(bw):
    bidders = await sealed(bw)
    await bw.close()
    for bidder in bidders:
        await bw.release(bidder)
    await bw.end_window()
    message = await bw.batch(bw.trustees[0])

    answer = await bw.trustees[1].client.post("/api/v1/shares", json={"jws": bw.trustees[0].signed(message)})

    assert (answer.status_code, answer.json()["code"]) == (422, "signature-refused")


# Faults.


def two_faced(bw: BiddingWorld, bidder, data: bytes) -> bytes:
    """An envelope whose trustees hold shares of another secret than the one its key commitment was made with."""
    nonce, secret, real, other = (random_bytes(32) for _ in range(4))
    file_key = joint_file_key(SUITE, secret, real, nonce)
    core = {
        "v": 1,
        "policy": "both",
        "suite": "intl-1",
        "tender": TENDER,
        "lot": "001",
        "slot": "form",
        "bidder": bidder.pseudonym,
        "ks": bw_ks(bw),
        "chunk": 16384,
        "nonce": b64u_encode(nonce),
        "kc": b64u_encode(key_commitment(SUITE, file_key, nonce)),
    }
    keys = [("hpke-p256", bidder.bid_key.public)]
    header = sealing._header(SUITE, core, keys, keyset.trustee_keys(bw.keyset), 3, secret, other)
    raw = jcs(header)
    head = Head(header, MAGIC + len(raw).to_bytes(4, "big") + raw, SUITE)
    out = io.BytesIO()
    out.write(head.raw)
    bidder.eids["form"] = sealing._write_body(head, file_key, len(data), io.BytesIO(data), out)
    return out.getvalue()


async def test_a_bid_whose_two_keys_disagree_is_the_bidders_fault(bw):
    bidders = await sealed(bw)
    cheat = await bw.bidder(9)
    await bw.prepare(cheat)
    raw = two_faced(bw, cheat, jcs(bw.form(cheat)))
    await bw.upload(cheat, "form", raw)
    cheat.docs[1] = messages.document("form", cheat.eids["form"], 1, len(raw))
    await bw.send(cheat, bw.message(cheat))
    await opened(bw, [*bidders, cheat])

    bids = (await bw.opening())["bids"]

    assert [(b["state"], b["fault"]) for b in bids] == [("opened", "")] * 3 + [("fault_bidder", "key-commit")]


async def test_a_form_that_is_none_puts_the_bid_out_and_the_others_go_on(bw):
    bidders = await sealed(bw)
    strange = await bw.bidder(4)
    await bw.submit(strange, price="not a price")
    liar = await bw.bidder(5)
    await bw.submit(liar, uscc=bidders[0].uscc)
    await opened(bw, [*bidders, strange, liar])

    bids = (await bw.opening())["bids"]

    assert [(b["state"], b["fault"]) for b in bids] == [
        ("opened", ""),
        ("opened", ""),
        ("opened", ""),
        ("fault_bidder", "form-price"),
        ("fault_bidder", "form-uscc"),
    ]
    assert "内容不符合规定的格式（price）" in bids[3]["cause"]


async def test_a_swapped_object_is_the_platforms_fault_and_the_others_go_on(bw):
    bidders = await sealed(bw)
    await bw.close()
    for bidder in bidders:
        await bw.release(bidder)
    (row,) = await bw.rows(
        "SELECT c.object_name FROM bidding_chunk c JOIN bidding_document d ON d.upload_id = c.upload_id"
        " WHERE d.eid = :eid",
        eid=bidders[1].eids["form"],
    )
    store = bw.world.services.files
    await obstore.put_async(store._store, row.object_name, bytes(16400))  # a database administrator swaps the object
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        await bw.share(trustee)
    await bw.world.settle()

    bids = (await bw.opening())["bids"]

    assert [(b["state"], b["fault"]) for b in bids] == [
        ("opened", ""),
        ("fault_platform", "stored-bytes"),
        ("opened", ""),
    ]


async def test_a_big_file_comes_out_as_it_went_in_for_supervision_only(bw):
    await bw.open_for_bids()
    bidders, data = [], b"%PDF-1.7 " + bytes(range(256)) * 12_000
    for n in range(1, 4):
        bidder = await bw.bidder(n)
        await bw.prepare(bidder, file=data + bytes([n]))
        await bw.send(bidder, bw.message(bidder))
        bidders.append(bidder)
    await opened(bw, bidders)
    supervisor = await bw.staff("supervisor", "supervisor", code=uscc(600_000), organisation="监督局")
    bid = (await bw.opening())["bids"][1]
    path = f"/api/v1/lots/{bw.lot_id}/bids/{bid['id']}/files/file"

    read = await supervisor.get(path)
    others = [await client.get(path) for client in (bw.world.client(), bidders[0].client, await bw.agency())]
    envelope_of_file = await bw.world.client().get(path.replace("/files/", "/envelopes/"))

    assert read.content == data + b"\x02"
    assert b64u_encode(SUITE.hash(read.content)) == bid["files"]["file"]
    assert [answer.status_code for answer in others] == [401, 403, 403]
    assert envelope_of_file.status_code == 404


# The record.


async def test_the_agency_confirms_the_record_and_the_lot_is_open(bw):
    bidders = await sealed(bw)
    agency = await bw.agency()
    path = f"/api/v1/lots/{bw.lot_id}/opening/confirm"
    early = await agency.post(path, json={})
    await opened(bw, bidders)
    other = await bw.staff("other", "agency", code=uscc(700_002), organisation="另一代理公司")

    foreign = await other.post(path, json={})
    early_still = await agency.post(path, json={})  # bidders may still object and sign
    await bw.world.clock_by(timedelta(minutes=10))
    fine = await agency.post(path, json={})
    again = await agency.post(path, json={})
    record = (await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/opening/record")).content

    assert (early.status_code, foreign.status_code, fine.status_code, again.status_code) == (409, 404, 200, 200)
    assert (early_still.status_code, early_still.json()["code"]) == (409, "too-early")
    content = parse(record)
    assert [bid["price"] for bid in content["bids"]] == list(PRICES)
    assert content["agency"] == AGENCY
    assert sum(trustee["posted_at"] is not None for trustee in content["trustees"]) == 3
    (entry,) = await bw.entries("opening.recorded")
    assert entry["facts"]["record"] == b64u_encode(SUITE.hash(record))
    assert jcs(content) == record
    (lot,) = await bw.rows("SELECT stage FROM trading_lot WHERE id = :lot")
    assert lot.stage == "opened"


# Emergencies.


async def test_bidders_give_their_file_keys_only_after_a_supervisors_decision(bw):
    bidders = await sealed(bw)
    await opened(bw, bidders, trustees=1)
    supervisor = await bw.staff("supervisor", "supervisor", code=uscc(600_000), organisation="监督局")

    early = await give_keys(bw, bidders[0])
    decided = await supervisor.post(f"/api/v1/lots/{bw.lot_id}/opening/emergency", json={"reason": "见证人无法到场"})
    wrong = await give_keys(bw, bidders[0], fk=bytes(32))
    given = [await give_keys(bw, bidder) for bidder in bidders]
    await bw.world.settle()

    assert early.json()["code"] == "early-key-use"
    assert decided.status_code == 200
    assert wrong.json()["reason"] == "key-commit"
    assert {answer.status_code for answer in given} == {200}
    assert [b["price"] for b in (await bw.opening())["bids"]] == list(PRICES)


async def give_keys(bw, bidder, fk: bytes | None = None):
    keys = [(slot, bidder.eids[slot], fk or bidder.file_keys[slot]) for slot in ("file", "form")]
    message = messages.emergency_key(
        tender=TENDER, lot="001", bidder=bidder.pseudonym, submission=bidder.head, keys=keys
    )
    return await bidder.client.post("/api/v1/emergency-keys", json={"jws": bw.signed(bidder, message)})


async def test_supervision_goes_on_without_bids_that_nobody_can_open(bw):
    bidders = await sealed(bw)
    await opened(bw, bidders, trustees=2)
    supervisor = await bw.staff("supervisor", "supervisor", code=uscc(600_000), organisation="监督局")

    answer = await supervisor.post(f"/api/v1/lots/{bw.lot_id}/opening/conclude", json={"reason": "分片不足"})
    await bw.world.settle()

    assert answer.status_code == 200
    assert {(b["state"], b["fault"]) for b in (await bw.opening())["bids"]} == {("fault_platform", "share-count")}


# Other policies.


@pytest.mark.parametrize("policy", ["bidder", "trustees", "either"])
async def test_the_other_policies_skip_the_steps_they_do_not_have(bw, policy):
    bidders = await sealed(bw, policy=policy)
    await bw.close()
    if policy == "bidder":
        for bidder in bidders:
            assert (await bw.release(bidder)).status_code == 200
    elif policy == "either":
        assert (await bw.release(bidders[0])).status_code == 200
    await bw.end_window()
    if policy != "bidder":
        for trustee in bw.trustees[:3]:
            assert (await bw.share(trustee)).status_code == 200
    await bw.world.settle()

    state = await bw.opening()

    assert state["stage"] == "opened"
    assert [b["price"] for b in state["bids"]] == list(PRICES)
