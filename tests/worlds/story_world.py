"""People of one tender, who go through HTTP from the project on: buyer, agency, four firms."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from bidding.holders import RegisteredHolders
from kernel.canonical import format_time
from tests.factories.trading import at
from tests.world import World
from tests.worlds.bidding_world import AGENCY, BUYER, Bidder, BiddingWorld, uscc
from trading import facade

BEGIN = at("2026-07-13 09:00")
KEYSET = "A" * 43


@dataclass
class Story:
    """People of one tender and their browsers."""

    bw: BiddingWorld
    buyer: httpx.AsyncClient
    agency: httpx.AsyncClient
    firms: list[Bidder] = field(default_factory=list)
    lot: str = ""

    async def clock(self, local: str) -> None:
        await self.bw.world.clock_to(at(local))

    async def post(self, path: str, body: Any, status: int = 201, who: httpx.AsyncClient | None = None) -> Any:
        content = body if isinstance(body, list) else {key: value for key, value in body.items() if value is not None}
        answer = await (who or self.agency).post(path.format(lot=self.lot), json=content)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def register(self, project: Any, lot: Any) -> None:
        drafted = msgspec.to_builtins(msgspec.structs.replace(project, agency_uscc=uscc(900_002), agency_name=AGENCY))
        made = await self.post("/api/v1/projects", drafted, who=self.buyer)
        answer = await self.agency.post(f"/api/v1/projects/{made['id']}/entrustment", json={"accept": True})
        assert answer.status_code < 300, answer.text
        body = msgspec.to_builtins(lot)
        self.lot = (await self.post(f"/api/v1/projects/{made['id']}/lots", body, who=self.buyer))["id"]

    async def plan(self, begin: str, end: str, deadline: str, status: int = 201) -> Any:
        moments = {"documents_from": begin, "documents_to": end, "deadline": deadline}
        return await self.post(
            "/api/v1/lots/{lot}/plan", {name: format_time(at(text)) for name, text in moments.items()}, status
        )

    async def call(self, status: int = 201) -> Any:
        """Upload the documents, note a keyset (its making is another story), publish."""
        path = f"/api/v1/lots/{self.lot}/documents?name=招标文件.pdf"
        await self.agency.put(path, content=b"%PDF-1.7 tender", headers={"content-type": "application/octet-stream"})
        async with self.bw.db.begin() as tx:
            if (await facade.get_lot(tx, self.lot_id)).published_at is None:
                await facade.set_keyset_ready(tx, self.lot_id, KEYSET)
        return await self.post("/api/v1/lots/{lot}/notice", {}, status)

    async def call_for_bids(self, begin: str, end: str, deadline: str) -> None:
        """Plan, seat trustees, publish: the lot takes bids that are really sealed."""
        await self.plan(begin, end, deadline)
        self.bw.lot_id = self.lot_id
        await self.bw.make_keyset()
        path = f"/api/v1/lots/{self.lot}/documents?name=招标文件.pdf"
        octets = {"content-type": "application/octet-stream"}
        await self.agency.put(path, content=b"%PDF-1.7 tender", headers=octets)
        await self.post("/api/v1/lots/{lot}/notice", {})
        await self.know_deadline()
        await self.clock(begin)

    async def know_deadline(self) -> None:
        """Let the test's side of the bidding know the deadline as it stands."""
        async with self.bw.db.begin_read_only() as tx:
            lot = await facade.get_lot(tx, self.lot_id)
        assert lot.deadline is not None
        self.bw.deadline = lot.deadline

    async def take_part(self, firm: Bidder) -> None:
        """Join the lot, under a pseudonym from now on."""
        answer = await firm.client.post(f"/api/v1/lots/{self.lot}/interest", json={})
        assert answer.status_code == 200, answer.text
        firm.pseudonym = answer.json()["bidder"]

    @property
    def lot_id(self) -> Any:
        return uuid.UUID(self.lot)

    async def statuses(self, path: str, who: Sequence[httpx.AsyncClient]) -> list[int]:
        return [(await client.get(path.format(lot=self.lot))).status_code for client in who]

    async def join(self, firm: Bidder) -> int:
        return (await firm.client.post(f"/api/v1/lots/{self.lot}/interest", json={})).status_code


async def make_story(world: World) -> Story:
    """Sign buyer, agency and four firms in, on the day on which the story begins."""
    bw = BiddingWorld(world)
    world.services.plugins["holders"] = RegisteredHolders()
    await world.clock_to(BEGIN)
    buyer = await bw.staff("buyer", "procuring_entity", code=uscc(900_001), organisation=BUYER)
    agency = await bw.staff("agent", "agency", code=uscc(900_002), organisation=AGENCY)
    made = Story(bw, buyer, agency)
    for number in range(1, 5):
        firm = await bw.company(number)
        assert (await bw.sign_in(firm)).status_code == 200
        made.firms.append(firm)
    return made
