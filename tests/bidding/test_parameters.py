"""Parameters drawn in public: after the deadline, before any price; replayed by anybody; in record and formula."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from bidding import facade as bidding
from experts.price_formulas import PriceMethod
from experts.summary import price_rule_of
from kernel.canonical import b64u_encode, jcs
from kernel.crypto import jws, random_bytes
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from kernel.draw import records, verify_draw
from kernel.draw.seed import commit_hash
from kernel.draw.spec import read_spec
from kernel.drawbook.vault import Vault
from tests.bidding.test_opening import PRICES
from tests.worlds.bidding_world import SUITE, BiddingWorld, uscc
from trading import facade as trading
from trading.criteria import check_lot
from trading.pages.registering import lot_of
from trading.parameters import BadParameter, parameters_of
from trading.procedures.book import Combination, current
from trading.vocabulary import LotKind, Regime, TenderMethod

K = {"name": "K", "label": "下浮系数", "unit": "", "basis": "招标文件第三章 2.2", "target": "k"}
RULE = {"method": "P-FLOAT", "full": "60", "e1": "1", "e2": "0.5"}
VALUES = ["0.01", "0.02", "0.03", "0.04", "0.05"]
HTML = {"accept": "text/html"}

DEFINITION = current(Combination(Regime.ZTB, LotKind.GOODS, TenderMethod.OPEN, False), date(2026, 7, 1))


class Contributor:
    """Somebody who contributes a random value."""

    def __init__(self, bw: BiddingWorld, client, party: str) -> None:
        self.bw, self.client, self.party = bw, client, party
        self.key: PrivateKey = generate(KeyKind.P256)
        self.value = random_bytes(32)

    async def register(self) -> None:
        body = {"purpose": "sign", "spki": b64u_encode(self.key.public.spki)}
        assert (await self.client.post("/api/v1/me/keys", json=body)).status_code == 201

    async def commit(self, draw: str):
        spec = (await self.client.get(f"/api/v1/draws/{draw}")).json()["spec"]
        payload = records.commit_payload(read_spec(spec), self.party, commit_hash(spec, self.party, self.value))
        header = {"kid": SUITE.kid(self.key.public.spki)}
        token = jws.sign(SUITE, records.COMMIT_TYP, payload, self.key, "ES256", header)
        return await self.client.post(f"{base(self.bw)}/commits", json={"jws": token})

    async def reveal(self):
        body = {"party": self.party, "r": b64u_encode(self.value)}
        return await self.client.post(f"{base(self.bw)}/reveals", json=body)


def base(bw: BiddingWorld) -> str:
    return f"/api/v1/lots/{bw.lot_id}/opening/parameters"


@pytest.fixture
async def bw(world) -> BiddingWorld:
    world.services.plugins.setdefault("vault", Vault(generate(KeyKind.P256)))
    return BiddingWorld(world)


async def sealed_with_k(bw: BiddingWorld) -> list:
    """A lot whose floating share is drawn, with three bids."""
    await bw.open_for_bids()
    rule = RULE | {"parameters": [K | {"values": VALUES}]}
    async with bw.db.begin() as tx:
        await tx.session.execute(
            text("UPDATE trading_lot SET price_method = cast(:rule AS jsonb) WHERE id = :lot"),
            {"rule": json.dumps(rule), "lot": bw.lot_id},
        )
    bidders = [await bw.bidder(n) for n in range(1, 4)]
    for bidder, price in zip(bidders, PRICES, strict=True):
        await bw.submit(bidder, price=price)
    return bidders


async def contributors(bw: BiddingWorld) -> tuple[Contributor, Contributor]:
    supervisor = await bw.staff("supervisor", "supervisor", code=uscc(600_000), organisation="监督局")
    made = Contributor(bw, await bw.agency(), "agency"), Contributor(bw, supervisor, "supervisor")
    for one in made:
        await one.register()
    return made


async def test_a_parameter_is_drawn_while_the_bids_are_sealed_and_anybody_replays_it(bw):
    bidders = await sealed_with_k(bw)
    agency, supervisor = await contributors(bw)
    start = {"minutes": 60}
    early = await agency.client.post(f"{base(bw)}/draw", json=start)
    await bw.close()
    foreign = await bw.staff("other", "agency", code=uscc(900_777), organisation="别的代理机构")
    refused = [await one.post(f"{base(bw)}/draw", json=start) for one in (foreign, supervisor.client)]
    frozen = await agency.client.post(f"{base(bw)}/draw", json=start)
    twice = await agency.client.post(f"{base(bw)}/draw", json=start)
    draw = frozen.json()["draw"]
    too_early = await agency.reveal()
    assert (await agency.commit(draw)).status_code == 200
    for bidder in bidders:
        assert (await bw.release(bidder)).status_code == 200
    await bw.end_window()
    held = (await bw.opening())["stage"]
    heads = await bw.trustees[0].client.get(f"/api/v1/lots/{bw.lot_id}/headers")

    assert [one.status_code for one in (early, *refused, frozen, twice, too_early)] == [409, 404, 403, 201, 409, 409]
    assert early.json()["code"] == "too-early"
    assert (held, heads.status_code) == ("releasing", 409)  # nobody gets anything to open before the draw
    assert (await supervisor.commit(draw)).status_code == 200
    assert (await agency.client.post(f"{base(bw)}/close")).status_code == 200
    late = await supervisor.commit(draw)
    wrong = await supervisor.client.post(
        f"{base(bw)}/reveals", json={"party": "supervisor", "r": b64u_encode(bytes(32))}
    )
    stolen = await agency.client.post(
        f"{base(bw)}/reveals", json={"party": "supervisor", "r": b64u_encode(supervisor.value)}
    )
    assert (late.status_code, wrong.status_code, stolen.status_code) == (409, 422, 403)
    assert (await agency.reveal()).json() == {"drawn": False}
    await bw.world.settle()
    assert (await bw.opening())["stage"] == "releasing"
    assert (await supervisor.reveal()).json() == {"drawn": True}
    await bw.world.settle()
    for trustee in bw.trustees[:3]:
        assert (await bw.share(trustee)).status_code == 200
    await bw.world.settle()

    (told,) = (await bw.world.client().get(base(bw))).json()
    assert told["value"] in VALUES
    hall = (await bw.world.client().get(f"/openings/{bw.lot_id}", headers=HTML)).text
    assert f'下浮系数 K：<a href="/verify/draws/{draw}">{told["value"]}</a>' in hall
    public = (await bw.world.client().get(f"/verify/draws/{draw}", headers=HTML)).text
    assert told["value"] in public
    files = f"/api/v1/verify/draws/{draw}"
    transcript = (await bw.world.client().get(f"{files}/transcript.json")).json()
    pool = (await bw.world.client().get(f"{files}/pool.json")).json()
    assert verify_draw(transcript, pool, bw.world.services.trust).signed
    (leaf,) = transcript["output"]["groups"][0]
    assert next(entry["p"]["value"] for entry in pool if entry["l"] == leaf) == told["value"]
    read = (await bw.world.client().get(f"/api/v1/lots/{bw.lot_id}/opening/draft")).json()["draft"]
    assert [(one["name"], one["value"], one["spec"]) for one in read["parameters"]] == [
        ("K", told["value"], b64u_encode(SUITE.hash(b"OTD1/spec\0" + jcs(transcript["spec"]))))
    ]
    order = await bw.rows(
        "SELECT type FROM audit_entry WHERE type IN"
        " ('bid.close', 'draw.close', 'draw.result', 'bid.window-closed', 'bid.opened') ORDER BY id"
    )
    assert [row.type for row in order] == ["bid.close", "draw.close", "draw.result", "bid.window-closed", "bid.opened"]
    async with bw.db.begin_read_only() as tx:
        lot = await trading.get_lot(tx, bw.lot_id)
        rule = price_rule_of(replace(lot, price_method=await bidding.drawn_rule(tx, lot)))
    assert (rule.method, rule.k) == (PriceMethod.FLOATING, Decimal(told["value"]))
    page = await agency.client.get(f"/openings/{bw.lot_id}/parameters", headers=HTML)
    assert "结果已由公开的规则" in page.text


async def test_whoever_spoils_an_attempt_by_silence_is_out_of_the_next_one(bw):
    await sealed_with_k(bw)
    agency, supervisor = await contributors(bw)
    await bw.close()
    draw = (await agency.client.post(f"{base(bw)}/draw", json={"minutes": 1})).json()["draw"]
    for one in (agency, supervisor):
        assert (await one.commit(draw)).status_code == 200
    assert (await agency.client.post(f"{base(bw)}/close")).status_code == 200
    assert (await agency.reveal()).status_code == 200
    alive = await agency.client.post(f"{base(bw)}/void")
    await bw.end_window()  # the supervisor stays silent for longer than the rules allow
    voided = await agency.client.post(f"{base(bw)}/void")
    again = await agency.client.post(f"{base(bw)}/draw", json={"minutes": 10})
    outsider = await (await bw.staff("other", "agency", code=uscc(900_777), organisation="别的代理机构")).post(
        f"{base(bw)}/void"
    )

    assert (alive.status_code, voided.status_code, voided.json()) == (409, 200, {"reason": "not-revealed"})
    assert again.status_code == 422
    assert "使抽取作废的单位不能再参与" in again.json()["detail"]
    assert outsider.status_code == 404
    assert (await bw.opening())["stage"] == "releasing"


async def test_another_supervising_body_takes_the_place_of_one_that_spoilt_an_attempt(bw):
    await sealed_with_k(bw)
    agency, _ = await contributors(bw)
    other = await bw.staff("other-supervisor", "supervisor", code=uscc(600_001), organisation="另一监督局")
    await Contributor(bw, other, "supervisor").register()
    await bw.close()
    draw = (await agency.client.post(f"{base(bw)}/draw", json={"minutes": 1})).json()["draw"]
    assert (await agency.commit(draw)).status_code == 200
    await bw.end_window()  # the supervisor who was asked first says nothing
    voided = await agency.client.post(f"{base(bw)}/void")
    again = await agency.client.post(f"{base(bw)}/draw", json={"minutes": 10})

    assert voided.json() == {"reason": "too-few"}
    assert again.status_code == 201, again.text
    page = (await bw.world.client().get(f"/lots/{bw.lot_id}", headers=HTML)).text
    assert "开标随机参数抽取 CS-" in page  # no draw of experts
    spec = (await agency.client.get(f"/api/v1/draws/{again.json()['draw']}")).json()["spec"]
    assert {one["org"] for one in spec["contributors"] if one["party"] == "supervisor"} == {uscc(600_001)}


def test_parameters_are_exact_decimals_with_a_basis():
    (one,) = parameters_of(RULE | {"parameters": [K | {"from": "0.01", "to": "0.05", "step": "0.01"}]})
    assert one.values == tuple(VALUES)
    (choice,) = parameters_of(
        {"method": "P-AVG", "parameters": [K | {"name": "F", "target": "method", "values": ["P-AVG", "P-TRIM"]}]}
    )
    assert choice.values == ("P-AVG", "P-TRIM")
    assert parameters_of({"method": "P-AVG"}) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"values": ["0.01"]},
        {"values": ["0.01", "0.01"]},
        {"values": ["0.01", "1.5"]},
        {"values": ["0.01", "1e-2"]},
        {"values": ["0.01", 0.02]},
        {"values": ["0.01", "0.02"], "basis": " "},
        {"values": ["0.01", "0.02"], "target": "full"},
        {"values": ["0.01", "0.02"], "name": "系数"},
        {"values": ["0.01", "0.02"], "more": "x"},
        {"from": "0.05", "to": "0.01", "step": "0.01"},
        {"from": "0.01", "to": "0.05", "step": "0.03"},
        {"from": "0", "to": "0.9", "step": "0.000001"},
    ],
)
def test_a_parameter_that_means_nothing_is_refused(change):
    with pytest.raises(BadParameter):
        parameters_of(RULE | {"parameters": [K | change]})


def test_the_registration_form_asks_for_the_values_and_their_basis():
    typed = {"price_method": "P-FLOAT", "e1": "1", "e2": "0.5", "k_values": "0.01、0.02 0.03", "k_basis": "第三章 2.2"}
    lot, empty = lot_of(typed), lot_of({"price_method": "P-FLOAT"})

    (one,) = parameters_of(lot.price_method)
    assert (one.values, one.target, one.basis) == (("0.01", "0.02", "0.03"), "k", "第三章 2.2")
    faults = dict(check_lot(empty, DEFINITION))
    assert "依据" in faults["parameters"]
    assert "parameters" not in dict(check_lot(lot, DEFINITION))


def test_a_floating_benchmark_needs_its_share_once():
    for rule in (RULE, RULE | {"k": "0.03", "parameters": [K | {"values": VALUES}]}):
        with pytest.raises(BadParameter):
            parameters_of(rule)
    with pytest.raises(BadParameter):
        parameters_of({"method": "P-AVG", "parameters": [K | {"values": VALUES}]})
