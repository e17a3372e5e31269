"""Contributors and witnesses of a draw at their keyboards: values, shares and signatures are made on their side."""

from collections.abc import Sequence
from typing import Any

from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto import jws, random_bytes
from kernel.draw import Spec, commit_hash, read_spec
from kernel.draw.escrow import hand_out, open_share
from kernel.draw.records import (
    ACK_TYP,
    BEACON_TYP,
    COMMIT_TYP,
    ESCROW_TYP,
    ack_payload,
    beacon_payload,
    commit_payload,
    escrow_payload,
    public_numbers,
)
from portal.demo.client import HttpPerson


class Contributor:
    """One party of one draw.

    Args:
        base: where commitments and values go, below the API.
    """

    def __init__(self, person: HttpPerson, spec: dict[str, Any], draw: str, party: str, base: str) -> None:
        self.person, self.party, self.spec = person, party, read_spec(spec)
        self._draw, self._base = f"/api/v1/draws/{draw}", base
        self.value = random_bytes(32)
        # Kept before it is committed to: a value that is lost cannot be told any more.
        person.keep(f"draw-{draw}-{party.partition(':')[0]}.json", {"draw": draw, "r": b64u_encode(self.value)})

    async def commit(self) -> None:
        """Commit to the value."""
        payload = commit_payload(self.spec, self.party, commit_hash(self.spec.raw, self.party, self.value))
        await self.person.post(f"{self._base}/commits", {"jws": self.person.sign(COMMIT_TYP, payload)})

    async def deliver(self) -> None:
        """Hand out the shares of the value."""
        payload = escrow_payload(self.spec, self.party, hand_out(self.spec, self.party, self.value))
        await self.person.post(f"{self._draw}/escrow", {"jws": self.person.sign(ESCROW_TYP, payload)})

    async def acknowledge(self) -> bool:
        """Open every share that is held, compare it with what was promised, acknowledge it.

        Returns:
            Whether that ended the escrow.
        """
        final = False
        for giver, told in (await self._held()).items():
            open_share(self.spec, giver, told, self.person.key("unwrap"))
            payload = ack_payload(self.spec, giver, self.party, told["i"], b64u_decode(told["sc"], 32))
            answer = await self.person.post(f"{self._draw}/acks", {"jws": self.person.sign(ACK_TYP, payload)})
            final = bool(answer and answer["final"])
        return final

    async def reveal(self) -> None:
        """Tell the value."""
        await self.person.post(f"{self._base}/reveals", {"party": self.party, "r": b64u_encode(self.value)})

    async def give_back(self, party: str) -> None:
        """Give back the share of a value whose owner stays silent."""
        told = (await self._held())[party]
        share = open_share(self.spec, party, told, self.person.key("unwrap"))
        await self.person.post(f"{self._draw}/shares", {"party": party, "i": told["i"], "share": b64u_encode(share)})

    async def _held(self) -> dict[str, dict[str, Any]]:
        escrow = await self.person.get(f"{self._draw}/escrow")
        held = {}
        for delivery in escrow["deliveries"]:
            giver = self.spec.contributors[delivery["party"]]
            payload = jws.verify(self.spec.suite, delivery["jws"], ESCROW_TYP, giver.key, giver.alg, frozenset({"kid"}))
            for share in payload["shares"]:
                if share["holder"] == self.party:
                    held[giver.party] = share
        return held


async def witness(person: HttpPerson, spec: Spec, draw: str, numbers: Sequence[Sequence[int]]) -> bool:
    """Sign the public numbers of a draw's first beacon; return whether the value stands now."""
    payload = beacon_payload(spec, 0, public_numbers(numbers))
    body = {"jws": person.sign(BEACON_TYP, payload)}
    return bool((await person.post(f"/api/v1/draws/{draw}/beacons/0", body))["stands"])
