"""The audit of access: who came in, who was refused, who did what is privileged, and with whom. Written once.

Suppliers' visits are not in it: before an opening their moment would tell that somebody takes part (R-ET-05).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.identity.models import Access
from kernel.identity.sessions import real_now

#: Kinds of lines, with their names for people.
KINDS = {
    "sign-in": "登录",
    "sign-in-failed": "登录失败",
    "step-up": "再次确认身份",
    "session-ended": "结束会话",
    "refused": "被拒绝的访问",
    "unmasked": "查看个人信息原文",
    "petition": "申请特权操作",
    "decision": "审批特权操作",
    "activated": "账户激活",
    "factor": "设置验证方式",
    "factor-removed": "删除验证方式",
}


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One line, with names."""

    at: datetime
    kind: str
    login: str
    name: str
    second: str
    origin: str
    act: str
    reason: str


async def note_access(
    tx: Tx,
    kind: str,
    *,
    account_id: uuid.UUID | None = None,
    login: str = "",
    second_id: uuid.UUID | None = None,
    origin: str = "",
    act: str = "",
    reason: str = "",
) -> None:
    """Write a line.

    Args:
        kind: one of `KINDS`.
        second_id: the other person of a privileged act.
        act: what was done or asked for: an act of the policy, or method and path.
    """
    assert kind in KINDS
    tx.session.add(
        Access(
            at=await real_now(tx),
            kind=kind,
            account_id=account_id,
            second_id=second_id,
            login=login[:200],
            origin=origin[:64],
            act=act[:200],
            reason=reason[:500],
        )
    )


async def list_access(
    tx: Tx, *, kinds: Iterable[str] = (), login: str = "", since: datetime | None = None, limit: int = 200
) -> list[AccessLine]:
    """Return the newest lines.

    Args:
        kinds: only these; none: all.
        login: only lines whose login holds this.
        since: only lines from this instant on.
    """
    rows = await tx.session.execute(
        text(
            "SELECT x.at, x.kind, x.login, coalesce(a.display_name, '') AS name,"
            " coalesce(b.display_name, '') AS second, x.origin, x.act, x.reason"
            " FROM identity_access x LEFT JOIN identity_account a ON a.id = x.account_id"
            " LEFT JOIN identity_account b ON b.id = x.second_id"
            " WHERE (cast(:kinds AS text[]) = '{}' OR x.kind = ANY (cast(:kinds AS text[])))"
            " AND (:login = '' OR strpos(x.login, :login) > 0)"
            " AND (cast(:since AS timestamptz) IS NULL OR x.at >= cast(:since AS timestamptz))"
            " ORDER BY x.at DESC, x.id DESC LIMIT :limit"
        ),
        {"kinds": list(kinds), "login": login, "since": since, "limit": limit},
    )
    return [AccessLine(**row._mapping) for row in rows]
