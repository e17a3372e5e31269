"""Acts: a bidder declares its bond; after the opening the account's keeper returns it, or keeps it with an article.

Law: R-THR-07, R-THR-08, R-TIME-10, R-TIME-11, R-TIME-23, R-TIME-24, R-GP-09, R-ANN-05. Before the opening nobody but
the bidder sees that there is a bond: payments are compared with the bank's list only afterwards.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from sqlalchemy import func, select, text

from bidding import bond_rules as rules
from bidding.bond_rules import BondForm, Declared, Ending
from bidding.models.bond import Bond, BondReturn
from bidding.registration import require_interest
from kernel.db.transaction import Tx
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.money import Money
from kernel.parameters.law import Law
from kernel.parties.fields import FieldCipher, masked_account
from kernel.periods import legal_date
from trading import facade as trading
from trading.findings import require_lawful
from trading.legal import law_of
from trading.lot_view import LotView
from trading.vocabulary import Role, Stage

_LONGEST = 500
_ENDED = frozenset({Stage.FAILED, Stage.TERMINATED, Stage.RETENDERED})


class BondDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bond as it is declared.

    Attributes:
        amount: yuan, decimal text.
        payer_account: of a transfer; compared with the registered basic account, kept encrypted.
        issuer: bank or insurer.
        reference: number of the transfer, guarantee or policy.
    """

    form: BondForm
    amount: str
    payer_name: str = ""
    payer_account: str = ""
    issuer: str
    reference: str
    valid_until: date


class ReturnDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a bond.

    Attributes:
        on: the day on which it was paid back.
        interest: bank interest of a transfer, yuan.
        reason: why it is kept, with the article; empty if it goes back.
    """

    on: date
    interest: str = "0"
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BondView:
    """A bond for those who may see it; the account masked."""

    id: uuid.UUID
    bidder: str
    form: BondForm
    amount_fen: int
    payer_name: str
    payer_account: str
    from_basic_account: bool
    issuer: str
    reference: str
    valid_until: date
    declared_at: datetime
    due: date | None
    returned_on: date | None
    interest_fen: int
    kept_because: str
    late: bool


async def declare_bond(tx: Tx, actor: Actor, cipher: FieldCipher, lot_id: uuid.UUID, draft: BondDraft) -> uuid.UUID:
    """Declare a bond for the own bid, or declare it anew; the newest declaration holds.

    Raises:
        NotFound: no such lot, or the actor takes no part in it.
        DeadlinePassed: bids are not taken any more.
        Conflict: the lot asks for no bond.
        InvalidInput: something is missing.
        RuleBroken: too little, too short, or from the wrong account; each with its article.
    Effects:
        a row in `bidding_bond`; entry `bond.declared`, sealed.
    Source:
        R-THR-07, R-THR-08, R-TIME-11, R-ANN-05
    """
    policy.require(actor, "bond.declare")
    interest = await require_interest(tx, actor, lot_id)
    lot = await trading.lock_lot_for_bidding(tx, lot_id)
    now = await tx.instant()
    if lot.deadline is None or now >= lot.deadline:
        raise DeadlinePassed("投标截止时间已到，不能再提交投标保证金。")
    if not lot.bid_bond_fen:
        raise Conflict("本标段不要求提交投标保证金。")
    assert actor.organisation_id is not None
    if draft.form is not BondForm.TRANSFER:
        draft = msgspec.structs.replace(draft, payer_account="")  # nothing left an account, so nothing is alike
    basic = await _is_basic_account(tx, cipher, actor.organisation_id, draft.payer_account)
    bond = _read(draft, actor, from_basic_account=basic)
    law = await law_of(tx, lot.regime, lot.registered_at)
    until = rules.validity_end(lot.deadline, int(lot.procedure["valid_days"]))
    mandatory = await trading.is_mandatory_lot(tx, lot_id)
    found = rules.check_declared(
        bond, Money(lot.bid_bond_fen), actor.organisation_name, until, law, mandatory=mandatory
    )
    require_lawful(found)

    row_id = tx.new_secret_id()
    row = Bond(
        id=row_id,
        lot_id=lot_id,
        interest_id=interest.id,
        rev=await _next_rev(tx, interest.id),
        form=bond.form.value,
        amount_fen=bond.amount.fen,
        payer_name=bond.payer_name,
        payer_account=cipher.seal(row_id, "bond.payer_account", draft.payer_account) if draft.payer_account else None,
        payer_mac=cipher.fingerprint("bond.payer_account", draft.payer_account) if draft.payer_account else None,
        payer_tail=draft.payer_account[-4:],
        from_basic_account=basic,
        issuer=bond.issuer,
        reference=bond.reference,
        valid_until=bond.valid_until,
        declared_at=now,
    )
    tx.session.add(row)
    facts = {"bond": str(row_id), "form": row.form, "amount": str(bond.amount), "rules": ["R-THR-07", "R-THR-08"]}
    await record(tx, actor, "bond.declared", facts, subject=lot_id, visibility="sealed")
    return row_id


async def settle_bond(tx: Tx, actor: Actor, bond_id: uuid.UUID, draft: ReturnDraft) -> None:
    """Record that a bond went back with its interest, or is kept; once.

    Raises:
        NotFound: no such bond that the actor may see.
        Conflict: it is settled.
        InvalidInput: the day lies ahead or before the declaration, or the amount is no amount.
    Effects:
        a row in `bidding_bond_return`; entry `bond.returned` or `bond.kept`: for the parties, sealed for ever where
        nothing was opened.
    Source:
        R-TIME-10, R-TIME-23, R-TIME-24, R-GP-09
    """
    policy.require(actor, "bond.settle")
    bond = await tx.session.get(Bond, bond_id)
    if bond is None:
        raise NotFound
    lot = await trading.lock_lot(tx, bond.lot_id)
    view = next((item for item in await list_bonds(tx, actor, lot.id) if item.id == bond_id), None)
    if view is None:
        raise NotFound
    if view.returned_on is not None or view.kept_because:
        raise Conflict("这笔投标保证金已经办理。")
    interest = Money.parse(draft.interest) if _is_amount(draft.interest) else None
    if interest is None:
        raise InvalidInput("利息请写成金额。", [("interest", "请填写金额，例如 12.50，没有利息填 0")])
    if not legal_date(bond.declared_at) <= draft.on <= legal_date(tx.now):
        raise InvalidInput("办理日期不能早于提交，也不能晚于今天。", [("on", "请填写实际办理的日期")])
    kept = draft.reason.strip()
    if not kept and not draft.reference.strip():
        raise InvalidInput("请填写退款流水号。", [("reference", "请填写退款流水号或保函退回的凭证号")])
    long = [
        (name, f"不超过 {_LONGEST} 字。") for name in ("reference", "reason") if len(getattr(draft, name)) > _LONGEST
    ]
    if long:
        raise InvalidInput("内容过长。", long)

    late = view.due is not None and draft.on > view.due
    tx.session.add(
        BondReturn(
            bond_id=bond_id,
            lot_id=lot.id,
            kind="kept" if kept else "returned",
            on=draft.on,
            interest_fen=interest.fen,
            reference=draft.reference.strip(),
            reason=kept,
            late=late,
            recorded_by=actor.account_id,
            recorded_at=tx.now,
        )
    )
    facts = {
        "bond": str(bond_id),
        "bidder": view.bidder,
        "on": draft.on.isoformat(),
        "due": view.due.isoformat() if view.due else None,
        "late": late,
        "reason": kept,
        "rules": ["R-TIME-23", "R-GP-09"],
    }
    # Without an opening nobody may learn who had bid, not even how many: the next tender has the same bidders.
    visibility = "parties" if lot.opened_at is not None else "sealed"
    await record(tx, actor, "bond.kept" if kept else "bond.returned", facts, subject=lot.id, visibility=visibility)


async def find_own_bond(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> BondView | None:
    """Return the actor's own bond in a lot, if one is declared."""
    interest = await require_interest(tx, actor, lot_id)
    lot = await trading.get_lot(tx, lot_id)
    found = await _list(tx, lot, interest.id)
    return found[0] if found else None


