"""How text is searched: two-character pieces, because most Chinese words have two characters. Pure.

PostgreSQL holds the pieces in a `tsvector` that we fill ourselves, so no extension and no dictionary is needed; what
the index finds is compared with the text itself afterwards. One-character terms have no piece and are only compared.
"""

import re
import unicodedata

_RUN = re.compile(r"\w+")


def normalise(text: str) -> str:
    """Return text as it is compared: compatibility forms folded, lower case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def pieces_of(text: str) -> list[str]:
    """Return the two-character pieces of every run of letters, digits and characters, sorted, each once."""
    runs = _RUN.findall(normalise(text))
    return sorted({run[at : at + 2] for run in runs for at in range(len(run) - 1)})


def terms_of(query: str, most: int = 5) -> list[str]:
    """Return the terms of a query: what stands between blanks, at most so many."""
    return normalise(query)[:100].split()[:most]


def tsquery_of(terms: list[str]) -> str:
    """Return the text of a `tsquery` that wants every piece of every term; empty if no term has a piece."""
    pieces = sorted({piece for term in terms for piece in pieces_of(term)})
    return " & ".join(f"'{piece}'" for piece in pieces)


def like_of(term: str) -> str:
    """Return a LIKE pattern that finds the term itself; its own wildcards mean nothing."""
    escaped = term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
