"""Large documents arrive in pieces: through cuts, in any order, from their own parties only, and unchanged."""

import asyncio
import hashlib
import os
from typing import Any

import httpx
import pytest

from kernel.canonical import b64u_encode
from kernel.files import arriving
from kernel.files.arriving import PIECE
from kernel.files.store import content_name
from tests.factories.trading import lot_draft, project_draft
from tests.world import World
from tests.worlds.bidding_world import uscc
from tests.worlds.story_world import Story, make_story

FILE = b"%PDF-1.7 " + os.urandom(2 * PIECE + 77_777)
PIECES = [FILE[at : at + PIECE] for at in range(0, len(FILE), PIECE)]


@pytest.fixture
async def story(world: World) -> Story:
    made = await make_story(world)
    await made.register(project_draft(), lot_draft())
    return made


def announced(name: str = "图纸.pdf", pieces: list[bytes] = PIECES, **changes: Any) -> dict[str, Any]:
    digests = [b64u_encode(hashlib.sha256(piece).digest()) for piece in pieces]
    return {"name": name, "size": sum(map(len, pieces)), "pieces": digests} | changes


async def begin(story: Story, who: httpx.AsyncClient | None = None, **changes: Any) -> httpx.Response:
    return await (who or story.agency).post(f"/api/v1/lots/{story.lot}/documents/pieces", json=announced(**changes))


async def send(story: Story, arrival: str, j: int, data: bytes) -> httpx.Response:
    return await story.agency.put(
        f"/api/v1/pieces/{arrival}/{j}", content=data, headers={"content-type": "application/octet-stream"}
    )


async def test_a_document_comes_through_a_cut_and_out_again_by_ranges(story: Story) -> None:
    first = (await begin(story)).json()
    assert (first["piece"], first["bitmap"]) == (PIECE, "000")
    assert (await send(story, first["id"], 2, PIECES[2])).status_code == 204
    early = await story.agency.post(f"/api/v1/pieces/{first['id']}/document", json={})
    assert (early.status_code, early.json()["missing"]) == (409, 2)

    again = (await begin(story)).json()  # the page was closed, the same file is chosen again
    assert (again["id"], again["bitmap"]) == (first["id"], "001")
    for j in (1, 0, 1):
        assert (await send(story, again["id"], j, PIECES[j])).status_code == 204
    done = await story.agency.post(f"/api/v1/pieces/{again['id']}/document", json={})
    assert done.status_code == 201, done.text

    (kept,) = (await story.agency.get(f"/api/v1/lots/{story.lot}/documents")).json()
    assert (kept["size"], kept["version"]) == (len(FILE), 1)
    assert hashlib.sha256(FILE).hexdigest() in str(kept) or b64u_encode(hashlib.sha256(FILE).digest()) in str(kept)
    path = f"/api/v1/lots/{story.lot}/documents/{kept['id']}"
    whole = await story.agency.get(path)
    assert (whole.status_code, whole.headers["content-length"], whole.content) == (200, str(len(FILE)), FILE)
    for header, status, part in (
        ("bytes=5000000-", 206, FILE[5_000_000:]),
        ("bytes=10-19", 206, FILE[10:20]),
        ("bytes=-7", 206, FILE[-7:]),
        (f"bytes={len(FILE)}-", 416, b""),
        ("bytes=0-1,4-5", 200, FILE),
        ("pieces=1", 200, FILE),
    ):
        answer = await story.agency.get(path, headers={"range": header})
        assert (answer.status_code, answer.content) == (status, part), header
    stale = await story.agency.get(path, headers={"range": "bytes=10-19", "if-range": '"other"'})
    assert (stale.status_code, len(stale.content)) == (200, len(FILE))
    # Nothing is left under way, and the same file again is the next version.
    assert (await story.agency.get(f"/api/v1/pieces/{first['id']}")).status_code == 404
    assert await story.bw.rows("SELECT 1 FROM kernel_arrival") == []
    assert (await begin(story)).json()["bitmap"] == "000"


