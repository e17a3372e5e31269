"""The draws to which the reader's organisation contributes or whose public numbers the reader witnesses; own keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from kernel.db.transaction import Tx
from kernel.drawbook.card import PartCard, part_card
from kernel.drawbook.models import Draw
from kernel.drawbook.part import Step, find_part, list_draws_of
from kernel.drawbook.standing import Phase
from kernel.errors import NotFound
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from portal.draw_page import title_of
from supervision import facade as supervision
from trading import facade as trading
from trading.pages.common import Form
from trading.vocabulary import Role

#: Who may contribute, with the rail that they see; the first that fits decides.
_RAILS = (
    ("supervisor", "supervisor"),
    ("agency", "agency"),
    ("procuring_entity", "agency"),
    ("centre", "staff"),
    ("trustee", "trustee"),
)
PARTY_WORDS = {"supervisor": "行政监督", "centre": "交易中心", "agency": "代理机构", "procuring_entity": "招标人"}
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
    Step.STUCK: ("bad", "不能得出结果"),
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
    wrap: str


@dataclass(frozen=True, slots=True)
class OwnDrawPage:
    """The context of `portal/draw_part.html`."""

    role: str
    title: str
    number: str
    matter: str
    part: PartCard
    draw_href: str
    form: Form
    key: str


@get("/draws", guards=[permits("draw.list")], include_in_schema=False)
async def own_draws(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """List the draws of the reader's organisation, those first in which something is to be done."""
    found = await list_draws_of(tx, actor)
    rows = [await _row(tx, actor, draw) for draw in found]
    keys = await list_person_keys(tx, actor.account_id, purpose="sign")
    wraps = await list_person_keys(tx, actor.account_id, purpose="unwrap")
    page = DrawsPage(
        role=_rail(actor),
        rows=sorted(rows, key=lambda row: row.until is None),
        key=keys[-1].kid if keys else "",
        wrap=wraps[-1].kid if wraps else "",
    )
    return render_page(request, "portal/draws.html", {"page": page}, now=tx.now)


@get("/draws/{draw_id:uuid}", guards=[permits("draw.list")], include_in_schema=False)
async def own_draw(request: Request[Any, Any, Any], tx: Tx, actor: Actor, draw_id: UUID) -> Response[str]:
    """Show a draw to whoever contributes to it or witnesses its public numbers."""
    draw = next((one for one in await list_draws_of(tx, actor, most=1000) if one.id == draw_id), None)
    if draw is None:
        raise NotFound
    part = await find_part(tx, actor, draw.id, may_close=False)
    base = _base_of(draw)
    keys = await list_person_keys(tx, actor.account_id, purpose="sign")
    page = OwnDrawPage(
        role=_rail(actor),
        title=title_of(draw),
        number=draw.number,
        matter=(await _matter(tx, actor, draw))[0],
        part=part_card(part, PARTY_WORDS, base=base, close_href="", void_href=""),
        draw_href=f"/verify/draws/{draw.id}",
        form=Form(),
        key=keys[-1].kid if keys else "",
    )
    return render_page(request, "portal/draw_part.html", {"page": page}, now=tx.now)


def _base_of(draw: Draw) -> str:
    """Return where commitments and values of a draw go."""
    matter = str(draw.spec["stage"]).partition("/")[0]
    if matter == "opening":
        return f"/api/v1/lots/{draw.subject}/opening/parameters"
    return f"/api/v1/draws/{draw.id}" if matter == "experts" else f"/api/v1/inspections/{draw.subject}"


def _rail(actor: Actor) -> str:
    return next(rail for role, rail in _RAILS if actor.has(role))


async def _row(tx: Tx, actor: Actor, draw: Draw) -> DrawRow:
    matter, href, leads = await _matter(tx, actor, draw)
    part = await find_part(tx, actor, draw.id, may_close=leads)
    state, until = STEP_WORDS[part.step], part.until
    asked = [one for one in part.beacons if one.mine and not one.value and one.at <= tx.now]
    if asked and part.phase is Phase.BEACON:
        state, until = ("warn", "待您见证"), asked[0].by
    return DrawRow(draw.number, title_of(draw), matter, href, state, until, draw.created_at)


async def _matter(tx: Tx, actor: Actor, draw: Draw) -> tuple[str, str, bool]:
    """Return what a draw is for, where the reader takes part in it, and whether the reader may close it."""
    if draw.subject is None:
        return draw.purpose, f"/verify/draws/{draw.id}", False
    if str(draw.spec["stage"]).startswith("opening/"):
        return (await trading.get_lot(tx, draw.subject)).title, f"/openings/{draw.subject}/parameters", True
    if str(draw.spec["stage"]).startswith("experts/"):
        lot = await trading.get_lot(tx, draw.subject)
        if draw.state == "void":  # the lot's page shows the attempt that followed
            return lot.title, f"/verify/draws/{draw.id}", True
        if not lot.is_party(actor.organisation_id) and not actor.has(Role.SUPERVISOR):
            return lot.title, f"/draws/{draw.id}", False
        desk = "s" if actor.has(Role.SUPERVISOR) and not lot.is_party(actor.organisation_id) else "a"
        return lot.title, f"/{desk}/lots/{lot.id}/committee", True
    inspection = await supervision.get_inspection(tx, draw.subject)
    if draw.state == "void":
        return inspection.title, f"/verify/draws/{draw.id}", False
    if actor.uscc not in {one["org"] for one in draw.spec["contributors"]}:
        return inspection.title, f"/draws/{draw.id}", False
    leads = actor.has(Role.SUPERVISOR) and inspection.organisation_id == actor.organisation_id
    return inspection.title, f"/s/inspections/{inspection.id}", leads


HANDLERS: list[Any] = [own_draws, own_draw]
