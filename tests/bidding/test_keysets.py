"""Who holds the shares: proposal, drill, acceptance, publication, through HTTP."""

import pytest

from bidding import keyset
from bidding.client import accept_keyset
from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto.keys import KeyKind, generate
from kernel.log.checkpoint import parse_checkpoint
from kernel.log.entry import parse_entry
from kernel.log.receipt import hashes_of
from kernel.log.tree import verify_inclusion
from kernel.log.trust import read_trust
from tests.worlds.bidding_world import SUITE, BiddingWorld, uscc


@pytest.fixture
async def bw(world) -> BiddingWorld:
    made = BiddingWorld(world)
    await made.make_lot(published=False)
    return made


async def proposed(bw: BiddingWorld) -> None:
    answer = await bw.propose(await bw.make_trustees())
    assert answer.status_code == 201, answer.text
    bw.keyset_id, bw.keyset = answer.json()["id"], answer.json()["keyset"]


async def test_a_keyset_is_published_when_the_last_trustee_has_passed_the_drill(bw):
    await proposed(bw)

    states = [(await bw.accept(trustee)).json()["state"] for trustee in bw.trustees]
    await bw.world.settle()
    shown = (await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/keyset")).json()

    assert states == ["proposed"] * 4 + ["published"]
    assert shown["keyset"] == bw.keyset
    assert b64u_decode(shown["ks"]) == keyset.keyset_hash(bw.keyset)
    assert (bw.keyset["policy"], bw.keyset["k"], len(bw.keyset["trustees"])) == ("both", 3, 5)
    assert (await bw.rows("SELECT keyset FROM trading_lot WHERE id = :lot"))[0].keyset == shown["ks"]
    proof, entry = shown["proof"], shown["proof"]["entry"]
    assert entry["type"] == "keyset.published"
    (detail,) = await bw.entries("keyset.published")
    assert detail == bw.keyset
    checkpoint = parse_checkpoint(proof["checkpoint"], read_trust(bw.world.services.trust))
    leaf = parse_entry(entry).leaf(SUITE)
    path = hashes_of(proof["path"])
    assert verify_inclusion(SUITE, leaf, proof["index"], proof["size"], path, checkpoint.root)


async def test_one_organisation_cannot_hold_enough_seats_to_open(bw):
    accounts = await bw.make_trustees(2)
    same = []
    for i in range(3):
        client = await bw.staff(f"same{i}", "trustee", code=uscc(700_000), organisation="同一单位")
        for purpose in ("sign", "unwrap"):
            key = generate(KeyKind.P256).public.spki
            await client.post("/api/v1/me/keys", json={"purpose": purpose, "spki": b64u_encode(key)})
        same.append((await client.get("/api/v1/me")).json()["id"])

    refused = await bw.propose([*accounts, *same])
    fine = await bw.propose([*accounts, *same[:2]])

    assert (refused.status_code, refused.json()["reason"]) == (422, "organisations")
    assert fine.status_code == 201


async def test_a_person_without_registered_keys_cannot_be_proposed(bw):
    accounts = await bw.make_trustees(2)
    client = await bw.staff("keyless", "trustee", code=uscc(700_001), organisation="某公证处")
    accounts.append((await client.get("/api/v1/me")).json()["id"])

    answer = await bw.propose(accounts)

    assert answer.status_code == 422
    assert "尚未登记" in answer.json()["detail"]


async def test_another_agency_cannot_propose(bw):
    accounts = await bw.make_trustees(3)
    other = await bw.staff("other", "agency", code=uscc(700_002), organisation="另一代理公司")

    body = {"trustees": [{"account": account, "role": "notary"} for account in accounts]}
    answer = await other.post(f"/api/v1/lots/{bw.lot_id}/keyset", json=body)

    assert answer.status_code == 404


async def test_the_drill_fails_with_another_key(bw):
    await proposed(bw)
    trustee = bw.trustees[0]
    drill = (await trustee.client.get(f"/api/v1/keysets/{bw.keyset_id}/drill")).json()

    with pytest.raises(keyset.KeysetError):
        accept_keyset(drill["keyset"], 1, drill["challenge"], generate(KeyKind.P256))
    message = accept_keyset(drill["keyset"], 1, drill["challenge"], trustee.unwrap) | {"proof": b64u_encode(bytes(32))}
    answer = await trustee.client.post(f"/api/v1/keysets/{bw.keyset_id}/accept", json={"jws": trustee.signed(message)})

    assert (answer.status_code, answer.json()["code"]) == (422, "drill-failed")


async def test_nobody_accepts_in_anothers_place(bw):
    await proposed(bw)
    first, second = bw.trustees[:2]
    drill = (await first.client.get(f"/api/v1/keysets/{bw.keyset_id}/drill")).json()
    message = accept_keyset(drill["keyset"], 1, drill["challenge"], first.unwrap)

    stolen = await second.client.post(f"/api/v1/keysets/{bw.keyset_id}/accept", json={"jws": first.signed(message)})
    resigned = await second.client.post(f"/api/v1/keysets/{bw.keyset_id}/accept", json={"jws": second.signed(message)})

    assert (stolen.status_code, stolen.json()["code"]) == (422, "signature-refused")
    assert resigned.status_code == 422


async def test_a_trustee_sees_only_the_own_drill(bw):
    await proposed(bw)
    stranger = await bw.staff("stranger", "trustee", code=uscc(700_003), organisation="无关单位")

    answer = await stranger.get(f"/api/v1/keysets/{bw.keyset_id}/drill")

    assert answer.status_code == 404


async def test_a_new_proposal_replaces_the_old_one(bw):
    await proposed(bw)
    old = bw.keyset_id
    accounts = [(await trustee.client.get("/api/v1/me")).json()["id"] for trustee in bw.trustees[:4]]

    await bw.propose(accounts)
    bw.keyset_id = old
    answer = await bw.accept(bw.trustees[0])

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_after_the_notice_no_keyset_is_replaced(bw):
    await proposed(bw)
    for trustee in bw.trustees:
        await bw.accept(trustee)
    await bw.publish()
    accounts = [(await trustee.client.get("/api/v1/me")).json()["id"] for trustee in bw.trustees]

    assert (await bw.propose(accounts)).status_code == 409
