"""Before the opening nobody learns how many bid, who, or when: every route, as every role, without and with bids.

A lot is looked at twice by everybody who is no bidder of it: when nobody has registered, and when seven have, of whom
five have a bid in force, one has withdrawn and one was refused. Every answer must be the same, word for word, except
for what moves by itself (clock, form tokens) and the size of the one log for the whole platform.

Source: R-ET-05; crypto.md §5.1, §7, §13 attack 22.
"""

import difflib
import re
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import text

from kernel.canonical import b64u_encode
from tests.worlds.bidding_world import Bidder, BiddingWorld, uscc

pytestmark = pytest.mark.slow

#: What moves by itself: instants, clocks, tokens, numbers of errors, countdowns.
_MOVING = re.compile(
    r"\d{4}-\d{2}-\d{2}T[\d:.]+Z|DTSTAMP:\d{8}T\d{6}Z|\d{1,2}:\d{2}(:\d{2})?(\.\d+)?|urn:uuid:[0-9a-f-]{36}|"
    r'(?<=name="_csrf" value=")[^"]*|(?<=data-csrf=")[^"]*|\d+ 天|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}'
    r"|\d{4}年\d{1,2}月\d{1,2}日( 星期.)?"
)
#: One log for the whole platform: its size tells how much happens, not what (crypto.md §5.1). Time, challenges and
#: static files say nothing of bids; the stream never ends, and its own test listens to it. The party library shows the
#: trading centre, which keeps it, every firm that has registered with the platform; for which lot, nothing says.
_APART = {
    "/api/v1/time",
    "/health/ready",
    "/log/checkpoint",
    "/log/tile/{path}",
    "/log/proof",
    "/log/consistency",
    "/ledger",
    "/verify",
    "/",
    "/api/v1/auth/licence/challenge",
    "/static/{version}/{path}",
    "/openings/{lot_id}/events",
    "/c/parties",
    "/c/parties.csv",
}
#: These are apart because of the log's size; no name of a bidder may stand in them either.
_NAMELESS = ("/metrics", "/health/ready", "/log/checkpoint", "/ledger", "/verify", "/", "/log/tile/0/000")


@pytest.fixture
async def bw(world) -> BiddingWorld:
    return BiddingWorld(world)


async def audience(bw: BiddingWorld) -> dict[str, httpx.AsyncClient]:
    """Everybody who might look: each role, and a bidder of another matter."""
    found = {"public": bw.world.client(), "agency": await bw.agency(), "trustee": bw.trustees[0].client}
    for number, role in enumerate(("procuring_entity", "supervisor", "expert", "inspector", "centre", "operator")):
        found[role] = await bw.staff(role, role, code=uscc(300_000 + number), organisation=f"{role} 单位")
    found["own buyer"] = await bw.staff("buyer", "procuring_entity", code=uscc(900_001), organisation="招标人")
    stranger = await bw.company(99)
    await bw.sign_in(stranger)
    found["another bidder"] = stranger.client
    return found


def paths(bw: BiddingWorld, ids: dict[str, Any]) -> list[str]:
    """Every address that can be read, with what is known filled in."""
    found = set()
    for route in bw.world.app.routes:
        if not isinstance(route, HTTPRoute) or route.path_format in _APART:
            continue
        if not any("GET" in handler.http_methods for handler in route.route_handlers):
            continue
        found.add(re.sub(r"{(\w+)}", lambda match: str(ids.get(match[1], uuid.UUID(int=7))), route.path_format))
    assert len(found) > 60
    return sorted(found)


async def look(client: httpx.AsyncClient, path: str) -> str:
    """What somebody sees: status, kind and content, without what moves by itself."""
    parts = []
    for accept in ("application/json", "text/html"):
        answer = await client.get(path, headers={"accept": accept})
        assert answer.status_code < 500, (path, answer.text[-300:])
        parts.append(f"{answer.status_code} {answer.headers.get('content-type')} {_MOVING.sub('~', answer.text)}")
    return "\n".join(parts)


async def walk_of(everybody: dict[str, httpx.AsyncClient], walk: list[str]) -> dict[tuple[str, str], str]:
    """What everybody sees everywhere. A trustee who asks for heads too early is reported: he does not ask here."""
    return {
        (who, path): await look(client, path)
        for who, client in everybody.items()
        for path in walk
        if not (who == "trustee" and path.endswith("/headers"))
    }


def differences(before: dict[tuple[str, str], str], after: dict[tuple[str, str], str]) -> list[Any]:
    """Where something changed, with the lines that did."""
    return [
        (key, [line for line in difflib.ndiff(before[key].splitlines(), after[key].splitlines()) if line[0] in "+-"])
        for key in before
        if before[key] != after[key]
    ]


async def tables(bw: BiddingWorld) -> dict[str, int]:
    """How many rows supervision's own login sees in every table."""
    counts = {}
    async with bw.db.begin_read_only(oversight=True) as tx:
        names = await tx.session.execute(
            text(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'public' AND c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT')"
            )
        )
        for name in names.scalars():
            counts[name] = (await tx.session.execute(text(f'SELECT count(*) FROM "{name}"'))).scalar_one()
    return counts


