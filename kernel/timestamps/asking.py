"""Ask a time-stamping authority for a token, and believe nothing that does not hold."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import httpx
from cryptography import x509

from kernel.errors import Unavailable
from kernel.timestamps.token import LARGEST, Stamp, TimestampError, make_request, read_response, verify_token

#: How far an authority's time may lie from ours. More is a fault of one of the two clocks, for the operator to see.
MOST_SKEW: Final = timedelta(minutes=5)
#: How long an authority may take.
TIMEOUT_S: Final = 10.0
_ASK, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class Timestamper(Protocol):
    """An authority that can be asked.

    Attributes:
        local: it is our own demonstration authority.
    """

    @property
    def local(self) -> bool:
        """Whether it is our own."""

    async def answer(self, request: bytes, now: datetime) -> bytes:
        """Return the answer to a request, both in DER.

        Args:
            now: the platform's instant; an outside authority has its own clock and does not look at it.

        Raises:
            Unavailable: it cannot be reached, or its answer is none.
        """


class HttpTimestamper:
    """An outside authority over HTTP (RFC 3161 3.4).

    Args:
        url: where it is asked; a name and password in it are sent by Basic authentication.
        client: for tests; default: one with a time limit that follows no redirects.
    """

    local = False

    def __init__(self, url: str, client: httpx.AsyncClient | None = None) -> None:
        self._url = url
        self._client = client

    async def answer(self, request: bytes, now: datetime) -> bytes:
        """Send a request; the answer is read up to a limit."""
        client = self._client or httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False)
        heads = {"Content-Type": _ASK, "Accept": _REPLY}
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                client.stream("POST", self._url, content=request, headers=heads) as a,
            ):
                if a.status_code != 200:
                    raise Unavailable(f"时间戳机构拒绝了请求（HTTP {a.status_code}）。")
                data = bytearray()
                async for piece in a.aiter_bytes():
                    data += piece
                    if len(data) > LARGEST:
                        raise Unavailable("时间戳机构的回答过长。")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as failure:
            raise Unavailable(f"时间戳机构无法访问（{type(failure).__name__}）。") from None
        finally:
            if self._client is None:
                await client.aclose()
        return bytes(data)


@dataclass(frozen=True, slots=True)
class StampService:
    """An authority with the roots that its tokens must lead to."""

    authority: Timestamper
    roots: Sequence[x509.Certificate]

    async def stamp(self, data: bytes, now: datetime) -> tuple[bytes, Stamp]:
        """Return a token over some bytes that anybody with the roots will accept.

        Raises:
            Unavailable: nobody answered, or what came is not a token that holds.
        """
        request, nonce = make_request(hashlib.sha256(data).digest())
        response = await self.authority.answer(request, now)
        try:
            token = read_response(response, nonce)
            stamp = await asyncio.to_thread(verify_token, token, data, self.roots)
        except TimestampError as refusal:
            raise Unavailable(f"时间戳机构的回答未通过核验（{refusal.code}）。") from refusal
        if abs(stamp.at - now) > MOST_SKEW:
            raise Unavailable(f"时间戳机构的时间与平台相差 {abs(stamp.at - now).total_seconds():.0f} 秒，请校准时钟。")
        return token, stamp
