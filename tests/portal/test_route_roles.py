"""Every route × every role (and nobody): real requests, held against a table that is written by hand.

The table (`route_roles.txt`) is not derived from the policy: a slip there is a difference here. Requests carry an empty
body and ids that belong to nothing, so that whoever is let in is answered 404 or 422 and nothing is changed.
"""

import asyncio
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from litestar.routes import HTTPRoute

from kernel.crypto.keys import KeyKind, generate
from kernel.drawbook.vault import Vault
from portal.policy import platform_policy
from tests.world import World
from tests.worlds.bidding_world import BiddingWorld, uscc

ROLES = tuple(platform_policy().roles)
TABLE = Path(__file__).with_name("route_roles.txt")
#: Values that reach the handler; an id that belongs to nothing for every other parameter.
NOTHING = str(uuid.UUID(int=7))
VALUES = {
    "j": "0",
    "beacon": "0",
    "slot": "form",
    "which": "targets",
    "path": "none",
    "version": "none",
    "digest": "A" * 43,
    "size": "0",
}
#: Signing out ends the session that asks: asked last.
LAST = ("POST", "/logout")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    method: str
    path: str
    who: frozenset[str]

    def lets_in(self, role: str) -> bool:
        """Say whether a role (or nobody) is let in."""
        if "everybody" in self.who:
            return True
        return role != "nobody" and ("signed-in" in self.who or role in self.who)


def table() -> list[Row]:
    rows = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            method, path, *who = line.split()
            rows.append(Row(method, path, frozenset(who)))
    return rows


def routes(world: World) -> set[tuple[str, str]]:
    return {
        (method, route.path_format)
        for route in world.app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
    }


def address(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda match: VALUES.get(match[1], NOTHING), path)


async def everybody(bw: BiddingWorld) -> dict[str, httpx.AsyncClient]:
    found = {"nobody": bw.world.client()}
    await found["nobody"].get("/api/v1/time")
    for number, role in enumerate(ROLES):
        found[role] = await bw.staff(f"only-{role}", role, code=uscc(400_000 + number), organisation=f"{role} 单位")
    return found


async def ask(client: httpx.AsyncClient, row: Row) -> int:
    """Send the request with an empty body of the kind that the door reads; return the status."""
    headers = {"accept": "application/json"}
    if row.method == "GET":
        return (await client.get(address(row.path), headers=headers)).status_code
    if row.path.startswith("/api/"):
        return (await client.request(row.method, address(row.path), json={}, headers=headers)).status_code
    return (await client.request(row.method, address(row.path), data={"none": "none"}, headers=headers)).status_code


def fault(row: Row, role: str, status: int) -> str:
    """Return what is wrong with an answer, or nothing."""
    refused = 401 if role == "nobody" else 403
    if row.lets_in(role):
        wrong = status in (401, 403) or status >= 500
    else:
        wrong = status != refused
    return f"{row.method} {row.path} as {role}: {status}" if wrong else ""


#: Doors at which everybody may knock and a wrong or missing proof is itself the answer 401 or 403.
PROVING = {
    "/api/v1/auth/password",
    "/api/v1/auth/licence",
    "/api/v1/auth/call",
    "/api/v1/auth/activate",
    "/api/v1/auth/activate/confirm",
}


async def test_every_route_has_a_row_and_every_row_a_route(world: World) -> None:
    rows = [(row.method, row.path) for row in table()]

    assert len(rows) == len(set(rows))
    missing = sorted(routes(world) - set(rows))
    assert not missing, f"a new route: say in route_roles.txt who is let in: {missing}"
    assert sorted(set(rows) - routes(world)) == [], "rows without a route"


def test_the_table_uses_only_words_that_exist() -> None:
    words = {word for row in table() for word in row.who}

    assert words <= {"everybody", "signed-in", *ROLES}
    assert all(len(row.who) == 1 or not row.who & {"everybody", "signed-in"} for row in table())
    assert all(row.who for row in table())


async def test_every_route_answers_every_role_as_the_table_says(world: World) -> None:
    world.services.plugins["vault"] = Vault(generate(KeyKind.P256))
    people = await everybody(BiddingWorld(world))
    known = routes(world)
    rows = [row for row in table() if (row.method, row.path) in known and row.path not in PROVING]
    rows.sort(key=lambda row: (row.method, row.path) == LAST)

    async def walk(role: str) -> list[str]:
        return [wrong for row in rows if (wrong := fault(row, role, await ask(people[role], row)))]

    faults = [wrong for answers in await asyncio.gather(*(walk(role) for role in people)) for wrong in answers]

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("role", ["agency", "procuring_entity", "trustee", "bidder", "expert", "inspector"])
async def test_absent_and_not_yours_are_one_answer(world: World, role: str) -> None:
    bw = BiddingWorld(world)
    await bw.open_for_bids()
    stranger = await bw.staff(f"strange-{role}", role, code=uscc(555_001), organisation="别处单位")
    moving = re.compile(r"urn:uuid:[0-9a-f-]{36}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z")
    different = []
    for row in table():
        own = "{lot_id}" in row.path and row.method == "GET" and role in row.who
        if own and (row.method, row.path) in routes(world):
            absent = await stranger.get(address(row.path), headers={"accept": "application/json"})
            theirs = await stranger.get(
                address(row.path.replace("{lot_id}", str(bw.lot_id))), headers={"accept": "application/json"}
            )
            told = [(answer.status_code, moving.sub("~", answer.text)) for answer in (absent, theirs)]
            if told[0] != told[1] and row.path not in OPEN_TO_ANY_BIDDER:
                different.append((row.path, told[0][1][-200:], told[1][1][-200:]))

    assert not different, "\n".join(map(str, different))


#: A published lot may be read, and joined, by every bidder: here it is theirs.
OPEN_TO_ANY_BIDDER = {
    "/b/lots/{lot_id}",
    "/b/lots/{lot_id}/documents",
    "/b/lots/{lot_id}/hall",
    "/b/lots/{lot_id}/objections",  # interested parties object, too (条例 22)
    "/b/lots/{lot_id}/questions",
    "/b/lots/{lot_id}/submit",
    "/b/lots/{lot_id}/withdraw",
    "/b/lots/{lot_id}/release",
}
