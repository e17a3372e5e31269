"""Where the parameters of a lot are drawn: the agency freezes the draw, contributors take part."""

import uuid
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from sqlalchemy import select

from bidding import drawing
from bidding.api.parameters import account_of, vault_of
from bidding.drawn import DrawnValue, find_parameter_draw, list_drawn
from bidding.opening_view import find_opening
from bidding.pages.rooms import published_lot
from bidding.pages.words import STAGES
from bidding.vocabulary import OpeningStage
from kernel.db.transaction import Tx
from kernel.drawbook.card import PartCard, part_card
from kernel.drawbook.part import find_part
from kernel.errors import NotFound
from kernel.identity import policy
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.identity.models import Account, Organisation, PersonKey
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.lot_view import LotView
from trading.pages.common import Form, attempt, require_agreement, texts_of
from trading.pages.room import FormData
from trading.standing import state_of

_WORDS = {"agency": "代理机构", "procuring_entity": "招标人", "supervisor": "行政监督", "centre": "交易中心"}


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """A parameter that is drawn; `value` is empty before."""

    name: str
    label: str
    value: str
    choices: str
    basis: str
    draw_href: str


@dataclass(frozen=True, slots=True)
class ParametersPage:
    """The context of `bidding/parameters.html`.

    Attributes:
        may_freeze: the reader may begin an attempt now.
        part: the reader's part in the newest attempt; None before the first.
        key: the reader's own key on record; empty: none yet.
    """

    id: str
    title: str
    number: str
    lot_no: str
    state: tuple[str, str]
    rows: list[ParameterRow]
    may_freeze: bool
    thirds: list[tuple[str, str]]
    part: PartCard | None
    key: str
    hall_href: str
    form: Form


@get("/openings/{lot_id:uuid}/parameters", guards=[permits("draw.contribute")], include_in_schema=False)
async def parameters(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[str]:
    """Show the parameters and the reader's part in their draw."""
    return await _show(request, tx, actor, lot_id, Form({"minutes": "10"}))


@post("/openings/{lot_id:uuid}/parameters", guards=[permits("opening.draw")], include_in_schema=False)
async def freeze(
    request: Request[Any, Any, Any], tx: Tx, services: Services, actor: Actor, lot_id: uuid.UUID, data: FormData
) -> Response[Any]:
    """Freeze the draw."""
    form = Form(texts_of(data))
    minutes = str(form.values.get("minutes", ""))
    if not (minutes.isascii() and minutes.isdecimal()):
        form.errors["minutes"] = "请填写 1 至 120 的整数。"

    async def act() -> uuid.UUID:
        third = account_of(str(form.values.get("third", "")))
        vault = vault_of(services)
        return await drawing.freeze_parameters(tx, actor, vault, lot_id, minutes=int(minutes), third=third)

    if form.errors or await attempt(tx, form, act) is None:
        return await _show(request, tx, actor, lot_id, form, status=422)
    return _back(lot_id)


@post("/openings/{lot_id:uuid}/parameters/void", guards=[permits("draw.contribute")], include_in_schema=False)
async def void(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID, data: FormData
) -> Response[Any]:
    """Declare the attempt void."""
    form = Form(texts_of(data))
    agreed = require_agreement(form, "void")
    if not agreed or await attempt(tx, form, lambda: drawing.void(tx, actor, lot_id)) is None:
        return await _show(request, tx, actor, lot_id, form, status=422)
    return _back(lot_id)


def _back(lot_id: uuid.UUID) -> Response[Any]:
    return Response(None, status_code=303, headers={"Location": f"/openings/{lot_id}/parameters"})


async def _show(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: uuid.UUID, form: Form, status: int = 200
) -> Response[str]:
    lot = await published_lot(tx, lot_id, actor)
    drawn, opening = await list_drawn(tx, lot), await find_opening(tx, lot_id)
    if not drawn:
        raise NotFound
    draw = await find_parameter_draw(tx, lot_id)
    sealed = opening is not None and opening.stage in (OpeningStage.CLOSED, OpeningStage.RELEASING)
    runs = policy.current().rule("opening.draw").admits(actor) and lot.is_run_by(actor.organisation_id)
    keys = await list_person_keys(tx, actor.account_id, purpose="sign")
    page = ParametersPage(
        id=str(lot_id),
        title=lot.title,
        number=lot.tender,
        lot_no=lot.number,
        state=STAGES[opening.stage] if opening else state_of(lot, tx.now),
        rows=parameter_rows(drawn),
        may_freeze=runs and sealed and (draw is None or draw.state == "void"),
        thirds=await _thirds(tx),
        part=await _part(tx, actor, lot, None if draw is None else draw.id),
        key=keys[-1].kid if keys else "",
        hall_href=f"/openings/{lot_id}",
        form=form,
    )
    return render_page(request, "bidding/parameters.html", {"page": page}, nav="openings", status=status, now=tx.now)


async def _part(tx: Tx, actor: Actor, lot: LotView, draw_id: uuid.UUID | None) -> PartCard | None:
    if draw_id is None:
        return None
    part = await find_part(tx, actor, draw_id, may_close=True)
    base = f"/api/v1/lots/{lot.id}/opening/parameters"
    close_href = f"{base}/close" if part.party else ""
    return part_card(part, _WORDS, base=base, close_href=close_href, void_href=f"/openings/{lot.id}/parameters/void")


def parameter_rows(drawn: list[DrawnValue]) -> list[ParameterRow]:
    """Return parameters as hall and this page show them."""
    return [
        ParameterRow(
            one.parameter.name,
            one.parameter.label,
            f"{one.value}{one.parameter.unit}" if one.value else "",
            "、".join(one.parameter.values) + one.parameter.unit,
            one.parameter.basis,
            f"/verify/draws/{one.draw_id}" if one.draw_id else "",
        )
        for one in drawn
    ]


async def _thirds(tx: Tx) -> list[tuple[str, str]]:
    """Return whom the trading centre could send, as (account id, words): those with keys to sign and to unwrap."""
    query = (
        select(Account.id, Organisation.name, Account.display_name)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.roles.contains(["centre"]), Account.disabled_at.is_(None))
        .order_by(Organisation.name, Account.login)
    )
    for purpose in ("sign", "unwrap"):
        held = select(PersonKey.id).where(PersonKey.account_id == Account.id, PersonKey.purpose == purpose)
        query = query.where(held.where(PersonKey.revoked_at.is_(None)).exists())
    found = [(str(account), f"{body} {name}") for account, body, name in (await tx.session.execute(query)).all()]
    return [("", "不加入（两方抽取，不设托管）"), *found]


HANDLERS = [parameters, freeze, void]
