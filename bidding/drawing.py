"""Acts: the parameters of a lot's award method are drawn in the hall, between the deadline and the unsealing.

Law: R-PRC-03, R-DRAW-10; docs/adr/0014 says why then. The draw is frozen after the deadline, so that nobody can know a
value while bids can still change; and trustees get nothing to open before it has its result (`bidding.releasing`), so
that nobody who contributes, or stays silent, can know a price. Whoever spoils an attempt is out of the next.
"""

import uuid
from datetime import timedelta

from sqlalchemy import select, text

from bidding.closing import notify
from bidding.drawn import PURPOSE, find_parameter_draw
from bidding.vocabulary import OpeningStage
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.drawbook import book, revealing, voiding
from kernel.drawbook.composing import Invited, compose, invite
from kernel.drawbook.models import Draw
from kernel.drawbook.shelf import list_attempts, list_barred, require_contributor
from kernel.drawbook.vault import Vault
from kernel.errors import Conflict, InvalidInput, NotFound, TooEarly
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.identity.models import Account, Organisation, PersonKey
from trading import facade as trading
from trading.lot_view import LotView
from trading.parameters import published_parameters

#: Between them an attempt takes this long at most for each of its steps, in minutes.
SHORTEST, LONGEST = 1, 120


async def freeze_parameters(
    tx: Tx, actor: Actor, vault: Vault, lot_id: uuid.UUID, *, minutes: int, third: uuid.UUID | None = None
) -> uuid.UUID:
    """Freeze the draw of a lot's parameters: which values, who contributes, until when.

    Args:
        minutes: for each step of the draw.
        third: account of a person of the trading centre who contributes besides agency and supervision; with three
            the draw has an escrow, and nobody can spoil it by silence.
    Returns:
        The draw's id.
    Raises:
        NotFound: not a lot of the actor's.
        TooEarly: bids still come in.
        Conflict: nothing is to be drawn, the draw is alive or done, or the bids are being opened.
        InvalidInput: contributors or minutes do not fit.
    Effects:
        rows in `draw_*`; entry `draw.spec`, public; a message to the contributors.
    Source:
        R-PRC-03, R-DRAW-10
    """
    policy.require(actor, "opening.draw")
    lot = await trading.get_lot(tx, lot_id)
    if not lot.is_run_by(actor.organisation_id):
        raise NotFound
    parameters = published_parameters(lot.price_method)
    if not parameters:
        raise Conflict("招标文件没有规定现场抽取的参数。")
    await _require_sealed(tx, lot_id)
    if not SHORTEST <= minutes <= LONGEST:
        raise InvalidInput("每一步的时限为 1 至 120 分钟。", [("minutes", "超出范围")])
    before = await find_parameter_draw(tx, lot_id)
    attempts = [] if before is None else [*await list_attempts(tx, before), before]
    invited = await _contributors(tx, actor, lot, third, await _spoilers(tx, lot_id, attempts))

    people = [
        book.Person(f"{one.name}:{value}", *[{"parameter": one.name, "value": value}] * 2)
        for one in parameters
        for value in one.values
    ]
    pool, span = book.freeze_pool(people), timedelta(minutes=minutes)
    last = tx.now + span * (3 if len(invited) > 2 else 2)
    times = {"commit_by": tx.now + span, "escrow_by": tx.now + 2 * span, "reveal_by": last}
    spec = {
        "v": 1,
        "type": "draw.spec",
        "id": f"CS-{lot.tender}-{lot.number}-{len(attempts) + 1:02d}",
        "suite": "intl-1",
        "purpose": PURPOSE,
        "algo": "panel/1",
        "stage": f"opening/{lot.tender}-{lot.number}".lower(),
        "params": {
            "groups": [{"a": "parameter", "v": one.name, "n": 1} for one in parameters],
            "rules": [],
            "cap": None,
            "max_attempts": 1000,
        },
        "pool": pool.frozen,
        **await compose(tx, invited, None, **times),
        "prev": b64u_encode(before.spec_hash) if before is not None and before.state == "void" else None,
    }
    draw = await book.freeze(tx, actor, vault, spec, {"pool": pool}, {"pool": people}, subject=lot_id)
    await _call(tx, lot, actor, invited, minutes)
    await notify(tx, lot_id)
    return draw.id


async def commit(tx: Tx, actor: Actor, lot_id: uuid.UUID, token: str) -> str:
    """Take a contributor's commitment; see `kernel.drawbook.book.commit`."""
    party = await book.commit(tx, actor, (await _draw(tx, lot_id)).id, token)
    await notify(tx, lot_id)
    return party


