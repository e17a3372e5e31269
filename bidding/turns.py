"""Which step of an opening runs, and which parts of the bids it opens.

Where bids come in two envelopes, the first step opens the first one only: nobody is asked for a key of the second, and
whoever offers one is refused, until the technical evaluation is concluded and the second step has begun.
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from bidding.alarms import KeyUsedTooEarly
from bidding.parts import read_out_in, steps_of_keyset
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.log import reader


@dataclass(frozen=True, slots=True)
class Turn:
    """The step that runs.

    Attributes:
        steps: names of the parts by step.
        step: from 1.
    """

    steps: tuple[tuple[str, ...], ...]
    step: int

    @property
    def names(self) -> frozenset[str]:
        """The parts that this step opens."""
        return frozenset(self.steps[self.step - 1])

    @property
    def so_far(self) -> frozenset[str]:
        """The parts that this step and the ones before it open."""
        return frozenset(name for step in self.steps[: self.step] for name in step)

    @property
    def form(self) -> str:
        """The part that is read out in this step."""
        return read_out_in(self.names)

    @property
    def is_first_of_two(self) -> bool:
        """Whether another step follows."""
        return self.step < len(self.steps)

    @property
    def is_second(self) -> bool:
        """Whether another step came before."""
        return self.step > 1


async def find_turn(tx: Tx, lot_id: uuid.UUID) -> Turn:
    """Return the step that a lot's opening is in; before the deadline the first.

    Raises:
        NotFound: the lot has no published keyset.
    """
    query = text(
        "SELECT k.document -> 'steps' AS steps, coalesce(o.step, 1) AS step FROM bidding_keyset k"
        " LEFT JOIN bidding_opening o ON o.lot_id = k.lot_id WHERE k.lot_id = :lot AND k.state = 'published'"
    )
    row = (await tx.session.execute(query, {"lot": lot_id})).one_or_none()
    if row is None:
        raise NotFound
    steps = json.loads(row.steps) if isinstance(row.steps, str) else row.steps
    return Turn(tuple(tuple(step) for step in steps_of_keyset({"steps": steps})), row.step)


def require_turn(turn: Turn, names: set[str], lot_id: uuid.UUID, what: str) -> None:
    """Refuse keys of parts that a later step opens.

    Raises:
        KeyUsedTooEarly: one of them is; an alarm follows.
    """
    later = {name for step in turn.steps[turn.step :] for name in step}
    if names & later:
        raise KeyUsedTooEarly(
            "第二信封尚未到开启的时候：技术评审结束前，平台拒收它的任何密钥；本次操作已报告监督部门。", lot_id, what
        )


async def find_conclusion(tx: Tx, lot_id: uuid.UUID) -> Row[Any] | None:
    """Return how the technical evaluation ended, or None: `verdicts`, `concluded_at`, `entry_id`."""
    query = text("SELECT * FROM bidding_technical_result WHERE lot_id = :lot")
    return (await tx.session.execute(query, {"lot": lot_id})).one_or_none()


async def proof_of_conclusion(tx: Tx, lot_id: uuid.UUID) -> dict[str, Any] | None:
    """Return the logged conclusion of the technical evaluation with its proof; None where there is none.

    Whoever gives a key of the second envelope checks this first.

    Raises:
        NotFound: the log has not numbered the entry yet.
    """
    row = await find_conclusion(tx, lot_id)
    if row is None:
        return None
    entry = await reader.find_entry(tx, row.entry_id)
    return {"detail": entry.detail, "proof": await reader.proof_of_entry(tx, row.entry_id)}
