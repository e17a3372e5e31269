"""Keys used too early: refused by the act, and told to supervision at once (crypto.md §3.7, end)."""

import uuid

from kernel.db.transaction import Tx
from kernel.errors import TooEarly
from kernel.identity.actor import Actor, system_actor
from kernel.log.writer import record


class KeyUsedTooEarly(TooEarly):
    """A release, a share or a request for heads came before its time; an alarm goes into the log.

    Args:
        what: `release`, `share` or `headers`.
    """

    code = "early-key-use"

    def __init__(self, detail: str, lot_id: uuid.UUID, what: str) -> None:
        super().__init__(detail)
        self.lot_id = lot_id
        self.what = what


async def raise_alarm(tx: Tx, actor: Actor, early: KeyUsedTooEarly) -> None:
    """Keep the alarm; a transaction of its own, after the refused one was rolled back.

    A trustee is named, because trustees are public. A bidder is not: the name would tell supervision who bids. The name
    follows in a second entry that stays sealed until the opening.

    Effects:
        entry `alarm.early-key-use`; for a bidder a sealed one with the name as well.
    """
    facts = {"what": early.what, "severity": "critical", "rules": ["R-ET-05"]}
    if actor.has("bidder"):
        await record(tx, system_actor(), "alarm.early-key-use", facts, subject=early.lot_id)
        await record(tx, actor, "alarm.early-key-use", facts, subject=early.lot_id, visibility="sealed")
        return
    await record(tx, actor, "alarm.early-key-use", facts, subject=early.lot_id)
