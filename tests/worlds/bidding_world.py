"""A world of bidders with e-licences, trustees with keys, and a lot whose notice is out; all goes through HTTP."""

import io
import json
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, text

from bidding import envelope, keyset, messages
from bidding.client import accept_keyset, released_secret, share_all, sign_message
from bidding.licence import login_token
from bidding.parts import steps_of_keyset
from bidding.vocabulary import CHUNK_OF_SLOT
from kernel.canonical import b64u_decode, b64u_encode, jcs
from kernel.codes import uscc_check_char
from kernel.crypto import jws, suite
from kernel.crypto.authority import Authority, Holder, Licence, create_authority, issue_licence, revoke
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from kernel.identity.accounts import create_account, ensure_organisation
from kernel.identity.models import Account
from kernel.identity.sessions import open_session
from portal.licences import LocalLicences
from tests.world import World
from tests.worlds import snapshot
from tests.worlds.snapshot import Snapshot
from trading.procedures.book import Combination, definition_of, versions
from trading.vocabulary import LotKind, Regime, TenderMethod

SUITE = suite("intl-1")
TENDER = "C1100000189017141002"
BUYER, AGENCY = "西安航天动力试验技术研究所", "陕西铭源项目管理有限公司"


#: How long before the first test the authority began.
BACKDATED = timedelta(days=400)
_AUTHORITY: list[Authority] = []
#: What `open_for_bids` makes, by its arguments.
_OPEN: dict[str, "Opened"] = {}

#: What every company of this world says of itself.
REGISTRATION = {
    "contact_name": "周明远",
    "contact_phone": "13812345678",
    "address": "陕西省西安市高新区科技路 1 号",
    "bank_name": "示例银行西安高新支行",
    "bank_account": "1705020409200012345",
    "promise": "yes",
}


def uscc(n: int) -> str:
    """A credit code with a right check character."""
    body = f"9161{n:013d}"
    return body + uscc_check_char(body)


#: One criterion asks for evidence, one is from before there was such a member.
CRITERIA = [
    {"code": "B1", "name": "同类业绩", "kind": "objective", "max": "60", "group": "business", "evidence": "合同关键页"},
    {"code": "P1", "name": "投标报价", "kind": "price", "max": "40", "group": "price", "hint": ""},
]


@dataclass(slots=True)
class Bidder:
    """A company with its keys and its browser."""

    name: str
    uscc: str
    sign_key: PrivateKey
    licence: Licence
    client: httpx.AsyncClient
    bid_key: PrivateKey
    encrypt_key: PrivateKey | None = None
    pseudonym: str = ""
    sealed: dict[str, bytes] = field(default_factory=dict)
    file_keys: dict[str, bytes] = field(default_factory=dict)
    eids: dict[str, bytes] = field(default_factory=dict)
    docs: list[dict[str, Any]] = field(default_factory=list)
    rev: int = 0
    head: bytes | None = None


@dataclass(slots=True)
class Trustee:
    """A trustee with the two keys on record."""

    i: int
    client: httpx.AsyncClient
    sign: PrivateKey
    unwrap: PrivateKey

    def signed(self, message: dict[str, Any]) -> str:
        header = {"kid": SUITE.kid(self.sign.public.spki)}
        return jws.sign(SUITE, messages.TYPES[message["type"]], message, self.sign, "ES256", header)


@dataclass(frozen=True, slots=True)
class Opened:
    """A world whose lot awaits bids: its snapshot, and what the test's side knows of it."""

    snapshot: Snapshot
    lot_id: uuid.UUID
    deadline: datetime
    keyset_id: str
    keyset: str
    trustees: list[tuple[int, dict[str, str], PrivateKey, PrivateKey]]


def cut(raw: bytes) -> tuple[bytes, list[bytes]]:
    """Head and chunks of an envelope file."""
    head = envelope.read_head(io.BytesIO(raw))
    body = raw[len(head.raw) :]
    return head.raw, [body[at : at + head.sealed_chunk] for at in range(0, len(body), head.sealed_chunk)]


def own_authority(world: World) -> Authority:
    """The authority of this process, with a book and a list of revocations for this world alone."""
    if not _AUTHORITY:
        _AUTHORITY.append(create_authority(world.folder / "authority", world.services.feed.last_instant() - BACKDATED))
        return _AUTHORITY[0]
    folder = world.folder / "authority"
    folder.mkdir(mode=0o700)
    one = _AUTHORITY[0]
    for name, kept in (("root", (one.root, one.root_key)), ("issuing", (one.issuing, one.issuing_key))):
        (folder / f"{name}.pem").write_bytes(kept[0].public_bytes(Encoding.PEM))
        (folder / f"{name}.key").write_bytes(kept[1].pkcs8())  # the local authority's commands open the folder, too
    return replace(one, folder=folder)


