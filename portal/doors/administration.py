"""The administrators' pages: staff, the policy table, the audit of access; and the page where a new account opens."""

import csv
import io
import uuid
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.db.transaction import Tx
from kernel.errors import DomainError, InvalidInput
from kernel.identity import petitions, policy
from kernel.identity.access import KINDS, AccessLine, list_access
from kernel.identity.actor import Actor
from kernel.identity.factors import factor_key
from kernel.web.guards import PUBLIC, permits
from kernel.web.render import render_page
from kernel.web.services import Services
from portal import staff
from portal.doors.security import picture
from portal.doors.signin import cookie_of, device_of, origin_of
from portal.homes import home_of

_SHANGHAI = ZoneInfo("Asia/Shanghai")
Web = Request[Any, Any, Any]


class StaffForm(msgspec.Struct):
    """A new account, or a change of one."""

    login: str = ""
    name: str = ""
    roles: str | list[str] = ""
    uscc: str = ""
    organisation: str = ""
    change: str = ""
    account: str = ""
    reason: str = ""


class DecisionForm(msgspec.Struct):
    """What the second person says."""

    decision: str = ""


class ActivationForm(msgspec.Struct):
    """Code, password, and the authenticator's first code."""

    code: str = ""
    password: str = ""
    otp: str = ""


