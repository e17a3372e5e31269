"""The bid folder: what is prepared, sealed, signed and received for one lot, on the bidder's side only.

`form.json` is for the bidder to fill in; `terms.json` says what a bid is sealed for; `evidence/` holds what proves it.
Everything of a revision carries its number: `1-form.json` (what was sealed), `1-form.sbe`, `1-file.sbe`, `1.sbk`,
`1-sealed.json`, `1-upload.json`, `1-bid.submission.jws`, `1-receipt.json` or `1-rejection.jws`. A withdrawal has a
number as well. Files are written whole or not at all: a power cut leaves the old one or the new one.
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bidding.keyset import Keyset, check_keyset, keyset_hash
from bidding.messages import SUBMISSION, WITHDRAWAL
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse
from kernel.crypto import CryptoError
from kernel.crypto.keys import KeyKind, PublicKey, load_public
from kernel.log import LogError
from kernel.log.trust import Trust, read_trust
from portal.bidder.refusals import BidRefused, words_of

TERMS, FORM_DRAFT, BID_KEY, README = "terms.json", "form.json", "bid.key", "必读.txt"
TRUST, NOTICE = "evidence/trust.json", "notice.json"
_NUMBERED = re.compile(r"(\d+)-receipt\.json")
#: How a key of this kind is wrapped for.
_WRAPPINGS = {KeyKind.P256: "hpke-p256", KeyKind.RSA: "rsa-oaep-256"}
_MEMBERS = {"v", "type", "site", "lot_id", "title", "deadline", "cap_fen", "bidder", "bidder_name", "uscc", "licence"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a bid is sealed for.

    Attributes:
        site: origin of the platform.
        deadline: as the platform told it when the folder was prepared; it may have been moved since.
        cap_fen: maximum price in fen; None without one.
        bidder: pseudonym for this lot; empty until the company takes part.
        licence: public key of the licence's encryption certificate: a second way to the own secret.
    """

    site: str
    lot_id: str
    title: str
    keyset: Keyset
    deadline: str
    cap_fen: int | None
    bidder: str
    bidder_name: str
    uscc: str
    licence: PublicKey | None

    @property
    def ks(self) -> bytes:
        """Digest of the keyset."""
        return keyset_hash(self.keyset)

    def wrap_keys(self, own: PublicKey) -> list[tuple[str, PublicKey]]:
        """Return the keys that the bidder's secret is wrapped for, the own one first."""
        if self.keyset["policy"] == "trustees":
            return []
        keys = [own] if self.licence is None else [own, self.licence]
        return [(_WRAPPINGS[key.kind], key) for key in keys]

    def as_json(self) -> dict[str, Any]:
        """Return the terms as they are kept; the keyset is kept apart, with its proof."""
        return {
            "v": 1,
            "type": "bid.terms",
            "site": self.site,
            "lot_id": self.lot_id,
            "title": self.title,
            "deadline": self.deadline,
            "cap_fen": self.cap_fen,
            "bidder": self.bidder,
            "bidder_name": self.bidder_name,
            "uscc": self.uscc,
            "licence": None if self.licence is None else b64u_encode(self.licence.spki),
        }


@dataclass(frozen=True, slots=True)
class BidFolder:
    """A folder of one company for one lot."""

    path: Path

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def has(self, name: str) -> bool:
        """Say whether a file is there."""
        return (self.path / name).is_file()

    def read(self, name: str) -> bytes:
        """Read a file.

        Raises:
            BidRefused: it is not there.
        """
        try:
            return (self.path / name).read_bytes()
        except OSError:
            raise BidRefused(f"{self.path / name} 不存在或无法读取；请确认文件夹是用 bid prepare 准备的。") from None

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file that the program itself wrote.

        Raises:
            BidRefused: it is not there, or is no longer what was written.
        """
        try:
            value = parse(self.read(name))
        except NotCanonical:
            value = None
        if not isinstance(value, dict):
            raise BidRefused(f"{self.path / name} 已被改动，不再可用；请用 bid prepare 重新准备。")
        return value

    def write(self, name: str, data: bytes | Mapping[str, Any], *, lasting: bool = True) -> Path:
        """Write a file whole, for its owner only.

        Args:
            data: bytes, or a value that is written in canonical form.
            lasting: have it on disk before going on.
        """
        file = self.path / name
        draft = file.with_name(f".{file.name}.part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(draft, "wb", opener=_private) as out:
                out.write(data if isinstance(data, bytes) else jcs(dict(data)))
                out.flush()
                if lasting:
                    os.fsync(out.fileno())
            draft.replace(file)
        except OSError as failure:
            raise BidRefused(f"{file} 无法写入：{failure.strerror or failure}。") from None
        return file

    def terms(self) -> Terms:
        """Read the terms and the keyset, which must still be the one that was proved.

        Raises:
            BidRefused: they are not there or do not hold.
        """
        told = self.read_json(TERMS)
        keyset = self.read_json("evidence/keyset.json").get("detail")
        try:
            check_keyset(keyset)
            if told.keys() != _MEMBERS or told["type"] != "bid.terms" or keyset is None:
                raise NotCanonical("members")
            licence = None if told["licence"] is None else load_public(b64u_decode(told["licence"]))
        except (NotCanonical, CryptoError):
            raise BidRefused(f"{self.path / TERMS} 已被改动，不再可用；请用 bid prepare 重新准备。") from None
        kept = {name: told[name] for name in _MEMBERS - {"v", "type", "licence"}}
        return Terms(**kept, keyset=keyset, licence=licence)

    def trust(self) -> Trust:
        """Read the trust file.

        Raises:
            BidRefused: it is not there or no good.
        """
        try:
            return read_trust(self.read(TRUST))
        except LogError as refusal:
            raise BidRefused(f"{self.path / TRUST}：{words_of(refusal)}") from None

    # Revisions.

    @property
    def latest(self) -> int:
        """Number of the newest act that has a receipt; 0 without any."""
        found = [_NUMBERED.fullmatch(file.name) for file in self.path.glob("*-receipt.json")]
        return max((int(match[1]) for match in found if match), default=0)

    def message(self, number: int) -> tuple[str, str] | None:
        """Return kind and token of the signed message of a number, if there is one."""
        for kind in (SUBMISSION, WITHDRAWAL):
            if self.has(f"{number}-{kind}.jws"):
                return kind, self.read(f"{number}-{kind}.jws").decode("ascii", "replace").strip()
        return None

    def is_pending(self, number: int) -> bool:
        """Say whether a message was signed and nobody knows yet what became of it."""
        settled = self.has(f"{number}-receipt.json") or self.has(f"{number}-rejection.jws")
        return self.message(number) is not None and not settled

    def set_aside(self, number: int) -> None:
        """Put a refused message and its rejection aside, as evidence, so that the number can be used again."""
        files = [*self.path.glob(f"{number}-bid.*.jws"), *self.path.glob(f"{number}-rejection.jws")]
        if not files:
            return
        place = self.path / "refused"
        place.mkdir(exist_ok=True, mode=0o700)
        turn = 1 + len({file.name.split("-")[0] for file in place.iterdir()})
        for file in files:
            shutil.move(file, place / f"{turn}-{file.name}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
