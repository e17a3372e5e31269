"""Passkeys: made after a proof, sign in alone, prove anew; every lie of an authenticator or a page is refused."""

from typing import Any

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from kernel.identity.ceremonies import relying_party
from tests.factories.passkeys import PRESENT, VERIFIED, SoftKey
from tests.world import PASSWORD, World

ORIGIN = "http://localhost:8000"
HTML = {"accept": "text/html"}


@pytest.fixture
async def agent(world: World) -> httpx.AsyncClient:
    world.live_at(ORIGIN)
    return await world.signed_in("li.agency", "agency")


async def rows(world: World, query: str) -> list[Any]:
    async with world.services.db.begin_read_only() as tx:
        return list((await tx.session.execute(text(query))).all())


async def change(world: World, statement: str) -> None:
    async with world.services.db.begin() as tx:
        await tx.session.execute(text(statement))


async def options_of(client: httpx.AsyncClient, door: str) -> dict[str, Any]:
    answer = await client.post(f"/api/v1{door}/challenge", json={})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def enrol(client: httpx.AsyncClient, name: str = "办公室电脑", **how: Any) -> SoftKey:
    key = SoftKey(ORIGIN, **how)
    credential = key.create(await options_of(client, "/me/passkeys"))
    answer = await client.post("/api/v1/me/passkeys", json={"credential": credential, "name": name})
    assert answer.status_code == 201, answer.text
    return key


async def stranger(world: World, origin: str = "127.0.0.1") -> httpx.AsyncClient:
    client = world.client(origin)
    await client.get("/api/v1/time")
    return client


async def sign_in(client: httpx.AsyncClient, key: SoftKey, **how: Any) -> httpx.Response:
    credential = key.get(await options_of(client, "/auth/passkey"), **how)
    return await client.post("/api/v1/auth/passkey", json={"credential": credential})


async def test_a_passkey_signs_in_alone_and_proves_anew(world: World, agent: httpx.AsyncClient) -> None:
    key = await enrol(agent)

    client = await stranger(world)
    answer = await sign_in(client, key)
    await client.get("/api/v1/me")
    await change(world, "UPDATE identity_session SET stepped_up_at = stepped_up_at - interval '11 minutes'")
    before = (await client.post("/api/v1/me/passkeys/challenge", json={})).status_code
    proof = key.get(await options_of(client, "/auth/step-up/passkey"))
    proved = await client.post("/api/v1/auth/step-up/passkey", json={"credential": proof})
    after = (await client.post("/api/v1/me/passkeys/challenge", json={})).status_code

    assert (answer.status_code, answer.json()["roles"]) == (200, ["agency"])
    assert (before, proved.status_code, after) == (401, 200, 200)
    lines = await rows(world, "SELECT kind, act FROM identity_access ORDER BY id")
    assert ("sign-in", "passkey") in [tuple(line) for line in lines]
    assert ("step-up", "passkey: 办公室电脑") in [tuple(line) for line in lines]


async def test_options_ask_for_a_verified_person_and_name_nobody(world: World, agent: httpx.AsyncClient) -> None:
    await enrol(agent)

    made = await options_of(agent, "/me/passkeys")
    asked = await options_of(await stranger(world), "/auth/passkey")

    assert made["authenticatorSelection"]["userVerification"] == asked["userVerification"] == "required"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert made["attestation"] == "none"
    assert (made["rp"]["id"], asked["rpId"]) == ("localhost", "localhost")
    assert len(made["excludeCredentials"]) == 1
    assert asked.get("allowCredentials", []) == [], "who has a passkey is nobody's business"
    assert made["timeout"] <= 120_000


LIES: list[dict[str, Any]] = [
    {"origin": "http://localhost:8001"},
    {"origin": "https://localhost:8000"},
    {"rp_id": "sunlit.example"},
    {"flags": PRESENT},
    {"flags": VERIFIED},
    {"signer": ec.generate_private_key(ec.SECP256R1())},
    {"user": b"\x07" * 16},
    {"user": b""},
    {"cross_origin": True},
]


