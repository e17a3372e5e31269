"""Calls after a draw: codes, answers, silence, late-found conflicts; every outcome on record before the next call."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import func, select, text

from experts import calls, committee, messages, sessions
from experts.drafts import CommitteeDraft, NewGroup
from experts.jobs import call_experts
from experts.models.committee import Call, Committee, Member, Message
from experts.models.pool import Expert
from experts.phone import DELIVER, deliver_message, text_of
from experts.vocabulary import CallState, CommitteeState
from kernel.crypto import jws, suite
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from kernel.draw import commit_hash, read_spec, verify_draw
from kernel.draw.records import COMMIT_TYP, commit_payload
from kernel.drawbook import book, revealing
from kernel.drawbook.shelf import find_draw
from kernel.drawbook.transcript import pool_file, transcript
from kernel.drawbook.vault import Vault
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, NotPermitted, VerificationFailed
from kernel.identity.accounts import add_person_key
from kernel.identity.actor import Actor
from tests.factories.trading import make_actor
from tests.world import World
from tests.worlds.draw_world import filler
from tests.worlds.evaluation_world import make_opened_lot
from tests.worlds.expert_world import CENTRE, OVERSIGHT, import_pool
from trading.vocabulary import Role

SUITE = suite("intl-1")


@dataclass
class Scene:
    """A drawn committee of three whose first calls are out."""

    world: World
    lot_id: uuid.UUID = field(default_factory=uuid.uuid4)
    draw_id: uuid.UUID = field(default_factory=uuid.uuid4)
    committee_id: uuid.UUID = field(default_factory=uuid.uuid4)
    centre: Actor | None = None
    bids: list[uuid.UUID] = field(default_factory=list)
    keys: dict[uuid.UUID, PrivateKey] = field(default_factory=dict)

    async def draw(self) -> None:
        vault = Vault(generate(KeyKind.P256))
        self.world.services.plugins["vault"] = vault
        async with self.world.services.db.begin() as tx:
            opened = await make_opened_lot(tx)
            agency = opened.trading.agency
            oversight = await make_actor(tx, Role.SUPERVISOR, OVERSIGHT)
            self.centre = await make_actor(tx, "centre", CENTRE)
            await import_pool(tx, self.centre, vault, opened.trading)
            parties = {"agency": agency, "supervisor": oversight}
            keys = {party: generate(KeyKind.P256) for party in parties}
            for party, actor in parties.items():
                await add_person_key(tx, actor.account_id, purpose="sign", spki=keys[party].public.spki)
            draft = CommitteeDraft(
                groups=(NewGroup("B0133", 4), NewGroup("C0502", 1)),
                begins_at=tx.now + timedelta(hours=3),
                place="评标一室",
                answer_minutes=30,
            )
            frozen = await committee.request_committee(tx, agency, vault, opened.lot_id, draft)
            self.lot_id, self.draw_id, self.committee_id = opened.lot_id, frozen.draw_id, frozen.committee_id
            self.bids = opened.bids
            spec = read_spec((await find_draw(tx, frozen.draw_id)).spec)
            for party, actor in parties.items():
                payload = commit_payload(spec, party, commit_hash(spec.raw, party, filler(party)))
                await book.commit(tx, actor, frozen.draw_id, signed(keys[party], COMMIT_TYP, payload))
            await book.close(tx, frozen.draw_id)
            for party, actor in parties.items():
                await revealing.reveal(tx, actor, frozen.draw_id, party, filler(party))
            await committee.begin_calls(tx, frozen.draw_id)
        await self.ring()

    async def ring(self) -> None:
        """Let the log take everything in, and call whoever is next."""
        await self.world.settle()
        await call_experts(self.world.services)

    async def code_for(self, phone: str) -> str:
        """Return the code that the newest message to a phone shows, as its gateway reads it."""
        async with self.world.services.db.begin_read_only() as tx:
            query = select(Message).where(Message.phone == phone).order_by(Message.created_at.desc()).limit(1)
            message = (await tx.session.execute(query)).scalar_one()
        return text_of(self.world.services.plugins["fields"], message).split("一次性口令 ")[1][:14]

    async def outstanding(self) -> list[tuple[Call, str]]:
        """Return the calls that wait, each with the newest code that went to its phone."""
        async with self.world.services.db.begin_read_only() as tx:
            query = select(Call, Expert.phone).join(Expert, Expert.id == Call.expert_id).where(Call.state == "out")
            found = (await tx.session.execute(query.order_by(Call.no))).all()
        return [(call, await self.code_for(phone)) for call, phone in found]

    async def sign_in(self, code: str) -> Actor:
        async with self.world.services.db.begin() as tx:
            actor = (await calls.sign_in_with_code(tx, code, "a browser")).actor
            if actor.account_id not in self.keys:
                self.keys[actor.account_id] = generate(KeyKind.P256)
            spki = self.keys[actor.account_id].public.spki
            await add_person_key(tx, actor.account_id, purpose="sign", spki=spki)
            return actor

    async def accept_all(self) -> list[Actor]:
        members = []
        for call, code in await self.outstanding():
            actor = await self.sign_in(code)
            async with self.world.services.db.begin() as tx:
                await calls.answer_call(tx, actor, call.id, accept=True)
            members.append(actor)
        return members


def signed(key: PrivateKey, typ: str, payload: dict[str, object]) -> str:
    return jws.sign(SUITE, typ, payload, key, "ES256", {"kid": SUITE.kid(key.public.spki)})


@pytest.fixture
async def scene(world: World) -> Scene:
    made = Scene(world)
    await made.draw()
    return made


async def test_calls_are_answered_once_by_whom_they_went_to(scene: Scene) -> None:
    (first, code), (second, _), *_ = await scene.outstanding()
    actor = await scene.sign_in(code)
    db = scene.world.services.db
    async with db.begin() as tx:
        with pytest.raises(NotPermitted):
            await calls.sign_in_with_code(tx, code, "another browser")  # a code works once
    async with db.begin() as tx:
        again = await calls.sign_in_with_code(tx, code, "a browser")  # whose answer got lost on the way
        assert again.actor.account_id == actor.account_id
        (used,) = (await tx.session.execute(select(Call).where(Call.id == first.id))).scalars()
        assert used.used_at is not None
        used.used_at -= calls.AGAIN_WITHIN
    async with db.begin() as tx:
        with pytest.raises(NotPermitted):
            await calls.sign_in_with_code(tx, code, "a browser")
    async with db.begin() as tx:
        with pytest.raises(NotFound):
            await calls.answer_call(tx, actor, second.id, accept=True)
    async with db.begin() as tx:
        with pytest.raises(InvalidInput):
            await calls.answer_call(tx, actor, first.id, accept=False)
    forged = signed(generate(KeyKind.P256), messages.ANSWER_TYP, messages.call_answer(first.id, "accept"))
    other = signed(scene.keys[actor.account_id], messages.ANSWER_TYP, messages.call_answer(first.id, "refuse"))
    for token in (forged, other):
        async with db.begin() as tx:
            with pytest.raises(VerificationFailed):
                await calls.answer_call(tx, actor, first.id, accept=True, token=token)

    async with db.begin() as tx:
        good = signed(scene.keys[actor.account_id], messages.ANSWER_TYP, messages.call_answer(first.id, "accept"))
        assert await calls.answer_call(tx, actor, first.id, accept=True, token=good) is CallState.ACCEPTED
    async with db.begin() as tx:
        with pytest.raises(Conflict):
            await calls.answer_call(tx, actor, first.id, accept=False, reason="busy")


async def test_silence_is_recorded_and_the_reserve_order_follows(scene: Scene) -> None:
    before = await scene.outstanding()
    late = await scene.sign_in(before[0][1])
    await scene.world.clock_by(timedelta(minutes=31))
    async with scene.world.services.db.begin() as tx:
        with pytest.raises(DeadlinePassed):
            await calls.answer_call(tx, late, before[0][0].id, accept=True)

    await scene.ring()
    await scene.ring()
    await scene.accept_all()
    await scene.world.settle()

    async with scene.world.services.db.begin_read_only() as tx:
        told, pool = await transcript(tx, scene.draw_id), await pool_file(tx, scene.draw_id)
        state = (await tx.session.execute(select(Committee.state))).scalar_one()
        kinds = "'draw.replacement', 'draw.identity-opened'"
        query = text(f"SELECT type FROM audit_entry WHERE type IN ({kinds}) ORDER BY id")
        order = (await tx.session.execute(query)).scalars()
    assert [step["reason"] for step in told["replacements"]] == ["no-answer"] * 5
    assert verify_draw(told, pool, scene.world.services.trust).signed
    assert list(order) == ["draw.identity-opened"] * 5 + ["draw.replacement"] * 5 + ["draw.identity-opened"] * 5
    assert state == CommitteeState.COMPLETE


async def test_a_declared_conflict_at_check_in_brings_the_next_of_the_reserve(scene: Scene) -> None:
    members = await scene.accept_all()
    await scene.world.clock_by(timedelta(hours=3))
    assert scene.centre is not None
    async with scene.world.services.db.begin() as tx:
        session_id = await sessions.open_evaluation(
            tx, scene.centre, scene.lot_id, site="测试", cipher=scene.world.services.plugins["fields"]
        )
    leaving = members[0]
    async with scene.world.services.db.begin() as tx:
        seat, phone = (
            await tx.session.execute(
                select(Member.seat, Expert.phone)
                .join(Call, Call.id == Member.call_id)
                .join(Expert, Expert.id == Call.expert_id)
                .where(Member.account_id == leaving.account_id)
            )
        ).one()
        token = signed(
            scene.keys[leaving.account_id],
            messages.CHECK_IN_TYP,
            messages.check_in(session_id, seat, [scene.bids[0]]),
        )
        with pytest.raises(Conflict, match="口令"):
            await sessions.check_in(tx, leaving, session_id, [scene.bids[0]], "曾任顾问", token)
        with pytest.raises(NotPermitted):
            await sessions.arrive(tx, leaving, session_id, "AAAA-BBBB-CCCC")
        await sessions.arrive(tx, leaving, session_id, await scene.code_for(phone))
        with pytest.raises(VerificationFailed):
            await sessions.check_in(tx, leaving, session_id, [], "", token)
        with pytest.raises(InvalidInput):
            await sessions.check_in(tx, leaving, session_id, [scene.bids[0]], " ", token)

        assert not await sessions.check_in(tx, leaving, session_id, [scene.bids[0]], "曾任顾问", token)
    await scene.ring()

    ((replacing_call, _),) = await scene.outstanding()
    assert replacing_call.no == 6
    await scene.accept_all()
    async with scene.world.services.db.begin() as tx:
        assert (await tx.session.execute(select(Committee.state))).scalar_one() == CommitteeState.COMPLETE
        with pytest.raises(NotFound):
            await sessions.check_in(tx, leaving, session_id, [], "", token)


async def _everything_stored(scene: Scene) -> str:
    """Return all rows of all tables as text, as somebody with the database sees them."""
    connection = await asyncpg.connect(scene.world.database.url("superuser"))
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = [
            await connection.fetchval(f'SELECT string_agg(t::text, chr(10)) FROM "{name}" t') for (name,) in tables
        ]
    finally:
        await connection.close()
    return "\n".join(text or "" for text in found)


async def test_whoever_has_the_database_sits_in_nobodys_seat(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A code stands in no table, no queue and no log in clear, and its ciphertext goes with the first use."""
    caplog.set_level("DEBUG")
    (_, code), *others = await scene.outstanding()

    async def sealed() -> int:
        query = select(func.count()).select_from(Message).where(Message.sealed.is_not(None))
        async with scene.world.services.db.begin_read_only() as tx:
            return int((await tx.session.execute(query)).scalar_one())

    stored = await _everything_stored(scene)
    for one in [code, *(code for _, code in others)]:
        assert one not in stored
        assert one.replace("-", "") not in stored
        assert one.encode().hex() not in stored
    assert await sealed() == 1 + len(others)
    await scene.sign_in(code)
    assert await sealed() == len(others)
    # Who does not answer in time leaves no code behind either.
    await scene.world.clock_by(timedelta(minutes=31))
    await call_experts(scene.world.services)
    codes = {code for _, code in others}
    assert not codes & {text.split("一次性口令 ")[1][:14] for text in await _texts(scene)}
    assert not [record for record in caplog.records if code in record.getMessage()]


async def _texts(scene: Scene) -> list[str]:
    async with scene.world.services.db.begin_read_only() as tx:
        found = (await tx.session.execute(select(Message))).scalars().all()
    return [text_of(scene.world.services.plugins["fields"], message) for message in found]


async def test_the_gateway_gets_the_code_once_and_then_it_is_gone(scene: Scene) -> None:
    services, sent = scene.world.services, []

    class Network:
        async def send(self, phone: str, text: str) -> None:
            sent.append((phone, text))

    (_, code), *_ = await scene.outstanding()
    async with services.db.begin_read_only() as tx:
        jobs = (
            (await tx.session.execute(text("SELECT payload FROM kernel_outbox WHERE kind = :kind"), {"kind": DELIVER}))
            .scalars()
            .all()
        )
    assert jobs
    services.plugins["phones"] = Network()
    for _ in range(2):
        for payload in jobs:
            await deliver_message(services, payload)

    assert len(sent) == len(jobs)
    assert [words for _, words in sent if code in words]
    assert all("（已失效）" in words for words in await _texts(scene))
    # The code itself still opens: only its trace is gone.
    assert (await scene.sign_in(code)).roles == {"expert"}