StaffBody = Annotated[StaffForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
DecisionBody = Annotated[DecisionForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
ActivationBody = Annotated[ActivationForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin/staff", guards=[permits("staff.read")], include_in_schema=False)
async def staff_page(request: Web, tx: Tx, actor: Actor) -> Response[str]:
    """Show accounts and petitions."""
    return await _staff(request, tx, actor)


@post("/admin/staff", guards=[permits("staff.prepare")], include_in_schema=False)
async def ask_form(request: Web, actor: Actor, services: Services, data: StaffBody) -> Response[str]:
    """Ask for a new account, or for a change of one."""
    roles = (data.roles,) if isinstance(data.roles, str) else tuple(data.roles)
    roles = tuple(role for role in roles if role)
    try:
        async with services.db.begin() as tx:
            if data.change:
                account = await staff.find_staff(tx, data.account.strip())
                asked = await staff.ask_change(tx, actor, account, data.change, roles=roles, reason=data.reason)
                login = data.account.strip()
            else:
                draft = staff.StaffDraft(data.login, data.name, roles, data.uscc, data.organisation, data.reason)
                asked, login = await staff.ask_account(tx, actor, draft), data.login
    except DomainError as error:
        values = {**msgspec.to_builtins(data), "roles": list(roles)}
        errors = dict(error.fields) if isinstance(error, InvalidInput) else {"reason": error.detail}
        async with services.db.begin_read_only() as tx:
            return await _staff(request, tx, actor, values=values, errors=errors, status=422)
    async with services.db.begin_read_only() as tx:
        return await _staff(
            request, tx, actor, half=("前半", asked.code, login), done="申请已提交，等待安全管理员审批。"
        )


@post("/admin/petitions/{petition_id:uuid}", guards=[permits("staff.approve")], include_in_schema=False)
async def decide_form(
    request: Web, actor: Actor, services: Services, petition_id: uuid.UUID, data: DecisionBody
) -> Response[str]:
    """Approve or refuse."""
    if data.decision not in ("approve", "refuse"):
        raise InvalidInput("请选择同意或不同意。", [("decision", "approve 或 refuse")])
    async with services.db.begin() as tx:
        second = await staff.decide(tx, actor, petition_id, approve=data.decision == "approve")
    done = "已同意，立即生效。" if data.decision == "approve" else "已驳回。"
    async with services.db.begin_read_only() as tx:
        return await _staff(request, tx, actor, half=("后半", second, ""), done=done)


async def _staff(
    request: Web,
    tx: Tx,
    actor: Actor,
    *,
    half: tuple[str, str, str] = ("", "", ""),
    done: str = "",
    values: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    table = policy.current()
    context = {
        "staff": await staff.list_staff(tx),
        "waiting": await petitions.list_petitions(tx, waiting=True, acts=staff.CHANGES),
        "decided": (await petitions.list_petitions(tx, waiting=False, acts=staff.CHANGES))[:10],
        "titles": dict(table.roles),
        "granted": [(name, title) for name, title in table.roles.items() if name in staff.GRANTED],
        "changes": staff.CHANGES,
        "may_ask": table.rule("staff.prepare").admits(actor),
        "may_decide": table.rule("staff.approve").admits(actor),
        "me": actor.account_id,
        "form": SimpleNamespace(values=values or {}, errors=errors or {}),
        "half": half,
        "done": done,
    }
    return render_page(request, "portal/staff.html", context, status=status)


@get("/admin/policy", guards=[permits("policy.read")], include_in_schema=False)
async def policy_page(request: Web, role: str = "") -> Response[str]:
    """Show who may do what; of one role only, if the table knows it."""
    table = policy.current()
    return render_page(request, "portal/policy.html", {"policy": table, "role": role if role in table.roles else ""})


@get("/admin/access", guards=[permits("access.audit")], include_in_schema=False)
async def access_page(request: Web, tx: Tx, kind: str = "", login: str = "", days: int = 30) -> Response[str]:
    """Show the audit of access."""
    lines = await _lines(tx, kind, login, days)
    context = {"lines": lines, "kinds": KINDS, "kind": kind, "login": login, "days": days}
    return render_page(request, "portal/access.html", context)


@get("/admin/access.csv", guards=[permits("access.audit")], include_in_schema=False)
async def access_csv(tx: Tx, kind: str = "", login: str = "", days: int = 30) -> Response[bytes]:
    """Return the same as a table for other programs."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(["时间（北京）", "种类", "登录名", "姓名", "另一人", "来源", "事项", "说明"])
    for line in await _lines(tx, kind, login, days, limit=50_000):
        at = line.at.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        cells = [at, KINDS[line.kind], line.login, line.name, line.second, line.origin, line.act, line.reason]
        writer.writerow([_harmless(cell) for cell in cells])
    headers = {"Content-Disposition": 'attachment; filename="access.csv"', "Cache-Control": "no-store"}
    return Response(("\ufeff" + sheet.getvalue()).encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a login that somebody typed for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


async def _lines(tx: Tx, kind: str, login: str, days: int, limit: int = 200) -> list[AccessLine]:
    from kernel.identity.sessions import real_now

    since: datetime = await real_now(tx) - timedelta(days=min(max(days, 1), 3660))
    return await list_access(tx, kinds=[kind] if kind in KINDS else [], login=login, since=since, limit=limit)


@get("/activate", opt=PUBLIC, include_in_schema=False)
async def activate_page(request: Web) -> Response[str]:
    """Ask for the code and a password."""
    return _activation(request)


@post("/activate", opt=PUBLIC, include_in_schema=False)
async def activate_form(request: Web, services: Services, data: ActivationBody) -> Response[str]:
    """Take them, and show the authenticator's secret."""
    key = factor_key(services.csrf_key)
    try:
        async with services.db.begin() as tx:
            login, made = await staff.begin_activation(tx, key, data.code, data.password, issuer=services.site.name)
    except DomainError as error:
        return _activation(request, code=data.code, error=error.detail)
    return _activation(request, code=data.code, login=login, secret=made.secret, qr=picture(made.uri))


@post("/activate/confirm", opt=PUBLIC, include_in_schema=False)
async def confirm_form(request: Web, services: Services, data: ActivationBody) -> Response[Any]:
    """Take the authenticator's first code, open the account, sign in."""
    try:
        async with services.db.begin() as tx:
            opened = await staff.finish_activation(
                tx,
                factor_key(services.csrf_key),
                data.code,
                data.otp,
                origin=origin_of(request),
                device=device_of(request),
            )
    except DomainError as error:
        return _activation(request, code=data.code, login="…", error=error.detail)
    headers = {"Location": home_of(opened.actor), "Set-Cookie": cookie_of(services, opened)}
    return Response(None, status_code=303, headers=headers)


def _activation(
    request: Web, *, code: str = "", login: str = "", secret: str = "", qr: str = "", error: str = ""
) -> Response[str]:
    context = {
        "code": code,
        "login": login,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "qr": qr,
        "error": error,
    }
    return render_page(request, "portal/activate.html", context, nav="登录", status=422 if error else 200)


HANDLERS = [
    staff_page,
    ask_form,
    decide_form,
    policy_page,
    access_page,
    access_csv,
    activate_page,
    activate_form,
    confirm_form,
]
