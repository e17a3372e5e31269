"""The rehearsal before the freeze: can this draw succeed, whatever the seed will be?

Run with a dummy seed that everybody can recompute. A spec that fails here is not frozen, so nobody can craft one that
fails on demand and buys a second try.

Source: `docs/spec/draw.md`, "Rehearsal".
"""

from dataclasses import dataclass

from kernel.draw.compute import Pools, compute, panel_rules, require_possible
from kernel.draw.errors import DrawError
from kernel.draw.panel import MAX_ATTEMPTS, Task
from kernel.draw.primitives import StreamFamily
from kernel.draw.spec import Spec

#: At least one attempt in so many must be admissible.
WORST_ACCEPTANCE = 10_000
#: Stop counting after so many admissible attempts; the estimate is then good to about a fifth.
ENOUGH = 25
#: With at least so many admissible attempts expected, a draw fails with probability e^-20.
SAFETY = 20


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How a draw went with the dummy seed.

    Attributes:
        accepted: admissible attempts among `attempts`.
    """

    attempts: int
    accepted: int


def rehearse(spec: Spec, pools: Pools) -> Rehearsal:
    """Check that a draw is possible and practical.

    Raises:
        DrawError: `infeasible`: impossible, or fewer than one attempt in 10,000 is admissible; `attempts`: the spec
        allows
            too few attempts for this pool; `weight-range` and `json-profile` as in `compute`.
    """
    require_possible(spec, pools)
    seed = spec.suite.hash(b"OTD1/rehearsal\0" + spec.hash)
    if spec.algo != "panel/1":
        compute(spec, pools, seed)
        return Rehearsal(1, 1)
    limit = spec.params["max_attempts"]
    if type(limit) is not int or not 1 <= limit <= MAX_ATTEMPTS:
        raise DrawError("attempts", f"a draw makes 1 to {MAX_ATTEMPTS} attempts")
    task, streams = Task.of(pools["pool"], *panel_rules(spec)), StreamFamily(spec.suite, seed)
    accepted = attempts = 0
    while accepted < ENOUGH and attempts < ENOUGH * WORST_ACCEPTANCE:
        accepted += task.attempt(streams.stream(f"panel/{spec.stage}/{attempts}")) is not None
        attempts += 1
    if accepted < ENOUGH:
        raise DrawError("infeasible", "fewer than one attempt in 10,000 is admissible")
    if limit * accepted < SAFETY * attempts:
        raise DrawError("attempts", "the spec allows too few attempts for this pool")
    return Rehearsal(attempts, accepted)
