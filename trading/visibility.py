"""Who may see a lot and its notices.

Everybody once its notice is out; before that its own parties, trustees and supervision. A prequalification is public
from its announcement on. An invited tender is shown to the invited alone until its bids are closed (条例 31, R-ANN-05).
"""

import uuid

from kernel.db.transaction import Tx
from kernel.errors import NotFound, NotPermitted
from kernel.identity.actor import Actor
from trading.inviting import is_invited
from trading.lot_view import LotView
from trading.prequalifying import find_prequalification, has_passed
from trading.queries import get_lot
from trading.reading import NoticeView, load_notice
from trading.vocabulary import Role


async def view_lot(tx: Tx, actor: Actor | None, lot_id: uuid.UUID) -> LotView:
    """Return a lot to somebody who may see it.

    Raises:
        NotFound: absent, or not public yet: the answer is the same.
    """
    lot = await get_lot(tx, lot_id)
    if lot.is_public or (actor is not None and _is_insider(actor, lot)):
        return lot
    if lot.published_at is None and await find_prequalification(tx, lot_id) is not None:
        return lot
    if lot.published_at is not None and actor is not None and await _is_guest(tx, actor, lot):
        return lot
    raise NotFound


async def view_notice(tx: Tx, actor: Actor | None, notice_id: uuid.UUID) -> NoticeView:
    """Return a notice to somebody who may see it.

    Raises:
        NotFound: absent, or shown to the invited alone: the answer is the same.
    """
    notice = await load_notice(tx, notice_id)
    if not notice.is_public:
        await view_lot(tx, actor, notice.lot_id)
    return notice


async def require_admitted(tx: Tx, actor: Actor, lot: LotView) -> None:
    """Refuse whoever may not take part in a lot: not invited, or not passed.

    Raises:
        NotFound: the lot invites, and not this firm.
        NotPermitted: the firm has not passed the prequalification.
    Source:
        R-THR-10, R-VETO-08 (条例 19, 36)
    """
    if lot.definition.is_invited and not await _is_guest(tx, actor, lot):
        raise NotFound
    if lot.definition.prequalified:
        passed = actor.organisation_id is not None and await has_passed(tx, lot.id, actor.organisation_id)
        if not passed:
            raise NotPermitted("本标段已经资格预审，只有通过资格预审的申请人可以获取招标文件、参加投标。")


async def _is_guest(tx: Tx, actor: Actor, lot: LotView) -> bool:
    return (
        lot.definition.is_invited
        and actor.has(Role.BIDDER)
        and actor.covers(lot.id)
        and await is_invited(tx, lot.id, actor.uscc)
    )


def _is_insider(actor: Actor, lot: LotView) -> bool:
    return lot.is_run_by(actor.organisation_id) or actor.has(Role.SUPERVISOR, Role.TRUSTEE)
