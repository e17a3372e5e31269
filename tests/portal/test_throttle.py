"""Limits on sign-ins: counted before the attempt, per browser, origin and login; proxies are believed only if ours."""

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from kernel.identity import throttle
from kernel.web.origin import Proxies, origin_of
from tests.world import METRICS_TOKEN, PASSWORD, World

PROXIES = Proxies(["10.0.0.0/8", "fd00::/8"])


async def attempt(
    client: httpx.AsyncClient, password: str, login: str = "li.agency", *, code: str = "", **headers: str
) -> httpx.Response:
    if "csrf" not in client.cookies:
        await client.get("/api/v1/time")
    body = {"login": login, "password": password, "code": code}
    return await client.post("/api/v1/auth/password", json=body, headers=headers)


async def test_a_hundred_guesses_at_the_same_moment_count_as_a_hundred(world: World) -> None:
    await world.signed_in("li.agency", "agency")
    guesser = world.client("198.51.100.7")
    await guesser.get("/api/v1/time")

    answers = await asyncio.gather(*(attempt(guesser, f"guess number {n}") for n in range(30)))

    assert [answer.status_code for answer in answers].count(403) == throttle.PAIR[0]
    assert {answer.status_code for answer in answers} == {403, 429}


async def test_guessing_from_everywhere_keeps_strangers_out_and_nobody_who_was_here_before(world: World) -> None:
    mine = await world.signed_in("li.agency", "agency")
    holds = throttle.LOGIN[0]
    codes = []
    for n in range(holds + 3):
        codes.append((await attempt(world.client(f"203.0.113.{n}"), "not this one")).status_code)

    assert codes == [403] * holds + [429] * 3
    # A stranger waits even with the right password; the own browser and the own origin do not.
    stranger = await attempt(world.client("192.0.2.1"), PASSWORD, code=await world.code("li.agency"))
    assert stranger.status_code == 429
    assert int(stranger.headers["retry-after"]) > 60
    elsewhere = world.client("192.0.2.2")
    elsewhere.cookies.set("dev", mine.cookies["dev"])
    assert (await attempt(elsewhere, PASSWORD, code=await world.code("li.agency"))).status_code == 200
    assert (await attempt(world.client("127.0.0.1"), PASSWORD, code=await world.code("li.agency"))).status_code == 200


async def test_a_neighbour_behind_the_same_address_cannot_lock_a_known_browser_out(world: World) -> None:
    mine = await world.signed_in("li.agency", "agency")
    neighbour = world.client()
    while (await attempt(neighbour, "not this one")).status_code != 429:
        pass

    assert (await attempt(world.client(), PASSWORD, code=await world.code("li.agency"))).status_code == 429
    assert (await attempt(mine, PASSWORD, code=await world.code("li.agency"))).status_code == 200


async def test_a_browser_is_known_for_its_own_login_only_and_has_few_tries_as_well(world: World) -> None:
    mine = await world.signed_in("li.agency", "agency")
    await world.signed_in("wang.expert", "expert")
    stolen = mine.cookies["dev"]
    thief = world.client("198.51.100.9")
    thief.cookies.set("dev", stolen)

    codes = [(await attempt(thief, "not this one")).status_code for _ in range(7)]
    assert codes == [403] * 5 + [429] * 2
    # The mark says nothing of another login, and a forged one says nothing at all.
    key = world.services.csrf_key
    assert throttle.device_of(key, "li.agency", stolen)
    assert not throttle.device_of(key, "wang.expert", stolen)
    assert not throttle.device_of(b"x" * 32, "li.agency", stolen)
    assert not throttle.device_of(key, "li.agency", stolen.swapcase())
    both = throttle.remember_device(key, "wang.expert", stolen)
    assert throttle.device_of(key, "wang.expert", both)
    assert throttle.device_of(key, "li.agency", both) == throttle.device_of(key, "li.agency", stolen)
    assert throttle.remember_device(key, "li.agency", both) == both
    for n in range(9):
        both = throttle.remember_device(key, f"login {n}", both)
    assert len(both.split("~")) == 4


async def test_one_password_on_many_logins_ends_at_the_origin(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "ORIGIN", (6, throttle.ORIGIN[1]))
    sprayer = world.client("2001:db8:1:2::7")
    codes = [(await attempt(sprayer, "password of the year", f"login {n}")).status_code for n in range(8)]

    assert codes == [403] * 6 + [429] * 2
    same_customer, another = world.client("2001:db8:1:2:ffff::9"), world.client("2001:db8:1:3::7")
    assert (await attempt(same_customer, "password of the year", "login 9")).status_code == 429
    assert (await attempt(another, "password of the year", "login 9")).status_code == 403


