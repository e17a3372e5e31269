"""Wire forms of bidding's JSON doors."""

from typing import Annotated

import msgspec

from trading.vocabulary import ObjectionOutcome


class LicenceAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """The signed answer to a challenge."""

    token: str


class ScanWallet(msgspec.Struct, forbid_unknown_fields=True):
    """A wallet at a scanned code: a random secret that it keeps while it answers."""

    wallet: Annotated[str, msgspec.Meta(min_length=16, max_length=128)]


class ScanAnswer(ScanWallet, forbid_unknown_fields=True):
    """The wallet's signed answer to a scanned code."""

    token: str


class SeatProposal(msgspec.Struct, forbid_unknown_fields=True):
    """A trustee's seat: whose account, and what the person stands for, such as `notary`."""

    account: str
    role: str


class KeysetProposal(msgspec.Struct, forbid_unknown_fields=True):
    """Who shall hold the shares; `k` only where the lot's procedure leaves it open."""

    trustees: list[SeatProposal]
    k: int | None = None


class SignedMessage(msgspec.Struct, forbid_unknown_fields=True):
    """One signed message of a bidder or trustee."""

    jws: str


class UploadOpening(msgspec.Struct, forbid_unknown_fields=True):
    """The head of an envelope (magic, length, header; base64url) and how many chunks will follow."""

    lot: str
    slot: str
    header: str
    chunks: int


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """A supervisor's decision in an emergency, with its reason."""

    reason: str


class TechnicalVerdict(msgspec.Struct, forbid_unknown_fields=True):
    """What the technical evaluation came to for one bid; `reason` is published where it did not pass."""

    bidder: str
    passed: bool
    reason: str = ""


class TechnicalConclusion(msgspec.Struct, forbid_unknown_fields=True):
    """A verdict for every bid whose first envelope was opened."""

    verdicts: list[TechnicalVerdict]


class WindowExtension(msgspec.Struct, forbid_unknown_fields=True):
    """A longer window for releases: until when (YYYY-MM-DDTHH:MM:SS.mmmZ), and why."""

    until: str
    reason: str


class OpeningObjectionDraft(msgspec.Struct, forbid_unknown_fields=True):
    """What a bidder objects to in the opening."""

    text: str


class OpeningAnswerDraft(msgspec.Struct, forbid_unknown_fields=True):
    """The answer to an objection to the opening."""

    outcome: ObjectionOutcome
    text: str


class DrawReveal(msgspec.Struct, forbid_unknown_fields=True):
    """A contributor's random value, base64url of 32 bytes."""

    party: str
    r: str


class ParameterDraw(msgspec.Struct, forbid_unknown_fields=True):
    """How the parameters are drawn: minutes for each step; a third contributor's account, of the trading centre."""

    minutes: int
    third: str | None = None
