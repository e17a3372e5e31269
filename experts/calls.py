"""Acts on calls: open the identity of the next selected leaf, call, take the answer, replace down the reserve order.

Law: R-DRAW-05 to R-DRAW-07, R-REC-08, R-REC-09; crypto.md §4.2, §4.3: the outcome of each call is on record before the
next identity is opened, and a call never names the project.
"""

import uuid
from dataclasses import replace as altered
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, text

from experts import messages
from experts.committee import give_up, lock_committee
from experts.models.committee import Call, Committee, Member
from experts.models.pool import Expert
from experts.phone import forget_codes, hash_of, send_code, use_of
from experts.signed import verify_own
from experts.vocabulary import REFUSALS, CallState, CommitteeState
from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.drawbook import replacing
from kernel.drawbook.identities import open_identity
from kernel.drawbook.shelf import find_draw, list_steps
from kernel.drawbook.vault import Vault
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, NotPermitted
from kernel.identity.accounts import create_account
from kernel.identity.actor import Actor, system_actor
from kernel.identity.models import Account
from kernel.identity.sessions import OpenedSession, open_session
from kernel.log.writer import record
from kernel.parties.fields import FieldCipher
from trading import facade as trading
from trading.findings import moment_in_print
from trading.vocabulary import Stage

#: For so long a code opens again for the browser that used it.
AGAIN_WITHIN = timedelta(minutes=5)
#: What the log says of each outcome, and the reason in the replacement log (crypto.md §4.3).
_REPLACED = {CallState.REFUSED: "refused", CallState.NO_ANSWER: "no-answer", CallState.RECUSED: "avoidance"}


def masked(actor: Actor, code: str) -> Actor:
    """Return the actor as the log and other people know them until the award: by code (R-COM-07, R-DRAW-11)."""
    return altered(actor, name=code, organisation_name="")


async def list_committees_calling(tx: Tx) -> list[uuid.UUID]:
    """Return the committees that may have somebody to call."""
    query = select(Committee.id).where(Committee.state == CommitteeState.CALLING).order_by(Committee.requested_at)
    return list((await tx.session.execute(query)).scalars())


async def call_next(
    tx: Tx, vault: Vault, cipher: FieldCipher, committee_id: uuid.UUID, *, site: str
) -> uuid.UUID | None:
    """Open the identity of one selected leaf that has not been called, and call.

    The entry that selected the leaf (the result, or the replacement with the outcome of the call before) must be in
    the log already: whoever opens identities cannot first look and then decide what to record.

    Returns:
        The call; None when nobody is to be called now.

    Effects:
        `experts_call`, `experts_message`; entry `draw.identity-opened`.
    Source:
        R-DRAW-05, R-DRAW-06
    """
    committee = await lock_committee(tx, committee_id)
    if committee.state != CommitteeState.CALLING:
        return None
    leaf, group = await _next_leaf(tx, committee)
    if leaf is None:
        return None

    number = int((await tx.session.execute(_count_calls(committee))).scalar_one()) + 1
    priv = await open_identity(tx, vault, committee.draw_id, leaf, purpose=f"call {number}")
    expert = (await tx.session.execute(select(Expert).where(Expert.number == priv["number"]))).scalar_one()
    call = Call(
        id=tx.new_secret_id(),
        committee_id=committee.id,
        no=number,
        leaf=leaf,
        group_index=group,
        expert_id=expert.id,
        code_hash=None,
        used_by=None,
        used_at=None,
        state=CallState.OUT.value,
        reason=None,
        jws=None,
        called_at=tx.now,
        answer_by=tx.now + timedelta(minutes=committee.answer_minutes),
        answered_at=None,
        entry_id=None,
    )
    tx.session.add(call)
    told = (
        f"【{site}】评标邀请：时间 {moment_in_print(committee.begins_at)}，地点 {committee.place}，"
        f"预计{committee.duration}。请于 {moment_in_print(call.answer_by)} 前登录专家端答复。"
    )
    await tx.session.flush()  # the message refers to it
    await send_code(tx, cipher, call, expert, told)
    return call.id


