"""Acts of a consortium: the leader proposes, every member consents with its own licence or declines, before bidding.

Law: 招投法 31, 条例 37, 政府采购法 24. The members sign the same bytes: who they are, who does what, and the digest of
their agreement. A change is a new proposal and needs all signatures again; while a bid is in force nothing changes, and
where there was a prequalification nothing changes after its deadline. A firm stands once in a lot: who has consented
neither bids alone nor joins another consortium. That is kept by `bidding_bid.hold`, which a submission reads under its
own lock, and by an index over bound members. Nobody but the members sees any of it before the opening (R-ANN-05).
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, text

from bidding.addressee import verify_member_act
from bidding.consortium_holding import (
    LAW,
    bound_firms,
    find_live,
    find_own,
    hold_firms,
    is_bound_elsewhere,
    keep_agreement,
    lot_to_form_in,
    members_of,
    parties_of,
    require_changeable,
    require_no_party,
    require_not_in_force,
    set_hold,
)
from bidding.consortium_rules import TypedMember, read_members, title_of
from bidding.licence_trust import LicenceTrust
from bidding.messages import consortium, consortium_digest
from bidding.models.consortium import Consortium, ConsortiumMember
from bidding.vocabulary import Answer, ConsortiumState, Hold
from kernel.canonical import b64u_encode
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, VerificationFailed
from kernel.files.store import FileStore
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.identity.models import Organisation
from kernel.log.writer import record
from kernel.names import Spelling, compare_names
from kernel.parties.registering import require_registered
from trading import facade as trading
from trading.lot_view import LotView

RULES = ["R-ANN-02", "R-VETO-02", "R-VETO-09"]


class ConsentRefused(VerificationFailed):
    """The signature under an agreement does not hold."""

    code = "consent-refused"


async def propose(
    tx: Tx, actor: Actor, store: FileStore, lot_id: uuid.UUID, typed: Sequence[TypedMember], file: tuple[str, bytes]
) -> uuid.UUID:
    """Propose a consortium under one's own lead; it takes the place of one's earlier proposal.

    Args:
        typed: as `read_members` takes it.
        file: name and bytes of the agreement, a PDF.

    Returns:
        The consortium's id; its members hear of it when the leader has signed.
    Raises:
        NotFound: no such lot, or the actor does not take part in it.
        Conflict: the lot accepts no consortia or stands still, the own bid is in force, or the firm stands in another
            consortium.
        DeadlinePassed: it is too late for a change (条例 37).
        InvalidInput: members, shares or the file are not fit; all faults together.
    Effects:
        a row in `bidding_consortium` with its members; an earlier one ends and binds nobody; the own bid waits for all
        consents; entry `consortium.proposed`, sealed until the opening.
    Source:
        R-ANN-02, R-VETO-02, R-VETO-09
    """
    policy.require(actor, "consortium.propose")
    lot = await lot_to_form_in(tx, actor, lot_id)
    assert actor.organisation_id is not None
    members = read_members((actor.uscc, actor.organisation_name), typed)
    require_no_party([member.uscc for member in members], await parties_of(tx, lot))
    name, data = file
    digest = await keep_agreement(store, name, data)
    await require_changeable(tx, lot)
    old = await find_live(tx, lot_id, actor.organisation_id)
    await hold_firms(tx, lot_id, [actor.organisation_id, *(await bound_firms(tx, old) if old else [])])
    old = await find_live(tx, lot_id, actor.organisation_id)  # an act of one's own may have come before this one
    await require_not_in_force(tx, lot_id, actor.organisation_id)
    if await is_bound_elsewhere(tx, lot_id, actor.uscc, old):
        raise Conflict(f"本单位已同意加入其他联合体，同一标段只能参加一个联合体（{LAW}）。")

    if old is not None:
        await _end(tx, lot, old, actor, "联合体已由牵头人变更，此前的同意不再有效；如仍参加，请重新签署。")
    query = text("SELECT coalesce(max(no), 0) + 1 FROM bidding_consortium WHERE lot_id = :lot AND leader_id = :leader")
    no = (await tx.session.execute(query, {"lot": lot_id, "leader": actor.organisation_id})).scalar_one()
    listed = [(member.uscc, member.name, member.share, member.work) for member in members]
    message = consortium(tender=lot.tender, lot=lot.number, no=no, members=listed, agreement=digest)
    row = Consortium(
        id=tx.new_secret_id(),
        lot_id=lot_id,
        leader_id=actor.organisation_id,
        no=no,
        state=ConsortiumState.OPEN.value,
        name=title_of(members),
        message=message,
        digest=consortium_digest(suite("intl-1"), message),
        agreement=digest,
        agreement_name=name,
        agreement_size=len(data),
        made_by=actor.account_id,
        made_at=tx.now,
        ended_at=None,
    )
    tx.session.add(row)
    await tx.session.flush()  # members refer to it
    for place, member in enumerate(members, 1):
        tx.session.add(
            ConsortiumMember(
                consortium_id=row.id,
                uscc=member.uscc,
                lot_id=lot_id,
                place=place,
                name=member.name,
                share=member.share,
                work=member.work,
                organisation_id=actor.organisation_id if place == 1 else None,
                state=Answer.ASKED.value,
                bound=False,
                jws=None,
                reason="",
                answered_at=None,
            )
        )
    await tx.session.flush()
    await set_hold(tx, lot_id, [actor.organisation_id], Hold.AWAITING)
    await _note(tx, actor, "consortium.proposed", row)
    return row.id


async def consent(tx: Tx, actor: Actor, consortium_id: uuid.UUID, token: str, *, trust: LicenceTrust) -> bool:
    """Consent to a consortium by signature; the leader signs first. The same consent again changes nothing.

    Args:
        token: JWS over exactly the consortium's message, by the member's own licence certificate.

    Returns:
        Whether all members have consented now.
    Raises:
        NotFound: no such consortium, or it does not name the actor's firm.
        ConsentRefused: the signature does not hold, or is over something else.
        Conflict: it has ended, the own bid is in force, or the firm stands in another consortium.
        DeadlinePassed: it is too late.
        NotIndependent, RegistrationIncomplete, NotPermitted: as for a firm that bids alone.
    Effects:
        the member's answer; the own bid is held, the leader's is set free when all have consented; entry
        `consortium.consented`, sealed; messages to the members, or to the leader.
    Source:
        R-VETO-02, R-VETO-09, R-ET-01, R-AGT-03
    """
    policy.require(actor, "consortium.answer")
    row, own = await find_own(tx, actor, consortium_id)
    assert actor.organisation_id is not None
    lot = await trading.get_lot(tx, row.lot_id)
    act = await verify_member_act(tx, actor, token, trust, row.lot_id, lambda _: ConsentRefused(_BAD_SIGNATURE))
    if act.payload != row.message:
        raise ConsentRefused("签名的内容与联合体约定不一致，请刷新页面后重新签署。")
    if compare_names(own.name, actor.organisation_name) is Spelling.OTHER:
        raise Conflict(f"约定中本单位的名称是“{own.name}”，与登记的名称不一致，请联系牵头人更正后重新签署。")
    require_no_party([actor.uscc], await parties_of(tx, lot))
    await trading.require_independent(tx, actor.organisation_id, lot)
    await require_registered(tx, actor.organisation_id)
    await require_changeable(tx, lot)
    await hold_firms(tx, row.lot_id, [actor.organisation_id, row.leader_id])
    await tx.session.refresh(row, with_for_update=True)
    await tx.session.refresh(own)
    if row.state == ConsortiumState.ENDED:
        raise Conflict("这一联合体约定已经终止或者变更，请查看最新的约定。")
    if own.bound:
        return row.state == ConsortiumState.COMPLETE
    await require_not_in_force(tx, row.lot_id, actor.organisation_id)
    leads = await find_live(tx, row.lot_id, actor.organisation_id)
    if (leads is not None and leads.id != row.id) or await is_bound_elsewhere(tx, row.lot_id, actor.uscc, row):
        raise Conflict(f"本单位已在本标段的另一联合体中，同一标段只能参加一个联合体（{LAW}）。")

    own.state, own.bound, own.jws, own.reason = Answer.CONSENTED.value, True, token, ""
    own.organisation_id, own.answered_at = actor.organisation_id, tx.now
    await tx.session.flush()  # the unique index over bound members speaks now
    is_leader = actor.organisation_id == row.leader_id
    if not is_leader:
        await set_hold(tx, row.lot_id, [actor.organisation_id], Hold.MEMBER)
    members = await members_of(tx, row.id)
    complete = all(member.bound for member in members)
    if complete:
        row.state = ConsortiumState.COMPLETE.value
        await set_hold(tx, row.lot_id, [row.leader_id], Hold.JOINT)
    await _note(tx, actor, "consortium.consented", row)
    if is_leader:
        others = [member.uscc for member in members if not member.bound]
        text_ = f"{actor.organisation_name}邀请本单位组成联合体，请核对分工和协议后签名同意，或者不同意。"
        await _tell(tx, await _registered(tx, others), row, lot, "联合体待同意", text_)
    else:
        text_ = "全部成员已同意，可以递交投标文件。" if complete else "尚有成员没有答复。"
        await _tell(tx, [row.leader_id], row, lot, f"{actor.organisation_name}已同意联合体约定", text_)
    return complete


_BAD_SIGNATURE = "签名未通过核验，请使用本单位的电子营业执照签名。"


async def decline(tx: Tx, actor: Actor, consortium_id: uuid.UUID, reason: str) -> None:
    """Decline, or take one's consent back while no bid is in force; one may still consent later.

    Raises:
        NotFound: no such consortium, or it does not name the actor's firm.
        Conflict: the actor leads it (`end` is for that), it has ended, or its bid is in force.
        DeadlinePassed: it is too late for a change.
        InvalidInput: the reason is too long.
    Effects:
        the member's answer; the leader's bid waits; entry `consortium.declined`, sealed; a message to the leader.
    Source:
        R-VETO-09
    """
    policy.require(actor, "consortium.answer")
    row, own = await find_own(tx, actor, consortium_id)
    if row.leader_id == actor.organisation_id or actor.organisation_id is None:
        raise Conflict("牵头人可以终止或者变更联合体，不能拒绝自己的约定。")
    if len(reason.strip()) > _MOST_REASON:
        raise InvalidInput("请更正标出的内容。", [("reason", f"原因不超过 {_MOST_REASON} 个字。")])
    lot = await trading.get_lot(tx, row.lot_id)
    await require_changeable(tx, lot)
    await hold_firms(tx, row.lot_id, [actor.organisation_id, row.leader_id])
    await tx.session.refresh(row, with_for_update=True)
    await tx.session.refresh(own)
    if row.state == ConsortiumState.ENDED:
        raise Conflict("这一联合体约定已经终止或者变更。")
    await require_not_in_force(tx, row.lot_id, row.leader_id)

    if own.bound:
        await set_hold(tx, row.lot_id, [actor.organisation_id], None)
        await set_hold(tx, row.lot_id, [row.leader_id], Hold.AWAITING)
    own.state, own.bound, own.jws, own.reason = Answer.DECLINED.value, False, None, reason.strip()
    own.organisation_id, own.answered_at = actor.organisation_id, tx.now
    row.state = ConsortiumState.OPEN.value
    await tx.session.flush()
    await _note(tx, actor, "consortium.declined", row)
    said = f"原因：{own.reason}。" if own.reason else ""
    text_ = f"{said}可以变更成员后请全体重新签署，或者终止联合体单独投标。"
    await _tell(tx, [row.leader_id], row, lot, f"{actor.organisation_name}不同意联合体约定", text_)


_MOST_REASON = 300


async def end(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> None:
    """End one's own consortium; leader and members may bid alone again.

    Raises:
        NotFound: the actor leads none in this lot.
        Conflict: its bid is in force: that is withdrawn first.
        DeadlinePassed: it is too late; a consortium that never was complete may still be ended.
    Effects:
        the consortium ends, nobody is bound; entry `consortium.ended`, sealed; messages to the members.
    Source:
        R-VETO-09
    """
    policy.require(actor, "consortium.propose")
    found = None if actor.organisation_id is None else await find_live(tx, lot_id, actor.organisation_id)
    if found is None or actor.organisation_id is None or not actor.covers(lot_id):
        raise NotFound
    lot = await trading.get_lot(tx, lot_id)
    await hold_firms(tx, lot_id, [actor.organisation_id, *await bound_firms(tx, found)])
    found = await find_live(tx, lot_id, actor.organisation_id)
    if found is None:
        return
    if found.state == ConsortiumState.COMPLETE or lot.published_at is not None:
        await require_changeable(tx, lot, forms=found.state == ConsortiumState.COMPLETE)
    await require_not_in_force(tx, lot_id, actor.organisation_id)

    await _end(tx, lot, found, actor, "牵头人已终止联合体；本单位可以单独投标或者参加其他联合体。")
    await set_hold(tx, lot_id, [actor.organisation_id], None)
    await _note(tx, actor, "consortium.ended", found)


async def _end(tx: Tx, lot: LotView, row: Consortium, actor: Actor, said: str) -> None:
    others = [firm for firm in await bound_firms(tx, row) if firm != row.leader_id]
    await set_hold(tx, row.lot_id, others, None)
    for member in await members_of(tx, row.id):
        member.bound = False
    row.state, row.ended_at = ConsortiumState.ENDED.value, tx.now
    await tx.session.flush()  # the indexes make room for the next one
    await _tell(tx, others, row, lot, f"{actor.organisation_name}的联合体约定已终止", said)


async def _registered(tx: Tx, usccs: Sequence[str]) -> list[uuid.UUID]:
    query = select(Organisation.id).where(Organisation.uscc.in_(usccs))
    return list((await tx.session.execute(query)).scalars())


async def _tell(
    tx: Tx, organisations: Iterable[uuid.UUID], row: Consortium, lot: LotView, title: str, said: str
) -> None:
    href, title = f"/b/consortia/{row.id}", f"{lot.title}：{title}"
    await trading.tell(tx, organisations, row.lot_id, kind="consortium", title=title, text=said, href=href)


async def _note(tx: Tx, actor: Actor, kind: str, row: Consortium) -> None:
    facts: dict[str, Any] = {"consortium": b64u_encode(row.digest), "no": row.no, "rules": RULES}
    await record(tx, actor, kind, facts, subject=row.lot_id, visibility="sealed")
