"""Why a draw is not what it claims to be."""


class DrawError(Exception):
    """A draw cannot be computed, or a transcript does not prove it.

    Attributes:
        code: `json-profile`, `pool-order`, `pool-duplicate`, `pool-root`, `party-unknown`, `party-duplicate`,
            `commit-late`, `commit-mismatch`, `beacon`, `void`, `weight-range`, `attempts`, `infeasible`,
            `result-mismatch`, `replacement-order`; and, for the proofs that the log holds the records, the codes of
            `kernel.log`.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
