"""Signed rejections of late or malformed bids: their bidder's own, and nobody else's business, also afterwards.

A rejection is named by the digest of the refused message. The same message may be refused several times, and somebody
else may have sent it too; each organisation sees its own, the first one.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text

from bidding.refusing import REASONS
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.log.reader import proof_of_entry

#: The article behind a refusal, where the law decides it.
LAWS: Final = {
    "late": "招标投标法第二十八条",
    "nothing": "招标投标法第二十九条",
    "consents": "招标投标法第三十一条",
    "member": "招标投标法实施条例第三十七条",
    "member-tie": "招标投标法实施条例第三十四条、第三十七条",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A signed refusal of the actor's own.

    Attributes:
        digest: of the refused message;  reason: key of `REASONS`.
    """

    id: uuid.UUID
    lot_id: uuid.UUID
    digest: bytes
    reason: str
    jws: str
    entry_id: int
    received_at: datetime
    bidder_name: str

    @property
    def words(self) -> str:
        """The reason in words."""
        return REASONS.get(self.reason, "平台未接收本次递交。")

    @property
    def law(self) -> str:
        """The article, "" where none decides."""
        return LAWS.get(self.reason, "")

    @property
    def number(self) -> str:
        """Its short name: the beginning of its digest."""
        return f"JS-{b64u_encode(self.digest)[:10]}"

    @property
    def href(self) -> str:
        """Where its bidder sees it."""
        return page_of(self.digest)


_OWN = (
    "SELECT DISTINCT ON (r.digest) r.*, o.name AS bidder FROM bidding_rejection r"
    " JOIN identity_organisation o ON o.id = r.organisation_id WHERE r.organisation_id = :organisation"
)


def page_of(digest: bytes) -> str:
    """Return the address of a receipt's or a rejection's page."""
    return f"/b/receipts/{b64u_encode(digest)}"


async def find_rejection(tx: Tx, actor: Actor, digest: bytes) -> Rejection:
    """Return the actor's own rejection of a message.

    Raises:
        NotFound: absent, or not yours: the answer is the same.
    """
    rows = await _rows(tx, actor, "AND r.digest = :digest", {"digest": digest})
    if not rows:
        raise NotFound
    return rows[0]


async def list_own_rejections(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[Rejection]:
    """Return the actor's own rejections for a lot, newest first."""
    found = await _rows(tx, actor, "AND r.lot_id = :lot", {"lot": lot_id})
    return sorted(found, key=lambda rejection: rejection.received_at, reverse=True)


async def rejection_bundle(tx: Tx, rejection: Rejection) -> dict[str, Any]:
    """Return the signed rejection with the proof that the log holds its entry.

    Raises:
        NotFound: the log has not numbered the entry yet.
    """
    return {"rejection": rejection.jws, **await proof_of_entry(tx, rejection.entry_id)}


async def _rows(tx: Tx, actor: Actor, tail: str, values: dict[str, Any]) -> list[Rejection]:
    if not actor.has("bidder"):
        return []
    query = text(f"{_OWN} {tail} ORDER BY r.digest, r.received_at")
    rows = await tx.session.execute(query, {**values, "organisation": actor.organisation_id})
    return [_view(row) for row in rows if actor.covers(row.lot_id)]


def _view(row: Row[Any]) -> Rejection:
    return Rejection(
        id=row.id,
        lot_id=row.lot_id,
        digest=bytes(row.digest),
        reason=row.reason,
        jws=row.jws,
        entry_id=row.entry_id,
        received_at=row.received_at,
        bidder_name=row.bidder,
    )
