"""A lot whose bids were read out, and the people who draw its committee and evaluate it, over HTTP."""

import io
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from bidding.models.bid import Bid, Submission
from bidding.models.opening import OpenedBid, Opening, OpeningStep
from bidding.models.party import Interest, Keyset
from kernel.canonical import b64u_encode
from kernel.crypto.keys import KeyKind, generate
from kernel.db.transaction import Tx
from kernel.drawbook.vault import Vault
from kernel.files.library import keep_file
from kernel.identity.accounts import create_account
from portal.demo.client import HttpPerson
from portal.demo.play import CASE
from portal.demo.stage import Stage, beijing
from tests.factories.trading import TradingWorld, make_published_lot, set_clock
from tests.world import PASSWORD, World
from trading import facade as trading

AGENCY_LOGIN, BUYER_LOGIN, OPERATOR_LOGIN = "agency", "buyer", "operator"


@dataclass(slots=True)
class OpenedLot:
    """A lot after its opening."""

    lot_id: uuid.UUID
    bids: list[uuid.UUID]
    trading: TradingWorld


async def make_opened_lot(
    tx: Tx, files: Any = None, prices: tuple[int, ...] = (298_600_000, 305_860_000, 291_750_000)
) -> OpenedLot:
    """Return a lot whose bids were read out at 2026-08-06 14:00; three bidders."""
    made = await make_published_lot(tx)
    await set_clock(tx, beijing("2026-08-06 14:00:00"))
    await trading.mark_closed(tx, made.lot_id)
    await trading.mark_opened(tx, made.lot_id)
    await _opening(tx, made)
    bids = []
    for number, (bidder, price) in enumerate(zip(made.bidders, prices, strict=True), 1):
        assert bidder.organisation_id
        bid = await _opened_bid(tx, made.lot_id, bidder.account_id, bidder.organisation_id)
        form = {"bidder_name": bidder.organisation_name, "period": "30 日", "manager": "张工"}
        tx.session.add(
            OpenedBid(
                bid_id=bid,
                lot_id=made.lot_id,
                no=number,
                bidder_name=bidder.organisation_name,
                form=form,
                price_fen=price,
            )
        )
        if files is not None:
            kept = await keep_file(
                tx, files, b"%PDF-1.7 bid", name="投标文件.pdf", media_type="application/pdf", access="evaluators"
            )
            tx.session.add(
                OpeningStep(
                    bid_id=bid,
                    slot="file",
                    step="plain",
                    lot_id=made.lot_id,
                    outcome="ok",
                    code="",
                    file_key=None,
                    file_id=kept.id,
                    digest=kept.digest,
                    size=kept.size,
                    done_at=tx.now,
                )
            )
        bids.append(bid)
    await tx.session.flush()
    return OpenedLot(made.lot_id, bids, made)


async def _opened_bid(tx: Tx, lot_id: uuid.UUID, account_id: uuid.UUID, organisation_id: uuid.UUID) -> uuid.UUID:
    interest = Interest(
        id=tx.new_secret_id(),
        lot_id=lot_id,
        organisation_id=organisation_id,
        account_id=account_id,
        pseudonym=b64u_encode(os.urandom(16)),
    )
    tx.session.add(interest)
    await tx.session.flush()
    bid = Bid(
        id=tx.new_secret_id(),
        interest_id=interest.id,
        lot_id=lot_id,
        state="opened",
        rev=1,
        head=os.urandom(32),
        fault=None,
    )
    tx.session.add(bid)
    await tx.session.flush()
    assert bid.head is not None
    tx.session.add(
        Submission(
            id=tx.new_secret_id(),
            bid_id=bid.id,
            lot_id=lot_id,
            kind="submission",
            rev=1,
            prev=None,
            digest=bid.head,
            payload={},
            jws="",
            receipt="",
            entry_id=int.from_bytes(bid.head[:4], "big"),
            received_at=tx.now,
        )
    )
    return bid.id


async def _opening(tx: Tx, made: TradingWorld) -> None:
    """Keep that the reading-out table is public; how it came about is bidding's matter and tested there."""
    keyset = Keyset(
        id=tx.new_id(),
        lot_id=made.lot_id,
        ks=os.urandom(32),
        document={},
        state="proposed",
        policy="bidder",
        k=0,
        n=0,
        opens_at=tx.now,
        window_s=1800,
        proposed_by=made.agency.account_id,
        proposed_at=tx.now,
        published_at=None,
        entry_id=None,
    )
    tx.session.add(keyset)
    await tx.session.flush()
    tx.session.add(
        Opening(
            lot_id=made.lot_id,
            keyset_id=keyset.id,
            stage="opened",
            step=1,
            closed_at=tx.now,
            deadline_size=None,
            window_until=tx.now,
            window_closed_at=None,
            window_entry_id=None,
            window_jws=None,
            emergency_reason=None,
            opened_at=None,
            opened_entry_id=None,
        )
    )


class TestStage(Stage):
    """The demonstration's stage, on the application of a test instead of a server."""

    __test__ = False
    world: World

    def person(self, key: str, name: str = "") -> HttpPerson:
        known = key in self.people
        person = Stage.person(self, key, name)
        if not known:
            transport = httpx.ASGITransport(app=self.world.app, raise_app_exceptions=True)
            person._http = httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=120)
        return person


async def make_stage(world: World, folder: Path) -> TestStage:
    """Return a stage whose lot is opened, with agency, buyer and operator signed in."""
    world.services.plugins["vault"] = Vault(generate(KeyKind.P256))
    case = json.loads(CASE.read_text(encoding="utf-8"))
    async with world.services.db.begin() as tx:
        opened = await make_opened_lot(tx, world.services.files)
        for login, role in ((OPERATOR_LOGIN, "system_admin"), ("security", "security_admin")):
            roles = ["operator", role] if login == OPERATOR_LOGIN else [role]
            await create_account(tx, login=login, display_name="运行", roles=roles, password=PASSWORD)
        lot = await trading.get_lot(tx, opened.lot_id)
        for login, role, organisation in (
            (AGENCY_LOGIN, "agency", lot.agency_id),
            (BUYER_LOGIN, "procuring_entity", lot.procuring_entity_id),
        ):
            await create_account(
                tx, login=login, display_name=login, roles=[role], password=PASSWORD, organisation_id=organisation
            )
    case["inventions"]["bidders"] = [
        {"uscc": bidder.uscc, "name": bidder.organisation_name} for bidder in opened.trading.bidders
    ]
    stage = TestStage("http://testserver", case, folder, Console(file=io.StringIO(), width=200), PASSWORD, PASSWORD)
    stage.world = world
    stage.begun = True
    stage.found["lot"] = str(opened.lot_id)
    stage.found["bids"] = [str(bid) for bid in opened.bids]
    for login in (AGENCY_LOGIN, BUYER_LOGIN):
        await stage.person(login).sign_in(login, PASSWORD)
    return stage