async def test_what_does_not_fit_is_refused_and_nothing_of_it_stays(story: Story) -> None:
    wrong = [
        announced(size=len(FILE) - PIECE),
        announced(size=0, pieces=[]),
        announced(size=arriving.MOST_BYTES + 1),
        announced() | {"pieces": ["x"]},
        announced() | {"pieces": announced()["pieces"][:2]},
        announced(name="图纸.exe"),
        announced(name="../图纸.pdf"),
        announced() | {"purpose": "secret"},
    ]
    for body in wrong:
        answer = await story.agency.post(f"/api/v1/lots/{story.lot}/documents/pieces", json=body)
        assert answer.status_code in (400, 422), body["name"]
    assert await story.bw.rows("SELECT 1 FROM kernel_arrival") == []

    arrival = (await begin(story)).json()["id"]
    for j, data in ((0, PIECES[1]), (0, PIECES[0][:-1]), (2, PIECES[2] + b"x"), (0, b"")):
        assert (await send(story, arrival, j, data)).status_code == 422
    assert (await send(story, arrival, 3, PIECES[2])).status_code == 404
    assert (await send(story, arrival, 0, PIECES[0] + b"more than a piece")).status_code in (413, 422)
    assert (await story.agency.get(f"/api/v1/pieces/{arrival}")).json()["bitmap"] == "000"

    lie = [b"PK\x03\x04 not a PDF"]
    other = (await begin(story, pieces=lie)).json()["id"]
    assert (await send(story, other, 0, lie[0])).status_code == 204
    refused = await story.agency.post(f"/api/v1/pieces/{other}/document", json={})
    assert refused.status_code == 422
    assert "扩展名" in refused.text
    assert (await story.agency.get(f"/api/v1/pieces/{other}")).status_code == 404, "it is not under way any more"
    files = story.bw.world.services.files
    assert not await files.exists(f"scratch/arrivals/{other}/0")
    assert not await files.exists(content_name(hashlib.sha256(lie[0]).digest()))
    assert (await story.agency.get(f"/api/v1/lots/{story.lot}/documents")).json() == []


async def test_only_the_own_parties_send_and_each_only_its_own(story: Story) -> None:
    arrival = (await begin(story)).json()["id"]
    stranger = await story.bw.staff("other", "agency", code=uscc(900_009), organisation="别的代理")

    assert (await begin(story, stranger)).status_code == 404
    assert (await begin(story, story.firms[0].client)).status_code == 403
    for client in (stranger, story.buyer):
        assert (await client.get(f"/api/v1/pieces/{arrival}")).status_code == 404
        assert (await client.put(f"/api/v1/pieces/{arrival}/0", content=PIECES[0])).status_code == 404
        assert (await client.post(f"/api/v1/pieces/{arrival}/document", json={})).status_code == 404


async def test_what_nobody_goes_on_with_is_thrown_away(story: Story) -> None:
    arrival = (await begin(story)).json()["id"]
    await send(story, arrival, 0, PIECES[0])
    services = story.bw.world.services

    assert await arriving.sweep(services.db, services.files) == 0
    await story.bw.world.clock_by(arriving.KEPT * 2)
    assert await arriving.sweep(services.db, services.files) == 1

    assert not await services.files.exists(f"scratch/arrivals/{arrival}/0")
    assert (await story.agency.get(f"/api/v1/pieces/{arrival}")).status_code == 404


async def test_of_two_who_put_the_same_pieces_together_one_keeps_the_document(story: Story) -> None:
    arrival = (await begin(story)).json()["id"]
    for j, piece in enumerate(PIECES):
        assert (await send(story, arrival, j, piece)).status_code == 204
    path = f"/api/v1/pieces/{arrival}/document"
    answers = await asyncio.gather(story.agency.post(path, json={}), story.agency.post(path, json={}))

    assert sorted(one.status_code for one in answers) == [201, 404]
    kept = (await story.agency.get(f"/api/v1/lots/{story.lot}/documents")).json()
    assert [one["version"] for one in kept] == [1]