async def test_a_false_answer_signs_nobody_in(world: World, agent: httpx.AsyncClient) -> None:
    key = await enrol(agent)

    for number, lie in enumerate(LIES):
        client = await stranger(world, f"10.0.0.{number}")
        refused = await sign_in(client, key, **lie)
        assert (refused.status_code, refused.json()["code"]) == (422, "passkey-refused"), lie
        assert "sid" not in client.cookies
    assert (await sign_in(await stranger(world), key)).status_code == 200, "the honest answer still counts"


async def test_a_challenge_serves_once_in_time_for_its_browser_and_its_purpose(
    world: World, agent: httpx.AsyncClient
) -> None:
    key = await enrol(agent, counting=False)  # a counter would hide a replay
    client, other = await stranger(world), await stranger(world)
    path = "/api/v1/auth/passkey"

    body = {"credential": key.get(await options_of(client, "/auth/passkey"))}
    assert (await other.post(path, json=body)).status_code == 422, "made for another browser"
    assert (await client.post(path, json=body)).status_code == 200, "and still open for its own"
    crossed = {"credential": key.get(await options_of(agent, "/auth/step-up/passkey"))}
    assert (await agent.post(path, json=crossed)).status_code == 422, "another purpose"
    path = "/api/v1/auth/step-up/passkey"
    assert [(await agent.post(path, json=crossed)).status_code for _ in "12"] == [200, 422], "once"

    late = {"credential": key.get(await options_of(agent, "/auth/step-up/passkey"))}
    life = await rows(world, "SELECT max(expires_at - clock_timestamp()) AS life FROM identity_passkey_challenge")
    owner = await asyncpg.connect(world.database.url("owner"))
    await owner.execute("UPDATE identity_passkey_challenge SET expires_at = clock_timestamp()")
    await owner.close()
    assert (await agent.post(path, json=late)).status_code == 422, "too late"
    assert 110 < life[0].life.total_seconds() <= 120


async def test_a_counter_that_goes_back_is_a_copy(world: World, agent: httpx.AsyncClient) -> None:
    key = await enrol(agent)
    client = await stranger(world)
    assert (await sign_in(client, key)).status_code == 200
    key.counter -= 1

    copied = await sign_in(await stranger(world), key)

    assert copied.status_code == 422
    lines = await rows(world, "SELECT act FROM identity_access WHERE kind = 'sign-in-failed'")
    assert "sign count" in lines[-1].act


async def test_another_persons_passkey_proves_nothing_here(world: World, agent: httpx.AsyncClient) -> None:
    theirs = await enrol(await world.signed_in("wang", "supervisor"))

    proof = theirs.get(await options_of(agent, "/auth/step-up/passkey"))
    answer = await agent.post("/api/v1/auth/step-up/passkey", json={"credential": proof})

    assert answer.status_code == 422


async def test_a_passkey_made_wrongly_or_known_is_not_kept(world: World, agent: httpx.AsyncClient) -> None:
    key = await enrol(agent)
    other = await world.signed_in("wang", "supervisor")
    path = "/api/v1/me/passkeys"

    for lie in ({"flags": PRESENT}, {"origin": "https://evil.example"}):
        made = SoftKey(ORIGIN).create(await options_of(other, "/me/passkeys"), **lie)
        assert (await other.post(path, json={"credential": made, "name": "x"})).status_code == 422, lie
    made = key.create(await options_of(other, "/me/passkeys"))
    assert (await other.post(path, json={"credential": made, "name": "x"})).status_code == 409

    assert len(await rows(world, "SELECT 1 FROM identity_factor WHERE kind = 'passkey'")) == 1


async def test_nonsense_is_refused_and_is_no_fault_of_ours(agent: httpx.AsyncClient) -> None:
    for body in ({}, {"id": 1}, {"response": {"clientDataJSON": "e30"}}, {"response": []}):
        for path in ("/api/v1/auth/passkey", "/api/v1/auth/step-up/passkey", "/api/v1/me/passkeys"):
            answer = await agent.post(path, json={"credential": body, **({"name": "x"} if "me" in path else {})})
            assert answer.status_code == 422, (path, body)


