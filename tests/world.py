"""The application as tests meet it: real database, real log with signer and witness, HTTP clients per person."""

import asyncio
import contextlib
import copy
import functools
import tempfile
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pyotp
from argon2 import PasswordHasher
from litestar import Litestar
from litestar.datastructures import State
from sqlalchemy import select, text

from kernel.clock import SystemClock
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from kernel.files.store import memory_store
from kernel.identity.accounts import create_account, ensure_organisation
from kernel.identity.factors import begin_totp, confirm_totp, factor_key
from kernel.identity.models import Account
from kernel.identity.sessions import real_now
from kernel.log.note import KeyType, VerifierKey
from kernel.log.platform import PlatformKey
from kernel.log.sequencer import Sequencer
from kernel.log.signer import HeadKeeper, HeadMemory, SignerClient, serve
from kernel.parties.fields import FieldCipher
from kernel.web.services import Services, Site
from portal.app import create_app
from portal.commands.signer import log_signature
from portal.commands.witness import witness_signature
from portal.keyring import LogName
from portal.wiring import build_services
from portal.worker import Rounds

if TYPE_CHECKING:
    from tests.conftest import FreshDatabase

NAME = LogName("test.sunlit.example/log")
TOKEN = "signer-and-sequencer-share-this"
PASSWORD = "a long enough password"
METRICS_TOKEN = "whoever-measures-has-this"


@dataclass(slots=True)
class World:
    """A running installation of one test."""

    services: Services
    app: Litestar
    database: "FreshDatabase"
    folder: Path
    rounds: Rounds
    #: The memories of signer and witness.
    keepers: list[HeadKeeper]
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    #: What the people of the test carry in their pockets, by login.
    authenticators: dict[str, pyotp.TOTP] = field(default_factory=dict)

    def client(self, origin: str = "127.0.0.1") -> httpx.AsyncClient:
        """Return a browser without a session; it sends the form token by itself."""
        made = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False, client=(origin, 123)),
            base_url="http://testserver",
        )
        made.event_hooks = {"request": [_TokenHook(made)]}
        self.clients.append(made)
        return made

    async def signed_in(self, login: str, *roles: str, uscc: str = "", organisation: str = "") -> httpx.AsyncClient:
        """Create an account if it is new and return its signed-in browser."""
        async with self.services.db.begin() as tx:
            known = (
                await tx.session.execute(text("SELECT id FROM identity_account WHERE login = :l"), {"l": login})
            ).scalar_one_or_none()
            if known is None:
                organisation_id: uuid.UUID | None = None
                if uscc:
                    found = await ensure_organisation(tx, uscc=uscc, name=organisation or uscc)
                    organisation_id = found.id
                account = await create_account(
                    tx, login=login, display_name=login, roles=roles, organisation_id=organisation_id
                )
                account.password_hash = quick_hash()
        client = self.client()
        await client.get("/api/v1/time")
        body = {"login": login, "password": PASSWORD, "code": await self.code(login)}
        answer = await client.post("/api/v1/auth/password", json=body)
        assert answer.status_code == 200, answer.text
        await client.get("/api/v1/me")
        return client

    async def code(self, login: str) -> str:
        """Return what the person's authenticator shows; it is given one if there is none, and codes are fresh again."""
        async with self.services.db.begin() as tx:
            account = (await tx.session.execute(select(Account).where(Account.login == login))).scalar_one()
            key = factor_key(self.services.csrf_key)
            if login not in self.authenticators:
                made = await begin_totp(tx, key, account.id, login=login, issuer="test")
                self.authenticators[login] = pyotp.TOTP(made.secret)
                now = await real_now(tx)
                assert await confirm_totp(tx, key, account.id, self.authenticators[login].at(now))
            await tx.session.execute(
                text("UPDATE identity_factor SET counter = 0 WHERE account_id = :a"), {"a": account.id}
            )
            return self.authenticators[login].at(await real_now(tx))

    async def clock_to(self, instant: datetime) -> None:
        """Put the rehearsal's clock to an instant, forward or back (tests only)."""
        async with self.services.db.begin() as tx:
            await tx.session.execute(
                text("UPDATE kernel_installation SET clock_offset = cast(:t AS timestamptz) - clock_timestamp()"),
                {"t": instant},
            )

    async def clock_by(self, span: timedelta) -> None:
        """Move the rehearsal's clock."""
        async with self.services.db.begin() as tx:
            await tx.session.execute(
                text("UPDATE kernel_installation SET clock_offset = clock_offset + cast(:s AS interval)"), {"s": span}
            )

    def live_at(self, base_url: str) -> None:
        """Let the site say that it lives at this address; pages and passkeys are bound to it."""
        site = replace(self.services.site, base_url=base_url)
        object.__setattr__(self.services, "site", site)  # frozen for the product, which never moves

    async def settle(self) -> None:
        """Run the worker's rounds until nothing is due, and wait until the log has taken in everything."""
        await self.rounds.run()
        await self.until_logged()

    async def until_logged(self) -> None:
        """Wait until the log has taken in everything."""
        for _ in range(200):
            async with self.services.db.begin_read_only() as tx:
                row = (
                    await tx.session.execute(
                        text(
                            "SELECT (SELECT count(*) FROM audit_queue) = 0 AND NOT EXISTS"
                            " (SELECT 1 FROM log_leaf WHERE idx >= coalesce("
                            "   (SELECT max(size) FROM log_checkpoint WHERE note IS NOT NULL), 0))"
                        )
                    )
                ).scalar_one()
            if row:
                return
            await asyncio.sleep(0.05)
        raise TimeoutError("the log did not take everything in")


