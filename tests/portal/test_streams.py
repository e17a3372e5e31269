"""Live pages: few per visitor and origin, and those of a signed-in person end with the session."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from sqlalchemy import text

from bidding.pages import halls
from bidding.pages.halls import Place, _stream
from kernel.errors import TooManyRequests
from kernel.web import streams
from kernel.web.streams import EventStream, Streams
from tests.world import World
from tests.worlds.bidding_world import BiddingWorld


def test_each_visitor_each_origin_and_all_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("PER_VISITOR", 2), ("PER_ORIGIN", 3), ("OVERALL", 4)):
        monkeypatch.setattr(streams, name, most)
    room = Streams()

    def refused(visitor: str, origin: str) -> bool:
        try:
            room.require_room(visitor, origin)
        except TooManyRequests:
            return True
        return False

    with room.counted("a", "192.0.2.1") as one, room.counted("a", "192.0.2.2") as two:
        assert (one, two) == (True, True)
        assert refused("a", "192.0.2.3")
        with room.counted("a", "192.0.2.3") as third:
            assert not third
        with room.counted("b", "192.0.2.1"), room.counted("c", "192.0.2.1"):
            assert refused("d", "192.0.2.9")  # all together
        assert not refused("d", "192.0.2.9")
        with room.counted("b", "192.0.2.1"):
            pass
    with room.counted("a", "192.0.2.1"), room.counted("b", "192.0.2.1"), room.counted("c", "::ffff:192.0.2.1"):
        assert refused("d", "192.0.2.1")
        assert not refused("d", "192.0.2.2")
    with pytest.raises(KeyError), room.counted("a", "192.0.2.1"):
        raise KeyError  # whatever ends a stream gives its place back
    assert (room._total, dict(room._open)) == (0, {})


async def _ended(stream: AsyncIterator[Any], within_s: float) -> bool:
    async def drain() -> None:
        async for _ in stream:
            pass

    try:
        await asyncio.wait_for(drain(), within_s)
    except TimeoutError:
        return False
    return True


async def test_the_door_refuses_a_browser_with_too_many_live_pages(world: World, monkeypatch) -> None:
    bw = BiddingWorld(world)
    await bw.make_lot()
    monkeypatch.setattr(streams, "PER_VISITOR", 1)
    client = world.client()
    await client.get("/api/v1/time")

    with world.services.streams.counted(client.cookies["pre"], "192.0.2.1"):
        answer = await client.get(f"/openings/{bw.lot_id}/events")

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"


async def test_a_stream_ends_when_its_session_does(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bw = BiddingWorld(world)
    await bw.make_lot()
    client = await world.signed_in("li.agency", "agency")
    secret = client.cookies["sid"]

    open_ = asyncio.create_task(_ended(_stream(world.services, Place(secret), bw.lot_id), 20))
    public = _stream(world.services, Place(), bw.lot_id)
    still = asyncio.create_task(_ended(public, 3))
    await asyncio.sleep(1)
    assert not open_.done()
    begun = asyncio.get_running_loop().time()
    await client.post("/logout")
    assert await open_
    assert asyncio.get_running_loop().time() - begun < 10  # at once, not at the next heartbeat of fifteen seconds
    assert not await still

    # A session that runs out tells nobody; the next heartbeat notices.
    monkeypatch.setattr(halls, "_HEARTBEAT_S", 0.2)
    client = await world.signed_in("li.agency", "agency")
    async with aclosing(_stream(world.services, Place(client.cookies["sid"]), bw.lot_id)) as stream:
        assert await anext(stream) == streams.ALIVE
        async with world.services.db.begin() as tx:
            await tx.session.execute(text("UPDATE identity_session SET expires_at = now() - interval '1 second'"))
        assert await _ended(stream, 10)


async def test_an_event_stream_ends_with_its_events_with_its_browser_and_with_its_task() -> None:
    async def run(*told: bytes | None, leaves: bool = False, cancelled: bool = False) -> tuple[list[bytes], bool]:
        closed, sent, asked = False, [], asyncio.Event()

        async def events() -> AsyncGenerator[bytes, None]:
            nonlocal closed
            try:
                for item in told:
                    if item is None:
                        asked.set()
                        await asyncio.Event().wait()
                    else:
                        yield item
            finally:
                closed = True

        async def receive() -> Any:
            await (asked if leaves else asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message.get("body", b"head"))

        serving = asyncio.create_task(EventStream(events())({}, receive, send))  # type: ignore[typeddict-item]
        if cancelled:
            await asked.wait()
            serving.cancel()
        await asyncio.wait({serving}, timeout=5)
        assert serving.cancelled() == cancelled
        return sent, closed

    assert await run(b"one", b"two") == ([b"head", b"one", b"two", b""], True)
    assert await run(b"one", None, leaves=True) == ([b"head", b"one"], True)
    assert await run(b"one", None, cancelled=True) == ([b"head", b"one"], True)
