"""What the acts of a consortium ask and hold: may it be formed or changed now, who is bound where, whose bids wait.

Firms are held in a fixed order: first against registering at the same moment, then by the rows of their bids, which a
submission holds too. Nobody but the members may see what is read here.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select, text

from bidding.models.consortium import Consortium, ConsortiumMember
from bidding.registration import require_interest
from bidding.vocabulary import ConsortiumState, Hold
from kernel.db.transaction import Tx
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, NotPermitted
from kernel.files.store import FileStore
from kernel.identity.actor import Actor
from kernel.identity.models import Organisation
from trading import facade as trading
from trading.documents import require_fitting
from trading.due_lots import PAUSED
from trading.lot_view import LotView

LAW = "《招标投标法实施条例》第三十七条"
#: The largest agreement.
MAX_AGREEMENT = 20 << 20
NOT_ACCEPTED = "本标段的公告载明不接受联合体投标。"


async def find_own(tx: Tx, actor: Actor, consortium_id: uuid.UUID) -> tuple[Consortium, ConsortiumMember]:
    """Return a consortium and the actor's own place in it; before the leader has signed it is the leader's alone.

    Raises:
        NotFound: absent, or it does not name the actor's firm: the answer is the same.
    """
    row = await tx.session.get(Consortium, consortium_id)
    if row is None or actor.organisation_id is None or not actor.covers(row.lot_id):
        raise NotFound
    members = await members_of(tx, consortium_id)
    own = next((member for member in members if member.uscc == actor.uscc), None)
    if own is None or (row.leader_id != actor.organisation_id and members[0].jws is None):
        raise NotFound
    return row, own


async def members_of(tx: Tx, consortium_id: uuid.UUID) -> list[ConsortiumMember]:
    """Return the members, the leader first; the caller has asked who may see them."""
    query = select(ConsortiumMember).where(ConsortiumMember.consortium_id == consortium_id)
    return list((await tx.session.execute(query.order_by(ConsortiumMember.place), execution_options=_ANEW)).scalars())


#: What others have changed since it was read is seen, once the firms are held.
_ANEW = {"populate_existing": True}


async def lot_to_form_in(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> LotView:
    """Return a lot in which the actor's firm may lead a consortium, apart from the time.

    Raises:
        NotFound: no such lot, or the actor takes no part in it; before the tender notice its prequalification must run.
        Conflict: it accepts no consortia.
        NotPermitted: the firm stands on the buying side.
    """
    lot = await trading.view_lot(tx, actor, lot_id)
    if actor.organisation_id is None or not actor.covers(lot_id):
        raise NotFound
    if not lot.consortium_allowed:
        raise Conflict(NOT_ACCEPTED)
    if lot.published_at is not None:
        await require_interest(tx, actor, lot_id)
    elif await trading.find_prequalification(tx, lot_id) is None:
        raise NotFound
    if lot.is_party(actor.organisation_id):
        raise NotPermitted("招标人、招标代理机构不能参加自己项目的投标。")
    return lot


async def require_changeable(tx: Tx, lot: LotView, *, forms: bool = True) -> None:
    """Refuse a change that comes too late, judged by the database's clock while the lot is held.

    Args:
        forms: a consortium comes to be or changes; False: one that never came to be is given up.
    """
    prequalification = await trading.find_prequalification(tx, lot.id)
    if prequalification is not None and forms:
        if await tx.instant() >= prequalification.deadline:
            raise DeadlinePassed(
                f"联合体应当在提交资格预审申请文件前组成；资格预审后增减、更换成员的，其投标无效（{LAW}）。"
            )
        return
    held = await trading.hold_due_lot(tx, lot.id)
    if held.is_paused:
        raise Conflict(PAUSED, stage=held.stage.value)
    if held.is_over or not held.takes_bids:
        raise DeadlinePassed("投标已截止，联合体不能再变更。")


async def parties_of(tx: Tx, lot: LotView) -> set[str]:
    """Return the credit codes of the procuring entity and its agency."""
    query = select(Organisation.uscc).where(Organisation.id.in_([lot.procuring_entity_id, lot.agency_id]))
    return set((await tx.session.execute(query)).scalars())


def require_no_party(usccs: Iterable[str], parties: set[str]) -> None:
    """Refuse members that stand on the buying side; who does is public.

    Raises:
        NotPermitted: one does.
    """
    if not parties.isdisjoint(usccs):
        article = "《招标投标法实施条例》第十三条、第三十四条"
        raise NotPermitted(f"招标人、招标代理机构不能作为联合体成员参加自己项目的投标（{article}）。", article=article)


async def keep_agreement(store: FileStore, name: str, data: bytes) -> bytes:
    """Keep the agreement by its digest; its name stays in our own row, which supervision does not see."""
    try:
        ending = require_fitting(name, data)
    except InvalidInput as refusal:
        raise InvalidInput(refusal.detail, [("file", refusal.detail)]) from None
    if ending != "pdf" or len(data) > MAX_AGREEMENT:
        said = f"请上传各方盖章的联合体协议，PDF 格式，不超过 {MAX_AGREEMENT >> 20} MB。"
        raise InvalidInput(said, [("file", said)])
    digest: bytes = await store.put_content(data)
    assert digest == hashlib.sha256(data).digest()
    return digest


async def find_live(tx: Tx, lot_id: uuid.UUID, leader_id: uuid.UUID) -> Consortium | None:
    """Return the consortium that a firm leads in a lot and that has not ended."""
    query = select(Consortium).where(
        Consortium.lot_id == lot_id, Consortium.leader_id == leader_id, Consortium.state != ConsortiumState.ENDED
    )
    return (await tx.session.execute(query, execution_options=_ANEW)).scalar_one_or_none()


async def bound_firms(tx: Tx, row: Consortium) -> list[uuid.UUID]:
    """Return the firms that have consented to a live consortium."""
    found = [member.organisation_id for member in await members_of(tx, row.id) if member.bound]
    return [organisation_id for organisation_id in found if organisation_id is not None]


async def is_bound_elsewhere(tx: Tx, lot_id: uuid.UUID, uscc: str, but: Consortium | None) -> bool:
    """Say whether a firm has consented to a live consortium of the lot other than the given one."""
    query = select(ConsortiumMember.consortium_id).where(
        ConsortiumMember.lot_id == lot_id, ConsortiumMember.uscc == uscc, ConsortiumMember.bound
    )
    found = set((await tx.session.execute(query)).scalars())
    return bool(found - ({but.id} if but is not None else set()))


async def hold_firms(tx: Tx, lot_id: uuid.UUID, organisations: Iterable[uuid.UUID]) -> None:
    """Hold firms' places in a lot: against their registering at the same moment, then against their bids."""
    firms = sorted({str(organisation) for organisation in organisations})
    for firm in firms:
        await tx.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"{lot_id}{firm}"}
        )
    await tx.session.execute(
        text(
            "SELECT b.id FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
            " WHERE i.lot_id = :lot AND i.organisation_id = ANY(:firms) ORDER BY b.id FOR UPDATE OF b"
        ),
        {"lot": lot_id, "firms": [uuid.UUID(firm) for firm in firms]},
    )


async def require_not_in_force(tx: Tx, lot_id: uuid.UUID, organisation_id: uuid.UUID) -> None:
    """Refuse while a firm's own bid in the lot is in force.

    Raises:
        Conflict: it is.
    """
    query = text(
        "SELECT b.state FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
        " WHERE i.lot_id = :lot AND i.organisation_id = :firm"
    )
    state = (await tx.session.execute(query, {"lot": lot_id, "firm": organisation_id})).scalar_one_or_none()
    if state not in (None, "registered", "withdrawn"):
        raise Conflict("投标文件已递交，联合体成员不能变更；需要变更的，请先撤回投标文件。")


async def set_hold(tx: Tx, lot_id: uuid.UUID, organisations: Sequence[uuid.UUID], hold: Hold | None) -> None:
    """Set why the bids of firms are held, or free them; a firm without a bid has none to hold."""
    await tx.session.execute(
        text(
            "UPDATE bidding_bid b SET hold = :hold FROM bidding_interest i WHERE i.id = b.interest_id"
            " AND i.lot_id = :lot AND i.organisation_id = ANY(:firms)"
        ),
        {"hold": None if hold is None else hold.value, "lot": lot_id, "firms": list(organisations)},
    )
