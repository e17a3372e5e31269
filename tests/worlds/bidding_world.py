"""A world of bidders with e-licences, trustees with keys, and a lot whose notice is out; all goes through HTTP."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from bidding.licence import login_token
from kernel.canonical import b64u_encode
from kernel.codes import uscc_check_char
from kernel.crypto import suite
from kernel.crypto.authority import Authority, Holder, Licence, create_authority, issue_licence, revoke
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from portal.licences import LocalLicences
from tests.world import World

SUITE = suite("intl-1")
TENDER = "C1100000189017141002"
BUYER, AGENCY = "西安航天动力试验技术研究所", "陕西铭源项目管理有限公司"


def uscc(n: int) -> str:
    """A credit code with a right check character."""
    body = f"9161{n:013d}"
    return body + uscc_check_char(body)


@dataclass(slots=True)
class Bidder:
    """A company with its keys and its browser."""

    name: str
    uscc: str
    sign_key: PrivateKey
    licence: Licence
    client: httpx.AsyncClient
    bid_key: PrivateKey
    pseudonym: str = ""
    sealed: dict[str, bytes] = field(default_factory=dict)
    file_keys: dict[str, bytes] = field(default_factory=dict)
    docs: list[dict[str, Any]] = field(default_factory=list)
    rev: int = 0
    head: bytes | None = None


class BiddingWorld:
    """Wraps a `World`; `lot_id` is a published lot after `publish`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = world.services.db
        self.authority: Authority = create_authority(
            world.folder / "authority", world.services.feed.last_instant() - timedelta(days=400)
        )
        world.services.plugins["licences"] = LocalLicences(self.authority)
        self.lot_id = uuid.uuid4()
        self.deadline = datetime(2000, 1, 1, tzinfo=UTC)
        self.trustees: list[tuple[httpx.AsyncClient, PrivateKey, PrivateKey]] = []
        self.keyset: dict[str, Any] = {}
        self.keyset_id = ""

    async def now(self) -> datetime:
        async with self.db.begin_read_only() as tx:
            return tx.now

    # Companies and their licences.

    async def company(self, n: int, name: str = "") -> Bidder:
        """Return a company with a licence; it has not signed in."""
        holder = Holder(uscc(n), name or f"投标单位{n}有限公司")
        sign, encrypt = generate(KeyKind.P256), generate(KeyKind.P256)
        licence = issue_licence(
            self.authority, holder, sign.public, encrypt.public, await self.now() - timedelta(days=30)
        )
        return Bidder(holder.organisation, holder.uscc, sign, licence, self.world.client(), generate(KeyKind.P256))

    async def revoke(self, bidder: Bidder) -> None:
        revoke(self.authority, bidder.licence.sign, await self.now())

    async def challenge(self, client: httpx.AsyncClient) -> dict[str, str]:
        return (await client.get("/api/v1/auth/licence/challenge")).json()

    async def token(self, bidder: Bidder, challenge: dict[str, str], **changes: Any) -> str:
        values: dict[str, Any] = {
            "audience": challenge["aud"],
            "nonce": challenge["nonce"],
            "binding": challenge["bind"],
            "uscc": bidder.uscc,
            "now": await self.now(),
        }
        return login_token(bidder.sign_key, [bidder.licence.sign, self.authority.issuing], **values | changes)

    async def sign_in(self, bidder: Bidder) -> httpx.Response:
        challenge = await self.challenge(bidder.client)
        answer = await bidder.client.post("/api/v1/auth/licence", json={"token": await self.token(bidder, challenge)})
        await bidder.client.get("/api/v1/me")
        return answer

    async def bidder(self, n: int) -> Bidder:
        """Return a company that has signed in and takes part in the lot."""
        bidder = await self.company(n)
        answer = await self.sign_in(bidder)
        assert answer.status_code == 200, answer.text
        answer = await bidder.client.post(f"/api/v1/lots/{self.lot_id}/interest", json={})
        assert answer.status_code == 200, answer.text
        bidder.pseudonym = answer.json()["bidder"]
        return bidder

    # The lot.

    async def make_lot(self, *, policy: str = "both", window_s: int = 1800, published: bool = True) -> None:
        """Insert a lot as `trading` would have left it; bids are due in ten days."""
        async with self.db.begin() as tx:
            now = tx.now.replace(microsecond=0)
            self.deadline = now + timedelta(days=10)
            organisations = {}
            for name, code in ((BUYER, uscc(900_001)), (AGENCY, uscc(900_002))):
                organisations[name] = uuid.uuid4()
                await tx.session.execute(
                    text("INSERT INTO identity_organisation (id, uscc, name, created_at) VALUES (:i, :u, :n, :t)"),
                    {"i": organisations[name], "u": code, "n": name, "t": now},
                )
            project = uuid.uuid4()
            await tx.session.execute(
                text(
                    "INSERT INTO trading_project (id, number, title, regime, kind, method, region,"
                    " procuring_entity_id, procuring_entity_name, agency_id, agency_name, entrustment, funds, approval,"
                    " supervising_body, contacts, provenance, registered_by, registered_at) VALUES (:id, :number,"
                    " '服务器采购', 'ZTB', 'goods', 'open', '西安市', :b, :bn, :a, :an, '{}', '{}', '', '', '[]', '{}',"
                    " :id, :t)"
                ),
                {
                    "id": project,
                    "number": TENDER,
                    "b": organisations[BUYER],
                    "bn": BUYER,
                    "a": organisations[AGENCY],
                    "an": AGENCY,
                    "t": now - timedelta(days=8),
                },
            )
            procedure = {"policy": policy, "suite": "intl-1", "k": 3, "n": 5, "window_s": window_s}
            await tx.session.execute(
                text(
                    "INSERT INTO trading_lot (id, project_id, number, title, stage, stage_since, scope, qualifications,"
                    " consortium_allowed, agents_allowed, price_cap_fen, criteria, review_items, price_method,"
                    " procedure, provenance, registered_at, documents_from, documents_to, deadline, opening_at, keyset,"
                    " published_at) VALUES (:id, :p, '001', '服务器采购', :stage, :t, '{}', '[]', false, true,"
                    " 320000000, '[]', '[]', '{}', cast(:procedure AS jsonb), '{}', :t, :t, :to, :d, :d, NULL, NULL)"
                ),
                {
                    "id": self.lot_id,
                    "p": project,
                    "stage": "registered",
                    "t": now - timedelta(hours=1),
                    "to": now + timedelta(days=7),
                    "d": self.deadline,
                    "procedure": json.dumps(procedure),
                },
            )
        if published:
            await self.publish()

    async def publish(self, ks: str = "") -> None:
        async with self.db.begin() as tx:
            await tx.session.execute(
                text(
                    "UPDATE trading_lot SET stage = 'notice_published', published_at = :t,"
                    " keyset = coalesce(keyset, :ks) WHERE id = :id"
                ),
                {"t": tx.now, "id": self.lot_id, "ks": ks or b64u_encode(bytes(32))},
            )