async def test_names_and_removal_want_a_fresh_proof_and_are_for_the_holder_only(
    world: World, agent: httpx.AsyncClient
) -> None:
    key = await enrol(agent)
    at = (await rows(world, "SELECT id FROM identity_factor WHERE kind = 'passkey'"))[0].id
    phone = await stranger(world)
    await sign_in(phone, key)
    other = await world.signed_in("wang", "supervisor")

    async def send(client: httpx.AsyncClient, act: str, **form: str) -> httpx.Response:
        return await client.post(
            f"/me/security/passkeys/{at}/{act}",
            data=form or {"x": ""},
            headers={**HTML, "referer": "http://x/me/security"},
        )

    assert (await send(other, "remove")).status_code == 404
    await change(world, "UPDATE identity_session SET stepped_up_at = stepped_up_at - interval '11 minutes'")
    for act in ("name", "remove"):
        assert (await send(agent, act, name="新")).headers["location"] == "/step-up?next=/me/security"
    await agent.post("/api/v1/auth/step-up", json={"code": await world.code("li.agency")})
    await send(agent, "name", name="  家里的  电脑 ")
    page = (await agent.get("/me/security", headers=HTML)).text
    removed = await send(agent, "remove")

    assert "家里的 电脑" in page
    assert removed.status_code == 303
    assert (await phone.get("/api/v1/me")).status_code == 401, "whoever has it now is out"
    assert (await sign_in(await stranger(world), key)).status_code == 422
    assert (await agent.get("/api/v1/me")).status_code == 200


async def test_the_last_second_factor_stays(world: World, agent: httpx.AsyncClient) -> None:
    await enrol(agent)
    await change(world, "UPDATE identity_factor SET revoked_at = clock_timestamp() WHERE kind = 'totp'")
    at = (await rows(world, "SELECT id FROM identity_factor WHERE kind = 'passkey'"))[0].id

    answer = await agent.post(f"/me/security/passkeys/{at}/remove", data={"x": ""})

    assert answer.status_code == 409


async def test_a_password_alone_adds_no_passkey_once_there_is_a_factor(world: World, agent: httpx.AsyncClient) -> None:
    await change(world, "UPDATE identity_factor SET revoked_at = clock_timestamp()")
    password = {"login": "li.agency", "password": PASSWORD}
    thief, holder = await stranger(world), await stranger(world)
    for client in (thief, holder):
        assert (await client.post("/api/v1/auth/password", json=password)).status_code == 200
        await client.get("/api/v1/me")
    assert (await holder.get("/api/v1/own/lots")).status_code == 403

    await enrol(holder)

    assert (await holder.get("/api/v1/own/lots")).status_code == 200, "the first factor gives the roles"
    assert (await thief.post("/api/v1/me/passkeys/challenge", json={})).status_code == 401
    assert (await thief.post("/api/v1/me/second-factor", json={})).status_code == 401
    late = await stranger(world)
    assert (await late.post("/api/v1/auth/password", json=password)).status_code == 403


async def test_a_closed_account_is_not_opened_by_its_passkey(world: World, agent: httpx.AsyncClient) -> None:
    key = await enrol(agent)
    for column in ("disabled_at = clock_timestamp()", "disabled_at = NULL, state = 'invited'"):
        await change(world, f"UPDATE identity_account SET {column} WHERE login = 'li.agency'")
        assert (await sign_in(await stranger(world), key)).status_code == 422


@pytest.mark.parametrize(
    ("address", "id", "origin"),
    [
        ("https://ygjy.example.gov.cn", "ygjy.example.gov.cn", "https://ygjy.example.gov.cn"),
        ("https://ygjy.example.gov.cn:8443/", "ygjy.example.gov.cn", "https://ygjy.example.gov.cn:8443"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
        ("http://ygjy.example.gov.cn", None, None),
        ("https://10.1.2.3", None, None),
    ],
)
def test_passkeys_are_bound_to_a_domain(address: str, id: str | None, origin: str | None) -> None:
    site = relying_party(address, "阳光交易")

    assert (site and site.id, site and site.origin) == (id, origin)
