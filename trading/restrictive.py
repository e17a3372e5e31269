"""A checker for wording that looks restrictive: advice for the drafter, with place, article, and what is better.

Law: 招投法 18, 20; 条例 32 (R-AWD-05). Pure, but for the list of phrases, which is part of the release and read once.
It never refuses: whether a condition is justified people decide; it is on record that they were told.
"""

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kernel.parameters.articles import cite

_FILE: Final = Path(__file__).with_suffix(".toml")
_SENTENCE: Final = re.compile(r"[^。；;\n]+")
#: What a drafter writes in one go; the rest of a longer text is not looked at.
MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that looks restrictive.

    Attributes:
        start, end: of the phrase in the text, half-open, in characters.
    """

    start: int
    end: int
    text: str
    kind: str
    why: str
    better: str
    article: str
    rule: str = "R-AWD-05"

    def described(self) -> dict[str, Any]:
        """Return the mark as JSON-safe members."""
        return {
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "kind": self.kind,
            "why": self.why,
            "better": self.better,
            "article": self.article,
            "rule": self.rule,
        }


@dataclass(frozen=True, slots=True)
class _Phrase:
    pattern: re.Pattern[str]
    unless: re.Pattern[str]
    kind: str
    why: str
    better: str
    article: str


def find_marks(text: str) -> list[Mark]:
    """Return the places of a text that look restrictive, in their order; of overlapping ones the first.

    A sentence that itself takes the restriction back (`不限`, `或者相当于`) is left alone.

    Source: R-AWD-05
    """
    found: list[Mark] = []
    for sentence in _SENTENCE.finditer(text[:MOST]):
        for phrase in _phrases():
            if phrase.unless.search(sentence[0]):
                continue
            found += [_mark(phrase, sentence.start(), match) for match in phrase.pattern.finditer(sentence[0])]
    kept: list[Mark] = []
    for mark in sorted(found, key=lambda item: (item.start, -item.end)):
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return kept


def marked_fields(values: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str, Mark]]:
    """Look through the fields of a form.

    Args:
        names: field names with their labels.

    Returns:
        Field, label and mark of every place, in the order of the fields.
    """
    return [(name, label, mark) for name, label in names.items() for mark in find_marks(str(values.get(name, "")))]


def pieces_of(text: str) -> list[tuple[str, Mark | None]]:
    """Cut a text into plain and marked pieces, for pages that show it with marks."""
    pieces: list[tuple[str, Mark | None]] = []
    at = 0
    for mark in find_marks(text):
        if mark.start > at:
            pieces.append((text[at : mark.start], None))
        pieces.append((mark.text, mark))
        at = mark.end
    return [*pieces, (text[at:], None)] if at < len(text) else pieces


def _mark(phrase: _Phrase, offset: int, match: re.Match[str]) -> Mark:
    start, end = offset + match.start(), offset + match.end()
    return Mark(start, end, match[0], phrase.kind, phrase.why, phrase.better, phrase.article)


@functools.cache
def _phrases() -> tuple[_Phrase, ...]:
    source = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(
        _Phrase(
            re.compile(item["pattern"]),
            re.compile(item["unless"]),
            item["kind"],
            item["why"],
            item["better"],
            f"{cite('条例32')}第二款第{item['item']}项",
        )
        for item in source["phrase"]
    )