class _TokenHook:
    """Send the form token that the cookie jar holds, as a page's script would."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, request: httpx.Request) -> None:
        token = self._client.cookies.get("csrf")
        if token and request.method not in ("GET", "HEAD") and "x-csrf-token" not in request.headers:
            request.headers["x-csrf-token"] = token


@functools.cache
def quick_hash() -> str:
    """Return a hash of `PASSWORD` that is checked as any other, but quickly: the parameters of Argon2 stand in it."""
    return PasswordHasher(1, 8, 1).hash(PASSWORD)


@functools.cache
def _keys() -> tuple[PrivateKey, ...]:
    """Keys of log, witness and platform: one set per process, so that a snapshot of one world holds in another."""
    return tuple(generate(KeyKind.ED25519) for _ in range(3))


_built: list[Litestar] = []


def application(services: Services) -> Litestar:
    """Return the application with these services; the table of doors, slow to build, is built once per process."""
    if not _built:
        _built.append(create_app(services))
    made = copy.copy(_built[0])
    made.state = State({"services": services})
    return made


@contextlib.asynccontextmanager
async def make_world(database: "FreshDatabase") -> AsyncIterator[World]:
    """Start signer, witness, sequencer and application; stop them at the end."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        log_key, witness_key, platform = _keys()
        keepers = [
            HeadKeeper(HeadMemory(folder / "s"), log_signature(NAME.origin, log_key)),
            HeadKeeper(HeadMemory(folder / "w"), witness_signature(NAME, witness_key, SystemClock())),
        ]
        signer, witness = [await serve(keeper, TOKEN) for keeper in keepers]
        sequencer = Sequencer(
            database.url("log"),
            NAME.origin,
            SignerClient(signer.sockets[0].getsockname()[:2], TOKEN),
            [SignerClient(witness.sockets[0].getsockname()[:2], TOKEN)],
        )
        platform_key = PlatformKey(platform)
        trust: dict[str, Any] = {
            "v": 1,
            "type": "trust",
            "origin": NAME.origin,
            "suites": ["intl-1"],
            "log_keys": [str(VerifierKey.of_spki(NAME.origin, KeyType.ED25519, log_key.public.spki))],
            "platform_keys": [platform_key.trust_row()],
            "witness_keys": [str(VerifierKey.of_spki(NAME.witness, KeyType.COSIGNATURE_V1, witness_key.public.spki))],
            "witness_quorum": 1,
            "licence_roots": [],
        }
        services = build_services(
            database_url=database.url(),
            supervision_url=database.url("supervision"),
            files=memory_store(),
            platform=platform_key,
            trust=trust,
            site=Site("阳光交易", "测试中心", "http://testserver", rehearsal=True, demo=True),
            secret_key=b"k" * 32,
            plugins={"fields": FieldCipher(b"f" * 32)},
            metrics_token=METRICS_TOKEN,
        )
        app = application(services)
        sequencing = asyncio.create_task(sequencer.run())
        made = World(services, app, database, folder, Rounds(services), keepers)
        await services.feed.start()
        try:
            yield made
        finally:
            await services.feed.stop()
            await services.db.close()
            for client in made.clients:
                await client.aclose()
            sequencing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sequencing
            signer.close()
            witness.close()
