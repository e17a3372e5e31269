"""Who may read decrypted documents: supervision, and the committee of the lot.

The committee is known to `experts`, which lies above; `portal` plugs its answer in as `evaluators`.
"""

import uuid
from typing import Protocol, cast

from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.services import Services


class Evaluators(Protocol):
    """Members of a lot's committee."""

    async def is_evaluator(self, tx: Tx, lot_id: uuid.UUID, account_id: uuid.UUID) -> bool:
        """Say whether the account may read this lot's bids now."""


async def require_evaluator(tx: Tx, services: Services, actor: Actor, lot_id: uuid.UUID) -> None:
    """Let in supervision and members of the lot's committee.

    Raises:
        NotFound: anybody else.
    """
    if actor.has("supervisor"):
        return
    evaluators = cast(Evaluators | None, services.plugins.get("evaluators"))
    if evaluators is None or not await evaluators.is_evaluator(tx, lot_id, actor.account_id):
        raise NotFound
