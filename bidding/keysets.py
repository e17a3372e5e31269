"""Acts on keysets: propose, drill, accept, publish (crypto.md §3.4).

No key of a tender exists anywhere at any time. A keyset only says for whom bidders wrap the shares; before it is
published every trustee has shown that his key opens a test share, so that nobody finds out at the opening.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text, update

from bidding import keyset as sets
from bidding.keyset import KeysetError, Trustee
from bidding.messages import ACCEPT
from bidding.models.party import Keyset, Seat
from bidding.trustee_signature import verify_trustee_message_with_key
from bidding.vocabulary import KeysetState, Policy
from kernel.canonical import b64u_decode, b64u_encode
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, VerificationFailed
from kernel.identity import policy
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.identity.models import Account
from kernel.log.writer import record, record_detail
from trading import facade as trading
from trading.lot_view import LotView
from trading.slots import steps_of

#: How long bidders have for their release where the procedure says nothing else.
DEFAULT_WINDOW_S = 1800


class DrillFailed(VerificationFailed):
    """The test share was not opened; `reason` is the code."""

    code = "drill-failed"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A seat as it is proposed: whose account, and what the person stands for."""

    account_id: uuid.UUID
    role: str


@dataclass(frozen=True, slots=True)
class KeysetView:
    """A keyset as everybody may see it.

    Attributes:
        document: the public record whose digest is `ks`.
        seats: per trustee `i`, `role`, `organisation`, `accepted`.
    """

    id: uuid.UUID
    lot_id: uuid.UUID
    ks: bytes
    document: dict[str, Any]
    state: KeysetState
    policy: Policy
    k: int
    n: int
    window_s: int
    entry_id: int | None
    seats: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class DrillView:
    """What one trustee needs for the drill."""

    keyset_id: uuid.UUID
    lot_id: uuid.UUID
    i: int
    document: dict[str, Any]
    challenge: dict[str, str]
    accepted: bool


async def propose_keyset(
    tx: Tx, actor: Actor, lot_id: uuid.UUID, seats: Sequence[Proposal], k: int | None = None
) -> uuid.UUID:
    """Propose who holds the shares; an earlier proposal is replaced.

    Policy, suite, window and `k` come from the lot's procedure; `k` may be given where the procedure leaves it open.

    Raises:
        NotFound: no such lot, or not one of the actor's.
        Conflict: the notice is out, or the dates are not fixed.
        InvalidInput: a person is no trustee or has registered no keys; one organisation holds `k` seats; other faults
            of the keyset.

    Effects:
        a keyset with its seats, each with a wrapped test share; entry `keyset.proposed`.
    Source:
        crypto.md §3.4; R-ET-04
    """
    lot = await trading.lock_lot(tx, lot_id)
    _require_may_propose(actor, lot)
    if lot.published_at is not None:
        raise Conflict("招标公告已发布，不能更换开标密钥。")
    if lot.opening_at is None:
        raise Conflict("请先通过时间计划，再提名见证人。")
    accounts = [await _trustee_of(tx, seat) for seat in seats]
    document = _make_document(lot, accounts, k)

    await tx.session.execute(
        update(Keyset)
        .where(Keyset.lot_id == lot_id, Keyset.state == KeysetState.PROPOSED.value)
        .values(state=KeysetState.REPLACED.value)
    )
    keyset = Keyset(
        id=tx.new_id(),
        lot_id=lot_id,
        ks=sets.keyset_hash(document),
        document=document,
        state=KeysetState.PROPOSED.value,
        policy=document["policy"],
        k=document["k"],
        n=len(document["trustees"]),
        opens_at=lot.opening_at,
        window_s=document["window_s"],
        proposed_by=actor.account_id,
        proposed_at=tx.now,
        published_at=None,
        entry_id=None,
    )
    tx.session.add(keyset)
    await tx.session.flush()  # the seats refer to it
    for i, (account, trustee) in enumerate(accounts, 1):
        tx.session.add(_seat_of(keyset, i, account, trustee))

    facts = {"ks": b64u_encode(keyset.ks), "k": keyset.k, "n": keyset.n, "roles": [seat.role for seat in seats]}
    await record(tx, actor, "keyset.proposed", facts, subject=lot_id, visibility="public")
    if keyset.n == 0:  # policy `bidder` has no trustees to wait for
        await _publish(tx, lot_id, keyset)
    return keyset.id


def _require_may_propose(actor: Actor, lot: LotView) -> None:
    policy.require(actor, "keyset.propose")
    if not actor.has("centre") and not lot.is_run_by(actor.organisation_id):
        raise NotFound