async def sign_in_with_code(tx: Tx, code: str, visitor: str) -> OpenedSession:
    """Sign a called expert in; the code works once.

    For the browser that used it, it works again for a few minutes: the answer to the first try can get lost on the way,
    and nobody else knows that browser's secret.

    Args:
        visitor: the secret of the browser, signed in or not.

    Raises:
        NotPermitted: no such code, or it is used up; the answer is the same.
    Effects:
        an account for the person at the first call; a session.
    """
    use = use_of(code, visitor)
    known = or_(Call.code_hash == hash_of(code), and_(Call.used_by == use, Call.used_at > tx.now - AGAIN_WITHIN))
    query = select(Call, Expert).join(Expert, Expert.id == Call.expert_id).where(known)
    found = (await tx.session.execute(query.with_for_update(of=Call))).one_or_none()
    if found is None or found[0].state not in (CallState.OUT, CallState.ACCEPTED):
        raise NotPermitted("口令不正确或者已使用。")
    call, expert = found
    if call.code_hash is not None:
        await forget_codes(tx, call)
        call.used_by, call.used_at = use, tx.now
    return await open_session(tx, await _account_of(tx, expert), method="call")


async def answer_call(
    tx: Tx, actor: Actor, call_id: uuid.UUID, *, accept: bool, reason: str = "", token: str | None = None
) -> CallState:
    """Take a called expert's answer; whoever refuses is replaced down the reserve order.

    Args:
        reason: one of `REFUSALS`; only for a refusal.
        token: the answer signed with the person's own key; without it the call's record is the evidence.

    Raises:
        NotFound: not a call to this person.
        Conflict: answered already.
        DeadlinePassed: too late; the next has been or will be called.
        VerificationFailed: the signature does not hold.
    Effects:
        the call; a seat, or a step of the replacement log; entry `draw.call`.
    Source:
        R-DRAW-07, R-REC-09
    """
    committee, call = await _access_call(tx, actor, call_id)
    if call.state != CallState.OUT:
        raise Conflict("您已答复，答复后不能更改。")
    if await tx.instant() >= call.answer_by:
        raise DeadlinePassed("答复期限已过，已按次序邀请下一位专家。")
    if not accept and reason not in REFUSALS:
        raise InvalidInput("请选择不接受的原因。", [("reason", "必须选择")])
    if token is not None:
        answer = "accept" if accept else "refuse"
        told = messages.call_answer(call.id, answer, "" if accept else reason)
        await verify_own(tx, actor, token, messages.ANSWER_TYP, told)
    call.jws = token
    outcome = CallState.ACCEPTED if accept else CallState.REFUSED
    await _settle(tx, actor, committee, call, outcome, "" if accept else reason)
    if accept:
        await _seat(tx, committee, call, actor)
        await _complete_if_full(tx, committee)
    return outcome


async def expire_calls(tx: Tx, committee_id: uuid.UUID) -> int:
    """Record calls without an answer in time, and replace those called.

    Returns:
        How many.
    """
    committee = await lock_committee(tx, committee_id)
    query = select(Call).where(
        Call.committee_id == committee.id, Call.state == CallState.OUT, Call.answer_by <= await tx.instant()
    )
    late = (await tx.session.execute(query.order_by(Call.no))).scalars().all()
    for call in late:
        if committee.state == CommitteeState.CALLING:
            await _settle(tx, system_actor(), committee, call, CallState.NO_ANSWER, "")
    return len(late)


async def recuse(tx: Tx, actor: Actor, committee: Committee, member: Member, grounds: list[dict[str, Any]]) -> None:
    """Let a member go who must step aside now that the bidders are known, and call the next.

    Args:
        committee: held by the caller.
    Source:
        R-REC-08, R-REC-09
    """
    call = (await tx.session.execute(select(Call).where(Call.id == member.call_id))).scalar_one()
    member.left_at = tx.now
    facts = {"seat": member.seat, "grounds": grounds, "rules": ["R-REC-08", "R-REC-09"]}
    await record(tx, masked(actor, member.code), "session.recused", facts, subject=committee.lot_id)
    committee.state, committee.completed_at = CommitteeState.CALLING.value, None
    await _settle(tx, masked(actor, member.code), committee, call, CallState.RECUSED, "conflict")


