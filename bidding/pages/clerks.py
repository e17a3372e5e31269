"""The holder's page of clerks: who asked, whom to allow what until when, ending; a clerk sees the own authorisation."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post

from bidding import clerks, queries
from bidding.clerks import LONGEST, AppointmentView, RequestView
from kernel.db.transaction import Tx
from kernel.identity.actor import SCOPE_WORDS, Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading import facade as trading

#: What each scope means, in the words of the page.
_MEANS = {
    "read": "查看本单位参加的项目、文件和回执",
    "prepare": "登记参加、提问、上传已加密的投标文件",
    "sign": "用自己的办事人证书代表本单位签名",
    "submit": "递交、替换和撤回投标文件",
    "open": "开标时提交解密密钥",
}
_STATES = {
    "live": ("ok", "有效"),
    "future": ("info", "尚未生效"),
    "expired": ("mute", "已到期"),
    "ended": ("mute", "已解除"),
}


@dataclass(frozen=True, slots=True)
class AppointmentRow:
    """An appointment in the table."""

    id: uuid.UUID
    name: str
    kid: str
    scopes: str
    lots: str
    until: datetime
    state: tuple[str, str]
    may_end: bool


@dataclass(frozen=True, slots=True)
class ClerksPage:
    """The context of `bidding/clerks.html`."""

    is_holder: bool
    name: str
    uscc: str
    requests: list[RequestView]
    appointments: list[AppointmentRow]
    scopes: list[tuple[str, str, str]]
    lots: list[tuple[str, str]]
    longest_days: int
    now: datetime


@get("/b/clerks", guards=[permits("clerk.read")], include_in_schema=False)
async def clerks_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show the clerks of the organisation; to a clerk, the own authorisation."""
    if actor.is_clerk:
        own = await clerks.find_own_appointment(tx, actor)
        asked, made = [], [own] if own is not None else []
    else:
        asked, made = await clerks.list_requests(tx, actor), await clerks.list_appointments(tx, actor)
    lots = {lot_id: await trading.get_lot(tx, lot_id) for lot_id, _ in await queries.list_own_lots(tx, actor)}
    titles = {lot_id: f"{lot.tender} {lot.title}" for lot_id, lot in lots.items()}
    page = ClerksPage(
        is_holder=not actor.is_clerk,
        name=actor.organisation_name,
        uscc=actor.uscc,
        requests=asked,
        appointments=[_row(item, titles, may_end=not actor.is_clerk) for item in made],
        scopes=[(key, word, _MEANS[key]) for key, word in SCOPE_WORDS.items() if key != "read"],
        lots=[(str(lot_id), title) for lot_id, title in titles.items()],
        longest_days=LONGEST.days,
        now=tx.now,
    )
    return render_page(request, "bidding/clerks.html", {"page": page}, nav="", now=tx.now)


@post("/b/clerks/{appointment_id:uuid}/end", guards=[permits("clerk.manage")], include_in_schema=False)
async def end_form(tx: Tx, actor: Actor, appointment_id: uuid.UUID) -> Response[None]:
    """End an appointment from the page."""
    await clerks.end_appointment(tx, actor, appointment_id)
    return Response(None, status_code=303, headers={"Location": "/b/clerks"})


def _row(item: AppointmentView, titles: dict[uuid.UUID, str], *, may_end: bool) -> AppointmentRow:
    lots = "全部标段" if item.lots is None else "；".join(titles.get(lot, "其他标段") for lot in item.lots)
    scopes = "、".join(word for key, word in SCOPE_WORDS.items() if key in item.scopes)
    live = item.state in ("live", "future")
    return AppointmentRow(
        item.id, item.name, item.kid, scopes, lots, item.expires_at, _STATES[item.state], may_end and live
    )


HANDLERS = [clerks_page, end_form]
