"""What a check of a legal limit says: the rule, the article, what is, what must be, and when it would be lawful."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from kernel.clock import SHANGHAI
from kernel.errors import RuleBroken


class Severity(StrEnum):
    """How much a finding weighs."""

    #: 违反法定限制: the act is refused.
    BREACH = "breach"
    #: 提示: lawful, but better otherwise.
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Finding:
    """One limit that is not kept.

    Args:
        rule: id in the rule book.
        article: the law as people read it.
        field: the field of the form that the reader should change.
        message: one Chinese sentence that tells what to do.
        earliest: the first lawful date or moment, where there is one.
    """

    rule: str
    article: str
    field: str
    message: str
    actual: str
    required: str
    earliest: date | datetime | None = None
    severity: Severity = Severity.BREACH

    def described(self) -> dict[str, Any]:
        """Return the finding as JSON-safe members for the API, the log and the page."""
        return {
            "rule": self.rule,
            "article": self.article,
            "field": self.field,
            "message": self.message,
            "actual": self.actual,
            "required": self.required,
            "earliest": None if self.earliest is None else self.earliest.isoformat(),
            "severity": self.severity.value,
        }


def breaches(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that forbid the act."""
    return tuple(finding for finding in findings if finding.severity is Severity.BREACH)


def require_lawful(findings: Iterable[Finding]) -> None:
    """Refuse an act whose limits are not kept; advice does not stand in the way.

    Raises:
        RuleBroken: with all breaches, the first one's sentence and article as its detail.
    """
    found = breaches(findings)
    if found:
        first = found[0]
        more = f"另有{len(found) - 1}项不符合规定。" if len(found) > 1 else ""
        detail = f"{first.message}（{first.article}）{more}"
        raise RuleBroken(detail, [finding.described() for finding in found], rule=first.rule, article=first.article)


def moment_in_print(moment: datetime) -> str:
    """Write a moment in Beijing time, to the minute."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
