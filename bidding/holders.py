"""Who holds a lot's documents, for `trading`, which delivers to them and never shows them (R-ANN-05)."""

import uuid
from collections.abc import Sequence

from sqlalchemy import text

from kernel.db.transaction import Tx


class RegisteredHolders:
    """Organisations that registered their interest; the `holders` of `Services.plugins`."""

    async def list_holders(self, tx: Tx, lot_id: uuid.UUID) -> Sequence[uuid.UUID]:
        """Return the organisations that registered for the lot, in an order that tells nothing."""
        rows = await tx.session.execute(
            text("SELECT organisation_id FROM bidding_interest WHERE lot_id = :lot ORDER BY pseudonym"),
            {"lot": lot_id},
        )
        return list(rows.scalars())

    async def is_holder(self, tx: Tx, lot_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
        """Say whether the organisation registered for the lot."""
        found = await tx.session.execute(
            text("SELECT EXISTS (SELECT 1 FROM bidding_interest WHERE lot_id = :lot AND organisation_id = :org)"),
            {"lot": lot_id, "org": organisation_id},
        )
        return bool(found.scalar_one())
