"""The book of draws on a real database and log: what it keeps is enough for a stranger to replay every step."""

import copy
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.canonical import b64u_decode, b64u_encode, format_time
from kernel.crypto import CryptoError, jws
from kernel.crypto.keys import KeyKind, generate
from kernel.db.transaction import Tx
from kernel.draw import DrawError, commit_hash, read_spec, verify_draw
from kernel.draw import records as rec
from kernel.drawbook import book, replacing, revealing, voiding
from kernel.drawbook.identities import leaf_of_person, leaf_opening, open_identity
from kernel.drawbook.models import Draw
from kernel.drawbook.shelf import find_draw, require_contributor
from kernel.drawbook.transcript import pool_file, transcript
from kernel.drawbook.vault import Vault
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, NotPermitted, TooEarly, VerificationFailed
from kernel.identity.actor import Actor
from tests.factories.trading import set_clock
from tests.world import World
from tests.worlds.draw_world import filler, p256, wrap_key
from tests.worlds.log_world import SUITE

PARTIES = ("agency", "supervisor")
PANEL = {
    "groups": [{"a": "speciality", "v": "A08", "n": 2}, {"a": "speciality", "v": "B01", "n": 1}],
    "rules": [],
    "cap": {"a": "employer", "max": 1},
    "max_attempts": 10_000,
}


def actor_for(party: str) -> Actor:
    return Actor(uuid.uuid4(), party, party, frozenset({party}), uscc=f"org of {party}")


@dataclass
class Play:
    """A draw under way, with the parties' keys and values in the test's hands."""

    vault: Vault = field(default_factory=lambda: Vault(generate(KeyKind.P256)))
    subject: uuid.UUID = field(default_factory=uuid.uuid4)
    draw_id: uuid.UUID = field(default_factory=uuid.uuid4)
    parties: tuple[str, ...] = PARTIES
    spec: dict[str, Any] = field(default_factory=dict)
    people: list[book.Person] = field(
        default_factory=lambda: [
            book.Person(
                id=f"p{n}",
                pub={"speciality": ["A08", "B01"][n % 3 == 0], "employer": f"e{n % 7}"},
                priv={"number": f"E{n:03d}", "name": f"专家{n}"},
            )
            for n in range(30)
        ]
    )

    async def freeze(self, tx: Tx, number: str = "D-1", **changes: Any) -> Draw:
        pool = book.freeze_pool(self.people)
        self.spec = {
            "v": 1,
            "type": "draw.spec",
            "id": number,
            "suite": "intl-1",
            "purpose": "test",
            "algo": "panel/1",
            "stage": "test/1",
            "params": PANEL,
            "pool": pool.frozen,
            "min": 2,
            "escrow": None,
            "beacons": [],
            "contributors": [self.contributor(party, wrapped=bool(changes.get("escrow"))) for party in self.parties],
            "commit_by": format_time(tx.now + timedelta(minutes=10)),
            "reveal_by": format_time(tx.now + timedelta(minutes=60)),
            "prev": None,
            **changes,
        }
        draw = await book.freeze(
            tx,
            actor_for("agency"),
            self.vault,
            self.spec,
            {"pool": pool},
            {"pool": self.people},
            subject=self.subject,
        )
        self.draw_id = draw.id
        return draw

    def contributor(self, party: str, *, wrapped: bool = False) -> dict[str, Any]:
        spki = p256(party).public.spki
        told = {
            "party": party,
            "org": f"org of {party}",
            "alg": "ES256",
            "kid": SUITE.kid(spki),
            "spki": b64u_encode(spki),
        }
        return {**told, "wrap": wrap_key(party)} if wrapped else told

    def commitment(self, party: str, key: str = "") -> str:

        spec, signer = read_spec(self.spec), p256(key or party)
        payload = rec.commit_payload(spec, party, commit_hash(self.spec, party, filler(party)))
        return jws.sign(SUITE, rec.COMMIT_TYP, payload, signer, "ES256", {"kid": SUITE.kid(signer.public.spki)})

    async def commit(self, tx: Tx, *parties: str) -> None:
        for party in parties or self.parties:
            await book.commit(tx, actor_for(party), self.draw_id, self.commitment(party))

    async def reveal(self, tx: Tx, *parties: str) -> bool:
        done = False
        for party in parties or self.parties:
            done = await revealing.reveal(tx, actor_for(party), self.draw_id, party, filler(party))
        return done

    async def play(self, tx: Tx, **changes: Any) -> Draw:
        draw = await self.freeze(tx, **changes)
        await self.commit(tx)
        await book.close(tx, self.draw_id)
        assert await self.reveal(tx)
        return draw


async def test_only_contributors_act_on_a_draw(tx: Tx) -> None:
    play = Play()
    await play.freeze(tx)

    for party in PARTIES:
        await require_contributor(tx, actor_for(party), play.draw_id)
    with pytest.raises(NotFound):
        await require_contributor(tx, actor_for("another agency"), play.draw_id)


