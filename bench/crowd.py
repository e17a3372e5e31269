"""Many bidders of one published lot. The lot is made through HTTP; who bids is written into the tables directly.

What a submission looks at is real: licence, session, head digest, leaf digests, signature. Unless a benchmark uploads
them, the chunks behind the digests are not there.
"""

import asyncio
import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.wire import Line
from bidding import messages
from bidding.client import sign_message
from bidding.envelope import envelope_id
from bidding.vocabulary import CHUNK_OF_SLOT, FILE, FORM
from kernel.canonical import b64u_decode, b64u_encode
from kernel.codes import uscc_check_char
from kernel.crypto import suite
from kernel.crypto.authority import Authority, Holder, issue_licence, load_authority
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from kernel.db.engine import make_engine
from kernel.db.transaction import Database, Tx
from kernel.identity.accounts import create_account, ensure_organisation
from kernel.identity.sessions import open_session
from kernel.web.session import CSRF_COOKIE, SESSION_COOKIE, csrf_token
from portal.demo.stage import Stage
from portal.demo.steps import trading
from portal.launch import Platform
from portal.licences import authority_folder
from portal.policy import install_policy
from portal.wiring import async_url

SUITE = suite("intl-1")


@dataclass(slots=True)
class Member:
    """One bidder: licence, session, place in the lot, and the chain of submissions so far."""

    line: Line
    token: str
    key: PrivateKey
    chain: Sequence[Any]
    bid_id: uuid.UUID
    pseudonym: str
    docs: list[dict[str, Any]] = field(default_factory=list)
    rev: int = 0
    head: bytes | None = None

    def posted(self, path: str, body: dict[str, Any]) -> bytes:
        """Return a prepared POST of JSON."""
        told = {"content-type": "application/json", "x-csrf-token": self.token}
        return self.line.prepared("POST", path, json.dumps(body).encode(), told)


@dataclass(frozen=True, slots=True)
class Lot:
    """The lot that is bid for."""

    id: uuid.UUID
    tender: str
    number: str
    ks: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A signed submission that only has to be sent."""

    member: Member
    request: bytes
    digest: bytes


async def publish(stage: Stage) -> Lot:
    """Publish a lot through HTTP, with a keyset that trustees accepted, and go to the day on which bidders come."""
    await trading.play(stage)
    await stage.clock_to(stage.case["dates"]["interest"])
    visitor = stage.person("visitor", "访客")
    told = await visitor.get(f"/api/v1/lots/{stage.found['lot']}/keyset")
    number = stage.case["inventions"]["lot_number"]
    return Lot(uuid.UUID(stage.found["lot"]), stage.case["facts"]["number"], number, told["ks"])


async def gather(platform: Platform, lot: Lot, count: int) -> list[Member]:
    """Make so many bidders who have signed in, take part in the lot, and have a form and a small file uploaded."""
    install_policy()
    authority = load_authority(authority_folder(platform.home))
    db = Database(make_engine(async_url(platform.settings.database_url.reveal()), pool_size=1))
    try:
        members = []
        for n in range(count):
            async with db.begin() as tx:
                members.append(await _member(tx, platform, authority, lot, n))
            await asyncio.sleep(0)
        return members
    finally:
        await db.close()


async def _member(tx: Tx, platform: Platform, authority: Authority, lot: Lot, n: int) -> Member:
    body = f"9142{n:013d}"
    holder = Holder(body + uscc_check_char(body), f"投标单位{n:04}")
    key = generate(KeyKind.P256)
    licence = issue_licence(authority, holder, key.public, generate(KeyKind.P256).public, tx.now - timedelta(days=60))
    organisation = await ensure_organisation(tx, uscc=holder.uscc, name=holder.organisation, source="licence")
    account = await create_account(
        tx,
        login=f"licence:{holder.uscc}",
        display_name=holder.organisation,
        roles=["bidder"],
        organisation_id=organisation.id,
    )
    await tx.session.flush()
    secret = (await open_session(tx, account, method="licence")).secret
    await tx.session.flush()
    interest, bid, pseudonym = tx.new_secret_id(), tx.new_secret_id(), b64u_encode(os.urandom(16))
    await tx.fetch(
        "INSERT INTO bidding_interest (id, lot_id, organisation_id, account_id, pseudonym) VALUES ($1, $2, $3, $4, $5)",
        *(interest, lot.id, organisation.id, account.id, pseudonym),
    )
    await tx.fetch(
        "INSERT INTO bidding_bid (id, interest_id, lot_id, state, rev) VALUES ($1, $2, $3, 'registered', 0)",
        *(bid, interest, lot.id),
    )
    token = csrf_token(platform.settings.secret_key.reveal().encode(), secret)
    line = Line(platform.url, {SESSION_COOKIE: secret, CSRF_COOKIE: token})
    member = Member(line, token, key, [licence.sign, authority.issuing], bid, pseudonym)
    member.docs = [await _upload(tx, lot, bid, slot) for slot in (FILE, FORM)]
    return member


async def _upload(tx: Tx, lot: Lot, bid: uuid.UUID, slot: str) -> dict[str, Any]:
    """Write an upload of one chunk as `bidding.uploads` would have left it."""
    upload, head, digest, leaf = tx.new_secret_id(), os.urandom(1800), os.urandom(32), os.urandom(32)
    size = CHUNK_OF_SLOT[slot] + 16
    await tx.fetch(
        "INSERT INTO bidding_upload (id, bid_id, lot_id, slot, head, head_digest, chunk_bytes, chunks)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 1)",
        *(upload, bid, lot.id, slot, head, digest, size),
    )
    await tx.fetch(
        "INSERT INTO bidding_chunk (upload_id, j, lot_id, leaf, object_name) VALUES ($1, 0, $2, $3, $4)",
        *(upload, lot.id, leaf, f"sealed/{upload.hex}"),
    )
    return messages.document(slot, envelope_id(SUITE, digest, [leaf]), 1, len(head) + size)


def sign_round(members: Sequence[Member], lot: Lot) -> list[Ready]:
    """Sign the next revision of everybody's bid."""
    made = []
    for member in members:
        message = messages.submission(
            tender=lot.tender,
            lot=lot.number,
            bidder=member.pseudonym,
            rev=member.rev + 1,
            prev=member.head,
            docs=member.docs,
            ks=b64u_decode(lot.ks),
        )
        token = sign_message(SUITE, message, member.key, member.chain)
        request = member.posted("/api/v1/submissions", {"jws": token})
        made.append(Ready(member, request, messages.submission_digest(SUITE, message)))
    return made


def stage_of(platform: Platform, case: Path) -> Stage:
    """Return the demonstration's stage on a running platform."""
    from rich.console import Console

    stage = Stage(
        base_url=platform.url,
        case=json.loads(case.read_text(encoding="utf-8")),
        folder=platform.home.path / "clients",
        console=Console(quiet=True),
        operator_password=platform.installed.operator_password,
        security_password=platform.installed.security_password,
    )
    stage.found["home"] = str(platform.home.path)
    return stage
