"""Signing in: no fixation, no forged forms, limited guessing, the same answer for unknown and wrong."""

from kernel.web.session import CSRF_COOKIE, SESSION_COOKIE
from tests.world import PASSWORD, World


async def right(world: World, login: str) -> dict[str, str]:
    """What opens the door: login, password, and what the person's authenticator shows."""
    return {"login": login, "password": PASSWORD, "code": await world.code(login)}


async def test_a_session_id_that_the_server_did_not_make_is_not_adopted(world: World) -> None:
    await world.signed_in("li.agency", "agency")
    client = world.client()
    client.cookies.set(SESSION_COOKIE, "A" * 43)
    await client.get("/api/v1/time")

    answer = await client.post("/api/v1/auth/password", json=await right(world, "li.agency"))

    assert answer.status_code == 200
    assert answer.cookies[SESSION_COOKIE] != "A" * 43


async def test_each_sign_in_makes_a_new_session_and_sign_out_ends_it(world: World) -> None:
    client = await world.signed_in("li.agency", "agency")
    first = client.cookies[SESSION_COOKIE]

    await client.post("/logout")

    stranger = world.client()
    stranger.cookies.set(SESSION_COOKIE, first)
    assert (await stranger.get("/api/v1/me")).status_code == 401


async def test_a_write_without_the_form_token_is_refused(world: World) -> None:
    client = await world.signed_in("li.agency", "agency")

    answer = await client.post("/api/v1/me/keys", json={"purpose": "sign", "spki": ""}, headers={"x-csrf-token": "no"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "csrf"


async def test_signing_in_cannot_be_forged_from_elsewhere(world: World) -> None:
    client = world.client()
    client.event_hooks = {}

    answer = await client.post("/api/v1/auth/password", json={"login": "x", "password": "y"})

    assert answer.status_code == 403
    assert answer.json()["code"] == "csrf"


async def test_a_request_from_another_site_is_refused_even_with_the_token(world: World) -> None:
    client = await world.signed_in("li.agency", "agency")
    headers = {"sec-fetch-site": "cross-site", "x-csrf-token": client.cookies[CSRF_COOKIE]}

    answer = await client.post("/logout", headers=headers)

    assert answer.status_code == 403


async def test_the_token_of_another_session_is_worth_nothing(world: World) -> None:
    mine = await world.signed_in("li.agency", "agency")
    theirs = await world.signed_in("wang.expert", "expert")

    answer = await mine.post("/logout", headers={"x-csrf-token": theirs.cookies[CSRF_COOKIE]})

    assert answer.status_code == 403


async def test_unknown_login_and_wrong_password_get_the_same_answer(world: World) -> None:
    await world.signed_in("li.agency", "agency")
    client = world.client()
    await client.get("/api/v1/time")

    wrong = await client.post("/api/v1/auth/password", json={"login": "li.agency", "password": "not this one"})
    unknown = await client.post("/api/v1/auth/password", json={"login": "nobody", "password": "not this one"})

    assert wrong.status_code == unknown.status_code == 403
    assert wrong.json()["detail"] == unknown.json()["detail"]


async def test_guessing_ends_after_five_failures_and_harms_no_other_login(world: World) -> None:
    await world.signed_in("li.agency", "agency")
    await world.signed_in("wang.expert", "expert")
    client = world.client()
    await client.get("/api/v1/time")
    for _ in range(5):
        await client.post("/api/v1/auth/password", json={"login": "li.agency", "password": "not this one"})

    blocked = await client.post("/api/v1/auth/password", json=await right(world, "li.agency"))
    other = await client.post("/api/v1/auth/password", json=await right(world, "wang.expert"))

    assert blocked.status_code == 429
    assert int(blocked.headers["retry-after"]) > 0
    assert other.status_code == 200


async def test_every_answer_carries_the_strict_headers(world: World) -> None:
    answer = await world.client().get("/api/v1/time")

    assert "require-trusted-types-for 'script'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_sign_in_leads_nowhere_outside(world: World) -> None:
    await world.signed_in("li.agency", "agency")
    client = world.client()
    await client.get("/api/v1/time")
    body = await right(world, "li.agency")
    form = {**body, "next": "//evil.example/", "_csrf": client.cookies[CSRF_COOKIE]}

    answer = await client.post("/login", data=form, headers={"x-csrf-token": ""})

    assert answer.status_code == 303
    assert answer.headers["location"] == "/a"
