"""Acts of the escrow: hand shares out, acknowledge them, fix the final contributors; give a share back when a value is
missing (crypto.md §4.1, steps 4 and 6).

Shares go out only after the close: earlier, holders could read a value and choose their own to fit. Who does not
deliver in time drops out here, before anybody can know an outcome; who delivers is never dropped by holders' silence.
"""

import uuid
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, format_time
from kernel.crypto import equal
from kernel.db.transaction import Tx
from kernel.draw.errors import DrawError
from kernel.draw.escrow import EscrowFault, check_shares
from kernel.draw.records import ACK_TYP, ESCROW_TYP, final_detail, token_detail
from kernel.draw.seed import escrow_share_hash
from kernel.draw.spec import MAX_SHARES, Spec
from kernel.drawbook.models import Delivery, Draw, Share
from kernel.drawbook.revealing import complete
from kernel.drawbook.shelf import lock_draw
from kernel.drawbook.standing import Standing, standing_of
from kernel.drawbook.tokens import read_token
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, NotPermitted, TooEarly, VerificationFailed
from kernel.identity.actor import Actor
from kernel.log.reader import find_entry
from kernel.log.writer import record, record_detail

#: Length of an encapsulated point and of a wrapped share of `hpke-p256`.
_ENC, _CT = 65, 48
_NO_ESCROW = "本次抽取不设托管。"


async def deliver(tx: Tx, actor: Actor, draw_id: uuid.UUID, token: str) -> str:
    """Take a contributor's escrow: its value split for the other contributors, each share wrapped for its holder.

    Returns:
        The party whose escrow it is.
    Raises:
        VerificationFailed: not an escrow of a contributor of this draw, or its shares are not those of the others.
        NotPermitted: the signer acts for another organisation than the actor.
        TooEarly: the commitments are not closed.
        DeadlinePassed: the time of the escrow is over.
        Conflict: delivered already, not committed, or a draw without escrow.
    Effects:
        `draw_delivery`, `draw_share`; entry `draw.escrow`, public.
    """
    draw = await lock_draw(tx, draw_id)
    standing = await standing_of(tx, draw)
    await _require_open(tx, draw, standing.spec)
    payload = read_token(standing.spec, token, ESCROW_TYP, what="托管分片")
    party = str(payload["party"])
    if standing.spec.contributors[party].org != actor.uscc:
        raise NotPermitted("该托管不属于您所在的单位。")
    if party not in standing.given:
        raise Conflict("没有提交承诺的一方不能托管。")
    if party in standing.deliveries:
        raise Conflict("您已交付过托管分片，不能更换。")
    numbers = _check(standing.spec, party, payload)
    recorded = await record_detail(
        tx, "draw.escrow", token_detail(token, "draw.escrow"), subject=draw.subject, visibility="public"
    )
    tx.session.add(Delivery(draw_id=draw.id, party=party, token=token, entry_id=recorded.entry_id, delivered_at=tx.now))
    await tx.session.flush()  # shares refer to it
    for number, holder in numbers.items():
        row = Share(draw_id=draw.id, party=party, number=number, holder=holder)
        tx.session.add(row)
    return party


async def acknowledge(tx: Tx, actor: Actor, draw_id: uuid.UUID, token: str) -> bool:
    """Take a holder's word that it opened its share and found what was promised; the last one ends the escrow.

    Returns:
        Whether the contributors are final now.
    Raises:
        VerificationFailed: not of this draw, or of another share than was promised.
        NotPermitted: the holder is not the actor's organisation.
        NotFound: no such share was handed out.
        TooEarly, DeadlinePassed, Conflict: not the time for it.
    Effects:
        entry `draw.escrow-ack`, public; after the last one `draw.final`.
    """
    draw = await lock_draw(tx, draw_id)
    standing = await standing_of(tx, draw)
    await _require_open(tx, draw, standing.spec)
    payload = read_token(standing.spec, token, ACK_TYP, author="holder", what="分片确认")
    if standing.spec.contributors[str(payload["holder"])].org != actor.uscc:
        raise NotPermitted("该确认不属于您所在的单位。")
    share = _find(standing, payload.get("party"), payload.get("i"))
    if share.holder != payload["holder"]:
        raise NotFound
    if share.ack_token is not None:
        return False
    if payload.keys() != {"v", "type", "spec", "party", "holder", "i", "sc"} or payload["type"] != "draw.escrow-ack":
        raise VerificationFailed("分片确认的内容不正确。")
    if payload["v"] != 1 or promised(standing, share.party)[share.number] != payload["sc"]:
        raise VerificationFailed("确认的不是交付的那一份分片。")
    recorded = await record_detail(
        tx, "draw.escrow-ack", token_detail(token, "draw.escrow-ack"), subject=draw.subject, visibility="public"
    )
    share.ack_token, share.ack_entry = token, recorded.entry_id
    if not standing.escrowed:
        return False
    await _settle(tx, draw, standing)
    return True


async def settle(tx: Tx, draw_id: uuid.UUID) -> None:
    """End the escrow at its time: whoever has not delivered drops out, and the contributors are final.

    Raises:
        TooEarly: somebody may still deliver or acknowledge.
        Conflict: not the time of the escrow, or too few are left: the attempt is void.
    """
    draw = await lock_draw(tx, draw_id)
    standing = await standing_of(tx, draw)
    if draw.state != "closed" or standing.spec.escrow is None:
        raise Conflict("托管阶段已结束。")
    if tx.now <= standing.spec.escrow.by:
        raise TooEarly("还有参与方未完成托管，且未到截止时间。")
    if standing.why_void(tx.now) is not None:
        raise Conflict("按时托管的参与方不足，本次抽取应作废。")
    await _settle(tx, draw, standing)