async def seven_bidders(bw: BiddingWorld, companies: list[Bidder]) -> None:
    """Seven take part: five bid, one withdraws, one is refused; some of them are new on the platform."""
    for company in companies:
        assert (await bw.sign_in(company)).status_code == 200
        answer = await company.client.post(f"/api/v1/lots/{bw.lot_id}/interest", json={})
        company.pseudonym = answer.json()["bidder"]
    for company in companies[:6]:
        await bw.submit(company)
    await bw.submit(companies[0], price="1.00")
    await bw.withdraw(companies[5])
    await bw.prepare(companies[6])
    refused = await bw.send(companies[6], bw.message(companies[6], rev=9))
    assert refused.status_code == 409 or refused.status_code == 422
    await bw.world.settle()


async def test_nobody_learns_number_identity_or_time_of_bids_before_the_opening(bw):
    await bw.open_for_bids()
    companies = [await bw.company(n) for n in range(1, 8)]
    for company in companies[:4]:
        await bw.sign_in(company)
    everybody = await audience(bw)
    await bw.world.settle()
    ids: dict[str, Any] = {
        "lot_id": bw.lot_id,
        "keyset_id": bw.keyset_id,
        "slot": "form",
        "digest": b64u_encode(bytes(32)),
    }
    walk = paths(bw, ids)

    before = await walk_of(everybody, walk)
    rows_before = await tables(bw)
    await seven_bidders(bw, companies)
    await bw.world.clock_by(timedelta(seconds=5))
    after = await walk_of(everybody, walk)
    rows_after = await tables(bw)

    assert differences(before, after) == []
    grown = {name for name in rows_before if rows_before[name] != rows_after[name]}
    assert grown <= {"log_leaf", "log_tile", "log_checkpoint"}
    names = [word for company in companies for word in (company.name, company.uscc, company.pseudonym)]
    for path in _NAMELESS:
        for who, client in everybody.items():
            answer = await client.get(path)
            assert not [word for word in names if word in answer.text], (who, path)


async def test_nobody_reads_anothers_bid_by_its_address(bw):
    await bw.open_for_bids()
    companies = [await bw.company(n) for n in range(1, 8)]
    for company in companies:
        await bw.sign_in(company)
    everybody = await audience(bw)
    await seven_bidders(bw, companies)
    uploads = await bw.rows("SELECT id FROM bidding_upload LIMIT 2")
    bids = await bw.rows("SELECT id FROM bidding_bid LIMIT 2")
    lot = f"/api/v1/lots/{bw.lot_id}"
    known = [
        *(f"/api/v1/uploads/{row.id}" for row in uploads),
        *(f"/api/v1/receipts/{b64u_encode(company.head)}" for company in companies[:3]),
        *(f"/b/receipts/{b64u_encode(company.head)}" for company in companies[:3]),
        *(f"{lot}/bids/{row.id}/files/file" for row in bids),
        *(f"{lot}/bids/{row.id}/envelopes/form" for row in bids),
    ]

    for who, client in {**everybody, "a competitor": companies[6].client}.items():
        for path in known:
            answer = await client.get(path)
            assert answer.status_code in (401, 403, 404), (who, path, answer.status_code)


async def test_a_bidder_sees_the_own_bid_and_no_trace_of_the_others(bw):
    await bw.open_for_bids()
    one, *others = [await bw.bidder(n) for n in range(1, 4)]
    await bw.submit(one)
    await bw.world.settle()
    walk = paths(bw, {"lot_id": bw.lot_id, "digest": b64u_encode(one.head), "slot": "form"})

    before = {path: await look(one.client, path) for path in walk}
    for other in others:
        await bw.submit(other)
    await bw.world.settle()
    after = {path: await look(one.client, path) for path in walk}

    assert [path for path in before if before[path] != after[path]] == []


async def test_between_close_and_opening_the_public_still_sees_nothing(bw):
    await bw.open_for_bids()
    bidders = [await bw.bidder(n) for n in range(1, 6)]
    for bidder in bidders:
        await bw.submit(bidder)
    await bw.close()
    everybody = await audience(bw)
    walk = paths(bw, {"lot_id": bw.lot_id, "keyset_id": bw.keyset_id, "slot": "form"})
    names = [word for bidder in bidders for word in (bidder.name, bidder.uscc, bidder.pseudonym)]

    before, rows_before = await walk_of(everybody, walk), await tables(bw)
    for bidder in bidders[:4]:
        assert (await bw.release(bidder)).status_code == 200
        assert (await bidder.client.post(f"/api/v1/lots/{bw.lot_id}/opening/presence")).status_code == 200
    after = await walk_of(everybody, walk)

    assert differences(before, after) == []
    grown = {name for name, count in (await tables(bw)).items() if count != rows_before[name]}
    assert grown <= {"log_leaf", "log_tile", "log_checkpoint"}
    assert [(key, word) for key, seen in after.items() for word in names if word in seen] == []
