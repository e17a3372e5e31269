"""The port through which `bidding` asks who may read a lot's opened bids (`bidding.evaluators.Evaluators`)."""

import uuid

from sqlalchemy import text

from kernel.db.transaction import Tx


class CommitteeMembers:
    """Members of a committee who have checked in to its session and have not left."""

    async def is_evaluator(self, tx: Tx, lot_id: uuid.UUID, account_id: uuid.UUID) -> bool:
        """Say whether the account may read this lot's bids now.

        Source: R-COM-07, R-REC-08: who left, or stepped aside, reads nothing any more.
        """
        found = await tx.session.execute(
            text(
                "SELECT EXISTS (SELECT 1 FROM experts_member m"
                " JOIN experts_session s ON s.committee_id = m.committee_id"
                " WHERE s.lot_id = :lot AND m.account_id = :account AND m.left_at IS NULL"
                " AND m.checked_in_at IS NOT NULL)"
            ),
            {"lot": lot_id, "account": account_id},
        )
        return bool(found.scalar_one())
