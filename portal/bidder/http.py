"""The program's way to the platform: HTTP with cookies, form token and patience, and nothing else.

Requests are repeated while the platform is away, as people would; a repeated act that finds itself done is done.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx

from portal.bidder.refusals import Refused

#: What a repeated act is told whose first answer was lost.
_DONE_ALREADY = frozenset({"conflict", "move-not-allowed"})
#: Seconds between two attempts: at first, and at most.
_PAUSE_S, _LONGEST_PAUSE_S = 0.3, 10.0


class Visitor:
    """Somebody with a browser's manners: cookies, the form token in a header.

    Args:
        base_url: where the portal answers.
        name: as refusals name the sender.
        transport: another way of sending than the network's; default: the network, whatever the environment says.
    """

    def __init__(self, base_url: str, name: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.name = name
        #: Seconds to try again for when the platform cannot be reached; acts are then repeated, as people would.
        self.patience_s = 0.0
        #: By how much each pause is longer than the one before.
        self.slower = 1.0
        #: Requests answered so far.
        self.answered = 0
        #: Told, in seconds, before each pause after a failure of the network.
        self.waiting: Callable[[float], None] = lambda seconds: None
        self._http = httpx.AsyncClient(
            base_url=base_url, trust_env=False, timeout=120, follow_redirects=False, transport=transport
        )

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    def move_to(self, base_url: str) -> None:
        """Go on at another address, with the same cookies."""
        self._http.base_url = httpx.URL(base_url)

    async def arrive(self) -> None:
        """Open the sign-in page, which sets the form token."""
        if "csrf" not in self._http.cookies:
            await self._ask("GET", "/login", headers={"accept": "text/html"})

    async def get(self, path: str, **query: Any) -> Any:
        """Read JSON."""
        return await self._send("GET", path, params=query or None, headers={"accept": "application/json"})

    async def post(self, path: str, body: Any = None, *, look: Callable[[], Awaitable[Any]] | None = None) -> Any:
        """Send JSON.

        Args:
            look: how to learn what the answer said, where it was lost and the act turns out to be done already.
        """
        await self.arrive()
        answer = await self._post(path, body if body is not None else {})
        if answer.status_code == 409 and look is not None:
            return await look()
        return answer.json() if answer.content else None

    async def _post(self, path: str, content: Any) -> httpx.Response:
        return await self._ask("POST", path, json=content, headers=self._headers())

    async def put(self, path: str, data: bytes, media_type: str = "application/octet-stream") -> Any:
        """Send bytes."""
        await self.arrive()
        headers = self._headers() | {"content-type": media_type}
        return await self._send("PUT", path, content=data, headers=headers)

    async def _send(self, method: str, path: str, **content: Any) -> Any:
        answer = await self._ask(method, path, **content)
        return answer.json() if answer.content else None

    async def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Send one request; with patience, again and again while the platform is away.

        A repeated act (not a read) that finds itself done already is done, and the refusal is returned; one that comes
        too early or too late (409 as well) is refused, the first time as the second.
        """
        clock = asyncio.get_running_loop()
        until, again, pause = clock.time() + self.patience_s, False, _PAUSE_S
        while True:
            try:
                answer = await self._http.request(method, path, **content)
                self.answered += 1
                self._require_done(answer)
            except httpx.TransportError:
                if clock.time() > until:
                    raise
            except Refused as refusal:
                if again and method != "GET" and refusal.code in _DONE_ALREADY:
                    return answer
                if refusal.status not in (500, 503) or clock.time() > until:
                    raise
            else:
                return answer
            again = True
            self.waiting(pause)
            await asyncio.sleep(pause)
            pause = min(pause * self.slower, _LONGEST_PAUSE_S)

    async def raw(self, path: str) -> bytes:
        """Read bytes."""
        return (await self._ask("GET", path)).content

    async def page(self, path: str) -> str:
        """Read a page as a browser would."""
        return (await self._ask("GET", path, headers={"accept": "text/html"})).text

    async def events(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """Read server-sent events for as long as the caller wants."""
        async with self._http.stream("GET", path, headers={"accept": "text/event-stream"}, timeout=None) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])

    def _headers(self) -> dict[str, str]:
        return {"x-csrf-token": self._http.cookies.get("csrf") or "", "accept": "application/json"}

    def _require_done(self, answer: httpx.Response) -> None:
        if answer.status_code >= 400:
            try:
                problem = answer.json()
            except ValueError:
                problem = {"detail": answer.text[:300]}
            raise Refused(answer.status_code, problem, f"{self.name} {answer.request.method} {answer.request.url.path}")