async def close(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> None:
    """Close the commitments; see `kernel.drawbook.book.close`."""
    draw = await _draw(tx, lot_id)
    await require_contributor(tx, actor, draw.id)
    await book.close(tx, draw.id)
    await notify(tx, lot_id)


async def reveal(tx: Tx, actor: Actor, lot_id: uuid.UUID, party: str, value: bytes) -> bool:
    """Take a contributor's random value; with the last one the parameters are drawn, and the opening goes on."""
    drawn = await revealing.reveal(tx, actor, (await _draw(tx, lot_id)).id, party, value)
    await notify(tx, lot_id)
    return drawn


async def void(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> str:
    """Declare an attempt void when the rules leave nothing else; the next one names it."""
    draw = await _draw(tx, lot_id)
    await require_contributor(tx, actor, draw.id)
    reason = await voiding.void(tx, draw.id)
    await notify(tx, lot_id)
    return reason


async def _draw(tx: Tx, lot_id: uuid.UUID) -> Draw:
    draw = await find_parameter_draw(tx, lot_id)
    if draw is None:
        raise NotFound
    return draw


async def _require_sealed(tx: Tx, lot_id: uuid.UUID) -> None:
    """Refuse before the deadline, when a value could still help a bidder, and once bids may be opened."""
    query = text("SELECT stage FROM bidding_opening WHERE lot_id = :lot FOR SHARE")
    opening = (await tx.session.execute(query, {"lot": lot_id})).one_or_none()
    if opening is None:
        raise TooEarly("投标截止之后、打开投标文件之前抽取；截止前任何人都不能知道参数的取值。")
    if opening.stage not in (OpeningStage.CLOSED, OpeningStage.RELEASING):
        raise Conflict("投标文件已开始解密，或者本标段不再开标，不能抽取参数。")


async def _spoilers(tx: Tx, lot_id: uuid.UUID, attempts: list[Draw]) -> set[str]:
    """Return the organisations that spoilt an attempt: by a false escrow, or by silence where it is one's alone."""
    silent = {
        str(one["org"])
        for draw in attempts
        for one in draw.spec["contributors"]
        if draw.void_party is not None and one["party"] == draw.void_party
    }
    return silent | await list_barred(tx, lot_id, PURPOSE)


async def _contributors(tx: Tx, actor: Actor, lot: LotView, third: uuid.UUID | None, barred: set[str]) -> list[Invited]:
    role = "agency" if actor.has("agency") else "procuring_entity"
    own = await invite(tx, actor.account_id, party=role, org=actor.uscc, name="本单位")
    if own is None:
        raise InvalidInput("请先登记您的签名公钥，再开始抽取。", [("key", "尚未登记")])
    found = [own, await _invite(tx, lot, "supervisor", None, barred)]
    if third is not None:
        found.append(await _invite(tx, lot, "centre", third, barred))
    left = [one for one in found if one is not None and one.org not in barred]
    if third is not None and found[-1] is None:
        raise InvalidInput("第三方应为已登记签名公钥的交易中心人员。", [("third", "请重新选择")])
    if len({one.org for one in left}) < 2:
        detail = "贡献方至少两家不同单位：监督部门须已登记签名公钥；此前使抽取作废的单位不能再参与，请加入交易中心。"
        raise InvalidInput(detail, [("third", "贡献方不足两家")])
    return left


async def _invite(tx: Tx, lot: LotView, role: str, chosen: uuid.UUID | None, barred: set[str]) -> Invited | None:
    """Return who contributes in a role: of several bodies the first that has spoilt no attempt, if there is any."""
    query = (
        select(Account, Organisation)
        .join(PersonKey, PersonKey.account_id == Account.id)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.roles.contains([role]), Account.disabled_at.is_(None))
        .where(PersonKey.purpose == "sign", PersonKey.revoked_at.is_(None))
        .where(Organisation.id.not_in((lot.procuring_entity_id, lot.agency_id)), Organisation.uscc.not_in(barred))
        .order_by(PersonKey.created_at, PersonKey.id)
        .limit(1)
    )
    if chosen is not None:
        query = query.where(Account.id == chosen)
    found = (await tx.session.execute(query)).one_or_none()
    return None if found is None else await invite(tx, found[0].id, party=role, org=found[1].uscc, name=found[1].name)


async def _call(tx: Tx, lot: LotView, actor: Actor, invited: list[Invited], minutes: int) -> None:
    """Ask the other contributors to commit in time."""
    codes = [one.org for one in invited if one.org != actor.uscc]
    rows = await tx.session.execute(select(Organisation.id).where(Organisation.uscc.in_(codes)))
    said = f"请在 {minutes} 分钟内提交随机数承诺；全部投标文件在抽取完成之前保持密封。"
    title = f"{lot.title}：请参与开标随机参数抽取"
    href = f"/openings/{lot.id}/parameters"
    await trading.tell(tx, list(rows.scalars()), lot.id, kind="draw", title=title, text=said, href=href)
