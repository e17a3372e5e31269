"""How a command refuses: one sentence for the person at the terminal, no traceback."""


class CommandError(Exception):
    """The command cannot do what was asked; the message is the whole answer.

    Args:
        code: exit code; 1 for a refusal or failure, 2 for wrong usage.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
