"""What goes wrong while reading the log's public files: a code for machines, a sentence for engineers."""


class LogError(Exception):
    """A note, receipt, entry or trust file is not acceptable.

    Attributes:
        code: one of `trust-format`, `suite`, `vkey`, `checkpoint-format`, `checkpoint-origin`,
        `checkpoint-signature`, `witness`,
            `checkpoint-size`, `inclusion`, `receipt-signature`, `receipt-type`, `entry-digest`.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
