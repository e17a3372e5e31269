"""The page of the rehearsal's clock: it moves forward, keeps what was typed, and is the operator's alone."""

from tests.world import World

HTML = {"accept": "text/html"}


async def test_the_clock_is_moved_from_its_page_and_only_forward(world: World) -> None:
    operator = await world.signed_in("operator", "operator")

    moved = await operator.post("/rehearsal", data={"to": "2031-08-06 14:00"}, headers=HTML)
    page = (await operator.get("/rehearsal", headers=HTML)).text
    back = await operator.post("/rehearsal", data={"to": "2030-01-01 09:00"}, headers=HTML)
    nonsense = await operator.post("/rehearsal", data={"to": "明天"}, headers=HTML)

    assert moved.status_code == 303
    assert "2031-08-06 14:00" in page
    assert back.status_code == nonsense.status_code == 422
    assert "只能向前调整" in back.text
    assert 'value="2030-01-01 09:00"' in back.text
    assert 'value="明天"' in nonsense.text


async def test_nobody_else_moves_it(world: World) -> None:
    agent = await world.signed_in("agent", "agency")

    assert (await agent.post("/rehearsal", data={"to": "2031-08-06 14:00"}, headers=HTML)).status_code == 403
