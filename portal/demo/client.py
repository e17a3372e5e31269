"""A person at a keyboard: an HTTP client with cookies, form token, a folder of their own, and nothing else.

What people do in the demonstration they do through this class; no function of the platform is called.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import pyotp

from kernel.canonical import b64u_encode
from kernel.clock import SystemClock
from kernel.crypto import jws, suite
from kernel.crypto.keys import KeyKind, PrivateKey, generate, load_private

#: What a repeated act is told whose first answer was lost.
_DONE_ALREADY = frozenset({"conflict", "move-not-allowed"})

#: Where a person's authenticator keeps its secret, in the person's own folder.
AUTHENTICATOR = "authenticator.txt"


class Refused(Exception):
    """The platform said no.

    Attributes:
        problem: the RFC 9457 body.
    """

    def __init__(self, status: int, problem: dict[str, Any], where: str) -> None:
        super().__init__(f"{where}: {status} {problem.get('code', '')} {problem.get('detail', '')}")
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.problem.get("code", ""))


class HttpPerson:
    """One person.

    Args:
        base_url: where the portal answers.
        name: as the timeline prints it.
        folder: the person's own folder: keys, bids, receipts.
    """

    def __init__(self, base_url: str, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        #: Seconds to try again for when the platform cannot be reached; acts are then repeated, as people would.
        self.patience_s = 0.0
        #: Requests answered so far.
        self.answered = 0
        self._last_step = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._http = httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=120, follow_redirects=False)

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    def move_to(self, base_url: str) -> None:
        """Go on at another address, with the same cookies."""
        self._http.base_url = base_url

    async def arrive(self) -> None:
        """Open the sign-in page, which sets the form token."""
        if "csrf" not in self._http.cookies:
            await self._ask("GET", "/login", headers={"accept": "text/html"})

    async def sign_in(self, login: str, password: str) -> dict[str, Any]:
        """Sign in with password and authenticator; set an authenticator up when the account has none."""
        await self.arrive()
        body = {"login": login, "password": password}
        if self._authenticator.exists():
            body["code"] = await self.code()
        answer: dict[str, Any] = await self.post("/api/v1/auth/password", body)
        await self.get("/api/v1/me")  # sets the token that belongs to the new session
        if not answer["roles"]:
            self._keep_authenticator((await self.post("/api/v1/me/second-factor"))["secret"])
            await self.post("/api/v1/me/second-factor/confirm", {"code": await self.code()})
        return answer

    async def activate(self, code: str, password: str) -> None:
        """Open a new account with the two halves of its code: choose the password, set the authenticator up."""
        await self.arrive()
        made = await self.post("/api/v1/auth/activate", {"code": code, "password": password})
        self._keep_authenticator(made["secret"])
        await self.post("/api/v1/auth/activate/confirm", {"code": code, "otp": await self.code()})
        await self.get("/api/v1/me")  # sets the token that belongs to the new session

    @property
    def _authenticator(self) -> Path:
        return self.folder / AUTHENTICATOR

    def _keep_authenticator(self, secret: str) -> None:
        self._authenticator.touch(mode=0o600)
        self._authenticator.write_text(secret, encoding="ascii")

    async def code(self) -> str:
        """Return a code of the own authenticator that was not used yet; wait for the next one if need be."""
        otp = pyotp.TOTP(self._authenticator.read_text(encoding="ascii"))
        while True:
            now = int(SystemClock().now().timestamp()) // otp.interval
            step = max(now, self._last_step + 1)
            if step <= now + 1:  # the platform forgives a clock that is one step fast
                self._last_step = step
                return str(otp.generate_otp(step))
            await asyncio.sleep(1)

    async def get(self, path: str, **query: Any) -> Any:
        """Read JSON."""
        return await self._send("GET", path, params=query or None, headers={"accept": "application/json"})

    async def post(self, path: str, body: Any = None, *, look: Callable[[], Awaitable[Any]] | None = None) -> Any:
        """Send JSON; where the platform asks for a fresh proof of identity, give it and send again.

        Args:
            look: how to learn what the answer said, where it was lost and the act turns out to be done already.
        """
        await self.arrive()
        content = body if body is not None else {}
        try:
            answer = await self._ask("POST", path, json=content, headers=self._headers())
        except Refused as refusal:
            if refusal.code != "step-up-required":
                raise
            proof = {"code": await self.code()}
            await self._ask("POST", "/api/v1/auth/step-up", json=proof, headers=self._headers())
            answer = await self._ask("POST", path, json=content, headers=self._headers())
        if answer.status_code == 409 and look is not None:
            return await look()
        return answer.json() if answer.content else None

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
        until, again = clock.time() + self.patience_s, False
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
            await asyncio.sleep(0.3)

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

    # Keys that the person makes and keeps in the own folder.

    def key(self, purpose: str) -> PrivateKey:
        """Return the person's key for a purpose; make it at first use.

        Args:
            purpose: `sign` or `unwrap`.
        """
        file = self.folder / f"{purpose}.p8"
        if file.exists():
            return load_private(file.read_bytes())
        made = generate(KeyKind.P256)
        file.touch(mode=0o600)
        file.write_bytes(made.pkcs8())
        return made

    async def register_key(self, purpose: str) -> str:
        """Tell the platform the public half; return its key id."""
        body = {"purpose": purpose, "spki": b64u_encode(self.key(purpose).public.spki)}
        return str((await self.post("/api/v1/me/keys", body))["kid"])

    def sign(self, typ: str, payload: dict[str, Any]) -> str:
        """Sign an act with the person's own key."""
        provider = suite("intl-1")
        key = self.key("sign")
        return jws.sign(provider, typ, payload, key, "ES256", {"kid": provider.kid(key.public.spki)})

    def keep(self, name: str, value: Any) -> Path:
        """Keep something in the own folder: a receipt, a transcript."""
        file = self.folder / name
        if isinstance(value, bytes):
            file.write_bytes(value)
        else:
            file.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
        return file


async def close_all(people: Iterable[HttpPerson]) -> None:
    """Hang up everybody."""
    for person in people:
        await person.close()