async def list_bonds(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[BondView]:
    """Return the bonds of a lot, by bidder: for its parties from the opening on, for the centre from the end on, too.

    Raises:
        NotFound: absent, not the actor's, or not open yet: the answer is the same.
    """
    lot = await trading.get_lot(tx, lot_id)
    own = lot.is_run_by(actor.organisation_id) and lot.opened_at is not None
    centre = actor.has(Role.CENTRE) and (lot.opened_at is not None or lot.stage in _ENDED)
    if not own and not centre:
        raise NotFound
    return await _list(tx, lot)


async def list_alike(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> list[tuple[str, ...]]:
    """Return groups of bidders whose bonds left the same account; for those who may see the bonds."""
    shown = {item.id: item.bidder for item in await list_bonds(tx, actor, lot_id)}
    query = select(Bond.id, Bond.payer_mac).where(Bond.id.in_(shown))
    return rules.alike([(shown[row.id], row.payer_mac) for row in await tx.session.execute(query)])


def _read(draft: BondDraft, actor: Actor, *, from_basic_account: bool) -> Declared:
    faults = []
    if not _is_amount(draft.amount) or Money.parse(draft.amount).fen == 0:
        faults.append(("amount", "请填写金额，例如 80000.00"))
    words = (("issuer", "银行或保险机构", draft.issuer), ("reference", "流水号、保函或保单编号", draft.reference))
    faults += [(name, f"请填写{word}") for name, word, typed in words if not 1 <= len(typed.strip()) <= 200]
    if len(draft.payer_name) > 200:
        faults.append(("payer_name", "不超过 200 字"))
    digits = draft.payer_account.isascii() and draft.payer_account.isdigit()
    if draft.form is BondForm.TRANSFER and not (digits and 8 <= len(draft.payer_account) <= 32):
        faults.append(("payer_account", "请填写转出账户的账号，只有数字"))
    if faults:
        raise InvalidInput("投标保证金信息不完整。", faults)
    return Declared(
        form=draft.form,
        amount=Money.parse(draft.amount),
        payer_name=draft.payer_name.strip() or actor.organisation_name,
        from_basic_account=from_basic_account,
        issuer=draft.issuer.strip(),
        reference=draft.reference.strip(),
        valid_until=draft.valid_until,
    )


def _is_amount(typed: str) -> bool:
    try:
        return Money.parse(typed).fen >= 0
    except ValueError:
        return False


async def _is_basic_account(tx: Tx, cipher: FieldCipher, organisation_id: uuid.UUID, account: str) -> bool:
    """Compare an account with the basic account that the organisation registered."""
    query = text("SELECT bank_account FROM identity_organisation_profile WHERE organisation_id = :org")
    sealed = (await tx.session.execute(query, {"org": organisation_id})).scalar_one_or_none()
    return sealed is not None and cipher.open(organisation_id, "profile.bank_account", bytes(sealed)) == account


async def _next_rev(tx: Tx, interest_id: uuid.UUID) -> int:
    most = await tx.session.execute(select(func.max(Bond.rev)).where(Bond.interest_id == interest_id))
    return int(most.scalar_one() or 0) + 1


async def _list(tx: Tx, lot: LotView, interest_id: uuid.UUID | None = None) -> list[BondView]:
    law = await law_of(tx, lot.regime, lot.registered_at)
    outcome = await trading.find_outcome(tx, lot.id)
    rows = await tx.session.execute(
        text(
            "SELECT DISTINCT ON (i.id) b.*, o.id AS bidder_id, o.name AS bidder, r.kind AS settled,"
            " r.on AS settled_on, r.interest_fen, r.reason, r.late, x.state,"
            " (SELECT max(s.received_at) FROM bidding_submission s WHERE s.bid_id = x.id"
            "   AND s.kind = 'withdrawal') AS withdrawn_at"
            " FROM bidding_bond b JOIN bidding_interest i ON i.id = b.interest_id"
            " JOIN identity_organisation o ON o.id = i.organisation_id"
            " JOIN bidding_bid x ON x.interest_id = i.id"
            " LEFT JOIN bidding_bond_return r ON r.bond_id = b.id"
            " WHERE b.lot_id = :lot AND (cast(:interest AS uuid) IS NULL OR i.id = :interest)"
            " ORDER BY i.id, b.rev DESC"
        ),
        {"lot": lot.id, "interest": interest_id},
    )
    found = [
        BondView(
            id=row.id,
            bidder=row.bidder,
            form=BondForm(row.form),
            amount_fen=row.amount_fen,
            payer_name=row.payer_name,
            payer_account=masked_account(row.payer_tail) if row.payer_tail else "",
            from_basic_account=row.from_basic_account,
            issuer=row.issuer,
            reference=row.reference,
            valid_until=row.valid_until,
            declared_at=row.declared_at,
            due=_due(lot, row.bidder_id, row.withdrawn_at if row.state == "withdrawn" else None, outcome, law),
            returned_on=row.settled_on if row.settled == "returned" else None,
            interest_fen=row.interest_fen or 0,
            kept_because=row.reason if row.settled == "kept" else "",
            late=bool(row.late),
        )
        for row in rows
    ]
    return sorted(found, key=lambda item: item.bidder)


def _due(
    lot: LotView, bidder_id: uuid.UUID, withdrawn_at: datetime | None, outcome: trading.Outcome | None, law: Law
) -> date | None:
    """Return until when a bond goes back; None while nothing has made it due."""
    if withdrawn_at is not None:
        return rules.return_by(Ending.WITHDRAWN, legal_date(withdrawn_at), law)
    endings = {
        Stage.TERMINATED: Ending.TERMINATED,
        Stage.FAILED: Ending.FAILED,
        Stage.RETENDERED: Ending.FAILED,
    }
    ending = endings.get(lot.stage)
    if ending is not None:
        return rules.return_by(ending, legal_date(lot.stage_since), law)
    if outcome is None:
        return None
    won = bidder_id == outcome.winner_id
    return rules.return_after_award(law, won=won, notified_on=outcome.notified_on, signed_on=outcome.signed_on)
