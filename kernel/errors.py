"""One family of errors for every package; it knows no HTTP.

DomainError                 code, safe detail, extra fields
├── InvalidInput            fields: list of (pointer, message)
├── NotFound                also "exists, but not yours"
├── NotSignedIn             nobody is signed in
├── StepUpRequired          signed in, but this act needs a fresh proof that it is really they
├── NotPermitted            signed in, but this act is not theirs
├── Conflict                stage, duplicate, stale version
│   ├── TooEarly            the act's time has not come
│   └── DeadlinePassed      the act's time is over
├── RuleBroken              a legal limit is not kept; carries rule id and article
├── VerificationFailed      signature, licence, commitment, chain
├── TooManyRequests         rate limits
└── Unavailable             a part outside is not there; try again

`kernel.web.problems` maps the family to HTTP in one table. A `detail` is in Chinese, for people, and never holds a
database message, a path, a key, or another party's data.
"""

from collections.abc import Sequence
from typing import Any


class DomainError(Exception):
    """A refusal that the user may read.

    Args:
        detail: one or two Chinese sentences: what to do first, then the cause.
        extra: further JSON-safe members for machines.
    """

    code = "domain-error"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class InvalidInput(DomainError):
    """The request's form or content is wrong.

    Args:
        fields: (pointer, message) pairs; a pointer is the field's name or a JSON pointer.
    """

    code = "invalid-input"

    def __init__(self, detail: str, fields: Sequence[tuple[str, str]] = (), **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.fields = list(fields)


class NotFound(DomainError):
    """Absent, or not yours: the answer is the same."""

    code = "not-found"

    def __init__(self, detail: str = "没有找到您要的内容。", **extra: Any) -> None:
        super().__init__(detail, **extra)


class NotSignedIn(DomainError):
    """Nobody is signed in."""

    code = "not-signed-in"

    def __init__(self, detail: str = "请先登录。", **extra: Any) -> None:
        super().__init__(detail, **extra)


class StepUpRequired(DomainError):
    """The session is good, but the act needs a fresh proof of identity."""

    code = "step-up-required"

    def __init__(self, detail: str = "此事项需要再次确认您的身份，确认后十分钟内有效。", **extra: Any) -> None:
        super().__init__(detail, **{"where": "/step-up", **extra})


class NotPermitted(DomainError):
    """The signed-in person may not do this."""

    code = "not-permitted"

    def __init__(self, detail: str = "您没有办理此事项的权限。", **extra: Any) -> None:
        super().__init__(detail, **extra)


class Conflict(DomainError):
    """The state of the matter does not allow the act now."""

    code = "conflict"


class TooEarly(Conflict):
    """The time for the act has not come."""

    code = "too-early"


class DeadlinePassed(Conflict):
    """The time for the act is over."""

    code = "deadline-passed"


class RuleBroken(DomainError):
    """A legal limit would be broken.

    Args:
        findings: JSON-safe findings, each with `rule`, `article` and `message`.
    """

    code = "rule-broken"

    def __init__(self, detail: str, findings: Sequence[dict[str, Any]] = (), **extra: Any) -> None:
        super().__init__(detail, findings=list(findings), **extra)
        self.findings = list(findings)


class VerificationFailed(DomainError):
    """A signature, licence, commitment or proof does not hold."""

    code = "verification-failed"


class TooManyRequests(DomainError):
    """A rate limit stands in the way.

    Args:
        retry_after_s: seconds until another try makes sense.
    """

    code = "too-many-requests"

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(DomainError):
    """A part outside cannot be reached."""

    code = "unavailable"
