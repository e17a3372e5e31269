"""The state table of an expert in the pool.

Law: R-POOL-16, R-POOL-18, R-POOL-19. Pure. Every change needs a basis document; the act asks who may change what.
"""

from typing import Final

from experts.vocabulary import Standing
from kernel.states import Machine, Move

_CENTRE: Final = "centre"

POOL: Final = Machine(
    Standing,
    Standing.APPLIED,
    frozenset({Standing.REMOVED}),
    (
        Move("screen", Standing.APPLIED, Standing.CITY_SCREENED, _CENTRE, "R-POOL-13"),
        Move("train", Standing.CITY_SCREENED, Standing.TRAINED, _CENTRE, "R-POOL-13"),
        Move("admit", Standing.TRAINED, Standing.ACTIVE, _CENTRE, "R-POOL-03 R-POOL-05"),
        Move("begin_leave", Standing.ACTIVE, Standing.LEAVE, _CENTRE, "R-POOL-18"),
        Move("end_leave", Standing.LEAVE, Standing.ACTIVE, _CENTRE, "R-POOL-18"),
        Move("begin_cooldown", Standing.ACTIVE, Standing.COOLDOWN, _CENTRE, "R-DRAW-08"),
        Move("end_cooldown", Standing.COOLDOWN, Standing.ACTIVE, _CENTRE, "R-DRAW-08"),
        Move("suspend", Standing.ACTIVE, Standing.SUSPENDED, _CENTRE, "R-POOL-19"),
        Move("end_suspension", Standing.SUSPENDED, Standing.ACTIVE, _CENTRE, "R-POOL-19"),
        Move("refuse", Standing.APPLIED, Standing.REMOVED, _CENTRE, "R-POOL-04"),
        *(
            Move("remove", state, Standing.REMOVED, _CENTRE, "R-POOL-10 R-POOL-16")
            for state in (Standing.ACTIVE, Standing.LEAVE, Standing.COOLDOWN, Standing.SUSPENDED)
        ),
    ),
)