async def _settle(tx: Tx, draw: Draw, standing: Standing) -> None:
    detail = final_detail(standing.spec, standing.final)
    recorded = await record_detail(tx, "draw.final", detail, subject=draw.subject, visibility="public")
    draw.state, draw.final_entry = "final", recorded.entry_id
    await tx.session.flush()  # read by SQL in the same act


async def hand_back(tx: Tx, actor: Actor, draw_id: uuid.UUID, party: str, number: int, share: bytes) -> bool:
    """Take a holder's share of a value whose owner stays silent; k of them are the value.

    Returns:
        Whether the draw is now drawn.
    Raises:
        VerificationFailed: not the share that was promised.
        NotPermitted: the share is not the actor's to give.
        NotFound: no such share.
        TooEarly: the owner may still tell the value.
        Conflict: the value is known, the draw is at its end, or the escrow is proved false: the attempt is void.
    Effects:
        entry `draw.share`, public; with the k-th `draw.recovered` and perhaps the result. Shares that lead to another
        value than was committed to prove whose escrow is false; the value stays missing.
    """
    draw = await lock_draw(tx, draw_id)
    standing = await standing_of(tx, draw)
    if draw.state != "final":
        raise Conflict("现在不需要交出分片。")
    if await tx.instant() < standing.spec.reveal_by or not standing.values_open:
        raise TooEarly("揭示截止前，随机数由其本人公开，不需要交出分片。")
    row = _find(standing, party, number)
    if standing.spec.contributors[row.holder].org != actor.uscc:
        raise NotPermitted("该分片不由您所在的单位保管。")
    if party not in standing.missing or standing.offender is not None:
        raise Conflict("这一随机数不再需要恢复。")
    expected = {n: b64u_decode(sc, 32) for n, sc in promised(standing, party).items()}
    if not equal(escrow_share_hash(draw.spec, party, number, share), expected[number]):
        raise VerificationFailed("分片与托管时登记的不一致。")
    if row.value is None:
        row.value, row.handed_at = share, tx.now
        facts: dict[str, Any] = {"draw": draw.number, "party": party, "i": number, "share": b64u_encode(share)}
        await record(tx, actor, "draw.share", facts, subject=draw.subject, visibility="public")
    try:
        value = standing.put_together(party, expected)
    except EscrowFault:
        return False  # the shares stand in the book and the log: whoever looks sees whose escrow is false
    if value is None:
        return False
    kept = standing.given[party]
    kept.value, kept.revealed_at, kept.recovered = value, tx.now, True
    facts = {"draw": draw.number, "party": party, "holders": sorted(standing.shares_of(party))}
    await record(tx, actor, "draw.recovered", facts, subject=draw.subject, visibility="public")
    return await complete(tx, standing)


def promised(standing: Standing, party: str) -> dict[int, str]:
    """Return the commitments of a party's shares, by number, as it signed them."""
    payload = read_token(standing.spec, standing.deliveries[party].token, ESCROW_TYP, what="托管分片")
    return {share["i"]: str(share["sc"]) for share in payload["shares"]}


async def _require_open(tx: Tx, draw: Draw, spec: Spec) -> None:
    """Refuse before the close and after the end of the escrow; entries must be later than the close by the clock."""
    if spec.escrow is None:
        raise Conflict(_NO_ESCROW)
    if draw.state == "frozen" or draw.close_entry is None:
        raise TooEarly("承诺尚未截止，现在不能交付或确认分片。")
    if draw.state != "closed":
        raise Conflict("托管阶段已结束。")
    if await tx.instant() > spec.escrow.by:
        raise DeadlinePassed("已过托管的截止时间。")
    if format_time(tx.now) <= format_time((await find_entry(tx, draw.close_entry)).at):
        raise TooEarly("承诺刚刚截止，请稍候再试。")


def _check(spec: Spec, party: str, payload: dict[str, Any]) -> dict[int, str]:
    """Return holder by share number, once the shares have the form that the transcript asks for."""
    try:
        if payload.keys() != {"v", "type", "spec", "party", "shares"} or payload["type"] != "draw.escrow":
            raise NotCanonical("another kind of message")
        if type(payload["v"]) is not int or payload["v"] != 1 or not isinstance(payload["shares"], list):
            raise NotCanonical("another version")
        for share in payload["shares"]:
            if share.keys() != {"i", "holder", "a", "kid", "enc", "ct", "sc"}:
                raise NotCanonical("a share has other members")
            b64u_decode(share["enc"], _ENC)
            b64u_decode(share["ct"], _CT)
        check_shares(spec, party, payload["shares"])
    except (DrawError, NotCanonical, KeyError, TypeError, AttributeError) as error:
        raise VerificationFailed("托管分片的内容与本次抽取的规则不符。") from error
    return {share["i"]: share["holder"] for share in payload["shares"]}


def _find(standing: Standing, party: object, number: object) -> Share:
    if type(number) is not int or not 1 <= number <= MAX_SHARES:
        raise InvalidInput("分片的编号不正确。", [("i", "应为正整数")])
    found = next((one for one in standing.shares if (one.party, one.number) == (party, number)), None)
    if found is None:
        raise NotFound
    return found
