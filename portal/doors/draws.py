"""The draws to which the reader's organisation contributes randomness, and the reader's own signing key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.drawbook.models import Draw
from kernel.drawbook.part import Step, find_part, list_draws_of
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from portal.draw_page import title_of
from supervision import facade as supervision
from trading import facade as trading
from trading.vocabulary import Role

#: Who may contribute, with the rail that they see; the first that fits decides.
_RAILS = (("supervisor", "supervisor"), ("agency", "agency"), ("procuring_entity", "agency"), ("centre", "staff"))
#: What the reader does next, in words, with its colour.
STEP_WORDS = {
    Step.WATCH: ("info", "进行中"),
    Step.OTHER: ("warn", "待本单位承诺"),
    Step.COMMIT: ("warn", "待您承诺"),
    Step.AWAIT_COMMITS: ("info", "等待其他方承诺"),
    Step.AWAIT_CLOSE: ("info", "等待截止承诺"),
    Step.ESCROW: ("warn", "待您托管"),
    Step.AWAIT_ESCROW: ("info", "等待其他方托管"),
    Step.AWAIT_BEACON: ("info", "等待公共随机数"),
    Step.REVEAL: ("warn", "待您揭示"),
    Step.AWAIT_REVEALS: ("info", "等待其他方揭示"),
    Step.RECOVER: ("warn", "待您交出分片"),
    Step.AWAIT_RECOVERY: ("info", "等待恢复随机数"),
    Step.DROPPED: ("mute", "已退出"),
    Step.STUCK: ("bad", "有贡献方逾期"),
    Step.DRAWN: ("ok", "已抽取"),
    Step.VOID: ("mute", "已作废"),
}


@dataclass(frozen=True, slots=True)
class DrawRow:
    """A draw with what the reader does next."""

    number: str
    title: str
    matter: str
    href: str
    state: tuple[str, str]
    until: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class DrawsPage:
    """The context of `portal/draws.html`."""

    role: str
    rows: list[DrawRow]
    key: str


@get("/draws", guards=[permits("draw.list")], include_in_schema=False)
async def own_draws(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """List the draws of the reader's organisation, those first in which something is to be done."""
    found = await list_draws_of(tx, actor)
    rows = [await _row(tx, actor, draw) for draw in found]
    keys = await list_person_keys(tx, actor.account_id, purpose="sign")
    page = DrawsPage(
        role=next(rail for role, rail in _RAILS if actor.has(role)),
        rows=sorted(rows, key=lambda row: row.until is None),
        key=keys[-1].kid if keys else "",
    )
    return render_page(request, "portal/draws.html", {"page": page}, now=tx.now)


async def _row(tx: Tx, actor: Actor, draw: Draw) -> DrawRow:
    matter, href, leads = await _matter(tx, actor, draw)
    part = await find_part(tx, actor, draw.id, may_close=leads)
    return DrawRow(draw.number, title_of(draw), matter, href, STEP_WORDS[part.step], part.until, draw.created_at)


async def _matter(tx: Tx, actor: Actor, draw: Draw) -> tuple[str, str, bool]:
    """Return what a draw is for, where the reader takes part in it, and whether the reader may close it."""
    if draw.subject is None:
        return draw.purpose, f"/verify/draws/{draw.id}", False
    if str(draw.spec["stage"]).startswith("experts/"):
        lot = await trading.get_lot(tx, draw.subject)
        if draw.state == "void":  # the lot's page shows the attempt that followed
            return lot.title, f"/verify/draws/{draw.id}", True
        desk = "s" if actor.has(Role.SUPERVISOR) and not lot.is_party(actor.organisation_id) else "a"
        return lot.title, f"/{desk}/lots/{lot.id}/committee", True
    inspection = await supervision.get_inspection(tx, draw.subject)
    if draw.state == "void":
        return inspection.title, f"/verify/draws/{draw.id}", False
    leads = actor.has(Role.SUPERVISOR) and inspection.organisation_id == actor.organisation_id
    return inspection.title, f"/s/inspections/{inspection.id}", leads


HANDLERS: list[Any] = [own_draws]