async def test_a_stranger_replays_a_draw_with_its_replacements(world: World) -> None:
    play = Play()
    async with world.services.db.begin() as tx:
        await play.freeze(tx)
    async with world.services.db.begin() as tx:
        await play.commit(tx)
    async with world.services.db.begin() as tx:
        await book.close(tx, play.draw_id)
    async with world.services.db.begin() as tx:
        await play.reveal(tx)
    for _ in range(2):
        async with world.services.db.begin() as tx:
            draw = await find_draw(tx, play.draw_id)
            out = (await replacing.standing_panel(tx, draw))[0][0]
            await replacing.replace(tx, play.draw_id, out, "refused", replacing.evidence_of("signed answer"))
    async with world.services.db.begin() as tx:
        await replacing.bar(tx, play.draw_id, await _a_reserve(tx, play), "avoidance", replacing.evidence_of("record"))
    await world.settle()

    async with world.services.db.begin_read_only() as tx:
        told, pool = await transcript(tx, play.draw_id), await pool_file(tx, play.draw_id)
        panel = await replacing.standing_panel(tx, await find_draw(tx, play.draw_id))
    verified = verify_draw(told, pool, world.services.trust)

    assert verified.signed
    assert verified.parties == PARTIES
    assert [list(group) for group in verified.members] == panel
    assert [step["act"] for step in told["replacements"]] == ["replace", "replace", "bar"]
    forged = copy.deepcopy(told)
    forged["replacements"][0]["reason"] = "no-answer"
    with pytest.raises(DrawError) as refusal:
        verify_draw(forged, pool, world.services.trust)
    assert refusal.value.code == "entry-digest"


async def _a_reserve(tx: Tx, play: Play) -> bytes:
    draw = await find_draw(tx, play.draw_id)
    members = {leaf for group in await replacing.standing_panel(tx, draw) for leaf in group}
    steps = (await tx.session.execute(text("SELECT out_leaf FROM draw_step"))).scalars()
    gone = members | {bytes(leaf) for leaf in steps}
    return next(leaf for entry in draw.pools["pool"] if (leaf := b64u_decode(entry["l"], 32)) not in gone)


async def test_a_void_attempt_is_named_and_shown_by_the_next(world: World) -> None:
    play = Play()
    async with world.services.db.begin() as tx:
        await play.freeze(tx)
        await play.commit(tx, "agency")
    await world.clock_by(timedelta(minutes=11))
    async with world.services.db.begin() as tx:
        with pytest.raises(DeadlinePassed):
            await play.commit(tx, "supervisor")
    async with world.services.db.begin() as tx:
        assert await voiding.void(tx, play.draw_id) == "too-few"
        void = await find_draw(tx, play.draw_id)
        assert void.void_party == "supervisor"
    async with world.services.db.begin() as tx:
        with pytest.raises(InvalidInput, match="作废"):
            await play.freeze(tx, number="D-2")
    async with world.services.db.begin() as tx:
        await play.play(tx, number="D-2", prev=b64u_encode(void.spec_hash))
    await world.settle()

    async with world.services.db.begin_read_only() as tx:
        told, pool = await transcript(tx, play.draw_id), await pool_file(tx, play.draw_id)

    assert [attempt["void"]["detail"]["reason"] for attempt in told["attempts"]] == ["too-few"]
    assert verify_draw(told, pool, world.services.trust).signed


async def test_nobody_ends_a_draw_that_is_alive(tx: Tx) -> None:
    play = Play()
    await play.freeze(tx)
    with pytest.raises(Conflict):
        await voiding.void(tx, play.draw_id)
    await play.commit(tx)
    await book.close(tx, play.draw_id)
    with pytest.raises(Conflict):
        await voiding.void(tx, play.draw_id)
    await play.reveal(tx)

    with pytest.raises(Conflict):
        await voiding.void(tx, play.draw_id)


async def test_a_contributor_who_stays_silent_is_named(tx: Tx) -> None:
    play = Play()
    await play.freeze(tx)
    await play.commit(tx)
    await book.close(tx, play.draw_id)
    assert not await play.reveal(tx, "agency")
    await set_clock(tx, tx.now + timedelta(minutes=61))

    reason = await voiding.void(tx, play.draw_id)

    assert reason == "not-revealed"
    assert (await find_draw(tx, play.draw_id)).void_party == "supervisor"


async def test_a_commitment_counts_only_with_the_partys_own_key_and_organisation(tx: Tx) -> None:
    play = Play()
    await play.freeze(tx)

    with pytest.raises(VerificationFailed):
        await book.commit(tx, actor_for("agency"), play.draw_id, play.commitment("agency", key="supervisor"))
    with pytest.raises(NotPermitted):
        await book.commit(tx, actor_for("supervisor"), play.draw_id, play.commitment("agency"))
    await play.commit(tx, "agency")
    with pytest.raises(Conflict):
        await play.commit(tx, "agency")


