"""Bid bonds: the bidder's form, and the list of those who settle them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from bidding.bond_rules import BondForm, validity_end
from bidding.bonds import (
    BondDraft,
    BondView,
    ReturnDraft,
    declare_bond,
    find_own_bond,
    list_alike,
    list_bonds,
    settle_bond,
)
from bidding.pages.own_bid import own_bid, takes_bids
from bidding.pages.words import base_of
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.parties.fields import cipher_of
from kernel.parties.registering import find_profile
from kernel.periods import legal_date
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from trading import facade as trading
from trading.pages.common import Form, attempt, heading_of, texts_of
from trading.pages.room import FormData, show_waiting

FORMS = {BondForm.TRANSFER: "转账", BondForm.GUARANTEE: "银行保函", BondForm.INSURANCE: "投标保证保险"}


@dataclass(frozen=True, slots=True)
class OwnBondPage:
    """The bidder's bond."""

    base: str
    title: str
    number: str
    lot_no: str
    required: int | None
    deadline: datetime
    open: bool
    basic_account: str
    valid_until: date
    bond: BondView | None
    form_word: str
    form: Form


@dataclass(frozen=True, slots=True)
class BondRow:
    """A bond in the list."""

    id: str
    view: BondView
    form_word: str
    settled: tuple[str, str]


@dataclass(frozen=True, slots=True)
class BondsPage:
    """The bonds of a lot."""

    role: str
    base: str
    title: str
    number: str
    lot_no: str
    rows: list[BondRow]
    alike: list[str]
    total: int
    form: Form
    today: date


@get("/b/lots/{lot_id:uuid}/bond", guards=[permits("bond.declare")], include_in_schema=False)
async def bond_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the own bond and the form to declare it."""
    return await _show_own(request, tx, actor, lot_id, Form())


@post("/b/lots/{lot_id:uuid}/bond", guards=[permits("bond.declare")], include_in_schema=False)
async def bond_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: FormData
) -> Response[Any]:
    """Declare the bond."""
    form = Form(texts_of(data))
    kind = str(form.values.get("form", ""))
    until = _day(form, "valid_until", "有效期")
    if kind not in list(BondForm):
        form.errors["form"] = "请选择保证金形式。"
    if form.errors or until is None:
        return await _show_own(request, tx, actor, lot_id, form, status=422)
    draft = BondDraft(
        form=BondForm(kind),
        amount=str(form.values.get("amount", "")),
        payer_account=str(form.values.get("payer_account", "")).replace(" ", ""),
        issuer=str(form.values.get("issuer", "")),
        reference=str(form.values.get("reference", "")),
        valid_until=until,
    )
    if await attempt(tx, form, lambda: declare_bond(tx, actor, cipher_of(services.plugins), lot_id, draft)) is None:
        return await _show_own(request, tx, actor, lot_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/b/lots/{lot_id}/bond"})


@get("/a/lots/{lot_id:uuid}/bonds", guards=[permits("bond.read")], include_in_schema=False)
async def bonds_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID) -> Response[str]:
    """Show the bonds of a lot from the opening on; before that only that they are not shown."""
    return await _show_all(request, tx, actor, lot_id, Form())


@post("/a/lots/{lot_id:uuid}/bonds/{bond_id:uuid}", guards=[permits("bond.settle")], include_in_schema=False)
async def settlement_form(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, bond_id: UUID, data: FormData
) -> Response[Any]:
    """Record that a bond went back, or is kept."""
    form = Form(texts_of(data))
    on = _day(form, f"on-{bond_id}", "办理日期")
    done = None
    if on is not None:
        draft = ReturnDraft(
            on=on,
            interest=str(form.values.get(f"interest-{bond_id}") or "0"),
            reference=str(form.values.get(f"reference-{bond_id}", "")),
            reason=str(form.values.get(f"reason-{bond_id}", "")),
        )

        async def act() -> bool:
            await settle_bond(tx, actor, bond_id, draft)
            return True

        done = await attempt(tx, form, act)
    if done is None:
        form.errors = {
            name if name.endswith(str(bond_id)) else f"{name}-{bond_id}": t for name, t in form.errors.items()
        }
        return await _show_all(request, tx, actor, lot_id, form, status=422)
    return Response(None, status_code=303, headers={"Location": f"/a/lots/{lot_id}/bonds"})


async def _show_own(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, form: Form, status: int = 200
) -> Response[str]:
    lot, _ = await own_bid(tx, actor, lot_id)
    assert lot.deadline is not None
    assert actor.organisation_id is not None
    bond = await find_own_bond(tx, actor, lot_id)
    profile = await find_profile(tx, actor.organisation_id)
    page = OwnBondPage(
        **heading_of(lot, base_of(lot.id)),
        required=lot.bid_bond_fen,
        deadline=lot.deadline,
        open=takes_bids(lot, tx.now) and bool(lot.bid_bond_fen),
        basic_account=f"{profile.bank_name} {profile.bank_account}" if profile else "尚未登记",
        valid_until=validity_end(lot.deadline, int(lot.procedure["valid_days"])),
        bond=bond,
        form_word=FORMS[bond.form] if bond else "",
        form=form,
    )
    return render_page(request, "bidding/bond.html", {"page": page}, status=status, now=tx.now)


async def _show_all(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, form: Form, status: int = 200
) -> Response[str]:
    lot = await trading.get_lot(tx, lot_id)
    if lot.is_run_by(actor.organisation_id) and lot.opened_at is None:
        why = "开标前不显示谁提交了投标保证金（招标投标法第二十二条）；流标或者终止的，由交易中心退还。"
        return show_waiting(request, tx, lot, "bonds", "投标保证金在开标后显示", why)
    base = f"/a/lots/{lot.id}"
    shown = await list_bonds(tx, actor, lot_id)
    page = BondsPage(
        role="agency" if lot.is_run_by(actor.organisation_id) else "staff",
        **heading_of(lot, base),
        rows=[BondRow(str(item.id), item, FORMS[item.form], _settled(item, legal_date(tx.now))) for item in shown],
        alike=["、".join(names) for names in await list_alike(tx, actor, lot_id)],
        total=sum(item.amount_fen for item in shown),
        form=form,
        today=legal_date(tx.now),
    )
    return render_page(request, "bidding/bonds.html", {"page": page}, status=status, now=tx.now)


def _settled(bond: BondView, today: date) -> tuple[str, str]:
    if bond.returned_on:
        return ("warn", f"已退还 {bond.returned_on}（逾期）") if bond.late else ("ok", f"已退还 {bond.returned_on}")
    if bond.kept_because:
        return "bad", "不予退还"
    if bond.due is None:
        return "mute", "尚未到退还时"
    return ("bad", f"已逾期，应于 {bond.due} 前退还") if today > bond.due else ("warn", f"应于 {bond.due} 前退还")


def _day(form: Form, name: str, label: str) -> date | None:
    try:
        return date.fromisoformat(str(form.values.get(name, "")))
    except ValueError:
        form.errors[name] = f"请填写{label}，例如 2026-11-30。"
        return None


HANDLERS = [bond_page, bond_form, bonds_page, settlement_form]
