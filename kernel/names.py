"""Names of organisations and people: the same, the same but for the width of signs, or another one.

Registers write `（` and `）`, keyboards write `(` and `)`; people add blanks. Such a name is the same firm spelt
otherwise, and a page says so in a message of its own instead of calling it a stranger.
"""

import re
import unicodedata
from enum import StrEnum


class Spelling(StrEnum):
    """How a typed name stands to the one on record."""

    SAME = "same"
    #: Only full-width and half-width signs, or blanks, differ.
    WIDTH = "width"
    OTHER = "other"


#: Legal forms at the end of a firm's name; two firms that differ only there are worth a look.
_FORM = re.compile(r"(股份有限公司|有限责任公司|有限公司|股份公司|集团公司|集团|公司)$")
_NO_LETTER = re.compile(r"[\W_]+")


def compare_names(typed: str, registered: str) -> Spelling:
    """Say how a typed name stands to the registered one."""
    if typed == registered:
        return Spelling.SAME
    return Spelling.WIDTH if _folded(typed) == _folded(registered) else Spelling.OTHER


def name_fault(typed: str, registered: str) -> str:
    """Return what is told to somebody whose name for an organisation is not the registered one; "" if it is."""
    spelling = compare_names(typed, registered)
    if spelling is Spelling.SAME:
        return ""
    if spelling is Spelling.WIDTH:
        return f"名称与登记名称只有全角、半角字符或空格不同，请按登记名称填写：{registered}"
    return f"名称与该统一社会信用代码登记的名称不一致，登记名称为：{registered}"


def name_key(name: str) -> str:
    """Return what similar names share: without width, blanks, brackets and legal form."""
    bare = _NO_LETTER.sub("", _folded(name))
    return _FORM.sub("", bare) or bare


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