async def test_values_wait_for_the_close_and_must_match(tx: Tx) -> None:
    play = Play()
    await play.freeze(tx)
    await play.commit(tx, "agency")
    with pytest.raises(TooEarly):
        await book.close(tx, play.draw_id)
    with pytest.raises(TooEarly):
        await play.reveal(tx, "agency")
    await play.commit(tx, "supervisor")
    await book.close(tx, play.draw_id)

    with pytest.raises(VerificationFailed):
        await revealing.reveal(tx, actor_for("agency"), play.draw_id, "agency", filler("another value"))
    with pytest.raises(NotPermitted):
        await revealing.reveal(tx, actor_for("agency"), play.draw_id, "supervisor", filler("supervisor"))


@pytest.mark.parametrize(
    "changes",
    [
        {"params": PANEL | {"groups": [{"a": "speciality", "v": "C05", "n": 1}]}},
        {"params": PANEL | {"groups": [{"a": "speciality", "v": "A08", "n": 9}]}},
        {"min": 1},
        {"beacons": [{"kind": "public-numbers", "at": "2099-01-01T00:00:00.000Z", "source": "-", "witnesses": []}]},
    ],
)
async def test_a_draw_that_cannot_be_carried_through_is_not_frozen(tx: Tx, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await Play().freeze(tx, **changes)


async def test_one_organisation_does_not_contribute_twice(tx: Tx) -> None:
    play = Play()
    twice = [play.contributor(party) | {"org": "one and the same"} for party in PARTIES]

    with pytest.raises(InvalidInput, match="不同单位"):
        await play.freeze(tx, contributors=twice)


async def test_identities_open_one_at_a_time_and_only_of_the_selected(tx: Tx) -> None:
    play = Play()
    await play.play(tx)
    draw = await find_draw(tx, play.draw_id)
    member = (await replacing.standing_panel(tx, draw))[0][0]

    priv = await open_identity(tx, play.vault, play.draw_id, member, purpose="call")
    with pytest.raises(NotFound):
        await open_identity(tx, play.vault, play.draw_id, await _a_reserve(tx, play), purpose="curiosity")

    person = next(one for one in play.people if one.priv["number"] == priv["number"])
    assert await leaf_of_person(tx, play.vault, play.draw_id, person.id) == member
    opening = await leaf_opening(tx, play.vault, play.draw_id, member)
    assert opening["priv"] == dict(person.priv)
    opened = await tx.session.execute(text("SELECT count(*) FROM audit_entry WHERE type = 'draw.identity-opened'"))
    assert opened.scalar_one() == 1


async def test_another_vault_opens_nothing(tx: Tx) -> None:
    play = Play()
    await play.play(tx)
    member = (await replacing.standing_panel(tx, await find_draw(tx, play.draw_id)))[0][0]

    with pytest.raises(CryptoError):
        await open_identity(tx, Vault(generate(KeyKind.P256)), play.draw_id, member, purpose="call")


async def test_supervision_cannot_read_identities_from_the_database(world: World) -> None:
    async with world.services.db.begin_read_only(oversight=True) as tx:
        with pytest.raises(DBAPIError, match="permission denied"):
            await tx.session.execute(text("SELECT * FROM draw_identity"))


async def test_only_members_are_replaced_and_only_for_the_known_reasons(tx: Tx) -> None:
    play = Play()
    await play.play(tx)
    draw = await find_draw(tx, play.draw_id)
    member = (await replacing.standing_panel(tx, draw))[0][0]
    evidence = replacing.evidence_of("record")

    with pytest.raises(InvalidInput):
        await replacing.replace(tx, play.draw_id, member, "disliked", evidence)
    with pytest.raises(NotFound):
        await replacing.replace(tx, play.draw_id, await _a_reserve(tx, play), "refused", evidence)
    with pytest.raises(Conflict):
        await replacing.bar(tx, play.draw_id, member, "avoidance", evidence)


async def test_an_empty_reserve_ends_the_attempt(tx: Tx) -> None:
    play = Play()
    play.people = [
        book.Person(f"p{n}", {"speciality": ["A08", "A08", "B01"][n], "employer": f"e{n}"}, {"number": f"E{n}"})
        for n in range(3)
    ]
    await play.play(tx)
    member = (await replacing.standing_panel(tx, await find_draw(tx, play.draw_id)))[1][0]

    taken = await replacing.replace(tx, play.draw_id, member, "refused", replacing.evidence_of("record"))

    assert taken is None
    assert await voiding.void(tx, play.draw_id) == "reserve-empty"
    with pytest.raises(NotFound):
        await open_identity(tx, play.vault, play.draw_id, member, purpose="call")