class BiddingWorld:
    """Wraps a `World`; `lot_id` is a published lot after `publish`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = world.services.db
        self.authority: Authority = own_authority(world)
        world.services.plugins["licences"] = LocalLicences(self.authority)
        self.lot_id = uuid.uuid4()
        self.deadline = datetime(2000, 1, 1, tzinfo=UTC)
        self.trustees: list[Trustee] = []
        self.keyset: dict[str, Any] = {}
        self.keyset_id = ""
        self.step = 1

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
        client = self.world.client()
        return Bidder(holder.organisation, holder.uscc, sign, licence, client, generate(KeyKind.P256), encrypt)

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
        if answer.status_code == 200:
            await self.register(bidder)
        return answer

    async def register(self, bidder: Bidder) -> None:
        """Complete the company's registration, unless it is, or somebody comes who may not (a clerk)."""
        client = bidder.client
        answer = await client.get("/api/v1/registration")
        if answer.status_code == 403 or answer.json()["complete"]:
            return
        paper = await client.put("/api/v1/registration/documents/bank_proof?name=bank.pdf", content=b"%PDF-1.7 account")
        assert paper.status_code == 200, paper.text
        done = await client.post("/api/v1/registration", json=REGISTRATION)
        assert done.status_code == 200, done.text

    async def begin_scan(self, browser: httpx.AsyncClient) -> dict[str, Any]:
        """A browser shows a code."""
        await browser.get("/api/v1/time")
        answer = await browser.post("/api/v1/auth/licence/scans", json={})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def open_scan(self, wallet: httpx.AsyncClient, scan_id: str, secret: str = "w" * 22) -> httpx.Response:
        await wallet.get("/api/v1/time")
        return await wallet.post(f"/api/v1/wallet/scans/{scan_id}/open", json={"wallet": secret})

    async def answer_scan(
        self, wallet: httpx.AsyncClient, scan_id: str, token: str, secret: str = "w" * 22
    ) -> httpx.Response:
        body = {"wallet": secret, "token": token}
        return await wallet.post(f"/api/v1/wallet/scans/{scan_id}/answer", json=body)

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

    async def make_lot(
        self,
        *,
        policy: str = "both",
        window_s: int = 1800,
        published: bool = True,
        consortium: bool = False,
        envelopes: str = "one",
    ) -> None:
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
                    " '服务器采购', 'ZTB', 'goods', 'open', '西安市', :b, :bn, :a, :an, '{}', cast(:funds AS jsonb),"
                    " '', '', '[]', '{}', :id, :t)"
                ),
                {
                    "id": project,
                    "number": TENDER,
                    "b": organisations[BUYER],
                    "bn": BUYER,
                    "a": organisations[AGENCY],
                    "an": AGENCY,
                    "funds": json.dumps({"source": "state_owned", "description": "国有资金 100%"}),
                    "t": now - timedelta(days=8),
                },
            )
            procedure: dict[str, Any] = {"policy": policy, "suite": "intl-1", "k": 3, "n": 5, "window_s": window_s}
            procedure["valid_days"] = 90
            if envelopes != "one":
                goods = Combination(Regime.ZTB, LotKind.GOODS, TenderMethod.OPEN)
                procedure["slots"] = msgspec.to_builtins(definition_of(goods, max(versions())).slots[envelopes])
            await tx.session.execute(
                text(
                    "INSERT INTO trading_entrustment (project_id, agency_id, offered_at, answered_at, accepted)"
                    " SELECT id, agency_id, registered_at, registered_at, true FROM trading_project WHERE id = :p"
                ),
                {"p": project},
            )
            await tx.session.execute(
                text(
                    "INSERT INTO trading_lot (id, project_id, number, title, stage, stage_since, scope, qualifications,"
                    " consortium_allowed, agents_allowed, price_cap_fen, criteria, review_items, price_method,"
                    " procedure, provenance, registered_at, documents_from, documents_to, deadline, opening_at, keyset,"
                    " published_at) VALUES (:id, :p, '001', '服务器采购', :stage, :t,"
                    " cast(:scope AS jsonb), '[]', :consortium, true,"
                    " 320000000, cast(:criteria AS jsonb), '[]', '{}', cast(:procedure AS jsonb), '{}',"
                    " :t, :t, :to, :d, :d, NULL, NULL)"
                ),
                {
                    "id": self.lot_id,
                    "p": project,
                    "consortium": consortium,
                    "stage": "registered",
                    "t": now - timedelta(hours=1),
                    "to": now + timedelta(days=7),
                    "d": self.deadline,
                    "procedure": json.dumps(procedure),
                    "criteria": json.dumps(CRITERIA),
                    "scope": json.dumps({"summary": "服务器", "quantity": "12 台", "place": "西安", "term": "30 日"}),
                },
            )
        if published:
            await self.publish()

    async def staff(self, login: str, *roles: str, code: str, organisation: str) -> httpx.AsyncClient:
        """A person of staff, signed in without the slow check of password and code."""
        async with self.db.begin() as tx:
            account = (await tx.session.execute(select(Account).where(Account.login == login))).scalar_one_or_none()
            if account is None:
                found = await ensure_organisation(tx, uscc=code, name=organisation)
                account = await create_account(
                    tx, login=login, display_name=login, roles=roles, organisation_id=found.id
                )
            opened = await open_session(tx, account, method="password+totp")
        client = self.world.client()
        client.cookies.set("sid", opened.secret)
        await client.get("/api/v1/me")
        return client

    # The keyset.

    async def make_trustees(self, n: int = 5) -> list[str]:
        """Sign trustees in, each of an organisation of its own, with keys on record; return their account ids."""
        accounts = []
        for i in range(1, n + 1):
            client = await self.staff(f"trustee{i}", "trustee", code=uscc(800_000 + i), organisation=f"见证单位{i}")
            sign, unwrap = generate(KeyKind.P256), generate(KeyKind.P256)
            for purpose, key in (("sign", sign), ("unwrap", unwrap)):
                answer = await client.post(
                    "/api/v1/me/keys", json={"purpose": purpose, "spki": b64u_encode(key.public.spki)}
                )
                assert answer.status_code == 201, answer.text
            self.trustees.append(Trustee(i, client, sign, unwrap))
            accounts.append((await client.get("/api/v1/me")).json()["id"])
        return accounts

    async def agency(self) -> httpx.AsyncClient:
        return await self.staff("agent", "agency", code=uscc(900_002), organisation=AGENCY)

    async def propose(self, accounts: list[str], **changes: Any) -> httpx.Response:
        client = await self.agency()
        body = {"trustees": [{"account": account, "role": "notary"} for account in accounts], **changes}
        return await client.post(f"/api/v1/lots/{self.lot_id}/keyset", json=body)

    async def accept(self, trustee: "Trustee") -> httpx.Response:
        drill = (await trustee.client.get(f"/api/v1/keysets/{self.keyset_id}/drill")).json()
        message = accept_keyset(drill["keyset"], drill["i"], drill["challenge"], trustee.unwrap)
        return await trustee.client.post(
            f"/api/v1/keysets/{self.keyset_id}/accept", json={"jws": trustee.signed(message)}
        )

    async def make_keyset(self, n: int = 5) -> None:
        """Propose, drill, accept: the lot's keyset is published."""
        proposed = await self.propose(await self.make_trustees(n))
        assert proposed.status_code == 201, proposed.text
        self.keyset_id, self.keyset = proposed.json()["id"], proposed.json()["keyset"]
        for trustee in self.trustees:
            answer = await self.accept(trustee)
            assert answer.status_code == 200, answer.text

    async def open_for_bids(self, **procedure: Any) -> None:
        """Make a lot with a keyset whose notice is out; in a fresh world, take it from a snapshot if there is one."""
        known = _OPEN.get(repr(procedure))
        if not await snapshot.is_fresh(self.world):
            await self._open_for_bids(**procedure)
        elif known is not None and known.snapshot.holds:
            await self._restore(known)
        else:
            before = await snapshot.tables_of(self.world)
            await self._open_for_bids(**procedure)
            _OPEN[repr(procedure)] = Opened(
                await snapshot.take(self.world, before),
                self.lot_id,
                self.deadline,
                self.keyset_id,
                json.dumps(self.keyset),
                [(one.i, dict(one.client.cookies), one.sign, one.unwrap) for one in self.trustees],
            )

    async def _open_for_bids(self, **procedure: Any) -> None:
        await self.make_lot(published=False, **procedure)
        await self.make_keyset(0 if procedure.get("policy") == "bidder" else 5)
        await self.publish()

    async def _restore(self, known: "Opened") -> None:
        await snapshot.restore(self.world, known.snapshot)
        self.lot_id, self.deadline, self.keyset_id = known.lot_id, known.deadline, known.keyset_id
        self.keyset = json.loads(known.keyset)
        for i, cookies, sign, unwrap in known.trustees:
            client = self.world.client()
            for name, value in cookies.items():
                client.cookies.set(name, value)
            self.trustees.append(Trustee(i, client, sign, unwrap))

    # Bids.

    def form(self, bidder: Bidder, /, **changes: Any) -> dict[str, Any]:
        return {
            "v": 1,
            "type": "bid.form",
            "tender": TENDER,
            "lot": "001",
            "bidder_name": bidder.name,
            "uscc": bidder.uscc,
            "price": "2986400.00",
            "period": "30 天",
            "manager": "张敏",
            "valid_days": 90,
            **changes,
        }

    def letter(self, bidder: Bidder, /, **changes: Any) -> bytes:
        """What the first of two envelopes says: a form without a price."""
        form = self.form(bidder) | {"type": "bid.letter", **changes}
        return jcs({name: value for name, value in form.items() if name != "price" or name in changes})

    def seal(self, bidder: Bidder, slot: str, data: bytes, /, **changes: Any) -> bytes:
        """Seal one document as the bidder's client does; remember the file key."""
        core = {
            "suite": "intl-1",
            "tender": TENDER,
            "lot": "001",
            "slot": slot,
            "bidder": bidder.pseudonym,
            "ks": b64u_encode(keyset.keyset_hash(self.keyset)),
            "chunk": CHUNK_OF_SLOT[slot],
            **changes,
        }
        out = io.BytesIO()
        policy = self.keyset["policy"]
        eid, file_key = envelope.seal(
            core,
            policy,
            [("hpke-p256", bidder.bid_key.public)] if policy != "trustees" else [],
            keyset.trustee_keys(self.keyset),
            self.keyset["k"] or None,
            len(data),
            io.BytesIO(data),
            out,
        )
        bidder.sealed[slot], bidder.file_keys[slot], bidder.eids[slot] = out.getvalue(), file_key, eid
        return out.getvalue()

    async def open_upload(self, bidder: Bidder, slot: str, raw: bytes, /, **changes: Any) -> httpx.Response:
        head, pieces = cut(raw)
        body = {"lot": str(self.lot_id), "slot": slot, "header": b64u_encode(head), "chunks": len(pieces), **changes}
        return await bidder.client.post("/api/v1/uploads", json=body)

    async def upload(self, bidder: Bidder, slot: str, raw: bytes) -> str:
        """Upload an envelope whole; return the upload's id."""
        opened = await self.open_upload(bidder, slot, raw)
        assert opened.status_code == 201, opened.text
        for j, piece in enumerate(cut(raw)[1]):
            answer = await bidder.client.put(f"/api/v1/uploads/{opened.json()['id']}/chunks/{j}", content=piece)
            assert answer.status_code == 200, answer.text
        return str(opened.json()["id"])

    async def prepare(self, bidder: Bidder, file: bytes = b"%PDF-1.7 bid", **form: Any) -> None:
        """Seal and upload form and file, or what two envelopes hold; `docs` then holds what a submission names."""
        bidder.docs = []
        price = jcs(self.form(bidder, **form))
        parts = {"file": file, "form": price}
        if "steps" in self.keyset:
            parts = {
                "business": b"%PDF-1.7 business",
                "technical": file,
                "letter": self.letter(bidder),
                "commercial": b"%PDF-1.7 bill",
                "form": price,
            }
        for slot, data in parts.items():
            raw = self.seal(bidder, slot, data)
            await self.upload(bidder, slot, raw)
            bidder.docs.append(messages.document(slot, bidder.eids[slot], len(cut(raw)[1]), len(raw)))

    def message(self, bidder: Bidder, /, **changes: Any) -> dict[str, Any]:
        """The next submission of a bidder."""
        made = messages.submission(
            tender=TENDER,
            lot="001",
            bidder=bidder.pseudonym,
            rev=bidder.rev + 1,
            prev=bidder.head,
            docs=bidder.docs,
            ks=keyset.keyset_hash(self.keyset),
        )
        return {**made, **changes}

    def signed(self, bidder: Bidder, message: dict[str, Any], **changes: Any) -> str:
        key, chain = changes.get("key", bidder.sign_key), changes.get("chain", [bidder.licence.sign])
        return sign_message(SUITE, message, key, [*chain, self.authority.issuing])

    async def send(self, bidder: Bidder, message: dict[str, Any], **changes: Any) -> httpx.Response:
        path = "/api/v1/submissions" if message["type"] == "bid.submission" else "/api/v1/withdrawals"
        answer = await bidder.client.post(path, json={"jws": self.signed(bidder, message, **changes)})
        if answer.status_code in (201, 202):
            bidder.rev, bidder.head = message["rev"], messages.submission_digest(SUITE, message)
        return answer

    async def submit(self, bidder: Bidder, **form: Any) -> httpx.Response:
        """Seal, upload and submit; the answer is the receipt."""
        await self.prepare(bidder, **form)
        answer = await self.send(bidder, self.message(bidder))
        assert answer.status_code in (201, 202), answer.text
        return answer

    async def withdraw(self, bidder: Bidder) -> httpx.Response:
        assert bidder.head is not None
        message = messages.withdrawal(
            tender=TENDER, lot="001", bidder=bidder.pseudonym, rev=bidder.rev + 1, prev=bidder.head
        )
        return await self.send(bidder, message)

    # The opening.

    async def close(self) -> None:
        """The deadline passes; the lot is closed and the log has published the deadline checkpoint."""
        await self.world.clock_to(self.deadline)
        await self.world.settle()
        await self.world.rounds.run()

    async def secrets(self, bidder: Bidder) -> list[tuple[str, bytes, bytes]]:
        """What the bidder's client unwraps from the heads of his own envelopes."""
        own = (await bidder.client.get(f"/api/v1/lots/{self.lot_id}/headers")).json()["headers"]
        found = []
        for row in own:
            header = envelope.parse_header(io.BytesIO(b64u_decode(row["header"])))
            if row["slot"] in steps_of_keyset(self.keyset)[self.step - 1]:
                found.append((row["slot"], b64u_decode(row["eid"]), released_secret(header, bidder.bid_key)))
        return found

    async def release(self, bidder: Bidder, /, secrets: Any = None, **changes: Any) -> httpx.Response:
        """Check the close list, then release, as the bidder's client does."""
        made = messages.release(
            tender=TENDER,
            lot="001",
            bidder=bidder.pseudonym,
            submission=bidder.head or bytes(32),
            secrets=await self.secrets(bidder) if secrets is None else secrets,
        )
        return await bidder.client.post("/api/v1/releases", json={"jws": self.signed(bidder, {**made, **changes})})

    async def end_window(self) -> None:
        """The window passes."""
        await self.world.clock_to(self.deadline + timedelta(seconds=self.keyset["window_s"] + 60))
        await self.world.settle()

    async def batch(self, trustee: Trustee) -> dict[str, Any]:
        """The shares that a trustee's client opens, after it has looked at everything."""
        shown = (await trustee.client.get(f"/api/v1/lots/{self.lot_id}/headers")).json()
        envelopes = [
            (b64u_decode(row["eid"]), envelope.parse_header(io.BytesIO(b64u_decode(row["header"]))))
            for row in shown["headers"]
        ]
        message, faults = share_all(shown["keyset"], shown["i"], envelopes, trustee.unwrap, self.step)
        assert not faults
        return message

    async def share(self, trustee: Trustee, /, message: Any = None) -> httpx.Response:
        made = await self.batch(trustee) if message is None else message
        return await trustee.client.post("/api/v1/shares", json={"jws": trustee.signed(made)})

    async def opening(self, client: httpx.AsyncClient | None = None) -> dict[str, Any]:
        """The state of the opening as anybody sees it."""
        return (await (client or self.world.client()).get(f"/api/v1/lots/{self.lot_id}/opening")).json()

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        """Rows of a statement, as the portal's login sees them."""
        async with self.db.begin_read_only() as tx:
            return list((await tx.session.execute(text(sql), {"lot": self.lot_id, **values})).all())

    async def entries(self, kind: str) -> list[dict[str, Any]]:
        """Details of the log's entries of a kind."""
        return [
            row.detail for row in await self.rows("SELECT detail FROM audit_entry WHERE type = :k ORDER BY id", k=kind)
        ]

    async def publish(self, ks: str = "") -> None:
        async with self.db.begin() as tx:
            await tx.session.execute(
                text(
                    "UPDATE trading_lot SET stage = 'notice_published', published_at = :t,"
                    " keyset = coalesce(keyset, :ks) WHERE id = :id"
                ),
                {"t": tx.now, "id": self.lot_id, "ks": ks or b64u_encode(bytes(32))},
            )