async def _trustee_of(tx: Tx, seat: Proposal) -> tuple[Account, Trustee]:
    account = await tx.session.get(Account, seat.account_id)
    if account is None or "trustee" not in account.roles or account.organisation_id is None:
        raise InvalidInput("提名的人不是开标见证人。", [("trustees", "请选择具有见证人角色的账户")])
    unwrap = await list_person_keys(tx, account.id, purpose="unwrap")
    signing = await list_person_keys(tx, account.id, purpose="sign")
    if not unwrap or not signing:
        raise InvalidInput(
            f"{account.display_name}尚未登记见证人密钥，请先由本人登记。", [("trustees", "见证人密钥未登记")]
        )
    if not seat.role or len(seat.role) > 40:
        raise InvalidInput("请填写见证人代表的一方。", [("trustees", "代表方为 1 至 40 个字符")])
    key = suite("intl-1").load_public(unwrap[-1].spki)
    return account, Trustee(seat.role, "hpke-p256", key, str(account.organisation_id))


def _make_document(lot: LotView, accounts: Sequence[tuple[Account, Trustee]], k: int | None) -> dict[str, Any]:
    procedure = lot.procedure
    policy = str(procedure.get("policy", Policy.BOTH.value))
    assert lot.opening_at is not None
    try:
        return sets.make_keyset(
            tender=lot.tender,
            lot=lot.number,
            suite_id=str(procedure.get("suite", "intl-1")),
            policy=policy,
            k=0 if policy == Policy.BIDDER else int(procedure.get("k") or k or 3),
            opens_at=lot.opening_at,
            window_s=int(procedure.get("window_s", DEFAULT_WINDOW_S)),
            trustees=[trustee for _, trustee in accounts],
            steps=steps_of(lot.slots),
        )
    except KeysetError as refusal:
        message = {
            "organisations": "同一单位不得持有足以单独开标的席位，请增加其他单位的见证人。",
            "threshold": "见证人人数与门限不符：门限至少为 2，且不超过见证人人数。",
        }.get(refusal.code, "见证人名单不符合密钥规则。")
        raise InvalidInput(message, [("trustees", refusal.code)], reason=refusal.code) from None


def _seat_of(keyset: Keyset, i: int, account: Account, trustee: Trustee) -> Seat:
    challenge, proof = sets.make_drill(keyset.document, i)
    assert account.organisation_id is not None
    return Seat(
        keyset_id=keyset.id,
        i=i,
        account_id=account.id,
        organisation_id=account.organisation_id,
        role=trustee.role,
        wrapping=trustee.wrapping,
        kid=keyset.document["trustees"][i - 1]["kid"],
        spki=trustee.key.spki,
        drill_enc=b64u_decode(challenge["enc"]),
        drill_ct=b64u_decode(challenge["ct"]),
        drill_digest=proof,
        accept_jws=None,
        accepted_at=None,
    )


async def accept_keyset(tx: Tx, actor: Actor, keyset_id: uuid.UUID, token: str) -> KeysetState:
    """Take one's seat: the test share is opened, the acceptance signed. With the last seat the keyset is published.

    Raises:
        NotFound: no such keyset, or no seat of the actor's in it.
        Conflict: the keyset was replaced.
        VerificationFailed: the signature does not hold, or the message is for something else.
        DrillFailed: the test share was not opened.

    Effects:
        the seat is taken; entry `keyset.accepted`; with the last one entry `keyset.published` and the lot's `ks`.
    """
    keyset, seat = await _seat(tx, actor, keyset_id, lock=True)
    if keyset.state == KeysetState.REPLACED:
        raise Conflict("这份密钥方案已被替换。")
    if seat.accept_jws is not None:
        return KeysetState(keyset.state)
    message, signer = await verify_trustee_message_with_key(tx, actor, token, ACCEPT)
    _require_same_keyset(message, keyset, seat)
    try:
        sets.require_drill_proof(seat.drill_digest, message["proof"])
    except KeysetError:
        raise DrillFailed("演练未通过：测试分片没有被正确打开，请确认使用的是已登记的密钥。") from None

    seat.accept_jws, seat.accepted_at = token, tx.now
    await tx.session.flush()  # the count below reads it
    facts = {
        "ks": b64u_encode(keyset.ks),
        "i": seat.i,
        "kid": seat.kid,
        "role": seat.role,
        "signer": b64u_encode(signer),  # anybody can check by it who signed the shares
    }
    await record(tx, actor, "keyset.accepted", facts, subject=keyset.lot_id, visibility="public")
    if not await _seats_left(tx, keyset.id):
        await _publish(tx, keyset.lot_id, keyset)
    return KeysetState(keyset.state)


def _require_same_keyset(message: dict[str, Any], keyset: Keyset, seat: Seat) -> None:
    document = keyset.document
    expected = (document["tender"], document["lot"], b64u_encode(keyset.ks), seat.i, seat.kid)
    if tuple(message[name] for name in ("tender", "lot", "ks", "i", "kid")) != expected:
        raise VerificationFailed("签署的内容与本席位不符。")


