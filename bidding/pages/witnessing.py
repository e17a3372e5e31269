"""The trustee's page: make keys, pass the drill, post the shares; keys stay in the trustee's browser (trustee.js)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from bidding import queries
from bidding.opening_view import OpeningView, find_opening, list_seats
from bidding.pages.hall_view import HallTrustee, trustee_rows
from bidding.queries import SeatTask
from bidding.vocabulary import OpeningStage
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.render import render_page
from trading import facade as trading

#: Order of the cards: what waits for the trustee comes first.
_URGENCY = ("ready", "drill", "waiting", "released", "done", "closed")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """The key on record."""

    kid: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One seat."""

    id: str
    title: str
    number: str
    lot_no: str
    stage: str
    opens_at: datetime
    window_until: datetime
    k: int
    n: int
    index: int
    ks: str
    on: int
    released_at: datetime | None
    drill_href: str
    keyset_href: str
    headers_href: str
    release_href: str
    log_href: str
    others: list[HallTrustee]


@dataclass(frozen=True, slots=True)
class TrusteePage:
    """The context of `bidding/trustee.html`."""

    role: str
    organisation: str
    key: KeyRow | None
    tasks: list[TaskRow]


@get("/w", guards=[permits("witness.desk")], include_in_schema=False)
async def desk(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show one thing to do at a time."""
    keys = await list_person_keys(tx, actor.account_id, purpose="unwrap")
    tasks = [await _task(tx, task) for task in await queries.list_seat_tasks(tx, actor)]
    tasks.sort(key=lambda task: (_URGENCY.index(task.stage), task.opens_at))
    page = TrusteePage(
        role=actor.name,
        organisation=actor.organisation_name,
        key=KeyRow(keys[-1].kid, keys[-1].created_at) if keys else None,
        tasks=tasks,
    )
    return render_page(request, "bidding/trustee.html", {"page": page}, nav="", now=tx.now)


@get("/w/lots/{lot_id:uuid}", guards=[permits("witness.desk")], include_in_schema=False)
async def one(lot_id: uuid.UUID) -> Response[None]:
    """Lead to the desk, where all seats are."""
    return Response(None, status_code=303, headers={"Location": "/w"})


async def _task(tx: Tx, task: SeatTask) -> TaskRow:
    lot = await trading.get_lot(tx, task.lot_id)
    opening = await find_opening(tx, task.lot_id)
    seats = opening.seats if opening else await list_seats(tx, task.lot_id)
    own = next((seat for seat in seats if seat.i == task.i), None)
    api = f"/api/v1/lots/{task.lot_id}"
    return TaskRow(
        id=str(task.lot_id),
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        stage=_stage(task, opening, posted=own is not None and own.posted_at is not None),
        opens_at=task.opens_at,
        window_until=opening.window_until if opening else queries.window_end(task.opens_at, task.window_s),
        k=task.k,
        n=task.n,
        index=task.i,
        ks=b64u_encode(task.ks),
        on=sum(seat.posted_at is not None for seat in seats),
        released_at=own.posted_at if own else None,
        drill_href=f"/api/v1/keysets/{task.keyset_id}/drill",
        keyset_href=f"{api}/keyset",
        headers_href=f"{api}/headers",
        release_href="/api/v1/shares",
        log_href="/log",
        others=trustee_rows(seats, opening),
    )


def _stage(task: SeatTask, opening: OpeningView | None, *, posted: bool) -> str:
    if not task.accepted:
        return "drill"
    if opening is None or opening.stage in (OpeningStage.CLOSED, OpeningStage.RELEASING):
        return "waiting"
    if opening.stage is OpeningStage.FAILED:
        return "closed"
    if opening.is_open:
        return "done"
    return "released" if posted else "ready"


HANDLERS = [desk, one]
