"""How a command refuses: one sentence for the person at the terminal, no traceback."""

import unicodedata


class CommandError(Exception):
    """The command cannot do what was asked; the message is the whole answer.

    Args:
        code: exit code; 1 for a refusal or failure, 2 for wrong usage.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def plain(text: str) -> str:
    """Return text that came from elsewhere as a terminal may show it.

    A platform, or whoever answers in its place, must not move the cursor, clear what stood there, change a title or
    turn the direction of writing: control and format characters become a mark, lines stay lines.
    """
    return "".join(sign if sign in "\n\t" or unicodedata.category(sign)[0] != "C" else "\ufffd" for sign in text)
