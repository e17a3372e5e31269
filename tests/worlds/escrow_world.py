"""A live draw with escrow or beacon on a real log: every step a transaction of its own, keys in the test's hands."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from kernel.canonical import b64u_decode, b64u_encode, format_time, parse
from kernel.crypto import jws
from kernel.crypto.keys import PrivateKey
from kernel.db.transaction import Tx
from kernel.draw import Spec, VerifiedDraw, read_spec, verify_draw
from kernel.draw import records as rec
from kernel.draw.escrow import hand_out, open_share
from kernel.drawbook import book, escrowing, revealing, voiding, witnessing
from kernel.drawbook.models import Draw
from kernel.drawbook.shelf import find_draw
from kernel.drawbook.standing import Standing, standing_of
from kernel.drawbook.transcript import pool_file, transcript
from kernel.identity.accounts import add_person_key, create_account
from kernel.identity.actor import Actor
from tests.kernel.test_drawbook import Play, actor_for
from tests.world import World
from tests.worlds.draw_world import filler, p256
from tests.worlds.log_world import SUITE

THREE = ("agency", "centre", "supervisor")
FOUR = ("agency", "centre", "owner", "supervisor")
#: Minutes after the freeze.
COMMIT, ESCROW, BEACON, REVEAL = 10, 20, 30, 60
SOURCE = "福利彩票 3D 第 2026200 期开奖号码"
NUMBERS = "2.5.8./"
T = TypeVar("T")


@dataclass
class Live:
    """A draw under way."""

    world: World
    parties: tuple[str, ...] = THREE
    beacon: bool = False
    escrow: bool = True
    play: Play = field(default_factory=Play)
    frozen_at: datetime | None = None

    async def do(self, act: Callable[[Tx], Awaitable[T]]) -> T:
        """Run one act in its own transaction."""
        async with self.world.services.db.begin() as tx:
            return await act(tx)

    async def freeze(self, number: str = "D-1", **changes: Any) -> "Live":
        self.play.parties = self.parties

        async def act(tx: Tx) -> None:
            self.frozen_at = tx.now
            told: dict[str, Any] = {"reveal_by": format_time(self.at(REVEAL)), "min": len(self.parties)}
            if self.escrow:
                others = len(self.parties) - 1
                told |= {"escrow": {"k": others // 2 + 1, "n": others, "by": format_time(self.at(ESCROW))}, "min": 2}
            if self.beacon:
                witnesses = [self.witness(n) for n in (1, 2, 3)]
                at = format_time(self.at(BEACON))
                kind = {"kind": "public-numbers", "at": at, "source": SOURCE, "witnesses": witnesses}
                told["beacons"] = [kind]
            await self.play.freeze(tx, number=number, **told | changes)

        await self.do(act)
        return self

    def at(self, minutes: float) -> datetime:
        assert self.frozen_at is not None
        return self.frozen_at + timedelta(minutes=minutes)

    async def clock(self, minutes: float) -> None:
        await self.world.clock_to(self.at(minutes))

    @property
    def spec(self) -> Spec:
        return read_spec(self.play.spec)

    @property
    def id(self) -> uuid.UUID:
        return self.play.draw_id

    def sign(self, party: str, typ: str, payload: Any) -> str:
        return _sign(p256(party), typ, payload)

    async def commit(self, *parties: str) -> None:
        for party in parties or self.parties:
            token = self.play.commitment(party)
            await self.do(lambda tx, p=party, t=token: book.commit(tx, actor_for(p), self.id, t))  # type: ignore[misc]

    async def close(self) -> None:
        await self.do(lambda tx: book.close(tx, self.id))

    def escrow_token(self, party: str, value: bytes | None = None, signer: str = "") -> str:
        shares = hand_out(self.spec, party, filler(party) if value is None else value)
        return self.sign(signer or party, rec.ESCROW_TYP, rec.escrow_payload(self.spec, party, shares))

    async def deliver(self, *parties: str) -> None:
        for party in parties or self.parties:
            await self.give(party, self.escrow_token(party))

    async def give(self, party: str, token: str) -> None:
        await self.do(lambda tx: escrowing.deliver(tx, actor_for(party), self.id, token))

    async def open(self, holder: str, party: str) -> tuple[int, bytes, str]:
        """Open a holder's share of a party's value: number, share, commitment."""
        delivery = (await self.standing()).deliveries[party]
        payload = jws.take_apart(delivery.token, rec.ESCROW_TYP, "ES256", frozenset({"kid"})).payload
        told = next(one for one in parse(payload)["shares"] if one["holder"] == holder)
        return told["i"], open_share(self.spec, party, told, p256(f"{holder} unwraps")), told["sc"]

    async def acknowledge(self, holder: str, *parties: str) -> bool:
        done = False
        for party in parties or [one for one in self.parties if one != holder]:
            number, _, sc = await self.open(holder, party)
            token = self.sign(
                holder, rec.ACK_TYP, rec.ack_payload(self.spec, party, holder, number, b64u_decode(sc, 32))
            )
            done = await self.acknowledged(holder, token)
        return done

    async def acknowledged(self, holder: str, token: str) -> bool:
        return await self.do(lambda tx: escrowing.acknowledge(tx, actor_for(holder), self.id, token))

    async def escrowed(self) -> "Live":
        """Play from the freeze to the final contributors."""
        await self.freeze()
        await self.commit()
        await self.close()
        await self.deliver()
        for holder in self.parties:
            done = await self.acknowledge(holder)
        assert done
        return self

    async def reveal(self, *parties: str) -> bool:
        done = False
        for party in parties or self.parties:
            done = await self.do(
                lambda tx, p=party: revealing.reveal(tx, actor_for(p), self.id, p, filler(p))  # type: ignore[misc]
            )
        return done

    async def hand_back(self, holder: str, party: str) -> bool:
        number, share, _ = await self.open(holder, party)
        return await self.give_back(holder, party, number, share)

    async def give_back(self, holder: str, party: str, number: int, share: bytes) -> bool:
        return await self.do(lambda tx: escrowing.hand_back(tx, actor_for(holder), self.id, party, number, share))

    async def void(self) -> str:
        return await self.do(lambda tx: voiding.void(tx, self.id))

    async def standing(self) -> Standing:
        async with self.world.services.db.begin_read_only() as tx:
            return await standing_of(tx, await find_draw(tx, self.id))

    async def draw(self) -> Draw:
        return (await self.standing()).draw

    # Witnesses of public numbers.

    def witness(self, n: int) -> dict[str, str]:
        spki = p256(f"numbers witness {n}").public.spki
        return {"kid": SUITE.kid(spki), "spki": b64u_encode(spki)}

    async def witnesses(self) -> list[Actor]:
        """Accounts of the three witnesses, each with its key."""
        made = []
        async with self.world.services.db.begin() as tx:
            for n in (1, 2, 3):
                account = await create_account(tx, login=f"w{n}", display_name=f"w{n}", roles=["trustee"])
                await add_person_key(tx, account.id, purpose="sign", spki=p256(f"numbers witness {n}").public.spki)
                made.append(Actor(account.id, f"w{n}", f"w{n}", frozenset({"trustee"})))
        return made

    def statement(self, n: int, value: str = NUMBERS, **changes: Any) -> str:
        payload = rec.beacon_payload(self.spec, 0, value) | changes
        return _sign(p256(f"numbers witness {n}"), rec.BEACON_TYP, payload)

    async def state(self, actor: Actor, token: str) -> bool:
        return await self.do(lambda tx: witnessing.state(tx, actor, self.id, 0, token))

    async def files(self) -> tuple[dict[str, Any], Any]:
        """Transcript and pool, once the log has taken everything in."""
        await self.world.settle()
        async with self.world.services.db.begin_read_only() as tx:
            return await transcript(tx, self.id), await pool_file(tx, self.id)

    async def verified(self) -> VerifiedDraw:
        told, pool = await self.files()
        return verify_draw(told, pool, self.world.services.trust)


def _sign(key: PrivateKey, typ: str, payload: Any) -> str:
    return jws.sign(SUITE, typ, payload, key, "ES256", {"kid": SUITE.kid(key.public.spki)})