async def _settle(tx: Tx, actor: Actor, committee: Committee, call: Call, outcome: CallState, reason: str) -> None:
    """Put a call's outcome on record, and replace whoever does not come."""
    call.state, call.reason, call.answered_at = outcome.value, reason or None, tx.now
    told = {"call": call.no, "leaf": b64u_encode(call.leaf), "outcome": outcome.value, "reason": reason}
    evidence = replacing.evidence_of(call.jws or jcs({"draw": committee.number, **told}).decode())
    facts = {"draw": committee.number, **told, "evidence": b64u_encode(evidence), "rules": ["R-DRAW-07", "R-DRAW-09"]}
    who = actor if outcome is CallState.RECUSED else masked(actor, f"第 {call.no} 次通知")
    call.entry_id = (await record(tx, who, "draw.call", facts, subject=committee.lot_id)).entry_id
    await tx.session.flush()  # the panel is compared with calls
    if outcome in _REPLACED:
        await forget_codes(tx, call)
        taken = await replacing.replace(tx, committee.draw_id, call.leaf, _REPLACED[outcome], evidence)
        if taken is None:
            await give_up(tx, system_actor(), committee.draw_id)


async def _seat(tx: Tx, committee: Committee, call: Call, actor: Actor) -> None:
    query = select(func.count()).select_from(Member).where(Member.committee_id == committee.id)
    seat = int((await tx.session.execute(query)).scalar_one()) + 1
    tx.session.add(
        Member(
            id=tx.new_secret_id(),
            committee_id=committee.id,
            call_id=call.id,
            seat=seat,
            code=f"专家{seat:02d}",
            account_id=actor.account_id,
            left_at=None,
            checked_in_at=None,
            promise=None,
            chair_vote=None,
            review_locked_at=None,
            review_jws=None,
            scores_locked_at=None,
            scores_jws=None,
            signed_at=None,
            report_jws=None,
            dissent=None,
        )
    )
    await tx.session.flush()  # the seats are counted


async def _complete_if_full(tx: Tx, committee: Committee) -> None:
    wanted = sum(int(group["count"]) for group in committee.groups)
    query = select(Member.code).where(Member.committee_id == committee.id, Member.left_at.is_(None))
    codes = sorted((await tx.session.execute(query)).scalars())
    if len(codes) < wanted:
        return
    committee.state, committee.completed_at = CommitteeState.COMPLETE.value, tx.now
    facts = {"draw": committee.number, "members": codes, "rules": ["R-COM-01", "R-COM-08"]}
    await record(tx, system_actor(), "committee.completed", facts, subject=committee.lot_id, visibility="parties")
    lot = await trading.lock_lot(tx, committee.lot_id)
    if lot.stage is Stage.OPENED:
        await trading.mark_committee_ready(tx, committee.lot_id)


async def _access_call(tx: Tx, actor: Actor, call_id: uuid.UUID) -> tuple[Committee, Call]:
    query = select(Call.committee_id).join(Expert, Expert.id == Call.expert_id)
    query = query.where(Call.id == call_id, Expert.account_id == actor.account_id)
    committee_id = (await tx.session.execute(query)).scalar_one_or_none()
    if committee_id is None:
        raise NotFound
    committee = await lock_committee(tx, committee_id)
    return committee, (await tx.session.execute(select(Call).where(Call.id == call_id))).scalar_one()


async def _account_of(tx: Tx, expert: Expert) -> Account:
    if expert.account_id is not None:
        return (await tx.session.execute(select(Account).where(Account.id == expert.account_id))).scalar_one()
    # No name: whatever the person does, such as registering a key, is in the log under the account's name (R-COM-07).
    login = f"expert-{expert.number.lower()}"
    account = await create_account(tx, login=login, display_name="评标专家", roles=["expert"])
    expert.account_id = account.id
    return account


async def _next_leaf(tx: Tx, committee: Committee) -> tuple[bytes | None, int]:
    """Return the first standing leaf without a call whose selection is in the log, and its group."""
    draw = await find_draw(tx, committee.draw_id)
    called = {bytes(leaf) for leaf in (await tx.session.execute(_leaves(committee))).scalars()}
    selected_by = {step.in_leaf: step.entry_id for step in await list_steps(tx, draw.id)}
    for group, members in enumerate(await replacing.standing_panel(tx, draw)):
        for leaf in members:
            entry = selected_by.get(leaf, draw.result_entry)
            if leaf not in called and entry is not None and await _is_logged(tx, entry):
                return leaf, group
    return None, 0


def _leaves(committee: Committee) -> Any:
    return select(Call.leaf).where(Call.committee_id == committee.id)


def _count_calls(committee: Committee) -> Any:
    return select(func.count()).select_from(Call).where(Call.committee_id == committee.id)


async def _is_logged(tx: Tx, entry_id: int) -> bool:
    query = text("SELECT EXISTS (SELECT 1 FROM log_leaf WHERE entry_id = :id)")
    return bool((await tx.session.execute(query, {"id": entry_id})).scalar_one())
