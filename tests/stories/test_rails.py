"""Navigation shows what one may do and nothing else: every entry of every role's rail leads to a page of theirs.

Experts are walked in tests/experts/test_whole_evaluation.py, inspectors and contributors in
tests/supervision/test_story.py.
"""

import pytest

from bidding.holders import RegisteredHolders
from portal.homes import HOMES
from tests.factories.trading import (
    AGENCY,
    BUYER,
    make_evaluated_lot,
    make_lot,
    make_lot_in_publicity,
    make_planned_lot,
    make_published_lot,
    project_draft,
    uscc,
)
from tests.world import World
from tests.worlds.bidding_world import BiddingWorld
from tests.worlds.rails import walk_rails


@pytest.mark.parametrize(("role", "home"), [(role, home) for role, _, home in HOMES])
async def test_a_new_person_finds_no_locked_door(world: World, role: str, home: str) -> None:
    code = uscc(AGENCY[0][:17])
    client = await world.signed_in(role, role, uscc=code, organisation=AGENCY[1])

    seen, faults = await walk_rails(client, home)

    assert faults == []
    assert "/inbox" in seen
    assert ("/a/projects/new" in seen) == (role == "procuring_entity")
    assert ("/rehearsal" in seen) == (role == "operator")


async def test_the_walk_finds_a_locked_door(world: World) -> None:
    client = await world.signed_in("agent", "agency", uscc=uscc(AGENCY[0][:17]), organisation=AGENCY[1])

    assert (await walk_rails(client, "/a/projects/new"))[1] == ["/a/projects/new → 403"]


async def test_who_has_several_roles_reaches_every_workbench(world: World) -> None:
    client = await world.signed_in("many", "agency", "trustee", uscc=uscc(AGENCY[0][:17]), organisation=AGENCY[1])

    seen, faults = await walk_rails(client, "/a")

    assert faults == []
    assert {"/a", "/w"} <= seen


async def test_a_room_of_the_parties_has_no_locked_door_at_any_stage(world: World) -> None:
    people = [
        await world.signed_in(role, role, uscc=uscc(who[0][:17]), organisation=who[1])
        for role, who in (("agency", AGENCY), ("procuring_entity", BUYER))
    ]
    makers = (make_lot, make_planned_lot, make_published_lot, make_evaluated_lot, make_lot_in_publicity)

    for number, maker in enumerate(makers):
        async with world.services.db.begin() as tx:
            lot = await maker(tx, project=project_draft(number=f"YL-2026-{number:04d}"))
        for client in people:
            seen, faults = await walk_rails(client, f"/a/lots/{lot.lot_id}")
            assert faults == [], maker.__name__
            assert {f"/a/lots/{lot.lot_id}{path}" for path in ("/hall", "/committee", "/keyset")} <= seen


async def test_a_bidders_room_has_no_locked_door_at_any_stage(world: World) -> None:
    bw = BiddingWorld(world)
    world.services.plugins["holders"] = RegisteredHolders()
    await bw.open_for_bids()
    stranger = await bw.company(99)
    await bw.sign_in(stranger)
    bidders = [await bw.bidder(n) for n in range(1, 4)]
    room = f"/b/lots/{bw.lot_id}"

    async def walk(stage: str) -> None:
        for client in (stranger.client, bidders[0].client):
            seen, faults = await walk_rails(client, room)
            assert faults == [], stage
            assert (f"{room}/submit" in seen) == (client is bidders[0].client)
        for client, home in ((await bw.agency(), f"/a/lots/{bw.lot_id}"), (bw.trustees[0].client, "/w")):
            assert (await walk_rails(client, home))[1] == [], stage

    await walk("registered")
    for bidder in bidders:
        await bw.submit(bidder)
    await walk("sealed")
    await bw.close()
    await walk("releasing")
    for bidder in bidders:
        await bw.release(bidder)
    await bw.end_window()
    await walk("combining")
    for trustee in bw.trustees[:3]:
        await bw.share(trustee)
    await world.settle()
    await walk("opened")
