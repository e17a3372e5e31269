"""A round of submissions: everybody at once, every receipt waited for, asked for again at the end and verified."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.crowd import Ready
from kernel.canonical import b64u_encode
from kernel.log.errors import LogError
from kernel.log.receipt import verify_receipt
from kernel.log.trust import Trust, read_trust

#: Seconds after which a receipt that did not come is lost.
_PATIENCE_S = 60


@dataclass(slots=True)
class Sent:
    """One submission: when the answer and the receipt were here, what went wrong."""

    ready: Ready
    answered_s: float = 0.0
    receipted_s: float = 0.0
    fault: str = ""


async def send_round(ready: Sequence[Ready]) -> list[Sent]:
    """Send them all at once; wait for every receipt."""
    begun = asyncio.get_running_loop().time()
    return list(await asyncio.gather(*(_send(one, begun) for one in ready)))


async def _send(one: Ready, begun: float) -> Sent:
    clock, line, sent = asyncio.get_running_loop().time, one.member.line, Sent(one)
    status, body = await line.ask(one.request)
    sent.answered_s = clock() - begun
    while status == 202 and clock() - begun < _PATIENCE_S:
        status, body = await line.ask(line.prepared("GET", f"/api/v1/receipts/{b64u_encode(one.digest)}"))
    sent.receipted_s = clock() - begun
    if status in (200, 201) and b'"receipt"' in body:
        one.member.rev, one.member.head = one.member.rev + 1, one.digest
    else:
        sent.fault = str(json.loads(body).get("code", status)) if body else str(status)
    return sent


async def count_lost(trust_file: dict[str, Any], sent: Sequence[Sent]) -> int:
    """Ask for every receipt again and verify it; return how many are missing or do not hold."""
    trust = read_trust(trust_file)
    gate = asyncio.Semaphore(16)

    async def lost(one: Sent) -> bool:
        async with gate:
            line = one.ready.member.line
            _, body = await line.ask(line.prepared("GET", f"/api/v1/receipts/{b64u_encode(one.ready.digest)}"))
            return not _holds(body, one.ready.digest, trust)

    by_line: dict[int, list[Sent]] = {}
    for one in sent:
        if not one.fault:
            by_line.setdefault(id(one.ready.member.line), []).append(one)

    async def of_line(mine: list[Sent]) -> int:  # a line carries one request at a time
        return sum([await lost(one) for one in mine])

    return sum(await asyncio.gather(*(of_line(mine) for mine in by_line.values())))


def _holds(body: bytes, digest: bytes, trust: Trust) -> bool:
    try:
        return bool(verify_receipt(json.loads(body), trust).detail["submission"] == b64u_encode(digest))
    except (LogError, KeyError, ValueError):
        return False
