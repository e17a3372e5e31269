"""The wallet as a program of its own: licences in a folder of the holder's, the public protocol, and nothing else.

It trusts the platform as little as the platform trusts it: it signs only for the site whose address the scanned code
carried, and only a sign-in. The key leaves the file for one signature.

Source: R-LIC-08; docs/spec/licence.md §5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from bidding.keyfile import LICENCE, LicenceFile, read_licence_file
from bidding.licence import LOGIN_ACT, login_token
from kernel.canonical import NotCanonical, b64u_encode, parse
from kernel.clock import Clock, SystemClock
from kernel.crypto import CryptoError, random_bytes
from portal.errors import CommandError

TIMEOUT_S = 20.0


class WalletRefused(CommandError):
    """The wallet does not sign, or the platform did not accept."""


@dataclass(frozen=True, slots=True)
class KeptLicence:
    """A licence file in the wallet's folder, still locked."""

    file: Path
    uscc: str
    name: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the holder is asked."""

    site: str
    audience: str
    display: str
    nonce: str
    binding: str
    offset_s: int


def list_licences(folder: Path) -> list[KeptLicence]:
    """Return the licences in a folder and one level below it."""
    found = []
    for file in sorted([*folder.glob("*.lic"), *folder.glob("*/*.lic")]):
        try:
            members = parse(file.read_bytes())
        except (OSError, NotCanonical):
            continue
        if isinstance(members, dict) and members.get("type") == LICENCE:
            found.append(KeptLicence(file, str(members.get("uscc", "")), str(members.get("name", ""))))
    return found


def choose_licence(folder: Path, uscc: str | None) -> KeptLicence:
    """Return the only licence in a folder, or the one of a credit code.

    Raises:
        WalletRefused: none fits, or several do.
    """
    found = [row for row in list_licences(folder) if uscc in (None, row.uscc)]
    if not found:
        raise WalletRefused(f"{folder} 中没有{'这张' if uscc else ''}执照；用 --wallet 指出执照所在目录。", code=2)
    if len(found) > 1:
        codes = "\n".join(f"  {row.uscc}  {row.name}" for row in found)
        raise WalletRefused(f"有多张执照，请用 --uscc 指明：\n{codes}", code=2)
    return found[0]


def unlock(kept: KeptLicence, passphrase: str) -> LicenceFile:
    """Open a licence.

    Raises:
        WalletRefused: the passphrase or the file is wrong.
    """
    try:
        return read_licence_file(kept.file.read_bytes(), passphrase)
    except (OSError, CryptoError):
        raise WalletRefused(f"{kept.file} 打不开：口令不正确，或文件已损坏。", code=1) from None


class Scan:
    """One scanned code.

    Args:
        address: what the code says.
        http: for tests; default: a client of its own.
    """

    def __init__(self, address: str, http: httpx.Client | None = None, clock: Clock | None = None) -> None:
        parts = urlsplit(address)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.code = "".join(parse_qs(parts.query).get("c", []))
        if parts.scheme not in ("http", "https") or parts.path != "/wallet" or not self.code:
            raise WalletRefused("这不是登录二维码的网址（应形如 https://…/wallet?c=…）。", code=2)
        self._http = http or httpx.Client(base_url=self.origin, trust_env=False, timeout=TIMEOUT_S)
        self._clock = clock or SystemClock()
        self._secret = b64u_encode(random_bytes(18))

    def open(self) -> Prompt:
        """Ask the platform what to sign, and refuse what is not a sign-in at the site that the code named.

        Raises:
            WalletRefused: with the platform's words, or our own.
        """
        self._ask(lambda: self._http.get("/api/v1/time"))  # the form token comes as a cookie
        given = self._post("open", {"wallet": self._secret})
        if given.get("aud") != self.origin or given.get("act") != LOGIN_ACT:
            raise WalletRefused(
                f"拒绝签名：二维码来自 {self.origin}，挑战却是给 {given.get('aud')} 的；可能有人转接了二维码。", code=1
            )
        return Prompt(
            str(given["site"]), given["aud"], given["display"], given["nonce"], given["bind"], given["offset_s"]
        )

    def confirm(self, prompt: Prompt, licence: LicenceFile) -> None:
        """Sign and send.

        Raises:
            WalletRefused: the platform did not accept; with its words.
        """
        token = login_token(
            licence.sign_key,
            licence.sign,
            audience=prompt.audience,
            nonce=prompt.nonce,
            binding=prompt.binding,
            uscc=licence.uscc,
            now=self._clock.now() + timedelta(seconds=prompt.offset_s),
        )
        self._post("answer", {"wallet": self._secret, "token": token})

    def decline(self) -> None:
        """Say that it was not the holder."""
        self._post("decline", {"wallet": self._secret})

    def _post(self, act: str, body: dict[str, str]) -> dict[str, Any]:
        headers = {"x-csrf-token": self._http.cookies.get("csrf") or "", "accept": "application/json"}
        path = f"/api/v1/wallet/scans/{self.code}/{act}"
        answer = self._ask(lambda: self._http.post(path, json=body, headers=headers))
        try:
            told = answer.json()
        except ValueError:
            told = {}
        if answer.status_code != 200:
            raise WalletRefused(str(told.get("detail") or f"平台没有接受（{answer.status_code}）。"), code=1)
        return dict(told)

    def _ask(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            return send()
        except httpx.HTTPError:
            raise WalletRefused(f"无法连接 {self.origin}。", code=1) from None
