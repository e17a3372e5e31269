"""What was checked, what did not hold, and what could not be checked: one line each, for people and for machines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from kernel.canonical import NotCanonical
from kernel.crypto import CryptoError
from kernel.draw import DrawError
from kernel.log import LogError
from portal.bundle import BundleError

T = TypeVar("T")

#: Refusals of the pure modules: each carries a `code` and a `reason`, and none is a defect of the verifier.
Refusal = (BundleError, CryptoError, DrawError, LogError, NotCanonical)


class Verdict(StrEnum):
    """How a check ended."""

    #: 成立
    HELD = "held"
    #: 不成立
    FAILED = "failed"
    #: 未核验
    UNCHECKED = "unchecked"


class Standing(StrEnum):
    """What all checks together amount to."""

    #: 核验成立
    VERIFIED = "verified"
    #: 仅与自身一致: nothing failed, but the keys came with the evidence; whoever forged it would have brought his own.
    SELF_CONSISTENT = "self-consistent"
    #: 核验不成立
    FAILED = "failed"

    @property
    def exit_code(self) -> int:
        """What `sunlit verify` ends with."""
        return {Standing.VERIFIED: 0, Standing.FAILED: 1, Standing.SELF_CONSISTENT: 3}[self]


_SUMS = {
    Standing.VERIFIED: "核验成立",
    Standing.FAILED: "核验不成立",
    Standing.SELF_CONSISTENT: (
        "仅与自身一致，未对照独立的信任根：信任文件来自被核验的材料本身，伪造者同样可以附上自己的信任文件。"
        "请用 --trust 给出从公报等独立渠道取得的信任文件后重新核验"
    ),
}
_SIGNS = {Verdict.HELD: "✓ 成立　", Verdict.FAILED: "✗ 不成立", Verdict.UNCHECKED: "· 未核验"}
_MARKS = {Verdict.HELD: "成立", Verdict.FAILED: "不成立", Verdict.UNCHECKED: "未核验"}


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        code: what was checked, or, when it failed, why.
        where: the file or member concerned.
        text: for people.
        reason: for engineers, of a failure.
    """

    verdict: Verdict
    code: str
    where: str
    text: str
    reason: str = ""

    def told(self) -> str:
        """The check without its place: mark, words, code."""
        tail = f"（{self.reason}）" if self.reason else ""
        return f"{_SIGNS[self.verdict]} {self.text}{tail}  [{self.code}]"

    def __str__(self) -> str:
        return f"{self.where}: {self.told()}"


@dataclass(slots=True)
class Report:
    """All checks in the order made.

    Attributes:
        own_keys: a check rests on keys that came with the evidence itself.
    """

    checks: list[Check] = field(default_factory=list)
    own_keys: bool = False

    @property
    def standing(self) -> Standing:
        """What the checks amount to; without a single check that holds nothing was verified."""
        if self.failures or not any(check.verdict is Verdict.HELD for check in self.checks):
            return Standing.FAILED
        return Standing.SELF_CONSISTENT if self.own_keys else Standing.VERIFIED

    @property
    def ok(self) -> bool:
        """Whether nothing failed, something was checked, and no key came from the evidence itself."""
        return self.standing is Standing.VERIFIED

    @property
    def failures(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.verdict is Verdict.FAILED]

    def held(self, code: str, where: str, text: str) -> None:
        """Note a check that holds."""
        self.checks.append(Check(Verdict.HELD, code, where, text))

    def failed(self, code: str, where: str, text: str, reason: str = "") -> None:
        """Note a check that fails."""
        self.checks.append(Check(Verdict.FAILED, code, where, text, reason))

    def unchecked(self, code: str, where: str, text: str) -> None:
        """Note what could not be checked, and why."""
        self.checks.append(Check(Verdict.UNCHECKED, code, where, text))

    def require(self, held: bool, code: str, where: str, text: str, reason: str = "") -> bool:
        """Note a check by its outcome and return it."""
        if held:
            self.held(code, where, text)
        else:
            self.failed(code, where, text, reason)
        return held

    def attempt(self, code: str, where: str, text: str, work: Callable[[], T]) -> T | None:
        """Do some work; a refusal becomes a failed check, anything else a check that holds.

        Returns:
            The result, or None if it was refused.
        """
        try:
            done = work()
        except Refusal as refusal:
            self.refused(refusal, where, text)
            return None
        self.held(code, where, text)
        return done

    def refused(self, refusal: Exception, where: str, text: str) -> None:
        """Note a refusal of a pure module."""
        told = getattr(refusal, "where", where)
        place = where if told == where else f"{where}: {told}"
        self.failed(str(getattr(refusal, "code", "refused")), place, text, _reason(refusal))

    def as_json(self) -> list[dict[str, Any]]:
        """The checks for machines."""
        names = ("verdict", "code", "where", "text", "reason")
        return [{name: str(getattr(check, name)) for name in names} for check in self.checks]

    def lines(self) -> list[str]:
        """The checks for people, and the sum."""
        count = {verdict: sum(check.verdict is verdict for check in self.checks) for verdict in Verdict}
        total = "，".join(f"{_MARKS[verdict]} {number} 项" for verdict, number in count.items())
        told: list[str] = []
        for before, check in pairwise([None, *self.checks]):
            assert check is not None
            if before is None or check.where != before.where:
                told += [*([""] if told else []), check.where]  # each file once, its checks below
            told.append(f"  {check.told()}")
        return [*told, *([""] if told else []), f"{_SUMS[self.standing]}：{total}"]


def _reason(refusal: Exception) -> str:
    return str(getattr(refusal, "reason", "") or refusal)
