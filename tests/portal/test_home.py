"""The home page and the display mode."""

import re

from tests.world import World


async def test_the_home_page_works_on_an_empty_installation(world: World) -> None:
    answer = await world.client().get("/", headers={"accept": "text/html"})

    assert answer.status_code == 200
    assert "演练模式" in answer.text
    assert "<script>" not in answer.text


async def test_the_display_mode_is_kept_and_leads_nowhere_outside(world: World) -> None:
    client = world.client()
    await client.get("/")

    answer = await client.post("/mode", data={"mode": "elder"}, headers={"referer": "http://testserver//evil.example"})

    assert answer.headers["location"] == "/"
    assert 'data-mode="elder"' in (await client.get("/")).text


async def test_a_page_that_does_not_exist_says_so_in_words(world: World) -> None:
    answer = await world.client().get("/no-such-page", headers={"accept": "text/html"})

    assert answer.status_code == 404
    assert "没有找到这个页面" in answer.text


async def test_the_api_describes_itself(world: World) -> None:
    answer = await world.client().get("/schema/openapi.json")

    assert answer.status_code == 200
    assert "/api/v1/time" in answer.json()["paths"]


async def test_every_file_that_the_home_page_names_is_there(world: World) -> None:
    client = world.client()
    page = (await client.get("/")).text
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))

    answers = {path: await client.get(path) for path in named}

    assert len(named) >= 7
    assert {answer.status_code for answer in answers.values()} == {200}
    assert all("immutable" in answer.headers["cache-control"] for answer in answers.values())


async def test_the_entrance_to_verification_finds_nothing_kindly(world: World) -> None:
    answer = await world.client().get("/verify", params={"q": "no such number"}, headers={"accept": "text/html"})

    assert answer.status_code == 200
    assert "没有找到这个编号" in answer.text


async def test_an_unknown_receipt_and_a_sealed_one_look_the_same(world: World) -> None:
    client = world.client()

    unknown = await client.get("/verify/receipts/" + "A" * 43, headers={"accept": "text/html"})
    nonsense = await client.get("/verify/receipts/nonsense", headers={"accept": "text/html"})

    assert unknown.status_code == nonsense.status_code == 404
    assert "没有这个编号的回执" in unknown.text


async def test_the_guide_is_there_under_all_its_names(world: World) -> None:
    client = world.client()

    for path in ("/help", "/accessibility", "/contact"):
        assert (await client.get(path)).status_code == 200


async def test_values_that_no_database_holds_are_refused_in_words(world: World) -> None:
    client = world.client()

    large = await client.get("/ledger", params={"before": 10**20}, headers={"accept": "text/html"})
    strange = await client.get("/verify", params={"q": "\x00"}, headers={"accept": "text/html"})

    assert large.status_code == 422
    assert strange.status_code in (200, 422)


async def test_everybody_finds_the_way_in_from_the_home_page(world: World) -> None:
    client = world.client()
    home = (await client.get("/", headers={"accept": "text/html"})).text
    doors = {"/login": "/login", "/bidding/login": "licfile", "/e/login": 'name="code"'}

    for path, mark in doors.items():
        assert f'href="{path}"' in home
        page = await client.get(path, headers={"accept": "text/html"})
        assert mark in page.text
        assert {other for other in doors if f'href="{other}"' in page.text} >= set(doors) - {path}, path
    for words in ("投标人", "招标人、代理机构", "评标专家", "监督、检查人员", "开标见证人", "交易中心工作人员"):
        assert f"我是{words}" in home
