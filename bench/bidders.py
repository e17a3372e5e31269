"""Many bidders with small sealed bids, set up through HTTP as the demonstration does it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bidding import messages
from kernel.canonical import b64u_decode, b64u_encode
from kernel.codes import uscc_check_char
from kernel.crypto.authority import Authority, Holder, issue_licence, load_authority
from kernel.log.errors import LogError
from kernel.log.receipt import verify_receipt
from kernel.log.trust import Trust, read_trust
from portal.demo.client import Refused
from portal.demo.company import SUITE, Company
from portal.demo.stage import Stage
from portal.demo.steps import trading

#: Size of a bid's file: small, so that submissions are measured and not uploads.
SIZE = 20_000
_AT_ONCE = 4


class Bidder(Company):
    """A company of the demonstration that keeps no opening file: the slow key derivation is not measured here."""

    def _keep_opening_file(self, number: int, keyset: dict[str, Any], slots: Any) -> None:
        """Keep nothing: nobody opens these bids."""


@dataclass(slots=True)
class Sent:
    """One submission: its digest, when the answer and the receipt were here, what went wrong."""

    digest: bytes
    answered_s: float = 0.0
    receipted_s: float = 0.0
    fault: str = ""


@dataclass(slots=True)
class Ready:
    """A signed submission that only has to be sent."""

    bidder: Bidder
    token: str
    digest: bytes


async def set_up(stage: Stage, count: int) -> list[Bidder]:
    """Publish a lot and bring bidders to where only the signature is missing."""
    await trading.play(stage)
    await stage.clock_to(stage.case["dates"]["interest"])
    authority = load_authority(Path(stage.found["home"]) / "keys" / "authority")
    gate = asyncio.Semaphore(_AT_ONCE)
    bidders = [await _found(stage, authority, n) for n in range(count)]

    async def ready(bidder: Bidder) -> None:
        async with gate:
            await bidder.sign_in()
            await bidder.take_part()
            await bidder.prepare("2986000.00", SIZE)

    await asyncio.gather(*(ready(bidder) for bidder in bidders))
    return bidders


async def _found(stage: Stage, authority: Authority, n: int) -> Bidder:
    body = f"9142{n:013d}"
    case: dict[str, Any] = {
        "name": f"投标单位{n:03}",
        "uscc": body + uscc_check_char(body),
        "manager": "周启明",
        "period_days": 30,
    }
    person = stage.person(f"bench-{n:03}", case["name"])
    await asyncio.sleep(0)  # making keys takes a while: let the connections be looked after
    sign, encrypt = person.key("licence-sign"), person.key("licence-encrypt")
    holder = Holder(case["uscc"], case["name"])
    issued = issue_licence(authority, holder, sign.public, encrypt.public, await stage.now() - timedelta(days=60))
    return Bidder(stage, person, case, sign, encrypt, issued, authority)


def sign_round(bidders: Sequence[Bidder], ks: str) -> list[Ready]:
    """Sign the next revision of everybody's bid."""
    made = []
    for bidder in bidders:
        message = messages.submission(
            tender=bidder.stage.case["facts"]["number"],
            lot=bidder.stage.case["inventions"]["lot_number"],
            bidder=bidder.pseudonym,
            rev=bidder.rev + 1,
            prev=bidder.head,
            docs=bidder.docs,
            ks=b64u_decode(ks),
        )
        made.append(Ready(bidder, bidder.signed(message), messages.submission_digest(SUITE, message)))
    return made


async def send_round(ready: Sequence[Ready]) -> list[Sent]:
    """Send them all at once; wait for every receipt."""
    clock = asyncio.get_running_loop().time
    begun = clock()

    async def send(one: Ready) -> Sent:
        sent = Sent(one.digest)
        try:
            answer = await one.bidder.person.post("/api/v1/submissions", {"jws": one.token})
            sent.answered_s = clock() - begun
            while "receipt" not in answer and clock() - begun < 60:
                answer = await one.bidder.person.get(answer["poll"])
            sent.receipted_s = clock() - begun
            sent.fault = "" if "receipt" in answer else "no receipt"
            one.bidder.rev, one.bidder.head = one.bidder.rev + 1, one.digest
        except Refused as refusal:
            sent.fault = refusal.code or str(refusal.status)
        return sent

    return list(await asyncio.gather(*(send(one) for one in ready)))


async def count_lost(bidders: Sequence[Bidder], sent: Sequence[Sequence[Sent]]) -> int:
    """Ask for every receipt again and verify it; return how many are missing or do not hold."""
    trust = read_trust(await bidders[0].person.get("/api/v1/trust"))
    lost = 0
    for round_ in sent:
        for bidder, one in zip(bidders, round_, strict=True):
            lost += not one.fault and not await _holds(bidder, one.digest, trust)
    return lost


async def _holds(bidder: Bidder, digest: bytes, trust: Trust) -> bool:
    try:
        found = await bidder.person.get(f"/api/v1/receipts/{b64u_encode(digest)}")
        return bool(verify_receipt(found, trust).detail["submission"] == b64u_encode(digest))
    except (Refused, LogError, KeyError):
        return False
