"""The stages of an inspection as a table: who takes which step, and which rule asks for it."""

from typing import Final

from kernel.states import Machine, Move
from supervision.vocabulary import Stage

INSPECTION: Final = Machine(
    Stage,
    Stage.DRAFT,
    (Stage.PUBLISHED, Stage.TERMINATED),
    (
        Move("freeze_targets", Stage.DRAFT, Stage.FROZEN, "supervisor", "R-DR-02 R-DR-07 R-DR-12"),
        Move("close_targets", Stage.FROZEN, Stage.COMMITTED, "supervisor", "R-DR-12"),
        # A void attempt is repeated from the same frozen lists; nobody ends a draw because of its outcome.
        Move("void_targets", Stage.FROZEN, Stage.DRAFT, "supervisor", "R-DR-12"),
        Move("void_targets", Stage.COMMITTED, Stage.DRAFT, "supervisor", "R-DR-12"),
        Move("draw_targets", Stage.COMMITTED, Stage.DRAWN, "system", "R-DR-12"),
        Move("assign_inspectors", Stage.DRAWN, Stage.ASSIGNED, "system", "R-DR-05 R-DR-12"),
        Move("complete", Stage.ASSIGNED, Stage.RECORDED, "inspector", "R-DR-09"),
        Move("publish", Stage.RECORDED, Stage.PUBLISHED, "supervisor", "R-DR-08"),
        # Only while nobody can know an outcome: before the freeze, and before the commitments are closed.
        Move("terminate", Stage.DRAFT, Stage.TERMINATED, "supervisor", "R-DR-12"),
        Move("terminate", Stage.FROZEN, Stage.TERMINATED, "supervisor", "R-DR-12"),
    ),
)
