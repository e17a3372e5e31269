"""The port through which `trading` learns who holds a lot's documents; `bidding` implements it, `portal` plugs it in.

Who holds them stays secret until the award is decided (R-ANN-05): the list is used to deliver, never shown or counted.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from kernel.db.transaction import Tx


class Holders(Protocol):
    """Those who registered their interest in a lot."""

    async def list_holders(self, tx: Tx, lot_id: uuid.UUID) -> Sequence[uuid.UUID]:
        """Return the organisations that hold the lot's documents."""

    async def is_holder(self, tx: Tx, lot_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
        """Say whether the organisation holds the lot's documents."""


class NoHolders:
    """Nobody holds anything: for a portal without bidding."""

    async def list_holders(self, tx: Tx, lot_id: uuid.UUID) -> Sequence[uuid.UUID]:
        """Return nobody."""
        return ()

    async def is_holder(self, tx: Tx, lot_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
        """Say no."""
        return False


def holders_of(plugins: Mapping[str, Any]) -> Holders:
    """Return the collaborator that knows the holders; without bidding there are none."""
    found: Holders = plugins.get("holders") or NoHolders()
    return found