async def _publish(tx: Tx, lot_id: uuid.UUID, keyset: Keyset) -> None:
    published = await record_detail(tx, "keyset.published", keyset.document, subject=lot_id, visibility="public")
    keyset.state, keyset.published_at, keyset.entry_id = KeysetState.PUBLISHED.value, tx.now, published.entry_id
    await tx.session.flush()  # one published keyset per lot: refused here, not at commit
    await trading.set_keyset_ready(tx, lot_id, b64u_encode(keyset.ks))
    await tx.session.execute(text("SELECT pg_notify('matter', :lot)"), {"lot": str(lot_id)})


async def _seats_left(tx: Tx, keyset_id: uuid.UUID) -> int:
    query = text("SELECT count(*) FROM bidding_seat WHERE keyset_id = :id AND accepted_at IS NULL")
    return int((await tx.session.execute(query, {"id": keyset_id})).scalar_one())


async def _seat(tx: Tx, actor: Actor, keyset_id: uuid.UUID, *, lock: bool = False) -> tuple[Keyset, Seat]:
    query = (
        select(Keyset, Seat)
        .join(Seat, Seat.keyset_id == Keyset.id)
        .where(Keyset.id == keyset_id, Seat.account_id == actor.account_id)
        .order_by(Seat.i)
    )
    if lock:
        query = query.with_for_update(of=Keyset)
    row = (await tx.session.execute(query)).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def get_drill(tx: Tx, actor: Actor, keyset_id: uuid.UUID) -> DrillView:
    """Return the actor's own test share.

    Raises:
        NotFound: no such keyset, or no seat of the actor's in it.
    """
    keyset, seat = await _seat(tx, actor, keyset_id)
    challenge = {"enc": b64u_encode(seat.drill_enc), "ct": b64u_encode(seat.drill_ct)}
    return DrillView(keyset.id, keyset.lot_id, seat.i, keyset.document, challenge, seat.accepted_at is not None)


async def find_keyset(tx: Tx, lot_id: uuid.UUID) -> KeysetView | None:
    """Return the published keyset of a lot, or else the newest proposal, or None."""
    query = (
        select(Keyset)
        .where(Keyset.lot_id == lot_id, Keyset.state != KeysetState.REPLACED.value)
        .order_by((Keyset.state == KeysetState.PUBLISHED.value).desc(), Keyset.proposed_at.desc())
        .limit(1)
    )
    keyset = (await tx.session.execute(query)).scalar_one_or_none()
    if keyset is None:
        return None
    rows = await tx.session.execute(
        text(
            "SELECT s.i, s.role, o.name AS organisation, a.display_name AS person,"
            " s.accepted_at IS NOT NULL AS accepted"
            " FROM bidding_seat s JOIN identity_organisation o ON o.id = s.organisation_id"
            " JOIN identity_account a ON a.id = s.account_id WHERE s.keyset_id = :id ORDER BY s.i"
        ),
        {"id": keyset.id},
    )
    return KeysetView(
        id=keyset.id,
        lot_id=lot_id,
        ks=keyset.ks,
        document=keyset.document,
        state=KeysetState(keyset.state),
        policy=Policy(keyset.policy),
        k=keyset.k,
        n=keyset.n,
        window_s=keyset.window_s,
        entry_id=keyset.entry_id,
        seats=tuple(dict(row._mapping) for row in rows),
    )


async def require_published_keyset(tx: Tx, lot_id: uuid.UUID) -> KeysetView:
    """Return the keyset that a lot's bids are sealed to.

    Raises:
        NotFound: none is published.
    """
    found = await find_keyset(tx, lot_id)
    if found is None or found.state is not KeysetState.PUBLISHED:
        raise NotFound("本标段尚未公布开标密钥。")
    return found


@dataclass(frozen=True, slots=True)
class SealingTerms:
    """What an envelope is held against: the published keyset without the people behind it."""

    ks: bytes
    document: dict[str, Any]
    policy: Policy
    k: int


async def require_sealing_terms(tx: Tx, lot_id: uuid.UUID) -> SealingTerms:
    """Return what bids of a lot must be sealed to, by one prepared statement.

    Raises:
        NotFound: no keyset is published.
    """
    row = await tx.fetchrow(
        "SELECT ks, document, policy, k FROM bidding_keyset WHERE lot_id = $1 AND state = $2",
        lot_id,
        KeysetState.PUBLISHED.value,
    )
    if row is None:
        raise NotFound("本标段尚未公布开标密钥。")
    return SealingTerms(row["ks"], row["document"], Policy(row["policy"]), row["k"])