async def test_a_refused_attempt_fills_nothing_and_time_empties(world: World) -> None:
    await world.signed_in("li.agency", "agency")
    guesser = world.client("198.51.100.7")
    for _ in range(9):
        await attempt(guesser, "not this one")

    async def level(name: str) -> float:
        async with world.services.db.begin_read_only() as tx:
            bucket = throttle.Bucket(name, *throttle.PAIR)
            query = text("SELECT level FROM identity_throttle WHERE key = :key")
            return float((await tx.session.execute(query, {"key": bucket.key})).scalar_one())

    assert 4.9 < await level("pair\0li.agency\x00198.51.100.7") <= 5
    assert await level("origin\x00198.51.100.7") <= 5
    async with world.services.db.begin() as tx:
        back = text("UPDATE identity_throttle SET at = at - interval '4 minutes'")
        await tx.session.execute(back)
    assert (await attempt(guesser, PASSWORD, code=await world.code("li.agency"))).status_code == 200
    assert (await attempt(guesser, "not this one")).status_code == 403


async def test_only_a_proxy_of_ours_says_where_somebody_comes_from(world: World) -> None:
    await world.signed_in("li.agency", "agency")
    liar = world.client("198.51.100.7")
    codes = []
    for n in range(7):
        headers = {
            "x-forwarded-for": f"203.0.113.{n}",
            "x-real-ip": f"203.0.113.{n}",
            "forwarded": f"for=203.0.113.{n}",
        }
        codes.append((await attempt(liar, "not this one", **headers)).status_code)

    assert codes == [403] * 5 + [429] * 2


@pytest.mark.parametrize(
    "peer,forwarded,origin",
    [
        ("198.51.100.7", ["203.0.113.5"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["192.0.2.9, 203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["192.0.2.9", "203.0.113.5, 10.9.9.9"], "203.0.113.5"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.5, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("::ffff:10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("fd00::1", ["2001:DB8::5"], "2001:db8::5"),
        ("", ["203.0.113.5"], ""),
    ],
)
def test_the_list_is_read_from_the_end_that_our_proxies_wrote(peer: str, forwarded: list[str], origin: str) -> None:
    assert origin_of(peer, forwarded, PROXIES) == origin


@given(st.lists(st.ip_addresses(v=4).map(str), max_size=5), st.ip_addresses(v=4).map(str))
def test_what_a_visitor_writes_himself_never_counts(lies: list[str], visitor: str) -> None:
    seen = origin_of("10.0.0.1", [", ".join([*lies, visitor])], PROXIES)
    assert visitor in PROXIES or seen == visitor


def test_a_setting_that_names_no_network_is_refused() -> None:
    for word in ("10.0.0.0/33", "proxy.example", "10.0.0.1/8"):
        with pytest.raises(ValueError):
            Proxies([word])


async def test_figures_of_the_process_are_not_public(world: World) -> None:
    """Memory and processor time move with every upload: nobody watches them from outside."""
    bearer = {"authorization": f"Bearer {METRICS_TOKEN}"}
    assert (await world.client("198.51.100.7").get("/metrics", headers=bearer)).status_code == 200
    for headers in ({}, {"authorization": "Bearer no"}, {"authorization": METRICS_TOKEN}, {"authorization": "密"}):
        raw = {name: value.encode() for name, value in headers.items()}
        assert (await world.client("198.51.100.7").get("/metrics", headers=raw)).status_code == 404
        assert (await world.client().get("/metrics", headers=raw)).status_code == 404


async def test_without_a_token_only_this_machine_sees_the_figures(world: World) -> None:
    object.__setattr__(world.services, "metrics_token", "")

    assert (await world.client("127.0.0.1").get("/metrics")).status_code == 200
    assert (await world.client("::1").get("/metrics")).status_code == 200
    assert (await world.client("198.51.100.7").get("/metrics")).status_code == 404
    assert (await world.client("198.51.100.7").get("/metrics", headers={"authorization": "Bearer "})).status_code == 404
    # A proxy on this machine speaks for somebody else.
    told = {"x-forwarded-for": "198.51.100.7"}
    assert (await world.client("127.0.0.1").get("/metrics", headers=told)).status_code == 404
