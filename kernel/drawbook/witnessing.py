"""Act of a beacon: witnesses sign the public numbers; once two agree the value stands (crypto.md §4.1, step 5)."""

import uuid

from kernel.canonical import parse_time
from kernel.db.transaction import Tx
from kernel.draw.beacon import read_statement
from kernel.draw.errors import DrawError
from kernel.draw.records import token_detail
from kernel.drawbook.models import Statement
from kernel.drawbook.shelf import lock_draw
from kernel.drawbook.standing import Phase, standing_of
from kernel.errors import Conflict, DeadlinePassed, NotFound, NotPermitted, TooEarly, VerificationFailed
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.log.writer import record_detail


async def state(tx: Tx, actor: Actor, draw_id: uuid.UUID, number: int, token: str) -> bool:
    """Take a witness's signed statement of public numbers; a witness may correct it until two agree.

    Args:
        number: place of the beacon in the spec, from 0.
    Returns:
        Whether the value stands now.
    Raises:
        VerificationFailed: not a statement of a witness of this draw and round, or not in the form of RFC 3797.
        NotPermitted: signed with somebody else's key.
        TooEarly: the numbers cannot be known yet, or something before them is outstanding.
        DeadlinePassed: their time is over.
        Conflict: the value stands already.
        NotFound: no such beacon.
    Effects:
        `draw_statement`; entry `draw.beacon`, public.
    """
    draw = await lock_draw(tx, draw_id)
    standing = await standing_of(tx, draw)
    spec = standing.spec
    if not 0 <= number < len(spec.beacons):
        raise NotFound
    if draw.state in ("drawn", "void") or standing.beacon(number) is not None:
        raise Conflict("公共随机数已经确定。")
    opens_at = parse_time(spec.beacons[number]["at"])
    if tx.now < opens_at:
        raise TooEarly("还没有到抽取规则写明的时刻，公共随机数尚未产生。", opens_at=spec.beacons[number]["at"])
    if standing.phase(tx.now) is not Phase.BEACON:
        raise TooEarly("承诺和托管尚未完成，现在不能登记公共随机数。")
    if await tx.instant() >= spec.beacon_by:
        raise DeadlinePassed("已过登记公共随机数的截止时间，本次抽取应作废。")
    try:
        kid, value = read_statement(spec, number, token)
    except DrawError as error:
        raise VerificationFailed("公共随机数的签名、来源、时刻或写法与抽取规则不符。") from error
    if kid not in {key.kid for key in await list_person_keys(tx, actor.account_id, purpose="sign")}:
        raise NotPermitted("该见证不是用您本人的密钥签名的。")
    await record_detail(
        tx, "draw.beacon", token_detail(token, "draw.beacon"), subject=draw.subject, visibility="public"
    )
    row = await tx.session.get(Statement, (draw.id, number, kid))
    if row is None:
        told = {"value": value, "token": token, "stated_at": tx.now}
        tx.session.add(Statement(draw_id=draw.id, beacon=number, kid=kid, **told))
    else:
        row.value, row.token, row.stated_at = value, token, tx.now
    await tx.session.flush()  # read again below
    return (await standing_of(tx, draw)).beacon(number) is not None
