"""What the specs of all draws have in common: contributors with their keys, escrow, beacons, times in order.

Source: `docs/spec/draw.md`; crypto.md §4.1, "Defaults": from three contributors on there is an escrow.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
from sqlalchemy import select

from kernel.canonical import b64u_encode, format_time
from kernel.db.transaction import Tx
from kernel.draw.beacon import KIND, WITNESSES
from kernel.draw.spec import WRAP
from kernel.errors import InvalidInput
from kernel.identity import policy
from kernel.identity.accounts import list_person_keys
from kernel.identity.models import Account, Organisation, PersonKey

#: From so many contributors on the draw has an escrow.
ESCROW_FROM = 3
_WITNESS = "draw.witness"


class BeaconDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Public numbers that are to enter the seed.

    Attributes:
        source: which numbers, so that anybody can look them up later; kind and issue of a lottery, for example.
        at: when they are public; later than commitments and escrow.
        witnesses: logins of those who vouch for them, two or more.
    """

    source: str
    at: datetime
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invited:
    """A contributor before the freeze.

    Attributes:
        name: in words, for refusals.
        sign: the key it commits with.
        wrap: the key for its shares of an escrow, if there is one on record.
    """

    party: str
    org: str
    name: str
    sign: PersonKey
    wrap: PersonKey | None

    def told(self, *, wrapped: bool) -> dict[str, Any]:
        """Return it as the spec lists it."""
        told: dict[str, Any] = {
            "party": self.party,
            "org": self.org,
            "alg": "ES256",
            "kid": self.sign.kid,
            "spki": b64u_encode(self.sign.spki),
        }
        if wrapped and self.wrap is not None:
            told["wrap"] = {"a": WRAP, "kid": self.wrap.kid, "spki": b64u_encode(self.wrap.spki)}
        return told


async def invite(tx: Tx, account_id: uuid.UUID, *, party: str, org: str, name: str) -> Invited | None:
    """Return a person as a contributor with the newest keys on record; None without a signing key."""
    sign = await list_person_keys(tx, account_id, purpose="sign")
    wrap = await list_person_keys(tx, account_id, purpose="unwrap")
    return Invited(party, org, name, sign[-1], wrap[-1] if wrap else None) if sign else None


async def compose(
    tx: Tx,
    invited: Sequence[Invited],
    beacon: BeaconDraft | None,
    *,
    commit_by: datetime,
    escrow_by: datetime | None = None,
    reveal_by: datetime,
) -> dict[str, Any]:
    """Return the members `contributors`, `min`, `escrow`, `beacons`, `commit_by`, `reveal_by` of a spec.

    Args:
        escrow_by: None lets the escrow end half-way between the commitments and what follows it.
    Raises:
        InvalidInput: times out of order; a contributor without a key for the escrow; witnesses that do not fit.
    """
    escrow = None
    then = reveal_by if beacon is None else beacon.at
    if len(invited) >= ESCROW_FROM:
        _require_keys(invited)
        by, others = escrow_by or commit_by + (then - commit_by) / 2, len(invited) - 1
        escrow = {"k": max(2, others // 2 + 1), "n": others, "by": format_time(by)}
    else:
        by = commit_by
    if not _apart(tx.now, commit_by, *([by] if escrow else []), *([beacon.at] if beacon else []), reveal_by):
        told = "、".join(["承诺截止", *(["托管截止"] if escrow else []), *(["公共随机数时刻"] if beacon else [])])
        field = "commit_by" if beacon is None else "beacon_at"
        raise InvalidInput(f"{told}、揭示截止应依次晚于现在。", [(field, "时间先后不正确")])
    ordered = sorted(invited, key=lambda one: one.party.encode())
    return {
        "contributors": [one.told(wrapped=escrow is not None) for one in ordered],
        "min": len(invited) if escrow is None else 2,
        "escrow": escrow,
        "beacons": [] if beacon is None else [await _beacon(tx, beacon, {one.sign.account_id for one in invited})],
        "commit_by": format_time(commit_by),
        "reveal_by": format_time(reveal_by),
    }


async def list_witnesses(tx: Tx) -> list[tuple[str, str]]:
    """Return who could witness public numbers, as (login, words): people of the right role with a signing key."""
    rows = (await tx.session.execute(_witnesses().order_by(Organisation.name, Account.login))).all()
    return list(dict.fromkeys((account.login, f"{body.name} {account.display_name}") for account, body, _ in rows))


async def may_have_beacon(tx: Tx) -> bool:
    """Say whether witnesses of two organisations are set up, without whom no draw has a beacon."""
    rows = (await tx.session.execute(_witnesses())).all()
    return len({body.id for _, body, _ in rows}) >= WITNESSES


def _witnesses() -> Any:
    roles = sorted(policy.current().rules[_WITNESS].roles)
    return (
        select(Account, Organisation, PersonKey)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .join(PersonKey, PersonKey.account_id == Account.id)
        .where(Account.disabled_at.is_(None), Account.roles.overlap(roles))
        .where(PersonKey.purpose == "sign", PersonKey.revoked_at.is_(None))
    )


async def _beacon(tx: Tx, draft: BeaconDraft, contributing: Collection[uuid.UUID]) -> dict[str, Any]:
    if not draft.source.strip():
        raise InvalidInput("请写明公共随机数的来源，例如彩票的种类和期号。", [("beacon_source", "不能为空")])
    query = _witnesses().where(Account.login.in_(draft.witnesses)).order_by(PersonKey.created_at, PersonKey.id)
    rows = (await tx.session.execute(query)).all()
    keys = {account.id: key for account, _, key in rows}  # the newest of each
    organisations = {body.id for _, body, _ in rows}
    if len(keys) < len(set(draft.witnesses)) or len(organisations) < max(WITNESSES, len(keys)):
        detail = "公共随机数须有至少两名来自不同单位、已登记签名密钥的见证人。"
        raise InvalidInput(detail, [("witnesses", "至少两名，来自不同单位")])
    if keys.keys() & contributing:
        raise InvalidInput("贡献随机数的人不能同时见证公共随机数。", [("witnesses", "请选择其他人")])
    told = sorted(
        ({"kid": key.kid, "spki": b64u_encode(key.spki)} for key in keys.values()), key=lambda one: one["kid"]
    )
    return {"kind": KIND, "at": format_time(draft.at), "source": draft.source.strip(), "witnesses": told}


def _require_keys(invited: Sequence[Invited]) -> None:
    missing = [one.name for one in invited if one.wrap is None]
    if missing:
        told = "、".join(missing)
        detail = f"三方以上的抽取设托管，{told} 还没有登记加密公钥，请先在“参与抽取”页登记。"
        raise InvalidInput(detail, [("contributors", f"{told} 没有加密公钥")])


def _apart(*moments: datetime) -> bool:
    """Whether each moment is at least a millisecond after the one before, as the spec will tell them."""
    cut = [moment - timedelta(microseconds=moment.microsecond % 1000) for moment in moments]
    return all(one < other for one, other in pairwise(cut))
