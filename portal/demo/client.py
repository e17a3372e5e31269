"""A person at a keyboard: an HTTP client with cookies, form token, a folder of their own, and nothing else.

What people do in the demonstration they do through this class; no function of the platform is called.
"""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pyotp

from kernel.canonical import b64u_encode
from kernel.clock import SystemClock
from kernel.crypto import jws, suite
from kernel.crypto.keys import KeyKind, PrivateKey, generate, load_private
from portal.bidder.http import Visitor
from portal.bidder.refusals import Refused

__all__ = ["AUTHENTICATOR", "HttpPerson", "Refused", "close_all"]

#: Where a person's authenticator keeps its secret, in the person's own folder.
AUTHENTICATOR = "authenticator.txt"


class HttpPerson(Visitor):
    """One person.

    Args:
        base_url: where the portal answers.
        name: as the timeline prints it.
        folder: the person's own folder: keys, bids, receipts.
    """

    def __init__(self, base_url: str, name: str, folder: Path) -> None:
        super().__init__(base_url, name)
        self.folder = folder
        self._last_step = 0
        folder.mkdir(parents=True, exist_ok=True)

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

    async def _post(self, path: str, content: Any) -> httpx.Response:
        """Send; where the platform asks for a fresh proof of identity, give it and send again."""
        try:
            return await super()._post(path, content)
        except Refused as refusal:
            if refusal.code != "step-up-required":
                raise
        await super()._post("/api/v1/auth/step-up", {"code": await self.code()})
        return await super()._post(path, content)

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
