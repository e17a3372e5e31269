"""One table from errors to HTTP (RFC 9457), for machines as JSON and for people as a page.

Unknown errors lose their detail on purpose: the client sees a number under which the operator finds the cause.
"""

import logging
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from sqlalchemy.exc import DataError, SQLAlchemyError

from kernel import errors
from kernel.db.lost import is_lost_connection

log = logging.getLogger("sunlit.web")


@dataclass(frozen=True, slots=True)
class Problem:
    """How an error class shows."""

    status: int
    title: str
    slug: str


TABLE: dict[type[errors.DomainError], Problem] = {
    errors.DomainError: Problem(409, "无法办理", "domain-error"),
    errors.InvalidInput: Problem(422, "填写内容需要更正", "invalid-input"),
    errors.NotFound: Problem(404, "没有找到这个页面", "not-found"),
    errors.NotSignedIn: Problem(401, "请先登录", "not-signed-in"),
    errors.StepUpRequired: Problem(401, "请再次确认身份", "step-up-required"),
    errors.NotPermitted: Problem(403, "没有办理权限", "not-permitted"),
    errors.Conflict: Problem(409, "当前状态不能办理", "conflict"),
    errors.TooEarly: Problem(409, "时间未到", "too-early"),
    errors.DeadlinePassed: Problem(409, "时间已过", "deadline-passed"),
    errors.RuleBroken: Problem(422, "不符合法定期限或限额", "rule-broken"),
    errors.VerificationFailed: Problem(422, "核验未通过", "verification-failed"),
    errors.TooManyRequests: Problem(429, "操作过于频繁", "too-many-requests"),
    errors.Unavailable: Problem(503, "服务暂时不可用", "unavailable"),
}

#: Framework refusals that never passed through the domain.
_HTTP_TITLES = {
    400: "请求格式不正确",
    401: "请先登录",
    403: "没有办理权限",
    404: "没有找到这个页面",
    405: "不支持这种操作",
    413: "内容过大",
    415: "格式不支持",
    429: "操作过于频繁",
}


def problem_of(error: errors.DomainError) -> Problem:
    """Return the row of an error's class, or of its nearest ancestor."""
    for cls in type(error).__mro__:
        if cls in TABLE:
            return TABLE[cls]
    raise AssertionError("DomainError itself is in the table")


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Say whether the client is a person's browser asking for a page."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _answer(request: Request[Any, Any, Any], status: int, title: str, slug: str, **members: Any) -> Response[Any]:
    instance = f"urn:uuid:{uuid.uuid4()}"
    body = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "instance": instance,
        "code": slug,
        **members,
    }
    headers = {"Cache-Control": "no-store"}
    if "retry_after_s" in body:
        headers["Retry-After"] = str(body["retry_after_s"])
    if wants_page(request):
        from kernel.web.render import render_page

        return render_page(request, "errors/problem.html", {"problem": body}, status=status, headers=headers)
    return Response(body, status_code=status, media_type="application/problem+json", headers=headers)


def handle_domain_error(request: Request[Any, Any, Any], error: errors.DomainError) -> Response[Any]:
    """Answer a refusal of the domain."""
    row = problem_of(error)
    members: dict[str, Any] = {"detail": error.detail, **error.extra}
    members["code"] = error.code
    if isinstance(error, errors.InvalidInput):
        members["errors"] = [{"pointer": pointer, "detail": message} for pointer, message in error.fields]
    if isinstance(error, errors.TooManyRequests):
        members["retry_after_s"] = error.retry_after_s
    if isinstance(error, errors.NotSignedIn) and wants_page(request):
        return Response(None, status_code=303, headers={"Location": f"/login?next={request.url.path}"})
    if isinstance(error, errors.StepUpRequired) and wants_page(request):
        return Response(None, status_code=303, headers={"Location": f"/step-up?next={quote(_came_from(request))}"})
    return _answer(request, row.status, row.title, row.slug, **members)


def _came_from(request: Request[Any, Any, Any]) -> str:
    """Return the page whose form was sent, so that the person returns to it; forms are sent from our own pages only."""
    return urlsplit(request.headers.get("referer", "")).path or request.url.path


def handle_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer a refusal of the framework in the same shape."""
    status = error.status_code
    members: dict[str, Any] = {
        "detail": "请检查填写的内容。" if status == 400 else _HTTP_TITLES.get(status, "无法处理")
    }
    if isinstance(error, ValidationException):
        members["errors"] = [
            {"pointer": str(item.get("key", "")), "detail": str(item.get("message", ""))}
            for item in (error.extra or [])
            if isinstance(item, dict)
        ]
    return _answer(request, status, _HTTP_TITLES.get(status, "无法处理"), f"http-{status}", **members)


def handle_lost_database(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer while the database cannot be reached: nothing was recorded, try again; other faults are ours."""
    if str(getattr(getattr(error, "orig", error), "sqlstate", "") or "")[:2] == "22" or isinstance(error, DataError):
        # Class 22: a value that the database cannot hold, such as a number out of range or a NUL in a text.
        return handle_domain_error(request, errors.InvalidInput("请求中的数值或字符超出允许范围，请核对后重试。"))
    if not is_lost_connection(error):
        return handle_unknown_error(request, error)
    log.warning("database not reached at %s %s", request.method, request.url.path)
    return handle_domain_error(request, errors.Unavailable("数据库暂时无法连接，请稍后再试。", retry_after_s=2))


def handle_unknown_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer a fault of ours: a number, no detail."""
    answer = _answer(request, 500, "页面暂时无法显示", "internal", detail="您刚才的操作未被记录，请稍后再试。")
    log.error("unhandled error at %s %s", request.method, request.url.path, exc_info=error)
    return answer


HANDLERS: dict[Any, Any] = {
    errors.DomainError: handle_domain_error,
    HTTPException: handle_http_error,
    SQLAlchemyError: handle_lost_database,
    asyncpg.PostgresError: handle_lost_database,
    OSError: handle_lost_database,
    Exception: handle_unknown_error,
}
